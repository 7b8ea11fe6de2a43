package dynamodb

// capacity is ConsumedCapacity.
type capacity struct {
	TableName              string
	CapacityUnits          float64
	Table                  *units           `json:",omitempty"`
	GlobalSecondaryIndexes map[string]units `json:",omitempty"`
}

type units struct{ CapacityUnits float64 }

func checkCapacity(mode string) error {
	switch mode {
	case "", "NONE", "TOTAL", "INDEXES":
		return nil
	}
	return validation("1 validation error detected: Value '%s' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]", mode)
}

// shown leaves out what was not asked for.
func (c *capacity) shown(mode string) *capacity {
	switch mode {
	case "INDEXES":
		return c
	case "TOTAL":
		return &capacity{TableName: c.TableName, CapacityUnits: c.CapacityUnits}
	}
	return nil
}

func blocks(size, block int) float64 { return float64(max(1, (size+block-1)/block)) }

// capacity is a write's: a unit per kilobyte of the larger of the old and the new item,
// and the same for each index that changes. factor is 2 in a transaction.
func (w *write) capacity(factor float64) *capacity {
	u := factor * blocks(max(w.old.size(), w.after.size()), 1024)
	c := &capacity{TableName: w.t.TableName, CapacityUnits: u, Table: &units{u}}
	for name, x := range w.t.indexes {
		xu := factor * x.writeUnits(w.old, w.after)
		if xu == 0 {
			continue
		}
		if c.GlobalSecondaryIndexes == nil {
			c.GlobalSecondaryIndexes = map[string]units{}
		}
		c.GlobalSecondaryIndexes[name] = units{xu}
		c.CapacityUnits += xu
	}
	return c
}

func (x *index) writeUnits(old, after item) float64 {
	oe, had := x.key.entry(old)
	ae, has := x.key.entry(after)
	op, ap := x.project(old), x.project(after)
	switch {
	case !had && !has, had && has && value{kind: kindM, m: op}.equal(value{kind: kindM, m: ap}):
		return 0
	case had && has && oe.compare(ae) != 0: // out of one place and into another
		return blocks(op.size(), 1024) + blocks(ap.size(), 1024)
	}
	return blocks(max(op.size(), ap.size()), 1024)
}

// readCapacity is a read's: half a unit for each four kilobytes, a whole one when the
// read is consistent.
func readCapacity(t *table, x *index, size int, consistent bool, factor float64) *capacity {
	u := factor * blocks(size, 4096)
	if !consistent {
		u /= 2
	}
	c := &capacity{TableName: t.TableName, CapacityUnits: u, Table: &units{u}}
	if x != nil {
		c.Table = &units{}
		c.GlobalSecondaryIndexes = map[string]units{x.def.IndexName: {u}}
	}
	return c
}

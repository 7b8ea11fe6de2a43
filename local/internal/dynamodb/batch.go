package dynamodb

import (
	"maps"
	"slices"
)

// The service's limits on batches.
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchBytes = 16 << 20
)

type batchGetTable struct {
	Keys                     []item
	ConsistentRead           bool
	AttributesToGet          []string          `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

type batchGetInput struct {
	RequestItems           map[string]batchGetTable
	ReturnConsumedCapacity string
}

type batchGetOutput struct {
	Responses        map[string][]item
	UnprocessedKeys  map[string]batchGetTable
	ConsumedCapacity []*capacity `json:",omitempty"`
}

func (s *Service) batchGetItem(in *batchGetInput) (*batchGetOutput, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, validation("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	count := 0
	for name, b := range in.RequestItems {
		if count += len(b.Keys); len(b.Keys) == 0 {
			return nil, validation("1 validation error detected: Value '[]' at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
		}
	}
	if count > maxBatchGet {
		return nil, validation("Too many items requested for the BatchGetItem call")
	}
	out := &batchGetOutput{Responses: map[string][]item{}, UnprocessedKeys: map[string]batchGetTable{}}
	bytes := 0
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		c, err := s.batchGet(name, in.RequestItems[name], out, &bytes)
		if err != nil {
			return nil, err
		}
		if c = c.shown(in.ReturnConsumedCapacity); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

// batchGet reads the items of one table, as long as the answer has room.
func (s *Service) batchGet(name string, b batchGetTable, out *batchGetOutput, bytes *int) (*capacity, error) {
	in := &readInput{TableName: name, ConsistentRead: b.ConsistentRead, AttributesToGet: b.AttributesToGet, ProjectionExpression: b.ProjectionExpression, ExpressionAttributeNames: b.ExpressionAttributeNames}
	ps, err := in.reading()
	if err != nil {
		return nil, err
	}
	t, err := s.table(name)
	if err != nil {
		return nil, err
	}
	for i, k := range b.Keys {
		if err := t.checkKey(k); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(b.Keys[:i], func(l item) bool { return sameItem(k, l) }) {
			return nil, validation("Provided list of item keys contains duplicates")
		}
	}
	u := 0.0
	out.Responses[name] = []item{}
	for i, k := range b.Keys {
		it := t.get(k)
		if *bytes += it.size(); *bytes > maxBatchBytes {
			b.Keys = b.Keys[i:]
			out.UnprocessedKeys[name] = b
			break
		}
		u += readCapacity(t, nil, it.size(), b.ConsistentRead, 1).CapacityUnits
		if it != nil {
			out.Responses[name] = append(out.Responses[name], it.project(ps))
		}
	}
	return &capacity{TableName: name, CapacityUnits: u, Table: &units{u}}, nil
}

func sameItem(a, b item) bool { return maps.EqualFunc(a, b, value.equal) }

type batchWriteRequest struct {
	PutRequest    *struct{ Item item }
	DeleteRequest *struct{ Key item }
}

type batchWriteInput struct {
	RequestItems           map[string][]batchWriteRequest
	ReturnConsumedCapacity string
}

type batchWriteOutput struct {
	UnprocessedItems map[string][]batchWriteRequest
	ConsumedCapacity []*capacity `json:",omitempty"`
}

func (s *Service) batchWriteItem(in *batchWriteInput) (*batchWriteOutput, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, validation("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	count := 0
	for name, rs := range in.RequestItems {
		if count += len(rs); len(rs) == 0 {
			return nil, validation("1 validation error detected: Value '[]' at 'requestItems.%s.member' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
		}
	}
	if count > maxBatchWrite {
		return nil, validation("Too many items requested for the BatchWriteItem call")
	}
	out := &batchWriteOutput{UnprocessedItems: map[string][]batchWriteRequest{}}
	var cs []change
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		ws, err := s.batchWrites(name, in.RequestItems[name])
		if err != nil {
			return nil, err
		}
		c := &capacity{TableName: name, Table: &units{}}
		for _, w := range ws {
			if err := w.run(); err != nil {
				return nil, err
			}
			cs = append(cs, w.changes()...)
			c.add(w.capacity(1))
		}
		if c = c.shown(in.ReturnConsumedCapacity); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	if len(cs) == 0 {
		return out, nil
	}
	return out, s.mu.journal.Commit(cs...)
}

func (c *capacity) add(d *capacity) {
	c.CapacityUnits += d.CapacityUnits
	c.Table.CapacityUnits += d.Table.CapacityUnits
	for name, u := range d.GlobalSecondaryIndexes {
		if c.GlobalSecondaryIndexes == nil {
			c.GlobalSecondaryIndexes = map[string]units{}
		}
		c.GlobalSecondaryIndexes[name] = units{c.GlobalSecondaryIndexes[name].CapacityUnits + u.CapacityUnits}
	}
}

func (s *Service) batchWrites(name string, rs []batchWriteRequest) ([]*write, error) {
	var ws []*write
	for _, r := range rs {
		op, in := opPut, &writeInput{TableName: name}
		switch {
		case (r.PutRequest == nil) == (r.DeleteRequest == nil):
			return nil, validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		case r.PutRequest != nil:
			in.Item = r.PutRequest.Item
		default:
			op, in.Key = opDelete, r.DeleteRequest.Key
		}
		w, err := s.prepare(op, in)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(ws, func(o *write) bool { return sameItem(o.key, w.key) }) {
			return nil, validation("Provided list of item keys contains duplicates")
		}
		ws = append(ws, w)
	}
	return ws, nil
}

package dynamodb

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/lakekit/lakekit/local/internal/service"
	"github.com/lakekit/lakekit/local/internal/wal"
)

// database is the tables and the journal that they are read from.
type database struct {
	journal *wal.Journal[change]
	tables  map[string]*table
	// tokens are the transactions that a repeated request must not do again.
	tokens map[string]usedToken
	// forgot is when tokens were last dropped.
	forgot time.Time
}

// usedToken is a transaction's ClientRequestToken, which counts for ten minutes.
type usedToken struct {
	Hash string
	// At is the time in Unix milliseconds.
	At int64
}

const tokenLife = 10 * time.Minute

// change is one step of a record in the log. A record's changes happen together.
type change struct {
	Op     string     `json:"op"`
	Table  string     `json:"table,omitempty"`
	Item   item       `json:"item,omitempty"`
	Schema *schema    `json:"schema,omitempty"`
	Token  string     `json:"token,omitempty"`
	Seen   *usedToken `json:"seen,omitempty"`
}

// The changes: of a table's schema, which makes the table when it is new, and of rows.
// A deletion's item is the key.
const (
	changeSchema = "schema"
	changeDrop   = "drop"
	changePut    = "put"
	changeDelete = "delete"
	changeToken  = "token"
)

func (d *database) open(env service.Env) error {
	d.tables = map[string]*table{}
	d.tokens = map[string]usedToken{}
	var err error
	d.journal, err = wal.OpenJournal(env, "local dynamodb", wal.State[change]{Apply: d.apply, Snapshot: d.snapshot, Append: appendChanges})
	return err
}

// appendChanges writes rows without encoding/json, as they are most of what is written.
func appendChanges(b []byte, cs []change) ([]byte, error) {
	b = append(b, '[')
	for i, c := range cs {
		if i > 0 {
			b = append(b, ',')
		}
		if c.Item == nil {
			p, err := json.Marshal(c)
			if err != nil {
				return nil, err
			}
			b = append(b, p...)
			continue
		}
		b = append(b, `{"op":"`...)
		b = append(b, c.Op...)
		b = append(b, `","table":"`...)
		b = append(b, c.Table...)
		b = append(b, `","item":`...)
		b = append(c.Item.appendJSON(b), '}')
	}
	return append(b, ']'), nil
}

func (d *database) apply(c change) error {
	t := d.tables[c.Table]
	if t == nil && (c.Op == changePut || c.Op == changeDelete || c.Op == changeDrop) {
		return fmt.Errorf("%s in a table %q that does not exist", c.Op, c.Table)
	}
	switch c.Op {
	case changeSchema:
		d.alter(*c.Schema)
	case changeDrop:
		delete(d.tables, c.Table)
	case changePut:
		t.put(c.Item)
	case changeDelete:
		t.remove(c.Item)
	case changeToken:
		d.tokens[c.Token] = *c.Seen
	default:
		return fmt.Errorf("unknown change %q; another version wrote it", c.Op)
	}
	return nil
}

// alter takes over a schema, and makes and drops what indexes it says.
func (d *database) alter(s schema) {
	t := d.tables[s.TableName]
	if t == nil {
		d.tables[s.TableName] = newTable(s)
		return
	}
	t.schema = s
	for name := range t.indexes {
		if !slices.ContainsFunc(s.Indexes, func(x indexDef) bool { return x.IndexName == name }) {
			delete(t.indexes, name)
		}
	}
	for _, x := range s.Indexes {
		if have, ok := t.indexes[x.IndexName]; ok {
			have.def = x
		} else {
			t.addIndex(x)
		}
	}
}

// snapshot describes everything that lives.
func (d *database) snapshot() iter.Seq[change] {
	return func(yield func(change) bool) {
		for _, name := range slices.Sorted(maps.Keys(d.tables)) {
			t := d.tables[name]
			if !yield(change{Op: changeSchema, Schema: &t.schema}) {
				return
			}
			for e := range t.rows.All() {
				if !yield(change{Op: changePut, Table: name, Item: e.it}) {
					return
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(d.tokens)) {
			seen := d.tokens[name]
			if !yield(change{Op: changeToken, Token: name, Seen: &seen}) {
				return
			}
		}
	}
}

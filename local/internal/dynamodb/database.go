package dynamodb

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/lakekit/lakekit/local/internal/service"
	"github.com/lakekit/lakekit/local/internal/wal"
)

// database is the tables and the log that they are read from.
type database struct {
	log    *wal.Log
	tables map[string]*table
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
	d.log, err = wal.Open(wal.Options{FS: env.FS, Dir: filepath.Join(env.Dir, "log"), Sync: env.Sync, Log: env.Log}, func(b []byte) error {
		var cs []change
		if err := json.Unmarshal(b, &cs); err != nil {
			return err
		}
		for _, c := range cs {
			if err := d.apply(c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("local dynamodb: %w", err)
	}
	return nil
}

// commit writes the changes to the log and then makes them.
func (d *database) commit(cs ...change) error {
	b, err := appendChanges(nil, cs)
	if err != nil {
		return fmt.Errorf("local dynamodb: %w", err)
	}
	if err := d.log.Append(b); err != nil {
		return fmt.Errorf("local dynamodb: the change was not made: %w", err)
	}
	for _, c := range cs {
		if err := d.apply(c); err != nil {
			return fmt.Errorf("local dynamodb: %w", err)
		}
	}
	if d.log.Full() {
		_ = d.log.Compact(d.snapshot()) // logged there; the log goes on as it was
	}
	return nil
}

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
func (d *database) snapshot() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		write := func(cs ...change) bool {
			b, err := appendChanges(buf[:0], cs)
			buf = b
			return err == nil && yield(b)
		}
		for _, name := range slices.Sorted(maps.Keys(d.tables)) {
			t := d.tables[name]
			if !write(change{Op: changeSchema, Schema: &t.schema}) {
				return
			}
			for e := range t.rows.All() {
				if !write(change{Op: changePut, Table: name, Item: e.it}) {
					return
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(d.tokens)) {
			seen := d.tokens[name]
			if !write(change{Op: changeToken, Token: name, Seen: &seen}) {
				return
			}
		}
	}
}

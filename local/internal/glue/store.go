package glue

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/lakekit/lakekit/local/internal/ordered"
	"github.com/lakekit/lakekit/local/internal/service"
	"github.com/lakekit/lakekit/local/internal/wal"
)

// store is the catalog's state and the journal that it is read from.
type store struct {
	journal   *wal.Journal[change]
	databases map[string]*databaseState
	// tags are those of databases and tables, by their ARNs.
	tags map[string]map[string]string
}

type databaseState struct {
	def    database
	tables map[string]*tableState
}

// tableState is a table with everything that belongs to it.
type tableState struct {
	// versions are the archived ones, from the oldest on, and the current one.
	versions   []*table
	partitions *ordered.List[*partition]
	indexes    []partitionIndex
	// stats are the columns' statistics by the partition's key, which is empty for the
	// table's own, and the column's name.
	stats map[string]map[string]json.RawMessage
}

func (t *tableState) current() *table { return t.versions[len(t.versions)-1] }

// change is one step of a record in the log. A record's changes happen together.
type change struct {
	Op       string
	Database string            `json:",omitempty"`
	Table    string            `json:",omitempty"`
	Def      *database         `json:",omitempty"`
	Version  *table            `json:",omitempty"`
	Number   string            `json:",omitempty"`
	Part     *partition        `json:",omitempty"`
	Values   []string          `json:",omitempty"`
	Indexes  []partitionIndex  `json:",omitempty"`
	Column   string            `json:",omitempty"`
	Stats    json.RawMessage   `json:",omitempty"`
	ARN      string            `json:",omitempty"`
	Tags     map[string]string `json:",omitempty"`
}

const (
	setDatabase    = "database"
	dropDatabase   = "dropDatabase"
	replaceTable   = "table"   // in place of the current version
	archiveTable   = "version" // on top of the versions
	dropTable      = "dropTable"
	dropVersion    = "dropVersion"
	setPartition   = "partition"
	dropPartition  = "dropPartition"
	setIndexes     = "indexes"
	setStatistics  = "statistics"
	dropStatistics = "dropStatistics"
	setTags        = "tags"
)

func (s *store) open(env service.Env) error {
	s.databases = map[string]*databaseState{}
	s.tags = map[string]map[string]string{}
	var err error
	s.journal, err = wal.OpenJournal(env, "local glue", wal.State[change]{Apply: s.apply, Snapshot: s.changes})
	return err
}

func (s *store) apply(c change) error {
	switch c.Op {
	case setDatabase:
		if d := s.databases[c.Def.Name]; d != nil {
			d.def = *c.Def
		} else {
			s.databases[c.Def.Name] = &databaseState{def: *c.Def, tables: map[string]*tableState{}}
		}
		return nil
	case dropDatabase:
		delete(s.databases, c.Database)
		return nil
	case setTags:
		if s.tags[c.ARN] = c.Tags; len(c.Tags) == 0 {
			delete(s.tags, c.ARN)
		}
		return nil
	}
	d := s.databases[c.Database]
	if d == nil {
		return fmt.Errorf("%s in a database %q that does not exist", c.Op, c.Database)
	}
	t := d.tables[c.Table]
	if t == nil {
		if c.Op != archiveTable {
			return fmt.Errorf("%s in a table %q that does not exist", c.Op, c.Table)
		}
		t = &tableState{partitions: ordered.New(comparePartitions), stats: map[string]map[string]json.RawMessage{}}
		d.tables[c.Table] = t
	}
	if c.Op == dropTable {
		delete(d.tables, c.Table)
		return nil
	}
	return t.apply(c)
}

func (t *tableState) apply(c change) error {
	switch c.Op {
	case archiveTable:
		t.versions = append(t.versions, c.Version)
	case replaceTable:
		t.versions[len(t.versions)-1] = c.Version
	case dropVersion:
		t.versions = slices.DeleteFunc(t.versions, func(v *table) bool { return v.VersionID == c.Number })
	case setPartition:
		t.partitions.Set(c.Part)
	case dropPartition:
		t.partitions.Remove(&partition{partitionInput: partitionInput{Values: c.Values}})
		delete(t.stats, valuesKey(c.Values))
	case setIndexes:
		t.indexes = c.Indexes
	case setStatistics:
		k := valuesKey(c.Values)
		if t.stats[k] == nil {
			t.stats[k] = map[string]json.RawMessage{}
		}
		t.stats[k][c.Column] = c.Stats
	case dropStatistics:
		k := valuesKey(c.Values)
		if delete(t.stats[k], c.Column); len(t.stats[k]) == 0 {
			delete(t.stats, k)
		}
	default:
		return fmt.Errorf("unknown change %q; another version wrote it", c.Op)
	}
	return nil
}

func comparePartitions(p, q *partition) int { return slices.Compare(p.Values, q.Values) }

// valuesKey is a partition's values as one string; none is the table itself.
func valuesKey(vs []string) string {
	if len(vs) == 0 {
		return ""
	}
	b, _ := json.Marshal(vs) // strings can always be written
	return string(b)
}

func keyValues(k string) []string {
	var vs []string
	_ = json.Unmarshal([]byte(k), &vs) // valuesKey wrote it, or it is empty
	return vs
}

// changes are the steps that make the state out of nothing.
func (s *store) changes() iter.Seq[change] {
	return func(yield func(change) bool) {
		for _, dn := range slices.Sorted(maps.Keys(s.databases)) {
			d := s.databases[dn]
			if !yield(change{Op: setDatabase, Def: &d.def}) {
				return
			}
			for _, tn := range slices.Sorted(maps.Keys(d.tables)) {
				for c := range d.tables[tn].changes() {
					c.Database, c.Table = dn, tn
					if !yield(c) {
						return
					}
				}
			}
		}
		for _, arn := range slices.Sorted(maps.Keys(s.tags)) {
			if !yield(change{Op: setTags, ARN: arn, Tags: s.tags[arn]}) {
				return
			}
		}
	}
}

func (t *tableState) changes() iter.Seq[change] {
	return func(yield func(change) bool) {
		for _, v := range t.versions {
			if !yield(change{Op: archiveTable, Version: v}) {
				return
			}
		}
		if len(t.indexes) > 0 && !yield(change{Op: setIndexes, Indexes: t.indexes}) {
			return
		}
		for p := range t.partitions.All() {
			if !yield(change{Op: setPartition, Part: p}) {
				return
			}
		}
		for _, k := range slices.Sorted(maps.Keys(t.stats)) {
			for _, col := range slices.Sorted(maps.Keys(t.stats[k])) {
				if !yield(change{Op: setStatistics, Values: keyValues(k), Column: col, Stats: t.stats[k][col]}) {
					return
				}
			}
		}
	}
}

// database finds a database by its name in any case.
func (s *store) database(name string) (*databaseState, error) {
	n, err := entityName("Database name", name)
	if err != nil {
		return nil, err
	}
	d := s.databases[n]
	if d == nil {
		return nil, notFound("Database %s not found.", n)
	}
	return d, nil
}

// table finds a table by its names in any case.
func (s *store) table(db, name string) (*tableState, error) {
	d, err := s.database(db)
	if err != nil {
		return nil, err
	}
	n, err := entityName("Table name", name)
	if err != nil {
		return nil, err
	}
	t := d.tables[n]
	if t == nil {
		return nil, notFound("Table %s not found.", n)
	}
	return t, nil
}

func (s *store) of(r tableRef) (*tableState, error) { return s.table(r.DatabaseName, r.TableName) }

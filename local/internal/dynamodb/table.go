package dynamodb

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"slices"

	"github.com/lakekit/lakekit/local/internal/ordered"
)

// key is a primary key's attributes, or an index's.
type key struct {
	hash, sort string // attribute names; sort is empty where there is none
}

func (k key) names() []string {
	if k.sort == "" {
		return []string{k.hash}
	}
	return []string{k.hash, k.sort}
}

// entry is a row in the order of a table or an index.
type entry struct {
	// spot is where the partition key's hash puts the row in a scan.
	spot       uint64
	part, sort value
	it         item
	// tie orders the rows of an index that have the same key there.
	tie *entry
}

func (e *entry) compare(f *entry) int {
	if c := e.comparePart(f); c != 0 {
		return c
	}
	if c := e.sort.compare(f.sort); c != 0 || e.tie == nil || f.tie == nil {
		return c
	}
	return e.tie.compare(f.tie)
}

func (e *entry) comparePart(f *entry) int {
	return cmp.Or(cmp.Compare(e.spot, f.spot), e.part.compare(f.part))
}

// entry makes the row's entry under the key; ok is false when the item lacks a part of it.
func (k key) entry(it item) (e *entry, ok bool) {
	part, ok := it[k.hash]
	if !ok {
		return nil, false
	}
	e = &entry{spot: spot(part), part: part, it: it}
	if k.sort != "" {
		if e.sort, ok = it[k.sort]; !ok {
			return nil, false
		}
	}
	return e, true
}

// spot spreads partition keys evenly, so that the segments of a parallel scan are even.
func spot(v value) uint64 {
	b := append([]byte(v.kind), v.s...)
	if v.kind == kindN {
		b = append(b, v.n.String()...)
	}
	sum := md5.Sum(b)
	return binary.BigEndian.Uint64(sum[:8])
}

func newRows() *ordered.List[*entry] {
	return ordered.New((*entry).compare)
}

// table is a table's rows and description.
type table struct {
	schema
	rows    *ordered.List[*entry]
	indexes map[string]*index
	// bytes is the size of all items, as the service counts it.
	bytes int
}

// index is a global secondary index.
type index struct {
	def indexDef
	key key
	// names are the attributes that it holds; nil means all.
	names map[string]bool
	rows  *ordered.List[*entry]
	bytes int
}

func newTable(s schema) *table {
	t := &table{schema: s, rows: newRows(), indexes: map[string]*index{}}
	for _, d := range s.Indexes {
		t.addIndex(d)
	}
	return t
}

// addIndex fills an index from the rows.
func (t *table) addIndex(d indexDef) {
	x := &index{def: d, key: keyOf(d.KeySchema), rows: newRows()}
	if d.Projection.ProjectionType != projectAll {
		x.names = map[string]bool{}
		for _, name := range slices.Concat(t.key().names(), x.key.names(), d.Projection.NonKeyAttributes) {
			x.names[name] = true
		}
	}
	t.indexes[d.IndexName] = x
	for e := range t.rows.All() {
		x.put(e)
	}
}

func (x *index) put(base *entry) {
	if e, ok := x.key.entry(base.it); ok {
		e.tie = base
		x.rows.Set(e)
		x.bytes += x.project(e.it).size()
	}
}

func (x *index) remove(base *entry) {
	if e, ok := x.key.entry(base.it); ok {
		e.tie = base
		x.rows.Remove(e)
		x.bytes -= x.project(e.it).size()
	}
}

// project gives the attributes that the index holds.
func (x *index) project(it item) item {
	if x.names == nil {
		return it
	}
	out := item{}
	for name := range x.names {
		if v, ok := it[name]; ok {
			out[name] = v
		}
	}
	return out
}

// get gives the row with the same key as the item, nil when there is none.
func (t *table) get(k item) item {
	e, ok := t.key().entry(k)
	if !ok {
		return nil
	}
	if e = t.at(e); e != nil {
		return e.it
	}
	return nil
}

func (t *table) at(e *entry) *entry {
	old, _ := t.rows.Get(e)
	return old
}

// put stores a row whose key has been checked.
func (t *table) put(it item) {
	t.remove(it)
	e, _ := t.key().entry(it) // checked
	t.rows.Set(e)
	t.bytes += it.size()
	for _, x := range t.indexes {
		x.put(e)
	}
}

// remove takes away the row with the same key as the item.
func (t *table) remove(k item) {
	e, ok := t.key().entry(k)
	if !ok {
		return
	}
	old := t.at(e)
	if old == nil {
		return
	}
	for _, x := range t.indexes {
		x.remove(old)
	}
	t.rows.Remove(old)
	t.bytes -= old.it.size()
}

// The service's limits on keys and items, in bytes.
const (
	maxHashKey = 2048
	maxSortKey = 1024
	maxItem    = 400 * 1024
)

// checkKey checks a Key parameter: the key's attributes and nothing else.
func (t *table) checkKey(k item) error {
	names := t.key().names()
	for _, name := range names {
		if v, ok := k[name]; !ok || v.kind != t.kindOf(name) {
			return validation("The provided key element does not match the schema")
		}
	}
	if len(k) != len(names) {
		return validation("The provided key element does not match the schema")
	}
	return t.checkKeyValues(k)
}

func (t *table) checkKeyValues(k item) error {
	for i, name := range t.key().names() {
		v := k[name]
		if v.kind != kindN && v.s == "" {
			what := "string"
			if v.kind == kindB {
				what = "binary"
			}
			return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, name)
		}
		if i == 0 && len(v.s) > maxHashKey {
			return validation("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
		}
		if i == 1 && len(v.s) > maxSortKey {
			return validation("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
		}
	}
	return nil
}

// checkItem checks a whole row. limit is the message for one that is too large.
func (t *table) checkItem(it item, limit string) error {
	for _, name := range t.key().names() {
		v, ok := it[name]
		if !ok {
			return validation("One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		if want := t.kindOf(name); v.kind != want {
			return validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", name, want, v.kind)
		}
	}
	if err := t.checkKeyValues(it); err != nil {
		return err
	}
	for _, d := range t.Indexes {
		for _, name := range keyOf(d.KeySchema).names() {
			if err := t.checkIndexKey(d.IndexName, name, it); err != nil {
				return err
			}
		}
	}
	for _, v := range it {
		if v.depth() > maxNesting {
			return tooDeep()
		}
	}
	if it.size() > maxItem {
		return validation("%s", limit)
	}
	return nil
}

func (t *table) checkIndexKey(ix, name string, it item) error {
	v, ok := it[name]
	if !ok || slices.Contains(t.key().names(), name) {
		return nil
	}
	if want := t.kindOf(name); v.kind != want {
		return validation("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, want, v.kind, ix)
	}
	if v.kind != kindN && v.s == "" {
		what := "string"
		if v.kind == kindB {
			what = "binary"
		}
		return validation("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", what, ix, name)
	}
	return nil
}

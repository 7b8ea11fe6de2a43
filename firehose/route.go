package firehose

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

// route is a partition and the rows of the batch at hand that go there.
type route struct {
	key    string // the values with zero bytes between
	values []string
	prefix place
	rows   []int32
	json   int64
}

// source is where a partition column's value comes from.
type source struct {
	part    catalog.Partition
	leaf    int
	maxDef  uint8
	typ     catalog.Type
	instant bool // a timestamp, and a function that takes one

	cache map[string]string // values by the bytes of what they follow from
}

// router finds the partition of a row.
type router struct {
	table   *catalog.Table
	sources []source
	// byTime says that all values follow from one timestamp, and are the same over spans.
	byTime bool
	spans  []span
	routes map[string]*route
	values []string
	key    []byte
}

// span is an interval of microseconds whose rows go to one partition.
type span struct {
	from, until int64
	to          *route
}

const (
	// maxSpans is how many spans are looked through one by one, the latest used first.
	maxSpans = 16
	// maxCached bounds what is remembered of partitions and values.
	maxCached = 10_000
)

func newRouter(table *catalog.Table, schema *column.Schema) (*router, error) {
	r := &router{table: table, routes: make(map[string]*route), byTime: true}
	for _, p := range table.Partitions() {
		n := findNode(schema.Fields, p.Derivation.Column)
		if n == nil || n.Count != 1 || n.Rep > 0 {
			return nil, fmt.Errorf("table %s: partition %s: no scalar column %q", table, p.Name, p.Derivation.Column)
		}
		s := source{part: p, leaf: n.First, maxDef: schema.Leaves[n.First].MaxDef, typ: n.Type}
		s.instant = p.Derivation.Func.Temporal() && n.Type.Kind != catalog.KindDate
		r.byTime = r.byTime && s.instant && s.part.Derivation.Late == 0 && (len(r.sources) == 0 || r.sources[0].leaf == s.leaf)
		r.sources = append(r.sources, s)
	}
	r.values = make([]string, len(r.sources))
	return r, nil
}

// findNode finds a field, or a struct's member as outer.inner.
func findNode(nodes []column.Node, name string) *column.Node {
	head, rest, nested := strings.Cut(name, ".")
	for i := range nodes {
		n := &nodes[i]
		if n.Name == name {
			return n
		}
		if nested && n.Name == head && n.Type.Kind == catalog.KindStruct {
			return findNode(n.Children, rest)
		}
	}
	return nil
}

// route finds the partition of a row of a record that arrived at the given time. The error
// says why it has none.
func (r *router) route(b *column.Batch, row int, arrived time.Time) (*route, error) {
	if !r.byTime || len(r.sources) == 0 {
		return r.slow(b, row, arrived)
	}
	s := &r.sources[0]
	c := &b.Cols[s.leaf]
	if c.Def[row] == s.maxDef {
		t := int64(c.Slots[row])
		for i := range r.spans {
			if p := &r.spans[i]; p.from <= t && t < p.until {
				if i > 0 {
					r.spans[i], r.spans[i-1] = r.spans[i-1], r.spans[i]
					return r.spans[i-1].to, nil
				}
				return p.to, nil
			}
		}
	}
	return r.slow(b, row, arrived)
}

func (r *router) slow(b *column.Batch, row int, arrived time.Time) (*route, error) {
	sp := span{from: math.MinInt64, until: math.MaxInt64}
	for i := range r.sources {
		s := &r.sources[i]
		c := &b.Cols[s.leaf]
		if c.Def[row] < s.maxDef {
			return nil, fmt.Errorf("%s: the column is missing or null, and partition %s follows from it", s.part.Derivation.Column, s.part)
		}
		v, from, until, err := s.value(b, c.Slots[row], arrived)
		if err != nil {
			return nil, fmt.Errorf("%s: partition %s: %w", s.part.Derivation.Column, s.part.Name, err)
		}
		r.values[i] = v
		sp.from, sp.until = max(sp.from, from), min(sp.until, until)
	}
	r.key = r.key[:0]
	for _, v := range r.values {
		r.key = append(append(r.key, v...), 0)
	}
	to := r.routes[string(r.key)]
	if to == nil {
		where, err := r.table.PartitionLocation(r.values)
		if err != nil {
			return nil, err
		}
		prefix, err := parseLocation(where)
		if err != nil {
			return nil, fmt.Errorf("partition location %q: %w", where, err)
		}
		to = &route{key: string(r.key), values: append([]string(nil), r.values...), prefix: prefix}
		r.routes[to.key] = to
	}
	if r.byTime && len(r.sources) > 0 {
		sp.to = to
		if len(r.spans) == maxSpans {
			r.spans = r.spans[:maxSpans-1]
		}
		r.spans = append([]span{sp}, r.spans...)
	}
	return to, nil
}

// forget drops what is remembered when it has become much. No rows may be routed.
func (r *router) forget() {
	if len(r.routes) > maxCached {
		clear(r.routes)
		r.spans = r.spans[:0]
	}
	for i := range r.sources {
		if s := &r.sources[i]; len(s.cache) > maxCached {
			clear(s.cache)
		}
	}
}

// value gives a partition column's value and, for an instant, the microseconds between which
// it is the same.
func (s *source) value(b *column.Batch, slot uint64, arrived time.Time) (v string, from, until int64, err error) {
	d := &s.part.Derivation
	if s.instant {
		t := time.UnixMicro(int64(slot))
		if d.Late > 0 {
			// The table is laid out by arrival, which is at most so much later.
			if last := t.Add(d.Late); arrived.After(last) {
				t = last
			} else if arrived.After(t) {
				t = arrived
			}
		}
		v, f, u, err := d.OfTime(t)
		return v, ceilMicro(f), ceilMicro(u), err
	}
	var key [8]byte
	k := append(key[:0], byte(slot), byte(slot>>8), byte(slot>>16), byte(slot>>24), byte(slot>>32), byte(slot>>40), byte(slot>>48), byte(slot>>56))
	if bytesKind(s.typ) {
		k = b.Bytes(slot)
	}
	v, ok := s.cache[string(k)]
	if !ok {
		if v, err = d.Of(goValue(s.typ, b, slot)); err != nil {
			return "", 0, 0, err
		}
		if s.cache == nil {
			s.cache = make(map[string]string)
		}
		s.cache[string(k)] = v
	}
	return v, math.MinInt64, math.MaxInt64, nil
}

// ceilMicro is the first microsecond that is not before t.
func ceilMicro(t time.Time) int64 {
	m := t.UnixMicro()
	if time.UnixMicro(m).Before(t) {
		m++
	}
	return m
}

// bytesKind says whether slots of the type refer to bytes.
func bytesKind(t catalog.Type) bool {
	switch t.Kind {
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar, catalog.KindBinary, catalog.KindFixed, catalog.KindUUID:
		return true
	case catalog.KindDecimal:
		return t.Precision > 18
	}
	return false
}

// goValue is a slot as the Go value that derivations take.
func goValue(t catalog.Type, b *column.Batch, slot uint64) any {
	switch t.Kind {
	case catalog.KindBoolean:
		return slot == 1
	case catalog.KindDate:
		return catalog.DateOfDays(int(int64(slot)))
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		return time.UnixMicro(int64(slot)).UTC()
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return string(b.Bytes(slot))
	case catalog.KindBinary, catalog.KindFixed, catalog.KindUUID:
		return b.Bytes(slot)
	case catalog.KindDecimal:
		if t.Precision <= 18 {
			return catalog.NewDecimal(int64(slot), t.Scale)
		}
		n := new(big.Int).SetBytes(b.Bytes(slot))
		if n.Bit(127) == 1 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		d, err := catalog.DecimalFromBig(n, t.Scale)
		if err != nil {
			return err // no derivation takes an error: it says so
		}
		return d
	}
	return int64(slot)
}

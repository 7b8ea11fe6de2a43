package parquetout

import (
	"encoding/binary"

	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// ender writes what stands behind a file's row groups: the page indexes and the footer.
type ender struct {
	w  *Writer
	t  thrift
	at int64 // the file offset of t's first byte
	// Where the indexes lie, for each chunk of each row group.
	columns, offsets []section
}

// section is a piece of the file. A length of 0 means that there is none.
type section struct {
	offset int64
	length int
}

func (e *ender) chunks(do func(l *leaf, o *pages)) {
	for i := range e.w.groups {
		g := &e.w.groups[i]
		for j := range g.chunks {
			do(&e.w.schema.leaves[j], &g.chunks[j])
		}
	}
}

// indexes writes all column indexes, then all offset indexes, as readers that fetch the
// former alone expect it.
func (e *ender) indexes() {
	e.chunks(func(l *leaf, o *pages) {
		from := len(e.t.b)
		// Without a bound for each page of values there is no way to say it for the others.
		if !o.vague {
			e.columnIndex(l, o)
		}
		e.columns = append(e.columns, section{e.at + int64(from), len(e.t.b) - from})
	})
	at := int64(len(magic))
	e.chunks(func(_ *leaf, o *pages) {
		from := len(e.t.b)
		e.offsetIndex(o, at+o.dict)
		at += o.dict + o.bytes
		e.offsets = append(e.offsets, section{e.at + int64(from), len(e.t.b) - from})
	})
}

// Orders of a column index.
const (
	unordered  = 0
	ascending  = 1
	descending = 2
)

func (e *ender) columnIndex(l *leaf, o *pages) {
	t := &e.t
	n := len(o.index)
	t.begin()
	t.list(1, n, thriftTrue)
	for _, p := range o.index {
		// In a list, true is 1 and false 2.
		if p.values == 0 {
			t.b = append(t.b, thriftTrue)
		} else {
			t.b = append(t.b, thriftFalse)
		}
	}
	t.list(2, n, thriftBinary)
	for i := range o.index {
		lo, _ := o.bounds(i)
		t.elem(lo)
	}
	t.list(3, n, thriftBinary)
	for i := range o.index {
		_, hi := o.bounds(i)
		t.elem(hi)
	}
	t.i32(4, o.order(l))
	t.list(5, n, thriftI64)
	for _, p := range o.index {
		t.zigzag(p.nulls)
	}
	t.end()
}

// bounds gives those of page i.
func (o *pages) bounds(i int) (lo, hi []byte) {
	from := 0
	if i > 0 {
		from = o.index[i-1].hiEnd
	}
	p := &o.index[i]
	return o.limits[from:p.loEnd], o.limits[p.loEnd:p.hiEnd]
}

// order says whether the pages' bounds rise or fall from page to page, without regard for
// pages of nulls.
func (o *pages) order(l *leaf) int {
	up, down := true, true
	before := -1
	for i := range o.index {
		if o.index[i].values == 0 {
			continue
		}
		if before >= 0 {
			lo1, hi1 := o.bounds(before)
			lo2, hi2 := o.bounds(i)
			lo, hi := l.compare(lo1, lo2), l.compare(hi1, hi2)
			up = up && lo <= 0 && hi <= 0
			down = down && lo >= 0 && hi >= 0
		}
		before = i
	}
	switch {
	case up:
		return ascending
	case down:
		return descending
	}
	return unordered
}

func (e *ender) offsetIndex(o *pages, at int64) {
	t := &e.t
	t.begin()
	t.list(1, len(o.index), thriftStruct)
	for _, p := range o.index {
		t.begin()
		t.i64(1, at+p.offset)
		t.i32(2, int(p.size))
		t.i64(3, p.firstRow)
		t.end()
	}
	t.end()
}

func (e *ender) footer() {
	t, w := &e.t, e.w
	from := len(t.b)
	t.begin()
	t.i32(1, 1)
	t.list(2, w.schema.count, thriftStruct)
	t.b = append(t.b, w.schema.els...)
	t.i64(3, w.done)
	t.list(4, len(w.groups), thriftStruct)
	for i := range w.groups {
		e.rowGroup(i)
	}
	if kvs := w.options.KeyValues; len(kvs) > 0 {
		t.list(5, len(kvs), thriftStruct)
		for _, kv := range kvs {
			t.begin()
			t.string(1, kv.Key)
			t.string(2, kv.Value)
			t.end()
		}
	}
	t.string(6, createdBy)
	// Without these, readers must not trust the bounds.
	t.list(7, len(w.schema.leaves), thriftStruct)
	for range w.schema.leaves {
		t.begin()
		t.empty(1) // the order that the type defines
		t.end()
	}
	t.end()
	t.b = binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b)-from))
	t.b = append(t.b, magic...)
}

func (e *ender) rowGroup(i int) {
	t, g := &e.t, &e.w.groups[i]
	t.begin()
	t.list(1, len(g.chunks), thriftStruct)
	var raw int64
	at := g.offset
	for j := range g.chunks {
		o := &g.chunks[j]
		e.chunk(&e.w.schema.leaves[j], o, at, i*len(g.chunks)+j)
		raw += o.raw
		at += o.dict + o.bytes
	}
	t.i64(2, raw)
	t.i64(3, g.rows)
	t.i64(5, g.offset)
	t.i64(6, g.bytes)
	if i < 1<<15 {
		t.i16(7, int16(i))
	}
	t.end()
}

// chunk writes the metadata of the k-th chunk of the file, which starts at start.
func (e *ender) chunk(l *leaf, o *pages, start int64, k int) {
	t := &e.t
	t.begin()
	t.i64(2, 0) // a copy of the metadata elsewhere, which no writer makes any more
	t.sub(3)
	t.i32(1, int(l.kind.physical()))
	encodings := []parquetmeta.Encoding{parquetmeta.RLE}
	if o.dict > 0 || o.plainPages > 0 {
		encodings = append(encodings, parquetmeta.Plain)
	}
	if o.dict > 0 {
		encodings = append(encodings, parquetmeta.RLEDictionary)
	}
	t.list(2, len(encodings), thriftI32)
	for _, e := range encodings {
		t.zigzag(int64(e))
	}
	t.list(3, len(l.Path), thriftBinary)
	for _, p := range l.Path {
		t.str(p)
	}
	t.i32(4, int(e.w.options.Codec.inFile()))
	t.i64(5, o.entries)
	t.i64(6, o.raw)
	t.i64(7, o.dict+o.bytes)
	t.i64(9, start+o.dict)
	if o.dict > 0 {
		t.i64(11, start)
	}
	statistics(t, l, o)
	encodingStats(t, o)
	t.end()
	t.i64(4, e.offsets[k].offset)
	t.i32(5, e.offsets[k].length)
	if c := e.columns[k]; c.length > 0 {
		t.i64(6, c.offset)
		t.i32(7, c.length)
	}
	t.end()
}

func statistics(t *thrift, l *leaf, o *pages) {
	t.sub(12)
	t.i64(3, o.nulls)
	if o.bounded {
		short := l.shorten(o.lo, o.hi)
		if !short.endless {
			t.bytes(5, short.hi)
		}
		t.bytes(6, short.lo)
		if !short.endless {
			t.bool(7, short.hiExact)
		}
		t.bool(8, short.loExact)
	}
	t.end()
}

// encodingStats counts the pages by their encoding: a reader may look for a value in the
// dictionary alone only when no page is PLAIN.
func encodingStats(t *thrift, o *pages) {
	stats := make([][3]int, 0, 3)
	if o.dict > 0 {
		stats = append(stats, [3]int{2, int(parquetmeta.Plain), 1}, [3]int{0, int(parquetmeta.RLEDictionary), o.dictPages})
	}
	if o.plainPages > 0 {
		stats = append(stats, [3]int{0, int(parquetmeta.Plain), o.plainPages})
	}
	t.list(13, len(stats), thriftStruct)
	for _, s := range stats {
		t.begin()
		t.i32(1, s[0])
		t.i32(2, s[1])
		t.i32(3, s[2])
		t.end()
	}
}

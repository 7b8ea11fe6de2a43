package parquetout_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

// This file reads Parquet in the plainest way there is, so that it is right by looking at
// it. Its errors are panics, which end a test.

// thriftReader reads a struct of Thrift's compact protocol as a map from field ids: to
// int64, bool, []byte, []any or another map.
type thriftReader struct{ b []byte }

func (t *thriftReader) uvarint() uint64 {
	v, n := binary.Uvarint(t.b)
	t.b = t.b[n:]
	return v
}

func (t *thriftReader) value(typ byte) any {
	switch typ {
	case 1, 2:
		return typ == 1
	case 3:
		v := int64(int8(t.b[0]))
		t.b = t.b[1:]
		return v
	case 4, 5, 6:
		u := t.uvarint()
		return int64(u>>1) ^ -int64(u&1)
	case 8:
		n := t.uvarint()
		v := t.b[:n]
		t.b = t.b[n:]
		return v
	case 9:
		h := t.b[0]
		t.b = t.b[1:]
		n := int(h >> 4)
		if n == 15 {
			n = int(t.uvarint())
		}
		vs := make([]any, n)
		for i := range vs {
			if h&15 <= 2 {
				vs[i] = t.b[0] == 1
				t.b = t.b[1:]
				continue
			}
			vs[i] = t.value(h & 15)
		}
		return vs
	case 12:
		return t.fields()
	}
	panic(fmt.Sprintf("thrift type %d", typ))
}

func (t *thriftReader) fields() map[int]any {
	m := map[int]any{}
	for id := 0; ; {
		h := t.b[0]
		t.b = t.b[1:]
		if h == 0 {
			return m
		}
		if h>>4 == 0 {
			u := t.uvarint()
			id = int(int64(u>>1) ^ -int64(u&1))
		} else {
			id += int(h >> 4)
		}
		m[id] = t.value(h & 15)
	}
}

// page is a data page as it was found, and what is in it.
type page struct {
	offset, size int64
	rows, nulls  int
	dictionary   bool
	values       []any
}

// leafColumn is all that is in a column: levels and values, nil for null.
type leafColumn struct {
	rep, def []int
	values   []any
	groups   [][]page // by row group
}

// readColumn reads a leaf's chunks.
func readColumn(b []byte, f *parquetmeta.File, i int, leaf *column.Leaf) *leafColumn {
	col := &leafColumn{}
	for g := range f.RowGroups {
		c := &f.RowGroups[g].Columns[i]
		data := b[c.Offset : c.Offset+c.Compressed]
		var dict []any
		var pages []page
		raw := int64(0)
		for at := 0; at < len(data); {
			t := &thriftReader{data[at:]}
			h := t.fields()
			header := len(data[at:]) - len(t.b)
			size := int(h[3].(int64))
			body := decompress(c.Codec, t.b[:size], int(h[2].(int64)))
			raw += int64(header + len(body))
			if h[1].(int64) == 2 {
				if at != 0 {
					panic("a dictionary behind data")
				}
				n := int(h[7].(map[int]any)[1].(int64))
				dict, body = plainValues(c.Leaf, leaf, body, n)
				if len(body) > 0 {
					panic("bytes behind a dictionary")
				}
			} else {
				p := page{offset: c.Offset + int64(at), size: int64(header + size)}
				col.page(&p, c.Leaf, leaf, h[5].(map[int]any), body, dict)
				pages = append(pages, p)
			}
			at += header + size
		}
		if raw != c.Uncompressed {
			panic(fmt.Sprintf("%v: %d bytes uncompressed, footer says %d", leaf.Path, raw, c.Uncompressed))
		}
		col.groups = append(col.groups, pages)
	}
	return col
}

func (col *leafColumn) page(p *page, n *parquetmeta.Node, leaf *column.Leaf, h map[int]any, body []byte, dict []any) {
	entries := int(h[1].(int64))
	rep, body := levels(body, n.MaxRep, entries)
	def, body := levels(body, n.MaxDef, entries)
	count := 0
	for i := range entries {
		if rep[i] == 0 {
			p.rows++
		}
		if def[i] == n.MaxDef {
			count++
		}
	}
	p.nulls = entries - count
	switch enc := h[2].(int64); enc {
	case 0:
		p.values, body = plainValues(n, leaf, body, count)
		if len(body) > 0 {
			panic("bytes behind a page's values")
		}
	case 8:
		p.dictionary = true
		for _, k := range hybrid(body[1:], int(body[0]), count) {
			p.values = append(p.values, dict[k])
		}
	default:
		panic(fmt.Sprintf("encoding %d", enc))
	}
	vs := p.values
	for i := range entries {
		if def[i] == n.MaxDef {
			col.values, vs = append(col.values, vs[0]), vs[1:]
		} else {
			col.values = append(col.values, nil)
		}
	}
	col.rep, col.def = append(col.rep, rep...), append(col.def, def...)
}

func decompress(c parquetmeta.Codec, b []byte, size int) []byte {
	var out []byte
	var err error
	switch c {
	case parquetmeta.Uncompressed:
		out = b
	case parquetmeta.Snappy:
		out, err = snappy.Decode(nil, b)
	case parquetmeta.Gzip:
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			out, err = io.ReadAll(r)
		}
	case parquetmeta.Zstd:
		var d *zstd.Decoder
		if d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err == nil {
			out, err = d.DecodeAll(b, nil)
			d.Close()
		}
	default:
		panic(c)
	}
	if err != nil || len(out) != size {
		panic(fmt.Sprintf("decompress: %v, %d bytes of %d", err, len(out), size))
	}
	return out
}

func levels(b []byte, highest, n int) ([]int, []byte) {
	if highest == 0 {
		return make([]int, n), b
	}
	w := 0
	for highest>>w > 0 {
		w++
	}
	size := binary.LittleEndian.Uint32(b)
	return hybrid(b[4:4+size], w, n), b[4+size:]
}

// hybrid reads n numbers of w bits.
func hybrid(b []byte, w, n int) []int {
	var out []int
	for len(out) < n {
		h, k := binary.Uvarint(b)
		b = b[k:]
		if h&1 == 0 {
			v := 0
			for i := range (w + 7) / 8 {
				v |= int(b[i]) << (8 * i)
			}
			b = b[(w+7)/8:]
			for range h >> 1 {
				out = append(out, v)
			}
			continue
		}
		for i := range int(h>>1) * 8 {
			v := 0
			for bit := i * w; bit < (i+1)*w; bit++ {
				v |= int(b[bit/8]>>(bit%8)&1) << (bit - i*w)
			}
			out = append(out, v)
		}
		b = b[int(h>>1)*w:]
	}
	for _, v := range out[n:] {
		if v != 0 {
			panic("a group is filled up by other than zeros")
		}
	}
	return out[:n]
}

func plainValues(n *parquetmeta.Node, leaf *column.Leaf, b []byte, count int) ([]any, []byte) {
	out := make([]any, 0, count)
	if n.Physical == parquetmeta.Boolean {
		for i := range count {
			out = append(out, b[i/8]>>(i%8)&1 == 1)
		}
		return out, b[(count+7)/8:]
	}
	width := map[parquetmeta.Physical]int{
		parquetmeta.Int32: 4, parquetmeta.Float: 4, parquetmeta.Int64: 8, parquetmeta.Double: 8,
		parquetmeta.FixedLenByteArray: int(n.TypeLength),
	}[n.Physical]
	for range count {
		size := width
		if n.Physical == parquetmeta.ByteArray {
			size = int(binary.LittleEndian.Uint32(b))
			b = b[4:]
		}
		out = append(out, plainValue(n, leaf.Type.Kind, b[:size]))
		b = b[size:]
	}
	return out, b
}

// plainValue reads a value of a page, or a bound.
func plainValue(n *parquetmeta.Node, kind catalog.Kind, b []byte) any {
	switch n.Physical {
	case parquetmeta.Boolean:
		return b[0] == 1
	case parquetmeta.Int32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case parquetmeta.Int64:
		return int64(binary.LittleEndian.Uint64(b))
	case parquetmeta.Float:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	case parquetmeta.Double:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	switch kind {
	case catalog.KindDecimal:
		v := new(big.Int).SetBytes(b)
		if b[0] >= 0x80 {
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		return v
	case catalog.KindBinary, catalog.KindUUID, catalog.KindFixed:
		return b
	}
	return string(b)
}

// assembler puts rows together from the columns of a file.
type assembler struct {
	cols []*leafColumn
	at   []int
}

func (a *assembler) row(s *column.Schema) parquettest.Row {
	row := make(parquettest.Row, len(s.Fields))
	for i := range s.Fields {
		row[i] = a.value(&s.Fields[i])
	}
	return row
}

func (a *assembler) value(n *column.Node) any {
	first := a.cols[n.First]
	def := first.def[a.at[n.First]]
	if def < int(n.Def) {
		a.skip(n)
		return nil
	}
	entry := func(do func()) {
		if def == int(n.Def) {
			a.skip(n)
			return
		}
		for more := true; more; {
			do()
			at := a.at[n.First]
			more = at < len(first.rep) && first.rep[at] == int(n.Rep)+1
		}
	}
	switch n.Type.Kind {
	case catalog.KindStruct:
		vs := make([]any, len(n.Children))
		for i := range n.Children {
			vs[i] = a.value(&n.Children[i])
		}
		return vs
	case catalog.KindArray:
		vs := []any{}
		entry(func() { vs = append(vs, a.value(&n.Children[0])) })
		return vs
	case catalog.KindMap:
		m := [][2]any{}
		entry(func() { m = append(m, [2]any{a.value(&n.Children[0]), a.value(&n.Children[1])}) })
		return m
	}
	v := first.values[a.at[n.First]]
	a.at[n.First]++
	return v
}

func (a *assembler) skip(n *column.Node) {
	for i := range n.Count {
		a.at[n.First+i]++
	}
}

// decoded is a file as read back.
type decoded struct {
	meta *parquetmeta.File
	cols []*leafColumn
	rows []parquettest.Row
}

func decode(t *testing.T, s *column.Schema, b []byte) *decoded {
	t.Helper()
	f, err := parquetmeta.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	d := &decoded{meta: f}
	for i := range s.Leaves {
		l := &s.Leaves[i]
		if n := f.Leaves[i]; !slices.Equal(n.Path, l.Path) || n.MaxDef != int(l.MaxDef) || n.MaxRep != int(l.MaxRep) ||
			int(n.ID) != l.ID || n.HasID != (l.ID != 0) {
			t.Fatalf("leaf %d: %+v, want %+v", i, n, l)
		}
		d.cols = append(d.cols, readColumn(b, f, i, l))
	}
	a := &assembler{cols: d.cols, at: make([]int, len(d.cols))}
	for range f.Rows {
		d.rows = append(d.rows, a.row(s))
	}
	for i, at := range a.at {
		if at != len(d.cols[i].def) {
			t.Fatalf("column %v has %d entries, its rows %d", s.Leaves[i].Path, len(d.cols[i].def), at)
		}
	}
	return d
}

package parquetout_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

func schema(t testing.TB, fs []catalog.Field) *column.Schema {
	t.Helper()
	s, err := column.NewSchema(fs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write writes rows in batches of at most step, and gives the file's bytes.
func write(t testing.TB, s *column.Schema, p *parquetout.Pool, o *parquetout.Options, rows []parquettest.Row, step int) ([]byte, *parquetout.File) {
	t.Helper()
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), p, o)
	if err != nil {
		t.Fatal(err)
	}
	for part := rows; len(part) > 0; {
		n := min(len(part), step)
		if err := w.Append(parquettest.Batch(s, part[:n]), all(n)); err != nil {
			t.Fatal(err)
		}
		part = part[n:]
	}
	if w.Rows() != int64(len(rows)) {
		t.Errorf("the writer has %d rows, want %d", w.Rows(), len(rows))
	}
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := f.WriteTo(&b); err != nil || n != f.Size() || n != int64(b.Len()) {
		t.Fatalf("WriteTo: %d bytes of %d, %v", n, f.Size(), err)
	}
	return b.Bytes(), f
}

func all(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func checkRows(t *testing.T, got, want []parquettest.Row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if g, w := parquettest.Text(got[i]), parquettest.Text(want[i]); g != w {
			t.Fatalf("row %d:\n got %s\nwant %s", i, g, w)
		}
	}
}

// Whatever the schema, the rows and the options, what is read is what was written, and the
// statistics and indexes tell the truth about it.
func TestRandom(t *testing.T) {
	t.Parallel()
	pool := &parquetout.Pool{}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := &parquetout.Options{Codec: parquetout.Codec(r.IntN(4)), PageBytes: 1 << (10 + r.IntN(8))}
		fs, n := parquettest.Fields(r, 1+r.IntN(6)), r.IntN(3000)
		if r.IntN(3) == 0 {
			o.RowGroupRows = int64(1 + r.IntN(1000))
		}
		if r.IntN(3) == 0 {
			o.RowGroupBytes = 20_000
		}
		if seed%10 == 0 {
			fs, n = parquettest.Scalars(), 6000
		}
		s := schema(t, fs)
		rows := parquettest.Rows(r, fs, n)
		b, f := write(t, s, pool, o, rows, 1+r.IntN(2000))
		d := decode(t, s, b)
		checkRows(t, d.rows, rows)
		checkStats(t, s, b, d, f)
		f.Release()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// Rows are taken as chosen, in that order.
func TestAppendChosenRows(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	fs := parquettest.Fields(r, 8)
	s := schema(t, fs)
	rows := parquettest.Rows(r, fs, 2000)
	b := parquettest.Batch(s, rows)
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []parquettest.Row
	for range 5 {
		var chosen []int32
		for range r.IntN(1500) {
			i := r.IntN(len(rows))
			chosen = append(chosen, int32(i))
			want = append(want, rows[i])
		}
		if err := w.Append(b, chosen); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, decode(t, s, data).rows, want)
}

// compareValues has the order that a column's bounds must have.
func compareValues(a, b any) int {
	switch a := a.(type) {
	case bool:
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float32:
		return compareFloats(float64(a), float64(b.(float32)))
	case float64:
		return compareFloats(a, b.(float64))
	case *big.Int:
		return a.Cmp(b.(*big.Int))
	case string:
		return cmp.Compare(a, b.(string))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	}
	panic(fmt.Sprintf("%T", a))
}

// compareFloats tells zeros apart: a bound must be right for both readings of them.
func compareFloats(a, b float64) int {
	if a == 0 && b == 0 {
		return cmp.Compare(math.Copysign(1, a), math.Copysign(1, b))
	}
	return cmp.Compare(a, b)
}

func isNaN(v any) bool {
	switch v := v.(type) {
	case float32:
		return v != v
	case float64:
		return v != v
	}
	return false
}

func extremes(vs []any) (lo, hi any, nans int) {
	for _, v := range vs {
		if isNaN(v) {
			nans++
			continue
		}
		if lo == nil || compareValues(v, lo) < 0 {
			lo = v
		}
		if hi == nil || compareValues(v, hi) > 0 {
			hi = v
		}
	}
	return lo, hi, nans
}

func checkStats(t *testing.T, s *column.Schema, b []byte, d *decoded, f *parquetout.File) {
	t.Helper()
	if f.Rows != d.meta.Rows || len(f.Splits) != len(d.meta.RowGroups) {
		t.Errorf("the file says %d rows and %d splits, its footer %d and %d", f.Rows, len(f.Splits), d.meta.Rows, len(d.meta.RowGroups))
	}
	for i := range s.Leaves {
		var all []any
		var total parquetout.Column
		for g, rg := range d.meta.RowGroups {
			c := &rg.Columns[i]
			pages := d.cols[i].groups[g]
			nulls, entries := 0, 0
			var vs []any
			for _, p := range pages {
				vs = append(vs, p.values...)
				nulls += p.nulls
				entries += p.nulls + len(p.values)
			}
			all = append(all, vs...)
			if c.Stats.Nulls != int64(nulls) || c.Values != int64(entries) {
				t.Errorf("%v: footer says %d nulls of %d, there are %d of %d", s.Leaves[i].Path, c.Stats.Nulls, c.Values, nulls, entries)
			}
			checkBounds(t, c.Leaf, &s.Leaves[i], vs, c.Stats.Min, c.Stats.Max, c.Stats.MinExact, c.Stats.MaxExact)
			checkIndex(t, b, rg.Rows, c, &s.Leaves[i], pages)
			total.Entries += int64(entries)
			total.Nulls += int64(nulls)
			total.Bytes += c.Compressed
			if g < len(f.Splits) && i == 0 && f.Splits[g] != c.Offset {
				t.Errorf("row group %d starts at %d, the file says %d", g, c.Offset, f.Splits[g])
			}
		}
		c := &f.Columns[i]
		_, _, nans := extremes(all)
		if c.Entries != total.Entries || c.Nulls != total.Nulls || c.NaNs != int64(nans) || c.Bytes != total.Bytes {
			t.Errorf("%v: %+v, want %+v and %d NaNs", c.Path, c, total, nans)
		}
		checkBounds(t, d.meta.Leaves[i], &s.Leaves[i], all, c.Min, c.Max, c.MinExact, c.MaxExact)
	}
}

// checkBounds compares bounds with the values that they are of. A bound is exact unless the
// value is longer than 64 bytes; the footer must say so, the index cannot.
func checkBounds(t *testing.T, n *parquetmeta.Node, leaf *column.Leaf, vs []any, minB, maxB []byte, said ...bool) {
	t.Helper()
	lo, hi, _ := extremes(vs)
	if lo == nil {
		if minB != nil || maxB != nil {
			t.Errorf("%v: bounds %x, %x of no values", leaf.Path, minB, maxB)
		}
		return
	}
	check := func(what string, bound []byte, value any, sign int, said ...bool) {
		exact := !long(n, value)
		if bound == nil && what == "max" && !exact {
			return // nothing short lies above it
		}
		if bound == nil {
			t.Errorf("%v: no %s, which is %v", leaf.Path, what, value)
			return
		}
		got := plainValue(n, leaf.Type.Kind, bound)
		c := compareValues(value, got) * sign
		zero := isZero(value) && isZero(got) // whose sign may be the other one, outwards
		if c < 0 || exact && c != 0 && !zero {
			t.Errorf("%v: %s is %v, the bound %v", leaf.Path, what, value, got)
		}
		if len(said) > 0 && said[0] != !long(n, value) {
			t.Errorf("%v: the %s bound %v of %v is said to be exact: %v", leaf.Path, what, got, value, said[0])
		}
		if text, ok := got.(string); ok && strings.ToValidUTF8(text, "?") != text {
			t.Errorf("%v: the %s bound %q is no text", leaf.Path, what, text)
		}
		if long(n, got) {
			t.Errorf("%v: the %s bound has %d bytes", leaf.Path, what, len(bound))
		}
	}
	if said == nil {
		check("min", minB, lo, 1)
		check("max", maxB, hi, -1)
		return
	}
	check("min", minB, lo, 1, said[0])
	if maxB != nil {
		check("max", maxB, hi, -1, said[1])
	} else {
		check("max", maxB, hi, -1)
	}
}

func isZero(v any) bool {
	switch v := v.(type) {
	case float32:
		return v == 0
	case float64:
		return v == 0
	}
	return false
}

func long(n *parquetmeta.Node, v any) bool {
	if n.Physical != parquetmeta.ByteArray {
		return false
	}
	if b, ok := v.([]byte); ok {
		return len(b) > 64
	}
	return len(v.(string)) > 64
}

func checkIndex(t *testing.T, b []byte, rows int64, c *parquetmeta.Chunk, leaf *column.Leaf, pages []page) {
	t.Helper()
	section := func(s parquetmeta.Section) map[int]any {
		return (&thriftReader{b[s.Offset : s.Offset+s.Length]}).fields()
	}
	offsets := section(c.OffsetIndex)[1].([]any)
	if len(offsets) != len(pages) {
		t.Fatalf("%v: %d pages in the offset index, %d in the chunk", leaf.Path, len(offsets), len(pages))
	}
	row := int64(0)
	for i, p := range pages {
		o := offsets[i].(map[int]any)
		if o[1] != p.offset || o[2] != p.size || o[3] != row {
			t.Errorf("%v: page %d is said to be %v, it has %d bytes at %d from row %d", leaf.Path, i, o, p.size, p.offset, row)
		}
		row += int64(p.rows)
	}
	if row != rows {
		t.Errorf("%v: pages have %d rows, the row group %d", leaf.Path, row, rows)
	}
	if c.ColumnIndex.Length == 0 {
		for _, p := range pages {
			lo, hi, _ := extremes(p.values)
			if len(p.values) > 0 && lo == nil || hi != nil && long(c.Leaf, hi) {
				return // a page that has no bounds, or may have none
			}
		}
		t.Errorf("%v: no column index", leaf.Path)
		return
	}
	x := section(c.ColumnIndex)
	var lo, hi []any
	for i, p := range pages {
		null := x[1].([]any)[i].(bool)
		if null != (len(p.values) == 0) || x[5].([]any)[i] != int64(p.nulls) {
			t.Errorf("%v: page %d has %d values, %d nulls; the index says %v, %v", leaf.Path, i, len(p.values), p.nulls, null, x[5].([]any)[i])
		}
		l, h := x[2].([]any)[i].([]byte), x[3].([]any)[i].([]byte)
		if null {
			if len(l)+len(h) > 0 {
				t.Errorf("%v: page %d of nulls has bounds", leaf.Path, i)
			}
			continue
		}
		checkBounds(t, c.Leaf, leaf, p.values, l, h)
		lo, hi = append(lo, plainValue(c.Leaf, leaf.Type.Kind, l)), append(hi, plainValue(c.Leaf, leaf.Type.Kind, h))
	}
	up, down := true, true
	for i := 1; i < len(lo); i++ {
		up = up && compareValues(lo[i-1], lo[i]) <= 0 && compareValues(hi[i-1], hi[i]) <= 0
		down = down && compareValues(lo[i-1], lo[i]) >= 0 && compareValues(hi[i-1], hi[i]) >= 0
	}
	want := int64(0)
	if up {
		want = 1
	} else if down {
		want = 2
	}
	if x[4] != want {
		t.Errorf("%v: boundary order %v, want %d", leaf.Path, x[4], want)
	}
}

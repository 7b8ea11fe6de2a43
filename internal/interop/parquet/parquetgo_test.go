package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"testing"

	pqgo "github.com/parquet-go/parquet-go"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

// parquet-go reads the very entries that were written, its page indexes hold for the pages
// it reads, and parquetmeta agrees with its reading of the footer.
func TestParquetGo(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t, t.TempDir(), 48) {
		b, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := pqgo.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("seed %d: %v", s.seed, err)
		}
		meta, err := parquetmeta.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("seed %d: %v", s.seed, err)
		}
		compareFooters(t, f, meta)
		want := parquettest.Batch(s.schema, s.rows)
		for i := range s.schema.Leaves {
			l := &s.schema.Leaves[i]
			c := &entries{leaf: l, batch: want, v: &want.Cols[i]}
			for _, g := range f.RowGroups() {
				c.chunk(t, g.ColumnChunks()[i])
			}
			if c.at != len(c.v.Slots) {
				t.Errorf("%v: read %d entries, want %d", l.Path, c.at, len(c.v.Slots))
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", s.seed)
		}
	}
}

// entries compares what is read of a column with the vector that was written.
type entries struct {
	leaf  *column.Leaf
	batch *column.Batch
	v     *column.Vector
	at    int
}

func (e *entries) chunk(t *testing.T, c pqgo.ColumnChunk) {
	t.Helper()
	columnIndex, err := c.ColumnIndex()
	if err != nil && !errors.Is(err, pqgo.ErrMissingColumnIndex) {
		t.Fatalf("%v: %v", e.leaf.Path, err)
	}
	offsetIndex, err := c.OffsetIndex()
	if err != nil {
		t.Fatalf("%v: %v", e.leaf.Path, err)
	}
	pages := c.Pages()
	defer func() { _ = pages.Close() }() // it reads from memory
	n, row := 0, int64(0)
	for ; ; n++ {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v: page %d: %v", e.leaf.Path, n, err)
		}
		if got := offsetIndex.FirstRowIndex(n); got != row {
			t.Errorf("%v: page %d starts at row %d, the index says %d", e.leaf.Path, n, row, got)
		}
		row += p.NumRows()
		vs := make([]pqgo.Value, p.NumValues())
		if k, err := p.Values().ReadValues(vs); k != len(vs) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%v: page %d: %d values of %d: %v", e.leaf.Path, n, k, len(vs), err)
		}
		e.values(t, vs)
		if columnIndex != nil {
			e.bounds(t, columnIndex, n, c.Type(), vs)
		}
		pqgo.Release(p)
	}
	if offsetIndex.NumPages() != n {
		t.Errorf("%v: %d pages, the index has %d", e.leaf.Path, n, offsetIndex.NumPages())
	}
}

func (e *entries) values(t *testing.T, vs []pqgo.Value) {
	t.Helper()
	for _, v := range vs {
		i := e.at
		e.at++
		if e.at > len(e.v.Slots) {
			t.Fatalf("%v: more entries than were written", e.leaf.Path)
		}
		rep := 0
		if e.leaf.MaxRep > 0 {
			rep = int(e.v.Rep[i])
		}
		if v.DefinitionLevel() != int(e.v.Def[i]) || v.RepetitionLevel() != rep {
			t.Fatalf("%v: entry %d has levels %d, %d, want %d, %d", e.leaf.Path, i, v.DefinitionLevel(), v.RepetitionLevel(), e.v.Def[i], rep)
		}
		if null := e.v.Def[i] < e.leaf.MaxDef; null != v.IsNull() {
			t.Fatalf("%v: entry %d is null: %v, want %v", e.leaf.Path, i, v.IsNull(), null)
		} else if null {
			continue
		}
		if got, want := e.got(v), e.want(e.v.Slots[i]); got != want {
			t.Fatalf("%v: entry %d is %s, want %s", e.leaf.Path, i, got, want)
		}
	}
}

func (e *entries) got(v pqgo.Value) string {
	switch v.Kind() {
	case pqgo.Boolean:
		return fmt.Sprint(v.Boolean())
	case pqgo.Int32:
		return fmt.Sprint(v.Int32())
	case pqgo.Int64:
		return fmt.Sprint(v.Int64())
	case pqgo.Float:
		return fmt.Sprintf("%08x", math.Float32bits(v.Float()))
	case pqgo.Double:
		return fmt.Sprintf("%016x", math.Float64bits(v.Double()))
	}
	return fmt.Sprintf("%x", v.ByteArray())
}

func (e *entries) want(slot uint64) string {
	switch t := e.leaf.Type; t.Kind {
	case catalog.KindBoolean:
		return fmt.Sprint(slot == 1)
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt, catalog.KindDate,
		catalog.KindTimestamp, catalog.KindTimestampTZ, catalog.KindTime:
		return fmt.Sprint(int64(slot))
	case catalog.KindFloat:
		return fmt.Sprintf("%08x", uint32(slot))
	case catalog.KindDouble:
		return fmt.Sprintf("%016x", slot)
	case catalog.KindDecimal:
		if t.Precision <= 18 {
			return fmt.Sprint(int64(slot))
		}
		// Iceberg's sizes: 19 digits need 9 bytes, 38 need 16.
		n := map[int]int{19: 9, 38: 16}[t.Precision]
		return fmt.Sprintf("%x", e.batch.Bytes(slot)[16-n:])
	}
	return fmt.Sprintf("%x", e.batch.Bytes(slot))
}

// bounds checks a page's bounds in the order that parquet-go gives the type.
func (e *entries) bounds(t *testing.T, x pqgo.ColumnIndex, page int, typ pqgo.Type, vs []pqgo.Value) {
	t.Helper()
	nulls := int64(0)
	lo, hi := x.MinValue(page), x.MaxValue(page)
	for _, v := range vs {
		if v.IsNull() {
			nulls++
			continue
		}
		if isNaN(v) {
			continue
		}
		compare := typ.Compare
		if e.leaf.Type.Kind == catalog.KindDecimal && v.Kind() == pqgo.FixedLenByteArray {
			compare = compareSigned // parquet-go takes the bytes as unsigned, against the format
		}
		if compare(v, lo) < 0 || compare(v, hi) > 0 {
			t.Fatalf("%v: page %d has %v, its bounds are %v and %v", e.leaf.Path, page, v, lo, hi)
		}
	}
	if x.NullCount(page) != nulls || x.NullPage(page) != (nulls == int64(len(vs))) {
		t.Errorf("%v: page %d has %d nulls of %d, the index says %d, %v", e.leaf.Path, page, nulls, len(vs), x.NullCount(page), x.NullPage(page))
	}
}

func compareSigned(a, b pqgo.Value) int {
	x, y := bytes.Clone(a.ByteArray()), bytes.Clone(b.ByteArray())
	x[0] ^= 0x80
	y[0] ^= 0x80
	return bytes.Compare(x, y)
}

func isNaN(v pqgo.Value) bool {
	switch v.Kind() {
	case pqgo.Float:
		return v.Float() != v.Float()
	case pqgo.Double:
		return v.Double() != v.Double()
	}
	return false
}

// compareFooters compares two readings of a footer.
func compareFooters(t *testing.T, f *pqgo.File, m *parquetmeta.File) {
	t.Helper()
	want := f.Metadata()
	if m.Rows != want.NumRows || m.CreatedBy != want.CreatedBy || len(m.RowGroups) != len(want.RowGroups) ||
		len(m.KeyValues) != len(want.KeyValueMetadata) {
		t.Errorf("footer: %d rows by %q in %d groups, want %d by %q in %d", m.Rows, m.CreatedBy, len(m.RowGroups),
			want.NumRows, want.CreatedBy, len(want.RowGroups))
	}
	for g := range want.RowGroups {
		if m.RowGroups[g].Rows != want.RowGroups[g].NumRows || m.RowGroups[g].Bytes != want.RowGroups[g].TotalByteSize {
			t.Errorf("row group %d: %d rows, %d bytes, want %+v", g, m.RowGroups[g].Rows, m.RowGroups[g].Bytes, want.RowGroups[g])
		}
		for i, c := range want.RowGroups[g].Columns {
			got, md := &m.RowGroups[g].Columns[i], c.MetaData
			st := md.Statistics
			if fmt.Sprint(got.Leaf.Path) != fmt.Sprint(md.PathInSchema) || int(got.Codec) != int(md.Codec) || got.Values != md.NumValues ||
				got.Uncompressed != md.TotalUncompressedSize || got.Compressed != md.TotalCompressedSize ||
				got.DataOffset != md.DataPageOffset || got.DictionaryOffset != md.DictionaryPageOffset ||
				got.Stats.Nulls != st.NullCount || !bytes.Equal(got.Stats.Min, st.MinValue) || !bytes.Equal(got.Stats.Max, st.MaxValue) {
				t.Errorf("row group %d, column %d: %+v, want %+v", g, i, got, md)
			}
			if got.OffsetIndex.Offset != c.OffsetIndexOffset || got.ColumnIndex.Offset != c.ColumnIndexOffset ||
				got.OffsetIndex.Length != int64(c.OffsetIndexLength) || got.ColumnIndex.Length != int64(c.ColumnIndexLength) {
				t.Errorf("row group %d, column %d: indexes %v, %v, want %+v", g, i, got.OffsetIndex, got.ColumnIndex, c)
			}
		}
	}
}

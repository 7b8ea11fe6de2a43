package parquetout_test

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

const benchRows = 40_000 // what an hour of the clicks' partitions has

// clickBatches gives the clicks of a file in batches as a delivery has them.
func clickBatches(tb testing.TB) (*column.Schema, []*column.Batch) {
	tb.Helper()
	s := schema(tb, parquettest.ClickFields())
	return s, batches(s, parquettest.Clicks(rand.New(rand.NewPCG(1, 2)), benchRows))
}

func batches(s *column.Schema, rows []parquettest.Row) []*column.Batch {
	var bs []*column.Batch
	for len(rows) > 0 {
		n := min(len(rows), 2048)
		bs = append(bs, parquettest.BufBatch(s, rows[:n]))
		rows = rows[n:]
	}
	return bs
}

func writeBatches(tb testing.TB, s *parquetout.Schema, p *parquetout.Pool, o *parquetout.Options, bs []*column.Batch, rows []int32) int64 {
	tb.Helper()
	w, err := parquetout.NewWriter(s, p, o)
	if err != nil {
		tb.Fatal(err)
	}
	for _, b := range bs {
		if err := w.Append(b, rows[:b.Rows]); err != nil {
			tb.Fatal(err)
		}
	}
	f, err := w.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Release()
	if _, err := f.WriteTo(io.Discard); err != nil {
		tb.Fatal(err)
	}
	return f.Size()
}

// BenchmarkWriter writes a whole file of click events.
func BenchmarkWriter(b *testing.B) {
	s, bs := clickBatches(b)
	rows, ps := all(2048), parquetout.NewSchema(s)
	for _, codec := range []parquetout.Codec{parquetout.Snappy, parquetout.Zstd, parquetout.Gzip, parquetout.Uncompressed} {
		b.Run(codec.String(), func(b *testing.B) {
			pool := &parquetout.Pool{}
			var size int64
			b.ReportAllocs()
			for b.Loop() {
				size = writeBatches(b, ps, pool, &parquetout.Options{Codec: codec}, bs, rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
			b.ReportMetric(float64(size)/benchRows, "bytes/row")
		})
	}
}

// BenchmarkColumn writes columns of one type each.
func BenchmarkColumn(b *testing.B) {
	types := map[string]catalog.Type{
		"int": {Kind: catalog.KindInt}, "bigint": {Kind: catalog.KindBigInt}, "double": {Kind: catalog.KindDouble},
		"decimal38": {Kind: catalog.KindDecimal, Precision: 38}, "string": {Kind: catalog.KindString},
		"list": {Kind: catalog.KindArray, Elem: &catalog.Type{Kind: catalog.KindInt}},
	}
	for _, name := range []string{"int", "bigint", "double", "decimal38", "string", "list"} {
		b.Run(name, func(b *testing.B) {
			fs := []catalog.Field{{Name: "c", Type: types[name]}}
			s := schema(b, fs)
			bs := batches(s, parquettest.Rows(rand.New(rand.NewPCG(3, 4)), fs, benchRows))
			rows, pool, ps := all(2048), &parquetout.Pool{}, parquetout.NewSchema(s)
			b.ReportAllocs()
			for b.Loop() {
				writeBatches(b, ps, pool, nil, bs, rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

// Appending allocates nothing once a file's buffers have grown, page after page.
func TestAppendAllocatesNothing(t *testing.T) {
	s, bs := clickBatches(t)
	rows, pool := all(2048), &parquetout.Pool{}
	for range 2 { // fills the pool
		writeBatches(t, parquetout.NewSchema(s), pool, nil, bs, rows)
	}
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), pool, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	i := 0
	next := func() {
		b := bs[i%len(bs)]
		i++
		if err := w.Append(b, rows[:b.Rows]); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		next()
	}
	// What is left is the page indexes, which grow with the file, and segments.
	if n := testing.AllocsPerRun(50, next); n > 6 {
		t.Errorf("Append of 2048 rows of 13 columns allocates %v times", n)
	}
}

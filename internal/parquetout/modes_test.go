package parquetout_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/golden"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

// A column is in a dictionary as long as that pays.
func TestDictionary(t *testing.T) {
	t.Parallel()
	const (
		coded = "RLE PLAIN RLE_DICTIONARY"
		plain = "RLE PLAIN"
	)
	text := catalog.Type{Kind: catalog.KindString}
	long := strings.Repeat("long ", 60)
	for _, tt := range []struct {
		name  string
		typ   catalog.Type
		rows  int
		value func(i int) any
		want  string
		mixed bool // some pages are in the dictionary, some are not
	}{
		{"few values", text, 20_000, func(i int) any { return fmt.Sprint(i % 10) }, coded, false},
		{"one value", text, 20_000, func(int) any { return "x" }, coded, false},
		{"few numbers", catalog.Type{Kind: catalog.KindInt}, 20_000, func(i int) any { return int64(i % 100) }, coded, false},
		{"few floats", catalog.Type{Kind: catalog.KindDouble}, 20_000, func(i int) any { return float64(i % 3) }, coded, false},
		{"few wide decimals", catalog.Type{Kind: catalog.KindFixed, Length: 5}, 20_000, func(i int) any { return []byte{0, 1, 2, 3, byte(i % 7)} }, coded, false},
		{"all distinct", text, 20_000, func(i int) any { return fmt.Sprint(i) }, plain, false},
		{"booleans", catalog.Type{Kind: catalog.KindBoolean}, 20_000, func(i int) any { return i%3 == 0 }, plain, false},
		{"no values", text, 70_000, func(int) any { return nil }, plain, false},
		{"distinct later", text, 90_000, func(i int) any { return fmt.Sprint(max(i%10, i-40_000)) }, coded, true},
		{"large dictionary", text, 40_000, func(i int) any { return fmt.Sprint(long, i/8) }, coded, true},
		{"values behind nulls", text, 90_000, func(i int) any {
			if i < 70_000 {
				return nil
			}
			return "v"
		}, plain, false},
		{"rare values", text, 90_000, func(i int) any {
			if i%100 > 0 {
				return nil
			}
			return fmt.Sprint("value ", i%300)
		}, coded, false},
		{"few rows", text, 3, func(i int) any { return fmt.Sprint(i) }, plain, false},
		{"few rows of long values", text, 9, func(int) any { return long }, coded, false},
		{"large values", text, 40, func(i int) any { return fmt.Sprint(i, strings.Repeat(long, 300)) }, plain, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := schema(t, []catalog.Field{{Name: "c", Type: tt.typ}})
			rows := make([]parquettest.Row, tt.rows)
			for i := range rows {
				rows[i] = parquettest.Row{tt.value(i)}
			}
			b, f := write(t, s, nil, nil, rows, 4096)
			d := decode(t, s, b)
			checkRows(t, d.rows, rows)
			checkStats(t, s, b, d, f)
			var encodings []string
			for _, e := range d.meta.RowGroups[0].Columns[0].Encodings {
				encodings = append(encodings, e.String())
			}
			if got := strings.Join(encodings, " "); got != tt.want {
				t.Errorf("encodings %s, want %s", got, tt.want)
			}
			pages := d.cols[0].groups[0]
			isCoded := func(p page) bool { return p.dictionary }
			isPlain := func(p page) bool { return !p.dictionary && len(p.values) > 0 }
			if mixed := slices.ContainsFunc(pages, isCoded) && slices.ContainsFunc(pages, isPlain); mixed != tt.mixed {
				t.Errorf("mixed pages: %v, want %v", mixed, tt.mixed)
			}
			for i, p := range pages {
				if p.size > 140_000 {
					t.Errorf("page %d has %d bytes", i, p.size)
				}
			}
		})
	}
}

// Row groups are cut by rows and by bytes, and pages by bytes.
func TestCuts(t *testing.T) {
	t.Parallel()
	s := schema(t, []catalog.Field{{Name: "c", Type: catalog.Type{Kind: catalog.KindBigInt}}})
	rows := make([]parquettest.Row, 100_000)
	for i := range rows {
		rows[i] = parquettest.Row{int64(i) * 0x9e3779b97f4a7c1}
	}
	for _, tt := range []struct {
		name          string
		o             parquetout.Options
		groups, pages int // pages of the first row group
	}{
		{"one", parquetout.Options{Codec: parquetout.Uncompressed}, 1, 7},
		{"rows", parquetout.Options{Codec: parquetout.Uncompressed, RowGroupRows: 30_000}, 4, 2},
		{"bytes", parquetout.Options{Codec: parquetout.Uncompressed, RowGroupBytes: 200_000}, 4, 2},
		{"pages", parquetout.Options{Codec: parquetout.Uncompressed, PageBytes: 8192}, 1, 98},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, f := write(t, s, nil, &tt.o, rows, 100_000)
			d := decode(t, s, b)
			checkRows(t, d.rows, rows)
			checkStats(t, s, b, d, f)
			if g, p := len(d.meta.RowGroups), len(d.cols[0].groups[0]); g != tt.groups || p != tt.pages {
				t.Errorf("%d row groups, the first with %d pages, want %d and %d", g, p, tt.groups, tt.pages)
			}
		})
	}
}

// The sizes that a writer tells on the way are near to what comes out.
func TestSize(t *testing.T) {
	t.Parallel()
	s, bs := clickBatches(t)
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if err := w.Append(b, all(b.Rows)); err != nil {
			t.Fatal(err)
		}
	}
	size, memory := w.Size(), w.Memory()
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if size < f.Size() || size > f.Size()*3/2 {
		t.Errorf("the writer says %d bytes, the file has %d", size, f.Size())
	}
	if memory < f.Size()/2 || memory > 3*f.Size() {
		t.Errorf("the writer says that it holds %d bytes, of a file of %d", memory, f.Size())
	}
}

// An open file of few rows holds little: many partitions may be open.
func TestMemoryOfFewRows(t *testing.T) {
	t.Parallel()
	s, bs := clickBatches(t)
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(bs[0], all(100)); err != nil {
		t.Fatal(err)
	}
	if m := w.Memory(); m > 200<<10 {
		t.Errorf("100 rows take %d bytes", m)
	}
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	s := schema(t, parquettest.Scalars())
	b, f := write(t, s, nil, &parquetout.Options{KeyValues: []parquetout.KeyValue{{Key: "k", Value: "v"}}}, nil, 1)
	d := decode(t, s, b)
	if len(d.rows) != 0 || f.Rows != 0 || len(d.meta.RowGroups) != 0 {
		t.Errorf("an empty file has %d rows in %d row groups", len(d.rows), len(d.meta.RowGroups))
	}
	if kv := d.meta.KeyValues; len(kv) != 1 || kv[0] != (parquetmeta.KeyValue{Key: "k", Value: "v"}) || d.meta.CreatedBy != "lakekit" {
		t.Errorf("metadata %v by %q", kv, d.meta.CreatedBy)
	}
}

// What every type is called, in both kinds of annotation.
func TestTypes(t *testing.T) {
	t.Parallel()
	elem := catalog.Type{Kind: catalog.KindInt}
	key := catalog.Type{Kind: catalog.KindString}
	s := schema(t, append(parquettest.Scalars(),
		catalog.Field{Name: "l", Type: catalog.Type{Kind: catalog.KindArray, Elem: &elem}, ID: 90},
		catalog.Field{Name: "m", Type: catalog.Type{Kind: catalog.KindMap, Key: &key, Elem: &elem}},
		catalog.Field{Name: "s", Type: catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "x", Type: key, Required: true, ID: 91}}}, Required: true},
	))
	b, _ := write(t, s, nil, nil, nil, 1)
	d := decode(t, s, b)
	var got strings.Builder
	var walk func(n *parquetmeta.Node, depth int)
	walk = func(n *parquetmeta.Node, depth int) {
		fmt.Fprintf(&got, "%s%s %v %v(%d) %v %v(%d,%d) bits %d signed %v unit %v utc %v id %d\n", strings.Repeat("  ", depth), n.Name, n.Repetition,
			n.Physical, n.TypeLength, n.Converted, n.Logical.Kind, n.Precision, n.Scale, n.Logical.BitWidth, n.Logical.Signed,
			n.Logical.Unit, n.Logical.UTC, n.ID)
		for _, c := range n.Children {
			walk(c, depth+1)
		}
	}
	walk(d.meta.Schema, 0)
	golden.Check(t, "types.golden", got.String())
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	s := schema(t, parquettest.Scalars())
	_, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, &parquetout.Options{
		Codec: 9, PageBytes: 100, RowGroupBytes: -1, RowGroupRows: -1,
	})
	want := "parquetout: options: Codec: 9 is none of Snappy, Gzip, Zstd and Uncompressed\n" +
		"PageBytes: 100 is not within 1024 and 67108864\n" +
		"RowGroupBytes: -1 is negative\n" +
		"RowGroupRows: -1 is not within 1 and 2147483647"
	if err == nil || err.Error() != want {
		t.Errorf("NewWriter: %v\nwant %s", err, want)
	}
}

func TestBadBatches(t *testing.T) {
	t.Parallel()
	elem := catalog.Type{Kind: catalog.KindInt}
	s := schema(t, []catalog.Field{
		{Name: "c", Type: catalog.Type{Kind: catalog.KindString}},
		{Name: "l", Type: catalog.Type{Kind: catalog.KindArray, Elem: &elem}},
	})
	good := func() *column.Batch {
		return parquettest.Batch(s, []parquettest.Row{{"text", []any{int64(1)}}, {"more", []any{int64(1)}}, {"text", nil}})
	}
	for _, tt := range []struct {
		name, want string
		spoil      func(b *column.Batch)
	}{
		{"columns", "parquetout: append a batch of 1 columns to a file of 2", func(b *column.Batch) { b.Cols = b.Cols[:1] }},
		{"buf", "parquetout: append a batch whose Buf has 0 bytes of slack, and needs 64", func(b *column.Batch) { b.Buf = slices.Clip(b.Buf) }},
		{"arena", "parquetout: append a batch whose Arena has 0 bytes of slack, and needs 64", func(b *column.Batch) { b.Arena = slices.Clip(b.Arena) }},
		{"entries", `parquetout: column "l.list.element": row 1 has no entry`, func(b *column.Batch) { b.Cols[1].Start[1] = b.Cols[1].Start[2] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Discard()
			b := good()
			tt.spoil(b)
			if err := w.Append(b, all(3)); err == nil || err.Error() != tt.want {
				t.Errorf("Append: %v, want %s", err, tt.want)
			}
		})
	}
}

func TestFinished(t *testing.T) {
	t.Parallel()
	s := schema(t, parquettest.Scalars())
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	const want = "parquetout: the writer is finished"
	if _, err := w.Finish(); err == nil || err.Error() != want {
		t.Errorf("Finish again: %v", err)
	}
	if err := w.Append(parquettest.Batch(s, nil), nil); err == nil || err.Error() != want {
		t.Errorf("Append after Finish: %v", err)
	}
	w.Discard()
	if _, err := f.WriteTo(&failingWriter{left: 10}); !errors.Is(err, errFull) {
		t.Errorf("WriteTo a full disk: %v", err)
	}
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil || int64(b.Len()) != f.Size() {
		t.Errorf("WriteTo after one that failed: %d bytes of %d, %v", b.Len(), f.Size(), err)
	}
	f.Release()
	f.Release()
	if n, err := f.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt after Release: %d, %v", n, err)
	}
}

var errFull = errors.New("no space left on device")

type failingWriter struct{ left int }

func (w *failingWriter) Write(b []byte) (int, error) {
	n := min(len(b), w.left)
	w.left -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestReadAt(t *testing.T) {
	t.Parallel()
	s, bs := clickBatches(t)
	w, err := parquetout.NewWriter(parquetout.NewSchema(s), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(bs[0], all(2000)); err != nil {
		t.Fatal(err)
	}
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if _, err := f.WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	for off := int64(0); off <= f.Size()+10; off += 997 {
		b := make([]byte, 40_000)
		n, err := f.ReadAt(b, off)
		want := whole.Bytes()[min(off, f.Size()):]
		want = want[:min(len(want), len(b))]
		if !bytes.Equal(b[:n], want) || (n < len(b)) != errors.Is(err, io.EOF) {
			t.Fatalf("ReadAt(%d): %d bytes, %v, want %d", off, n, err, len(want))
		}
	}
	if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("ReadAt(-1) gives no error")
	}
}

package parquetmeta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/golden"
)

// The files in testdata were written by pyarrow 26.0.1 and DuckDB 2.0.1; what their
// footers say was compared with pyarrow's own reading of them.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pyarrow", "duckdb"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
			if err != nil {
				t.Fatal(err)
			}
			f, err := Read(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".golden", dump(f))
		})
	}
}

func dump(f *File) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d, %d rows, by %q, footer %d\n", f.Version, f.Rows, f.CreatedBy, f.FooterBytes)
	for _, kv := range f.KeyValues {
		fmt.Fprintf(&b, "%q = %q\n", kv.Key, kv.Value)
	}
	dumpNode(&b, f.Schema, 0)
	for i, g := range f.RowGroups {
		fmt.Fprintf(&b, "row group %d: %d rows, %d bytes\n", i, g.Rows, g.Bytes)
		for _, c := range g.Columns {
			fmt.Fprintf(&b, "  %s: %v %v, %d values, %d/%d bytes at %d, data %d, dictionary %d\n", c.Leaf.Column(),
				c.Codec, c.Encodings, c.Values, c.Compressed, c.Uncompressed, c.Offset, c.DataOffset, c.DictionaryOffset)
			fmt.Fprintf(&b, "    nulls %d, distinct %d, min %s %v, max %s %v, old %v; index %v, offsets %v, bloom %v\n", c.Stats.Nulls,
				c.Stats.Distinct, bound(c.Stats.Min), c.Stats.MinExact, bound(c.Stats.Max), c.Stats.MaxExact, c.Stats.Deprecated,
				c.ColumnIndex, c.OffsetIndex, c.Bloom)
		}
	}
	return b.String()
}

func bound(b []byte) string {
	if b == nil {
		return "none"
	}
	return fmt.Sprintf("%q", b)
}

func dumpNode(b *strings.Builder, n *Node, depth int) {
	fmt.Fprintf(b, "%s%s %v %v", strings.Repeat("  ", depth), n.Name, n.Repetition, n.Physical)
	if n.TypeLength > 0 {
		fmt.Fprintf(b, "(%d)", n.TypeLength)
	}
	fmt.Fprintf(b, " %v %v(%d,%d) %v %v %v %v", n.Converted, n.Logical.Kind, n.Precision, n.Scale, n.Logical.BitWidth,
		n.Logical.Signed, n.Logical.Unit, n.Logical.UTC)
	if n.HasID {
		fmt.Fprintf(b, " id %d", n.ID)
	}
	if n.Leaf() {
		fmt.Fprintf(b, " def %d rep %d", n.MaxDef, n.MaxRep)
	}
	b.WriteByte('\n')
	for _, c := range n.Children {
		dumpNode(b, c, depth+1)
	}
}

func file(footer []byte) []byte {
	b := append([]byte(magic), footer...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(footer)))
	return append(b, magic...)
}

func TestReadBad(t *testing.T) {
	t.Parallel()
	deep := bytes.Repeat([]byte{0x9c}, 100)  // field 9, which is skipped, a struct
	nested := []byte{0x29, 0xfc, 0x80, 0x01} // field 2, 128 structs
	for range 127 {
		nested = append(nested, 0x48, 1, 'a', 0x15, 2, 0) // name "a", one child
	}
	nested = append(nested, 0x15, 2, 0x38, 1, 'a', 0, 0) // an INT32 named "a"
	for _, tt := range []struct {
		name, want string
		file       []byte
	}{
		{"short", "parquetmeta: not a Parquet file: it has 4 bytes", []byte(magic)},
		{"text", "parquetmeta: not a Parquet file: it does not end with PAR1", bytes.Repeat([]byte("text "), 10)},
		{"encrypted", "parquetmeta: the footer is encrypted, which is not supported", []byte("PAR1\x00\x00\x00\x00\x00\x00PARE")},
		{"long footer", "parquetmeta: a footer of 4294967295 bytes does not fit a file of 12", []byte("PAR1\xff\xff\xff\xffPAR1")},
		{"empty footer", "parquetmeta: footer ends in the middle of a value", file(nil)},
		{"no schema", "parquetmeta: footer has no schema", file([]byte{0})},
		{"deep structs", "parquetmeta: footer nests deeper than 32", file(deep)},
		{"deep schema", "parquetmeta: schema nests deeper than 100", file(nested)},
		{"long list", "parquetmeta: footer ends in the middle of a value", file([]byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0x7f, 0})},
		{"long string", "parquetmeta: footer ends in the middle of a value", file([]byte{0x68, 0xff, 0xff, 0xff, 0xff, 0x7f, 0})},
		{"wrong type", "parquetmeta: footer has wire type 8 where it must have an integer", file([]byte{0x18, 0, 0})},
		{"wide integer", "parquetmeta: footer has 2147483648 where a 32-bit integer must be", file([]byte{0x16, 0x80, 0x80, 0x80, 0x80, 0x10, 0})},
		{"nameless", "parquetmeta: a schema element has no name", file([]byte{0x29, 0x1c, 0, 0})},
		{"childless", `parquetmeta: schema element "r" has 3 children, and 0 elements are left`, file([]byte{0x29, 0x1c, 0x48, 1, 'r', 0x15, 6, 0, 0})},
		{"negative rows", "parquetmeta: footer counts -1 rows", file([]byte{0x29, 0x1c, 0x48, 1, 'r', 0, 0x16, 1, 0})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(bytes.NewReader(tt.file), int64(len(tt.file)))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Read: %v, want %s", err, tt.want)
			}
		})
	}
}

// What a chunk says of its place must lie in the file, whatever bytes of a footer rot.
func TestReadRotten(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/pyarrow.parquet")
	if err != nil {
		t.Fatal(err)
	}
	n := int(binary.LittleEndian.Uint32(whole[len(whole)-8:]))
	refused := 0
	for i := len(whole) - 8 - n; i < len(whole)-8; i++ {
		b := bytes.Clone(whole)
		b[i] ^= 0xff
		f, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			refused++
			continue
		}
		checkFile(t, f, int64(len(b)))
	}
	if refused == 0 {
		t.Error("no rotten footer was refused")
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/duckdb.parquet")
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("disk gone")
	if _, err := Read(badReader{cause}, int64(len(b))); !errors.Is(err, cause) {
		t.Errorf("Read of a reader that fails: %v", err)
	}
	if _, err := Read(bytes.NewReader(b[:20]), int64(len(b))); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("Read of a file shorter than said: %v", err)
	}
	if _, err := Read(bytes.NewReader([]byte("no")), 2); !errors.Is(err, ErrNotParquet) {
		t.Errorf("Read of two bytes: %v", err)
	}
}

type badReader struct{ err error }

func (r badReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

// A footer over 64 KiB is read in two pieces.
func TestReadLong(t *testing.T) {
	t.Parallel()
	footer := []byte{0x29, 0x1c, 0x48, 1, 'r', 0, 0x16, 0, 0x19, 0x0c, 0x19, 0x1c, 0x18, 1, 'k', 0x18}
	footer = binary.AppendUvarint(footer, 100<<10)
	footer = append(footer, bytes.Repeat([]byte("v"), 100<<10)...)
	footer = append(footer, 0, 0)
	b := file(footer)
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.KeyValues) != 1 || len(f.KeyValues[0].Value) != 100<<10 || f.FooterBytes != int64(len(footer)+8) {
		t.Errorf("read %d entries, footer of %d bytes", len(f.KeyValues), f.FooterBytes)
	}
}

func checkFile(t *testing.T, f *File, size int64) {
	t.Helper()
	for _, g := range f.RowGroups {
		if len(g.Columns) != len(f.Leaves) {
			t.Fatalf("%d chunks for %d leaves", len(g.Columns), len(f.Leaves))
		}
		for _, c := range g.Columns {
			if c.Leaf == nil || c.Offset < 0 || c.Compressed < 0 || c.Uncompressed < 0 || c.Offset+c.Compressed > size {
				t.Fatalf("chunk of %d bytes at %d in a file of %d", c.Compressed, c.Offset, size)
			}
		}
	}
	for _, l := range f.Leaves {
		if !l.Leaf() || len(l.Path) == 0 || l.MaxRep > l.MaxDef || l.MaxDef > len(l.Path) {
			t.Fatalf("leaf %v: levels %d, %d", l.Path, l.MaxDef, l.MaxRep)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"pyarrow", "duckdb"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
		if err != nil {
			f.Fatal(err)
		}
		n := int(binary.LittleEndian.Uint32(b[len(b)-8:]))
		f.Add(b[len(b)-8-n:len(b)-8], int64(len(b)))
	}
	f.Add([]byte{0x29, 0x1c, 0x48, 1, 'r', 0, 0}, int64(100))
	f.Fuzz(func(t *testing.T, footer []byte, size int64) {
		got, err := decode(footer, size)
		if err != nil {
			return
		}
		checkFile(t, got, size)
	})
}

func BenchmarkRead(b *testing.B) {
	data, err := os.ReadFile("testdata/pyarrow.parquet")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}

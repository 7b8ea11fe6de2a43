package parquet

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

// sample is a file of random rows, with the rows as JSON beside it.
type sample struct {
	seed   uint64
	fields []catalog.Field
	schema *column.Schema
	rows   []parquettest.Row
	path   string
}

// samples writes n files, each in its own way.
func samples(t *testing.T, dir string, n int) []sample {
	t.Helper()
	pool := &parquetout.Pool{}
	out := make([]sample, n)
	for i := range out {
		s := &out[i]
		s.seed = uint64(i)
		r := rand.New(rand.NewPCG(s.seed, 42))
		o := &parquetout.Options{
			Codec: parquetout.Codec(r.IntN(4)), PageBytes: 1 << (10 + r.IntN(8)),
			KeyValues: []parquetout.KeyValue{{Key: "seed", Value: strconv.Itoa(i)}},
		}
		if r.IntN(3) == 0 {
			o.RowGroupRows = int64(1 + r.IntN(1000))
		}
		rows := r.IntN(2500)
		if s.fields = parquettest.Fields(r, 1+r.IntN(6)); i%8 == 0 {
			s.fields, rows = parquettest.Scalars(), 5000
		}
		var err error
		if s.schema, err = column.NewSchema(s.fields); err != nil {
			t.Fatal(err)
		}
		s.rows = parquettest.Rows(r, s.fields, rows)
		s.path = filepath.Join(dir, fmt.Sprintf("%03d.parquet", i))
		s.write(t, pool, o)
	}
	return out
}

func (s *sample) write(t *testing.T, pool *parquetout.Pool, o *parquetout.Options) {
	t.Helper()
	w, err := parquetout.NewWriter(parquetout.NewSchema(s.schema), pool, o)
	if err != nil {
		t.Fatal(err)
	}
	for rows := s.rows; len(rows) > 0; {
		n := min(len(rows), 700)
		chosen := make([]int32, n)
		for i := range chosen {
			chosen[i] = int32(i)
		}
		if err := w.Append(parquettest.Batch(s.schema, rows[:n]), chosen); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	f, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	out, err := os.Create(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteTo(out); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// plainType is a type as the script reads it.
type plainType struct {
	Kind      string      `json:"kind"`
	Precision int         `json:"precision,omitempty"`
	Scale     int         `json:"scale,omitempty"`
	Length    int         `json:"length,omitempty"`
	Key       *plainType  `json:"key,omitempty"`
	Elem      *plainType  `json:"elem,omitempty"`
	Names     []string    `json:"names,omitempty"`
	Members   []plainType `json:"members,omitempty"`
	Required  []bool      `json:"required,omitempty"`
}

var kinds = map[catalog.Kind]string{
	catalog.KindBoolean: "boolean", catalog.KindTinyInt: "tinyint", catalog.KindSmallInt: "smallint", catalog.KindInt: "int",
	catalog.KindBigInt: "bigint", catalog.KindFloat: "float", catalog.KindDouble: "double", catalog.KindDecimal: "decimal",
	catalog.KindString: "string", catalog.KindVarchar: "string", catalog.KindChar: "string", catalog.KindBinary: "binary",
	catalog.KindDate: "date", catalog.KindTimestamp: "timestamp", catalog.KindTimestampTZ: "timestamptz", catalog.KindTime: "time",
	catalog.KindUUID: "uuid", catalog.KindFixed: "fixed", catalog.KindArray: "array", catalog.KindMap: "map", catalog.KindStruct: "struct",
}

func plain(t catalog.Type) plainType {
	p := plainType{Kind: kinds[t.Kind], Precision: t.Precision, Scale: t.Scale, Length: t.Length}
	if t.Key != nil {
		k := plain(*t.Key)
		p.Key = &k
	}
	if t.Elem != nil {
		e := plain(*t.Elem)
		p.Elem = &e
	}
	for _, f := range t.Fields {
		p.Names = append(p.Names, f.Name)
		p.Members = append(p.Members, plain(f.Type))
		p.Required = append(p.Required, f.Required)
	}
	return p
}

// plainValue is a value as the script reads it: exact, whatever JSON does to numbers.
func plainValue(v any) any {
	switch v := v.(type) {
	case nil, bool, string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float32:
		if v != v {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(float64(v)))
	case float64:
		if v != v {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(v))
	case []byte:
		return hex.EncodeToString(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plainValue(v[i])
		}
		return out
	case [][2]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = []any{plainValue(v[i][0]), plainValue(v[i][1])}
		}
		return out
	}
	panic(fmt.Sprintf("a value of type %T", v))
}

// pyarrow, DuckDB and Polars read what was written: values, nulls, types, statistics, and
// the rows that a predicate finds by them.
func TestPython(t *testing.T) {
	t.Parallel()
	bin := peer.Python(t)
	dir := t.TempDir()
	for _, s := range samples(t, dir, 48) {
		rows := make([]any, len(s.rows))
		for i, r := range s.rows {
			rows[i] = plainValue([]any(r))
		}
		b, err := json.Marshal(map[string]any{
			"type": plain(catalog.Type{Kind: catalog.KindStruct, Fields: s.fields}), "rows": rows,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path+".json", b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), bin, "check.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

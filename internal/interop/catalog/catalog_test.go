package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/internal/jsoncol"
)

// ask runs peers.py and reads its answer.
func ask(t *testing.T, what, path string, into any) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), peer.Python(t), "peers.py", what, path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("peers.py %s: %v\n%s", what, err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("peers.py %s: %v\n%s", what, err, out)
	}
}

func randomType(r *rand.Rand, depth int) catalog.Type {
	kinds := []catalog.Kind{
		catalog.KindBoolean, catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt, catalog.KindFloat, catalog.KindDouble,
		catalog.KindDecimal, catalog.KindString, catalog.KindVarchar, catalog.KindChar, catalog.KindBinary, catalog.KindDate, catalog.KindTimestamp,
	}
	if depth < 3 {
		kinds = append(kinds, catalog.KindArray, catalog.KindMap, catalog.KindStruct)
	}
	t := catalog.Type{Kind: kinds[r.IntN(len(kinds))]}
	switch t.Kind {
	case catalog.KindDecimal:
		t.Precision = 1 + r.IntN(38)
		t.Scale = r.IntN(t.Precision + 1)
	case catalog.KindVarchar, catalog.KindChar:
		t.Length = 1 + r.IntN(255)
	case catalog.KindArray:
		e := randomType(r, depth+1)
		t.Elem = &e
	case catalog.KindMap:
		e := randomType(r, depth+1)
		t.Key, t.Elem = &catalog.Type{Kind: catalog.KindString}, &e
	case catalog.KindStruct:
		t.Fields = randomFields(r, depth+1)
	}
	return t
}

func randomFields(r *rand.Rand, depth int) []catalog.Field {
	words := []string{"a", "order", "timestamp", "x1", "group", "date", "value", "element", "key", "user_id", "end", "table"}
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	var fs []catalog.Field
	for _, w := range words[:1+r.IntN(5)] {
		fs = append(fs, catalog.Field{Name: w, Type: randomType(r, depth)})
	}
	return fs
}

// plain writes a type so that spelling does not count.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "`", "").Replace(s))
}

func TestDDLBySQLGlot(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	var tables []*catalog.Table
	var statements []string
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		fields := append(randomFields(r, 0), catalog.Field{Name: "ts", Type: catalog.Type{Kind: catalog.KindTimestamp}}, catalog.Field{Name: "n", Type: catalog.Type{Kind: catalog.KindBigInt}})
		opts := &catalog.TableOptions{
			Location: "s3://lake/raw/t/", Format: []catalog.Format{catalog.FormatParquet, catalog.FormatJSON, catalog.FormatCSV}[seed%3],
			PartitionBy:  catalog.By(catalog.Day("ts").As("dt"), catalog.Bucket("n", 4).As("b")),
			ProjectSince: catalog.NewDate(2024, time.January, 1),
		}
		tab, err := catalog.New("db.t", fields, opts)
		if err != nil {
			t.Fatal(seed, err)
		}
		sql, err := tab.DDL()
		if err != nil {
			t.Fatal(seed, err)
		}
		tables, statements = append(tables, tab), append(statements, sql)
	}
	path := filepath.Join(t.TempDir(), "ddl.json")
	data, err := json.Marshal(statements)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var read []struct {
		Columns    [][2]string
		Keys       []string
		Properties map[string]string
		Location   string
	}
	ask(t, "ddl", path, &read)
	if len(read) != len(tables) {
		t.Fatalf("%d statements were read, want %d", len(read), len(tables))
	}
	for i, got := range read {
		tab := tables[i]
		var want, have []string
		for _, f := range tab.Fields() {
			want = append(want, f.Name+" "+plain(f.Type.String()))
		}
		for _, c := range got.Columns {
			have = append(have, c[0]+" "+plain(c[1]))
		}
		for _, p := range tab.Partitions() {
			want = append(want, "by "+p.Name+plain(p.Type.String()))
		}
		for _, k := range got.Keys {
			have = append(have, "by "+plain(k))
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Fatalf("sqlglot reads other columns (-table +sqlglot):\n%s\n%s", diff, statements[i])
		}
		params := tab.Parameters()
		delete(params, "EXTERNAL")
		if diff := cmp.Diff(params, got.Properties); diff != "" || got.Location != tab.Location() {
			t.Fatalf("sqlglot reads other properties (-table +sqlglot):\n%s\n%s", diff, statements[i])
		}
	}
}

// randomValue writes a value for a shape that is fixed by the seed, or null.
func randomValue(r *rand.Rand, shape catalog.Type) string {
	if r.IntN(6) == 0 {
		return "null"
	}
	var parts []string
	switch shape.Kind {
	case catalog.KindBoolean:
		return []string{"true", "false"}[r.IntN(2)]
	case catalog.KindBigInt:
		return fmt.Sprint(r.Int64() - r.Int64())
	case catalog.KindDouble:
		return fmt.Sprintf("%d.%d", r.IntN(2000)-1000, r.IntN(1000))
	case catalog.KindDate:
		return fmt.Sprintf(`"20%02d-0%d-1%d"`, r.IntN(100), 1+r.IntN(9), r.IntN(10))
	case catalog.KindTimestamp:
		return fmt.Sprintf(`"20%02d-0%d-1%dT1%d:00:5%dZ"`, r.IntN(100), 1+r.IntN(9), r.IntN(10), r.IntN(10), r.IntN(10))
	case catalog.KindArray:
		for range 1 + r.IntN(3) {
			parts = append(parts, randomValue(r, *shape.Elem))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case catalog.KindStruct:
		for _, f := range shape.Fields {
			if r.IntN(5) > 0 {
				parts = append(parts, fmt.Sprintf("%q: %s", f.Name, randomValue(r, f.Type)))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return []string{`"x\"y"`, `"größe\u00e9"`, `"a b"`}[r.IntN(3)]
}

func randomShape(r *rand.Rand, depth int) catalog.Type {
	kinds := []catalog.Kind{catalog.KindBoolean, catalog.KindBigInt, catalog.KindDouble, catalog.KindString, catalog.KindDate, catalog.KindTimestamp}
	if depth < 3 {
		kinds = append(kinds, catalog.KindArray, catalog.KindStruct)
	}
	t := catalog.Type{Kind: kinds[r.IntN(len(kinds))]}
	if depth == 0 {
		t.Kind = catalog.KindStruct
	}
	switch t.Kind {
	case catalog.KindArray:
		e := randomShape(r, depth+1)
		t.Elem = &e
	case catalog.KindStruct:
		for i := range 1 + r.IntN(5) {
			t.Fields = append(t.Fields, catalog.Field{Name: fmt.Sprintf("f%d", i), Type: randomShape(r, depth+1)})
		}
	}
	return t
}

func writeRecords(t *testing.T, seed uint64) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 9))
	shape := randomShape(r, 0)
	var b bytes.Buffer
	for b.Len() == 0 || r.IntN(120) > 0 {
		row := randomValue(r, shape)
		if row == "null" {
			row = "{}"
		}
		b.WriteString(row + "\n")
	}
	return b.Bytes()
}

func TestInferByDuckDB(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	dir := t.TempDir()
	got := map[string]map[string]string{}
	for seed := range uint64(30) {
		data := writeRecords(t, seed)
		if bytes.Count(data, []byte("\n")) < 30 {
			continue
		}
		name := fmt.Sprintf("%d.json", seed)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := catalog.InferJSON(bytes.NewReader(data), &catalog.InferOptions{Times: true})
		if err != nil {
			t.Fatal(seed, err)
		}
		got[name] = map[string]string{}
		for _, f := range found.Fields {
			got[name][f.Name] = f.Type.String()
		}
	}
	if len(got) < 10 {
		t.Errorf("only %d files are compared", len(got))
	}
	var want map[string]map[string]string
	ask(t, "infer", dir, &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by file (-DuckDB +lakekit):\n%s", diff)
	}
}

// What was inferred must take the records that it was inferred from, all of them.
func TestInferredSchemasTakeTheirRecords(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		data := writeRecords(t, seed)
		found, err := catalog.InferJSON(bytes.NewReader(data), &catalog.InferOptions{Times: true})
		if err != nil {
			continue // no record has a key
		}
		schema, err := column.NewSchema(found.Fields)
		if err != nil {
			t.Fatal(seed, err)
		}
		p, err := jsoncol.New(schema)
		if err != nil {
			t.Fatal(seed, err)
		}
		for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			if _, err := p.Append(line); err != nil {
				t.Fatalf("seed %d, line %d: %v\n%s", seed, i+1, err, line)
			}
		}
	}
}

func TestInferParquetOfPyarrow(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	dir := t.TempDir()
	var want map[string]map[string]string
	ask(t, "parquet", dir, &want)
	for name, columns := range want {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		found, err := catalog.InferParquet(f, info.Size())
		if err != nil {
			t.Fatal(name, err)
		}
		got := map[string]string{}
		for _, c := range found.Fields {
			got[c.Name] = c.Type.String()
			if c.JSON != strings.ToUpper(c.Name) {
				t.Errorf("%s: column %s forgets that the file says %s", name, c.Name, strings.ToUpper(c.Name))
			}
		}
		if diff := cmp.Diff(columns, got); diff != "" || found.Records != 2 {
			t.Errorf("%s, %d rows (-pyarrow +lakekit):\n%s", name, found.Records, diff)
		}
	}
}

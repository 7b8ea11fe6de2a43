package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/lakekit/lakekit/local/duckdb"
)

// shell runs the command as a shell does.
type shell struct {
	code        int
	out, errors string
}

func sh(t *testing.T, stdin string, args ...string) shell {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), &env{strings.NewReader(stdin), &out, &errs}, args)
	return shell{code, out.String(), errs.String()}
}

// must wants success.
func must(t *testing.T, s shell) string {
	t.Helper()
	if s.code != 0 {
		t.Fatalf("exit code %d: %s", s.code, s.errors)
	}
	return s.out
}

// landed is the summary of `land -json`.
func landed(t *testing.T, s shell) summary {
	t.Helper()
	var sum summary
	if err := json.Unmarshal([]byte(must(t, s)), &sum); err != nil {
		t.Fatalf("%v: %s", err, s.out)
	}
	return sum
}

func needSQL(t *testing.T) {
	t.Helper()
	if !duckdb.Available {
		t.Skip("running SQL needs DuckDB, which needs cgo and a C++ compiler")
	}
}

const orders = "testdata/orders.ndjson"

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage: lakekit COMMAND"},
		{[]string{"nonsense"}, 2, `there is no command "nonsense"`},
		{[]string{"-h"}, 0, ""},
		{[]string{"land", "-h"}, 0, ""},
		{[]string{"land", "-nonsense"}, 2, "flag provided but not defined"},
		{[]string{"land", orders}, 2, "-table is missing"},
		{[]string{"land", "-table", "orders", orders}, 2, "is not written database.table"},
		{[]string{"land", "-table", "shop.orders"}, 2, "no FILE is named"},
		{[]string{"land", "-table", "shop.orders", "-format", "avro", orders}, 2, `-format "avro" is unknown`},
		{[]string{"query"}, 2, "the SQL is missing"},
		{[]string{"query", "SELECT 1", "x"}, 2, "one argument too many"},
		{[]string{"query", "-json", "-csv", "SELECT 1"}, 2, "contradict"},
		{[]string{"query", "-output", "results", "SELECT 1"}, 2, "s3://bucket/folder/"},
		{[]string{"query", " "}, 2, "the SQL is empty"},
		{[]string{"local", "x"}, 2, "one argument too many"},
		{[]string{"kinesis"}, 2, `there is no command "kinesis"`},
		{[]string{"kinesis", "nonsense"}, 2, `there is no command "kinesis nonsense"`},
		{[]string{"kinesis", "size", "-h"}, 0, ""},
		{[]string{"kinesis", "size"}, 2, "-records-per-sec is missing"},
		{[]string{"kinesis", "size", "-records-per-sec", "1"}, 2, "-bytes-per-record is missing"},
		{[]string{"kinesis", "size", "-stream", "s", orders}, 2, "contradict"},
		{[]string{"kinesis", "size", "-records-per-sec", "1", "-bytes-per-record", "1", "-last", "1m"}, 2, "-last goes with -stream"},
		{[]string{"kinesis", "size", "-records-per-sec", "1", "-bytes-per-record", "1", "-key", "k"}, 2, "-key goes with FILE"},
		{[]string{"kinesis", "size", "-records-per-sec", "1", "-bytes-per-record", "1", "-aws"}, 2, "go with -stream"},
		{[]string{"kinesis", "lag", "-stream", "s"}, 2, "-app is missing"},
		{[]string{"kinesis", "lag", "-app", "a"}, 2, "-stream is missing"},
		{[]string{"kinesis", "lag", "x"}, 2, "one argument too many"},
		{[]string{"local", "-mem", "-dir", "x"}, 2, "contradict"},
	} {
		got := sh(t, "", c.args...)
		if got.code != c.code || !strings.Contains(got.errors, c.want) || c.code == 0 && !strings.Contains(got.out, "usage: lakekit") {
			t.Errorf("%q: exit code %d, %q, %q; want %d and %q", c.args, got.code, got.out, got.errors, c.code, c.want)
		}
	}
}

func TestLandThenQuery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sum := landed(t, sh(t, "", "land", "-dir", dir, "-table", "shop.orders", "-time", "at", "-key", "user", "-json", orders))
	sum.Seconds, sum.Bytes = 0, 0
	want := summary{
		Table: "shop.orders", Location: "s3://lake/raw/shop/orders/", Records: 3, Rows: 3, Files: 2,
		Notes: []string{"price: it is a whole number, then a fraction: double (line 2, 1)"},
	}
	if diff := cmp.Diff(want, sum); diff != "" {
		t.Error(diff)
	}
	// The second file's prices are whole, it has a column more, and one less.
	text := must(t, sh(t, "", "land", "-dir", dir, "-table", "shop.orders", "-time", "at", "testdata/more.ndjson"))
	if !strings.HasPrefix(text, "shop.orders: 1 record, 1 row in 1 file (") {
		t.Error(text)
	}

	refused := sh(t, "", "query", "-dir", dir, "SELECT order_id FROM shop.orders WHERE at >= DATE '2026-05-25'")
	const rewrite = "SELECT order_id\nFROM shop.orders\nWHERE at >= DATE '2026-05-25' AND dt >= '2026-05-25'"
	if refused.code != 1 || refused.out != "" || !strings.Contains(refused.errors, "is not bounded") || !strings.Contains(refused.errors, rewrite) {
		t.Errorf("an unbounded query: %+v", refused)
	}
	for sql, why := range map[string]string{
		"SELEC 1": `found "SELEC"`,
		"SELECT * FROM shop.orders o JOIN shop.orders p ON true": "does not take JOIN (-unbounded runs it as it is)",
		"SELECT * FROM shop.nothing":                             "shop.nothing",
	} {
		if got := sh(t, "", "query", "-dir", dir, sql); got.code != 1 || got.out != "" || !strings.Contains(got.errors, why) {
			t.Errorf("%s: %+v", sql, got)
		}
	}

	needSQL(t)
	const all = "SELECT * FROM shop.orders WHERE dt >= '2026-05-24' ORDER BY order_id"
	for _, c := range []struct{ flag, want string }{
		{"-csv", `order_id,user,at,items,price,paid,note,coupon,dt
o1,ann,2026-05-24 09:15:00.000,3,19.5,true,"",,2026-05-24
o2,bob,2026-05-24 23:59:59.000,1,7.0,false,"a, ""b""",,2026-05-24
o3,ann,2026-05-25 00:00:00.000,12,120.25,true,,,2026-05-25
o4,cho,2026-05-26 08:00:00.000,2,4.0,true,,MAY,2026-05-26
`},
		{"-json", `{"order_id":"o1","user":"ann","at":"2026-05-24 09:15:00.000","items":3,"price":19.5,"paid":true,"note":"","coupon":null,"dt":"2026-05-24"}
{"order_id":"o2","user":"bob","at":"2026-05-24 23:59:59.000","items":1,"price":7.0,"paid":false,"note":"a, \"b\"","coupon":null,"dt":"2026-05-24"}
{"order_id":"o3","user":"ann","at":"2026-05-25 00:00:00.000","items":12,"price":120.25,"paid":true,"note":null,"coupon":null,"dt":"2026-05-25"}
{"order_id":"o4","user":"cho","at":"2026-05-26 08:00:00.000","items":2,"price":4.0,"paid":true,"note":null,"coupon":"MAY","dt":"2026-05-26"}
`},
	} {
		got := sh(t, "", "query", "-dir", dir, c.flag, all)
		if diff := cmp.Diff(c.want, must(t, got)); diff != "" {
			t.Errorf("%s: %s", c.flag, diff)
		}
		if !strings.Contains(got.errors, "4 rows; ") || !strings.Contains(got.errors, "on Athena 10 MB are billed: $0.000050 ($5 per TB scanned (*, as of ") {
			t.Errorf("%s: %s", c.flag, got.errors)
		}
	}
	count := must(t, sh(t, "SELECT count(*) AS n, sum(price) AS total FROM shop.orders", "query", "-dir", dir, "-unbounded", "-"))
	if diff := cmp.Diff("n   total\n-  ------\n4  150.75\n", count); diff != "" {
		t.Error(diff)
	}
	if got := sh(t, "", "query", "-dir", dir, "SELECT 1 AS one"); must(t, got) != "one\n---\n  1\n" || !strings.Contains(got.errors, "1 row; 0 bytes scanned; on Athena 10 MB are billed at most, a query's least (AWS does not say") {
		t.Errorf("what scans nothing: %+v", got)
	}
	bounded := rewrite + " ORDER BY order_id"
	if out := must(t, sh(t, "", "query", "-dir", dir, "-csv", bounded)); out != "order_id\no3\no4\n" {
		t.Errorf("the rewritten statement gives %q", out)
	}
	if got := sh(t, "", "query", "-dir", dir, "SELECT nope FROM shop.orders WHERE dt = '2026-05-24'"); got.code != 1 || !strings.Contains(got.errors, "COLUMN_NOT_FOUND") {
		t.Errorf("a column that is not there: %+v", got)
	}
}

func TestLandByteOrderMark(t *testing.T) {
	t.Parallel()
	if s := landed(t, sh(t, "\xef\xbb\xbf{\"a\":1}\n", "land", "-dir", t.TempDir(), "-table", "web.bom", "-json", "-")); s.Rows != 1 || s.Rejected != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLandKeepsKeysApart lands files whose keys want the same column names, in another order
// each time: a key stays with the column that the table gave it first.
func TestLandKeepsKeysApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, record := range []string{
		`{"A":1,"ts":"2026-05-24T10:00:00Z","x y":1,"x_y":2,"x-y":3}`,
		`{"ts":"2026-05-26T10:00:00Z","x-y":30,"x_y":20,"x y":10}`,
		`{"x_y":222,"ts":"2026-05-25T10:00:00Z"}`,
		`{"x.y":4,"a":7,"ts":"2026-05-27T10:00:00Z"}`,
	} {
		landed(t, sh(t, record+"\n", "land", "-dir", dir, "-table", "web.c", "-time", "ts", "-json", "-"))
	}
	if !duckdb.Available {
		t.Skip("built without cgo: there is no engine")
	}
	got := must(t, sh(t, "", "query", "-dir", dir, "-csv", "SELECT a, x_y, x_y_2, x_y_3, x_y_4 FROM web.c WHERE dt >= '2026' ORDER BY dt"))
	if want := "a,x_y,x_y_2,x_y_3,x_y_4\n1,1,2,3,\n,,222,,\n,10,20,30,\n7,,,,4\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestDDL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	landed(t, sh(t, "", "land", "-dir", dir, "-table", "shop.orders", "-json", orders))
	if got := sh(t, "", "query", "-dir", dir, "DROP TABLE shop.orders"); got.code != 1 || !strings.Contains(got.errors, "-unbounded runs it") {
		t.Errorf("a table is dropped without being asked twice: %+v", got)
	}
	got := sh(t, "", "query", "-dir", dir, "-unbounded", "DROP TABLE shop.orders")
	if must(t, got) != "ok\n" || got.errors != "" {
		t.Errorf("%+v", got)
	}
	if got := sh(t, "", "query", "-dir", dir, "SELECT * FROM shop.orders"); got.code != 1 {
		t.Errorf("the table is still there: %+v", got)
	}
}

func TestLandCompressedAndStandardInput(t *testing.T) {
	t.Parallel()
	plain, err := os.ReadFile(orders)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pack := func(name string, w func(io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		z := w(&b)
		if _, err := z.Write(bytes.TrimSuffix(plain, []byte("\n"))); err != nil { // without its last newline
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gz := pack("a.gz", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	zst := pack("a.zst", func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	})
	lake := filepath.Join(dir, "lake")
	sum := landed(t, sh(t, string(plain), "land", "-dir", lake, "-table", "shop.orders", "-json", gz, zst, "-"))
	if sum.Records != 9 || sum.Rows != 9 || sum.Rejected != 0 {
		t.Errorf("%+v", sum)
	}
	if err := os.WriteFile(gz, []byte("\x1f\x8b broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sh(t, "", "land", "-dir", lake, "-table", "shop.broken", gz); got.code != 1 || !strings.Contains(got.errors, gz) {
		t.Errorf("a broken file: %+v", got)
	}
}

func TestLandComplains(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	landed(t, sh(t, "", "land", "-dir", dir, "-table", "shop.orders", "-time", "at", "-json", orders))
	for _, c := range []struct {
		name, stdin, want string
		args              []string
	}{
		{"a field that no record has", "", "-time when: no record has such a field (they have order_id, user, at, ", []string{"-table", "shop.new", "-time", "when", orders}},
		{"a field that is no time", "", "-time user: the records have it as string", []string{"-table", "shop.new", "-time", "user", orders}},
		{"a time that is none", "{\"at\":\"2026-05-24\"}\n{\"at\":null}\n{\"at\":\"soon\"}\n", "(the first that is not: standard input, line 3)", []string{"-table", "shop.new", "-time", "at", "-"}},
		{"a partition without a function", "", "country=identity(country)", []string{"-table", "shop.new", "-partition", "user", orders}},
		{"partitions that do not parse", "", "-partition: ", []string{"-table", "shop.new", "-partition", "dt=decade(at)", orders}},
		{"no such file", "", "nothing.ndjson", []string{"-table", "shop.new", "nothing.ndjson"}},
		{"a folder", "", "testdata is a folder", []string{"-table", "shop.new", "testdata"}},
		{"no records", "\n\n", "there are no records", []string{"-table", "shop.new", "-"}},
		{"standard input twice", "", "can be read once", []string{"-table", "shop.new", "-", "-"}},
		{"other partitions", "", "partitions (dt string) -> ()", []string{"-table", "shop.orders", orders}},
		{"other types", `{"items":"three","at":"2026-05-24T09:15:00Z"}`, "items bigint -> string", []string{"-table", "shop.orders", "-time", "at", "-"}},
	} {
		got := sh(t, c.stdin, append([]string{"land", "-dir", dir}, c.args...)...)
		if got.code != 1 || got.out != "" || !strings.Contains(got.errors, c.want) {
			t.Errorf("%s: %+v; want %q", c.name, got, c.want)
		}
	}
}

func TestLandRejectsRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := sh(t, "{\"a\":1}\n{\"a\":\n{\"a\":2}\n", "land", "-dir", dir, "-table", "shop.some", "-")
	out := must(t, got)
	if !strings.HasPrefix(out, "shop.some: 3 records, 2 rows in 1 file") || !strings.Contains(out, "1 rejected record, with the reasons, in s3://lake/raw/shop/some_errors/") {
		t.Error(out)
	}
	if got.errors != "" {
		t.Error(got.errors)
	}
}

func TestLandRefusesWhatAStreamDoesNotTake(t *testing.T) {
	t.Parallel()
	stdin := "{\"a\":1}\n{\"a\":2,\"b\":\"" + strings.Repeat("x", maxRecord) + "\"}\n{\"a\":3}\n"
	got := sh(t, stdin, "land", "-dir", t.TempDir(), "-table", "shop.some", "-")
	if got.code != 1 || !strings.HasPrefix(got.out, "shop.some: 2 records, 2 rows in 1 file (") ||
		!strings.Contains(got.errors, "standard input: line 2: key and record are ") || !strings.Contains(got.errors, "not in the table: 1 record\n") {
		t.Errorf("%+v", got)
	}
}

// interrupter cancels when something is written to it.
type interrupter struct {
	bytes.Buffer
	cancel func()
}

func (i *interrupter) Write(p []byte) (int, error) {
	i.cancel()
	return i.Buffer.Write(p)
}

// TestLandInterrupted is interrupted by its own complaint about the second record.
func TestLandInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	stdin := "{\"a\":1}\n{\"a\":2,\"b\":\"" + strings.Repeat("x", maxRecord) + "\"}\n{\"a\":3}\n"
	var out bytes.Buffer
	errs := &interrupter{cancel: cancel}
	code := run(ctx, &env{strings.NewReader(stdin), &out, errs}, []string{"land", "-dir", dir, "-table", "shop.some", "-"})
	if code != 1 || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted: ") || !strings.Contains(errs.String(), "in the table") {
		t.Errorf("exit code %d, %q, %q", code, out.String(), errs.String())
	}
	// The lake is let go of, and what is left of the stream is no obstacle.
	if sum := landed(t, sh(t, "{\"a\":4}", "land", "-dir", dir, "-table", "shop.some", "-json", "-")); sum.Records != 1 || sum.Rows != 1 {
		t.Errorf("%+v", sum)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if got := sh(t, "", "local", "-mem", "-listen", taken.Addr().String()); got.code != 1 || got.out != "" || !strings.Contains(got.errors, "in use") {
		t.Errorf("a port in use: %+v", got)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, &env{strings.NewReader(""), write, &errs}, []string{"local", "-mem", "-listen", "127.0.0.1:0"})
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready http://")
	if !ok {
		t.Fatalf("it says %q", line)
	}
	conn, err := net.Dial("tcp", url)
	if err != nil {
		t.Errorf("it is not ready: %v", err)
	} else if err := conn.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// TestLandKeepsNoHalfOfTwoKeys lands keys that differ in case only: where one record has both, it is
// rejected, as one column cannot hold two values.
func TestLandKeepsNoHalfOfTwoKeys(t *testing.T) {
	t.Parallel()
	sum := landed(t, sh(t, "{\"id\":1}\n{\"ID\":2}\n{\"id\":3,\"ID\":4}\n", "land", "-dir", t.TempDir(), "-table", "web.c", "-json", "-"))
	if sum.Records != 3 || sum.Rows != 2 || sum.Rejected != 1 || len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "differ in case only are one column") {
		t.Errorf("%+v", sum)
	}
}

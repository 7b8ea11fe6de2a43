//go:build cgo

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the driver that writes the fixture

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/sqltext"
	"github.com/lakekit/lakekit/internal/trinosql"
	"github.com/lakekit/lakekit/local/internal/athena"
)

// rows is a [athena.Sink] that keeps a result as text: values joined by |, NULL as ∅.
type rows struct {
	columns []athena.Column
	lines   []string
}

func (r *rows) Columns(cs []athena.Column) error { r.columns = cs; return nil }

func (r *rows) Row(vs []*string) error {
	var out []string
	for _, v := range vs {
		if v == nil {
			out = append(out, "∅")
		} else {
			out = append(out, *v)
		}
	}
	r.lines = append(r.lines, strings.Join(out, "|"))
	return nil
}

// fixture writes two partitions of a table with DuckDB itself.
func fixture(t *testing.T) *athena.Job {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir := t.TempDir()
	job := &athena.Job{Now: time.Date(2026, 5, 24, 10, 30, 0, 0, time.UTC), Scratch: t.TempDir()}
	for day, rows := range map[string]string{
		"2026-05-24": `(1, 'a', 7, 2.50, 1.5, TIMESTAMP '2026-05-24 09:00:00', DATE '2026-05-24', true, [1,2], MAP{'k':1}, {'lat':1.0,'lon':-2.0}, 'ca'::BLOB),
			(2, 'b', -7, 0.05, -0.5, TIMESTAMP '2026-05-24 23:59:59.999', DATE '2026-01-01', false, [], MAP{}, {'lat':NULL,'lon':3.5}, NULL),
			(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
		"2026-05-25": `(4, 'a', 3, -1.25, 2.5, TIMESTAMP '2026-05-25 00:00:00', DATE '2026-05-25', true, [3], MAP{'k':5}, {'lat':9.0,'lon':9.0}, NULL)`,
	} {
		path := filepath.Join(dir, day+"'s.parquet")
		_, err := db.ExecContext(t.Context(), fmt.Sprintf(`COPY (SELECT id::BIGINT id, s::VARCHAR s, n::INTEGER n, d::DECIMAL(10,2) d, f::DOUBLE f, ts::TIMESTAMP ts, day::DATE AS day, ok::BOOLEAN ok, xs::INTEGER[] xs,
			m::MAP(VARCHAR,INTEGER) m, geo::STRUCT(lat DOUBLE, lon DOUBLE) geo, b::BLOB b FROM (VALUES %s) v(id,s,n,d,f,ts,day,ok,xs,m,geo,b)) TO %s (FORMAT PARQUET)`, rows, sqltext.Literal(path)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		meta, err := parquetmeta.Read(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		job.Files = append(job.Files, athena.File{Path: path, Partition: []string{day}, Meta: meta})
	}
	var fields []catalog.Field
	for _, f := range []struct{ name, typ string }{
		{"id", "bigint"},
		{"s", "string"},
		{"n", "int"},
		{"d", "decimal(10,2)"},
		{"f", "double"},
		{"ts", "timestamp"},
		{"day", "date"},
		{"ok", "boolean"},
		{"xs", "array<int>"},
		{"m", "map<string,int>"},
		{"geo", "struct<lat:double,lon:double>"},
		{"b", "binary"},
		{"later", "int"},
	} {
		typ, err := catalog.ParseType(f.typ)
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, catalog.Field{Name: f.name, Type: typ})
	}
	table, err := catalog.New("db.t", fields, &catalog.TableOptions{Location: "s3://lake/t/", PartitionBy: catalog.By(catalog.Day("ts").As("dt"))})
	if err != nil {
		t.Fatal(err)
	}
	job.Table = table
	return job
}

func run(ctx context.Context, e *engine, base *athena.Job, sql string) (*rows, error) {
	stmt, err := trinosql.Parse(sql)
	if err != nil {
		return nil, err
	}
	job := *base
	job.Query = stmt.(*trinosql.Query)
	if job.Query.Body.(*trinosql.Select).From == nil {
		job.Table = nil
	}
	if job.Scope, err = athena.NewScope(job.Query, job.Table); err != nil {
		return nil, err
	}
	paths, err := job.Scope.References(job.Query)
	if err != nil {
		return nil, err
	}
	job.Columns = job.Scope.Top(paths)
	out := &rows{}
	return out, e.Run(ctx, &job, out)
}

// TestAnswersAreAthenas has, for each statement, what Athena (Trino) answers, by its
// documentation; where DuckDB by itself answers something else, the note says what.
func TestAnswersAreAthenas(t *testing.T) {
	t.Parallel()
	job := fixture(t)
	e := newEngine()
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct{ sql, want string }{
		{"SELECT 7/2", "3"}, // 3.5
		{"SELECT -7/2, -7%2", "-3|-1"},
		{"SELECT 7.0/CAST(2 AS double)", "3.5"},
		{"SELECT 1e0/0", "Infinity"},
		{"SELECT concat('a', NULL)", "∅"}, // a
		{"SELECT 'a' || 'b'", "ab"},
		{"SELECT CAST(2.5e0 AS bigint), CAST(-2.5e0 AS bigint)", "3|-3"}, // 2
		{"SELECT CAST('12' AS integer), TRY_CAST('1.5' AS integer), TRY_CAST(' 1' AS integer)", "12|∅|∅"},
		{"SELECT DECIMAL '1.50' + 1, DECIMAL '1.50' * DECIMAL '0.1'", "2.50|0.150"},
		{"SELECT date_diff('hour', TIMESTAMP '2026-05-24 09:59:00', TIMESTAMP '2026-05-24 10:01:00')", "0"}, // 1
		{"SELECT date_diff('month', DATE '2026-01-31', DATE '2026-02-28'), date_diff('month', DATE '2026-01-31', DATE '2026-03-30')", "1|1"},
		{"SELECT current_date, now()", "2026-05-24|2026-05-24 10:30:00.000"},
		{"SELECT current_date - INTERVAL '3' DAY", "2026-05-21"}, // a timestamp
		{"SELECT date_add('month', 1, DATE '2026-01-31')", "2026-02-28"},
		{"SELECT date_trunc('hour', TIMESTAMP '2026-05-24 09:59:01'), date_trunc('month', DATE '2026-05-24')", "2026-05-24 09:00:00.000|2026-05-01"},
		{"SELECT day_of_week(DATE '2026-05-24'), year(DATE '2026-05-24'), EXTRACT(HOUR FROM TIMESTAMP '2026-05-24 09:59:01')", "7|2026|9"},
		{"SELECT substr('abc', 0), substr('abc', -2), substr('abc', 2, 1)", "|bc|b"}, // abc
		{"SELECT split_part('a-b', '-', 3), split_part('a-b', '-', 2)", "∅|b"},
		{"SELECT 1e10, 0.001e0, 1e-5, 123456.5e0, CAST(NULL AS double)", "1.0E10|0.001|1.0E-5|123456.5|∅"},
		{"SELECT if(1 = 2, 'x', 'y'), if(1 = 2, 'x'), coalesce(NULL, 2), nullif(1, 1)", "y|∅|2|∅"},
		{"SELECT CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "two"},
		{"SELECT count(*), count(s), count(DISTINCT s), sum(n), sum(d), avg(d), min(s), max(ts) FROM db.t", "4|3|2|3|1.30|0.43|a|2026-05-25 00:00:00.000"},
		{"SELECT avg(n), sum(f), count_if(ok), approx_distinct(s), bool_and(ok) FROM db.t", "1.0|3.5|2|2|false"},
		{"SELECT sum(n) FILTER (WHERE n > 0) FROM t", "10"},
		{"SELECT count_if(ok), count_if(n > 0) FILTER (WHERE n < 0) FROM t WHERE id = 3", "0|0"}, // NULL
		{"SELECT s, count(*) AS c FROM db.t GROUP BY s ORDER BY c DESC, s", "a|2\nb|1\n∅|1"},
		{"SELECT dt, count(*) FROM db.t GROUP BY 1 ORDER BY 1", "2026-05-24|3\n2026-05-25|1"},
		{"SELECT id FROM db.t WHERE dt = '2026-05-25'", "4"},
		{"SELECT t.id, t.geo.lat FROM db.t WHERE geo.lat > 0e0 ORDER BY id", "1|1.0\n4|9.0"},
		{"SELECT xs, m, geo, b FROM db.t WHERE id = 1", "[1, 2]|{k=1}|{lat=1.0, lon=-2.0}|63 61"},
		{"SELECT xs, m, geo, b FROM db.t WHERE id = 2", "[]|{}|{lat=null, lon=3.5}|∅"},
		{"SELECT xs[1], m['k'], element_at(xs, 9), element_at(m, 'x'), cardinality(xs), cardinality(m), contains(xs, 2) FROM db.t WHERE id = 1", "1|1|∅|∅|2|1|true"},
		{"SELECT json_format(CAST(geo AS json)), json_format(CAST(xs AS json)), json_format(CAST(m AS json)) FROM db.t WHERE id = 1", `{"lat":1.0,"lon":-2.0}|[1,2]|{"k":1}`},
		{"SELECT CAST(geo AS json), CAST(xs AS json), CAST(m AS json) FROM db.t WHERE id = 1", `{"lat":1.0,"lon":-2.0}|[1,2]|{"k":1}`}, // Go values
		{"SELECT later FROM db.t WHERE later IS NULL ORDER BY id LIMIT 1", "∅"},
		{"SELECT id FROM db.t WHERE s LIKE 'a%' AND day BETWEEN DATE '2026-05-01' AND DATE '2026-05-24'", "1"},
		{"SELECT id FROM db.t WHERE ts >= TIMESTAMP '2026-05-24 23:00:00' ORDER BY ts DESC OFFSET 1 LIMIT 1", "2"},
		{"SELECT id FROM db.t WHERE s IS DISTINCT FROM 'a' ORDER BY id", "2\n3"},
		{"SELECT n FROM db.t ORDER BY n DESC NULLS FIRST", "∅\n7\n3\n-7"},
		{"SELECT DISTINCT ok FROM db.t ORDER BY ok", "false\ntrue\n∅"},
		{"SELECT max_by(id, n), min_by(id, n) FROM db.t", "1|2"},
		{"SELECT CAST(ts AS varchar), CAST(d AS varchar), CAST(ok AS varchar) FROM db.t WHERE id = 1", "2026-05-24 09:00:00.000|2.50|true"},
		{"SELECT s FROM db.t GROUP BY s HAVING count(*) > 1", "a"},
	} {
		got, err := run(t.Context(), e, job, c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if text := strings.Join(got.lines, "\n"); text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, text, c.want)
		}
	}
}

func TestMistakesHaveAthenasNames(t *testing.T) {
	t.Parallel()
	job := fixture(t)
	e := newEngine()
	t.Cleanup(func() { _ = e.Close() })
	for _, c := range []struct{ sql, want string }{
		{"SELECT 1/0", "DIVISION_BY_ZERO"},
		{"SELECT n % 0 FROM db.t", "DIVISION_BY_ZERO"},
		{"SELECT nope FROM db.t", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"},
		{"SELECT geo.nope FROM db.t", "COLUMN_NOT_FOUND"},
		{"SELECT id FROM db.t WHERE dt >= 9", "TYPE_MISMATCH: line 1:27: Cannot apply operator: varchar >= integer"},
		{"SELECT id FROM db.t WHERE ts > '2026-05-24'", "TYPE_MISMATCH"},
		{"SELECT id FROM db.t WHERE s IN ('a', 1)", "TYPE_MISMATCH"},
		{"SELECT id FROM db.t WHERE n", "TYPE_MISMATCH"},
		{"SELECT s + 1 FROM db.t", "TYPE_MISMATCH"},
		{"SELECT lower(n) FROM db.t", "TYPE_MISMATCH"},
		{"SELECT sum(s) FROM db.t", "TYPE_MISMATCH"},
		{"SELECT d / 2 FROM db.t", "NOT_SUPPORTED"},
		{"SELECT soundex(s) FROM db.t", "the function soundex"},
		{"SELECT greatest(1, 2)", "the function greatest"},
		{"SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT"},
		{"SELECT CAST(s AS double) FROM db.t", "INVALID_CAST_ARGUMENT"},
		{"SELECT xs[5] FROM db.t", "INVALID_FUNCTION_ARGUMENT"},
		{"SELECT 9223372036854775807 + id FROM db.t", "NUMERIC_VALUE_OUT_OF_RANGE"},
		{"SELECT TIMESTAMP '2026-05-24 09:00:00 UTC'", "NOT_SUPPORTED"},
		{"SELECT DATE '2026-02-30'", "INVALID_LITERAL"},
	} {
		_, err := run(t.Context(), e, job, c.sql)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.sql, err, c.want)
		}
	}
}

func TestResultColumns(t *testing.T) {
	t.Parallel()
	job := fixture(t)
	e := newEngine()
	t.Cleanup(func() { _ = e.Close() })
	got, err := run(t.Context(), e, job, "SELECT id, s, n, d, f, ts, day, ok, xs, m, geo, b, dt, count(*), 1 AS one FROM db.t GROUP BY id, s, n, d, f, ts, day, ok, xs, m, geo, b, dt")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got.columns {
		names = append(names, fmt.Sprintf("%s %s(%d,%d)", c.Name, c.Type, c.Precision, c.Scale))
	}
	const want = "id bigint(19,0); s varchar(2147483647,0); n integer(10,0); d decimal(10,2); f double(17,0); ts timestamp(3,0); day date(0,0); ok boolean(0,0); " +
		"xs array(0,0); m map(0,0); geo row(0,0); b varbinary(2147483647,0); dt varchar(2147483647,0); _col13 bigint(19,0); one integer(10,0)"
	if s := strings.Join(names, "; "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestNoFilesNoRows(t *testing.T) {
	t.Parallel()
	job := fixture(t)
	job.Files = nil
	e := newEngine()
	t.Cleanup(func() { _ = e.Close() })
	got, err := run(t.Context(), e, job, "SELECT count(*), sum(n) FROM db.t WHERE dt = '2020-01-01'")
	if err != nil || strings.Join(got.lines, "\n") != "0|∅" {
		t.Errorf("%v %v", got, err)
	}
}

func TestContextEndsQuery(t *testing.T) {
	t.Parallel()
	job := fixture(t)
	for range 7 { // 4 rows to the power of 8 by repeating the files: enough to take a while
		job.Files = append(job.Files, job.Files...)
	}
	e := newEngine()
	t.Cleanup(func() { _ = e.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err := run(ctx, e, job, "SELECT count(DISTINCT s || CAST(id AS varchar)) FROM db.t")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	if _, err := run(t.Context(), e, job, "SELECT 1"); err != nil {
		t.Errorf("after a query that was ended: %v", err)
	}
}

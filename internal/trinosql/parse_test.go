package trinosql

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lakekit/lakekit/internal/golden"
)

// sameTree compares trees, apart from positions and from how identifiers were quoted.
var sameTree = cmp.Options{
	cmpopts.IgnoreTypes(Pos{}),
	cmpopts.IgnoreFields(Ident{}, "Quoted"),
}

func statements(tb testing.TB) map[string]string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "statements.json"))
	if err != nil {
		tb.Fatal(err)
	}
	m := map[string]string{}
	if err := json.Unmarshal(b, &m); err != nil {
		tb.Fatal(err)
	}
	return m
}

// TestStatements shows what becomes of a statement of each construct that Athena has.
func TestStatements(t *testing.T) {
	t.Parallel()
	all := statements(t)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		kind, err := Classify(all[name])
		if err != nil {
			t.Errorf("%s: classify: %v", name, err)
		}
		front := "trino"
		if kind.Hive() {
			front = "hive"
		}
		fmt.Fprintf(&b, "-- %s (%s, %s)\n", name, kind, front)
		stmt, err := Parse(all[name])
		var e *Error
		switch {
		case err == nil:
			fmt.Fprintf(&b, "%s\n", Format(stmt))
		case !errors.As(err, &e):
			t.Errorf("%s: the error is no *Error: %v", name, err)
		case e.Unsupported == "" && !kind.Hive():
			t.Errorf("%s: good SQL is called a mistake: %v", name, err)
		default:
			fmt.Fprintf(&b, "%v\n", err)
		}
	}
	golden.Check(t, "statements.golden", b.String())
}

// TestExpressions checks the canonical form; brackets in it show what binds how.
func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"a or b and not c = d", "a OR b AND NOT c = d"},
		{"(a or b) and c", "(a OR b) AND c"},
		{"(a and b) and c", "(a AND b) AND c"},
		{"not (not a)", "NOT NOT a"},
		{"(not a) = b", "(NOT a) = b"},
		{"not a = b", "NOT a = b"},
		{"a + b * c - d", "a + b * c - d"},
		{"(a + b) * c", "(a + b) * c"},
		{"a - (b - c)", "a - (b - c)"},
		{"a || b + c", "a || b + c"},
		{"(a || b) + c", "(a || b) + c"},
		{"- -1", "- -1"},
		{"a - -b", "a - -b"},
		{"-(a + b)", "-(a + b)"},
		{"-a at time zone 'UTC'", "-a AT TIME ZONE 'UTC'"},
		{"(-a) at time zone 'UTC'", "(-a) AT TIME ZONE 'UTC'"},
		{"a at time zone 'UTC' at time zone interval '3' hour", "a AT TIME ZONE 'UTC' AT TIME ZONE INTERVAL '3' HOUR"},
		{"a != b", "a <> b"},
		{"(a = b) = c", "(a = b) = c"},
		{"a IS NOT DISTINCT FROM b+1", "a IS NOT DISTINCT FROM b + 1"},
		{"a is not null", "a IS NOT NULL"},
		{"a not in (1, 2, x+1)", "a NOT IN (1, 2, x + 1)"},
		{"(a, b) in ((1, 2))", "ROW(a, b) IN (ROW(1, 2))"},
		{"a between 1 and 2 and b", "a BETWEEN 1 AND 2 AND b"},
		{"a between (b and c) and d", "a BETWEEN (b AND c) AND d"},
		{"a not like 'x!_%' escape '!'", "a NOT LIKE 'x!_%' ESCAPE '!'"},
		{"date '2026-05-24'", "DATE '2026-05-24'"},
		{"TIMESTAMP '2026-05-24 10:00:00 UTC'", "TIMESTAMP '2026-05-24 10:00:00 UTC'"},
		{"interval - '3' day", "INTERVAL -'3' DAY"},
		{"interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH"},
		{"interval + 1", `"interval" + 1`},
		{"decimal '1.5'", "DECIMAL '1.5'"},
		{"1.50 + .5 + 1. + 1e3", "1.50 + .5 + 1. + 1e3"},
		{"(1).x", "(1).x"},
		{"'it''s'", "'it''s'"},
		{`U&'\00e9\+01F600!' `, "'é😀!'"},
		{`U&'!00e9' uescape '!'`, "'é'"},
		{"x'65 683f'", "X'65683F'"},
		{"true and null is null", "TRUE AND NULL IS NULL"},
		{`"a""b".c['k'][1].d`, `"a""b".c['k'][1].d`},
		{`"select"`, `"select"`},
		{`"Upper"`, `"Upper"`},
		{"Upper", "Upper"},
		{"case a when 1 then 'x' else 'y' end", "CASE a WHEN 1 THEN 'x' ELSE 'y' END"},
		{"case when a then b end.f", "CASE WHEN a THEN b END.f"},
		{"cast(x as decimal(10,2))", "CAST(x AS decimal(10, 2))"},
		{"try_cast(x as row(a bigint, double, b array(map(varchar(3), timestamp(3) with time zone))))", "TRY_CAST(x AS row(a bigint, double, b array(map(varchar(3), timestamp(3) with time zone))))"},
		{"cast(x as bigint array)", "CAST(x AS array(bigint))"},
		{"cast(x as double precision)", "CAST(x AS double)"},
		{"cast(x as interval day to second)", "CAST(x AS interval day to second)"},
		{"count(*)", "count(*)"},
		{"count(distinct a) filter (where b > 0)", "count(DISTINCT a) FILTER (WHERE b > 0)"},
		{"array_agg(a order by b desc nulls first)", "array_agg(a ORDER BY b DESC NULLS FIRST)"},
		{"trim(a)", "trim(a)"},
		{"array[1, array[]]", "ARRAY[1, ARRAY[]]"},
		{"row(1, 'a')", "ROW(1, 'a')"},
		{"extract(year from a)", "EXTRACT(YEAR FROM a)"},
		{"current_timestamp(6) - current_date", "current_timestamp(6) - current_date"},
		{"a = ?", "a = ?"},
		{"a -- note\n + /* b */ c", "a + c"},
	} {
		e, err := ParseExpr(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		got := Format(e)
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
		again, err := ParseExpr(got)
		if err != nil {
			t.Errorf("%s: what was written does not parse: %v", got, err)
			continue
		}
		if diff := cmp.Diff(e, again, sameTree); diff != "" {
			t.Errorf("%s: another tree:\n%s", got, diff)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"select 1;", "SELECT 1"},
		{
			"select distinct country c, count(*) as \"views\" from \"web\".\"clicks_raw\" x where dt = '2026-05-24' and hr between '09' and '11' group by country having count(*) > 1 order by 2 desc nulls first, c asc offset 5 rows limit 10",
			"SELECT DISTINCT country AS c, count(*) AS \"views\"\nFROM \"web\".\"clicks_raw\" AS x\nWHERE dt = '2026-05-24' AND hr BETWEEN '09' AND '11'\nGROUP BY country\nHAVING count(*) > 1\nORDER BY 2 DESC NULLS FIRST, c\nOFFSET 5\nLIMIT 10",
		},
		{"select t.*, * from t limit all", "SELECT t.*, *\nFROM t"},
		{"select a from t group by (a, b), c", "SELECT a\nFROM t\nGROUP BY a, b, c"},
		{"select limit from offset limit ?", "SELECT limit\nFROM offset\nLIMIT ?"},
		{"select all a from t", "SELECT a\nFROM t"},
		{"select all from t", "SELECT \"all\"\nFROM t"},
		{"select a from c.d.t where a = ? and b = ?", "SELECT a\nFROM c.d.t\nWHERE a = ? AND b = ?"},
	} {
		s, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := Format(s); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
		roundTrip(t, s)
	}
}

func roundTrip(tb testing.TB, s Statement) {
	tb.Helper()
	text := Format(s)
	again, err := Parse(text)
	if err != nil {
		tb.Fatalf("what was written does not parse: %v\n%s", err, text)
	}
	if Format(again) != text {
		tb.Fatalf("what was written is written in another way the next time\n%s\n%s", text, Format(again))
	}
	if len(text) > 1000 { // cmp takes time that grows with the square of the depth
		return
	}
	if diff := cmp.Diff(s, again, sameTree); diff != "" {
		tb.Fatalf("another tree for\n%s\n%s", text, diff)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", "1:1: found the end of the statement, expected SELECT"},
		{"selec 1", `1:1: found "selec", expected SELECT`},
		{"SELECT * FROM", "1:14: found the end of the statement, expected the name of a table"},
		{"SELECT a FROM t\nWHERE a ==", `2:10: found "=", expected an expression`},
		{"SELECT a FROM t WHERE a = b = c", `1:29: found "=", expected a clause or the end of the statement`},
		{"SELECT 'abc", "1:8: the string that begins here has no closing '"},
		{"SELECT 1; SELECT 2", `1:11: found "SELECT", expected the end: Athena takes one statement at a time`},
		{"SELECT a FROM order", `1:15: found the reserved word "order", expected the name of a table (an identifier of that name is written "order")`},
		{"SELECT a FROM t LIMIT 'secret'", "1:23: found a string, expected a number of rows"},
		{"SELECT a FROM `t`", "1:15: found a backquote, Trino quotes identifiers with double quotes (backquotes are for DDL)"},
		{"SELECT é FROM t", `1:8: found 'é', which stands only in strings and quoted identifiers`},
		{"SELECT a.b.c.d FROM a.b.c.d", "1:21: the name of a table has at most 3 parts (catalog, database, table), this one has 4"},
		{"SELECT 1a", "1:8: an identifier that begins with a digit must be quoted"},
		{"SELECT X'0'", "1:8: a binary literal holds hexadecimal digits, two for each byte"},
		{"SELECT U&'\\00'", "1:8: an escape in the string is cut off: four hexadecimal digits, or + and six"},
		{"SELECT a /* b", "1:10: the comment that begins here has no end (*/)"},
		{"SELECT a + t.* FROM t", "1:12: found t.* inside of an expression; it stands only in a select list"},
		{"SELECT a FROM t WHERE t.*", "1:23: found t.* inside of an expression; it stands only in a select list"},
		{"SELECT \xff", "1:8: the statement is not valid UTF-8"},
		{"SELECT a FROM t JOIN u ON t.a = u.a", "1:17: this parser does not take JOIN"},
		{"SELECT a FROM t, u", "1:16: this parser does not take a second table in FROM"},
		{"SELECT a FROM (SELECT 1)", "1:15: this parser does not take a derived table"},
		{"SELECT a UNION SELECT b", "1:10: this parser does not take UNION"},
		{"SELECT (SELECT 1)", "1:9: this parser does not take a subquery"},
		{"SELECT x -> 1", "1:8: this parser does not take a lambda"},
		{"SELECT sum(a) OVER (ORDER BY b) FROM t", "1:15: this parser does not take OVER (a window)"},
		{"MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE", "1:1: this parser does not take MERGE statements"},
		{"SELECT (f)(x)", `1:11: found "(", expected a clause or the end of the statement`},
	} {
		_, err := Parse(c.in)
		if err == nil {
			t.Errorf("%s: no error", c.in)
			continue
		}
		if err.Error() != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, err, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"brackets": {"SELECT " + strings.Repeat("(", 100000), "nests deeper"},
		"not":      {"SELECT " + strings.Repeat("NOT ", 60000) + "a", "nests deeper"},
		"signs":    {"SELECT " + strings.Repeat("- ", 60000) + "a", "nests deeper"},
		"calls":    {"SELECT " + strings.Repeat("f(", 60000), "nests deeper"},
		"types":    {"SELECT CAST(a AS " + strings.Repeat("array(", 40000), "nests deeper"},
		"case":     {"SELECT " + strings.Repeat("CASE WHEN ", 20000), "nests deeper"},
		"and":      {"SELECT a" + strings.Repeat(" AND a", 40000), "chains more than"},
		"sum":      {"SELECT a" + strings.Repeat("+a", 40000), "chains more than"},
		"member":   {"SELECT a" + strings.Repeat(".a", 40000), "chains more than"},
		"bytes":    {"SELECT '" + strings.Repeat("x", MaxBytes) + "'", "Athena takes at most 262144"},
	} {
		if _, err := Parse(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	text := "SELECT a" + strings.Repeat(" + a", MaxChain-1)
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if Format(s) != text {
		t.Error("the longest chain is written in another way")
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	s, err := Parse("SELECT \"é\", 'ö' || b\n  FROM t")
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	Walk(s, func(n Node) bool {
		at[fmt.Sprintf("%T", n)] = fmt.Sprintf("%d:%d", n.Position().Line, n.Position().Col)
		return true
	})
	if at["*trinosql.Table"] != "2:8" {
		t.Errorf("the table is at %s", at["*trinosql.Table"])
	}
	if at["*trinosql.BinaryExpr"] != "1:13" {
		t.Errorf("the concatenation is at %s", at["*trinosql.BinaryExpr"])
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"(SELECT 1) UNION (SELECT 2)":                             "SELECT",
		"explain analyze select 1":                                "EXPLAIN ANALYZE",
		"EXPLAIN SELECT 1":                                        "EXPLAIN",
		"-- c\ncreate table x as select 1":                        "CREATE TABLE AS",
		"CREATE TABLE `as` (`as` string) LOCATION 's3://b/'":      "CREATE TABLE",
		"CREATE EXTERNAL TABLE t (a int COMMENT \"it\\\"s AS\") ": "CREATE TABLE",
		"CREATE OR REPLACE VIEW v AS SELECT 1":                    "CREATE VIEW",
		`SELECT '\'`:                                              "SELECT",
		`CREATE TABLE x WITH (location = 's3://b/\') AS SELECT 1`: "CREATE TABLE AS",
		"DESC t":                          "DESCRIBE",
		"SHOW TABLES":                     "SHOW",
		"UPDATE t SET a = 1":              "UPDATE",
		"DELETE FROM t":                   "DELETE",
		"create schema if not exists web": "CREATE DATABASE",
	} {
		kind, err := Classify(in)
		if err != nil || kind.String() != want {
			t.Errorf("%s: got %v, %v; want %s", in, kind, err, want)
		}
	}
	for in, want := range map[string]string{
		"":             "1:1: found the end of the statement, expected a statement that Athena knows, such as SELECT or CREATE TABLE",
		"GRANT a TO b": `1:1: found "GRANT", expected a statement that Athena knows, such as SELECT or CREATE TABLE`,
	} {
		if _, err := Classify(in); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}

// TestParseBound puts values in the place of question marks, each as one operand.
func TestParseBound(t *testing.T) {
	t.Parallel()
	values := []string{"1 + 2", "'a'' OR 1 = 1'"}
	s, err := ParseBound("SELECT ? * 3 FROM t WHERE a = ? LIMIT ?", func(p *Param) (Expr, error) {
		if p.N >= len(values) {
			return p, nil
		}
		return ParseExpr(values[p.N])
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Format(s), "SELECT (1 + 2) * 3\nFROM t\nWHERE a = 'a'' OR 1 = 1'\nLIMIT ?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := ParseBound("SELECT ?", func(*Param) (Expr, error) { return ParseExpr("1 +") }); err == nil {
		t.Error("a value that is no expression was taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range statements(f) {
		f.Add(s)
	}
	f.Add("SELECT CASE WHEN a THEN b END, x'00', U&'\\00e9', - - 1, (1).a[2], trim(x), interval '1' day FROM \"t\" GROUP BY (a, b)")
	f.Fuzz(func(t *testing.T, sql string) {
		_, _ = Classify(sql) // must not panic
		s, err := Parse(sql)
		var e *Error
		switch {
		case err == nil && len(Format(s)) > MaxBytes: // the canonical form may be longer
		case err == nil:
			roundTrip(t, s)
		case !errors.As(err, &e) || e.Line < 1 || e.Col < 1 || e.Msg == "":
			t.Fatalf("the error has no place: %v", err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const sql = `SELECT country, count(*) AS views FROM web.clicks_raw WHERE dt = '2026-05-24' AND hr BETWEEN '09' AND '11' GROUP BY country ORDER BY views DESC`
	b.ReportAllocs()
	b.SetBytes(int64(len(sql)))
	for b.Loop() {
		if _, err := Parse(sql); err != nil {
			b.Fatal(err)
		}
	}
}

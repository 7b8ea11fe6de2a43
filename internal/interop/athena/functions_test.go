package athena_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
)

// TestExpressions has what Trino's documentation and rules say of expressions, worked out by
// hand: type and text of the value, or the code of the error. A NULL is written NULL. What
// the local Athena does not run may be NOT_SUPPORTED, but never another value.
func TestExpressions(t *testing.T) {
	if !duckdb.Available {
		t.Skip("built without cgo: there is no engine")
	}
	begin := time.Date(2026, 5, 24, 23, 30, 0, 0, time.UTC)
	local.Test(t, begin, &local.Options{Athena: duckdb.Engine()}, func(t *testing.T, lake *local.Lake) {
		if _, err := awss3.NewFromConfig(lake.Config()).CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		client, err := athena.NewClient(lake.Config(), &athena.ClientOptions{Output: "s3://lake/results/"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range expressions() {
			if got := evaluate(t, client, c.sql); got != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
		}
	})
}

// evaluate gives the type and the value of an expression, or the code of its error.
func evaluate(t *testing.T, client *athena.Client, sql string) string {
	t.Helper()
	run, err := client.Run(t.Context(), athena.SQL("SELECT "+sql+" AS v"))
	var failed *athena.QueryError
	if errors.As(err, &failed) {
		code, _, _ := strings.Cut(failed.Reason, ":")
		return code
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	for row, err := range athena.Rows[athena.Row](t.Context(), run) {
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		value := "NULL"
		if v := row.Values[0]; v != nil {
			value = *v
		}
		return row.Columns[0].Type + " " + value
	}
	return "no row"
}

type expression struct{ sql, want string }

func expressions() []expression {
	return []expression{
		// Integers: division cuts off, its remainder has the dividend's sign, overflow fails.
		{"7 / 2", "integer 3"},
		{"-7 / 2", "integer -3"},
		{"7 / -2", "integer -3"},
		{"-7 % 3", "integer -1"},
		{"7 % -3", "integer 1"},
		{"1 / 0", "DIVISION_BY_ZERO"},
		{"1 % 0", "DIVISION_BY_ZERO"},
		{"1 / CAST(NULL AS integer)", "integer NULL"},
		{"2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"},
		{"CAST(2147483647 AS bigint) + 1", "bigint 2147483648"},
		{"9223372036854775807 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"},
		{"abs(-5)", "integer 5"},
		{"sign(-5)", "integer -1"},
		{"floor(5)", "integer 5"},
		{"ceil(5)", "integer 5"},
		{"round(5)", "integer 5"},
		// Doubles.
		{"7e0 / 2", "double 3.5"},
		{"1e0 / 0", "double Infinity"},
		{"-1e0 / 0", "double -Infinity"},
		{"0e0 / 0", "double NaN"},
		{"1e0 * 1e10", "double 1.0E10"},
		{"floor(-2.5e0)", "double -3.0"},
		{"ceiling(-2.5e0)", "double -2.0"},
		{"round(2.5e0)", "double 3.0"},
		{"round(-2.5e0)", "double -3.0"},
		{"round(2.345e0, 1)", "double 2.3"},
		{"sign(-2.5e0)", "double -1.0"},
		{"abs(-2.5e0)", "double 2.5"},
		{"sqrt(9)", "double 3.0"},
		{"sqrt(-1)", "double NaN"},
		{"sqrt(CAST(NULL AS double))", "double NULL"},
		{"power(2, 3)", "double 8.0"},
		{"exp(0)", "double 1.0"},
		// Decimals stay exact.
		{"1.10 + 2.2", "decimal(4,2) 3.30"},
		{"1.1 * 2.2", "decimal(4,2) 2.42"},
		{"0.1 + 0.2 = 0.3", "boolean true"},
		{"DECIMAL '1.50'", "decimal(3,2) 1.50"},
		{"round(2.5)", "decimal(2,0) 3"},
		{"floor(-2.5)", "decimal(2,0) -3"},
		{"ceil(99.95)", "decimal(3,0) 100"},
		{"abs(-2.5)", "decimal(2,1) 2.5"},
		{"sign(-2.5)", "decimal(1,0) -1"},
		{"9.9 + 9.9", "decimal(3,1) 19.8"},
		{"1.5 - 3", "decimal(12,1) -1.5"},
		{"round(-2.5)", "decimal(2,0) -3"},
		{"CAST(1.005 AS decimal(10,2))", "decimal(10,2) 1.01"},
		{"CAST(123.4 AS decimal(3,1))", "INVALID_CAST_ARGUMENT"},
		// NULL.
		{"1 + NULL", "NOT_SUPPORTED"},
		{"CAST(NULL AS bigint) = 1", "boolean NULL"},
		{"1 IN (2, NULL)", "boolean NULL"},
		{"1 IN (1, NULL)", "boolean true"},
		{"1 NOT IN (2, NULL)", "boolean NULL"},
		{"NULL IS NULL", "boolean true"},
		{"1 IS DISTINCT FROM NULL", "boolean true"},
		{"false AND CAST(NULL AS boolean)", "boolean false"},
		{"true OR CAST(NULL AS boolean)", "boolean true"},
		{"NOT CAST(NULL AS boolean)", "boolean NULL"},
		{"coalesce(NULL, 2, 3)", "integer 2"},
		{"nullif(1, 1)", "integer NULL"},
		{"if(false, 1)", "integer NULL"},
		{"if(true, 1, 2)", "integer 1"},
		{"CASE WHEN CAST(NULL AS boolean) THEN 1 ELSE 2 END", "integer 2"},
		{"CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "varchar b"},
		// Text. Athena turns no text into a number.
		{"'a' || 'b'", "varchar ab"},
		{"concat('a', CAST(NULL AS varchar))", "varchar NULL"},
		{"'a' || NULL", "varchar NULL"},
		{"substr(CAST(NULL AS varchar), 1)", "varchar NULL"},
		{"lower('ÄB') || upper('äb')", "varchar äbÄB"},
		{"length('héllo')", "bigint 5"},
		{"reverse('abc')", "varchar cba"},
		{"trim('  a ')", "varchar a"},
		{"ltrim('  a')", "varchar a"},
		{"rtrim('a  ')", "varchar a"},
		{"strpos('hello', 'l')", "bigint 3"},
		{"strpos('hello', 'x')", "bigint 0"},
		{"starts_with('hello', 'he')", "boolean true"},
		{"replace('a-b-c', '-')", "varchar abc"},
		{"replace('a-b-c', '-', '+')", "varchar a+b+c"},
		{"split_part('a,b,c', ',', 2)", "varchar b"},
		{"split_part('a,b,c', ',', 4)", "varchar NULL"},
		{"substr('hello', 2)", "varchar ello"},
		{"substr('hello', 2, 3)", "varchar ell"},
		{"substr('hello', -3)", "varchar llo"},
		{"substr('hello', -3, 2)", "varchar ll"},
		{"substr('hello', 0)", "varchar "},
		{"substr('hello', 9)", "varchar "},
		{"substr('hello', -9)", "varchar "},
		{"regexp_like('hello', 'l+')", "boolean true"},
		{"'hello' LIKE 'h_l%'", "boolean true"},
		{"'100%' LIKE '100#%' ESCAPE '#'", "boolean true"},
		{"'Hello' LIKE 'h%'", "boolean false"},
		{"'10' < '9'", "boolean true"},
		// Types that do not meet.
		{"'1' + 1", "TYPE_MISMATCH"},
		{"1 = '1'", "TYPE_MISMATCH"},
		{"1 IN ('1')", "TYPE_MISMATCH"},
		{"1 BETWEEN '0' AND '2'", "TYPE_MISMATCH"},
		{"DATE '2026-05-24' = '2026-05-24'", "TYPE_MISMATCH"},
		{"true AND 1", "TYPE_MISMATCH"},
		{"CASE WHEN true THEN 1 ELSE 'a' END", "TYPE_MISMATCH"},
		{"length(5)", "TYPE_MISMATCH"},
		{"sum('a')", "TYPE_MISMATCH"},
		{"year('2026')", "TYPE_MISMATCH"},
		// Conversions.
		{"CAST('12' AS integer)", "integer 12"},
		{"CAST('1.5' AS integer)", "INVALID_CAST_ARGUMENT"},
		{"TRY_CAST('1.5' AS integer)", "integer NULL"},
		{"CAST('abc' AS double)", "INVALID_CAST_ARGUMENT"},
		{"TRY_CAST('abc' AS date)", "date NULL"},
		{"CAST(2.5e0 AS integer)", "integer 3"},
		{"CAST(-2.5e0 AS integer)", "integer -3"},
		{"CAST(1.5 AS bigint)", "bigint 2"},
		{"CAST(300 AS tinyint)", "INVALID_CAST_ARGUMENT"},
		{"CAST(1.50 AS varchar)", "varchar 1.50"},
		{"CAST(true AS varchar)", "varchar true"},
		{"CAST(DATE '2026-05-24' AS varchar)", "varchar 2026-05-24"},
		{"CAST(TIMESTAMP '2026-05-24 09:30:00' AS varchar)", "varchar 2026-05-24 09:30:00.000"},
		{"CAST(TIMESTAMP '2026-05-24 09:30:00' AS date)", "date 2026-05-24"},
		{"date('2026-05-24')", "date 2026-05-24"},
		// Time. The bubble stands at 23:30 on 24 May 2026, a Sunday, and a little later.
		{"current_date", "date 2026-05-24"},
		{"date(now()) = current_date", "boolean true"},
		{"current_date - INTERVAL '7' DAY", "date 2026-05-17"},
		{"DATE '2026-01-31' + INTERVAL '1' MONTH", "date 2026-02-28"},
		{"TIMESTAMP '2026-05-24 23:30:00' + INTERVAL '1' HOUR", "timestamp 2026-05-25 00:30:00.000"},
		{"date_add('day', -1, DATE '2026-03-01')", "date 2026-02-28"},
		{"date_diff('day', DATE '2026-05-24', DATE '2026-05-26')", "bigint 2"},
		{"date_diff('hour', TIMESTAMP '2026-05-24 10:30:00', TIMESTAMP '2026-05-24 12:15:00')", "bigint 1"},
		{"date_diff('day', TIMESTAMP '2026-05-24 23:00:00', TIMESTAMP '2026-05-25 01:00:00')", "bigint 0"},
		{"date_trunc('week', DATE '2026-05-24')", "date 2026-05-18"},
		{"date_trunc('hour', TIMESTAMP '2026-05-24 09:45:10')", "timestamp 2026-05-24 09:00:00.000"},
		{"day_of_week(DATE '2026-05-24')", "bigint 7"},
		{"dow(DATE '2026-05-25')", "bigint 1"},
		{"day_of_year(DATE '2026-02-01')", "bigint 32"},
		{"doy(DATE '2026-01-01')", "bigint 1"},
		{"day_of_month(DATE '2026-05-24')", "bigint 24"},
		{"week(DATE '2026-01-01')", "bigint 1"},
		{"quarter(DATE '2026-05-24')", "bigint 2"},
		{"extract(YEAR FROM DATE '2026-05-24')", "bigint 2026"},
		{"month(DATE '2026-05-24') * 100 + day(DATE '2026-05-24')", "bigint 524"},
		{"hour(TIMESTAMP '2026-05-24 09:45:10') * 10000 + minute(TIMESTAMP '2026-05-24 09:45:10') * 100 + second(TIMESTAMP '2026-05-24 09:45:10')", "bigint 94510"},
		{"DATE '2026-05-24' < TIMESTAMP '2026-05-24 00:00:01'", "boolean true"},
		// Arrays.
		{"ARRAY[1, 2]", "array [1, 2]"},
		{"ARRAY[1, 2][2]", "integer 2"},
		{"ARRAY[1, 2][3]", "INVALID_FUNCTION_ARGUMENT"},
		{"element_at(ARRAY[1, 2], 3)", "integer NULL"},
		{"element_at(ARRAY[1, 2], -1)", "integer 2"},
		{"cardinality(ARRAY[1, 2])", "bigint 2"},
		{"contains(ARRAY['a', 'b'], 'b')", "boolean true"},
		{"contains(ARRAY[1, NULL], 2)", "boolean NULL"},
		{"contains(ARRAY[1, NULL], 1)", "boolean true"},
		{"contains(ARRAY[1, 2], 3)", "boolean false"},
		{"contains(ARRAY[1], 'a')", "TYPE_MISMATCH"},
		{"json_format(CAST(ARRAY[1, NULL] AS json))", "varchar [1,null]"},
		// Aggregates, over one row.
		{"count(*)", "bigint 1"},
		{"count(CAST(NULL AS integer))", "bigint 0"},
		{"sum(2147483647)", "bigint 2147483647"},
		{"sum(CAST(NULL AS integer))", "bigint NULL"},
		{"sum(1.10)", "decimal(38,2) 1.10"},
		{"avg(3)", "double 3.0"},
		{"avg(1.25)", "decimal(3,2) 1.25"},
		{"min('a') || max('b')", "varchar ab"},
		{"count_if(true)", "bigint 1"},
		{"approx_distinct(7)", "bigint 1"},
		{"bool_and(false)", "boolean false"},
		{"every(true)", "boolean true"},
		{"max_by('a', 1)", "varchar a"},
		{"stddev_pop(1)", "double 0.0"},
		{"variance(1)", "double NULL"},
		{"sum(5) FILTER (WHERE false)", "bigint NULL"},
		{"nosuch(1)", "NOT_SUPPORTED"},
	}
}

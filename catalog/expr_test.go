package catalog

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/trinosql"
)

func exprTable(tb testing.TB) *Table {
	tb.Helper()
	geo := Type{Kind: KindStruct, Fields: []Field{
		{Name: "lat", Type: Type{Kind: KindDouble}},
		{Name: "place", Type: Type{Kind: KindStruct, Fields: []Field{{Name: "order", Type: Type{Kind: KindString}}}}},
	}}
	t, err := New("web.geo", []Field{
		{Name: "country", Type: Type{Kind: KindString}},
		{Name: "device", Type: Type{Kind: KindVarchar, Length: 8}},
		{Name: "tiny", Type: Type{Kind: KindTinyInt}},
		{Name: "n", Type: Type{Kind: KindBigInt}},
		{Name: "f", Type: Type{Kind: KindFloat}},
		{Name: "d", Type: Type{Kind: KindDouble}},
		{Name: "price", Type: Type{Kind: KindDecimal, Precision: 10, Scale: 2}},
		{Name: "ok", Type: Type{Kind: KindBoolean}},
		{Name: "raw", Type: Type{Kind: KindBinary}},
		{Name: "day", Type: Type{Kind: KindDate}},
		{Name: "event_ts", Type: Type{Kind: KindTimestamp}},
		{Name: "geo", Type: geo},
		{Name: "tags", Type: Type{Kind: KindArray, Elem: &Type{Kind: KindString}}},
	}, &TableOptions{Location: "s3://lake/geo/", PartitionBy: By(Day("event_ts").As("dt"), Hour("event_ts").As("hr"))})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

type named string

// TestPredSQL checks the text, which the parser must take.
func TestPredSQL(t *testing.T) {
	t.Parallel()
	c := exprTable(t).Col
	at := time.Date(2026, 5, 24, 9, 0, 0, 0, time.FixedZone("", 2*3600))
	for _, tc := range []struct {
		p    Pred
		want string
	}{
		{c("country").Eq("US"), "country = 'US'"},
		{c("COUNTRY").Eq("US"), "country = 'US'"},
		{c("country").Eq(named("it's' OR '1'='1")), "country = 'it''s'' OR ''1''=''1'"},
		{c("country").Ne(""), "country <> ''"},
		{c("dt").Eq("2026-05-24"), "dt = '2026-05-24'"},
		{c("hr").Between("09", "11"), "hr BETWEEN '09' AND '11'"},
		{c("country").OneOf("DE", "AT"), "country IN ('DE', 'AT')"},
		{c("country").OneOf([]string{"DE", "AT"}), "country IN ('DE', 'AT')"},
		{c("country").Like("D_%"), "country LIKE 'D_%'"},
		{c("country").Eq(c("device")), "country = device"},
		{c("tiny").Lt(-128), "tiny < -128"},
		{c("n").Ge(uint8(7)), "n >= 7"},
		{c("n").Eq(int64(math.MinInt64)), "n = BIGINT '-9223372036854775808'"},
		{c("n").Le(c("d")), "n <= d"},
		{c("f").Gt(0.5), "f > REAL '0.5'"},
		{c("f").Gt(float32(0.1)), "f > REAL '0.1'"},
		{c("d").Gt(-0.1), "d > -1e-01"},
		{c("d").Eq(3), "d = 3e+00"},
		{c("price").Eq(NewDecimal(1999, 2)), "price = DECIMAL '19.99'"},
		{c("price").Eq(20), "price = 20"},
		{c("ok").Eq(true), "ok = TRUE"},
		{c("raw").Eq([]byte("eh?")), "raw = X'65683F'"},
		{c("day").Ge(NewDate(2026, 5, 24)), "day >= DATE '2026-05-24'"},
		{c("event_ts").Ge(at), "event_ts >= TIMESTAMP '2026-05-24 07:00:00'"},
		{c("event_ts").Lt(at.Add(time.Millisecond)), "event_ts < TIMESTAMP '2026-05-24 07:00:00.001'"},
		{c("event_ts").Lt(at.Add(time.Microsecond)), "event_ts < TIMESTAMP '2026-05-24 07:00:00.000001'"},
		{c("event_ts").Lt(at.Add(1)), "event_ts < TIMESTAMP '2026-05-24 07:00:00.000000001'"},
		{c("event_ts").In(at, at.Add(time.Hour)), "event_ts >= TIMESTAMP '2026-05-24 07:00:00' AND event_ts < TIMESTAMP '2026-05-24 08:00:00'"},
		{c("geo").Field("lat").IsNull(), "geo.geo.lat IS NULL"},
		{c("geo").Field("place").Field("order").IsNotNull(), `geo.geo.place."order" IS NOT NULL`},
		{c("tags").IsNotNull(), "tags IS NOT NULL"},
		{
			And(Or(c("n").Eq(1), c("n").Eq(2)), Not(c("ok").Eq(true)), And(c("d").IsNull(), Pred{})),
			"(n = 1 OR n = 2) AND NOT ok = TRUE AND d IS NULL",
		},
		{And(c("n").Eq(1), And(c("n").Eq(2), c("n").Eq(3))), "n = 1 AND n = 2 AND n = 3"},
		{Not(And(c("n").Eq(1), c("n").Eq(2))), "NOT (n = 1 AND n = 2)"},
		{And(), "TRUE"},
	} {
		if err := tc.p.Err(); err != nil {
			t.Errorf("%s: %v", tc.want, err)
			continue
		}
		if got := tc.p.String(); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
		if _, err := trinosql.ParseExpr(tc.p.String()); err != nil {
			t.Errorf("%s: %v", tc.p, err)
		}
	}
}

func TestPredErrors(t *testing.T) {
	t.Parallel()
	tbl := exprTable(t)
	c := tbl.Col
	now := time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC)
	var none *int
	for _, tc := range []struct {
		p    Pred
		want string
	}{
		{c("contry").Eq("US"), "contry: the table has no column of that name (it has country, device, tiny, n, f, d, price, ok, raw, day, event_ts, geo and 3 more)"},
		{c("geo").Field("lon").Eq(1), "geo: the struct has no member \"lon\" (it has lat, place)"},
		{c("country").Field("x").Eq(1), "country: a string has no member \"x\", only a struct has members"},
		{c("country").Eq(1), "country: a string is compared with a string, and the value is of Go's type int"},
		{c("country").Eq(nil), "country: nothing equals NULL: use IsNull or IsNotNull"},
		{c("n").Eq(none), "n: the value is a pointer (*int): give what it points to, or use IsNull"},
		{c("n").Eq("1"), "n: a bigint is compared with an integer, and the value is of Go's type string"},
		{c("n").Eq(1.5), "n: a bigint is compared with an integer, and the value is of Go's type float64"},
		{c("n").Eq(uint64(math.MaxUint64)), "n: 18446744073709551615 is too large for any integer column"},
		{c("n").Eq(time.Second), "n: the value is a time.Duration: give its number of the unit that the column counts"},
		{c("tiny").Eq(128), "tiny: 128 does not fit a tinyint (-128 to 127)"},
		{c("f").Eq(0.1), "f: 0.1 has more digits than a float: give float64(float32(x)) if the nearest float is meant"},
		{c("d").Eq(math.NaN()), "d: NaN is not a number that a column is compared with"},
		{c("d").Eq(int64(1)<<53 + 1), "d: 9007199254740993 has more digits than a double holds"},
		{c("price").Eq(19.99), "price: a decimal(10,2) is compared with a catalog.Decimal or an integer (a float would not be exact), and the value is of Go's type float64"},
		{c("ok").Eq("true"), "ok: a boolean is compared with a bool, and the value is of Go's type string"},
		{c("raw").Eq("x"), "raw: a binary is compared with a []byte, and the value is of Go's type string"},
		{c("day").Eq(now), "day: a date is compared with a catalog.Date (catalog.DateOf makes one of a time.Time), and the value is of Go's type time.Time"},
		{c("event_ts").Eq("2026-05-24"), "event_ts: a timestamp is compared with a time.Time, and the value is of Go's type string"},
		{c("event_ts").Eq(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "event_ts: year 10000 is out of range (1 to 9999)"},
		{c("event_ts").In(now, now), "event_ts: In takes the begin and the end of a span, and 2026-05-24T00:00:00Z is not before 2026-05-24T00:00:00Z"},
		{c("geo").Eq(1), "geo: struct<lat:double,place:struct<order:string>> is not compared with a value: use a member of it, or IsNull"},
		{c("tags").Like("x"), "tags: LIKE is for text, and this is array<string>"},
		{c("n").Eq(c("country")), "n: bigint is not compared with country, which is string"},
		{c("n").Eq(c("nope")), "n: nope: the table has no column of that name (it has country, device, tiny, n, f, d, price, ok, raw, day, event_ts, geo and 3 more)"},
		{c("n").OneOf(), "n: IN takes 1 or more values, not 0"},
		{Compare(c("n"), OpBetween, 1), "n: BETWEEN takes 2 values, not 1"},
		{Compare(c("n"), OpAnd, 1), "n: AND compares nothing"},
		{Not(Pred{}), "Not: there is no condition"},
		{Or(), "Or: there is no condition"},
		{Or(c("n").Eq(1), Pred{}), "Or: one of the conditions is empty"},
		{Column{}.Eq(1), "a Column is made by Table.Col, this one is empty"},
		{And(c("n").Eq("1"), Or(c("ok").Eq(1), c("ok").Eq(true))), "n: a bigint is compared with an integer, and the value is of Go's type string\nok: a boolean is compared with a bool, and the value is of Go's type int"},
		{c("n").Between("1", "2"), "n: a bigint is compared with an integer, and the value is of Go's type string\nn: a bigint is compared with an integer, and the value is of Go's type string"},
	} {
		switch err := tc.p.Err(); {
		case err == nil:
			t.Errorf("no error, want %s", tc.want)
		case err.Error() != tc.want:
			t.Errorf("got  %v\nwant %s", err, tc.want)
		}
		if tc.p.IsZero() {
			t.Errorf("%s: a wrong condition counts as none", tc.want)
		}
	}
}

// TestPredIsData reads a condition back.
func TestPredIsData(t *testing.T) {
	t.Parallel()
	tbl := exprTable(t)
	p := And(tbl.Col("n").Between(1, uint16(2)), Not(tbl.Col("country").Eq(tbl.Col("device"))))
	if p.Op() != OpAnd || len(p.Terms()) != 2 || p.Left() != nil {
		t.Fatalf("%v is no AND of two", p)
	}
	between := p.Terms()[0]
	if vs := between.Values(); between.Op() != OpBetween || vs[0] != int64(1) || vs[1] != int64(2) {
		t.Errorf("%v: values %v", between, vs)
	}
	var names []string
	for _, c := range p.Columns() {
		names = append(names, c.String())
		if c.Table() != tbl || c.IsPartition() {
			t.Errorf("%s is of table %v", c, c.Table())
		}
	}
	if got := strings.Join(names, " "); got != "n country device" {
		t.Errorf("columns %s", got)
	}
	if c := tbl.Col("hr"); !c.IsPartition() || c.Type().Kind != KindString || c.Name() != "hr" {
		t.Errorf("hr is %+v", c)
	}
	if got := strings.Join(tbl.Col("geo").Field("lat").Path(), "/"); got != "geo/lat" {
		t.Errorf("path %s", got)
	}
}

// FuzzPredString holds that no text ever leaves its literal.
func FuzzPredString(f *testing.F) {
	f.Add("it's")
	f.Add("' OR 1=1 --")
	f.Add("\\'")
	tbl := exprTable(f)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := trinosql.ParseExpr(tbl.Col("country").Eq(s).String())
		if err != nil {
			if strings.ToValidUTF8(s, "") == s && len(s) < trinosql.MaxBytes/2 {
				t.Fatal(err)
			}
			return
		}
		eq, ok := e.(*trinosql.BinaryExpr)
		if !ok {
			t.Fatalf("%q became a %T", s, e)
		}
		if l, ok := eq.R.(*trinosql.Literal); !ok || l.Kind != trinosql.String || l.Text != s {
			t.Fatalf("%q became %+v", s, eq.R)
		}
	})
}

func TestConst(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		v    any
		want string
	}{
		{named("it's"), "'it''s'"},
		{uint16(7), "7"},
		{int64(-7), "-7"},
		{1.5, "1.5e+00"},
		{true, "TRUE"},
		{[]byte{0xab}, "X'AB'"},
		{NewDecimal(-150, 2), "DECIMAL '-1.50'"},
		{NewDate(2026, 5, 24), "DATE '2026-05-24'"},
		{time.Date(2026, 5, 24, 9, 0, 0, 5e6, time.UTC), "TIMESTAMP '2026-05-24 09:00:00.005'"},
	} {
		c := Const(tc.v)
		if err := c.Err(); err != nil {
			t.Errorf("%v: %v", tc.v, err)
			continue
		}
		if got := trinosql.Format(c.Node()); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
	for _, v := range []any{nil, struct{}{}, new(int), math.Inf(1), uint64(math.MaxUint64), time.Second} {
		if Const(v).Err() == nil {
			t.Errorf("%T: no error", v)
		}
	}
	if (Constant{}).Err() == nil {
		t.Error("the zero Constant has no error")
	}
}

package athena_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/awswire"
)

func collect[T any](t *testing.T, f *fake) ([]T, error) {
	t.Helper()
	var out []T
	for v, err := range athena.Query[T](t.Context(), client(t, f, nil), athena.SQL("SELECT 1")) {
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}

type geo struct {
	Lat    float64         `json:"lat"`
	Seen   time.Time       `json:"seen"`
	Amount catalog.Decimal `json:"amount"`
	ID     int64           `json:"id"`
	Tags   []*string       `json:"tags"`
}

type base struct {
	Country string `json:"country"`
}

type everything struct {
	base
	OK      bool               `json:"ok"`
	Tiny    int8               `json:"tiny"`
	N       int64              `json:"n,omitempty"`
	U       uint32             `athena:"u" json:"other"`
	F       float32            `json:"f"`
	D       float64            `json:"d"`
	Price   catalog.Decimal    `json:"price"`
	Day     catalog.Date       `json:"day"`
	At      time.Time          `json:"at"`
	Zoned   time.Time          `json:"zoned"`
	Raw     []byte             `json:"raw"`
	IP      netip.Addr         `json:"ip"`
	Geo     geo                `json:"geo"`
	Geos    []geo              `json:"geos"`
	Map     map[int32]*float64 `json:"map"`
	Pair    [2]int             `json:"pair"`
	JSON    json.RawMessage    `json:"json"`
	Pointer *string            `json:"pointer"`
	Null    sql.Null[int64]    `json:"null"`
	Ignored string             `json:"-"`
	_       string
}

var everyColumn = []map[string]any{
	column("country", "varchar"), column("ok", "boolean"), column("tiny", "tinyint"), column("n", "bigint"), column("u", "integer"),
	column("f", "float"), column("D", "double"),
	{"Name": "price", "Type": "decimal", "Precision": 38, "Scale": 2},
	column("day", "date"), column("at", "timestamp"), column("zoned", "timestamp with time zone"), column("raw", "varbinary"),
	column("ip", "varchar"), column("geo", "varchar"), column("geos", "varchar"), column("map", "varchar"), column("pair", "varchar"),
	column("json", "varchar"), column("pointer", "varchar"), column("null", "bigint"),
}

func TestRows(t *testing.T) {
	t.Parallel()
	full := []any{
		"", "true", "-128", "9223372036854775807", "2147483647", "0.1", "-Infinity", "12345678901234567890123456789012345.67",
		"2026-05-24", "2026-05-24 09:00:00.123", "2026-05-24 09:00:00.000 Europe/Berlin", "65 68 3f", "10.0.0.1",
		`{"lat":"NaN","seen":"2026-05-24 09:00:00.000","amount":19.90,"id":9007199254740993,"tags":["a",null,""]}`,
		`[null,{"LAT":1.5}]`, `{"1":0.5,"-2":null}`, "[1,2]", `{"a": 1}`, "", "7",
	}
	nulls := make([]any, len(full))
	got, err := collect[everything](t, answer(everyColumn, full, nulls))
	if err != nil {
		t.Fatal(err)
	}
	half, empty, a := 0.5, "", "a"
	price, err := catalog.ParseDecimal("12345678901234567890123456789012345.67")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone database")
	}
	nine := time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)
	want := []everything{{
		OK: true, Tiny: -128, N: math.MaxInt64, U: math.MaxInt32, F: 0.1, D: math.Inf(-1), Price: price,
		Day: catalog.NewDate(2026, 5, 24), At: nine.Add(123 * time.Millisecond), Zoned: time.Date(2026, 5, 24, 9, 0, 0, 0, berlin),
		Raw: []byte("eh?"), IP: netip.MustParseAddr("10.0.0.1"),
		Geo:  geo{Lat: math.NaN(), Seen: nine, Amount: catalog.NewDecimal(1990, 2), ID: 9007199254740993, Tags: []*string{&a, nil, &empty}},
		Geos: []geo{{}, {Lat: 1.5}}, Map: map[int32]*float64{1: &half, -2: nil}, Pair: [2]int{1, 2}, JSON: json.RawMessage(`{"a": 1}`),
		Pointer: &empty, Null: sql.Null[int64]{V: 7, Valid: true},
	}, {}}
	sameFloat := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := cmp.Diff(want, got, sameFloat, cmp.AllowUnexported(everything{}), cmpopts.EquateComparable(catalog.Date{}, catalog.Decimal{}, netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRowsDoNotFit has every complaint about a type before the first row.
func TestRowsDoNotFit(t *testing.T) {
	t.Parallel()
	type row struct {
		Country int              `json:"country"`
		Price   float64          `json:"price"`
		N       int32            `json:"n"`
		Tags    []string         `json:"tags"`
		When    string           `json:"when"`
		Missing string           `json:"missing"`
		Again   string           `athena:"missing"`
		C       chan int         `json:"c"`
		A       any              `json:"a"`
		D       map[string]int64 `json:"d"`
	}
	f := answer([]map[string]any{
		column("country", "varchar"),
		{"Name": "price", "Type": "decimal", "Precision": 10, "Scale": 2},
		column("n", "bigint"), column("tags", "array"),
		column("when", "timestamp"), column("extra", "bigint"), column("c", "varchar"), column("a", "varchar"), column("d", "double"), column("Extra", "bigint"), column("n", "bigint"),
	}, []any{"DE", "1.00", "1", "[a]", "2026-05-24 09:00:00.000", "1", "c", "a", "1", "1", "1"})
	got, err := collect[row](t, f)
	if err == nil || len(got) > 0 {
		t.Fatalf("got %v, %v", got, err)
	}
	want := `athena: query q-1: its result does not fit athena_test.row: fields Missing and Again both take column "missing"
column "country", field Country: a varchar does not go into a int: use string, or a pointer to it
column "price", field Price: a decimal(10,2) does not go into a float64: use catalog.Decimal, or a pointer to it
column "n", field N: a bigint does not go into a int32: use int64, or a pointer to it
column "tags", field Tags: Athena's own text of type array cannot be read back: select json_format(CAST(… AS JSON)) AS …, as the builders do
column "when", field When: a timestamp does not go into a string: use time.Time, or a pointer to it
column "extra" (bigint) has no field
column "c", field C: a varchar does not go into a chan int: use string, or a pointer to it
column "a", field A: a varchar does not go into a interface {}: use string, or a pointer to it
column "d", field D: a double does not go into a map[string]int64: use float64, or a pointer to it
column "Extra" (bigint) has no field
the result has two columns "n": name one of them with AS
field Missing: the result has no column "missing"
field Again: the result has no column "missing"`
	if err.Error() != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, err.Error()))
	}
}

// TestBadValues has errors that name the place and never show the value.
func TestBadValues(t *testing.T) {
	t.Parallel()
	try := func(name string, err error, want string) {
		t.Helper()
		if err == nil || err.Error() != "athena: query q-1: row 2: "+want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
	}
	_, err := collect[uint8](t, answer([]map[string]any{column("n", "tinyint")}, []any{"1"}, []any{"-1"}))
	try("negative", err, `column "n" (tinyint): the value is not in the range of uint8`)
	_, err = collect[time.Time](t, answer([]map[string]any{column("t", "timestamp")}, []any{nil}, []any{"secret"}))
	try("timestamp", err, `column "t" (timestamp): the value is no timestamp`)
	_, err = collect[time.Time](t, answer([]map[string]any{column("t", "timestamp with time zone")}, []any{nil}, []any{"2026-05-24 09:00:00.000 Mars/Crater"}))
	try("zone", err, `column "t" (timestamp with time zone): the value's time zone is not known here (a machine without a zone database needs the import time/tzdata)`)
	_, err = collect[catalog.Date](t, answer([]map[string]any{column("d", "date")}, []any{nil}, []any{"secret"}))
	try("date", err, `column "d" (date): the value does not go into a catalog.Date`)
	_, err = collect[catalog.Decimal](t, answer([]map[string]any{column("d", "decimal")}, []any{nil}, []any{"secret"}))
	try("decimal", err, `column "d" (decimal): the value is no decimal number of at most 38 digits`)
	_, err = collect[[]geo](t, answer([]map[string]any{column("g", "varchar")}, []any{"[]"}, []any{`[{}, {"lat": "secret"}]`}))
	try("nested", err, `column "g" (varchar): [1].lat: the value is no floating-point number`)
	_, err = collect[[]geo](t, answer([]map[string]any{column("g", "varchar")}, []any{"[]"}, []any{`[{"lon": 1}]`}))
	try("a member too many", err, `column "g" (varchar): [0]: member "lon" has no field in athena_test.geo`)
	_, err = collect[[]geo](t, answer([]map[string]any{column("g", "varchar")}, []any{"[]"}, []any{`[[1.5]]`}))
	try("a row as an array", err, `column "g" (varchar): [0]: the value is no object`)
	_, err = collect[map[bool]int](t, answer([]map[string]any{column("g", "varchar")}, []any{`{"true":1}`}, []any{`{"secret":1}`}))
	try("a key", err, `column "g" (varchar): the value is neither true nor false`)
	_, err = collect[[2]int](t, answer([]map[string]any{column("g", "varchar")}, []any{`[1,2]`}, []any{`[1]`}))
	try("too short", err, `column "g" (varchar): the array has 1 elements, a [2]int has 2`)
	_, err = collect[json.RawMessage](t, answer([]map[string]any{column("g", "json")}, []any{`1`}, []any{`secret`}))
	try("raw", err, `column "g" (json): the value is no JSON`)
	_, err = collect[[]byte](t, answer([]map[string]any{column("b", "varbinary")}, []any{``}, []any{`secret`}))
	try("binary", err, `column "b" (varbinary): the value is no hexadecimal text`)
	_, err = collect[athena.Row](t, answer([]map[string]any{column("b", "varbinary")}, []any{``}, []any{``, ``}))
	try("ragged", err, `it has 2 values for 1 columns`)

	_, err = collect[int64](t, answer([]map[string]any{column("a", "bigint"), column("b", "bigint")}, []any{"1", "2"}))
	if want := "athena: query q-1: its result does not fit int64: a int64 takes one column, the result has 2"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestPages reads a page when it is needed, and no more.
func TestPages(t *testing.T) {
	t.Parallel()
	f := answer([]map[string]any{column("n", "bigint")}, []any{"1"}, []any{"2"})
	f.pages = append(f.pages, [][]any{{"n"}, {"3"}}, [][]any{}, [][]any{{"4"}})
	f.columns[0]["Type"] = "varchar" // so that a row that looks like a header is none
	got, err := collect[string](t, f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1", "2", "n", "3", "4"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f.read != 4 {
		t.Errorf("read %d pages", f.read)
	}
	run, err := client(t, f, nil).Run(t.Context(), athena.SQL("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	f.read = 0
	for range 2 { // from the begin each time
		for v, err := range athena.Rows[string](t.Context(), run) {
			if err != nil || v != "1" {
				t.Errorf("got %q, %v", v, err)
			}
			break
		}
	}
	if f.read != 2 {
		t.Errorf("read %d pages for a row each", f.read)
	}
}

// TestAnyResult reads results of which nothing is known.
func TestAnyResult(t *testing.T) {
	t.Parallel()
	f := answer([]map[string]any{column("a", "varchar"), {"Name": "b", "Type": "decimal", "Precision": 10, "Scale": 2}}, []any{"", nil})
	got, err := collect[athena.Row](t, f)
	if err != nil {
		t.Fatal(err)
	}
	empty := ""
	columns := []athena.ResultColumn{{Name: "a", Type: "varchar"}, {Name: "b", Type: "decimal(10,2)"}}
	if diff := cmp.Diff([]athena.Row{{Columns: columns, Values: []*string{&empty, nil}}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	run, err := client(t, f, nil).Run(t.Context(), athena.SQL("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	cols, err := run.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns, cols); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// SHOW TABLES has no header, even if a table is called like the column.
	f = &fake{states: []string{"SUCCEEDED"}, kind: "DDL", columns: []map[string]any{column("tab_name", "string")}, pages: [][][]any{{{"tab_name"}, {"clicks"}}}}
	names, err := collect[string](t, f)
	if err != nil || len(names) != 2 {
		t.Errorf("got %v, %v", names, err)
	}
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	f := answer([]map[string]any{column("n", "bigint")}, []any{"1"})
	run, err := client(t, f, nil).Run(t.Context(), athena.SQL("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range athena.Rows[int64](ctx, run) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	f.fail = map[string]*awswire.Error{"GetQueryResults": awswire.Errorf("InvalidRequestException", "gone")}
	n := 0
	for _, err := range athena.Rows[int64](t.Context(), run) {
		n++
		if err == nil || !strings.HasPrefix(err.Error(), "athena: read the result of query q-1: ") {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
	if _, err := run.Columns(t.Context()); err == nil {
		t.Error("columns of a result that is gone")
	}
	// A statement that cannot be built is the sequence's one error.
	for _, err := range athena.Query[int64](t.Context(), client(t, f, nil), athena.SQL("")) {
		if err == nil || err.Error() != "athena: SQL: the text is empty" {
			t.Errorf("got %v", err)
		}
	}
}

func TestRowsOfNoRun(t *testing.T) {
	t.Parallel()
	for _, err := range athena.Rows[athena.Row](t.Context(), nil) {
		if err == nil || !strings.Contains(err.Error(), "there is no run") {
			t.Errorf("got %v", err)
		}
	}
}

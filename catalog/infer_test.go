package catalog

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// columns writes an inference as text: the columns, then the notes.
func columns(r *Inferred) string {
	var b strings.Builder
	for _, f := range r.Fields {
		fmt.Fprintf(&b, "%s %s", f.Name, f.Type)
		if f.JSON != "" {
			fmt.Fprintf(&b, " key=%s", f.JSON)
		}
		b.WriteByte('\n')
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note %s\n", n)
	}
	return b.String()
}

func TestInferJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data, want string }{
		{"scalars", `{"b":true,"i":1,"f":1.5,"s":"x","n":null,"e":1e3,"neg":-7}`, `
b boolean
i bigint
f double
s string
n string
e double
neg bigint
note n: it has no value, so nothing is known: string
`},
		{"numbers widen", `{"a":1,"b":9223372036854775807,"c":12345678901234567890,"d":1,"e":99999999999999999999}
{"a":2.5,"b":9223372036854775808,"c":1,"d":-9223372036854775808,"e":0.1}`, `
a double
b decimal(38,0)
c decimal(38,0)
d bigint
e double
note a: it is a whole number, then a fraction: double (line 1, 2)
note b: a whole number is beyond bigint: decimal(38,0) (line 2)
note c: a whole number is beyond bigint: decimal(38,0) (line 1)
note e: it has fractions and whole numbers beyond bigint, which double does not hold exactly (line 2, 1)
`},
		{"numbers beyond double", `{"a":0.12345678901234567,"b":12345678901.12345678,"c":1.500000000000000000000000,"d":1,"e":1}
{"a":-0.1e-17,"b":1,"c":0.00000000000000000001,"d":123456789012345678901234567890123456789012,"e":"x"}
{"a":1.7976931348623157e308,"d":123456789012345678.5,"e":0.1234567890123456789}`, `
a double
b double
c double
d double
e string
note b: it has numbers of more than 17 digits, which double rounds: declare it decimal, which holds 38, or string (line 1)
note d: it has numbers of more than 17 digits, which double rounds: declare it decimal, which holds 38, or string (line 2)
note e: it is a whole number, then a number beyond double, then text, which only string holds (line 1, 3, 2)
`},
		{"null takes any type", `{"a":null,"b":[null]}
{"a":1,"b":[true,null]}`, `
a bigint
b array<boolean>
`},
		{"conflicts", `{"a":1,"b":true,"c":{"x":1},"d":[1]}

{"a":"x","b":0,"c":7,"d":{"y":1}}`, `
a string
b string
c string
d string
note a: it is a whole number, then text, which only string holds (line 1, 3)
note b: it is true or false, then a whole number, which only string holds (line 1, 3)
note c: it is a whole number, then an object, which only string holds (line 3, 1)
note d: it is an object, then an array, which only string holds (line 3, 1)
`},
		{"structs merge per member", `{"g":{"lat":1}}
{"g":{"lon":2.5,"deep":{"a":[]}}}
{"g":{"lat":2.5,"deep":{"a":[{"z":1},{"y":"q"}]}}}`, `
g struct<lat:double,lon:double,deep:struct<a:array<struct<z:bigint,y:string>>>>
note g.lat: it is a whole number, then a fraction: double (line 1, 3)
`},
		{"empty", `{"a":[],"o":{},"x":1}`, `
a array<string>
o map<string,string>
x bigint
note a: its arrays are all empty, so nothing is known of their elements: array<string> (line 1)
note o: its objects are all empty, so nothing is known of them: map<string,string> (line 1)
`},
		{"names", `{"userId":1,"+1":2,"-1":3,"größe":4,"":5,"USERID":6,"a\u0062c":7}`, `
userid bigint key=userId
_1 bigint key=+1
_1_2 bigint key=-1
gr__e bigint key=größe
abc bigint
note userid: keys that differ in case only are one column (line 1)
note _1_2: another key gives the same column name, so this one has a number
note it has an empty key, which cannot be a column: left out
`},
		{"strings with everything", `{"a":"}\"],{","b\"c":["\\","\u00e9"],"d":1}`, `
a string
b_c array<string> key=b"c
d bigint
`},
		{"times are asked for", `{"d":"2026-05-24","t":"2026-05-24T09:30:00Z"}`, `
d string
t string
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, r := range map[string]io.Reader{
				"whole": strings.NewReader(c.data), "byte by byte": iotest.OneByteReader(strings.NewReader(c.data + "\r\n\r\n")),
			} {
				got, err := InferJSON(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), columns(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestInferTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ values, want string }{
		{`"2026-05-24","2024-02-29"`, "date"},
		{`"2026-05-24T09:30:00Z","2026-05-24 09:30:00","2026-05-24T09:30:00.123456789+02:00"`, "timestamp"},
		{`"2026-05-24","2026-05-24T09:30:00Z"`, "timestamp"},
		{`"2026-05-24",null`, "date"},
		{`"2026-02-29"`, "string"},
		{`"2026-13-01"`, "string"},
		{`"2026-05-24T24:00:00Z"`, "string"},
		{`"2026-05-24T09:30:00Zjunk"`, "string"},
		{`"2026-05-24T09:30:00.Z"`, "string"},
		{`"2026-05-24T09:30:00+0200"`, "string"},
		{`"2026-05-24T09:30"`, "string"},
		{`"2026-05-24T09:30:00Z",""`, "string"},
		{`"2026-05-24",1`, "string"},
	} {
		r, err := InferJSON(strings.NewReader(`{"a":[`+c.values+`]}`), &InferOptions{Times: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Fields[0].Type.Elem.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.values, got, c.want)
		}
	}
}

func TestInferJSONInvalid(t *testing.T) {
	t.Parallel()
	data := "{\"a\":1}\nnot json\n[1]\n{\"a\":1}{\"a\":2}\n{\"a\":\"" + strings.Repeat("x", maxLine) + "\"}\n{\"b\":2}\n{\"b\":"
	r, err := InferJSON(strings.NewReader(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{2, 3, 4, 5, 7}, r.InvalidLines); diff != "" || r.Invalid != 5 || r.Records != 2 {
		t.Errorf("invalid %d, records %d, lines (-want +got):\n%s", r.Invalid, r.Records, diff)
	}
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "\n \n", "catalog: infer from JSON: there are no records"},
		{"pretty", "[\n {\"a\":1}\n", "catalog: infer from JSON: there must be"},
		{"array", "[\n1\n]\n", "catalog: infer from JSON: line 1 is not a JSON object, nor is any other: there must be one object per line (jq -c . writes them so)"},
		{"keyless", "{}\n", "catalog: infer from JSON: no record has a key"},
	} {
		_, err := InferJSON(strings.NewReader(c.data), nil)
		if c.name == "pretty" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err) // its second line is an object
			}
			continue
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	broken := errors.New("disk on fire")
	if _, err := InferJSON(io.MultiReader(strings.NewReader("{\"a\":1}\n"), iotest.ErrReader(broken)), nil); !errors.Is(err, broken) {
		t.Errorf("a reader's error: %v", err)
	}
}

func TestInferJSONStopsAtMaxRecords(t *testing.T) {
	t.Parallel()
	r, err := InferJSON(strings.NewReader("{\"a\":1}\n{\"a\":2}\n{\"a\":\"x\"}\n"), &InferOptions{MaxRecords: 2})
	if err != nil || r.Records != 2 || r.Fields[0].Type.Kind != KindBigInt {
		t.Errorf("%+v, %v", r, err)
	}
}

// Keys that are values must not grow a schema without end.
func TestInferJSONMaps(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `{"id":%d,"by_user":{"u%d":{"n":%d,"x%d":true}}}`+"\n", i, i, i, i%3)
	}
	r, err := InferJSON(strings.NewReader(b.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "id bigint\nby_user map<string,struct<n:bigint,x0:boolean,x1:boolean,x2:boolean>>\n" +
		"note by_user: it has more than 1000 different keys, so it is a map (line 1)\n"
	if diff := cmp.Diff(want, columns(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	for i := range maxColumns + 1 {
		fmt.Fprintf(&b, "{\"k%d\":1}\n", i)
	}
	if _, err := InferJSON(strings.NewReader(b.String()), nil); err == nil || !strings.Contains(err.Error(), "line 5001: more than 5000 different keys at the top") {
		t.Errorf("too many keys: %v", err)
	}
	deep := `{"a":` + strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100) + `}`
	r, err = InferJSON(strings.NewReader(deep), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Fields[0].Type.String(); strings.Count(got, "array") != maxInferDeep || len(r.Notes) != 1 {
		t.Errorf("deep arrays: %s, %v", got, r.Notes)
	}
}

func TestInferCSV(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, data string
		opts       *InferOptions
		want       string
		records    int64
	}{
		{"header", "Carrier,year,delay,code,late\nUA,2013,-2.5,007,true\n\"A,A\",2014,,x,false\n", nil, `
carrier string
year bigint
delay double
code string
late boolean
`, 2},
		{"all text has no header", "a,b\nc,d\n", nil, "\ncol1 string\ncol2 string\n", 2},
		{"named", "a;1\nc;2\n", &InferOptions{Columns: []string{"letter", "n"}}, "\nletter string\nn bigint\n", 2},
		{"tabs and BOM", "\xef\xbb\xbfid\twhen\n1\t2026-05-24 10:00:00\n2\t2026-05-25\n", &InferOptions{Times: true}, "\nid bigint\nwhen timestamp\n", 2},
		{"quoted delimiters", "name|x\n\"a|b\"|1\n\"c,d,e\"|2\n", nil, "\nname string\nx bigint\n", 2},
		{"short and long rows", "a,b\n1\n1,2\n1,2,3\n", nil, "\na bigint\nb bigint\n", 2},
		{"one column", "n\n1\n2\n", nil, "\nn bigint\n", 2},
		{"numbers that are none", "a,b,c,d,e\n0x1F,1_000,1e5,.5,+3\n1,1,1,1,1\n", nil, `
a string
b string
c double
d double
e bigint
note a: it is a whole number, then text, which only string holds (line 3, 2)
note b: it is a whole number, then text, which only string holds (line 3, 2)
note c: it is a whole number, then a fraction: double (line 3, 2)
note d: it is a whole number, then a fraction: double (line 3, 2)
`, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := InferCSV(strings.NewReader(c.data), c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), columns(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Records != c.records {
				t.Errorf("%d records, want %d", got.Records, c.records)
			}
		})
	}
}

func TestInferCSVErrors(t *testing.T) {
	t.Parallel()
	if _, err := InferCSV(strings.NewReader(""), nil); err == nil || err.Error() != "catalog: infer from CSV: there are no rows" {
		t.Errorf("empty: %v", err)
	}
	endless := io.MultiReader(strings.NewReader("a,b\n\""), strings.NewReader(strings.Repeat("x\n", maxLine)))
	if _, err := InferCSV(endless, nil); err == nil || !strings.Contains(err.Error(), "is a quote not closed?") {
		t.Errorf("endless: %v", err)
	}
}

func FuzzInferJSON(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":[{"b":"\u00e9\""},null,1e5]}`, "{\"a\":{}}\n{\"a\":[]}", `{"A":1,"a":2}`, `[1]`, "\n\r\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := InferJSON(strings.NewReader(string(data)), &InferOptions{Times: true})
		if err != nil {
			return
		}
		if _, err := New("db.t", r.Fields, nil); err != nil {
			t.Fatalf("the columns make no table: %v", err)
		}
	})
}

func FuzzInferCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"x\ny\";2\n", "\xef\xbb\xbfa|b\n1|2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := InferCSV(strings.NewReader(string(data)), nil)
		if err != nil {
			return
		}
		if _, err := New("db.t", r.Fields, nil); err != nil {
			t.Fatalf("the columns make no table: %v", err)
		}
	})
}

func BenchmarkInferJSON(b *testing.B) {
	line := `{"event_id":"0189f7c2-1f9e","user_id":"u123456","url":"https://example.com/a/b?c=d","device":"mobile","country":"US","event_ts":"2026-05-24T09:30:00.123Z","price":12.50,"geo":{"lat":52.5,"lon":13.4},"tags":["a","b"]}` + "\n"
	data := strings.Repeat(line, 10000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := InferJSON(strings.NewReader(data), &InferOptions{Times: true}); err != nil {
			b.Fatal(err)
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
)

func TestRowWriters(t *testing.T) {
	t.Parallel()
	columns := []athena.ResultColumn{{Name: "text <1>", Type: "varchar"}, {Name: "d", Type: "decimal(38,2)"}, {Name: "f", Type: "double"}, {Name: "b", Type: "boolean"}, {Name: "tags", Type: "array(varchar)"}}
	text := func(s string) *string { return &s }
	rows := [][]*string{
		{text("a\nb\t\x1b[31m"), text("12345678901234567890123456789012345.67"), text("NaN"), text("true"), text("[x, 1]")},
		{text(""), text("-0.50"), text("1.0E10"), nil, nil},
		{text(" ü\"<&>"), nil, text("-Infinity"), text("false"), text("")},
	}
	for _, c := range []struct {
		name string
		make func(*bufio.Writer) rowWriter
		want string
	}{
		{"json", func(w *bufio.Writer) rowWriter { return &jsonRows{out: w} }, `{"text <1>":"a\nb\t\u001b[31m","d":12345678901234567890123456789012345.67,"f":"NaN","b":true,"tags":"[x, 1]"}
{"text <1>":"","d":-0.50,"f":1.0E10,"b":null,"tags":null}
{"text <1>":" ü\"<&>","d":null,"f":"-Infinity","b":false,"tags":""}
`},
		{"csv", func(w *bufio.Writer) rowWriter { return &csvRows{out: w} }, "text <1>,d,f,b,tags\n" +
			"\"a\nb\t\x1b[31m\",12345678901234567890123456789012345.67,NaN,true,\"[x, 1]\"\n" +
			"\"\",-0.50,1.0E10,,\n" +
			"\" ü\"\"<&>\",,-Infinity,false,\"\"\n"},
		{"text", func(w *bufio.Writer) rowWriter { return &textRows{out: w} }, `text <1>                                             d          f  b      tags
--------------  --------------------------------------  ---------  -----  ------
a\nb\t\x1b[31m  12345678901234567890123456789012345.67        NaN  true   [x, 1]
                                                 -0.50     1.0E10  NULL   NULL
 ü"<&>                                            NULL  -Infinity  false
`},
	} {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		w := c.make(out)
		if err := w.head(columns); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if err := w.row(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, b.String()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		switch c.name {
		case "json":
			for line := range strings.Lines(b.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("not JSON: %s", line)
				}
			}
		case "csv":
			if got, err := csv.NewReader(&b).ReadAll(); err != nil || len(got) != 4 || got[1][0] != *rows[0][0] || got[3][0] != *rows[2][0] {
				t.Errorf("read back: %q, %v", got, err)
			}
		}
	}
}

// TestTextKeepsNoMoreThanItMeasures has more rows than the widths are taken from.
func TestTextKeepsNoMoreThanItMeasures(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	w := &textRows{out: out}
	if err := w.head([]athena.ResultColumn{{Name: "n", Type: "bigint"}}); err != nil {
		t.Fatal(err)
	}
	v := "12"
	for range measured + 1 {
		if err := w.row([]*string{&v}); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.first) != 0 {
		t.Errorf("%d rows are held back", len(w.first))
	}
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := " n\n--\n" + strings.Repeat("12\n", measured+1); b.String() != want {
		t.Errorf("%d bytes, want %d", b.Len(), len(want))
	}
}

func TestFitTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ have, found, want, unknown string }{
		{"double", "bigint", "double", ""},
		{"decimal(10,2)", "double", "decimal(10,2)", ""},
		{"bigint", "double", "double", ""}, // which the plan refuses
		{"string", "bigint", "string", ""},
		{"bigint", "string", "string", ""}, // so too
		{"bigint", "string", "bigint", "c"},
		{"timestamp", "date", "timestamp", ""},
		{"date", "timestamp", "timestamp", ""},
		{"struct<a:double,b:string>", "struct<a:bigint,c:bigint>", "struct<a:double,c:bigint>", ""},
		{"array<double>", "array<bigint>", "array<double>", ""},
		{"array<bigint>", "array<string>", "array<bigint>", "c.element"},
		{"map<string,double>", "map<string,bigint>", "map<string,double>", ""},
		{"map<string,double>", "struct<a:bigint,b:double>", "map<string,double>", ""},
		{"map<string,bigint>", "struct<a:string>", "struct<a:string>", ""},
	} {
		typ := func(s string) catalog.Type {
			parsed, err := catalog.ParseType(s)
			if err != nil {
				t.Fatal(err)
			}
			return parsed
		}
		found := &catalog.Inferred{Fields: []catalog.Field{{Name: "c", Type: typ(c.found)}, {Name: "new", Type: typ("bigint")}}}
		if c.unknown != "" {
			found.Notes = []catalog.Note{{Path: c.unknown, Text: "it has no value, so nothing is known: string"}}
		}
		got := fitTo([]catalog.Field{{Name: "c", Type: typ(c.have)}}, found)
		if got[0].Type.String() != c.want || got[1].Type.String() != "bigint" {
			t.Errorf("%s to %s: %s, want %s", c.found, c.have, got[0].Type, c.want)
		}
	}
}

package jsoncol

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

func typ(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func one(name string, t catalog.Type) []catalog.Field {
	return []catalog.Field{{Name: name, Type: t}}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	str, num := typ(catalog.KindString), typ(catalog.KindInt)
	items := catalog.Type{Kind: catalog.KindArray, Elem: &catalog.Type{Kind: catalog.KindStruct, Fields: one("price", num)}}
	byID := catalog.Type{Kind: catalog.KindMap, Key: &num, Elem: &str}
	fields := []catalog.Field{
		{Name: "id", Type: str},
		{Name: "n", Type: num},
		{Name: "tiny", Type: typ(catalog.KindTinyInt)},
		{Name: "price", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 10, Scale: 2}},
		{Name: "real", Type: typ(catalog.KindFloat)},
		{Name: "ok", Type: typ(catalog.KindBoolean)},
		{Name: "ts", Type: typ(catalog.KindTimestamp)},
		{Name: "day", Type: typ(catalog.KindDate)},
		{Name: "clock", Type: typ(catalog.KindTime)},
		{Name: "code", Type: catalog.Type{Kind: catalog.KindVarchar, Length: 3}},
		{Name: "blob", Type: typ(catalog.KindBinary)},
		{Name: "sum", Type: catalog.Type{Kind: catalog.KindFixed, Length: 2}},
		{Name: "uid", Type: typ(catalog.KindUUID)},
		{Name: "items", Type: items},
		{Name: "by", Type: byID},
		{Name: "geo", Type: catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "lat", Type: num, Required: true}}}},
	}
	for _, tt := range []struct {
		record string
		code   Code
		want   string
	}{
		{`{"code":5}`, MalformedData, "code: wrong type: found a number, want varchar(3)"},
		{`{"geo":[]}`, MalformedData, "geo: wrong type: found an array, want struct (an object)"},
		{`{"id":{"a":1,}}`, ParseError, "at byte 13: want a key"},
		{`{"n":"5"}`, MalformedData, "n: wrong type: found a string, want int"},
		{`{"n":1,"N":2}`, MalformedData, "n: two keys that differ in case only are both this column's"},
		{`{"N":null,"id":"x","n":2}`, MalformedData, "n: two keys that differ in case only are both this column's"},
		{`{"TINY":1,"Tiny":2}`, MalformedData, "tiny: two keys that differ in case only are both this column's"},
		{`{"geo":{"lat":1,"\u004cat":2}}`, MalformedData, "geo.lat: two keys that differ in case only are both this column's"},
		{`{"items":[{"price":1},{"PRICE":1},{"Price":1,"price":2}]}`, MalformedData, "items[].price: two keys that differ in case only are both this column's"},
		{`{"n":true}`, MalformedData, "n: wrong type: found a boolean, want int"},
		{`{"n":1.5}`, MalformedData, "n: the number is not whole, want int"},
		{`{"n":2147483648}`, MalformedData, "n: the number is out of the range of int"},
		{`{"n":1e99}`, MalformedData, "n: the number is out of the range of int"},
		{`{"n":01}`, ParseError, "at byte 5: a number starts with 0"},
		{`{"n":-}`, ParseError, "at byte 6: want a digit"},
		{`{"n":5x}`, ParseError, "at byte 6: want a comma or the end of the object"},
		{`{"tiny":-129}`, MalformedData, "tiny: the number is out of the range of tinyint"},
		{`{"price":1.234}`, MalformedData, "price: the number has 3 decimal places, decimal(10,2) holds 2"},
		{`{"price":1e-3}`, MalformedData, "price: the number has 3 decimal places, decimal(10,2) holds 2"},
		{`{"price":123456789}`, MalformedData, "price: the number is out of the range of decimal(10,2)"},
		{`{"price":"12.34"}`, MalformedData, "price: wrong type: found a string, want decimal(10,2)"},
		{`{"real":1e39}`, MalformedData, "real: the number is out of the range of float"},
		{`{"ok":"true"}`, MalformedData, "ok: wrong type: found a string, want boolean"},
		{`{"ok":1}`, MalformedData, "ok: wrong type: found a number, want boolean"},
		{`{"ts":"yesterday"}`, MalformedData, "ts: the string is no timestamp, want RFC 3339 or yyyy-MM-dd HH:mm:ss"},
		{`{"ts":"2026-02-30T00:00:00.000Z"}`, MalformedData, "ts: the string is no timestamp, want RFC 3339 or yyyy-MM-dd HH:mm:ss"},
		{`{"ts":"2026-02-03T24:00:00.000Z"}`, MalformedData, "ts: the string is no timestamp, want RFC 3339 or yyyy-MM-dd HH:mm:ss"},
		{`{"ts":1454612111000000}`, MalformedData, "ts: the number is no time between the years 1 and 9999, want seconds or milliseconds since 1970"},
		{`{"day":"2026-2-3"}`, MalformedData, "day: the string is no date, want yyyy-MM-dd"},
		{`{"clock":"9:00"}`, MalformedData, "clock: the string is no time, want HH:mm:ss or HH:mm:ss.SSSSSS"},
		{`{"code":"four"}`, MalformedData, "code: the string has 4 characters, varchar(3) holds 3"},
		{`{"blob":"%"}`, MalformedData, "blob: the string is no standard base64"},
		{`{"sum":"AAAA"}`, MalformedData, "sum: the string has 3 bytes, fixed(2) (a base64 string) has 2"},
		{`{"uid":"x"}`, MalformedData, "uid: the string is no uuid, want 32 hexadecimal digits as 8-4-4-4-12"},
		{`{"items":{}}`, MalformedData, "items: wrong type: found an object, want array"},
		{`{"items":[{"price":1},{"price":"2"}]}`, MalformedData, "items[].price: wrong type: found a string, want int"},
		{`{"items":[{}`, ParseError, "at byte 12: the record ends in the middle"},
		{`{"by":{"x":"y"}}`, MalformedData, "by{key}: the key is no int"},
		{`{"by":{"1":2x}}`, ParseError, "at byte 12: want a comma or the end of the map"},
		{`{"geo":{}}`, MalformedData, "geo.lat: the column is required and the key is missing"},
		{`{"geo":{"lat":null}}`, MalformedData, "geo.lat: the column is required and the value is null"},
		{``, MalformedData, "the record is empty"},
		{" \n", MalformedData, "the record is empty"},
		{`[{"id":"a"}]`, MalformedData, "the record is an array: want an object, or several one after another"},
		{`"text"`, MalformedData, "the record is a scalar: want an object"},
		{`{"id":"a"},{"id":"b"}`, ParseError, "at byte 10: want another object or the end of the record"},
		{`{"id":"a"`, ParseError, "at byte 9: the record ends in the middle"},
		{`{"id":"a`, ParseError, "at byte 8: the record ends in the middle"},
		{`{"id":"a",}`, ParseError, "at byte 10: want a key"},
		{`{"id" "a"}`, ParseError, "at byte 6: want a colon after the key"},
		{`{"id":}`, ParseError, "at byte 6: want a value"},
		{`{"id":"\q"}`, ParseError, "at byte 7: a string holds an unknown escape"},
		{`{"id":"\u12g4"}`, ParseError, "at byte 7: want four hexadecimal digits after \\u"},
		{"{\"id\":\"a\nb\"}", ParseError, "at byte 8: a string holds a control character"},
		{"{\"id\":\"a\xff\"}", ParseError, "at byte 8: the record is not valid UTF-8"},
		{"{\"id\":\"a\x00b\"}", ParseError, "at byte 8: a string holds a control character"},
		{`{"other":[1,]}`, ParseError, "at byte 12: want a value"},
		{`{"other":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`, MalformedData, "values nest deeper than 512 levels"},
	} {
		s, p := schemaOf(t, fields)
		if _, err := p.Append([]byte(`{"id":"before","items":[{}],"by":{"1":"x"}}`)); err != nil {
			t.Fatal(err)
		}
		before := dump(t, s, p.Batch())
		// The error must be the same when the keys are predicted.
		for range 2 {
			n, err := p.Append([]byte(tt.record))
			var e *Error
			if !errors.As(err, &e) || n != 0 || e.Code != tt.code || e.Error() != tt.want {
				t.Errorf("%.60q:\ngot  %v (%+v)\nwant %s: %s", tt.record, err, e, tt.code, tt.want)
			}
		}
		if d := cmp.Diff(before, dump(t, s, p.Batch())); d != "" || p.Rows() != 1 {
			t.Errorf("%.60q left a trace (-before +after):\n%s", tt.record, d)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	str, num := typ(catalog.KindString), typ(catalog.KindInt)
	list := catalog.Type{Kind: catalog.KindArray, Elem: &num}
	byKey := catalog.Type{Kind: catalog.KindMap, Key: &str, Elem: &list}
	geo := catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "lat", Type: num}, {Name: "lon", Type: num}}}
	dec := func(p, s int) catalog.Type { return catalog.Type{Kind: catalog.KindDecimal, Precision: p, Scale: s} }
	many := `{"v":{"k0":[0],`
	for _, k := range []string{"k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"} {
		many += `"` + k + `":[],`
	}
	for _, tt := range []struct {
		name   string
		typ    catalog.Type
		record string
		want   string
	}{
		{"whole with point", num, `{"v":5.0}`, "v=5 "},
		{"whole with exponent", num, `{"v":-12e2}`, "v=-1200 "},
		{"largest bigint", typ(catalog.KindBigInt), `{"v":-9223372036854775808}`, "v=-9223372036854775808 "},
		{"the last of a key counts", num, `{"v":1,"v":2}`, "v=2 "},
		{"also when it is null", num, `{"v":1,"v":null}`, "v=null "},
		{"in another spelling too", num, `{"V":1,"V":2}`, "v=2 "},
		{"the last struct counts whole", geo, `{"v":{"lat":1},"v":{"lon":2}}`, "v={lat=null lon=2} "},
		{"the last array counts whole", list, `{"v":[1,2,3],"v":[4]}`, "v=[4] "},
		{"the last of a map's key counts", byKey, `{"v":{"a":[1,2],"b":[],"a":[3]}}`, `v=<"b":[] "a":[3]> `},
		{"in maps inside dropped values too", byKey, `{"v":{"a":[1]},"v":{"\u0061":[1],"a":[2]}}`, `v=<"a":[2]> `},
		{"and in large maps", byKey, many + `"k0":[1]}}`, `v=<"k1":[] "k2":[] "k3":[] "k4":[] "k5":[] "k6":[] "k7":[] "k8":[] "k0":[1]> `},
		{"keys fold case", str, "{\"V\":\"x\"}", `v="x" `},
		{"empty and null arrays differ", list, `{"v":[]}`, "v=[] "},
		{"null elements stay", list, `{"v":[null,1,null]}`, "v=[null 1 null] "},
		{"trailing zeros are exact", dec(4, 1), `{"v":12.500}`, "v=125 "},
		{"decimal with exponent", dec(10, 2), `{"v":1.5e3}`, "v=150000 "},
		{"wide decimal", dec(38, 0), `{"v":-99999999999999999999999999999999999999}`, "v=-99999999999999999999999999999999999999 "},
		{"negative zero decimal", dec(38, 2), `{"v":-0.00}`, "v=0 "},
		{"escapes", str, `{"v":"\u0041\ud834\udd1e\ud834\n\/\"\\\b\f\r\t"}`, `v="A𝄞�\n/\"\\\b\f\r\t" `},
		{"half a pair before another escape", str, `{"v":"\ud834\u0041"}`, `v="�A" `},
		{"epoch seconds", typ(catalog.KindTimestamp), `{"v":1454612111}`, "v=1454612111000000 "},
		{"epoch milliseconds", typ(catalog.KindTimestamp), `{"v":1454612111123}`, "v=1454612111123000 "},
		{"epoch with a fraction", typ(catalog.KindTimestamp), `{"v":1454612111.1234567}`, "v=1454612111123456 "},
		{"before 1970", typ(catalog.KindTimestamp), `{"v":-1.0000001}`, "v=-1000001 "},
		{"offset", typ(catalog.KindTimestamp), `{"v":"2016-02-04T20:55:11+02:00"}`, "v=1454612111000000 "},
		{"nanoseconds", typ(catalog.KindTimestamp), `{"v":"2016-02-04T18:55:11.123456789Z"}`, "v=1454612111123456 "},
		{"with a space", typ(catalog.KindTimestamp), `{"v":"2016-2-4 18:55:11.5"}`, "v=1454612111500000 "},
		{"a date alone", typ(catalog.KindTimestamp), `{"v":"1970-01-02"}`, "v=86400000000 "},
		{"escaped timestamp", typ(catalog.KindTimestamp), `{"v":"1970-01-01T00\u003a00:01Z"}`, "v=1000000 "},
		{"base64 with escaped slashes", typ(catalog.KindBinary), `{"v":"\/\/\/\/"}`, "v=ffffff "},
		{"a number as text", str, `{"v": -1.50e0 }`, `v="-1.50e0" `},
		{"a boolean as text", str, `{"v":true}`, `v="true" `},
		{"an object as text", str, `{"v":{"a": [1,"\n"]}}`, `v="{\"a\": [1,\"\\n\"]}" `},
		{"an element as text", catalog.Type{Kind: catalog.KindArray, Elem: &str}, `{"v":[1,"x",null,[]]}`, `v=["1" "x" null "[]"] `},
		{"two objects", num, "{\"v\":1} \n{\"v\":2}", "v=1 |v=2 "},
		{"unknown keys", num, `{"a":{"b":[1,"x",{}]},"v":1,"c":[[],{}],"d":""}`, "v=1 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, p := schemaOf(t, one("v", tt.typ))
			for range 3 {
				p.Reset()
				if _, err := p.Append([]byte(tt.record)); err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(dump(t, s, p.Batch()), "|"); got != tt.want {
					t.Fatalf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

// TestSpellingsOfManyMembers wants each object's own keys to be compared, in a struct of more members
// than one word has bits, and when more spellings have come than are remembered.
func TestSpellingsOfManyMembers(t *testing.T) {
	t.Parallel()
	var fields []catalog.Field
	for i := range 130 {
		fields = append(fields, one(fmt.Sprintf("c%d", i), typ(catalog.KindInt))...)
	}
	_, p := schemaOf(t, append(fields, one("abcdefghijklmnop", typ(catalog.KindInt))...))
	append2 := func(rec string) error { _, err := p.Append([]byte(rec)); return err }
	for i := range 3 * maxLearnt {
		key := []byte("abcdefghijklmnop")
		for b := range key {
			if i>>b&1 == 1 {
				key[b] -= 'a' - 'A'
			}
		}
		if err := append2(fmt.Sprintf(`{"%s":1,"c%d":1,"%s":2}`, key, i%130, key)); err != nil {
			t.Fatal(err)
		}
		key[15] -= 'a' - 'A'
		if err := append2(fmt.Sprintf(`{"%s":1,"C%d":1,"c%d":2}`, key, i%130, i%130)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("c%d: two keys", i%130)) {
			t.Fatalf("%d: %v", i, err)
		}
		if err := append2(fmt.Sprintf(`{"%s":1,"ABCDEFGHIJKLMNOP":2}`, key)); err == nil {
			t.Fatalf("%d: two spellings are taken", i)
		}
	}
}

func TestNewRefusesTwoColumnsWithOneKey(t *testing.T) {
	t.Parallel()
	_, err := newObjectOf(t, []catalog.Field{{Name: "a", JSON: "K", Type: typ(catalog.KindInt)}, {Name: "b", JSON: "K", Type: typ(catalog.KindInt)}})
	if want := `jsoncol: b: two columns have the JSON key "K"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestManySpellings(t *testing.T) {
	t.Parallel()
	s, p := schemaOf(t, one("v", typ(catalog.KindInt)))
	for i := range 3 * maxLearnt {
		rec := `{"k` + strings.Repeat("x", i%40) + string(rune('a'+i%26)) + `":1,"V":` + "2" + `}`
		if _, err := p.Append([]byte(rec)); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range dump(t, s, p.Batch()) {
		if r != "v=2 " {
			t.Fatalf("row %s", r)
		}
	}
	if n := p.root.keys.learnt; n > maxLearnt {
		t.Errorf("%d spellings are remembered", n)
	}
}

// TestAllocates holds the parser to no allocation per record, whatever the spelling.
func TestAllocates(t *testing.T) {
	_, p := schemaOf(t, append(clickFields(), everyType()...))
	recs := [][]byte{
		[]byte(click), []byte(strings.ReplaceAll(click, `":`, `" : `)), []byte(strings.Replace(click, "&", `\u0026`, 1)),
		[]byte(`{"list":[[{"s":"x","w":1}],[]],"map":{"a":[],"b":null},"unknown":[1,{"x":"\n"}],"k":"\/w=="}`),
	}
	run := func() {
		for range 200 {
			for _, r := range recs {
				if _, err := p.Append(r); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.Batch()
		p.Reset()
	}
	run()
	if n := testing.AllocsPerRun(5, run); n > 0 {
		t.Errorf("%v allocations in 800 records", n)
	}
}

func newObjectOf(t *testing.T, fields []catalog.Field) (*Parser, error) {
	t.Helper()
	s, err := column.NewSchema(fields)
	if err != nil {
		t.Fatal(err)
	}
	return New(s)
}

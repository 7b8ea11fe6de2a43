package athena

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/lakekit/lakekit/catalog"
)

func TestParseTimestamp(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-05-24 09:00:00":                  "2026-05-24T09:00:00Z",
		"2026-05-24 09:00:00.123456":           "2026-05-24T09:00:00.123456Z",
		"2026-05-24 09:00:00.000 UTC":          "2026-05-24T09:00:00Z",
		"2026-05-24 09:00:00.000 +02:00":       "2026-05-24T09:00:00+02:00",
		"2026-05-24 09:00:00.000 -03:30":       "2026-05-24T09:00:00-03:30",
		"2026-05-24 09:00:00.000 Asia/Kolkata": "2026-05-24T09:00:00+05:30",
		"2026-05-24":                           "",
		"2026-05-24 09:00:00 Local":            "",
		"2026-05-24 09:00:00 +2":               "",
		"2026-13-24 09:00:00":                  "",
		"":                                     "",
	} {
		at, err := parseTimestamp(text)
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			got = ""
		}
		if got != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

// FuzzValue reads any text as values of many types: it may be refused, and must not panic,
// nor be shown in the error.
func FuzzValue(f *testing.F) {
	type nested struct {
		N  int64                      `json:"n"`
		At *time.Time                 `json:"at"`
		D  catalog.Decimal            `json:"d"`
		M  map[int8][]float32         `json:"m"`
		A  [2]map[string]catalog.Date `json:"a"`
		S  []nestedMore               `json:"s"`
	}
	f.Add(`{"n":1,"at":"2026-05-24 09:00:00.000 UTC","d":1.50,"m":{"1":[1,"NaN",null]},"a":[{"x":"2026-05-24"},null],"s":[{"s":{"s":null}}]}`)
	f.Add("2026-05-24 09:00:00.000 Europe/Berlin")
	f.Add("-12345678901234567890.5")
	f.Add("65 68")
	f.Fuzz(func(t *testing.T, text string) {
		for typ, column := range map[reflect.Type]string{
			reflect.TypeFor[nested](): "varchar", reflect.TypeFor[*time.Time](): "timestamp with time zone", decimalType: "decimal", dateType: "date",
			bytesType: "varbinary", reflect.TypeFor[int16](): "smallint", reflect.TypeFor[float64](): "double", rawType: "json", reflect.TypeFor[bool](): "boolean",
		} {
			set, err := newSetter(typ, column)
			if err != nil {
				t.Fatal(err)
			}
			if err := set(text, reflect.New(typ).Elem()); err != nil && len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Fatalf("the error shows the value: %v", err)
			}
		}
		var n nested
		if err := setJSON("", []byte(text), reflect.ValueOf(&n).Elem()); err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("read from what is no JSON: %q", text)
		}
	})
}

type nestedMore struct {
	S *nestedMore `json:"s"`
}

func BenchmarkDecode(b *testing.B) {
	type row struct {
		Country string          `json:"country"`
		Views   int64           `json:"views"`
		Revenue catalog.Decimal `json:"revenue"`
	}
	p, err := newPlan(reflect.TypeFor[row](), []ResultColumn{{"country", "varchar"}, {"views", "bigint"}, {"revenue", "decimal(38,2)"}})
	if err != nil {
		b.Fatal(err)
	}
	country, views, revenue := "DE", "123456", "98765.43"
	data := []athenatypes.Datum{{VarCharValue: &country}, {VarCharValue: &views}, {VarCharValue: &revenue}}
	b.ReportAllocs()
	for b.Loop() {
		var r row
		if err := p.decode(data, reflect.ValueOf(&r).Elem()); err != nil {
			b.Fatal(err)
		}
	}
}

package awswire

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type shapes struct {
	embedded
	Name    string
	Blob    []byte
	Pointer *int
	Flag    *bool
	When    Millis
	Maybe   *Millis `json:",omitempty"`
	List    []inner
	Map     map[string]string
	Float   float64
	Small   int8
	Renamed string `json:"renamed,omitempty"`
}

type embedded struct{ Promoted string }

type inner struct{ ID int64 }

func TestCBORRoundTrip(t *testing.T) {
	t.Parallel()
	n, yes, at := -3, true, Millis(-1500)
	for _, in := range []shapes{
		{},
		{
			embedded: embedded{"p"}, Name: "ünï", Blob: []byte{0, 255, '"'}, Pointer: &n, Flag: &yes, When: 1_779_600_000_123, Maybe: &at,
			List: []inner{{1}, {math.MaxInt64}, {math.MinInt64 + 1}}, Map: map[string]string{"k": "v", "": "x"}, Float: 1.25, Small: -128, Renamed: "r",
		},
	} {
		for _, f := range []Format{FormatCBOR, FormatJSON} {
			b, err := f.Encode(&in)
			if err != nil {
				t.Fatal(err)
			}
			var out shapes
			if err := f.Decode(b, &out); err != nil {
				t.Fatalf("%s: %v", f.ContentType(), err)
			}
			if in.List == nil { // nothing and an empty list are the same on the wire
				in.List, out.List = nil, nil
				out.Map, out.Blob = nil, nil
			}
			if diff := cmp.Diff(in, out, cmp.AllowUnexported(shapes{}, embedded{})); diff != "" {
				t.Errorf("%s: %s", f.ContentType(), diff)
			}
		}
	}
}

func TestCBORRefuses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                      "",
		"\xa0":                  "",
		"\xa1\x64Name\xf6":      "",
		"\xa1\x65Other\x81\x01": "",
		"\xa1\x65Small\xfb\x40\x08\x00\x00\x00\x00\x00\x00": "", // 3.0
		"\x01":                           "cannot be int64",
		"\xa1\x64Name\x01":               "Name cannot be int64",
		"\xa1\x65Small\x18\x80":          "Small cannot be int64",
		"\xa1\x65Small\xf9\x3e\x00":      "Small cannot be float64", // 1.5
		"\xa1\x64List\x81\xa1\x62ID\x60": "List[0].ID cannot be string",
		"\xa1\x64Blob\x81\x01":           "Blob cannot be []interface {}",
		"\xa1\x63Map\xa1\x61a\x01":       "Map.a cannot be int64",
		"\xa1\x64Flag\x61a":              "Flag cannot be string",
		"\xa1":                           "invalid CBOR",
		"\xa1\x64Name":                   "invalid CBOR",
		strings.Repeat("\x81", 100_000):  "invalid CBOR",
	} {
		var out shapes
		err := DecodeCBOR([]byte(body), &out)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.30q: %v, want %q", body, err, want)
		}
	}
	if _, err := EncodeCBOR(struct{ C chan int }{make(chan int)}); err == nil {
		t.Error("a channel was written")
	}
}

func TestMillis(t *testing.T) {
	t.Parallel()
	for ms, want := range map[Millis]string{0: "0.000", 1: "0.001", 1_779_600_000_120: "1779600000.120", -1500: "-1.500"} {
		b, err := json.Marshal(ms)
		if err != nil || string(b) != want {
			t.Errorf("%d is %s, %v", ms, b, err)
		}
		var back Millis
		if err := json.Unmarshal(b, &back); err != nil || back != ms {
			t.Errorf("%s is %d, %v", b, back, err)
		}
	}
	var m Millis
	for text, want := range map[string]Millis{"1.7796e9": 1_779_600_000_000, "1779600000.1239": 1_779_600_000_124} {
		if err := json.Unmarshal([]byte(text), &m); err != nil || m != want {
			t.Errorf("%s is %d, %v", text, m, err)
		}
	}
	for _, bad := range []string{`"2026-05-24"`, `1e300`, `true`} {
		if err := json.Unmarshal([]byte(bad), &m); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if got := Millis(time.Date(2026, 5, 24, 9, 0, 0, 5e6, time.UTC).UnixMilli()); got.Time().Format(time.RFC3339Nano) != "2026-05-24T09:00:00.005Z" {
		t.Errorf("got %s", got.Time())
	}
}

func FuzzDecodeCBOR(f *testing.F) {
	n := 5
	seed, err := EncodeCBOR(shapes{Name: "n", Blob: []byte("b"), Pointer: &n, List: []inner{{1}}, Map: map[string]string{"a": "b"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\xbf\x64Name\x7f\x61a\x61b\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out shapes
		if DecodeCBOR(b, &out) != nil {
			return
		}
		again, err := EncodeCBOR(out)
		if err != nil {
			t.Fatal(err)
		}
		var back shapes
		if err := DecodeCBOR(again, &back); err != nil {
			t.Errorf("%q was read as %+v, which cannot be read back: %v", b, out, err)
		}
	})
}

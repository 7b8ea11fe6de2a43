package kinesis

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type base struct{ TS time.Time }

type selfMade struct{ at time.Time }

func (s selfMade) MarshalJSON() ([]byte, error) { return json.Marshal(s.at) }

type tree struct {
	At   time.Time `json:"at"`
	Kids []*tree   `json:"kids,omitempty"`
}

func TestEncoderWritesTimesInUTC(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CEST", 2*3600)
	at := time.Date(2026, 5, 24, 11, 30, 0, 5000, zone)
	type event struct {
		base
		At     time.Time            `json:"at"`
		Opt    *time.Time           `json:"opt"`
		Nil    *time.Time           `json:"nil"`
		List   []time.Time          `json:"list"`
		Pair   [2]time.Time         `json:"pair"`
		Map    map[string]time.Time `json:"map"`
		Nested struct{ Deep *tree } `json:"nested"`
		Own    selfMade             `json:"own"`
		Any    any                  `json:"any"`
		Hidden time.Time            `json:"-"`
		HTML   string               `json:"html"`
		secret time.Time
	}
	v := event{
		base: base{at}, At: at, Opt: &at, List: []time.Time{at}, Pair: [2]time.Time{at, at},
		Map: map[string]time.Time{"k": at}, Own: selfMade{at}, Any: at, Hidden: at, HTML: "<a&b>", secret: at,
	}
	v.Nested.Deep = &tree{At: at, Kids: []*tree{{At: at, Kids: []*tree{{At: at}}}}}
	got, err := encodeAs[event](v)
	if err != nil {
		t.Fatal(err)
	}
	const z, l = `"2026-05-24T09:30:00.000005Z"`, `"2026-05-24T11:30:00.000005+02:00"`
	want := `{"TS":` + z + `,"at":` + z + `,"opt":` + z + `,"nil":null,"list":[` + z + `],"pair":[` + z + `,` + z + `],"map":{"k":` + z + `},` +
		`"nested":{"Deep":{"at":` + z + `,"kids":[{"at":` + z + `,"kids":[{"at":` + z + `}]}]}},"own":` + l + `,"any":` + l + `,"html":"<a&b>"}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// The caller's own value is left alone.
	for _, at := range []time.Time{v.At, *v.Opt, v.List[0], v.Map["k"], v.Nested.Deep.At, v.Nested.Deep.Kids[0].At, v.secret} {
		if at.Location() != zone {
			t.Fatalf("the caller's time was changed: %v", at)
		}
	}
	if got, err := encodeAs[*tree](nil); err != nil || string(got) != "null" {
		t.Errorf("%s %v", got, err)
	}
}

func TestEncoderPassesBytes(t *testing.T) {
	t.Parallel()
	in := []byte("not json")
	got, err := encodeAs[[]byte](in)
	if err != nil || string(got) != "not json" {
		t.Fatal(string(got), err)
	}
	if got, err := encodeAs[json.RawMessage](json.RawMessage(`{"a" : 1}`)); err != nil || string(got) != `{"a" : 1}` {
		t.Error(string(got), err)
	}
	if got, err := encodeAs[map[string]int](map[string]int{"a": 1}); err != nil || string(got) != `{"a":1}` {
		t.Error(string(got), err)
	}
	if _, err := encodeAs[chan int](nil); err == nil {
		t.Error("a channel was encoded")
	}
}

func TestEncoderAllocations(t *testing.T) {
	type click struct {
		UserID  string    `json:"user_id"`
		EventTS time.Time `json:"event_ts"`
	}
	enc := encoder[click]()
	v := click{"u-1", time.Now()}
	encode := func() {
		_, free, err := enc(v)
		if err != nil {
			t.Fatal(err)
		}
		free()
	}
	encode()
	// What encoding/json makes for the time.
	if n := testing.AllocsPerRun(200, encode); n > 2+PoolLoss {
		t.Errorf("%v allocations per record, want at most %d", n, 2+PoolLoss)
	}
}

func FuzzEncodeRoundTrip(f *testing.F) {
	f.Add("u-1", int64(0), 7200, true)
	f.Add("<>&\u2028\"", int64(1e18), -3600, false)
	f.Fuzz(func(t *testing.T, s string, nanos int64, offset int, ptr bool) {
		type event struct {
			S  string
			At time.Time
			P  *time.Time
		}
		at := time.Unix(0, nanos).In(time.FixedZone("", offset%(12*3600)))
		v := event{S: s, At: at}
		if ptr {
			v.P = &at
		}
		b, err := encodeAs[event](v)
		if err != nil {
			t.Skipf("JSON has no such value, and the producer says so: %v", err)
		}
		back, err := decoder[event]()(b)
		if err != nil {
			t.Fatal(err)
		}
		if !back.At.Equal(at) || back.At.Location() != time.UTC || ptr != (back.P != nil) || ptr && !back.P.Equal(at) {
			t.Fatalf("%s comes back as %+v", b, back)
		}
	})
}

func encodeAs[T any](v T) ([]byte, error) {
	data, free, err := encoder[T]()(v)
	if err != nil {
		return nil, err
	}
	defer free()
	return slices.Clone(data), nil
}

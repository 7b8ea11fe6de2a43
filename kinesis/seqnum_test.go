package kinesis

import (
	"testing"
	"time"
)

func TestArrival(t *testing.T) {
	t.Parallel()
	for seq, want := range map[string]string{
		// As AWS's documentation prints them; the last has a place in it that does not decode.
		"49543463076548007577105092703039560359975228518395019266": "2014-09-23",
		"49590338271490256608559692538361571095921575989136588898": "2018-12-17",
		"49545115243490985018280067714973144582180062593244200961": "",
		"99590338271490256608559692538361571095921575989136588898": "",
		shardEnd: "", trimHorizon: "", "": "", "12": "",
	} {
		at, ok := arrival(seq)
		got := ""
		if ok {
			got = at.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%s arrived on %q, want %q", seq, got, want)
		}
	}
}

func FuzzArrival(f *testing.F) {
	f.Add("49543463076548007577105092703039560359975228518395019266")
	f.Add("SHARD_END")
	f.Fuzz(func(t *testing.T, seq string) {
		if at, ok := arrival(seq); ok != !at.IsZero() {
			t.Fatal(at, ok)
		}
	})
}

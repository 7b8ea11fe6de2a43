package seqno

import (
	"math/big"
	"testing"
)

// TestSequenceNumbersOfAWS takes apart numbers that AWS's documentation shows.
func TestSequenceNumbersOfAWS(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"49590338271490256608559692538361571095921575989136588898", // Lambda's example event
		"49543463076548007577105092703039560359975228518395019266", // PutRecords
		"49543463076570308322303623326179887152428262250726293522",
		"49546986683135544286507457936321625675700192471156785154", // GetRecords
		"49545115243490985018280067714973144582180062593244200961",
	} {
		n, ok := Parse(s)
		if !ok && s != "49545115243490985018280067714973144582180062593244200961" {
			t.Errorf("%s: not read", s)
		} else if ok && n.String() != s {
			t.Errorf("%s: read as %+v, which is %s", s, n, n)
		}
	}
}

func TestSequenceNumberLayout(t *testing.T) {
	t.Parallel()
	n := Number{Created: 0x69a1b2c3d, Shard: 0x12345, Index: 0x7123456789abcdef, Arrived: 0x69fedcba9}
	const hex = "2" + "69a1b2c3d" + "5" + "7123456789abcdef" + "00" + "69fedcba9" + "00012345" + "2"
	want, _ := new(big.Int).SetString(hex, 16)
	if n.String() != want.String() {
		t.Errorf("got %s, want %s", n, want)
	}
	if got, ok := Parse(want.String()); !ok || got != n {
		t.Errorf("read back as %+v, %v", got, ok)
	}
	for _, bad := range []string{"", "0", "1", "-1", "x", "01", "9" + n.String(), n.String() + "0", n.String()[1:], "340282366920938463463374607431768211456"} {
		if got, ok := Parse(bad); ok {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("49590338271490256608559692538361571095921575989136588898")
	f.Add("0")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := Parse(s); ok && n.String() != s {
			t.Errorf("%q read as %+v, written as %s", s, n, n)
		}
	})
}

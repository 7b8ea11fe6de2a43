package kinesis

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
		n, ok := parseSeq(s)
		if !ok && s != "49545115243490985018280067714973144582180062593244200961" {
			t.Errorf("%s: not read", s)
		} else if ok && n.String() != s {
			t.Errorf("%s: read as %+v, which is %s", s, n, n)
		}
	}
}

func TestSequenceNumberLayout(t *testing.T) {
	t.Parallel()
	n := seqNo{created: 0x69a1b2c3d, shard: 0x12345, index: 0x7123456789abcdef, arrived: 0x69fedcba9}
	const hex = "2" + "69a1b2c3d" + "5" + "7123456789abcdef" + "00" + "69fedcba9" + "00012345" + "2"
	want, _ := new(big.Int).SetString(hex, 16)
	if n.String() != want.String() {
		t.Errorf("got %s, want %s", n, want)
	}
	if got, ok := parseSeq(want.String()); !ok || got != n {
		t.Errorf("read back as %+v, %v", got, ok)
	}
	for _, bad := range []string{"", "0", "1", "-1", "x", "01", "9" + n.String(), n.String() + "0", n.String()[1:], "340282366920938463463374607431768211456"} {
		if got, ok := parseSeq(bad); ok {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestSequenceNumbersGrow(t *testing.T) {
	t.Parallel()
	parent := &shard{shardMeta: shardMeta{Index: 300, Created: 1_779_600_000_999, Closed: 1_779_600_002_000}}
	child := &shard{shardMeta: shardMeta{Index: 2, Created: 1_779_600_002_000}}
	in := []seqNo{
		parent.start(), parent.seq(1, 1_779_600_000_999), parent.seq(2, 1_779_600_000_999), parent.seq(1<<40, 1_779_600_001_000),
		parent.end(), child.start(), child.seq(1, 1_779_600_002_000),
	}
	for i := 1; i < len(in); i++ {
		a, _ := new(big.Int).SetString(in[i-1].String(), 10)
		b, _ := new(big.Int).SetString(in[i].String(), 10)
		if a.Cmp(b) >= 0 || in[i-1].compare(in[i]) >= 0 || in[i].compare(in[i-1]) <= 0 {
			t.Errorf("%+v does not come before %+v", in[i-1], in[i])
		}
	}
}

func FuzzParseSeq(f *testing.F) {
	f.Add("49590338271490256608559692538361571095921575989136588898")
	f.Add("0")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseSeq(s); ok && n.String() != s {
			t.Errorf("%q read as %+v, written as %s", s, n, n)
		}
	})
}

// decimal gives a number in hex digits as sequence numbers are written.
func decimal(t *testing.T, digits string) string {
	t.Helper()
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok {
		t.Fatalf("%q is not hex", digits)
	}
	return n.String()
}

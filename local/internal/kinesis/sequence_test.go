package kinesis

import (
	"math/big"
	"testing"

	"github.com/lakekit/lakekit/internal/seqno"
)

func TestSequenceNumbersGrow(t *testing.T) {
	t.Parallel()
	parent := &shard{shardMeta: shardMeta{Index: 300, Created: 1_779_600_000_999, Closed: 1_779_600_002_000}}
	child := &shard{shardMeta: shardMeta{Index: 2, Created: 1_779_600_002_000}}
	in := []seqno.Number{
		parent.start(), parent.seq(1, 1_779_600_000_999), parent.seq(2, 1_779_600_000_999), parent.seq(1<<40, 1_779_600_001_000),
		parent.end(), child.start(), child.seq(1, 1_779_600_002_000),
	}
	for i := 1; i < len(in); i++ {
		a, _ := new(big.Int).SetString(in[i-1].String(), 10)
		b, _ := new(big.Int).SetString(in[i].String(), 10)
		if a.Cmp(b) >= 0 || in[i-1].Compare(in[i]) >= 0 || in[i].Compare(in[i-1]) <= 0 {
			t.Errorf("%+v does not come before %+v", in[i-1], in[i])
		}
	}
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

// FuzzDecodeSeq: whatever the service's pattern lets pass is a sequence number or none, and
// those of today are what seqno reads.
func FuzzDecodeSeq(f *testing.F) {
	for _, seed := range []string{"49590338271490256608559692538361571095921575989136588898", "0", "5", "26227199374822427428162556223570313216", "340282366920938463463374607431768211456"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !sequence.regexp.MatchString(s) {
			return
		}
		e, ok := decodeSeq(s)
		if n, today := seqno.Parse(s); ok && today && e != (encoded{2, n.Created, n.Arrived, int64(int32(n.Shard))}) {
			t.Errorf("%q was read as %+v and as %+v", s, e, n)
		}
	})
}

package kinesis

import (
	"math/big"
	"time"
)

// arrival decodes the second at which the record of a sequence number arrived. The layout
// is not documented, so nothing that matters may depend on it. A sequence number is a
// number of 47 hexadecimal digits:
//
//	2 | creation of the shard, s (9) | shard, low digit (1) | index in the shard (16) |
//	00 | arrival, s (9) | shard (8) | 2
func arrival(seq string) (t time.Time, ok bool) {
	if len(seq) < 50 || len(seq) > 60 || seq[0] < '1' || seq[0] > '9' {
		return time.Time{}, false
	}
	n, ok := new(big.Int).SetString(seq, 10)
	if !ok || n.BitLen() != 186 {
		return time.Time{}, false
	}
	field := func(shift, bits uint) uint64 {
		f := new(big.Int).Rsh(n, shift)
		return f.And(f, big.NewInt(1<<bits-1)).Uint64()
	}
	created, arrived := field(148, 36), field(36, 36)
	if field(0, 4) != 2 || field(184, 2) != 2 || arrived < created {
		return time.Time{}, false
	}
	return time.Unix(int64(arrived), 0).UTC(), true
}

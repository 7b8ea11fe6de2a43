package kinesis

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/seqno"
)

func shardName(index int64) string { return fmt.Sprintf("shardId-%012d", index) }

// resolveShard finds a shard's index in what a request calls it. The service looks at the
// number behind the first hyphen only, or at all of it where there is none.
func resolveShard(id string) (int64, bool) {
	digits := id
	if parts := strings.SplitN(id, "-", 3); len(parts) > 1 && parts[1] != "" {
		digits = parts[1]
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return int64(n), err == nil && n <= math.MaxInt32
}

// encoded is what a request's sequence number says, which need not be one of ours.
type encoded struct {
	version int // 2 is today's; 1 and 0 are those of the service's first years
	created int64
	arrived int64
	shard   int64
}

// decodeSeq reads a sequence number as far as the service looks at it. The layouts of the
// older versions, and which numbers are none, are kinesalite's findings.
func decodeSeq(s string) (encoded, bool) {
	const tooLate = 16_025_175_000 // seconds, the first that the service does not believe
	if n, ok := seqno.Parse(s); ok {
		return encoded{2, n.Created, n.Arrived, int64(int32(n.Shard))}, n.Created < tooLate
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.Sign() < 0 {
		return encoded{}, false
	}
	if first := new(big.Int).Lsh(big.NewInt(1), 124); n.Cmp(first) < 0 {
		n.Add(n, first)
	}
	hex := n.Text(16)
	digits := func(from, to int) int64 {
		v, _ := strconv.ParseUint(hex[from:to], 16, 64) // hex digits, 9 of them at most
		return int64(v)
	}
	switch {
	case n.BitLen() <= 129:
		e := encoded{version: 0, created: digits(1, 10), shard: digits(28, 32)}
		return e, e.created < tooLate
	case len(hex) == 47 && hex[0] == '2' && hex[46] == '1':
		return encoded{1, digits(1, 10), digits(13, 22), digits(38, 46)}, true
	case len(hex) == 47 && hex[0] == '2' && hex[46] == '2':
		e := encoded{2, digits(1, 10), digits(29, 38), int64(int32(digits(38, 46)))}
		return e, hex[11] <= '7' && e.created < tooLate
	}
	return encoded{}, false
}

var le = binary.LittleEndian

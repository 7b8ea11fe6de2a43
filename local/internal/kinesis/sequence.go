package kinesis

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// seqNo is a sequence number taken apart. As a number it has 47 hex digits:
//
//	2 | seconds of the shard's creation (9) | low digit of the shard's index (1) |
//	the record's index in the shard (16) | 00 | seconds of the arrival (9) |
//	the shard's index (8) | 2
//
// so that the records of a shard, and of its children after it, are ordered by number.
type seqNo struct {
	created int64 // seconds
	shard   int64
	index   uint64
	arrived int64 // seconds
}

// closingIndex is the record index in the EndingSequenceNumber of a closed shard.
const closingIndex = 1<<63 - 1

const maxSeconds = 1<<36 - 1

// words gives the number as 192 bits, highest word first.
func (n seqNo) words() [3]uint64 {
	// The 188 bits from the top: 4 | 36 | 4 | 64 | 8 | 36 | 32 | 4.
	created, arrived := uint64(n.created)&maxSeconds, uint64(n.arrived)&maxSeconds
	shard := uint64(n.shard) & 0xffffffff
	return [3]uint64{
		2<<56 | created<<20 | (shard&15)<<16 | n.index>>48,
		n.index<<16 | arrived>>28,
		arrived<<36 | shard<<4 | 2,
	}
}

// appendDecimal appends the number as the service writes it.
func (n seqNo) appendDecimal(b []byte) []byte {
	const e19 = 10_000_000_000_000_000_000
	w := n.words()
	var part [4]uint64 // base 10^19, lowest first
	for i := range part {
		var rem uint64
		for j := range w {
			w[j], rem = bits.Div64(rem, w[j], e19)
		}
		part[i] = rem
	}
	top := len(part) - 1
	for top > 0 && part[top] == 0 {
		top--
	}
	b = strconv.AppendUint(b, part[top], 10)
	for i := top - 1; i >= 0; i-- {
		var tmp [20]byte
		d := strconv.AppendUint(tmp[:0], part[i], 10)
		for range 19 - len(d) {
			b = append(b, '0')
		}
		b = append(b, d...)
	}
	return b
}

func (n seqNo) String() string { return string(n.appendDecimal(make([]byte, 0, 57))) }

// parseSeq reads a sequence number that this service, or the real one, wrote.
func parseSeq(s string) (seqNo, bool) {
	if s == "" || len(s) > 57 || s[0] == '0' {
		return seqNo{}, false
	}
	var w [3]uint64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return seqNo{}, false
		}
		carry := uint64(c - '0')
		for j := len(w) - 1; j >= 0; j-- {
			hi, lo := bits.Mul64(w[j], 10)
			lo, c1 := bits.Add64(lo, carry, 0)
			w[j], carry = lo, hi+c1
		}
		if carry != 0 {
			return seqNo{}, false
		}
	}
	n := seqNo{
		created: int64(w[0] >> 20 & maxSeconds),
		index:   w[0]<<48 | w[1]>>16,
		arrived: int64((w[1]<<28 | w[2]>>36) & maxSeconds),
		shard:   int64(w[2] >> 4 & 0xffffffff),
	}
	// Version digits, the zero byte and the doubled low digit must be in their places.
	return n, n.index <= closingIndex && n.words() == w
}

// compare orders sequence numbers as numbers.
func (n seqNo) compare(o seqNo) int {
	a, b := n.words(), o.words()
	for i := range a {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// shardName is a shard's id. That of a number that is none has its sign in it.
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
	if n, ok := parseSeq(s); ok {
		return encoded{2, n.created, n.arrived, int64(int32(n.shard))}, n.created < tooLate
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

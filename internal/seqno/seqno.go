// Package seqno is the layout of Kinesis's sequence numbers. AWS does not document it: four
// of the five numbers in its documentation follow it, and nothing that matters on AWS may
// depend on it.
package seqno

import (
	"math/bits"
	"strconv"
)

// Number is a sequence number taken apart. As a number it has 47 hex digits:
//
//	2 | seconds of the shard's creation (9) | low digit of the shard's index (1) |
//	the record's index in the shard (16) | 00 | seconds of the arrival (9) |
//	the shard's index (8) | 2
//
// so that the records of a shard, and of its children after it, are ordered by number.
type Number struct {
	Created int64 // seconds
	Shard   int64
	Index   uint64
	Arrived int64 // seconds
}

// ClosingIndex is the record index in the EndingSequenceNumber of a closed shard.
const ClosingIndex = 1<<63 - 1

const maxSeconds = 1<<36 - 1

// words gives the number as 192 bits, highest word first.
func (n Number) words() [3]uint64 {
	// The 188 bits from the top: 4 | 36 | 4 | 64 | 8 | 36 | 32 | 4.
	created, arrived := uint64(n.Created)&maxSeconds, uint64(n.Arrived)&maxSeconds
	shard := uint64(n.Shard) & 0xffffffff
	return [3]uint64{
		2<<56 | created<<20 | (shard&15)<<16 | n.Index>>48,
		n.Index<<16 | arrived>>28,
		arrived<<36 | shard<<4 | 2,
	}
}

// Append appends the number in decimal, as the service writes it.
func (n Number) Append(b []byte) []byte {
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

func (n Number) String() string { return string(n.Append(make([]byte, 0, 57))) }

// Parse reads a sequence number that AWS, or the local lake, wrote.
func Parse(s string) (Number, bool) {
	if s == "" || len(s) > 57 || s[0] == '0' {
		return Number{}, false
	}
	var w [3]uint64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return Number{}, false
		}
		carry := uint64(c - '0')
		for j := len(w) - 1; j >= 0; j-- {
			hi, lo := bits.Mul64(w[j], 10)
			lo, c1 := bits.Add64(lo, carry, 0)
			w[j], carry = lo, hi+c1
		}
		if carry != 0 {
			return Number{}, false
		}
	}
	n := Number{
		Created: int64(w[0] >> 20 & maxSeconds),
		Index:   w[0]<<48 | w[1]>>16,
		Arrived: int64((w[1]<<28 | w[2]>>36) & maxSeconds),
		Shard:   int64(w[2] >> 4 & 0xffffffff),
	}
	// Version digits, the zero byte and the doubled low digit must be in their places.
	return n, n.Index <= ClosingIndex && n.words() == w
}

// Compare orders sequence numbers as numbers.
func (n Number) Compare(o Number) int {
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

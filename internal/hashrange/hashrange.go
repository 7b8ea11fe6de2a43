// Package hashrange is the arithmetic of Kinesis's hash keys: unsigned 128-bit numbers,
// the MD5 that makes one of a partition key, and the inclusive ranges that shards own.
package hashrange

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
)

// Key is a hash key: an unsigned number of 128 bits. The zero Key is the smallest.
// Keys are comparable with ==.
type Key struct{ Hi, Lo uint64 }

// Max is the largest key, 340282366920938463463374607431768211455.
func Max() Key { return Key{Hi: ^uint64(0), Lo: ^uint64(0)} }

// Of gives the hash key of a partition key: the MD5 of its UTF-8, read as one
// big-endian number.
func Of[K string | []byte](partitionKey K) Key {
	h := md5.Sum([]byte(partitionKey)) // what the service routes by
	return Key{Hi: binary.BigEndian.Uint64(h[:8]), Lo: binary.BigEndian.Uint64(h[8:])}
}

// Parse reads a key in decimal, as ExplicitHashKey and HashKeyRange have it: no sign, no
// leading zero, at most 2^128-1.
func Parse(s string) (Key, error) {
	k, ok := parse(s)
	if !ok {
		return Key{}, fmt.Errorf("hashrange: parse %q: not a decimal number from 0 to %s without sign or leading zeros", s, Max())
	}
	return k, nil
}

func parse(s string) (Key, bool) {
	if s == "" || len(s) > 39 || s[0] == '0' && len(s) > 1 {
		return Key{}, false
	}
	var k Key
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return Key{}, false
		}
		over, hi := bits.Mul64(k.Hi, 10)
		carry, lo := bits.Mul64(k.Lo, 10)
		lo, c1 := bits.Add64(lo, uint64(c-'0'), 0)
		hi, c2 := bits.Add64(hi, carry, c1)
		if over != 0 || c2 != 0 {
			return Key{}, false
		}
		k = Key{Hi: hi, Lo: lo}
	}
	return k, true
}

// String writes the key in decimal.
func (k Key) String() string { return string(k.Append(nil)) }

// Append appends the key in decimal.
func (k Key) Append(b []byte) []byte {
	const e19 = 10_000_000_000_000_000_000 // the highest power of ten in 64 bits
	if k.Hi == 0 {
		return strconv.AppendUint(b, k.Lo, 10)
	}
	q, low := k.divmod(e19)
	b = q.Append(b)
	var tmp [20]byte
	d := strconv.AppendUint(tmp[:0], low, 10)
	for range 19 - len(d) {
		b = append(b, '0')
	}
	return append(b, d...)
}

func (k Key) divmod(d uint64) (Key, uint64) {
	hi, rem := k.Hi/d, k.Hi%d
	lo, rem := bits.Div64(rem, k.Lo, d)
	return Key{Hi: hi, Lo: lo}, rem
}

// Compare gives -1, 0 or 1.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Hi, o.Hi), cmp.Compare(k.Lo, o.Lo))
}

// Less says whether k is below o.
func (k Key) Less(o Key) bool { return k.Hi < o.Hi || k.Hi == o.Hi && k.Lo < o.Lo }

// Next is the key above k; above [Max] comes 0.
func (k Key) Next() Key {
	lo, c := bits.Add64(k.Lo, 1, 0)
	return Key{Hi: k.Hi + c, Lo: lo}
}

// Prev is the key below k; below 0 comes [Max].
func (k Key) Prev() Key {
	lo, b := bits.Sub64(k.Lo, 1, 0)
	return Key{Hi: k.Hi - b, Lo: lo}
}

// Range is the keys from First to Last, both included. It is never empty: First is at
// most Last.
type Range struct{ First, Last Key }

// All is the range of every key.
func All() Range { return Range{Last: Max()} }

// ParseRange reads a range whose ends are in decimal.
func ParseRange(first, last string) (Range, error) {
	f, err := Parse(first)
	if err != nil {
		return Range{}, err
	}
	l, err := Parse(last)
	if err != nil {
		return Range{}, err
	}
	if l.Less(f) {
		return Range{}, fmt.Errorf("hashrange: range %s to %s ends before it starts", first, last)
	}
	return Range{First: f, Last: l}, nil
}

// String writes "first-last" in decimal.
func (r Range) String() string { return r.First.String() + "-" + r.Last.String() }

// Contains says whether k lies in the range.
func (r Range) Contains(k Key) bool { return !k.Less(r.First) && !r.Last.Less(k) }

// Overlaps says whether the ranges have a key in common.
func (r Range) Overlaps(o Range) bool { return !r.Last.Less(o.First) && !o.Last.Less(r.First) }

// Adjacent says whether one range starts right behind the other's end.
func (r Range) Adjacent(o Range) bool {
	return r.Last != Max() && r.Last.Next() == o.First || o.Last != Max() && o.Last.Next() == r.First
}

// Mid is the first key of the range's upper half: where Kinesis's users split a shard
// evenly. A range of one key gives that key.
func (r Range) Mid() Key {
	lo, b := bits.Sub64(r.Last.Lo, r.First.Lo, 0)
	hi, _ := bits.Sub64(r.Last.Hi, r.First.Hi, b)
	up := uint64(0)
	if r.First != r.Last {
		up = 1
	}
	lo, hi = lo>>1|hi<<63, hi>>1
	lo, c := bits.Add64(r.First.Lo, lo, up)
	return Key{Hi: r.First.Hi + hi + c, Lo: lo}
}

// Split cuts all keys into n ranges as CreateStream does for n shards: each has
// floor(2^128/n) keys, the last one the rest too. n below 1 counts as 1.
func Split(n int) []Range {
	n = max(n, 1)
	if n == 1 {
		return []Range{All()}
	}
	// floor(2^128/n) = floor((2^128-1)/n), plus 1 when n divides 2^128.
	size, rem := Max().divmod(uint64(n))
	if rem == uint64(n)-1 {
		size = size.Next()
	}
	rs := make([]Range, n)
	var first Key
	for i := range rs {
		lo, c := bits.Add64(first.Lo, size.Lo, 0)
		next := Key{Hi: first.Hi + size.Hi + c, Lo: lo}
		rs[i] = Range{First: first, Last: next.Prev()}
		first = next
	}
	rs[n-1].Last = Max()
	return rs
}

// Find gives the index of the range that contains k in rs, which must be sorted and
// free of overlaps; -1 when none does.
func Find(rs []Range, k Key) int {
	i, ok := slices.BinarySearchFunc(rs, k, func(r Range, k Key) int {
		switch {
		case r.Last.Less(k):
			return -1
		case k.Less(r.First):
			return 1
		}
		return 0
	})
	if !ok {
		return -1
	}
	return i
}

package parquetout

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/lakekit/lakekit/catalog"
)

// bounds are the least and the greatest value of a page, in the order that Parquet
// defines for the column's type: signed for numbers, by unsigned bytes for the rest.
type bounds struct {
	any    bool
	lo, hi int64   // integers, and booleans
	fl, fh float64 // floats, without the NaNs
	nans   int64
	// Bytes, and their first eight as a number: most values are told from the bounds by it.
	bl, bh []byte
	wl, wh uint64
}

func (b *bounds) reset() {
	*b = bounds{
		lo: math.MaxInt64, hi: math.MinInt64, fl: math.Inf(1), fh: math.Inf(-1),
		bl: b.bl[:0], bh: b.bh[:0], wl: math.MaxUint64,
	}
}

// word gives the first eight of the n bytes that src begins with, zeros for those that
// it lacks, as a number that orders as the bytes do where they differ. It reads eight
// bytes.
func word(src []byte, n int) uint64 {
	w := binary.BigEndian.Uint64(src)
	if n < 8 {
		cut := uint(64 - 8*n)
		w = w >> cut << cut
	}
	return w
}

// bytes takes in v, whose word is w and may lie between the bounds.
func (b *bounds) bytes(v []byte, w uint64) {
	if !b.any {
		b.bl, b.bh, b.wl, b.wh, b.any = append(b.bl[:0], v...), append(b.bh[:0], v...), w, w, true
		return
	}
	if w < b.wl || w == b.wl && bytes.Compare(v, b.bl) < 0 {
		b.bl, b.wl = append(b.bl[:0], v...), w
	}
	if w > b.wh || w == b.wh && bytes.Compare(v, b.bh) > 0 {
		b.bh, b.wh = append(b.bh[:0], v...), w
	}
}

// decimal takes in v, 16 bytes of big-endian two's complement.
func (b *bounds) decimal(v []byte) {
	if !b.any {
		b.bl, b.bh, b.any = append(b.bl[:0], v...), append(b.bh[:0], v...), true
		return
	}
	if compareSigned(v, b.bl) < 0 {
		b.bl = append(b.bl[:0], v...)
	}
	if compareSigned(v, b.bh) > 0 {
		b.bh = append(b.bh[:0], v...)
	}
}

func compareSigned(a, b []byte) int {
	if c := cmp.Compare(int8(a[0]), int8(b[0])); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

// encode gives the bounds as PLAIN values, appended to two slices of which nothing is
// kept. It is not ok when there are none: no value, or NaNs alone.
func (b *bounds) encode(l *leaf, lo, hi []byte) (_, _ []byte, ok bool) {
	le := binary.LittleEndian
	switch l.kind {
	case kindBool:
		return append(lo, byte(b.lo)), append(hi, byte(b.hi)), b.lo <= b.hi
	case kindInt32:
		return le.AppendUint32(lo, uint32(b.lo)), le.AppendUint32(hi, uint32(b.hi)), b.lo <= b.hi
	case kindInt64:
		return le.AppendUint64(lo, uint64(b.lo)), le.AppendUint64(hi, uint64(b.hi)), b.lo <= b.hi
	case kindFloat, kindDouble:
		// Zeros have two signs that compare as equal: the bounds must hold both.
		fl, fh := b.fl, b.fh
		if fl == 0 {
			fl = math.Copysign(0, -1)
		}
		if fh == 0 {
			fh = 0
		}
		if l.kind == kindFloat {
			return le.AppendUint32(lo, math.Float32bits(float32(fl))), le.AppendUint32(hi, math.Float32bits(float32(fh))), fl <= fh
		}
		return le.AppendUint64(lo, math.Float64bits(fl)), le.AppendUint64(hi, math.Float64bits(fh)), fl <= fh
	case kindDecimal:
		if !b.any {
			return lo, hi, false
		}
		return append(lo, b.bl[16-l.width:]...), append(hi, b.bh[16-l.width:]...), true
	case kindBytes, kindFixed:
		return append(lo, b.bl...), append(hi, b.bh...), b.any
	}
	return lo, hi, false
}

// compare orders two encoded values of a leaf.
func (l *leaf) compare(a, b []byte) int {
	le := binary.LittleEndian
	switch l.kind {
	case kindInt32:
		return cmp.Compare(int32(le.Uint32(a)), int32(le.Uint32(b)))
	case kindInt64:
		return cmp.Compare(int64(le.Uint64(a)), int64(le.Uint64(b)))
	case kindFloat:
		return cmp.Compare(math.Float32frombits(le.Uint32(a)), math.Float32frombits(le.Uint32(b)))
	case kindDouble:
		return cmp.Compare(math.Float64frombits(le.Uint64(a)), math.Float64frombits(le.Uint64(b)))
	case kindDecimal:
		return compareSigned(a, b)
	case kindBool, kindBytes, kindFixed:
	}
	return bytes.Compare(a, b)
}

// maxBound is the longest bound that is written, in bytes.
const maxBound = 64

// limits are bounds as they are written.
type limits struct {
	lo, hi           []byte
	loExact, hiExact bool
	// endless says that nothing short lies above the greatest value: hi is none.
	endless bool
}

// shorten cuts the bounds of long values: down for the least, up for the greatest, so that
// all values lie between them.
func (l *leaf) shorten(lo, hi []byte) limits {
	s := limits{lo: lo, hi: hi, loExact: true, hiExact: true}
	if l.kind != kindBytes {
		return s
	}
	text := l.Type.Kind != catalog.KindBinary
	if len(lo) > maxBound {
		s.lo, s.loExact = cut(lo, text), false
	}
	if len(hi) > maxBound {
		s.hi, s.hiExact = above(cut(hi, text), text), false
		s.endless = s.hi == nil
	}
	return s
}

// cut gives the first maxBound bytes of v, or a few less so that no character is split.
func cut(v []byte, text bool) []byte {
	n := maxBound
	for text && n > maxBound-utf8.UTFMax && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n:n]
}

// above gives the least value of at most v's length (in characters, if it is text) that is
// greater than all that begin with v, or nil.
func above(v []byte, text bool) []byte {
	for len(v) > 0 {
		if !text {
			if last := v[len(v)-1]; last < 0xff {
				return append(v[:len(v)-1:len(v)-1], last+1)
			}
			v = v[:len(v)-1]
			continue
		}
		r, n := utf8.DecodeLastRune(v)
		v = v[:len(v)-n]
		switch {
		case r == utf8.RuneError && n == 1:
			return nil
		case r == utf8.MaxRune:
			continue
		case r+1 == 0xd800: // the surrogates are no characters
			r = 0xdfff
		}
		return utf8.AppendRune(v[:len(v):len(v)], r+1)
	}
	return nil
}

// width gives how many bits the numbers up to n need.
func width(n int) int { return bits.Len(uint(n)) }

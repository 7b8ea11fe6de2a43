package parquetout

import (
	"encoding/binary"
	"math/bits"
)

// Levels and dictionary indices are written in Parquet's RLE/bit-packing hybrid: a run of
// one value is its length and the value, anything else is groups of eight values, packed.

// minRun is the shortest run that is worth leaving the packed groups for.
const minRun = 16

// appendLevels appends levels of w bits.
func appendLevels(b, lv []byte, w int) []byte {
	for len(lv) > 0 {
		if n := levelRun(lv); n >= minRun || n == len(lv) {
			b = appendRun(b, n, uint32(lv[0]), w)
			lv = lv[n:]
			continue
		}
		n := 8
		for n < len(lv) && (len(lv)-n < minRun || !sameLevels(lv[n:n+minRun])) {
			n += 8
		}
		n = min(n, len(lv))
		b = packLevels(b, lv[:n], w)
		lv = lv[n:]
	}
	return b
}

// levelRun gives the length of the run that lv begins with.
func levelRun(lv []byte) int {
	all := uint64(lv[0]) * 0x0101010101010101
	n := 0
	for ; n+8 <= len(lv); n += 8 {
		if x := binary.LittleEndian.Uint64(lv[n:]) ^ all; x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(lv) && lv[n] == lv[0] {
		n++
	}
	return n
}

func sameLevels(lv []byte) bool {
	x := binary.LittleEndian.Uint64(lv)
	return x == binary.LittleEndian.Uint64(lv[8:]) && x == uint64(lv[0])*0x0101010101010101
}

func appendRun(b []byte, n int, v uint32, w int) []byte {
	b = binary.AppendUvarint(b, uint64(n)<<1)
	for ; w > 0; w -= 8 {
		b = append(b, byte(v))
		v >>= 8
	}
	return b
}

func packLevels(b, lv []byte, w int) []byte {
	b = binary.AppendUvarint(b, uint64((len(lv)+7)/8)<<1|1)
	for len(lv) >= 8 {
		b = packEight(b, binary.LittleEndian.Uint64(lv), w)
		lv = lv[8:]
	}
	if len(lv) > 0 {
		var last [8]byte
		copy(last[:], lv)
		b = packEight(b, binary.LittleEndian.Uint64(last[:]), w)
	}
	return b
}

// packEight appends the low w bits of each of the eight bytes of x.
func packEight(b []byte, x uint64, w int) []byte {
	if w == 1 {
		// Bit 8i moves to bit 56+i; no two products meet.
		return append(b, byte(x*0x0102040810204080>>56))
	}
	var acc uint64
	for i := range 8 {
		acc |= x >> (8 * i) & 0xff << (w * i)
	}
	for range w {
		b = append(b, byte(acc))
		acc >>= 8
	}
	return b
}

// appendBools appends booleans, a byte each, as the bits of a PLAIN page.
func appendBools(b, vs []byte) []byte {
	for len(vs) >= 8 {
		b = packEight(b, binary.LittleEndian.Uint64(vs), 1)
		vs = vs[8:]
	}
	if len(vs) > 0 {
		var last [8]byte
		copy(last[:], vs)
		b = packEight(b, binary.LittleEndian.Uint64(last[:]), 1)
	}
	return b
}

// appendIndices appends dictionary indices of w bits.
func appendIndices(b []byte, idx []uint32, w int) []byte {
	for len(idx) > 0 {
		if n := indexRun(idx, len(idx)); n >= minRun || n == len(idx) {
			b = appendRun(b, n, idx[0], w)
			idx = idx[n:]
			continue
		}
		n := 8
		for n < len(idx) && indexRun(idx[n:], minRun) < minRun {
			n += 8
		}
		n = min(n, len(idx))
		b = packIndices(b, idx[:n], w)
		idx = idx[n:]
	}
	return b
}

// indexRun gives the length of the run that idx begins with, counted up to most.
func indexRun(idx []uint32, most int) int {
	n := 1
	for n < len(idx) && n < most && idx[n] == idx[0] {
		n++
	}
	return n
}

func packIndices(b []byte, idx []uint32, w int) []byte {
	groups := (len(idx) + 7) / 8
	b = binary.AppendUvarint(b, uint64(groups)<<1|1)
	end := len(b) + groups*w
	var acc uint64
	n := 0
	for _, v := range idx {
		acc |= uint64(v) << n
		if n += w; n >= 32 {
			b = binary.LittleEndian.AppendUint32(b, uint32(acc))
			acc >>= 32
			n -= 32
		}
	}
	// The rest of the last group, and zeros for the values that it lacks.
	for len(b) < end {
		b = append(b, byte(acc))
		acc >>= 8
	}
	return b[:end]
}

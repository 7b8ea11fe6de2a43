package jsoncol

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// The parser reads by offset from the start of Batch.Buf without bounds checks. What keeps
// it inside: a zero byte follows every record, which ends every string, number, literal and
// run of white space, and [column.Pad] bytes follow that, more than any load reaches over.
type pointer = unsafe.Pointer

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func at(b pointer, i int) byte { return *(*byte)(unsafe.Add(b, i)) }

// load reads 8 bytes, the first one lowest.
func load(b pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(b, i))[:])
}

func load4(b pointer, i int) uint32 {
	return binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(b, i))[:])
}

// start is where s begins.
func start(s []byte) pointer {
	return pointer(unsafe.SliceData(s)) //nolint:gosec // see pointer
}

// view is n bytes as they lie in the buffer.
func view(b pointer, i, n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(b, i)), n) //nolint:gosec // see pointer
}

// viewString is n bytes as they lie in the buffer. It is good as long as they stay.
func viewString(b pointer, i, n int) string {
	return unsafe.String((*byte)(unsafe.Add(b, i)), n) //nolint:gosec // see pointer
}

const (
	litNull = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	litTrue = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	litAlse = 'a' | 'l'<<8 | 's'<<16 | 'e'<<24
)

// stops marks the bytes of x that may end a string: quotes, backslashes and control bytes.
// Bytes above the first mark may be marked wrongly.
func stops(x uint64) uint64 {
	q, s := x^(ones*'"'), x^(ones*'\\')
	return ((q-ones)&^q | (s-ones)&^s | (x-ones*0x20)&^x) & highs
}

// stringEnd gives the place of the first byte at or after i that may end a string, and adds
// the bytes passed to acc, for their high bits.
func stringEnd(b pointer, i int, acc uint64) (int, uint64) {
	for {
		x := load(b, i)
		acc |= x
		if m := stops(x); m != 0 {
			return i + bits.TrailingZeros64(m)>>3, acc
		}
		i += 8
	}
}

// space skips white space.
func space(b pointer, i int) int {
	for {
		switch at(b, i) {
		case ' ', '\n', '\r', '\t':
			i++
		default:
			return i
		}
	}
}

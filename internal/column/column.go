// Package column is the form between JSON records and Parquet files: a batch of rows
// held as one vector per leaf column. [github.com/lakekit/lakekit/internal/jsoncol]
// fills it, [github.com/lakekit/lakekit/internal/parquetout] writes it out, and the
// delivery in between reads single values to choose a partition.
package column

import "github.com/lakekit/lakekit/catalog"

// Leaf is one leaf column of a schema, in the order of a depth-first walk.
type Leaf struct {
	// Path is the leaf's path in Parquet: tags, list, element for an array of strings.
	Path []string
	// Type is the leaf's own, scalar type.
	Type catalog.Type
	// MaxDef and MaxRep are the highest definition and repetition level. Every column,
	// list element, map value and struct member is optional, a map's key is not.
	MaxDef, MaxRep uint8
	// ID is the Iceberg field id. Zero means none.
	ID int
}

// Vector is the values of one leaf over the rows of a [Batch].
//
// A slot is 64 bits, by the leaf's kind: booleans 0 or 1; the integers, dates (days
// since 1970-01-01), timestamps and times (microseconds), and decimals of up to 18
// digits (unscaled) as an int64; floats their float32 bits, doubles their float64 bits;
// everything else a reference to bytes (see [Batch.Bytes]): text and binary, uuid (16
// bytes), fixed, and decimals of more than 18 digits as 16 bytes of big-endian two's
// complement.
type Vector struct {
	// Slots has one slot per entry; the slot of an entry whose Def is below MaxDef is
	// unspecified.
	Slots []uint64
	// Def is the definition level of each entry.
	Def []uint8
	// Rep is the repetition level of each entry. It is empty when MaxRep is 0; then
	// entry r belongs to row r.
	Rep []uint8
	// Start gives, when MaxRep is above 0, the entries of row r as Start[r] to Start[r+1].
	Start []uint32
	// Nulls counts the entries whose Def is below MaxDef, so that a writer may skip
	// looking when it is 0.
	Nulls int
}

// Batch is some rows.
type Batch struct {
	// Rows is how many there are.
	Rows int
	// Buf and Arena hold the bytes that slots refer to. Both have [Pad] bytes of capacity
	// behind their length, which hold anything.
	Buf, Arena []byte
	// Cols has a vector per leaf.
	Cols []Vector
}

// Pad is the slack behind Buf and Arena, so that wide loads need no bounds of their own.
const Pad = 64

// InArena is the bit of a reference that says that the bytes lie in Arena, not in Buf.
const InArena = 1 << 63

// Ref makes a reference to n bytes at offset off.
func Ref(off, n int) uint64 { return uint64(off)<<32 | uint64(uint32(n)) }

// Bytes gives the bytes that a reference stands for.
func (b *Batch) Bytes(slot uint64) []byte {
	buf := b.Buf
	if slot&InArena != 0 {
		buf, slot = b.Arena, slot&^InArena
	}
	off, n := slot>>32, uint64(uint32(slot))
	return buf[off : off+n : off+n]
}

package aggregate

import (
	"crypto/md5"
	"hash/maphash"
	"math"
	"math/bits"
)

// Builder makes an aggregate. The zero Builder is empty and ready; it is used again without
// allocating. Equal keys are stored once, as the KPL does.
type Builder struct {
	keys    table
	hashes  table
	records []byte // the encoded entries of the message's field 3
	n       int
}

// Len is the number of user records.
func (b *Builder) Len() int { return b.n }

// Size is the length in bytes of what Append appends.
func (b *Builder) Size() int {
	return Overhead + len(b.keys.entries) + len(b.hashes.entries) + len(b.records)
}

// Add puts a record behind the others. It copies the payload.
func (b *Builder) Add(r Record) { b.AddWithin(r, math.MaxInt) }

// AddWithin is Add unless Size would be more than limit; it says whether the record was
// added.
func (b *Builder) AddWithin(r Record, limit int) bool {
	key, slot, size := b.keys.place(r.Key)
	inner := sizeField(key) + sizeBytes(len(r.Data))
	var hash uint64
	var hashSlot, hashSize int
	if r.ExplicitHashKey != "" {
		hash, hashSlot, hashSize = b.hashes.place(r.ExplicitHashKey)
		inner += sizeField(hash)
	}
	if b.Size()+size+hashSize+sizeBytes(inner) > limit {
		return false
	}
	if size > 0 {
		b.keys.add(r.Key, slot, tagKey)
	}
	if hashSize > 0 {
		b.hashes.add(r.ExplicitHashKey, hashSlot, tagHash)
	}
	p := appendVarint(append(b.records, tagRecord), uint64(inner))
	p = appendVarint(append(p, tagKeyIndex), key)
	if r.ExplicitHashKey != "" {
		p = appendVarint(append(p, tagHashIndex), hash)
	}
	p = appendVarint(append(p, tagData), uint64(len(r.Data)))
	b.records = append(p, r.Data...)
	b.n++
	return true
}

// Append appends the aggregate: the payload of a Kinesis record.
func (b *Builder) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, b.keys.entries...)
	dst = append(dst, b.hashes.entries...)
	dst = append(dst, b.records...)
	sum := md5.Sum(dst[start+len(magic):]) // a checksum: the format says so
	return append(dst, sum[:]...)
}

// Use gives an empty builder the memory for its records. Take gives it away again.
func (b *Builder) Use(memory []byte) { b.records = memory[:0] }

// Memory is how many bytes of records the builder can take before it allocates.
func (b *Builder) Memory() int { return cap(b.records) - len(b.records) }

// Move puts the records into other, larger memory and gives back the old.
func (b *Builder) Move(memory []byte) []byte {
	old := b.records
	b.records = append(memory[:0], old...)
	return old[:0]
}

// Take gives the aggregate without its checksum, in the memory of its records, and leaves
// the builder empty and without memory. [Seal] appends the checksum: it is most of the work,
// and need not be done where Take is called.
func (b *Builder) Take() []byte {
	k, h := len(b.keys.entries), len(b.hashes.entries)
	front := len(magic) + k + h
	n := len(b.records)
	p := append(b.records, b.keys.entries...) // as many bytes as will be in front
	p = append(p, b.hashes.entries...)
	p = append(p, magic...)
	copy(p[front:], p[:n])
	copy(p, magic)
	copy(p[len(magic):], b.keys.entries)
	copy(p[len(magic)+k:], b.hashes.entries)
	b.records = nil
	b.Reset()
	return p
}

// Seal appends the checksum to what Take gave.
func Seal(p []byte) []byte {
	sum := md5.Sum(p[len(magic):]) // a checksum: the format says so
	return append(p, sum[:]...)
}

// Reset empties the builder.
func (b *Builder) Reset() {
	b.keys.reset()
	b.hashes.reset()
	b.records, b.n = b.records[:0], 0
}

// table is one of the message's two tables of strings.
type table struct {
	seed    maphash.Seed
	slots   []uint32 // an open-addressed hash table of indexes into spans, from 1; 0 is free
	spans   []span   // of the strings in entries
	entries []byte   // encoded
}

type span struct{ from, to uint32 }

// place says which index s has or would have, and how many bytes its entry would add: none
// when it is there. slot is where add puts a new one.
func (t *table) place(s string) (i uint64, slot, size int) {
	if 2*len(t.spans) >= len(t.slots) {
		t.grow()
	}
	mask := len(t.slots) - 1
	slot = int(maphash.String(t.seed, s)) & mask
	for ; t.slots[slot] != 0; slot = (slot + 1) & mask {
		i := t.slots[slot] - 1
		if x := t.spans[i]; string(t.entries[x.from:x.to]) == s {
			return uint64(i), slot, 0
		}
	}
	return uint64(len(t.spans)), slot, sizeBytes(len(s))
}

func (t *table) add(s string, slot int, tag byte) {
	t.entries = append(appendVarint(append(t.entries, tag), uint64(len(s))), s...)
	to := uint32(len(t.entries))
	t.spans = append(t.spans, span{to - uint32(len(s)), to})
	t.slots[slot] = uint32(len(t.spans))
}

func (t *table) grow() {
	if t.slots == nil {
		t.seed = maphash.MakeSeed()
	}
	t.slots = make([]uint32, max(16, 2*len(t.slots)))
	mask := len(t.slots) - 1
	for i, x := range t.spans {
		slot := int(maphash.Bytes(t.seed, t.entries[x.from:x.to])) & mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = uint32(i + 1)
	}
}

// maxSlots is how large a table may stay when it is emptied, so that one busy moment is not
// paid for ever.
const maxSlots = 4096

func (t *table) reset() {
	if len(t.slots) > maxSlots {
		*t = table{}
		return
	}
	if len(t.spans) == 0 {
		return
	}
	clear(t.slots)
	t.spans, t.entries = t.spans[:0], t.entries[:0]
}

func appendVarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func sizeVarint(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// The tags of this message are a byte each.
func sizeField(v uint64) int { return 1 + sizeVarint(v) }

func sizeBytes(n int) int { return 1 + sizeVarint(uint64(n)) + n }

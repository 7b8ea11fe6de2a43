package aggregate

import (
	"crypto/md5"
	"math/bits"
)

// Builder makes an aggregate. The zero Builder is empty and ready; after [Builder.Reset] it
// is used again without allocating. Equal keys are stored once, as the KPL does.
type Builder struct {
	keys    table
	hashes  table
	records []byte // the encoded entries of the message's field 3
	n       int
}

// table is one of the message's two tables of strings.
type table struct {
	index   map[string]uint64
	entries []byte // encoded
}

// Len is the number of user records.
func (b *Builder) Len() int { return b.n }

// Size is the length in bytes of what Append appends.
func (b *Builder) Size() int {
	return Overhead + len(b.keys.entries) + len(b.hashes.entries) + len(b.records)
}

// SizeWith is what Size would be with one more record.
func (b *Builder) SizeWith(r Record) int {
	key, size := b.keys.place(r.Key)
	inner := sizeField(key) + sizeBytes(len(r.Data))
	if r.ExplicitHashKey != "" {
		hash, more := b.hashes.place(r.ExplicitHashKey)
		size += more
		inner += sizeField(hash)
	}
	return b.Size() + size + sizeBytes(inner)
}

// Add puts a record behind the others. It copies the payload.
func (b *Builder) Add(r Record) {
	key := b.keys.add(r.Key, tagKey)
	inner := sizeField(key) + sizeBytes(len(r.Data))
	hash := uint64(0)
	if r.ExplicitHashKey != "" {
		hash = b.hashes.add(r.ExplicitHashKey, tagHash)
		inner += sizeField(hash)
	}
	p := appendVarint(append(b.records, tagRecord), uint64(inner))
	p = appendVarint(append(p, tagKeyIndex), key)
	if r.ExplicitHashKey != "" {
		p = appendVarint(append(p, tagHashIndex), hash)
	}
	p = appendVarint(append(p, tagData), uint64(len(r.Data)))
	b.records = append(p, r.Data...)
	b.n++
}

// Append appends the aggregate: the payload of a Kinesis record.
func (b *Builder) Append(dst []byte) []byte {
	dst = append(dst, magic...)
	start := len(dst)
	dst = append(dst, b.keys.entries...)
	dst = append(dst, b.hashes.entries...)
	dst = append(dst, b.records...)
	sum := md5.Sum(dst[start:]) // a checksum: the format says so
	return append(dst, sum[:]...)
}

// Reset empties the builder.
func (b *Builder) Reset() {
	b.keys.reset()
	b.hashes.reset()
	b.records, b.n = b.records[:0], 0
}

// place says which index s has or would have, and how many bytes its entry would add.
func (t *table) place(s string) (i uint64, size int) {
	if i, ok := t.index[s]; ok {
		return i, 0
	}
	return uint64(len(t.index)), sizeBytes(len(s))
}

func (t *table) add(s string, tag byte) uint64 {
	if i, ok := t.index[s]; ok {
		return i
	}
	if t.index == nil {
		t.index = make(map[string]uint64)
	}
	i := uint64(len(t.index))
	t.index[s] = i
	t.entries = append(appendVarint(append(t.entries, tag), uint64(len(s))), s...)
	return i
}

func (t *table) reset() {
	clear(t.index)
	t.entries = t.entries[:0]
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

package parquetout

import (
	"encoding/binary"
)

// dict is the dictionary of a chunk: its distinct values in the order in which they came,
// as a PLAIN page has them, and a hash table to find them.
type dict struct {
	table []uint32 // an entry's index + 1, or 0
	shift uint8    // takes a hash to its place in the table

	entries []entry
	buf     []byte   // PLAIN values, of bytes with their lengths
	indices []uint32 // memory for the indices of a page, while the dictionary is idle
}

// entry is a value. Eight bytes of it lie beside its hash, so that short values are found
// without a look at the others.
type entry struct {
	word uint64
	hash uint32
	off  uint32 // of the bytes in buf, behind their length
	n    uint32
	page uint32 // the page that used it last
}

const minTable = 256

func newDict() *dict {
	return &dict{table: make([]uint32, minTable), shift: 32 - 8}
}

func (d *dict) reset() {
	d.entries, d.buf = d.entries[:0], d.buf[:0]
	if len(d.table) > 16*minTable {
		d.table = make([]uint32, minTable)
	} else {
		clear(d.table)
	}
	d.shift = 32
	for n := len(d.table); n > 1; n /= 2 {
		d.shift--
	}
}

func (d *dict) memory() int64 {
	return int64(cap(d.table)*4 + cap(d.entries)*24 + cap(d.buf) + cap(d.indices)*4)
}

const (
	mix1 = 0x9e3779b97f4a7c15
	mix2 = 0x9fb21c651e98df25
)

// int gives the index of a value of width bytes (4 or 8).
func (d *dict) int(v uint64, width int) uint32 {
	h := v * mix1
	hash := uint32((h ^ h>>32) * mix2 >> 32)
	mask := uint32(len(d.table) - 1)
	i := hash >> d.shift
	for d.table[i] != 0 {
		k := d.table[i] - 1
		if d.entries[k].word == v {
			return k
		}
		i = (i + 1) & mask
	}
	if width == 4 {
		d.buf = binary.LittleEndian.AppendUint32(d.buf, uint32(v))
	} else {
		d.buf = binary.LittleEndian.AppendUint64(d.buf, v)
	}
	return d.add(i, entry{word: v, hash: hash})
}

// bytes gives the index of the n bytes at off of src, which has eight bytes behind them;
// length says whether their length is a part of the value.
func (d *dict) bytes(src []byte, off, n int, length bool) uint32 {
	word := binary.LittleEndian.Uint64(src[off:])
	h := uint64(n) * mix1
	if n < 8 {
		word &= 1<<(8*n) - 1
		h = (h ^ word) * mix2
	} else {
		at := off
		for ; at+8 <= off+n; at += 8 {
			h = (h ^ binary.LittleEndian.Uint64(src[at:])) * mix2
			h ^= h >> 32
		}
		// The last eight bytes, which may overlap those before.
		h = (h ^ binary.LittleEndian.Uint64(src[off+n-8:])) * mix2
	}
	h ^= h >> 32
	hash := uint32(h * mix1 >> 32)
	mask := uint32(len(d.table) - 1)
	i := hash >> d.shift
	for d.table[i] != 0 {
		k := d.table[i] - 1
		if e := &d.entries[k]; e.word == word && e.hash == hash && int(e.n) == n &&
			(n <= 8 || string(d.buf[e.off:e.off+e.n]) == string(src[off:off+n])) {
			return k
		}
		i = (i + 1) & mask
	}
	if length {
		d.buf = binary.LittleEndian.AppendUint32(d.buf, uint32(n))
	}
	e := entry{word: word, hash: hash, off: uint32(len(d.buf)), n: uint32(n)}
	d.buf = append(d.buf, src[off:off+n]...)
	return d.add(i, e)
}

// add makes e an entry, found at place i of the table.
func (d *dict) add(i uint32, e entry) uint32 {
	d.entries = append(d.entries, e)
	k := uint32(len(d.entries))
	d.table[i] = k
	if int(k)*2 > len(d.table) {
		d.grow()
	}
	return k - 1
}

func (d *dict) grow() {
	n := 4 * len(d.table)
	if n <= cap(d.table) {
		d.table = d.table[:n]
		clear(d.table)
	} else {
		d.table = make([]uint32, n)
	}
	d.shift -= 2
	mask := uint32(n - 1)
	for k := range d.entries {
		i := d.entries[k].hash >> d.shift
		for d.table[i] != 0 {
			i = (i + 1) & mask
		}
		d.table[i] = uint32(k + 1)
	}
}

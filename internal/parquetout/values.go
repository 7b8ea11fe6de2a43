package parquetout

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/lakekit/lakekit/internal/column"
)

// source is where a batch's references point. Both buffers can be read [column.Pad] bytes
// beyond every value.
type source struct {
	buf, arena []byte
}

// append takes rows of v into the chunk, and writes the pages that fill up.
func (c *chunk) append(s *scratch, v *column.Vector, src *source, rows []int32) error {
	for len(rows) > 0 {
		var n, size int
		if c.leaf.MaxRep == 0 {
			n, size = c.gather(s, v, rows)
		} else {
			var err error
			if n, size, err = c.gatherNested(s, v, rows); err != nil {
				return err
			}
		}
		rows = rows[n:]
		c.rows += n
		c.count += len(s.slots)
		if c.mode == plain {
			c.putPlain(s.slots, src, size)
		} else {
			c.pending += size
			c.putDict(s.slots, src)
			c.judge()
		}
		if c.full() {
			if err := c.write(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// room is how many bytes of values the open page still takes. The value that reaches it is
// the last one.
func (c *chunk) room() int {
	return max(1, c.pageBytes-max(0, len(c.values)-front))
}

// gather takes the slots of some first rows to s, and their levels to the page. It gives
// how many rows it took, and the size of their values as PLAIN.
func (c *chunk) gather(s *scratch, v *column.Vector, rows []int32) (n, size int) {
	n = min(len(rows), c.batch(), maxEntries-c.entries)
	room := c.room()
	if w := c.leaf.width; w > 0 {
		n = min(n, (room+w-1)/w)
	}
	slots := s.slots[:gather]
	k := 0
	if v.Nulls == 0 || c.leaf.MaxDef == 0 {
		if c.leaf.kind == kindBytes {
			for k < n {
				slot := v.Slots[rows[k]]
				slots[k] = slot
				k++
				if size += 4 + int(uint32(slot)); size >= room {
					break
				}
			}
			n = k
		} else {
			for i, r := range rows[:n] {
				slots[i] = v.Slots[r]
			}
			k = n
		}
		if len(c.def) > 0 {
			c.def = appendRepeated(c.pool.grow(c.def, n), c.leaf.MaxDef, n)
		}
	} else {
		before := len(c.def)
		if before == 0 && c.entries > 0 {
			c.def = appendRepeated(c.pool.grow(c.def, c.entries), c.leaf.MaxDef, c.entries)
		}
		at := len(c.def)
		def := c.pool.grow(c.def, n)[:at+n]
		length := 0 // all ones when values have their own length
		if c.leaf.kind == kindBytes {
			length = -1
		}
		for i, r := range rows[:n] {
			slot, d := v.Slots[r], v.Def[r]
			slots[k], def[at+i] = slot, d
			// Without a branch: whether a value is null is often anybody's guess.
			one := 0
			if d == c.leaf.MaxDef {
				one = 1
			}
			k += one
			if size += (4 + int(uint32(slot))) & -one & length; size >= room {
				n = i + 1
				break
			}
		}
		c.def = def[:at+n]
		if before == 0 && k == n {
			c.def = c.def[:0] // there was no null among these rows
		}
	}
	if c.leaf.width > 0 {
		size = k * c.leaf.width
	}
	c.entries += n
	s.slots = slots[:k]
	return n, size
}

// gatherNested is gather for a leaf below a list or a map, where a row has one entry or more.
func (c *chunk) gatherNested(s *scratch, v *column.Vector, rows []int32) (n, size int, err error) {
	room, most := c.room(), c.batch()
	slots := s.slots[:0]
	for n < len(rows) && size < room && c.entries < maxEntries && len(slots) < most {
		r := rows[n]
		from, to := v.Start[r], v.Start[r+1]
		if from >= to {
			return 0, 0, fmt.Errorf("column %q: row %d has no entry", c.leaf.name(), r)
		}
		k := int(to - from)
		c.rep = append(c.pool.grow(c.rep, k), v.Rep[from:to]...)
		c.def = append(c.pool.grow(c.def, k), v.Def[from:to]...)
		for e := from; e < to; e++ {
			if v.Def[e] != c.leaf.MaxDef {
				continue
			}
			slot := v.Slots[e]
			slots = append(slots, slot)
			if c.leaf.width > 0 {
				size += c.leaf.width
			} else {
				size += 4 + int(uint32(slot))
			}
		}
		c.entries += k
		n++
	}
	s.slots = slots
	return n, size, nil
}

// appendRepeated appends n times v to b, which has the room.
func appendRepeated(b []byte, v byte, n int) []byte {
	at := len(b)
	b = b[:at+n]
	for i := range b[at:] {
		b[at+i] = v
	}
	return b
}

// copyWide is how many bytes of a short value are copied at once, whatever its length.
const copyWide = 32

// putPlain appends values of size bytes in all to the page.
func (c *chunk) putPlain(slots []uint64, src *source, size int) {
	c.need(size + copyWide)
	at := len(c.values)
	vs := c.values[:cap(c.values)]
	c.values = vs[:at+size]
	b := &c.bounds
	switch c.leaf.kind {
	case kindBool:
		for i, v := range slots {
			vs[at+i] = byte(v & 1)
		}
		b.integers(slots, 1)
	case kindInt32:
		for _, v := range slots {
			binary.LittleEndian.PutUint32(vs[at:], uint32(v))
			at += 4
		}
		b.integers(slots, math.MaxUint64)
	case kindInt64:
		for _, v := range slots {
			binary.LittleEndian.PutUint64(vs[at:], v)
			at += 8
		}
		b.integers(slots, math.MaxUint64)
	case kindFloat:
		for _, v := range slots {
			binary.LittleEndian.PutUint32(vs[at:], uint32(v))
			at += 4
		}
		b.floats(slots)
	case kindDouble:
		for _, v := range slots {
			binary.LittleEndian.PutUint64(vs[at:], v)
			at += 8
		}
		b.doubles(slots)
	case kindBytes:
		putBytes(vs, at, slots, src, b)
	case kindFixed:
		for _, v := range slots {
			from, off, n := src.at(v)
			copy(vs[at:at+c.leaf.width], from[off:off+n])
			at += c.leaf.width
			if w := word(from[off:], n); w <= b.wl || w >= b.wh {
				b.bytes(from[off:off+n], w)
			}
		}
	case kindDecimal:
		for _, v := range slots {
			from, off, n := src.at(v)
			copy(vs[at:at+c.leaf.width], from[off+n-c.leaf.width:off+n])
			at += c.leaf.width
			b.decimal(from[off : off+n])
		}
	}
}

// at gives the buffer that a reference points into, and its offset and length.
func (s *source) at(ref uint64) (from []byte, off, n int) {
	from = s.buf
	if ref&column.InArena != 0 {
		from, ref = s.arena, ref&^column.InArena
	}
	return from, int(ref >> 32), int(uint32(ref))
}

// putBytes appends values with their lengths at vs[at:], which has copyWide bytes to spare.
func putBytes(vs []byte, at int, slots []uint64, src *source, b *bounds) {
	buf, arena := src.buf, src.arena
	for _, v := range slots {
		from := buf
		if v&column.InArena != 0 {
			from, v = arena, v&^column.InArena
		}
		off, n := int(v>>32), int(uint32(v))
		binary.LittleEndian.PutUint32(vs[at:], uint32(n))
		at += 4
		if n <= copyWide {
			*(*[copyWide]byte)(vs[at:]) = *(*[copyWide]byte)(from[off:])
		} else {
			copy(vs[at:at+n], from[off:off+n])
		}
		at += n
		if w := word(from[off:], n); w <= b.wl || w >= b.wh {
			b.bytes(from[off:off+n], w)
		}
	}
}

// putDict appends the values' places in the dictionary to the page.
func (c *chunk) putDict(slots []uint64, src *source) {
	b, d, idx := &c.bounds, c.dict, c.indices
	switch c.leaf.kind {
	case kindInt32, kindFloat:
		for _, v := range slots {
			idx = append(idx, d.int(uint64(uint32(v)), 4))
		}
		if c.leaf.kind == kindFloat {
			b.floats(slots)
		} else {
			b.integers(slots, math.MaxUint64)
		}
	case kindInt64, kindDouble:
		for _, v := range slots {
			idx = append(idx, d.int(v, 8))
		}
		if c.leaf.kind == kindDouble {
			b.doubles(slots)
		} else {
			b.integers(slots, math.MaxUint64)
		}
	default:
		// Only the first use of a value in a page can move the page's bounds.
		page := uint32(len(c.out.index) + 1)
		for _, v := range slots {
			from, off, n := src.at(v)
			skip := 0
			if c.leaf.kind == kindDecimal {
				skip = n - c.leaf.width
			}
			k := d.bytes(from, off+skip, n-skip, c.leaf.kind == kindBytes)
			idx = append(idx, k)
			if e := &d.entries[k]; e.page != page {
				e.page = page
				if c.leaf.kind == kindDecimal {
					b.decimal(from[off : off+n])
				} else if w := word(from[off:], n); w <= b.wl || w >= b.wh {
					b.bytes(from[off:off+n], w)
				}
			}
		}
	}
	c.indices = idx
}

// integers takes in the masked values.
func (b *bounds) integers(slots []uint64, mask uint64) {
	lo, hi := b.lo, b.hi
	for _, v := range slots {
		i := int64(v & mask)
		lo, hi = min(lo, i), max(hi, i)
	}
	b.lo, b.hi = lo, hi
}

func (b *bounds) floats(slots []uint64) {
	for _, v := range slots {
		b.float(float64(math.Float32frombits(uint32(v))))
	}
}

func (b *bounds) doubles(slots []uint64) {
	for _, v := range slots {
		b.float(math.Float64frombits(v))
	}
}

func (b *bounds) float(f float64) {
	if f < b.fl {
		b.fl = f
	}
	if f > b.fh {
		b.fh = f
	}
	if f != f {
		b.nans++
	}
}

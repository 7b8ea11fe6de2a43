package parquetout

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// mode is how a chunk's values are encoded.
type mode uint8

const (
	sampling mode = iota // in a dictionary, until there are enough values to judge it
	coded                // in a dictionary
	plain
)

// When a dictionary pays. Looking up values that hardly repeat costs more than their
// compression does: a dictionary for every string made a whole conversion 1.4 times as
// dear, and its files 5 % smaller. A few values tell the columns that are nearly all
// distinct; of a few hundred values drawn at random they let pass what the whole sample
// would, so that files of some thousand rows do not spend their time on samples.
const (
	firstValues  = 128
	sampleValues = 1024
	worthFactor  = 4         // values for each distinct one
	maxDictBytes = 512 << 10 // readers hold it all, and so does the cache
)

// maxEntries bounds a page whose values are small.
const maxEntries = 32 << 10

// front is kept free before a page's values, for levels that take little.
const front = 16

// chunk is a column of the open row group, and its page that is not full yet.
type chunk struct {
	leaf      *leaf
	pool      *Pool
	codec     Codec
	pageBytes int

	mode    mode
	dict    *dict
	values  []byte   // PLAIN values behind front bytes; booleans a byte each
	indices []uint32 // of the dictionary
	pending int      // size that the values of indices would have as PLAIN

	// The levels, one for each entry. There are no definition levels while all are MaxDef.
	def, rep []byte
	entries  int
	rows     int
	count    int // of the entries that are not null
	bounds   bounds

	out pages
}

// pages are what is written of a chunk.
type pages struct {
	segments [][]byte
	bytes    int64 // of the data pages in the file, with their headers
	dict     int64 // of the dictionary page
	raw      int64 // of both before compression
	index    []pageIndex
	limits   []byte // the pages' least and greatest values, one after another

	rows, entries, values, nulls, nans int64
	dictPages, plainPages              int

	// The bounds of all pages, not shortened.
	lo, hi  []byte
	bounded bool
	// vague says that a page has values but no bounds.
	vague bool
}

// pageIndex is a page's place and bounds.
type pageIndex struct {
	offset   int64 // from the chunk's first data page
	size     int32
	firstRow int64
	nulls    int64
	values   int
	// loEnd and hiEnd are where the bounds end in limits. They are empty in a page of nulls.
	loEnd, hiEnd int
}

func (c *chunk) reset() {
	c.mode = sampling
	if c.leaf.kind == kindBool {
		c.mode = plain
	} else {
		c.dict = c.pool.dict()
		c.indices = c.dict.indices[:0]
	}
	c.bounds.reset()
	c.out = pages{}
}

// dropDict gives the dictionary back, with the memory of its indices.
func (c *chunk) dropDict() {
	if c.dict == nil {
		return
	}
	c.dict.indices = c.indices[:0]
	c.pool.putDict(c.dict)
	c.dict, c.indices = nil, nil
}

// release gives the chunk's memory back.
func (c *chunk) release() {
	c.dropDict()
	for _, b := range [][]byte{c.values, c.def, c.rep} {
		c.pool.putPage(b)
	}
	c.pool.putSegments(c.out.segments)
	c.values, c.def, c.rep, c.out.segments = nil, nil, nil, nil
}

// memory is what the chunk holds.
func (c *chunk) memory() int64 {
	n := int64(len(c.out.segments)*segment + cap(c.values) + 4*cap(c.indices) + cap(c.def) + cap(c.rep) + cap(c.out.limits))
	if c.dict != nil {
		n += c.dict.memory()
	}
	return n
}

// size is what the chunk would take in a file, its open page before compression.
func (c *chunk) size() int64 {
	n := c.out.bytes + int64(max(0, len(c.values)-front)) + int64((len(c.def)+len(c.rep))/8)
	if c.dict != nil {
		n += int64(len(c.dict.buf) + len(c.indices)*width(len(c.dict.entries))/8)
	}
	return n
}

// full says that the open page is to be written: it is large, or the next one has another
// encoding.
func (c *chunk) full() bool {
	return c.entries >= maxEntries || len(c.values)-front >= c.pageBytes || c.mode == plain && len(c.indices) > 0
}

// judge decides about the dictionary, when there is enough to go by.
func (c *chunk) judge() {
	switch c.mode {
	case sampling:
		n, distinct := len(c.indices), len(c.dict.entries)
		if n < sampleValues && len(c.dict.buf) < c.pageBytes {
			if n >= firstValues && distinct*5 > n*4 {
				c.toPlain()
			}
			return
		}
		if distinct*worthFactor > n || len(c.dict.buf) > maxDictBytes {
			c.toPlain()
			return
		}
		c.mode = coded
	case coded:
		if len(c.dict.buf) > maxDictBytes {
			c.mode = plain // for the pages to come; this one is written as it is
		}
	case plain:
	}
}

// batch is how many values are to be taken at once.
func (c *chunk) batch() int {
	if c.mode == sampling && len(c.indices) < firstValues {
		return firstValues - len(c.indices)
	}
	return gather
}

// toPlain writes the page's values out as PLAIN and leaves the dictionary, of which no
// page has been written.
func (c *chunk) toPlain() {
	c.mode = plain
	defer c.dropDict()
	if len(c.indices) == 0 {
		return
	}
	d := c.dict
	c.need(c.pending)
	at := len(c.values)
	vs := c.values[:cap(c.values)]
	for _, k := range c.indices {
		e := &d.entries[k]
		switch c.leaf.kind {
		case kindInt32, kindFloat:
			binary.LittleEndian.PutUint32(vs[at:], uint32(e.word))
			at += 4
		case kindInt64, kindDouble:
			binary.LittleEndian.PutUint64(vs[at:], e.word)
			at += 8
		case kindBytes:
			at += copy(vs[at:], d.buf[e.off-4:e.off+e.n])
		default:
			at += copy(vs[at:], d.buf[e.off:e.off+e.n])
		}
	}
	c.values = vs[:at]
	c.indices, c.pending = c.indices[:0], 0
}

// need makes room for n more bytes of values.
func (c *chunk) need(n int) {
	if c.values == nil {
		c.values = c.pool.page(front + n)[:front]
	}
	c.values = c.pool.grow(c.values, n)
}

// finish writes the chunk's end to w: its dictionary, then the full pages, whose segments
// it hands over, then the open page.
func (c *chunk) finish(s *scratch, w *segments) error {
	if c.mode == sampling && !c.worth() {
		c.toPlain()
	}
	if c.out.dictPages > 0 || len(c.indices) > 0 {
		if err := c.dictPage(s, w); err != nil {
			return err
		}
	}
	w.all = append(w.all, c.out.segments...)
	c.out.segments = nil
	return c.flush(s, w)
}

// worth says whether a dictionary makes the chunk smaller, when it has fewer values than a
// sample.
func (c *chunk) worth() bool {
	coded := len(c.dict.buf) + len(c.indices)*width(len(c.dict.entries))/8 + 24
	return coded < c.pending
}

// write writes the open page behind those that are written.
func (c *chunk) write(s *scratch) error {
	if c.mode == sampling {
		// The page is full of nulls, or of long values: there will be no better sample.
		if c.worth() {
			c.mode = coded
		} else {
			c.toPlain()
		}
	}
	w := segments{pool: c.pool, all: c.out.segments}
	err := c.flush(s, &w)
	c.out.segments = w.all
	if c.mode == coded && len(c.dict.entries)*worthFactor > int(c.out.values) {
		c.mode = plain
	}
	return err
}

// flush writes the open page to w.
func (c *chunk) flush(s *scratch, w *segments) error {
	if c.entries == 0 {
		return nil
	}
	body, encoding := c.body(s)
	h := &s.hdr
	h.reset()
	h.begin()
	h.i32(1, 0) // a data page
	size, err := c.page(s, w, body, func() {
		h.sub(5)
		h.i32(1, c.entries)
		h.i32(2, int(encoding))
		h.i32(3, int(parquetmeta.RLE))
		h.i32(4, int(parquetmeta.RLE))
		h.end()
	})
	if err != nil {
		return err
	}
	c.record(size)
	c.values, c.indices, c.pending = c.values[:min(front, len(c.values))], c.indices[:0], 0
	c.def, c.rep, c.entries, c.rows, c.count = c.def[:0], c.rep[:0], 0, 0, 0
	return nil
}

// record takes the page just written, of size bytes, into the index and the chunk's
// statistics.
func (c *chunk) record(size int64) {
	o := &c.out
	p := pageIndex{offset: o.bytes, size: int32(size), firstRow: o.rows, nulls: int64(c.entries - c.count), values: c.count}
	o.bytes += size
	o.rows += int64(c.rows)
	o.entries += int64(c.entries)
	o.values += int64(c.count)
	o.nulls += p.nulls
	o.nans += c.bounds.nans
	var lo, hi [2 * maxBound]byte
	l, h, ok := c.bounds.encode(c.leaf, lo[:0], hi[:0])
	if ok {
		if !o.bounded || c.leaf.compare(l, o.lo) < 0 {
			o.lo = append(o.lo[:0], l...)
		}
		if !o.bounded || c.leaf.compare(h, o.hi) > 0 {
			o.hi = append(o.hi[:0], h...)
		}
		o.bounded = true
		short := c.leaf.shorten(l, h)
		o.limits = append(o.limits, short.lo...)
		p.loEnd = len(o.limits)
		o.limits = append(o.limits, short.hi...)
		p.hiEnd = len(o.limits)
		ok = !short.endless
	} else {
		p.loEnd, p.hiEnd = len(o.limits), len(o.limits)
	}
	o.vague = o.vague || !ok && c.count > 0
	o.index = append(o.index, p)
	c.bounds.reset()
}

// body makes the page of its levels and values.
func (c *chunk) body(s *scratch) ([]byte, parquetmeta.Encoding) {
	b := s.body[:0]
	if c.leaf.MaxRep > 0 {
		b = appendSized(b, func(b []byte) []byte { return appendLevels(b, c.rep, width(int(c.leaf.MaxRep))) })
	}
	if c.leaf.MaxDef > 0 {
		b = appendSized(b, func(b []byte) []byte {
			if len(c.def) > 0 {
				return appendLevels(b, c.def, width(int(c.leaf.MaxDef)))
			}
			return appendRun(b, c.entries, uint32(c.leaf.MaxDef), width(int(c.leaf.MaxDef)))
		})
	}
	encoding := parquetmeta.Plain
	switch {
	case len(c.indices) > 0:
		encoding = parquetmeta.RLEDictionary
		c.out.dictPages++
		w := max(1, width(len(c.dict.entries)-1))
		b = appendIndices(append(b, byte(w)), c.indices, w)
	case len(c.values) <= front:
		// A page of nulls alone is PLAIN, whatever the others are: there is no width in it.
		c.out.plainPages++
	case c.leaf.kind == kindBool:
		c.out.plainPages++
		b = appendBools(b, c.values[front:])
	case len(b) <= front:
		// The usual case: the levels fit before the values, which need not be moved.
		c.out.plainPages++
		from := front - len(b)
		copy(c.values[from:], b)
		return c.values[from:], encoding
	default:
		c.out.plainPages++
		b = append(b, c.values[front:]...)
	}
	s.body = b
	return b, encoding
}

// appendSized appends what add appends with its length in four bytes before it.
func appendSized(b []byte, add func([]byte) []byte) []byte {
	at := len(b)
	b = add(append(b, 0, 0, 0, 0))
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

func (c *chunk) dictPage(s *scratch, w *segments) (err error) {
	h := &s.hdr
	h.reset()
	h.begin()
	h.i32(1, 2) // a dictionary page
	c.out.dict, err = c.page(s, w, c.dict.buf, func() {
		h.sub(7)
		h.i32(1, len(c.dict.entries))
		h.i32(2, int(parquetmeta.Plain))
		h.end()
	})
	return err
}

// page compresses body and writes it to w, behind the header that is begun in s and that
// rest completes. It gives the size of both.
func (c *chunk) page(s *scratch, w *segments, body []byte, rest func()) (int64, error) {
	if len(body) > math.MaxInt32/2 {
		return 0, fmt.Errorf("column %q: a page of %d bytes is over the limit of 1 GiB", c.leaf.name(), len(body))
	}
	comp, err := s.enc.encode(c.codec, s.comp, body)
	if err != nil {
		return 0, fmt.Errorf("column %q: %w", c.leaf.name(), err)
	}
	if c.codec != Uncompressed {
		s.comp = comp
	}
	h := &s.hdr
	h.i32(2, len(body))
	h.i32(3, len(comp))
	rest()
	h.end()
	c.out.raw += int64(len(h.b) + len(body))
	w.write(h.b)
	w.write(comp)
	return int64(len(h.b) + len(comp)), nil
}

// segments is a run of bytes in borrowed pieces.
type segments struct {
	pool *Pool
	all  [][]byte
}

func (w *segments) write(b []byte) {
	for len(b) > 0 {
		n := len(w.all) - 1
		if n < 0 || len(w.all[n]) == cap(w.all[n]) {
			w.all = append(w.all, w.pool.segment())
			n++
		}
		s := w.all[n]
		k := copy(s[len(s):cap(s)], b)
		w.all[n] = s[:len(s)+k]
		b = b[k:]
	}
}

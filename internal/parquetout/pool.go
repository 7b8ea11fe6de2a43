package parquetout

import (
	"math/bits"
	"sync"

	"github.com/lakekit/lakekit/internal/column"
)

// segment is the size of the pieces that a file is held in, slab how many are made at once.
const (
	segment = 32 << 10
	slab    = 16
)

// Pool lends memory to writers, and keeps what they give back. The zero Pool is ready for
// use, by any number of goroutines.
type Pool struct {
	// MaxIdle bounds the bytes that are kept while nobody uses them. Zero means 64 MiB.
	MaxIdle int64

	mu struct {
		sync.Mutex
		idle      int64
		segments  [][]byte
		pages     [pageClasses][][]byte
		dicts     []*dict
		scratches []*scratch
	}
}

const defaultMaxIdle = 64 << 20

// Pages come in sizes that grow fourfold, so that a column with few values holds little,
// and with some slack, so that the last value of a full page needs no bigger one.
const (
	minPage     = 2 << 10
	pageSlack   = 1 << 10
	pageClasses = 7 // up to 8 MiB; bigger ones are not kept
)

func (p *Pool) room(n int64) bool {
	most := p.MaxIdle
	if most == 0 {
		most = defaultMaxIdle
	}
	if p.mu.idle+n > most {
		return false
	}
	p.mu.idle += n
	return true
}

func (p *Pool) segment() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.mu.segments); n > 0 {
		s := p.mu.segments[n-1]
		p.mu.segments = p.mu.segments[:n-1]
		p.mu.idle -= segment
		return s
	}
	// Many at once: each large allocation is cleared and accounted for on its own.
	b := make([]byte, slab*segment)
	for i := 1; i < slab; i++ {
		if p.room(segment) {
			p.mu.segments = append(p.mu.segments, b[i*segment:i*segment:(i+1)*segment])
		}
	}
	return b[:0:segment]
}

func (p *Pool) putSegments(ss [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range ss {
		if cap(s) == segment && p.room(segment) {
			p.mu.segments = append(p.mu.segments, s[:0])
		}
	}
}

// pageClass gives the class of pages of at least n bytes.
func pageClass(n int) int {
	n = max(n-pageSlack, minPage)
	return (bits.Len(uint(n-1)) - bits.Len(uint(minPage-1)) + 1) / 2
}

func classBytes(class int) int { return minPage<<(2*class) + pageSlack }

// page gives a buffer of at least n bytes.
func (p *Pool) page(n int) []byte {
	class := pageClass(n)
	if class >= pageClasses {
		return make([]byte, 0, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	free := &p.mu.pages[class]
	if n := len(*free); n > 0 {
		b := (*free)[n-1]
		*free = (*free)[:n-1]
		p.mu.idle -= int64(cap(b))
		return b
	}
	return make([]byte, 0, classBytes(class))
}

func (p *Pool) putPage(b []byte) {
	class := pageClass(cap(b))
	if cap(b) == 0 || class >= pageClasses || cap(b) != classBytes(class) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room(int64(cap(b))) {
		p.mu.pages[class] = append(p.mu.pages[class], b[:0])
	}
}

// grow gives b with room for n more bytes, in a bigger page if need be.
func (p *Pool) grow(b []byte, n int) []byte {
	if n <= cap(b)-len(b) {
		return b
	}
	bigger := append(p.page(len(b)+n), b...)
	p.putPage(b)
	return bigger
}

func (p *Pool) dict() *dict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.mu.dicts); n > 0 {
		d := p.mu.dicts[n-1]
		p.mu.dicts = p.mu.dicts[:n-1]
		p.mu.idle -= d.memory()
		return d
	}
	return newDict()
}

func (p *Pool) putDict(d *dict) {
	d.reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room(d.memory()) {
		p.mu.dicts = append(p.mu.dicts, d)
	}
}

// scratch is what a writer needs while it appends, and not between.
type scratch struct {
	slots      []uint64
	body, comp []byte
	hdr        thrift
	enc        encoder
	// pad stands for a batch's empty buffer that has no pad of its own.
	pad [column.Pad]byte
}

// gather is how many rows are taken at once: their slots should stay in the first cache.
const gather = 512

func (p *Pool) scratch() *scratch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.mu.scratches); n > 0 {
		s := p.mu.scratches[n-1]
		p.mu.scratches = p.mu.scratches[:n-1]
		return s
	}
	return &scratch{slots: make([]uint64, 0, gather)}
}

// maxScratch is the buffer that is kept: one row of a giant must not stay for ever.
const maxScratch = 4 << 20

func (p *Pool) putScratch(s *scratch) {
	if cap(s.body) > maxScratch {
		s.body = nil
	}
	if cap(s.comp) > maxScratch {
		s.comp = nil
	}
	if cap(s.slots) > maxScratch/8 {
		s.slots = make([]uint64, 0, gather)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.scratches = append(p.mu.scratches, s)
}

package jsoncol

import (
	"bytes"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/column"
)

const (
	// maxBatch bounds a batch's bytes, so that references fit their 31 bits of offset.
	maxBatch = 1 << 30
	// maxNesting bounds the nesting of values that no column wants.
	maxNesting = 512
	firstRows  = 256
)

// Parser fills a batch from records. It is not safe for concurrent use.
type Parser struct {
	schema   *column.Schema
	root     *object
	repeated []int // the leaves that lie in arrays or maps

	out   column.Batch
	buf   []byte
	arena []byte
	// cols are the vectors under way: a flat leaf's slices are as long as there is room,
	// a repeated leaf's as long as they are filled.
	cols []column.Vector
	room int
	rows int

	// The state of the record under way.
	base, end int    // where it lies in buf
	row       int    // the row being filled
	acc       uint64 // all bytes of its strings, or-ed
	err       *Error
	seen      []uint64 // the sets of wide structs under way
	keyAt     []int    // the places of the keys of maps under way
	drop      map[int]bool
	dropped   bool // a map's key came twice

	day     cachedDay
	scratch []byte
	mapKeys map[string]int
}

// New makes a parser for the schema.
func New(s *column.Schema) (*Parser, error) {
	root, err := newObject(s.Fields, "", 0)
	if err != nil {
		return nil, &schemaError{err}
	}
	p := &Parser{schema: s, root: root, cols: make([]column.Vector, len(s.Leaves))}
	p.out.Cols = make([]column.Vector, len(s.Leaves))
	for i := range s.Leaves {
		if s.Leaves[i].MaxRep > 0 {
			p.repeated = append(p.repeated, i)
		}
	}
	p.grow(firstRows)
	return p, nil
}

type schemaError struct{ err error }

func (e *schemaError) Error() string { return "jsoncol: " + e.err.Error() }
func (e *schemaError) Unwrap() error { return e.err }

// Append adds the objects of a record, one row each, and says how many there were. A record
// that is refused leaves no trace; the error is then an [*Error]. The record's bytes are
// copied.
func (p *Parser) Append(record []byte) (rows int, err error) {
	if len(record) > maxBatch-len(p.buf) {
		return 0, &Error{Code: MalformedData, Reason: "the record is too large for this batch"}
	}
	p.base, p.end = len(p.buf), len(p.buf)+len(record)
	p.room4(len(record))
	p.buf = append(append(p.buf, record...), 0)
	arena, before := len(p.arena), p.rows
	p.err, p.acc = nil, 0
	ok := p.record()
	if ok && p.dropped {
		// A second pass leaves out the map keys that come again later.
		p.undo(before, arena)
		ok = p.record()
	}
	if ok && p.acc&highs != 0 && !utf8.Valid(record) {
		p.err = &Error{Code: ParseError, Offset: invalidAt(record), Reason: "the record is not valid UTF-8"}
		ok = false
	}
	p.seen, p.keyAt = p.seen[:0], p.keyAt[:0]
	if p.dropped {
		p.dropped = false
		clear(p.drop)
	}
	if !ok {
		p.undo(before, arena)
		p.buf = p.buf[:p.base]
		return 0, p.err
	}
	return p.rows - before, nil
}

// Size is how many bytes of records the batch holds.
func (p *Parser) Size() int { return len(p.buf) }

// Rows is how many rows the batch holds.
func (p *Parser) Rows() int { return p.rows }

// Batch is what was appended since the last Reset. It is valid until the next Append or Reset.
func (p *Parser) Batch() *column.Batch {
	o := &p.out
	o.Rows, o.Buf, o.Arena = p.rows, p.buf, p.arena
	for i := range p.cols {
		in, v := &p.cols[i], &o.Cols[i]
		n := len(in.Slots)
		if leaf := &p.schema.Leaves[i]; leaf.MaxRep == 0 {
			n = p.rows
		} else {
			v.Rep = in.Rep
			v.Start = append(in.Start, uint32(n))
			in.Start = v.Start[:p.rows]
		}
		v.Slots, v.Def = in.Slots[:n], in.Def[:n]
		v.Nulls = n - bytes.Count(v.Def, []byte{p.schema.Leaves[i].MaxDef})
	}
	return o
}

// Reset empties the batch and keeps its memory.
func (p *Parser) Reset() {
	p.rows, p.buf, p.arena = 0, p.buf[:0], p.arena[:0]
	for _, i := range p.repeated {
		c := &p.cols[i]
		c.Slots, c.Def, c.Rep, c.Start = c.Slots[:0], c.Def[:0], c.Rep[:0], c.Start[:0]
	}
}

// record parses the objects between base and end.
func (p *Parser) record() bool {
	b := start(p.buf)
	i := space(b, p.base)
	if i == p.end {
		p.refuse(i, "", "the record is empty")
		return false
	}
	for first := true; i < p.end; first = false {
		if c := at(b, i); c != '{' {
			switch {
			case !first:
				p.syntax(i, "want another object or the end of the record")
			case c == '[':
				p.refuse(i, "", "the record is an array: want an object, or several one after another")
			default:
				if p.skip(b, i) >= 0 {
					p.refuse(i, "", "the record is a scalar: want an object")
				}
			}
			return false
		}
		if p.rows == p.room {
			p.grow(2 * p.room)
		}
		p.row = p.rows
		for _, l := range p.repeated {
			c := &p.cols[l]
			c.Start = append(c.Start, uint32(len(c.Slots)))
		}
		p.rows++
		if i = p.object(b, i, p.root, 0); i < 0 {
			return false
		}
		i = space(b, i)
	}
	return true
}

// undo takes the rows from before on away.
func (p *Parser) undo(before, arena int) {
	for _, l := range p.repeated {
		c := &p.cols[l]
		if len(c.Start) > before {
			n := c.Start[before]
			c.Slots, c.Def, c.Rep, c.Start = c.Slots[:n], c.Def[:n], c.Rep[:n], c.Start[:before]
		}
	}
	p.rows, p.arena = before, p.arena[:arena]
}

// grow makes room for more rows in the flat leaves.
func (p *Parser) grow(rows int) {
	for i := range p.cols {
		if p.schema.Leaves[i].MaxRep > 0 {
			continue
		}
		c := &p.cols[i]
		c.Slots = append(make([]uint64, 0, rows), c.Slots...)[:rows]
		c.Def = append(make([]uint8, 0, rows), c.Def...)[:rows]
	}
	p.room = rows
}

// room4 makes room for a record of n bytes, its end mark and the padding.
func (p *Parser) room4(n int) {
	if need := len(p.buf) + n + 1 + column.Pad; need > cap(p.buf) {
		p.buf = append(make([]byte, 0, need+need/2), p.buf...)
	}
}

// arenaRoom makes room for n more bytes of arena.
func (p *Parser) arenaRoom(n int) {
	if need := len(p.arena) + n + column.Pad; need > cap(p.arena) {
		p.arena = append(make([]byte, 0, need+need/2+1024), p.arena...)
	}
}

func invalidAt(s []byte) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/internal/seqno"
)

// entry is one record of a put. Its frame lies in the batch's arena, unsealed.
type entry struct {
	off, len int // the frame in the arena
	keyLen   int
	keyChars int
	hash     hashrange.Key
	explicit string // ExplicitHashKey as it came, empty when there is none
	hasData  bool
	shard    int32 // index into the stream's open shards, once routed
	seq      seqno.Number
	err      *putError
}

func (e *entry) dataLen() int { return e.len - frameHeader - e.keyLen }

// padding counts the = at the end of base64.
func padding(b []byte) int {
	n := 0
	for n < min(2, len(b)) && b[len(b)-1-n] == '=' {
		n++
	}
	return n
}

var strictBase64 = base64.StdEncoding.Strict()

type putError struct{ code, message string }

// batch is a PutRecords request, decoded: the base64 text of each record's data has become
// the bytes of a frame in arena.
type batch struct {
	streamRef
	ordering string // SequenceNumberForOrdering, of PutRecord
	entries  []entry
	arena    []byte
	order    []int32
	out      []byte
}

func (b *batch) reset(size int) {
	b.streamRef, b.ordering = streamRef{}, ""
	clear(b.entries)
	b.entries, b.order, b.out = b.entries[:0], b.order[:0], b.out[:0]
	if cap(b.arena) < size {
		b.arena = make([]byte, 0, size)
	}
	b.arena = b.arena[:0]
}

// add makes a frame of a record whose data is at hand.
func (b *batch) add(data, key []byte, explicit string, hasData bool) {
	e := entry{off: len(b.arena), explicit: explicit, hasData: hasData}
	b.arena = append(b.arena, make([]byte, frameHeader)...)
	b.arena = append(b.arena, data...)
	b.finish(e, key)
}

// finish puts the key behind the data of the frame at the arena's end.
func (b *batch) finish(e entry, key []byte) {
	b.arena = append(b.arena, key...)
	e.len, e.keyLen, e.keyChars = len(b.arena)-e.off, len(key), utf8.RuneCount(key)
	if e.explicit == "" {
		e.hash = hashrange.Of(key)
	}
	b.entries = append(b.entries, e)
}

// decodeJSON reads the body of a PutRecords or, single, of a PutRecord request. It knows
// these shapes only: encoding/json takes five times as long, most of it in finding out what
// it is looking at. Its errors are for nobody: the caller finds better words.
func (b *batch) decodeJSON(body []byte, single bool) error {
	b.reset(len(body) + 1024)
	p := parser{b: body}
	var err error
	if single {
		err = b.record(&p, true)
	} else {
		err = p.object(func(name []byte) error {
			if string(name) != "Records" {
				return b.top(&p, name)
			}
			b.entries, b.arena = b.entries[:0], b.arena[:0]
			return p.array(func() error { return b.record(&p, false) })
		})
	}
	if err != nil {
		return err
	}
	return p.end()
}

// top reads a member that stands beside the records.
func (b *batch) top(p *parser, name []byte) error {
	var err error
	switch string(name) {
	case "StreamName":
		b.StreamName, err = p.text()
	case "StreamARN":
		b.StreamARN, err = p.text()
	case "StreamId":
		b.StreamID, err = p.text()
	case "SequenceNumberForOrdering":
		b.ordering, err = p.text()
	default:
		err = p.skip(0)
	}
	return err
}

// record reads a record, which has the request's own members beside its own when it is the
// whole request.
func (b *batch) record(p *parser, single bool) error {
	if len(b.entries) > maxDecoded {
		return p.skip(0) // far more than the service takes: they are only counted
	}
	e := entry{off: len(b.arena)}
	b.arena = append(b.arena, make([]byte, frameHeader)...)
	var key []byte
	err := p.object(func(name []byte) error {
		var err error
		switch string(name) {
		case "Data":
			b.arena, e.hasData = b.arena[:e.off+frameHeader], false
			var raw []byte
			if raw, err = p.str(); err != nil {
				return err
			}
			b.arena = slices.Grow(b.arena, base64.StdEncoding.DecodedLen(len(raw)))
			at := len(b.arena)
			n, err := strictBase64.Decode(b.arena[at:cap(b.arena)], raw)
			if err != nil {
				return err
			}
			if len(raw)%4 != 0 || n != len(raw)/4*3-padding(raw) {
				return p.errorf("base64 with line breaks") // which the decoder passes over
			}
			b.arena, e.hasData = b.arena[:at+n], true
		case "PartitionKey":
			key, err = p.str()
		case "ExplicitHashKey":
			e.explicit, err = p.text()
		default:
			if single {
				err = b.top(p, name)
			} else {
				err = p.skip(0)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(key) > 1<<16-1 {
		key = key[:1<<16-1] // too long in any case; keeps the length in its field
	}
	b.finish(e, key)
	return nil
}

// maxDecoded bounds what is kept of a request that has too many records anyway.
const maxDecoded = 1000

// parser walks over JSON text without making values of it.
type parser struct {
	b []byte
	i int
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("invalid JSON at byte %d: %s", p.i, fmt.Sprintf(format, args...))
}

// peek skips white space and gives the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *parser) expect(c byte) error {
	if p.peek() != c {
		return p.errorf("expected %q", c)
	}
	p.i++
	return nil
}

func (p *parser) end() error {
	if p.peek() != 0 || p.i < len(p.b) {
		return p.errorf("text behind the value")
	}
	return nil
}

func (p *parser) null() bool {
	if p.peek() == 'n' && bytes.HasPrefix(p.b[p.i:], []byte("null")) {
		p.i += 4
		return true
	}
	return false
}

func (p *parser) object(member func(name []byte) error) error {
	if err := p.expect('{'); err != nil {
		return err
	}
	if p.peek() == '}' {
		p.i++
		return nil
	}
	for {
		name, err := p.str()
		if err != nil {
			return err
		}
		if err := p.expect(':'); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
		if p.peek() == ',' {
			p.i++
			continue
		}
		return p.expect('}')
	}
}

func (p *parser) array(element func() error) error {
	if err := p.expect('['); err != nil {
		return err
	}
	if p.peek() == ']' {
		p.i++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if p.peek() == ',' {
			p.i++
			continue
		}
		return p.expect(']')
	}
}

// str reads a string. The result points into the body unless it has escapes.
func (p *parser) str() ([]byte, error) {
	if err := p.expect('"'); err != nil {
		return nil, err
	}
	start := p.i
	n := bytes.IndexByte(p.b[start:], '"')
	if n < 0 {
		return nil, p.errorf("a string without an end")
	}
	s := p.b[start : start+n]
	if plain(s) {
		p.i = start + n + 1
		return s, nil
	}
	return p.escaped(start)
}

// plain says whether the bytes of a string stand for themselves: no escape, no control
// character, nothing but ASCII.
func plain(s []byte) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for len(s) >= 8 {
		w := le.Uint64(s)
		slash := w ^ ones*'\\'
		// A byte is zero in slash where a backslash stands; w-ones*0x20 borrows below a space.
		if (w|(slash-ones)&^slash|(w-ones*0x20)&^w)&highs != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c == '\\' || c < ' ' || c >= 0x80 {
			return false
		}
	}
	return true
}

// escaped reads the string whose text starts at start with encoding/json.
func (p *parser) escaped(start int) ([]byte, error) {
	end := start
	for ; end < len(p.b) && p.b[end] != '"'; end++ {
		if p.b[end] == '\\' {
			end++
		}
	}
	if end >= len(p.b) {
		return nil, p.errorf("a string without an end")
	}
	var s string
	if err := json.Unmarshal(p.b[start-1:end+1], &s); err != nil {
		return nil, p.errorf("a string that is not JSON")
	}
	p.i = end + 1
	return []byte(s), nil
}

// text reads a string that is not empty, or null.
func (p *parser) text() (string, error) {
	if p.null() {
		return "", nil
	}
	s, err := p.str()
	if err == nil && len(s) == 0 {
		err = p.errorf("an empty string")
	}
	return string(s), err
}

// maxDepth bounds the nesting of members that nobody knows.
const maxDepth = 100

func (p *parser) skip(depth int) error {
	switch c := p.peek(); {
	case depth > maxDepth:
		return p.errorf("nested more than %d deep", maxDepth)
	case c == '{':
		return p.object(func([]byte) error { return p.skip(depth + 1) })
	case c == '[':
		return p.array(func() error { return p.skip(depth + 1) })
	case c == '"':
		_, err := p.str()
		return err
	}
	start := p.i
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			goto done
		}
		p.i++
	}
done:
	if !json.Valid(p.b[start:p.i]) {
		p.i = start
		return p.errorf("expected a value")
	}
	return nil
}

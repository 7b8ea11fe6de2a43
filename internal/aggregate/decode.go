package aggregate

import (
	"errors"
	"fmt"
	"iter"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// The message's fields, each with its wire type:
//
//	Aggregate: 1 partition key (string, repeated), 2 explicit hash key (string, repeated),
//	           3 record (message, repeated)
//	Record:    1 key's index (required), 2 hash key's index, 3 data (required), 4 tag
const (
	tagKey       = 1<<3 | wireBytes
	tagHash      = 2<<3 | wireBytes
	tagRecord    = 3<<3 | wireBytes
	tagKeyIndex  = 1 << 3 // a varint's wire type is 0
	tagHashIndex = 2 << 3
	tagData      = 3<<3 | wireBytes
)

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireGroup   = 3 // its end is 4
	wireFixed32 = 5
)

// Aggregate is a decoded payload. It is used again for the next one by decoding into it.
type Aggregate struct {
	keys    []string
	hashes  []string
	records []entry

	keyHash      []hashrange.Key // of keys, once it is wanted
	explicitHash []hashrange.Key // of hashes

	text []byte // of keys and hashes together, while they are parsed
	ends []end
}

// end is where a string of one of the two tables ends in the text.
type end struct {
	at   int
	hash bool
}

type entry struct {
	key, hash uint64
	hasHash   bool
	data      []byte
}

// ErrInvalid is wrapped by the error of an aggregate that contradicts itself. None of its
// records can be trusted.
var ErrInvalid = errors.New("the aggregated record contradicts itself")

// Decode takes a payload apart. ok is false when it is not an aggregate but an ordinary
// record. The payloads of the records are parts of this one. It allocates once, for the keys
// together.
func (a *Aggregate) Decode(payload []byte) (ok bool, err error) {
	message, ok := open(payload)
	if !ok {
		return false, nil
	}
	return a.decode(message)
}

// DecodeUnsealed is Decode for what [Builder.Take] gave.
func (a *Aggregate) DecodeUnsealed(payload []byte) (ok bool, err error) {
	return a.decode(payload[len(magic):])
}

func (a *Aggregate) decode(message []byte) (ok bool, err error) {
	a.keys, a.hashes, a.records = a.keys[:0], a.hashes[:0], a.records[:0]
	a.keyHash, a.explicitHash = a.keyHash[:0], a.explicitHash[:0]
	a.text, a.ends = a.text[:0], a.ends[:0]
	if !a.parse(message) {
		return false, nil
	}
	for i := range a.records {
		switch r := &a.records[i]; {
		case r.key >= uint64(len(a.keys)):
			return true, fmt.Errorf("%w: record %d has partition key %d of %d", ErrInvalid, i, r.key, len(a.keys))
		case r.hasHash && r.hash >= uint64(len(a.hashes)):
			return true, fmt.Errorf("%w: record %d has explicit hash key %d of %d", ErrInvalid, i, r.hash, len(a.hashes))
		}
	}
	for i, h := range a.hashes {
		k, err := hashrange.Parse(h)
		if err != nil {
			return true, fmt.Errorf("%w: explicit hash key %d is no number of 128 bits in decimal", ErrInvalid, i)
		}
		a.explicitHash = append(a.explicitHash, k)
	}
	return true, nil
}

// Len is the number of user records.
func (a *Aggregate) Len() int { return len(a.records) }

// Records gives the user records by their sub-sequence numbers, from 0. They may not be
// asked for after an error.
func (a *Aggregate) Records() iter.Seq2[uint64, Record] {
	return func(yield func(uint64, Record) bool) {
		for i := range a.records {
			e := &a.records[i]
			r := Record{Key: a.keys[e.key], Data: e.data}
			if e.hasHash {
				r.ExplicitHashKey = a.hashes[e.hash]
			}
			if !yield(uint64(i), r) {
				return
			}
		}
	}
}

// Hash is the hash key that routes a record, by its sub-sequence number. That of a
// partition key is computed once, however many records share it.
func (a *Aggregate) Hash(sub uint64) hashrange.Key {
	e := &a.records[sub]
	if e.hasHash {
		return a.explicitHash[e.hash]
	}
	if len(a.keyHash) == 0 {
		for _, k := range a.keys {
			a.keyHash = append(a.keyHash, hashrange.Of(k))
		}
	}
	return a.keyHash[e.key]
}

func (a *Aggregate) parse(message []byte) bool {
	p := parser{b: message}
	for len(p.b) > 0 {
		switch tag := p.varint(); tag {
		case tagKey:
			a.text = append(a.text, p.bytes()...)
			a.ends = append(a.ends, end{at: len(a.text)})
		case tagHash:
			a.text = append(a.text, p.bytes()...)
			a.ends = append(a.ends, end{at: len(a.text), hash: true})
		case tagRecord:
			e, ok := parseRecord(p.bytes())
			if !ok {
				return false
			}
			a.records = append(a.records, e)
		default:
			p.skip(tag, 0)
		}
		if p.bad {
			return false
		}
	}
	text, from := string(a.text), 0
	for _, e := range a.ends {
		if s := text[from:e.at]; e.hash {
			a.hashes = append(a.hashes, s)
		} else {
			a.keys = append(a.keys, s)
		}
		from = e.at
	}
	return true
}

func parseRecord(message []byte) (e entry, ok bool) {
	p := parser{b: message}
	hasKey, hasData := false, false
	for len(p.b) > 0 {
		switch tag := p.varint(); tag { // of a field that comes twice the last one counts
		case tagKeyIndex:
			e.key, hasKey = p.varint(), true
		case tagHashIndex:
			e.hash, e.hasHash = p.varint(), true
		case tagData:
			e.data, hasData = p.bytes(), true
		default:
			p.skip(tag, 0)
		}
		if p.bad {
			return entry{}, false
		}
	}
	return e, hasKey && hasData
}

// parser reads protobuf. Once it is bad it stays so.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) varint() (v uint64) {
	for shift := 0; shift < 70; shift += 7 {
		if shift/7 >= len(p.b) {
			break
		}
		c := p.b[shift/7]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			p.b = p.b[shift/7+1:]
			return v
		}
	}
	p.fail()
	return 0
}

func (p *parser) bytes() []byte { return p.take(p.varint()) }

func (p *parser) take(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.fail()
		return nil
	}
	b := p.b[:n:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) fail() { p.bad, p.b = true, nil }

// maxDepth is how deep groups may nest, as in the protobuf libraries.
const maxDepth = 100

// skip passes over a field that is not known, or known with another wire type.
func (p *parser) skip(tag uint64, depth int) {
	if tag>>3 == 0 || tag>>3 >= 1<<29 {
		p.fail()
		return
	}
	switch tag & 7 {
	case wireVarint:
		p.varint()
	case wireFixed64:
		p.take(8)
	case wireBytes:
		p.bytes()
	case wireFixed32:
		p.take(4)
	case wireGroup:
		if depth == maxDepth {
			p.fail()
			return
		}
		for !p.bad {
			switch inner := p.varint(); {
			case p.bad:
			case inner == tag+1: // the end of this group
				return
			default:
				p.skip(inner, depth+1)
			}
		}
	default: // the end of a group that did not begin, or no wire type
		p.fail()
	}
}

package parquetmeta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The wire types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// maxThriftDepth bounds the nesting of structs and lists. Parquet's footer needs seven.
const maxThriftDepth = 32

var errTruncated = errors.New("footer ends in the middle of a value")

// thrift reads the compact protocol from b. The first error sticks, and after it every
// read gives the zero value and every loop ends.
type thrift struct {
	b     []byte
	pos   int
	depth int
	err   error
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.pos = len(t.b)
}

func (t *thrift) byte() byte {
	if t.err != nil || t.pos >= len(t.b) {
		t.fail(errTruncated)
		return 0
	}
	c := t.b[t.pos]
	t.pos++
	return c
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.b[t.pos:])
	if n <= 0 {
		t.fail(errTruncated)
		return 0
	}
	t.pos += n
	return v
}

func (t *thrift) zigzag() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// take gives the next n bytes without copying them.
func (t *thrift) take(n uint64) []byte {
	if t.err != nil || n > uint64(len(t.b)-t.pos) {
		t.fail(errTruncated)
		return nil
	}
	v := t.b[t.pos : t.pos+int(n) : t.pos+int(n)]
	t.pos += int(n)
	return v
}

func (t *thrift) wrongType(want string, got byte) {
	t.fail(fmt.Errorf("footer has wire type %d where it must have %s", got, want))
}

func (t *thrift) bool(typ byte) bool {
	if typ != thriftTrue && typ != thriftFalse {
		t.wrongType("a bool", typ)
	}
	return typ == thriftTrue
}

func (t *thrift) i64(typ byte) int64 {
	if typ < thriftI16 || typ > thriftI64 {
		t.wrongType("an integer", typ)
		return 0
	}
	return t.zigzag()
}

func (t *thrift) i32(typ byte) int32 {
	v := t.i64(typ)
	if v != int64(int32(v)) {
		t.fail(fmt.Errorf("footer has %d where a 32-bit integer must be", v))
		return 0
	}
	return int32(v)
}

func (t *thrift) i8(typ byte) int {
	if typ != thriftByte {
		t.wrongType("a byte", typ)
		return 0
	}
	return int(int8(t.byte()))
}

func (t *thrift) binary(typ byte) []byte {
	if typ != thriftBinary {
		t.wrongType("a string", typ)
		return nil
	}
	return t.take(t.uvarint())
}

// fields calls field for each field of a struct. A field that it leaves unread, by
// returning false, is skipped.
func (t *thrift) fields(typ byte, field func(id int16, typ byte) bool) {
	if typ != thriftStruct {
		t.wrongType("a struct", typ)
		return
	}
	if t.depth++; t.depth > maxThriftDepth {
		t.fail(fmt.Errorf("footer nests deeper than %d", maxThriftDepth))
	}
	var id int16
	for t.err == nil {
		h := t.byte()
		if h == 0 {
			break
		}
		if d := h >> 4; d != 0 {
			id += int16(d)
		} else {
			id = int16(t.zigzag())
		}
		if typ := h & 15; t.err == nil && !field(id, typ) {
			t.skip(typ)
		}
	}
	t.depth--
}

// list calls elem for each element of a list. It must read its element.
func (t *thrift) list(typ byte, elem func(typ byte)) {
	if typ != thriftList && typ != thriftSet {
		t.wrongType("a list", typ)
		return
	}
	if t.depth++; t.depth > maxThriftDepth {
		t.fail(fmt.Errorf("footer nests deeper than %d", maxThriftDepth))
	}
	h := t.byte()
	n := uint64(h >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	// An element takes a byte at least, so a longer list cannot be there.
	if n > uint64(len(t.b)-t.pos) {
		t.fail(errTruncated)
		return
	}
	for i := uint64(0); i < n && t.err == nil; i++ {
		elem(h & 15)
	}
	t.depth--
}

func (t *thrift) skip(typ byte) {
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		t.take(8)
	case thriftBinary:
		t.take(t.uvarint())
	case thriftList, thriftSet:
		t.list(typ, t.skipElem)
	case thriftMap:
		t.skipMap()
	case thriftStruct:
		t.fields(typ, func(int16, byte) bool { return false })
	case thriftUUID:
		t.take(16)
	default:
		t.fail(fmt.Errorf("footer has the unknown wire type %d", typ))
	}
}

// skipElem skips an element of a list or a map, where, unlike in a field, a bool has a
// byte of its own.
func (t *thrift) skipElem(typ byte) {
	if typ == thriftTrue || typ == thriftFalse {
		typ = thriftByte
	}
	t.skip(typ)
}

func (t *thrift) skipMap() {
	n := t.uvarint()
	if n == 0 {
		return
	}
	if t.depth++; t.depth > maxThriftDepth {
		t.fail(fmt.Errorf("footer nests deeper than %d", maxThriftDepth))
	}
	h := t.byte()
	for ; n > 0 && t.err == nil; n-- {
		t.skipElem(h >> 4)
		t.skipElem(h & 15)
	}
	t.depth--
}

package parquetout

import "encoding/binary"

// The wire types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift writes the compact protocol to b. Its methods with an id write a field of the
// struct begun last.
type thrift struct {
	b    []byte
	last []int16 // the last field id of each open struct
}

func (t *thrift) reset() { t.b, t.last = t.b[:0], t.last[:0] }

func (t *thrift) begin() { t.last = append(t.last, 0) }

func (t *thrift) end() {
	t.b = append(t.b, 0)
	t.last = t.last[:len(t.last)-1]
}

func (t *thrift) uvarint(v uint64) { t.b = binary.AppendUvarint(t.b, v) }

func (t *thrift) zigzag(v int64) { t.uvarint(uint64(v<<1) ^ uint64(v>>63)) }

func (t *thrift) field(id int16, typ byte) {
	last := &t.last[len(t.last)-1]
	if d := id - *last; d > 0 && d <= 15 {
		t.b = append(t.b, byte(d)<<4|typ)
	} else {
		t.b = append(t.b, typ)
		t.zigzag(int64(id))
	}
	*last = id
}

func (t *thrift) bool(id int16, v bool) {
	if v {
		t.field(id, thriftTrue)
	} else {
		t.field(id, thriftFalse)
	}
}

func (t *thrift) i8(id int16, v int8) {
	t.field(id, thriftByte)
	t.b = append(t.b, byte(v))
}

func (t *thrift) i16(id int16, v int16) {
	t.field(id, thriftI16)
	t.zigzag(int64(v))
}

func (t *thrift) i32(id int16, v int) {
	t.field(id, thriftI32)
	t.zigzag(int64(v))
}

func (t *thrift) i64(id int16, v int64) {
	t.field(id, thriftI64)
	t.zigzag(v)
}

func (t *thrift) string(id int16, s string) {
	t.field(id, thriftBinary)
	t.str(s)
}

func (t *thrift) bytes(id int16, s []byte) {
	t.field(id, thriftBinary)
	t.elem(s)
}

// str and elem write an element of a list of strings.
func (t *thrift) str(s string) {
	t.uvarint(uint64(len(s)))
	t.b = append(t.b, s...)
}

func (t *thrift) elem(s []byte) {
	t.uvarint(uint64(len(s)))
	t.b = append(t.b, s...)
}

// sub begins a struct within a struct.
func (t *thrift) sub(id int16) {
	t.field(id, thriftStruct)
	t.begin()
}

// empty writes a struct without fields.
func (t *thrift) empty(id int16) {
	t.sub(id)
	t.end()
}

// list begins a list of n elements, which the caller writes.
func (t *thrift) list(id int16, n int, typ byte) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|typ)
		return
	}
	t.b = append(t.b, 0xf0|typ)
	t.uvarint(uint64(n))
}

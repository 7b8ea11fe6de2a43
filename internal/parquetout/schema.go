package parquetout

import (
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// Schema is a table's columns as Parquet has them. It is immutable and may be shared.
type Schema struct {
	leaves []leaf
	// els are the schema's elements as the footer has them, count how many.
	els   []byte
	count int
}

// leaf is a leaf column.
type leaf struct {
	column.Leaf
	kind kind
	// width is the size of a value in bytes, 0 when it varies.
	width int
}

func (l *leaf) name() string { return strings.Join(l.Path, ".") }

// kind is how a leaf's slots become a page's values.
type kind uint8

const (
	kindBool    kind = iota
	kindInt32        // a slot's low half
	kindInt64        // a slot
	kindFloat        // float32 bits
	kindDouble       // float64 bits
	kindBytes        // a reference, with a length before the bytes
	kindFixed        // a reference to width bytes
	kindDecimal      // a reference to 16 bytes, of which the last width are written
)

func (k kind) physical() parquetmeta.Physical {
	return [...]parquetmeta.Physical{
		kindBool: parquetmeta.Boolean, kindInt32: parquetmeta.Int32, kindInt64: parquetmeta.Int64,
		kindFloat: parquetmeta.Float, kindDouble: parquetmeta.Double, kindBytes: parquetmeta.ByteArray,
		kindFixed: parquetmeta.FixedLenByteArray, kindDecimal: parquetmeta.FixedLenByteArray,
	}[k]
}

// NewSchema makes a schema of the tree that [column.NewSchema] lays out.
func NewSchema(s *column.Schema) *Schema {
	b := &schemaBuilder{leaves: s.Leaves, s: &Schema{leaves: make([]leaf, 0, len(s.Leaves))}}
	b.element(element{name: "schema", children: len(s.Fields)}, true)
	for i := range s.Fields {
		b.node(&s.Fields[i])
	}
	b.s.els = b.t.b
	return b.s
}

type schemaBuilder struct {
	t      thrift
	leaves []column.Leaf // those not met yet
	s      *Schema
}

// element is a node of the tree as the footer has it.
type element struct {
	name       string
	repetition parquetmeta.Repetition
	children   int
	id         int
	converted  parquetmeta.Converted
	logical    parquetmeta.Logical
	leaf       *leaf
}

func (b *schemaBuilder) node(n *column.Node) {
	e := element{name: n.Name, repetition: parquetmeta.Optional, id: n.ID, children: len(n.Children), converted: parquetmeta.NoConverted}
	if n.Required {
		e.repetition = parquetmeta.Required
	}
	entries := element{repetition: parquetmeta.Repeated, children: len(n.Children), converted: parquetmeta.NoConverted}
	switch n.Type.Kind {
	case catalog.KindStruct:
		b.element(e, false)
	case catalog.KindArray:
		e.converted, e.logical.Kind = parquetmeta.ConvertedList, parquetmeta.LogicalList
		b.element(e, false)
		entries.name = "list"
		b.element(entries, false)
	case catalog.KindMap:
		e.children, e.converted, e.logical.Kind = 1, parquetmeta.ConvertedMap, parquetmeta.LogicalMap
		b.element(e, false)
		entries.name = "key_value"
		b.element(entries, false)
	default:
		l := leaf{Leaf: b.leaves[0]}
		b.leaves = b.leaves[1:]
		l.annotate(&e)
		e.leaf = &l
		b.element(e, false)
		b.s.leaves = append(b.s.leaves, l)
	}
	for i := range n.Children {
		b.node(&n.Children[i])
	}
}

// annotate sets how a leaf's values are written and what its node says of them.
func (l *leaf) annotate(n *element) {
	lg := &n.logical
	switch t := l.Type; t.Kind {
	case catalog.KindBoolean:
		l.kind = kindBool
	case catalog.KindTinyInt:
		l.kind, n.converted = kindInt32, parquetmeta.ConvertedInt8
		*lg = parquetmeta.Logical{Kind: parquetmeta.LogicalInteger, BitWidth: 8, Signed: true}
	case catalog.KindSmallInt:
		l.kind, n.converted = kindInt32, parquetmeta.ConvertedInt16
		*lg = parquetmeta.Logical{Kind: parquetmeta.LogicalInteger, BitWidth: 16, Signed: true}
	case catalog.KindInt:
		l.kind = kindInt32
	case catalog.KindBigInt:
		l.kind = kindInt64
	case catalog.KindFloat:
		l.kind = kindFloat
	case catalog.KindDouble:
		l.kind = kindDouble
	case catalog.KindDecimal:
		n.converted = parquetmeta.ConvertedDecimal
		*lg = parquetmeta.Logical{Kind: parquetmeta.LogicalDecimal, Precision: int32(t.Precision), Scale: int32(t.Scale)}
		switch {
		case t.Precision <= 9:
			l.kind = kindInt32
		case t.Precision <= 18:
			l.kind = kindInt64
		default:
			l.kind, l.width = kindDecimal, decimalWidth(t.Precision)
		}
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		l.kind, n.converted, lg.Kind = kindBytes, parquetmeta.ConvertedUTF8, parquetmeta.LogicalString
	case catalog.KindDate:
		l.kind, n.converted, lg.Kind = kindInt32, parquetmeta.ConvertedDate, parquetmeta.LogicalDate
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		l.kind, n.converted = kindInt64, parquetmeta.ConvertedTimestampMicros
		*lg = parquetmeta.Logical{Kind: parquetmeta.LogicalTimestamp, Unit: parquetmeta.Micros, UTC: t.Kind == catalog.KindTimestampTZ}
	case catalog.KindTime:
		l.kind, n.converted = kindInt64, parquetmeta.ConvertedTimeMicros
		*lg = parquetmeta.Logical{Kind: parquetmeta.LogicalTime, Unit: parquetmeta.Micros}
	case catalog.KindUUID:
		l.kind, l.width, lg.Kind = kindFixed, 16, parquetmeta.LogicalUUID
	case catalog.KindFixed:
		l.kind, l.width = kindFixed, t.Length
	default: // binary, and no other, as the tree was checked when it was made
		l.kind = kindBytes
	}
	switch l.kind {
	case kindBool:
		l.width = 1
	case kindInt32, kindFloat:
		l.width = 4
	case kindInt64, kindDouble:
		l.width = 8
	case kindBytes, kindFixed, kindDecimal: // set above
	}
}

// decimalWidth gives the fewest bytes that hold precision digits and a sign: what Iceberg
// demands of a decimal that is too wide for an integer.
func decimalWidth(precision int) int {
	digits := [...]int{9: 21, 10: 23, 11: 26, 12: 28, 13: 31, 14: 33, 15: 35, 16: 38}
	w := 9
	for digits[w] < precision {
		w++
	}
	return w
}

func (b *schemaBuilder) element(e element, root bool) {
	t := &b.t
	b.s.count++
	t.begin()
	if e.leaf != nil {
		t.i32(1, int(e.leaf.kind.physical()))
		if e.leaf.kind == kindFixed || e.leaf.kind == kindDecimal {
			t.i32(2, e.leaf.width)
		}
	}
	if !root {
		t.i32(3, int(e.repetition))
	}
	t.string(4, e.name)
	if e.leaf == nil {
		t.i32(5, e.children)
	}
	if !root && e.converted != parquetmeta.NoConverted {
		t.i32(6, int(e.converted))
	}
	if e.logical.Kind == parquetmeta.LogicalDecimal {
		t.i32(7, int(e.logical.Scale))
		t.i32(8, int(e.logical.Precision))
	}
	if e.id != 0 {
		t.i32(9, e.id)
	}
	if e.logical.Kind != parquetmeta.NoLogical {
		t.sub(10)
		logical(t, &e.logical)
		t.end()
	}
	t.end()
}

// logical writes the one member that a logical type's union has.
func logical(t *thrift, l *parquetmeta.Logical) {
	t.sub(int16(l.Kind))
	switch l.Kind {
	case parquetmeta.LogicalDecimal:
		t.i32(1, int(l.Scale))
		t.i32(2, int(l.Precision))
	case parquetmeta.LogicalInteger:
		t.i8(1, int8(l.BitWidth))
		t.bool(2, l.Signed)
	case parquetmeta.LogicalTime, parquetmeta.LogicalTimestamp:
		t.bool(1, l.UTC)
		t.sub(2)
		t.empty(int16(l.Unit))
		t.end()
	default: // the others have no parameters
	}
	t.end()
}

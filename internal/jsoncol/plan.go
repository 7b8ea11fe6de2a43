package jsoncol

import (
	"fmt"
	"math"
	"strconv"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

// op is how a field's value is read.
type op uint8

const (
	opString op = iota
	opInt
	opFloat64
	opTimestamp
	opDecimal
	opBool
	opFloat32
	opText // varchar and char
	opBinary
	opDate
	opTime
	opUUID
	opStruct
	opList
	opMap
)

// field is a node of the schema, laid out for reading.
type field struct {
	op   op
	flat bool // one entry a row: it does not lie in an array or a map
	def  uint8
	rep  uint8
	leaf int
	// first and count are the leaves under the field.
	first, count int
	word         int // where the field's bit is in an object's set of seen fields
	bit          uint64
	required     bool
	typ          catalog.Type
	path         string
	spelt        string // how the key was last, where that is not its own spelling

	lo, hi int64   // an integer's range
	obj    *object // a struct's members
	key    *field  // a map's key
	elem   *field  // an array's element or a map's value
}

// object is a struct's members and what was learnt of its keys.
type object struct {
	fields []field
	all    []uint64 // the set of all fields
	def    uint8
	keys   keys
}

func newObject(nodes []column.Node, prefix string, def uint8) (*object, error) {
	o := &object{fields: make([]field, len(nodes)), all: make([]uint64, (len(nodes)+63)/64), def: def}
	for i := range nodes {
		n := &nodes[i]
		f, err := newField(n, prefix+n.Name)
		if err != nil {
			return nil, err
		}
		f.word, f.bit = i/64, 1<<(i%64)
		o.all[f.word] |= f.bit
		o.fields[i] = *f
	}
	if err := o.keys.init(o.fields, nodes); err != nil {
		return nil, fmt.Errorf("%s%w", prefix, err)
	}
	return o, nil
}

func newField(n *column.Node, path string) (*field, error) {
	f := &field{
		def: n.Def, rep: n.Rep, flat: n.Rep == 0, leaf: n.First, first: n.First, count: n.Count,
		required: n.Required, typ: n.Type, path: path,
	}
	var err error
	switch n.Type.Kind {
	case catalog.KindBoolean:
		f.op = opBool
	case catalog.KindTinyInt:
		f.op, f.lo, f.hi = opInt, math.MinInt8, math.MaxInt8
	case catalog.KindSmallInt:
		f.op, f.lo, f.hi = opInt, math.MinInt16, math.MaxInt16
	case catalog.KindInt:
		f.op, f.lo, f.hi = opInt, math.MinInt32, math.MaxInt32
	case catalog.KindBigInt:
		f.op, f.lo, f.hi = opInt, math.MinInt64, math.MaxInt64
	case catalog.KindFloat:
		f.op = opFloat32
	case catalog.KindDouble:
		f.op = opFloat64
	case catalog.KindDecimal:
		f.op = opDecimal
	case catalog.KindString:
		f.op = opString
	case catalog.KindVarchar, catalog.KindChar:
		f.op = opText
	case catalog.KindBinary, catalog.KindFixed:
		f.op = opBinary
	case catalog.KindDate:
		f.op = opDate
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		f.op = opTimestamp
	case catalog.KindTime:
		f.op = opTime
	case catalog.KindUUID:
		f.op = opUUID
	case catalog.KindStruct:
		f.op = opStruct
		f.obj, err = newObject(n.Children, path+".", n.Def)
	case catalog.KindArray:
		f.op = opList
		f.elem, err = newField(&n.Children[0], path+"[]")
	case catalog.KindMap:
		f.op = opMap
		if f.key, err = newField(&n.Children[0], path+"{key}"); err == nil {
			f.elem, err = newField(&n.Children[1], path+"{}")
		}
	default:
		err = fmt.Errorf("%s: kind %d is not known", path, n.Type.Kind)
	}
	return f, err
}

// want names the field's type for an error.
func (f *field) want() string {
	switch f.typ.Kind {
	case catalog.KindBoolean:
		return "boolean"
	case catalog.KindTinyInt:
		return "tinyint"
	case catalog.KindSmallInt:
		return "smallint"
	case catalog.KindInt:
		return "int"
	case catalog.KindBigInt:
		return "bigint"
	case catalog.KindFloat:
		return "float"
	case catalog.KindDouble:
		return "double"
	case catalog.KindDecimal:
		return "decimal(" + strconv.Itoa(f.typ.Precision) + "," + strconv.Itoa(f.typ.Scale) + ")"
	case catalog.KindString:
		return "string"
	case catalog.KindVarchar:
		return "varchar(" + strconv.Itoa(f.typ.Length) + ")"
	case catalog.KindChar:
		return "char(" + strconv.Itoa(f.typ.Length) + ")"
	case catalog.KindBinary:
		return "binary (a base64 string)"
	case catalog.KindFixed:
		return "fixed(" + strconv.Itoa(f.typ.Length) + ") (a base64 string)"
	case catalog.KindDate:
		return "date (a yyyy-MM-dd string)"
	case catalog.KindTimestamp:
		return "timestamp (an RFC 3339 string or a number of seconds)"
	case catalog.KindTimestampTZ:
		return "timestamp with time zone (an RFC 3339 string or a number of seconds)"
	case catalog.KindTime:
		return "time (an HH:mm:ss string)"
	case catalog.KindUUID:
		return "uuid (a string)"
	case catalog.KindArray:
		return "array"
	case catalog.KindMap:
		return "map (an object)"
	default:
		return "struct (an object)"
	}
}

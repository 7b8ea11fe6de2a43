package catalog

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// InferParquet finds the columns of a Parquet file of size bytes from its footer. Names are
// folded to lower case, as Athena does; what has no type of its own in Athena takes the next
// larger one and is noted.
func InferParquet(r io.ReaderAt, size int64) (*Inferred, error) {
	f, err := parquetmeta.Read(r, size)
	if err != nil {
		return nil, fmt.Errorf("catalog: infer from Parquet: %w", err)
	}
	out := &Inferred{Records: f.Rows}
	if out.Fields, err = parquetFields(f.Schema, "", out, 0); err != nil {
		return nil, fmt.Errorf("catalog: infer from Parquet: %w", err)
	}
	return out, nil
}

func parquetFields(group *parquetmeta.Node, prefix string, out *Inferred, depth int) ([]Field, error) {
	if depth > maxTypeDepth {
		return nil, fmt.Errorf("%s nests deeper than %d", strings.TrimSuffix(prefix, "."), maxTypeDepth)
	}
	var fields []Field
	var errs []error
	names := map[string]bool{}
	for _, n := range group.Children {
		f := Field{Name: strings.ToLower(n.Name), ID: int(n.ID)}
		if f.Name != n.Name {
			f.JSON = n.Name
		}
		path := prefix + f.Name
		if names[f.Name] {
			errs = append(errs, fmt.Errorf("%s: two columns differ in case only, and Athena cannot tell them apart", path))
			continue
		}
		names[f.Name] = true
		ty, err := parquetType(n, path, out, depth)
		if n.Repetition == parquetmeta.Repeated {
			elem := ty
			ty = Type{Kind: KindArray, Elem: &elem}
		}
		f.Type = ty
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%s has no columns", strings.TrimSuffix("record."+prefix, ".")))
	}
	return fields, errors.Join(errs...)
}

// parquetType gives a node's type without its own repetition.
func parquetType(n *parquetmeta.Node, path string, out *Inferred, depth int) (Type, error) {
	if n.Leaf() {
		return leafType(n, path, out)
	}
	switch {
	case isList(n):
		return listType(n, path, out, depth)
	case isMap(n):
		kv := n.Children[0]
		k, err1 := parquetType(kv.Children[0], path+".key", out, depth+1)
		v, err2 := parquetType(kv.Children[1], path+".value", out, depth+1)
		if err1 == nil && !k.Scalar() {
			err1 = fmt.Errorf("%s: a map's key is a scalar, not %s", path, k)
		}
		return Type{Kind: KindMap, Key: &k, Elem: &v}, errors.Join(err1, err2)
	}
	fields, err := parquetFields(n, path+".", out, depth+1)
	return Type{Kind: KindStruct, Fields: fields}, err
}

func isList(n *parquetmeta.Node) bool {
	return (n.Logical.Kind == parquetmeta.LogicalList || n.Converted == parquetmeta.ConvertedList) &&
		len(n.Children) == 1 && n.Children[0].Repetition == parquetmeta.Repeated
}

func isMap(n *parquetmeta.Node) bool {
	return (n.Logical.Kind == parquetmeta.LogicalMap || n.Converted == parquetmeta.ConvertedMap || n.Converted == parquetmeta.ConvertedMapKeyValue) &&
		len(n.Children) == 1 && n.Children[0].Repetition == parquetmeta.Repeated && len(n.Children[0].Children) == 2
}

// listType tells the three-level lists of today from the two-level ones of old writers, by
// the format's own rules for backward compatibility.
func listType(n *parquetmeta.Node, path string, out *Inferred, depth int) (Type, error) {
	rep := n.Children[0]
	elem := rep
	if !rep.Leaf() && len(rep.Children) == 1 && rep.Name != "array" && rep.Name != n.Name+"_tuple" {
		elem = rep.Children[0]
	}
	e, err := parquetType(elem, path+".element", out, depth+1)
	if elem != rep && elem.Repetition == parquetmeta.Repeated {
		inner := e
		e = Type{Kind: KindArray, Elem: &inner}
	}
	return Type{Kind: KindArray, Elem: &e}, err
}

func leafType(n *parquetmeta.Node, path string, out *Inferred) (Type, error) {
	l := n.Logical
	is := func(k parquetmeta.LogicalKind, cs ...parquetmeta.Converted) bool {
		for _, c := range cs {
			if n.Converted == c {
				return true
			}
		}
		return l.Kind == k
	}
	switch {
	case is(parquetmeta.LogicalDecimal, parquetmeta.ConvertedDecimal):
		t := Type{Kind: KindDecimal, Precision: int(n.Precision), Scale: int(n.Scale)}
		return t, t.validate(path, 0)
	case is(parquetmeta.LogicalDate, parquetmeta.ConvertedDate):
		return Type{Kind: KindDate}, nil
	case is(parquetmeta.LogicalTimestamp, parquetmeta.ConvertedTimestampMillis, parquetmeta.ConvertedTimestampMicros):
		if l.Unit == parquetmeta.Nanos {
			out.note(path, "its nanoseconds are more than a timestamp shows in Athena")
		}
		return Type{Kind: KindTimestamp}, nil
	case is(parquetmeta.LogicalTime, parquetmeta.ConvertedTimeMillis, parquetmeta.ConvertedTimeMicros):
		out.note(path, "a time of day has no type in Athena's tables: its number, as bigint or int")
	case is(parquetmeta.LogicalString, parquetmeta.ConvertedUTF8) || is(parquetmeta.LogicalEnum, parquetmeta.ConvertedEnum) || is(parquetmeta.LogicalJSON, parquetmeta.ConvertedJSON):
		return Type{Kind: KindString}, nil
	}
	if width, signed, ok := integerOf(n); ok {
		return integerType(width, signed, path, out), nil
	}
	switch n.Physical {
	case parquetmeta.Boolean:
		return Type{Kind: KindBoolean}, nil
	case parquetmeta.Int32:
		return Type{Kind: KindInt}, nil
	case parquetmeta.Int64:
		return Type{Kind: KindBigInt}, nil
	case parquetmeta.Int96:
		return Type{Kind: KindTimestamp}, nil
	case parquetmeta.Float:
		return Type{Kind: KindFloat}, nil
	case parquetmeta.Double:
		return Type{Kind: KindDouble}, nil
	case parquetmeta.ByteArray, parquetmeta.FixedLenByteArray:
		if l.Kind != parquetmeta.NoLogical {
			out.note(path, "Athena's tables have no "+strings.ToLower(l.Kind.String())+": its bytes, as binary")
		}
		return Type{Kind: KindBinary}, nil
	}
	return Type{}, fmt.Errorf("%s: %s is not a known type", path, n.Physical)
}

// integerOf reads the annotation of an integer.
func integerOf(n *parquetmeta.Node) (width int, signed, ok bool) {
	if n.Logical.Kind == parquetmeta.LogicalInteger {
		return n.Logical.BitWidth, n.Logical.Signed, true
	}
	switch n.Converted {
	case parquetmeta.ConvertedInt8, parquetmeta.ConvertedInt16, parquetmeta.ConvertedInt32, parquetmeta.ConvertedInt64:
		return 8 << (n.Converted - parquetmeta.ConvertedInt8), true, true
	case parquetmeta.ConvertedUint8, parquetmeta.ConvertedUint16, parquetmeta.ConvertedUint32, parquetmeta.ConvertedUint64:
		return 8 << (n.Converted - parquetmeta.ConvertedUint8), false, true
	}
	return 0, false, false
}

func integerType(width int, signed bool, path string, out *Inferred) Type {
	if !signed {
		out.note(path, fmt.Sprintf("it is unsigned with %d bits, and Athena has signed integers only: the next larger type", width))
		width *= 2
	}
	switch {
	case width <= 8:
		return Type{Kind: KindTinyInt}
	case width <= 16:
		return Type{Kind: KindSmallInt}
	case width <= 32:
		return Type{Kind: KindInt}
	case width <= 64:
		return Type{Kind: KindBigInt}
	}
	return Type{Kind: KindDecimal, Precision: 20}
}

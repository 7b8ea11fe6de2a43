package column

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
)

// MaxDepth is how deep types may nest.
const MaxDepth = 32

// Schema is the shape of a record: the tree of its fields, and the leaves under them in
// the order of a depth-first walk.
type Schema struct {
	Fields []Node
	Leaves []Leaf
}

// Node is a field, an array's element, or a map's key or value.
type Node struct {
	// Name is the Parquet name: the field's, or element, key or value.
	Name string
	// JSON is the key in a JSON record. It is empty below an array or a map.
	JSON string
	Type catalog.Type
	// ID is the Iceberg field id. Zero means none.
	ID int
	// Required nodes are never null and have no definition level of their own: map keys,
	// and fields that are declared so.
	Required bool
	// Def is the definition level of an entry in which this node is present: of a null
	// when the node is optional it is one less. An empty array or map has Def, its
	// entries start at Def+1.
	Def uint8
	// Rep is the repetition level of this node; an array's or map's entries have Rep+1.
	Rep uint8
	// First and Count say which leaves lie under the node.
	First, Count int
	// Children are a struct's fields, an array's one element, or a map's key and value.
	Children []Node
}

// NewSchema lays out the fields of a record. The paths are those of Parquet's three-level
// lists (name, list, element) and maps (name, key_value, key or value).
func NewSchema(fields []catalog.Field) (*Schema, error) {
	s := &Schema{}
	if len(fields) == 0 {
		return nil, errors.New("column: a schema needs at least one field")
	}
	var b builder
	s.Fields = b.fields(fields, nil, 0, 0, 1)
	s.Leaves = b.leaves
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	return s, nil
}

type builder struct {
	leaves []Leaf
	errs   []error
}

func (b *builder) fail(path []string, format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("column: %s: %s", strings.Join(path, "."), fmt.Sprintf(format, args...)))
}

func (b *builder) fields(fields []catalog.Field, path []string, def, rep uint8, depth int) []Node {
	nodes := make([]Node, 0, len(fields))
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		switch at := append(path[:len(path):len(path)], f.Name); {
		case f.Name == "":
			b.fail(append(path[:len(path):len(path)], "?"), "a field has no name")
		case seen[f.Name]:
			b.fail(at, "there are two fields of this name")
		}
		seen[f.Name] = true
		n := b.node(f.Name, f.Type, f.ID, f.Required, path, def, rep, depth)
		if n.JSON = f.JSON; n.JSON == "" {
			n.JSON = f.Name
		}
		nodes = append(nodes, n)
	}
	return nodes
}

func (b *builder) node(name string, t catalog.Type, id int, required bool, path []string, def, rep uint8, depth int) Node {
	path = append(path[:len(path):len(path)], name)
	n := Node{Name: name, Type: t, ID: id, Required: required, Def: def, Rep: rep, First: len(b.leaves)}
	if depth > MaxDepth {
		b.fail(path, "types nest deeper than %d levels", MaxDepth)
		return n
	}
	if !required {
		n.Def++
	}
	switch t.Kind {
	case catalog.KindStruct:
		if len(t.Fields) == 0 {
			b.fail(path, "a struct needs at least one field")
		}
		n.Children = b.fields(t.Fields, path, n.Def, rep, depth+1)
	case catalog.KindArray:
		if t.Elem == nil {
			b.fail(path, "an array needs an element type")
			break
		}
		path = append(path, "list")
		n.Children = []Node{b.node("element", *t.Elem, 0, false, path, n.Def+1, rep+1, depth+1)}
	case catalog.KindMap:
		if t.Key == nil || t.Elem == nil {
			b.fail(path, "a map needs a key and a value type")
			break
		}
		if !scalar(t.Key.Kind) {
			b.fail(path, "a map's key must be a scalar")
		}
		path = append(path, "key_value")
		n.Children = []Node{
			b.node("key", *t.Key, 0, true, path, n.Def+1, rep+1, depth+1),
			b.node("value", *t.Elem, 0, false, path, n.Def+1, rep+1, depth+1),
		}
	default:
		b.check(path, t)
		b.leaves = append(b.leaves, Leaf{Path: path, Type: t, MaxDef: n.Def, MaxRep: rep, ID: id})
	}
	n.Count = len(b.leaves) - n.First
	return n
}

func (b *builder) check(path []string, t catalog.Type) {
	switch {
	case !scalar(t.Kind):
		b.fail(path, "kind %d is not known", t.Kind)
	case t.Kind == catalog.KindDecimal && (t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision):
		b.fail(path, "decimal(%d,%d): precision goes from 1 to 38, scale from 0 to precision", t.Precision, t.Scale)
	case (t.Kind == catalog.KindVarchar || t.Kind == catalog.KindChar || t.Kind == catalog.KindFixed) && t.Length < 1:
		b.fail(path, "length %d: it must be at least 1", t.Length)
	}
}

func scalar(k catalog.Kind) bool { return k >= catalog.KindBoolean && k <= catalog.KindFixed }

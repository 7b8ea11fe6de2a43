package parquetmeta

import (
	"errors"
	"fmt"
	"strings"
)

// Node is a node of the schema.
type Node struct {
	// Name is the node's own.
	Name string
	// Repetition is how often it occurs in its parent. The root's means nothing.
	Repetition Repetition
	// Physical is a leaf's type, [Group] for the others.
	Physical Physical
	// TypeLength is the length of a FIXED_LEN_BYTE_ARRAY's values.
	TypeLength int32
	// Converted and Logical are the annotations; writers give both, one or none.
	Converted Converted
	Logical   Logical
	// Precision and Scale are those of a decimal, from whichever annotation has them.
	Precision, Scale int32
	// ID is the field id, HasID whether there is one.
	ID    int32
	HasID bool
	// Children are a group's.
	Children []*Node

	// Path is a leaf's path from the root, without the root; MaxDef and MaxRep are its
	// highest definition and repetition level.
	Path           []string
	MaxDef, MaxRep int
}

// Logical is a node's logical type with its parameters.
type Logical struct {
	Kind LogicalKind
	// Precision and Scale are a decimal's.
	Precision, Scale int32
	// BitWidth and Signed are an integer's.
	BitWidth int
	Signed   bool
	// Unit and UTC are a time's or timestamp's: UTC false means a wall clock without zone.
	Unit Unit
	UTC  bool
}

// Leaf says whether the node has values of its own.
func (n *Node) Leaf() bool { return n.Physical != Group }

// Column gives a leaf's path joined by dots.
func (n *Node) Column() string { return strings.Join(n.Path, ".") }

// element is a node as it lies in the footer: in a list, depth first.
type element struct {
	Node
	children int32
}

// tree makes the schema of its elements.
func tree(els []element) (root *Node, leaves []*Node, err error) {
	if len(els) == 0 {
		return nil, nil, errors.New("footer has no schema")
	}
	if len(els) > maxElements {
		return nil, nil, fmt.Errorf("schema has %d elements, the limit is %d", len(els), maxElements)
	}
	t := &treeBuilder{els: els[1:]}
	root = &els[0].Node
	root.Physical = Group
	if err := t.children(root, els[0].children, nil, 0, 0); err != nil {
		return nil, nil, err
	}
	if len(t.els) > 0 {
		return nil, nil, fmt.Errorf("schema has %d elements behind its root", len(t.els))
	}
	return root, t.leaves, nil
}

type treeBuilder struct {
	els    []element
	leaves []*Node
}

func (t *treeBuilder) children(n *Node, count int32, path []string, def, rep int) error {
	if len(path) >= maxDepth {
		return fmt.Errorf("schema nests deeper than %d", maxDepth)
	}
	if count < 0 || int(count) > len(t.els) {
		return fmt.Errorf("schema element %q has %d children, and %d elements are left", n.Name, count, len(t.els))
	}
	n.Children = make([]*Node, 0, count)
	for range count {
		if len(t.els) == 0 {
			return fmt.Errorf("schema ends among the children of %q", n.Name)
		}
		e := &t.els[0]
		t.els = t.els[1:]
		c := &e.Node
		n.Children = append(n.Children, c)
		if c.Repetition < Required || c.Repetition > Repeated {
			return fmt.Errorf("schema element %q has the unknown repetition %d", c.Name, c.Repetition)
		}
		d, r := def, rep
		if c.Repetition != Required {
			d++
		}
		if c.Repetition == Repeated {
			r++
		}
		p := append(path[:len(path):len(path)], c.Name)
		// A group is known by its children: the type of an element without a type is
		// unset, and a group may not have one.
		if c.Physical == Group {
			if err := t.children(c, e.children, p, d, r); err != nil {
				return err
			}
			continue
		}
		if e.children > 0 {
			return fmt.Errorf("schema element %q has both a type and children", c.Name)
		}
		c.Path, c.MaxDef, c.MaxRep = p, d, r
		t.leaves = append(t.leaves, c)
	}
	return nil
}

func (t *thrift) element(typ byte) element {
	named := false
	e := element{Node: Node{Physical: Group, Converted: NoConverted, Repetition: Required}}
	t.fields(typ, func(id int16, typ byte) bool {
		switch id {
		case 1:
			if e.Physical = Physical(t.i32(typ)); e.Physical < Boolean || e.Physical > FixedLenByteArray {
				t.fail(fmt.Errorf("schema has the unknown physical type %d", e.Physical))
			}
		case 2:
			e.TypeLength = t.i32(typ)
		case 3:
			e.Repetition = Repetition(t.i32(typ))
		case 4:
			e.Name, named = string(t.binary(typ)), true
		case 5:
			e.children = t.i32(typ)
		case 6:
			e.Converted = Converted(t.i32(typ))
		case 7:
			e.Scale = t.i32(typ)
		case 8:
			e.Precision = t.i32(typ)
		case 9:
			e.ID, e.HasID = t.i32(typ), true
		case 10:
			e.Logical = t.logical(typ)
		default:
			return false
		}
		return true
	})
	if !named {
		t.fail(errors.New("a schema element has no name"))
	}
	if e.Logical.Kind == LogicalDecimal {
		e.Precision, e.Scale = e.Logical.Precision, e.Logical.Scale
	}
	return e
}

func (t *thrift) logical(typ byte) Logical {
	var l Logical
	t.fields(typ, func(kind int16, typ byte) bool {
		l.Kind = LogicalKind(kind)
		t.fields(typ, func(id int16, typ byte) bool {
			switch {
			case l.Kind == LogicalDecimal && id == 1:
				l.Scale = t.i32(typ)
			case l.Kind == LogicalDecimal && id == 2:
				l.Precision = t.i32(typ)
			case l.Kind == LogicalInteger && id == 1:
				l.BitWidth = t.i8(typ)
			case l.Kind == LogicalInteger && id == 2:
				l.Signed = t.bool(typ)
			case (l.Kind == LogicalTime || l.Kind == LogicalTimestamp) && id == 1:
				l.UTC = t.bool(typ)
			case (l.Kind == LogicalTime || l.Kind == LogicalTimestamp) && id == 2:
				t.fields(typ, func(unit int16, typ byte) bool {
					l.Unit = Unit(unit)
					return false
				})
			default:
				return false
			}
			return true
		})
		return true
	})
	return l
}

package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/trinosql"
)

// Expr is what a statement computes: a [Column], or an aggregate of package athena.
type Expr interface {
	// Type is the type of the value. The zero Type belongs to an expression with an error.
	Type() Type
	// Err says what is wrong with the expression. Whoever builds a statement of it reports
	// all complaints at once.
	Err() error
	// Node is the expression's syntax, for lakekit's own packages.
	Node() trinosql.Expr
}

// Column is a column of a table or a member of a struct in it. Its methods make conditions:
//
//	clicks.Col("country").Eq("US")
//	clicks.Col("event_ts").In(from, to)
//	clicks.Col("geo").Field("lat").IsNotNull()
//
// A value is checked against the column's type and becomes a literal of that type; it is
// never text in a statement. Strings go with string, varchar and char; bool, []byte and
// integers of any size with their like; floats and integers with float and double; a
// [Decimal] or an integer with decimal; a [Date] with date; a [time.Time] with timestamp
// and timestamptz, as an instant. Another [Column] of a like type is a value too.
//
// Mistakes are kept in the condition and come up when a statement is built of it.
type Column struct {
	table     *Table
	path      []string
	typ       Type
	partition bool
	err       error
}

// Col finds a column of the table: one in its files or, unless it is an Iceberg table, a
// partition column. A name that the table does not have makes a Column whose Err says so.
func (t *Table) Col(name string) Column {
	key := strings.ToLower(name)
	c := Column{table: t, path: []string{key}}
	if f, ok := findField(t.fields, key); ok {
		c.typ = f.Type
		return c
	}
	names := slices.Clone(t.fields)
	if t.format != FormatIceberg {
		for _, p := range t.partitions {
			if p.Name == key {
				c.typ, c.partition = p.Type, true
				return c
			}
			names = append(names, Field{Name: p.Name})
		}
	}
	c.err = fmt.Errorf("%s: the table has no column of that name (it has %s)", name, fieldNames(names))
	return c
}

// Field is a member of the column, which is a struct.
func (c Column) Field(name string) Column {
	if c.err != nil {
		return c
	}
	m := c
	m.path = append(slices.Clone(c.path), strings.ToLower(name))
	switch f, ok := findField(c.typ.Fields, strings.ToLower(name)); {
	case c.typ.Kind != KindStruct:
		m.err = fmt.Errorf("%s: a %s has no member %q, only a struct has members", c, c.typ, name)
	case !ok:
		m.err = fmt.Errorf("%s: the struct has no member %q (it has %s)", c, name, fieldNames(c.typ.Fields))
	default:
		m.typ = f.Type
	}
	if m.err != nil {
		m.typ = Type{}
	}
	return m
}

// Table is the table that the column belongs to.
func (c Column) Table() *Table { return c.table }

// Name is the name of the column, or of the struct's member.
func (c Column) Name() string {
	if len(c.path) == 0 {
		return ""
	}
	return c.path[len(c.path)-1]
}

// Path is the name of the column, and behind it those of the members that lead to the value.
func (c Column) Path() []string { return slices.Clone(c.path) }

// String gives the path with dots between its names.
func (c Column) String() string { return strings.Join(c.path, ".") }

// IsPartition says whether it is a partition column of a Hive table.
func (c Column) IsPartition() bool { return c.partition }

// Type is the type of the column's values.
func (c Column) Type() Type { return c.typ }

// Err says what is wrong with the column.
func (c Column) Err() error {
	if c.table == nil && c.err == nil {
		return errors.New("a Column is made by Table.Col, this one is empty")
	}
	return c.err
}

// Node is the column's syntax.
func (c Column) Node() trinosql.Expr {
	path := c.path
	if len(path) > 1 && c.table != nil && path[0] == c.table.name {
		// geo.lat is column lat of table geo, if there is such a table.
		path = append([]string{c.table.name}, path...)
	}
	var e trinosql.Expr
	for _, name := range path {
		id := &trinosql.Ident{Name: name}
		if e == nil {
			e = id
		} else {
			e = &trinosql.Member{Base: e, Field: id}
		}
	}
	return e
}

// Eq is column = value.
func (c Column) Eq(value any) Pred { return Compare(c, OpEq, value) }

// Ne is column <> value. Like every comparison it is not true where the column is NULL.
func (c Column) Ne(value any) Pred { return Compare(c, OpNe, value) }

// Lt is column < value.
func (c Column) Lt(value any) Pred { return Compare(c, OpLt, value) }

// Le is column <= value.
func (c Column) Le(value any) Pred { return Compare(c, OpLe, value) }

// Gt is column > value.
func (c Column) Gt(value any) Pred { return Compare(c, OpGt, value) }

// Ge is column >= value.
func (c Column) Ge(value any) Pred { return Compare(c, OpGe, value) }

// Between is low <= column <= high, both ends included.
func (c Column) Between(low, high any) Pred { return Compare(c, OpBetween, low, high) }

// OneOf is column IN (values). The values may also come as one slice.
func (c Column) OneOf(values ...any) Pred { return Compare(c, OpOneOf, values...) }

// Like is column LIKE pattern: % stands for any text, _ for any character, and there is no
// escape for them.
func (c Column) Like(pattern string) Pred { return Compare(c, OpLike, pattern) }

// IsNull is column IS NULL.
func (c Column) IsNull() Pred { return Compare(c, OpIsNull) }

// IsNotNull is column IS NOT NULL.
func (c Column) IsNotNull() Pred { return Compare(c, OpIsNotNull) }

// In is from <= column < to, for instants: the end is not included, so that the spans of
// two days meet without sharing a row.
func (c Column) In(from, to time.Time) Pred {
	p := And(c.Ge(from), c.Lt(to))
	if p.err == nil && !from.Before(to) {
		p.err = fmt.Errorf("%s: In takes the begin and the end of a span, and %s is not before %s",
			c, from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	}
	return p
}

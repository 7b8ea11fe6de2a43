package athena

import (
	"errors"
	"fmt"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// Aggregate is a function over the rows of a group, such as [Count]. It needs a name in a
// select list: Count().As("views").
type Aggregate struct {
	fn       string
	arg      catalog.Expr // nil for count(*)
	distinct bool
	filter   catalog.Pred
	typ      catalog.Type
	err      error
}

// Count is count(*), a bigint.
func Count() Aggregate {
	return Aggregate{fn: "count", typ: catalog.Type{Kind: catalog.KindBigInt}}
}

// CountDistinct is the exact number of different values, without NULL, a bigint. It takes
// memory for all of them: [ApproxDistinct] does not.
func CountDistinct(of catalog.Column) Aggregate {
	a := aggregate("count", of, catalog.Type{Kind: catalog.KindBigInt})
	a.distinct = true
	return a
}

// ApproxDistinct is about the number of different values, without NULL, a bigint; its
// standard error is 2.3%.
func ApproxDistinct(of catalog.Column) Aggregate {
	return aggregate("approx_distinct", of, catalog.Type{Kind: catalog.KindBigInt})
}

// Sum is the sum: a bigint of integers, a decimal of 38 digits of decimals, else the type
// of the column.
func Sum(of catalog.Column) Aggregate {
	t := of.Type()
	switch t.Kind {
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt:
		t = catalog.Type{Kind: catalog.KindBigInt}
	case catalog.KindDecimal:
		t.Precision = 38
	}
	return aggregate("sum", of, t).numeric(of)
}

// Avg is the mean: a double of integers, else the type of the column (of a decimal too,
// rounded to its scale).
func Avg(of catalog.Column) Aggregate {
	t := of.Type()
	switch t.Kind {
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		t = catalog.Type{Kind: catalog.KindDouble}
	}
	return aggregate("avg", of, t).numeric(of)
}

// Min is the smallest value.
func Min(of catalog.Column) Aggregate { return aggregate("min", of, of.Type()).ordered(of) }

// Max is the largest value.
func Max(of catalog.Column) Aggregate { return aggregate("max", of, of.Type()).ordered(of) }

func aggregate(fn string, of catalog.Column, t catalog.Type) Aggregate {
	return Aggregate{fn: fn, arg: of, typ: t, err: of.Err()}
}

func (a Aggregate) numeric(of catalog.Column) Aggregate {
	if k := of.Type().Kind; a.err == nil && (k < catalog.KindTinyInt || k > catalog.KindDecimal) {
		a.err = fmt.Errorf("%s(%s): the column is %s, which is no number", a.fn, of, of.Type())
	}
	return a
}

func (a Aggregate) ordered(of catalog.Column) Aggregate {
	if a.err == nil && !of.Type().Scalar() {
		a.err = fmt.Errorf("%s(%s): the column is %s, which has no order", a.fn, of, of.Type())
	}
	return a
}

// Where lets the aggregate see only the rows for which the conditions hold. The statement
// reads the others all the same.
func (a Aggregate) Where(ps ...catalog.Pred) Aggregate {
	p := catalog.And(append([]catalog.Pred{a.filter}, ps...)...)
	a.filter = p
	if err := p.Err(); err != nil && a.err == nil {
		a.err = err
	}
	return a
}

// As names the aggregate in the result.
func (a Aggregate) As(name string) Item { return As(a, name) }

// Eq is aggregate = value, for [Selection.Having].
func (a Aggregate) Eq(value any) catalog.Pred { return catalog.Compare(a, catalog.OpEq, value) }

// Lt is aggregate < value.
func (a Aggregate) Lt(value any) catalog.Pred { return catalog.Compare(a, catalog.OpLt, value) }

// Le is aggregate <= value.
func (a Aggregate) Le(value any) catalog.Pred { return catalog.Compare(a, catalog.OpLe, value) }

// Gt is aggregate > value.
func (a Aggregate) Gt(value any) catalog.Pred { return catalog.Compare(a, catalog.OpGt, value) }

// Ge is aggregate >= value.
func (a Aggregate) Ge(value any) catalog.Pred { return catalog.Compare(a, catalog.OpGe, value) }

// Type is the type of the result.
func (a Aggregate) Type() catalog.Type { return a.typ }

// Err says what is wrong with the aggregate.
func (a Aggregate) Err() error {
	if a.fn == "" {
		return errors.New("an Aggregate is made by Count, Sum and the like, this one is empty")
	}
	return a.err
}

// Node is the aggregate's syntax, for lakekit's own packages.
func (a Aggregate) Node() trinosql.Expr {
	call := &trinosql.Call{Name: name(a.fn), Distinct: a.distinct, Star: a.arg == nil}
	if a.arg != nil {
		call.Args = []trinosql.Expr{a.arg.Node()}
	}
	if !a.filter.IsZero() {
		call.Filter = a.filter.Node()
	}
	return call
}

// columns are those that the aggregate names.
func (a Aggregate) columns() []catalog.Column {
	cs := a.filter.Columns()
	if c, ok := a.arg.(catalog.Column); ok {
		cs = append(cs, c)
	}
	return cs
}

func name(parts ...string) *trinosql.Name {
	n := &trinosql.Name{}
	for _, p := range parts {
		n.Parts = append(n.Parts, &trinosql.Ident{Name: p})
	}
	return n
}

// Item is an entry of a select list with a name of its own.
type Item struct {
	expr  catalog.Expr
	alias string
}

// As names a column or an aggregate in the result.
func As(e catalog.Expr, name string) Item { return Item{expr: e, alias: name} }

// Type is the type of the item.
func (i Item) Type() catalog.Type {
	if i.expr == nil {
		return catalog.Type{}
	}
	return i.expr.Type()
}

// Err says what is wrong with the item.
func (i Item) Err() error {
	if i.expr == nil {
		return errors.New("an Item is made by As, this one is empty")
	}
	return i.expr.Err()
}

// Node is the item's syntax without its name, for lakekit's own packages.
func (i Item) Node() trinosql.Expr {
	if i.expr == nil {
		return &trinosql.Literal{Kind: trinosql.Null}
	}
	return i.expr.Node()
}

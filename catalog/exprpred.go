package catalog

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/lakekit/lakekit/internal/trinosql"
)

// Op says what a [Pred] does.
type Op uint8

// The operations: three that combine conditions, and those that compare.
const (
	OpAnd Op = iota + 1
	OpOr
	OpNot
	OpEq
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpBetween
	OpOneOf
	OpLike
	OpIsNull
	OpIsNotNull
)

// String gives the operation's SQL.
func (op Op) String() string {
	if names := [...]string{
		"no condition", "AND", "OR", "NOT", "=", "<>", "<", "<=", ">", ">=", "BETWEEN", "IN", "LIKE", "IS NULL", "IS NOT NULL",
	}; int(op) < len(names) {
		return names[op]
	}
	return fmt.Sprintf("op(%d)", op)
}

// Pred is a condition over the columns of a table. It is a value without statement, names
// or dialect: package athena writes it as SQL and works out what it says about partitions.
// The zero Pred is no condition.
type Pred struct {
	op     Op
	left   Expr
	values []any
	terms  []Pred
	err    error
}

// And is true where all conditions are. Those that are zero do not count.
func And(ps ...Pred) Pred { return combine(OpAnd, ps) }

// Or is true where one of the conditions is.
func Or(ps ...Pred) Pred { return combine(OpOr, ps) }

// Not is true where the condition is false: not where it is unknown because of a NULL.
func Not(p Pred) Pred {
	n := Pred{op: OpNot, terms: []Pred{p}, err: p.err}
	if p.IsZero() {
		n.err = errors.New("Not: there is no condition")
	}
	return n
}

func combine(op Op, ps []Pred) Pred {
	c := Pred{op: op}
	var errs []error
	for _, p := range ps {
		switch {
		case p.err != nil:
			errs = append(errs, p.err)
		case p.IsZero() && op == OpOr:
			errs = append(errs, errors.New("Or: one of the conditions is empty"))
			continue
		case p.IsZero():
			continue
		}
		if p.op == op {
			c.terms = append(c.terms, p.terms...)
		} else {
			c.terms = append(c.terms, p)
		}
	}
	c.err = errors.Join(errs...)
	if c.err == nil && len(c.terms) == 0 {
		if op == OpOr {
			return Pred{op: op, err: errors.New("Or: there is no condition")}
		}
		return Pred{}
	}
	if c.err == nil && len(c.terms) == 1 {
		return c.terms[0]
	}
	return c
}

// Compare is the condition that an operation makes of an expression and its values: one
// value for comparisons and LIKE, two for BETWEEN, one or more for IN, none for IS NULL.
// The methods of [Column] are shorter.
func Compare(left Expr, op Op, values ...any) Pred {
	p := Pred{op: op, left: left}
	if p.err = left.Err(); p.err != nil {
		return p
	}
	name := trinosql.Format(left.Node())
	if c, ok := left.(Column); ok {
		name = c.String()
	}
	if op == OpOneOf && len(values) == 1 {
		values = spread(values)
	}
	want, least := 1, 1
	switch op {
	case OpIsNull, OpIsNotNull:
		want, least = 0, 0
	case OpBetween:
		want, least = 2, 2
	case OpOneOf:
		want = len(values)
	case OpAnd, OpOr, OpNot, 0:
		p.err = fmt.Errorf("%s: %s compares nothing", name, op)
		return p
	}
	if len(values) != want || len(values) < least {
		p.err = fmt.Errorf("%s: %s takes %d or more values, not %d", name, op, least, len(values))
		if op != OpOneOf {
			p.err = fmt.Errorf("%s: %s takes %d values, not %d", name, op, want, len(values))
		}
		return p
	}
	t := left.Type()
	if op == OpLike && t.Kind != KindString && t.Kind != KindVarchar && t.Kind != KindChar {
		p.err = fmt.Errorf("%s: LIKE is for text, and this is %s", name, t)
		return p
	}
	var errs []error
	for _, v := range values {
		v, err := typedValue(t, v)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		p.values = append(p.values, v)
	}
	p.err = errors.Join(errs...)
	return p
}

// spread takes the elements out of a slice that is the only value.
func spread(values []any) []any {
	rv := reflect.ValueOf(values[0])
	if _, binary := values[0].([]byte); binary || !rv.IsValid() || rv.Kind() != reflect.Slice {
		return values
	}
	out := make([]any, rv.Len())
	for i := range out {
		out[i] = rv.Index(i).Interface()
	}
	return out
}

// IsZero says whether there is no condition.
func (p Pred) IsZero() bool { return p.op == 0 && p.err == nil }

// Err says what is wrong with the condition, every complaint of it.
func (p Pred) Err() error { return p.err }

// Op is what the condition does.
func (p Pred) Op() Op { return p.op }

// Terms are the conditions that AND, OR and NOT combine.
func (p Pred) Terms() []Pred { return slices.Clone(p.terms) }

// Left is what a comparison compares. It is nil for AND, OR and NOT.
func (p Pred) Left() Expr { return p.left }

// Values are what it is compared with, in the form that belongs to Left's type: string,
// bool, []byte, int64, float64, [Decimal], [Date], time.Time (in UTC) or [Column].
func (p Pred) Values() []any { return slices.Clone(p.values) }

// Columns are all columns that the condition names, in order, with repetitions.
func (p Pred) Columns() []Column {
	var cs []Column
	if c, ok := p.left.(Column); ok {
		cs = append(cs, c)
	}
	for _, v := range p.values {
		if c, ok := v.(Column); ok {
			cs = append(cs, c)
		}
	}
	for _, t := range p.terms {
		cs = append(cs, t.Columns()...)
	}
	return cs
}

// String gives the condition in Athena's SQL, for people to read.
func (p Pred) String() string {
	switch {
	case p.err != nil:
		return "invalid: " + p.err.Error()
	case p.op == 0:
		return "TRUE"
	}
	return trinosql.Format(p.Node())
}

package duckdb

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// comparable wants operands that Athena compares: it never turns text into a number.
func comparable(n trinosql.Node, op string, l, r value) error {
	a, b := classOf(l.Type), classOf(r.Type)
	if a == unknown || b == unknown || a == b {
		return nil
	}
	return mismatch(n, "Cannot apply operator: %s %s %s", l.DML(), op, r.DML())
}

func (t *translator) binary(e *trinosql.BinaryExpr) (value, error) {
	l, err := t.expr(e.L)
	if err != nil {
		return value{}, err
	}
	r, err := t.expr(e.R)
	if err != nil {
		return value{}, err
	}
	switch e.Op {
	case "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM":
		return value{"(" + l.sql + " " + e.Op + " " + r.sql + ")", kind(catalog.KindBoolean)}, comparable(e, e.Op, l, r)
	case "||":
		if a, b := classOf(l.Type), classOf(r.Type); a != unknown && a != text && a != nested && a != binary || b != unknown && b != a {
			return value{}, mismatch(e, "Cannot apply operator: %s || %s", l.DML(), r.DML())
		}
		if classOf(l.Type) == text { // with a NULL, its type would be lost
			return concat(nil, []value{l, r})
		}
		return value{"(" + l.sql + " || " + r.sql + ")", l.Type}, nil
	}
	return t.arithmetic(e, l, r)
}

func (t *translator) arithmetic(e *trinosql.BinaryExpr, l, r value) (value, error) {
	_, lInterval := e.L.(*trinosql.Interval)
	_, rInterval := e.R.(*trinosql.Interval)
	switch {
	case rInterval && classOf(l.Type) == moment && (e.Op == "+" || e.Op == "-"):
		return shifted(l, e.Op, r), nil
	case lInterval && classOf(r.Type) == moment && e.Op == "+":
		return shifted(r, "+", l), nil
	case classOf(l.Type) != number || classOf(r.Type) != number:
		if classOf(l.Type) == unknown || classOf(r.Type) == unknown {
			return value{}, notSupported(e, "arithmetic on "+trinosql.Format(e)+", whose types it does not know: CAST the operands")
		}
		return value{}, mismatch(e, "Cannot apply operator: %s %s %s", l.DML(), e.Op, r.DML())
	}
	switch {
	case isFloat(l.Type) || isFloat(r.Type):
		typ := kind(catalog.KindDouble)
		if l.Kind == catalog.KindFloat && r.Kind != catalog.KindDouble || r.Kind == catalog.KindFloat && l.Kind != catalog.KindDouble {
			typ = kind(catalog.KindFloat)
		}
		name, _ := duckType(typ)
		if e.Op == "/" || e.Op == "%" { // 1e0/0 is Infinity, and so it is in DuckDB
			return value{fmt.Sprintf("(CAST(%s AS %s) %s CAST(%s AS %[2]s))", l.sql, name, e.Op, r.sql), typ}, nil
		}
		return value{fmt.Sprintf("CAST((%s %s %s) AS %s)", l.sql, e.Op, r.sql, name), typ}, nil
	case isInteger(l.Type) && isInteger(r.Type):
		typ := kind(max(l.Kind, r.Kind)) // the kinds are in the order of their width
		if e.Op == "/" || e.Op == "%" {
			op := e.Op
			if op == "/" {
				op = "//"
			}
			return value{fmt.Sprintf("(%s %s %s)", l.sql, op, notZero(r.sql)), typ}, nil
		}
		return value{fmt.Sprintf("(%s %s %s)", l.sql, e.Op, r.sql), typ}, nil
	}
	return decimalArithmetic(e, asDecimal(l), asDecimal(r))
}

// notZero makes a division by zero the error that it is in Athena.
func notZero(sql string) string {
	return fmt.Sprintf("(CASE WHEN %[1]s = 0 THEN error('Division by zero') ELSE %[1]s END)", sql)
}

// asDecimal gives an integer the decimal that Athena widens it to.
func asDecimal(v value) value {
	p := map[catalog.Kind]int{catalog.KindTinyInt: 3, catalog.KindSmallInt: 5, catalog.KindInt: 10, catalog.KindBigInt: 19}[v.Kind]
	if p == 0 {
		return v
	}
	return value{fmt.Sprintf("CAST(%s AS DECIMAL(%d,0))", v.sql, p), catalog.Type{Kind: catalog.KindDecimal, Precision: p}}
}

// decimalArithmetic has the exact operators; DuckDB divides decimals as doubles.
func decimalArithmetic(e *trinosql.BinaryExpr, l, r value) (value, error) {
	out := catalog.Type{Kind: catalog.KindDecimal}
	switch e.Op {
	case "+", "-":
		out.Scale = max(l.Scale, r.Scale)
		out.Precision = min(38, max(l.Precision-l.Scale, r.Precision-r.Scale)+out.Scale+1)
	case "*":
		out.Scale, out.Precision = l.Scale+r.Scale, min(38, l.Precision+r.Precision)
		if l.Precision+r.Precision > 38 {
			return value{}, notSupported(e, "a product of decimals of more than 38 digits: CAST an operand to double")
		}
	default:
		return value{}, notSupported(e, e.Op+" on decimals, which it cannot compute exactly: CAST an operand to double")
	}
	name, err := duckType(out)
	if e.Op == "*" {
		return value{"(" + l.sql + " * " + r.sql + ")", out}, err
	}
	// DuckDB gives the sum one digit more, for which the type has room already.
	return value{fmt.Sprintf("CAST((CAST(%s AS %s) %s CAST(%s AS %[2]s)) AS %[2]s)", l.sql, name, e.Op, r.sql), out}, err
}

// shifted adds an interval to a date or a time. A date stays one.
func shifted(v value, op string, interval value) value {
	sql := "(" + v.sql + " " + op + " " + interval.sql + ")"
	if v.Kind == catalog.KindDate {
		sql = "CAST(" + sql + " AS DATE)"
	}
	return value{sql, v.Type}
}

func (t *translator) logical(e *trinosql.Logical) (value, error) {
	vs, err := t.exprs(e.Terms)
	if err != nil {
		return value{}, err
	}
	var terms []string
	for i, v := range vs {
		if c := classOf(v.Type); c != boolean && c != unknown {
			return value{}, mismatch(e.Terms[i], "Logical expression term must evaluate to a boolean (actual: %s)", v.DML())
		}
		terms = append(terms, v.sql)
	}
	return value{"(" + strings.Join(terms, " "+e.Op+" ") + ")", kind(catalog.KindBoolean)}, nil
}

func (t *translator) in(e *trinosql.In) (value, error) {
	x, err := t.expr(e.X)
	if err != nil {
		return value{}, err
	}
	list, err := t.exprs(e.List)
	if err != nil {
		return value{}, err
	}
	for _, v := range list {
		if err := comparable(e, "IN", x, v); err != nil {
			return value{}, err
		}
	}
	word := " IN ("
	if e.Not {
		word = " NOT IN ("
	}
	return value{"(" + x.sql + word + join(list) + "))", kind(catalog.KindBoolean)}, nil
}

func (t *translator) between(e *trinosql.Between) (value, error) {
	vs, err := t.exprs([]trinosql.Expr{e.X, e.Low, e.High})
	if err != nil {
		return value{}, err
	}
	for _, v := range vs[1:] {
		if err := comparable(e, "BETWEEN", vs[0], v); err != nil {
			return value{}, err
		}
	}
	word := " BETWEEN "
	if e.Not {
		word = " NOT BETWEEN "
	}
	return value{"(" + vs[0].sql + word + vs[1].sql + " AND " + vs[2].sql + ")", kind(catalog.KindBoolean)}, nil
}

func (t *translator) like(e *trinosql.Like) (value, error) {
	es := []trinosql.Expr{e.X, e.Pattern}
	if e.Escape != nil {
		es = append(es, e.Escape)
	}
	vs, err := t.exprs(es)
	if err != nil {
		return value{}, err
	}
	for i, v := range vs {
		if c := classOf(v.Type); c != text && c != unknown {
			return value{}, mismatch(es[i], "LIKE wants varchar, not %s", v.DML())
		}
	}
	word := " LIKE "
	if e.Not {
		word = " NOT LIKE "
	}
	sql := "(" + vs[0].sql + word + vs[1].sql
	if e.Escape != nil {
		sql += " ESCAPE " + vs[2].sql
	}
	return value{sql + ")", kind(catalog.KindBoolean)}, nil
}

func (t *translator) caseOf(e *trinosql.Case) (value, error) {
	var b strings.Builder
	b.WriteString("(CASE")
	var operand value
	var err error
	if e.Operand != nil {
		if operand, err = t.expr(e.Operand); err != nil {
			return value{}, err
		}
		b.WriteString(" " + operand.sql)
	}
	var typ catalog.Type
	for _, w := range e.Whens {
		cond, err := t.expr(w.Cond)
		if err != nil {
			return value{}, err
		}
		if e.Operand != nil {
			if err := comparable(w, "=", operand, cond); err != nil {
				return value{}, err
			}
		}
		then, err := t.expr(w.Then)
		if err != nil {
			return value{}, err
		}
		if typ, err = unite(w, typ, then.Type); err != nil {
			return value{}, err
		}
		b.WriteString(" WHEN " + cond.sql + " THEN " + then.sql)
	}
	if e.Else != nil {
		other, err := t.expr(e.Else)
		if err != nil {
			return value{}, err
		}
		if typ, err = unite(e.Else, typ, other.Type); err != nil {
			return value{}, err
		}
		b.WriteString(" ELSE " + other.sql)
	}
	return value{b.String() + " END)", typ}, nil
}

// unite gives the type that values of both types have together.
func unite(n trinosql.Node, a, b catalog.Type) (catalog.Type, error) {
	switch {
	case a.Kind == 0 || a.Equal(b):
		return b, nil
	case b.Kind == 0:
		return a, nil
	case classOf(a) != classOf(b):
		return a, mismatch(n, "All results must be the same type: %s and %s", a.DML(), b.DML())
	case isInteger(a) && isInteger(b), isFloat(a) && isFloat(b):
		return kind(max(a.Kind, b.Kind)), nil
	case isFloat(a) || isFloat(b):
		return kind(catalog.KindDouble), nil
	case classOf(a) == number:
		x, y := asDecimal(value{Type: a}), asDecimal(value{Type: b})
		scale := max(x.Scale, y.Scale)
		return catalog.Type{Kind: catalog.KindDecimal, Scale: scale, Precision: min(38, max(x.Precision-x.Scale, y.Precision-y.Scale)+scale)}, nil
	case classOf(a) == moment:
		return kind(catalog.KindTimestamp), nil
	}
	return a, nil
}

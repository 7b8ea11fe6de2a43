package trinosql

import (
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// How tightly an expression binds; what binds less tightly than its place asks for stands
// in brackets.
const (
	bindOr = iota
	bindAnd
	bindNot
	bindPredicate
	bindConcat
	bindSum
	bindProduct
	bindSign
	bindZone
	bindPostfix
)

func binding(e Expr) int {
	switch e := e.(type) {
	case *Logical:
		switch {
		case len(e.Terms) == 1:
			return binding(e.Terms[0])
		case e.Op == "OR":
			return bindOr
		}
		return bindAnd
	case *Not:
		return bindNot
	case *IsNull, *In, *Between, *Like:
		return bindPredicate
	case *BinaryExpr:
		switch e.Op {
		case "||":
			return bindConcat
		case "+", "-":
			return bindSum
		case "*", "/", "%":
			return bindProduct
		}
		return bindPredicate
	case *Unary:
		return bindSign
	case *AtTimeZone:
		return bindZone
	}
	return bindPostfix
}

// Operand writes an expression, in brackets if it binds less tightly than at.
func (p *printer) operand(e Expr, at int) {
	if binding(e) >= at {
		p.node(e)
		return
	}
	p.text("(")
	p.node(e)
	p.text(")")
}

// base writes what stands before a dot or a subscript: 1.f would be read as a number.
func (p *printer) base(e Expr) {
	if l, ok := e.(*Literal); ok && l.Kind != String {
		p.text("(")
		p.node(e)
		p.text(")")
		return
	}
	p.operand(e, bindPostfix)
}

func (p *printer) expr(e Expr) {
	switch e := e.(type) {
	case *Ident:
		p.text(identText(e))
	case *Star:
		if e.Of != nil {
			p.base(e.Of)
			p.text(".")
		}
		p.text("*")
	case *Member:
		p.base(e.Base)
		p.text(".")
		p.node(e.Field)
	case *Index:
		p.base(e.Base)
		p.text("[")
		p.node(e.At)
		p.text("]")
	case *Literal:
		p.literal(e)
	case *Interval:
		p.interval(e)
	case *Param:
		p.text("?")
	case *Current:
		p.text(e.Name)
		if e.Precision != "" {
			p.text("(", e.Precision, ")")
		}
	case *Cast:
		if e.Try {
			p.text("TRY_")
		}
		p.text("CAST(")
		p.node(e.X)
		p.text(" AS ")
		p.node(e.Type)
		p.text(")")
	case *Call:
		p.call(e)
	case *Extract:
		p.text("EXTRACT(")
		if isPlain(e.Field) && !sqltext.Reserved(e.Field) {
			p.text(e.Field)
		} else {
			p.text(sqltext.Quote(e.Field))
		}
		p.text(" FROM ")
		p.operand(e.X, bindConcat)
		p.text(")")
	case *Array:
		p.text("ARRAY[")
		list(p, e.Elems)
		p.text("]")
	case *Row:
		p.text("ROW(")
		list(p, e.Elems)
		p.text(")")
	case *Case:
		p.caseExpr(e)
	default:
		p.operation(e)
	}
}

func (p *printer) literal(l *Literal) {
	switch l.Kind {
	case Null:
		p.text("NULL")
	case Boolean:
		p.text(strings.ToUpper(l.Text))
	case Integer, DecimalNumber, DoubleNumber:
		p.text(l.Text)
	case String:
		p.text(sqltext.Literal(l.Text))
	case Binary:
		p.text("X'", l.Text, "'")
	case Typed:
		p.text(strings.ToUpper(l.Type), " ", sqltext.Literal(l.Text))
	}
}

func (p *printer) interval(e *Interval) {
	p.text("INTERVAL ")
	if e.Negative {
		p.text("-")
	}
	p.text(sqltext.Literal(e.Text), " ", e.From)
	if e.To != "" {
		p.text(" TO ", e.To)
	}
}

func (p *printer) call(e *Call) {
	if n := e.Name; len(n.Parts) == 1 && n.Parts[0].Key() == "trim" {
		p.text("trim") // reserved, and a function all the same
	} else {
		p.node(n)
	}
	p.text("(")
	switch {
	case e.Star:
		p.text("*")
	case e.Distinct:
		p.text("DISTINCT ")
	}
	list(p, e.Args)
	if len(e.OrderBy) > 0 {
		p.text(" ORDER BY ")
		list(p, e.OrderBy)
	}
	p.text(")")
	if e.Filter != nil {
		p.text(" FILTER (WHERE ")
		p.node(e.Filter)
		p.text(")")
	}
}

func (p *printer) caseExpr(e *Case) {
	p.text("CASE")
	if e.Operand != nil {
		p.text(" ")
		p.node(e.Operand)
	}
	for _, w := range e.Whens {
		p.node(w)
	}
	if e.Else != nil {
		p.text(" ELSE ")
		p.node(e.Else)
	}
	p.text(" END")
}

// operation writes the expressions that have operators.
func (p *printer) operation(e Expr) {
	switch e := e.(type) {
	case *Logical:
		if len(e.Terms) == 1 {
			p.node(e.Terms[0])
			return
		}
		for i, t := range e.Terms {
			if i > 0 {
				p.text(" ", e.Op, " ")
			}
			p.operand(t, binding(e)+1)
		}
	case *Not:
		p.text("NOT ")
		p.operand(e.X, bindNot)
	case *BinaryExpr:
		// The arithmetic operators take their left neighbour first; comparisons do not chain.
		at := binding(e)
		p.operand(e.L, max(at, bindConcat))
		p.text(" ", e.Op, " ")
		p.operand(e.R, max(at+1, bindConcat))
	case *IsNull:
		p.operand(e.X, bindConcat)
		p.text(" IS", not(e.Not), " NULL")
	case *In:
		p.operand(e.X, bindConcat)
		p.text(not(e.Not), " IN (")
		list(p, e.List)
		p.text(")")
	case *Between:
		p.operand(e.X, bindConcat)
		p.text(not(e.Not), " BETWEEN ")
		p.operand(e.Low, bindConcat)
		p.text(" AND ")
		p.operand(e.High, bindConcat)
	case *Like:
		p.operand(e.X, bindConcat)
		p.text(not(e.Not), " LIKE ")
		p.operand(e.Pattern, bindConcat)
		if e.Escape != nil {
			p.text(" ESCAPE ")
			p.operand(e.Escape, bindConcat)
		}
	case *Unary:
		p.text(e.Op)
		if _, ok := e.X.(*Unary); ok {
			p.text(" ") // -- begins a comment
		}
		p.operand(e.X, bindSign)
	case *AtTimeZone:
		p.operand(e.X, bindZone)
		p.text(" AT TIME ZONE ")
		p.node(e.Zone)
	}
}

func not(is bool) string {
	if is {
		return " NOT"
	}
	return ""
}

package trinosql

import "strings"

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
func (p *Printer) operand(e Expr, at int) {
	if binding(e) >= at {
		p.Node(e)
		return
	}
	p.Text("(")
	p.Node(e)
	p.Text(")")
}

// base writes what stands before a dot or a subscript: 1.f would be read as a number.
func (p *Printer) base(e Expr) {
	if l, ok := e.(*Literal); ok && l.Kind != String {
		p.Text("(")
		p.Node(e)
		p.Text(")")
		return
	}
	p.operand(e, bindPostfix)
}

func (p *Printer) expr(e Expr) {
	switch e := e.(type) {
	case *Ident:
		p.Text(identText(e))
	case *Star:
		if e.Of != nil {
			p.base(e.Of)
			p.Text(".")
		}
		p.Text("*")
	case *Member:
		p.base(e.Base)
		p.Text(".")
		p.Node(e.Field)
	case *Index:
		p.base(e.Base)
		p.Text("[")
		p.Node(e.At)
		p.Text("]")
	case *Literal:
		p.literal(e)
	case *Interval:
		p.interval(e)
	case *Param:
		p.Text("?")
	case *Current:
		p.Text(e.Name)
		if e.Precision != "" {
			p.Text("(", e.Precision, ")")
		}
	case *Cast:
		if e.Try {
			p.Text("TRY_")
		}
		p.Text("CAST(")
		p.Node(e.X)
		p.Text(" AS ")
		p.Node(e.Type)
		p.Text(")")
	case *Call:
		p.call(e)
	case *Extract:
		p.Text("EXTRACT(")
		if isPlain(e.Field) && !Reserved(e.Field) {
			p.Text(e.Field)
		} else {
			p.Text(QuoteIdent(e.Field))
		}
		p.Text(" FROM ")
		p.operand(e.X, bindConcat)
		p.Text(")")
	case *Array:
		p.Text("ARRAY[")
		List(p, e.Elems)
		p.Text("]")
	case *Row:
		p.Text("ROW(")
		List(p, e.Elems)
		p.Text(")")
	case *Case:
		p.caseExpr(e)
	default:
		p.operation(e)
	}
}

func (p *Printer) literal(l *Literal) {
	switch l.Kind {
	case Null:
		p.Text("NULL")
	case Boolean:
		p.Text(strings.ToUpper(l.Text))
	case Integer, DecimalNumber, DoubleNumber:
		p.Text(l.Text)
	case String:
		p.Text(QuoteString(l.Text))
	case Binary:
		p.Text("X'", l.Text, "'")
	case Typed:
		p.Text(strings.ToUpper(l.Type), " ", QuoteString(l.Text))
	}
}

func (p *Printer) interval(e *Interval) {
	p.Text("INTERVAL ")
	if e.Negative {
		p.Text("-")
	}
	p.Text(QuoteString(e.Text), " ", e.From)
	if e.To != "" {
		p.Text(" TO ", e.To)
	}
}

func (p *Printer) call(e *Call) {
	if n := e.Name; len(n.Parts) == 1 && n.Parts[0].Key() == "trim" {
		p.Text("trim") // reserved, and a function all the same
	} else {
		p.Node(n)
	}
	p.Text("(")
	switch {
	case e.Star:
		p.Text("*")
	case e.Distinct:
		p.Text("DISTINCT ")
	}
	List(p, e.Args)
	if len(e.OrderBy) > 0 {
		p.Text(" ORDER BY ")
		List(p, e.OrderBy)
	}
	p.Text(")")
	if e.Filter != nil {
		p.Text(" FILTER (WHERE ")
		p.Node(e.Filter)
		p.Text(")")
	}
}

func (p *Printer) caseExpr(e *Case) {
	p.Text("CASE")
	if e.Operand != nil {
		p.Text(" ")
		p.Node(e.Operand)
	}
	for _, w := range e.Whens {
		p.Node(w)
	}
	if e.Else != nil {
		p.Text(" ELSE ")
		p.Node(e.Else)
	}
	p.Text(" END")
}

// operation writes the expressions that have operators.
func (p *Printer) operation(e Expr) {
	switch e := e.(type) {
	case *Logical:
		if len(e.Terms) == 1 {
			p.Node(e.Terms[0])
			return
		}
		for i, t := range e.Terms {
			if i > 0 {
				p.Text(" ", e.Op, " ")
			}
			p.operand(t, binding(e)+1)
		}
	case *Not:
		p.Text("NOT ")
		p.operand(e.X, bindNot)
	case *BinaryExpr:
		// The arithmetic operators take their left neighbour first; comparisons do not chain.
		at := binding(e)
		p.operand(e.L, max(at, bindConcat))
		p.Text(" ", e.Op, " ")
		p.operand(e.R, max(at+1, bindConcat))
	case *IsNull:
		p.operand(e.X, bindConcat)
		p.Text(" IS", not(e.Not), " NULL")
	case *In:
		p.operand(e.X, bindConcat)
		p.Text(not(e.Not), " IN (")
		List(p, e.List)
		p.Text(")")
	case *Between:
		p.operand(e.X, bindConcat)
		p.Text(not(e.Not), " BETWEEN ")
		p.operand(e.Low, bindConcat)
		p.Text(" AND ")
		p.operand(e.High, bindConcat)
	case *Like:
		p.operand(e.X, bindConcat)
		p.Text(not(e.Not), " LIKE ")
		p.operand(e.Pattern, bindConcat)
		if e.Escape != nil {
			p.Text(" ESCAPE ")
			p.operand(e.Escape, bindConcat)
		}
	case *Unary:
		p.Text(e.Op)
		if _, ok := e.X.(*Unary); ok {
			p.Text(" ") // -- begins a comment
		}
		p.operand(e.X, bindSign)
	case *AtTimeZone:
		p.operand(e.X, bindZone)
		p.Text(" AT TIME ZONE ")
		p.Node(e.Zone)
	}
}

func not(is bool) string {
	if is {
		return " NOT"
	}
	return ""
}

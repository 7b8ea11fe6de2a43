package trinosql

// Replace puts f(e) in the place of each expression e below n, children first. n itself stays.
func Replace(n Node, f func(Expr) Expr) {
	r := func(e Expr) Expr {
		if isNil(e) {
			return e
		}
		Replace(e, f)
		return f(e)
	}
	list := func(es []Expr) {
		for i := range es {
			es[i] = r(es[i])
		}
	}
	orders := func(os []*Order) {
		for _, o := range os {
			o.Expr = r(o.Expr)
		}
	}
	switch n := n.(type) {
	case *Query:
		Replace(n.Body, f)
		orders(n.OrderBy)
		n.Offset, n.Limit = r(n.Offset), r(n.Limit)
	case *Select:
		for _, it := range n.Items {
			it.Expr = r(it.Expr)
		}
		n.Where, n.Having = r(n.Where), r(n.Having)
		list(n.GroupBy)
	case *Member:
		n.Base = r(n.Base)
	case *Index:
		n.Base, n.At = r(n.Base), r(n.At)
	case *Unary:
		n.X = r(n.X)
	case *BinaryExpr:
		n.L, n.R = r(n.L), r(n.R)
	case *Logical:
		list(n.Terms)
	case *Not:
		n.X = r(n.X)
	case *IsNull:
		n.X = r(n.X)
	case *In:
		n.X = r(n.X)
		list(n.List)
	case *Between:
		n.X, n.Low, n.High = r(n.X), r(n.Low), r(n.High)
	case *Like:
		n.X, n.Pattern, n.Escape = r(n.X), r(n.Pattern), r(n.Escape)
	case *Case:
		n.Operand, n.Else = r(n.Operand), r(n.Else)
		for _, w := range n.Whens {
			w.Cond, w.Then = r(w.Cond), r(w.Then)
		}
	case *Cast:
		n.X = r(n.X)
	case *Call:
		list(n.Args)
		orders(n.OrderBy)
		n.Filter = r(n.Filter)
	case *Extract:
		n.X = r(n.X)
	case *Array:
		list(n.Elems)
	case *Row:
		list(n.Elems)
	case *AtTimeZone:
		n.X, n.Zone = r(n.X), r(n.Zone)
	}
}

package trinosql

// Walk visits n and what lies below it, parents first, in the order of the text. When f
// says false, what lies below that node is left out. Nil nodes are not visited.
func Walk(n Node, f func(Node) bool) {
	if isNil(n) || !f(n) {
		return
	}
	each(n, func(c Node) { Walk(c, f) })
}

// each calls f for the direct children of n that are there.
func each(n Node, visit func(Node)) {
	f := func(c Node) {
		if !isNil(c) {
			visit(c)
		}
	}
	switch n := n.(type) {
	case *Query:
		f(n.Body)
		all(n.OrderBy, f)
		f(n.Offset)
		f(n.Limit)
	case *Select:
		all(n.Items, f)
		f(n.From)
		f(n.Where)
		all(n.GroupBy, f)
		f(n.Having)
	case *Item:
		f(n.Expr)
		f(n.Alias)
	case *Table:
		f(n.Name)
		f(n.Alias)
	case *Order:
		f(n.Expr)
	case *Name:
		all(n.Parts, f)
	case *When:
		f(n.Cond)
		f(n.Then)
	case *Type:
		for _, a := range n.Args {
			f(a.Name)
			f(a.Type)
		}
	case Expr:
		eachExpr(n, f)
	}
}

func eachExpr(e Expr, f func(Node)) {
	switch e := e.(type) {
	case *Star:
		f(e.Of)
	case *Member:
		f(e.Base)
		f(e.Field)
	case *Index:
		f(e.Base)
		f(e.At)
	case *Unary:
		f(e.X)
	case *BinaryExpr:
		f(e.L)
		f(e.R)
	case *Logical:
		all(e.Terms, f)
	case *Not:
		f(e.X)
	case *IsNull:
		f(e.X)
	case *In:
		f(e.X)
		all(e.List, f)
	case *Between:
		f(e.X)
		f(e.Low)
		f(e.High)
	case *Like:
		f(e.X)
		f(e.Pattern)
		f(e.Escape)
	case *Case:
		f(e.Operand)
		all(e.Whens, f)
		f(e.Else)
	case *Cast:
		f(e.X)
		f(e.Type)
	case *Call:
		f(e.Name)
		all(e.Args, f)
		all(e.OrderBy, f)
		f(e.Filter)
	case *Extract:
		f(e.X)
	case *Array:
		all(e.Elems, f)
	case *Row:
		all(e.Elems, f)
	case *AtTimeZone:
		f(e.X)
		f(e.Zone)
	}
}

func all[N Node](ns []N, f func(Node)) {
	for _, n := range ns {
		f(n)
	}
}

// isNil tells apart a node that is not there: a nil interface, or a nil pointer in one of
// the fields that have a concrete type.
func isNil(n Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *Ident:
		return n == nil
	case *Type:
		return n == nil
	case *Name:
		return n == nil
	}
	return false
}

package trinosql

import "fmt"

// expr reads an expression, loosest operator first: OR, AND, NOT, one predicate, then ||,
// + and -, * / and %, the signs, AT TIME ZONE, and what stands in the middle of it all.
func (p *parser) expr() (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.logical("OR", func() (Expr, error) { return p.logical("AND", p.not) })
}

func (p *parser) logical(op string, operand func() (Expr, error)) (Expr, error) {
	first, err := operand()
	if err != nil || !p.at(op) {
		return first, err
	}
	l := &Logical{Pos: first.Position(), Op: op, Terms: []Expr{first}}
	for p.accept(op) {
		if err := p.chain(len(l.Terms)); err != nil {
			return nil, err
		}
		e, err := operand()
		if err != nil {
			return nil, err
		}
		l.Terms = append(l.Terms, e)
	}
	return l, nil
}

// chain refuses a chain of operators that is so long that walking its tree would be a
// danger of its own.
func (p *parser) chain(n int) error {
	if n >= MaxChain {
		return &Error{Pos: p.peek().Pos, Msg: fmt.Sprintf("the expression chains more than %d operators", MaxChain)}
	}
	return nil
}

func (p *parser) not() (Expr, error) {
	at := p.peek().Pos
	if !p.accept("NOT") {
		return p.predicate()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.not()
	if err != nil {
		return nil, err
	}
	return &Not{Pos: at, X: x}, nil
}

// predicate reads a value and at most one comparison or test behind it: a = b = c is an
// error in Trino.
func (p *parser) predicate() (Expr, error) {
	x, err := p.value()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	switch {
	case t.is("="), t.is("<>"), t.is("!="), t.is("<"), t.is("<="), t.is(">"), t.is(">="):
		return p.comparison(x)
	case t.is("IS"):
		return p.is(x)
	case t.is("IN"), t.is("BETWEEN"), t.is("LIKE"), t.is("NOT"):
		return p.test(x)
	}
	return x, nil
}

func (p *parser) comparison(x Expr) (Expr, error) {
	op := p.next().text
	if op == "!=" {
		op = "<>"
	}
	if t := p.peek(); (t.is("ALL") || t.is("ANY") || t.is("SOME")) && p.ahead(1).is("(") {
		return nil, unsupported(t.Pos, "a comparison with "+t.key)
	}
	y, err := p.value()
	if err != nil {
		return nil, err
	}
	return &BinaryExpr{Pos: x.Position(), Op: op, L: x, R: y}, nil
}

func (p *parser) is(x Expr) (Expr, error) {
	p.next()
	not := p.accept("NOT")
	if p.accept("NULL") {
		return &IsNull{Pos: x.Position(), X: x, Not: not}, nil
	}
	if !p.accept("DISTINCT", "FROM") {
		return nil, p.wrong("NULL or DISTINCT FROM")
	}
	y, err := p.value()
	if err != nil {
		return nil, err
	}
	op := "IS DISTINCT FROM"
	if not {
		op = "IS NOT DISTINCT FROM"
	}
	return &BinaryExpr{Pos: x.Position(), Op: op, L: x, R: y}, nil
}

// test reads [NOT] IN, BETWEEN or LIKE.
func (p *parser) test(x Expr) (Expr, error) {
	not := p.accept("NOT")
	switch {
	case p.accept("IN"):
		if err := p.expect("("); err != nil {
			return nil, err
		}
		if err := p.noSubquery("IN (SELECT …)"); err != nil {
			return nil, err
		}
		list, err := p.list(")")
		if err != nil {
			return nil, err
		}
		return &In{Pos: x.Position(), X: x, List: list, Not: not}, nil
	case p.accept("BETWEEN"):
		low, err := p.value()
		if err != nil {
			return nil, err
		}
		if err := p.expect("AND"); err != nil {
			return nil, err
		}
		high, err := p.value()
		if err != nil {
			return nil, err
		}
		return &Between{Pos: x.Position(), X: x, Low: low, High: high, Not: not}, nil
	case p.accept("LIKE"):
		e := &Like{Pos: x.Position(), X: x, Not: not}
		var err error
		if e.Pattern, err = p.value(); err != nil {
			return nil, err
		}
		if p.accept("ESCAPE") {
			if e.Escape, err = p.value(); err != nil {
				return nil, err
			}
		}
		return e, nil
	}
	return nil, p.wrong("IN, BETWEEN or LIKE")
}

// list reads one or more expressions and the closing bracket.
func (p *parser) list(closing string) ([]Expr, error) {
	var es []Expr
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		es = append(es, e)
		if !p.accept(",") {
			break
		}
	}
	if !p.accept(closing) {
		return nil, p.wrong(`"," or "` + closing + `"`)
	}
	return es, nil
}

// noSubquery refuses a query where an expression could stand.
func (p *parser) noSubquery(what string) error {
	if t := p.peek(); t.is("SELECT") || t.is("WITH") || t.is("VALUES") || t.is("TABLE") {
		return unsupported(t.Pos, what)
	}
	return nil
}

// The binary operators of a value, loosest first.
func (p *parser) value() (Expr, error) { return p.binary(0) }

func valueOp(t token) (level int, ok bool) {
	if t.kind != tokOp {
		return 0, false
	}
	switch t.text {
	case "||":
		return 0, true
	case "+", "-":
		return 1, true
	case "*", "/", "%":
		return 2, true
	}
	return 0, false
}

func (p *parser) binary(level int) (Expr, error) {
	operand := p.unary
	if level < 2 {
		operand = func() (Expr, error) { return p.binary(level + 1) }
	}
	l, err := operand()
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		if at, ok := valueOp(p.peek()); !ok || at != level {
			return l, nil
		}
		if err := p.chain(n); err != nil {
			return nil, err
		}
		op := p.next().text
		r, err := operand()
		if err != nil {
			return nil, err
		}
		l = &BinaryExpr{Pos: l.Position(), Op: op, L: l, R: r}
	}
}

func (p *parser) unary() (Expr, error) {
	t := p.peek()
	if !t.is("-") && !t.is("+") {
		return p.atTimeZone()
	}
	p.next()
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.unary()
	if err != nil {
		return nil, err
	}
	return &Unary{Pos: t.Pos, Op: t.text, X: x}, nil
}

func (p *parser) atTimeZone() (Expr, error) {
	x, err := p.postfix()
	if err != nil {
		return nil, err
	}
	for n := 0; p.accept("AT", "TIME", "ZONE"); n++ {
		if err := p.chain(n); err != nil {
			return nil, err
		}
		var zone Expr
		switch t := p.peek(); {
		case t.kind == tokString:
			p.next()
			zone = &Literal{Pos: t.Pos, Kind: String, Text: t.text}
		case t.is("INTERVAL"):
			if zone, err = p.interval(); err != nil {
				return nil, err
			}
		default:
			return nil, p.wrong("a time zone's name in quotes, or an interval")
		}
		x = &AtTimeZone{Pos: x.Position(), X: x, Zone: zone}
	}
	return x, nil
}

// postfix reads a primary expression and the members and subscripts behind it.
func (p *parser) postfix() (Expr, error) {
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		if err := p.chain(n); err != nil {
			return nil, err
		}
		switch {
		case p.accept("."):
			if p.accept("*") {
				return &Star{Pos: x.Position(), Of: x}, p.starPlace(x)
			}
			field, err := p.ident("the name of a column or member")
			if err != nil {
				return nil, err
			}
			x = &Member{Pos: x.Position(), Base: x, Field: field}
		case p.accept("["):
			at, err := p.expr()
			if err != nil {
				return nil, err
			}
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			x = &Index{Pos: x.Position(), Base: x, At: at}
		case p.at("("):
			name := nameOf(x)
			if name == nil || p.toks[p.i-1].is(")") { // (f)(x) is no call
				return x, nil
			}
			if x, err = p.call(name); err != nil {
				return nil, err
			}
		default:
			return x, nil
		}
	}
}

// starPlace refuses t.* anywhere but as a whole entry of a select list.
func (p *parser) starPlace(x Expr) error {
	t := p.peek()
	switch {
	case x.Position() != p.itemAt:
		return &Error{Pos: x.Position(), Msg: "found t.* inside of an expression; it stands only in a select list"}
	case t.kind == tokEOF, t.is(","), t.is("FROM"), t.is("WHERE"), t.is("GROUP"), t.is("HAVING"), t.is("ORDER"), t.is("LIMIT"), t.is("OFFSET"), t.is(";"):
		return nil
	case t.is("AS"):
		return unsupported(t.Pos, "column aliases on t.*")
	}
	return p.wrong("FROM or another item")
}

// nameOf gives the name that x spells, or nil.
func nameOf(x Expr) *Name {
	switch x := x.(type) {
	case *Ident:
		return &Name{Pos: x.Pos, Parts: []*Ident{x}}
	case *Member:
		if base := nameOf(x.Base); base != nil {
			base.Parts = append(base.Parts, x.Field)
			return base
		}
	}
	return nil
}

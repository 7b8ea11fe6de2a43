package dynamodb

// parseUpdate reads an UpdateExpression: its sections in any order, each at most once.
func parseUpdate(src string, ph *placeholders) ([]action, error) {
	p, err := newParser(exprUpdate, src, ph)
	if err != nil {
		return nil, err
	}
	var as []action
	seen := map[string]bool{}
	for first := true; first || p.peek().kind != tokenEnd; first = false {
		op := ""
		for _, o := range []string{actionSet, actionRemove, actionAdd, actionDelete} {
			if p.accept(o) {
				op = o
			}
		}
		if op == "" {
			return nil, p.syntax()
		}
		if seen[op] {
			p.complain(p.errorf("The \"%s\" section can only be used once in an update expression;", op))
		}
		seen[op] = true
		if as, err = p.section(op, as); err != nil {
			return nil, err
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	ps := make([]path, len(as))
	for i, a := range as {
		ps[i] = a.path
	}
	if err := p.checkPaths(ps); err != nil {
		return nil, err
	}
	return as, p.mistyped
}

func (p *parser) section(op string, as []action) ([]action, error) {
	for {
		d, err := p.docPath()
		if err != nil {
			return nil, err
		}
		a := action{op: op, path: d}
		switch op {
		case actionSet:
			if err := p.expect("="); err != nil {
				return nil, err
			}
			a.arg, err = p.sum()
		case actionAdd, actionDelete:
			t := p.peek()
			if t.kind != tokenValue {
				return nil, p.syntax()
			}
			p.at++
			a.arg = p.placeholder(t)
			p.checkAction(a)
		}
		if err != nil {
			return nil, err
		}
		as = append(as, a)
		if !p.accept(",") {
			return as, nil
		}
	}
}

// sum reads an operand, or two joined by a plus or a minus.
func (p *parser) sum() (*node, error) {
	x, err := p.term()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	if !t.is("+") && !t.is("-") {
		return x, nil
	}
	p.at++
	y, err := p.term()
	if err != nil {
		return nil, err
	}
	n := &node{op: t.text, args: []*node{x, y}}
	p.checkKinds(n, kindN)
	return n, nil
}

// term reads an operand, or a sum in parentheses.
func (p *parser) term() (*node, error) {
	if !p.accept("(") {
		return p.operand()
	}
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	return p.closed(n)
}

// checkAction refuses values that ADD and DELETE never take.
func (p *parser) checkAction(a action) {
	v := a.arg.val
	if v.kind == "" || v.isSet() || a.op == actionAdd && v.kind == kindN {
		return
	}
	if p.mistyped == nil {
		p.mistyped = p.errorf("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND", a.op, typeName(v.kind), a.op)
	}
}

// typeName is the long name that some of the service's errors use.
func typeName(k kind) string {
	switch k {
	case kindS:
		return "STRING"
	case kindN:
		return "NUMBER"
	case kindB:
		return "BINARY"
	case kindSS:
		return "STRING_SET"
	case kindNS:
		return "NUMBER_SET"
	case kindBS:
		return "BINARY_SET"
	case kindBOOL:
		return "BOOLEAN"
	case kindL:
		return "LIST"
	case kindM:
		return "MAP"
	}
	return string(k)
}

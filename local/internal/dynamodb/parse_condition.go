package dynamodb

import (
	"slices"
	"strings"
)

// parseCondition reads a ConditionExpression, FilterExpression or KeyConditionExpression.
func parseCondition(what, src string, ph *placeholders) (*node, error) {
	p, err := newParser(what, src, ph)
	if err != nil {
		return nil, err
	}
	n, err := p.or(false)
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return n, p.mistyped
}

// or reads terms joined by OR. With loose, which holds just behind an opening
// parenthesis, a lone operand before the closing one will do as well.
func (p *parser) or(loose bool) (*node, error) {
	n, err := p.and(loose)
	for err == nil && p.accept(opOr) {
		var m *node
		if m, err = p.and(false); err == nil {
			n = &node{op: opOr, args: []*node{n, m}}
		}
	}
	return n, err
}

func (p *parser) and(loose bool) (*node, error) {
	n, err := p.not(loose)
	for err == nil && p.accept(opAnd) {
		var m *node
		if m, err = p.not(false); err == nil {
			n = &node{op: opAnd, args: []*node{n, m}}
		}
	}
	return n, err
}

func (p *parser) not(loose bool) (*node, error) {
	if !p.accept(opNot) {
		return p.predicate(loose)
	}
	n, err := p.not(false)
	if err != nil {
		return nil, err
	}
	return &node{op: opNot, args: []*node{n}}, nil
}

func (p *parser) predicate(loose bool) (*node, error) {
	x, err := p.first()
	if err != nil || x.isCondition() {
		return x, err
	}
	t := p.peek()
	switch {
	case t.kind == tokenSymbol && isComparator(t.text):
		p.at++
		return p.rest(t.text, x, 1, "")
	case p.accept(opBetween):
		return p.rest(opBetween, x, 2, opAnd)
	case p.accept(opIn):
		if err := p.expect("("); err != nil {
			return nil, err
		}
		n, err := p.rest(opIn, x, 0, ",")
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case loose && t.is(")"):
		return x, nil
	case x.call:
		p.checkUsed(x, true)
		return x, nil
	}
	return nil, p.syntax()
}

// first reads an operand, or whatever stands in parentheses.
func (p *parser) first() (*node, error) {
	if !p.accept("(") {
		return p.operand()
	}
	n, err := p.or(true)
	if err != nil {
		return nil, err
	}
	return p.closed(n)
}

// rest reads count further operands of op, or as many as there are when it is 0.
func (p *parser) rest(op string, x *node, count int, sep string) (*node, error) {
	n := &node{op: op, args: []*node{x}}
	for {
		y, err := p.nested(p.operand)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, y)
		if len(n.args) == count+1 {
			break
		}
		if count > 0 {
			if err := p.expect(sep); err != nil {
				return nil, err
			}
		} else if !p.accept(sep) {
			break
		}
	}
	p.checkOperands(n)
	return n, nil
}

// functions are the numbers of operands by function.
func operands(fn string) (int, bool) {
	switch fn {
	case fnExists, fnNotExists, fnSize:
		return 1, true
	case fnType, fnBeginsWith, fnContains, fnIfNotExists, fnListAppend:
		return 2, true
	}
	return 0, false
}

func updateOnly(fn string) bool { return fn == fnIfNotExists || fn == fnListAppend }

// checkCall checks a call by itself.
func (p *parser) checkCall(n *node) {
	want, ok := operands(n.op)
	if !ok {
		p.complain(p.errorf("Invalid function name; function: %s", n.op))
		return
	}
	if updateOnly(n.op) != (p.what == exprUpdate) {
		kind := "a condition"
		switch p.what {
		case exprUpdate:
			kind = "an update"
		case exprFilter:
			kind = "a filter"
		case exprKey:
			kind = "a key condition"
		}
		p.complain(p.errorf("The function is not allowed in %s expression; function: %s", kind, n.op))
		return
	}
	if len(n.args) != want {
		p.complain(p.errorf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args)))
		return
	}
	if p.what != exprUpdate {
		for _, a := range n.args {
			p.checkUsed(a, false)
		}
	}
	switch n.op {
	case fnExists, fnNotExists, fnIfNotExists:
		if n.args[0].op != opPath {
			p.complain(p.errorf("Operator or function requires a document path; operator or function: %s", n.op))
		}
	case fnType:
		p.checkType(n)
	case fnBeginsWith:
		p.checkKinds(n, kindS, kindB)
	case fnSize:
		p.checkKinds(n, kindS, kindB, kindSS, kindNS, kindBS, kindL, kindM)
	case fnListAppend:
		p.checkKinds(n, kindL)
	}
	if p.what != exprUpdate {
		p.checkDistinct(n)
	}
}

// checkUsed says whether a call may stand where it does: as a condition, or as an operand.
func (p *parser) checkUsed(n *node, condition bool) {
	if _, known := operands(n.op); n.call && known && (n.op == fnSize) == condition {
		p.complain(p.errorf("The function is not allowed to be used this way in an expression; function: %s", n.op))
	}
}

func (p *parser) checkOperands(n *node) {
	for _, a := range n.args {
		p.checkUsed(a, false)
	}
	switch {
	case isOrdering(n.op):
		p.checkKinds(n, kindS, kindN, kindB)
	case n.op == opBetween:
		p.checkKinds(n, kindS, kindN, kindB)
		lo, hi := n.args[1], n.args[2]
		if lo.op == opValue && hi.op == opValue && p.mistyped == nil {
			p.checkBounds(lo.val, hi.val)
		}
	}
	p.checkDistinct(n)
}

func (p *parser) checkBounds(lo, hi value) {
	if lo.kind != hi.kind {
		p.complain(p.errorf("The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s", shown(lo), shown(hi)))
	} else if lo.compare(hi) > 0 {
		p.complain(p.errorf("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s", shown(lo), shown(hi)))
	}
}

// shown is how the service's errors show a scalar.
func shown(v value) string {
	s := v.s
	if v.kind == kindN {
		s = v.n.String()
	}
	return "{" + string(v.kind) + ":" + s + "}"
}

// checkKinds refuses values that the operator or function never takes; what a path leads
// to shows only when the expression runs.
func (p *parser) checkKinds(n *node, kinds ...kind) {
	for _, a := range n.args {
		if k := a.kind(); k != "" && !slices.Contains(kinds, k) {
			p.complainOfType(n, string(k))
		}
	}
}

func (p *parser) checkType(n *node) {
	const valid = "{N,BS,L,B,NULL,M,S,SS,NS,BOOL}"
	a := n.args[1]
	if a.op != opValue || a.val.kind != kindS {
		p.complainOfType(n, operandType(a))
	} else if !strings.Contains(valid[:len(valid)-1]+",", ","+a.val.s+",") && a.val.s != string(kindN) {
		p.complain(p.errorf("Invalid attribute type name found; type: %s, valid types: %s", a.val.s, valid))
	}
}

// kind is the type that an operand has whatever the item, empty when the item decides.
func (n *node) kind() kind {
	switch n.op {
	case opValue:
		return n.val.kind
	case fnSize:
		return kindN
	}
	return ""
}

func operandType(n *node) string {
	if k := n.kind(); k != "" {
		return string(k)
	}
	return "document path"
}

// checkDistinct refuses a path that is set against itself.
func (p *parser) checkDistinct(n *node) {
	x := n.args[0]
	if x.op != opPath {
		return
	}
	for _, y := range n.args[1:] {
		if y.op == opPath && slices.Equal(x.path, y.path) {
			p.complain(p.errorf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %v", n.op, x.path))
			return
		}
	}
}

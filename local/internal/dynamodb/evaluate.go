package dynamodb

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lookup follows a path.
func (it item) lookup(p path) (value, bool) {
	v, ok := it[p[0].name]
	for _, s := range p[1:] {
		if !ok {
			break
		}
		switch {
		case s.name != "" && v.kind == kindM:
			v, ok = v.m[s.name]
		case s.name == "" && v.kind == kindL && s.index < len(v.l):
			v = v.l[s.index]
		default:
			ok = false
		}
	}
	return v, ok
}

// operandValue gives what an operand of a condition stands for in the item.
func (it item) operandValue(n *node) (value, bool) {
	switch n.op {
	case opPath:
		return it.lookup(n.path)
	case opValue:
		return n.val, true
	case fnSize:
		v, ok := it.operandValue(n.args[0])
		if !ok {
			return value{}, false
		}
		size, ok := v.length()
		return value{kind: kindN, n: integer(size)}, ok
	}
	return value{}, false
}

// length is what the function size gives.
func (v value) length() (int, bool) {
	switch v.kind {
	case kindS:
		return utf8.RuneCountInString(v.s), true
	case kindB:
		return len(v.s), true
	case kindSS, kindBS:
		return len(v.ss), true
	case kindNS:
		return len(v.ns), true
	case kindL:
		return len(v.l), true
	case kindM:
		return len(v.m), true
	}
	return 0, false
}

func integer(i int) number {
	n, _ := parseNumber(strconv.Itoa(i)) // an int always fits
	return n
}

// holds says whether the condition is true of the item; a nil condition is, and a nil
// item is one without attributes.
func (n *node) holds(it item) bool {
	if n == nil {
		return true
	}
	switch n.op {
	case opAnd:
		return n.args[0].holds(it) && n.args[1].holds(it)
	case opOr:
		return n.args[0].holds(it) || n.args[1].holds(it)
	case opNot:
		return !n.args[0].holds(it)
	}
	x, ok := it.operandValue(n.args[0])
	switch n.op {
	case fnExists:
		return ok
	case fnNotExists:
		return !ok
	case "<>":
		y, yok := it.operandValue(n.args[1])
		return !ok || !yok || !x.equal(y)
	}
	if !ok {
		return false
	}
	return n.holdsOf(it, x)
}

// holdsOf decides the operators and functions that are false when the first operand is
// missing.
func (n *node) holdsOf(it item, x value) bool {
	if n.op == opIn {
		return slices.ContainsFunc(n.args[1:], func(a *node) bool {
			y, ok := it.operandValue(a)
			return ok && x.equal(y)
		})
	}
	y, ok := it.operandValue(n.args[1])
	if !ok {
		return false
	}
	switch n.op {
	case "=":
		return x.equal(y)
	case opBetween:
		z, ok := it.operandValue(n.args[2])
		return ok && inOrder(">=", x, y) && inOrder("<=", x, z)
	case fnType:
		return string(x.kind) == y.s
	case fnBeginsWith:
		return x.kind == y.kind && (x.kind == kindS || x.kind == kindB) && strings.HasPrefix(x.s, y.s)
	case fnContains:
		return x.contains(y)
	case fnNotContains:
		return !x.contains(y)
	}
	return inOrder(n.op, x, y)
}

// inOrder compares two values of the same ordered kind; others have no order.
func inOrder(op string, x, y value) bool {
	if x.kind != y.kind || x.kind != kindS && x.kind != kindN && x.kind != kindB {
		return false
	}
	c := x.compare(y)
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// contains says that y is a part of text or bytes, or a member of a set or list.
func (v value) contains(y value) bool {
	switch v.kind {
	case kindS, kindB:
		return v.kind == y.kind && strings.Contains(v.s, y.s)
	case kindSS:
		return y.kind == kindS && slices.Contains(v.ss, y.s)
	case kindBS:
		return y.kind == kindB && slices.Contains(v.ss, y.s)
	case kindNS:
		return y.kind == kindN && slices.Contains(v.ns, y.n)
	case kindL:
		return slices.ContainsFunc(v.l, y.equal)
	}
	return false
}

// project gives the parts of the item that the paths lead to. Elements of a list keep
// their order and close ranks.
func (it item) project(ps []path) item {
	if ps == nil {
		return it
	}
	out := item{}
	for name, sub := range group(ps) {
		v, ok := it[name.name]
		if !ok {
			continue
		}
		if v, ok = v.project(sub); ok {
			out[name.name] = v
		}
	}
	return out
}

// group gathers the paths by their first step; a path that ends there gives nil.
func group(ps []path) map[step][]path {
	g := map[step][]path{}
	for _, p := range ps {
		if len(p) > 1 {
			g[p[0]] = append(g[p[0]], p[1:])
		} else {
			g[p[0]] = nil
		}
	}
	return g
}

func (v value) project(ps []path) (value, bool) {
	if len(ps) == 0 {
		return v, true
	}
	switch v.kind {
	case kindM:
		out := item{}
		for s, sub := range group(ps) {
			if e, ok := v.m[s.name]; ok && s.name != "" {
				if e, ok = e.project(sub); ok {
					out[s.name] = e
				}
			}
		}
		return value{kind: kindM, m: out}, len(out) > 0
	case kindL:
		g := group(ps)
		var out []value
		for i, e := range v.l {
			if sub, ok := g[step{index: i}]; ok {
				if e, ok = e.project(sub); ok {
					out = append(out, e)
				}
			}
		}
		return value{kind: kindL, l: out}, len(out) > 0
	}
	return value{}, false
}

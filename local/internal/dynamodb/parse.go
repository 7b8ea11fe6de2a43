package dynamodb

import (
	"strconv"

	"github.com/lakekit/lakekit/internal/awswire"
)

// parser reads one expression. Syntax errors end it at once; complaints about what the
// expression means come after, the first in reading order.
type parser struct {
	// what is the parameter's name, for errors.
	what string
	src  string
	ts   []token
	at   int
	ph   *placeholders
	// wrong is the first complaint about the meaning, and mistyped the first about the
	// types of operands, which come last.
	wrong, mistyped error
}

func newParser(what, src string, ph *placeholders) (*parser, error) {
	p := &parser{what: what, src: src, ph: ph}
	if src == "" {
		return nil, p.errorf("The expression can not be empty;")
	}
	if len(src) > maxExpression {
		return nil, p.errorf("Expression size has exceeded the maximum allowed size; expression size: %d", len(src))
	}
	p.ts = lex(src)
	return p, nil
}

func (p *parser) errorf(format string, args ...any) error {
	return prefixed(awswire.Errorf(codeValidation, format, args...), "Invalid "+p.what+": ")
}

// complain keeps the first complaint about the meaning.
func (p *parser) complain(err error) {
	if p.wrong == nil {
		p.wrong = err
	}
}

// complainOfType keeps the first complaint about an operand's type.
func (p *parser) complainOfType(n *node, operand string) {
	if p.mistyped == nil {
		p.mistyped = p.errorf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, operand)
	}
}

func (p *parser) peek() token { return p.ts[p.at] }

func (p *parser) next() token {
	t := p.ts[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

func (p *parser) accept(s string) bool {
	if p.peek().is(s) {
		p.at++
		return true
	}
	return false
}

// syntax is the error at the current token: its neighbours show where it stands.
func (p *parser) syntax() error {
	from, to := p.ts[p.at].start, p.ts[p.at].end
	if p.at > 0 {
		from = p.ts[p.at-1].start
	} else if p.ts[p.at].kind == tokenEnd {
		from = 0
	}
	if p.at+1 < len(p.ts) {
		to = p.ts[p.at+1].end
		if p.ts[p.at+1].kind == tokenEnd {
			to = p.ts[p.at].end
		}
	}
	return p.errorf("Syntax error; token: \"%s\", near: \"%s\"", p.ts[p.at].text, p.src[from:to])
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return p.syntax()
	}
	return nil
}

// end wants nothing more, and gives the first complaint about anything but types.
func (p *parser) end() error {
	if p.peek().kind != tokenEnd {
		return p.syntax()
	}
	return p.wrong
}

// keyword says that the token is a word of the expression language, which therefore
// cannot be an attribute's name even to the syntax.
func keyword(t token) bool {
	for _, k := range []string{opAnd, opOr, opNot, opBetween, opIn, actionSet, actionRemove, actionAdd, actionDelete} {
		if t.kind == tokenWord && t.is(k) {
			return true
		}
	}
	return false
}

// docPath reads a document path.
func (p *parser) docPath() (path, error) {
	s, err := p.pathName()
	if err != nil {
		return nil, err
	}
	d := path{s}
	for {
		switch {
		case p.accept("."):
			s, err := p.pathName()
			if err != nil {
				return nil, err
			}
			d = append(d, s)
		case p.accept("["):
			t := p.peek()
			if t.kind != tokenNumber {
				return nil, p.syntax()
			}
			p.at++
			i, err := strconv.Atoi(t.text)
			if err != nil || i > maxListIndex {
				p.complain(p.errorf("List index is not within the allowable range; index: [%s]", t.text))
			}
			d = append(d, step{index: i})
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		default:
			if len(d) > maxNesting {
				p.complain(p.errorf("The document path has too many nesting levels; nesting levels: %d", len(d)))
			}
			return d, nil
		}
	}
}

func (p *parser) pathName() (step, error) {
	t := p.peek()
	switch {
	case t.kind == tokenWord && !keyword(t):
		p.at++
		if reserved(t.text) {
			p.complain(p.errorf("Attribute name is a reserved keyword; reserved keyword: %s", t.text))
		}
		return step{name: t.text}, nil
	case t.kind == tokenName:
		p.at++
		name, ok := p.ph.names[t.text]
		if !ok {
			p.complain(p.errorf("An expression attribute name used in the document path is not defined; attribute name: %s", t.text))
		}
		p.ph.usedNames[t.text] = true
		return step{name: name}, nil
	}
	return step{}, p.syntax()
}

func (p *parser) placeholder(t token) *node {
	v, ok := p.ph.values[t.text]
	if !ok {
		p.complain(p.errorf("An expression attribute value used in expression is not defined; attribute value: %s", t.text))
	}
	p.ph.usedValues[t.text] = true
	return &node{op: opValue, val: v, name: t.text}
}

// operand reads a path, a value or a call.
func (p *parser) operand() (*node, error) {
	t := p.peek()
	switch {
	case t.kind == tokenValue:
		p.at++
		return p.placeholder(t), nil
	case t.kind == tokenWord && !keyword(t) && p.ts[p.at+1].is("("):
		return p.call()
	}
	d, err := p.docPath()
	if err != nil {
		return nil, err
	}
	return &node{op: opPath, path: d}, nil
}

func (p *parser) call() (*node, error) {
	n := &node{op: p.next().text, call: true}
	p.at++ // the parenthesis that operand has seen
	for {
		a, err := p.nested(p.operand)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, a)
		if p.accept(",") {
			continue
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		p.checkCall(n)
		return n, nil
	}
}

// nested reads what stands in optional parentheses.
func (p *parser) nested(read func() (*node, error)) (*node, error) {
	if !p.accept("(") {
		return read()
	}
	n, err := p.nested(read)
	if err != nil {
		return nil, err
	}
	return p.closed(n)
}

// closed reads the closing parenthesis behind n.
func (p *parser) closed(n *node) (*node, error) {
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if n.parens {
		p.complain(p.errorf("The expression has redundant parentheses;"))
	}
	n.parens = true
	return n, nil
}

// parseProjection reads a ProjectionExpression.
func parseProjection(src string, ph *placeholders) ([]path, error) {
	p, err := newParser(exprProjection, src, ph)
	if err != nil {
		return nil, err
	}
	var ps []path
	for {
		d, err := p.docPath()
		if err != nil {
			return nil, err
		}
		ps = append(ps, d)
		if !p.accept(",") {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return ps, p.checkPaths(ps)
}

// checkPaths refuses paths of which one would change or show what another does.
func (p *parser) checkPaths(ps []path) error {
	for i, a := range ps {
		for _, b := range ps[:i] {
			if a.overlaps(b) {
				return p.errorf("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", b, a)
			}
			if a.conflicts(b) {
				return p.errorf("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %v, path two: %v", b, a)
			}
		}
	}
	return nil
}

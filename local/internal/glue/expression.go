package glue

import (
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const maxExpression = 2048

// keyType is what a partition key's values are compared as.
type keyType uint8

const (
	asText keyType = iota + 1
	asWhole
	asDecimal
	asDate
	asTimestamp
)

// typeOf gives how a key of the type is compared. The service takes no others in
// expressions.
func typeOf(typ string) (keyType, bool) {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(typ)), "(")
	switch strings.TrimSpace(name) {
	case "string":
		return asText, true
	case "tinyint", "smallint", "int", "bigint", "long":
		return asWhole, true
	case "decimal":
		return asDecimal, true
	case "date":
		return asDate, true
	case "timestamp":
		return asTimestamp, true
	}
	return 0, false
}

// datum is a partition value, or a literal that it is compared with.
type datum struct {
	text string
	n    *big.Rat
	at   time.Time
}

// read makes a datum of text; ok is false for text that is none of the type.
func (k keyType) read(s string) (datum, bool) {
	d := datum{text: s}
	ok := true
	switch k {
	case asWhole, asDecimal:
		if !decimalText(s, k == asDecimal) {
			return d, false
		}
		d.n, ok = new(big.Rat).SetString(s)
	case asDate:
		d.at, ok = readTime(s, time.DateOnly)
	case asTimestamp:
		d.at, ok = readTime(s, time.DateTime, "2006-01-02T15:04:05", time.DateOnly)
	}
	return d, ok
}

// decimalText says that s is digits with an optional sign and, for decimals, a point.
// big.Rat alone would take fractions and exponents too, of any length.
func decimalText(s string, point bool) bool {
	s = strings.TrimLeft(s[:min(1, len(s))], "+-") + s[min(1, len(s)):]
	whole, frac, has := strings.Cut(s, ".")
	if has && (!point || frac == "" && whole == "") {
		return false
	}
	return whole+frac != "" && strings.Trim(whole+frac, "0123456789") == ""
}

func readTime(s string, layouts ...string) (time.Time, bool) {
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (k keyType) compare(a, b datum) int {
	switch k {
	case asWhole, asDecimal:
		return a.n.Cmp(b.n)
	case asDate, asTimestamp:
		return a.at.Compare(b.at)
	}
	return strings.Compare(a.text, b.text)
}

func (k keyType) String() string {
	switch k {
	case asWhole:
		return "a whole number"
	case asDecimal:
		return "a decimal number"
	case asDate:
		return "a date such as '2026-05-24'"
	case asTimestamp:
		return "a timestamp such as '2026-05-24 10:00:00'"
	}
	return "text"
}

// filter is a parsed Expression of GetPartitions.
type filter struct {
	// op is and, or, not, a comparison, between, in, like or null.
	op   string
	args []*filter
	// column is the place of the partition key; typ what it is compared as.
	column int
	typ    keyType
	values []datum
}

// lexeme is a piece of an expression.
type lexeme struct {
	// kind is a for a word, " for a quoted name, ' for a string, 0 for a number, the
	// symbol itself, or e at the end.
	kind string
	text string
	at   int
}

const (
	lexWord   = "a"
	lexQuoted = `"`
	lexString = "'"
	lexNumber = "0"
	lexEnd    = "e"
)

type exprParser struct {
	src  string
	ls   []lexeme
	at   int
	keys []column
}

// parseExpression reads an Expression over the partition keys. An empty one is nil and
// holds of every partition.
func parseExpression(src string, keys []column) (*filter, error) {
	if strings.TrimSpace(src) == "" {
		return nil, nil
	}
	if n := utf8.RuneCountInString(src); n > maxExpression {
		return nil, invalid("Expression: %d characters are more than the %d that the service takes", n, maxExpression)
	}
	ls, err := lexExpression(src)
	if err != nil {
		return nil, err
	}
	p := &exprParser{src: src, ls: ls, keys: keys}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != lexEnd {
		return nil, p.wrong("the end, AND or OR")
	}
	return f, nil
}

func lexExpression(src string) ([]lexeme, error) {
	var ls []lexeme
	rs := []rune(src)
	for i := 0; i < len(rs); {
		start := i
		take := func(in func(rune) bool) {
			for i < len(rs) && in(rs[i]) {
				i++
			}
		}
		switch r := rs[i]; {
		case unicode.IsSpace(r):
			i++
			continue
		case r == '\'' || r == '"' || r == '`':
			text, next, ok := quoted(rs, i)
			if !ok {
				return nil, invalid("Expression: the quote at character %d has no end", start+1)
			}
			kind := lexString
			if r != '\'' {
				kind = lexQuoted
			}
			i = next
			ls = append(ls, lexeme{kind, text, start})
			continue
		case isDigit(r) || (r == '-' || r == '+' || r == '.') && i+1 < len(rs) && (isDigit(rs[i+1]) || rs[i+1] == '.'):
			i++
			take(func(r rune) bool { return isDigit(r) || r == '.' })
			text := string(rs[start:i])
			if !decimalText(text, true) {
				return nil, invalid("Expression: %q at character %d is not a number", text, start+1)
			}
			ls = append(ls, lexeme{lexNumber, text, start})
			continue
		case r == '_' || unicode.IsLetter(r):
			take(func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })
			ls = append(ls, lexeme{lexWord, string(rs[start:i]), start})
			continue
		}
		two := string(rs[i:min(i+2, len(rs))])
		sym := string(rs[i])
		if two == "<=" || two == ">=" || two == "<>" {
			sym = two
		}
		if !slices.Contains([]string{"(", ")", ",", "=", "<", ">", "<=", ">=", "<>"}, sym) {
			return nil, invalid("Expression: %q at character %d is not allowed; the operators are = <> < > <= >= AND OR NOT IN BETWEEN LIKE IS NULL", sym, start+1)
		}
		i += len([]rune(sym))
		ls = append(ls, lexeme{sym, sym, start})
	}
	return append(ls, lexeme{lexEnd, "", len(rs)}), nil
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// quoted reads what stands in the quotes that begin at i; two of them are one.
func quoted(rs []rune, i int) (text string, next int, ok bool) {
	q := rs[i]
	var b strings.Builder
	for i++; i < len(rs); i++ {
		if rs[i] != q {
			b.WriteRune(rs[i])
			continue
		}
		if i+1 == len(rs) || rs[i+1] != q {
			return b.String(), i + 1, true
		}
		b.WriteRune(q)
		i++
	}
	return "", 0, false
}

func (p *exprParser) peek() lexeme { return p.ls[p.at] }

// word takes a keyword.
func (p *exprParser) word(w string) bool {
	if p.peek().kind == lexWord && strings.EqualFold(p.peek().text, w) {
		p.at++
		return true
	}
	return false
}

func (p *exprParser) symbol(s string) bool {
	if p.peek().kind == s {
		p.at++
		return true
	}
	return false
}

func (p *exprParser) wrong(want string) error {
	l := p.peek()
	if l.kind == lexEnd {
		return invalid("Expression: it ends where %s should stand", want)
	}
	return invalid("Expression: %q at character %d stands where %s should stand", l.text, l.at+1, want)
}

func (p *exprParser) or() (*filter, error) { return p.joined("or", p.and) }

func (p *exprParser) and() (*filter, error) { return p.joined("and", p.not) }

func (p *exprParser) joined(op string, next func() (*filter, error)) (*filter, error) {
	f, err := next()
	for err == nil && p.word(op) {
		var g *filter
		if g, err = next(); err == nil {
			f = &filter{op: op, args: []*filter{f, g}}
		}
	}
	return f, err
}

func (p *exprParser) not() (*filter, error) {
	if !p.word("not") {
		return p.primary()
	}
	f, err := p.not()
	if err != nil {
		return nil, err
	}
	return negated(f), nil
}

func negated(f *filter) *filter { return &filter{op: "not", args: []*filter{f}} }

func (p *exprParser) primary() (*filter, error) {
	if p.symbol("(") {
		f, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.symbol(")") {
			return nil, p.wrong("a closing parenthesis")
		}
		return f, nil
	}
	f, err := p.column()
	if err != nil {
		return nil, err
	}
	for _, op := range []string{"=", "<>", "<", ">", "<=", ">="} {
		if p.symbol(op) {
			f.op = op
			return f, p.value(f)
		}
	}
	if p.word("is") {
		not := p.word("not")
		if !p.word("null") {
			return nil, p.wrong("NULL")
		}
		f.op = "null"
		return maybeNot(f, not), nil
	}
	not := p.word("not")
	err = p.operator(f)
	return maybeNot(f, not), err
}

func maybeNot(f *filter, not bool) *filter {
	if not {
		return negated(f)
	}
	return f
}

// operator reads BETWEEN, IN or LIKE and what follows.
func (p *exprParser) operator(f *filter) error {
	switch {
	case p.word("between"):
		f.op = "between"
		if err := p.value(f); err != nil {
			return err
		}
		if !p.word("and") {
			return p.wrong("AND")
		}
		return p.value(f)
	case p.word("in"):
		f.op = "in"
		if !p.symbol("(") {
			return p.wrong("an opening parenthesis")
		}
		for {
			if err := p.value(f); err != nil {
				return err
			}
			if !p.symbol(",") {
				break
			}
		}
		if !p.symbol(")") {
			return p.wrong("a comma or a closing parenthesis")
		}
		return nil
	case p.word("like"):
		f.op = "like"
		l := p.peek()
		if l.kind != lexString {
			return p.wrong("a pattern in quotes")
		}
		p.at++
		f.values = append(f.values, datum{text: l.text})
		return nil
	}
	return p.wrong("an operator")
}

func (p *exprParser) column() (*filter, error) {
	l := p.peek()
	keyword := l.kind == lexWord && slices.ContainsFunc([]string{"and", "or", "not", "in", "between", "like", "is", "null"}, func(w string) bool { return strings.EqualFold(w, l.text) })
	if l.kind != lexWord && l.kind != lexQuoted || keyword {
		return nil, p.wrong("a partition key")
	}
	p.at++
	i := keyIndex(p.keys, l.text)
	if i < 0 {
		var names []string
		for _, k := range p.keys {
			names = append(names, k.Name)
		}
		return nil, invalid("Expression: %q is not a partition key; the table's are [%s]", l.text, strings.Join(names, ", "))
	}
	typ, ok := typeOf(p.keys[i].Type)
	if !ok {
		return nil, invalid("Expression: the partition key %q is %s; the service takes string, date, timestamp, int, bigint, long, tinyint, smallint and decimal", l.text, p.keys[i].Type)
	}
	return &filter{column: i, typ: typ}, nil
}

// value reads a literal as the column's type.
func (p *exprParser) value(f *filter) error {
	l := p.peek()
	if l.kind != lexString && l.kind != lexNumber {
		return p.wrong("a value: a number, or text in single quotes")
	}
	d, ok := f.typ.read(l.text)
	if !ok {
		return invalid("Expression: %q at character %d is not %s, which the partition key %q is", l.text, l.at+1, f.typ, p.keys[f.column].Name)
	}
	p.at++
	f.values = append(f.values, d)
	return nil
}

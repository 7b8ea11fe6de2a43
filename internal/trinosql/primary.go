package trinosql

import (
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// primary reads what needs no operator: literals, names, calls and everything in brackets.
func (p *parser) primary() (Expr, error) {
	t := p.peek()
	switch t.kind {
	case tokInteger, tokDecimal, tokDouble, tokString, tokBinary:
		p.next()
		return &Literal{Pos: t.Pos, Kind: literalKind(t.kind), Text: t.text}, nil
	case tokQuoted:
		if p.ahead(1).is("->") {
			return nil, unsupported(t.Pos, "a lambda")
		}
		p.next()
		if s := p.peek(); s.kind == tokString {
			return nil, p.wrong("an operator (a typed literal's type is not quoted)")
		}
		return &Ident{Pos: t.Pos, Name: t.text, Quoted: true}, nil
	case tokOp:
		switch t.text {
		case "?":
			return p.param()
		case "(":
			return p.parenthesis()
		}
		return nil, p.wrong("an expression")
	case tokWord:
		return p.word()
	}
	return nil, p.wrong("an expression")
}

func literalKind(k tokenKind) LiteralKind {
	switch k {
	case tokInteger:
		return Integer
	case tokDecimal:
		return DecimalNumber
	case tokDouble:
		return DoubleNumber
	case tokBinary:
		return Binary
	default:
		return String
	}
}

// parenthesis reads (e), which leaves no trace, and (a, b), a row.
func (p *parser) parenthesis() (Expr, error) {
	at := p.next().Pos
	if err := p.noSubquery("a subquery"); err != nil {
		return nil, err
	}
	if p.lambdaAhead() {
		return nil, unsupported(at, "a lambda")
	}
	es, err := p.list(")")
	if err != nil {
		return nil, err
	}
	if len(es) == 1 {
		return es[0], nil
	}
	return &Row{Pos: at, Elems: es}, nil
}

// lambdaAhead tells whether the opened parenthesis holds a lambda's parameters.
func (p *parser) lambdaAhead() bool {
	i := 0
	for {
		t := p.ahead(i)
		if t.kind != tokWord && t.kind != tokQuoted && !t.is(",") {
			return t.is(")") && p.ahead(i+1).is("->")
		}
		i++
	}
}

// word reads the expression that begins with a word.
func (p *parser) word() (Expr, error) {
	t, after := p.peek(), p.ahead(1)
	switch t.key {
	case "NULL":
		p.next()
		return &Literal{Pos: t.Pos, Kind: Null}, nil
	case "TRUE", "FALSE":
		p.next()
		return &Literal{Pos: t.Pos, Kind: Boolean, Text: t.key}, nil
	case "CASE":
		return p.caseExpr()
	case "CAST":
		return p.cast(false)
	case "EXTRACT":
		return p.extract()
	case "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP",
		"CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA":
		return p.current()
	case "TRIM":
		return p.trim()
	case "EXISTS", "GROUPING", "LISTAGG", "NORMALIZE", "JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT",
		"JSON_QUERY", "JSON_VALUE", "UNNEST", "CURRENT_PATH", "CURRENT_ROLE":
		return nil, unsupported(t.Pos, t.key)
	}
	if sqltext.Reserved(t.text) {
		_, err := p.ident("an expression")
		return nil, err
	}
	switch {
	case t.key == "TRY_CAST" && after.is("("):
		return p.cast(true)
	case t.key == "INTERVAL" && (after.kind == tokString || after.is("+") || after.is("-")) && !p.intervalIsColumn():
		return p.interval()
	case t.key == "ARRAY" && after.is("["):
		p.next()
		p.next()
		if p.accept("]") {
			return &Array{Pos: t.Pos}, nil
		}
		es, err := p.list("]")
		if err != nil {
			return nil, err
		}
		return &Array{Pos: t.Pos, Elems: es}, nil
	case t.key == "ROW" && after.is("("):
		p.next()
		p.next()
		es, err := p.list(")")
		if err != nil {
			return nil, err
		}
		return &Row{Pos: t.Pos, Elems: es}, nil
	case t.key == "DOUBLE" && after.is("PRECISION") && p.ahead(2).kind == tokString:
		p.next()
		p.next()
		return &Literal{Pos: t.Pos, Kind: Typed, Type: "double", Text: p.next().text}, nil
	case after.kind == tokString:
		p.next()
		return &Literal{Pos: t.Pos, Kind: Typed, Type: lower(t.text), Text: p.next().text}, nil
	case after.is("->"):
		return nil, unsupported(t.Pos, "a lambda")
	case t.key == "POSITION" && after.is("("):
		return nil, unsupported(t.Pos, "POSITION (use strpos)")
	}
	p.next()
	return &Ident{Pos: t.Pos, Name: t.text}, nil
}

// intervalIsColumn tells interval + 1, arithmetic on a column of that name, from
// INTERVAL + '1' DAY.
func (p *parser) intervalIsColumn() bool {
	return p.ahead(1).kind == tokOp && p.ahead(2).kind != tokString
}

const intervalFields = " YEAR MONTH DAY HOUR MINUTE SECOND "

func (p *parser) interval() (*Interval, error) {
	e := &Interval{Pos: p.next().Pos}
	if !p.accept("+") {
		e.Negative = p.accept("-")
	}
	t := p.peek()
	if t.kind != tokString {
		return nil, p.wrong("the interval's value in quotes")
	}
	e.Text = p.next().text
	var err error
	if e.From, err = p.intervalField(); err != nil {
		return nil, err
	}
	if p.accept("TO") {
		if e.To, err = p.intervalField(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (p *parser) intervalField() (string, error) {
	t := p.peek()
	if t.kind != tokWord || !strings.Contains(intervalFields, " "+t.key+" ") {
		return "", p.wrong("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")
	}
	p.next()
	return t.key, nil
}

func (p *parser) current() (Expr, error) {
	t := p.next()
	e := &Current{Pos: t.Pos, Name: lower(t.text)}
	switch t.key {
	case "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP":
		if !p.accept("(") {
			return e, nil
		}
		if p.peek().kind != tokInteger {
			return nil, p.wrong("a precision of 0 to 12")
		}
		e.Precision = p.next().text
		return e, p.expect(")")
	}
	return e, nil
}

func (p *parser) caseExpr() (Expr, error) {
	e := &Case{Pos: p.next().Pos}
	var err error
	if !p.at("WHEN") {
		if e.Operand, err = p.expr(); err != nil {
			return nil, err
		}
	}
	for p.at("WHEN") {
		w := &When{Pos: p.next().Pos}
		if w.Cond, err = p.expr(); err != nil {
			return nil, err
		}
		if err := p.expect("THEN"); err != nil {
			return nil, err
		}
		if w.Then, err = p.expr(); err != nil {
			return nil, err
		}
		e.Whens = append(e.Whens, w)
	}
	if len(e.Whens) == 0 {
		return nil, p.wrong("WHEN")
	}
	if p.accept("ELSE") {
		if e.Else, err = p.expr(); err != nil {
			return nil, err
		}
	}
	return e, p.expect("END")
}

func (p *parser) cast(try bool) (Expr, error) {
	e := &Cast{Pos: p.next().Pos, Try: try}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var err error
	if e.X, err = p.expr(); err != nil {
		return nil, err
	}
	if err := p.expect("AS"); err != nil {
		return nil, err
	}
	if e.Type, err = p.typeName(); err != nil {
		return nil, err
	}
	return e, p.expect(")")
}

func (p *parser) extract() (Expr, error) {
	e := &Extract{Pos: p.next().Pos}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	f, err := p.ident("a field such as YEAR")
	if err != nil {
		return nil, err
	}
	e.Field = strings.ToUpper(f.Name)
	if err := p.expect("FROM"); err != nil {
		return nil, err
	}
	if e.X, err = p.value(); err != nil {
		return nil, err
	}
	return e, p.expect(")")
}

// trim reads trim(x), a call like others. What else trim's grammar has is refused.
func (p *parser) trim() (Expr, error) {
	t := p.next()
	name := &Name{Pos: t.Pos, Parts: []*Ident{{Pos: t.Pos, Name: "trim"}}}
	if !p.at("(") {
		return nil, p.wrong(`"("`)
	}
	if a := p.ahead(1); (a.is("LEADING") || a.is("TRAILING") || a.is("BOTH")) && !p.ahead(2).is(")") && !p.ahead(2).is(",") {
		return nil, unsupported(a.Pos, "TRIM("+a.key+" …)")
	}
	e, err := p.call(name)
	if err == nil && p.toks[p.i-1].is(")") {
		return e, nil
	}
	if p.at("FROM") {
		return nil, unsupported(p.peek().Pos, "TRIM(… FROM …)")
	}
	return e, err
}

// call reads a function's arguments and what may follow them.
func (p *parser) call(name *Name) (Expr, error) {
	e := &Call{Pos: name.Pos, Name: name}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if err := p.arguments(e); err != nil {
		return nil, err
	}
	return e, p.afterCall(e)
}

func (p *parser) arguments(e *Call) error {
	if p.accept("*") {
		e.Star = true
		return p.expect(")")
	}
	if p.accept(")") {
		return nil
	}
	if err := p.noSubquery("a subquery"); err != nil {
		return err
	}
	e.Distinct = p.quantifier()
	for !p.at("ORDER") || len(e.Args) > 0 {
		if t := p.ahead(1); t.is("=>") {
			return unsupported(t.Pos, "named arguments")
		}
		a, err := p.expr()
		if err != nil {
			return err
		}
		e.Args = append(e.Args, a)
		if !p.accept(",") {
			break
		}
	}
	if t := p.peek(); t.is("FROM") && e.Name.Last() == "substring" {
		return unsupported(t.Pos, "SUBSTRING(… FROM …) (use commas)")
	}
	if p.accept("ORDER") {
		if err := p.expect("BY"); err != nil {
			return err
		}
		var err error
		if e.OrderBy, err = p.orders(); err != nil {
			return err
		}
	}
	if !p.accept(")") {
		return p.wrong(`"," or ")"`)
	}
	return nil
}

func (p *parser) afterCall(e *Call) error {
	if t := p.peek(); t.is("WITHIN") && p.ahead(1).is("GROUP") {
		return unsupported(t.Pos, "WITHIN GROUP")
	}
	if p.accept("FILTER", "(") {
		if err := p.expect("WHERE"); err != nil {
			return err
		}
		var err error
		if e.Filter, err = p.expr(); err != nil {
			return err
		}
		if err := p.expect(")"); err != nil {
			return err
		}
	}
	t, after := p.peek(), p.ahead(1)
	switch {
	case (t.is("IGNORE") || t.is("RESPECT")) && after.is("NULLS"):
		return unsupported(t.Pos, t.key+" NULLS")
	case t.is("OVER") && (after.is("(") || (after.kind == tokWord && !sqltext.Reserved(after.text) || after.kind == tokQuoted)):
		return unsupported(t.Pos, "OVER (a window)")
	}
	return nil
}

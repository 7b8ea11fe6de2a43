package trinosql

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// The limits of what [Parse] takes. MaxBytes is Athena's own.
const (
	MaxBytes = 262144
	MaxDepth = 500
	MaxChain = 10000
)

// Parse reads one statement, with or without a semicolon behind it. A mistake is an
// [*Error].
func Parse(sql string) (Statement, error) { return ParseBound(sql, nil) }

// ParseBound is [Parse] for a statement whose question marks have values: what value gives
// for each stands in its place, as a node, so that no value can change how the rest is read.
// An error of value ends the reading. A nil value leaves them as they are.
func ParseBound(sql string, value func(*Param) (Expr, error)) (Statement, error) {
	p, err := newParser(sql)
	if err != nil {
		// Hive's DDL need not even be Trino's tokens.
		if kind, kerr := Classify(sql); kerr == nil && kind.Hive() {
			return nil, unsupported(Pos{Line: 1, Col: 1}, kind.String()+" statements")
		}
		return nil, err
	}
	p.bound = value
	q, err := p.statement()
	if err != nil {
		return nil, err
	}
	return q, nil
}

// ParseExpr reads one expression.
func ParseExpr(sql string) (Expr, error) {
	p, err := newParser(sql)
	if err != nil {
		return nil, err
	}
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokEOF {
		return nil, p.wrong("an operator or the end of the expression")
	}
	return e, nil
}

type parser struct {
	toks   []token
	i      int
	depth  int
	params int
	bound  func(*Param) (Expr, error)
	// itemAt is where the entry of a select list begins that is being read.
	itemAt Pos
}

func newParser(sql string) (*parser, error) {
	if err := size(sql); err != nil {
		return nil, err
	}
	toks, err := lex(sql, false)
	if err != nil {
		return nil, err
	}
	return &parser{toks: toks}, nil
}

// size refuses a statement that Athena would refuse for its length.
func size(sql string) error {
	if len(sql) > MaxBytes {
		return &Error{Pos: Pos{Line: 1, Col: 1}, Msg: fmt.Sprintf("the statement has %d bytes, Athena takes at most %d", len(sql), MaxBytes)}
	}
	return nil
}

func (p *parser) peek() token { return p.toks[p.i] }

// ahead is the n-th token after the next one.
func (p *parser) ahead(n int) token { return p.toks[min(p.i+n, len(p.toks)-1)] }

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind != tokEOF {
		p.i++
	}
	return t
}

// at tells whether the next tokens are these keywords or operators.
func (p *parser) at(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	return true
}

// accept consumes the keywords or operators if they are all there.
func (p *parser) accept(words ...string) bool {
	if !p.at(words...) {
		return false
	}
	p.i += len(words)
	return true
}

func (p *parser) expect(word string) error {
	if !p.accept(word) {
		return p.wrong(`"` + word + `"`)
	}
	return nil
}

// wrong is the error for a next token that is not what is expected.
func (p *parser) wrong(expected string) error {
	t := p.peek()
	return &Error{Pos: t.Pos, Msg: "found " + t.show() + ", expected " + expected}
}

// enter counts a level of nesting; leave must follow it.
func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return &Error{Pos: p.peek().Pos, Msg: fmt.Sprintf("the statement nests deeper than %d levels", MaxDepth)}
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// statement reads a whole statement.
func (p *parser) statement() (*Query, error) {
	switch t := p.peek(); {
	case t.is("SELECT"):
	case t.is("("):
		return nil, unsupported(t.Pos, "a query in parentheses")
	case t.is("WITH"):
		return nil, unsupported(t.Pos, "WITH")
	case t.is("VALUES"), t.is("TABLE"):
		return nil, unsupported(t.Pos, t.key+" as a statement")
	case t.kind == tokWord:
		if kind, err := classify(p.toks); err == nil {
			return nil, unsupported(t.Pos, kind.String()+" statements")
		}
		return nil, p.wrong("SELECT")
	default:
		return nil, p.wrong("SELECT")
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	p.accept(";")
	if p.peek().kind != tokEOF {
		if p.toks[p.i-1].is(";") {
			return nil, p.wrong("the end: Athena takes one statement at a time")
		}
		return nil, p.wrong("a clause or the end of the statement")
	}
	return q, nil
}

// query reads a query: a body, then ORDER BY, OFFSET and LIMIT.
func (p *parser) query() (*Query, error) {
	q := &Query{Pos: p.peek().Pos}
	var err error
	if q.Body, err = p.selectBody(); err != nil {
		return nil, err
	}
	if t := p.peek(); t.is("UNION") || t.is("INTERSECT") || t.is("EXCEPT") {
		return nil, unsupported(t.Pos, t.key)
	}
	if p.accept("ORDER") {
		if err := p.expect("BY"); err != nil {
			return nil, err
		}
		if q.OrderBy, err = p.orders(); err != nil {
			return nil, err
		}
	}
	if p.accept("OFFSET") {
		if q.Offset, err = p.rowCount(); err != nil {
			return nil, err
		}
		if !p.accept("ROW") {
			p.accept("ROWS")
		}
	}
	if t := p.peek(); t.is("FETCH") {
		return nil, unsupported(t.Pos, "FETCH FIRST (use LIMIT)")
	}
	if p.accept("LIMIT") && !p.accept("ALL") {
		if q.Limit, err = p.rowCount(); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// rowCount reads the number behind OFFSET and LIMIT.
func (p *parser) rowCount() (Expr, error) {
	t := p.peek()
	switch {
	case t.kind == tokInteger:
		p.next()
		return &Literal{Pos: t.Pos, Kind: Integer, Text: t.text}, nil
	case t.is("?"):
		return p.param()
	}
	return nil, p.wrong("a number of rows")
}

func (p *parser) param() (Expr, error) {
	e := &Param{Pos: p.next().Pos, N: p.params}
	p.params++
	if p.bound == nil {
		return e, nil
	}
	return p.bound(e)
}

func (p *parser) selectBody() (*Select, error) {
	s := &Select{Pos: p.peek().Pos}
	if err := p.expect("SELECT"); err != nil {
		return nil, err
	}
	s.Distinct = p.quantifier()
	for {
		it, err := p.item()
		if err != nil {
			return nil, err
		}
		s.Items = append(s.Items, it)
		if !p.accept(",") {
			break
		}
	}
	var err error
	if p.accept("FROM") {
		if s.From, err = p.from(); err != nil {
			return nil, err
		}
	}
	if p.accept("WHERE") {
		if s.Where, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.accept("GROUP") {
		if err := p.expect("BY"); err != nil {
			return nil, err
		}
		if s.GroupBy, err = p.groupBy(); err != nil {
			return nil, err
		}
	}
	if p.accept("HAVING") {
		if s.Having, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.atWindowClause() {
		return nil, unsupported(p.peek().Pos, "WINDOW")
	}
	return s, nil
}

// quantifier reads ALL or DISTINCT.
func (p *parser) quantifier() (distinct bool) {
	if p.accept("DISTINCT") {
		return true
	}
	// "all" may be a column: it is the quantifier when something to select follows.
	if t := p.ahead(1); p.at("ALL") && !t.is(",") && !t.is("FROM") && !t.is(".") && !t.is(")") && t.kind != tokEOF {
		p.next()
	}
	return false
}

func (p *parser) item() (*Item, error) {
	it := &Item{Pos: p.peek().Pos}
	if p.accept("*") {
		it.Expr = &Star{Pos: it.Pos}
		return it, nil
	}
	p.itemAt = it.Pos
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	it.Expr = e
	if _, ok := e.(*Star); ok {
		return it, nil
	}
	it.Alias, err = p.alias()
	return it, err
}

// alias reads [AS] name, if it is there.
func (p *parser) alias() (*Ident, error) {
	if p.accept("AS") {
		return p.ident("an alias")
	}
	if t := p.peek(); t.kind == tokQuoted || t.kind == tokWord && !sqltext.Reserved(t.text) && !p.atSoftClause() {
		return p.ident("an alias")
	}
	return nil, nil
}

// atSoftClause tells whether a word that may also be an alias begins a clause here.
func (p *parser) atSoftClause() bool {
	after := p.ahead(1)
	switch p.peek().key {
	case "LIMIT", "OFFSET":
		alias := after.kind == tokEOF || after.is(",") || after.is(")") || after.is(";") || after.is("LIMIT") || after.is("OFFSET") ||
			after.kind == tokWord && sqltext.Reserved(after.text)
		return !alias
	case "FETCH":
		return after.is("FIRST") || after.is("NEXT")
	case "TABLESAMPLE":
		return after.kind == tokWord
	case "MATCH_RECOGNIZE":
		return after.is("(")
	}
	return p.atWindowClause()
}

func (p *parser) atWindowClause() bool {
	return p.at("WINDOW") && (p.ahead(1).kind == tokWord || p.ahead(1).kind == tokQuoted) && p.ahead(2).is("AS")
}

// ident reads an identifier that is quoted or not reserved.
func (p *parser) ident(what string) (*Ident, error) {
	t := p.peek()
	switch {
	case t.kind == tokQuoted:
		p.next()
		return &Ident{Pos: t.Pos, Name: t.text, Quoted: true}, nil
	case t.kind == tokWord && !sqltext.Reserved(t.text):
		p.next()
		return &Ident{Pos: t.Pos, Name: t.text}, nil
	case t.kind == tokWord:
		return nil, &Error{Pos: t.Pos, Msg: fmt.Sprintf(`found the reserved word %q, expected %s (an identifier of that name is written "%s")`, t.text, what, t.text)}
	}
	return nil, p.wrong(what)
}

// from reads the one table that FROM may name.
func (p *parser) from() (Relation, error) {
	switch t := p.peek(); {
	case t.is("("):
		return nil, unsupported(t.Pos, "a derived table")
	case t.is("UNNEST"):
		return nil, unsupported(t.Pos, "UNNEST")
	case t.is("LATERAL") && p.ahead(1).is("("):
		return nil, unsupported(t.Pos, "LATERAL")
	case t.is("TABLE") && p.ahead(1).is("("):
		return nil, unsupported(t.Pos, "a table function")
	case t.is("JSON_TABLE"):
		return nil, unsupported(t.Pos, "JSON_TABLE")
	}
	tbl := &Table{Pos: p.peek().Pos, Name: &Name{Pos: p.peek().Pos}}
	for {
		id, err := p.ident("the name of a table")
		if err != nil {
			return nil, err
		}
		tbl.Name.Parts = append(tbl.Name.Parts, id)
		if !p.accept(".") {
			break
		}
	}
	if n := len(tbl.Name.Parts); n > 3 {
		return nil, &Error{Pos: tbl.Pos, Msg: fmt.Sprintf("the name of a table has at most 3 parts (catalog, database, table), this one has %d", n)}
	}
	if t := p.peek(); t.is("FOR") {
		return nil, unsupported(t.Pos, "FOR TIMESTAMP or VERSION AS OF")
	}
	var err error
	if tbl.Alias, err = p.alias(); err != nil {
		return nil, err
	}
	if tbl.Alias != nil && p.at("(") {
		return nil, unsupported(p.peek().Pos, "column aliases on a table")
	}
	return tbl, p.noMoreTables()
}

// noMoreTables refuses, by its name, what may follow a table.
func (p *parser) noMoreTables() error {
	t := p.peek()
	switch {
	case t.is(","):
		return unsupported(t.Pos, "a second table in FROM")
	case t.is("JOIN"), t.is("INNER"), t.is("CROSS"), t.is("LEFT"), t.is("RIGHT"), t.is("FULL"), t.is("NATURAL"):
		return unsupported(t.Pos, "JOIN")
	case t.is("TABLESAMPLE"), t.is("MATCH_RECOGNIZE"):
		return unsupported(t.Pos, t.key)
	}
	return nil
}

func (p *parser) groupBy() ([]Expr, error) {
	if t := p.peek(); (t.is("ALL") || t.is("DISTINCT")) && !p.ahead(1).is(",") {
		return nil, unsupported(t.Pos, "GROUP BY "+t.key)
	}
	var es []Expr
	for {
		switch t := p.peek(); {
		case t.is("ROLLUP"), t.is("CUBE"):
			return nil, unsupported(t.Pos, t.key)
		case t.is("GROUPING") && p.ahead(1).is("SETS"):
			return nil, unsupported(t.Pos, "GROUPING SETS")
		case t.is("(") && p.ahead(1).is(")"):
			return nil, unsupported(t.Pos, "GROUP BY ()")
		}
		at := p.peek()
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		// GROUP BY (a, b) groups by a and b, not by a row.
		if row, ok := e.(*Row); ok && at.is("(") && row.Pos == at.Pos {
			es = append(es, row.Elems...)
		} else {
			es = append(es, e)
		}
		if !p.accept(",") {
			return es, nil
		}
	}
}

func (p *parser) orders() ([]*Order, error) {
	var os []*Order
	for {
		o := &Order{Pos: p.peek().Pos}
		var err error
		if o.Expr, err = p.expr(); err != nil {
			return nil, err
		}
		if !p.accept("ASC") {
			o.Desc = p.accept("DESC")
		}
		if p.accept("NULLS") {
			switch {
			case p.accept("FIRST"):
				o.Nulls = NullsFirst
			case p.accept("LAST"):
				o.Nulls = NullsLast
			default:
				return nil, p.wrong("FIRST or LAST")
			}
		}
		os = append(os, o)
		if !p.accept(",") {
			return os, nil
		}
	}
}

// lower is the keyword's or name's canonical form in the tree.
func lower(s string) string { return strings.ToLower(s) }

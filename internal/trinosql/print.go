package trinosql

import (
	"strings"

	"github.com/lakekit/lakekit/internal/sqltext"
)

// Format writes a tree as canonical SQL: keywords in upper case, a space around each
// operator, brackets only where they are needed, each clause of a statement on its own
// line. What it writes parses to the same tree.
func Format(n Node) string {
	var p printer
	p.node(n)
	return p.b.String()
}

// printer writes a tree piece by piece.
type printer struct{ b strings.Builder }

// text writes SQL as it is.
func (p *printer) text(sql ...string) {
	for _, s := range sql {
		p.b.WriteString(s)
	}
}

// node writes one node and what lies below it.
func (p *printer) node(n Node) {
	if isNil(n) {
		return
	}
	switch n := n.(type) {
	case *Query:
		p.query(n)
	case *Select:
		p.selectBody(n)
	case *Item:
		p.node(n.Expr)
		p.alias(n.Alias)
	case *Table:
		p.node(n.Name)
		p.alias(n.Alias)
	case *Order:
		p.order(n)
	case *Name:
		for i, id := range n.Parts {
			if i > 0 {
				p.text(".")
			}
			p.node(id)
		}
	case *When:
		p.text(" WHEN ")
		p.node(n.Cond)
		p.text(" THEN ")
		p.node(n.Then)
	case *Type:
		p.typeName(n)
	case Expr:
		p.expr(n)
	}
}

func (p *printer) alias(id *Ident) {
	if id != nil {
		p.text(" AS ")
		p.node(id)
	}
}

func (p *printer) query(q *Query) {
	p.node(q.Body)
	if len(q.OrderBy) > 0 {
		p.text("\nORDER BY ")
		list(p, q.OrderBy)
	}
	if q.Offset != nil {
		p.text("\nOFFSET ")
		p.node(q.Offset)
	}
	if q.Limit != nil {
		p.text("\nLIMIT ")
		p.node(q.Limit)
	}
}

func (p *printer) selectBody(s *Select) {
	p.text("SELECT ")
	if s.Distinct {
		p.text("DISTINCT ")
	}
	list(p, s.Items)
	if s.From != nil {
		p.text("\nFROM ")
		p.node(s.From)
	}
	if s.Where != nil {
		p.text("\nWHERE ")
		p.node(s.Where)
	}
	if len(s.GroupBy) > 0 {
		p.text("\nGROUP BY ")
		list(p, s.GroupBy)
	}
	if s.Having != nil {
		p.text("\nHAVING ")
		p.node(s.Having)
	}
}

func (p *printer) order(o *Order) {
	p.node(o.Expr)
	if o.Desc {
		p.text(" DESC")
	}
	switch o.Nulls {
	case NullsFirst:
		p.text(" NULLS FIRST")
	case NullsLast:
		p.text(" NULLS LAST")
	case NullsDefault:
	}
}

// list writes nodes with commas between them.
func list[N Node](p *printer, ns []N) {
	for i, n := range ns {
		if i > 0 {
			p.text(", ")
		}
		p.node(n)
	}
}

func (p *printer) typeName(t *Type) {
	name, after := t.Name, ""
	if base, ok := strings.CutSuffix(name, " with time zone"); ok && (base == "time" || base == "timestamp") {
		name, after = base, " with time zone"
	}
	switch {
	case strings.HasPrefix(name, "interval "):
	case (name == "array" || name == "interval" || name == "row") && len(t.Args) == 0, !isPlain(name), sqltext.Reserved(name):
		name = sqltext.Quote(name)
	}
	p.text(name)
	if len(t.Args) > 0 {
		p.text("(")
		for i, a := range t.Args {
			if i > 0 {
				p.text(", ")
			}
			if a.Type == nil {
				p.text(a.Number)
				continue
			}
			if a.Name != nil {
				p.node(a.Name)
				p.text(" ")
			}
			p.node(a.Type)
		}
		p.text(")")
	}
	p.text(after)
}

// soft are the words that are no reserved ones and yet begin something other than a
// column in some places. A column of that name is written in quotes everywhere.
const soft = " ALL ANY ARRAY DOUBLE INTERVAL POSITION ROW SOME TRY_CAST "

func identText(id *Ident) string {
	if id.Quoted || !isPlain(id.Name) || sqltext.Reserved(id.Name) || strings.Contains(soft, " "+strings.ToUpper(id.Name)+" ") {
		return sqltext.Quote(id.Name)
	}
	return id.Name
}

// isPlain tells whether the lexer reads the name as one word.
func isPlain(name string) bool {
	if name == "" || !isLetter(name[0]) {
		return false
	}
	for i := range len(name) {
		if !isLetter(name[i]) && !isDigit(name[i]) {
			return false
		}
	}
	return true
}

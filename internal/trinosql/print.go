package trinosql

import "strings"

// Format writes a tree as canonical SQL: keywords in upper case, a space around each
// operator, brackets only where they are needed, each clause of a statement on its own
// line. What it writes parses to the same tree.
func Format(n Node) string {
	var p Printer
	p.Node(n)
	return p.String()
}

// Printer writes a tree piece by piece. The zero Printer writes what [Format] writes.
type Printer struct {
	// Override is asked before each node below the statement is written, and may write it
	// in another way: it calls the Printer's methods and says true. What it writes stands
	// in brackets wherever the node would, so it must not bind less tightly than the node.
	Override func(p *Printer, n Node) bool

	b strings.Builder
}

// String gives what has been written.
func (p *Printer) String() string { return p.b.String() }

// Text writes SQL as it is.
func (p *Printer) Text(sql ...string) {
	for _, s := range sql {
		p.b.WriteString(s)
	}
}

// Node writes one node and what lies below it.
func (p *Printer) Node(n Node) {
	if isNil(n) || p.Override != nil && p.Override(p, n) {
		return
	}
	p.Plain(n)
}

// Plain writes a node as it is without asking Override about it, but about what lies
// below it.
func (p *Printer) Plain(n Node) {
	switch n := n.(type) {
	case *Query:
		p.query(n)
	case *Select:
		p.selectBody(n)
	case *Item:
		p.Node(n.Expr)
		p.alias(n.Alias)
	case *Table:
		p.Node(n.Name)
		p.alias(n.Alias)
	case *Order:
		p.order(n)
	case *Name:
		for i, id := range n.Parts {
			if i > 0 {
				p.Text(".")
			}
			p.Node(id)
		}
	case *When:
		p.Text(" WHEN ")
		p.Node(n.Cond)
		p.Text(" THEN ")
		p.Node(n.Then)
	case *Type:
		p.typeName(n)
	case Expr:
		p.expr(n)
	}
}

func (p *Printer) alias(id *Ident) {
	if id != nil {
		p.Text(" AS ")
		p.Node(id)
	}
}

func (p *Printer) query(q *Query) {
	p.Node(q.Body)
	if len(q.OrderBy) > 0 {
		p.Text("\nORDER BY ")
		List(p, q.OrderBy)
	}
	if q.Offset != nil {
		p.Text("\nOFFSET ")
		p.Node(q.Offset)
	}
	if q.Limit != nil {
		p.Text("\nLIMIT ")
		p.Node(q.Limit)
	}
}

func (p *Printer) selectBody(s *Select) {
	p.Text("SELECT ")
	if s.Distinct {
		p.Text("DISTINCT ")
	}
	List(p, s.Items)
	if s.From != nil {
		p.Text("\nFROM ")
		p.Node(s.From)
	}
	if s.Where != nil {
		p.Text("\nWHERE ")
		p.Node(s.Where)
	}
	if len(s.GroupBy) > 0 {
		p.Text("\nGROUP BY ")
		List(p, s.GroupBy)
	}
	if s.Having != nil {
		p.Text("\nHAVING ")
		p.Node(s.Having)
	}
}

func (p *Printer) order(o *Order) {
	p.Node(o.Expr)
	if o.Desc {
		p.Text(" DESC")
	}
	switch o.Nulls {
	case NullsFirst:
		p.Text(" NULLS FIRST")
	case NullsLast:
		p.Text(" NULLS LAST")
	case NullsDefault:
	}
}

// List writes nodes with commas between them.
func List[N Node](p *Printer, ns []N) {
	for i, n := range ns {
		if i > 0 {
			p.Text(", ")
		}
		p.Node(n)
	}
}

func (p *Printer) typeName(t *Type) {
	name, after := t.Name, ""
	if base, ok := strings.CutSuffix(name, " with time zone"); ok && (base == "time" || base == "timestamp") {
		name, after = base, " with time zone"
	}
	switch {
	case strings.HasPrefix(name, "interval "):
	case (name == "array" || name == "interval" || name == "row") && len(t.Args) == 0, !isPlain(name), Reserved(name):
		name = QuoteIdent(name)
	}
	p.Text(name)
	if len(t.Args) > 0 {
		p.Text("(")
		for i, a := range t.Args {
			if i > 0 {
				p.Text(", ")
			}
			if a.Type == nil {
				p.Text(a.Number)
				continue
			}
			if a.Name != nil {
				p.Node(a.Name)
				p.Text(" ")
			}
			p.Node(a.Type)
		}
		p.Text(")")
	}
	p.Text(after)
}

// QuoteIdent gives a name in double quotes.
func QuoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteString gives a text as a string literal.
func QuoteString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// soft are the words that are no reserved ones and yet begin something other than a
// column in some places. A column of that name is written in quotes everywhere.
const soft = " ALL ANY ARRAY DOUBLE INTERVAL POSITION ROW SOME TRY_CAST "

func identText(id *Ident) string {
	if id.Quoted || !isPlain(id.Name) || Reserved(id.Name) || strings.Contains(soft, " "+strings.ToUpper(id.Name)+" ") {
		return QuoteIdent(id.Name)
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

package athena

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

func (e *Error) Error() string {
	if e.At.Line == 0 {
		return e.Code + ": " + e.Message
	}
	return fmt.Sprintf("%s: line %d:%d: %s", e.Code, e.At.Line, e.At.Col, e.Message)
}

// Errorf makes an [Error].
func Errorf(code string, n trinosql.Node, format string, args ...any) *Error {
	e := &Error{Code: code, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		e.At = n.Position()
	}
	return e
}

// Scope tells what names in a query over one table mean.
type Scope struct {
	table   *catalog.Table
	columns map[string]catalog.Type // partition columns too
	order   []string
	names   []string // what may stand before a column: the table's alias, or its name
	aliases map[string]trinosql.Expr
}

// NewScope makes the scope of a query. table is nil when it has no FROM.
func NewScope(q *trinosql.Query, table *catalog.Table) (*Scope, error) {
	sel, ok := q.Body.(*trinosql.Select)
	if !ok {
		return nil, Errorf("NOT_SUPPORTED", q, "the local Athena runs plain SELECTs")
	}
	s := &Scope{table: table, columns: map[string]catalog.Type{}, aliases: map[string]trinosql.Expr{}}
	for _, it := range sel.Items {
		if it.Alias != nil {
			s.aliases[it.Alias.Key()] = it.Expr
		}
	}
	if table == nil {
		return s, nil
	}
	for _, f := range table.Fields() {
		s.columns[f.Name] = f.Type
		s.order = append(s.order, f.Name)
	}
	for _, p := range table.Partitions() {
		if _, ok := s.columns[p.Name]; !ok { // an Iceberg table's are no columns
			s.columns[p.Name] = p.Type
			s.order = append(s.order, p.Name)
		}
	}
	if t, ok := sel.From.(*trinosql.Table); ok {
		if t.Alias != nil {
			s.names = []string{t.Alias.Key()}
		} else {
			s.names = []string{table.Name(), table.String()}
		}
	}
	return s, nil
}

// Columns are the names of all columns, as * gives them.
func (s *Scope) Columns() []string { return slices.Clone(s.order) }

// Alias gives the expression that a name of the result stands for.
func (s *Scope) Alias(name string) (trinosql.Expr, bool) {
	e, ok := s.aliases[name]
	return e, ok
}

// Column says whether e names a column: c, t.c or db.t.c.
func (s *Scope) Column(e trinosql.Expr) (name string, typ catalog.Type, ok bool) {
	switch e := e.(type) {
	case *trinosql.Ident:
		typ, ok = s.columns[e.Key()]
		return e.Key(), typ, ok
	case *trinosql.Member:
		if !slices.Contains(s.names, trinosql.Dotted(e.Base)) {
			return "", catalog.Type{}, false
		}
		typ, ok = s.columns[e.Field.Key()]
		return e.Field.Key(), typ, ok
	}
	return "", catalog.Type{}, false
}

// References gives what the query reads of its table: paths such as country or geo.lat,
// each once. A path that is a whole struct covers its members.
func (s *Scope) References(q *trinosql.Query) ([]string, error) {
	seen := map[string]bool{}
	var err error
	var visit func(aliases bool) func(trinosql.Node) bool
	visit = func(aliases bool) func(trinosql.Node) bool {
		return func(n trinosql.Node) bool {
			switch n := n.(type) {
			case *trinosql.Name, *trinosql.Type, *trinosql.Table:
				return false // names of functions, types, and the table itself
			case *trinosql.Star:
				for _, c := range s.order {
					seen[c] = true
				}
				return false
			case *trinosql.Item:
				trinosql.Walk(n.Expr, visit(false))
				return false
			case *trinosql.Order:
				trinosql.Walk(n.Expr, visit(true))
				return false
			case *trinosql.Ident, *trinosql.Member:
				if id, ok := n.(*trinosql.Ident); ok && aliases {
					if _, ok := s.aliases[id.Key()]; ok {
						return false // read by the select list
					}
				}
				path, rerr := s.path(n.(trinosql.Expr))
				if rerr != nil {
					if err == nil {
						err = rerr
					}
					return false
				}
				if m, ok := n.(*trinosql.Member); ok && path == "" { // of something computed
					trinosql.Walk(m.Base, visit(aliases))
					return false
				}
				seen[path] = true
				return false
			}
			return true
		}
	}
	trinosql.Walk(q, visit(false))
	if err != nil {
		return nil, err
	}
	var paths []string
	for p := range seen {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths, nil
}

// path gives the column and the members behind it that e reads.
func (s *Scope) path(e trinosql.Expr) (string, error) {
	if name, _, ok := s.Column(e); ok {
		return name, nil
	}
	switch e := e.(type) {
	case *trinosql.Ident:
		return "", Errorf("COLUMN_NOT_FOUND", e, "Column '%s' cannot be resolved", e.Key())
	case *trinosql.Member:
		switch e.Base.(type) {
		case *trinosql.Ident, *trinosql.Member:
			base, err := s.path(e.Base)
			if err != nil || base == "" {
				return "", err
			}
			return base + "." + e.Field.Key(), nil
		}
	}
	return "", nil
}

// Top gives the columns of paths, each once, in the table's order.
func (s *Scope) Top(paths []string) []string {
	var out []string
	for _, c := range s.order {
		if slices.ContainsFunc(paths, func(p string) bool { return p == c || strings.HasPrefix(p, c+".") }) {
			out = append(out, c)
		}
	}
	return out
}

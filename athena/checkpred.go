package athena

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// names tells which columns of a table the expressions of a statement mean.
type names struct {
	table *catalog.Table
	of    []string // what may stand before a column: the alias, or else the table's name
}

// column gives the column that e names: c, t.c or db.t.c.
func (n *names) column(e trinosql.Expr) (catalog.Column, bool) {
	var c catalog.Column
	switch e := e.(type) {
	case *trinosql.Ident:
		c = n.table.Col(e.Key())
	case *trinosql.Member:
		if !slices.Contains(n.of, trinosql.Dotted(e.Base)) {
			return c, false
		}
		c = n.table.Col(e.Field.Key())
	default:
		return c, false
	}
	return c, c.Err() == nil
}

// all are the columns that an expression speaks of, each once.
func (n *names) all(e trinosql.Expr) []string {
	var out []string
	trinosql.Walk(e, func(node trinosql.Node) bool {
		switch node := node.(type) {
		case *trinosql.Name, *trinosql.Type:
			return false // of functions and types
		case trinosql.Expr:
			c, ok := n.column(node)
			if ok {
				out = appendNew(out, c.String())
			}
			return !ok
		}
		return true
	})
	return out
}

// reading turns expressions into conditions.
type reading struct {
	*names
	// unknown takes constants too whose value is not known before the statement runs, and
	// puts some other value of the type in their place: which columns are bounded does not
	// depend on it.
	unknown bool
}

// conjuncts gives conditions that hold wherever the expression is true. What cannot be said
// as a condition is left out.
func conjuncts(r reading, where trinosql.Expr) []catalog.Pred {
	if where == nil {
		return nil
	}
	p, _ := r.pred(where)
	switch {
	case p.IsZero():
		return nil
	case p.Op() == catalog.OpAnd:
		return p.Terms()
	}
	return []catalog.Pred{p}
}

// pred gives a condition that is true wherever e is; zero if there is none to give. exact
// says that it is e itself, which may then be negated.
func (r reading) pred(e trinosql.Expr) (p catalog.Pred, exact bool) {
	switch e := e.(type) {
	case *trinosql.Logical:
		exact = true
		var terms []catalog.Pred
		for _, t := range e.Terms {
			p, ok := r.pred(t)
			exact = exact && ok
			if e.Op == "OR" && p.IsZero() {
				return catalog.Pred{}, false
			}
			terms = append(terms, p)
		}
		if e.Op == "OR" {
			return catalog.Or(terms...), exact
		}
		return catalog.And(terms...), exact
	case *trinosql.Not:
		return negated(r.pred(e.X))
	case *trinosql.BinaryExpr:
		return r.binary(e)
	case *trinosql.IsNull:
		if c, ok := r.column(e.X); ok {
			if e.Not {
				return c.IsNotNull(), true
			}
			return c.IsNull(), true
		}
	case *trinosql.In:
		return maybeNot(e.Not)(r.compare(e.X, catalog.OpOneOf, e.List...))
	case *trinosql.Between:
		return maybeNot(e.Not)(r.compare(e.X, catalog.OpBetween, e.Low, e.High))
	}
	return catalog.Pred{}, false
}

func negated(p catalog.Pred, exact bool) (catalog.Pred, bool) {
	if !exact || p.IsZero() {
		return catalog.Pred{}, false
	}
	return catalog.Not(p), true
}

func maybeNot(not bool) func(catalog.Pred, bool) (catalog.Pred, bool) {
	if not {
		return negated
	}
	return func(p catalog.Pred, exact bool) (catalog.Pred, bool) { return p, exact }
}

// operator gives the comparison that an operator is, and what it is with its sides changed.
func operator(op string) (as, flipped catalog.Op) {
	switch op {
	case "=":
		return catalog.OpEq, catalog.OpEq
	case "<>":
		return catalog.OpNe, catalog.OpNe
	case "<":
		return catalog.OpLt, catalog.OpGt
	case "<=":
		return catalog.OpLe, catalog.OpGe
	case ">":
		return catalog.OpGt, catalog.OpLt
	case ">=":
		return catalog.OpGe, catalog.OpLe
	}
	return 0, 0
}

func (r reading) binary(e *trinosql.BinaryExpr) (catalog.Pred, bool) {
	op, flipped := operator(e.Op)
	if op == 0 {
		return catalog.Pred{}, false
	}
	if _, ok := r.column(e.L); ok {
		return r.compare(e.L, op, e.R)
	}
	return r.compare(e.R, flipped, e.L)
}

// compare gives the comparison of a column with constants. One that Athena would refuse for
// its types, and one with NULL, says nothing.
func (r reading) compare(x trinosql.Expr, op catalog.Op, values ...trinosql.Expr) (catalog.Pred, bool) {
	c, ok := r.column(x)
	if !ok {
		return catalog.Pred{}, false
	}
	vs := make([]any, len(values))
	for i, e := range values {
		v, known := constant(c.Type(), e)
		switch {
		case !known && (!r.unknown || !static(e) || isLiteral(e)):
			return catalog.Pred{}, false
		case !known:
			if v, ok = stand(c.Type()); !ok {
				return catalog.Pred{}, false
			}
		}
		if v == "" && op != catalog.OpEq && op != catalog.OpNe && op != catalog.OpOneOf {
			return catalog.Pred{}, false // every text is at least the empty one, which is no bound
		}
		vs[i] = v
	}
	p := catalog.Compare(c, op, vs...)
	if p.Err() != nil {
		return catalog.Pred{}, false
	}
	return p, true
}

// isLiteral tells a literal, with or without a sign: the value of one is known, or else it
// is of a type that the column is not compared with.
func isLiteral(e trinosql.Expr) bool {
	if u, is := e.(*trinosql.Unary); is {
		return isLiteral(u.X)
	}
	_, is := e.(*trinosql.Literal)
	return is
}

// constant gives the value of a literal as what a column of type t is compared with.
func constant(t catalog.Type, e trinosql.Expr) (any, bool) {
	sign := ""
	for {
		u, is := e.(*trinosql.Unary)
		if !is {
			break
		}
		if u.Op == "-" {
			if sign != "" {
				return nil, false
			}
			sign = "-"
		}
		e = u.X
	}
	if c, is := e.(*trinosql.Cast); is && !c.Try && sign == "" { // CAST('2026-05-24' AS date)
		if l, is := c.X.(*trinosql.Literal); is && l.Kind == trinosql.String && len(c.Type.Args) == 0 {
			e = &trinosql.Literal{Kind: trinosql.Typed, Type: c.Type.Name, Text: l.Text}
		}
	}
	l, is := e.(*trinosql.Literal)
	if !is || sign != "" && l.Kind != trinosql.Integer && l.Kind != trinosql.DecimalNumber {
		return nil, false
	}
	switch t.Kind {
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return l.Text, l.Kind == trinosql.String
	case catalog.KindBoolean:
		return strings.EqualFold(l.Text, "true"), l.Kind == trinosql.Boolean
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		n, err := strconv.ParseInt(sign+l.Text, 10, 64)
		return n, err == nil && l.Kind == trinosql.Integer
	case catalog.KindDecimal:
		d, err := catalog.ParseDecimal(sign + l.Text)
		return d, err == nil && (l.Kind == trinosql.Integer || l.Kind == trinosql.DecimalNumber || l.Kind == trinosql.Typed && l.Type == "decimal")
	case catalog.KindDate:
		d, err := catalog.ParseDate(strings.TrimSpace(l.Text))
		return d, err == nil && l.Kind == trinosql.Typed && l.Type == "date"
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		if l.Kind != trinosql.Typed {
			return nil, false
		}
		return instant(l.Type, strings.TrimSpace(l.Text))
	}
	return nil, false
}

// instant reads a date or a timestamp as Trino does in a session in UTC, which Athena's are.
func instant(typ, text string) (any, bool) {
	switch typ {
	case "date":
		d, err := catalog.ParseDate(text)
		return d.Time(), err == nil
	case "timestamp":
		text = strings.TrimSuffix(text, " UTC")
		if _, fraction, _ := strings.Cut(text, "."); len(fraction) > 9 && strings.Trim(fraction, "0123456789") == "" {
			return nil, false // more digits than a time.Time has
		}
		for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05-07:00"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), true
			}
		}
	}
	return nil, false
}

// stand gives some value that a column of type t is compared with.
func stand(t catalog.Type) (any, bool) {
	switch t.Kind {
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return "x", true
	case catalog.KindBoolean:
		return true, true
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt, catalog.KindDecimal:
		return int64(1), true
	case catalog.KindDate:
		return catalog.NewDate(2000, 1, 1), true
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), true
	}
	return nil, false
}

// static tells an expression that Athena computes once, before it chooses partitions: of
// literals, parameters and the current time, by functions that are known to be so.
func static(e trinosql.Expr) bool {
	ok := true
	trinosql.Walk(e, func(n trinosql.Node) bool {
		switch n := n.(type) {
		case *trinosql.Literal:
			ok = ok && n.Kind != trinosql.Null
		case *trinosql.Interval, *trinosql.Param, *trinosql.Unary, *trinosql.BinaryExpr, *trinosql.AtTimeZone, *trinosql.Extract:
		case *trinosql.Type, *trinosql.Name:
			return false
		case *trinosql.Cast:
			ok = ok && !n.Try
		case *trinosql.Current:
			ok = ok && slices.Contains([]string{"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}, n.Name)
		case *trinosql.Call:
			ok = ok && len(n.Name.Parts) == 1 && isStatic(n.Name.Last()) && !n.Distinct && !n.Star && n.Filter == nil && len(n.OrderBy) == 0
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// isStatic tells a function that gives the same for the same, for a whole statement, and
// NULL for nothing but NULL.
func isStatic(function string) bool {
	switch function {
	case "concat", "date", "date_add", "date_format", "date_parse", "date_trunc", "day", "format_datetime", "from_iso8601_date",
		"from_iso8601_timestamp", "from_unixtime", "hour", "lower", "lpad", "minute", "month", "now", "parse_datetime", "replace",
		"substr", "substring", "to_iso8601", "to_unixtime", "upper", "week", "year":
		return true
	}
	return false
}

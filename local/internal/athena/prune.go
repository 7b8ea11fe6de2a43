package athena

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// truth is a condition's value for a whole partition: false means that no row of it can
// make the condition true.
type truth uint8

const (
	maybe truth = iota
	never
	always
)

func (t truth) not() truth {
	switch t {
	case never:
		return always
	case always:
		return never
	}
	return maybe
}

// partitionFilter says which partitions a query reads.
type partitionFilter struct {
	scope  *Scope
	where  trinosql.Expr
	parts  []catalog.Partition
	kinds  map[string]catalog.Kind
	values map[string]string // of the partition that is looked at
}

func newPartitionFilter(s *Scope, q *trinosql.Query, t *catalog.Table) *partitionFilter {
	f := &partitionFilter{scope: s, parts: t.Partitions(), kinds: map[string]catalog.Kind{}, values: map[string]string{}}
	if sel, ok := q.Body.(*trinosql.Select); ok {
		f.where = sel.Where
	}
	for _, p := range f.parts {
		f.kinds[p.Name] = p.Type.Kind
	}
	return f
}

// keeps says whether the partition with these values may have rows for the query. It is
// never wrong about dropping one; what it does not understand keeps it.
func (f *partitionFilter) keeps(values []string) bool {
	if f.where == nil {
		return true
	}
	for i, p := range f.parts {
		f.values[p.Name] = values[i]
	}
	return f.eval(f.where) != never
}

func (f *partitionFilter) eval(e trinosql.Expr) truth {
	switch e := e.(type) {
	case *trinosql.Logical:
		// always and never are about rows being taken or not; NULL counts as not taken, and
		// partition values are never NULL here, so the two are opposites.
		out := always
		if e.Op == "OR" {
			out = never
		}
		for _, t := range e.Terms {
			switch v := f.eval(t); {
			case e.Op == "AND" && v == never, e.Op == "OR" && v == always:
				return v
			case v == maybe:
				out = maybe
			}
		}
		return out
	case *trinosql.Not:
		return f.eval(e.X).not()
	case *trinosql.BinaryExpr:
		return f.compare(e.L, e.Op, e.R)
	case *trinosql.Between:
		lo, hi := f.compare(e.X, ">=", e.Low), f.compare(e.X, "<=", e.High)
		out := maybe
		switch {
		case lo == never || hi == never:
			out = never
		case lo == always && hi == always:
			out = always
		}
		if e.Not {
			return out.not()
		}
		return out
	case *trinosql.In:
		out := never
		for _, v := range e.List {
			switch t := f.compare(e.X, "=", v); {
			case t == always:
				out = always
			case t == maybe && out == never:
				out = maybe
			}
		}
		if e.Not {
			return out.not()
		}
		return out
	case *trinosql.Literal:
		if e.Kind == trinosql.Boolean {
			if strings.EqualFold(e.Text, "true") {
				return always
			}
			return never
		}
	}
	return maybe
}

var flipped = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// compare compares a partition column with a constant, whichever side it is on.
func (f *partitionFilter) compare(l trinosql.Expr, op string, r trinosql.Expr) truth {
	if _, ok := flipped[op]; !ok {
		return maybe
	}
	if name, _, ok := f.scope.Column(r); ok {
		if _, is := f.kinds[name]; is {
			l, r, op = r, l, flipped[op]
		}
	}
	name, _, ok := f.scope.Column(l)
	kind, is := f.kinds[name]
	if !ok || !is {
		return maybe
	}
	c, ok := compareValue(f.values[name], kind, r)
	if !ok {
		return maybe
	}
	var hit bool
	switch op {
	case "=":
		hit = c == 0
	case "<>":
		hit = c != 0
	case "<":
		hit = c < 0
	case "<=":
		hit = c <= 0
	case ">":
		hit = c > 0
	case ">=":
		hit = c >= 0
	}
	if hit {
		return always
	}
	return never
}

// compareValue compares a partition's value with a literal of its own type.
func compareValue(value string, kind catalog.Kind, e trinosql.Expr) (int, bool) {
	negative := false
	if u, ok := e.(*trinosql.Unary); ok && u.Op == "-" {
		negative, e = true, u.X
	}
	lit, ok := e.(*trinosql.Literal)
	if !ok {
		return 0, false
	}
	switch kind {
	case catalog.KindString, catalog.KindVarchar:
		if lit.Kind == trinosql.String && !negative {
			return strings.Compare(value, lit.Text), true
		}
	case catalog.KindDate:
		if lit.Kind == trinosql.Typed && lit.Type == "date" && !negative && len(value) == len("2026-05-24") && len(lit.Text) == len(value) {
			return strings.Compare(value, lit.Text), true
		}
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		a, err1 := strconv.ParseInt(value, 10, 64)
		b, err2 := strconv.ParseInt(lit.Text, 10, 64)
		if lit.Kind != trinosql.Integer || err1 != nil || err2 != nil {
			return 0, false
		}
		if negative {
			b = -b
		}
		return cmp.Compare(a, b), true
	}
	return 0, false
}

// checkInjected wants values for the columns whose projection is injected.
func (f *partitionFilter) checkInjected() error {
	for _, p := range f.parts {
		if p.Projection.Type == catalog.ProjectInjected && !f.pins(f.where, p.Name) {
			return &Error{Code: "CONSTRAINT_VIOLATION", Message: fmt.Sprintf("For the injected projected partition column %s, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.", p.Name)}
		}
	}
	return nil
}

// pins says whether the condition gives the column finitely many values.
func (f *partitionFilter) pins(e trinosql.Expr, column string) bool {
	is := func(e trinosql.Expr) bool { name, _, ok := f.scope.Column(e); return ok && name == column }
	literal := func(e trinosql.Expr) bool { _, ok := e.(*trinosql.Literal); return ok }
	switch e := e.(type) {
	case *trinosql.Logical:
		for _, t := range e.Terms {
			if f.pins(t, column) == (e.Op == "AND") {
				return e.Op == "AND"
			}
		}
		return e.Op == "OR"
	case *trinosql.BinaryExpr:
		return e.Op == "=" && (is(e.L) && literal(e.R) || is(e.R) && literal(e.L))
	case *trinosql.In:
		ok := is(e.X) && !e.Not
		for _, v := range e.List {
			ok = ok && literal(v)
		}
		return ok
	}
	return false
}

// hidden says whether Athena overlooks an object: its name begins with a dot or an underscore, or
// it stands for a folder.
func hidden(key string) bool {
	if strings.HasSuffix(key, "/") {
		return true
	}
	return slices.ContainsFunc(strings.Split(key, "/"), func(part string) bool {
		return strings.HasPrefix(part, ".") || strings.HasPrefix(part, "_")
	})
}

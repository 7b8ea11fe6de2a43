package duckdb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/sqltext"
	"github.com/lakekit/lakekit/internal/trinosql"
	"github.com/lakekit/lakekit/local/internal/athena"
)

// value is an expression in DuckDB's SQL and its type in Athena's; the zero Type is not known.
type value struct {
	sql string
	catalog.Type
}

type translator struct {
	scope      *athena.Scope
	now        time.Time
	aggregates map[string]function
	scalars    map[string]scalar
}

// translate writes a job's query for DuckDB.
func translate(job *athena.Job) (string, error) {
	from, err := source(job)
	if err != nil {
		return "", err
	}
	t := &translator{scope: job.Scope, now: job.Now, aggregates: aggregates(), scalars: scalars()}
	sel, ok := job.Query.Body.(*trinosql.Select)
	if !ok {
		return "", notSupported(job.Query, "this form of query")
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	if sel.Distinct {
		b.WriteString("DISTINCT ")
	}
	items, err := t.items(sel)
	if err != nil {
		return "", err
	}
	b.WriteString(strings.Join(items, ", "))
	if from != "" {
		b.WriteString(" FROM " + from)
	}
	if err := t.condition(&b, " WHERE ", sel.Where); err != nil {
		return "", err
	}
	if err := t.groups(&b, sel.GroupBy); err != nil {
		return "", err
	}
	if err := t.condition(&b, " HAVING ", sel.Having); err != nil {
		return "", err
	}
	if err := t.order(&b, job.Query.OrderBy); err != nil {
		return "", err
	}
	for _, c := range []struct {
		word string
		e    trinosql.Expr
	}{{" LIMIT ", job.Query.Limit}, {" OFFSET ", job.Query.Offset}} {
		if c.e == nil {
			continue
		}
		lit, ok := c.e.(*trinosql.Literal)
		if !ok || lit.Kind != trinosql.Integer {
			return "", notSupported(c.e, "LIMIT and OFFSET that are no numbers")
		}
		b.WriteString(c.word + lit.Text)
	}
	return b.String(), nil
}

func notSupported(n trinosql.Node, what string) error {
	return athena.Errorf("NOT_SUPPORTED", n, "the local Athena does not run %s", what)
}

func mismatch(n trinosql.Node, format string, args ...any) error {
	return athena.Errorf("TYPE_MISMATCH", n, format, args...)
}

func (t *translator) items(sel *trinosql.Select) ([]string, error) {
	var out []string
	for _, it := range sel.Items {
		if _, ok := it.Expr.(*trinosql.Star); ok {
			for _, c := range t.scope.Columns() {
				out = append(out, rel+"."+sqltext.Quote(c)+" AS "+sqltext.Quote(c))
			}
			continue
		}
		v, err := t.expr(it.Expr)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("_col%d", len(out))
		switch e := it.Expr.(type) {
		case *trinosql.Ident:
			name = e.Key()
		case *trinosql.Member:
			name = e.Field.Key()
		}
		if it.Alias != nil {
			name = it.Alias.Key()
		}
		out = append(out, v.sql+" AS "+sqltext.Quote(name))
	}
	return out, nil
}

func (t *translator) condition(b *strings.Builder, word string, e trinosql.Expr) error {
	if e == nil {
		return nil
	}
	v, err := t.expr(e)
	if err != nil {
		return err
	}
	if c := classOf(v.Type); c != boolean && c != unknown {
		return mismatch(e, "%s clause must evaluate to a boolean: actual type %s", strings.TrimSpace(word), v.DML())
	}
	b.WriteString(word + v.sql)
	return nil
}

func (t *translator) groups(b *strings.Builder, es []trinosql.Expr) error {
	for i, e := range es {
		sep := ", "
		if i == 0 {
			sep = " GROUP BY "
		}
		v, err := t.expr(e) // an ordinal stays a number
		if err != nil {
			return err
		}
		b.WriteString(sep + v.sql)
	}
	return nil
}

func (t *translator) order(b *strings.Builder, os []*trinosql.Order) error {
	for i, o := range os {
		sep := ", "
		if i == 0 {
			sep = " ORDER BY "
		}
		text, err := t.orderText(o)
		if err != nil {
			return err
		}
		b.WriteString(sep + text)
	}
	return nil
}

func (t *translator) orderText(o *trinosql.Order) (string, error) {
	text := ""
	if id, ok := o.Expr.(*trinosql.Ident); ok {
		if _, is := t.scope.Alias(id.Key()); is {
			text = sqltext.Quote(id.Key())
		}
	}
	if text == "" {
		v, err := t.expr(o.Expr)
		if err != nil {
			return "", err
		}
		text = v.sql
	}
	if o.Desc {
		text += " DESC"
	}
	if o.Nulls == trinosql.NullsFirst {
		return text + " NULLS FIRST", nil
	}
	return text + " NULLS LAST", nil
}

// exprs translates a list.
func (t *translator) exprs(es []trinosql.Expr) ([]value, error) {
	out := make([]value, len(es))
	for i, e := range es {
		var err error
		if out[i], err = t.expr(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *translator) expr(e trinosql.Expr) (value, error) {
	if name, typ, ok := t.scope.Column(e); ok {
		return value{rel + "." + sqltext.Quote(name), typ}, nil
	}
	switch e := e.(type) {
	case *trinosql.Ident:
		return value{}, athena.Errorf("COLUMN_NOT_FOUND", e, "Column '%s' cannot be resolved", e.Key())
	case *trinosql.Member:
		return t.member(e)
	case *trinosql.Literal:
		return literal(e)
	case *trinosql.Interval:
		if e.To != "" {
			return value{}, notSupported(e, "intervals of two units")
		}
		sign := ""
		if e.Negative {
			sign = "-"
		}
		return value{"INTERVAL " + sqltext.Literal(sign+e.Text) + " " + e.From, catalog.Type{}}, nil
	case *trinosql.Current:
		return t.current(e)
	case *trinosql.Unary:
		v, err := t.expr(e.X)
		return value{"(" + e.Op + v.sql + ")", v.Type}, err
	case *trinosql.BinaryExpr:
		return t.binary(e)
	case *trinosql.Logical:
		return t.logical(e)
	case *trinosql.Not:
		v, err := t.expr(e.X)
		return value{"(NOT " + v.sql + ")", kind(catalog.KindBoolean)}, err
	case *trinosql.IsNull:
		v, err := t.expr(e.X)
		word := " IS NULL)"
		if e.Not {
			word = " IS NOT NULL)"
		}
		return value{"(" + v.sql + word, kind(catalog.KindBoolean)}, err
	case *trinosql.In:
		return t.in(e)
	case *trinosql.Between:
		return t.between(e)
	case *trinosql.Like:
		return t.like(e)
	case *trinosql.Case:
		return t.caseOf(e)
	case *trinosql.Cast:
		return t.cast(e)
	case *trinosql.Call:
		return t.call(e)
	case *trinosql.Extract:
		v, err := t.expr(e.X)
		if err != nil {
			return value{}, err
		}
		return datePart(e, strings.ToLower(e.Field), v)
	case *trinosql.Array:
		vs, err := t.exprs(e.Elems)
		if err != nil {
			return value{}, err
		}
		out := value{sql: "[" + join(vs) + "]"}
		if len(vs) > 0 && vs[0].Kind != 0 {
			elem := vs[0].Type
			out.Type = catalog.Type{Kind: catalog.KindArray, Elem: &elem}
		}
		return out, nil
	case *trinosql.Index:
		return t.index(e)
	case *trinosql.Param:
		return value{}, athena.Errorf("INVALID_PARAMETER_USAGE", e, "Incorrect number of parameters: a question mark has no value")
	}
	return value{}, notSupported(e, fmt.Sprintf("expressions of this kind (%s)", strings.TrimPrefix(fmt.Sprintf("%T", e), "*trinosql.")))
}

func join(vs []value) string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = v.sql
	}
	return strings.Join(out, ", ")
}

func (t *translator) member(e *trinosql.Member) (value, error) {
	base, err := t.expr(e.Base)
	if err != nil {
		return value{}, err
	}
	if base.Kind != catalog.KindStruct {
		return value{}, mismatch(e, "Expression %s is not of type ROW", trinosql.Format(e.Base))
	}
	for _, f := range base.Fields {
		if f.Name == e.Field.Key() {
			return value{"struct_extract(" + base.sql + ", " + sqltext.Literal(f.Name) + ")", f.Type}, nil
		}
	}
	return value{}, athena.Errorf("COLUMN_NOT_FOUND", e, "Column '%s' cannot be resolved", trinosql.Format(e))
}

// index is a[i], which fails beyond the array, and m[k], which fails without the key.
func (t *translator) index(e *trinosql.Index) (value, error) {
	base, err := t.expr(e.Base)
	if err != nil {
		return value{}, err
	}
	at, err := t.expr(e.At)
	if err != nil {
		return value{}, err
	}
	switch base.Kind {
	case catalog.KindArray:
		return value{fmt.Sprintf("(CASE WHEN %[2]s BETWEEN 1 AND len(%[1]s) THEN %[1]s[%[2]s] WHEN %[1]s IS NULL OR %[2]s IS NULL THEN NULL ELSE error('Array subscript must be less than or equal to array length, and positive') END)", base.sql, at.sql), *base.Elem}, nil
	case catalog.KindMap:
		return value{fmt.Sprintf("(CASE WHEN %[1]s IS NULL OR %[2]s IS NULL THEN NULL WHEN map_contains(%[1]s, %[2]s) THEN %[1]s[%[2]s] ELSE error('Key not present in map') END)", base.sql, at.sql), *base.Elem}, nil
	}
	return value{}, mismatch(e, "Cannot use %s as an array or a map", trinosql.Format(e.Base))
}

func literal(e *trinosql.Literal) (value, error) {
	switch e.Kind {
	case trinosql.Null:
		return value{"NULL", catalog.Type{}}, nil
	case trinosql.Boolean:
		return value{e.Text, kind(catalog.KindBoolean)}, nil
	case trinosql.Integer:
		n, err := strconv.ParseInt(e.Text, 10, 64)
		if err != nil {
			return value{}, athena.Errorf("NUMERIC_VALUE_OUT_OF_RANGE", e, "Invalid numeric literal: it does not fit bigint")
		}
		if n <= 1<<31-1 {
			return value{e.Text, kind(catalog.KindInt)}, nil
		}
		return value{e.Text, kind(catalog.KindBigInt)}, nil
	case trinosql.DecimalNumber:
		return decimalLiteral(e.Text), nil
	case trinosql.DoubleNumber:
		return value{"CAST(" + sqltext.Literal(e.Text) + " AS DOUBLE)", kind(catalog.KindDouble)}, nil
	case trinosql.String:
		return value{sqltext.Literal(e.Text), kind(catalog.KindString)}, nil
	case trinosql.Binary:
		return value{"from_hex(" + sqltext.Literal(e.Text) + ")", kind(catalog.KindBinary)}, nil
	case trinosql.Typed:
		switch e.Type {
		case "date":
			if _, err := time.Parse(time.DateOnly, strings.TrimSpace(e.Text)); err != nil {
				return value{}, athena.Errorf("INVALID_LITERAL", e, "'%s' is not a valid DATE literal", e.Text)
			}
			return value{"DATE " + sqltext.Literal(e.Text), kind(catalog.KindDate)}, nil
		case "timestamp":
			for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02 15:04", time.DateOnly} {
				if at, err := time.Parse(layout, strings.TrimSpace(e.Text)); err == nil {
					return value{"TIMESTAMP " + sqltext.Literal(at.Format("2006-01-02 15:04:05.000000")), kind(catalog.KindTimestamp)}, nil
				}
			}
			return value{}, notSupported(e, "TIMESTAMP literals with a zone, or in another form than 2026-05-24 09:30:00")
		case "decimal":
			return decimalLiteral(e.Text), nil
		}
		return value{}, notSupported(e, e.Type+" literals")
	}
	return value{}, notSupported(e, "this literal")
}

func decimalLiteral(s string) value {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(strings.TrimSpace(s), "+-"), ".")
	p := max(1, len(strings.TrimLeft(whole, "0"))+len(fraction))
	return value{
		fmt.Sprintf("CAST(%s AS DECIMAL(%d,%d))", sqltext.Literal(strings.TrimSpace(s)), min(p, 38), len(fraction)),
		catalog.Type{Kind: catalog.KindDecimal, Precision: min(p, 38), Scale: len(fraction)},
	}
}

// current gives the functions of time from the query's own clock.
func (t *translator) current(e *trinosql.Current) (value, error) {
	switch e.Name {
	case "current_date":
		return value{"DATE " + sqltext.Literal(t.now.Format(time.DateOnly)), kind(catalog.KindDate)}, nil
	case "current_timestamp", "localtimestamp":
		return t.nowValue(), nil
	}
	return value{}, notSupported(e, e.Name)
}

func (t *translator) nowValue() value {
	return value{"TIMESTAMP " + sqltext.Literal(t.now.Format("2006-01-02 15:04:05.000")), kind(catalog.KindTimestamp)}
}

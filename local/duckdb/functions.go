package duckdb

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// function writes a call for DuckDB.
type function func(e *trinosql.Call, a []value) (value, error)

// call translates a function call. Functions that are not listed are refused: their names
// may mean something else to DuckDB.
func (t *translator) call(e *trinosql.Call) (value, error) {
	name := e.Name.Last()
	if len(e.Name.Parts) > 1 {
		return value{}, athenaFunctionMissing(e, trinosql.Format(e.Name))
	}
	if f, ok := t.aggregates[name]; ok {
		return t.aggregate(e, f)
	}
	if e.Distinct || e.Filter != nil || len(e.OrderBy) > 0 || e.Star {
		return value{}, notSupported(e, "DISTINCT, FILTER, ORDER BY or * in "+name)
	}
	if name == "date_diff" || name == "date_add" || name == "date_trunc" {
		return t.unitCall(e, name)
	}
	a, err := t.exprs(e.Args)
	if err != nil {
		return value{}, err
	}
	switch name {
	case "now":
		return t.nowValue(), nil
	case "if":
		return ifCall(e, a)
	}
	s, ok := t.scalars[name]
	if !ok {
		return value{}, athenaFunctionMissing(e, name)
	}
	if len(a) < s.min || len(a) > s.max {
		return value{}, mismatch(e, "Unexpected parameters for function %s: %d of them", name, len(a))
	}
	for i, v := range a {
		c := classOf(v.Type)
		want := s.args[min(i, len(s.args)-1)]
		if want != unknown && c != unknown && c != want {
			return value{}, mismatch(e, "Unexpected parameters (%s) for function %s", v.DML(), name)
		}
	}
	return s.write(e, a)
}

func athenaFunctionMissing(n trinosql.Node, name string) error {
	return notSupported(n, "the function "+name)
}

func ifCall(e *trinosql.Call, a []value) (value, error) {
	if len(a) != 2 && len(a) != 3 {
		return value{}, mismatch(e, "IF takes two or three arguments")
	}
	if len(a) == 2 {
		return value{fmt.Sprintf("(CASE WHEN %s THEN %s END)", a[0].sql, a[1].sql), a[1].Type}, nil
	}
	typ, err := unite(e, a[1].Type, a[2].Type)
	return value{fmt.Sprintf("(CASE WHEN %s THEN %s ELSE %s END)", a[0].sql, a[1].sql, a[2].sql), typ}, err
}

func aggregates() map[string]function {
	same := func(name string) function {
		return func(_ *trinosql.Call, a []value) (value, error) {
			return value{name + "(" + join(a) + ")", a[0].Type}, nil
		}
	}
	typed := func(name string, k catalog.Kind) function {
		return func(_ *trinosql.Call, a []value) (value, error) {
			return value{name + "(" + join(a) + ")", kind(k)}, nil
		}
	}
	return map[string]function{
		"count": typed("count", catalog.KindBigInt),
		"count_if": func(_ *trinosql.Call, a []value) (value, error) {
			// DuckDB's own count_if is NULL where all is NULL.
			return value{"count(CASE WHEN " + a[0].sql + " THEN 1 END)", kind(catalog.KindBigInt)}, nil
		},
		"approx_distinct": typed("count", catalog.KindBigInt), // the caller adds DISTINCT: exact is within its error
		"min":             same("min"),
		"max":             same("max"),
		"arbitrary":       same("any_value"),
		"any_value":       same("any_value"),
		"bool_and":        typed("bool_and", catalog.KindBoolean),
		"bool_or":         typed("bool_or", catalog.KindBoolean),
		"every":           typed("bool_and", catalog.KindBoolean),
		"stddev":          typed("stddev_samp", catalog.KindDouble),
		"stddev_samp":     typed("stddev_samp", catalog.KindDouble),
		"stddev_pop":      typed("stddev_pop", catalog.KindDouble),
		"variance":        typed("var_samp", catalog.KindDouble),
		"var_samp":        typed("var_samp", catalog.KindDouble),
		"var_pop":         typed("var_pop", catalog.KindDouble),
		"min_by":          same("min_by"),
		"max_by":          same("max_by"),
		"sum":             sum,
		"avg":             avg,
	}
}

func (t *translator) aggregate(e *trinosql.Call, f function) (value, error) {
	name := e.Name.Last()
	if e.Star {
		if name != "count" {
			return value{}, mismatch(e, "%s(*) is not a function", name)
		}
		return t.filtered(e, value{"count(*)", kind(catalog.KindBigInt)})
	}
	if len(e.OrderBy) > 0 {
		return value{}, notSupported(e, "ORDER BY in "+name)
	}
	a, err := t.exprs(e.Args)
	if err != nil {
		return value{}, err
	}
	want := 1
	if strings.HasSuffix(name, "_by") {
		want = 2
	}
	if len(a) != want {
		return value{}, notSupported(e, fmt.Sprintf("%s with %d arguments", name, len(a)))
	}
	if e.Distinct || name == "approx_distinct" {
		a[0].sql = "DISTINCT " + a[0].sql
	}
	v, err := f(e, a)
	if err != nil {
		return value{}, err
	}
	return t.filtered(e, v)
}

func (t *translator) filtered(e *trinosql.Call, v value) (value, error) {
	if e.Filter == nil {
		return v, nil
	}
	c, err := t.expr(e.Filter)
	if err != nil {
		return value{}, err
	}
	filter := " FILTER (WHERE " + c.sql + ")"
	if rest, ok := strings.CutPrefix(v.sql, "CAST("); ok { // CAST(sum(x) AS BIGINT): the filter is sum's
		if i := strings.LastIndex(rest, " AS "); i >= 0 {
			return value{"CAST(" + rest[:i] + filter + rest[i:], v.Type}, nil
		}
	}
	return value{v.sql + filter, v.Type}, nil
}

// sum of integers is a bigint, and an error beyond.
func sum(e *trinosql.Call, a []value) (value, error) {
	sql := "sum(" + a[0].sql + ")"
	switch {
	case isInteger(a[0].Type):
		return value{"CAST(" + sql + " AS BIGINT)", kind(catalog.KindBigInt)}, nil
	case a[0].Kind == catalog.KindDecimal:
		return value{sql, catalog.Type{Kind: catalog.KindDecimal, Precision: 38, Scale: a[0].Scale}}, nil
	case a[0].Kind == catalog.KindFloat:
		return value{"CAST(" + sql + " AS FLOAT)", a[0].Type}, nil
	case a[0].Kind == catalog.KindDouble:
		return value{sql, a[0].Type}, nil
	}
	return value{}, mismatch(e, "Unexpected parameters (%s) for function sum", typeName(a[0]))
}

func avg(e *trinosql.Call, a []value) (value, error) {
	switch {
	case isInteger(a[0].Type), a[0].Kind == catalog.KindDouble:
		return value{"avg(" + a[0].sql + ")", kind(catalog.KindDouble)}, nil
	case a[0].Kind == catalog.KindFloat:
		return value{"CAST(avg(" + a[0].sql + ") AS FLOAT)", a[0].Type}, nil
	case a[0].Kind == catalog.KindDecimal:
		return decimalAvg(e, a[0])
	}
	return value{}, mismatch(e, "Unexpected parameters (%s) for function avg", typeName(a[0]))
}

// decimalAvg is the sum divided by the count, rounded half up at the argument's scale, in
// whole numbers: DuckDB's own would be a double.
func decimalAvg(e *trinosql.Call, v value) (value, error) {
	if strings.HasPrefix(v.sql, "DISTINCT ") || e.Filter != nil {
		return value{}, notSupported(e, "avg of decimals with DISTINCT or FILTER: CAST to double")
	}
	if v.Precision > 18 {
		return value{}, notSupported(e, "avg of decimals of more than 18 digits: CAST to double")
	}
	units := fmt.Sprintf("sum(CAST(%s * CAST(%s AS DECIMAL(19,0)) AS HUGEINT))", v.sql, "1"+strings.Repeat("0", v.Scale))
	name, err := duckType(v.Type)
	return value{fmt.Sprintf("CAST(CAST((2 * %[1]s + sign(%[1]s)::HUGEINT * count(%[2]s)) // (2 * nullif(count(%[2]s), 0)) AS DECIMAL(%[3]d,0)) * %[4]s AS %[5]s)",
		units, v.sql, v.Precision, unit(v.Scale), name), v.Type}, err
}

// unit writes 10^-scale as a decimal.
func unit(scale int) string {
	if scale == 0 {
		return "1"
	}
	return fmt.Sprintf("CAST('0.%s1' AS DECIMAL(%d,%d))", strings.Repeat("0", scale-1), scale, scale)
}

func typeName(v value) string {
	if v.Kind == 0 {
		return "unknown"
	}
	return v.DML()
}

// unitCall translates the functions whose first argument names a unit.
func (t *translator) unitCall(e *trinosql.Call, name string) (value, error) {
	lit, ok := (*trinosql.Literal)(nil), false
	if len(e.Args) > 0 {
		lit, ok = e.Args[0].(*trinosql.Literal)
	}
	if !ok || lit.Kind != trinosql.String {
		return value{}, notSupported(e, name+" whose unit is no text")
	}
	u := strings.ToLower(lit.Text)
	switch u {
	case "second", "minute", "hour", "day", "week", "month", "quarter", "year", "millisecond":
	default:
		return value{}, mismatch(e, "'%s' is not a valid unit", lit.Text)
	}
	a, err := t.exprs(e.Args[1:])
	if err != nil {
		return value{}, err
	}
	switch {
	case name == "date_trunc" && len(a) == 1 && classOf(a[0].Type) == moment:
		d, err := duckType(a[0].Type)
		return value{fmt.Sprintf("CAST(date_trunc('%s', %s) AS %s)", u, a[0].sql, d), a[0].Type}, err
	case name == "date_diff" && len(a) == 2 && classOf(a[0].Type) == moment && classOf(a[1].Type) == moment:
		// DuckDB's date_diff counts boundaries, its date_sub whole units.
		return value{fmt.Sprintf("date_sub('%s', CAST(%s AS TIMESTAMP), CAST(%s AS TIMESTAMP))", u, a[0].sql, a[1].sql), kind(catalog.KindBigInt)}, nil
	case name == "date_add" && len(a) == 2 && isInteger(a[0].Type) && classOf(a[1].Type) == moment:
		return shifted(a[1], "+", value{sql: fmt.Sprintf("(%s * INTERVAL '1' %s)", a[0].sql, strings.ToUpper(u))}), nil
	}
	return value{}, mismatch(e, "Unexpected parameters for function %s", name)
}

// datePart is extract and the functions year, month and so on.
func datePart(n trinosql.Node, part string, v value) (value, error) {
	if c := classOf(v.Type); c != moment {
		return value{}, mismatch(n, "Unexpected parameters (%s) for function %s", typeName(v), part)
	}
	name := map[string]string{
		"year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day", "day_of_month": "day",
		"day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
		"hour": "hour", "minute": "minute", "second": "second", "year_of_week": "isoyear", "yow": "isoyear",
	}[part]
	if name == "" {
		return value{}, notSupported(n, "the date part "+part)
	}
	return value{name + "(" + v.sql + ")", kind(catalog.KindBigInt)}, nil
}

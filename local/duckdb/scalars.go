package duckdb

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// scalar is a function of one row's values: how many arguments it takes, of which classes
// (the last holds for the rest), and how it is written.
type scalar struct {
	min, max int
	args     []class
	write    function
}

const many = 100

func scalars() map[string]scalar {
	str, num, any := []class{text}, []class{number}, []class{unknown}
	varchar, bigint, double, boolean := kind(catalog.KindString), kind(catalog.KindBigInt), kind(catalog.KindDouble), kind(catalog.KindBoolean)
	// plain is a function that both engines have under these names.
	plain := func(name string, lo, hi int, args []class, typ catalog.Type) scalar {
		return scalar{lo, hi, args, func(_ *trinosql.Call, a []value) (value, error) {
			return value{name + "(" + join(a) + ")", typ}, nil
		}}
	}
	// same is one of one number, whose type the result has; of a decimal, digits before the
	// point are the given function's.
	same := func(name string, whole func(catalog.Type) catalog.Type) scalar {
		return scalar{1, 1, num, func(_ *trinosql.Call, a []value) (value, error) {
			typ := a[0].Type
			if typ.Kind == catalog.KindDecimal && whole != nil {
				typ = whole(typ)
			}
			if typ.Kind == 0 {
				typ = double
			}
			to, err := duckType(typ)
			return value{fmt.Sprintf("CAST(%s(%s) AS %s)", name, join(a), to), typ}, err
		}}
	}
	part := func(name string) scalar {
		return scalar{1, 1, any, func(e *trinosql.Call, a []value) (value, error) { return datePart(e, name, a[0]) }}
	}
	m := map[string]scalar{
		"lower":       plain("lower", 1, 1, str, varchar),
		"upper":       plain("upper", 1, 1, str, varchar),
		"trim":        plain("trim", 1, 1, str, varchar),
		"ltrim":       plain("ltrim", 1, 1, str, varchar),
		"rtrim":       plain("rtrim", 1, 1, str, varchar),
		"reverse":     plain("reverse", 1, 1, str, varchar),
		"length":      plain("length", 1, 1, str, bigint),
		"strpos":      plain("strpos", 2, 2, str, bigint),
		"starts_with": plain("starts_with", 2, 2, str, boolean),
		"split_part":  splitPart(),
		"replace":     {2, 3, str, replace},
		"substr":      {2, 3, []class{text, number}, substr},
		"substring":   {2, 3, []class{text, number}, substr},
		"concat":      {2, many, str, concat},
		"regexp_like": plain("regexp_matches", 2, 2, str, boolean),
		"abs":         same("abs", nil),
		"sign":        same("sign", func(catalog.Type) catalog.Type { return catalog.Type{Kind: catalog.KindDecimal, Precision: 1} }),
		"floor":       same("floor", rounded),
		"ceil":        same("ceil", rounded),
		"ceiling":     same("ceil", rounded),
		"sqrt":        {1, 1, num, sqrt},
		"exp":         plain("exp", 1, 1, num, double),
		"power":       plain("pow", 2, 2, num, double),
		"pow":         plain("pow", 2, 2, num, double),
		"round":       {1, 2, num, round},
		"coalesce":    {2, many, any, coalesce},
		"nullif":      {2, 2, any, nullif},
		"date":        {1, 1, any, toDate},
		"cardinality": {1, 1, []class{nested}, cardinality},
		"contains":    {2, 2, []class{nested, unknown}, contains},
		"element_at":  {2, 2, []class{nested, unknown}, elementAt},
		"json_format": {1, 1, any, func(_ *trinosql.Call, a []value) (value, error) {
			return value{"CAST(" + a[0].sql + " AS VARCHAR)", varchar}, nil
		}},
	}
	for _, name := range []string{"year", "quarter", "month", "week", "day", "day_of_month", "day_of_week", "dow", "day_of_year", "doy", "hour", "minute", "second"} {
		m[name] = part(name)
	}
	return m
}

func splitPart() scalar {
	return scalar{3, 3, []class{text, text, number}, func(_ *trinosql.Call, a []value) (value, error) {
		// Beyond the last part Athena has NULL, DuckDB an empty text.
		return value{fmt.Sprintf("(CASE WHEN %[3]s > len(string_split(%[1]s, %[2]s)) THEN NULL ELSE split_part(%[1]s, %[2]s, %[3]s) END)", a[0].sql, a[1].sql, a[2].sql), kind(catalog.KindString)}, nil
	}}
}

func replace(_ *trinosql.Call, a []value) (value, error) {
	if len(a) == 2 {
		a = append(a, value{"''", kind(catalog.KindString)})
	}
	return value{"replace(" + join(a) + ")", kind(catalog.KindString)}, nil
}

// substr with a start of zero, or before the text, is empty in Athena, and begins at the first
// character in DuckDB.
func substr(_ *trinosql.Call, a []value) (value, error) {
	return value{fmt.Sprintf("(CASE WHEN %[2]s = 0 OR %[2]s < -length(%[1]s) THEN '' ELSE substring(%[3]s) END)", a[0].sql, a[1].sql, join(a)), kind(catalog.KindString)}, nil
}

// concat with NULL is NULL, as || is; DuckDB's concat leaves NULLs out.
func concat(_ *trinosql.Call, a []value) (value, error) {
	out := make([]string, len(a))
	for i, v := range a {
		out[i] = v.sql
	}
	return value{"CAST(" + strings.Join(out, " || ") + " AS VARCHAR)", kind(catalog.KindString)}, nil
}

// rounded is the type of a decimal without places: one digit more, which rounding may need.
func rounded(t catalog.Type) catalog.Type {
	return catalog.Type{Kind: catalog.KindDecimal, Precision: min(38, t.Precision-t.Scale+min(t.Scale, 1))}
}

// sqrt of a negative number is NaN in Athena, and an error in DuckDB.
func sqrt(_ *trinosql.Call, a []value) (value, error) {
	return value{fmt.Sprintf("(CASE WHEN %[1]s < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(%[1]s) END)", a[0].sql), kind(catalog.KindDouble)}, nil
}

// contains is NULL when the value is not found and one of the elements is NULL.
func contains(e *trinosql.Call, a []value) (value, error) {
	if a[0].Kind == catalog.KindArray {
		if err := comparable(e, "=", value{Type: *a[0].Elem}, a[1]); err != nil {
			return value{}, err
		}
	}
	return value{fmt.Sprintf("(CASE WHEN list_contains(%[1]s, %[2]s) THEN TRUE WHEN list_count(%[1]s) < len(%[1]s) THEN NULL ELSE list_contains(%[1]s, %[2]s) END)", a[0].sql, a[1].sql), kind(catalog.KindBoolean)}, nil
}

func round(e *trinosql.Call, a []value) (value, error) {
	if a[0].Kind == catalog.KindDecimal {
		if len(a) == 1 {
			return value{"round(" + a[0].sql + ", 0)", catalog.Type{Kind: catalog.KindDecimal, Precision: min(38, a[0].Precision-a[0].Scale+1)}}, nil
		}
		return value{}, notSupported(e, "round of a decimal to a number of places: CAST to a decimal of that scale")
	}
	return value{"round(" + join(a) + ")", a[0].Type}, nil
}

func coalesce(e *trinosql.Call, a []value) (value, error) {
	var typ catalog.Type
	for _, v := range a {
		var err error
		if typ, err = unite(e, typ, v.Type); err != nil {
			return value{}, err
		}
	}
	return value{"coalesce(" + join(a) + ")", typ}, nil
}

func nullif(e *trinosql.Call, a []value) (value, error) {
	return value{"nullif(" + join(a) + ")", a[0].Type}, comparable(e, "=", a[0], a[1])
}

func toDate(e *trinosql.Call, a []value) (value, error) {
	if c := classOf(a[0].Type); c != moment && c != text {
		return value{}, mismatch(e, "Unexpected parameters (%s) for function date", typeName(a[0]))
	}
	return value{"CAST(" + a[0].sql + " AS DATE)", kind(catalog.KindDate)}, nil
}

func cardinality(_ *trinosql.Call, a []value) (value, error) {
	name := "len"
	if a[0].Kind == catalog.KindMap {
		name = "cardinality"
	}
	return value{"CAST(" + name + "(" + a[0].sql + ") AS BIGINT)", kind(catalog.KindBigInt)}, nil
}

// elementAt is NULL beyond the array and without the key.
func elementAt(e *trinosql.Call, a []value) (value, error) {
	switch a[0].Kind {
	case catalog.KindArray:
		return value{"list_extract(" + join(a) + ")", *a[0].Elem}, nil
	case catalog.KindMap:
		return value{"(" + a[0].sql + "[" + a[1].sql + "])", *a[0].Elem}, nil
	}
	return value{}, mismatch(e, "Unexpected parameters (%s) for function element_at", typeName(a[0]))
}

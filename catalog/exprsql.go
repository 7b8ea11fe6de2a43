package catalog

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/trinosql"
)

// Node is the condition's syntax, for lakekit's own packages. A condition with an error
// has none.
func (p Pred) Node() trinosql.Expr {
	if p.err != nil || p.op == 0 {
		return &trinosql.Literal{Kind: trinosql.Boolean, Text: "TRUE"}
	}
	switch p.op {
	case OpAnd, OpOr:
		l := &trinosql.Logical{Op: p.op.String()}
		for _, t := range p.terms {
			l.Terms = append(l.Terms, t.Node())
		}
		return l
	case OpNot:
		return &trinosql.Not{X: p.terms[0].Node()}
	}
	x := p.left.Node()
	vs := make([]trinosql.Expr, len(p.values))
	for i, v := range p.values {
		vs[i] = literal(p.left.Type(), v)
	}
	switch p.op {
	case OpBetween:
		return &trinosql.Between{X: x, Low: vs[0], High: vs[1]}
	case OpOneOf:
		return &trinosql.In{X: x, List: vs}
	case OpLike:
		return &trinosql.Like{X: x, Pattern: vs[0]}
	case OpIsNull, OpIsNotNull:
		return &trinosql.IsNull{X: x, Not: p.op == OpIsNotNull}
	default:
		return &trinosql.BinaryExpr{Op: p.op.String(), L: x, R: vs[0]}
	}
}

// literal writes a value that typedValue gave.
func literal(t Type, v any) trinosql.Expr {
	typed := func(name, text string) trinosql.Expr {
		return &trinosql.Literal{Kind: trinosql.Typed, Type: name, Text: text}
	}
	switch v := v.(type) {
	case Column:
		return v.Node()
	case string:
		if t.Kind == KindUUID {
			return typed("uuid", v)
		}
		return &trinosql.Literal{Kind: trinosql.String, Text: v}
	case bool:
		return &trinosql.Literal{Kind: trinosql.Boolean, Text: strings.ToUpper(strconv.FormatBool(v))}
	case []byte:
		return &trinosql.Literal{Kind: trinosql.Binary, Text: strings.ToUpper(hex.EncodeToString(v))}
	case int64:
		if v == math.MinInt64 { // its digits alone are no bigint
			return typed("bigint", strconv.FormatInt(v, 10))
		}
		return signed(trinosql.Integer, strconv.FormatInt(v, 10))
	case float64:
		if t.Kind == KindFloat { // a double would not equal the float that has its digits
			return typed("real", strconv.FormatFloat(v, 'g', -1, 32))
		}
		return signed(trinosql.DoubleNumber, strconv.FormatFloat(v, 'e', -1, 64))
	case Decimal:
		return typed("decimal", v.String())
	case Date:
		return typed("date", v.String())
	case time.Time:
		text := v.Format(timestampLayout(v))
		if t.Kind == KindTimestampTZ {
			text += " UTC"
		}
		return typed("timestamp", text)
	}
	return &trinosql.Literal{Kind: trinosql.Null}
}

// signed writes a number that may be negative: Trino's literals have no sign.
func signed(kind trinosql.LiteralKind, text string) trinosql.Expr {
	digits, negative := strings.CutPrefix(text, "-")
	l := &trinosql.Literal{Kind: kind, Text: digits}
	if negative {
		return &trinosql.Unary{Op: "-", X: l}
	}
	return l
}

// timestampLayout has the digits that the instant needs.
func timestampLayout(t time.Time) string {
	const seconds = "2006-01-02 15:04:05"
	switch n := t.Nanosecond(); {
	case n == 0:
		return seconds
	case n%1e6 == 0:
		return seconds + ".000"
	case n%1e3 == 0:
		return seconds + ".000000"
	}
	return seconds + ".000000000"
}

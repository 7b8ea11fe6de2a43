//go:build cgo

package duckdb

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/lakekit/lakekit/local/internal/athena"
)

// renderer writes a value as Athena's results have it.
type renderer func(v any) (string, error)

// columnOf gives a result column its type in Athena and the way its values are written,
// from the name of its type in DuckDB.
func columnOf(name, typ string) (athena.Column, renderer, error) {
	p := &typeParser{s: typ}
	t, err := p.parse()
	if err != nil || p.s != "" {
		return athena.Column{}, nil, fmt.Errorf("duckdb: column %s has the type %s, which Athena has not", name, typ)
	}
	c := athena.Column{Name: name, Type: t.name, Precision: t.precision, Scale: t.scale}
	return c, t.render, nil
}

// resultType is a type of a result.
type resultType struct {
	name             string
	precision, scale int
	elem, key        *resultType
	fields           []resultField
}

type resultField struct {
	name string
	typ  resultType
}

type typeParser struct{ s string }

var errType = errors.New("unknown type")

// parse reads a type's name: BIGINT, DECIMAL(10,2), STRUCT("a" INTEGER)[], MAP(VARCHAR, DATE).
func (p *typeParser) parse() (resultType, error) {
	t, err := p.base()
	for err == nil && strings.HasPrefix(p.s, "[]") {
		p.s = p.s[2:]
		elem := t
		t = resultType{name: "array", elem: &elem}
	}
	return t, err
}

func (p *typeParser) base() (resultType, error) {
	// Longer names first: one may begin with another.
	for _, known := range []struct {
		name string
		t    resultType
	}{
		{"BOOLEAN", resultType{name: "boolean"}},
		{"TINYINT", resultType{name: "tinyint", precision: 3}},
		{"SMALLINT", resultType{name: "smallint", precision: 5}},
		{"INTEGER", resultType{name: "integer", precision: 10}},
		{"BIGINT", resultType{name: "bigint", precision: 19}},
		{"HUGEINT", resultType{name: "bigint", precision: 19}},
		{"FLOAT", resultType{name: "float", precision: 17}},
		{"DOUBLE", resultType{name: "double", precision: 17}},
		{"VARCHAR", resultType{name: "varchar", precision: math.MaxInt32}},
		{"JSON", resultType{name: "varchar", precision: math.MaxInt32}},
		{"BLOB", resultType{name: "varbinary", precision: math.MaxInt32}},
		{"DATE", resultType{name: "date"}},
		{"TIMESTAMP WITH TIME ZONE", resultType{name: "timestamp with time zone", precision: 3}},
		{"TIMESTAMPTZ", resultType{name: "timestamp with time zone", precision: 3}},
		{"TIMESTAMP", resultType{name: "timestamp", precision: 3}},
		{`"NULL"`, resultType{name: "unknown"}},
		{"SQLNULL", resultType{name: "unknown"}},
	} {
		if p.accept(known.name) {
			return known.t, nil
		}
	}
	switch {
	case p.accept("DECIMAL("):
		var t resultType
		text, rest, ok := strings.Cut(p.s, ")")
		if _, err := fmt.Sscanf(text, "%d,%d", &t.precision, &t.scale); err != nil || !ok {
			return t, errType
		}
		p.s, t.name = rest, "decimal"
		return t, nil
	case p.accept("MAP("):
		key, err := p.parse()
		if err != nil || !p.accept(",") {
			return key, errType
		}
		p.s = strings.TrimLeft(p.s, " ")
		elem, err := p.parse()
		if err != nil || !p.accept(")") {
			return elem, errType
		}
		return resultType{name: "map", key: &key, elem: &elem}, nil
	case p.accept("STRUCT("):
		return p.structType()
	}
	return resultType{}, errType
}

func (p *typeParser) accept(s string) bool {
	rest, ok := strings.CutPrefix(p.s, s)
	if ok {
		p.s = rest
	}
	return ok
}

func (p *typeParser) structType() (resultType, error) {
	t := resultType{name: "row"}
	for {
		name, ok := p.fieldName()
		if !ok || !p.accept(" ") {
			return t, errType
		}
		typ, err := p.parse()
		if err != nil {
			return t, err
		}
		t.fields = append(t.fields, resultField{name, typ})
		if p.accept(")") {
			return t, nil
		}
		if !p.accept(",") {
			return t, errType
		}
		p.s = strings.TrimLeft(p.s, " ")
	}
}

func (p *typeParser) fieldName() (string, bool) {
	if !p.accept(`"`) {
		name, _, ok := strings.Cut(p.s, " ")
		p.s = p.s[len(name):]
		return name, ok
	}
	var b strings.Builder
	for {
		text, rest, ok := strings.Cut(p.s, `"`)
		if !ok {
			return "", false
		}
		b.WriteString(text)
		p.s = rest
		if !p.accept(`"`) {
			return b.String(), true
		}
		b.WriteByte('"')
	}
}

// render writes a value.
func (t resultType) render(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil // inside an array, a map or a row
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return v, nil
	case int8:
		return strconv.FormatInt(int64(v), 10), nil
	case int16:
		return strconv.FormatInt(int64(v), 10), nil
	case int32:
		return strconv.FormatInt(int64(v), 10), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		if t.name == "bigint" && !v.IsInt64() {
			return "", &athena.Error{Code: "NUMERIC_VALUE_OUT_OF_RANGE", Message: "bigint overflow"}
		}
		return v.String(), nil
	case float32:
		return javaFloat(float64(v), 32), nil
	case float64:
		return javaFloat(v, 64), nil
	case duck.Decimal:
		return decimalText(v), nil
	case []byte:
		return hexText(v), nil
	case time.Time:
		switch t.name {
		case "date":
			return v.UTC().Format(time.DateOnly), nil
		case "timestamp":
			return v.UTC().Format("2006-01-02 15:04:05.000"), nil
		}
		return v.UTC().Format("2006-01-02 15:04:05.000") + " UTC", nil
	}
	return t.renderNested(v)
}

func (t resultType) renderNested(v any) (string, error) {
	if t.elem == nil && t.fields == nil {
		return "", fmt.Errorf("duckdb: a %s has the value %T, which Athena has not", t.name, v)
	}
	var parts []string
	add := func(prefix string, t resultType, v any) error {
		s, err := t.render(v)
		parts = append(parts, prefix+s)
		return err
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := add("", *t.elem, e); err != nil {
				return "", err
			}
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case map[string]any:
		for _, f := range t.fields {
			if err := add(f.name+"=", f.typ, v[f.name]); err != nil {
				return "", err
			}
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case duck.OrderedMap:
		values := v.Values()
		for i, k := range v.Keys() {
			key, err := t.key.render(k)
			if err != nil {
				return "", err
			}
			if err := add(key+"=", *t.elem, values[i]); err != nil {
				return "", err
			}
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "", fmt.Errorf("duckdb: a result has a %T, which Athena has not", v)
}

// decimalText writes a decimal with all its places.
func decimalText(d duck.Decimal) string {
	s := new(big.Int).Abs(d.Value).String()
	if n := int(d.Scale); n > 0 {
		if len(s) <= n {
			s = strings.Repeat("0", n+1-len(s)) + s
		}
		s = s[:len(s)-n] + "." + s[len(s)-n:]
	}
	if d.Value.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// hexText writes binary as Athena does: ca fe.
func hexText(b []byte) string {
	var out strings.Builder
	for i := range b {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(hex.EncodeToString(b[i : i+1]))
	}
	return out.String()
}

// javaFloat writes a number as Java does: 1.0, 1.0E10, 1.0E-5, NaN, Infinity.
func javaFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'e', -1, bits)
	mantissa, exponent, _ := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent) // it is strconv's own
	return mantissa + "E" + strconv.Itoa(n)
}

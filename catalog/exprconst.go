package catalog

import (
	"errors"
	"reflect"
	"time"

	"github.com/lakekit/lakekit/internal/trinosql"
)

// Constant is a value in a statement that belongs to no column.
type Constant struct {
	typ   Type
	value any
	err   error
}

// Const makes a literal of a Go value by its type: a string, bool, []byte, integer, float,
// [Decimal], [Date] or [time.Time] (an instant, which becomes a timestamp in UTC).
func Const(v any) Constant {
	c := Constant{typ: constType(v)}
	if c.typ.Kind == 0 {
		c.err = errors.New("a constant is a string, bool, []byte, number, catalog.Decimal, catalog.Date or time.Time, and not a " + typeName(v))
		return c
	}
	if c.value, c.err = typedValue(c.typ, v); c.err != nil {
		c.typ = Type{}
	}
	return c
}

func typeName(v any) string {
	if v == nil {
		return "nil"
	}
	return reflect.TypeOf(v).String()
}

func constType(v any) Type {
	switch v := v.(type) {
	case []byte:
		return Type{Kind: KindBinary}
	case Decimal:
		return Type{Kind: KindDecimal, Precision: maxDigits, Scale: v.Scale()}
	case Date:
		return Type{Kind: KindDate}
	case time.Time:
		return Type{Kind: KindTimestamp}
	}
	switch rv := reflect.ValueOf(v); {
	case !rv.IsValid():
		return Type{}
	case rv.Kind() == reflect.String:
		return Type{Kind: KindString}
	case rv.Kind() == reflect.Bool:
		return Type{Kind: KindBoolean}
	case rv.CanInt(), rv.CanUint():
		return Type{Kind: KindBigInt}
	case rv.CanFloat():
		return Type{Kind: KindDouble}
	}
	return Type{}
}

// Type is the value's type.
func (c Constant) Type() Type { return c.typ }

// Err says what is wrong with the value.
func (c Constant) Err() error {
	if c.err == nil && c.typ.Kind == 0 {
		return errors.New("a Constant is made by Const, this one is empty")
	}
	return c.err
}

// Node is the literal's syntax, for lakekit's own packages.
func (c Constant) Node() trinosql.Expr { return literal(c.typ, c.value) }

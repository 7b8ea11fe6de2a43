package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"
)

// typedValue checks a value against the type that it is compared with, and gives it in
// the one Go type that stands for it.
func typedValue(t Type, v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, errors.New("nothing equals NULL: use IsNull or IsNotNull")
	case Column:
		return v, comparableColumn(t, v)
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer {
		return nil, fmt.Errorf("the value is a pointer (%T): give what it points to, or use IsNull", v)
	}
	switch t.Kind {
	case KindArray, KindMap, KindStruct:
		return nil, fmt.Errorf("%s is not compared with a value: use a member of it, or IsNull", t)
	case KindTime:
		return nil, errors.New("a time of day is not compared with a value")
	case KindString, KindVarchar, KindChar, KindUUID:
		if rv.Kind() == reflect.String {
			return textValue(t, rv.String())
		}
	case KindBoolean:
		if rv.Kind() == reflect.Bool {
			return rv.Bool(), nil
		}
	case KindBinary, KindFixed:
		if b, ok := v.([]byte); ok {
			return bytes.Clone(b), nil
		}
	case KindDate:
		if d, ok := v.(Date); ok {
			if y := d.Time().Year(); y < 1 || y > 9999 {
				return nil, fmt.Errorf("year %d is out of range (1 to 9999)", y)
			}
			return d, nil
		}
	case KindTimestamp, KindTimestampTZ:
		if i, ok := v.(time.Time); ok {
			i = i.UTC()
			if y := i.Year(); y < 1 || y > 9999 {
				return nil, fmt.Errorf("year %d is out of range (1 to 9999)", y)
			}
			return i, nil
		}
	default:
		return numericValue(t, v, rv)
	}
	return nil, mismatch(t, v)
}

func textValue(t Type, s string) (any, error) {
	if t.Kind == KindUUID && !isUUID(s) {
		return nil, errors.New("the value is no UUID: it is written as 123e4567-e89b-12d3-a456-426614174000")
	}
	return s, nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if s[i] != '-' {
				return false
			}
		case !isDigit(s[i]) && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// comparableColumn says whether two columns can be compared without a cast that might fail.
func comparableColumn(t Type, c Column) error {
	if err := c.Err(); err != nil {
		return err
	}
	if u := c.Type(); kindClass(t.Kind) == 0 || kindClass(t.Kind) != kindClass(u.Kind) {
		return fmt.Errorf("%s is not compared with %s, which is %s", t, c, u)
	}
	return nil
}

func kindClass(k Kind) int {
	switch k {
	case KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDouble, KindDecimal:
		return 1
	case KindString, KindVarchar, KindChar:
		return 2
	case KindBinary, KindFixed:
		return 3
	case KindArray, KindMap, KindStruct, 0:
		return 0
	default:
		return 100 + int(k)
	}
}

func numericValue(t Type, v any, rv reflect.Value) (any, error) {
	var n int64
	switch {
	case rv.CanInt():
		n = rv.Int()
		if _, ok := v.(time.Duration); ok {
			return nil, errors.New("the value is a time.Duration: give its number of the unit that the column counts")
		}
	case rv.CanUint():
		if rv.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("%d is too large for any integer column", rv.Uint())
		}
		n = int64(rv.Uint())
	case rv.CanFloat():
		f := rv.Float()
		if t.Kind != KindFloat && t.Kind != KindDouble {
			return nil, mismatch(t, v)
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%v is not a number that a column is compared with", f)
		}
		if t.Kind == KindFloat && float64(float32(f)) != f {
			return nil, fmt.Errorf("%v has more digits than a float: give float64(float32(x)) if the nearest float is meant", f)
		}
		return f, nil
	default:
		if d, ok := v.(Decimal); ok && t.Kind == KindDecimal {
			return d, nil
		}
		return nil, mismatch(t, v)
	}
	switch t.Kind {
	case KindFloat, KindDouble:
		most := int64(1) << 53
		if t.Kind == KindFloat {
			most = 1 << 24
		}
		if n > most || n < -most {
			return nil, fmt.Errorf("%d has more digits than a %s holds", n, t)
		}
		return float64(n), nil
	case KindTinyInt, KindSmallInt, KindInt:
		width := map[Kind]int{KindTinyInt: 7, KindSmallInt: 15, KindInt: 31}[t.Kind]
		if most := int64(1) << width; n >= most || n < -most {
			return nil, fmt.Errorf("%d does not fit a %s (%d to %d)", n, t, -most, most-1)
		}
	}
	return n, nil
}

// mismatch says which Go value the type wants.
func mismatch(t Type, v any) error {
	want := "a number"
	switch t.Kind {
	case KindTinyInt, KindSmallInt, KindInt, KindBigInt:
		want = "an integer"
	case KindDecimal:
		want = "a catalog.Decimal or an integer (a float would not be exact)"
	case KindString, KindVarchar, KindChar, KindUUID:
		want = "a string"
	case KindBoolean:
		want = "a bool"
	case KindBinary, KindFixed:
		want = "a []byte"
	case KindDate:
		want = "a catalog.Date (catalog.DateOf makes one of a time.Time)"
	case KindTimestamp, KindTimestampTZ:
		want = "a time.Time"
	}
	return fmt.Errorf("a %s is compared with %s, and the value is of Go's type %T", t, want, v)
}

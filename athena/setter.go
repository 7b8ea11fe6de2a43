package athena

import (
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// setter reads a value's text into v. NULL does not come here.
type setter func(text string, v reflect.Value) error

// isValue says whether a struct type is one value and no row.
func isValue(t reflect.Type) bool {
	return t == timeType || t == decimalType || t == dateType || isSQLNull(t) || reflect.PointerTo(t).Implements(textType)
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	decimalType = reflect.TypeFor[catalog.Decimal]()
	dateType    = reflect.TypeFor[catalog.Date]()
	rawType     = reflect.TypeFor[json.RawMessage]()
	bytesType   = reflect.TypeFor[[]byte]()
	textType    = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isSQLNull knows database/sql.Null[T] without its package: a V and a Valid.
func isSQLNull(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == "database/sql" && strings.HasPrefix(t.Name(), "Null[")
}

// newSetter says how a column of that type goes into a Go type, or why it does not.
func newSetter(t reflect.Type, column string) (setter, error) {
	base, _, _ := strings.Cut(column, "(")
	switch {
	case t.Kind() == reflect.Pointer:
		inner, err := newSetter(t.Elem(), column)
		return func(text string, v reflect.Value) error {
			v.Set(reflect.New(t.Elem()))
			return inner(text, v.Elem())
		}, err
	case isSQLNull(t):
		inner, err := newSetter(t.Field(0).Type, column)
		return func(text string, v reflect.Value) error {
			v.Field(1).SetBool(true)
			return inner(text, v.Field(0))
		}, err
	case base == "array" || base == "map" || base == "row" || base == "struct":
		return nil, fmt.Errorf("Athena's own text of type %s cannot be read back: select json_format(CAST(… AS JSON)) AS …, as the builders do", column)
	}
	if set := scalarSetter(t, base); set != nil {
		return set, nil
	}
	if isNested(t) && (base == "varchar" || base == "json" || base == "string") {
		return func(text string, v reflect.Value) error { return setJSON("", []byte(text), v) }, nil
	}
	return nil, fmt.Errorf("a %s does not go into a %s%s", column, t, wanted(base))
}

// wanted names the Go type that a column goes into.
func wanted(base string) string {
	if name, ok := map[string]string{
		"boolean": "bool", "tinyint": "int8", "smallint": "int16", "integer": "int32", "int": "int32", "bigint": "int64", "real": "float32", "float": "float32", "double": "float64",
		"decimal": "catalog.Decimal", "varchar": "string", "char": "string", "string": "string", "date": "catalog.Date",
		"timestamp": "time.Time", "timestamp with time zone": "time.Time", "varbinary": "[]byte",
	}[base]; ok {
		return ": use " + name + ", or a pointer to it"
	}
	return ""
}

func isNested(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return t != bytesType
	}
	return false
}

// scalarSetter is nil where the two types do not fit.
func scalarSetter(t reflect.Type, base string) setter {
	switch {
	case t == timeType:
		if strings.HasPrefix(base, "timestamp") {
			return setTime
		}
		return nil
	case t == decimalType:
		if base != "decimal" && intBits(base) == 0 {
			return nil
		}
		return func(text string, v reflect.Value) error {
			d, err := catalog.ParseDecimal(text)
			if err != nil {
				return errors.New("the value is no decimal number of at most 38 digits")
			}
			v.Set(reflect.ValueOf(d))
			return nil
		}
	case t == dateType:
		if base != "date" {
			return nil
		}
		return setText
	case t == rawType:
		if base != "varchar" && base != "json" {
			return nil
		}
		return func(text string, v reflect.Value) error {
			if !json.Valid([]byte(text)) {
				return errors.New("the value is no JSON")
			}
			v.SetBytes([]byte(text))
			return nil
		}
	case t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(textType):
		return setText
	}
	return basicSetter(t, base)
}

func basicSetter(t reflect.Type, base string) setter {
	switch t.Kind() {
	case reflect.String:
		switch base {
		case "varchar", "char", "string", "json", "uuid", "time", "time with time zone", "ipaddress",
			"interval day to second", "interval year to month", "unknown":
			return func(text string, v reflect.Value) error {
				v.SetString(text)
				return nil
			}
		}
	case reflect.Bool:
		if base == "boolean" {
			return setBool
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if bits := intBits(base); bits > 0 && t.Bits() >= bits {
			return setInt
		}
	case reflect.Float32:
		if base == "real" || base == "float" {
			return setFloat
		}
	case reflect.Float64:
		if base == "real" || base == "float" || base == "double" {
			return setFloat
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && base == "varbinary" {
			return setBinary
		}
	}
	return nil
}

// intBits is the size of an integer column; 0 means that it is none.
func intBits(base string) int {
	switch base {
	case "tinyint":
		return 8
	case "smallint":
		return 16
	case "integer", "int":
		return 32
	case "bigint":
		return 64
	}
	return 0
}

func setText(text string, v reflect.Value) error {
	u, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return fmt.Errorf("a %s reads no text", v.Type())
	}
	if err := u.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("the value does not go into a %s", v.Type()) // the cause may show the value
	}
	return nil
}

func setBool(text string, v reflect.Value) error {
	switch text {
	case "true":
		v.SetBool(true)
	case "false":
		v.SetBool(false)
	default:
		return errors.New("the value is neither true nor false")
	}
	return nil
}

func setInt(text string, v reflect.Value) error {
	if v.CanUint() {
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("the value is not in the range of %s", v.Type())
		}
		v.SetUint(n)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil {
		return fmt.Errorf("the value is not in the range of %s", v.Type())
	}
	v.SetInt(n)
	return nil
}

func setFloat(text string, v reflect.Value) error {
	f, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil {
		return errors.New("the value is no floating-point number")
	}
	v.SetFloat(f)
	return nil
}

// setBinary reads Athena's hexadecimal digits, two for each byte with blanks between.
func setBinary(text string, v reflect.Value) error {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return errors.New("the value is no hexadecimal text")
	}
	v.SetBytes(b)
	return nil
}

func setTime(text string, v reflect.Value) error {
	t, err := parseTimestamp(text)
	if err != nil {
		return err
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

// parseTimestamp reads 2026-05-24 09:00:00.000, which is in UTC, perhaps with a zone behind
// it: UTC, Europe/Berlin or +02:00.
func parseTimestamp(text string) (time.Time, error) {
	const layout = "2006-01-02 15:04:05"
	bad := errors.New("the value is no timestamp")
	clock, zone := text, ""
	if i := strings.IndexByte(text, ' '); i >= 0 {
		if j := strings.IndexByte(text[i+1:], ' '); j >= 0 {
			clock, zone = text[:i+1+j], text[i+2+j:]
		}
	}
	loc := time.UTC
	switch {
	case zone == "" || zone == "UTC" || zone == "Z":
	case zone[0] == '+' || zone[0] == '-':
		t, err := time.Parse("-07:00", zone)
		if err != nil {
			return time.Time{}, bad
		}
		_, offset := t.Zone()
		loc = time.FixedZone("", offset)
	default:
		var err error
		if loc, err = time.LoadLocation(zone); err != nil || zone == "Local" {
			return time.Time{}, errors.New("the value's time zone is not known here (a machine without a zone database needs the import time/tzdata)")
		}
	}
	t, err := time.ParseInLocation(layout, clock, loc)
	if err != nil {
		return time.Time{}, bad
	}
	return t, nil
}

package catalog

import (
	"errors"
	"fmt"
	"reflect"
)

// Define makes a table of the Go struct T, whose JSON form, by encoding/json's rules, is
// what a record is:
//
//   - A column's name is its JSON name in lower case; the exact key is kept beside it.
//     Two names that differ in case only are refused. Fields of embedded structs are
//     promoted, and fields tagged json:"-" are left out, as encoding/json does.
//   - bool is boolean; int8 and uint8 to int64 and uint32 are tinyint, smallint, int or
//     bigint, whichever holds them (int is bigint); float32 and float64 are float and
//     double; string is string; []byte, base64 in JSON, is binary.
//   - [time.Time] is timestamp, an instant kept as its UTC wall clock. [Date] is date.
//     [Decimal] needs its precision: lake:"decimal(10,2)".
//   - Structs are struct, slices and arrays are array, maps with keys of text or integers
//     are map.
//   - A type with its own MarshalText is string. With its own MarshalJSON, and for
//     interfaces and [encoding/json.RawMessage], the type must be given.
//   - A field with the JSON option ",string" is string, because that is what it is written as.
//
// Every column is nullable: a key that is missing or null is NULL. A pointer says how the Go
// value shows NULL; a plain field reads it as its zero.
//
// The lake tag says what JSON names cannot: lake:"TYPE", in the text of [ParseType], which
// must suit the Go type; lake:"required" makes a record without the field an error record;
// lake:"name=user_id" names the column of a key that is no column name, such as user-id;
// lake:"comment=..." is shown by the catalog and takes the rest of the tag. They combine
// with commas, in any order.
//
// Every complaint about T and the options is reported at once.
func Define[T any](name string, opts *TableOptions) (*Table, error) {
	fields, err := structFields(reflect.TypeFor[T]())
	if err == nil {
		return New(name, fields, opts)
	}
	if opts == nil {
		opts = &TableOptions{}
	}
	head := &Table{location: opts.Location}
	return nil, fmt.Errorf("catalog: table %q: %w", name, errors.Join(head.setName(name), head.checkLocation(), err))
}

// MustDefine is [Define] for package variables: it panics where Define gives an error.
func MustDefine[T any](name string, opts *TableOptions) *Table {
	t, err := Define[T](name, opts)
	if err != nil {
		panic(err)
	}
	return t
}

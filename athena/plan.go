package athena

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// plan says how the columns of a result go into a Go type.
type plan struct {
	columns []ResultColumn
	// fields are where the columns go; an empty index is the value itself.
	fields []target
	whole  bool // the value is a Row
}

type target struct {
	index []int
	set   setter
}

// decode fills v, which is zero, from a row.
func (p *plan) decode(data []athenatypes.Datum, v reflect.Value) error {
	if len(data) != len(p.columns) {
		return fmt.Errorf("it has %d values for %d columns", len(data), len(p.columns))
	}
	if p.whole {
		row := Row{Columns: p.columns, Values: make([]*string, len(data))}
		for i, d := range data {
			row.Values[i] = d.VarCharValue
		}
		v.Set(reflect.ValueOf(row))
		return nil
	}
	for i, d := range data {
		if d.VarCharValue == nil {
			continue // every type's zero value is its NULL
		}
		f := v
		if len(p.fields[i].index) > 0 {
			f = v.FieldByIndex(p.fields[i].index)
		}
		if err := p.fields[i].set(*d.VarCharValue, f); err != nil {
			return fmt.Errorf("column %q (%s): %w", p.columns[i].Name, p.columns[i].Type, err)
		}
	}
	return nil
}

// newPlan holds the columns against the type and gives every complaint.
func newPlan(t reflect.Type, columns []ResultColumn) (*plan, error) {
	p := &plan{columns: columns, fields: make([]target, len(columns))}
	if t == reflect.TypeFor[Row]() {
		p.whole = true
		return p, nil
	}
	if t.Kind() != reflect.Struct || isValue(t) {
		if len(columns) != 1 {
			return nil, fmt.Errorf("a %s takes one column, the result has %d", t, len(columns))
		}
		set, err := newSetter(t, columns[0].Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", columns[0].Name, err)
		}
		p.fields[0].set = set
		return p, nil
	}
	fields, err := fieldsOf(t, nil)
	errs := []error{err}
	byName := map[string]field{}
	for _, f := range fields {
		if other, twice := byName[f.name]; twice {
			errs = append(errs, fmt.Errorf("fields %s and %s both take column %q", other.path, f.path, f.name))
		}
		byName[f.name] = f
	}
	seen := map[string]bool{}
	for i, c := range columns {
		name := strings.ToLower(c.Name)
		f, ok := byName[name]
		switch {
		case seen[name]:
			errs = append(errs, fmt.Errorf("the result has two columns %q: name one of them with AS", c.Name))
			continue
		case !ok:
			errs = append(errs, fmt.Errorf("column %q (%s) has no field", c.Name, c.Type))
			continue
		}
		seen[name] = true
		set, err := newSetter(f.typ, c.Type)
		if err != nil {
			errs = append(errs, fmt.Errorf("column %q, field %s: %w", c.Name, f.path, err))
		}
		p.fields[i] = target{index: f.index, set: set}
	}
	for _, f := range fields {
		if !seen[f.name] {
			errs = append(errs, fmt.Errorf("field %s: the result has no column %q", f.path, f.name))
		}
	}
	return p, errors.Join(errs...)
}

// field is a field of a struct that takes a column, or a member of a nested value.
type field struct {
	name  string // in lower case
	path  string
	index []int
	typ   reflect.Type
}

// fieldsOf finds the fields of a struct, those of embedded structs included.
func fieldsOf(t reflect.Type, index []int) ([]field, error) {
	var out []field
	var errs []error
	for i := range t.NumField() {
		sf := t.Field(i)
		name, tagged := fieldName(sf)
		at := append(slices.Clone(index), i)
		switch {
		case name == "-":
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct && !isValue(sf.Type):
			inner, err := fieldsOf(sf.Type, at)
			errs = append(errs, err)
			out = append(out, inner...)
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Pointer:
			errs = append(errs, fmt.Errorf("field %s is an embedded pointer: embed the struct itself", sf.Name))
		case sf.IsExported():
			out = append(out, field{name: strings.ToLower(name), path: sf.Name, index: at, typ: sf.Type})
		}
	}
	return out, errors.Join(errs...)
}

// fieldName is the column's name: from the tag athena, from that of JSON, or the field's.
func fieldName(sf reflect.StructField) (name string, tagged bool) {
	for _, key := range []string{"athena", "json"} {
		tag, ok := sf.Tag.Lookup(key)
		if !ok {
			continue
		}
		if name, _, _ := strings.Cut(tag, ","); name != "" {
			return name, true
		}
	}
	return sf.Name, false
}

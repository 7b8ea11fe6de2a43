package catalog

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// jsonField is a field that encoding/json would write.
type jsonField struct {
	sf     reflect.StructField
	name   string // the JSON key
	tagged bool
	quoted bool // ,string
	depth  int
	order  []int
}

// jsonFields gives the fields of a struct that encoding/json writes, in its order. Of
// several with one name it takes the least nested; among those the one whose name comes
// from a tag; and if that leaves more than one, none.
func jsonFields(t reflect.Type) []jsonField {
	var all []jsonField
	collectFields(t, nil, map[reflect.Type]bool{}, &all)
	byName := map[string][]jsonField{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	var out []jsonField
	for _, same := range byName {
		slices.SortStableFunc(same, func(a, b jsonField) int {
			if a.depth != b.depth {
				return cmp.Compare(a.depth, b.depth)
			}
			return cmp.Compare(boolInt(b.tagged), boolInt(a.tagged))
		})
		if len(same) > 1 && same[0].depth == same[1].depth && same[0].tagged == same[1].tagged {
			continue
		}
		out = append(out, same[0])
	}
	slices.SortFunc(out, func(a, b jsonField) int { return slices.Compare(a.order, b.order) })
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// collectFields walks through t and the structs embedded in it; open holds the structs on
// the way, so that one that embeds itself ends.
func collectFields(t reflect.Type, order []int, open map[reflect.Type]bool, all *[]jsonField) {
	if open[t] {
		return
	}
	open[t] = true
	defer delete(open, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		ft := sf.Type
		if ft.Kind() == reflect.Pointer && ft.Name() == "" {
			ft = ft.Elem()
		}
		if sf.Anonymous && !sf.IsExported() && ft.Kind() != reflect.Struct || !sf.Anonymous && !sf.IsExported() {
			continue
		}
		tag := sf.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validJSONName(name) {
			name = ""
		}
		at := append(order[:len(order):len(order)], i)
		if sf.Anonymous && name == "" && ft.Kind() == reflect.Struct {
			collectFields(ft, at, open, all)
			continue
		}
		f := jsonField{sf: sf, name: name, tagged: name != "", depth: len(order), order: at}
		if name == "" {
			f.name = sf.Name
		}
		f.quoted = quotable(ft) && slices.Contains(strings.Split(options, ","), "string")
		*all = append(*all, f)
	}
}

// quotable says whether encoding/json honours ,string for the type.
func quotable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}

// validJSONName is encoding/json's rule for a name in a tag.
func validJSONName(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !isLetterOrDigit(r) {
			return false
		}
	}
	return true
}

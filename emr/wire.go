package emr

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// document turns an SDK value into what its JSON is: members by their names, without those that
// say nothing. The SDK's own serializer is not exported; a test holds this one against it.
func document(v any) any { return documentOf(reflect.ValueOf(v)) }

func documentOf(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return documentOf(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !unsaid(v.Field(i)) {
				m[f.Name] = documentOf(v.Field(i))
			}
		}
		return m
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = documentOf(v.Index(i))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = documentOf(v.MapIndex(k))
		}
		return m
	case reflect.String:
		return v.String() // enumerations too
	}
	return v.Interface()
}

func unsaid(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0 // enumerations: the SDK does not send the empty one
	}
	return false
}

// decode fills an SDK value from JSON that was read into v, strictly: unknown members, other
// cases, nulls and other types are complained of, all at once, where encoding/json would let
// them pass or stop at the first.
func (r *reader) decode(at string, v any, into reflect.Value) {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		r.decode(at, v, into.Elem())
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			r.mistyped(at, v, "an object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			f, ok := into.Type().FieldByName(name)
			if !ok || !f.IsExported() {
				r.say("json", join(at, name), "", "is no member of "+into.Type().Name(), "take it out, or mend its spelling")
				continue
			}
			r.decode(join(at, name), m[name], into.FieldByIndex(f.Index))
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			r.mistyped(at, v, "a list")
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, e := range list {
			r.decode(fmt.Sprintf("%s[%d]", at, i), e, into.Index(i))
		}
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			r.mistyped(at, v, "an object")
			return
		}
		into.Set(reflect.MakeMapWithSize(into.Type(), len(m)))
		for _, key := range slices.Sorted(maps.Keys(m)) {
			e := reflect.New(into.Type().Elem()).Elem()
			r.decode(fmt.Sprintf("%s[%q]", at, key), m[key], e)
			into.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), e)
		}
	default:
		r.scalar(at, v, into)
	}
}

func (r *reader) scalar(at string, v any, into reflect.Value) {
	switch into.Kind() {
	case reflect.String:
		if s, ok := v.(string); ok {
			into.SetString(s)
			return
		}
		r.mistyped(at, v, "a string")
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			into.SetBool(b)
			return
		}
		r.mistyped(at, v, "true or false")
	case reflect.Int32, reflect.Int64:
		if n, ok := v.(json.Number); ok {
			if i, err := strconv.ParseInt(n.String(), 10, into.Type().Bits()); err == nil {
				into.SetInt(i)
				return
			}
		}
		r.mistyped(at, v, fmt.Sprintf("a whole number of %d bits", into.Type().Bits()))
	case reflect.Float64:
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil {
				into.SetFloat(f)
				return
			}
		}
		r.mistyped(at, v, "a number")
	default:
		r.say("json", at, "", "is not read by this package", "take it out")
	}
}

// mistyped complains without the value: it may be a secret at the wrong place.
func (r *reader) mistyped(at string, v any, want string) {
	kind := "null"
	switch v.(type) {
	case map[string]any:
		kind = "an object"
	case []any:
		kind = "a list"
	case string:
		kind = "a string"
	case bool:
		kind = "true or false"
	case json.Number:
		kind = "a number"
	}
	if kind == want || kind == "a number" {
		kind = "a number out of range or with a fraction"
	}
	r.say("json", at, "", "is "+kind+", not "+want, "write "+want)
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

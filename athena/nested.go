package athena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// setJSON reads a nested value: what CAST(… AS JSON) makes of arrays, maps and rows. It is
// not encoding/json's own reading because Athena writes timestamps, NaN and the names of
// members in its own way; numbers stay digits until they are in their field. The path
// names the place in errors, which never show the value.
func setJSON(path string, raw []byte, v reflect.Value) error {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		v.SetZero()
		return nil
	}
	t := v.Type()
	switch {
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return setJSON(path, raw, v.Elem())
	case isSQLNull(t):
		v.Field(1).SetBool(true)
		return setJSON(path, raw, v.Field(0))
	case t == rawType:
		v.SetBytes(bytes.Clone(raw))
		return nil
	case t == timeType || t == dateType:
		text, ok := jsonString(raw)
		if !ok {
			return place(path, "the value is no text")
		}
		set := setText
		if t == timeType {
			set = setTime
		}
		if err := set(text, v); err != nil {
			return place(path, err.Error())
		}
		return nil
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		text, ok := jsonString(raw) // "NaN", "Infinity"
		if !ok {
			text = string(raw)
		}
		if err := setFloat(text, v); err != nil {
			return place(path, err.Error())
		}
		return nil
	case t == decimalType || reflect.PointerTo(t).Implements(textType) || !isNested(t):
		if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
			return place(path, fmt.Sprintf("the value does not go into a %s", t))
		}
		return nil
	}
	return setContainer(path, raw, v)
}

func setContainer(path string, raw []byte, v reflect.Value) error {
	t := v.Type()
	switch t.Kind() {
	case reflect.Struct:
		return setStruct(path, raw, v)
	case reflect.Map:
		return setMap(path, raw, v)
	}
	var elems []json.RawMessage
	if err := json.Unmarshal(raw, &elems); err != nil {
		return place(path, "the value is no array")
	}
	if t.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(t, len(elems), len(elems)))
	} else if len(elems) != t.Len() {
		return place(path, fmt.Sprintf("the array has %d elements, a %s has %d", len(elems), t, t.Len()))
	}
	for i, e := range elems {
		if err := setJSON(fmt.Sprintf("%s[%d]", path, i), e, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func setStruct(path string, raw []byte, v reflect.Value) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return place(path, "the value is no object")
	}
	fields, err := fieldsOf(v.Type(), nil)
	if err != nil {
		return place(path, err.Error())
	}
	byName := make(map[string]field, len(fields))
	for _, f := range fields {
		byName[f.name] = f
	}
	for name, m := range members {
		f, ok := byName[strings.ToLower(name)]
		if !ok {
			return place(path, fmt.Sprintf("member %q has no field in %s", name, v.Type()))
		}
		if err := setJSON(path+"."+f.name, m, v.FieldByIndex(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func setMap(path string, raw []byte, v reflect.Value) error {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return place(path, "the value is no object")
	}
	t := v.Type()
	v.Set(reflect.MakeMapWithSize(t, len(entries)))
	for name, e := range entries {
		key := reflect.New(t.Key()).Elem()
		if err := setKey(name, key); err != nil {
			return place(path, err.Error())
		}
		value := reflect.New(t.Elem()).Elem()
		if err := setJSON(path+"[…]", e, value); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// setKey reads a map's key, which JSON has as text.
func setKey(name string, key reflect.Value) error {
	t := key.Type()
	switch {
	case t.Kind() == reflect.String:
		key.SetString(name)
		return nil
	case reflect.PointerTo(t).Implements(textType):
		return setText(name, key)
	case key.CanInt() || key.CanUint():
		return setInt(name, key)
	case key.CanFloat():
		return setFloat(name, key)
	case t.Kind() == reflect.Bool:
		return setBool(name, key)
	}
	return fmt.Errorf("a %s is no key of a map that comes as JSON", t)
}

func jsonString(raw []byte) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

func place(path, msg string) error {
	if path == "" {
		return errors.New(msg)
	}
	return fmt.Errorf("%s: %s", strings.TrimPrefix(path, "."), msg)
}

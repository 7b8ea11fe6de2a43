package kinesis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"
)

// encoder gives the function that turns a T into a record's payload: T's bytes as they
// are when it is []byte or [json.RawMessage], otherwise JSON without HTML escapes and
// with every time.Time in UTC. The payload is the encoder's, or the caller's, again when free
// is called.
func encoder[T any]() func(T) (data []byte, free func(), err error) {
	nothing := func() {}
	switch any(*new(T)).(type) {
	case []byte:
		return func(v T) ([]byte, func(), error) { return any(v).([]byte), nothing, nil }
	case json.RawMessage:
		return func(v T) ([]byte, func(), error) { return any(v).(json.RawMessage), nothing, nil }
	}
	toUTC := utcFunc(reflect.TypeFor[T](), nil)
	type scratch struct {
		buf  bytes.Buffer
		enc  *json.Encoder
		v    T
		free func()
	}
	var pool sync.Pool
	pool.New = func() any {
		s := new(scratch)
		s.enc = json.NewEncoder(&s.buf)
		s.enc.SetEscapeHTML(false)
		s.free = func() { pool.Put(s) }
		return s
	}
	return func(v T) ([]byte, func(), error) {
		s := pool.Get().(*scratch)
		s.buf.Reset()
		s.v = v
		if toUTC != nil {
			toUTC(reflect.ValueOf(&s.v).Elem())
		}
		err := s.enc.Encode(&s.v)
		s.v = *new(T) // the pool keeps nothing of the caller's
		if err != nil {
			s.free()
			return nil, nil, err
		}
		return bytes.TrimSuffix(s.buf.Bytes(), []byte{'\n'}), s.free, nil
	}
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
)

// utcFunc gives a function that sets the times in a value of type t to UTC, or nil when
// there are none. The value must be settable; what is behind pointers, slices and maps is
// copied first, because it is the caller's. Types that marshal themselves and what is in
// interfaces are left alone. seen are the types around t, to stop at recursive ones.
func utcFunc(t reflect.Type, seen []reflect.Type) func(reflect.Value) {
	if t == timeType {
		return func(v reflect.Value) {
			t := v.Addr().Interface().(*time.Time)
			*t = t.UTC()
		}
	}
	if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalerType) {
		return nil
	}
	if slices.Contains(seen, t) {
		if !hasTime(t, nil) {
			return nil
		}
		return func(v reflect.Value) { // recursive: looked up again as deep as the value goes
			if f := utcFunc(t, nil); f != nil && !v.IsZero() {
				f(v)
			}
		}
	}
	seen = append(slices.Clone(seen), t)
	switch t.Kind() {
	case reflect.Struct:
		return utcStruct(t, seen)
	case reflect.Pointer:
		if f := utcFunc(t.Elem(), seen); f != nil {
			return func(v reflect.Value) {
				if !v.IsNil() {
					c := reflect.New(t.Elem())
					c.Elem().Set(v.Elem())
					f(c.Elem())
					v.Set(c)
				}
			}
		}
	case reflect.Slice:
		if f := utcFunc(t.Elem(), seen); f != nil {
			return func(v reflect.Value) {
				if !v.IsNil() {
					c := reflect.MakeSlice(t, v.Len(), v.Len())
					reflect.Copy(c, v)
					for i := range c.Len() {
						f(c.Index(i))
					}
					v.Set(c)
				}
			}
		}
	case reflect.Array:
		if f := utcFunc(t.Elem(), seen); f != nil {
			return func(v reflect.Value) {
				for i := range v.Len() {
					f(v.Index(i))
				}
			}
		}
	case reflect.Map:
		if f := utcFunc(t.Elem(), seen); f != nil {
			return func(v reflect.Value) {
				if !v.IsNil() {
					c := reflect.MakeMapWithSize(t, v.Len())
					e := reflect.New(t.Elem()).Elem()
					for it := v.MapRange(); it.Next(); {
						e.Set(it.Value())
						f(e)
						c.SetMapIndex(it.Key(), e)
					}
					v.Set(c)
				}
			}
		}
	}
	return nil
}

func utcStruct(t reflect.Type, seen []reflect.Type) func(reflect.Value) {
	type field struct {
		i int
		f func(reflect.Value)
	}
	var fs []field
	for i := range t.NumField() {
		sf := t.Field(i)
		promotes := sf.Anonymous && sf.Type.Kind() == reflect.Struct
		if !sf.IsExported() && !promotes || sf.Tag.Get("json") == "-" {
			continue // JSON does not see it
		}
		if f := utcFunc(sf.Type, seen); f != nil {
			fs = append(fs, field{i, f})
		}
	}
	if len(fs) == 0 {
		return nil
	}
	return func(v reflect.Value) {
		for _, x := range fs {
			x.f(v.Field(x.i))
		}
	}
}

// hasTime says whether a time.Time may be reached from t.
func hasTime(t reflect.Type, seen []reflect.Type) bool {
	if t == timeType {
		return true
	}
	if slices.Contains(seen, t) {
		return false
	}
	seen = append(seen, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasTime(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() && hasTime(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// decoder is encoder's other direction.
func decoder[T any]() func([]byte) (T, error) {
	switch any(*new(T)).(type) {
	case []byte:
		return func(b []byte) (T, error) { return any(b).(T), nil }
	case json.RawMessage:
		return func(b []byte) (T, error) {
			if !json.Valid(b) {
				return *new(T), fmt.Errorf("the record is not JSON")
			}
			return any(json.RawMessage(b)).(T), nil
		}
	}
	return func(b []byte) (v T, err error) {
		err = json.Unmarshal(b, &v)
		return v, err
	}
}

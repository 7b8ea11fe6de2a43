package awswire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Tree reads a body into plain values: nil, bool, string, float64, []any and map[string]any;
// numbers of JSON are a [json.Number], those of CBOR an int64 where they are whole, and
// bytes of CBOR a []byte. Tags of CBOR are passed over.
func (f Format) Tree(body []byte) (any, error) {
	if f == FormatCBOR {
		v, err := cbor.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("invalid CBOR: %w", err)
		}
		return plain(v), nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the value")
	}
	return v, nil
}

// plain makes plain values of CBOR's.
func plain(v cbor.Value) any {
	switch v := v.(type) {
	case *cbor.Tag:
		return plain(v.Value)
	case cbor.String:
		return string(v)
	case cbor.Slice:
		return []byte(v)
	case cbor.Bool:
		return bool(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.Uint:
		if v > math.MaxInt64 {
			return float64(v)
		}
		return int64(v)
	case cbor.NegInt:
		if v > math.MaxInt64 {
			return -float64(v)
		}
		return -int64(v)
	case cbor.List:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case cbor.Map:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	}
	return nil
}

// Assign fills the struct that dst points to with plain values, as [Format.Tree] gives
// them, but numbers are int64 or float64. Members are named as [encoding/json] names them,
// and those that the struct does not have are passed over.
func Assign(v, dst any) error { return assign(v, reflect.ValueOf(dst).Elem(), "") }

func assign(v any, dst reflect.Value, at string) error {
	if v == nil {
		return nil
	}
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		return assign(v, dst.Elem(), at)
	}
	mismatch := func() error { return fmt.Errorf("%s cannot be %T", strings.TrimPrefix(at, "."), v) }
	kind := dst.Kind()
	switch v := v.(type) {
	case string:
		if kind != reflect.String {
			return mismatch()
		}
		dst.SetString(v)
	case []byte:
		if kind != reflect.Slice || dst.Type().Elem().Kind() != reflect.Uint8 {
			return mismatch()
		}
		dst.SetBytes(v)
	case bool:
		if kind != reflect.Bool {
			return mismatch()
		}
		dst.SetBool(v)
	case int64:
		if !dst.CanInt() || dst.OverflowInt(v) {
			return mismatch()
		}
		dst.SetInt(v)
	case float64:
		switch {
		case dst.CanFloat():
			dst.SetFloat(v)
		case dst.CanInt() && v == math.Trunc(v) && math.Abs(v) < 1<<53 && !dst.OverflowInt(int64(v)):
			dst.SetInt(int64(v))
		default:
			return mismatch()
		}
	case []any:
		if kind != reflect.Slice || dst.Type().Elem().Kind() == reflect.Uint8 {
			return mismatch()
		}
		out := reflect.MakeSlice(dst.Type(), len(v), len(v))
		for i, e := range v {
			if err := assign(e, out.Index(i), fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		dst.Set(out)
	case map[string]any:
		return assignMap(v, dst, at, mismatch)
	default:
		return mismatch()
	}
	return nil
}

func assignMap(m map[string]any, dst reflect.Value, at string, mismatch func() error) error {
	switch dst.Kind() {
	case reflect.Map:
		out := reflect.MakeMapWithSize(dst.Type(), len(m))
		for k, e := range m {
			v := reflect.New(dst.Type().Elem()).Elem()
			if err := assign(e, v, at+"."+k); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), v)
		}
		dst.Set(out)
		return nil
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(dst.Type()) {
			if name, _ := member(f); name != "" {
				if e, ok := m[name]; ok {
					if err := assign(e, dst.FieldByIndex(f.Index), at+"."+name); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	return mismatch()
}

package awswire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Millis is a time of the wire, in Unix milliseconds: in JSON a number of seconds with
// three decimals, in CBOR a tagged number of milliseconds.
type Millis int64

// Time gives the time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// MarshalJSON writes seconds.
func (m Millis) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// AppendJSON appends the time as JSON has it.
func (m Millis) AppendJSON(b []byte) []byte {
	if m < 0 {
		return strconv.AppendFloat(b, float64(m)/1000, 'f', 3, 64)
	}
	b = strconv.AppendInt(b, int64(m)/1000, 10)
	n := int64(m) % 1000
	return append(b, '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
}

// UnmarshalJSON reads seconds.
func (m *Millis) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(f) > maxSeconds {
		return errors.New("a timestamp must be a number of seconds since 1970")
	}
	*m = Millis(math.Round(f * 1000))
	return nil
}

const maxSeconds = 1e12

// DecodeCBOR reads a CBOR map into a struct. Members are named as [encoding/json] names
// them; bytes are bytes, a [Millis] is a number of milliseconds, and members that the
// struct does not have are passed over.
func DecodeCBOR(body []byte, v any) error {
	if len(body) == 0 {
		return nil
	}
	tree, err := FormatCBOR.Tree(body)
	if err != nil {
		return err
	}
	if err := Assign(tree, v); err != nil {
		return fmt.Errorf("invalid CBOR: %w", err)
	}
	return nil
}

// member gives a field's name on the wire, empty when it has none.
func member(f reflect.StructField) (name string, omitEmpty bool) {
	tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	if f.Anonymous && tag == "" || !f.IsExported() || tag == "-" {
		return "", false
	}
	if tag == "" {
		tag = f.Name
	}
	return tag, strings.Contains(opts, "omitempty")
}

// EncodeCBOR writes a struct as a CBOR map, under the rules of [DecodeCBOR]. A nil pointer,
// and an empty value with omitempty, is left out.
func EncodeCBOR(v any) ([]byte, error) {
	val, err := toCBOR(reflect.ValueOf(v))
	if err != nil {
		return nil, err
	}
	return cbor.Encode(val), nil
}

func toCBOR(v reflect.Value) (cbor.Value, error) {
	if v.IsValid() && v.Type() == reflect.TypeFor[Millis]() {
		return &cbor.Tag{ID: 1, Value: intToCBOR(v.Int())}, nil
	}
	switch v.Kind() {
	case reflect.Invalid:
		return &cbor.Nil{}, nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &cbor.Nil{}, nil
		}
		return toCBOR(v.Elem())
	case reflect.String:
		return cbor.String(v.String()), nil
	case reflect.Bool:
		return cbor.Bool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intToCBOR(v.Int()), nil
	case reflect.Float32, reflect.Float64:
		return cbor.Float64(v.Float()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return cbor.Slice(v.Bytes()), nil
		}
		out := make(cbor.List, v.Len())
		for i := range out {
			e, err := toCBOR(v.Index(i))
			if err != nil {
				return nil, err
			}
			out[i] = e
		}
		return out, nil
	case reflect.Map:
		out := make(cbor.Map, v.Len())
		for it := v.MapRange(); it.Next(); {
			e, err := toCBOR(it.Value())
			if err != nil {
				return nil, err
			}
			out[it.Key().String()] = e
		}
		return out, nil
	case reflect.Struct:
		return structToCBOR(v)
	}
	return nil, fmt.Errorf("awswire: a %s has no CBOR form", v.Type())
}

func structToCBOR(v reflect.Value) (cbor.Value, error) {
	out := cbor.Map{}
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, omitEmpty := member(f)
		if name == "" {
			continue
		}
		fv := v.FieldByIndex(f.Index)
		empty := fv.IsZero() || (fv.Kind() == reflect.Slice || fv.Kind() == reflect.Map) && fv.Len() == 0
		if omitEmpty && empty || fv.Kind() == reflect.Pointer && fv.IsNil() {
			continue
		}
		e, err := toCBOR(fv)
		if err != nil {
			return nil, err
		}
		out[name] = e
	}
	return out, nil
}

func intToCBOR(n int64) cbor.Value {
	if n < 0 {
		return cbor.NegInt(-n)
	}
	return cbor.Uint(n)
}

// Format is how the values of one request and its answer are written.
type Format uint8

// The formats.
const (
	FormatJSON Format = iota
	FormatCBOR
)

// FormatOf gives the format of a request with the Content-Type.
func FormatOf(contentType string) Format {
	if strings.HasPrefix(contentType, "application/x-amz-cbor") {
		return FormatCBOR
	}
	return FormatJSON
}

// ContentType is the value of the answer's header.
func (f Format) ContentType() string {
	if f == FormatCBOR {
		return "application/x-amz-cbor-1.1"
	}
	return "application/x-amz-json-1.1"
}

// Decode reads a request's body into a struct. Its error is the answer to give.
func (f Format) Decode(body []byte, v any) error {
	var err error
	switch {
	case len(body) == 0:
	case f == FormatCBOR:
		err = DecodeCBOR(body, v)
	default:
		err = json.Unmarshal(body, v)
	}
	if err == nil {
		return nil
	}
	var b64 base64.CorruptInputError
	if errors.As(err, &b64) {
		return Errorf("SerializationException", "a blob is not base64: %v", err)
	}
	return Errorf("SerializationException", "%v", err)
}

// Encode writes an answer.
func (f Format) Encode(v any) ([]byte, error) {
	if f == FormatCBOR {
		return EncodeCBOR(v)
	}
	return json.Marshal(v)
}

package kinesis

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/awswire"
)

// shape is what may stand in one place of a request. Shapes and their limits are those of
// the service's model; the words about what breaks them, and their order, are those that
// the service was seen to use.
type shape struct {
	kind        kind
	least, most int // of the length, or of the number
	pattern     string
	regexp      *regexp.Regexp
	values      []string // of an enumeration
	members     []member // of a structure, in the order in which the service checks them
	elem        *shape   // of a list, or a map's values
	key         *shape   // of a map
	class       string   // of a structure in a list, as the service's messages call it
}

type member struct {
	name     string
	shape    *shape
	required bool
}

type kind uint8

const (
	aText kind = iota
	aNumber
	aBlob
	aTime
	aFlag
	aList
	aMap
	aStructure
)

// any length, or any number of 32 bits.
const unbounded = math.MaxInt32

func text(least, most int, pattern string) *shape {
	s := &shape{kind: aText, least: least, most: most, pattern: pattern}
	if pattern != "" {
		s.regexp = regexp.MustCompile("^(?:" + pattern + ")$")
	}
	return s
}

func oneOf(values ...string) *shape {
	return &shape{kind: aText, most: unbounded, values: values}
}
func number(least, most int) *shape { return &shape{kind: aNumber, least: least, most: most} }

func list(least, most int, elem *shape) *shape {
	return &shape{kind: aList, least: least, most: most, elem: elem}
}

func structure(members ...member) *shape {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(a.bucket()-b.bucket(), strings.Compare(b.name, a.name))
	})
	return &shape{kind: aStructure, members: members}
}

func need(name string, s *shape) member { return member{name, s, true} }
func may(name string, s *shape) member  { return member{name, s, false} }

// bucket is where a HashMap of Java 7, with 16 buckets, keeps the member's name. The service
// goes through members in that order, and within a bucket against the alphabet: that explains
// every message of several errors that kinesalite's author saw, in all of 13 operations.
func (m member) bucket() int {
	h := uint32(0)
	for _, c := range []byte(lower(m.name)) {
		h = 31*h + uint32(c)
	}
	h ^= h>>20 ^ h>>12
	h ^= h>>7 ^ h>>4
	return int(h & 15)
}

// lower is a member's name in the service's messages: a StreamARN is a streamARN.
func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// read fills in from the request's body, whose members, which it gives too, must be as the
// operation's shape says. The error is the answer to give.
func (r *request) read(in any) (map[string]any, error) {
	v, err := r.check(shapes[r.operation])
	if err == nil {
		err = awswire.Assign(v, in)
	}
	return v, err
}

// check gives the request's members, all of them valid.
func (r *request) check(s *shape) (map[string]any, error) {
	tree, err := r.format.Tree(r.body)
	top, ok := tree.(map[string]any)
	if err != nil || !ok {
		return nil, &awswire.Error{Code: serialization} // the service says no more
	}
	v, err := s.convert(top)
	if err != nil {
		return nil, err
	}
	var c checks
	c.structure("", s, v.(map[string]any))
	return v.(map[string]any), c.err()
}

const serialization = "SerializationException"

// serializationError has its message under another name than all other errors.
func serializationError(format string, args ...any) error {
	return &awswire.Error{Code: serialization, Message: fmt.Sprintf(format, args...)}
}

const (
	noList      = "Start of list found where not expected"
	noStructure = "Start of structure or map found where not expected."
	javaNumber  = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
)

// convert checks that the value is of the shape's type, and makes it what [awswire.Assign]
// wants: whole numbers, bytes of base64, times in milliseconds.
func (s *shape) convert(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch v := v.(type) {
	case []any:
		if s.kind != aList {
			return nil, serializationError(noList)
		}
		for i := range v {
			var err error
			if v[i], err = s.elem.convert(v[i]); err != nil {
				return nil, err
			}
			if v[i] == nil && s.elem.kind == aStructure {
				v[i] = map[string]any{}
			}
		}
		return v, nil
	case map[string]any:
		switch s.kind {
		case aStructure:
			for _, m := range s.members {
				var err error
				if v[m.name], err = m.shape.convert(v[m.name]); err != nil {
					return nil, err
				}
			}
			return v, nil
		case aMap:
			for k := range v {
				var err error
				if v[k], err = s.elem.convert(v[k]); err != nil {
					return nil, err
				}
				if v[k] == nil {
					v[k] = "" // a tag without a value
				}
			}
			return v, nil
		}
		return nil, serializationError(noStructure)
	}
	switch s.kind {
	case aList:
		return nil, serializationError("Expected list or null")
	case aMap:
		return nil, serializationError("Expected map or null")
	case aStructure:
		return nil, serializationError("Expected null")
	case aBlob:
		return blob(v)
	case aFlag:
		return flag(v)
	case aNumber:
		return whole(v)
	case aTime:
		return instant(v)
	}
	if t, ok := v.(string); ok {
		return t, nil
	}
	return nil, serializationError("%s can not be converted to an String", javaClass(v))
}

// javaClass is what the service calls a value's type.
func javaClass(v any) string {
	switch v.(type) {
	case bool:
		return "class java.lang.Boolean"
	case string:
		return "class java.lang.String"
	case []byte:
		return "class java.nio.HeapByteBuffer"
	}
	return javaNumber
}

func blob(v any) (any, error) {
	switch v := v.(type) {
	case []byte:
		return v, nil
	case string:
		b, err := base64.StdEncoding.Strict().DecodeString(v)
		if err == nil && !strings.ContainsAny(v, "\r\n") {
			return b, nil
		}
		why := wrongBase64(v)
		if len(v) > mostEchoed {
			v = strings.ToValidUTF8(v[:mostEchoed], "") + "..."
		}
		return nil, serializationError("'%s' can not be converted to a Blob: %s", v, why)
	}
	return nil, serializationError("%s can not be converted to a Blob", javaClass(v))
}

// mostEchoed is how many bytes of a blob that is none are in the answer. The service gives
// all of them back, which may be megabytes.
const mostEchoed = 1 << 10

var notBase64 = regexp.MustCompile(`[^a-zA-Z0-9+/=]|=[^=]`)

// wrongBase64 says why a text is not base64, the last word misspelt as the service has it.
func wrongBase64(s string) string {
	if n := utf8.RuneCountInString(s); n%4 != 0 {
		return fmt.Sprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d", n)
	}
	if at := notBase64.FindStringIndex(s); at != nil {
		r, _ := utf8.DecodeRuneInString(s[at[0]:])
		return fmt.Sprintf("Invalid Base64 character: '%c'", r)
	}
	return "Invalid last non-pad Base64 character dectected"
}

func flag(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch t := strings.ToUpper(v); t {
		case "TRUE", "YES", "1":
			return true, nil
		case "FALSE", "NO", "0":
			return false, nil
		default:
			return nil, serializationError("'%s' can not be converted to an Boolean", t)
		}
	}
	return nil, serializationError("%s can not be converted to an Boolean", javaClass(v))
}

// whole reads an Integer. One that is too large becomes the largest.
func whole(v any) (any, error) {
	f, ok := float(v)
	if !ok {
		return nil, serializationError("%s can not be converted to an Integer", javaClass(v))
	}
	return int64(math.Floor(max(math.MinInt32, min(f, math.MaxInt32)))), nil
}

// float gives the value of a number of either format.
func float(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil || !math.IsNaN(f) // too large is infinite
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	}
	return 0, false
}

// instant reads a time: seconds in JSON, milliseconds in CBOR.
func instant(v any) (any, error) {
	f, ok := float(v)
	if !ok {
		return nil, serializationError("%s can not be converted to milliseconds since epoch", javaClass(v))
	}
	if _, seconds := v.(json.Number); seconds {
		f *= 1000
	}
	const far = 1e15
	return int64(math.Round(max(-far, min(f, far)))), nil
}

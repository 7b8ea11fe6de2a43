package catalog

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
)

func isLetterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// shape is what a Go value looks like in JSON, which decides the types it can have.
type shape uint8

const (
	shapeNone shape = iota
	shapeBool
	shapeInt
	shapeFloat
	shapeText
	shapeInstant
	shapeDate
	shapeDecimal
	shapeBytes
	shapeAny // unknown: the tag decides
	shapeArray
	shapeMap
	shapeStruct
)

// goSchema turns Go types into fields, collecting every complaint.
type goSchema struct {
	errs []error
	open []reflect.Type // the structs that are being described
}

// structFields describes a struct.
func structFields(t reflect.Type) ([]Field, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[Date]() || t == reflect.TypeFor[Decimal]() {
		return nil, fmt.Errorf("%s is not a struct of columns", t)
	}
	if own := ownMarshaler(t); own != "" {
		return nil, fmt.Errorf("%s has its own %s (perhaps that of an embedded type, which a name for the field ends), so its JSON is not that of its fields", t, own)
	}
	s := &goSchema{}
	fields := s.fields(t, t.Name(), nil)
	return fields, errors.Join(s.errs...)
}

func (s *goSchema) complain(path, format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
}

// fields describes the fields of a struct. over, if it is not nil, is the type that a tag
// gives to the whole struct.
func (s *goSchema) fields(t reflect.Type, path string, over *Type) []Field {
	for _, o := range s.open {
		if o == t {
			s.complain(path, "%s contains itself, and a column's type must end: give a lake type or leave it out with json:\"-\"", t)
			return nil
		}
	}
	s.open = append(s.open, t)
	defer func() { s.open = s.open[:len(s.open)-1] }()
	var out []Field
	for _, jf := range jsonFields(t) {
		if f, ok := s.field(jf, path+"."+jf.sf.Name, over); ok {
			out = append(out, f)
		}
	}
	if len(out) == 0 && len(s.errs) == 0 {
		s.complain(path, "%s has no field that encoding/json writes", t)
	}
	if over != nil && len(over.Fields) != len(out) {
		s.complain(path, "the lake type has %d members, and %s has %d fields", len(over.Fields), t, len(out))
	}
	return out
}

func (s *goSchema) field(jf jsonField, path string, over *Type) (Field, bool) {
	tag, err := parseLakeTag(jf.sf.Tag.Get("lake"))
	if err != nil {
		s.complain(path, "%w", err)
		return Field{}, false
	}
	f := Field{Name: tag.name, JSON: jf.name, Required: tag.required, Comment: tag.comment}
	if f.Name == "" {
		f.Name = strings.ToLower(jf.name)
	}
	if !validName(f.Name) {
		s.complain(path, "key %q is no column name (letters, digits and underscores): give one with lake:\"name=%s\"", jf.name, columnName(jf.name))
		return Field{}, false
	}
	if f.JSON == f.Name {
		f.JSON = ""
	}
	if over != nil {
		m, ok := findField(over.Fields, f.Name)
		if !ok {
			s.complain(path, "the lake type of the struct has no member %s", f.Name)
			return Field{}, false
		}
		tag.typ = &m.Type
	}
	f.Type = s.typeOf(jf.sf.Type, path, jf.quoted, tag.typ)
	return f, f.Type.Kind != 0
}

// typeOf describes a Go type; over is the type that a tag gives. The zero Type means that
// there was a complaint.
func (s *goSchema) typeOf(t reflect.Type, path string, quoted bool, over *Type) Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	sh, def, why := classify(t)
	if quoted && sh != shapeNone {
		sh, def, why = shapeText, Type{Kind: KindString}, ""
	}
	switch sh {
	case shapeNone:
		s.complain(path, "%s %s", t, why)
		return Type{}
	case shapeArray, shapeMap, shapeStruct:
		return s.nested(t, sh, path, over)
	}
	if over == nil {
		if def.Kind == 0 {
			s.complain(path, "%s", why)
		}
		return def
	}
	if !suits(sh, over.Kind) {
		s.complain(path, "lake:%q contradicts its type %s, %s in JSON: use %s", over, t, sh.json(), sh.mend())
		return Type{}
	}
	return *over
}

func (s *goSchema) nested(t reflect.Type, sh shape, path string, over *Type) Type {
	want := [...]Kind{shapeArray: KindArray, shapeMap: KindMap, shapeStruct: KindStruct}[sh]
	if over != nil && over.Kind != want {
		s.complain(path, "lake:%q contradicts its type %s, %s in JSON: use %s", over, t, sh.json(), sh.mend())
		return Type{}
	}
	var overElem, overKey *Type
	if over != nil {
		overElem, overKey = over.Elem, over.Key
	}
	switch sh {
	case shapeStruct:
		fields := s.fields(t, path, over)
		if len(fields) == 0 {
			return Type{}
		}
		return Type{Kind: KindStruct, Fields: fields}
	case shapeArray:
		e := s.typeOf(t.Elem(), path+"[]", false, overElem)
		if e.Kind == 0 {
			return Type{}
		}
		return Type{Kind: KindArray, Elem: &e}
	}
	k, e := s.mapKey(t.Key(), path, overKey), s.typeOf(t.Elem(), path+"[]", false, overElem)
	if k.Kind == 0 || e.Kind == 0 {
		return Type{}
	}
	return Type{Kind: KindMap, Key: &k, Elem: &e}
}

func (s *goSchema) mapKey(t reflect.Type, path string, over *Type) Type {
	key := Type{Kind: KindString}
	switch {
	case t.Kind() == reflect.String || implements[encoding.TextMarshaler](t):
		if over != nil && suits(shapeText, over.Kind) {
			return *over
		}
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		_, def, why := classify(t)
		switch {
		case over != nil && suits(shapeInt, over.Kind):
			return *over
		case over == nil && def.Kind == 0:
			s.complain(path, "map key: %s", why)
		}
		key = def
	default:
		s.complain(path, "map keys are text or integers in JSON, not %s", t)
		return Type{}
	}
	if over != nil && !over.Equal(key) {
		s.complain(path, "the lake type's map key %s contradicts %s", over, t)
		return Type{}
	}
	return key
}

// classify gives a type's shape in JSON, its default column type, and, where there is none,
// why.
func classify(t reflect.Type) (sh shape, def Type, why string) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return shapeInstant, Type{Kind: KindTimestamp}, ""
	case reflect.TypeFor[Date]():
		return shapeDate, Type{Kind: KindDate}, ""
	case reflect.TypeFor[Decimal]():
		return shapeDecimal, Type{}, `a Decimal needs its precision and scale: lake:"decimal(10,2)"`
	case reflect.TypeFor[json.RawMessage]():
		return shapeAny, Type{}, `json.RawMessage can be anything: give the type with a lake tag, such as lake:"map<string,string>"`
	case reflect.TypeFor[json.Number]():
		return shapeDecimal, Type{}, `json.Number can be any number: give the type with a lake tag, such as lake:"decimal(10,2)"`
	}
	if own := ownMarshaler(t); own == "MarshalJSON" {
		return shapeAny, Type{}, fmt.Sprintf("%s has its own MarshalJSON: give the type with a lake tag", t)
	} else if own != "" {
		return shapeText, Type{Kind: KindString}, ""
	}
	switch t.Kind() {
	case reflect.Bool:
		return shapeBool, Type{Kind: KindBoolean}, ""
	case reflect.Int8:
		return shapeInt, Type{Kind: KindTinyInt}, ""
	case reflect.Int16, reflect.Uint8:
		return shapeInt, Type{Kind: KindSmallInt}, ""
	case reflect.Int32, reflect.Uint16:
		return shapeInt, Type{Kind: KindInt}, ""
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return shapeInt, Type{Kind: KindBigInt}, ""
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return shapeInt, Type{}, fmt.Sprintf(`%s has values that bigint does not hold: use lake:"decimal(20,0)", or lake:"bigint" if there are none`, t)
	case reflect.Float32:
		return shapeFloat, Type{Kind: KindFloat}, ""
	case reflect.Float64:
		return shapeFloat, Type{Kind: KindDouble}, ""
	case reflect.String:
		return shapeText, Type{Kind: KindString}, ""
	case reflect.Interface:
		return shapeAny, Type{}, fmt.Sprintf("%s can be anything: give the type with a lake tag", t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && ownMarshaler(t.Elem()) == "" {
			return shapeBytes, Type{Kind: KindBinary}, ""
		}
		return shapeArray, Type{}, ""
	case reflect.Array:
		return shapeArray, Type{}, ""
	case reflect.Map:
		return shapeMap, Type{}, ""
	case reflect.Struct:
		return shapeStruct, Type{}, ""
	}
	return shapeNone, Type{}, `has no form in JSON: leave it out with json:"-"`
}

// ownMarshaler names the method with which a type writes itself. A method of the pointer
// counts: encoding/json calls it wherever it can.
func ownMarshaler(t reflect.Type) string {
	switch {
	case implements[json.Marshaler](t):
		return "MarshalJSON"
	case implements[encoding.TextMarshaler](t):
		return "MarshalText"
	}
	return ""
}

func implements[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

// suits says whether a column type can hold what the shape writes.
func suits(sh shape, k Kind) bool {
	switch sh {
	case shapeAny:
		return true
	case shapeBool:
		return k == KindBoolean
	case shapeInt:
		return k >= KindTinyInt && k <= KindDecimal || k == KindTimestamp || k == KindTimestampTZ
	case shapeFloat:
		return k == KindFloat || k == KindDouble || k == KindDecimal
	case shapeDecimal:
		return k >= KindTinyInt && k <= KindDecimal
	case shapeText:
		return k == KindString || k == KindVarchar || k == KindChar || k == KindDate || k == KindTimestamp || k == KindTimestampTZ || k == KindUUID || k == KindTime
	case shapeInstant:
		return k == KindTimestamp || k == KindTimestampTZ || k == KindString
	case shapeDate:
		return k == KindDate || k == KindString
	case shapeBytes:
		return k == KindBinary || k == KindFixed || k == KindString
	}
	return false
}

// json names the shape's form in JSON, for complaints.
func (sh shape) json() string {
	switch sh {
	case shapeBool:
		return "true or false"
	case shapeInt, shapeFloat, shapeDecimal:
		return "a number"
	case shapeArray:
		return "an array"
	case shapeMap, shapeStruct:
		return "an object"
	}
	return "a string"
}

// mend names the types that suit, for complaints.
func (sh shape) mend() string {
	switch sh {
	case shapeBool:
		return "boolean, or a Go type that suits the tag"
	case shapeInt:
		return "an integer type, float, double, decimal(p,s) or timestamp (seconds), or a Go type that suits the tag"
	case shapeFloat:
		return "float, double or decimal(p,s), or a Go type that suits the tag"
	case shapeDecimal:
		return "decimal(p,s) or another number, or a Go type that suits the tag"
	case shapeInstant:
		return "timestamp, timestamptz or string, or a Go type that suits the tag"
	case shapeDate:
		return "date or string, or a Go type that suits the tag"
	case shapeBytes:
		return "binary or string, or a Go type that suits the tag"
	case shapeArray:
		return "array<...>, or a Go type that suits the tag"
	case shapeMap:
		return "map<...>, or a Go type that suits the tag"
	case shapeStruct:
		return "struct<...>, or a Go type that suits the tag"
	}
	return "string, varchar(n), date or timestamp, or a Go type that suits the tag"
}

// lakeTag is a parsed lake tag.
type lakeTag struct {
	typ      *Type
	name     string
	comment  string
	required bool
}

func parseLakeTag(tag string) (lakeTag, error) {
	var out lakeTag
	for rest := tag; rest != ""; {
		if c, ok := strings.CutPrefix(rest, "comment="); ok {
			out.comment = c
			break
		}
		var part string
		part, rest = cutTopLevel(rest)
		part = strings.TrimSpace(part)
		name, isName := strings.CutPrefix(part, "name=")
		switch {
		case part == "required":
			out.required = true
		case isName && !validName(name):
			return out, fmt.Errorf("lake:%q: %q is no column name (lower-case letters, digits and underscores)", tag, name)
		case isName:
			out.name = name
		case out.typ != nil:
			return out, fmt.Errorf("lake:%q: two types, or %q is unknown (known are a type, required, name=, comment=)", tag, part)
		default:
			t, err := ParseType(part)
			if err != nil {
				return out, fmt.Errorf("lake:%q: %q is neither a type nor required, name= or comment=: %w", tag, part, errors.Unwrap(err))
			}
			out.typ = &t
		}
	}
	return out, nil
}

// cutTopLevel cuts at the first comma outside brackets.
func cutTopLevel(s string) (part, rest string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(', '<':
			depth++
		case ')', '>':
			depth--
		case ',':
			if depth == 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// columnName makes a column name of any key: what is not a letter of ASCII, a digit or an
// underscore becomes an underscore.
func columnName(key string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(key) {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

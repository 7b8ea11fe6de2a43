package dynamodb

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kind is an attribute value's type, by the service's descriptor.
type kind string

const (
	kindS    kind = "S"
	kindN    kind = "N"
	kindB    kind = "B"
	kindSS   kind = "SS"
	kindNS   kind = "NS"
	kindBS   kind = "BS"
	kindBOOL kind = "BOOL"
	kindNULL kind = "NULL"
	kindL    kind = "L"
	kindM    kind = "M"
)

// value is an attribute value. Values are never changed once made: an update builds new
// ones, so that items may be shared between tables, indexes and answers.
type value struct {
	kind kind
	// s is the text of S, and the bytes of B.
	s string
	n number
	// yes is the value of BOOL.
	yes bool
	// ss are the members of SS and BS, sorted; ns those of NS, sorted as numbers.
	ss []string
	ns []number
	l  []value
	m  map[string]value
}

// item is a row: attributes by name. Like values, items are not changed once stored.
type item map[string]value

func (v value) isSet() bool { return v.kind == kindSS || v.kind == kindNS || v.kind == kindBS }

func (v value) equal(w value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case kindL:
		return slices.EqualFunc(v.l, w.l, value.equal)
	case kindM:
		return maps.EqualFunc(v.m, w.m, value.equal)
	}
	return v.s == w.s && v.n == w.n && v.yes == w.yes && slices.Equal(v.ss, w.ss) && slices.Equal(v.ns, w.ns)
}

// compare orders two values of the same kind, which is S, N or B: text and bytes by
// their bytes, numbers as numbers.
func (v value) compare(w value) int {
	if v.kind == kindN {
		return v.n.compare(w.n)
	}
	return strings.Compare(v.s, w.s)
}

func (v value) size() int {
	switch v.kind {
	case kindS, kindB:
		return len(v.s)
	case kindN:
		return v.n.size()
	case kindSS, kindBS:
		return total(v.ss, func(s string) int { return len(s) })
	case kindNS:
		return total(v.ns, number.size)
	case kindL:
		return 3 + len(v.l) + total(v.l, value.size)
	case kindM:
		return 3 + len(v.m) + item(v.m).size()
	}
	return 1
}

func total[T any](vs []T, size func(T) int) int {
	n := 0
	for _, v := range vs {
		n += size(v)
	}
	return n
}

func (it item) size() int {
	n := 0
	for name, v := range it {
		n += len(name) + v.size()
	}
	return n
}

// depth is how many lists and maps lie around the innermost value.
func (v value) depth() int {
	d := 0
	switch v.kind {
	case kindL:
		for _, e := range v.l {
			d = max(d, e.depth())
		}
		return d + 1
	case kindM:
		for _, e := range v.m {
			d = max(d, e.depth())
		}
		return d + 1
	}
	return 0
}

// Items are written for every answer and every change, so by hand: encoding/json would
// build a map for each value.

// MarshalJSON writes the service's form, such as {"S":"text"}.
func (v value) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

// MarshalJSON writes the attributes in the order of their names.
func (it item) MarshalJSON() ([]byte, error) { return it.appendJSON(nil), nil }

func (it item) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(it)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		b = it[name].appendJSON(b)
	}
	return append(b, '}')
}

func (v value) appendJSON(b []byte) []byte {
	b = append(b, '{', '"')
	b = append(b, v.kind...)
	b = append(b, '"', ':')
	switch v.kind {
	case kindS:
		b = appendString(b, v.s)
	case kindN:
		b = appendString(b, v.n.String())
	case kindB:
		b = appendBytes(b, v.s)
	case kindBOOL:
		b = fmt.Append(b, v.yes)
	case kindNULL:
		b = append(b, "true"...)
	case kindSS:
		b = appendList(b, v.ss, appendString)
	case kindBS:
		b = appendList(b, v.ss, appendBytes)
	case kindNS:
		b = appendList(b, v.ns, func(b []byte, n number) []byte { return appendString(b, n.String()) })
	case kindL:
		b = appendList(b, v.l, func(b []byte, e value) []byte { return e.appendJSON(b) })
	case kindM:
		b = item(v.m).appendJSON(b)
	}
	return append(b, '}')
}

func appendList[T any](b []byte, vs []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

func appendBytes(b []byte, s string) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, []byte(s))
	return append(b, '"')
}

func appendString(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	q, _ := json.Marshal(s) // a string can always be written
	return append(b, q...)
}

// maxNesting is the depth of documents that the service takes.
const maxNesting = 32

// UnmarshalJSON reads the service's form and checks what the service checks of a value
// wherever it stands.
func (v *value) UnmarshalJSON(b []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return serialization("an attribute value is an object such as {\"S\":\"text\"}")
	}
	maps.DeleteFunc(m, func(_ string, raw json.RawMessage) bool { return string(raw) == "null" })
	switch len(m) {
	case 0:
		return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case 1:
	default:
		return validation("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	for k, raw := range m {
		v.kind = kind(k)
		return v.read(raw)
	}
	return nil
}

func (v *value) read(raw json.RawMessage) error {
	switch v.kind {
	case kindS:
		return decode(raw, &v.s, "S holds a string")
	case kindN:
		var s string
		if err := decode(raw, &s, "N holds a number written as a string"); err != nil {
			return err
		}
		return v.setNumber(s)
	case kindB:
		var p []byte
		err := decode(raw, &p, "B holds base64")
		v.s = string(p)
		return err
	case kindBOOL:
		return decode(raw, &v.yes, "BOOL holds true or false")
	case kindNULL:
		var yes bool
		if err := decode(raw, &yes, "NULL holds true"); err != nil {
			return err
		}
		if !yes {
			return validation("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return nil
	case kindSS:
		if err := decode(raw, &v.ss, "SS holds strings"); err != nil {
			return err
		}
		return v.setText("string", v.ss)
	case kindBS:
		var ps [][]byte
		if err := decode(raw, &ps, "BS holds base64 strings"); err != nil {
			return err
		}
		for _, p := range ps {
			v.ss = append(v.ss, string(p))
		}
		return v.setText("binary", v.ss)
	case kindNS:
		return v.readNumbers(raw)
	case kindL:
		v.l = []value{}
		return nested(json.Unmarshal(raw, &v.l), "L holds a list of attribute values")
	case kindM:
		v.m = map[string]value{}
		if err := nested(json.Unmarshal(raw, &v.m), "M holds a map of attribute values"); err != nil {
			return err
		}
		return item(v.m).checkNames()
	}
	return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func decode[T any](raw json.RawMessage, to *T, rule string) error {
	if json.Unmarshal(raw, to) != nil {
		return serialization(rule)
	}
	return nil
}

// nested lets a member's own complaint pass.
func nested(err error, rule string) error {
	if err == nil || isService(err) {
		return err
	}
	return serialization(rule)
}

func (v *value) setNumber(s string) error {
	n, err := parseNumber(s)
	if err == nil {
		v.n = n
		return nil
	}
	if errors.Is(err, errNotNumber) {
		return validation("%v: %s", err, s)
	}
	return validation("%v", err)
}

func (v *value) readNumbers(raw json.RawMessage) error {
	var ss []string
	if err := decode(raw, &ss, "NS holds numbers written as strings"); err != nil {
		return err
	}
	if len(ss) == 0 {
		return validation("One or more parameter values were invalid: An number set  may not be empty")
	}
	for _, s := range ss {
		var w value
		if err := w.setNumber(s); err != nil {
			return err
		}
		v.ns = append(v.ns, w.n)
	}
	slices.SortFunc(v.ns, number.compare)
	if len(slices.Compact(slices.Clone(v.ns))) != len(v.ns) {
		return validation("Input collection contains duplicates")
	}
	return nil
}

func (v *value) setText(what string, ss []string) error {
	if len(ss) == 0 {
		return validation("One or more parameter values were invalid: An %s set  may not be empty", what)
	}
	v.ss = slices.Sorted(slices.Values(ss))
	if len(slices.Compact(slices.Clone(v.ss))) == len(v.ss) {
		return nil
	}
	if v.kind == kindBS {
		return validation("One or more parameter values were invalid: Input collection of type BS contains duplicates.")
	}
	return validation("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(ss, ", "))
}

func (it item) checkNames() error {
	if _, ok := it[""]; ok {
		return validation("One or more parameter values were invalid: Empty attribute name")
	}
	return nil
}

// UnmarshalJSON reads attributes; the first complaint about one is the answer.
func (it *item) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	var m map[string]value
	if err := nested(json.Unmarshal(b, &m), "attributes are an object of attribute values"); err != nil {
		return err
	}
	*it = m
	return nil
}

package catalog

import (
	"errors"
	"fmt"
	"strings"
)

// seen is a kind of value that occurred at a place.
type seen uint8

const (
	seenNull seen = iota
	seenBool
	seenInt  // fits bigint
	seenBig  // a whole number of up to 38 digits
	seenReal // any other number that double holds
	seenLong // any other number
	seenText
	seenObject
	seenArray
	seenKinds
)

func (s seen) String() string {
	return [...]string{"null", "true or false", "a whole number", "a whole number beyond bigint", "a number", "a number beyond double", "text", "an object", "an array"}[s]
}

// Bounds on what a schema may grow to: data whose keys are values would grow without end.
const (
	maxMembers   = 1000  // of an object below the top, beyond which it is a map
	maxColumns   = 5000  // of a record
	maxPlaces    = 50000 // in all
	maxInferDeep = 24    // beyond which a value is JSON text
)

// place gathers what occurs at one path of the records.
type place struct {
	first  [seenKinds]int64 // the first line of each kind; 0 means none
	clock  textClock
	deep   int64 // the line of a value that nests too deep
	folded int64 // the line of a key that differs from Key in case only

	key     string // as it is written
	name    string // of the column
	members []*place
	index   map[string]*place // by key as written, and by key in lower case
	isMap   bool
	elem    *place // of an array, or of an object that turned out to be a map
}

// textClock says what all texts at a place are, from narrow to wide.
type textClock uint8

const (
	clockUnset textClock = iota
	clockDate
	clockTime
	clockNone
)

// tree is a schema that grows.
type tree struct {
	root   *place
	places int
	times  bool
	keyed  bool // the values have keys, as in JSON
	line   int64
}

func newTree(opts *InferOptions) *tree {
	return &tree{root: &place{}, places: 1, times: opts.Times}
}

var errPlaces = fmt.Errorf("more than %d different keys: keys seem to be values", maxPlaces)

func (t *tree) add(p *place, s seen) {
	if p.first[s] == 0 {
		p.first[s] = t.line
	}
}

// text notes a text and, while all texts at the place are times, whether this is one.
func (t *tree) text(p *place, s []byte) {
	t.add(p, seenText)
	if !t.times || p.clock == clockNone {
		return
	}
	p.clock = p.clock.and(clockOf(s))
}

// and is the lattice of texts: a date is a timestamp at midnight, anything else is text.
func (c textClock) and(d textClock) textClock { return max(c, d) }

// element gives the place of an array's elements.
func (t *tree) element(p *place) (*place, error) {
	if p.elem == nil {
		if t.places++; t.places > maxPlaces {
			return nil, errPlaces
		}
		p.elem = &place{}
	}
	return p.elem, nil
}

// member gives the place of a key.
func (t *tree) member(p *place, key []byte) (*place, error) {
	if p.isMap {
		return p.elem, nil
	}
	if m := p.index[string(key)]; m != nil {
		return m, nil
	}
	low := strings.ToLower(string(key))
	if m := p.index[low]; m != nil {
		if m.folded == 0 {
			m.folded = t.line
		}
		p.index[string(key)] = m
		return m, nil
	}
	if p == t.root && len(p.members) == maxColumns {
		return nil, fmt.Errorf("more than %d different keys at the top: keys seem to be values", maxColumns)
	}
	if p != t.root && len(p.members) == maxMembers {
		t.becomeMap(p)
		return p.elem, nil
	}
	if t.places++; t.places > maxPlaces {
		return nil, errPlaces
	}
	m := &place{key: string(key)}
	if p.index == nil {
		p.index = map[string]*place{}
	}
	p.index[string(key)], p.index[low] = m, m
	p.members = append(p.members, m)
	return m, nil
}

// becomeMap is for objects whose keys are values.
func (t *tree) becomeMap(p *place) {
	p.isMap, p.elem = true, &place{}
	for _, m := range p.members {
		p.elem.merge(m)
	}
	t.places -= len(p.members)
	p.members, p.index = nil, nil
}

// merge adds all that o has seen to p.
func (p *place) merge(o *place) {
	for s, line := range o.first {
		if p.first[s] == 0 || line != 0 && line < p.first[s] {
			p.first[s] = line
		}
	}
	p.clock = p.clock.and(o.clock)
	if p.deep == 0 {
		p.deep = o.deep
	}
	if o.elem != nil {
		if p.elem == nil {
			p.elem = &place{}
		}
		p.elem.merge(o.elem)
		p.isMap = p.isMap || o.isMap
	}
	for _, m := range o.members {
		low := strings.ToLower(m.key)
		mine := p.index[low]
		if mine == nil {
			if p.index == nil {
				p.index = map[string]*place{}
			}
			mine = &place{key: m.key}
			p.index[m.key], p.index[low] = mine, mine
			p.members = append(p.members, mine)
		}
		mine.merge(m)
	}
}

// finish turns the tree into columns.
func (t *tree) finish(r *Inferred) error {
	r.Fields = t.fields(t.root, "", r)
	if len(r.Fields) == 0 {
		return errors.New("no record has a key")
	}
	return nil
}

func (t *tree) fields(p *place, prefix string, r *Inferred) []Field {
	used := map[string]bool{}
	var out []Field
	for _, m := range p.members {
		if m.key == "" {
			r.note(strings.TrimSuffix(prefix, "."), "it has an empty key, which cannot be a column: left out")
			continue
		}
		base := columnName(m.key)
		m.name = base
		for n := 2; used[m.name]; n++ {
			m.name = fmt.Sprintf("%s_%d", base, n)
		}
		used[m.name] = true
		f := Field{Name: m.name}
		if t.keyed && m.key != m.name {
			f.JSON = m.key
		}
		path := prefix + m.name
		if m.name != base {
			r.note(path, "another key gives the same column name, so this one has a number")
		}
		if m.folded != 0 {
			r.note(path, "keys that differ in case only are one column", m.folded)
		}
		f.Type = t.typeOf(m, path, r)
		out = append(out, f)
	}
	return out
}

// typeOf is the lattice. Package documentation draws it.
func (t *tree) typeOf(p *place, path string, r *Inferred) Type {
	text := Type{Kind: KindString}
	if p.deep != 0 {
		r.note(path, fmt.Sprintf("it nests deeper than %d, so it is kept as JSON text in a string", maxInferDeep), p.deep)
		return text
	}
	var kinds []seen
	for s := seenBool; s < seenKinds; s++ {
		if p.first[s] != 0 {
			kinds = append(kinds, s)
		}
	}
	has := func(s seen) bool { return p.first[s] != 0 }
	switch numbers := has(seenInt) || has(seenBig) || has(seenReal) || has(seenLong); {
	case len(kinds) == 0:
		r.note(path, "it has no value, so nothing is known: string")
		return text
	case numbers && kinds[0] >= seenInt && kinds[len(kinds)-1] <= seenLong:
		return t.number(p, path, r)
	case len(kinds) > 1:
		lines := make([]int64, 0, len(kinds))
		words := make([]string, 0, len(kinds))
		for _, s := range kinds {
			lines, words = append(lines, p.first[s]), append(words, s.String())
		}
		r.note(path, "it is "+strings.Join(words, ", then ")+", which only string holds", lines...)
		return text
	}
	switch kinds[0] {
	case seenBool:
		return Type{Kind: KindBoolean}
	case seenText:
		switch p.clock {
		case clockDate:
			return Type{Kind: KindDate}
		case clockTime:
			return Type{Kind: KindTimestamp}
		}
		return text
	case seenArray:
		elem := text
		if p.elem == nil {
			r.note(path, "its arrays are all empty, so nothing is known of their elements: array<string>", p.first[seenArray])
		} else {
			elem = t.typeOf(p.elem, path+".element", r)
		}
		return Type{Kind: KindArray, Elem: &elem}
	}
	return t.object(p, path, r)
}

func (t *tree) number(p *place, path string, r *Inferred) Type {
	switch {
	case p.first[seenLong] != 0:
		r.note(path, fmt.Sprintf("it has numbers of more than %d digits, which double rounds: declare it decimal, which holds %d, or string", doubleDigits, maxDigits), p.first[seenLong])
	case p.first[seenReal] == 0 && p.first[seenBig] == 0:
		return Type{Kind: KindBigInt}
	case p.first[seenReal] == 0:
		r.note(path, "a whole number is beyond bigint: decimal(38,0)", p.first[seenBig])
		return Type{Kind: KindDecimal, Precision: maxDigits}
	case p.first[seenBig] != 0:
		r.note(path, "it has fractions and whole numbers beyond bigint, which double does not hold exactly", p.first[seenReal], p.first[seenBig])
	case p.first[seenInt] != 0:
		r.note(path, "it is a whole number, then a fraction: double", p.first[seenInt], p.first[seenReal])
	}
	return Type{Kind: KindDouble}
}

func (t *tree) object(p *place, path string, r *Inferred) Type {
	key := Type{Kind: KindString}
	switch {
	case p.isMap:
		r.note(path, fmt.Sprintf("it has more than %d different keys, so it is a map", maxMembers), p.first[seenObject])
		value := t.typeOf(p.elem, path+".value", r)
		return Type{Kind: KindMap, Key: &key, Elem: &value}
	case len(p.members) == 0, len(p.members) == 1 && p.members[0].key == "":
		r.note(path, "its objects are all empty, so nothing is known of them: map<string,string>", p.first[seenObject])
		return Type{Kind: KindMap, Key: &key, Elem: &Type{Kind: KindString}}
	}
	return Type{Kind: KindStruct, Fields: t.fields(p, path+".", r)}
}

// clockOf tells dates and times.
func clockOf(s []byte) textClock {
	digits := func(from, n int) (int, bool) {
		if len(s) < from+n {
			return 0, false
		}
		return leadingInt(string(s[from:from+n]), n)
	}
	y, ok1 := digits(0, 4)
	m, ok2 := digits(5, 2)
	d, ok3 := digits(8, 2)
	if !ok1 || !ok2 || !ok3 || s[4] != '-' || s[7] != '-' || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return clockNone
	}
	if len(s) == 10 {
		return clockDate
	}
	h, ok1 := digits(11, 2)
	mi, ok2 := digits(14, 2)
	sec, ok3 := digits(17, 2)
	if !ok1 || !ok2 || !ok3 || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' || h > 23 || mi > 59 || sec > 59 {
		return clockNone
	}
	rest := s[19:]
	if len(rest) > 1 && rest[0] == '.' {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n == 1 || n > 10 {
			return clockNone
		}
		rest = rest[n:]
	}
	switch {
	case len(rest) == 0, len(rest) == 1 && rest[0] == 'Z':
		return clockTime
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		oh, ok1 := leadingInt(string(rest[1:3]), 2)
		om, ok2 := leadingInt(string(rest[4:6]), 2)
		if ok1 && ok2 && oh < 24 && om < 60 {
			return clockTime
		}
	}
	return clockNone
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

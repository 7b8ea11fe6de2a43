package jsoncol

import (
	"fmt"
	"math/bits"
	"unicode"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/column"
)

// key is a key that objects of one struct carry, as it is spelt.
type key struct {
	name  string
	hash  uint64
	field *field // nil: no column wants it
	odd   bool   // it is not spelt as the field's own key
	next  *key   // the key that came after this one the last time

	// What precedes the value: the separator, the quoted key, the colon and the spacing,
	// as the last record had it. w0 is its first 8 bytes under the mask m0, w1 its last 8.
	lit        []byte
	n          int
	w0, m0, w1 uint64
}

const (
	// maxLit bounds what is compared, so that the loads stay within column.Pad.
	maxLit = 48
	// maxLearnt bounds how many spellings that are no column's are remembered per struct.
	maxLearnt = 512
)

// forget makes the key match nothing: w0 and w1 overlap and contradict each other.
func (k *key) forget() { k.lit, k.n, k.w0, k.m0, k.w1 = k.lit[:0], 9, ones, ^uint64(0), 2*ones }

// learn remembers the bytes before the value. The first one is a comma or, before an
// object's first key, a brace, which the caller masks. What is not valid UTF-8 is not learnt,
// so that every record that carries it is looked at.
func (k *key) learn(lit []byte) {
	if len(k.lit) == len(lit) && string(k.lit[1:]) == string(lit[1:]) || len(lit) > maxLit || !utf8.Valid(lit) {
		return
	}
	k.lit = append(append(k.lit[:0], ','), lit[1:]...)
	var t [8]byte
	copy(t[:], k.lit)
	k.n, k.w0, k.m0 = len(lit), load(pointer(&t), 0), ^uint64(0)
	if k.n < 8 {
		k.m0 = 1<<(8*k.n) - 1
		return
	}
	copy(t[:], k.lit[k.n-8:])
	k.w1 = load(pointer(&t), 0)
}

// matches says whether the bytes at i are those before the key's value. The mask leaves out
// the separator. (The object loop has this in place: it is too much to be inlined.)
func (k *key) matches(b pointer, i int, mask uint64) bool {
	return (load(b, i)^k.w0)&k.m0&mask == 0 && (k.n <= 8 || k.rest(b, i))
}

// rest compares what the first 8 bytes do not cover.
func (k *key) rest(b pointer, i int) bool {
	return load(b, i+k.n-8) == k.w1 && (k.n <= 16 || viewString(b, i+8, k.n-16) == string(k.lit[8:k.n-8]))
}

// keys are the spellings that a struct's keys have had: a hash table with open addressing.
type keys struct {
	start  key // stands before the first key
	other  key // stands for the keys that are not remembered
	table  []*key
	shift  uint
	count  int
	learnt int
	folded map[string]*field
	fold   []byte // scratch
}

func (t *keys) init(fields []field, nodes []column.Node) error {
	t.folded = make(map[string]*field, len(fields))
	t.resize(bits.Len(uint(4 * len(fields))))
	t.start.forget()
	t.other.forget()
	t.other.next = &t.other
	var last *key
	for i := range fields {
		name := nodes[i].JSON
		if name == "" {
			name = nodes[i].Name
		}
		padded := append(make([]byte, 0, len(name)+column.Pad), name...)
		b := start(padded)
		if t.find(b, 0, len(name)) != nil {
			return fmt.Errorf("%s: two columns have the JSON key %q", nodes[i].Name, name)
		}
		k := t.add(b, 0, len(name), &fields[i])
		if last == nil {
			t.start.next = k
		} else {
			last.next = k
		}
		last = k
		if f := string(appendFold(nil, padded)); t.folded[f] == nil {
			t.folded[f] = &fields[i]
		}
	}
	last.next = t.start.next
	return nil
}

func (t *keys) resize(log int) {
	old := t.table
	t.table, t.shift = make([]*key, 1<<log), uint(64-log)
	for _, k := range old {
		if k != nil {
			t.insert(k)
		}
	}
}

func (t *keys) insert(k *key) {
	i := k.hash >> t.shift
	for t.table[i] != nil {
		i = (i + 1) & uint64(len(t.table)-1)
	}
	t.table[i] = k
}

func (t *keys) add(b pointer, i, n int, f *field) *key {
	if t.count++; 2*t.count > len(t.table) {
		t.resize(bits.Len(uint(len(t.table))))
	}
	k := &key{name: string(view(b, i, n)), hash: hash(b, i, n), field: f, next: &t.other}
	k.forget()
	t.insert(k)
	return k
}

func hash(b pointer, i, n int) uint64 {
	h := uint64(n) * 0x9e3779b97f4a7c15
	if n < 8 {
		h ^= load(b, i) & (1<<(8*n) - 1)
	} else {
		h ^= load(b, i)
		h *= 0x9fb21c651e98df25
		h ^= h>>32 ^ load(b, i+n-8)
	}
	h *= 0x9fb21c651e98df25
	return h ^ h>>29
}

func (t *keys) find(b pointer, i, n int) *key {
	h := hash(b, i, n)
	for s := h >> t.shift; ; s = (s + 1) & uint64(len(t.table)-1) {
		k := t.table[s]
		if k == nil {
			return nil
		}
		if k.hash == h && k.name == viewString(b, i, n) {
			return k
		}
	}
}

// lookup finds the key with the n bytes at i, remembering how it is spelt.
func (t *keys) lookup(b pointer, i, n int) *key {
	if k := t.find(b, i, n); k != nil {
		return k
	}
	t.fold = appendFold(t.fold[:0], view(b, i, n))
	f := t.folded[string(t.fold)]
	if f == nil && n > maxLit || t.learnt == maxLearnt {
		if f == nil {
			return &t.other
		}
		// Too many spellings: this one works as well, without being remembered.
		return &key{name: string(view(b, i, n)), odd: true, field: f, next: &t.other, n: 9, w0: ones, m0: ^uint64(0), w1: 2 * ones}
	}
	t.learnt++
	k := t.add(b, i, n, f)
	k.odd = f != nil
	return k
}

// appendFold appends the form that all spellings of a key have in common: each character
// as the smallest that folds to it, as encoding/json does.
func appendFold(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		for {
			q := unicode.SimpleFold(r)
			if q <= r {
				r = q
				break
			}
			r = q
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst
}

package jsoncol

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

func scalarType(r *rand.Rand) catalog.Type {
	k := catalog.KindBoolean + catalog.Kind(r.IntN(int(catalog.KindFixed)))
	t := catalog.Type{Kind: k}
	switch k {
	case catalog.KindDecimal:
		t.Precision = 1 + r.IntN(38)
		t.Scale = r.IntN(t.Precision + 1)
	case catalog.KindVarchar, catalog.KindChar, catalog.KindFixed:
		t.Length = 1 + r.IntN(6)
	}
	return t
}

func randomType(r *rand.Rand, depth int) catalog.Type {
	if depth > 0 {
		switch r.IntN(6) {
		case 0:
			e := randomType(r, depth-1)
			return catalog.Type{Kind: catalog.KindArray, Elem: &e}
		case 1:
			k, e := scalarType(r), randomType(r, depth-1)
			return catalog.Type{Kind: catalog.KindMap, Key: &k, Elem: &e}
		case 2:
			return catalog.Type{Kind: catalog.KindStruct, Fields: randomFields(r, 1+r.IntN(4), depth-1)}
		}
	}
	return scalarType(r)
}

func randomFields(r *rand.Rand, n, depth int) []catalog.Field {
	fs := make([]catalog.Field, n)
	for i := range fs {
		name := fmt.Sprintf("f%d%s", i, strings.Repeat("x", r.IntN(24)))
		fs[i] = catalog.Field{Name: name, Type: randomType(r, depth), Required: r.IntN(20) == 0}
		switch r.IntN(8) {
		case 0:
			fs[i].JSON = strings.ToUpper(name)
		case 1:
			fs[i].JSON = "é" + name
		case 2:
			fs[i].JSON = `"` + name + `\`
		}
	}
	return fs
}

// writer writes random JSON for a schema: mostly what fits, with a share of what does not.
type writer struct {
	r   *rand.Rand
	w   strings.Builder
	odd int // one value in so many is odd; 0: none
}

func (w *writer) strange() bool { return w.odd > 0 && w.r.IntN(w.odd) == 0 }

func (w *writer) space() {
	if w.odd > 0 && w.r.IntN(8) == 0 {
		w.w.WriteString([]string{" ", "\n", "\t ", "  \r\n"}[w.r.IntN(4)])
	}
}

func (w *writer) str(s string) {
	b, _ := json.Marshal(s)
	if !w.strange() {
		w.w.Write(b)
		return
	}
	w.w.WriteByte('"')
	for _, c := range s {
		switch {
		case w.r.IntN(3) == 0 && c < 0x10000:
			fmt.Fprintf(&w.w, "\\u%04x", c)
		case c == '/':
			w.w.WriteString(`\/`)
		default:
			e, _ := json.Marshal(string(c))
			w.w.Write(e[1 : len(e)-1])
		}
	}
	w.w.WriteByte('"')
}

func (w *writer) object(nodes []column.Node) {
	order := w.r.Perm(len(nodes))
	if !w.strange() {
		for i := range order {
			order[i] = i
		}
	}
	w.w.WriteByte('{')
	n := 0
	key := func(k string) {
		if n++; n > 1 {
			w.w.WriteByte(',')
		}
		w.space()
		w.str(k)
		w.space()
		w.w.WriteByte(':')
		w.space()
	}
	for _, i := range order {
		if w.strange() {
			key([]string{"unknown", "é", "", "other\n", strings.Repeat("long", 20)}[w.r.IntN(5)])
			w.junk(3)
		}
		if w.strange() {
			continue
		}
		k := nodes[i].JSON
		if w.strange() {
			k = strings.ToUpper(k)
		}
		key(k)
		w.value(&nodes[i].Type, nodes[i].Children)
		w.space()
		if w.strange() {
			key(k)
			w.value(&nodes[i].Type, nodes[i].Children)
		}
	}
	w.w.WriteByte('}')
}

func (w *writer) value(t *catalog.Type, children []column.Node) {
	if w.strange() {
		if w.r.IntN(4) == 0 {
			w.junk(2)
		} else {
			w.w.WriteString("null")
		}
		return
	}
	switch t.Kind {
	case catalog.KindStruct:
		w.object(children)
	case catalog.KindArray:
		w.w.WriteByte('[')
		for i := range w.r.IntN(4) {
			if i > 0 {
				w.w.WriteByte(',')
			}
			w.space()
			w.value(t.Elem, children[0].Children)
			w.space()
		}
		w.w.WriteByte(']')
	case catalog.KindMap:
		w.w.WriteByte('{')
		n := w.r.IntN(4)
		if w.strange() {
			n = 20
		}
		for i := range n {
			if i > 0 {
				w.w.WriteByte(',')
			}
			w.space()
			if s := w.text(t.Key); s[0] == '"' {
				w.w.WriteString(s)
			} else {
				w.w.WriteString(`"` + s + `"`)
			}
			w.space()
			w.w.WriteByte(':')
			w.value(t.Elem, children[1].Children)
			w.space()
		}
		w.w.WriteByte('}')
	default:
		w.w.WriteString(w.text(t))
	}
}

// text is a scalar's JSON.
func (w *writer) text(t *catalog.Type) string {
	quote := func(s string) string {
		save := w.w
		w.w = strings.Builder{}
		w.str(s)
		s = w.w.String()
		w.w = save
		return s
	}
	r := w.r
	switch t.Kind {
	case catalog.KindBoolean:
		return []string{"true", "false"}[r.IntN(2)]
	case catalog.KindTinyInt, catalog.KindSmallInt, catalog.KindInt, catalog.KindBigInt:
		v := int64(r.Uint64()) >> (64 - intRange[t.Kind] - 1) >> r.IntN(int(intRange[t.Kind]))
		if w.strange() {
			return fmt.Sprintf("%d%s", v, []string{".0", "e0", "00", ".5", "0e-1", "E+1"}[r.IntN(6)])
		}
		return fmt.Sprint(v)
	case catalog.KindFloat, catalog.KindDouble:
		return []string{fmt.Sprintf("%.*f", r.IntN(12), r.NormFloat64()*1000), fmt.Sprint(r.NormFloat64()), fmt.Sprint(r.ExpFloat64() * 1e30), "-0", "0.1e-310", "123456789012345678901234567890"}[r.IntN(6)]
	case catalog.KindDecimal:
		var b strings.Builder
		if r.IntN(2) == 0 {
			b.WriteByte('-')
		}
		whole := r.IntN(t.Precision - t.Scale + 1)
		if whole == 0 {
			b.WriteByte('0')
		}
		for i := range whole {
			b.WriteByte(byte('1' + r.IntN(9-min(i, 1))))
		}
		if n := r.IntN(t.Scale + 1); n > 0 {
			b.WriteByte('.')
			for range n {
				b.WriteByte(byte('0' + r.IntN(10)))
			}
		}
		if w.strange() {
			b.WriteString([]string{"e1", "E-1", "0", "e-0"}[r.IntN(4)])
		}
		return b.String()
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		n := r.IntN(8)
		if t.Kind != catalog.KindString {
			n = r.IntN(t.Length + 1)
		} else if r.IntN(8) == 0 {
			n = r.IntN(60)
		}
		rs := make([]rune, n)
		for i := range rs {
			rs[i] = rune("abcXYZ019 /\"\\\n\x01é€𝄞<&"[0])
			rs[i] = []rune("abcXYZ019 /\"\\\n\x01é€𝄞<&")[r.IntN(19)]
		}
		return quote(string(rs))
	case catalog.KindBinary, catalog.KindFixed:
		n := t.Length
		if n == 0 {
			n = r.IntN(10)
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return quote(base64.StdEncoding.EncodeToString(b))
	case catalog.KindUUID:
		return quote(fmt.Sprintf("%08x-%04X-%04x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.Uint64()>>16))
	}
	at := time.Unix(r.Int64N(8e9)-4e9, r.Int64N(1e9)).UTC()
	switch t.Kind {
	case catalog.KindDate:
		return quote(at.Format("2006-01-02"))
	case catalog.KindTime:
		return quote(at.Format([]string{"15:04:05", "15:04:05.000", "15:04:05.999999999"}[r.IntN(3)]))
	}
	if w.strange() {
		return []string{fmt.Sprint(at.Unix()), fmt.Sprint(at.UnixMilli()), fmt.Sprintf("%d.%d", at.Unix(), r.IntN(1e9)), "1e300"}[r.IntN(4)]
	}
	at = at.In(time.FixedZone("", (r.IntN(48)-24)*1800))
	return quote(at.Format([]string{
		"2006-01-02T15:04:05.000Z07:00", time.RFC3339Nano, time.RFC3339, "2006-01-02 15:04:05", "2006-1-2 15:04:05.9", "2006-01-02",
		"2006-01-02t15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.000Z",
	}[r.IntN(9)]))
}

// junk writes any JSON, and sometimes none.
func (w *writer) junk(depth int) {
	r := w.r
	n := r.IntN(14)
	if depth == 0 && n < 4 {
		n = 5
	}
	switch n {
	case 0, 1:
		w.w.WriteByte('[')
		for i := range r.IntN(4) {
			if i > 0 {
				w.w.WriteByte(',')
			}
			w.space()
			w.junk(depth - 1)
		}
		w.w.WriteByte(']')
	case 2, 3:
		w.w.WriteByte('{')
		for i := range r.IntN(4) {
			if i > 0 {
				w.w.WriteByte(',')
			}
			w.space()
			w.str(fmt.Sprint("k", i))
			w.w.WriteByte(':')
			w.junk(depth - 1)
		}
		w.w.WriteByte('}')
	case 4:
		w.w.WriteString([]string{"tru", "nul", `"\x"`, "01", "1.", "-", `"`, "\"\x01\"", `"\ud8"`, "+1", "[1,]", "{,}", `{"a"}`, "\"\xff\"", "1e", ""}[r.IntN(16)])
	case 5:
		w.w.WriteString("null")
	case 6:
		w.w.WriteString("true")
	case 7:
		w.w.WriteString("-12.50e+3")
	case 8:
		w.w.WriteString(`"\ud834\udd1e\ud834x\udd1e"`)
	default:
		t := scalarType(r)
		w.w.WriteString(w.text(&t))
	}
}

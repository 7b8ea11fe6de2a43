// Package parquettest makes random schemas and rows, and lays rows out as the column
// batches that a Parquet writer takes. It has a second, plainer way of doing what jsoncol
// does, so that tests of the writer rest on neither.
package parquettest

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

// A value of a row is nil for null, or by the kind of its type: a bool; an int64 for the
// integers, dates, times, timestamps and decimals of up to 18 digits (unscaled); a
// *big.Int for wider decimals; a float32; a float64; a string for text; a []byte for
// binary, uuid and fixed; a []any for an array, with its elements, and for a struct, with
// its members; a [][2]any for a map.

// Row has a value for each column.
type Row []any

var scalars = []catalog.Type{
	{Kind: catalog.KindBoolean},
	{Kind: catalog.KindTinyInt},
	{Kind: catalog.KindSmallInt},
	{Kind: catalog.KindInt},
	{Kind: catalog.KindBigInt},
	{Kind: catalog.KindFloat},
	{Kind: catalog.KindDouble},
	{Kind: catalog.KindDecimal, Precision: 5, Scale: 2},
	{Kind: catalog.KindDecimal, Precision: 9},
	{Kind: catalog.KindDecimal, Precision: 10, Scale: 2},
	{Kind: catalog.KindDecimal, Precision: 18, Scale: 18},
	{Kind: catalog.KindDecimal, Precision: 19, Scale: 3},
	{Kind: catalog.KindDecimal, Precision: 38, Scale: 10},
	{Kind: catalog.KindString},
	{Kind: catalog.KindString},
	{Kind: catalog.KindVarchar, Length: 100},
	{Kind: catalog.KindChar, Length: 3},
	{Kind: catalog.KindBinary},
	{Kind: catalog.KindDate},
	{Kind: catalog.KindTimestamp},
	{Kind: catalog.KindTimestampTZ},
	{Kind: catalog.KindTime},
	{Kind: catalog.KindUUID},
	{Kind: catalog.KindFixed, Length: 5},
	{Kind: catalog.KindFixed, Length: 20},
}

// Scalars gives a column of every scalar type, with field ids.
func Scalars() []catalog.Field {
	fs := make([]catalog.Field, len(scalars))
	for i, t := range scalars {
		fs[i] = catalog.Field{Name: fmt.Sprintf("c%d", i), Type: t, ID: i + 1}
	}
	return fs
}

// Fields makes n random columns.
func Fields(r *rand.Rand, n int) []catalog.Field { return fields(r, n, 3) }

func fields(r *rand.Rand, n, depth int) []catalog.Field {
	fs := make([]catalog.Field, n)
	for i := range fs {
		fs[i] = catalog.Field{Name: fmt.Sprintf("f%d", i), Type: typ(r, depth), Required: r.IntN(6) == 0}
		if r.IntN(2) == 0 {
			fs[i].ID = 1 + r.IntN(1000)
		}
	}
	return fs
}

func typ(r *rand.Rand, depth int) catalog.Type {
	if depth == 0 {
		return scalars[r.IntN(len(scalars))]
	}
	switch r.IntN(8) {
	case 0:
		e := typ(r, depth-1)
		return catalog.Type{Kind: catalog.KindArray, Elem: &e}
	case 1:
		k, e := scalars[r.IntN(len(scalars))], typ(r, depth-1)
		return catalog.Type{Kind: catalog.KindMap, Key: &k, Elem: &e}
	case 2:
		return catalog.Type{Kind: catalog.KindStruct, Fields: fields(r, 1+r.IntN(3), depth-1)}
	}
	return scalars[r.IntN(len(scalars))]
}

// Rows makes n random rows. Each column has a character of its own: few or many distinct
// values, few or many nulls, rising or not.
func Rows(r *rand.Rand, fs []catalog.Field, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = make(Row, len(fs))
	}
	for c, f := range fs {
		g := generator{r: r, nulls: []float64{0, 0.01, 0.4, 0.999}[r.IntN(4)], small: r.IntN(2) == 0}
		var pool []any
		if r.IntN(2) == 0 {
			for range 1 + r.IntN(40) {
				pool = append(pool, g.value(f.Type, f.Required))
			}
		}
		for i := range rows {
			if pool != nil && r.IntN(1000) > 0 {
				rows[i][c] = pool[r.IntN(len(pool))]
			} else {
				rows[i][c] = g.value(f.Type, f.Required)
			}
		}
	}
	return rows
}

type generator struct {
	r     *rand.Rand
	nulls float64
	small bool
}

func (g *generator) value(t catalog.Type, required bool) any {
	r := g.r
	if !required && r.Float64() < g.nulls {
		return nil
	}
	switch t.Kind {
	case catalog.KindBoolean:
		return r.IntN(2) == 0
	case catalog.KindTinyInt:
		return int64(int8(r.Uint32()))
	case catalog.KindSmallInt:
		return int64(int16(r.Uint32()))
	case catalog.KindInt:
		return int64(int32(g.number(32)))
	case catalog.KindBigInt:
		return g.number(64)
	case catalog.KindDate:
		return int64(r.IntN(40000) - 10000)
	case catalog.KindTimestamp, catalog.KindTimestampTZ:
		return int64(r.IntN(4_000_000_000_000_000)) - 1_000_000_000_000_000
	case catalog.KindTime:
		return int64(r.IntN(86_400_000_000))
	case catalog.KindFloat:
		return float32(g.float())
	case catalog.KindDouble:
		return g.float()
	case catalog.KindDecimal:
		limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision)), nil)
		b := make([]byte, 17)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		v := new(big.Int).SetBytes(b)
		v.Mod(v, limit)
		if g.small {
			v.Mod(v, big.NewInt(1000))
		}
		if r.IntN(2) == 0 {
			v.Neg(v)
		}
		if t.Precision <= 18 {
			return v.Int64()
		}
		return v
	case catalog.KindUUID:
		return g.bytes(16)
	case catalog.KindFixed:
		return g.bytes(t.Length)
	case catalog.KindBinary:
		return g.bytes(g.length(200))
	case catalog.KindString:
		return g.text(g.length(120))
	case catalog.KindVarchar, catalog.KindChar:
		return g.text(r.IntN(t.Length + 1))
	case catalog.KindArray:
		vs := make([]any, r.IntN(4))
		for i := range vs {
			vs[i] = g.value(*t.Elem, false)
		}
		return vs
	case catalog.KindMap:
		m := [][2]any{}
		seen := map[string]bool{}
		for range r.IntN(4) {
			k := g.value(*t.Key, true)
			// Readers refuse a key that is there twice, and zeros are equal whatever their sign.
			if s := strings.Replace(Text(k), "-0", "0", 1); !seen[s] {
				seen[s] = true
				m = append(m, [2]any{k, g.value(*t.Elem, false)})
			}
		}
		return m
	case catalog.KindStruct:
		vs := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			vs[i] = g.value(f.Type, f.Required)
		}
		return vs
	}
	panic(fmt.Sprintf("no values of kind %d", t.Kind))
}

func (g *generator) number(bits int) int64 {
	if g.small {
		return int64(g.r.IntN(200) - 100)
	}
	return int64(g.r.Uint64()) >> (64 - bits)
}

func (g *generator) float() float64 {
	switch g.r.IntN(12) {
	case 0:
		return math.NaN()
	case 1:
		return math.Copysign(0, -1)
	case 2:
		return 0
	case 3:
		return math.Inf(1 - 2*g.r.IntN(2))
	}
	return float64(float32(g.r.NormFloat64() * 1000))
}

func (g *generator) length(long int) int {
	if g.r.IntN(20) == 0 {
		return g.r.IntN(long)
	}
	return g.r.IntN(12)
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(g.r.Uint32()); g.small {
			b[i] |= 0xf8
		}
	}
	return b
}

func (g *generator) text(n int) string {
	var b strings.Builder
	if n > 20 {
		b.WriteString("https://example.com/")
		n -= 20
	}
	for range n {
		switch g.r.IntN(10) {
		case 0:
			b.WriteRune([]rune{'é', '€', '\U0010ffff', '\ud7ff', '"', '\\', '\n'}[g.r.IntN(7)])
		default:
			b.WriteByte(byte('a' + g.r.IntN(26)))
		}
	}
	return b.String()
}

// Text gives a value in a form that tells any two apart.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case int64:
		return fmt.Sprint(v)
	case *big.Int:
		return v.String()
	case float32:
		return fmt.Sprintf("%gf", v)
	case float64:
		return fmt.Sprintf("%gd", v)
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("x%x", v)
	case Row:
		return Text([]any(v))
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = Text(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case [][2]any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = Text(e[0]) + ":" + Text(e[1])
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	panic(fmt.Sprintf("a value of type %T", v))
}

// Batch lays rows out in columns, with every third of the bytes in the arena.
func Batch(s *column.Schema, rows []Row) *column.Batch { return batch(s, rows, 3) }

// BufBatch is Batch with all bytes in Buf, as they come from records without escapes.
func BufBatch(s *column.Schema, rows []Row) *column.Batch { return batch(s, rows, math.MaxInt) }

func batch(s *column.Schema, rows []Row, arenaEvery int) *column.Batch {
	b := &batcher{leaves: s.Leaves, arenaEvery: arenaEvery, b: &column.Batch{Rows: len(rows), Cols: make([]column.Vector, len(s.Leaves))}}
	for _, row := range rows {
		for i := range b.b.Cols {
			if v := &b.b.Cols[i]; s.Leaves[i].MaxRep > 0 {
				v.Start = append(v.Start, uint32(len(v.Def)))
			}
		}
		for i := range s.Fields {
			n := &s.Fields[i]
			b.value(n, row[i], 0, 0)
		}
	}
	for i := range b.b.Cols {
		if v := &b.b.Cols[i]; s.Leaves[i].MaxRep > 0 {
			v.Start = append(v.Start, uint32(len(v.Def)))
		}
	}
	pad := make([]byte, column.Pad)
	for i := range pad {
		pad[i] = 0xff // so that who reads the slack as data is found out
	}
	b.b.Buf = append(b.b.Buf, pad...)[:len(b.b.Buf)]
	b.b.Arena = append(b.b.Arena, pad...)[:len(b.b.Arena)]
	return b.b
}

type batcher struct {
	leaves []column.Leaf
	b      *column.Batch
	refs   int
	// arenaEvery is how often bytes go to the arena.
	arenaEvery int
}

// value lays out v, at repetition level rep, below a parent that is present up to def.
func (b *batcher) value(n *column.Node, v any, rep, def uint8) {
	if v == nil {
		b.absent(n, rep, def)
		return
	}
	def = n.Def
	switch n.Type.Kind {
	case catalog.KindStruct:
		for i := range n.Children {
			b.value(&n.Children[i], v.([]any)[i], rep, def)
		}
	case catalog.KindArray:
		for i, e := range v.([]any) {
			if i > 0 {
				rep = n.Rep + 1
			}
			b.value(&n.Children[0], e, rep, def+1)
		}
		if len(v.([]any)) == 0 {
			b.absent(n, rep, def)
		}
	case catalog.KindMap:
		for i, e := range v.([][2]any) {
			if i > 0 {
				rep = n.Rep + 1
			}
			b.value(&n.Children[0], e[0], rep, def+1)
			b.value(&n.Children[1], e[1], rep, def+1)
		}
		if len(v.([][2]any)) == 0 {
			b.absent(n, rep, def)
		}
	default:
		b.entry(n.First, rep, def, b.slot(n.Type, v))
	}
}

// absent gives every leaf of n an entry without a value.
func (b *batcher) absent(n *column.Node, rep, def uint8) {
	for i := range n.Count {
		b.entry(n.First+i, rep, def, 0xdeadbeefdeadbeef)
	}
}

func (b *batcher) entry(leaf int, rep, def uint8, slot uint64) {
	v := &b.b.Cols[leaf]
	v.Slots = append(v.Slots, slot)
	v.Def = append(v.Def, def)
	if b.leaves[leaf].MaxRep > 0 {
		v.Rep = append(v.Rep, rep)
	}
	if def < b.leaves[leaf].MaxDef {
		v.Nulls++
	}
}

func (b *batcher) slot(t catalog.Type, v any) uint64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case int64:
		return uint64(v)
	case float32:
		return uint64(math.Float32bits(v))
	case float64:
		return math.Float64bits(v)
	case *big.Int:
		return b.ref(Twos(v, 16))
	case string:
		return b.ref([]byte(v))
	case []byte:
		return b.ref(v)
	}
	panic(fmt.Sprintf("a value of type %T for kind %d", v, t.Kind))
}

// ref stores bytes, now here, now there.
func (b *batcher) ref(v []byte) uint64 {
	b.refs++
	if b.refs%b.arenaEvery == 0 {
		b.b.Arena = append(b.b.Arena, v...)
		return column.Ref(len(b.b.Arena)-len(v), len(v)) | column.InArena
	}
	b.b.Buf = append(b.b.Buf, v...)
	return column.Ref(len(b.b.Buf)-len(v), len(v))
}

// Twos gives v as n bytes of big-endian two's complement.
func Twos(v *big.Int, n int) []byte {
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	return v.FillBytes(make([]byte, n))
}

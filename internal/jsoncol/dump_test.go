package jsoncol

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

// dumper turns a batch back into text, row by row, from levels and slots alone.
type dumper struct {
	t   testing.TB
	s   *column.Schema
	b   *column.Batch
	pos []int
}

func dump(t testing.TB, s *column.Schema, b *column.Batch) []string {
	t.Helper()
	d := &dumper{t: t, s: s, b: b, pos: make([]int, len(s.Leaves))}
	rows := make([]string, b.Rows)
	for r := range b.Rows {
		for l := range s.Leaves {
			if s.Leaves[l].MaxRep > 0 {
				if len(b.Cols[l].Start) != b.Rows+1 {
					t.Fatalf("leaf %v: %d starts for %d rows", s.Leaves[l].Path, len(b.Cols[l].Start), b.Rows)
				}
				if d.pos[l] != int(b.Cols[l].Start[r]) {
					t.Fatalf("leaf %v: row %d starts at entry %d, the one before ended at %d", s.Leaves[l].Path, r, b.Cols[l].Start[r], d.pos[l])
				}
				if d.pos[l] == int(b.Cols[l].Start[r+1]) || b.Cols[l].Rep[d.pos[l]] != 0 {
					t.Fatalf("leaf %v: row %d has no entry at level 0", s.Leaves[l].Path, r)
				}
			}
		}
		var w strings.Builder
		for i := range s.Fields {
			fmt.Fprintf(&w, "%s=%s ", s.Fields[i].Name, d.value(&s.Fields[i]))
		}
		rows[r] = w.String()
	}
	for l := range s.Leaves {
		c := &b.Cols[l]
		nulls := 0
		for _, def := range c.Def {
			if def < s.Leaves[l].MaxDef {
				nulls++
			}
		}
		if d.pos[l] != len(c.Slots) || len(c.Slots) != len(c.Def) || nulls != c.Nulls || s.Leaves[l].MaxRep > 0 && len(c.Rep) != len(c.Def) {
			t.Fatalf("leaf %v: read %d of %d slots, %d levels, %d repetitions; %d nulls, counted %d",
				s.Leaves[l].Path, d.pos[l], len(c.Slots), len(c.Def), len(c.Rep), c.Nulls, nulls)
		}
	}
	return rows
}

func (d *dumper) def(n *column.Node) uint8 { return d.b.Cols[n.First].Def[d.pos[n.First]] }

func (d *dumper) pass(n *column.Node) {
	for l := n.First; l < n.First+n.Count; l++ {
		d.pos[l]++
	}
}

// more says whether the next entry under n goes on at the level.
func (d *dumper) more(n *column.Node, rep uint8) bool {
	c := &d.b.Cols[n.First]
	return d.pos[n.First] < len(c.Rep) && c.Rep[d.pos[n.First]] == rep
}

func (d *dumper) value(n *column.Node) string {
	if d.def(n) < n.Def {
		d.pass(n)
		return "null"
	}
	var parts []string
	switch n.Type.Kind {
	case catalog.KindStruct:
		for i := range n.Children {
			parts = append(parts, n.Children[i].Name+"="+d.value(&n.Children[i]))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case catalog.KindArray:
		if d.def(n) == n.Def {
			d.pass(n)
			return "[]"
		}
		for ok := true; ok; ok = d.more(n, n.Rep+1) {
			parts = append(parts, d.value(&n.Children[0]))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case catalog.KindMap:
		if d.def(n) == n.Def {
			d.pass(n)
			return "<>"
		}
		for ok := true; ok; ok = d.more(n, n.Rep+1) {
			k := d.value(&n.Children[0])
			parts = append(parts, k+":"+d.value(&n.Children[1]))
		}
		return "<" + strings.Join(parts, " ") + ">"
	}
	v := d.b.Cols[n.First].Slots[d.pos[n.First]]
	d.pos[n.First]++
	return d.scalar(n.Type, v)
}

func (d *dumper) scalar(t catalog.Type, v uint64) string {
	switch t.Kind {
	case catalog.KindBoolean:
		return fmt.Sprint(v == 1)
	case catalog.KindFloat:
		return fmt.Sprintf("%08x", math.Float32bits(math.Float32frombits(uint32(v))))
	case catalog.KindDouble:
		return fmt.Sprintf("%016x", v)
	case catalog.KindDecimal:
		if t.Precision <= 18 {
			return fmt.Sprint(int64(v))
		}
		n := new(big.Int).SetBytes(d.b.Bytes(v))
		if n.Bit(127) == 1 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
		}
		return n.String()
	case catalog.KindString, catalog.KindVarchar, catalog.KindChar:
		return fmt.Sprintf("%q", d.b.Bytes(v))
	case catalog.KindBinary, catalog.KindFixed, catalog.KindUUID:
		return hex.EncodeToString(d.b.Bytes(v))
	}
	return fmt.Sprint(int64(v))
}

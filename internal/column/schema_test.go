package column

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/catalog"
)

func typ(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func TestNewSchemaLevels(t *testing.T) {
	t.Parallel()
	str, num := typ(catalog.KindString), typ(catalog.KindInt)
	tags := catalog.Type{Kind: catalog.KindArray, Elem: &str}
	rows := catalog.Type{Kind: catalog.KindArray, Elem: &tags}
	geo := catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "lat", Type: num, ID: 9}, {Name: "lon", Type: num, Required: true}}}
	attrs := catalog.Type{Kind: catalog.KindMap, Key: &str, Elem: &geo}
	s, err := NewSchema([]catalog.Field{
		{Name: "id", JSON: "ID", Type: str, Required: true, ID: 1},
		{Name: "n", Type: num},
		{Name: "geo", Type: geo},
		{Name: "tags", Type: tags},
		{Name: "rows", Type: rows},
		{Name: "attrs", Type: attrs},
	})
	if err != nil {
		t.Fatal(err)
	}
	type leaf struct {
		Path     string
		Def, Rep uint8
		ID       int
	}
	var got []leaf
	for _, l := range s.Leaves {
		got = append(got, leaf{strings.Join(l.Path, "."), l.MaxDef, l.MaxRep, l.ID})
	}
	want := []leaf{
		{"id", 0, 0, 1},
		{"n", 1, 0, 0},
		{"geo.lat", 2, 0, 9},
		{"geo.lon", 1, 0, 0},
		{"tags.list.element", 3, 1, 0},
		{"rows.list.element.list.element", 5, 2, 0},
		{"attrs.key_value.key", 2, 1, 0},
		{"attrs.key_value.value.lat", 4, 1, 9},
		{"attrs.key_value.value.lon", 3, 1, 0},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("leaves (-want +got):\n%s", d)
	}
	if f := s.Fields[0]; f.JSON != "ID" || s.Fields[1].JSON != "n" {
		t.Errorf("JSON keys %q, %q", f.JSON, s.Fields[1].JSON)
	}
	if m := s.Fields[5]; m.First != 6 || m.Count != 3 || m.Def != 1 || m.Children[1].Def != 3 || m.Children[1].Rep != 1 {
		t.Errorf("attrs is %+v", m)
	}
}

func TestNewSchemaRefuses(t *testing.T) {
	t.Parallel()
	str, list := typ(catalog.KindString), catalog.Type{Kind: catalog.KindArray}
	deep := str
	for range MaxDepth {
		in := deep
		deep = catalog.Type{Kind: catalog.KindArray, Elem: &in}
	}
	_, err := NewSchema([]catalog.Field{
		{Name: "a", Type: str},
		{Name: "a", Type: str},
		{Type: str},
		{Name: "zero"},
		{Name: "odd", Type: typ(99)},
		{Name: "d", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 4, Scale: 5}},
		{Name: "v", Type: typ(catalog.KindVarchar)},
		{Name: "s", Type: typ(catalog.KindStruct)},
		{Name: "l", Type: list},
		{Name: "m", Type: catalog.Type{Kind: catalog.KindMap, Key: &str}},
		{Name: "k", Type: catalog.Type{Kind: catalog.KindMap, Key: &deep, Elem: &str}},
		{Name: "deep", Type: deep},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"column: a: there are two fields of this name", "column: ?: a field has no name", "column: zero: kind 0 is not known",
		"column: odd: kind 99 is not known", "column: d: decimal(4,5): precision goes from 1 to 38, scale from 0 to precision",
		"column: v: length 0: it must be at least 1", "column: s: a struct needs at least one field", "column: l: an array needs an element type",
		"column: m: a map needs a key and a value type", "column: k: a map's key must be a scalar", ": types nest deeper than 32 levels",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
	if _, err := NewSchema(nil); err == nil {
		t.Error("an empty schema is taken")
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	b := Batch{Buf: []byte("hello world"), Arena: []byte("arena")}
	if got := string(b.Bytes(Ref(6, 5))); got != "world" {
		t.Errorf("buf: %q", got)
	}
	if got := string(b.Bytes(Ref(1, 3) | InArena)); got != "ren" {
		t.Errorf("arena: %q", got)
	}
}

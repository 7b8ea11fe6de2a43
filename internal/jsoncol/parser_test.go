package jsoncol

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
)

func schemaOf(t testing.TB, fields []catalog.Field) (*column.Schema, *Parser) {
	t.Helper()
	s, err := column.NewSchema(fields)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// same appends the record and compares with the model, and gives the rows.
func same(t testing.TB, s *column.Schema, p *Parser, record []byte) []string {
	t.Helper()
	want, wantErr := model(s, record)
	if errors.Is(wantErr, errSkip) {
		return nil
	}
	n, err := p.Append(record)
	if err != nil {
		var e *Error
		switch {
		case !errors.As(err, &e):
			t.Fatalf("%q: the error is a %T", record, err)
		case wantErr == nil:
			t.Fatalf("%q: %v; the model reads %q", record, err, want)
		case n != 0:
			t.Fatalf("%q: %d rows and %v", record, n, err)
		case e.Offset < 0 || e.Offset > len(record):
			t.Fatalf("%q: offset %d", record, e.Offset)
		}
		return nil
	}
	if wantErr != nil {
		t.Fatalf("%q: no error; the model says %v", record, wantErr)
	}
	if n != len(want) {
		t.Fatalf("%q: %d rows, the model has %d", record, n, len(want))
	}
	return want
}

func TestRandomSchemasAgainstModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		fields := randomFields(r, 1+r.IntN(12), 3)
		if seed%10 == 0 {
			fields = randomFields(r, 100, 1)
		}
		s, p := schemaOf(t, fields)
		odd := []int{0, 60, 12}[seed%3]
		var want []string
		refused := 0
		for range 120 {
			w := writer{r: r, odd: odd}
			for range 1 + r.IntN(6)/5 {
				w.object(s.Fields)
				w.space()
			}
			rec := []byte(w.w.String())
			if w.strange() && len(rec) > 0 {
				rec = rec[:r.IntN(len(rec))]
			}
			rows := same(t, s, p, rec)
			if rows == nil {
				refused++
			}
			want = append(want, rows...)
			if r.IntN(40) == 0 {
				check(t, seed, s, p, want)
				p.Reset()
				want = nil
			}
		}
		check(t, seed, s, p, want)
		if odd == 0 && refused > 0 {
			t.Errorf("seed %d: %d plain records refused", seed, refused)
		}
	}
}

func check(t testing.TB, seed uint64, s *column.Schema, p *Parser, want []string) {
	t.Helper()
	got := dump(t, s, p.Batch())
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("seed %d, row %d:\nwant %s\ngot  %s", seed, i, want[i], got[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
	}
}

// FuzzParser holds arbitrary bytes against the model, under a schema that has every type.
func FuzzParser(f *testing.F) {
	fields := everyType()
	r := rand.New(rand.NewPCG(7, 7))
	s, err := column.NewSchema(fields)
	if err != nil {
		f.Fatal(err)
	}
	for range 40 {
		w := writer{r: r, odd: 12}
		w.object(s.Fields)
		f.Add([]byte(w.w.String()))
	}
	f.Add([]byte(`{"a":{"b":[{}]}}{"b":1}`))
	f.Add([]byte(`[{"b":true}]`))
	f.Fuzz(func(t *testing.T, record []byte) {
		s, p := schemaOf(t, fields)
		depth := 0
		for _, c := range record {
			if c == '[' || c == '{' {
				depth++
			}
		}
		if depth > maxNesting {
			return // the model nests deeper
		}
		// Twice: the second time the keys are predicted.
		first := same(t, s, p, record)
		rows := append(first, same(t, s, p, record)...)
		check(t, 0, s, p, rows)
	})
}

// everyType has a field of each scalar type and each way of nesting them.
func everyType() []catalog.Field {
	var fs []catalog.Field
	for k := catalog.KindBoolean; k <= catalog.KindFixed; k++ {
		t := catalog.Type{Kind: k}
		switch k {
		case catalog.KindDecimal:
			t.Precision, t.Scale = 10, 2
		case catalog.KindVarchar, catalog.KindChar, catalog.KindFixed:
			t.Length = 4
		}
		fs = append(fs, catalog.Field{Name: string('a' + rune(k)), Type: t})
	}
	wide := catalog.Type{Kind: catalog.KindDecimal, Precision: 38, Scale: 10}
	str := catalog.Type{Kind: catalog.KindString}
	member := catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "w", Type: wide}, {Name: "s", Type: str, Required: true}}}
	list := catalog.Type{Kind: catalog.KindArray, Elem: &member}
	lists := catalog.Type{Kind: catalog.KindArray, Elem: &list}
	attrs := catalog.Type{Kind: catalog.KindMap, Key: &str, Elem: &list}
	return append(fs, catalog.Field{Name: "list", Type: lists}, catalog.Field{Name: "map", Type: attrs}, catalog.Field{Name: "member", JSON: "Mémber", Type: member})
}

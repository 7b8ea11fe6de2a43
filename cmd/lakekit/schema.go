package main

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/catalog"
)

// fitTo gives the types that files want of a table that exists: the table's own where it
// holds the files' values too, though they alone would look narrower. A file whose prices
// happen to be whole numbers still has prices.
func fitTo(have []catalog.Field, found *catalog.Inferred) []catalog.Field {
	f := fitter{unknown: map[string]bool{}}
	for _, n := range found.Notes {
		if strings.Contains(n.Text, "nothing is known") {
			f.unknown[n.Path] = true
		}
	}
	return f.fields(have, found.Fields, "")
}

type fitter struct {
	unknown map[string]bool // paths without a value to tell the type by
}

// fields fits the fields of files to those of the table. A field is the same by its exact key
// in the records, or else by its key without regard to case, never by the name of its column: two
// keys such as "x y" and "x_y" want the same name, and the table has given it to one of them.
func (f fitter) fields(have, found []catalog.Field, prefix string) []catalog.Field {
	taken := map[string]bool{}
	for _, h := range have {
		taken[h.Name] = true
	}
	out := make([]catalog.Field, len(found))
	for i, w := range found {
		path := prefix + w.Name // as the notes have it
		if h, ok := sameKey(have, keyOf(w)); ok {
			w.Name, w.JSON, w.Type = h.Name, h.JSON, f.fit(h.Type, w.Type, path)
		} else if taken[w.Name] {
			w.JSON, w.Name = keyOf(w), freeName(taken, w.Name)
		}
		taken[w.Name] = true
		out[i] = w
	}
	return out
}

func keyOf(f catalog.Field) string {
	if f.JSON != "" {
		return f.JSON
	}
	return f.Name
}

func sameKey(have []catalog.Field, key string) (catalog.Field, bool) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, h := range have {
			if same(keyOf(h), key) {
				return h, true
			}
		}
	}
	return catalog.Field{}, false
}

func freeName(taken map[string]bool, name string) string {
	for n := 2; ; n++ {
		if free := fmt.Sprintf("%s_%d", name, n); !taken[free] {
			return free
		}
	}
}

func (f fitter) fit(have, found catalog.Type, path string) catalog.Type {
	if f.unknown[path] {
		return have
	}
	switch {
	case have.Kind == catalog.KindString: // which takes every value, as its text
		return have
	case have.Kind == found.Kind && have.Kind == catalog.KindStruct:
		found.Fields = f.fields(have.Fields, found.Fields, path+".")
	case have.Kind == found.Kind && have.Kind == catalog.KindArray:
		elem := f.fit(*have.Elem, *found.Elem, path+".element")
		found.Elem = &elem
	case have.Kind == found.Kind && have.Kind == catalog.KindMap:
		value := f.fit(*have.Elem, *found.Elem, path+".value")
		found.Elem = &value
	case have.Kind == catalog.KindMap && found.Kind == catalog.KindStruct: // fewer keys than make a map of a file
		value := *have.Elem
		for _, m := range found.Fields {
			if t := f.fit(value, m.Type, path+"."+m.Name); !t.Equal(value) {
				return found
			}
		}
		return have
	case fraction(have.Kind) && (fraction(found.Kind) || found.Kind == catalog.KindBigInt):
		return have
	case have.Kind == catalog.KindTimestamp && found.Kind == catalog.KindDate:
		return have
	}
	return found
}

func fraction(k catalog.Kind) bool {
	return k == catalog.KindFloat || k == catalog.KindDouble || k == catalog.KindDecimal
}

// breaksIn refuses a plan that would break the table.
func breaksIn(plan *catalog.Plan, table string) error {
	var lines []string
	for _, c := range plan.Changes() {
		if c.Kind == catalog.ChangeBreak {
			lines = append(lines, fmt.Sprintf("  %s %s -> %s: %s", c.Path, c.From, c.To, c.Reason))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("table %s exists and is another one than these files want:\n%s\nland them in a table of another name; where the partitions differ, with the -time and -partition of this one", table, strings.Join(lines, "\n"))
}

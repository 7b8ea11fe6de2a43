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

func (f fitter) fields(have, found []catalog.Field, prefix string) []catalog.Field {
	types := map[string]catalog.Type{}
	for _, h := range have {
		types[h.Name] = h.Type
	}
	out := make([]catalog.Field, len(found))
	for i, w := range found {
		if t, ok := types[w.Name]; ok {
			w.Type = f.fit(t, w.Type, prefix+w.Name)
		}
		out[i] = w
	}
	return out
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
	return fmt.Errorf("table %s exists and is another one than these files want:\n%s\nland them in a table of another name, or with the -time and -partition of this one", table, strings.Join(lines, "\n"))
}

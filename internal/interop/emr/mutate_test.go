package emr_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// place is somewhere in a document: a member of an object or an element of a list.
type place struct {
	path string
	in   any // map[string]any or []any
	key  string
	i    int
}

func (p place) get() any {
	if m, ok := p.in.(map[string]any); ok {
		return m[p.key]
	}
	list, _ := p.in.([]any)
	return list[p.i]
}

func (p place) set(v any) {
	if m, ok := p.in.(map[string]any); ok {
		m[p.key] = v
		return
	}
	list, _ := p.in.([]any)
	list[p.i] = v
}

// places lists all of them, in an order that does not change.
func places(path string, v any) []place {
	var all []place
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := path + "." + k
			all = append(all, place{path: at, in: v, key: k})
			all = append(all, places(at, v[k])...)
		}
	case []any:
		for i := range v {
			at := fmt.Sprintf("%s[%d]", path, i)
			all = append(all, place{path: at, in: v, i: i})
			all = append(all, places(at, v[i])...)
		}
	}
	return all
}

// mutate breaks one thing of a request, and says which.
func mutate(t *testing.T, request []byte, seed uint64) (broken []byte, how string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 9))
	var doc map[string]any
	if err := json.Unmarshal(request, &doc); err != nil {
		t.Fatal(err)
	}
	all := places("", doc)
	p := all[r.IntN(len(all))]
	member := p.key != ""
	m, _ := p.in.(map[string]any)
	switch kind := r.IntN(9); {
	case kind == 0 && member:
		how = "without " + p.path
		delete(m, p.key)
	case kind == 1 && member:
		how = "another case of " + p.path
		m[strings.ToLower(p.key[:1])+p.key[1:]] = m[p.key]
		delete(m, p.key)
	case kind == 2 && member:
		how = "an unknown member beside " + p.path
		m["Bogus"] = "x"
	case kind == 3:
		how = "null at " + p.path
		p.set(nil)
	case kind == 4:
		how = "a list at " + p.path
		p.set([]any{"x"})
	case kind == 5:
		how = "an object at " + p.path
		p.set(map[string]any{"x": "y"})
	default:
		switch v := p.get().(type) {
		case string:
			p.set(pick(r, "BOGUS", "", "\x01", "é") + v)
			if r.IntN(3) == 0 {
				p.set(7)
			}
			how = fmt.Sprintf("%q at %s", p.get(), p.path)
		case float64:
			p.set(pick[any](r, -1, -1.5, v+0.5, 1e12, "x", true))
			how = fmt.Sprintf("%v at %s", p.get(), p.path)
		case bool:
			p.set(pick[any](r, "maybe", 2, 0.5))
			how = fmt.Sprintf("%v at %s", p.get(), p.path)
		default:
			p.set(pick[any](r, "x", 1, true))
			how = fmt.Sprintf("%v at %s", p.get(), p.path)
		}
	}
	broken, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return broken, how
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

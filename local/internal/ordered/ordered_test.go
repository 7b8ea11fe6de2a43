package ordered

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"
)

func TestAListBehavesAsASortedSlice(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	s := New(cmp.Compare[int])
	var model []int
	for i := range 20_000 {
		v := r.IntN(3000)
		at, ok := slices.BinarySearch(model, v)
		if r.IntN(5) < 3 == (i/5000%2 == 0) { // grows, shrinks, grows, shrinks
			s.Set(v)
			if !ok {
				model = slices.Insert(model, at, v)
			}
		} else {
			s.Remove(v)
			if ok {
				model = slices.Delete(model, at, at+1)
			}
		}
		if s.Len() != len(model) {
			t.Fatalf("count %d, want %d", s.Len(), len(model))
		}
		if i%97 != 0 {
			continue
		}
		from := r.IntN(3200) - 100
		before := func(x int) bool { return x < from }
		at, _ = slices.BinarySearch(model, from)
		if d := diff.Diff(append([]int{}, model[at:]...), append([]int{}, slices.Collect(s.From(before))...)); d != "" {
			t.Fatal(d)
		}
		want := slices.Clone(model[:at])
		slices.Reverse(want)
		if d := diff.Diff(append([]int{}, want...), append([]int{}, slices.Collect(s.Back(before))...)); d != "" {
			t.Fatal(d)
		}
	}
}

func BenchmarkSet(b *testing.B) {
	s := New(cmp.Compare[int])
	r := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		s.Set(r.Int())
	}
	b.ReportAllocs()
	for b.Loop() {
		v := r.Int()
		s.Set(v)
		s.Remove(v)
	}
}

package kinesis

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// spreadOf makes a spread of cells of these weights.
func spreadOf(weights []uint64) *spread {
	s := &spread{sum: []uint64{0}}
	for i, w := range weights {
		s.at = append(s.at, hashrange.Key{Hi: uint64(i)})
		s.sum = append(s.sum, s.sum[i]+w)
	}
	return s
}

// everyCut calls f with every way to cut that many cells into n parts.
func everyCut(cells, n int, f func(cuts []int)) {
	cuts := make([]int, n-1)
	var next func(i, from int)
	next = func(i, from int) {
		if i == len(cuts) {
			f(cuts)
			return
		}
		for c := from; c <= cells-(len(cuts)-i); c++ {
			cuts[i] = c
			next(i+1, c+1)
		}
	}
	next(0, 1)
}

// lightest is the least weight that the heaviest of n parts has, whatever the cut.
func lightest(s *spread, n int) (heaviest uint64) {
	heaviest = s.total()
	everyCut(s.cells(), n, func(cuts []int) { heaviest = min(heaviest, s.heaviest(cuts)) })
	return heaviest
}

func checkCuts(t *testing.T, s *spread, cuts []int, n int) {
	t.Helper()
	if len(cuts) != n-1 {
		t.Fatalf("%v into %d: %v are %d cuts", s.sum, n, cuts, len(cuts))
	}
	last := 0
	for _, c := range cuts {
		if c <= last || c >= s.cells() {
			t.Fatalf("%v into %d: %v are no cuts", s.sum, n, cuts)
		}
		last = c
	}
}

// TestCutIsBest cuts every load of up to six cells of the weights 0 to 3, and random ones,
// into every number of parts, and compares with all the ways there are.
func TestCutIsBest(t *testing.T) {
	t.Parallel()
	check := func(weights []uint64) {
		t.Helper()
		s := spreadOf(weights)
		for n := 1; n <= len(weights); n++ {
			cuts := s.cut(n)
			checkCuts(t, s, cuts, n)
			if got, want := s.heaviest(cuts), lightest(s, n); got != want {
				t.Fatalf("%v into %d: %v has a part of %d, want %d", weights, n, cuts, got, want)
			}
		}
	}
	for cells := 1; cells <= 6; cells++ {
		weights := make([]uint64, cells)
		for i := range 1 << (2 * cells) {
			for j := range weights {
				weights[j] = uint64(i >> (2 * j) & 3)
			}
			if slices.Max(weights) > 0 {
				check(weights)
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		weights := make([]uint64, 1+r.IntN(11))
		for j := range weights {
			weights[j] = r.Uint64N(1000) >> r.UintN(9)
		}
		weights[0]++
		check(weights)
	}
}

// TestCutBesideHeavyCells wants the parts beside a cell that must stand alone to be even too.
func TestCutBesideHeavyCells(t *testing.T) {
	t.Parallel()
	weights := make([]uint64, 70)
	for i := range weights {
		weights[i] = 10
	}
	weights[40] = 300 // of 990
	s := spreadOf(weights)
	parts := s.parts(s.cut(8))
	slices.Sort(parts)
	if got := []uint64{parts[7], parts[6], parts[0]}; !slices.Equal(got, []uint64{300, 100, 90}) {
		t.Errorf("the parts weigh %v", parts)
	}
}

// TestCutNothingMeasured cuts where nothing came in the middle of it.
func TestCutNothingMeasured(t *testing.T) {
	t.Parallel()
	weights := make([]uint64, 100)
	weights[9], weights[90] = 5, 5
	s := spreadOf(weights)
	if got := s.cut(2); !slices.Equal(got, []int{50}) {
		t.Errorf("into 2: %v", got)
	}
	cuts := s.cut(12)
	checkCuts(t, s, cuts, 12)
	if s.heaviest(cuts) != 5 {
		t.Errorf("into 12: %v", cuts)
	}
}

// TestReshardInvariants cuts random loads on random shards: as many as asked, no heavier than
// UpdateShardCount's, and at most a tenth of an even share above the best.
func TestReshardInvariants(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 800 {
		weights := make([]uint64, 2+r.IntN(200))
		for j := range weights {
			weights[j] = r.Uint64N(100_000) >> r.UintN(17)
		}
		weights[r.IntN(len(weights))]++
		s := spreadOf(weights)
		some := func(n int) []int {
			cuts := r.Perm(s.cells() - 1)[:n-1]
			for i := range cuts {
				cuts[i]++
			}
			slices.Sort(cuts)
			return cuts
		}
		n := 1 + r.IntN(min(s.cells(), 40))
		have, uniform := some(1+r.IntN(min(s.cells(), 40))), some(n)
		cuts := s.reshard(have, uniform, n)
		checkCuts(t, s, cuts, n)
		best := s.heaviest(s.cut(n))
		got := s.heaviest(cuts)
		if got > s.heaviest(uniform) || got > best+s.total()/uint64(n)/10 {
			t.Fatalf("%v into %d, now %v: %v has a part of %d; the best is %d, the uniform one's %d", weights, n, have, cuts, got, best, s.heaviest(uniform))
		}
		// As planned is as planned: nothing is left to do, or to be made better.
		if again := s.reshard(cuts, uniform, n); !slices.Equal(again, cuts) && s.heaviest(again) > got {
			t.Fatalf("%v into %d: planned again, %v becomes %v", weights, n, cuts, again)
		}
		checkMoves(t, s, have, cuts)
		checkReplan(t, s, have, uniform, cuts, n)
	}
}

// checkMoves wants the moves to lead from one to the other, as few as can be and never more
// than one shard above both.
func checkMoves(t *testing.T, s *spread, from, to []int) {
	t.Helper()
	all := moves(from, to, s.weight, s.cells())
	cuts := slices.Clone(from)
	seen := map[int]bool{}
	for i, m := range all {
		if _, there := slices.BinarySearch(cuts, m.at); there != m.merge || seen[m.at] {
			t.Fatalf("from %v to %v: move %d of %v cannot be made", from, to, i, all)
		}
		seen[m.at] = true
		if cuts = m.apply(cuts); len(cuts) > max(len(from), len(to))+1 || !slices.IsSorted(cuts) {
			t.Fatalf("from %v to %v: %v after move %d of %v", from, to, cuts, i, all)
		}
	}
	if !slices.Equal(cuts, to) {
		t.Fatalf("from %v to %v: %v lead to %v", from, to, all, cuts)
	}
}

// checkReplan makes a new plan after each move: it must be no heavier and no longer than what
// was left.
func checkReplan(t *testing.T, s *spread, from, uniform, to []int, n int) {
	t.Helper()
	cuts := slices.Clone(from)
	all := moves(from, to, s.weight, s.cells())
	for i, m := range all {
		cuts = m.apply(cuts)
		again := s.reshard(cuts, uniform, n)
		if s.heaviest(again) > max(s.heaviest(uniform), s.heaviest(to)) {
			t.Fatalf("planned again after %d moves: %v has a part of %d, %v had %d", i+1, again, s.heaviest(again), to, s.heaviest(to))
		}
	}
}

// TestMovesExhaustive goes from every layout of up to seven cells to every other.
func TestMovesExhaustive(t *testing.T) {
	t.Parallel()
	const cells = 7
	s := spreadOf([]uint64{5, 1, 8, 0, 2, 9, 3})
	var layouts [][]int
	for n := 1; n <= cells; n++ {
		everyCut(cells, n, func(cuts []int) { layouts = append(layouts, slices.Clone(cuts)) })
	}
	for _, from := range layouts {
		for _, to := range layouts {
			checkMoves(t, s, from, to)
		}
	}
}

// TestMovesKeepShardsLight wants no shard on the way to be heavier than those before and after,
// where the boundaries only move.
func TestMovesKeepShardsLight(t *testing.T) {
	t.Parallel()
	weights := make([]uint64, 100)
	for i := range weights {
		weights[i] = 1
	}
	s := spreadOf(weights)
	for _, c := range [][2][]int{
		{{60, 70, 80}, {20, 40, 75}},
		{{30, 60, 90}, {5, 20, 60}}, // to merge at 30 before the split at 20 would make a shard of 55
	} {
		cuts, most := slices.Clone(c[0]), max(s.heaviest(c[0]), s.heaviest(c[1]))
		for _, m := range moves(c[0], c[1], s.weight, s.cells()) {
			if cuts = m.apply(cuts); s.heaviest(cuts) > most {
				t.Errorf("from %v to %v: %v has a part of %d", c[0], c[1], cuts, s.heaviest(cuts))
			}
		}
	}
}

func TestNewSpread(t *testing.T) {
	t.Parallel()
	p := &Profile{Bins: make([]uint64, 1<<binBits)}
	if _, err := newSpread(p); err == nil {
		t.Error("an empty profile makes a spread")
	}
	p.Bins[0], p.Bins[1<<binBits-1] = ^uint64(0), 1
	if _, err := newSpread(p); err == nil {
		t.Error("weights of more than 64 bits make a spread")
	}
	if _, err := newSpread(&Profile{Bins: make([]uint64, 4)}); err == nil {
		t.Error("four bins make a spread")
	}
	// A boundary in a bin divides its weight as it divides its width.
	p.Bins[0], p.Bins[1], p.Bins[1<<binBits-1] = 10, 30, 60
	third := hashrange.Split(3 << binBits)[4].First // in the second bin, at a third
	s, err := newSpread(p, []hashrange.Key{third, {Hi: 1 << 48}, {Hi: 1 << 50}})
	if err != nil {
		t.Fatal(err)
	}
	if s.cells() != 1<<binBits+1 || s.total() != 100 {
		t.Errorf("%d cells of %d", s.cells(), s.total())
	}
	if at := s.place(third); s.key(at) != third || s.sum[at] != 19 && s.sum[at] != 20 {
		t.Errorf("%d below the boundary at %s", s.sum[at], s.key(at))
	}
}

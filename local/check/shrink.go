package check

import (
	"maps"
	"slices"
	"testing"
)

// How often a failing seed is run again, and how many runs its shrinking may take.
const (
	reruns     = 6
	shrinkRuns = 80
)

// shrink finds out how often the failure comes back and which lines of the script it needs,
// and puts the failure into the report. A bubble does not fix which of two goroutines goes
// first, so that a failure may need several runs to come back.
func (f *finder) shrink(t *testing.T) {
	t.Helper()
	// Another failure than the one that was found does not count: it would lead astray.
	same := func(res *result) bool { return res.breaks(f.o)&f.failed.breaks(f.o) != 0 }
	again := 0
	for range reruns {
		if same(f.run(t, f.seed, f.keep)) {
			again++
		}
	}
	// The rarer it comes back, the more good runs it takes to say that a line was needed.
	tries := 1
	if again < reruns {
		tries = min(12, 3*(reruns+1)/(again+1)+1)
	}
	left := shrinkRuns
	fails := func(keep []int) *result {
		set := map[int]bool{}
		for _, n := range keep {
			set[n] = true
		}
		for range tries {
			if left == 0 {
				return nil
			}
			left--
			if res := f.run(t, f.seed, set); same(res) {
				return res
			}
		}
		return nil
	}
	best := f.failed
	keep := slices.Sorted(maps.Keys(best.struck))
	if res := fails(keep); res != nil { // what never struck is not needed
		best = res
	} else {
		keep = f.all()
	}
	for size := len(keep); size > 0; size = min(size/2, len(keep)) {
		for i := 0; i < len(keep); {
			less := slices.Delete(slices.Clone(keep), i, min(i+size, len(keep)))
			if res := fails(less); res != nil {
				keep, best = less, res
			} else {
				i += size
			}
		}
	}
	f.report.Failure = f.failure(best, keep, again)
}

// all are the numbers of the lines that count.
func (f *finder) all() (out []int) {
	for _, x := range newScript(f.seed, newLoad(f.seed, f.o), f.o) {
		if f.keep == nil || f.keep[x.number] {
			out = append(out, x.number)
		}
	}
	return out
}

package kinesis

import (
	"errors"
	"math/bits"
	"slices"
	"sort"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// spread is a load over the hash space, by the places where it may be cut. A place is known
// by its index: cell i lies between the places i and i+1.
type spread struct {
	at  []hashrange.Key // ascending, first 0; the place behind the last cell is not in it
	sum []uint64        // sum[i] weighs what lies below place i; the last is the whole load
}

// newSpread makes the places of a profile's bins, and of the boundaries that are given: those
// that a stream has are no bins' edges when its shards are not a power of two. A bin that is
// cut weighs evenly over its width.
func newSpread(p *Profile, boundaries ...[]hashrange.Key) (*spread, error) {
	if len(p.Bins) != 1<<binBits {
		return nil, errors.New("the profile has not 65,536 bins: it must be one that HotKeys measured")
	}
	at := make([]hashrange.Key, len(p.Bins), len(p.Bins)+1)
	below := make([]uint64, len(p.Bins)+1)
	for i, w := range p.Bins {
		at[i] = hashrange.Key{Hi: uint64(i) << (64 - binBits)}
		var over uint64
		if below[i+1], over = bits.Add64(below[i], w, 0); over != 0 {
			return nil, errors.New("the profile's weights add up to more than 64 bits hold")
		}
	}
	if below[len(p.Bins)] == 0 {
		return nil, errors.New("the profile is empty: let HotKeys observe the load of a busy while first")
	}
	for _, b := range boundaries {
		at = append(at, b...)
	}
	slices.SortFunc(at, hashrange.Key.Compare)
	s := &spread{at: slices.Compact(at)}
	s.sum = make([]uint64, len(s.at)+1)
	for i, k := range s.at {
		bin := k.Hi >> (64 - binBits)
		within := k.Hi<<binBits | k.Lo>>(64-binBits) // of the bin's width, in 2^64ths
		part, _ := bits.Mul64(p.Bins[bin], within)
		s.sum[i] = below[bin] + part
	}
	s.sum[len(s.at)] = below[len(p.Bins)]
	return s, nil
}

func (s *spread) cells() int                 { return len(s.at) }
func (s *spread) total() uint64              { return s.sum[len(s.at)] }
func (s *spread) weight(from, to int) uint64 { return s.sum[to] - s.sum[from] }

// place gives the index of a key that is a place.
func (s *spread) place(k hashrange.Key) int {
	i, _ := slices.BinarySearchFunc(s.at, k, hashrange.Key.Compare)
	return i
}

// key is the place's key; that behind the last cell is 0 again.
func (s *spread) key(i int) hashrange.Key {
	if i == len(s.at) {
		return hashrange.Key{}
	}
	return s.at[i]
}

// parts gives the weights of the parts that cuts make.
func (s *spread) parts(cuts []int) []uint64 {
	ws := make([]uint64, 0, len(cuts)+1)
	from := 0
	for _, c := range cuts {
		ws = append(ws, s.weight(from, c))
		from = c
	}
	return append(ws, s.weight(from, s.cells()))
}

// reach is the furthest place, to at most, up to which a part from there weighs no more than most.
func (s *spread) reach(from, to int, most uint64) int {
	return from + sort.Search(to-from, func(i int) bool { return s.weight(from, from+i+1) > most })
}

// need is how many parts of at most that weight the cells from there to there make: none
// where nothing was measured. No cell among them is heavier.
func (s *spread) need(from, to int, most uint64) int {
	n := 0
	for ; s.weight(from, to) > 0; n++ {
		from = s.reach(from, to, most)
	}
	return n
}

// stretch is cells next to each other that are cut together, into parts.
type stretch struct{ from, to, parts int }

// cut gives the n-1 places that cut the load into n parts whose heaviest is as light as it
// can be, and after it, where single cells are so heavy that they must stand alone, the
// heaviest of the others too. n is at most the number of cells.
func (s *spread) cut(n int) []int {
	single := make([]uint64, s.cells())
	for i := range single {
		single[i] = s.weight(i, i+1)
	}
	// runs gives the cells between those heavier than most, which stand alone, and the number of
	// parts of it all. It falls as most grows: what stood alone may, then, not have to.
	runs := func(most uint64) (all []stretch, heavies []int, parts int) {
		from := 0
		for i := 0; i <= s.cells(); i++ {
			if i < s.cells() && single[i] <= most {
				continue
			}
			if from < i {
				r := stretch{from, i, s.need(from, i, most)}
				all, parts = append(all, r), parts+r.parts
			}
			if i < s.cells() {
				heavies, parts = append(heavies, i), parts+1
			}
			from = i + 1
		}
		return all, heavies, parts
	}
	// The least weight that does: binary search, between nothing and all of it.
	var low, high uint64 = 0, s.total()
	for low < high {
		mid := low + (high-low)/2
		if _, _, parts := runs(mid); parts <= n {
			high = mid
		} else {
			low = mid + 1
		}
	}
	all, heavy, parts := runs(low)
	s.spare(all, n-parts)

	var cuts []int
	for _, i := range heavy {
		cuts = append(cuts, i, i+1)
	}
	for _, r := range all {
		cuts = append(cuts, s.even(r, low)...)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	// Nothing lies in a run of no part: the cell before it and the one behind share it.
	for _, r := range all {
		if r.parts > 0 {
			continue
		}
		drop := r.from
		if r.from == 0 {
			drop = r.to
		}
		cuts = slices.DeleteFunc(cuts, func(c int) bool { return c == drop })
	}
	cuts = slices.DeleteFunc(cuts, func(c int) bool { return c == 0 || c == s.cells() })
	s.widen(cuts)
	return cuts
}

// spare gives out the parts that are left, each to the run whose parts are the heaviest, or
// else the widest.
func (s *spread) spare(all []stretch, left int) {
	for range left {
		best := -1
		for i, r := range all {
			if r.parts == r.to-r.from {
				continue // a part to each cell
			}
			if best < 0 || s.heavier(r, all[best]) {
				best = i
			}
		}
		if best < 0 {
			return
		}
		all[best].parts++
	}
}

// heavier says whether a run's parts are on the mean heavier, or as heavy and wider.
func (s *spread) heavier(a, b stretch) bool {
	less := func(x, y uint64, n, m int) int { // x/n against y/m
		h1, l1 := bits.Mul64(x, uint64(max(m, 1)))
		h2, l2 := bits.Mul64(y, uint64(max(n, 1)))
		return hashrange.Key{Hi: h1, Lo: l1}.Compare(hashrange.Key{Hi: h2, Lo: l2})
	}
	if c := less(s.weight(a.from, a.to), s.weight(b.from, b.to), a.parts, b.parts); c != 0 {
		return c > 0
	}
	return less(uint64(a.to-a.from), uint64(b.to-b.from), a.parts, b.parts) > 0
}

// even cuts a run into its parts, each as near to an even share of what is left as it can be
// when none may weigh more than most.
func (s *spread) even(r stretch, most uint64) []int {
	if r.parts < 2 {
		return nil
	}
	// back[k] is the first place from which k parts are enough.
	back := make([]int, r.parts)
	back[0] = r.to
	for k := 1; k < r.parts; k++ {
		to := back[k-1]
		back[k] = r.from + sort.Search(to-r.from, func(i int) bool { return s.weight(r.from+i, to) <= most })
	}
	cuts := make([]int, 0, r.parts-1)
	from := r.from
	for left := r.parts; left > 1; left-- {
		low := max(from+1, back[left-1])
		high := min(s.reach(from, r.to, most), r.to-(left-1))
		share := s.weight(from, r.to) / uint64(left)
		at := from + sort.Search(high-from, func(i int) bool { return s.weight(from, from+i) >= share })
		if at > low && s.weight(from, at)-share > share-s.weight(from, at-1) {
			at--
		}
		from = min(max(at, low), high)
		cuts = append(cuts, from)
	}
	return cuts
}

// widen moves the cuts that lie where nothing was measured to the middle of that, or, when they
// are many, evenly into it.
func (s *spread) widen(cuts []int) {
	for i := 0; i < len(cuts); {
		n := 1
		for i+n < len(cuts) && s.sum[cuts[i+n]] == s.sum[cuts[i]] {
			n++
		}
		low := sort.Search(cuts[i], func(p int) bool { return s.sum[p] == s.sum[cuts[i]] })
		high := low + sort.Search(s.cells()-low, func(d int) bool { return s.sum[low+d+1] > s.sum[cuts[i]] })
		if high-low > n { // places strictly between, for each
			for j := range n {
				cuts[i+j] = low + (high-low)*(j+1)/(n+1)
			}
		}
		i += n
	}
}

// keep moves each cut to the nearest boundary that there is already, when no more than slack
// lies between: each that stays saves two operations.
func (s *spread) keep(cuts, have []int, slack uint64) []int {
	kept := slices.Clone(cuts)
	last := 0
	for i, c := range cuts {
		next := s.cells()
		if i+1 < len(cuts) {
			next = cuts[i+1]
		}
		best, far := c, slack
		_, found := slices.BinarySearch(have, c)
		first, _ := slices.BinarySearch(have, last+1)
		for _, h := range have[first:] {
			if found || h >= next {
				break
			}
			off := s.weight(min(h, c), max(h, c))
			if off < far || off == far && best == c || off == far && nearer(h, best, c) {
				best, far = h, off
			}
		}
		kept[i], last = best, best
	}
	return kept
}

func nearer(a, b, to int) bool { return max(a, to)-min(a, to) < max(b, to)-min(b, to) }

// heaviest is the weight of the heaviest part.
func (s *spread) heaviest(cuts []int) uint64 { return slices.Max(s.parts(cuts)) }

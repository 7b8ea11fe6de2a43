package kinesis

import (
	"cmp"
	"slices"
)

// move is one operation on a stream's shards: a split at a place, or the merge of the two
// shards that meet there.
type move struct {
	merge bool
	at    int
}

// apply gives the cuts after the move.
func (m move) apply(cuts []int) []int { return applied(cuts, m.merge, m.at, cmp.Compare[int]) }

// applied gives the cuts after a move at a place or a key.
func applied[K any](cuts []K, merge bool, at K, compare func(a, b K) int) []K {
	i, _ := slices.BinarySearchFunc(cuts, at, compare)
	if merge {
		return slices.Delete(cuts, i, i+1)
	}
	return slices.Insert(cuts, i, at)
}

// moves gives the operations that lead from some cuts to others: as few as do, at most one
// shard more than before and after open at any time, a split before a merge wherever there is
// room, from the lowest hash key up. A merge waits while a split is still to come inside the
// shard that it would make, where that can be: such a shard would be heavier than any before
// or after.
func moves(from, to []int, weight func(from, to int) uint64, end int) []move {
	var splits, merges []int
	for _, c := range to {
		if _, ok := slices.BinarySearch(from, c); !ok {
			splits = append(splits, c)
		}
	}
	for _, c := range from {
		if _, ok := slices.BinarySearch(to, c); !ok {
			merges = append(merges, c)
		}
	}
	most := max(len(from), len(to)) + 1
	cuts := slices.Clone(from)
	var out []move
	for len(splits)+len(merges) > 0 {
		var m move
		if len(splits) > 0 && len(cuts) < most {
			m = move{at: splits[0]}
			splits = splits[1:]
		} else {
			i := merging(cuts, splits, merges, weight, end)
			m = move{merge: true, at: merges[i]}
			merges = slices.Delete(merges, i, i+1)
		}
		cuts = m.apply(cuts)
		out = append(out, m)
	}
	return out
}

// merging chooses the next merge: the lowest without a split to come inside, or else the one
// that makes the lightest shard.
func merging(cuts, splits, merges []int, weight func(from, to int) uint64, end int) int {
	best, least := 0, ^uint64(0)
	for i, c := range merges {
		at, _ := slices.BinarySearch(cuts, c)
		low, high := 0, end
		if at > 0 {
			low = cuts[at-1]
		}
		if at+1 < len(cuts) {
			high = cuts[at+1]
		}
		if j, _ := slices.BinarySearch(splits, low); j == len(splits) || splits[j] >= high {
			return i
		}
		if w := weight(low, high); w < least {
			best, least = i, w
		}
	}
	return best
}

package dynamodb

import (
	"iter"
	"slices"
	"sort"
)

// chunk is how many elements a part of a sorted list holds before it is cut in two.
const chunk = 256

// sorted is an ordered list of distinct elements. Its chunks keep an insertion from
// moving more than a few kilobytes, with a million elements too.
type sorted[T any] struct {
	compare func(a, b T) int
	chunks  [][]T
	count   int
}

// find gives the chunk where the element is or would go, and its place in there.
func (s *sorted[T]) find(v T) (c, i int, ok bool) {
	c = sort.Search(len(s.chunks), func(c int) bool {
		ch := s.chunks[c]
		return s.compare(ch[len(ch)-1], v) >= 0
	})
	if c == len(s.chunks) {
		return c, 0, false
	}
	i, ok = slices.BinarySearchFunc(s.chunks[c], v, s.compare)
	return c, i, ok
}

// set inserts the element, or replaces the one that is equal.
func (s *sorted[T]) set(v T) {
	c, i, ok := s.find(v)
	if ok {
		s.chunks[c][i] = v
		return
	}
	s.count++
	if len(s.chunks) == 0 {
		s.chunks = append(s.chunks, []T{v})
		return
	}
	if c == len(s.chunks) {
		c--
		i = len(s.chunks[c])
	}
	ch := slices.Insert(s.chunks[c], i, v)
	s.chunks[c] = ch
	if len(ch) > chunk {
		half := len(ch) / 2
		s.chunks[c] = slices.Clone(ch[:half])
		s.chunks = slices.Insert(s.chunks, c+1, slices.Clone(ch[half:]))
	}
}

func (s *sorted[T]) remove(v T) {
	c, i, ok := s.find(v)
	if !ok {
		return
	}
	s.count--
	if s.chunks[c] = slices.Delete(s.chunks[c], i, i+1); len(s.chunks[c]) == 0 {
		s.chunks = slices.Delete(s.chunks, c, c+1)
	}
}

// from gives the elements from the first that before says is not before the wanted ones.
// before is true for a run of elements at the list's beginning.
func (s *sorted[T]) from(before func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		c := sort.Search(len(s.chunks), func(c int) bool {
			ch := s.chunks[c]
			return !before(ch[len(ch)-1])
		})
		for first := true; c < len(s.chunks); c, first = c+1, false {
			ch := s.chunks[c]
			i := 0
			if first {
				i = sort.Search(len(ch), func(i int) bool { return !before(ch[i]) })
			}
			for _, v := range ch[i:] {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// back gives the elements backwards, from the last of which before is true.
func (s *sorted[T]) back(before func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		c := sort.Search(len(s.chunks), func(c int) bool { return !before(s.chunks[c][0]) }) - 1
		for first := true; c >= 0; c, first = c-1, false {
			ch := s.chunks[c]
			n := len(ch)
			if first {
				n = sort.Search(len(ch), func(i int) bool { return !before(ch[i]) })
			}
			for i := n - 1; i >= 0; i-- {
				if !yield(ch[i]) {
					return
				}
			}
		}
	}
}

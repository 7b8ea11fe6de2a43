// Package ordered is a list that keeps its elements in order: what the local services
// page through.
package ordered

import (
	"iter"
	"slices"
	"sort"
)

// chunk is how many elements a part of a sorted list holds before it is cut in two.
const chunk = 256

// List is an ordered list of distinct elements. Its chunks keep an insertion from moving
// more than a few kilobytes, with a million elements too. It is not safe for concurrent
// use, and must not change while one of its sequences runs.
type List[T any] struct {
	compare func(a, b T) int
	chunks  [][]T
	count   int
}

// New makes an empty list in the order of compare.
func New[T any](compare func(a, b T) int) *List[T] { return &List[T]{compare: compare} }

// Len is how many elements there are.
func (s *List[T]) Len() int { return s.count }

// Get gives the element that is equal to v in the list's order.
func (s *List[T]) Get(v T) (T, bool) {
	c, i, ok := s.find(v)
	if !ok {
		return *new(T), false
	}
	return s.chunks[c][i], true
}

// All gives all elements in order.
func (s *List[T]) All() iter.Seq[T] { return s.From(func(T) bool { return false }) }

// find gives the chunk where the element is or would go, and its place in there.
func (s *List[T]) find(v T) (c, i int, ok bool) {
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

// Set inserts the element, or replaces the one that is equal.
func (s *List[T]) Set(v T) {
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

// Remove takes away the element that is equal.
func (s *List[T]) Remove(v T) {
	c, i, ok := s.find(v)
	if !ok {
		return
	}
	s.count--
	if s.chunks[c] = slices.Delete(s.chunks[c], i, i+1); len(s.chunks[c]) == 0 {
		s.chunks = slices.Delete(s.chunks, c, c+1)
	}
}

// From gives the elements from the first that before says is not before the wanted ones.
// before is true for a run of elements at the list's beginning.
func (s *List[T]) From(before func(T) bool) iter.Seq[T] {
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

// Back gives the elements backwards, from the last of which before is true.
func (s *List[T]) Back(before func(T) bool) iter.Seq[T] {
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

package s3

import (
	"iter"
	"slices"
	"strings"
)

// index holds a bucket's objects in the order of their keys (UTF-8 binary order, as S3
// lists them). It is a list of short sorted runs: an insertion moves one run, not all.
type index struct {
	runs [][]*object
	n    int
}

const runLen = 512

// find gives the run that key belongs to and its place in it.
func (x *index) find(key string) (run, at int, ok bool) {
	if len(x.runs) == 0 {
		return 0, 0, false
	}
	run, found := slices.BinarySearchFunc(x.runs, key, func(r []*object, k string) int {
		return strings.Compare(r[0].Key, k)
	})
	if !found && run > 0 {
		run--
	}
	at, ok = slices.BinarySearchFunc(x.runs[run], key, func(o *object, k string) int {
		return strings.Compare(o.Key, k)
	})
	return run, at, ok
}

func (x *index) get(key string) *object {
	if run, at, ok := x.find(key); ok {
		return x.runs[run][at]
	}
	return nil
}

func (x *index) set(o *object) {
	run, at, ok := x.find(o.Key)
	if ok {
		x.runs[run][at] = o
		return
	}
	x.n++
	if len(x.runs) == 0 {
		x.runs = [][]*object{{o}}
		return
	}
	r := slices.Insert(x.runs[run], at, o)
	x.runs[run] = r
	if len(r) > runLen {
		// The halves get arrays of their own, or an append to the first would write over
		// the second.
		x.runs[run] = slices.Clone(r[:runLen/2])
		x.runs = slices.Insert(x.runs, run+1, slices.Clone(r[runLen/2:]))
	}
}

func (x *index) remove(key string) {
	run, at, ok := x.find(key)
	if !ok {
		return
	}
	x.n--
	x.runs[run] = slices.Delete(x.runs[run], at, at+1)
	if len(x.runs[run]) == 0 {
		x.runs = slices.Delete(x.runs, run, run+1)
	}
}

// from walks the objects whose key is at least key. The index must not change meanwhile.
func (x *index) from(key string) iter.Seq[*object] {
	return func(yield func(*object) bool) {
		run, at, _ := x.find(key)
		for ; run < len(x.runs); run, at = run+1, 0 {
			for ; at < len(x.runs[run]); at++ {
				if !yield(x.runs[run][at]) {
					return
				}
			}
		}
	}
}

// after is the least string that is greater than every string with the prefix. Not ok:
// there is none.
func after(prefix string) (string, bool) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1}), true
		}
	}
	return "", false
}

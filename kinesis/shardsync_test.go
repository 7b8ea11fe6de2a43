package kinesis

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// fakeStream is a stream's shards, as listings show them.
type fakeStream struct {
	all  []shard // in the order of their making
	open []string
}

func newFakeStream(n int) *fakeStream {
	s := &fakeStream{}
	for _, r := range hashrange.Split(n) {
		s.add(r)
	}
	return s
}

func (s *fakeStream) add(r hashrange.Range, parents ...string) string {
	id := fmt.Sprintf("shardId-%012d", len(s.all))
	s.all = append(s.all, shard{id: id, first: r.First.String(), last: r.Last.String(), parents: parents})
	s.open = append(s.open, id)
	return id
}

func (s *fakeStream) byID(id string) shard {
	return s.all[slices.IndexFunc(s.all, func(x shard) bool { return x.id == id })]
}

func (s *fakeStream) rangeOf(id string) hashrange.Range {
	sh := s.byID(id)
	r, err := hashrange.ParseRange(sh.first, sh.last)
	if err != nil {
		panic(err)
	}
	return r
}

func (s *fakeStream) closeShard(id string) {
	s.open = slices.DeleteFunc(s.open, func(o string) bool { return o == id })
}

func (s *fakeStream) split(id string) {
	r := s.rangeOf(id)
	mid := r.Mid()
	s.closeShard(id)
	s.add(hashrange.Range{First: r.First, Last: mid.Prev()}, id)
	s.add(hashrange.Range{First: mid, Last: r.Last}, id)
}

func (s *fakeStream) merge(a, b string) {
	ra, rb := s.rangeOf(a), s.rangeOf(b)
	if rb.First.Less(ra.First) {
		ra, rb = rb, ra
	}
	s.closeShard(a)
	s.closeShard(b)
	s.add(hashrange.Range{First: ra.First, Last: rb.Last}, a, b)
}

func (s *fakeStream) children(id string) []shard {
	var out []shard
	for _, c := range s.all {
		if slices.Contains(c.parents, id) {
			out = append(out, c)
		}
	}
	return out
}

func ids(ls []lease) []string {
	var out []string
	for _, l := range ls {
		out = append(out, l.shard[len(l.shard)-1:]+" "+l.checkpoint)
	}
	return out
}

func TestHoles(t *testing.T) {
	t.Parallel()
	s := newFakeStream(4)
	var rows []lease
	for _, sh := range s.all {
		rows = append(rows, sh.lease(trimHorizon))
	}
	if got := holes(rows); len(got) != 0 {
		t.Fatalf("holes in a full table: %v", got)
	}
	if got := holes(nil); len(got) != 1 || got[0] != hashrange.All() {
		t.Fatalf("holes in an empty table: %v", got)
	}
	if got := holes(slices.Concat(rows[:1], rows[3:])); len(got) != 1 || got[0] != (hashrange.Range{First: s.rangeOf(s.all[1].id).First, Last: s.rangeOf(s.all[2].id).Last}) {
		t.Fatalf("the middle is missing: %v", got)
	}
	rows[3].checkpoint = shardEnd
	if got := holes(rows); len(got) != 1 || got[0] != s.rangeOf(s.all[3].id) {
		t.Fatalf("a complete lease covers nothing: %v", got)
	}
	rows[2].first = ""
	if got := holes(rows); got != nil {
		t.Fatalf("a lease without a range: %v", got)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	s := newFakeStream(2)
	s.split("shardId-000000000000") // 2, 3
	s.split("shardId-000000000002") // 4, 5
	row := func(id int, checkpoint string) lease { return s.all[id].lease(checkpoint) }
	for _, c := range []struct {
		name   string
		rows   []lease
		listed []shard
		want   []string
	}{
		{"the oldest first", nil, s.all, []string{"0 LATEST", "1 LATEST"}},
		{"a crash between the children", []lease{row(0, shardEnd), row(1, "7"), row(2, trimHorizon)}, s.all, []string{"3 TRIM_HORIZON"}},
		{"also when the parent's lease is gone", []lease{row(1, "7"), row(2, "8")}, s.all, []string{"3 TRIM_HORIZON"}},
		{"a grandchild", []lease{row(1, "7"), row(3, "8"), row(2, shardEnd)}, s.all, []string{"4 TRIM_HORIZON", "5 TRIM_HORIZON"}},
		{"the parents are trimmed", []lease{row(1, "7"), row(3, "8")}, s.all[3:], []string{"4 LATEST", "5 LATEST"}},
		{"the parent is at work", []lease{row(0, "3")}, s.all, []string{"1 LATEST"}},
	} {
		if d := cmp.Diff(c.want, ids(fill(holes(c.rows), c.rows, c.listed, latest))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestFinished(t *testing.T) {
	t.Parallel()
	ended := func(id string, parents, children []string) lease {
		return lease{shard: id, checkpoint: shardEnd, parents: parents, children: children}
	}
	a := ended("a", nil, []string{"b", "c"})
	for _, c := range []struct {
		name string
		rows []lease
		want []string
	}{
		{"children read", []lease{a, {shard: "b", checkpoint: "1"}, {shard: "c", checkpoint: "2"}}, []string{"a SHARD_END"}},
		{"a child not begun", []lease{a, {shard: "b", checkpoint: "1"}, {shard: "c", checkpoint: trimHorizon}}, nil},
		{"a child not made", []lease{a, {shard: "b", checkpoint: "1"}}, nil},
		{"not complete", []lease{{shard: "a", checkpoint: "9", children: []string{"b"}}, {shard: "b", checkpoint: "1"}}, nil},
		{"the grandparent first", []lease{a, ended("b", []string{"a"}, []string{"d"}), {shard: "c", checkpoint: "1"}, {shard: "d", checkpoint: "4"}}, []string{"a SHARD_END"}},
	} {
		if d := cmp.Diff(c.want, ids(finished(c.rows))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestShardSyncRandom reshards a stream while shards are read to their end, by workers
// that crash between any two writes, and cleans up as it goes. Every shard is completed
// once and after its parents, and nothing is forgotten.
func TestShardSyncRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(80) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		s := newFakeStream(1 + rnd.IntN(4))
		table := map[string]lease{}
		insert := func(l lease) {
			if _, ok := table[l.shard]; !ok {
				table[l.shard] = l
			}
		}
		rows := func() (ls []lease) {
			for _, sh := range s.all {
				if l, ok := table[sh.id]; ok {
					ls = append(ls, l)
				}
			}
			return ls
		}
		for _, sh := range s.all {
			if rnd.IntN(5) > 0 { // else a crash on the way
				insert(sh.lease(trimHorizon))
			}
		}
		completed := map[string]bool{}
		work := func() {
			for _, l := range fill(holes(rows()), rows(), s.all, trimHorizon) {
				insert(l)
			}
			family := newLineage(rows())
			for _, l := range rows() {
				if !family.startable(l) {
					continue
				}
				for _, p := range s.byID(l.shard).parents {
					if !completed[p] {
						t.Fatalf("seed %d: %s starts before its parent %s is complete", seed, l.shard, p)
					}
				}
				if completed[l.shard] {
					t.Fatalf("seed %d: %s is read a second time", seed, l.shard)
				}
				if slices.Contains(s.open, l.shard) {
					if l.checkpoint == trimHorizon {
						l.checkpoint = "1"
						table[l.shard] = l
					}
					continue
				}
				for _, c := range s.children(l.shard) {
					insert(c.lease(trimHorizon))
					l.children = append(l.children, c.id)
				}
				if rnd.IntN(4) == 0 {
					continue // a crash before the end is written
				}
				l.checkpoint = shardEnd
				table[l.shard] = l
				completed[l.shard] = true
			}
			for _, l := range finished(rows()) {
				delete(table, l.shard)
			}
		}
		for range 20 {
			switch rnd.IntN(3) {
			case 0:
				s.split(s.open[rnd.IntN(len(s.open))])
			case 1:
				open := slices.Clone(s.open)
				slices.SortFunc(open, func(a, b string) int { return s.rangeOf(a).First.Compare(s.rangeOf(b).First) })
				if i := rnd.IntN(len(open)); i+1 < len(open) {
					s.merge(open[i], open[i+1])
				}
			}
			work()
		}
		for range 100 {
			work()
		}
		for _, sh := range s.all {
			if open := slices.Contains(s.open, sh.id); !open && !completed[sh.id] || open && table[sh.id].checkpoint == "" {
				t.Fatalf("seed %d: shard %+v is forgotten (table %v)", seed, sh, ids(rows()))
			}
		}
	}
}

package kinesis

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func noShuffle([]lease) {}

func rowsOf(owners ...string) []lease {
	rows := make([]lease, len(owners))
	for i, o := range owners {
		rows[i] = lease{shard: fmt.Sprintf("shardId-%012d", i), owner: o, checkpoint: trimHorizon}
	}
	return rows
}

func shardsOf(ls []lease) string {
	s := ""
	for _, l := range ls {
		s += l.shard[len(l.shard)-1:]
	}
	return s
}

func TestFleetWants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		owners []string
		held   string
		max    int
		later  time.Duration // since the rows were first seen
		want   string
	}{
		{name: "alone takes all", owners: []string{"", "", ""}, want: "012"},
		{name: "the share", owners: []string{"b", "b", "", "", ""}, want: "234"},
		{name: "the share is rounded up", owners: []string{"b", "", ""}, want: "12"},
		{name: "never more than max", owners: []string{"", "", ""}, max: 2, want: "01"},
		{name: "nothing is missing", owners: []string{"me", "b"}, held: "0", want: ""},
		{name: "a full worker leaves what is free", owners: []string{"me", "", "b", "c"}, held: "0", want: "1"},
		{name: "steals the excess", owners: []string{"b", "b", "b", "b"}, want: "01"},
		{name: "steals from the most loaded", owners: []string{"b", "c", "c", "c", "c", "c"}, want: "12"},
		{name: "does not steal for nothing", owners: []string{"b"}, want: ""},
		{name: "does not steal one of two more than none", owners: []string{"b", "b", "me"}, held: "2", want: ""},
		{name: "does not steal while something is free", owners: []string{"b", "b", "b", "b", "b", ""}, want: "5"},
		{name: "not yet expired", owners: []string{"b", "b", "me"}, held: "2", later: 9 * time.Second, want: ""},
		{name: "expired", owners: []string{"b", "b", "me"}, held: "2", later: 10 * time.Second, want: "01"},
		{name: "my own from before", owners: []string{"me", "me"}, want: ""},
		{name: "my own from before, expired", owners: []string{"me", "me"}, later: time.Minute, want: "01"},
	} {
		f := &fleet{me: "me", failover: 10 * time.Second, max: c.max}
		rows := rowsOf(c.owners...)
		held := map[string]bool{}
		for _, h := range c.held {
			held[rows[h-'0'].shard] = true
		}
		f.observe(rows, t0)
		if got := shardsOf(f.wants(newLineage(rows), rows, held, t0.Add(c.later), true, noShuffle)); got != c.want {
			t.Errorf("%s: wants %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFleetLeavesHandoversInPeace(t *testing.T) {
	t.Parallel()
	f := &fleet{me: "me", failover: 10 * time.Second}
	rows := rowsOf("b", "b", "b", "b")
	rows[0].from, rows[1].from, rows[2].from = "c", "c", "c"
	f.observe(rows, t0)
	if got := shardsOf(f.wants(newLineage(rows), rows, nil, t0, true, noShuffle)); got != "3" {
		t.Errorf("steals %q, want 3: the others are on their way from c to b", got)
	}
	// Nobody has finished it: it expires like any other.
	if got := shardsOf(f.wants(newLineage(rows), rows, nil, t0.Add(10*time.Second), true, noShuffle)); got != "0123" {
		t.Errorf("wants %q, want all", got)
	}
}

func TestFleetSeesHeartbeats(t *testing.T) {
	t.Parallel()
	f := &fleet{me: "me", failover: 10 * time.Second}
	rows := rowsOf("b")
	for i := range 10 {
		rows[0].counter = int64(i)
		now := t0.Add(time.Duration(i) * 5 * time.Second)
		f.observe(rows, now)
		if got := f.wants(newLineage(rows), rows, nil, now, true, noShuffle); len(got) > 0 {
			t.Fatal("takes a lease that is renewed")
		}
	}
	now := t0.Add(45*time.Second + 10*time.Second)
	f.observe(rows, now)
	if got := f.wants(newLineage(rows), rows, nil, now, true, noShuffle); len(got) != 1 {
		t.Fatal("does not take a lease that is not renewed")
	}
}

func TestFleetParentsFirst(t *testing.T) {
	t.Parallel()
	rows := []lease{
		{shard: "p1", checkpoint: shardEnd},
		{shard: "p2", checkpoint: "5"},
		{shard: "merged", checkpoint: trimHorizon, parents: []string{"p1", "p2"}},
		{shard: "orphan", checkpoint: trimHorizon, parents: []string{"trimmed"}},
	}
	f := &fleet{me: "me", failover: time.Second}
	f.observe(rows, t0)
	got := f.wants(newLineage(rows), rows, nil, t0, true, noShuffle)
	if len(got) != 2 || got[0].shard != "p2" || got[1].shard != "orphan" {
		t.Fatalf("wants %v, want p2 and orphan", got)
	}
	rows[1].checkpoint = shardEnd
	if got := f.wants(newLineage(rows), rows, nil, t0, true, noShuffle); len(got) != 2 || got[0].shard != "merged" {
		t.Fatalf("wants %v, want merged and orphan", got)
	}
}

// TestFleetConverges lets random fleets start, crash and stop. Whatever happens, a quiet
// time later every lease has one live owner, shares differ by at most one, and nobody wants
// more.
func TestFleetConverges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		rows := rowsOf(make([]string, 1+rnd.IntN(12))...)
		type worker struct {
			f    *fleet
			held map[string]bool
		}
		live := map[string]*worker{}
		now, n := t0, 0
		names := func() []string {
			ns := slices.Sorted(maps.Keys(live))
			rnd.Shuffle(len(ns), func(i, j int) { ns[i], ns[j] = ns[j], ns[i] })
			return ns
		}
		step := func() {
			now = now.Add(5 * time.Second)
			for _, name := range names() {
				w := live[name]
				for i := range rows { // renew, and see what was lost
					if w.held[rows[i].shard] {
						if rows[i].owner != name {
							delete(w.held, rows[i].shard)
						} else {
							rows[i].counter++
						}
					}
				}
				w.f.observe(rows, now)
				for _, l := range w.f.wants(newLineage(rows), rows, w.held, now, true, func(ls []lease) {
					rnd.Shuffle(len(ls), func(i, j int) { ls[i], ls[j] = ls[j], ls[i] })
				}) {
					for i := range rows {
						if rows[i].shard == l.shard && rows[i].counter == l.counter {
							rows[i].owner, rows[i].counter = name, l.counter+1
							w.held[l.shard] = true
						}
					}
				}
			}
		}
		for range 30 {
			switch rnd.IntN(5) {
			case 0:
				n++
				name := fmt.Sprintf("w%d", n)
				live[name] = &worker{f: &fleet{me: name, failover: 10 * time.Second}, held: map[string]bool{}}
			case 1:
				if ns := names(); len(ns) > 0 { // crash
					delete(live, ns[0])
				}
			case 2:
				if ns := names(); len(ns) > 0 { // stop
					for i := range rows {
						if live[ns[0]].held[rows[i].shard] && rows[i].owner == ns[0] {
							rows[i].owner = ""
							rows[i].counter++
						}
					}
					delete(live, ns[0])
				}
			}
			step()
		}
		if len(live) == 0 {
			continue
		}
		for range 12 {
			step()
		}
		lo, hi := len(rows), 0
		for name, w := range live {
			mine := 0
			for _, l := range rows {
				if l.owner == name {
					mine++
				}
			}
			lo, hi = min(lo, mine), max(hi, mine)
			if got := w.f.wants(newLineage(rows), rows, w.held, now, true, noShuffle); len(got) > 0 {
				t.Fatalf("seed %d: %s still wants %v", seed, name, got)
			}
		}
		for _, l := range rows {
			if live[l.owner] == nil {
				t.Fatalf("seed %d: %s belongs to %q, who is dead", seed, l.shard, l.owner)
			}
		}
		if hi-lo > 1 {
			t.Fatalf("seed %d: shares from %d to %d", seed, lo, hi)
		}
	}
}

func TestFleetTakesWhatItIsGiven(t *testing.T) {
	t.Parallel()
	f := &fleet{me: "me", failover: time.Minute}
	rows := rowsOf("b", "b")
	look := func(after time.Duration) string {
		rows[0].counter++ // the holder renews
		rows[1].counter++
		f.observe(rows, t0.Add(after))
		return shardsOf(f.wants(newLineage(rows), rows, map[string]bool{}, t0.Add(after), true, noShuffle))
	}
	rows[0].owner = "me"
	if got := look(0); got != "" {
		t.Errorf("wants %q, its own from a former life", got)
	}
	rows[1].owner, rows[1].from = "me", "b"
	if got := look(time.Second); got != "" {
		t.Errorf("wants %q while b hands it over", got)
	}
	rows[1].from = ""
	if got := look(5 * time.Second); got != "1" {
		t.Errorf("wants %q, want what b has handed over", got)
	}
	rows[1].from = "b"
	if got := look(10 * time.Second); got != "" {
		t.Errorf("wants %q while b hands it over", got)
	}
	if got := look(100 * time.Second); got != "1" {
		t.Errorf("wants %q, want what b has not handed over in time", got)
	}
}

package kinesis

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/hashrange"
)

const born = int64(1_779_600_000_000)

func testStream(t *testing.T, shards int) *stream {
	t.Helper()
	st, err := newStream(newMeta(&createStreamInput{StreamName: "s"}, newID(), shards, born, born), "")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestReshardKeepsTheRanges splits and merges at random. After each step the open shards
// own every hash key once, children own what their parents did, and every filter of
// ListShards gives what its description says, counted out one shard at a time.
func TestReshardKeepsTheRanges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 2))
		st := testStream(t, 1+rng.IntN(4))
		now := born
		for range 30 {
			now += rng.Int64N(10 * 3_600_000)
			i := rng.IntN(len(st.open))
			h := st.open[i]
			var err error
			if rng.IntN(2) == 0 && h.rng.First.Next().Less(h.rng.Mid()) {
				var key hashrange.Key
				if h, key, err = st.toSplit("0", h.id, h.rng.Mid().String()); err == nil {
					st.split(h, key, now)
				}
			} else if i > 0 {
				var a, b *shard
				if a, b, err = st.toMerge("0", st.open[i-1].id, h.id); err == nil {
					st.merge(a, b, now)
				}
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			st.index()
			checkRanges(t, st)
			checkFilters(t, st, now+2000, rng)
			again, err := newStream(st.meta(), "")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(again.ranges, st.ranges) {
				t.Fatalf("seed %d: stored and read, the open ranges are %v, were %v", seed, again.ranges, st.ranges)
			}
		}
	}
}

// TestWavesMakeEvenShards goes from shards as resharding by hand leaves them to any number of
// even ones, in few waves, without a gap in between.
func TestWavesMakeEvenShards(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		st := testStream(t, 1+rng.IntN(20))
		now := born
		for range rng.IntN(10) { // make it uneven
			h := st.open[rng.IntN(len(st.open))]
			now += 2000
			st.split(h, h.rng.Mid(), now)
			st.index()
		}
		target := 1 + rng.IntN(2*len(st.open))
		st.Reshape = &reshape{Target: target}
		for waves := 1; ; waves++ {
			now += 2000
			done, err := st.advance(now)
			if err != nil {
				t.Fatal(err)
			}
			checkRanges(t, st)
			if done {
				break
			}
			if waves == 20 {
				t.Fatalf("seed %d: %d waves do not make %d shards, but %v", seed, waves, target, st.ranges)
			}
		}
		if !slices.Equal(st.ranges, hashrange.Split(target)) {
			t.Fatalf("seed %d: %d shards are %v", seed, target, st.ranges)
		}
	}
}

func checkRanges(t *testing.T, st *stream) {
	t.Helper()
	next := hashrange.Key{}
	for _, r := range st.ranges {
		if r.First != next {
			t.Fatalf("gap or overlap before %s", r)
		}
		next = r.Last.Next()
	}
	if next != (hashrange.Key{}) {
		t.Fatalf("nobody owns what is behind %s", next)
	}
	for _, h := range st.shards {
		children := st.children(h)
		if (h.Closed != 0) != (len(children) > 0) {
			t.Fatalf("%s is closed at %d and has %d children", h.id, h.Closed, len(children))
		}
		for _, c := range children {
			if !c.rng.Overlaps(h.rng) || !slices.Contains(c.parents(), h.id) || c.start().Compare(h.end()) <= 0 {
				t.Fatalf("%s is no child of %s", c, h)
			}
		}
	}
}

func checkFilters(t *testing.T, st *stream, now int64, rng *rand.Rand) {
	t.Helper()
	horizon := max(now-24*3_600_000, born)
	at := awswire.Millis(born + rng.Int64N(now-born))
	then := max(int64(at), horizon)
	for name, is := range map[string]func(h *shard) bool{
		"AT_LATEST":         func(h *shard) bool { return h.Closed == 0 },
		"FROM_TRIM_HORIZON": func(*shard) bool { return true },
		"AT_TRIM_HORIZON":   func(h *shard) bool { return h.Created <= horizon },
		"AT_TIMESTAMP":      func(h *shard) bool { return h.Created <= then && (h.Closed == 0 || h.Closed > then) },
		"FROM_TIMESTAMP":    func(h *shard) bool { return h.Closed == 0 || h.Closed > then },
	} {
		got := st.list(&ShardFilter{Type: name, Timestamp: &at}, now)
		var want []*shard
		for _, h := range st.shards {
			if (h.Closed == 0 || h.Closed >= now-24*3_600_000) && is(h) {
				want = append(want, h)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s gives %v, want %v", name, got, want)
		}
		if name == "AT_TIMESTAMP" && covered(got) != 1 {
			t.Fatalf("AT_TIMESTAMP gives shards that do not cover each key once: %v", got)
		}
	}
}

// covered counts how often the shards cover all keys; 0 when some key is left out.
func covered(shards []*shard) int {
	rs := make([]hashrange.Range, 0, len(shards))
	for _, h := range shards {
		rs = append(rs, h.rng)
	}
	slices.SortFunc(rs, func(a, b hashrange.Range) int { return a.First.Compare(b.First) })
	next := hashrange.Key{}
	for _, r := range rs {
		if r.First != next {
			return 0
		}
		next = r.Last.Next()
	}
	if next != (hashrange.Key{}) {
		return 0
	}
	return 1
}

func TestBucket(t *testing.T) {
	t.Parallel()
	var b bucket
	now := born
	took := 0
	for range 3000 { // three seconds of a call a millisecond
		if b.try(now, 1, 100, 100) {
			took++
		}
		now++
	}
	if took != 399 {
		t.Errorf("a bucket of 100 that fills with 100/s gave %d in 2.999 s, want 399", took)
	}
	b = bucket{}
	b.try(now, 0, 100, 100)
	b.take(500) // debt
	if b.room(now+3999, 1, 100, 100) {
		t.Error("a bucket 400 in debt gives after less than 4 s")
	}
	if !b.room(now+4010, 1, 100, 100) {
		t.Error("a bucket 400 in debt gives nothing after 4 s")
	}
	if b.room(now-60_000, 101, 100, 100) {
		t.Error("a clock that goes back fills the bucket")
	}
}

func FuzzParseIterator(f *testing.F) {
	f.Add(iterator{issued: born, created: born, shard: 3, index: 9, stream: "clicks"}.String())
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if it, ok := parseIterator(s); ok && it.String() != s {
			t.Errorf("%q read as %+v, written as %s", s, it, it)
		}
	})
}

package kinesis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

func hotKeys(t *testing.T, opts *kinesis.HotKeysOptions) *kinesis.HotKeys {
	t.Helper()
	h, err := kinesis.NewHotKeys(opts)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// zipfBatches gives n records in batches, and each key's weight in bytes.
func zipfBatches(seed uint64, skew float64, n int) (batches []*stream.Batch, exact map[string]uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(rnd, skew, 4, 99_999)
	exact = map[string]uint64{}
	for len(batches) < n/1000 {
		var rs []stream.Record
		for range 1000 {
			r := stream.Record{Key: fmt.Sprintf("user-%d", zipf.Uint64()), Data: make([]byte, rnd.IntN(200))}
			exact[r.Key] += uint64(len(r.Key) + len(r.Data))
			rs = append(rs, r)
		}
		batches = append(batches, stream.NewBatch("s", rs, false, nil))
	}
	return batches, exact
}

// TestHotKeysBounds compares the sketch with exact counts.
func TestHotKeysBounds(t *testing.T) {
	t.Parallel()
	for _, skew := range []float64{1.01, 1.2, 2} {
		for _, k := range []int{1, 7, 100, 1000} {
			batches, exact := zipfBatches(uint64(k), skew, 100_000)
			h := hotKeys(t, &kinesis.HotKeysOptions{Keys: k})
			for _, b := range batches {
				h.Observe(b)
			}
			p := h.Profile()
			var total, bins uint64
			for _, w := range exact {
				total += w
			}
			for _, w := range p.Bins {
				bins += w
			}
			if p.Total != total || bins != total || len(p.Keys) > k {
				t.Fatalf("skew %v, %d keys: total %d, bins %d, want %d; %d keys", skew, k, p.Total, bins, total, len(p.Keys))
			}
			seen := map[string]bool{}
			for i, key := range p.Keys {
				seen[key.Key] = true
				if w := exact[key.Key]; w > key.AtMost || w < key.AtLeast || key.AtMost-w > total/uint64(k) {
					t.Errorf("skew %v, %d keys: %+v, but it weighs %d of %d", skew, k, key, w, total)
				}
				if i > 0 && p.Keys[i-1].AtMost < key.AtMost {
					t.Errorf("%+v comes before %+v", p.Keys[i-1], key)
				}
			}
			if len(seen) != len(p.Keys) {
				t.Errorf("skew %v, %d keys: a key has two counters", skew, k)
			}
			for key, w := range exact {
				if w > total/uint64(k) && !seen[key] {
					t.Errorf("skew %v, %d keys: %s weighs %d of %d and is missing", skew, k, key, w, total)
				}
			}
		}
	}
}

func TestHotKeysAllocations(t *testing.T) {
	batches, _ := zipfBatches(3, 1.1, 50_000)
	h := hotKeys(t, &kinesis.HotKeysOptions{Keys: 200})
	for range 3 {
		for _, b := range batches {
			h.Observe(b)
		}
	}
	i := 0
	if n := testing.AllocsPerRun(100, func() { h.Observe(batches[i%len(batches)]); i++ }); n > 1 {
		t.Errorf("%v allocations for 1,000 records", n) // a counter that gets its longest key yet
	}
}

func TestHotKeysHandler(t *testing.T) {
	t.Parallel()
	h := hotKeys(t, &kinesis.HotKeysOptions{ByRecords: true})
	b := stream.NewBatch("s", []stream.Record{{Key: "a", Data: []byte("xyz")}, {Key: "a"}, {Key: "b"}, {}}, false, nil)
	no := errors.New("no")
	if err := h.Handler(func(context.Context, *stream.Batch) error { return no })(t.Context(), b); !errors.Is(err, no) {
		t.Errorf("the handler's error: %v", err)
	}
	if err := h.Handler(func(context.Context, *stream.Batch) error { return nil })(t.Context(), b); err != nil {
		t.Error(err)
	}
	p := h.Profile()
	want := []kinesis.HotKey{{Key: "a", AtMost: 2, AtLeast: 2}, {Key: "", AtMost: 1, AtLeast: 1}, {Key: "b", AtMost: 1, AtLeast: 1}}
	if diff := cmp.Diff(want, p.Keys); diff != "" || p.Total != 4 {
		t.Errorf("total %d: %s", p.Total, diff)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back kinesis.Profile
	if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(p, &back) {
		t.Errorf("it does not keep as JSON: %v", err)
	}
	if err := p.Merge(&back); err != nil {
		t.Fatal(err)
	}
	want = []kinesis.HotKey{{Key: "a", AtMost: 4, AtLeast: 4}, {Key: "", AtMost: 2, AtLeast: 2}, {Key: "b", AtMost: 2, AtLeast: 2}}
	if diff := cmp.Diff(want, p.Keys); diff != "" || p.Total != 8 {
		t.Errorf("merged, total %d: %s", p.Total, diff)
	}
	if err := p.Merge(&kinesis.Profile{}); err == nil {
		t.Error("a profile without bins is merged")
	}
	h.Reset()
	if p := h.Profile(); p.Total != 0 || len(p.Keys) != 0 {
		t.Errorf("after Reset: %d, %v", p.Total, p.Keys)
	}
	if _, err := kinesis.NewHotKeys(&kinesis.HotKeysOptions{Keys: -1}); err == nil {
		t.Error("-1 keys are counted")
	}
}

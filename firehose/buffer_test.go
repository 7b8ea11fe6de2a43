package firehose

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestBufferRandom checks B1 to B4 (see buffer) over random growth, time and uploads.
func TestBufferRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		b := buffer{interval: time.Duration(1+r.IntN(100)) * time.Second, size: 1 + r.Int64N(1000), budget: 1 + r.Int64N(5000)}
		now := time.Unix(0, 0)
		var filling, sending []*part
		for range 400 {
			now = now.Add(time.Duration(r.IntN(20)) * time.Second)
			var grown []*part
			if b.room() {
				for range r.IntN(4) {
					var p *part
					if len(filling) > 0 && r.IntN(2) == 0 {
						p = filling[r.IntN(len(filling))]
					} else {
						p = &part{}
						b.add(p, now)
						filling = append(filling, p)
					}
					b.grow(p, r.Int64N(300), r.Int64N(900))
					grown = append(grown, p)
				}
			}
			want := 0
			for _, p := range b.due(now, grown) {
				if !p.gone {
					t.Fatalf("seed %d: a part is due and not taken", seed)
				}
				sending = append(sending, p)
				want++
			}
			var open, out int64
			kept := filling[:0]
			var next time.Time
			for _, p := range filling {
				if p.gone {
					want--
					continue
				}
				kept = append(kept, p)
				open += p.memory
				if p.json >= b.size {
					t.Fatalf("seed %d: B2: a part of %d bytes stays, size is %d", seed, p.json, b.size)
				}
				if !now.Before(p.opened.Add(b.interval)) {
					t.Fatalf("seed %d: B1: a part stays after its interval", seed)
				}
				if e := p.opened.Add(b.interval); next.IsZero() || e.Before(next) {
					next = e
				}
			}
			filling = kept
			if want != 0 {
				t.Fatalf("seed %d: %d parts were taken and not given out", seed, -want)
			}
			if open > b.budget/2 {
				t.Fatalf("seed %d: B3: %d bytes stay, budget is %d", seed, open, b.budget)
			}
			for len(sending) > 0 && r.IntN(3) > 0 {
				b.sent(sending[0])
				sending = sending[1:]
			}
			for _, p := range sending {
				out += p.memory
			}
			if open != b.open || out != b.sending || len(filling) != b.count || len(filling) != len(b.parts()) {
				t.Fatalf("seed %d: open %d, counted %d; sending %d, counted %d; %d parts, counted %d", seed, open, b.open, out, b.sending, len(filling), b.count)
			}
			if b.room() != (open+out < b.budget) {
				t.Fatalf("seed %d: B4: room is %v with %d+%d of %d", seed, b.room(), open, out, b.budget)
			}
			if got, ok := b.next(); ok != (len(filling) > 0) || !got.Equal(next) {
				t.Fatalf("seed %d: next is %v %v, want %v", seed, got, ok, next)
			}
		}
	}
}

func TestBufferTakesTheLargestThenTheOldest(t *testing.T) {
	t.Parallel()
	b := buffer{interval: time.Hour, size: 1000, budget: 200}
	now := time.Unix(0, 0)
	var ps []*part
	for _, memory := range []int64{10, 40, 40, 20} {
		p := &part{}
		b.add(p, now)
		b.grow(p, 1, memory)
		ps = append(ps, p)
		now = now.Add(time.Second)
	}
	if out := b.due(now, ps); len(out) != 1 || out[0] != ps[1] {
		t.Errorf("took %v, want the older one of 40", out)
	}
}

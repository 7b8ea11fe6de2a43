package check_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

// settings gives a seed's pipeline settings of its own.
func settings(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }

// produce puts the load with this module's producer.
func produce(p *check.Pipeline, opts kinesis.ProducerOptions[check.Record]) func(ctx context.Context, s *check.Source) error {
	return func(ctx context.Context, s *check.Source) error {
		opts := opts
		opts.Encode = func(r check.Record) ([]byte, error) { return r.Data, nil }
		vary := settings(p.Seed)
		opts.MaxInFlight, opts.Linger = 1+vary.IntN(8), time.Duration(5+vary.IntN(300))*time.Millisecond
		producer, err := kinesis.NewProducer(s.Config(), p.Stream, func(r check.Record) string { return r.Key }, &opts)
		if err != nil {
			return err
		}
		for r := range s.Records(ctx) {
			if _, err := producer.Put(ctx, r); err != nil {
				return err
			}
		}
		return producer.Close(ctx)
	}
}

// consume reads with this module's consumer.
func consume(p *check.Pipeline, opts kinesis.ConsumerOptions) func(ctx context.Context, w *check.Worker) error {
	return func(ctx context.Context, w *check.Worker) error {
		opts := opts
		opts.WorkerID = w.ID()
		opts.OnError = func(context.Context, error) {} // the checker sees what comes of it
		vary := settings(p.Seed)
		opts.MaxRecords = []int{1, 10, 10000}[vary.IntN(3)]
		opts.DrainTimeout = time.Duration(1+vary.IntN(20)) * time.Second
		opts.FailoverTime = time.Duration(3+vary.IntN(5)) * time.Second
		c, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, func(ctx context.Context, b *stream.Batch) error {
			for _, r := range b.Records {
				err := w.Deliver(ctx, r.Pos, r.Data)
				if err != nil && p.Seed%2 == 0 {
					// What is before the record counts as done, in the middle of an aggregate too.
					return &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: err}
				}
				if err != nil {
					return err
				}
			}
			return nil
		}, &opts)
		if err != nil {
			return err
		}
		return c.Run(ctx)
	}
}

var quick = kinesis.ConsumerOptions{FailoverTime: 5 * time.Second, PollInterval: 500 * time.Millisecond}

func TestPlain(t *testing.T) {
	t.Parallel()
	check.Run(t, nil, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{}))
		p.Consume(consume(p, quick))
	})
}

func TestAggregated(t *testing.T) {
	t.Parallel()
	check.Run(t, &check.Options{First: 100001, Keys: 40}, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{Aggregate: true}))
		p.Consume(consume(p, quick))
	})
}

// TestFanOut reads with enhanced fan-out.
func TestFanOut(t *testing.T) {
	t.Parallel()
	check.Run(t, &check.Options{First: 200001}, func(p *check.Pipeline) {
		opts := quick
		opts.FanOut = "reader"
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{Aggregate: true}))
		p.Consume(consume(p, opts))
	})
}

// TestHeld has a handler that holds its batches and delivers them later, in order, as one does
// that gathers records into files.
func TestHeld(t *testing.T) {
	t.Parallel()
	check.Run(t, &check.Options{First: 300001}, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{}))
		p.Consume(func(ctx context.Context, w *check.Worker) error {
			opts := quick
			opts.WorkerID = w.ID()
			opts.DrainTimeout = 10 * time.Second
			opts.OnError = func(context.Context, error) {}
			h := &holder{w: w, open: map[string]*file{}, turns: map[string]chan struct{}{}}
			opts.Drain = h.drain
			c, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, h.handle, &opts)
			if err != nil {
				return err
			}
			clock := make(chan struct{})
			go func() {
				defer close(clock)
				for ctx.Err() == nil {
					pause(ctx, time.Second)
					h.tick()
				}
			}()
			err = c.Run(ctx)
			<-clock
			return err
		})
	})
}

// holder gathers a shard's records until there are 25 or the oldest is 3 s old.
type holder struct {
	w     *check.Worker
	mu    sync.Mutex
	open  map[string]*file
	turns map[string]chan struct{} // one delivers at a time: no mutex, for it waits
}

type file struct {
	ctx     context.Context // the handler's
	began   time.Time
	records []stream.Record
	done    []func(error)
}

func (h *holder) handle(ctx context.Context, b *stream.Batch) error {
	h.mu.Lock()
	f := h.open[b.Shard]
	// What is delivered again comes behind a lease or a failure: the file is of before.
	if f == nil || len(b.Records) > 0 && len(f.records) > 0 && !after(b.Records[0].Pos, f.records[len(f.records)-1].Pos) {
		f = &file{ctx: ctx, began: time.Now()}
		h.open[b.Shard] = f
	}
	f.records, f.done = append(f.records, b.Records...), append(f.done, b.Hold())
	full := len(f.records) >= 25 || b.End
	h.mu.Unlock()
	if full {
		return h.drain(ctx, b.Shard)
	}
	return nil
}

// tick delivers what is old.
func (h *holder) tick() {
	h.mu.Lock()
	old := map[string]context.Context{}
	for shard, f := range h.open {
		if time.Since(f.began) > 3*time.Second {
			old[shard] = f.ctx
		}
	}
	h.mu.Unlock()
	for shard, ctx := range old {
		_ = h.drain(ctx, shard) // the done functions say it too
	}
}

func after(a, b stream.Position) bool {
	if len(a.Seq) != len(b.Seq) {
		return len(a.Seq) > len(b.Seq)
	}
	return a.Seq > b.Seq || a.Seq == b.Seq && a.Sub > b.Sub
}

func (h *holder) drain(ctx context.Context, shard string) error {
	h.mu.Lock()
	turn := h.turns[shard]
	if turn == nil {
		turn = make(chan struct{}, 1)
		h.turns[shard] = turn
	}
	h.mu.Unlock()
	turn <- struct{}{}
	defer func() { <-turn }()
	h.mu.Lock()
	f := h.open[shard]
	delete(h.open, shard)
	h.mu.Unlock()
	if f == nil {
		return nil
	}
	var err error
	for _, r := range f.records {
		if err = h.w.Deliver(ctx, r.Pos, r.Data); err != nil {
			break
		}
	}
	for _, done := range f.done {
		done(err)
	}
	return nil
}

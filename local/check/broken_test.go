package check_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

// caught expects the checker to find a broken pipeline, to need few lines for it, and to say
// what is wanted.
func caught(t *testing.T, o check.Options, lines int, want []string, setup func(p *check.Pipeline)) *check.Failure {
	t.Helper()
	t.Parallel()
	if o.Seeds == 0 {
		o.Seeds = 100
	}
	if o.Patience == 0 {
		o.Patience = 45 * time.Second
	}
	r := check.Find(t, &o, setup)
	f := r.Failure
	if f == nil {
		t.Fatalf("nothing was found: %v", r)
	}
	text := f.String()
	t.Log(text)
	if len(f.Script) > lines {
		t.Errorf("the script has %d lines, want %d at most", len(f.Script), lines)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the report does not say %q", w)
		}
	}
	return f
}

func sound(p *check.Pipeline) func(context.Context, *check.Source) error {
	return produce(p, kinesis.ProducerOptions[check.Record]{})
}

// withHandler consumes with another handler than consume's.
func withHandler(p *check.Pipeline, h func(w *check.Worker) (stream.Handler, func())) {
	p.Consume(func(ctx context.Context, w *check.Worker) error {
		opts := quick
		opts.WorkerID = w.ID()
		opts.OnError = func(context.Context, error) {}
		handler, end := h(w)
		c, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, handler, &opts)
		if err != nil {
			return err
		}
		defer end()
		return c.Run(ctx)
	})
}

// TestCheckpointBeforeDelivery has a handler that says that it is done, so that the consumer
// checkpoints, and delivers two seconds later.
func TestCheckpointBeforeDelivery(t *testing.T) {
	f := caught(t, check.Options{Unordered: true}, 1, []string{"acknowledged, never delivered, though in the stream at shardId-", ": killed ("}, func(p *check.Pipeline) {
		p.Produce(sound(p))
		withHandler(p, func(w *check.Worker) (stream.Handler, func()) {
			var late sync.WaitGroup
			return func(_ context.Context, b *stream.Batch) error {
				late.Go(func() {
					pause(context.Background(), 2*time.Second)
					for _, r := range b.Records {
						for w.Deliver(context.Background(), r.Pos, r.Data) != nil && !w.Killed() {
							pause(context.Background(), time.Millisecond)
						}
					}
				})
				return nil
			}, late.Wait
		})
	})
	if len(f.Lost) == 0 {
		t.Error("no record is lost")
	}
}

// TestErrorSwallowed has a handler that ignores what the sink says.
func TestErrorSwallowed(t *testing.T) {
	caught(t, check.Options{Without: []check.Kind{check.Kill}}, 1, []string{"acknowledged, never delivered, though in the stream", "delivery of record", "refused"}, swallows)
}

// naive puts with the SDK, a request of whatever came within 200 ms, and hands the records that
// were not put to rest.
func naive(p *check.Pipeline, rest func(failed []check.Record) []check.Record) func(context.Context, *check.Source) error {
	return func(ctx context.Context, s *check.Source) error {
		client := awskinesis.NewFromConfig(s.Config())
		var again []check.Record
		for batch := range gather(ctx, s, 200*time.Millisecond) {
			// Those that failed go behind those that came since: that is the mistake.
			batch = append(batch, again...)
			for {
				in := &awskinesis.PutRecordsInput{StreamName: &p.Stream}
				for _, r := range batch {
					in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: r.Data, PartitionKey: aws.String(r.Key)})
				}
				out, err := client.PutRecords(ctx, in)
				if err != nil {
					pause(ctx, time.Second)
					continue
				}
				var failed []check.Record
				for i, e := range out.Records {
					if e.ErrorCode != nil {
						failed = append(failed, batch[i])
					}
				}
				again = rest(failed)
				break
			}
		}
		for _, r := range again {
			if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: &p.Stream, PartitionKey: &r.Key, Data: r.Data}); err != nil {
				return err
			}
		}
		return nil
	}
}

// gather gives what comes within d, over and over, at most 100 records at once.
func gather(ctx context.Context, s *check.Source, d time.Duration) func(yield func([]check.Record) bool) {
	return func(yield func([]check.Record) bool) {
		in := make(chan check.Record)
		go func() {
			defer close(in)
			for r := range s.Records(ctx) {
				in <- r
			}
		}()
		for r := range in {
			batch := []check.Record{r}
			timer := time.NewTimer(d)
			for open := true; open && len(batch) < 100; {
				select {
				case r, ok := <-in:
					if open = ok; ok {
						batch = append(batch, r)
					}
				case <-timer.C:
					open = false
				}
			}
			timer.Stop()
			if !yield(batch) {
				for range in {
				}
				return
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// TestPartialFailureIgnored has a producer that does not look at the single records' outcomes.
func TestPartialFailureIgnored(t *testing.T) {
	caught(t, check.Options{}, 1, []string{"acknowledged, not in the stream, never delivered", "put of a record of key", "the record"}, func(p *check.Pipeline) {
		p.Produce(naive(p, func([]check.Record) []check.Record { return nil }))
		p.Consume(consume(p, quick))
	})
}

// TestRetriedBehindLater has a producer that puts what failed again behind what came later.
func TestRetriedBehindLater(t *testing.T) {
	f := caught(t, check.Options{}, 1, []string{"out of order", "first delivered after"}, func(p *check.Pipeline) {
		p.Produce(naive(p, func(failed []check.Record) []check.Record { return failed }))
		p.Consume(consume(p, quick))
	})
	if len(f.OutOfOrder) == 0 || len(f.Lost) > 0 {
		t.Errorf("out of order %v, lost %v", f.OutOfOrder, f.Lost)
	}
}

// TestChildrenBeforeParents has a reader that does not wait for a shard's parents.
func TestChildrenBeforeParents(t *testing.T) {
	caught(t, check.Options{Workers: 1}, 2, []string{"out of order", "the shard that owns"}, func(p *check.Pipeline) {
		p.Produce(sound(p))
		p.Consume(reader{newestFirst: true}.consume(p))
	})
}

// TestWentBack has a reader that delivers the last record of each answer twice.
func TestWentBack(t *testing.T) {
	f := caught(t, check.Options{Workers: 1}, 0, []string{"went back", "nothing at all needs to happen"}, func(p *check.Pipeline) {
		p.Produce(sound(p))
		p.Consume(reader{repeats: true}.consume(p))
	})
	if len(f.WentBack) == 0 || len(f.Lost)+len(f.OutOfOrder) > 0 {
		t.Errorf("went back %v", f.WentBack)
	}
}

// TestNotTakenApart reads aggregates as they are.
func TestNotTakenApart(t *testing.T) {
	caught(t, check.Options{Workers: 1}, 0, []string{"not of the load", "an aggregated record that was not taken apart?"}, func(p *check.Pipeline) {
		p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{Aggregate: true}))
		p.Consume(reader{raw: true}.consume(p))
	})
}

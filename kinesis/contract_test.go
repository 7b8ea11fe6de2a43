package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// holder is a handler that holds every batch until it is told otherwise.
type holder struct {
	worker
	holds []func(error)
	ends  []string
}

func (h *holder) handle(_ context.Context, b *stream.Batch) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds = append(h.holds, b.Hold())
	for _, r := range b.Records {
		h.events = append(h.events, event{Key: r.Key, N: len(h.events)})
		h.shards = append(h.shards, r.Pos.Seq)
	}
	if b.End {
		h.ends = append(h.ends, b.Shard)
	}
	return nil
}

func (h *holder) held() []func(error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.holds)
}

// batches puts n batches, one after the other, and waits until each has been delivered.
func (h *holder) batches(t *testing.T, cfg aws.Config, n int) {
	t.Helper()
	for range n {
		before := len(h.held())
		putEvents(t, cfg, []string{"a"}, 0, 1)
		until(t, "the batch", 10*time.Second, func() bool { return len(h.held()) == before+1 })
	}
}

func TestHoldPutsTheCheckpointOff(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		h := &holder{}
		w := runWorker(t, cfg, h.handle, nil)
		h.batches(t, cfg, 3)
		holds, seqs := h.held(), h.shards
		at := func() string { time.Sleep(5 * time.Second); return checkpoint(t, cfg, shardID(0)) }
		if got := at(); got != "TRIM_HORIZON" {
			t.Fatalf("checkpoint %s while all is held", got)
		}
		holds[1](nil)
		holds[2](nil)
		if got := at(); got != "TRIM_HORIZON" {
			t.Fatalf("checkpoint %s passes the first hold", got)
		}
		holds[0](nil)
		if got := at(); got != seqs[2] {
			t.Fatalf("checkpoint %s, want that of the third batch %s", got, seqs[2])
		}
		w.stop()
		w.quiet()
	})
}

func TestDoneWithAnErrorDeliversAgain(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		h := &holder{}
		w := runWorker(t, cfg, h.handle, nil)
		h.batches(t, cfg, 3)
		holds, seqs := h.held(), slices.Clone(h.shards)
		holds[0](nil)
		time.Sleep(time.Second)
		lost := errors.New("upload failed")
		holds[1](lost)
		until(t, "the second delivery", 10*time.Second, func() bool { return len(h.seen()) == 5 })
		if got := h.shards[3:]; !slices.Equal(got, seqs[1:]) {
			t.Errorf("delivered again: %v, want %v", got, seqs[1:])
		}
		holds[2](nil) // of the lost delivery: it counts no more
		time.Sleep(5 * time.Second)
		if got := checkpoint(t, cfg, shardID(0)); got != seqs[0] {
			t.Errorf("checkpoint %s, want %s", got, seqs[0])
		}
		for _, done := range h.held()[3:] {
			done(nil)
		}
		w.stop()
		if got := checkpoint(t, cfg, shardID(0)); got != seqs[2] {
			t.Errorf("checkpoint %s, want %s", got, seqs[2])
		}
		if errs := w.errors(); len(errs) != 1 || !errors.Is(errs[0], lost) {
			t.Errorf("OnError: %v", errs)
		}
	})
}

// TestRunEndsWhileBatchesAreHeld has Drain finish the held work: nothing is delivered twice.
func TestRunEndsWhileBatchesAreHeld(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		h := &holder{}
		drained := 0
		w := runWorker(t, cfg, h.handle, &kinesis.ConsumerOptions{Drain: func(ctx context.Context, shard string) error {
			drained++
			if ctx.Err() != nil || shard != shardID(0) {
				t.Errorf("Drain(%v, %s)", ctx.Err(), shard)
			}
			time.Sleep(20 * time.Second) // longer than a lease lives unless it is renewed
			for _, done := range h.held() {
				done(nil)
			}
			return nil
		}})
		h.batches(t, cfg, 2)
		began := time.Now()
		w.stop()
		if d := time.Since(began); d < 20*time.Second || d > 21*time.Second || drained != 1 {
			t.Errorf("stopped after %v, Drain called %d times", d, drained)
		}
		w.quiet()
		if got := checkpoint(t, cfg, shardID(0)); got != h.shards[1] {
			t.Errorf("checkpoint %s, want %s", got, h.shards[1])
		}
	})
}

// TestRunEndsAndTheHandlerDoesNot: after DrainTimeout the handler's context ends and the
// lease is given back, so that another worker delivers the batch.
func TestRunEndsAndTheHandlerDoesNot(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		var began, ended time.Time
		started := make(chan struct{})
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			close(started)
			<-ctx.Done()
			ended = time.Now()
			return context.Cause(ctx)
		}, &kinesis.ConsumerOptions{DrainTimeout: 7 * time.Second})
		putEvents(t, cfg, []string{"a"}, 0, 1)
		<-started
		began = time.Now()
		w.stop()
		if ended.Sub(began) != 7*time.Second {
			t.Errorf("the handler's context ended after %v, want 7s", ended.Sub(began))
		}
		if errs := w.errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "were not done within 7s of Run's end: the lease is given back") {
			t.Errorf("OnError: %v", errs)
		}
		w2 := runWorker(t, cfg, nil, nil)
		until(t, "delivery elsewhere", 2*time.Second, func() bool { return len(w2.seen()) == 1 })
		w2.stop()
	})
}

// TestRunEndsAfterAFailure: what failed is not waited for, what is held before it is.
func TestRunEndsAfterAFailure(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		h := &holder{}
		fail := false
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			if fail {
				return errors.New("boom")
			}
			return h.handle(ctx, b)
		}, &kinesis.ConsumerOptions{Drain: func(context.Context, string) error {
			for _, done := range h.held() {
				done(nil)
			}
			return nil
		}})
		h.batches(t, cfg, 1)
		fail = true
		putEvents(t, cfg, []string{"a"}, 0, 1)
		until(t, "a failure", time.Minute, func() bool { return len(w.errors()) > 3 })
		began := time.Now()
		w.stop()
		if d := time.Since(began); d > time.Second {
			t.Errorf("stopped after %v", d)
		}
		// The failure delivers the held batch again as well; the hold of its first delivery
		// was void, so nothing is checkpointed, or the whole of it.
		if got := checkpoint(t, cfg, shardID(0)); got != "TRIM_HORIZON" && got != h.shards[0] {
			t.Errorf("checkpoint %s", got)
		}
	})
}

func TestHandlerContextCarriesValues(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		type key struct{}
		c, err := kinesis.NewConsumer(cfg, "clicks", "app", func(ctx context.Context, b *stream.Batch) error {
			if ctx.Value(key{}) != "v" {
				t.Error("the value of Run's context is missing")
			}
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		putEvents(t, cfg, []string{"a"}, 0, 1)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), 5*time.Second)
		defer cancel()
		go func() {
			time.Sleep(time.Second)
			if err := c.Run(ctx); err == nil || !strings.Contains(err.Error(), "running already") {
				t.Errorf("a second Run: %v", err)
			}
		}()
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestStartAt(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		var acks []stream.Position
		p := newProducer(t, cfg, nil)
		for i := range 5 {
			pos, err := mustPut(t, p, event{Key: "a", N: i}).Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			acks = append(acks, pos)
		}
		_ = p.Close(t.Context())
		// The data decides, whatever the lease says.
		w := runWorker(t, cfg, nil, nil)
		until(t, "all", 10*time.Second, func() bool { return len(w.seen()) == 5 })
		w.stop()
		asked, fail := 0, true
		w = runWorker(t, cfg, nil, &kinesis.ConsumerOptions{StartAt: func(_ context.Context, shard string) (stream.Position, bool, error) {
			asked++
			if fail {
				fail = false
				return stream.Position{}, false, errors.New("the table cannot be read")
			}
			return acks[2], true, nil
		}})
		time.Sleep(30 * time.Second)
		w.stop()
		if got := w.seen(); len(got) != 2 || got[0].N != 3 || asked != 2 {
			t.Errorf("delivered %v, want 3 and 4; StartAt was asked %d times", got, asked)
		}
		if errs := w.errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "ask StartAt: the table cannot be read") {
			t.Errorf("OnError: %v", errs)
		}
		// Not ok: the lease decides.
		w = runWorker(t, cfg, nil, &kinesis.ConsumerOptions{StartAt: func(context.Context, string) (stream.Position, bool, error) {
			return stream.Position{}, false, nil
		}})
		time.Sleep(30 * time.Second)
		w.stop()
		w.quiet()
		if got := w.seen(); len(got) != 0 {
			t.Errorf("delivered %v", got)
		}
	})
}

func TestStartAtNamesTheGap(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		p := newProducer(t, cfg, nil)
		first, err := mustPut(t, p, event{Key: "a", N: 0}).Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(23 * time.Hour)
		mustPut(t, p, event{Key: "a", N: 1})
		_ = p.Close(t.Context())
		startAt := &kinesis.ConsumerOptions{StartAt: func(context.Context, string) (stream.Position, bool, error) { return first, true, nil }}
		w := runWorker(t, cfg, nil, startAt)
		until(t, "the second", 10*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()
		w.quiet()
		time.Sleep(2 * time.Hour) // the first record is trimmed
		w = runWorker(t, cfg, nil, startAt)
		time.Sleep(2 * time.Minute)
		w.stop()
		if len(w.seen()) != 0 {
			t.Errorf("delivered %v behind a gap", w.seen())
		}
		gap := (*kinesis.GapError)(nil)
		if errs := w.errors(); len(errs) < 3 || !errors.As(errs[0], &gap) || gap.After != first.Seq || gap.Oldest <= first.Seq || gap.Shard != shardID(0) {
			t.Fatalf("OnError: %v", errs)
		}
		want := fmt.Sprintf(`kinesis: shard "shardId-000000000000": the record %s has been trimmed, and the oldest one behind it is %s of %s: what arrived between them is lost`, gap.After, gap.Oldest, gap.Arrived.UTC().Format(time.RFC3339))
		if !strings.HasPrefix(gap.Error(), want) {
			t.Errorf("%s", gap.Error())
		}
		if !strings.Contains(w.errors()[0].Error(), "have StartAt return the position to go on from") {
			t.Errorf("the mend is missing: %v", w.errors()[0])
		}
		time.Sleep(24 * time.Hour) // nothing is left: there is no gap that anybody could know of
		w = runWorker(t, cfg, nil, startAt)
		time.Sleep(30 * time.Second)
		putEvents(t, cfg, []string{"a"}, 2, 1)
		until(t, "what comes later", 10*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()
		w.quiet()
	})
}

// TestTrimmedCheckpointIsReported: the lease's consumer goes on, but not in silence.
func TestTrimmedCheckpointIsReported(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 1)
		w := runWorker(t, cfg, nil, nil)
		until(t, "the first", 10*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()
		time.Sleep(25 * time.Hour)
		putEvents(t, cfg, []string{"a"}, 1, 1)
		w = runWorker(t, cfg, nil, nil)
		until(t, "the second", 10*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()
		gap := (*kinesis.GapError)(nil)
		if errs := w.errors(); len(errs) != 1 || !errors.As(errs[0], &gap) {
			t.Errorf("OnError: %v", errs)
		}
	})
}

func TestInitialPositions(t *testing.T) {
	for _, c := range []struct {
		name string
		from kinesis.InitialPosition
		want []int
		word string
	}{
		{"trim horizon", kinesis.InitialPosition{}, []int{0, 1, 2}, "TRIM_HORIZON"},
		{"latest", kinesis.Latest(), []int{2}, "LATEST"},
		{"a time", kinesis.AtTimestamp(start.Add(90 * time.Minute)), []int{1, 2}, "AT_TIMESTAMP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
				time.Sleep(time.Hour)
				putEvents(t, cfg, []string{"a"}, 0, 1)
				time.Sleep(time.Hour)
				putEvents(t, cfg, []string{"a"}, 1, 1)
				time.Sleep(time.Hour)
				fails := 1
				good := &worker{}
				w := runWorker(t, cfg, kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
					if fails > 0 { // a failure before the first checkpoint skips nothing
						fails--
						return errors.New("boom")
					}
					return good.remember(ctx, e, at)
				}), &kinesis.ConsumerOptions{From: c.from})
				if c.word == "LATEST" {
					time.Sleep(30 * time.Second)
					if got := checkpoint(t, cfg, shardID(0)); got != c.word {
						t.Errorf("the lease begins at %s", got)
					}
				}
				time.Sleep(30 * time.Second)
				putEvents(t, cfg, []string{"a"}, 2, 1)
				time.Sleep(30 * time.Second)
				w.stop()
				var got []int
				for _, e := range good.seen() {
					got = append(got, e.N)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("delivered %v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestBackPressureReadsOneAnswerAhead blocks the handler: the consumer reads one answer
// more and no further.
func TestBackPressureReadsOneAnswerAhead(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, someKeys(100), 0, 1)
		cfg, wire := tap(cfg)
		release := make(chan struct{})
		w := runWorker(t, cfg, func(context.Context, *stream.Batch) error { <-release; return nil },
			&kinesis.ConsumerOptions{MaxRecords: 10})
		time.Sleep(10 * time.Minute)
		if n := wire.count("GetRecords"); n != 2 {
			t.Errorf("%d reads while the handler is at its first batch, want 2", n)
		}
		close(release)
		// The iterator has expired meanwhile: it is made anew.
		until(t, "the rest", time.Minute, func() bool { return wire.count("GetRecords") > 12 })
		w.stop()
		w.quiet()
		if n := wire.count("GetShardIterator"); n != 2 {
			t.Errorf("%d iterators, want 2", n)
		}
	})
}

// TestBufferBoundsWhatIsRead lets eight shards catch up with blocked handlers.
func TestBufferBoundsWhatIsRead(t *testing.T) {
	lake(t, 8, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		p, err := kinesis.NewProducer(cfg, "clicks", func(b []byte) string { return string(b[:4]) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 800 { // 16 MB
			if _, err := p.Put(t.Context(), append(fmt.Appendf(nil, "%04d", i), make([]byte, 20_000)...)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		cfg, wire := tap(cfg)
		release := make(chan struct{})
		var records atomic.Int32
		w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
			<-release
			records.Add(int32(len(b.Records)))
			return nil
		}, &kinesis.ConsumerOptions{Buffer: 12 << 20})
		time.Sleep(time.Minute)
		// Two answers of about 2 MB, and the guess of 10 MiB for a third does not fit.
		if n := wire.count("GetRecords"); n > 2 {
			t.Errorf("%d reads into a buffer of 12 MiB, want 2", n)
		}
		close(release)
		until(t, "all", time.Minute, func() bool { return records.Load() == 800 })
		w.stop()
		w.quiet()
	})
}

// TestReadErrors: what the service refuses is reported with its mend, and tried again.
func TestReadErrors(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 3)
		cfg, wire := tap(cfg)
		wire.on("GetRecords", 1, refuse("ExpiredIteratorException", "iterator expired")) // no news
		wire.on("GetRecords", 2, refuse("KMSAccessDeniedException", "no"))
		wire.on("GetRecords", 1, refuse("InternalFailure", "try again"))
		w := runWorker(t, cfg, nil, nil)
		until(t, "the events", 10*time.Second, func() bool { return len(w.seen()) == 3 })
		w.stop()
		inOrder(t, w.seen(), []string{"a"}, 3)
		denied := (*kinesistypes.KMSAccessDeniedException)(nil)
		errs := w.errors()
		if len(errs) != 3 || !errors.As(errs[0], &denied) || !strings.Contains(errs[0].Error(), "kms:Decrypt (to read)") || !strings.Contains(errs[2].Error(), "try again") {
			t.Errorf("OnError: %v", errs)
		}
	})
}

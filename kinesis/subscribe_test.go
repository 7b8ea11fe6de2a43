package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// TestFanOutHours reads for three hours: nothing is lost, delivered twice or said.
func TestFanOutHours(t *testing.T) {
	fanLake(t, 2, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		cfg, wire := tap(cfg)
		w := runWorker(t, cfg, nil, nil)
		keys := someKeys(5)
		for i := range 180 {
			switch i {
			case 50:
				split(t, client, shardID(0)) // 2, 3
			case 100:
				merge(t, client, shardID(3), shardID(1)) // 4
			}
			putEvents(t, cfg, keys, i, 1)
			time.Sleep(time.Minute)
		}
		w.stop()
		w.quiet()
		inOrder(t, w.seen(), keys, 180)
		if len(w.seen()) != 180*len(keys) {
			t.Errorf("%d deliveries of %d events", len(w.seen()), 180*len(keys))
		}
		// Two or three shards for three hours, five minutes each.
		if n := wire.count("SubscribeToShard"); n < 80 || n > 110 {
			t.Errorf("%d subscriptions", n)
		}
	})
}

// TestFanOutLatest: the first record comes long after the consumer, and after subscriptions
// that gave nothing.
func TestFanOutLatest(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 100, 1)
		time.Sleep(2 * time.Minute)
		lake.Fault(local.KinesisSubscribeToShard, local.CutStream(1).Times(1)) // nothing but the answer
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{From: kinesis.Latest()})
		until(t, "a subscription", 10*time.Second, func() bool { return owners(t, cfg)[""] == 0 && len(leases(t, cfg)) == 1 })
		time.Sleep(500 * time.Millisecond)
		putEvents(t, cfg, []string{"a"}, 0, 1) // between the subscriptions
		until(t, "what came in between", 10*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()

		first := w.seen()
		w = runWorker(t, cfg, nil, &kinesis.ConsumerOptions{From: kinesis.Latest(), LeaseTable: "app-2", FanOut: "app-2"})
		time.Sleep(23 * time.Minute)
		putEvents(t, cfg, []string{"a"}, 1, 1)
		until(t, "the late record", 5*time.Second, func() bool { return len(w.seen()) == 1 })
		w.stop()
		w.quiet()
		inOrder(t, append(first, w.seen()...), []string{"a"}, 2)
	})
}

// TestFanOutGoesWrong: what breaks, is throttled or fails is overcome, each in its way.
func TestFanOutGoesWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		effect local.Effect
		errors int
		says   string
		within time.Duration
	}{
		{"cut before the answer", local.CutStream(0).Times(1), 0, "", 8 * time.Second},
		{"cut before the first event", local.CutStream(1).Times(1), 0, "", 8 * time.Second},
		{"cut in the first event", local.CutReply(400).Times(1), 0, "", 8 * time.Second},
		{"cut behind the first event", local.CutStream(2).Times(1), 0, "", 8 * time.Second},
		{"cut again and again", local.CutStream(2).Times(10), 0, "", time.Minute},
		{"always cut before the first event", local.CutStream(1).Times(5), 4, "the subscription broke off before its first event", time.Minute},
		{"throttled", local.Throttle().Times(5), 0, "", 20 * time.Second},
		{"throttled for long", local.Throttle().Times(12), 3, "LimitExceededException", 2 * time.Minute},
		{"internal failure", local.Fail(500, "InternalFailure", "try again").Times(2), 2, "try again", 10 * time.Second},
		{"in use", local.Fail(400, "ResourceInUseException", "another").Times(3), 0, "", 20 * time.Second},
		{"in use for long", local.Fail(400, "ResourceInUseException", "another").Times(5), 2, "another", 40 * time.Second},
		{"not allowed to decrypt", local.Fail(400, "KMSAccessDeniedException", "no").Times(2), 2, "kms:Decrypt (to read)", 10 * time.Second},
		{"slow", local.Delay(20 * time.Second).Times(1), 0, "", 25 * time.Second},
		{"no answer", local.Delay(time.Hour).Times(1), 1, "the subscription has given nothing for 35s", 40 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
				putEvents(t, cfg, []string{"a"}, 0, 3)
				f := lake.Fault(local.KinesisSubscribeToShard, c.effect)
				w := runWorker(t, cfg, nil, nil)
				began := time.Now()
				until(t, "the lease", 10*time.Second, func() bool { return len(leases(t, cfg)) == 1 })
				// One more record each time that the service is seen to be well.
				for i := 3; i < 6; i++ {
					until(t, fmt.Sprintf("%d events", i), c.within+5*time.Second, func() bool { return len(w.seen()) == i })
					putEvents(t, cfg, []string{"a"}, i, 1)
				}
				until(t, "the last event", c.within, func() bool { return len(w.seen()) == 6 })
				if d := time.Since(began); d > c.within+10*time.Second {
					t.Errorf("it took %v", d)
				}
				w.stop()
				inOrder(t, w.seen(), []string{"a"}, 6)
				w.says(c.errors, strings.Fields(c.says)...)
				if f.Hits() == 0 {
					t.Error("nothing went wrong")
				}
			})
		})
	}
}

// TestFanOutFallsSilent: a subscription that lives and gives nothing is given up, also while
// the handler is at work.
func TestFanOutFallsSilent(t *testing.T) {
	for name, slow := range map[string]time.Duration{"quick handler": 0, "slow handler": 3 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			fanLake(t, 1, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
				cfg, wire := tap(cfg)
				var silent *silentBody
				wire.on("SubscribeToShard", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
					resp, err := do()
					if err == nil {
						silent = &silentBody{ReadCloser: resp.Body, closed: make(chan struct{})}
						resp.Body = silent
					}
					return resp, err
				})
				got := &worker{}
				w := runWorker(t, cfg, kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
					if e.N == 1 {
						time.Sleep(slow)
					}
					return got.remember(ctx, e, at)
				}), nil)
				for i := range 6 {
					putEvents(t, cfg, []string{"a"}, i, 1)
					time.Sleep(time.Second)
					if i == 2 { // which waits behind the one that the slow handler has
						silent.quiet.Store(true)
					}
					time.Sleep(time.Minute)
				}
				time.Sleep(slow)
				w.stop()
				inOrder(t, got.seen(), []string{"a"}, 6)
				w.says(1, "the subscription has given nothing for 35s, not even an empty event: subscribing again")
				select {
				case <-silent.closed:
				default:
					t.Error("the silent subscription is still open")
				}
			})
		})
	}
}

// silentBody gives nothing more once it is quiet, until it is closed.
type silentBody struct {
	io.ReadCloser
	quiet  atomic.Bool
	once   sync.Once
	closed chan struct{}
}

func (b *silentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.quiet.Load() {
		<-b.closed
		return 0, errors.New("closed")
	}
	return n, err
}

func (b *silentBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.ReadCloser.Close()
}

// TestFanOutSlowHandler blocks the handlers for longer than a subscription lives: what is read
// stays within the buffer, and nothing is lost or given twice.
func TestFanOutSlowHandler(t *testing.T) {
	const shards, records, size = 4, 400, 40_000
	fanLake(t, shards, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		p, err := kinesis.NewProducer(cfg, "clicks", func(b []byte) string { return string(b[:4]) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range records { // 16 MB
			if _, err := p.Put(t.Context(), append(fmt.Appendf(nil, "%04d", i), make([]byte, size)...)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		cfg, wire := tap(cfg)
		var read atomic.Int64
		wire.on("SubscribeToShard", -1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			resp, err := do()
			if err == nil {
				resp.Body = &countedBody{resp.Body, &read}
			}
			return resp, err
		})
		release := make(chan struct{})
		var mu sync.Mutex
		seen := map[string]int{}
		w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
			<-release
			mu.Lock()
			defer mu.Unlock()
			for _, r := range b.Records {
				seen[r.Key]++
			}
			return nil
		}, &kinesis.ConsumerOptions{Buffer: 3 << 20})
		time.Sleep(11 * time.Minute)
		// The buffer's 3 MiB, of which an event of 1.4 MB does not fill the last, and of each
		// shard the beginning of the next event.
		if n := read.Load(); n > 3<<20+shards*8<<10 || n < 1<<20 {
			t.Errorf("%d bytes were read into a buffer of 3 MiB", n)
		}
		if n := wire.count("SubscribeToShard"); n != shards {
			t.Errorf("%d subscriptions while nobody reads, want %d", n, shards)
		}
		close(release)
		until(t, "all", time.Minute, func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) == records })
		w.stop()
		w.quiet()
		for k, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", k, n)
			}
		}
	})
}

type countedBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// TestFanOutMaxRecords: a pushed event is cut into batches.
func TestFanOutMaxRecords(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		putEvents(t, cfg, someKeys(25), 0, 1)
		var sizes []int
		ends := 0
		w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
			sizes = append(sizes, len(b.Records))
			if b.End {
				ends = len(sizes)
			}
			return nil
		}, &kinesis.ConsumerOptions{MaxRecords: 10, MaxLeases: 1})
		time.Sleep(10 * time.Second)
		split(t, client, shardID(0))
		time.Sleep(10 * time.Second)
		w.stop()
		w.quiet()
		if !slices.Equal(sizes, []int{10, 10, 5, 0}) || ends != 4 {
			t.Errorf("batches of %v, the end is the %d.", sizes, ends)
		}
	})
}

// TestFanOutHandsOver: a subscription ends when the shard is to be handed over, although the
// handler is at work and the service silent.
func TestFanOutHandsOver(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		cfg, wire := tap(cfg)
		var closed atomic.Pointer[time.Time]
		wire.on("SubscribeToShard", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			resp, err := do()
			if err == nil {
				silent := &silentBody{ReadCloser: resp.Body, closed: make(chan struct{})}
				time.AfterFunc(10*time.Second, func() { silent.quiet.Store(true) })
				go func() { <-silent.closed; closed.Store(aws.Time(time.Now())) }()
				resp.Body = silent
			}
			return resp, err
		})
		started := make(chan struct{})
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			close(started)
			time.Sleep(30 * time.Second)
			return ctx.Err()
		}, &kinesis.ConsumerOptions{WorkerID: "go", MaxLeases: 1})
		putEvents(t, cfg, []string{"a"}, 0, 1)
		<-started
		time.Sleep(15 * time.Second) // a read of the silent body goes on
		assign(t, cfg, shardID(0), "java", "go")
		handed := time.Now()
		time.Sleep(10 * time.Second)
		if at := closed.Load(); at == nil || at.Sub(handed) > 4*time.Second {
			t.Errorf("the subscription ended at %v, handed over at %v", at, handed)
		}
		time.Sleep(15 * time.Second)
		if l := leases(t, cfg)[shardID(0)]; text(l["checkpointOwner"]) != "" || len(text(l["checkpoint"])) < 50 {
			t.Errorf("after the hand-over: %v", l)
		}
		w.stop()
		w.quiet()
	})
}

// TestFanOutIsTakenOver: the consumer that is registered for one application is used by
// another: each takes the shard from the other, both say so, and both read everything.
func TestFanOutIsTakenOver(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		var ws []*worker
		for i := range 2 {
			ws = append(ws, runWorker(t, cfg, nil, &kinesis.ConsumerOptions{LeaseTable: fmt.Sprintf("app-%d", i)}))
			time.Sleep(20 * time.Second)
		}
		for i := range 10 {
			putEvents(t, cfg, []string{"a"}, i, 1)
			time.Sleep(10 * time.Second)
		}
		for _, w := range ws {
			w.stop()
			inOrder(t, w.seen(), []string{"a"}, 10)
			if errs := w.errors(); len(errs) < 3 || len(errs) > 30 || !strings.Contains(errs[0].Error(), "another subscription took over: is the registered consumer of FanOut used by another application") {
				t.Errorf("%d errors: %v", len(errs), errs)
			}
		}
	})
}

// TestFanOutStolenLease: who loses the lease does not take the shard back from who has it.
func TestFanOutStolenLease(t *testing.T) {
	fanLake(t, 2, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(20)
		a, first := tap(cfg)
		b, second := tap(cfg)
		wa := runWorker(t, a, nil, &kinesis.ConsumerOptions{WorkerID: "a"})
		until(t, "a has both", 20*time.Second, func() bool { return owners(t, cfg)["a"] == 2 })
		putEvents(t, cfg, keys, 0, 3)
		time.Sleep(10 * time.Second)
		wb := runWorker(t, b, nil, &kinesis.ConsumerOptions{WorkerID: "b"})
		until(t, "each has one", 30*time.Second, func() bool { return share(owners(t, cfg), 1, 1) })
		putEvents(t, cfg, keys, 3, 3)
		time.Sleep(time.Minute)
		putEvents(t, cfg, keys, 6, 3)
		time.Sleep(10 * time.Second)
		wa.stop()
		wb.stop()
		if n, m := first.count("SubscribeToShard"), second.count("SubscribeToShard"); n != 2 || m > 2 {
			t.Errorf("a subscribed %d times and b %d times", n, m)
		}
		for _, err := range append(wa.errors(), wb.errors()...) {
			if !errors.Is(err, kinesis.ErrLeaseLost) {
				t.Errorf("OnError: %v", err)
			}
		}
		got := map[event]bool{}
		for _, e := range append(wa.seen(), wb.seen()...) {
			got[e] = true
		}
		if len(got) != 9*len(keys) {
			t.Errorf("%d events of %d", len(got), 9*len(keys))
		}
	})
}

// TestFanOutEndNeedsChildren: an event without a continuation that names no children is no end,
// and what came in it comes again.
func TestFanOutEndNeedsChildren(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, _ *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 3)
		cfg, wire := tap(cfg)
		wire.on("SubscribeToShard", 1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			message := func(kind, payload string) []byte {
				return awswire.AppendMessage(nil, []awswire.Header{{Name: ":message-type", Value: "event"}, {Name: ":event-type", Value: kind}}, []byte(payload))
			}
			resp := answer(http.StatusOK, nil)
			resp.Header.Set("Content-Type", awswire.EventStreamType)
			resp.ContentLength = -1
			resp.Body = io.NopCloser(strings.NewReader(string(message("initial-response", "{}")) +
				string(message("SubscribeToShardEvent", `{"Records":[{"Data":"e30=","PartitionKey":"x","SequenceNumber":"1"}],"MillisBehindLatest":0}`))))
			return resp, nil
		})
		w := runWorker(t, cfg, nil, nil)
		until(t, "the events", 20*time.Second, func() bool { return len(w.seen()) == 3 })
		w.stop()
		inOrder(t, w.seen(), []string{"a"}, 3)
		w.says(1, "an event has neither a continuation nor child shards")
	})
}

package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// worker is a consumer that runs, and what it was given.
type worker struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	err    error
	events []event
	shards []string // of the events
	errs   []error
}

// runWorker starts a consumer; h may be nil: the worker just remembers.
func runWorker(t *testing.T, cfg aws.Config, h stream.Handler, opts *kinesis.ConsumerOptions) *worker {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &worker{t: t, cancel: cancel, done: make(chan struct{})}
	var o kinesis.ConsumerOptions
	if opts != nil {
		o = *opts
	}
	if h == nil {
		h = kinesis.Typed(w.remember)
	}
	if cfg.AppID == fanOut && o.FanOut == "" {
		o.FanOut = "app"
	}
	o.OnError = func(_ context.Context, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.errs = append(w.errs, err)
	}
	c, err := kinesis.NewConsumer(cfg, "clicks", "app", h, &o)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		err := c.Run(ctx)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = err
	}()
	t.Cleanup(func() { // of a test that failed half way
		cancel()
		<-w.done
	})
	return w
}

func (w *worker) remember(_ context.Context, e event, at stream.Position) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	w.shards = append(w.shards, at.Shard)
	return nil
}

// stop ends Run and waits for it.
func (w *worker) stop() {
	w.t.Helper()
	w.cancel()
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		w.t.Errorf("Run: %v", w.err)
	}
}

func (w *worker) seen() []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

func (w *worker) errors() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.errs)
}

// quiet fails the test when anything went wrong.
func (w *worker) quiet() {
	w.t.Helper()
	for _, err := range w.errors() {
		w.t.Errorf("OnError: %v", err)
	}
}

// until waits in the bubble's time.
func until(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// putEvents puts n events of each key, numbered from first on.
func putEvents(t *testing.T, cfg aws.Config, keys []string, first, n int) {
	t.Helper()
	p, err := kinesis.NewProducer(cfg, "clicks", keyOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := first; i < first+n; i++ {
		for _, k := range keys {
			mustPut(t, p, event{Key: k, N: i})
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func someKeys(n int) []string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("user-%d", i))
	}
	return keys
}

// leases reads the lease table.
func leases(t *testing.T, cfg aws.Config) map[string]map[string]dynamodbtypes.AttributeValue {
	t.Helper()
	out, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("app"), ConsistentRead: aws.Bool(true)})
	missing := (*dynamodbtypes.ResourceNotFoundException)(nil)
	if errors.As(err, &missing) {
		return nil // no worker has begun
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]dynamodbtypes.AttributeValue{}
	for _, m := range out.Items {
		rows[text(m["leaseKey"])] = m
	}
	return rows
}

func text(v dynamodbtypes.AttributeValue) string {
	switch v := v.(type) {
	case *dynamodbtypes.AttributeValueMemberS:
		return v.Value
	case *dynamodbtypes.AttributeValueMemberN:
		return v.Value
	case *dynamodbtypes.AttributeValueMemberSS:
		s := slices.Sorted(slices.Values(v.Value))
		return strings.Join(s, " ")
	}
	return ""
}

func checkpoint(t *testing.T, cfg aws.Config, shard string) string {
	t.Helper()
	return text(leases(t, cfg)[shard]["checkpoint"])
}

func shardID(i int) string { return fmt.Sprintf("shardId-%012d", i) }

func TestConsumerDeliversInOrder(t *testing.T) {
	modes(t, 4, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(50)
		putEvents(t, cfg, keys, 0, 10)
		w := runWorker(t, cfg, nil, nil)
		until(t, "the first events", 10*time.Second, func() bool { return len(w.seen()) == 500 })
		putEvents(t, cfg, keys, 10, 5)
		until(t, "the later events", 10*time.Second, func() bool { return len(w.seen()) == 750 })
		w.stop()
		inOrder(t, w.seen(), keys, 15)
		w.quiet()
		for shard, l := range leases(t, cfg) {
			if _, owned := l["leaseOwner"]; owned || len(text(l["checkpoint"])) < 50 || text(l["checkpointSubSequenceNumber"]) != "0" {
				t.Errorf("lease %s is left as %v", shard, l)
			}
		}
		// A second run begins behind the first.
		putEvents(t, cfg, keys, 15, 1)
		w2 := runWorker(t, cfg, nil, nil)
		until(t, "the rest", 10*time.Second, func() bool { return len(w2.seen()) == 50 })
		time.Sleep(time.Minute)
		w2.stop()
		inOrder(t, append(w.seen(), w2.seen()...), keys, 16)
		w2.quiet()
	})
}

// TestConsumerFifteenMinutes is the bar for speed: 900 virtual seconds of producer and
// consumer.
func TestConsumerFifteenMinutes(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		w := runWorker(t, cfg, nil, nil)
		p := newProducer(t, cfg, nil)
		for i := range 90 {
			mustPut(t, p, event{Key: "a", N: i})
			time.Sleep(10 * time.Second)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.stop()
		inOrder(t, w.seen(), []string{"a"}, 90)
		w.quiet()
	})
}

func TestConsumerMissingStream(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		c, err := kinesis.NewConsumer(cfg, "orders", "app", kinesis.Typed(func(context.Context, event, stream.Position) error { return nil }), nil)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Run(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), `kinesis: consume stream "orders" as "app": the stream "orders" does not exist in us-east-1: create it, or mend the name or the region of the aws.Config`) {
			t.Errorf("%v", err)
		}
		// One that is deleted while it is read ends the run.
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(5 * time.Second)
		if _, err := client.DeleteStream(t.Context(), &awskinesis.DeleteStreamInput{StreamName: aws.String("clicks")}); err != nil {
			t.Fatal(err)
		}
		<-w.done
		if w.err == nil || !strings.Contains(w.err.Error(), `the stream "clicks" does not exist`) {
			t.Errorf("Run of a deleted stream: %v", w.err)
		}
	})
}

func TestNewConsumerRefusesOptions(t *testing.T) {
	t.Parallel()
	_, err := kinesis.NewConsumer(aws.Config{}, "", "", nil, &kinesis.ConsumerOptions{
		DrainTimeout: -1, MaxLeases: -1, FailoverTime: time.Millisecond, PollInterval: -1, MaxRecords: 10001, Buffer: -1, From: kinesis.AtTimestamp(time.Time{}),
	})
	for _, want := range []string{"kinesis: new consumer: ", "cfg.Region: missing", "stream: missing", "app: missing", "handler: missing", "DrainTimeout: ", "MaxLeases: ", "FailoverTime: 1ms is below 1s", "PollInterval: ", "MaxRecords: 10001 is not in 1 to 10,000", "Buffer: ", "From: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := kinesis.NewConsumer(aws.Config{Region: "r"}, "s", "my app", func(context.Context, *stream.Batch) error { return nil }, nil); err == nil || !strings.Contains(err.Error(), `LeaseTable: "my app" is not a DynamoDB table name`) {
		t.Errorf("%v", err)
	}
}

func TestConsumerHandlerErrors(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 5)
		var times []time.Time
		boom := errors.New("boom")
		var w *worker
		handler := kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
			if e.N == 3 && len(times) < 6 {
				times = append(times, time.Now())
				return boom
			}
			return w.remember(ctx, e, at)
		})
		w = &worker{}
		w2 := runWorker(t, cfg, handler, nil)
		until(t, "the batch", time.Minute, func() bool { return len(w.seen()) == 23 })
		w2.stop()
		// Each attempt delivers the batch from its beginning: nothing of it is checkpointed.
		want := slices.Concat(slices.Repeat([]int{0, 1, 2}, 7), []int{3, 4})
		var got []int
		for _, e := range w.seen() {
			got = append(got, e.N)
		}
		if !slices.Equal(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
		for i := 1; i < len(times); i++ {
			d, full := times[i].Sub(times[i-1]), 100*time.Millisecond<<(i-1)
			if cfg.AppID == fanOut {
				full = max(full, 5*time.Second) // no subscription comes earlier behind another
			}
			if d < full/2 || d > full+time.Second {
				t.Errorf("retry %d came after %v, want about %v", i, d, full)
			}
		}
		errs := w2.errors()
		shard := (*kinesis.ShardError)(nil)
		if len(errs) != 6 || !errors.Is(errs[0], boom) || !errors.As(errs[0], &shard) || shard.Shard != shardID(0) {
			t.Errorf("OnError: %v", errs)
		}
	})
}

// TestConsumerOtherShardsGoOn lets one shard fail for ever.
func TestConsumerOtherShardsGoOn(t *testing.T) {
	modes(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(20)
		putEvents(t, cfg, keys, 0, 3)
		good := &worker{}
		w := runWorker(t, cfg, kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
			if at.Shard == shardID(0) {
				return errors.New("never")
			}
			return good.remember(ctx, e, at)
		}), nil)
		time.Sleep(10 * time.Minute)
		w.stop()
		n := 0
		for _, err := range w.errors() {
			if strings.Contains(err.Error(), "never") {
				n++
			}
		}
		if n < 20 || n > 50 {
			t.Errorf("%d attempts in 10 minutes, want backoff up to 30s", n)
		}
		if len(good.seen()) == 0 || checkpoint(t, cfg, shardID(0)) != "TRIM_HORIZON" || len(checkpoint(t, cfg, shardID(1))) < 50 {
			t.Errorf("%d events of the good shard; checkpoints %q and %q", len(good.seen()), checkpoint(t, cfg, shardID(0)), checkpoint(t, cfg, shardID(1)))
		}
	})
}

func TestConsumerPoison(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { return "k" }, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{`{"n":0}`, `{"n":1}`, `not json`, `{"n":2}`, `{"n":99}`, `{"n":3}`, `[]`} {
			if _, err := p.Put(t.Context(), []byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var poison []string
		refusals := 2
		good := &worker{}
		w := runWorker(t, cfg, kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
			if e.N == 99 {
				return fmt.Errorf("out of range: %w", &stream.PoisonError{Err: errors.New("99")})
			}
			return good.remember(ctx, e, at)
		}), &kinesis.ConsumerOptions{
			Poison: func(_ context.Context, p *stream.PoisonError) error {
				if refusals > 0 {
					refusals--
					return errors.New("the dead-letter queue is down")
				}
				poison = append(poison, string(p.Data))
				if p.Pos.Shard != shardID(0) || p.Pos.Seq == "" {
					t.Errorf("poison at %+v", p.Pos)
				}
				return nil
			},
		})
		time.Sleep(time.Minute)
		w.stop()
		if want := []string{`not json`, `{"n":99}`, `[]`}; !slices.Equal(poison, want) {
			t.Errorf("poison: %q, want %q", poison, want)
		}
		if want := []event{{N: 0}, {N: 1}, {N: 2}, {N: 3}}; !slices.Equal(good.seen(), want) {
			t.Errorf("delivered %v, want %v once each", good.seen(), want)
		}
		if errs := w.errors(); len(errs) != 2 || !strings.Contains(errs[0].Error(), "poison handler: the dead-letter queue is down") {
			t.Errorf("OnError: %v", errs)
		}
		if c := checkpoint(t, cfg, shardID(0)); len(c) < 50 {
			t.Errorf("checkpoint %s: the poison at the end is not done", c)
		}
	})
}

func TestConsumerPoisonWithoutHandlerIsAnError(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 3)
		var seen []string
		w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
			for _, r := range b.Records {
				seen = append(seen, string(r.Data))
			}
			if i := slices.IndexFunc(b.Records, func(r stream.Record) bool { return strings.Contains(string(r.Data), `"n":1`) }); i >= 0 {
				return &stream.PoisonError{Pos: b.Records[i].Pos, Data: b.Records[i].Data, Err: errors.New("bad")}
			}
			return nil
		}, nil)
		time.Sleep(20 * time.Second)
		w.stop()
		if len(w.errors()) < 3 {
			t.Errorf("%d reports in 20s", len(w.errors()))
		}
		if n := strings.Count(strings.Join(seen, ""), `"n":0`); n != 1 {
			t.Errorf("the record before the poison came %d times", n)
		}
	})
}

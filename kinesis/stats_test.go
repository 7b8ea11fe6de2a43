package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// TestProducerStats counts by hand.
func TestProducerStats(t *testing.T) {
	for name, aggregate := range map[string]bool{"plain": false, "aggregate": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				tapped, w := tap(cfg)
				for _, code := range []string{"ProvisionedThroughputExceededException", "InternalFailure"} {
					w.on("PutRecords", 1, func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
						return failEntries(t, r, w, func(string) string { return code })
					})
				}
				w.on("PutRecords", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
					time.Sleep(3 * time.Second)
					return do()
				})
				n := map[bool]int64{false: 1, true: 3}[aggregate] // of user records in a Kinesis record
				p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{Aggregate: aggregate, Timeout: time.Minute})
				if s := p.Stats(); s.Put != 0 || s.Buffered != 0 || s.OldestAge != 0 || s.Calls != 0 || s.Latency.Mean() != 0 || s.Latency.Quantile(1) != 0 {
					t.Errorf("at first: %+v", s)
				}
				var acks []kinesis.Ack
				for i := range n {
					acks = append(acks, mustPut(t, p, event{Key: fmt.Sprint("user-", i)}))
				}
				time.Sleep(50 * time.Millisecond)
				s := p.Stats()
				if s.Put != n || s.Buffered != n || s.OldestAge != 50*time.Millisecond || s.Calls != 0 || s.Acked != 0 {
					t.Errorf("while lingering: %+v", s)
				}
				time.Sleep(2 * time.Second)
				if s = p.Stats(); s.InFlight != 1 || s.Calls != 2 || s.OldestAge != 2050*time.Millisecond || s.Buffered != n {
					t.Errorf("while in flight: %+v", s)
				}
				for _, a := range acks {
					if _, err := a.Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				w.on("PutRecords", 1, refuse("ResourceNotFoundException", "gone"))
				mustPut(t, p, event{Key: "user-3"})
				_ = p.Close(t.Context()) // it fails
				s = p.Stats()
				if s.Put != n+1 || s.Acked != n || s.Failed != 1 || s.Buffered != 0 || s.BufferedBytes != 0 || s.OldestAge != 0 || s.InFlight != 0 {
					t.Errorf("user records: %+v", s)
				}
				if s.Retried != 2*n || s.Calls != 4 || s.Records != 1 || s.Throttled != 1 {
					t.Errorf("attempts: %+v", s)
				}
				want := map[string]int64{"ProvisionedThroughputExceededException": 1, "InternalFailure": 1, "ResourceNotFoundException": 1}
				if fmt.Sprint(s.Errors) != fmt.Sprint(want) {
					t.Errorf("errors: %v, want %v", s.Errors, want)
				}
				bytes := int64(0)
				for _, r := range stored(t, client) {
					bytes += int64(len(r.Data) + len(*r.PartitionKey))
				}
				if s.Bytes != bytes || bytes == 0 {
					t.Errorf("%d bytes, %d are in the stream", s.Bytes, bytes)
				}
				if m := s.Wait.Mean(); s.Wait.Count != 2 || m < 50*time.Millisecond || m > 100*time.Millisecond {
					t.Errorf("wait: %+v, want one of 100 ms and one that Close sent at once", s.Wait)
				}
				if m, most := s.Latency.Mean(), s.Latency.Quantile(1); s.Latency.Count != 1 || m < 3*time.Second || m > 4*time.Second || most != 4096*time.Millisecond {
					t.Errorf("latency: %+v, mean %v, at most %v", s.Latency, m, most)
				}
				if s.Call.Count != 4 || s.Call.Quantile(0.5) != time.Millisecond || s.Call.Sum < 3*time.Second || s.Call.Sum > 3100*time.Millisecond {
					t.Errorf("calls: %+v", s.Call)
				}
				switch sh := s.Shards[shardID(0)]; {
				case !aggregate && s.Shards != nil:
					t.Errorf("shards: %+v", s.Shards)
				case aggregate && (sh.Records != 1 || sh.Throttled != 1 || sh.Bytes != bytes || sh.Buffered != 0 || sh.Limit <= 0.9):
					t.Errorf("the shard: %+v", sh)
				}
			})
		})
	}
}

// TestMaxAge gives up what is too old, and says what else there was against it.
func TestMaxAge(t *testing.T) {
	for name, aggregate := range map[string]bool{"plain": false, "aggregate": true} {
		t.Run(name, func(t *testing.T) {
			lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				tapped, w := tap(cfg)
				var down atomic.Bool
				down.Store(true)
				w.on("PutRecords", -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
					if down.Load() {
						return failEntries(t, r, w, func(string) string { return "InternalFailure" })
					}
					return do()
				})
				var failed []string
				p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{
					Aggregate: aggregate, MaxAge: 16 * time.Second, Timeout: time.Hour,
					OnError: func(_ context.Context, f kinesis.Failed) { failed = append(failed, string(f.Data)) },
				})
				began := time.Now()
				first := mustPut(t, p, event{Key: "a", N: 0})
				time.Sleep(14 * time.Second)
				second := mustPut(t, p, event{Key: "a", N: 1})
				_, err := first.Wait(t.Context())
				if d := time.Since(began); d > 17*time.Second || err == nil || !strings.Contains(err.Error(), "told to fail") {
					t.Errorf("after %v: %v", d, err)
				}
				down.Store(false)
				if _, err := second.Wait(t.Context()); err != nil {
					t.Errorf("the second is two seconds old: %v", err)
				}
				down.Store(true)
				for i := range 2 {
					mustPut(t, p, event{Key: "a", N: 2 + i})
					time.Sleep(1500 * time.Millisecond)
				}
				err = p.Flush(t.Context())
				if !strings.Contains(fmt.Sprint(err), "3 of 4 records were not put") || len(failed) != 3 || p.Stats().Buffered != 0 {
					t.Errorf("Flush: %v; OnError was told of %v", err, failed)
				}
				_ = p.Close(t.Context())
			})
		})
	}
}

// TestMaxAgeBehindAnother: its turn comes when it is too old already.
func TestMaxAgeBehindAnother(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		tapped, w := tap(cfg)
		w.on("PutRecords", 1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			time.Sleep(5 * time.Second)
			return do()
		})
		p := newProducer(t, tapped, &kinesis.ProducerOptions[event]{MaxAge: 2 * time.Second})
		late, never := mustPut(t, p, event{Key: "a"}), mustPut(t, p, event{Key: "a", N: 1})
		if _, err := late.Wait(t.Context()); err != nil {
			t.Errorf("what was sent in time: %v", err)
		}
		_, err := never.Wait(t.Context())
		if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not in the stream 5.101s after its Put: MaxAge is over") || strings.Contains(err.Error(), "attempts") {
			t.Errorf("what was not: %v", err)
		}
		if s := p.Stats(); s.Calls != 1 || s.Errors["MaxAge"] != 1 {
			t.Errorf("%+v", s)
		}
		_ = p.Close(t.Context())
	})
}

// TestAggregatesAllocateNothing counts a Put, and everything that happens to records until
// they are in the stream.
func TestAggregatesAllocateNothing(t *testing.T) {
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	cfg := lake.Config()
	createStream(t, cfg, "clicks", 4)
	keys := someKeys(5000)
	i := 0
	p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { i++; return keys[i%len(keys)] }, &kinesis.ProducerOptions[[]byte]{Aggregate: true})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 200)
	put := func() {
		if _, err := p.Put(t.Context(), data); err != nil {
			t.Fatal(err)
		}
	}
	const n = 100_000
	all := func() {
		for range n {
			put()
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	all()
	if n := testing.AllocsPerRun(2000, put); n != 0 {
		t.Errorf("%v allocations a Put", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	all()
	runtime.ReadMemStats(&after)
	// The SDK's and the lake's, of requests of up to 1,000 records.
	if per := float64(after.Mallocs-before.Mallocs) / n; per > 1 {
		t.Errorf("%.2f allocations a record", per)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

package kinesis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/interop/bench/discard"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// TestPutAllocations counts what a Put costs before anything is sent.
func TestPutAllocations(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1", HTTPClient: deaf{}}
	keys := someKeys(450)
	for _, c := range []struct {
		name string
		max  float64
		put  func(i int) error
		end  func(context.Context) error
	}{
		rawPut(t, cfg, keys), typedPut(t, cfg, keys),
	} {
		i := 0
		n := testing.AllocsPerRun(400, func() {
			if err := c.put(i); err != nil {
				t.Fatal(err)
			}
			i++
		})
		t.Logf("%s: %v allocations per Put", c.name, n)
		if n > c.max+kinesis.PoolLoss {
			t.Errorf("%s: %v allocations per Put, want at most %v", c.name, n, c.max)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = c.end(ctx) // nobody listens: all is given up
	}
}

// deaf answers nothing.
type deaf struct{}

func (deaf) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

type putCase = struct {
	name string
	max  float64
	put  func(i int) error
	end  func(context.Context) error
}

func rawPut(t *testing.T, cfg aws.Config, keys []string) putCase {
	i := 0
	p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { i++; return keys[i%len(keys)] },
		&kinesis.ProducerOptions[[]byte]{Linger: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("0123456789")
	// The payload's copy, the record, its lane and its part of the map.
	return putCase{"bytes", 4, func(int) error { _, err := p.Put(t.Context(), data); return err }, p.Close}
}

func typedPut(t *testing.T, cfg aws.Config, keys []string) putCase {
	p, err := kinesis.NewProducer(cfg, "clicks", keyOf, &kinesis.ProducerOptions[event]{Linger: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	// And the copy of the value that encoding/json sees.
	return putCase{"JSON", 5, func(i int) error { _, err := p.Put(t.Context(), event{Key: keys[i%len(keys)]}); return err }, p.Close}
}

// BenchmarkPut puts 500-byte records: "queue" against a transport that acknowledges at
// once, the others into a lake of four shards; with a million keys as skewed as users are
// (the first has 2.6% of the records), in order per key and not.
func BenchmarkPut(b *testing.B) {
	cfg := benchLake(b)
	yes := cfg
	yes.HTTPClient = yesMan{}
	for _, c := range []struct {
		name      string
		cfg       aws.Config
		skewed    bool
		unordered bool
	}{
		{"queue", yes, false, false},
		{"even", cfg, false, false},
		{"skewed", cfg, true, false},
		{"skewed-unordered", cfg, true, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			keys := someKeys(1 << 16)
			if c.skewed {
				zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.05, 4, 999_999)
				for i := range keys {
					keys[i] = fmt.Sprintf("user-%d", zipf.Uint64())
				}
			}
			benchPut(b, c.cfg, keys, 500, &kinesis.ProducerOptions[[]byte]{Unordered: c.unordered})
		})
	}
}

// benchPut puts records of size bytes under the keys, one an iteration, and drains.
func benchPut(b *testing.B, cfg aws.Config, keys []string, size int, opts *kinesis.ProducerOptions[[]byte]) {
	b.Helper()
	data := bytes.Repeat([]byte{'x'}, size)
	i := 0
	p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { i++; return keys[i%len(keys)] }, opts)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Put(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAggregate puts 200-byte records in aggregates: each iteration is one record.
func BenchmarkAggregate(b *testing.B) {
	for name, shards := range map[string]int32{"discard": 1, "lake": 4} {
		b.Run(name, func(b *testing.B) {
			cfg := benchLakeOf(b, shards)
			if name == "discard" {
				cfg.HTTPClient = discard.Client{Next: cfg.HTTPClient}
			}
			benchPut(b, cfg, someKeys(1<<16), 200, &kinesis.ProducerOptions[[]byte]{
				Aggregate: true, Encode: func(d []byte) ([]byte, error) { return d, nil },
			})
		})
	}
}

// BenchmarkConsume reads 500-byte records from four shards of a lake, polling and with fan-out:
// each iteration is one record. The processor's time is the lake's too.
func BenchmarkConsume(b *testing.B) {
	for name, fanOut := range map[string]string{"polling": "", "fan-out": "app"} {
		b.Run(name, func(b *testing.B) { benchConsume(b, fanOut) })
	}
}

func benchConsume(b *testing.B, fanOut string) {
	cfg := benchLake(b)
	keys := someKeys(10_000)
	i := 0
	p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { i++; return keys[i%len(keys)] }, nil)
	if err != nil {
		b.Fatal(err)
	}
	data := bytes.Repeat([]byte{'x'}, 500)
	for range b.N {
		if _, err := p.Put(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var seen atomic.Int64
	c, err := kinesis.NewConsumer(cfg, "clicks", fmt.Sprintf("app-%d", b.N), func(_ context.Context, batch *stream.Batch) error {
		if seen.Add(int64(len(batch.Records))) == int64(b.N) {
			cancel()
		}
		return nil
	}, &kinesis.ConsumerOptions{FanOut: fanOut})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	if err := c.Run(ctx); err != nil {
		b.Fatal(err)
	}
	if d := cpuTime() - before; d > 0 {
		b.ReportMetric(float64(b.N)/d.Seconds(), "records/cpu-s")
	}
}

// benchLake opens a lake with a stream of four shards and no limits.
func benchLake(b *testing.B) aws.Config { return benchLakeOf(b, 4) }

func benchLakeOf(b *testing.B, shards int32) aws.Config {
	b.Helper()
	lake, err := local.Open(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = lake.Close() })
	_, err = awskinesis.NewFromConfig(lake.Config()).CreateStream(b.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: &shards})
	if err != nil {
		b.Fatal(err)
	}
	return lake.Config()
}

// yesMan acknowledges every record.
type yesMan struct{}

func (yesMan) Do(r *http.Request) (*http.Response, error) {
	var in struct{ Records []struct{} }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, r.Body)
	out := make([]map[string]string, len(in.Records))
	for i := range out {
		out[i] = map[string]string{"SequenceNumber": fmt.Sprint(i), "ShardId": "shardId-000000000000"}
	}
	return answer(http.StatusOK, map[string]any{"FailedRecordCount": 0, "Records": out}), nil
}

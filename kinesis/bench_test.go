package kinesis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
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
		if n > c.max {
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

// BenchmarkPut puts 500-byte records with many keys: "queue" against a transport that
// acknowledges at once, "local" into a lake of four shards.
func BenchmarkPut(b *testing.B) {
	lake, err := local.Open(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = lake.Close() }()
	name := "clicks"
	if _, err := awskinesis.NewFromConfig(lake.Config()).CreateStream(b.Context(), &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(4)}); err != nil {
		b.Fatal(err)
	}
	yes := lake.Config()
	yes.HTTPClient = yesMan{}
	for _, c := range []struct {
		name string
		cfg  aws.Config
	}{{"queue", yes}, {"local", lake.Config()}} {
		b.Run(c.name, func(b *testing.B) {
			keys := someKeys(10_000)
			data := make([]byte, 500)
			for i := range data {
				data[i] = 'x'
			}
			i := 0
			p, err := kinesis.NewProducer(c.cfg, name, func([]byte) string { i++; return keys[i%len(keys)] }, nil)
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
		})
	}
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

package kinesis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/local"
)

var start = time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)

type event struct {
	Key string `json:"key"`
	N   int    `json:"n"`
	Pad string `json:"pad,omitempty"`
}

func keyOf(e event) string { return e.Key }

func createStream(t *testing.T, cfg aws.Config, name string, shards int32) *awskinesis.Client {
	t.Helper()
	client := awskinesis.NewFromConfig(cfg)
	if _, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	waitActive(t, client, name)
	return client
}

func waitActive(t *testing.T, client *awskinesis.Client, name string) {
	t.Helper()
	err := awskinesis.NewStreamExistsWaiter(client).Wait(t.Context(), &awskinesis.DescribeStreamInput{StreamName: &name}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
}

// readStream reads the events of every shard, in the shards' order.
func readStream(t *testing.T, client *awskinesis.Client, name string) []event {
	t.Helper()
	list, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		t.Fatal(err)
	}
	var out []event
	for _, s := range list.Shards {
		it, err := client.GetShardIterator(t.Context(), &awskinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: s.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for next := it.ShardIterator; next != nil; {
			got, err := client.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got.Records {
				var e event
				if err := json.Unmarshal(r.Data, &e); err != nil {
					t.Fatal(err)
				}
				out = append(out, e)
			}
			if next = got.NextShardIterator; *got.MillisBehindLatest == 0 {
				break
			}
			time.Sleep(time.Second) // a shard gives 2 MB a second
		}
	}
	return out
}

// inOrder fails the test unless each key's numbers count from 0 to n-1.
func inOrder(t *testing.T, got []event, keys []string, n int) {
	t.Helper()
	next := map[string]int{}
	for _, e := range got {
		if e.N != next[e.Key] {
			t.Fatalf("key %s: %d comes where %d should", e.Key, e.N, next[e.Key])
		}
		next[e.Key]++
	}
	for _, k := range keys {
		if next[k] != n {
			t.Errorf("key %s: %d of %d records", k, next[k], n)
		}
	}
}

// wire stands between the SDK and the lake.
type wire struct {
	next aws.HTTPClient

	mu    sync.Mutex
	calls []string
	rules []*rule
}

type rule struct {
	op    string
	times int // below 0: always
	f     func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error)
}

func tap(cfg aws.Config) (aws.Config, *wire) {
	w := &wire{next: cfg.HTTPClient}
	cfg.HTTPClient = w
	return cfg, w
}

func (w *wire) on(op string, times int, f func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = append(w.rules, &rule{op, times, f})
}

func (w *wire) count(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c == op {
			n++
		}
	}
	return n
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	target := r.Header.Get("X-Amz-Target")
	op := target[strings.LastIndexByte(target, '.')+1:]
	do := func() (*http.Response, error) { return w.next.Do(r) }
	w.mu.Lock()
	w.calls = append(w.calls, op)
	var hit *rule
	if i := slices.IndexFunc(w.rules, func(x *rule) bool { return x.op == op && x.times != 0 }); i >= 0 {
		hit = w.rules[i]
		hit.times--
	}
	w.mu.Unlock()
	if hit == nil {
		return do()
	}
	return hit.f(r, do)
}

// answer makes a response of the JSON protocol.
func answer(status int, v any) *http.Response {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(bytes.NewReader(b)), ContentLength: int64(len(b)),
	}
}

func refuse(code, message string) func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return answer(http.StatusBadRequest, map[string]string{"__type": code, "message": message}), nil
	}
}

// loseReply lets the call happen and then breaks the connection.
func loseReply(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
	resp, err := do()
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return nil, fmt.Errorf("connection reset by peer")
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// lake runs f in a bubble with a lake that has a stream named clicks.
func lake(t *testing.T, shards int32, f func(t *testing.T, cfg aws.Config, client *awskinesis.Client)) {
	t.Helper()
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		f(t, lake.Config(), createStream(t, lake.Config(), "clicks", shards))
	})
}

package emulators_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// TestKinesisMock runs both sides through a split and a merge, with the leases in DynamoDB Local.
//
// kinesis-mock 0.6.2 does not do enhanced fan-out for Go: its subscriptions begin without
// initial-response, which aws-sdk-go-v2 and boto3 refuse.
func TestKinesisMock(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	dir := folder(t, "kinesis-mock-0.6.2/node_modules/kinesis-local")
	port := peer.FreePort(t)
	cmd := exec.Command("node", "main.js")
	cmd.Dir = dir // it looks for its certificate there
	cmd.Env = append(os.Environ(), "KINESIS_MOCK_PLAIN_PORT="+strconv.Itoa(port), "KINESIS_MOCK_TLS_PORT="+strconv.Itoa(peer.FreePort(t)), "SHARD_LIMIT=100", "LOG_LEVEL=WARN",
		"CREATE_STREAM_DURATION=50ms", "SPLIT_SHARD_DURATION=50ms", "MERGE_SHARDS_DURATION=50ms")
	cfg := config(peer.Serve(t, port, cmd), peer.DynamoDBLocal(t))
	client := awskinesis.NewFromConfig(cfg)
	create(t, client)
	seen := consume(t, cfg)

	sent := produce(t, cfg, 0)
	seen.until(t, len(sent))
	shards := open(t, client)
	if _, err := client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: name, ShardToSplit: shards[0].ShardId, NewStartingHashKey: aws.String("85070591730234615865843651857942052864")}); err != nil {
		t.Fatal(err)
	}
	active(t, client)
	sent = append(sent, produce(t, cfg, 1)...)
	seen.until(t, len(sent))
	shards = open(t, client)
	if len(shards) != 3 {
		t.Fatalf("%d shards after a split of two", len(shards))
	}
	if _, err := client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{StreamName: name, ShardToMerge: shards[0].ShardId, AdjacentShardToMerge: shards[1].ShardId}); err != nil {
		t.Fatal(err)
	}
	active(t, client)
	sent = append(sent, produce(t, cfg, 2)...)
	seen.until(t, len(sent))
	seen.check(t, sent)

	ls, err := kinesis.Leases(t.Context(), cfg, "emulated")
	if err != nil {
		t.Fatal(err)
	}
	going := map[string]bool{}
	for _, s := range open(t, client) {
		going[*s.ShardId] = true
	}
	for _, l := range ls { // those of shards that are done may have been removed
		if l.Done() == going[l.Shard] {
			t.Errorf("the lease %+v, and its shard is open: %t", l, going[l.Shard])
		}
		delete(going, l.Shard)
	}
	if len(going) > 0 {
		t.Errorf("no leases of %v", going)
	}
}

// TestMoto runs both sides on moto's Kinesis and DynamoDB.
//
// moto 5.2.5 never ends a shard: GetRecords of a closed one gives iterators for ever, so no
// consumer goes past a split or a merge. It does not know SubscribeToShard (500).
func TestMoto(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	dir := folder(t, "moto-5.2.5/bin")
	port := peer.FreePort(t)
	url := peer.Serve(t, port, exec.Command(filepath.Join(dir, "moto_server"), "-H", "127.0.0.1", "-p", strconv.Itoa(port)))
	cfg := config(url, url)
	create(t, awskinesis.NewFromConfig(cfg))
	seen := consume(t, cfg)
	sent := append(produce(t, cfg, 0), produce(t, cfg, 1)...)
	seen.until(t, len(sent))
	seen.check(t, sent)
}

var name = aws.String("s")

func folder(t *testing.T, path string) string {
	t.Helper()
	dir := filepath.Join(peer.Cache(t), path)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("interop: %v: internal/interop/emulators/fetch.sh installs it", err)
	}
	return dir
}

// config gives a configuration with Kinesis and DynamoDB at addresses of their own.
func config(kinesisURL, dynamodbURL string) aws.Config {
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(kinesisURL),
		HTTPClient:   router{dynamodbURL},
	}
}

type router struct{ dynamodb string }

func (r router) Do(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.Header.Get("X-Amz-Target"), "DynamoDB_") {
		u, err := url.Parse(r.dynamodb)
		if err != nil {
			return nil, err
		}
		req.URL.Host = u.Host
	}
	return http.DefaultClient.Do(req)
}

func create(t *testing.T, client *awskinesis.Client) {
	t.Helper()
	if _, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	active(t, client)
}

func active(t *testing.T, client *awskinesis.Client) {
	t.Helper()
	for {
		d, err := client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: name})
		if err != nil {
			t.Fatal(err)
		}
		if d.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// open gives the shards that take records, by their hash keys.
func open(t *testing.T, client *awskinesis.Client) (shards []types.Shard) {
	t.Helper()
	out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.Shards {
		if s.SequenceNumberRange.EndingSequenceNumber == nil {
			shards = append(shards, s)
		}
	}
	first := func(s types.Shard) string { return fmt.Sprintf("%039s", *s.HashKeyRange.StartingHashKey) }
	slices.SortFunc(shards, func(a, b types.Shard) int { return strings.Compare(first(a), first(b)) })
	return shards
}

// produce puts 300 records one by one and 300 in aggregates, and gives them with their places.
func produce(t *testing.T, cfg aws.Config, round int) (sent []stream.Record) {
	t.Helper()
	key := func(v string) string { k, _, _ := strings.Cut(v, ":"); return k }
	for _, aggregate := range []bool{false, true} {
		p, err := kinesis.NewProducer(cfg, *name, key, &kinesis.ProducerOptions[string]{
			Encode: func(v string) ([]byte, error) { return []byte(v), nil }, Aggregate: aggregate,
		})
		if err != nil {
			t.Fatal(err)
		}
		var acks []kinesis.Ack
		for i := range 300 {
			v := fmt.Sprintf("k%d:%d/%d/%t", i, i, round, aggregate)
			ack, err := p.Put(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			acks = append(acks, ack)
			sent = append(sent, stream.Record{Key: key(v), Data: []byte(v)})
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, ack := range acks {
			at := len(sent) - len(acks) + i
			if sent[at].Pos, err = ack.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		packed := slices.ContainsFunc(sent[len(sent)-len(acks):], func(r stream.Record) bool { return r.Pos.Sub > 0 })
		if packed != aggregate {
			t.Errorf("Aggregate is %t, and records went in aggregates: %t", aggregate, packed)
		}
	}
	return sent
}

// seen is what the consumer was given.
type seen struct {
	mu      sync.Mutex
	records []stream.Record
	errs    []error
}

// consume runs a consumer of application emulated until the test ends.
func consume(t *testing.T, cfg aws.Config) *seen {
	t.Helper()
	s := &seen{}
	c, err := kinesis.NewConsumer(cfg, *name, "emulated", func(_ context.Context, b *stream.Batch) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.records = append(s.records, b.Records...)
		return nil
	}, &kinesis.ConsumerOptions{
		PollInterval: 200 * time.Millisecond, FailoverTime: 3 * time.Second,
		OnError: func(_ context.Context, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.errs = append(s.errs, err)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *seen) until(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; {
		s.mu.Lock()
		got, errs := len(s.records), s.errs
		s.mu.Unlock()
		if got >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d records seen; %v", got, n, errs)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// check wants each record once, at its place, and no errors.
func (s *seen) check(t *testing.T, sent []stream.Record) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.errs {
		t.Error(err)
	}
	type content struct{ key, data string }
	at := map[content]stream.Position{}
	for _, r := range s.records {
		at[content{r.Key, string(r.Data)}] = r.Pos
	}
	for _, r := range sent {
		if got := at[content{r.Key, string(r.Data)}]; got != r.Pos {
			t.Fatalf("record %s is at %+v, want %+v", r.Data, got, r.Pos)
		}
	}
	if len(s.records) != len(sent) || len(at) != len(sent) {
		t.Errorf("%d records put, %d delivered, %d different ones", len(sent), len(s.records), len(at))
	}
}

package kcl_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// TestKCL lets one Java worker read a stream that was split before it began, and is split and
// merged while it reads.
func TestKCL(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	for _, c := range []struct {
		version, how, from string
		tls, full          bool
	}{
		{"2.7.2", "fanout", "TRIM_HORIZON", false, false},
		{"3.0.3", "polling", "TRIM_HORIZON", false, false},
		{"3.5.1", "fanout", "TRIM_HORIZON", true, false},
		{"2.7.2", "polling", "TRIM_HORIZON", false, true},
		{"3.0.3", "fanout", "TRIM_HORIZON", false, true},
		{"3.5.1", "polling", "TRIM_HORIZON", false, true},
		{"2.7.2", "fanout", "TRIM_HORIZON", true, true},
		{"2.7.2", "polling", "LATEST", false, true},
		{"3.0.3", "fanout", "LATEST", true, true},
		{"3.5.1", "fanout", "LATEST", false, true},
	} {
		name := c.version + "/" + c.how + "/" + c.from
		if c.tls {
			name += "/tls"
		}
		if c.full && !peer.Full() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lake := peer.Lake(t, nil)
			k := task{stream: "s", app: "app", how: c.how, from: c.from}
			if c.tls {
				k.endpoint, k.flags = listenTLS(t, lake)
			} else {
				k.endpoint = listen(t, lake)
			}
			oneWorker(t, lake, compile(t, c.version), k)
		})
	}
}

func listen(t *testing.T, lake *local.Lake) string {
	t.Helper()
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln.URL()
}

// listenTLS gives an address, and what makes a JVM trust it.
func listenTLS(t *testing.T, lake *local.Lake) (url string, flags []string) {
	t.Helper()
	ln, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "trust.p12")
	keytool := filepath.Join(filepath.Dir(peer.Java(t)), "keytool")
	if out, err := exec.Command(keytool, "-importcert", "-noprompt", "-alias", "lake", "-file", filepath.Join(lake.Dir(), local.CAFile),
		"-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit").CombinedOutput(); err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	return ln.URL(), []string{"-Djavax.net.ssl.trustStore=" + store, "-Djavax.net.ssl.trustStorePassword=changeit"}
}

// The shards: 0 is split into 2 and 3, 1 into 4 and 5, and 3 and 4 are merged to 6.
const (
	s0 = "shardId-000000000000"
	s1 = "shardId-000000000001"
	s2 = "shardId-000000000002"
	s3 = "shardId-000000000003"
	s4 = "shardId-000000000004"
	s5 = "shardId-000000000005"
	s6 = "shardId-000000000006"
)

var (
	parents  = map[string][]string{s2: {s0}, s3: {s0}, s4: {s1}, s5: {s1}, s6: {s3, s4}}
	children = map[string][]string{s0: {s2, s3}, s1: {s4, s5}, s3: {s6}, s4: {s6}}
)

func oneWorker(t *testing.T, lake *local.Lake, p program, k task) {
	ctx := t.Context()
	cfg := lake.Config()
	client := awskinesis.NewFromConfig(cfg)
	createStream(t, client, k.stream, 2)
	f := newFeed(t, cfg, k.stream)
	f.put(ctx, 200)
	old := f.done(t)
	splitShard(t, client, k.stream, s0, "85070591730234615865843651857942052864") // a quarter of the hash space
	if k.from == "TRIM_HORIZON" {
		f.put(ctx, 200)
		f.done(t)
	}

	j := &journal{}
	w := p.start(t, j, "java", k)
	if k.from == "TRIM_HORIZON" {
		j.until(t, "s0 and s1", 90*time.Second, has("began", s0, s1))
		j.until(t, "the children of s0", 30*time.Second, has("began", s2, s3))
	} else {
		j.until(t, "the shards that are open", 90*time.Second, has("began", s1, s2, s3))
		time.Sleep(3 * time.Second) // LATEST is when the reading begins, a little after the processor
	}

	feeding, enough := context.WithCancel(ctx)
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		f.run(feeding, 20, 100*time.Millisecond)
	}()
	defer func() { enough(); <-fed }()
	splitShard(t, client, k.stream, s1, "255211775190703847597530955573826158592") // three quarters
	j.until(t, "the children of s1", 30*time.Second, has("began", s4, s5))
	merge(t, client, k.stream, s3, s4)
	j.until(t, "the merged shard", 30*time.Second, has("began", s6))
	time.Sleep(time.Second)
	enough()
	<-fed
	puts := f.done(t)
	if k.from == "LATEST" {
		// What came before the worker's first look at the stream is none of its business.
		if len(missing(old, j.all())) != len(old) {
			t.Error("records were read that came before LATEST")
		}
		puts = puts[len(old):]
	}
	j.until(t, "all records", 30*time.Second, readAll(puts))
	j.until(t, "all checkpoints", 10*time.Second, func(es []event) bool { return len(es) > 0 && es[len(es)-1].kind != "record" })

	if got, want := leases(t, cfg, k.app), wantLeases(t, client, k, j.all()); len(got) != len(want) {
		t.Errorf("leases: %+v, want %+v", got, want)
	} else {
		for shard, l := range got {
			compareLease(t, l, want[shard])
		}
	}
	for _, e := range j.all() {
		if e.kind == "failed" || e.kind == "lost" {
			t.Errorf("%v", e)
		}
	}
	w.stop(t)
	if !has("stopping", s2, s5, s6)(j.all()) {
		t.Errorf("not every shard was told to stop:\n%s", tail(j.all()))
	}

	v := judge(t, puts, parents, j.all())
	t.Logf("%d records put, %d delivered, %d shards begun", len(puts), v.records, v.sessions)
	if v.again > 0 {
		t.Errorf("%d records were delivered again", v.again)
	}
	if !slices.ContainsFunc(j.all(), func(e event) bool { return e.aggregated && e.place.sub > 0 }) {
		t.Error("no aggregate was read")
	}
}

// wantLeases says what the table must say, by the stream and by what the worker told.
func wantLeases(t *testing.T, client *awskinesis.Client, k task, es []event) map[string]kinesis.Lease {
	t.Helper()
	out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: &k.stream})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]kinesis.Lease{}
	for _, s := range out.Shards {
		id := *s.ShardId
		l := kinesis.Lease{
			Shard: id, Owner: "java", Parents: parents[id], Children: children[id],
			StartingHashKey: *s.HashKeyRange.StartingHashKey, EndingHashKey: *s.HashKeyRange.EndingHashKey,
		}
		began := false
		for _, e := range es {
			if e.shard == id && (e.kind == "began" || e.kind == "checkpointed" || e.kind == "ended") {
				began = true
				l.Checkpoint, l.Sub = e.place.seq, e.place.sub
			}
		}
		if began {
			want[id] = l
		}
	}
	return want
}

func compareLease(t *testing.T, got, want kinesis.Lease) {
	t.Helper()
	if got.Counter == 0 || got.Pending != nil || got.HandingOver != "" {
		t.Errorf("lease %+v: no counter, or in between", got)
	}
	if got.Owner != want.Owner || got.Checkpoint != want.Checkpoint || got.Sub != want.Sub || got.Switches != 0 ||
		!slices.Equal(slices.Sorted(slices.Values(got.Parents)), want.Parents) || !slices.Equal(slices.Sorted(slices.Values(got.Children)), want.Children) ||
		got.StartingHashKey != want.StartingHashKey || got.EndingHashKey != want.EndingHashKey {
		t.Errorf("lease\n%+v, want\n%+v", got, want)
	}
}

func leases(t *testing.T, cfg aws.Config, app string) map[string]kinesis.Lease {
	t.Helper()
	ls, err := kinesis.Leases(t.Context(), cfg, app)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]kinesis.Lease{}
	for _, l := range ls {
		if !strings.HasPrefix(l.Shard, "shardId-") {
			t.Errorf("%+v is no lease", l)
		}
		out[l.Shard] = l
	}
	return out
}

func createStream(t *testing.T, client *awskinesis.Client, name string, shards int32) {
	t.Helper()
	if _, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	active(t, client, name)
}

func splitShard(t *testing.T, client *awskinesis.Client, name, shard, at string) {
	t.Helper()
	if _, err := client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: &name, ShardToSplit: &shard, NewStartingHashKey: &at}); err != nil {
		t.Fatal(err)
	}
	active(t, client, name)
}

func merge(t *testing.T, client *awskinesis.Client, name, shard, next string) {
	t.Helper()
	if _, err := client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{StreamName: &name, ShardToMerge: &shard, AdjacentShardToMerge: &next}); err != nil {
		t.Fatal(err)
	}
	active(t, client, name)
}

func active(t *testing.T, client *awskinesis.Client, name string) {
	t.Helper()
	for {
		d, err := client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if d.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// owners counts the leases that are not complete by their owners.
func owners(t *testing.T, cfg aws.Config) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, l := range leases(t, cfg) {
		if text(l["checkpoint"]) != "SHARD_END" {
			n[text(l["leaseOwner"])]++
		}
	}
	return n
}

func share(n map[string]int, want ...int) bool {
	var got []int
	for _, c := range n {
		got = append(got, c)
	}
	slices.Sort(got)
	return slices.Equal(got, want) && n[""] == 0
}

func TestWorkersShareAndHandOver(t *testing.T) {
	modes(t, 4, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(40)
		opts := func(id string) *kinesis.ConsumerOptions { return &kinesis.ConsumerOptions{WorkerID: id} }
		a := runWorker(t, cfg, nil, opts("a"))
		until(t, "a has all", 5*time.Second, func() bool { return owners(t, cfg)["a"] == 4 })
		putEvents(t, cfg, keys, 0, 3)
		time.Sleep(10 * time.Second)
		b := runWorker(t, cfg, nil, opts("b"))
		until(t, "each has two", 30*time.Second, func() bool { return share(owners(t, cfg), 2, 2) })
		for i := range 30 { // nobody's leases move any more
			if i == 0 {
				time.Sleep(15 * time.Second) // a sees its losses
			}
			if !share(owners(t, cfg), 2, 2) {
				t.Fatalf("leases move: %v", owners(t, cfg))
			}
			time.Sleep(2 * time.Second)
		}
		putEvents(t, cfg, keys, 3, 3)
		time.Sleep(10 * time.Second)
		stopped := time.Now()
		a.stop()
		until(t, "b has all", 15*time.Second, func() bool { return owners(t, cfg)["b"] == 4 })
		if d := time.Since(stopped); d > 6*time.Second {
			t.Errorf("the hand-over took %v: leases that are free need no waiting", d)
		}
		putEvents(t, cfg, keys, 6, 3)
		time.Sleep(10 * time.Second)
		b.stop()
		if len(a.seen()) == 0 || len(b.seen()) == 0 {
			t.Errorf("a has seen %d events and b %d", len(a.seen()), len(b.seen()))
		}
		// A stolen lease may deliver twice what was not checkpointed yet; here all was.
		var all []event
		all = append(all, a.seen()...)
		all = append(all, b.seen()...)
		if len(all) != 9*len(keys) {
			t.Errorf("%d deliveries of %d events", len(all), 9*len(keys))
		}
		for _, err := range a.errors() {
			if !errors.Is(err, kinesis.ErrLeaseLost) {
				t.Errorf("OnError: %v", err)
			}
		}
		b.quiet()
		for shard, l := range leases(t, cfg) {
			if _, owned := l["leaseOwner"]; owned {
				t.Errorf("%s still has an owner", shard)
			}
		}
	})
}

func TestMaxLeases(t *testing.T) {
	modes(t, 4, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "a", MaxLeases: 1})
		time.Sleep(time.Minute)
		if n := owners(t, cfg); n["a"] != 1 || n[""] != 3 {
			t.Errorf("owners: %v", n)
		}
		w.stop()
		w.quiet()
	})
}

// TestCrashOfAWorker cuts a worker off while its handler works. Its leases expire, the
// other one delivers, and what the first still does has no effect.
func TestCrashOfAWorker(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		cutCfg, wire := tap(cfg)
		var cause error
		var cutAt, lostAt time.Time
		started, ended := make(chan struct{}), make(chan struct{})
		a := runWorker(t, cutCfg, func(ctx context.Context, b *stream.Batch) error {
			done := b.Hold()
			close(started)
			<-ctx.Done()
			lostAt, cause = time.Now(), context.Cause(ctx)
			done(nil) // too late
			close(ended)
			return nil
		}, &kinesis.ConsumerOptions{WorkerID: "a"})
		putEvents(t, cfg, []string{"a"}, 0, 3)
		<-started
		down := func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
			return nil, errors.New("no route to host")
		}
		for _, op := range []string{"UpdateItem", "Scan", "GetRecords", "PutItem"} {
			wire.on(op, -1, down)
		}
		cutAt = time.Now()
		b := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "b"})
		until(t, "b delivers", 30*time.Second, func() bool { return len(b.seen()) == 3 })
		if d := time.Since(cutAt); d < 10*time.Second || d > 20*time.Second {
			t.Errorf("b took over after %v, want 10s and a look", d)
		}
		<-ended
		if d := lostAt.Sub(cutAt); d > 17*time.Second || !errors.Is(cause, kinesis.ErrLeaseLost) {
			t.Errorf("a's handler ended after %v: %v", d, cause)
		}
		before := checkpoint(t, cfg, shardID(0))
		a.stop()
		time.Sleep(5 * time.Second)
		if got := checkpoint(t, cfg, shardID(0)); got != before || owners(t, cfg)["b"] != 1 {
			t.Errorf("checkpoint %s became %s, owners %v", before, got, owners(t, cfg))
		}
		b.stop()
		b.quiet()
	})
}

// TestStolenLeaseIsFenced steals a lease as a Java worker would, in the middle of a batch.
func TestStolenLeaseIsFenced(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		var cause error
		started, ended := make(chan struct{}), make(chan struct{})
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			close(started)
			<-ctx.Done()
			cause = context.Cause(ctx)
			close(ended)
			return nil // it says that it is done, but the lease is another's
		}, &kinesis.ConsumerOptions{WorkerID: "me", MaxLeases: 1})
		putEvents(t, cfg, []string{"a"}, 0, 1)
		<-started
		db := dynamodb.NewFromConfig(cfg)
		steal := func() {
			n := text(leases(t, cfg)[shardID(0)]["leaseCounter"])
			_, err := db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String("app"),
				Key:       map[string]dynamodbtypes.AttributeValue{"leaseKey": &dynamodbtypes.AttributeValueMemberS{Value: shardID(0)}},
				Expected: map[string]dynamodbtypes.ExpectedAttributeValue{
					"leaseCounter": {Value: &dynamodbtypes.AttributeValueMemberN{Value: n}},
				},
				AttributeUpdates: map[string]dynamodbtypes.AttributeValueUpdate{
					"leaseOwner":   {Action: dynamodbtypes.AttributeActionPut, Value: &dynamodbtypes.AttributeValueMemberS{Value: "java"}},
					"leaseCounter": {Action: dynamodbtypes.AttributeActionAdd, Value: &dynamodbtypes.AttributeValueMemberN{Value: "1"}},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		steal()
		stolen := time.Now()
		<-ended
		if d := time.Since(stolen); d > 4*time.Second || !errors.Is(cause, kinesis.ErrLeaseLost) {
			t.Errorf("the handler's context ended after %v with %v", d, cause)
		}
		time.Sleep(3 * time.Second)
		if l := leases(t, cfg)[shardID(0)]; text(l["checkpoint"]) != "TRIM_HORIZON" || text(l["leaseOwner"]) != "java" {
			t.Errorf("the lease was written after it was lost: %v", l)
		}
		w.stop()
		if errs := w.errors(); len(errs) != 1 || !errors.Is(errs[0], kinesis.ErrLeaseLost) {
			t.Errorf("OnError: %v", errs)
		}
	})
}

// TestLostRepliesToLeaseWrites: the SDK makes the write again, which is refused because
// the first was made. That is not a theft, nor is it when the SDK gives up and the next
// write finds the counter moved.
func TestLostRepliesToLeaseWrites(t *testing.T) {
	for _, times := range []int{1, 3} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
				keys := []string{"a"}
				cut, wire := tap(cfg)
				w := runWorker(t, cut, nil, nil)
				until(t, "the lease", 10*time.Second, func() bool { return owners(t, cfg)[""] == 0 && len(leases(t, cfg)) == 1 })
				for i := range 10 {
					wire.on("UpdateItem", times, loseReply) // renewals and checkpoints, as they come
					putEvents(t, cfg, keys, i, 1)
					time.Sleep(20 * time.Second)
				}
				wire.on("UpdateItem", 1, loseReply) // and the release
				w.stop()
				inOrder(t, w.seen(), keys, 10)
				for _, err := range w.errors() {
					if times == 1 || errors.Is(err, kinesis.ErrLeaseLost) {
						t.Errorf("OnError: %v", err)
					}
				}
				if l := leases(t, cfg)[shardID(0)]; text(l["leaseOwner"]) != "" || len(text(l["checkpoint"])) < 50 {
					t.Errorf("the lease is left as %v", l)
				}
			})
		})
	}
}

func split(t *testing.T, client *awskinesis.Client, shard string) {
	t.Helper()
	list, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Shards {
		if *s.ShardId == shard {
			r, err := hashrange.ParseRange(*s.HashKeyRange.StartingHashKey, *s.HashKeyRange.EndingHashKey)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.SplitShard(t.Context(), &awskinesis.SplitShardInput{
				StreamName: aws.String("clicks"), ShardToSplit: &shard, NewStartingHashKey: aws.String(r.Mid().String()),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	waitActive(t, client, "clicks")
}

func merge(t *testing.T, client *awskinesis.Client, a, b string) {
	t.Helper()
	_, err := client.MergeShards(t.Context(), &awskinesis.MergeShardsInput{
		StreamName: aws.String("clicks"), ShardToMerge: &a, AdjacentShardToMerge: &b,
	})
	if err != nil {
		t.Fatal(err)
	}
	waitActive(t, client, "clicks")
}

// TestParentsBeforeChildren reads a stream that was split and merged before it began and
// is again while it goes on.
func TestParentsBeforeChildren(t *testing.T) {
	modes(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		keys := someKeys(60)
		putEvents(t, cfg, keys, 0, 3)
		split(t, client, shardID(0)) // 2, 3
		putEvents(t, cfg, keys, 3, 3)
		merge(t, client, shardID(3), shardID(1)) // 4
		putEvents(t, cfg, keys, 6, 3)
		// Shard 0 is slow, so that 3 and with it a parent of 4 has no lease for a long time.
		got := &worker{}
		w := runWorker(t, cfg, kinesis.Typed(func(ctx context.Context, e event, at stream.Position) error {
			if at.Shard == shardID(0) {
				time.Sleep(time.Second)
			}
			return got.remember(ctx, e, at)
		}), &kinesis.ConsumerOptions{WorkerID: "a", MaxRecords: 5})
		time.Sleep(3 * time.Minute)
		putEvents(t, cfg, keys, 9, 3)
		split(t, client, shardID(4)) // 5, 6
		putEvents(t, cfg, keys, 12, 3)
		merge(t, client, shardID(2), shardID(5)) // 7
		putEvents(t, cfg, keys, 15, 3)
		time.Sleep(2 * time.Minute)
		w.stop()
		w.quiet()
		inOrder(t, got.seen(), keys, 18)
		// Complete leases go when their children have been read from and their own parents' have gone.
		rows := leases(t, cfg)
		var left []string
		for shard := range rows {
			left = append(left, shard[len(shard)-1:])
		}
		slices.Sort(left)
		if s := strings.Join(left, ""); s != "67" {
			t.Errorf("leases of %s are left, want 6 and 7", s)
		}
		if got := text(rows[shardID(7)]["parentShardId"]); got != shardID(2)+" "+shardID(5) {
			t.Errorf("parents of 7: %s", got)
		}
	})
}

// TestShardEndRow looks at the rows as they are right after a split.
func TestShardEndRow(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "a"})
		putEvents(t, cfg, []string{"a"}, 0, 1)
		time.Sleep(5 * time.Second)
		split(t, client, shardID(0))
		until(t, "the children's leases", 10*time.Second, func() bool { return len(leases(t, cfg)) == 3 && owners(t, cfg)["a"] == 2 })
		rows := leases(t, cfg)
		if p := rows[shardID(0)]; text(p["checkpoint"]) != "SHARD_END" || text(p["childShardIds"]) != shardID(1)+" "+shardID(2) || text(p["checkpointSubSequenceNumber"]) != "0" {
			t.Errorf("parent: %v", p)
		}
		if c := rows[shardID(2)]; text(c["checkpoint"]) != "TRIM_HORIZON" || text(c["parentShardId"]) != shardID(0) ||
			text(c["startingHashKey"]) != "170141183460469231731687303715884105728" || text(c["endingHashKey"]) != hashrange.Max().String() {
			t.Errorf("child: %v", c)
		}
		w.stop()
		w.quiet()
	})
}

// TestShardEndDrains holds the last batches of a shard past its end.
func TestShardEndDrains(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		h := &holder{}
		ignore := true
		var drains []string
		w := runWorker(t, cfg, h.handle, &kinesis.ConsumerOptions{DrainTimeout: time.Minute, Drain: func(_ context.Context, shard string) error {
			drains = append(drains, shard)
			if ignore {
				return errors.New("cannot upload")
			}
			for _, done := range h.held() {
				done(nil)
			}
			return nil
		}})
		h.batches(t, cfg, 1)
		split(t, client, shardID(0))
		time.Sleep(5 * time.Second)
		if len(drains) != 1 || checkpoint(t, cfg, shardID(0)) != "TRIM_HORIZON" || len(leases(t, cfg)) != 1 {
			t.Fatalf("drains %v, leases %v", drains, leases(t, cfg))
		}
		// It is not drained in time: the lease is given back, taken again, and all is delivered again.
		ignore = false
		until(t, "the end", 3*time.Minute, func() bool { return checkpoint(t, cfg, shardID(0)) == "SHARD_END" })
		if len(h.seen()) != 2 || len(h.ends) != 2 || len(drains) != 2 {
			t.Errorf("events %v, ends %v, drains %v", h.seen(), h.ends, drains)
		}
		w.stop()
		errs := fmt.Sprint(w.errors())
		for _, want := range []string{"drain: cannot upload", "held batches were not done within 1m0s of the shard's end: the lease is given back"} {
			if !strings.Contains(errs, want) {
				t.Errorf("%s does not say %q", errs, want)
			}
		}
	})
}

// TestLostChildLeaseIsFound deletes a child's lease, as a crash at the wrong moment would.
func TestLostChildLeaseIsFound(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		keys := someKeys(20)
		putEvents(t, cfg, keys, 0, 2)
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(5 * time.Second)
		w.stop()
		split(t, client, shardID(0))
		putEvents(t, cfg, keys, 2, 2)
		crashed, wire := tap(cfg)
		n := 0
		wire.on("PutItem", -1, func(_ *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
			if n++; n > 1 {
				return nil, errors.New("no route to host")
			}
			return do()
		})
		w2 := runWorker(t, crashed, nil, nil)
		until(t, "half the children", 10*time.Second, func() bool { return len(leases(t, cfg)) == 2 })
		time.Sleep(time.Second)
		w2.stop()
		w3 := runWorker(t, cfg, nil, nil)
		time.Sleep(time.Minute)
		w3.stop()
		w3.quiet()
		inOrder(t, slices.Concat(w.seen(), w2.seen(), w3.seen()), keys, 4)
	})
}

// TestShardPastRetention: a lease whose shard is gone is given up, its successors are read.
func TestShardPastRetention(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 1)
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(5 * time.Second)
		w.stop()
		split(t, client, shardID(0))
		time.Sleep(8 * 24 * time.Hour)
		putEvents(t, cfg, []string{"a"}, 1, 1)
		w2 := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{From: kinesis.Latest()})
		until(t, "the children's events", time.Minute, func() bool { return len(w2.seen()) == 1 })
		w2.stop()
		if errs := w2.errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "the shard does not exist any more") {
			t.Errorf("OnError: %v", errs)
		}
		if rows := leases(t, cfg); rows[shardID(0)] != nil || rows[shardID(1)] == nil || rows[shardID(2)] == nil {
			t.Errorf("leases: %v", rows)
		}
	})
}

// TestTableOfAnotherKind: the application's name is taken by a table that is no lease table.
func TestTableOfAnotherKind(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		_, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: aws.String("app"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		})
		if err != nil {
			t.Fatal(err)
		}
		w := runWorker(t, cfg, nil, nil)
		<-w.done
		if w.err == nil || !strings.Contains(w.err.Error(), `the table "app" is not a lease table (its key is not leaseKey alone, a string): name the application otherwise, or set LeaseTable`) {
			t.Errorf("Run: %v", w.err)
		}
	})
}

// TestManyApplicationsThrottleEachOther: five reads a second per shard, shared by six
// applications that catch up.
func TestManyApplicationsThrottleEachOther(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(100)
		putEvents(t, cfg, keys, 0, 3)
		var ws []*worker
		for i := range 6 {
			ws = append(ws, runWorker(t, cfg, nil, &kinesis.ConsumerOptions{LeaseTable: fmt.Sprintf("app-%d", i), MaxRecords: 20}))
		}
		time.Sleep(2 * time.Minute)
		for _, w := range ws {
			w.stop()
			w.quiet()
			inOrder(t, w.seen(), keys, 3)
		}
	})
}

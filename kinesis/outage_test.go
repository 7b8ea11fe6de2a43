package kinesis_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// feed puts one event of each key a second until the returned function is called, which
// gives how many of each there are.
func feed(t *testing.T, cfg aws.Config, keys []string) (stop func() int) {
	t.Helper()
	p, err := kinesis.NewProducer(cfg, "clicks", keyOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	quit, count := make(chan struct{}), make(chan int)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-quit:
				count <- i
				return
			}
			for _, k := range keys {
				mustPut(t, p, event{Key: k, N: i})
			}
		}
	}()
	return func() int {
		close(quit)
		n := <-count
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// firstInOrder fails the test unless each key's events were delivered for the first time in
// their order, and all of them.
func firstInOrder(t *testing.T, got []event, keys []string, n int) {
	t.Helper()
	seen := map[event]bool{}
	inOrder(t, slices.DeleteFunc(slices.Clone(got), func(e event) bool {
		again := seen[e]
		seen[e] = true
		return again
	}), keys, n)
}

// TestDynamoDBIsDown for minutes: the leases are lost, the handlers told, and all goes on
// where it was checkpointed when DynamoDB is back.
func TestDynamoDBIsDown(t *testing.T) {
	for name, effect := range map[string]local.Effect{
		"throttled":     local.Throttle(),
		"failing":       local.Fail(http.StatusInternalServerError, "InternalServerError", "down"),
		"losing writes": local.LoseReply(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
				cfg := lake.Config()
				createStream(t, cfg, "clicks", 2)
				keys := someKeys(20)
				stop := feed(t, cfg, keys)
				w := runWorker(t, cfg, nil, nil)
				time.Sleep(20 * time.Second)
				var faults []*local.Fault
				for _, op := range []local.Operation{local.DynamoDBUpdateItem, local.DynamoDBScan, local.DynamoDBPutItem} {
					faults = append(faults, lake.Fault(op, effect))
				}
				time.Sleep(3 * time.Minute)
				for _, f := range faults {
					f.Remove()
				}
				time.Sleep(time.Minute)
				n := stop()
				time.Sleep(20 * time.Second)
				w.stop()
				firstInOrder(t, w.seen(), keys, n)
				lost := 0
				for _, err := range w.errors() {
					if errors.Is(err, kinesis.ErrLeaseLost) {
						lost++
					}
				}
				if lost < 2 {
					t.Errorf("%d leases were lost in three minutes: %v", lost, w.errors())
				}
				for shard, l := range leases(t, cfg) {
					if l["leaseOwner"] != nil || len(text(l["checkpoint"])) < 50 {
						t.Errorf("%s is left as %v", shard, l)
					}
				}
			})
		})
	}
}

// TestKinesisIsDown for minutes: the leases stay, and nothing is delivered twice.
func TestKinesisIsDown(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		createStream(t, cfg, "clicks", 2)
		keys := someKeys(20)
		stop := feed(t, cfg, keys)
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(20 * time.Second)
		records := lake.Fault(local.KinesisGetRecords, local.Throttle())
		time.Sleep(6 * time.Minute) // iterators expire
		iterators := lake.Fault(local.KinesisGetShardIterator, local.Throttle())
		time.Sleep(2 * time.Minute)
		records.Remove()
		iterators.Remove()
		time.Sleep(time.Minute)
		n := stop()
		time.Sleep(20 * time.Second)
		w.stop()
		inOrder(t, w.seen(), keys, n)
		for _, err := range w.errors() {
			if errors.Is(err, kinesis.ErrLeaseLost) {
				t.Errorf("OnError: %v", err)
			}
		}
	})
}

// TestStandstill: nothing that a worker sends arrives for two minutes, as if its process
// had stood still, and then everything does. Another has its leases by then, and what comes
// late is refused.
func TestStandstill(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(20)
		stop := feed(t, cfg, keys)
		still, wire := tap(cfg)
		a := runWorker(t, still, nil, &kinesis.ConsumerOptions{WorkerID: "a"})
		time.Sleep(20 * time.Second)
		again := make(chan struct{})
		for _, op := range []string{"UpdateItem", "Scan", "PutItem", "DescribeTable", "GetRecords", "GetShardIterator"} {
			wire.on(op, -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
				select {
				case <-again:
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
				return do()
			})
		}
		b := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "b"})
		time.Sleep(2 * time.Minute)
		before := len(a.seen())
		close(again)
		time.Sleep(2 * time.Second)
		if owners(t, cfg)["b"] != 1 {
			t.Errorf("owners %v", owners(t, cfg))
		}
		time.Sleep(time.Minute)
		if late := len(a.seen()) - before; late > 2*len(keys) {
			t.Errorf("a delivers %d records of a shard that is b's", late)
		}
		n := stop()
		time.Sleep(20 * time.Second)
		a.stop()
		b.stop()
		firstInOrder(t, slices.Concat(a.seen(), b.seen()), keys, n)
		b.quiet()
	})
}

// TestDynamoDBIsDownUnderALeader: the leader forgets a worker that it does not hear of and
// gives its leases to others, and takes it back.
func TestDynamoDBIsDownUnderALeader(t *testing.T) {
	lake(t, 4, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runJava(t, cfg, home351, "j1")
		cut, wire := tap(cfg)
		w := runWorker(t, cut, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		even := func() bool { c := holders(t, cfg); return c["j1"] == 2 && c["go"] == 2 }
		within(t, "both have two", 2*time.Minute, even)
		up := make(chan struct{})
		for _, op := range []string{"UpdateItem", "Scan"} {
			wire.on(op, -1, func(r *http.Request, do func() (*http.Response, error)) (*http.Response, error) {
				select {
				case <-up:
					return do()
				default:
					return refuse("ProvisionedThroughputExceededException", "slow down")(r, do)
				}
			})
		}
		within(t, "Java has all", 3*time.Minute, func() bool { return holders(t, cfg)["j1"] == 4 })
		close(up)
		within(t, "both have two again", 3*time.Minute, even)
		if lost := java.robbed(); len(lost) > 0 {
			t.Errorf("the Java worker lost %v", lost)
		}
		w.stop()
	})
}

// TestClocksThatDiffer: the leader's clock is an hour behind. Only at the first look a time
// of its is read, and then its lock shows that it is there. (Where its clock is ahead by
// more than a minute it takes the metrics of all others for old, Java workers too.)
func TestClocksThatDiffer(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home351.prepare(t, cfg, "CLIENT_VERSION_3X")
		java := runSkewed(t, cfg, home351, "j1", -time.Hour)
		within(t, "Java has all", time.Minute, func() bool { return holders(t, cfg)["j1"] == 2 || len(leases(t, cfg)) == 3 })
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		within(t, "both have one", 3*time.Minute, func() bool { c := holders(t, cfg); return c["j1"] == 1 && c["go"] == 1 })
		for range 120 {
			time.Sleep(2 * time.Second)
			if c := holders(t, cfg); c["j1"] != 1 || c["go"] != 1 {
				t.Fatalf("holders %v", c)
			}
		}
		if lost := java.robbed(); len(lost) > 0 {
			t.Errorf("the Java worker lost %v", lost)
		}
		w.stop()
		w.quiet()
	})
}

// TestLosesALeaseAgainAndAgain: whoever steals, a worker goes on with what it is left.
func TestLosesALeaseAgainAndAgain(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		keys := someKeys(20)
		stop := feed(t, cfg, keys)
		ended := 0
		w := &worker{}
		got := kinesis.Typed(w.remember)
		run := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			if ctx.Err() != nil {
				ended++
			}
			return got(ctx, b)
		}, &kinesis.ConsumerOptions{WorkerID: "go"})
		time.Sleep(10 * time.Second)
		for i := range 10 {
			edit(t, cfg, shardID(i%2), row{"leaseOwner": s("thief"), "leaseCounter": n("1" + text(leases(t, cfg)[shardID(i%2)]["leaseCounter"]))})
			time.Sleep(20 * time.Second)
		}
		n := stop()
		time.Sleep(20 * time.Second)
		run.stop()
		firstInOrder(t, w.seen(), keys, n)
		lost := 0
		for _, err := range run.errors() {
			if errors.Is(err, kinesis.ErrLeaseLost) {
				lost++
			}
		}
		if lost != 10 || ended > 0 {
			t.Errorf("%d losses told of 10, %d batches to a handler whose context had ended", lost, ended)
		}
	})
}

package kinesis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// assign hands a lease over as the leader of a 3.x fleet does: the counter is not touched.
func assign(t *testing.T, cfg aws.Config, shard, to, from string) {
	t.Helper()
	edit(t, cfg, shard, map[string]dynamodbtypes.AttributeValue{"leaseOwner": s(to), "checkpointOwner": s(from)})
}

// TestHandsOver is told in the middle of a batch that another worker is to have the shard.
func TestHandsOver(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		started := make(chan struct{})
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			close(started)
			time.Sleep(12 * time.Second) // longer than the failover time: it is renewed meanwhile
			return ctx.Err()
		}, &kinesis.ConsumerOptions{WorkerID: "go"})
		putEvents(t, cfg, []string{"a"}, 0, 2)
		<-started
		assign(t, cfg, shardID(0), "java", "go")
		time.Sleep(8 * time.Second)
		if l := leases(t, cfg)[shardID(0)]; text(l["checkpointOwner"]) != "go" || text(l["leaseOwner"]) != "java" {
			t.Errorf("handed over before the handler was done: %v", l)
		}
		time.Sleep(6 * time.Second)
		l := leases(t, cfg)[shardID(0)]
		if _, waits := l["checkpointOwner"]; waits || text(l["leaseOwner"]) != "java" || len(text(l["checkpoint"])) < 50 {
			t.Errorf("after the hand-over: %v", l)
		}
		w.stop()
		w.quiet()
	})
}

// TestHandsOverInTime: a handler that does not end has the drain timeout.
func TestHandsOverInTime(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		started := make(chan struct{})
		w := runWorker(t, cfg, func(ctx context.Context, b *stream.Batch) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		}, &kinesis.ConsumerOptions{WorkerID: "go", DrainTimeout: 5 * time.Second, MaxLeases: 1})
		putEvents(t, cfg, []string{"a"}, 0, 2)
		<-started
		assign(t, cfg, shardID(0), "java", "go")
		time.Sleep(9 * time.Second)
		l := leases(t, cfg)[shardID(0)]
		if _, waits := l["checkpointOwner"]; waits || text(l["leaseOwner"]) != "java" || text(l["checkpoint"]) != "TRIM_HORIZON" {
			t.Errorf("after the timeout: %v", l)
		}
		w.stop()
		if errs := w.errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "not done within 5s") {
			t.Errorf("OnError: %v", errs)
		}
	})
}

// TestTakesWhatIsHandedOver begins when the old owner is through, without waiting for
// the lease to expire.
func TestTakesWhatIsHandedOver(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		first := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "old"})
		until(t, "the lease", 10*time.Second, func() bool { return owners(t, cfg)["old"] == 1 })
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "new"})
		putEvents(t, cfg, []string{"a"}, 0, 2)
		time.Sleep(10 * time.Second)
		assign(t, cfg, shardID(0), "new", "old")
		putEvents(t, cfg, []string{"a"}, 2, 2)
		until(t, "new reads", 10*time.Second, func() bool {
			putEvents(t, cfg, []string{"b"}, 0, 1)
			return len(w.seen()) > 0
		})
		l := leases(t, cfg)[shardID(0)]
		if _, waits := l["checkpointOwner"]; waits || text(l["leaseOwner"]) != "new" {
			t.Errorf("after the hand-over: %v", l)
		}
		w.stop()
		first.stop()
		n := 0
		for _, e := range append(first.seen(), w.seen()...) {
			if e.Key == "a" {
				n++
			}
		}
		if n != 4 {
			t.Errorf("%d deliveries of 4 events", n)
		}
		w.quiet()
		first.quiet()
	})
}

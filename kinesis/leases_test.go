package kinesis_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

func s(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: v} }

func n(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberN{Value: v} }

// edit changes attributes of a row of the lease table; a nil value removes one.
func edit(t *testing.T, cfg aws.Config, key string, attrs map[string]dynamodbtypes.AttributeValue) {
	t.Helper()
	u := map[string]dynamodbtypes.AttributeValueUpdate{}
	for k, v := range attrs {
		u[k] = dynamodbtypes.AttributeValueUpdate{Action: dynamodbtypes.AttributeActionPut, Value: v}
		if v == nil {
			u[k] = dynamodbtypes.AttributeValueUpdate{Action: dynamodbtypes.AttributeActionDelete}
		}
	}
	_, err := dynamodb.NewFromConfig(cfg).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String("app"), Key: map[string]dynamodbtypes.AttributeValue{"leaseKey": s(key)}, AttributeUpdates: u,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLeasesAndLag(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		if _, err := kinesis.Leases(t.Context(), cfg, "app"); err == nil {
			t.Error("a table that is not there reads well")
		}
		put := time.Now().UTC()
		putEvents(t, cfg, someKeys(20), 0, 1)
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "a"})
		time.Sleep(10 * time.Second)
		edit(t, cfg, "Leader", map[string]dynamodbtypes.AttributeValue{"entityType": s("LEADER"), "ownerName": s("x")})
		edit(t, cfg, shardID(1), map[string]dynamodbtypes.AttributeValue{
			"throughputKBps": n("3.4E-5"), "pendingCheckpoint": s("12"), "pendingCheckpointSubSequenceNumber": n("3"),
			"pendingCheckpointState": &dynamodbtypes.AttributeValueMemberB{Value: []byte("state")},
		})
		ls, err := kinesis.Leases(t.Context(), cfg, "app")
		if err != nil || len(ls) != 2 {
			t.Fatal(ls, err)
		}
		for i, l := range ls {
			at, ok := l.Reached()
			if l.Shard != shardID(i) || l.Owner != "a" || l.Counter == 0 || l.Done() || !ok || at.Sub(put).Abs() > time.Second {
				t.Errorf("%+v reached %v", l, at)
			}
		}
		if p := ls[1].Pending; p == nil || p.Seq != "12" || p.Sub != 3 || string(p.State) != "state" || ls[1].ThroughputKBps != 3.4e-5 || ls[0].Pending != nil {
			t.Errorf("%+v", ls[1])
		}
		w.stop()
		w.quiet()
		split(t, client, shardID(0))
		rows := leases(t, cfg)
		if text(rows[shardID(1)]["throughputKBps"]) == "" || text(rows[shardID(1)]["pendingCheckpoint"]) != "12" {
			t.Errorf("the lease lost what it had: %v", rows[shardID(1)])
		}
	})
}

// TestPendingCheckpoint begins on a lease in which a Java worker has prepared a checkpoint
// and not committed it: reading goes on behind the checkpoint, as the KCL does, and the first
// checkpoint takes the pending one with it.
func TestPendingCheckpoint(t *testing.T) {
	modes(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		putEvents(t, cfg, []string{"a"}, 0, 2)
		w := runWorker(t, cfg, nil, nil)
		until(t, "the first events", 20*time.Second, func() bool { return len(w.seen()) == 2 })
		w.stop()
		before := checkpoint(t, cfg, shardID(0))
		putEvents(t, cfg, []string{"a"}, 2, 1)
		pending := putRaw(t, client, "0", []byte(`{"key":"a","n":3}`))
		edit(t, cfg, shardID(0), map[string]dynamodbtypes.AttributeValue{
			"pendingCheckpoint": s(pending), "pendingCheckpointSubSequenceNumber": n("0"),
			"pendingCheckpointState": &dynamodbtypes.AttributeValueMemberB{Value: []byte("half done")},
		})
		h := &holder{}
		var seen []kinesis.Lease
		w = runWorker(t, cfg, h.handle, &kinesis.ConsumerOptions{StartAt: func(ctx context.Context, shard string) (stream.Position, bool, error) {
			var err error
			seen, err = kinesis.Leases(ctx, cfg, "app")
			return stream.Position{}, false, err
		}})
		until(t, "what is not checkpointed", 20*time.Second, func() bool { return len(h.seen()) == 2 })
		time.Sleep(30 * time.Second) // it is renewed
		for _, ls := range [][]kinesis.Lease{seen, must(kinesis.Leases(t.Context(), cfg, "app"))} {
			if len(ls) != 1 || ls[0].Checkpoint != before || ls[0].Pending == nil || ls[0].Pending.Seq != pending || string(ls[0].Pending.State) != "half done" {
				t.Errorf("%+v", ls)
			}
		}
		for _, done := range h.held() {
			done(nil)
		}
		time.Sleep(5 * time.Second)
		if ls := must(kinesis.Leases(t.Context(), cfg, "app")); len(ls) != 1 || ls[0].Checkpoint != pending || ls[0].Pending != nil {
			t.Errorf("%+v", ls)
		}
		w.stop()
		w.quiet()
		for _, a := range []string{"pendingCheckpoint", "pendingCheckpointSubSequenceNumber", "pendingCheckpointState"} {
			if _, ok := leases(t, cfg)[shardID(0)][a]; ok {
				t.Errorf("%s is left", a)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

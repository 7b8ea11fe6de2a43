package kinesis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

// TestLag reads how far an application is while it runs, after it was stopped and records
// have come, and across a split that it knows nothing of.
func TestLag(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		if _, err := kinesis.Lag(t.Context(), cfg, "clicks", "app"); err == nil || !strings.Contains(err.Error(), `there is no lease table "app" in us-east-1: no worker of the application has run yet`) {
			t.Errorf("without a table: %v", err)
		}
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "a"})
		putEvents(t, cfg, someKeys(20), 0, 1)
		time.Sleep(30 * time.Second)
		read := func() []kinesis.ShardLag {
			t.Helper()
			lags, err := kinesis.Lag(t.Context(), cfg, "clicks", "app")
			if err != nil {
				t.Fatal(err)
			}
			return lags
		}
		for i, l := range read() {
			if l.Lease.Shard != shardID(i) || l.Lease.Owner != "a" || !l.Leased || l.Closed || !l.Known || l.Behind != 0 || l.Err != nil {
				t.Errorf("a running worker: %+v", l)
			}
		}
		w.stop()
		w.quiet()
		putEvents(t, cfg, someKeys(20), 1, 1)
		time.Sleep(time.Minute)
		putEvents(t, cfg, someKeys(20), 2, 1)
		split(t, client, shardID(0))
		lags := read()
		if len(lags) != 4 {
			t.Fatalf("%d shards", len(lags))
		}
		for i, l := range lags {
			if l.Leased != (i < 2) || l.Closed != (i == 0) || l.Known != l.Leased || l.Err != nil {
				t.Errorf("a stopped worker: %+v", l)
			}
			if d := l.Behind - time.Minute; l.Leased && d.Abs() > 15*time.Second {
				t.Errorf("%s is %s behind", l.Lease.Shard, l.Behind)
			}
		}
		if _, err := kinesis.Lag(t.Context(), cfg, "nothing", "app"); err == nil || !strings.Contains(err.Error(), `the stream "nothing" does not exist`) {
			t.Errorf("without a stream: %v", err)
		}
	})
}

// TestLagOfOneShardFails wants the others' lag where one shard's cannot be read, and the shards
// that are gone told.
func TestLagOfOneShardFails(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		createStream(t, cfg, "clicks", 3)
		w := runWorker(t, cfg, nil, nil)
		putEvents(t, cfg, someKeys(20), 0, 1)
		time.Sleep(30 * time.Second)
		w.stop()
		w.quiet()
		lake.Fault(local.KinesisGetShardIterator, local.Fail(400, "AccessDeniedException", "no").When(func(c *local.Call) bool { return c.Shard == shardID(1) }))
		edit(t, cfg, "shardId-000000000009", map[string]dynamodbtypes.AttributeValue{"checkpoint": s("TRIM_HORIZON"), "leaseCounter": n("1"), "ownerSwitchesSinceCheckpoint": n("0"), "checkpointSubSequenceNumber": n("0")})
		lags, err := kinesis.Lag(t.Context(), cfg, "clicks", "app")
		if err != nil || len(lags) != 4 {
			t.Fatal(lags, err)
		}
		for i, want := range []string{"", "AccessDenied", "", "was trimmed unread"} {
			if l := lags[i]; (l.Err == nil) != (want == "") || l.Err != nil && !strings.Contains(l.Err.Error(), want) || l.Known != (want == "") {
				t.Errorf("%d: %+v", i, l)
			}
		}
	})
}

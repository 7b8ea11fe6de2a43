package local_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/local"
)

var start = time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)

// createStream makes a stream and waits for it.
func createStream(t *testing.T, client *awskinesis.Client, name string, shards int32) {
	t.Helper()
	_, err := client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards})
	if err != nil {
		t.Fatal(err)
	}
	err = awskinesis.NewStreamExistsWaiter(client).Wait(t.Context(), &awskinesis.DescribeStreamInput{StreamName: &name}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
}

func putN(t *testing.T, client *awskinesis.Client, stream string, from, n int) []kinesistypes.PutRecordsResultEntry {
	t.Helper()
	in := &awskinesis.PutRecordsInput{StreamName: &stream}
	for i := from; i < from+n; i++ {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{
			Data: fmt.Appendf(nil, "record %d", i), PartitionKey: aws.String(fmt.Sprintf("key-%d", i)),
		})
	}
	out, err := client.PutRecords(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if *out.FailedRecordCount != 0 {
		t.Fatalf("%d records failed: %v", *out.FailedRecordCount, out.Records)
	}
	return out.Records
}

// readAll reads a shard from its trim horizon to its tip, or to its end.
func readAll(t *testing.T, client *awskinesis.Client, stream, shard string) (records []kinesistypes.Record, last *awskinesis.GetRecordsOutput) {
	t.Helper()
	it, err := client.GetShardIterator(t.Context(), &awskinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shard, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	for next := it.ShardIterator; next != nil; {
		last, err = client.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: next})
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, last.Records...)
		next = last.NextShardIterator
		if *last.MillisBehindLatest == 0 {
			break
		}
	}
	return records, last
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		client := awskinesis.NewFromConfig(lake.Config())
		createStream(t, client, "clicks", 4)
		putN(t, client, "clicks", 0, 500)
		got := map[string]bool{}
		for i := range 4 {
			records, _ := readAll(t, client, "clicks", fmt.Sprintf("shardId-%012d", i))
			if len(records) < 80 {
				t.Errorf("shard %d has %d records of 500: keys are not spread", i, len(records))
			}
			for _, r := range records {
				got[string(r.Data)] = true
				if at := r.ApproximateArrivalTimestamp; at.Before(start) || at.After(start.Add(time.Minute)) {
					t.Fatalf("arrived at %s", at)
				}
			}
		}
		if len(got) != 500 {
			t.Fatalf("got %d different records of 500", len(got))
		}
	})
}

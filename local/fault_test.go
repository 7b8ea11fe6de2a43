package local_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/lakekit/lakekit/local"
)

var faultStart = time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC)

// faulty runs f in a bubble, with a stream of one shard named s and clients that do not retry.
func faulty(t *testing.T, f func(t *testing.T, lake *local.Lake, cfg aws.Config, k *awskinesis.Client)) {
	t.Helper()
	t.Parallel()
	local.Test(t, faultStart, nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		k := awskinesis.NewFromConfig(cfg)
		_, err := k.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		f(t, lake, cfg, k)
	})
}

func putKeys(t *testing.T, k *awskinesis.Client, keys ...string) (*awskinesis.PutRecordsOutput, error) {
	t.Helper()
	in := &awskinesis.PutRecordsInput{StreamName: aws.String("s")}
	for _, key := range keys {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: []byte(key), PartitionKey: aws.String(key)})
	}
	return k.PutRecords(t.Context(), in)
}

func iterator(t *testing.T, k *awskinesis.Client, shard string) *string {
	t.Helper()
	it, err := k.GetShardIterator(t.Context(), &awskinesis.GetShardIteratorInput{
		StreamName: aws.String("s"), ShardId: &shard, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	return it.ShardIterator
}

// kept gives the keys of the records that the stream has.
func kept(t *testing.T, k *awskinesis.Client) []string {
	t.Helper()
	out, err := k.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: iterator(t, k, shard0)})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range out.Records {
		keys = append(keys, *r.PartitionKey)
	}
	return keys
}

func TestFaultThrottleTimesAfterRemove(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		f := lake.Fault(local.KinesisPutRecords, local.Throttle().After(1).Times(2))
		var got []bool
		for i := range 4 {
			_, err := putKeys(t, k, fmt.Sprint(i))
			_, throttled := errors.AsType[*kinesistypes.ProvisionedThroughputExceededException](err)
			if err != nil && !throttled {
				t.Fatal(err)
			}
			got = append(got, throttled)
		}
		if want := []bool{false, true, true, false}; !slices.Equal(got, want) || f.Hits() != 2 {
			t.Errorf("throttled %v with %d hits, want %v", got, f.Hits(), want)
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"0", "3"}) {
			t.Errorf("the stream has %v", keys)
		}
		f = lake.Fault(local.KinesisPutRecords, local.Throttle())
		f.Remove()
		if _, err := putKeys(t, k, "4"); err != nil || f.Hits() != 0 {
			t.Errorf("after Remove: %v, %d hits", err, f.Hits())
		}
	})
}

func TestFaultThrottleOfEachService(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, cfg aws.Config, k *awskinesis.Client) {
		for _, op := range []local.Operation{local.KinesisListShards, local.S3PutObject, local.S3HeadObject, local.DynamoDBUpdateItem, local.GlueGetTable} {
			lake.Fault(op, local.Throttle())
		}
		_, err := k.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("s")})
		if _, ok := errors.AsType[*kinesistypes.LimitExceededException](err); !ok {
			t.Errorf("ListShards: %v", err)
		}
		_, err = s3.NewFromConfig(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("x")})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "SlowDown" {
			t.Errorf("PutObject: %v", err)
		}
		_, err = s3.NewFromConfig(cfg).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		if err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("HeadObject: %v", err)
		}
		_, err = dynamodb.NewFromConfig(cfg).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("leases"), Key: map[string]dynamodbtypes.AttributeValue{"k": &dynamodbtypes.AttributeValueMemberS{Value: "v"}},
		})
		if _, ok := errors.AsType[*dynamodbtypes.ProvisionedThroughputExceededException](err); !ok {
			t.Errorf("UpdateItem: %v", err)
		}
		_, err = glue.NewFromConfig(cfg).GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "ThrottlingException" {
			t.Errorf("GetTable: %v", err)
		}
		if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) != aws.TrueTernary {
			t.Errorf("the SDK does not take %v for throttling", err)
		}
	})
}

func TestFaultFailAndDelay(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		d := lake.Fault(local.KinesisPutRecords, local.Delay(3*time.Second))
		lake.Fault(local.KinesisPutRecords, local.Fail(500, "InternalFailure", "the disk is on fire").Times(1))
		began := time.Now()
		_, err := putKeys(t, k, "a")
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InternalFailure" || e.ErrorMessage() != "the disk is on fire" {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("it took %s", took)
		}
		if _, err := putKeys(t, k, "b"); err != nil || d.Hits() != 2 {
			t.Errorf("%v, %d delays", err, d.Hits())
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"b"}) {
			t.Errorf("the stream has %v", keys)
		}
	})
}

func TestFaultWhenKnowsTheCall(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, cfg aws.Config, k *awskinesis.Client) {
		var calls []local.Call
		see := local.Throttle().When(func(c *local.Call) bool { calls = append(calls, *c); return false })
		for _, op := range []local.Operation{local.KinesisGetRecords, local.KinesisListShards, local.S3PutObject, local.GlueGetTable, "glue:CreateTable"} {
			lake.Fault(op, see)
		}
		kept(t, k)
		_, _ = k.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")})
		_, _ = s3.NewFromConfig(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("x/y"), Body: strings.NewReader("x")})
		_, _ = glue.NewFromConfig(cfg).GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("t")})
		_, _ = glue.NewFromConfig(cfg).CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("d"), TableInput: &gluetypes.TableInput{Name: aws.String("u")}})
		var got []string
		for _, c := range calls {
			got = append(got, fmt.Sprintf("%s %s%s%s %s%s%s", c.Operation, c.Stream, c.Bucket, c.Database, c.Shard, c.Key, c.Table))
		}
		want := []string{"kinesis:GetRecords s " + shard0, "kinesis:ListShards s ", "s3:PutObject b x/y", "glue:GetTable d t", "glue:CreateTable d u"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestFaultLoseReply(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		f := lake.Fault(local.KinesisPutRecords, local.LoseReply().Times(1))
		if _, err := putKeys(t, k, "a"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the client sees %v", err)
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"a"}) || f.Hits() != 1 {
			t.Errorf("the stream has %v after %d hits", keys, f.Hits())
		}
		// The SDK's own retries make a duplicate of it.
		lake.Fault(local.KinesisPutRecords, local.LoseReply().Times(1))
		if _, err := putKeys(t, awskinesis.NewFromConfig(lake.Config()), "b"); err != nil {
			t.Fatal(err)
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"a", "b", "b"}) {
			t.Errorf("the stream has %v", keys)
		}
	})
}

func TestFaultLoseReplyOverASocket(t *testing.T) {
	t.Parallel()
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := lake.Config()
	cfg.HTTPClient, cfg.BaseEndpoint = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, aws.String(ln.URL())
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	k := awskinesis.NewFromConfig(cfg)
	if _, err := k.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	lake.Fault(local.KinesisPutRecords, local.LoseReply().Times(1))
	if _, err := putKeys(t, k, "a"); !retryableConnection(err) {
		t.Errorf("the client sees %v", err)
	}
	if keys := kept(t, k); !slices.Equal(keys, []string{"a"}) {
		t.Errorf("the stream has %v", keys)
	}
}

func retryableConnection(err error) bool {
	return err != nil && retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

func TestFaultFailEntriesOfPutRecords(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		lake.Fault(local.KinesisPutRecords, local.FailEntries("InternalFailure", func(e local.Entry) bool { return e.Key == "b" || e.Index == 3 }).Times(1))
		out, err := putKeys(t, k, "a", "b", "c", "d")
		if err != nil || *out.FailedRecordCount != 2 || len(out.Records) != 4 {
			t.Fatalf("%v, %v", out, err)
		}
		for i, r := range out.Records {
			if failed := r.ErrorCode != nil; failed != (i == 1 || i == 3) || failed == (r.SequenceNumber != nil) || failed && *r.ErrorCode != "InternalFailure" {
				t.Errorf("record %d: %v", i, r)
			}
		}
		lake.Fault(local.KinesisPutRecords, local.FailEntries("ProvisionedThroughputExceededException", nil).Times(1))
		if out, err := putKeys(t, k, "e"); err != nil || *out.FailedRecordCount != 1 {
			t.Errorf("%v, %v", out, err)
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"a", "c"}) {
			t.Errorf("the stream has %v", keys)
		}
	})
}

// TestFaultFailEntriesTwice: two such faults of one request, of which the second sees what the
// first lets through.
func TestFaultFailEntriesTwice(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		first := lake.Fault(local.KinesisPutRecords, local.FailEntries("InternalFailure", func(e local.Entry) bool { return e.Key == "b" }))
		second := lake.Fault(local.KinesisPutRecords, local.FailEntries("ProvisionedThroughputExceededException", func(e local.Entry) bool { return e.Index == 1 }))
		out, err := putKeys(t, k, "a", "b", "c", "d")
		if err != nil || *out.FailedRecordCount != 2 || len(out.Records) != 4 || first.Hits() != 1 || second.Hits() != 1 {
			t.Fatalf("%v, %v", out, err)
		}
		var codes []string
		for _, r := range out.Records {
			codes = append(codes, aws.ToString(r.ErrorCode))
		}
		if want := []string{"", "InternalFailure", "ProvisionedThroughputExceededException", ""}; !slices.Equal(codes, want) {
			t.Errorf("got %q", codes)
		}
		if keys := kept(t, k); !slices.Equal(keys, []string{"a", "d"}) {
			t.Errorf("the stream has %v", keys)
		}
	})
}

// TestFaultOfOneClient strikes the requests that carry a mark.
func TestFaultOfOneClient(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, cfg aws.Config, k *awskinesis.Client) {
		cfg.HTTPClient = marking{cfg.HTTPClient}
		f := lake.Fault(local.KinesisPutRecords, local.Fail(400, "AccessDeniedException", "no").When(func(c *local.Call) bool { return c.Header.Get("X-Mark") == "1" }))
		if _, err := putKeys(t, awskinesis.NewFromConfig(cfg), "a"); err == nil || f.Hits() != 1 {
			t.Errorf("the marked client: %v", err)
		}
		if _, err := putKeys(t, k, "b"); err != nil {
			t.Errorf("the other client: %v", err)
		}
	})
}

type marking struct{ aws.HTTPClient }

func (m marking) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Mark", "1")
	return m.HTTPClient.Do(r)
}

func TestFaultFailEntriesOfOthers(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		ctx := t.Context()
		second := func(e local.Entry) bool { return e.Index == 1 }
		lake.Fault(local.S3DeleteObjects, local.FailEntries("InternalError", second))
		lake.Fault(local.GlueBatchCreatePartition, local.FailEntries("InternalServiceException", second))
		lake.Fault(local.DynamoDBBatchWriteItem, local.FailEntries("", second).Times(1))

		o := s3.NewFromConfig(cfg)
		_, err := o.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bucket")})
		var ids []s3types.ObjectIdentifier
		for _, key := range []string{"a", "b", "c"} {
			_, perr := o.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: strings.NewReader(key)})
			err = errors.Join(err, perr)
			ids = append(ids, s3types.ObjectIdentifier{Key: &key})
		}
		del, derr := o.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String("bucket"), Delete: &s3types.Delete{Objects: ids}})
		list, lerr := o.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
		if err := errors.Join(err, derr, lerr); err != nil {
			t.Fatal(err)
		}
		if len(del.Deleted) != 2 || len(del.Errors) != 1 || *del.Errors[0].Key != "b" || *del.Errors[0].Code != "InternalError" || len(list.Contents) != 1 {
			t.Errorf("DeleteObjects: %v, %v, %d left", del.Deleted, del.Errors, len(list.Contents))
		}

		g := glue.NewFromConfig(cfg)
		_, err = g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("d")}})
		_, terr := g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("d"), TableInput: &gluetypes.TableInput{
			Name: aws.String("t"), PartitionKeys: []gluetypes.Column{{Name: aws.String("dt"), Type: aws.String("string")}},
		}})
		parts, perr := g.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{
			DatabaseName: aws.String("d"), TableName: aws.String("t"),
			PartitionInputList: []gluetypes.PartitionInput{{Values: []string{"1"}}, {Values: []string{"2"}}},
		})
		have, herr := g.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: aws.String("d"), TableName: aws.String("t")})
		if err := errors.Join(err, terr, perr, herr); err != nil {
			t.Fatal(err)
		}
		if len(parts.Errors) != 1 || parts.Errors[0].PartitionValues[0] != "2" || *parts.Errors[0].ErrorDetail.ErrorCode != "InternalServiceException" || len(have.Partitions) != 1 {
			t.Errorf("BatchCreatePartition: %v, %d partitions", parts.Errors, len(have.Partitions))
		}

		d := dynamodb.NewFromConfig(cfg)
		_, err = d.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: aws.String("leases"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: dynamodbtypes.KeyTypeHash}},
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var writes []dynamodbtypes.WriteRequest
		for _, key := range []string{"a", "b"} {
			writes = append(writes, dynamodbtypes.WriteRequest{PutRequest: &dynamodbtypes.PutRequest{
				Item: map[string]dynamodbtypes.AttributeValue{"k": &dynamodbtypes.AttributeValueMemberS{Value: key}},
			}})
		}
		put, err := d.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]dynamodbtypes.WriteRequest{"leases": writes}})
		if err != nil || len(put.UnprocessedItems["leases"]) != 1 {
			t.Fatalf("BatchWriteItem: %v, %v", put, err)
		}
		put, err = d.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: put.UnprocessedItems})
		if err != nil || len(put.UnprocessedItems) != 0 {
			t.Errorf("BatchWriteItem again: %v, %v", put, err)
		}
	})
}

func TestFaultStale(t *testing.T) {
	faulty(t, func(t *testing.T, lake *local.Lake, _ aws.Config, k *awskinesis.Client) {
		list := func(f *kinesistypes.ShardFilter) string {
			t.Helper()
			out, err := k.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("s"), ShardFilter: f})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			for _, s := range out.Shards {
				text.WriteString(strings.TrimLeft(*s.ShardId, "shardI-0"))
				if s.SequenceNumberRange.EndingSequenceNumber != nil {
					text.WriteString("closed")
				}
				text.WriteByte('|')
			}
			return text.String()
		}
		for i := range 2 {
			key := "170141183460469231731687303715884105728"
			shard := shard0
			if i == 1 {
				shard, key = "shardId-000000000001", "85070591730234615865843651857942052864"
			}
			if _, err := k.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: aws.String("s"), ShardToSplit: &shard, NewStartingHashKey: &key}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		latest := &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest}
		if got := list(nil) + " " + list(latest); got != "closed|1closed|2|3|4| 2|3|4|" {
			t.Errorf("fresh: %s", got)
		}
		for ago, want := range map[time.Duration]string{
			time.Second: "closed|1closed|2|3|4| 2|3|4|", 15 * time.Second: "closed|1|2| 1|2|", 25 * time.Second: "| |",
		} {
			f := lake.Fault(local.KinesisListShards, local.Stale(ago))
			got := list(nil) + " " + list(latest)
			if got != want || f.Hits() != 2 {
				t.Errorf("%s ago: %s, want %s", ago, got, want)
			}
			f.Remove()
		}
	})
}

func TestFaultCut(t *testing.T) {
	t.Parallel()
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	// Three frames of 20 bytes, written in pieces that do not care for frames.
	local.Mount(lake, "kinesis", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b []byte
		for range 3 {
			b = append(binary.BigEndian.AppendUint32(b, 20), strings.Repeat("x", 16)...)
		}
		for len(b) > 0 {
			n := min(7, len(b))
			if _, err := w.Write(b[:n]); err != nil {
				<-r.Context().Done()
				return
			}
			b = b[n:]
		}
	}))
	ask := func() (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://kinesis.us-east-1.amazonaws.com/", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", "Kinesis_20131202.SubscribeToShard")
		resp, err := lake.Config().HTTPClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return len(b), err
	}
	for effect, want := range map[*local.Effect]int{
		new(local.CutStream(0)): 10, new(local.CutStream(2)): 50, new(local.CutStream(3)): 60,
		new(local.CutReply(0)): 0, new(local.CutReply(33)): 33, new(local.CutReply(60)): 60,
	} {
		f := lake.Fault(local.KinesisSubscribeToShard, *effect)
		n, err := ask()
		if n != want || errors.Is(err, io.ErrUnexpectedEOF) != (want < 60) {
			t.Errorf("%d bytes and %v, want %d bytes", n, err, want)
		}
		f.Remove()
	}
}

func TestFaultRefusesWhatCannotHappen(t *testing.T) {
	t.Parallel()
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	for _, c := range []struct {
		op     local.Operation
		effect local.Effect
		want   string
	}{
		{"kinesis:PutRecordz", local.Throttle(), "no operation"},
		{"PutRecords", local.Throttle(), "no such service"},
		{local.KinesisPutRecord, local.FailEntries("InternalFailure", nil), "needs a batch"},
		{local.KinesisPutRecords, local.FailEntries("", nil), "without a code"},
		{local.DynamoDBBatchWriteItem, local.FailEntries("X", nil), "leave it empty"},
		{local.S3PutObject, local.Stale(time.Second), "kinesis:ListShards"},
		{local.KinesisListShards, local.Stale(0), "not stale"},
		{local.S3GetObject, local.CutStream(1), "local.CutReply"},
		{local.S3GetObject, local.CutReply(-1), "0 or more"},
		{local.S3GetObject, local.Delay(0), "above zero"},
		{local.S3GetObject, local.Fail(200, "X", ""), "no failure"},
		{local.S3GetObject, local.Effect{}, "is empty"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, c.want) || !strings.Contains(got, string(c.op)) {
					t.Errorf("%s: %s, want %q", c.op, got, c.want)
				}
			}()
			lake.Fault(c.op, c.effect)
		}()
	}
}

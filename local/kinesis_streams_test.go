package local_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/local"
)

// open opens a lake without limits, closed with the test.
func open(t *testing.T, opts *local.Options) *local.Lake {
	t.Helper()
	lake, err := local.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
	})
	return lake
}

// wantCode fails the test unless err is the service's error with the code, and its message
// has the text.
func wantCode(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func TestStreamLife(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		name := aws.String("clicks")
		if _, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2), Tags: map[string]string{"team": "web"}}); err != nil {
			t.Fatal(err)
		}
		d, err := client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamName: name})
		if err != nil {
			t.Fatal(err)
		}
		if s := d.StreamDescription.StreamStatus; s != kinesistypes.StreamStatusCreating {
			t.Errorf("a new stream is %s", s)
		}
		_, err = client.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: name})
		wantCode(t, err, "ResourceInUseException", "instead in state CREATING")
		_, err = client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("k")})
		wantCode(t, err, "ResourceNotFoundException", "Stream clicks under account 000000000000 not found.")
		_, err = client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2)})
		wantCode(t, err, "ResourceInUseException", "already exists")
		time.Sleep(time.Second)

		sum, err := client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: name})
		if err != nil {
			t.Fatal(err)
		}
		s := sum.StreamDescriptionSummary
		if s.StreamStatus != kinesistypes.StreamStatusActive || *s.OpenShardCount != 2 || *s.RetentionPeriodHours != 24 ||
			s.StreamModeDetails.StreamMode != kinesistypes.StreamModeProvisioned || s.EncryptionType != kinesistypes.EncryptionTypeNone ||
			*s.MaxRecordSizeInKiB != 1024 || !s.StreamCreationTimestamp.Equal(start.Add(time.Millisecond)) {
			t.Errorf("the summary is %+v", s)
		}
		if *s.StreamARN != "arn:aws:kinesis:us-east-1:000000000000:stream/clicks" {
			t.Errorf("the ARN is %s", *s.StreamARN)
		}
		// By ARN, which changes the host, and by id.
		for _, in := range []*awskinesis.DescribeStreamInput{{StreamARN: s.StreamARN}, {StreamId: s.StreamId}, {StreamName: name, StreamARN: s.StreamARN}} {
			d, err := client.DescribeStream(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.StreamDescription.Shards) != 2 || *d.StreamDescription.HasMoreShards {
				t.Errorf("%d shards", len(d.StreamDescription.Shards))
			}
		}
		d, err = client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamName: name, Limit: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.StreamDescription.Shards) != 1 || !*d.StreamDescription.HasMoreShards {
			t.Errorf("with Limit 1: %d shards, more %v", len(d.StreamDescription.Shards), *d.StreamDescription.HasMoreShards)
		}
		sh := d.StreamDescription.Shards[0]
		if *sh.ShardId != "shardId-000000000000" || *sh.HashKeyRange.StartingHashKey != "0" ||
			*sh.HashKeyRange.EndingHashKey != "170141183460469231731687303715884105727" || !strings.HasPrefix(*sh.SequenceNumberRange.StartingSequenceNumber, "49") {
			t.Errorf("the first shard is %+v", sh)
		}

		if _, err := client.DeleteStream(ctx, &awskinesis.DeleteStreamInput{StreamName: name}); err != nil {
			t.Fatal(err)
		}
		if d, err = client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamName: name}); err != nil || d.StreamDescription.StreamStatus != kinesistypes.StreamStatusDeleting {
			t.Errorf("a stream being deleted is %v, %v", d, err)
		}
		if err := awskinesis.NewStreamNotExistsWaiter(client).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: name}, time.Minute); err != nil {
			t.Error(err)
		}
		createStream(t, client, "clicks", 1)
	})
}

func TestOnDemandStream(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		client := awskinesis.NewFromConfig(lake.Config())
		ctx, name := t.Context(), aws.String("spiky")
		mode := &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeOnDemand}
		_, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2), StreamModeDetails: mode})
		wantCode(t, err, "ValidationException", "ShardCount must not be given")
		if _, err = client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: name, StreamModeDetails: mode}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		shards, err := client.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: name})
		if err != nil || len(shards.Shards) != 4 {
			t.Errorf("an on-demand stream starts with %v, %v", shards, err)
		}
		_, err = client.SplitShard(ctx, &awskinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("10")})
		wantCode(t, err, "ValidationException", "ON_DEMAND")
		limits, err := client.DescribeLimits(ctx, &awskinesis.DescribeLimitsInput{})
		if err != nil || *limits.OnDemandStreamCount != 1 || *limits.OpenShardCount != 0 {
			t.Errorf("limits: %+v, %v", limits, err)
		}
		_, err = client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("huge"), ShardCount: aws.Int32(20_001)})
		wantCode(t, err, "LimitExceededException", "shard limit")
	})
}

func TestListStreamsAndShardsPage(t *testing.T) {
	t.Parallel()
	local.Test(t, start, &local.Options{}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		var want []string
		for i := range 7 {
			name := fmt.Sprintf("s%d", i)
			want = append(want, name)
			createStream(t, client, name, int32(i+1))
		}
		var got []string
		for p := awskinesis.NewListStreamsPaginator(client, &awskinesis.ListStreamsInput{Limit: aws.Int32(3)}); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.StreamNames...)
			if len(page.StreamSummaries) != len(page.StreamNames) {
				t.Errorf("%d summaries for %d names", len(page.StreamSummaries), len(page.StreamNames))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		out, err := client.ListStreams(ctx, &awskinesis.ListStreamsInput{ExclusiveStartStreamName: aws.String("s4")})
		if err != nil || !slices.Equal(out.StreamNames, []string{"s5", "s6"}) {
			t.Errorf("behind s4 are %v, %v", out, err)
		}

		first, err := client.ListShards(ctx, &awskinesis.ListShardsInput{StreamName: aws.String("s6"), MaxResults: aws.Int32(3)})
		if err != nil {
			t.Fatal(err)
		}
		second, err := client.ListShards(ctx, &awskinesis.ListShardsInput{NextToken: first.NextToken, MaxResults: aws.Int32(3)})
		if err != nil {
			t.Fatal(err)
		}
		if len(first.Shards) != 3 || len(second.Shards) != 3 || *second.Shards[0].ShardId != "shardId-000000000003" {
			t.Errorf("pages of %d and %d shards", len(first.Shards), len(second.Shards))
		}
		_, err = client.ListShards(ctx, &awskinesis.ListShardsInput{NextToken: first.NextToken, StreamName: aws.String("s6")})
		wantCode(t, err, "InvalidArgumentException", "cannot be provided together")
		_, err = client.ListShards(ctx, &awskinesis.ListShardsInput{NextToken: aws.String("garbage")})
		wantCode(t, err, "InvalidArgumentException", "Invalid NextToken")
		time.Sleep(301 * time.Second)
		_, err = client.ListShards(ctx, &awskinesis.ListShardsInput{NextToken: first.NextToken})
		wantCode(t, err, "ExpiredNextTokenException", "300 seconds")
	})
}

// shardIDs lists the last digits of the shards that pass a filter.
func shardIDs(t *testing.T, client *awskinesis.Client, stream string, f *kinesistypes.ShardFilter) string {
	t.Helper()
	out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: &stream, ShardFilter: f})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range out.Shards {
		ids = append(ids, strings.TrimLeft((*s.ShardId)[8:20], "0")+"")
	}
	return strings.Join(ids, ",")
}

func TestReshardReadsParentsBeforeChildren(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		name := aws.String("clicks")
		createStream(t, client, "clicks", 2)
		putN(t, client, "clicks", 0, 100)
		_, err := client.SplitShard(ctx, &awskinesis.SplitShardInput{
			StreamName: name, ShardToSplit: aws.String("shardId-000000000001"), NewStartingHashKey: aws.String("255211775190703847597530955573826158592"),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.MergeShards(ctx, &awskinesis.MergeShardsInput{StreamName: name, ShardToMerge: aws.String("shardId-000000000000"), AdjacentShardToMerge: aws.String("shardId-000000000002")})
		wantCode(t, err, "ResourceInUseException", "UPDATING")
		putN(t, client, "clicks", 100, 100) // goes on while the stream is UPDATING
		time.Sleep(2 * time.Second)
		split := time.Now()
		time.Sleep(time.Hour)
		_, err = client.MergeShards(ctx, &awskinesis.MergeShardsInput{StreamName: name, ShardToMerge: aws.String("shardId-000000000000"), AdjacentShardToMerge: aws.String("shardId-000000000002")})
		if err != nil {
			t.Fatal(err)
		}
		putN(t, client, "clicks", 200, 100)
		time.Sleep(2 * time.Second)

		for _, c := range []struct {
			f    *kinesistypes.ShardFilter
			want string
		}{
			{nil, ",1,2,3,4"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest}, "3,4"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtTrimHorizon}, ",1"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeFromTrimHorizon}, ",1,2,3,4"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000002")}, "3,4"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtTimestamp, Timestamp: &split}, ",2,3"},
			{&kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeFromTimestamp, Timestamp: &split}, ",2,3,4"},
		} {
			if got := shardIDs(t, client, "clicks", c.f); got != c.want {
				t.Errorf("filter %+v gives %s, want %s", c.f, got, c.want)
			}
		}

		// From each parent's end the ChildShards lead to the rest.
		got, seen, todo := map[string]int{}, map[string]bool{}, []string{"shardId-000000000000", "shardId-000000000001"}
		for len(todo) > 0 {
			id := todo[0]
			todo = todo[1:]
			records, last := readAll(t, client, "clicks", id)
			for _, r := range records {
				got[string(r.Data)]++
			}
			if last.NextShardIterator == nil && len(last.ChildShards) == 0 {
				t.Errorf("%s ends without children", id)
			}
			for _, c := range last.ChildShards {
				if len(c.ParentShards) == 2 && *c.ShardId != "shardId-000000000004" {
					t.Errorf("%s has the parents %v", *c.ShardId, c.ParentShards)
				}
				if !seen[*c.ShardId] {
					seen[*c.ShardId] = true
					todo = append(todo, *c.ShardId)
				}
			}
		}
		if len(got) != 300 || !seen["shardId-000000000004"] {
			t.Errorf("%d records of 300, shards %v", len(got), seen)
		}

		_, err = client.SplitShard(ctx, &awskinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000001"), NewStartingHashKey: aws.String("300000000000000000000000000000000000000")})
		wantCode(t, err, "InvalidArgumentException", "has already been merged or split")
		_, err = client.SplitShard(ctx, &awskinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000003"), NewStartingHashKey: aws.String("3")})
		wantCode(t, err, "InvalidArgumentException", "is not both greater than")
		_, err = client.SplitShard(ctx, &awskinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000009"), NewStartingHashKey: aws.String("3")})
		wantCode(t, err, "ResourceNotFoundException", "Could not find shard shardId-000000000009")
		createStream(t, client, "other", 3)
		_, err = client.MergeShards(ctx, &awskinesis.MergeShardsInput{StreamName: aws.String("other"), ShardToMerge: aws.String("shardId-000000000000"), AdjacentShardToMerge: aws.String("shardId-000000000002")})
		wantCode(t, err, "InvalidArgumentException", "not an adjacent pair")

		// A day later the parents are gone.
		time.Sleep(25 * time.Hour)
		if got := shardIDs(t, client, "clicks", nil); got != "3,4" {
			t.Errorf("after a day the shards are %s", got)
		}
		_, err = client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
		wantCode(t, err, "ResourceNotFoundException", "does not exist")
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	began := time.Now()
	local.Test(t, start, &local.Options{}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		name, shard := aws.String("clicks"), "shardId-000000000000"
		createStream(t, client, "clicks", 1)
		putN(t, client, "clicks", 0, 10)
		time.Sleep(23 * time.Hour)
		putN(t, client, "clicks", 10, 10)
		if records, _ := readAll(t, client, "clicks", shard); len(records) != 20 {
			t.Errorf("%d records after 23 hours, want 20", len(records))
		}
		time.Sleep(90 * time.Minute)
		records, _ := readAll(t, client, "clicks", shard)
		if len(records) != 10 || string(records[0].Data) != "record 10" {
			t.Errorf("%d records after 24.5 hours, want the last 10", len(records))
		}
		// More retention does not bring back what has expired, not even after a restart.
		_, err := client.IncreaseStreamRetentionPeriod(ctx, &awskinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(168)})
		if err != nil {
			t.Fatal(err)
		}
		if records, _ := readAll(t, client, "clicks", shard); len(records) != 10 {
			t.Errorf("%d records with more retention, want 10", len(records))
		}
		time.Sleep(166 * time.Hour)
		if records, _ := readAll(t, client, "clicks", shard); len(records) != 10 {
			t.Errorf("%d records within the longer retention, want 10", len(records))
		}
		_, err = client.DecreaseStreamRetentionPeriod(ctx, &awskinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(24)})
		if err != nil {
			t.Fatal(err)
		}
		if records, _ := readAll(t, client, "clicks", shard); len(records) != 0 {
			t.Errorf("%d records after the retention was cut, want none", len(records))
		}
		_, err = client.IncreaseStreamRetentionPeriod(ctx, &awskinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(23)})
		wantCode(t, err, "InvalidArgumentException", "Minimum allowed retention period is 24 hours")
		_, err = client.IncreaseStreamRetentionPeriod(ctx, &awskinesis.IncreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(9000)})
		wantCode(t, err, "ValidationException", "Value '9000' at 'retentionPeriodHours' failed to satisfy constraint: Member must have value less than or equal to 8760")
		_, err = client.DecreaseStreamRetentionPeriod(ctx, &awskinesis.DecreaseStreamRetentionPeriodInput{StreamName: name, RetentionPeriodHours: aws.Int32(48)})
		wantCode(t, err, "InvalidArgumentException", "can not be longer than existing")
	})
	t.Logf("real time: %s", time.Since(began))
}

// TestADayOfRetentionIsQuick holds the time that waiting for a record's expiry takes.
func TestADayOfRetentionIsQuick(t *testing.T) {
	const most = slowdown * 50 * time.Millisecond
	var took time.Duration
	for range 20 { // the machine may be busy with something else: one of many must be quick
		began := time.Now()
		local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
			client := awskinesis.NewFromConfig(lake.Config())
			createStream(t, client, "clicks", 1)
			putN(t, client, "clicks", 0, 10)
			time.Sleep(24*time.Hour + time.Minute)
			if records, _ := readAll(t, client, "clicks", "shardId-000000000000"); len(records) != 0 {
				t.Errorf("%d records after 24 hours", len(records))
			}
		})
		if took = time.Since(began); took < most {
			return
		}
	}
	t.Errorf("24 hours took %s, want less than %s", took, most)
}

func TestStreamSettings(t *testing.T) {
	t.Parallel()
	client := awskinesis.NewFromConfig(open(t, nil).Config())
	ctx, name := t.Context(), aws.String("clicks")
	createStream(t, client, "clicks", 1)
	summary := func() *kinesistypes.StreamDescriptionSummary {
		t.Helper()
		out, err := client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: name})
		if err != nil {
			t.Fatal(err)
		}
		return out.StreamDescriptionSummary
	}
	arn := summary().StreamARN

	key := aws.String("alias/lake")
	if _, err := client.StartStreamEncryption(ctx, &awskinesis.StartStreamEncryptionInput{StreamName: name, EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: key}); err != nil {
		t.Fatal(err)
	}
	if s := summary(); s.EncryptionType != kinesistypes.EncryptionTypeKms || *s.KeyId != "alias/lake" {
		t.Errorf("encrypted stream: %s, %v", s.EncryptionType, s.KeyId)
	}
	put, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("k")})
	if err != nil || put.EncryptionType != kinesistypes.EncryptionTypeKms {
		t.Errorf("put to an encrypted stream: %v, %v", put, err)
	}
	if _, err := client.StopStreamEncryption(ctx, &awskinesis.StopStreamEncryptionInput{StreamName: name, EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: key}); err != nil {
		t.Fatal(err)
	}
	putN(t, client, "clicks", 0, 1)
	records, _ := readAll(t, client, "clicks", "shardId-000000000000")
	if len(records) != 2 || records[0].EncryptionType != kinesistypes.EncryptionTypeKms || records[1].EncryptionType != "" {
		t.Errorf("a record from before and one from after: %+v", records)
	}
	_, err = client.StartStreamEncryption(ctx, &awskinesis.StartStreamEncryptionInput{StreamName: name, EncryptionType: kinesistypes.EncryptionTypeNone, KeyId: key})
	wantCode(t, err, "InvalidArgumentException", "EncryptionType must be KMS")

	big := make([]byte, 2<<20)
	_, err = client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: name, Data: big, PartitionKey: aws.String("k")})
	wantCode(t, err, "ValidationException", "Value 'java.nio.HeapByteBuffer[pos=0 lim=2097152 cap=2097152]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576")
	if _, err := client.UpdateMaxRecordSize(ctx, &awskinesis.UpdateMaxRecordSizeInput{StreamARN: arn, MaxRecordSizeInKiB: aws.Int32(3000)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: name, Data: big, PartitionKey: aws.String("k")}); err != nil {
		t.Error(err)
	}
	_, err = client.UpdateMaxRecordSize(ctx, &awskinesis.UpdateMaxRecordSizeInput{StreamARN: arn, MaxRecordSizeInKiB: aws.Int32(20000)})
	wantCode(t, err, "ValidationException", "less than or equal to 10240")

	if _, err := client.AddTagsToStream(ctx, &awskinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.TagResource(ctx, &awskinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"b": "3", "c": ""}}); err != nil {
		t.Fatal(err)
	}
	tags, err := client.ListTagsForStream(ctx, &awskinesis.ListTagsForStreamInput{StreamName: name, Limit: aws.Int32(2)})
	if err != nil || len(tags.Tags) != 2 || *tags.Tags[1].Value != "3" || !*tags.HasMoreTags {
		t.Errorf("tags: %+v, %v", tags, err)
	}
	if _, err := client.RemoveTagsFromStream(ctx, &awskinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagResource(ctx, &awskinesis.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	left, err := client.ListTagsForResource(ctx, &awskinesis.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil || len(left.Tags) != 1 || *left.Tags[0].Key != "c" {
		t.Errorf("tags left: %+v, %v", left, err)
	}
	many := map[string]string{}
	for i := range 60 {
		many[fmt.Sprint(i)] = "x"
	}
	_, err = client.AddTagsToStream(ctx, &awskinesis.AddTagsToStreamInput{StreamName: name, Tags: many})
	wantCode(t, err, "InvalidArgumentException", "more than 50 tags")
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	client := awskinesis.NewFromConfig(open(t, nil).Config())
	createStream(t, client, "clicks", 1)
	ctx, name, shard := t.Context(), aws.String("clicks"), aws.String("shardId-000000000000")
	entry := func(n int) []kinesistypes.PutRecordsRequestEntry {
		return slices.Repeat([]kinesistypes.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: aws.String("k")}}, n)
	}
	for _, c := range []struct {
		code, text string
		call       func(ctx context.Context) error
	}{
		{"ValidationException", "Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("a b"), ShardCount: aws.Int32(1)})
			return err
		}},
		{"ValidationException", "2 validation errors detected: Value '0' at 'shardCount'", func(ctx context.Context) error {
			_, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("a/b"), ShardCount: aws.Int32(0)})
			return err
		}},
		{"InvalidArgumentException", "Either StreamName or StreamARN must be provided.", func(ctx context.Context) error {
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{Records: entry(1)})
			return err
		}},
		{"ResourceNotFoundException", "Stream nothere under account 000000000000 not found.", func(ctx context.Context) error {
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: aws.String("nothere"), Records: entry(1)})
			return err
		}},
		{"ResourceNotFoundException", "not found", func(ctx context.Context) error {
			_, err := client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:111111111111:stream/clicks")})
			return err
		}},
		{"ValidationException", "' at 'records' failed to satisfy constraint: Member must have length less than or equal to 500", func(ctx context.Context) error {
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: name, Records: entry(501)})
			return err
		}},
		{"InvalidArgumentException", "Records size exceeds 10 MB limit", func(ctx context.Context) error {
			rs := entry(12)
			for i := range rs {
				rs[i].Data = make([]byte, 1<<20-1)
			}
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: name, Records: rs})
			return err
		}},
		{"ValidationException", "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'records.2.member.data'", func(ctx context.Context) error {
			rs := entry(2)
			rs[1].Data = make([]byte, 1<<20+1)
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: name, Records: rs})
			return err
		}},
		{"ValidationException", "é' at 'records.1.member.partitionKey'", func(ctx context.Context) error {
			rs := entry(1)
			rs[0].PartitionKey = aws.String(strings.Repeat("é", 257))
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: name, Records: rs})
			return err
		}},
		{"InvalidArgumentException", "Invalid ExplicitHashKey", func(ctx context.Context) error {
			rs := entry(1)
			rs[0].ExplicitHashKey = aws.String("340282366920938463463374607431768211456")
			_, err := client.PutRecords(ctx, &awskinesis.PutRecordsInput{StreamName: name, Records: rs})
			return err
		}},
		{"InvalidArgumentException", "ExclusiveMinimumSequenceNumber 26227199374822427428162556223570313216 used in PutRecord", func(ctx context.Context) error {
			_, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: name, Data: []byte("x"), PartitionKey: aws.String("k"), SequenceNumberForOrdering: aws.String("26227199374822427428162556223570313216")})
			return err
		}},
		{"InvalidArgumentException", "Invalid ShardIterator.", func(ctx context.Context) error {
			_, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: aws.String("AAAA")})
			return err
		}},
		{"ValidationException", "Value '10001' at 'limit'", func(ctx context.Context) error {
			_, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: aws.String("AAAA"), Limit: aws.Int32(10001)})
			return err
		}},
		{"ValidationException", "at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set", func(ctx context.Context) error {
			_, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: shard, ShardIteratorType: "EARLIEST"})
			return err
		}},
		{"InvalidArgumentException", "no StartingSequenceNumber", func(ctx context.Context) error {
			_, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: shard, ShardIteratorType: "AT_SEQUENCE_NUMBER"})
			return err
		}},
		{"InvalidArgumentException", "It encodes shardId-000000000006, while it was used in a call to a shard with shardId-000000000000", func(ctx context.Context) error {
			_, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: shard, ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: aws.String("49590338271490256608559692538361571095921575989136588898")})
			return err
		}},
		{"InvalidArgumentException", "cannot be greater than the currentTimestampInMillis", func(ctx context.Context) error {
			_, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: shard, ShardIteratorType: "AT_TIMESTAMP", Timestamp: aws.Time(time.Now().Add(time.Hour))})
			return err
		}},
		{"ResourceNotFoundException", "Shard shardId-000000000007 in stream clicks under account 000000000000 does not exist", func(ctx context.Context) error {
			_, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000007"), ShardIteratorType: "LATEST"})
			return err
		}},
	} {
		err := c.call(ctx)
		wantCode(t, err, c.code, c.text)
	}
	if records, _ := readAll(t, client, "clicks", *shard); len(records) != 0 {
		t.Errorf("%d records came in by refused requests", len(records))
	}
}

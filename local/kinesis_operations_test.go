package local_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/local"
)

// TestEveryOperationIsKnown calls all operations that the SDK has, in both formats.
func TestEveryOperationIsKnown(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	ctxType, known := reflect.TypeFor[context.Context](), 0
	for client, i := reflect.TypeFor[*awskinesis.Client](), 0; i < client.NumMethod(); i++ {
		m := client.Method(i)
		if m.Type.NumIn() != 4 || m.Type.In(1) != ctxType || !strings.HasSuffix(m.Type.In(2).String(), m.Name+"Input") {
			continue
		}
		known++
		for format, body := range map[string]string{"application/x-amz-json-1.1": "{}", "application/x-amz-cbor-1.1": "\xa0"} {
			_, header, b := post(t, lake, m.Name, format, []byte(body))
			if header.Get("X-Amzn-Errortype") == "UnknownOperationException" {
				t.Errorf("%s in %s: %s", m.Name, format, b)
			}
		}
	}
	if known < 45 {
		t.Errorf("the SDK has %d operations: this test does not see them all", known)
	}
	status, _, b := post(t, lake, "ListBuckets", "application/x-amz-json-1.1", []byte("{}"))
	if status != 400 || string(b) != `{"__type":"UnknownOperationException"}` {
		t.Errorf("an operation that nobody knows: %d %s", status, b)
	}
}

// shardsOf gives a stream's shards as text: the id's last digit, parents', and whether it is
// closed.
func shardsOf(t *testing.T, client *awskinesis.Client, stream string) string {
	t.Helper()
	var text []string
	out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range out.Shards {
		w := (*s.ShardId)[19:]
		for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
			if parent != nil {
				w += "<" + (*parent)[19:]
			}
		}
		if s.SequenceNumberRange.EndingSequenceNumber != nil {
			w += "x"
		}
		text = append(text, w)
	}
	return strings.Join(text, " ")
}

func TestUpdateShardCount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	local.Test(t, start, &local.Options{Dir: dir, Limits: true}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		createStream(t, client, "clicks", 4)
		update := func(n int32) (*awskinesis.UpdateShardCountOutput, error) {
			return client.UpdateShardCount(ctx, &awskinesis.UpdateShardCountInput{
				StreamName: aws.String("clicks"), TargetShardCount: &n, ScalingType: kinesistypes.ScalingTypeUniformScaling,
			}, func(o *awskinesis.Options) { o.RetryMaxAttempts = 1 })
		}
		status := func() kinesistypes.StreamStatus {
			t.Helper()
			out, err := client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
			if err != nil {
				t.Fatal(err)
			}
			return out.StreamDescriptionSummary.StreamStatus
		}
		for n, text := range map[int32]string{
			9:      "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 4, Target shard count: 9",
			1:      "UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: 4, Target shard count: 1",
			10_001: "Target shard count or number of open shards cannot be greater than 10000. Current open shard count: 4, Target shard count: 10001",
		} {
			_, err := update(n)
			wantCode(t, err, "LimitExceededException", text)
		}

		// To three: two cuts, while the old shards take records, then three pairs are merged.
		putN(t, client, "clicks", 0, 100)
		out, err := update(3)
		if err != nil {
			t.Fatal(err)
		}
		if *out.CurrentShardCount != 4 || *out.TargetShardCount != 3 || *out.StreamName != "clicks" || !strings.HasSuffix(*out.StreamARN, ":stream/clicks") {
			t.Errorf("the answer is %+v", out)
		}
		_, err = update(4)
		wantCode(t, err, "ResourceInUseException", "not ACTIVE, instead in state UPDATING")
		for _, r := range putN(t, client, "clicks", 100, 100) {
			if *r.ShardId > "shardId-000000000003" {
				t.Fatalf("a record is in %s before the reshard", *r.ShardId)
			}
		}
		if got, want := shardsOf(t, client, "clicks"), "0 1 2 3"; got != want {
			t.Errorf("at once: %s, want %s", got, want)
		}
		time.Sleep(600 * time.Millisecond)
		if got, want := shardsOf(t, client, "clicks"), "0 1x 2x 3 4<1 5<1 6<2 7<2"; got != want || status() != kinesistypes.StreamStatusUpdating {
			t.Errorf("after the splits: %s, %s, want %s", got, status(), want)
		}
		putN(t, client, "clicks", 200, 100)
		time.Sleep(600 * time.Millisecond)
		if got, want := shardsOf(t, client, "clicks"), "0x 1x 2x 3x 4<1x 5<1x 6<2x 7<2x 8<0<4 9<5<6 0<7<3"; got != want || status() != kinesistypes.StreamStatusActive {
			t.Errorf("after the merges: %s, %s, want %s", got, status(), want)
		}
		total := 0
		for i := range 11 {
			records, _ := readAll(t, client, "clicks", fmt.Sprintf("shardId-%012d", i))
			total += len(records)
			time.Sleep(time.Second)
		}
		if total != 300 {
			t.Errorf("%d records in all shards, put were 300", total)
		}

		for i := range int32(9) {
			if _, err := update(3 + i%2); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		}
		_, err = update(3)
		wantCode(t, err, "LimitExceededException", "10 times for stream clicks under account 000000000000 within 24 hours")
		time.Sleep(24 * time.Hour)
		if _, err := update(6); err != nil {
			t.Error(err)
		}
	})
	// The lake was closed in the middle of a reshard, which goes on.
	local.Test(t, start.Add(48*time.Hour), &local.Options{Dir: dir}, func(t *testing.T, lake *local.Lake) {
		client := awskinesis.NewFromConfig(lake.Config())
		out, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamName: aws.String("clicks"), ShardFilter: &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest}})
		if err != nil || len(out.Shards) != 6 {
			t.Errorf("%d open shards, %v, want 6", len(out.Shards), err)
		}
		createStream(t, client, "new", 2) // without limits all is done at once
		if _, err := client.UpdateShardCount(t.Context(), &awskinesis.UpdateShardCountInput{
			StreamName: aws.String("new"), TargetShardCount: aws.Int32(3), ScalingType: kinesistypes.ScalingTypeUniformScaling,
		}); err != nil {
			t.Fatal(err)
		}
		if got, want := shardsOf(t, client, "new"), "0x 1x 2<0 3<0x 4<1x 5<1 6<3<4"; got != want {
			t.Errorf("to three at once: %s, want %s", got, want)
		}
	})
}

func TestStreamModes(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config(), func(o *awskinesis.Options) { o.RetryMaxAttempts = 1 })
		createStream(t, client, "clicks", 2)
		arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/clicks")
		toMode := func(m kinesistypes.StreamMode) error {
			_, err := client.UpdateStreamMode(ctx, &awskinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: m}})
			time.Sleep(time.Second)
			return err
		}
		describe := func() *kinesistypes.StreamDescriptionSummary {
			t.Helper()
			out, err := client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamARN: arn})
			if err != nil {
				t.Fatal(err)
			}
			return out.StreamDescriptionSummary
		}
		auto := func() error {
			_, err := client.UpdateStreamRecordDistributionStrategy(ctx, &awskinesis.UpdateStreamRecordDistributionStrategyInput{StreamARN: arn, RecordDistributionStrategy: kinesistypes.RecordDistributionStrategyAuto})
			return err
		}
		warm := func(mibps int32) (*awskinesis.UpdateStreamWarmThroughputOutput, error) {
			return client.UpdateStreamWarmThroughput(ctx, &awskinesis.UpdateStreamWarmThroughputInput{StreamARN: arn, WarmThroughputMiBps: &mibps})
		}
		wantCode(t, auto(), "InvalidArgumentException", "is in PROVISIONED mode")
		if s := describe(); s.RecordDistributionStrategy != "" || s.WarmThroughput != nil {
			t.Errorf("a provisioned stream is %+v", s)
		}
		if err := toMode(kinesistypes.StreamModeOnDemand); err != nil {
			t.Fatal(err)
		}
		if s := describe(); s.StreamModeDetails.StreamMode != kinesistypes.StreamModeOnDemand || *s.OpenShardCount != 2 || s.RecordDistributionStrategy != kinesistypes.RecordDistributionStrategyUserPartitionKey {
			t.Errorf("an on-demand stream is %+v", s)
		}
		_, err := client.UpdateShardCount(ctx, &awskinesis.UpdateShardCountInput{StreamARN: arn, TargetShardCount: aws.Int32(4), ScalingType: kinesistypes.ScalingTypeUniformScaling})
		wantCode(t, err, "ValidationException", "ON_DEMAND")

		// Records without a key, or with one that is not regarded, are spread evenly.
		in := &awskinesis.PutRecordsInput{StreamARN: arn}
		for range 10 {
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: []byte("x")})
		}
		_, err = client.PutRecords(ctx, in)
		wantCode(t, err, "ValidationException", "10 validation errors detected: Value null at 'records.1.member.partitionKey' failed to satisfy constraint: Member must not be null")
		if err := auto(); err != nil {
			t.Fatal(err)
		}
		in.Records[3].PartitionKey, in.Records[3].ExplicitHashKey = aws.String("k"), aws.String("0")
		out, err := client.PutRecords(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		per := map[string]int{}
		for _, r := range out.Records {
			per[(*r.ShardId)[19:]]++
		}
		if diff := cmp.Diff(map[string]int{"0": 5, "1": 5}, per); diff != "" {
			t.Errorf("records per shard: %s", diff)
		}
		if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamARN: arn, Data: []byte("x")}); err != nil {
			t.Error(err)
		}

		// Warm throughput wants the account's commitment.
		_, err = warm(6)
		wantCode(t, err, "ValidationException", "MinimumThroughputBillingCommitment")
		set := func(to kinesistypes.MinimumThroughputBillingCommitmentInputStatus) *kinesistypes.MinimumThroughputBillingCommitmentOutput {
			t.Helper()
			out, err := client.UpdateAccountSettings(ctx, &awskinesis.UpdateAccountSettingsInput{MinimumThroughputBillingCommitment: &kinesistypes.MinimumThroughputBillingCommitmentInput{Status: to}})
			if err != nil {
				t.Fatal(err)
			}
			return out.MinimumThroughputBillingCommitment
		}
		c := set(kinesistypes.MinimumThroughputBillingCommitmentInputStatusEnabled)
		if c.Status != kinesistypes.MinimumThroughputBillingCommitmentOutputStatusEnabled || c.EarliestAllowedEndAt.Sub(*c.StartedAt) != 24*time.Hour || c.EndedAt != nil {
			t.Errorf("the commitment is %+v", c)
		}
		got, err := warm(6)
		if err != nil || *got.WarmThroughput.TargetMiBps != 6 || *got.WarmThroughput.CurrentMiBps != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		time.Sleep(5 * time.Second)
		if s := describe(); *s.OpenShardCount != 6 || *s.WarmThroughput.CurrentMiBps != 6 {
			t.Errorf("warm, it is %+v", s)
		}
		c = set(kinesistypes.MinimumThroughputBillingCommitmentInputStatusDisabled)
		if c.Status != kinesistypes.MinimumThroughputBillingCommitmentOutputStatusEnabledUntilEarliestAllowedEnd || !c.EndedAt.Equal(*c.EarliestAllowedEndAt) {
			t.Errorf("ended early, the commitment is %+v", c)
		}

		if err := toMode(kinesistypes.StreamModeProvisioned); err != nil {
			t.Fatal(err)
		}
		if s := describe(); *s.OpenShardCount != 6 || s.RecordDistributionStrategy != "" || s.WarmThroughput != nil {
			t.Errorf("provisioned again, it is %+v", s)
		}
		wantCode(t, toMode(kinesistypes.StreamModeOnDemand), "LimitExceededException", "2 times within 24 hours")
		time.Sleep(24 * time.Hour)
		if err := toMode(kinesistypes.StreamModeOnDemand); err != nil {
			t.Error(err)
		}
		settings, err := client.DescribeAccountSettings(ctx, &awskinesis.DescribeAccountSettingsInput{})
		if err != nil || settings.MinimumThroughputBillingCommitment.Status != kinesistypes.MinimumThroughputBillingCommitmentOutputStatusDisabled {
			t.Errorf("a day later the settings are %+v, %v", settings, err)
		}
	})
}

func TestMonitoringPoliciesAndTags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/clicks")
	var consumer *string
	const policy = `{"Version":"2012-10-17","Statement":[]}`
	local.Test(t, start, &local.Options{Dir: dir, Limits: true}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		createStream(t, client, "clicks", 1)
		on, err := client.EnableEnhancedMonitoring(ctx, &awskinesis.EnableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []kinesistypes.MetricsName{"IteratorAgeMilliseconds", "IncomingBytes"}})
		if err != nil || len(on.CurrentShardLevelMetrics) != 0 || fmt.Sprint(on.DesiredShardLevelMetrics) != "[IncomingBytes IteratorAgeMilliseconds]" || *on.StreamName != "clicks" {
			t.Fatalf("%+v, %v", on, err)
		}
		time.Sleep(time.Second)
		if on, err = client.EnableEnhancedMonitoring(ctx, &awskinesis.EnableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []kinesistypes.MetricsName{"ALL"}}); err != nil || len(on.CurrentShardLevelMetrics) != 2 || len(on.DesiredShardLevelMetrics) != 7 {
			t.Fatalf("%+v, %v", on, err)
		}
		time.Sleep(time.Second)
		off, err := client.DisableEnhancedMonitoring(ctx, &awskinesis.DisableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []kinesistypes.MetricsName{"IncomingBytes"}})
		if err != nil || len(off.CurrentShardLevelMetrics) != 7 || len(off.DesiredShardLevelMetrics) != 6 {
			t.Fatalf("%+v, %v", off, err)
		}
		_, err = client.EnableEnhancedMonitoring(ctx, &awskinesis.EnableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []kinesistypes.MetricsName{"Everything"}})
		wantCode(t, err, "ValidationException", "Value '[Everything]' at 'shardLevelMetrics' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [")
		time.Sleep(time.Second)

		reg, err := client.RegisterStreamConsumer(ctx, &awskinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("app"), Tags: map[string]string{"a": "1"}})
		if err != nil {
			t.Fatal(err)
		}
		consumer = reg.Consumer.ConsumerARN
		if _, err := client.TagResource(ctx, &awskinesis.TagResourceInput{ResourceARN: consumer, Tags: map[string]string{"b": "2"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.UntagResource(ctx, &awskinesis.UntagResourceInput{ResourceARN: consumer, TagKeys: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		_, err = client.TagResource(ctx, &awskinesis.TagResourceInput{ResourceARN: aws.String(*consumer + "0"), Tags: map[string]string{"b": "2"}})
		wantCode(t, err, "ResourceNotFoundException", "not found")
		for text, tags := range map[string]map[string]string{
			"Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.": {"a;": "1"},
			"because some tags contained illegal characters":                                                                 {"a": "100%"},
		} {
			_, err = client.TagResource(ctx, &awskinesis.TagResourceInput{ResourceARN: arn, Tags: tags})
			wantCode(t, err, "InvalidArgumentException", text)
		}
		for _, resource := range []*string{arn, consumer} {
			_, err := client.GetResourcePolicy(ctx, &awskinesis.GetResourcePolicyInput{ResourceARN: resource})
			wantCode(t, err, "ResourceNotFoundException", "No resource policy found for resource ARN "+*resource)
			_, err = client.PutResourcePolicy(ctx, &awskinesis.PutResourcePolicyInput{ResourceARN: resource, Policy: aws.String("[]")})
			wantCode(t, err, "InvalidArgumentException", "is not a JSON object with a Statement")
			if _, err := client.PutResourcePolicy(ctx, &awskinesis.PutResourcePolicyInput{ResourceARN: resource, Policy: aws.String(policy)}); err != nil {
				t.Error(err)
			}
		}
		_, err = client.CreateChannel(ctx, &awskinesis.CreateChannelInput{ChannelName: aws.String("c"), ServiceExecutionRoleARN: arn, StreamConfigurationList: []kinesistypes.ChannelStreamConfiguration{{
			StreamARN: arn, RecordConfiguration: &kinesistypes.RecordConfiguration{RecordFormatType: "JSON"},
		}}})
		wantCode(t, err, "InvalidArgumentException", "the local lake has no channels")
		if channels, err := client.ListChannels(ctx, &awskinesis.ListChannelsInput{}); err != nil || len(channels.ChannelSummaries) != 0 {
			t.Errorf("channels: %+v, %v", channels, err)
		}
	})
	local.Test(t, start.Add(time.Hour), &local.Options{Dir: dir}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		d, err := client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamARN: arn})
		if err != nil || len(d.StreamDescription.EnhancedMonitoring[0].ShardLevelMetrics) != 6 {
			t.Errorf("after reopening: %+v, %v", d, err)
		}
		tags, err := client.ListTagsForResource(ctx, &awskinesis.ListTagsForResourceInput{ResourceARN: consumer})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "b" {
			t.Errorf("after reopening the consumer's tags are %+v, %v", tags, err)
		}
		for _, resource := range []*string{arn, consumer} {
			p, err := client.GetResourcePolicy(ctx, &awskinesis.GetResourcePolicyInput{ResourceARN: resource})
			if err != nil || *p.Policy != policy {
				t.Errorf("after reopening the policy is %v, %v", p, err)
			}
			if _, err := client.DeleteResourcePolicy(ctx, &awskinesis.DeleteResourcePolicyInput{ResourceARN: resource}); err != nil {
				t.Error(err)
			}
			_, err = client.GetResourcePolicy(ctx, &awskinesis.GetResourcePolicyInput{ResourceARN: resource})
			wantCode(t, err, "ResourceNotFoundException", "No resource policy found")
		}
	})
}

// TestRatesOfCalls holds, for operations of each kind, how many of a burst are let through and
// how many a second later.
func TestRatesOfCalls(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config(), func(o *awskinesis.Options) { o.RetryMaxAttempts = 1 })
		names := []*string{aws.String("a"), aws.String("b")}
		for _, n := range names {
			createStream(t, client, *n, 1)
			time.Sleep(time.Second)
		}
		arn := func(n *string) *string { return aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + *n) }
		for operation, c := range map[string]struct {
			most int // of a burst of calls that take turns between two streams
			text string
			call func(name *string) error
		}{
			"DescribeStream": {10, "Rate exceeded for account 000000000000", func(n *string) error {
				_, err := client.DescribeStream(ctx, &awskinesis.DescribeStreamInput{StreamName: n})
				return err
			}},
			"DescribeStreamSummary": {20, "Rate exceeded for account", func(n *string) error {
				_, err := client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamARN: arn(n)})
				return err
			}},
			"DescribeLimits": {1, "Rate exceeded for account", func(*string) error {
				_, err := client.DescribeLimits(ctx, &awskinesis.DescribeLimitsInput{})
				return err
			}},
			"ListStreams": {5, "Rate exceeded for account", func(*string) error {
				_, err := client.ListStreams(ctx, &awskinesis.ListStreamsInput{})
				return err
			}},
			"ListStreamConsumers": {10, "Rate exceeded for stream", func(n *string) error {
				_, err := client.ListStreamConsumers(ctx, &awskinesis.ListStreamConsumersInput{StreamARN: arn(n)})
				return err
			}},
			"GetResourcePolicy": {5, "Rate exceeded for account", func(n *string) error {
				_, err := client.GetResourcePolicy(ctx, &awskinesis.GetResourcePolicyInput{ResourceARN: arn(n)})
				if err != nil && strings.Contains(err.Error(), "No resource policy") {
					return nil
				}
				return err
			}},
		} {
			for range 2 {
				began, let := time.Now(), 0
				for i := range c.most + 4 {
					if err := c.call(names[i%2]); err == nil {
						let++
					} else {
						wantCode(t, err, "LimitExceededException", c.text)
					}
				}
				// The burst takes a few milliseconds, in which the buckets fill a bit.
				if more := int(time.Since(began).Seconds()*float64(c.most)) + 1; let < c.most || let > c.most+more {
					t.Errorf("%s: %d calls of a burst were let through, want %d", operation, let, c.most)
				}
				time.Sleep(2 * time.Second)
			}
		}
		// Five streams in creation, and no sixth.
		for i := range 6 {
			_, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String(fmt.Sprint("s", i)), ShardCount: aws.Int32(1)})
			if i < 5 && err != nil {
				t.Error(err)
			} else if i == 5 {
				wantCode(t, err, "LimitExceededException", "000000000000")
			}
		}
		for i := range 26 {
			time.Sleep(time.Second)
			_, err := client.StartStreamEncryption(ctx, &awskinesis.StartStreamEncryptionInput{StreamName: names[0], EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: aws.String("k")})
			if i < 25 && err != nil {
				t.Fatal(err)
			} else if i == 25 {
				wantCode(t, err, "LimitExceededException", "25 times within 24 hours")
			}
		}
	})
}

package kinesis

import (
	"regexp"
	"slices"
)

// The shapes that several operations have.
var (
	streamName   = text(1, 128, `[a-zA-Z0-9_.-]+`)
	shardID      = streamName
	consumerName = streamName
	streamARN    = text(1, 2048, `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`)
	resourceARN  = text(1, 2048, `arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`)
	consumerARN  = text(1, 2048, `^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`)
	streamID     = ownID()
	hashKey      = text(0, unbounded, `0|([1-9]\d{0,38})`)
	sequence     = text(0, unbounded, `0|([1-9]\d{0,128})`)
	partitionKey = text(1, 256, "")
	recordData   = &shape{kind: aBlob, most: 10 << 20}
	tagKey       = text(1, 128, "")
	tagKeys      = list(1, 50, tagKey)
	tagMap       = &shape{kind: aMap, least: 1, most: 200, key: tagKey, elem: text(0, 256, "")}
	nextToken    = text(1, 1<<20, "")
	pageSize     = number(1, 10_000)
	shardCount   = number(1, 100_000)
	timestamp    = &shape{kind: aTime}
	yesOrNo      = &shape{kind: aFlag}
	modeDetails  = structure(need("StreamMode", oneOf(provisioned, onDemand)))
	warmMiBps    = number(0, unbounded)
	recordKiB    = number(1024, 10_240)
	retention    = number(1, maxRetention)
	iteratorType = oneOf("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON")
	encryption   = oneOf("NONE", "KMS")
	keyID        = text(1, 2048, "")
	metricsList  = list(1, 7, oneOf(append(slices.Clone(shardMetrics), allMetrics)...))
	policyText   = text(0, unbounded, "")
	channelARN   = text(1, 2048, "")
)

// ownID is a StreamId. The lake's own have no dash, see newID.
func ownID() *shape {
	s := text(1, 24, `[a-z0-9]{20}-[a-z0-9]{3}`)
	s.regexp = regexp.MustCompile(`^[a-z0-9]{20}(-[a-z0-9]{3}|[a-z0-9]{4})$`)
	return s
}

// ofStream gives the shape of an operation that names a stream in one of three ways.
func ofStream(members ...member) *shape {
	return structure(append(members, may("StreamName", streamName), may("StreamARN", streamARN), may("StreamId", streamID))...)
}

func ofResource(members ...member) *shape {
	return structure(append(members, need("ResourceARN", resourceARN), may("StreamId", streamID))...)
}

func ofConsumer() *shape {
	return structure(may("StreamARN", streamARN), may("ConsumerName", consumerName), may("ConsumerARN", consumerARN), may("StreamId", streamID))
}

// shapes are the operations' inputs: of botocore's model of 2026-05 all, and of the newer
// model in aws-sdk-go-v2 what has come to it since.
var shapes = map[string]*shape{
	"AddTagsToStream": ofStream(need("Tags", tagMap)),
	"CreateChannel": structure(need("ChannelName", streamName), need("ServiceExecutionRoleARN", text(1, 2048, "")),
		need("StreamConfigurationList", list(1, unbounded, structure()))),
	"CreateStream": structure(need("StreamName", streamName), may("ShardCount", shardCount), may("StreamModeDetails", modeDetails),
		may("Tags", tagMap), may("WarmThroughputMiBps", warmMiBps), may("MaxRecordSizeInKiB", recordKiB)),
	"DecreaseStreamRetentionPeriod": ofStream(need("RetentionPeriodHours", retention)),
	"DeleteChannel":                 structure(need("ChannelARN", channelARN)),
	"DeleteResourcePolicy":          ofResource(),
	"DeleteStream":                  ofStream(may("EnforceConsumerDeletion", yesOrNo)),
	"DeregisterStreamConsumer":      ofConsumer(),
	"DescribeAccountSettings":       structure(),
	"DescribeChannel":               structure(need("ChannelARN", channelARN)),
	"DescribeLimits":                structure(),
	"DescribeStream":                ofStream(may("Limit", pageSize), may("ExclusiveStartShardId", shardID)),
	"DescribeStreamConsumer":        ofConsumer(),
	"DescribeStreamSummary":         ofStream(),
	"DisableEnhancedMonitoring":     ofStream(need("ShardLevelMetrics", metricsList)),
	"EnableEnhancedMonitoring":      ofStream(need("ShardLevelMetrics", metricsList)),
	"GetRecords": structure(need("ShardIterator", text(1, 512, "")), may("Limit", pageSize), may("StreamARN", streamARN),
		may("StreamId", streamID)),
	"GetResourcePolicy": ofResource(),
	"GetShardIterator": ofStream(need("ShardId", shardID), need("ShardIteratorType", iteratorType),
		may("StartingSequenceNumber", sequence), may("Timestamp", timestamp)),
	"IncreaseStreamRetentionPeriod": ofStream(need("RetentionPeriodHours", retention)),
	"ListChannels":                  structure(may("MaxResults", pageSize), may("NextToken", nextToken), may("StreamFilter", list(0, unbounded, structure()))),
	"ListShards": ofStream(may("NextToken", nextToken), may("ExclusiveStartShardId", shardID), may("MaxResults", pageSize),
		may("StreamCreationTimestamp", timestamp), may("ShardFilter", structure(
			need("Type", oneOf("AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP")),
			may("ShardId", shardID), may("Timestamp", timestamp)))),
	"ListStreamConsumers": structure(need("StreamARN", streamARN), may("NextToken", nextToken), may("MaxResults", pageSize),
		may("StreamCreationTimestamp", timestamp), may("StreamId", streamID)),
	"ListStreams":         structure(may("Limit", pageSize), may("ExclusiveStartStreamName", streamName), may("NextToken", nextToken)),
	"ListTagsForResource": ofResource(),
	"ListTagsForStream":   ofStream(may("ExclusiveStartTagKey", tagKey), may("Limit", number(1, maxTags))),
	"MergeShards":         ofStream(need("ShardToMerge", shardID), need("AdjacentShardToMerge", shardID)),
	"PutRecord": ofStream(need("Data", recordData), need("PartitionKey", partitionKey), may("ExplicitHashKey", hashKey),
		may("SequenceNumberForOrdering", sequence)),
	"PutRecords": ofStream(need("Records", list(1, maxRecords, recordEntry(need)))),
	// What a stream with the AUTO strategy takes: there a record needs no key.
	"PutRecord/" + autoStrategy: ofStream(need("Data", recordData), may("PartitionKey", partitionKey), may("ExplicitHashKey", hashKey),
		may("SequenceNumberForOrdering", sequence)),
	"PutRecords/" + autoStrategy: ofStream(need("Records", list(1, maxRecords, recordEntry(may)))),
	"PutResourcePolicy":          ofResource(need("Policy", policyText)),
	"RegisterStreamConsumer": structure(need("StreamARN", streamARN), need("ConsumerName", consumerName), may("StreamId", streamID),
		may("Tags", tagMap)),
	"RemoveTagsFromStream":  ofStream(need("TagKeys", tagKeys)),
	"SplitShard":            ofStream(need("ShardToSplit", shardID), need("NewStartingHashKey", hashKey)),
	"StartStreamEncryption": ofStream(need("EncryptionType", encryption), need("KeyId", keyID)),
	"StopStreamEncryption":  ofStream(need("EncryptionType", encryption), need("KeyId", keyID)),
	"SubscribeToShard": structure(need("ConsumerARN", consumerARN), may("StreamId", streamID), need("ShardId", shardID),
		need("StartingPosition", structure(need("Type", iteratorType), may("SequenceNumber", sequence), may("Timestamp", timestamp))),
		may("DryRun", yesOrNo)),
	"TagResource":           ofResource(need("Tags", tagMap)),
	"UntagResource":         ofResource(need("TagKeys", tagKeys)),
	"UpdateAccountSettings": structure(need("MinimumThroughputBillingCommitment", structure(need("Status", oneOf(enabled, disabled))))),
	"UpdateChannel":         structure(need("ChannelARN", channelARN)),
	"UpdateMaxRecordSize":   structure(may("StreamARN", streamARN), may("StreamId", streamID), need("MaxRecordSizeInKiB", recordKiB)),
	"UpdateShardCount":      ofStream(need("TargetShardCount", shardCount), need("ScalingType", oneOf("UNIFORM_SCALING"))),
	"UpdateStreamMode": structure(need("StreamARN", streamARN), may("StreamId", streamID), need("StreamModeDetails", modeDetails),
		may("WarmThroughputMiBps", warmMiBps)),
	"UpdateStreamRecordDistributionStrategy": structure(need("StreamARN", streamARN), may("StreamId", streamID),
		need("RecordDistributionStrategy", oneOf(autoStrategy, keyStrategy))),
	"UpdateStreamWarmThroughput": ofStream(need("WarmThroughputMiBps", warmMiBps)),
}

func recordEntry(key func(string, *shape) member) *shape {
	s := structure(need("Data", recordData), key("PartitionKey", partitionKey), may("ExplicitHashKey", hashKey))
	// The service writes Java's identity of the entry. This is one that was seen.
	s.class = "com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@c965e310"
	return s
}

"""boto.py ENDPOINT [CA]: streams by boto3, the answers checked against what AWS documents."""
import datetime
import hashlib
import json
import time

import boto3

from awspeer import ca, client, refused

kinesis = client("kinesis")
stream = "boto-tls" if ca else "boto"


def read(shard, **kw):
    """All records from an iterator, and the last answer."""
    it = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **kw)["ShardIterator"]
    records = []
    while True:
        out = kinesis.get_records(ShardIterator=it, Limit=100)
        records += out["Records"]
        it = out.get("NextShardIterator")
        if not it or out["MillisBehindLatest"] == 0:
            return records, out


before = datetime.datetime.now(datetime.timezone.utc)
kinesis.create_stream(StreamName=stream, ShardCount=4)
kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
description = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
assert abs((description["StreamCreationTimestamp"] - before).total_seconds()) < 60, description
assert description["RetentionPeriodHours"] == 24 and description["EncryptionType"] == "NONE", description
assert stream in kinesis.list_streams()["StreamNames"]

# Every record lands where its key's MD5 says, and comes back as it was.
sent = {}
for batch in range(2):
    records = []
    for i in range(500):
        data = bytes([i % 256]) * (i % 300) + b"%d/%d" % (batch, i)
        sent[data] = f"schlüssel-{i}"
        records.append({"Data": data, "PartitionKey": f"schlüssel-{i}"})
    out = kinesis.put_records(StreamName=stream, Records=records)
    assert out["FailedRecordCount"] == 0 and len(out["Records"]) == 500, out

one = kinesis.put_record(StreamName=stream, Data=b"one", PartitionKey="x", ExplicitHashKey="0")
assert one["ShardId"] == "shardId-000000000000", one
shards = kinesis.list_shards(StreamName=stream)["Shards"]
assert len(shards) == 4
got = {}
for shard in shards:
    low, high = int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])
    records, _ = read(shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    numbers = [int(r["SequenceNumber"]) for r in records]
    assert numbers == sorted(set(numbers)) and numbers[0] > int(shard["SequenceNumberRange"]["StartingSequenceNumber"])
    for r in records:
        if r["Data"] == b"one":
            continue
        assert low <= int(hashlib.md5(r["PartitionKey"].encode()).hexdigest(), 16) <= high
        assert abs((r["ApproximateArrivalTimestamp"] - before).total_seconds()) < 60
        got[r["Data"]] = r["PartitionKey"]
    middle = records[len(records) // 2]["SequenceNumber"]
    at, _ = read(shard["ShardId"], ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=middle)
    after, _ = read(shard["ShardId"], ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=middle)
    assert [r["SequenceNumber"] for r in at[1:]] == [r["SequenceNumber"] for r in after] and at[0]["SequenceNumber"] == middle
    stamped, _ = read(shard["ShardId"], ShardIteratorType="AT_TIMESTAMP", Timestamp=before - datetime.timedelta(hours=1))
    assert len(stamped) == len(records)
    assert read(shard["ShardId"], ShardIteratorType="LATEST")[0] == []
assert got == sent, (len(got), len(sent))

# Split, merge, and the way from parents to children.
kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
kinesis.merge_shards(StreamName=stream, ShardToMerge="shardId-000000000002", AdjacentShardToMerge="shardId-000000000003")
kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
_, end = read("shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
assert "NextShardIterator" not in end and [c["ShardId"] for c in end["ChildShards"]] == ["shardId-000000000004", "shardId-000000000005"], end
_, end = read("shardId-000000000003", ShardIteratorType="TRIM_HORIZON")
assert sorted(end["ChildShards"][0]["ParentShards"]) == ["shardId-000000000002", "shardId-000000000003"], end
latest = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
assert [s["ShardId"][-1] for s in latest] == ["1", "4", "5", "6"], latest
pages = [p["StreamDescription"]["Shards"] for p in kinesis.get_paginator("describe_stream").paginate(StreamName=stream, PaginationConfig={"PageSize": 2})]
assert [len(p) for p in pages] == [2, 2, 2, 1], pages

kinesis.add_tags_to_stream(StreamName=stream, Tags={"team": "web"})
assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "team", "Value": "web"}]
kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/lake")
summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
assert summary["RetentionPeriodHours"] == 48 and summary["KeyId"] == "alias/lake" and summary["OpenShardCount"] == 4, summary
assert kinesis.put_record(StreamARN=summary["StreamARN"], Data=b"", PartitionKey="x")["EncryptionType"] == "KMS"

assert "already exists" in refused("ResourceInUseException", kinesis.create_stream, StreamName=stream, ShardCount=1)["Error"]["Message"]
assert "not found" in refused("ResourceNotFoundException", kinesis.describe_stream, StreamName="nothere")["Error"]["Message"]
refused("ValidationException", kinesis.put_record, StreamName=stream, Data=b"x" * (1 << 20), PartitionKey="k")
refused("InvalidArgumentException", kinesis.get_records, ShardIterator="AAAA")

# What came later: shard counts, modes, monitoring, policies, the account, tags by ARN.
arn = summary["StreamARN"]


def active():
    while kinesis.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        time.sleep(0.2)


scaled = kinesis.update_shard_count(StreamARN=arn, TargetShardCount=8, ScalingType="UNIFORM_SCALING")
assert (scaled["StreamName"], scaled["CurrentShardCount"], scaled["TargetShardCount"], scaled["StreamARN"]) == (stream, 4, 8, arn), scaled
active()
latest = kinesis.list_shards(StreamARN=arn, ShardFilter={"Type": "AT_LATEST"})["Shards"]
ends = sorted(int(s["HashKeyRange"]["EndingHashKey"]) for s in latest)
assert ends == [(i + 1) * 2**125 - 1 for i in range(8)], ends
assert "double" in refused("LimitExceededException", kinesis.update_shard_count, StreamName=stream, TargetShardCount=17, ScalingType="UNIFORM_SCALING")["Error"]["Message"]
kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
active()
refused("ValidationException", kinesis.merge_shards, StreamName=stream, ShardToMerge=latest[0]["ShardId"], AdjacentShardToMerge=latest[1]["ShardId"])
if kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"] == "DISABLED":
    refused("ValidationException", kinesis.update_stream_warm_throughput, StreamARN=arn, WarmThroughputMiBps=9)
set_to = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})["MinimumThroughputBillingCommitment"]
assert set_to["Status"] == "ENABLED" and kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"] == set_to, set_to
kinesis.update_stream_warm_throughput(StreamARN=arn, WarmThroughputMiBps=9)
active()
assert kinesis.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]["WarmThroughput"] == {"TargetMiBps": 9, "CurrentMiBps": 9}
kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
active()
monitoring = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
assert monitoring["CurrentShardLevelMetrics"] == [] and len(monitoring["DesiredShardLevelMetrics"]) == 7, monitoring
active()
kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
active()
assert len(kinesis.describe_stream(StreamName=stream, Limit=1)["StreamDescription"]["EnhancedMonitoring"][0]["ShardLevelMetrics"]) == 6
refused("ResourceNotFoundException", kinesis.get_resource_policy, ResourceARN=arn)
kinesis.put_resource_policy(ResourceARN=arn, Policy='{"Version": "2012-10-17", "Statement": []}')
assert json.loads(kinesis.get_resource_policy(ResourceARN=arn)["Policy"])["Version"] == "2012-10-17"
kinesis.delete_resource_policy(ResourceARN=arn)
kinesis.tag_resource(ResourceARN=arn, Tags={"cost": "low"})
kinesis.untag_resource(ResourceARN=arn, TagKeys=["team"])
assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "cost", "Value": "low"}]
kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
active()
kinesis.put_record(StreamName=stream, Data=b"x" * ((2 << 20) - 1), PartitionKey="k")
message = refused("ValidationException", kinesis.get_shard_iterator, StreamName="a b", ShardId="c d", ShardIteratorType="NEVER")["Error"]["Message"]
assert message.startswith("3 validation errors detected: "), message

# A subscription: what is there, what comes, and the end of a shard.
consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="fan")["Consumer"]
assert kinesis.describe_stream_consumer(ConsumerARN=consumer["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
sub = kinesis.subscribe_to_shard(ConsumerARN=consumer["ConsumerARN"], ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"})
events = [e["SubscribeToShardEvent"] for e in sub["EventStream"]]
records, _ = read("shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
assert [r["SequenceNumber"] for e in events for r in e["Records"]] == [r["SequenceNumber"] for r in records]
assert "ContinuationSequenceNumber" not in events[-1] and [c["ShardId"] for c in events[-1]["ChildShards"]] == ["shardId-000000000004", "shardId-000000000005"], events[-1]
low = next(s["ShardId"] for s in kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"] if s["HashKeyRange"]["StartingHashKey"] == "0")
sub = kinesis.subscribe_to_shard(ConsumerARN=consumer["ConsumerARN"], ShardId=low, StartingPosition={"Type": "LATEST"})["EventStream"]
kinesis.put_record(StreamName=stream, Data=b"live", PartitionKey="x", ExplicitHashKey="0")
for event in sub:
    event = event["SubscribeToShardEvent"]
    assert event["ContinuationSequenceNumber"], event
    if event["Records"]:
        assert event["Records"][0]["Data"] == b"live" and event["MillisBehindLatest"] == 0, event
        break
sub.close()
refused("ResourceInUseException", kinesis.subscribe_to_shard, ConsumerARN=consumer["ConsumerARN"], ShardId=low, StartingPosition={"Type": "LATEST"})
refused("ResourceInUseException", kinesis.delete_stream, StreamName=stream)
kinesis.deregister_stream_consumer(ConsumerARN=consumer["ConsumerARN"])
refused("ResourceNotFoundException", kinesis.describe_stream_consumer, StreamARN=arn, ConsumerName="fan")

kinesis.delete_stream(StreamName=stream)
kinesis.get_waiter("stream_not_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
print("ok", boto3.__version__)

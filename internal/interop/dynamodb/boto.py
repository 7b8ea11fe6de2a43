"""boto.py ENDPOINT [CA]: leases by boto3, in the KCL's older form and by expressions."""
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key

from awspeer import ca, client, options, refused

ddb = client("dynamodb")
name = "leases-tls" if ca else "leases"

ddb.create_table(
    TableName=name, KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
    SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/lake"}, Tags=[{"Key": "team", "Value": "web"}],
)
ddb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
table = ddb.describe_table(TableName=name)["Table"]
assert table["TableStatus"] == "ACTIVE" and table["SSEDescription"]["KMSMasterKeyArn"].endswith(":alias/lake"), table
assert ddb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "team", "Value": "web"}]
ddb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

# The lease as the Java KCL writes it.
shards = [f"shardId-{i:012d}" for i in range(6)]
for i, shard in enumerate(shards):
    lease = {
        "leaseKey": {"S": shard}, "leaseCounter": {"N": "0"}, "ownerSwitchesSinceCheckpoint": {"N": "0"}, "checkpoint": {"S": "TRIM_HORIZON"},
        "checkpointSubSequenceNumber": {"N": "0"}, "startingHashKey": {"S": "0"}, "endingHashKey": {"S": str(2**128 - 1)},
    }
    if i:
        lease["parentShardId"] = {"SS": [shards[0]]}
    ddb.put_item(TableName=name, Item=lease, Expected={"leaseKey": {"Exists": False}})
    refused("ConditionalCheckFailedException", ddb.put_item, TableName=name, Item=lease, Expected={"leaseKey": {"Exists": False}})


def take(shard, owner, counter):
    return ddb.update_item(
        TableName=name, Key={"leaseKey": {"S": shard}}, ReturnValues="ALL_NEW",
        Expected={"leaseCounter": {"Value": {"N": str(counter)}, "Exists": True}},
        AttributeUpdates={
            "leaseOwner": {"Value": {"S": owner}, "Action": "PUT"}, "leaseCounter": {"Value": {"N": str(counter + 1)}, "Action": "PUT"},
            "ownerSwitchesSinceCheckpoint": {"Value": {"N": "1"}, "Action": "ADD"}, "checkpointOwner": {"Action": "DELETE"},
        },
    )["Attributes"]


for i, shard in enumerate(shards):
    got = take(shard, f"worker-{i % 2}", 0)
    assert got["leaseCounter"] == {"N": "1"} and got["ownerSwitchesSinceCheckpoint"] == {"N": "1"}, got
try:
    take(shards[0], "worker-9", 0)
    raise AssertionError("a stale counter took the lease")
except ddb.exceptions.ConditionalCheckFailedException:
    pass

# The index of KCL 3, added to a table with leases in it.
ddb.update_table(
    TableName=name, AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}, {"AttributeName": "leaseOwner", "AttributeType": "S"}],
    GlobalSecondaryIndexUpdates=[{"Create": {
        "IndexName": "LeaseOwnerToLeaseKeyIndex", "Projection": {"ProjectionType": "KEYS_ONLY"},
        "KeySchema": [{"AttributeName": "leaseOwner", "KeyType": "HASH"}, {"AttributeName": "leaseKey", "KeyType": "RANGE"}],
    }}],
)
assert ddb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"

# The same table by boto3's own objects, conditions and paginators.
leases = boto3.resource("dynamodb", **options).Table(name)
mine = leases.query(IndexName="LeaseOwnerToLeaseKeyIndex", KeyConditionExpression=Key("leaseOwner").eq("worker-1") & Key("leaseKey").gt(shards[1]))["Items"]
assert [m["leaseKey"] for m in mine] == [shards[3], shards[5]], mine
pages = ddb.get_paginator("scan").paginate(TableName=name, FilterExpression="attribute_exists(parentShardId)", PaginationConfig={"PageSize": 2})
assert sum(len(p["Items"]) for p in pages) == 5
assert sum(ddb.scan(TableName=name, Segment=s, TotalSegments=3, Select="COUNT")["Count"] for s in range(3)) == 6

new = leases.update_item(
    Key={"leaseKey": shards[0]}, ReturnValues="UPDATED_NEW",
    UpdateExpression="SET checkpoint = :c, throughputKBps = :t REMOVE leaseOwner ADD leaseCounter :one, childShardIds :kids",
    ConditionExpression=Attr("leaseCounter").eq(1) & Attr("leaseOwner").begins_with("worker"),
    ExpressionAttributeValues={":c": "SHARD_END", ":t": Decimal("3.4E-5"), ":one": 1, ":kids": {shards[1], shards[2]}},
)["Attributes"]
assert new == {"checkpoint": "SHARD_END", "throughputKBps": Decimal("0.000034"), "leaseCounter": 2, "childShardIds": {shards[1], shards[2]}}, new
e = refused(
    "ConditionalCheckFailedException", leases.update_item, Key={"leaseKey": shards[0]}, UpdateExpression="SET leaseCounter = :n",
    ConditionExpression="leaseCounter = :old", ExpressionAttributeValues={":n": 9, ":old": 1}, ReturnValuesOnConditionCheckFailure="ALL_OLD",
)
assert e["Item"]["leaseCounter"] == {"N": "2"}, e

e = refused("TransactionCanceledException", ddb.transact_write_items, TransactItems=[
    {"Delete": {"TableName": name, "Key": {"leaseKey": {"S": shards[5]}}}},
    {"ConditionCheck": {"TableName": name, "Key": {"leaseKey": {"S": shards[0]}}, "ConditionExpression": "attribute_exists(leaseOwner)"}},
])
assert [r["Code"] for r in e["CancellationReasons"]] == ["None", "ConditionalCheckFailed"], e
assert "Item" in ddb.get_item(TableName=name, Key={"leaseKey": {"S": shards[5]}})

with leases.batch_writer() as batch:
    for i in range(60):
        batch.put_item(Item={"leaseKey": f"extra-{i}", "n": i, "list": [1, "two", {"three": Decimal("3.50")}], "none": None, "bytes": b"\x00\xff"})
extra = leases.get_item(Key={"leaseKey": "extra-7"})["Item"]
assert extra["list"] == [1, "two", {"three": Decimal("3.5")}] and extra["none"] is None and extra["bytes"].value == b"\x00\xff", extra
assert leases.scan(FilterExpression=Attr("n").between(10, 19), Select="COUNT")["Count"] == 10

refused("ResourceInUseException", ddb.create_table, TableName=name, KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
refused("ResourceNotFoundException", ddb.get_item, TableName="nothere", Key={"k": {"S": "a"}})
refused("ValidationException", ddb.get_item, TableName=name, Key={"k": {"S": "a"}})
ddb.delete_table(TableName=name)
ddb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
print("ok", boto3.__version__)

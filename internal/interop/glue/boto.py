"""boto.py ENDPOINT [CA]: the catalog by boto3, the answers checked against what AWS documents."""
import datetime
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, ca = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
client = boto3.client(
    "glue", endpoint_url=endpoint, verify=ca, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y",
    config=Config(retries={"max_attempts": 1}),
)
db = "web_tls" if ca else "web"


def refused(code, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call} was not refused")


before = datetime.datetime.now(datetime.timezone.utc)
client.create_database(DatabaseInput={"Name": db.upper(), "LocationUri": "s3://lake/"})
got = client.get_database(Name=db)["Database"]
assert got["Name"] == db and abs((got["CreateTime"] - before).total_seconds()) < 60, got
refused("AlreadyExistsException", client.create_database, DatabaseInput={"Name": db})

storage = {
    "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "geo", "Type": "struct<lat:double,lon:double>"}], "Location": "s3://lake/clicks/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", "Parameters": {"serialization.format": "1"}},
}
table = {
    "Name": "Clicks", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"}, "StorageDescriptor": storage,
    "PartitionKeys": [{"Name": "dt", "Type": "date"}, {"Name": "hr", "Type": "int"}, {"Name": "site", "Type": "string"}],
}
client.create_table(DatabaseName=db, TableInput=table, PartitionIndexes=[{"IndexName": "byDay", "Keys": ["dt"]}])
got = client.get_table(DatabaseName=db, Name="clicks")["Table"]
assert got["StorageDescriptor"]["SerdeInfo"] == storage["SerdeInfo"] and got["PartitionKeys"] == table["PartitionKeys"] and got["VersionId"] == "0", got
assert [t["Name"] for p in client.get_paginator("get_tables").paginate(DatabaseName=db, Expression="c.*") for t in p["TableList"]] == ["clicks"]
assert client.get_partition_indexes(DatabaseName=db, TableName="clicks")["PartitionIndexDescriptorList"][0]["IndexStatus"] == "ACTIVE"

# Partitions: 100 at a time, and every form of expression.
ref = dict(DatabaseName=db, TableName="clicks")
inputs = [
    {"Values": [f"2026-05-{d:02d}", str(h), s], "StorageDescriptor": {**storage, "Location": f"s3://lake/clicks/{d}/{h}/{s}/"}}
    for d in range(1, 11) for h in range(0, 24, 2) for s in ("de", "it's")
]
for i in range(0, len(inputs), 100):
    assert not client.batch_create_partition(**ref, PartitionInputList=inputs[i : i + 100]).get("Errors")
refused("InvalidInputException", client.batch_create_partition, **ref, PartitionInputList=inputs[:101])
again = client.batch_create_partition(**ref, PartitionInputList=inputs[:1])["Errors"]
assert again[0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException", again


def values(**kw):
    return [tuple(p["Values"]) for page in client.get_paginator("get_partitions").paginate(**ref, **kw) for p in page["Partitions"]]


rows = [(i["Values"][0], int(i["Values"][1]), i["Values"][2]) for i in inputs]
for expression, want in {
    "dt = '2026-05-03'": lambda d, h, s: d == "2026-05-03",
    "dt > '2026-05-08' AND hr < 10": lambda d, h, s: d > "2026-05-08" and h < 10,
    "hr >= 8 AND hr <= 12 AND site <> 'de'": lambda d, h, s: 8 <= h <= 12 and s != "de",
    "dt BETWEEN '2026-05-02' AND '2026-05-04' AND hr IN (2, 20)": lambda d, h, s: "2026-05-02" <= d <= "2026-05-04" and h in (2, 20),
    "site LIKE '%''s' AND NOT (hr = 0 OR dt = '2026-05-01')": lambda d, h, s: s == "it's" and not (h == 0 or d == "2026-05-01"),
    "site IS NOT NULL AND (hr = 0 OR hr = 22)": lambda d, h, s: h in (0, 22),
    "site IS NULL": lambda d, h, s: False,
}.items():
    got = values(Expression=expression, PaginationConfig={"PageSize": 17})
    assert sorted(got) == sorted((d, str(h), s) for d, h, s in rows if want(d, h, s)), expression
assert sorted(v for n in range(3) for v in values(Segment={"SegmentNumber": n, "TotalSegments": 3})) == sorted(values())
for wrong in ("zz = 1", "hr = 'x'", "dt =", "dt != '2026-05-01'", "hr = 1 AND"):
    refused("InvalidInputException", client.get_partitions, **ref, Expression=wrong)
one = inputs[0]["Values"]
client.update_partition(**ref, PartitionValueList=one, PartitionInput={"Values": one, "Parameters": {"rows": "7"}})
assert client.get_partition(**ref, PartitionValues=one)["Partition"]["Parameters"] == {"rows": "7"}
found = client.batch_get_partition(**ref, PartitionsToGet=[{"Values": one}, {"Values": ["2030-01-01", "0", "de"]}])
assert [p["Values"] for p in found["Partitions"]] == [one], found
client.delete_partition(**ref, PartitionValues=one)
refused("EntityNotFoundException", client.get_partition, **ref, PartitionValues=one)
assert not client.batch_delete_partition(**ref, PartitionsToDelete=[{"Values": i["Values"]} for i in inputs[1:26]]).get("Errors")
assert len(values()) == len(inputs) - 26

# Versions: a commit on a version that is not the current one is refused.
client.update_table(DatabaseName=db, TableInput={**table, "Parameters": {"metadata_location": "a"}}, VersionId="0")
message = refused("ConcurrentModificationException", client.update_table, DatabaseName=db, TableInput=table, VersionId="0")
assert "concurrent modifications" in message, message
client.update_table(DatabaseName=db, TableInput={**table, "Parameters": {"metadata_location": "b"}}, VersionId="1", SkipArchive=True)
versions = [v["VersionId"] for p in client.get_paginator("get_table_versions").paginate(**ref, PaginationConfig={"PageSize": 1}) for v in p["TableVersions"]]
assert versions == ["2", "0"], versions
assert client.get_table(DatabaseName=db, Name="clicks")["Table"]["Parameters"] == {"metadata_location": "b"}

stats = {"ColumnName": "id", "ColumnType": "bigint", "AnalyzedTime": before, "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": {"NumberOfNulls": 1, "NumberOfDistinctValues": 9}}}
assert client.update_column_statistics_for_table(**ref, ColumnStatisticsList=[stats])["Errors"] == []
got = client.get_column_statistics_for_table(**ref, ColumnNames=["id"])["ColumnStatisticsList"][0]
assert got["StatisticsData"] == stats["StatisticsData"] and abs((got["AnalyzedTime"] - before).total_seconds()) < 1, got
client.delete_column_statistics_for_table(**ref, ColumnName="id")

assert "OpenTableFormatInput" in refused("InvalidInputException", client.create_table, DatabaseName=db, TableInput={"Name": "ice"}, OpenTableFormatInput={"IcebergInput": {"MetadataOperation": "CREATE"}})
client.delete_table(DatabaseName=db, Name="clicks")
refused("EntityNotFoundException", client.get_table, DatabaseName=db, Name="clicks")
client.delete_database(Name=db)
refused("EntityNotFoundException", client.get_database, Name=db)
print("ok", boto3.__version__)

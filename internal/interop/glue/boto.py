"""boto.py ENDPOINT [CA]: the catalog by boto3, the answers checked against what AWS documents."""
import datetime

import boto3

from awspeer import ca, client, refused

glue = client("glue")
db = "web_tls" if ca else "web"

before = datetime.datetime.now(datetime.timezone.utc)
glue.create_database(DatabaseInput={"Name": db.upper(), "LocationUri": "s3://lake/"})
got = glue.get_database(Name=db)["Database"]
assert got["Name"] == db and abs((got["CreateTime"] - before).total_seconds()) < 60, got
refused("AlreadyExistsException", glue.create_database, DatabaseInput={"Name": db})

storage = {
    "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "geo", "Type": "struct<lat:double,lon:double>"}], "Location": "s3://lake/clicks/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", "Parameters": {"serialization.format": "1"}},
}
table = {
    "Name": "Clicks", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "parquet"}, "StorageDescriptor": storage,
    "PartitionKeys": [{"Name": "dt", "Type": "date"}, {"Name": "hr", "Type": "int"}, {"Name": "site", "Type": "string"}],
}
glue.create_table(DatabaseName=db, TableInput=table, PartitionIndexes=[{"IndexName": "byDay", "Keys": ["dt"]}])
got = glue.get_table(DatabaseName=db, Name="clicks")["Table"]
assert got["StorageDescriptor"]["SerdeInfo"] == storage["SerdeInfo"] and got["PartitionKeys"] == table["PartitionKeys"] and got["VersionId"] == "0", got
assert [t["Name"] for p in glue.get_paginator("get_tables").paginate(DatabaseName=db, Expression="c.*") for t in p["TableList"]] == ["clicks"]
assert glue.get_partition_indexes(DatabaseName=db, TableName="clicks")["PartitionIndexDescriptorList"][0]["IndexStatus"] == "ACTIVE"

# Partitions: 100 at a time, and every form of expression.
ref = dict(DatabaseName=db, TableName="clicks")
inputs = [
    {"Values": [f"2026-05-{d:02d}", str(h), s], "StorageDescriptor": {**storage, "Location": f"s3://lake/clicks/{d}/{h}/{s}/"}}
    for d in range(1, 11) for h in range(0, 24, 2) for s in ("de", "it's")
]
for i in range(0, len(inputs), 100):
    assert not glue.batch_create_partition(**ref, PartitionInputList=inputs[i : i + 100]).get("Errors")
refused("InvalidInputException", glue.batch_create_partition, **ref, PartitionInputList=inputs[:101])
again = glue.batch_create_partition(**ref, PartitionInputList=inputs[:1])["Errors"]
assert again[0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException", again


def values(**kw):
    return [tuple(p["Values"]) for page in glue.get_paginator("get_partitions").paginate(**ref, **kw) for p in page["Partitions"]]


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
    refused("InvalidInputException", glue.get_partitions, **ref, Expression=wrong)
one = inputs[0]["Values"]
glue.update_partition(**ref, PartitionValueList=one, PartitionInput={"Values": one, "Parameters": {"rows": "7"}})
assert glue.get_partition(**ref, PartitionValues=one)["Partition"]["Parameters"] == {"rows": "7"}
found = glue.batch_get_partition(**ref, PartitionsToGet=[{"Values": one}, {"Values": ["2030-01-01", "0", "de"]}])
assert [p["Values"] for p in found["Partitions"]] == [one], found
glue.delete_partition(**ref, PartitionValues=one)
refused("EntityNotFoundException", glue.get_partition, **ref, PartitionValues=one)
assert not glue.batch_delete_partition(**ref, PartitionsToDelete=[{"Values": i["Values"]} for i in inputs[1:26]]).get("Errors")
assert len(values()) == len(inputs) - 26

# Versions: a commit on a version that is not the current one is refused.
glue.update_table(DatabaseName=db, TableInput={**table, "Parameters": {"metadata_location": "a"}}, VersionId="0")
message = refused("ConcurrentModificationException", glue.update_table, DatabaseName=db, TableInput=table, VersionId="0")["Error"]["Message"]
assert "concurrent modifications" in message, message
glue.update_table(DatabaseName=db, TableInput={**table, "Parameters": {"metadata_location": "b"}}, VersionId="1", SkipArchive=True)
versions = [v["VersionId"] for p in glue.get_paginator("get_table_versions").paginate(**ref, PaginationConfig={"PageSize": 1}) for v in p["TableVersions"]]
assert versions == ["2", "0"], versions
assert glue.get_table(DatabaseName=db, Name="clicks")["Table"]["Parameters"] == {"metadata_location": "b"}

stats = {"ColumnName": "id", "ColumnType": "bigint", "AnalyzedTime": before, "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": {"NumberOfNulls": 1, "NumberOfDistinctValues": 9}}}
assert glue.update_column_statistics_for_table(**ref, ColumnStatisticsList=[stats])["Errors"] == []
got = glue.get_column_statistics_for_table(**ref, ColumnNames=["id"])["ColumnStatisticsList"][0]
assert got["StatisticsData"] == stats["StatisticsData"] and abs((got["AnalyzedTime"] - before).total_seconds()) < 1, got
glue.delete_column_statistics_for_table(**ref, ColumnName="id")

assert "OpenTableFormatInput" in refused("InvalidInputException", glue.create_table, DatabaseName=db, TableInput={"Name": "ice"}, OpenTableFormatInput={"IcebergInput": {"MetadataOperation": "CREATE"}})["Error"]["Message"]
glue.delete_table(DatabaseName=db, Name="clicks")
refused("EntityNotFoundException", glue.get_table, DatabaseName=db, Name="clicks")
glue.delete_database(Name=db)
refused("EntityNotFoundException", glue.get_database, Name=db)
print("ok", boto3.__version__)

"""boto.py ENDPOINT [CA]: a query and its results by boto3. Table web.clicks has a click per minute of the 36 hours
before noon of 2026-05-24; the country of every fifth is NULL."""
import csv
import io
import time

import boto3
from botocore.exceptions import ClientError

from awspeer import ca, client

athena, s3 = client("athena"), client("s3")


def start(sql, **more):
    more.setdefault("ResultConfiguration", {"OutputLocation": "s3://lake/boto/"})
    return athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": "web"}, **more)["QueryExecutionId"]


def finish(id):
    while True:
        q = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
        if q["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return q
        time.sleep(0.05)


def rows(id):
    out = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=id):
        out += [[d.get("VarCharValue") for d in r["Data"]] for r in page["ResultSet"]["Rows"]]
    return out


sql = "SELECT country, count(*) AS views FROM clicks WHERE dt = '2026-05-24' AND hr BETWEEN '09' AND '11' GROUP BY country ORDER BY views DESC, country"
id = start(sql)
q = finish(id)
assert q["Status"]["State"] == "SUCCEEDED" and q["Query"] == sql and q["StatementType"] == "DML", q
assert q["Statistics"]["DataScannedInBytes"] > 0, q
got = rows(id)
assert got == [["country", "views"], ["US", "72"], ["DE", "36"], ["FR", "36"], [None, "36"]], got
info = athena.get_query_results(QueryExecutionId=id)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
assert [(c["Name"], c["Type"]) for c in info] == [("country", "varchar"), ("views", "bigint")], info
bucket, key = q["ResultConfiguration"]["OutputLocation"][5:].split("/", 1)
text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
assert list(csv.reader(io.StringIO(text)))[1] == ["US", "72"], text

whole = finish(start("SELECT count(url) FROM clicks WHERE dt >= '2026-05-01'"))
assert whole["Statistics"]["DataScannedInBytes"] > q["Statistics"]["DataScannedInBytes"], whole
q = finish(start("SELECT nope FROM clicks"))
assert q["Status"]["State"] == "FAILED" and "Column 'nope' cannot be resolved" in q["Status"]["StateChangeReason"], q
try:
    start("SELECT FROM WHERE")
    raise AssertionError("a statement that cannot be read was started")
except ClientError as e:
    assert e.response["Error"]["Code"] == "InvalidRequestException", e
assert [g["Name"] for g in athena.list_work_groups()["WorkGroups"]][0] == "primary"

# Everything again in a workgroup of its own.
name = "tls" if ca else "plain"
athena.create_work_group(Name=name, Configuration={"ResultConfiguration": {"OutputLocation": f"s3://lake/{name}/"}, "BytesScannedCutoffPerQuery": 10_000_000})
conf = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
assert conf["EnforceWorkGroupConfiguration"] and conf["BytesScannedCutoffPerQuery"] == 10_000_000, conf
id = start("SELECT count(*) FROM clicks WHERE dt = ? AND n < ?", WorkGroup=name, ExecutionParameters=["'2026-05-24'", "10"])
q = finish(id)
assert q["ResultConfiguration"]["OutputLocation"].startswith(f"s3://lake/{name}/"), q
assert rows(id)[1] == ["10"], rows(id)
athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)

# DDL.
for sql in f"CREATE DATABASE IF NOT EXISTS d{name}", f"DROP DATABASE d{name}":
    q = finish(start(sql))
    assert q["Status"]["State"] == "SUCCEEDED" and q["StatementType"] == "DDL", q
print("ok", boto3.__version__)

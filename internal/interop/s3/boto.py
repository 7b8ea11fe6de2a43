"""boto.py ENDPOINT [CA]: objects by boto3, the answers checked against what AWS documents."""
import base64
import hashlib
import io
import threading
import urllib.request
import zlib

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from awspeer import ca, client, refused

s3 = client("s3")
bucket = "boto-tls" if ca else "boto"


def body(key, **kw):
    return s3.get_object(Bucket=bucket, Key=key, **kw)["Body"].read()


# Buckets.
refused("404", s3.head_bucket, Bucket=bucket)
s3.create_bucket(Bucket=bucket)
s3.get_waiter("bucket_exists").wait(Bucket=bucket)
assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
refused("NoSuchBucket", s3.list_objects_v2, Bucket="not-there")

# Objects, with every checksum that this boto3 can make.
crc = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
out = s3.put_object(Bucket=bucket, Key="dir/hello.txt", Body=b"hello", ContentType="text/plain", Metadata={"Who": "me"}, Tagging="a=1")
assert out["ETag"] == '"%s"' % hashlib.md5(b"hello").hexdigest(), out
assert out["ChecksumCRC32"] == crc, out
head = s3.head_object(Bucket=bucket, Key="dir/hello.txt", ChecksumMode="ENABLED")
assert head["ContentLength"] == 5 and head["ContentType"] == "text/plain" and head["Metadata"] == {"who": "me"}, head
assert head["ChecksumCRC32"] == crc and head["ChecksumType"] == "FULL_OBJECT" and head["ServerSideEncryption"] == "AES256", head
assert body("dir/hello.txt") == b"hello"
assert body("dir/hello.txt", Range="bytes=1-3") == b"ell"
refused("InvalidRange", s3.get_object, Bucket=bucket, Key="dir/hello.txt", Range="bytes=5-")
refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="none")
refused("304", s3.get_object, Bucket=bucket, Key="dir/hello.txt", IfNoneMatch=out["ETag"])
refused("BadDigest", s3.put_object, Bucket=bucket, Key="bad", Body=b"hello", ChecksumSHA256=base64.b64encode(bytes(32)).decode())
for alg in "CRC32", "SHA1", "SHA256":
    s3.put_object(Bucket=bucket, Key="sum/" + alg, Body=io.BytesIO(b"x" * 100_000), ChecksumAlgorithm=alg)
    assert body("sum/" + alg, ChecksumMode="ENABLED") == b"x" * 100_000
    assert "Checksum" + alg in s3.get_object_attributes(Bucket=bucket, Key="sum/" + alg, ObjectAttributes=["Checksum"])["Checksum"]
assert s3.get_object_tagging(Bucket=bucket, Key="dir/hello.txt")["TagSet"] == [{"Key": "a", "Value": "1"}]

# Keys that are no ordinary file names, listed as they are.
odd = ["a", "a/b", "a/", "sp ace+plus", "ü/日本.txt", "x//y", "../up", "100%", "line\nfeed", "k" * 1024]
for k in odd:
    s3.put_object(Bucket=bucket, Key="odd/" + k if len(k) < 1024 else k, Body=k.encode())
for k in odd:
    assert body("odd/" + k if len(k) < 1024 else k) == k.encode(), k
keys = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="odd/", PaginationConfig={"PageSize": 2}) for o in p["Contents"]]
assert keys == sorted(["odd/" + k for k in odd if len(k) < 1024], key=lambda k: k.encode()), keys
top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["dir/", "odd/", "sum/"], top
assert [o["Key"] for o in s3.list_objects(Bucket=bucket, Prefix="sum/", Marker="sum/CRC32")["Contents"]] == ["sum/SHA1", "sum/SHA256"]

# Conditions: one of many writers wins.
s3.put_object(Bucket=bucket, Key="commit", Body=b"1", IfNoneMatch="*")
r = refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="commit", Body=b"2", IfNoneMatch="*")
assert r["ResponseMetadata"]["HTTPStatusCode"] == 412
refused("PreconditionFailed", s3.put_object, Bucket=bucket, Key="commit", Body=b"2", IfMatch='"0"')
refused("NoSuchKey", s3.put_object, Bucket=bucket, Key="none", Body=b"2", IfMatch='"0"')
s3.put_object(Bucket=bucket, Key="commit", Body=b"2", IfMatch='"%s"' % hashlib.md5(b"1").hexdigest())
assert body("commit") == b"2"
wins = []


def race(i):
    try:
        s3.put_object(Bucket=bucket, Key="race", Body=str(i).encode(), IfNoneMatch="*")
        wins.append(i)
    except ClientError as e:
        assert e.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"), e


threads = [threading.Thread(target=race, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
assert len(wins) == 1 and body("race") == str(wins[0]).encode(), wins

# Multipart: the transfer manager, and by hand.
big = bytes(range(256)) * (48 << 10)  # 12 MiB
conf = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=3)
s3.upload_fileobj(io.BytesIO(big), bucket, "big", Config=conf)
head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
assert head["ContentLength"] == len(big) and head["ETag"].endswith('-3"'), head
back = io.BytesIO()
s3.download_fileobj(bucket, "big", back, Config=conf)
assert back.getvalue() == big
assert s3.get_object(Bucket=bucket, Key="big", PartNumber=3)["ContentLength"] == len(big) - 2 * (5 << 20)

up = s3.create_multipart_upload(Bucket=bucket, Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
parts = []
for n, data in (1, big[: 5 << 20]), (2, b"end"):
    p = s3.upload_part(Bucket=bucket, Key="parts", UploadId=up, PartNumber=n, Body=data, ChecksumAlgorithm="SHA256")
    parts.append({"PartNumber": n, "ETag": p["ETag"], "ChecksumSHA256": p["ChecksumSHA256"]})
assert [p["Size"] for p in s3.list_parts(Bucket=bucket, Key="parts", UploadId=up)["Parts"]] == [5 << 20, 3]
assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["parts"]
refused("InvalidPartOrder", s3.complete_multipart_upload, Bucket=bucket, Key="parts", UploadId=up, MultipartUpload={"Parts": parts[::-1]})
refused("InvalidPart", s3.complete_multipart_upload, Bucket=bucket, Key="parts", UploadId=up, MultipartUpload={"Parts": [dict(parts[0], ETag='"0"')]})
s3.put_object(Bucket=bucket, Key="parts", Body=b"in the way")
refused("PreconditionFailed", s3.complete_multipart_upload, Bucket=bucket, Key="parts", UploadId=up, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
s3.delete_object(Bucket=bucket, Key="parts")
done = s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=up, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
sums = b"".join(base64.b64decode(p["ChecksumSHA256"]) for p in parts)
assert done["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(sums).digest()).decode() + "-2" and done["ChecksumType"] == "COMPOSITE", done
etags = b"".join(bytes.fromhex(p["ETag"].strip('"')) for p in parts)
assert done["ETag"] == '"%s-2"' % hashlib.md5(etags).hexdigest(), done
again = s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=up, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
assert again["ETag"] == done["ETag"]
assert body("parts", ChecksumMode="ENABLED") == big[: 5 << 20] + b"end"
up = s3.create_multipart_upload(Bucket=bucket, Key="gone")["UploadId"]
s3.abort_multipart_upload(Bucket=bucket, Key="gone", UploadId=up)
refused("NoSuchUpload", s3.upload_part, Bucket=bucket, Key="gone", UploadId=up, PartNumber=1, Body=b"x")
up = s3.create_multipart_upload(Bucket=bucket, Key="small")["UploadId"]
tags = [s3.upload_part(Bucket=bucket, Key="small", UploadId=up, PartNumber=n, Body=b"x")["ETag"] for n in (1, 2)]
refused("EntityTooSmall", s3.complete_multipart_upload, Bucket=bucket, Key="small", UploadId=up,
        MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]})

# Copies.
s3.copy_object(Bucket=bucket, Key="copy of/ü +", CopySource={"Bucket": bucket, "Key": "dir/hello.txt"})
assert body("copy of/ü +") == b"hello" and s3.head_object(Bucket=bucket, Key="copy of/ü +")["Metadata"] == {"who": "me"}
s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "copy of/ü +"}, MetadataDirective="REPLACE", Metadata={"n": "1"})
assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"n": "1"}
s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "big2", Config=conf)  # by UploadPartCopy
assert body("big2") == big

# The lifecycle of a bucket, and what the lake has not.
rules = [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}]
refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)
s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
assert "GetBucketPolicy" in refused("NotImplemented", s3.get_bucket_policy, Bucket=bucket)["Error"]["Message"]

# A presigned address works with no client at all.
if not ca:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "dir/hello.txt", "ResponseContentType": "text/x"})
    with urllib.request.urlopen(url) as f:
        assert f.read() == b"hello" and f.headers["Content-Type"] == "text/x"

# Everything goes.
refused("BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
everything = [{"Key": o["Key"]} for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
out = s3.delete_objects(Bucket=bucket, Delete={"Objects": everything})
assert len(out["Deleted"]) == len(everything) and not out.get("Errors"), out
s3.delete_bucket(Bucket=bucket)
refused("404", s3.head_bucket, Bucket=bucket)
print("ok", boto3.__version__)

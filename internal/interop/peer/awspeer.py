"""What the scripts that drive a lake by boto3 have in common. They are run as

    PYTHONPATH=../peer python boto.py ENDPOINT [CA]

CA is the file with the authority's certificate, over https.
"""
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, ca = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
# How to reach the lake. Nothing is tried again: a refusal is to be seen.
options = dict(
    endpoint_url=endpoint, verify=ca, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y",
    config=Config(retries={"max_attempts": 1}),
)


def client(service):
    return boto3.client(service, **options)


def refused(code, call, **kw):
    """The answer to a call that must be refused with this code."""
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response
    raise AssertionError(f"{call} was not refused")

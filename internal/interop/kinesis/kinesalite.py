"""kinesalite.py ENDPOINT: the same requests to the lake and to kinesalite 3.3.3, whose own
tests were written against the service. Bad ones must be refused by both for the same reason
in the same words; good ones must give what kinesalite gives, and may give more.

Wants node, and kinesalite in the cache: fetch.sh gets it.
"""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse

cache = os.environ.get("LAKEKIT_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "lakekit")
folder = os.path.join(cache, "kinesalite-3.3.3", "node_modules", "kinesalite")
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
# What each operation takes, as kinesalite sees it.
shapes = json.loads(subprocess.check_output(["node", "-e", """
const fs = require('fs'), dir = process.argv[1] + '/validations/', out = {}
for (const f of fs.readdirSync(dir)) if (f != 'index.js') out[f[0].toUpperCase() + f.slice(1, -3)] = require(dir + f).types
console.log(JSON.stringify(out))""", folder]))
server = subprocess.Popen(["node", os.path.join(folder, "cli.js"), "--port", str(port), "--shardLimit", "20000"], stdout=subprocess.DEVNULL)


class Peer:
    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.conn = None

    def ask(self, operation, body):
        """The answer's status and JSON."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202." + operation, "X-Amz-Date": "20261128T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20261128/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=y",
        }
        if self.conn is None:
            self.conn = http.client.HTTPConnection(self.address)
        self.conn.request("POST", "/", body if isinstance(body, str) else json.dumps(body), headers)
        response = self.conn.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None


try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    lake, lite = Peer(sys.argv[1]), Peer(f"http://127.0.0.1:{port}")
    same, differ = 0, []

    # The service's model of today, where kinesalite has an older one.
    newer = [
        ("at 'retentionPeriodHours' failed to satisfy constraint: Member must have value less than or equal to 168", "168", "8760"),
        ("at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10", "to 10", "to 50"),
        ("data' failed to satisfy constraint: Member must have length less than or equal to 1048576", "1048576", "10485760"),
        ("at 'tags' failed to satisfy constraint: Member must have length less than or equal to 10", "to 10", "to 200"),
        ("at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 10", "to 10", "to 50"),
    ]

    def today(operation, message):
        for text, old, new in newer:
            if old != "to 10" or operation not in ("DescribeStream", "GetRecords", "ListStreams"):
                message = re.sub(re.escape(text) + r"(?!\d)", lambda m: text.replace(old, new), message)
        return message

    def parts(message):
        """A message's violations, in any order: kinesalite has seen more than one."""
        head, sep, rest = (message or "").partition(" detected: ")
        return (head, sorted(rest.split("; "))) if sep else message

    def refused(operation, body):
        """Both must refuse, in the same words, or both accept."""
        global same
        (s1, a1), (s2, a2) = lake.ask(operation, body), lite.ask(operation, body)
        words = [(s, a.get("__type"), parts(today(operation, a.get("message", a.get("Message")) or "")), "Message" in a) if s != 200 else s for s, a in ((s1, a1 or {}), (s2, a2 or {}))]
        if words[0] == words[1]:
            same += 1
        else:
            differ.append((operation, body, words))

    # One good request for each operation; the stream is there in both.
    shard, zero = "shardId-000000000000", "0"
    good = {
        "AddTagsToStream": {"Tags": {"a": "b"}}, "CreateStream": {"ShardCount": 1}, "DecreaseStreamRetentionPeriod": {"RetentionPeriodHours": 24},
        "DeleteStream": {}, "DescribeStream": {}, "DescribeStreamSummary": {}, "GetRecords": {"ShardIterator": "AAAA"},
        "GetShardIterator": {"ShardId": shard, "ShardIteratorType": "LATEST"}, "IncreaseStreamRetentionPeriod": {"RetentionPeriodHours": 24},
        "ListShards": {}, "ListStreams": {}, "ListTagsForStream": {}, "MergeShards": {"ShardToMerge": "x-0", "AdjacentShardToMerge": "x-2"},
        "PutRecord": {"Data": "", "PartitionKey": "k"}, "PutRecords": {"Records": [{"Data": "", "PartitionKey": "k"}]}, "RemoveTagsFromStream": {"TagKeys": ["a"]},
        "SplitShard": {"ShardToSplit": shard, "NewStartingHashKey": "0"},
    }
    for operation in good:
        if "StreamName" in shapes[operation]:
            good[operation] = {"StreamName": "diff", **good[operation]}

    wrong = ["23", "yEs!", 23, -2147483648, 2147483648, 34.56, True, [], {}, [[]], {"a": {}}, "=+/=", "+/+=", "23456", ["a"], {"a": "b"}]

    def type_of(shape):
        return shape["type"] if isinstance(shape, dict) else shape

    def fits(shape, value):
        """Whether a value's type is right, so that it is no case of a wrong type."""
        t = type_of(shape)
        if t in ("String", "Timestamp", "Integer"):
            return isinstance(value, str) == (t == "String") and not isinstance(value, (bool, list, dict))
        if t == "Blob":
            return isinstance(value, str) and value not in ("=+/=", "+/+=", "23456", "23", "yEs!")
        return isinstance(value, list if t == "List" else dict)

    def types(operation, shape, put):
        for value in wrong:
            if not fits(shape, value):
                refused(operation, put(value))
        if type_of(shape) == "List":
            types(operation, shape["children"], lambda v: put([v]))
        elif type_of(shape) == "Map":
            types(operation, shape["children"], lambda v: put({"k": v}))
        elif type_of(shape) == "Structure":
            for name, child in shape["children"].items():
                types(operation, child, lambda v, name=name: put({name: v}))

    # Not among them, for kinesalite is wrong or stops earlier: numbers with a zero in front or
    # with too many digits, which its patterns let pass, and blobs above its 7 MiB a request.
    violations = {
        "String": ["", "a" * 129, "a" * 257, "a" * 513, "a b", "ü"], "Integer": [0, -1, 100001, 2147483648, 1e300],
"List": [[], ["a" * 129], ["b"] * 51], "Map": [{}, {"k" * 129: "v"}, {"k": "v" * 257}, {f"k{i:03}": "v" for i in range(201)}],
    }
    for operation, members in shapes.items():
        for body in ["", "hello", "[", "23"]:
            if body != "23":  # kinesalite takes no number for what it is
                refused(operation, body)
        for name, shape in members.items():
            types(operation, shape, lambda v, name=name: {**good[operation], name: v})
        # One member at a time, then all empty, then all too long.
        for name, shape in members.items():
            for value in violations.get(type_of(shape), []):
                refused(operation, {**good[operation], name: value})
        for pick in (0, 1, 2):
            refused(operation, {n: [] if n == "Records" else violations[type_of(s)][pick] for n, s in members.items() if type_of(s) in violations} | ({"Data": ""} if operation == "PutRecord" else {}))
    refused("PutRecords", {"StreamName": "", "Records": [{"PartitionKey": "", "Data": ""}] * 501})
    refused("PutRecords", {"StreamName": "diff", "Records": [{}] * 3})
    refused("PutRecords", {"StreamName": "diff", "Records": [{"PartitionKey": "é" * 257, "ExplicitHashKey": "x"}] * 3})

    def value_of(name, value, answer):
        """What of an answer's value both must have."""
        if name in ("SequenceNumber", "StartingSequenceNumber", "EndingSequenceNumber"):
            digits = "%047x" % int(value)
            return len(digits), digits[0], digits[10], digits[38:]
        if name.endswith("Timestamp"):
            return abs(value - time.time()) < 120
        if name in ("ShardIterator", "NextShardIterator"):
            return bool(value)
        return value

    def covers(name, ours, theirs, at):
        if isinstance(theirs, dict):
            return [d for k, v in theirs.items() for d in (covers(k, ours[k], v, at + "." + k) if isinstance(ours, dict) and k in ours else [f"{at}.{k} is missing"])]
        if isinstance(theirs, list):
            if not isinstance(ours, list) or len(ours) != len(theirs):
                return [f"{at}: {ours} for {theirs}"]
            return [d for i, v in enumerate(theirs) for d in covers(name, ours[i], v, f"{at}[{i}]")]
        return [] if value_of(name, ours, None) == value_of(name, theirs, None) else [f"{at}: {ours} for {theirs}"]

    def both(operation, body, ours=None):
        """Both must answer alike: an error in the same words, or the same values."""
        global same
        (s1, a1), (s2, a2) = lake.ask(operation, ours or body), lite.ask(operation, body)
        d = [] if s1 == s2 else [f"status {s1} for {s2}"]
        d = d or covers("", a1 or {}, a2 or {}, "")
        if d:
            differ.append((operation, body, d, a1, a2))
        else:
            same += 1
        return a1, a2

    def active(name):
        for peer in (lake, lite):
            while peer.ask("DescribeStream", {"StreamName": name})[1]["StreamDescription"]["StreamStatus"] != "ACTIVE":
                time.sleep(0.05)

    both("CreateStream", {"StreamName": "diff", "ShardCount": 3})
    active("diff")
    for operation in ("DescribeStream", "DescribeStreamSummary", "ListShards", "ListTagsForStream"):
        both(operation, {"StreamName": "diff"})
    both("CreateStream", {"StreamName": "diff", "ShardCount": 3})
    both("CreateStream", {"StreamName": "huge", "ShardCount": 20000})
    both("ListShards", {})
    both("ListShards", {"StreamName": "diff", "NextToken": "diff"})
    both("ListShards", {"StreamName": "diff", "ExclusiveStartShardId": "shardId-000000000000"})
    top = 2**128
    hashes = [0, 1, top // 3 - 1, top // 3, top // 3 * 2 - 1, top // 3 * 2, top - 1]
    records = [{"Data": "", "PartitionKey": k} for k in ("a", "b", "e", "f", "ü", "🎉")] + [{"Data": "AAEC", "PartitionKey": "a", "ExplicitHashKey": str(h)} for h in hashes]
    put = both("PutRecords", {"StreamName": "diff", "Records": records})
    for h in hashes + [top, 10**39 - 1]:
        both("PutRecord", {"StreamName": "diff", "Data": "AQ==", "PartitionKey": "a", "ExplicitHashKey": str(h)})
    now = int(time.time())
    for digits in [
        "2" + "0" * 46, "2" + "0" * 45 + "1", "2" + "0" * 45 + "2", "2" + "0" * 45 + "3", "2" + "0" * 45 + "4", "3" + "0" * 45 + "1",
        "1ffffffffff7fffffffffffffff000000000007fffffff2", "20000000000800000000000000000000000000000000002", "2ffffffffff7fffffffffffffff000000000007fffffff2",
        "200000000000000000000000000000%x000000002" % (now - 2), "200000000000000000000000000000%x000000002" % (now + 60),
        "13bb2cc3d80000000000000000000000", "13bb2cc3d7fffffffffffffffffffff", "20000000000000000000000000000000000000800000002", "0", "5", "f" * 40,
    ]:
        n = str(int(digits, 16))
        both("PutRecord", {"StreamName": "diff", "Data": "", "PartitionKey": "a", "SequenceNumberForOrdering": n})
        for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "LATEST"):
            both("GetShardIterator", {"StreamName": "diff", "ShardId": shard, "ShardIteratorType": kind, "StartingSequenceNumber": n})
    for name in ("diff", "nothere"):
        for id in ("0", "x-0", "shardId-000000000000", "-0", "a-0-9", "5", "2147483647", "a-00002147483647", "2147483648", "shardId-002147483648", "ABKLFD8", "2.14E4", "-", "--5"):
            for kind in ("LATEST", "TRIM_HORIZON", "AT_SEQUENCE_NUMBER", "AT_TIMESTAMP"):
                both("GetShardIterator", {"StreamName": name, "ShardId": id, "ShardIteratorType": kind})
            both("SplitShard", {"StreamName": name, "ShardToSplit": id, "NewStartingHashKey": "1"})
            both("MergeShards", {"StreamName": name, "ShardToMerge": id, "AdjacentShardToMerge": "x-2"})
            both("MergeShards", {"StreamName": name, "ShardToMerge": "2", "AdjacentShardToMerge": id})
    both("GetShardIterator", {"StreamName": "diff", "ShardId": shard, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 0})
    for key in (0, 1, 2, top // 3 - 2, top // 3 - 1, top // 3, top):
        if key in (2, top // 3 - 2):
            continue  # good ones
        both("SplitShard", {"StreamName": "diff", "ShardToSplit": shard, "NewStartingHashKey": str(key)})

    def read(shard, kind="TRIM_HORIZON", n=None):
        extra = {} if n is None else {"StartingSequenceNumber": n[0]}
        theirs = {} if n is None else {"StartingSequenceNumber": n[1]}
        request = {"StreamName": "diff", "ShardId": shard, "ShardIteratorType": kind}
        a, b = both("GetShardIterator", {**request, **theirs}, {**request, **extra})
        return both("GetRecords", {"ShardIterator": b["ShardIterator"]}, {"ShardIterator": a["ShardIterator"]})

    for i in range(3):
        read(f"shardId-{i}")
        read(f"shardId-{i}", "LATEST")
    first = [a["Records"][1]["SequenceNumber"] for a in put]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        read("shardId-1", kind, first)
        both("GetShardIterator", {"StreamName": "diff", "ShardId": "0", "ShardIteratorType": kind, "StartingSequenceNumber": first[1]}, {"StreamName": "diff", "ShardId": "0", "ShardIteratorType": kind, "StartingSequenceNumber": first[0]})

    # Resharding: the old shards stay until it is done.
    for change, body in (("SplitShard", {"ShardToSplit": "x-1", "NewStartingHashKey": str(top // 2)}), ("MergeShards", {"ShardToMerge": "x-0", "AdjacentShardToMerge": "3"})):
        both(change, {"StreamName": "diff", **body})
        active("diff")
        both("ListShards", {"StreamName": "diff"})
        both("DescribeStreamSummary", {"StreamName": "diff"})
    both("PutRecord", {"StreamName": "diff", "Data": "", "PartitionKey": "a"})

    for tags in ({"a": "a", "ü0 _.": "a", "/=+-@": "a", "b": "ü0 _./=+-@", "c": ""}, {"a;": "1"}, {"a\t": "1"}, {"a\n": "1"}, {"a,b": "1"}, {"a": "b;c"}, {"a%": "b"}, {"a": "100%"}):
        both("AddTagsToStream", {"StreamName": "diff", "Tags": tags})
    both("ListTagsForStream", {"StreamName": "diff"})
    both("ListTagsForStream", {"StreamName": "diff", "Limit": 2, "ExclusiveStartTagKey": "a"})
    for keys in (["a"], ["b;"], ["c%"], ["nothere"]):
        both("RemoveTagsFromStream", {"StreamName": "diff", "TagKeys": keys})
    for hours in (23, 48, 47, 48, 168):
        both("IncreaseStreamRetentionPeriod", {"StreamName": "diff", "RetentionPeriodHours": hours})
    for hours in (23, 168, 24, 25):
        both("DecreaseStreamRetentionPeriod", {"StreamName": "diff", "RetentionPeriodHours": hours})
    both("ListStreams", {})
    both("ListStreams", {"Limit": 1, "ExclusiveStartStreamName": "a"})
    for operation, body in good.items():
        if "StreamName" in body and operation not in ("CreateStream", "GetShardIterator"):
            both(operation, {**body, "StreamName": "nothere"})
    both("DeleteStream", {"StreamName": "diff"})

    for d in differ:
        print(*[str(x)[:700] for x in d], sep="\n  ")
    print(f"{same} requests answered alike, {len(differ)} not")
    assert not differ
    print("ok")
finally:
    server.terminate()
    server.wait()

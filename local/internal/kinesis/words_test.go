package kinesis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/awswire"
)

// What the service answers to bad requests. The words, and the order in which they come, are
// those that kinesalite's tests (mhart/kinesalite, test/*.js), which were written against the
// service, expect of it; where the service has moved since (streams by ARN, records of
// 10 MiB, 50 tags, retention of a year), with the numbers of its model of today. Its later
// tests take the violations of a request in any order: there the order is ours, see
// member.bucket.

// ask sends a request and gives the answer's status, error and message.
func ask(t *testing.T, s *Service, operation string, format awswire.Format, body []byte) (int, string, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	r.Header.Set("Content-Type", format.ContentType())
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		return w.Code, "", ""
	}
	var e map[string]string
	tree, err := format.Tree(w.Body.Bytes())
	if err == nil {
		err = awswire.Assign(tree, &e)
	}
	if err != nil || w.Header().Get("X-Amzn-Errortype") != e["__type"] {
		t.Fatalf("%s: %v: %s", operation, err, w.Body)
	}
	if e["__type"] == serialization {
		return w.Code, e["__type"], e["Message"]
	}
	return w.Code, e["__type"], e["message"]
}

func TestWrongTypes(t *testing.T) {
	t.Parallel()
	const number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
	list, dict := "Start of list found where not expected", "Start of structure or map found where not expected."
	words := map[kind]map[string]string{
		aFlag:   {`"23"`: "'23' can not be converted to an Boolean", `23`: number + " can not be converted to an Boolean", `[]`: list, `{}`: dict},
		aText:   {`true`: "class java.lang.Boolean can not be converted to an String", `23`: number + " can not be converted to an String", `34.56`: number + " can not be converted to an String", `[]`: list, `{}`: dict},
		aNumber: {`"23"`: "class java.lang.String can not be converted to an Integer", `true`: "class java.lang.Boolean can not be converted to an Integer", `[]`: list, `{}`: dict},
		aTime:   {`"23"`: "class java.lang.String can not be converted to milliseconds since epoch", `true`: "class java.lang.Boolean can not be converted to milliseconds since epoch", `[]`: list, `{}`: dict},
		aBlob: {
			`true`: "class java.lang.Boolean can not be converted to a Blob", `-2147483648`: number + " can not be converted to a Blob", `[]`: list, `{}`: dict,
			`"23456"`: "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5",
			`"=+/="`:  "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='",
			`"+/+="`:  "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected",
		},
		aList:      {`"23"`: "Expected list or null", `true`: "Expected list or null", `23`: "Expected list or null", `{}`: dict},
		aMap:       {`"23"`: "Expected map or null", `true`: "Expected map or null", `34.56`: "Expected map or null", `[]`: list},
		aStructure: {`"23"`: "Expected null", `true`: "Expected null", `23`: "Expected null", `[]`: list},
	}
	s := testService(t)
	asked := 0
	// try puts every wrong value in the place that %s marks.
	var try func(operation, body string, in *shape)
	try = func(operation, body string, in *shape) {
		for value, want := range words[in.kind] {
			asked++
			status, code, message := ask(t, s, operation, awswire.FormatJSON, []byte(strings.Replace(body, "%s", value, 1)))
			if status != 400 || code != serialization || message != want {
				t.Errorf("%s %s: %d %s %q, want %q", operation, strings.Replace(body, "%s", value, 1), status, code, message, want)
			}
		}
		for _, m := range in.members {
			try(operation, strings.Replace(body, "%s", fmt.Sprintf(`{%q:%%s}`, m.name), 1), m.shape)
		}
		switch in.kind {
		case aList:
			try(operation, strings.Replace(body, "%s", "[%s]", 1), in.elem)
		case aMap:
			try(operation, strings.Replace(body, "%s", `{"a":%s}`, 1), in.elem)
		}
	}
	for operation, in := range shapes {
		if strings.Contains(operation, "/") {
			continue
		}
		for _, m := range in.members {
			try(operation, fmt.Sprintf(`{%q:%%s}`, m.name), m.shape)
		}
		for _, body := range []string{"", "hello", "[]", "23", `{"a":}`, `{} {}`} {
			if status, code, message := ask(t, s, operation, awswire.FormatJSON, []byte(body)); status != 400 || code != serialization || message != "" {
				t.Errorf("%s %q: %d %s %q", operation, body, status, code, message)
			}
		}
		if status, code, _ := ask(t, s, operation, awswire.FormatCBOR, []byte("\x81\x01")); status != 400 || code != serialization {
			t.Errorf("%s with a list of CBOR: %d %s", operation, status, code)
		}
	}
	big := `{"StreamName":"s","PartitionKey":"k","Data":"` + strings.Repeat("A", 5001) + `"}`
	if _, _, message := ask(t, s, "PutRecord", awswire.FormatJSON, []byte(big)); message != "'"+strings.Repeat("A", 1024)+"...' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5001" {
		t.Errorf("a large blob that is none: %s", message)
	}
	if asked < 900 {
		t.Errorf("only %d wrong values were tried", asked)
	}
}

// The constraints, as the service words them.
func null(at string) string { return at + "|null|Member must not be null" }

func pattern(at, value, p string) string {
	return at + "|'" + value + "'|Member must satisfy regular expression pattern: " + p
}
func name(at, value string) string { return pattern(at, value, "[a-zA-Z0-9_.-]+") }
func short(at, value string) string {
	return at + "|'" + value + "'|Member must have length greater than or equal to 1"
}

func long(at, value string, most int) string {
	return fmt.Sprintf("%s|'%s'|Member must have length less than or equal to %d", at, value, most)
}

func low(at, value string) string {
	return at + "|'" + value + "'|Member must have value greater than or equal to 1"
}

func high(at, value string, most int) string {
	return fmt.Sprintf("%s|'%s'|Member must have value less than or equal to %d", at, value, most)
}

func enum(at, value, values string) string {
	return at + "|'" + value + "'|Member must satisfy enum value set: [" + values + "]"
}

// violations makes a message of constraints.
func violations(constraints ...string) string {
	var text []string
	for _, c := range constraints {
		p := strings.SplitN(c, "|", 3)
		text = append(text, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", p[1], p[0], p[2]))
	}
	s := ""
	if len(text) > 1 {
		s = "s"
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(text), s, strings.Join(text, "; "))
}

type m = map[string]any

// TestViolations: missing members, empty ones, ones too long. The service answers with all of
// them at once.
func TestViolations(t *testing.T) {
	t.Parallel()
	s := testService(t)
	x129, x257, x513 := strings.Repeat("a", 129), strings.Repeat("a", 257), strings.Repeat("a", 513)
	const (
		hash  = `0|([1-9]\d{0,38})`
		seq   = `0|([1-9]\d{0,128})`
		types = "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON"
	)
	emptyName := []string{name("streamName", ""), short("streamName", "")}
	longName := long("streamName", x129, 128)
	tooMany, tooManyWords := make([]m, 501), strings.Repeat(", com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry@c965e310", 501)[2:]
	for i := range tooMany {
		tooMany[i] = m{"PartitionKey": "", "Data": ""}
	}
	manyErrors := []string{long("records", "["+tooManyWords+"]", 500)}
	for i := range 9 {
		manyErrors = append(manyErrors, short(fmt.Sprintf("records.%d.member.partitionKey", i+1), ""))
	}
	for _, c := range []struct {
		operation string
		in        m
		want      []string
	}{
		{"AddTagsToStream", m{}, []string{null("tags")}},
		{"AddTagsToStream", m{"StreamName": "", "Tags": m{}}, append([]string{short("tags", "{}")}, emptyName...)},
		{"AddTagsToStream", m{"StreamName": x129, "Tags": m{"a;b": "b"}}, []string{longName}},
		{"AddTagsToStream", m{"StreamName": "s", "Tags": m{x129: "3"}}, []string{
			"tags|'{" + x129 + "=3}'|Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
		}},
		{"AddTagsToStream", m{"StreamName": "s", "Tags": m{"a": "1", "c": x257}}, []string{
			"tags|'{a=1, c=" + x257 + "}'|Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]",
		}},
		{"CreateStream", m{}, []string{null("streamName")}},
		{"CreateStream", m{"StreamName": "", "ShardCount": 0}, append([]string{low("shardCount", "0")}, emptyName...)},
		{"CreateStream", m{"StreamName": x129}, []string{longName}},
		{"CreateStream", m{"StreamName": "s", "ShardCount": 100001}, []string{high("shardCount", "100001", 100000)}},
		{"DecreaseStreamRetentionPeriod", m{}, []string{null("retentionPeriodHours")}},
		{"DecreaseStreamRetentionPeriod", m{"StreamName": "", "RetentionPeriodHours": -1}, append([]string{low("retentionPeriodHours", "-1")}, emptyName...)},
		{"IncreaseStreamRetentionPeriod", m{"StreamName": x129, "RetentionPeriodHours": 8761}, []string{high("retentionPeriodHours", "8761", 8760), longName}},
		{"DeleteStream", m{"StreamName": ""}, emptyName},
		{"DeleteStream", m{"StreamName": x129}, []string{longName}},
		{"DescribeStream", m{"StreamName": "", "Limit": 0, "ExclusiveStartShardId": ""}, append([]string{
			low("limit", "0"), name("exclusiveStartShardId", ""), short("exclusiveStartShardId", ""),
		}, emptyName...)},
		{"DescribeStream", m{"StreamName": x129, "Limit": 100000, "ExclusiveStartShardId": x129}, []string{
			high("limit", "100000", 10000), long("exclusiveStartShardId", x129, 128), longName,
		}},
		{"DescribeStreamSummary", m{"StreamName": ""}, emptyName},
		{"GetRecords", m{}, []string{null("shardIterator")}},
		{"GetRecords", m{"ShardIterator": "", "Limit": 0}, []string{low("limit", "0"), short("shardIterator", "")}},
		{"GetRecords", m{"ShardIterator": x513, "Limit": 100000}, []string{high("limit", "100000", 10000), long("shardIterator", x513, 512)}},
		{"GetShardIterator", m{}, []string{null("shardId"), null("shardIteratorType")}},
		{"GetShardIterator", m{"StreamName": "", "ShardIteratorType": "", "ShardId": "", "StartingSequenceNumber": ""}, []string{
			name("shardId", ""), short("shardId", ""), enum("shardIteratorType", "", types),
			name("streamName", ""), short("streamName", ""), pattern("startingSequenceNumber", "", seq),
		}},
		{"GetShardIterator", m{"StreamName": x129, "ShardId": x129, "ShardIteratorType": "LATEST"}, []string{long("shardId", x129, 128), longName}},
		{"ListShards", m{"StreamName": "", "NextToken": "", "MaxResults": 0, "ExclusiveStartShardId": ""}, append([]string{
			name("exclusiveStartShardId", ""), short("exclusiveStartShardId", ""), short("nextToken", ""), low("maxResults", "0"),
		}, emptyName...)},
		{"ListShards", m{"StreamName": x129, "MaxResults": 100000, "ExclusiveStartShardId": x129}, []string{
			long("exclusiveStartShardId", x129, 128), high("maxResults", "100000", 10000), longName,
		}},
		{"ListStreams", m{"Limit": 0, "ExclusiveStartStreamName": ""}, []string{
			low("limit", "0"), name("exclusiveStartStreamName", ""), short("exclusiveStartStreamName", ""),
		}},
		{"ListStreams", m{"Limit": 1000000, "ExclusiveStartStreamName": x129}, []string{high("limit", "1000000", 10000), long("exclusiveStartStreamName", x129, 128)}},
		{"ListTagsForStream", m{"StreamName": "", "Limit": 0, "ExclusiveStartTagKey": ""}, append([]string{
			low("limit", "0"), short("exclusiveStartTagKey", ""),
		}, emptyName...)},
		{"ListTagsForStream", m{"StreamName": x129, "Limit": 100, "ExclusiveStartTagKey": x129}, []string{
			high("limit", "100", 50), long("exclusiveStartTagKey", x129, 128), longName,
		}},
		{"MergeShards", m{}, []string{null("shardToMerge"), null("adjacentShardToMerge")}},
		{"MergeShards", m{"StreamName": "", "ShardToMerge": "", "AdjacentShardToMerge": ""}, append([]string{
			name("shardToMerge", ""), short("shardToMerge", ""), name("adjacentShardToMerge", ""), short("adjacentShardToMerge", ""),
		}, emptyName...)},
		{"MergeShards", m{"StreamName": x129, "ShardToMerge": x129, "AdjacentShardToMerge": x129}, []string{
			long("shardToMerge", x129, 128), long("adjacentShardToMerge", x129, 128), longName,
		}},
		{"PutRecord", m{}, []string{null("partitionKey"), null("data")}},
		{"PutRecord", m{"StreamName": "", "PartitionKey": "", "Data": "", "ExplicitHashKey": "", "SequenceNumberForOrdering": ""}, append([]string{
			pattern("sequenceNumberForOrdering", "", seq), short("partitionKey", ""), pattern("explicitHashKey", "", hash),
		}, emptyName...)},
		{"PutRecord", m{"StreamName": x129, "PartitionKey": x257, "Data": make([]byte, 10<<20+1), "ExplicitHashKey": ""}, []string{
			long("partitionKey", x257, 256), pattern("explicitHashKey", "", hash),
			long("data", "java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]", 10485760), longName,
		}},
		{"PutRecords", m{}, []string{null("records")}},
		{"PutRecords", m{"StreamName": "", "Records": []m{}}, append([]string{short("records", "[]")}, emptyName...)},
		{"PutRecords", m{"StreamName": "", "Records": []m{{"PartitionKey": "", "Data": "", "ExplicitHashKey": ""}}}, append([]string{
			short("records.1.member.partitionKey", ""), pattern("records.1.member.explicitHashKey", "", hash),
		}, emptyName...)},
		{"PutRecords", m{"StreamName": x129, "Records": []m{{"PartitionKey": x257, "ExplicitHashKey": ""}}}, []string{
			long("records.1.member.partitionKey", x257, 256), pattern("records.1.member.explicitHashKey", "", hash), null("records.1.member.data"), longName,
		}},
		{"PutRecords", m{"StreamName": "", "Records": tooMany}, manyErrors},
		{"RemoveTagsFromStream", m{}, []string{null("tagKeys")}},
		{"RemoveTagsFromStream", m{"StreamName": "", "TagKeys": []string{}}, append([]string{short("tagKeys", "[]")}, emptyName...)},
		{"RemoveTagsFromStream", m{"StreamName": "s", "TagKeys": []string{"a", x129, "b"}}, []string{
			"tagKeys|'[a, " + x129 + ", b]'|Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
		}},
		{"SplitShard", m{}, []string{null("newStartingHashKey"), null("shardToSplit")}},
		{"SplitShard", m{"StreamName": "", "NewStartingHashKey": "", "ShardToSplit": ""}, []string{
			pattern("newStartingHashKey", "", hash), name("streamName", ""), short("streamName", ""), name("shardToSplit", ""), short("shardToSplit", ""),
		}},
		{"SplitShard", m{"StreamName": x129, "NewStartingHashKey": "0", "ShardToSplit": x129}, []string{longName, long("shardToSplit", x129, 128)}},
		{"UpdateShardCount", m{}, []string{null("scalingType"), null("targetShardCount")}},
		{"UpdateShardCount", m{"StreamName": "", "ScalingType": "", "TargetShardCount": 0}, append([]string{
			enum("scalingType", "", "UNIFORM_SCALING"), low("targetShardCount", "0"),
		}, emptyName...)},
		{"UpdateShardCount", m{"StreamName": "s", "ScalingType": "UNIFORM_SCALING", "TargetShardCount": 100001}, []string{high("targetShardCount", "100001", 100000)}},
	} {
		body, err := json.Marshal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		status, code, message := ask(t, s, c.operation, awswire.FormatJSON, body)
		if diff := cmp.Diff(violations(c.want...), message); diff != "" || status != 400 || code != "ValidationException" {
			t.Errorf("%s %.200s: %d %s (-service +ours):\n%.2000s", c.operation, body, status, code, diff)
		}
		cborBody, err := awswire.EncodeCBOR(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if _, code, again := ask(t, s, c.operation, awswire.FormatCBOR, cborBody); again != message || code != "ValidationException" {
			t.Errorf("%s in CBOR: %s %.200s", c.operation, code, again)
		}
	}
}

// TestRefusals: what is valid by itself and not of use to the stream.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := testService(t)
	call(t, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":3}`))
	const in, account = " in stream s under account 000000000000", " under account 000000000000"
	hex := func(digits string) string { return decimal(t, digits) }
	split := func(shard, key string) m {
		return m{"StreamName": "s", "ShardToSplit": shard, "NewStartingHashKey": key}
	}
	notBetween := func(key string) string {
		return "NewStartingHashKey " + key + " used in SplitShard() on shard shardId-000000000000" + in +
			" is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 113427455640312821154458202477256070484."
	}
	merge := func(a, b string) m { return m{"StreamName": "s", "ShardToMerge": a, "AdjacentShardToMerge": b} }
	notAdjacent := func(a, b string) string {
		return "Shards shardId-00000000000" + a + " and shardId-00000000000" + b + in + " are not an adjacent pair of shards eligible for merging"
	}
	iter := func(stream, shard, kind string, more m) m {
		out := m{"StreamName": stream, "ShardId": shard, "ShardIteratorType": kind}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	from := func(n string) m { return m{"StartingSequenceNumber": n} }
	const rule = "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
	put := func(more m) m {
		out := m{"StreamName": "s", "PartitionKey": "a", "Data": ""}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	order := func(digits string) (m, string) {
		n := hex(digits)
		return put(m{"SequenceNumberForOrdering": n}), "ExclusiveMinimumSequenceNumber " + n + " used in PutRecord on stream s" + account + " is invalid."
	}
	type refusal struct {
		operation  string
		in         m
		code, want string
	}
	cases := []refusal{
		{"CreateStream", m{"StreamName": "s", "ShardCount": 1}, "ResourceInUseException", "Stream s" + account + " already exists."},
		{"CreateStream", m{"StreamName": "t", "ShardCount": 100000}, "LimitExceededException", "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for the account: 3. Limit: 20000. Number of additional shards that would have resulted from this request: 100000. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits."},
		{"IncreaseStreamRetentionPeriod", m{"StreamName": "no", "RetentionPeriodHours": 23}, "ResourceNotFoundException", "Stream no" + account + " not found."},
		{"IncreaseStreamRetentionPeriod", m{"StreamName": "s", "RetentionPeriodHours": 23}, "InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."},
		{"DecreaseStreamRetentionPeriod", m{"StreamName": "s", "RetentionPeriodHours": 25}, "InvalidArgumentException", "Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API."},
		{"ListShards", m{}, "InvalidArgumentException", "Either NextToken or StreamName should be provided."},
		{"ListShards", m{"StreamName": "s", "NextToken": "s"}, "InvalidArgumentException", "NextToken and StreamName cannot be provided together."},
		{"GetRecords", m{"ShardIterator": "nonsense"}, "InvalidArgumentException", "Invalid ShardIterator."},
		{"AddTagsToStream", m{"StreamName": "no", "Tags": m{"a;": "b"}}, "ResourceNotFoundException", "Stream no" + account + " not found."},
		{"AddTagsToStream", m{"StreamName": "s", "Tags": m{"a%": "b"}}, "InvalidArgumentException", "Failed to add tags to stream s" + account + " because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."},
		{"RemoveTagsFromStream", m{"StreamName": "s", "TagKeys": []string{"a%"}}, "InvalidArgumentException", "Failed to remove tags from stream s" + account + " because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."},
		{"SplitShard", split("shard-0", "1"), "InvalidArgumentException", notBetween("1")},
		{"SplitShard", split("0", "0"), "InvalidArgumentException", notBetween("0")},
		{"SplitShard", split("shardId-0", "113427455640312821154458202477256070484"), "InvalidArgumentException", notBetween("113427455640312821154458202477256070484")},
		{"SplitShard", split("shardId-0", "340282366920938463463374607431768211456"), "InvalidArgumentException", notBetween("340282366920938463463374607431768211456")},
		{"MergeShards", merge("x-0", "x-2"), "InvalidArgumentException", notAdjacent("0", "2")},
		{"MergeShards", merge("x-1", "x-0"), "InvalidArgumentException", notAdjacent("1", "0")},
		{"MergeShards", merge("x-1", "x-1"), "InvalidArgumentException", notAdjacent("1", "1")},
		{"GetShardIterator", iter("s", "shardId-5", "AT_SEQUENCE_NUMBER", from("5")), "ResourceNotFoundException", "Shard shardId-000000000005" + in + " does not exist"},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", nil), "InvalidArgumentException", rule + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"GetShardIterator", iter("s", "shardId-0", "AFTER_SEQUENCE_NUMBER", nil), "InvalidArgumentException", rule + "AFTER_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"GetShardIterator", iter("s", "shardId-0", "LATEST", from("5")), "InvalidArgumentException", rule + "LATEST and also a StartingSequenceNumber."},
		{"GetShardIterator", iter("s", "shardId-0", "TRIM_HORIZON", from("5")), "InvalidArgumentException", rule + "TRIM_HORIZON and also a StartingSequenceNumber."},
		{"GetShardIterator", iter("s", "shardId-0", "AT_TIMESTAMP", nil), "InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", from("5")), "InvalidArgumentException", "Invalid StartingSequenceNumber. It encodes shardId-000000000005, while it was used in a call to a shard with shardId-000000000000"},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", from("0")), "InternalFailure", ""},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", from(hex("13bb2cc3d80000000000000000000000"))), "InvalidArgumentException", "StartingSequenceNumber 26227199374822427428162556223570313216 used in GetShardIterator on shard shardId-000000000000" + in + " is invalid."},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", from(hex("20000000000800000000000000000000000000000000002"))), "InvalidArgumentException", "StartingSequenceNumber " + hex("20000000000800000000000000000000000000000000002") + " used in GetShardIterator on shard shardId-000000000000" + in + " is invalid."},
		{"GetShardIterator", iter("s", "shardId-0", "AT_SEQUENCE_NUMBER", from(hex("20000000000000000000000000000000000000800000002"))), "InvalidArgumentException", "Invalid StartingSequenceNumber. It encodes shardId--02147483648, while it was used in a call to a shard with shardId-000000000000"},
		{"GetShardIterator", iter("s", "shardId-0", "AFTER_SEQUENCE_NUMBER", from(hex("20000000000000000000000000000000000000000000002"))), "InvalidArgumentException", "StartingSequenceNumber " + hex("20000000000000000000000000000000000000000000002") + " used in GetShardIterator on shard shardId-000000000000" + in + " is invalid because it did not come from this stream."},
		{"PutRecord", put(m{"ExplicitHashKey": "340282366920938463463374607431768211456"}), "InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
		{"PutRecords", m{"StreamName": "s", "Records": []m{{"PartitionKey": "a", "Data": "", "ExplicitHashKey": "340282366920938463463374607431768211456"}, {"PartitionKey": "a", "Data": ""}}}, "InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
	}
	// A stream that is not there, by everything that takes one.
	for operation, more := range map[string]m{
		"DeleteStream": nil, "DescribeStream": nil, "DescribeStreamSummary": nil, "ListShards": nil, "ListTagsForStream": nil,
		"AddTagsToStream": {"Tags": m{"a": "b"}}, "RemoveTagsFromStream": {"TagKeys": []string{"a"}},
		"PutRecord": {"PartitionKey": "a", "Data": ""}, "PutRecords": {"Records": []m{{"PartitionKey": "a", "Data": ""}}},
		"SplitShard":       {"ShardToSplit": "a-00002147483647", "NewStartingHashKey": "0"},
		"MergeShards":      {"ShardToMerge": "-00002147483647", "AdjacentShardToMerge": "x-0"},
		"UpdateShardCount": {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
	} {
		in := m{"StreamName": "no"}
		for k, v := range more {
			in[k] = v
		}
		cases = append(cases, refusal{operation, in, "ResourceNotFoundException", "Stream no" + account + " not found."})
	}
	// Shards by their number, and by what is none. A stream that is not there is found out
	// later by those that reshard, and never by GetShardIterator.
	for _, id := range []string{"2147483647", "x-2147483647", "a-00002147483647", "-00002147483647"} {
		cases = append(cases, refusal{"GetShardIterator", iter("no", id, "LATEST", nil), "ResourceNotFoundException", "Shard shardId-002147483647 in stream no" + account + " does not exist"})
	}
	for _, id := range []string{"2147483648", "shardId-002147483648", "ABKLFD8", "2.14E4"} {
		want := "Could not find shard " + id + " in stream no" + account + "."
		cases = append(cases,
			refusal{"GetShardIterator", iter("no", id, "LATEST", nil), "ResourceNotFoundException", want},
			refusal{"SplitShard", m{"StreamName": "no", "ShardToSplit": id, "NewStartingHashKey": "0"}, "ResourceNotFoundException", want},
			refusal{"MergeShards", m{"StreamName": "no", "ShardToMerge": id, "AdjacentShardToMerge": "x-0"}, "ResourceNotFoundException", want},
			refusal{"MergeShards", m{"StreamName": "no", "ShardToMerge": "x-0", "AdjacentShardToMerge": id}, "ResourceNotFoundException", want})
	}
	for operation, in := range map[string]m{"SplitShard": split("shardId-5", "0"), "MergeShards": merge("x-0", "5")} {
		cases = append(cases, refusal{operation, in, "ResourceNotFoundException", "Could not find shard shardId-000000000005 in stream s" + account + "."})
	}
	for _, digits := range []string{
		"20000000000000000000000000000000000000000000000", "20000000000000000000000000000000000000000000004", // versions that never were
		"30000000000000000000000000000000000000000000001", "1ffffffffff7fffffffffffffff000000000007fffffff2", // other beginnings
		"20000000000800000000000000000000000000000000002", // an index too high
		"200000000000000000000000000000fffffffff00000002", // the future
		"13bb2cc3d80000000000000000000000",                // a day too late
	} {
		in, want := order(digits)
		cases = append(cases, refusal{"PutRecord", in, "InvalidArgumentException", want})
	}
	for _, c := range cases {
		body, err := json.Marshal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		status := http.StatusBadRequest
		if c.code == internal {
			status = http.StatusInternalServerError
		}
		if got, code, message := ask(t, s, c.operation, awswire.FormatJSON, body); got != status || code != c.code || message != c.want {
			t.Errorf("%s %.200s: %d %s\n got %s\nwant %s", c.operation, body, got, code, message, c.want)
		}
	}
	// And what is taken, though it may not look so.
	for _, digits := range []string{
		"20000000000000000000000000000000000000000000002", "20000000000000000000000000000000000000000000001",
		"20000000000000000000000000000000000000800000002", "0", "5",
	} {
		in, _ := order(digits)
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		call(t, s, "PutRecord", body)
	}
	for _, id := range []string{"x-0", "0", "shardId-000000000000", "a-0-9"} {
		body, err := json.Marshal(iter("s", id, "LATEST", nil))
		if err != nil {
			t.Fatal(err)
		}
		call(t, s, "GetShardIterator", body)
	}
}

// TestAnswersHaveTheRecordedMembers holds the members of answers against those that LocalStack
// recorded of the service (tests/aws/services/kinesis/test_kinesis.snapshot.json, 2022), and
// kinesalite's tests want of it.
func TestAnswersHaveTheRecordedMembers(t *testing.T) {
	t.Parallel()
	s := testService(t)
	call(t, s, "CreateStream", []byte(`{"StreamName":"s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`))
	arn := `"arn:aws:kinesis:us-east-1:000000000000:stream/s"`
	call(t, s, "AddTagsToStream", []byte(`{"StreamName":"s","Tags":{"foo":"bar"}}`))
	call(t, s, "RegisterStreamConsumer", []byte(`{"ConsumerName":"consumer","StreamARN":`+arn+`}`))
	put := call(t, s, "PutRecord", []byte(`{"StreamName":"s","PartitionKey":"1","Data":"","ExplicitHashKey":"0"}`))
	it := call(t, s, "GetShardIterator", []byte(`{"StreamName":"s","ShardId":"0","ShardIteratorType":"TRIM_HORIZON"}`))
	for _, c := range []struct {
		what   string
		answer []byte
		path   []string // to the first of a list where it is one
		want   string
	}{
		{"PutRecord", put, nil, "SequenceNumber ShardId"},
		{"PutRecords", call(t, s, "PutRecords", []byte(`{"StreamName":"s","Records":[{"PartitionKey":"1","Data":""}]}`)), nil, "FailedRecordCount Records"},
		{"GetShardIterator", it, nil, "ShardIterator"},
		{"GetRecords", call(t, s, "GetRecords", it), []string{"Records"}, "ApproximateArrivalTimestamp Data PartitionKey SequenceNumber"},
		{"ListShards", call(t, s, "ListShards", []byte(`{"StreamName":"s"}`)), []string{"Shards"}, "HashKeyRange SequenceNumberRange ShardId"},
		{"ListShards", call(t, s, "ListShards", []byte(`{"StreamName":"s"}`)), []string{"Shards", "SequenceNumberRange"}, "StartingSequenceNumber"},
		{"ListTagsForStream", call(t, s, "ListTagsForStream", []byte(`{"StreamName":"s"}`)), []string{"Tags"}, "Key Value"},
		{"ListStreamConsumers", call(t, s, "ListStreamConsumers", []byte(`{"StreamARN":`+arn+`}`)), []string{"Consumers"}, "ConsumerARN ConsumerCreationTimestamp ConsumerName ConsumerStatus"},
		{"DescribeStreamConsumer", call(t, s, "DescribeStreamConsumer", []byte(`{"ConsumerName":"consumer","StreamARN":`+arn+`}`)), []string{"ConsumerDescription"}, "ConsumerARN ConsumerCreationTimestamp ConsumerName ConsumerStatus StreamARN"},
	} {
		var v any
		if err := json.Unmarshal(c.answer, &v); err != nil {
			t.Fatal(err)
		}
		for _, name := range c.path {
			v = v.(m)[name]
			if l, ok := v.([]any); ok {
				v = l[0]
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(v.(m))), " "); got != c.want {
			t.Errorf("%s: %v has %s, want %s", c.what, c.path, got, c.want)
		}
	}
}

package local_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local"
)

// texts reads one GetRecords from an iterator of the kind.
func texts(t *testing.T, client *awskinesis.Client, in *awskinesis.GetShardIteratorInput) (got []string) {
	t.Helper()
	in.StreamName, in.ShardId = aws.String("clicks"), aws.String("shardId-000000000000")
	it, err := client.GetShardIterator(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out.Records {
		got = append(got, strings.TrimPrefix(string(r.Data), "record "))
	}
	return got
}

func TestIterators(t *testing.T) {
	t.Parallel()
	local.Test(t, start, &local.Options{}, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config())
		createStream(t, client, "clicks", 1)
		var seqs []string
		var times []time.Time
		for i := range 5 {
			seqs = append(seqs, *putN(t, client, "clicks", i, 1)[0].SequenceNumber)
			times = append(times, time.Now())
			time.Sleep(time.Minute)
		}
		for i := 1; i < len(seqs); i++ {
			if seqs[i] <= seqs[i-1] || len(seqs[i]) != 56 {
				t.Errorf("sequence number %s follows %s", seqs[i], seqs[i-1])
			}
		}
		at := func(kind kinesistypes.ShardIteratorType, seq string, when *time.Time) []string {
			t.Helper()
			in := &awskinesis.GetShardIteratorInput{ShardIteratorType: kind, Timestamp: when}
			if seq != "" {
				in.StartingSequenceNumber = &seq
			}
			return texts(t, client, in)
		}
		for _, c := range []struct {
			name string
			got  []string
			want string
		}{
			{"TRIM_HORIZON", at("TRIM_HORIZON", "", nil), "0 1 2 3 4"},
			{"LATEST", at("LATEST", "", nil), ""},
			{"AT 2", at("AT_SEQUENCE_NUMBER", seqs[2], nil), "2 3 4"},
			{"AFTER 2", at("AFTER_SEQUENCE_NUMBER", seqs[2], nil), "3 4"},
			{"AFTER 4", at("AFTER_SEQUENCE_NUMBER", seqs[4], nil), ""},
			{"AT_TIMESTAMP before all", at("AT_TIMESTAMP", "", aws.Time(start.Add(-time.Hour))), "0 1 2 3 4"},
			{"AT_TIMESTAMP of 3", at("AT_TIMESTAMP", "", aws.Time(times[3].Add(-time.Millisecond))), "3 4"},
			{"AT_TIMESTAMP behind 3", at("AT_TIMESTAMP", "", aws.Time(times[3].Add(time.Second))), "4"},
			{"AT_TIMESTAMP now", at("AT_TIMESTAMP", "", aws.Time(time.Now())), ""},
		} {
			if got := strings.Join(c.got, " "); got != c.want {
				t.Errorf("%s gives %q, want %q", c.name, got, c.want)
			}
		}

		// LATEST stays where it was issued; MillisBehindLatest says how far that is.
		it, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: aws.String("clicks"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "LATEST"})
		if err != nil {
			t.Fatal(err)
		}
		putN(t, client, "clicks", 5, 2)
		time.Sleep(time.Minute)
		out, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator, Limit: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Records) != 1 || string(out.Records[0].Data) != "record 5" || *out.MillisBehindLatest < 60_000 || *out.MillisBehindLatest > 60_100 {
			t.Errorf("from LATEST with Limit 1: %d records, %d ms behind", len(out.Records), *out.MillisBehindLatest)
		}
		out, err = client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
		if err != nil || len(out.Records) != 1 || *out.MillisBehindLatest != 0 {
			t.Errorf("the next read: %+v, %v", out, err)
		}
		time.Sleep(5*time.Minute + time.Second)
		_, err = client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
		wantCode(t, err, "ExpiredIteratorException", "further in the future than the tolerated delay of 300000 milliseconds")
	})
}

func TestExplicitHashKeyAndOrdering(t *testing.T) {
	t.Parallel()
	client := awskinesis.NewFromConfig(open(t, nil).Config())
	createStream(t, client, "clicks", 4)
	last := ""
	for i := range 8 {
		key := []string{"0", "170141183460469231731687303715884105728", "340282366920938463463374607431768211455"}[i%3]
		in := &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), Data: []byte{byte(i)}, PartitionKey: aws.String("same"), ExplicitHashKey: &key}
		if i%3 == 0 && last != "" {
			in.SequenceNumberForOrdering = &last
		}
		out, err := client.PutRecord(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"shardId-000000000000", "shardId-000000000002", "shardId-000000000003"}[i%3]; *out.ShardId != want {
			t.Errorf("hash key %s went to %s, want %s", key, *out.ShardId, want)
		}
		if i%3 == 0 {
			if *out.SequenceNumber <= last {
				t.Errorf("sequence number %s does not follow %s", *out.SequenceNumber, last)
			}
			last = *out.SequenceNumber
		}
	}
}

func TestShardLimits(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), awskinesis.NewFromConfig(lake.Config(), func(o *awskinesis.Options) { o.RetryMaxAttempts = 1 })
		createStream(t, client, "clicks", 1)
		in := &awskinesis.PutRecordsInput{StreamName: aws.String("clicks")}
		for i := range 500 {
			in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: []byte("x"), PartitionKey: aws.String(fmt.Sprint(i))})
		}
		var failed []int32
		for range 3 {
			out, err := client.PutRecords(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			failed = append(failed, *out.FailedRecordCount)
			if *out.FailedRecordCount > 0 {
				r := out.Records[499]
				if *r.ErrorCode != "ProvisionedThroughputExceededException" || *r.ErrorMessage != "Rate exceeded for shard shardId-000000000000 in stream clicks under account 000000000000." || r.SequenceNumber != nil {
					t.Errorf("a throttled record: %+v", r)
				}
			}
		}
		// Two milliseconds refill two records.
		if diff := cmp.Diff([]int32{0, 0, 498}, failed); diff != "" {
			t.Errorf("failed records of three calls: %s", diff)
		}
		_, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: in.StreamName, Data: make([]byte, 1<<20-1), PartitionKey: aws.String("k")})
		wantCode(t, err, "ProvisionedThroughputExceededException", "Rate exceeded for shard shardId-000000000000")
		time.Sleep(time.Second)
		if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: in.StreamName, Data: make([]byte, 1<<20-1), PartitionKey: aws.String("k")}); err != nil {
			t.Errorf("a record of the second's whole size: %v", err)
		}

		it, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: in.StreamName, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "LATEST"})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
		wantCode(t, err, "ProvisionedThroughputExceededException", "Rate exceeded")
		time.Sleep(time.Second)
		if _, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator}); err != nil {
			t.Errorf("a read a second later: %v", err)
		}
		for range 9 { // 10 MiB to read in one go
			time.Sleep(time.Second)
			if _, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: in.StreamName, Data: make([]byte, 1<<20-1), PartitionKey: aws.String("k")}); err != nil {
				t.Fatal(err)
			}
		}
		out, err := readOnce(ctx, client, "clicks")
		if err != nil || len(out.Records) < 1000 {
			t.Fatalf("a big read: %v", err)
		}
		time.Sleep(4 * time.Second)
		_, err = client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
		wantCode(t, err, "ProvisionedThroughputExceededException", "Rate exceeded")
		time.Sleep(2 * time.Second)
		if _, err = client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: out.NextShardIterator}); err != nil {
			t.Errorf("six seconds after a big read: %v", err)
		}
	})
}

func readOnce(ctx context.Context, client *awskinesis.Client, stream string) (*awskinesis.GetRecordsOutput, error) {
	it, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: &stream, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "TRIM_HORIZON"})
	if err != nil {
		return nil, err
	}
	return client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
}

// TestReadIsBounded reads more than 10 MiB and more than 10,000 records.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	client := awskinesis.NewFromConfig(open(t, nil).Config())
	createStream(t, client, "big", 1)
	createStream(t, client, "many", 1)
	for i := range 24 {
		if _, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{StreamName: aws.String("big"), Data: bytes.Repeat([]byte{byte(i)}, 1<<19), PartitionKey: aws.String("k")}); err != nil {
			t.Fatal(err)
		}
		putN(t, client, "many", i*500, 500)
	}
	for stream, want := range map[string][2]int{"big": {20, 24}, "many": {10_000, 12_000}} {
		out, err := readOnce(t.Context(), client, stream)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Records) != want[0] {
			t.Errorf("one read of %s gives %d records, want %d", stream, len(out.Records), want[0])
		}
		rest, err := client.GetRecords(t.Context(), &awskinesis.GetRecordsInput{ShardIterator: out.NextShardIterator})
		if err != nil || len(out.Records)+len(rest.Records) != want[1] {
			t.Errorf("two reads of %s give %d records, want %d: %v", stream, len(out.Records)+len(rest.Records), want[1], err)
		}
	}
}

// TestFullDisk fills the disk under a put: the records that did not fit are refused, each
// with the reason, and what was acknowledged is there, after a restart too.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	fsys := vfstest.NewFaulty(vfs.OS{})
	opts := &local.Options{Dir: filepath.Join(t.TempDir(), "lake"), FS: fsys}
	lake, err := local.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	client := awskinesis.NewFromConfig(lake.Config(), func(o *awskinesis.Options) { o.RetryMaxAttempts = 1 })
	createStream(t, client, "clicks", 2)
	createStream(t, client, "old", 1)
	putN(t, client, "clicks", 0, 100)
	fsys.Fill(2000)
	in := &awskinesis.PutRecordsInput{StreamName: aws.String("clicks")}
	for i := range 200 {
		in.Records = append(in.Records, kinesistypes.PutRecordsRequestEntry{Data: []byte("lost"), PartitionKey: aws.String(fmt.Sprint(i))})
	}
	out, err := client.PutRecords(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if *out.FailedRecordCount != 200 {
		t.Errorf("%d records failed, want all 200", *out.FailedRecordCount)
	}
	for _, r := range out.Records {
		if *r.ErrorCode != "InternalFailure" || !strings.Contains(*r.ErrorMessage, "could not store the record in stream clicks, shardId-00000000000") || !strings.Contains(*r.ErrorMessage, "no space left on device") {
			t.Fatalf("a refused record: %s %s", *r.ErrorCode, *r.ErrorMessage)
		}
	}
	fsys.Fill(0)
	_, err = client.PutRecord(t.Context(), &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), Data: []byte("x"), PartitionKey: aws.String("k")})
	wantCode(t, err, "InternalFailure", "no space left on device")
	_, err = client.CreateStream(t.Context(), &awskinesis.CreateStreamInput{StreamName: aws.String("more"), ShardCount: aws.Int32(1)})
	wantCode(t, err, "InternalFailure", "no space left on device")
	_, err = client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: aws.String("clicks"), ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("5")})
	wantCode(t, err, "InternalFailure", "no space left on device")
	// Deleting makes room, so it needs none.
	if _, err := client.DeleteStream(t.Context(), &awskinesis.DeleteStreamInput{StreamName: aws.String("old")}); err != nil {
		t.Error(err)
	}
	_, err = client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("old")})
	wantCode(t, err, "ResourceNotFoundException", "old")
	fsys.Mend()
	putN(t, client, "clicks", 100, 100)
	check := func(lake *local.Lake) {
		t.Helper()
		client := awskinesis.NewFromConfig(lake.Config())
		if ids := shardIDs(t, client, "clicks", nil); ids != ",1" {
			t.Errorf("a split that failed left the shards %s", ids)
		}
		n := 0
		for _, id := range []string{"shardId-000000000000", "shardId-000000000001"} {
			records, _ := readAll(t, client, "clicks", id)
			n += len(records)
			for _, r := range records {
				if string(r.Data) == "lost" {
					t.Error("a refused record is there")
				}
			}
		}
		if n != 200 {
			t.Errorf("%d records, want the 200 acknowledged ones", n)
		}
	}
	check(lake)
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	check(open(t, opts))
}

// TestSyncSurvivesPowerLoss crashes the disk under a lake with Options.Sync.
func TestSyncSurvivesPowerLoss(t *testing.T) {
	t.Parallel()
	mem := vfstest.NewMem()
	lake := open(t, &local.Options{Dir: "lake", FS: mem, Sync: true})
	client := awskinesis.NewFromConfig(lake.Config())
	createStream(t, client, "clicks", 1)
	putN(t, client, "clicks", 0, 10)
	for i := range 5 {
		putN(t, client, "clicks", 10*(i+1), 10)
		after := open(t, &local.Options{Dir: "lake", FS: mem.Crash()})
		records, _ := readAll(t, awskinesis.NewFromConfig(after.Config()), "clicks", "shardId-000000000000")
		if len(records) != 10*(i+2) {
			t.Errorf("%d records after a power loss, want %d", len(records), 10*(i+2))
		}
	}
}

// post sends a body of any kind to Kinesis through the lake's own client.
func post(t *testing.T, lake *local.Lake, op, contentType string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://kinesis.us-east-1.amazonaws.com/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Amz-Target", "Kinesis_20131202."+op)
	resp, err := lake.Config().HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// TestCBOR sends bytes as the Java SDK makes them: maps and lists of indefinite length,
// blobs as they are, times as tagged milliseconds.
func TestCBOR(t *testing.T) {
	t.Parallel()
	local.Test(t, start, &local.Options{}, func(t *testing.T, lake *local.Lake) {
		const kind = "application/x-amz-cbor-1.1"
		call := func(op, body string) cbor.Map {
			t.Helper()
			status, header, b := post(t, lake, op, kind, []byte(body))
			if status != 200 || header.Get("Content-Type") != kind {
				t.Fatalf("%s: status %d, %s: %q", op, status, header.Get("Content-Type"), b)
			}
			if len(b) == 0 {
				return nil
			}
			v, err := cbor.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			return v.(cbor.Map)
		}
		const name = "\x6aStreamName\x66clicks"
		call("CreateStream", "\xbf"+name+"\x6aShardCount\x01\xff")
		put := call("PutRecords", "\xbf"+name+"\x67Records\x9f"+
			"\xbf\x64Data\x45\x00\xff\xfe\x80\x01\x6cPartitionKey\x62k1\xff"+
			"\xbf\x6cPartitionKey\x62k2\x64Data\x5f\x42ab\x41c\xff\x6fExplicitHashKey\x6212\xff\xff\xff")
		records := put["Records"].(cbor.List)
		if put["FailedRecordCount"] != cbor.Uint(0) || len(records) != 2 || records[1].(cbor.Map)["ShardId"] != cbor.String("shardId-000000000000") {
			t.Fatalf("PutRecords: %v", put)
		}
		seq := string(records[0].(cbor.Map)["SequenceNumber"].(cbor.String))
		// 0xc1 and 0x1b: a tagged number of eight bytes.
		ms := string(binary.BigEndian.AppendUint64([]byte{0xc1, 0x1b}, uint64(start.Add(-time.Hour).UnixMilli())))
		it := call("GetShardIterator", "\xbf"+name+"\x67ShardId\x74shardId-000000000000\x71ShardIteratorType\x6cAT_TIMESTAMP\x69Timestamp"+ms+"\xff")
		iterator := string(it["ShardIterator"].(cbor.String))
		got := call("GetRecords", "\xbf\x6dShardIterator\x78"+string(byte(len(iterator)))+iterator+"\x65Limit\x0a\xff")
		out := got["Records"].(cbor.List)
		if len(out) != 2 {
			t.Fatalf("GetRecords: %v", got)
		}
		first, second := out[0].(cbor.Map), out[1].(cbor.Map)
		arrived := first["ApproximateArrivalTimestamp"].(*cbor.Tag)
		if string(first["Data"].(cbor.Slice)) != "\x00\xff\xfe\x80\x01" || string(second["Data"].(cbor.Slice)) != "abc" ||
			first["SequenceNumber"] != cbor.String(seq) || arrived.ID != 1 || time.Until(time.UnixMilli(int64(arrived.Value.(cbor.Uint)))).Abs() > time.Minute {
			t.Errorf("records: %v", got)
		}
		if _, ok := got["NextShardIterator"].(cbor.String); !ok || got["MillisBehindLatest"] != cbor.Uint(0) {
			t.Errorf("GetRecords: %v", got)
		}

		status, header, b := post(t, lake, "DescribeStream", kind, []byte("\xbf\x6aStreamName\x63nix\xff"))
		v, err := cbor.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if m := v.(cbor.Map); status != 400 || m["__type"] != cbor.String("ResourceNotFoundException") || header.Get("X-Amzn-Errortype") != "ResourceNotFoundException" {
			t.Errorf("error: %d %v", status, m)
		}
		for _, body := range []string{"\xbf", "\x81", "\xa1\x6aStreamName\x01", "\xa1\x67Records\x61x", "garbage"} {
			status, header, _ := post(t, lake, "PutRecords", kind, []byte(body))
			if status != 400 || header.Get("X-Amzn-Errortype") != "SerializationException" {
				t.Errorf("%q: status %d, %s", body, status, header.Get("X-Amzn-Errortype"))
			}
		}
	})
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	for body, want := range map[string]string{
		`{"StreamName":`: "SerializationException",
		`[]`:             "SerializationException",
		`{"StreamName":"s","Records":[{"Data":"***","PartitionKey":"k"}]}`: "SerializationException",
		`{}`: "InvalidArgumentException",
	} {
		for _, op := range []string{"PutRecords", "DescribeStream"} {
			status, header, b := post(t, lake, op, "application/x-amz-json-1.1", []byte(body))
			got := header.Get("X-Amzn-Errortype")
			if op == "DescribeStream" && strings.Contains(body, "***") {
				continue // knows no Records
			}
			want := want
			if op == "PutRecords" && body == "{}" {
				want = "ValidationException" // Records must be there
			}
			if status != 400 || got != want {
				t.Errorf("%s with %s: %d %s %s, want %s", op, body, status, got, b, want)
			}
		}
	}
	status, _, _ := post(t, lake, "PutRecords", "application/x-amz-json-1.1", make([]byte, 33<<20))
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("33 MiB of body: status %d", status)
	}
}

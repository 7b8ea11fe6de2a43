package kinesis

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	smithy "github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// answers are GetRecords answers, and whether they are read without the SDK.
var answers = []struct {
	body string
	fast bool
}{
	{`{"MillisBehindLatest":0,"NextShardIterator":"AAA=","Records":[{"ApproximateArrivalTimestamp":1.441215410867E9,"Data":"aGVsbG8=","PartitionKey":"ü\u2028","SequenceNumber":"1"}]}`, false},
	{`{"MillisBehindLatest":12,"NextShardIterator":"AAA=","Records":[{"ApproximateArrivalTimestamp":1.441215410867E9,"Data":"aGVsbG8=","EncryptionType":"KMS","PartitionKey":"ü","SequenceNumber":"1"},{"Data":"","SequenceNumber":"2","ApproximateArrivalTimestamp":1441215410.867}]}`, true},
	{" { \"Records\" : [ { \"Data\" : \"AA==\" } , {\"PartitionKey\":\"\"} ] } \n", true},
	{`{"MillisBehindLatest":9223372036854775807}`, true},
	{`{"MillisBehindLatest":9223372036854775808}`, false},
	{`{"Records":[{"ApproximateArrivalTimestamp":0},{"ApproximateArrivalTimestamp":12e-1},{"ApproximateArrivalTimestamp":1.5e+9}]}`, true},
	{`{"Records":[{"ApproximateArrivalTimestamp":01}]}`, false},
	{`{"Records":[{"ApproximateArrivalTimestamp":1.}]}`, false},
	{`{"Records":[],"MillisBehindLatest":0,"NextShardIterator":null,"ChildShards":[{"ShardId":"shardId-000000000001","ParentShards":["shardId-000000000000"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"}}]}`, false},
	{`{"Records":[{"Data":"AA==","New":{"a":["}\""]}}]}`, false},
	{`{"Records":[{"Data":"AA=="}],"Records":[{"Data":"AQ=="}]}`, false},
	{`{"Records":[{"Data":"AA"}]}`, false},
	{`{"Records":[{"Data":null}]}`, false},
	{"{\"Records\":[{\"Data\":\"AA\n==\"}]}", false},
	{`{"Records":[{"Data":"AA=="}`, false},
	{`{"Records":[{"Data":"AA=="}]}x`, false},
	{`{}`, false},
	{``, false},
	{`[]`, false},
}

// getRecords calls GetRecords and has body for the answer.
func getRecords(tb testing.TB, status int, length int64, body io.Reader, opts ...func(*awskinesis.Options)) (*awskinesis.GetRecordsOutput, error) {
	tb.Helper()
	client := awskinesis.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, ContentLength: length, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(body)}, nil
		}),
	}, opts...)
	return client.GetRecords(tb.Context(), &awskinesis.GetRecordsInput{ShardIterator: aws.String("i")})
}

func own(o *awskinesis.Options) { o.Protocol = getProtocol{o.Protocol} }

// sameAnswer compares what is read of an answer here and by the SDK.
func sameAnswer(tb testing.TB, status int, body []byte) {
	tb.Helper()
	want, wantErr := getRecords(tb, status, int64(len(body)), bytes.NewReader(body))
	for _, length := range []int64{int64(len(body)), -1} {
		got, err := getRecords(tb, status, length, bytes.NewReader(body), own)
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			tb.Errorf("%d %q: error %v, the SDK's is %v", status, body, err, wantErr)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreTypes(middleware.Metadata{}), cmpopts.IgnoreUnexported(awskinesis.GetRecordsOutput{}), cmpopts.IgnoreTypes(document.NoSerde{})); d != "" {
			tb.Errorf("%q: not what the SDK reads (-SDK +here):\n%s", body, d)
		}
	}
}

// TestGetRecordsIsReadAsTheSDKWouldHave compares values and errors, also of every truncation.
func TestGetRecordsIsReadAsTheSDKWouldHave(t *testing.T) {
	t.Parallel()
	for _, a := range answers {
		if fast := parseRecords([]byte(a.body), &awskinesis.GetRecordsOutput{}); fast != a.fast {
			t.Errorf("%q: read without the SDK: %v, want %v", a.body, fast, a.fast)
		}
		for n := range len(a.body) + 1 {
			sameAnswer(t, 200, []byte(a.body[:n]))
		}
	}
	sameAnswer(t, 400, []byte(`{"__type":"ExpiredIteratorException","message":"old"}`))
	sameAnswer(t, 500, []byte(`oops`))
}

// TestGetRecordsBodyThatBreaksOff is an error of the SDK's kind, even when what came is whole.
func TestGetRecordsBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	_, err := getRecords(t, 200, -1, io.MultiReader(strings.NewReader(answers[1].body), iotest.ErrReader(reset)), own)
	if kind := (*smithy.DeserializationError)(nil); !errors.As(err, &kind) || !errors.Is(err, reset) {
		t.Errorf("error %v", err)
	}
}

// FuzzGetRecords holds the parser against the SDK's.
func FuzzGetRecords(f *testing.F) {
	for _, a := range answers {
		f.Add([]byte(a.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { sameAnswer(t, 200, body) })
}

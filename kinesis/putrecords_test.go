package kinesis

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestPutRecordsIsWrittenAsTheSDKWouldHave compares what is sent.
func TestPutRecordsIsWrittenAsTheSDKWouldHave(t *testing.T) {
	t.Parallel()
	in := &awskinesis.PutRecordsInput{StreamName: aws.String("clicks"), Records: []kinesistypes.PutRecordsRequestEntry{
		{Data: []byte("hello"), PartitionKey: aws.String("user-1")},
		{Data: []byte{}, PartitionKey: aws.String("a \"key\" with \\, \x00, \x1f, \x7f, <&> and ü\u2028")},
		{Data: bytes.Repeat([]byte{0xff, 0}, 5000), PartitionKey: aws.String("a"), ExplicitHashKey: aws.String("340282366920938463463374607431768211455")},
	}}
	type request struct {
		Method, Path string
		Header       http.Header
		Body         any
	}
	send := func(opts ...func(*awskinesis.Options)) (got request) {
		client := awskinesis.NewFromConfig(aws.Config{
			Region: "us-east-1", Credentials: aws.AnonymousCredentials{},
			HTTPClient: smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
				got.Method, got.Path, got.Header = r.Method, r.URL.Path, r.Header
				if err := json.NewDecoder(r.Body).Decode(&got.Body); err != nil {
					t.Error(err)
				}
				return nil, &url.Error{Err: http.ErrServerClosed}
			}),
			RetryMaxAttempts: 1,
		}, opts...)
		_, _ = client.PutRecords(t.Context(), in)
		return got
	}
	want := send()
	got := send(func(o *awskinesis.Options) { o.Protocol = putProtocol{o.Protocol} })
	perCall := cmpopts.IgnoreMapEntries(func(k string, _ []string) bool {
		return k == "X-Amz-Date" || k == "Authorization" || k == "Amz-Sdk-Invocation-Id" || k == "Content-Length"
	})
	if want.Body == nil {
		t.Fatal("the SDK has sent nothing")
	}
	if d := cmp.Diff(want, got, perCall); d != "" {
		t.Errorf("not what the SDK sends (-SDK +here):\n%s", d)
	}
}

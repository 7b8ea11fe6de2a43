package local_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lakekit/lakekit/local"
)

// recorder keeps what an endpoint would have received, and does not answer.
type recorder struct{ got []string }

var errRecorded = errors.New("recorded")

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var b bytes.Buffer
	b.WriteString(req.Method + " " + req.URL.Scheme + "://" + req.URL.Host + req.URL.RequestURI() + "\n")
	names := slices.Collect(func(yield func(string) bool) {
		for name := range req.Header {
			if !yield(name) {
				return
			}
		}
	})
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(req.Header[name], ",")
		switch name {
		case "Amz-Sdk-Invocation-Id", "X-Amz-Date":
			value = "..." // differs from call to call
		case "Authorization":
			value, _, _ = strings.Cut(value, "Signature=") // covers the above
			value = strings.ReplaceAll(value, value[strings.Index(value, "Credential="):strings.Index(value, "Credential=")+30], "...")
		}
		b.WriteString(name + ": " + value + "\n")
	}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body.Close()
		b.WriteString("\n" + string(body))
	}
	r.got = append(r.got, b.String())
	return nil, errRecorded
}

// TestConfigSendsWhatAWSReceives compares the requests of clients made from Lake.Config with
// those of clients made from the SDK's own defaults: same hosts, headers and bodies.
func TestConfigSendsWhatAWSReceives(t *testing.T) {
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_RETRY_MODE", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	ours := lake.Config()
	creds, err := ours.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"), config.WithCredentialsProvider(
		credentials.StaticCredentialsProvider{Value: creds}))
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(theirs, ours, cmpopts.IgnoreFields(aws.Config{}, "HTTPClient", "Credentials", "ConfigSources", "Interceptors", "RuntimeEnvironment", "Logger"))
	if diff != "" {
		t.Errorf("the configurations differ (-LoadDefaultConfig +Lake.Config):\n%s", diff)
	}
	want, got := &recorder{}, &recorder{}
	theirs.RetryMaxAttempts, ours.RetryMaxAttempts = 1, 1
	theirs.HTTPClient, ours.HTTPClient = &http.Client{Transport: want}, &http.Client{Transport: got}
	send(t.Context(), theirs)
	send(t.Context(), ours)
	if len(want.got) < 12 {
		t.Fatalf("only %d requests were made", len(want.got))
	}
	if diff := cmp.Diff(want.got, got.got); diff != "" {
		t.Errorf("the requests differ (-LoadDefaultConfig +Lake.Config):\n%s", diff)
	}
}

// send makes one request of each kind. All fail: the recorder does not answer.
func send(ctx context.Context, cfg aws.Config) {
	kc := awskinesis.NewFromConfig(cfg)
	arn := aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/clicks")
	_, _ = kc.PutRecord(ctx, &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), Data: []byte("x"), PartitionKey: aws.String("k")})
	_, _ = kc.PutRecord(ctx, &awskinesis.PutRecordInput{StreamARN: arn, Data: []byte("x"), PartitionKey: aws.String("k")})
	_, _ = kc.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamARN: arn})
	sc := s3.NewFromConfig(cfg)
	_, _ = sc.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("raw/a b+c"), Body: strings.NewReader("hello")})
	_, _ = sc.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("raw/stream"), Body: io.MultiReader(strings.NewReader("hello"))})
	_, _ = sc.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("raw/a"), Range: aws.String("bytes=0-9")})
	_, _ = sc.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("lake.with.dots"), Prefix: aws.String("raw/")})
	_, _ = sc.ListBuckets(ctx, &s3.ListBucketsInput{})
	_, _ = sc.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String("lake"), Key: aws.String("k"), UploadId: aws.String("u"), PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	dc := dynamodb.NewFromConfig(cfg)
	_, _ = dc.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("leases"), Key: map[string]dynamodbtypes.AttributeValue{"k": &dynamodbtypes.AttributeValueMemberS{Value: "v"}}})
	gc := glue.NewFromConfig(cfg)
	_, _ = gc.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("web"), Name: aws.String("clicks")})
	ac := athena.NewFromConfig(cfg)
	_, _ = ac.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: aws.String("q")})
	fc := firehose.NewFromConfig(cfg)
	_, _ = fc.PutRecord(ctx, &firehose.PutRecordInput{DeliveryStreamName: aws.String("d"), Record: &firehosetypes.Record{Data: []byte("x")}})
}

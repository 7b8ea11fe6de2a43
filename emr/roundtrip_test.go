package emr_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
)

var sameCluster = cmp.Options{
	cmpopts.IgnoreFields(emr.Cluster{}, "Accept"), // not sent to EMR
	cmpopts.IgnoreUnexported(
		emrtypes.AutoScalingPolicy{}, emrtypes.ScalingConstraints{}, emrtypes.ScalingRule{}, emrtypes.ScalingAction{}, emrtypes.SimpleScalingPolicyConfiguration{},
		emrtypes.ScalingTrigger{}, emrtypes.CloudWatchAlarmDefinition{}, emrtypes.MetricDimension{}, emrtypes.KerberosAttributes{},
		emrtypes.MonitoringConfiguration{}, emrtypes.CloudWatchLogConfiguration{}, emrtypes.S3LoggingConfiguration{},
	),
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		roundTrip(t, seed)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { roundTrip(t, seed) })
}

// roundTrip holds parse(render(spec)) against the spec.
func roundTrip(t *testing.T, seed uint64) {
	t.Helper()
	c := emrgen.Random(seed)
	text, err := c.JSON()
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	back, err := emr.Parse(text)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, text)
	}
	if diff := cmp.Diff(c, back, sameCluster); diff != "" {
		t.Fatalf("seed %d (-spec +parsed):\n%s\n%s", seed, diff, text)
	}
	in, err := c.RunJobFlowInput()
	if err != nil {
		t.Fatal(err)
	}
	if back, err = emr.FromInput(in); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if diff := cmp.Diff(c, back, sameCluster); diff != "" {
		t.Fatalf("seed %d (-spec +from input):\n%s", seed, diff)
	}
}

// recorder answers any call, and keeps the body of the last one.
type recorder struct{ body []byte }

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	var err error
	if r.body, err = io.ReadAll(req.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(bytes.NewReader([]byte(`{"JobFlowId":"j-1"}`)))}, nil
}

// TestJSONIsWhatTheSDKSends holds our serializer against the SDK's own.
func TestJSONIsWhatTheSDKSends(t *testing.T) {
	t.Parallel()
	rec := &recorder{}
	client := awsemr.New(awsemr.Options{Region: "us-east-1", HTTPClient: rec, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	for seed := range uint64(300) {
		c := emrgen.Random(seed)
		if seed%3 == 0 {
			c.Monitoring = &emrtypes.MonitoringConfiguration{
				CloudWatchLogConfiguration: &emrtypes.CloudWatchLogConfiguration{Enabled: aws.Bool(true), LogTypes: map[string][]string{"STEP_LOGS": {"STDOUT"}}},
			}
		}
		in, err := c.RunJobFlowInput()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.RunJobFlow(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		text, err := c.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var sent, said any
		if err := json.Unmarshal(rec.body, &sent); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &said); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, said); diff != "" {
			t.Fatalf("seed %d (-sent by the SDK +JSON):\n%s", seed, diff)
		}
	}
}

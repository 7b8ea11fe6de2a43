package dynamodb

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openAt(t *testing.T, dir string) *Service {
	t.Helper()
	s, err := Open(servicetest.Env(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newService(t *testing.T) *Service { t.Helper(); return openAt(t, t.TempDir()) }

// post sends one request and gives the answer's status and body.
func post(h http.Handler, op, body string) (int, string) {
	return servicetest.Post(h, "DynamoDB_20120810."+op, body)
}

// must wants success.
func must(t *testing.T, h http.Handler, op, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(servicetest.Must(t, h, "DynamoDB_20120810."+op, body)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// refused wants an error, and gives it as "Code: message".
func refused(t *testing.T, h http.Handler, op, body string) string {
	t.Helper()
	return servicetest.Refused(t, h, "DynamoDB_20120810."+op, body)
}

func client(h http.Handler) *awsdynamodb.Client {
	return awsdynamodb.New(awsdynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: servicetest.Direct{Handler: h}, RetryMaxAttempts: 1, DefaultsMode: aws.DefaultsModeStandard,
	})
}

package dynamodb

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/local/internal/service"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testEnv(dir string) service.Env {
	return service.Env{FS: vfs.OS{}, Dir: dir, Account: "000000000000", Region: "us-east-1", Log: slog.New(slog.DiscardHandler)}
}

func openAt(t *testing.T, dir string) *Service {
	t.Helper()
	s, err := Open(testEnv(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newService(t *testing.T) *Service { t.Helper(); return openAt(t, t.TempDir()) }

// post sends one request and gives the answer's status and body.
func post(h http.Handler, op, body string) (int, string) {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+op)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// must wants success.
func must(t *testing.T, h http.Handler, op, body string) map[string]any {
	t.Helper()
	code, out := post(h, op, body)
	if code != http.StatusOK {
		t.Fatalf("%s %s: %s", op, body, out)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// refused wants an error, and gives it as "Code: message".
func refused(t *testing.T, h http.Handler, op, body string) string {
	t.Helper()
	code, out := post(h, op, body)
	var e struct{ Type, Message string }
	if err := json.Unmarshal([]byte(strings.Replace(out, `"__type"`, `"Type"`, 1)), &e); err != nil {
		t.Fatal(err)
	}
	if code == http.StatusOK || e.Type == "" {
		t.Fatalf("%s %s was not refused: %s", op, body, out)
	}
	return e.Type + ": " + e.Message
}

type direct struct{ h http.Handler }

func (d direct) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(h http.Handler) *awsdynamodb.Client {
	return awsdynamodb.New(awsdynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: direct{h}, RetryMaxAttempts: 1, DefaultsMode: aws.DefaultsModeStandard,
	})
}

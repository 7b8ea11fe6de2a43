package glue

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
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
	r.Header.Set("X-Amz-Target", "AWSGlue."+op)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// must wants success.
func must(t testing.TB, h http.Handler, op, body string) string {
	t.Helper()
	code, out := post(h, op, body)
	if code != http.StatusOK {
		t.Fatalf("%s %s: %s", op, body, out)
	}
	return out
}

// refused wants an error, and gives it as "Code: message".
func refused(t *testing.T, h http.Handler, op, body string) string {
	t.Helper()
	code, out := post(h, op, body)
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	if err := json.Unmarshal([]byte(out), &e); err != nil {
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

func client(h http.Handler) *awsglue.Client {
	return awsglue.New(awsglue.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: direct{h}, RetryMaxAttempts: 1,
	})
}

// withTable has a database web with a table clicks, partitioned by dt and hr.
func withTable(t testing.TB, s *Service) {
	t.Helper()
	must(t, s, "CreateDatabase", `{"DatabaseInput":{"Name":"Web","Description":"the site"}}`)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"Clicks","TableType":"EXTERNAL_TABLE","Parameters":{"classification":"parquet"},"PartitionKeys":[{"Name":"dt","Type":"string"},{"Name":"hr","Type":"int"}],"StorageDescriptor":{"Location":"s3://lake/raw/clicks/","Columns":[{"Name":"id","Type":"bigint"},{"Name":"url","Type":"string"}],"SerdeInfo":{"SerializationLibrary":"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe","Parameters":{"serialization.format":"1"}}}}}`)
}

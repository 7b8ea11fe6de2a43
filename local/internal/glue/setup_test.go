package glue

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
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
	return servicetest.Post(h, "AWSGlue."+op, body)
}

// must wants success.
func must(t testing.TB, h http.Handler, op, body string) string {
	t.Helper()
	return servicetest.Must(t, h, "AWSGlue."+op, body)
}

// refused wants an error, and gives it as "Code: message".
func refused(t *testing.T, h http.Handler, op, body string) string {
	t.Helper()
	return servicetest.Refused(t, h, "AWSGlue."+op, body)
}

func client(h http.Handler) *awsglue.Client {
	return awsglue.New(awsglue.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient: servicetest.Direct{Handler: h}, RetryMaxAttempts: 1,
	})
}

// withTable has a database web with a table clicks, partitioned by dt and hr.
func withTable(t testing.TB, s *Service) {
	t.Helper()
	must(t, s, "CreateDatabase", `{"DatabaseInput":{"Name":"Web","Description":"the site"}}`)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"Clicks","TableType":"EXTERNAL_TABLE","Parameters":{"classification":"parquet"},"PartitionKeys":[{"Name":"dt","Type":"string"},{"Name":"hr","Type":"int"}],"StorageDescriptor":{"Location":"s3://lake/raw/clicks/","Columns":[{"Name":"id","Type":"bigint"},{"Name":"url","Type":"string"}],"SerdeInfo":{"SerializationLibrary":"org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe","Parameters":{"serialization.format":"1"}}}}}`)
}

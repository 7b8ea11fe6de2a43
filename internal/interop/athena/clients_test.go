package athena_test

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/interop/peer"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
)

// serve opens a lake whose table web.clicks has the clicks of a day, outside any bubble.
func serve(t *testing.T) *local.Lake {
	t.Helper()
	if !duckdb.Available {
		t.Skip("built without cgo: there is no engine")
	}
	lake, err := local.Open(&local.Options{Dir: filepath.Join(t.TempDir(), "lake"), Athena: duckdb.Engine()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{lake: lake, cfg: lake.Config(), s3: awss3.NewFromConfig(lake.Config())}
	if _, err := w.s3.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	if w.client, err = athena.NewClient(w.cfg, &athena.ClientOptions{Output: "s3://lake/results/", Database: "web"}); err != nil {
		t.Fatal(err)
	}
	w.run(t, "CREATE DATABASE web")
	table := define(t, "clicks", catalog.NewDate(2024, 1, 1))
	w.create(t, table)
	w.land(t, table, clicksOfADay())
	return lake
}

func TestBoto3(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	lake := serve(t)
	plain, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "boto.py", plain.URL())
	peer.Check(t, "boto.py", secure.URL(), filepath.Join(lake.Dir(), local.CAFile))
}

func TestCLI(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	ln, err := serve(t).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "cli.sh", ln.URL())
}

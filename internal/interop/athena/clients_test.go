package athena_test

import (
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
	lake := peer.Lake(t, duckdb.Engine())
	w := &world{lake: lake, cfg: lake.Config(), s3: awss3.NewFromConfig(lake.Config())}
	if _, err := w.s3.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	var err error
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
	lake := serve(t)
	peer.CheckHTTP(t, lake, "boto.py")
	peer.CheckHTTPS(t, lake, "boto.py")
}

func TestCLI(t *testing.T) {
	t.Parallel()
	peer.CheckHTTP(t, serve(t), "cli.sh")
}

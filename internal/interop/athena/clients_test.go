package athena_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
)

// need gives the path of a peer's program, or skips the test; with LAKEKIT_INTEROP=1 a peer
// that is missing is a failure.
func need(t *testing.T, program string, probe ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		err = exec.CommandContext(t.Context(), path, probe...).Run()
	}
	if err != nil {
		if os.Getenv("LAKEKIT_INTEROP") == "1" {
			t.Fatalf("%s %s: %v", program, strings.Join(probe, " "), err)
		}
		t.Skipf("%s %s: %v (LAKEKIT_INTEROP=1 makes this a failure)", program, strings.Join(probe, " "), err)
	}
	return path
}

// run runs a peer, which prints ok when it is content.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil || !strings.HasPrefix(text[strings.LastIndexByte(text, '\n')+1:], "ok") {
		t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

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
	python := need(t, cmp.Or(os.Getenv("LAKEKIT_PYTHON"), "python3"), "-c", "import boto3")
	lake := serve(t)
	plain, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, python, "boto.py", plain.URL())
	run(t, python, "boto.py", secure.URL(), filepath.Join(lake.Dir(), local.CAFile))
}

func TestCLI(t *testing.T) {
	t.Parallel()
	need(t, "aws", "--version")
	ln, err := serve(t).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, "sh", "cli.sh", ln.URL())
}

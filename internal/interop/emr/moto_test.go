package emr_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
	"github.com/lakekit/lakekit/internal/interop/peer"
)

// TestMoto launches, adds steps, waits and terminates on moto's EMR.
//
// moto 5.2.5 never ends a step (the first runs for ever), and does not know CancelSteps.
func TestMoto(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	server := filepath.Join(peer.Cache(t), "moto-5.2.5", "bin", "moto_server")
	if _, err := exec.LookPath(server); err != nil {
		t.Fatalf("interop: %v: internal/interop/emulators/fetch.sh installs it", err)
	}
	port := peer.FreePort(t)
	url := peer.Serve(t, port, exec.Command(server, "-H", "127.0.0.1", "-p", strconv.Itoa(port)))
	client, err := emr.NewClient(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), BaseEndpoint: &url,
	}, &emr.ClientOptions{PollInterval: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}

	cluster := emrgen.Nightly()
	cluster.LogURI, cluster.Tags = "s3://logs/emr/", map[string]string{"team": "revenue"}
	id, err := client.Launch(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	ready, err := client.WaitReady(t.Context(), id, nil)
	if err != nil || ready.Name != "nightly-revenue" || ready.Logs != "s3://logs/emr/"+id+"/" {
		t.Errorf("ready: %+v, %v", ready, err)
	}
	ids, err := client.Submit(t.Context(), id, emr.SparkStep("first", "s3://b/x.py"), emr.SparkStep("second", "s3://b/y.py"))
	if err != nil || len(ids) != 2 {
		t.Fatalf("steps: %v, %v", ids, err)
	}
	brief, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	runs, err := client.WaitSteps(brief, id, ids, nil)
	if !errors.Is(err, context.DeadlineExceeded) || runs[0].Name != "first" || runs[0].State != emrtypes.StepStateRunning || runs[1].State != emrtypes.StepStatePending {
		t.Errorf("waited: %+v, %v", runs, err)
	}

	// A cluster that is run is terminated when nobody waits for it any more.
	short, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	run, err := client.RunCluster(short, cluster, nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run: %+v, %v", run, err)
	}
	if ended, err := client.WaitCluster(t.Context(), run.ID, nil); err != nil || ended.State != emrtypes.ClusterStateTerminated {
		t.Errorf("ended: %+v, %v", ended, err)
	}
}

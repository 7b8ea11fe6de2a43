package emr_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
	"github.com/lakekit/lakekit/internal/interop/peer"
)

// recorder answers RunJobFlow, and keeps what was asked for in order.
type recorder struct {
	mu struct {
		sync.Mutex
		targets []string
		bodies  [][]byte
	}
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.mu.Lock()
	r.mu.targets = append(r.mu.targets, req.Header.Get("X-Amz-Target"))
	r.mu.bodies = append(r.mu.bodies, body)
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, _ = io.WriteString(w, `{"JobFlowId":"j-1","ClusterArn":"arn:aws:elasticmapreduce:us-east-1:000000000000:cluster/j-1"}`)
}

// same compares what the CLI sent with what a cluster renders to.
func (r *recorder) same(t *testing.T, i int, c emr.Cluster) {
	t.Helper()
	text, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.bodies) <= i || r.mu.targets[i] != "ElasticMapReduce.RunJobFlow" {
		t.Fatalf("request %d of %q is no RunJobFlow", i, r.mu.targets)
	}
	var sent, ours any
	if err := json.Unmarshal(r.mu.bodies[i], &sent); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &ours); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, ours); diff != "" {
		t.Errorf("request %d (-sent by the AWS CLI +JSON):\n%s", i, diff)
	}
}

// TestNightlyIsWhatTheCLISends holds the worked example against its command, typed by hand.
func TestNightlyIsWhatTheCLISends(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	rec := &recorder{}
	server := httptest.NewServer(rec)
	defer server.Close()
	peer.Check(t, "cli.sh", server.URL)
	rec.same(t, 0, emrgen.Nightly())
	// And back: what the CLI sent is the cluster.
	if !t.Failed() {
		c, err := emr.Parse(rec.mu.bodies[0])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(emrgen.Nightly(), c); diff != "" {
			t.Errorf("parsed (-spec +parsed):\n%s", diff)
		}
	}
}

// TestCreateClusterIsWhatTheCLISends runs the AWS CLI on the arguments that clusters render to.
func TestCreateClusterIsWhatTheCLISends(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	rec := &recorder{}
	server := httptest.NewServer(rec)
	defer server.Close()
	clusters := []emr.Cluster{emrgen.Nightly(), steps()}
	for seed := range min(cases()/4, 100) { // a command takes longer than a verdict
		clusters = append(clusters, emrgen.Random(seed))
	}
	var commands bytes.Buffer
	for _, c := range clusters {
		args, err := c.CreateCluster()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&commands).Encode(args); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "commands")
	if err := os.WriteFile(file, commands.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "cli.py", server.URL, file)
	for i, c := range clusters {
		rec.same(t, i, c)
	}
}

// steps has a step of each kind that the CLI knows by a type of its own.
func steps() emr.Cluster {
	c := emrgen.Nightly()
	c.Applications = append(c.Applications, "Hive")
	c.Steps = []emr.Step{
		emr.SparkStep("spark", "--deploy-mode", "cluster", "s3://b/x.py"),
		emr.HiveStep("hive", "s3://b/x.q", map[string]string{"INPUT": "s3://b/in", "OUTPUT": "s3://b/out"}),
		emr.StreamingStep("streaming", "-mapper", "m.py", "-input", "s3://b/in"),
	}
	return c
}

// TestStepsAreWhatTheCLISends types the CLI's own step types.
func TestStepsAreWhatTheCLISends(t *testing.T) {
	t.Parallel()
	peer.Need(t)
	rec := &recorder{}
	server := httptest.NewServer(rec)
	defer server.Close()
	c := steps()
	plain := c
	plain.Steps = nil
	args, err := plain.CreateCluster()
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--steps",
		"Type=SPARK,Name=spark,Args=[--deploy-mode,cluster,s3://b/x.py]",
		"Type=HIVE,Name=hive,Args=[-f,s3://b/x.q,-d,INPUT=s3://b/in,-d,OUTPUT=s3://b/out]",
		"Type=STREAMING,Name=streaming,Args=[-mapper,m.py,-input,s3://b/in]")
	line, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "commands")
	if err := os.WriteFile(file, line, 0o600); err != nil {
		t.Fatal(err)
	}
	peer.Check(t, "cli.py", server.URL, file)
	rec.same(t, 0, c)
}

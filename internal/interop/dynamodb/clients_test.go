package dynamodb_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/local"
)

// run runs a peer, which prints ok when it is content.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || !strings.HasPrefix(lines[len(lines)-1], "ok") {
		t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// need gives the path of a peer's program.
func need(t *testing.T, program string, probe ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		err = exec.CommandContext(t.Context(), path, probe...).Run()
	}
	if err != nil {
		missing(t, "%s %s: %v", program, strings.Join(probe, " "), err)
	}
	return path
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

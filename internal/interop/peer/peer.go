// Package peer is what the interop tests have in common: whether peers are wanted, and where
// they are. A peer is a program that nobody here wrote: boto3, the AWS CLI, pyarrow, DuckDB,
// Polars, pandas, DynamoDB Local, the Kinesis libraries for Java, moto.
//
// Peers run only with LAKEKIT_INTEROP=1, so that go test ./... needs nothing but Go and stays
// quick; then a peer that is missing fails its test. Scripts of internal/interop install them:
//
//	internal/interop/venv.sh             what is written in Python; needs python3
//	internal/interop/dynamodb/fetch.sh   DynamoDB Local; needs Maven, and Java to run
//	internal/interop/kcl/fetch.sh        the Java KCL and KPL; needs Maven, and a JDK (17 or later) to run
//	internal/interop/emulators/fetch.sh  moto and kinesis-mock; needs python3 and npm
//	internal/interop/kinesis/fetch.sh    kinesalite; needs npm, and node to run
//	internal/interop/land/datasets.sh    public data sets; needs python3 and npm
//
// The variables that the scripts and this package follow alike:
//
//	LAKEKIT_CACHE            where all of it lies (lakekit in $XDG_CACHE_HOME, or in ~/.cache)
//	LAKEKIT_VENV             the Python environment (venv in the cache)
//	LAKEKIT_DYNAMODB_LOCAL   the folder with DynamoDB Local's jars (in the cache, by version)
//	LAKEKIT_JAVA             the Java that runs peers (java on the PATH)
//
// With LAKEKIT_FULL=1 some peers run all their cases, and longer: see [Full].
package peer

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checkTimeout bounds a script that waits for an answer which does not come.
const checkTimeout = 3 * time.Minute

// Need skips the test unless LAKEKIT_INTEROP=1. A test that takes long or runs a peer calls it
// first, or begins with a function of this package that does.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv("LAKEKIT_INTEROP") != "1" {
		t.Skip("interop: set LAKEKIT_INTEROP=1 to run with peers (.ci/run does)")
	}
}

// Cache gives the folder in which peers and data sets lie.
func Cache(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("LAKEKIT_CACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "lakekit")
	}
	// Not os.UserCacheDir, which on macOS is a folder that the scripts do not use.
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, ".cache", "lakekit")
}

// Python gives the interpreter of the environment that venv.sh makes. It calls [Need].
func Python(t testing.TB) string {
	t.Helper()
	return program(t, "python")
}

// AWS gives the AWS CLI of the environment that venv.sh makes. It calls [Need].
func AWS(t testing.TB) string {
	t.Helper()
	return program(t, "aws")
}

func program(t testing.TB, name string) string {
	t.Helper()
	Need(t)
	venv := os.Getenv("LAKEKIT_VENV")
	if venv == "" {
		venv = filepath.Join(Cache(t), "venv")
	}
	path := filepath.Join(venv, "bin", name)
	if _, err := exec.LookPath(path); err != nil {
		t.Fatalf("interop: %v: internal/interop/venv.sh installs it", err)
	}
	return path
}

// Check runs a script that lies beside the test and says ok in its last line when it is
// content: one in Python by [Python], one for sh with [AWS] as its aws. Anything else fails
// the test, with what the script printed. What scripts have in common lies in this package's
// folder: awspeer.py, awspeer.sh. It calls [Need].
func Check(t testing.TB, script string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), checkTimeout)
	defer cancel()
	var cmd *exec.Cmd
	if filepath.Ext(script) == ".py" {
		cmd = exec.CommandContext(ctx, Python(t), append([]string{script}, args...)...)
		cmd.Env = append(os.Environ(), "PYTHONPATH=../peer")
	} else {
		bin := filepath.Dir(AWS(t))
		cmd = exec.CommandContext(ctx, "sh", append([]string{script}, args...)...)
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil || !strings.HasPrefix(text[strings.LastIndexByte(text, '\n')+1:], "ok") {
		t.Errorf("%s %s: %v\n%s", script, strings.Join(args, " "), err, out)
	}
}

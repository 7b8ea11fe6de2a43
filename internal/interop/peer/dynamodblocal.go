package peer

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// DynamoDBLocal starts DynamoDB Local with an empty database in memory and gives its address. It
// calls [Need].
func DynamoDBLocal(t testing.TB) string {
	t.Helper()
	Need(t)
	dir := cmp.Or(os.Getenv("LAKEKIT_DYNAMODB_LOCAL"), filepath.Join(Cache(t), "dynamodb-local-3.3.1"))
	if jars, err := filepath.Glob(filepath.Join(dir, "DynamoDBLocal-*.jar")); err != nil || len(jars) == 0 {
		t.Fatalf("DynamoDB Local is not in %s: internal/interop/dynamodb/fetch.sh gets it", dir)
	}
	port := FreePort(t)
	return Serve(t, port, exec.Command(Java(t), "-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-Djava.library.path="+dir, "-DDynamoDBLocal.telemetry=false",
		"-cp", filepath.Join(dir, "*"), "software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port)))
}

package ndjson

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// TestSmall runs the bench's own programs on a few events, escapes and late ones among them,
// and proves the result equal to the JSON.
func TestSmall(t *testing.T) {
	t.Parallel()
	python := peer.Python(t)
	dir := t.TempDir()
	src, out := filepath.Join(dir, "s.ndjson"), filepath.Join(dir, "out")
	for _, args := range [][]string{
		{"go", "run", "./gen", "-n", "20000", "-escapes", "0.2", "-out", src},
		{"go", "run", "./deliver", src, out},
		{python, filepath.Join("peers", "verify.py"), src, out},
	} {
		b, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, b)
		}
		t.Logf("%s", b)
	}
}

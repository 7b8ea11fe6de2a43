package ndjson

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSmall runs the bench's own programs on a few events, escapes and late ones among them,
// and proves the result equal to the JSON.
func TestSmall(t *testing.T) {
	t.Parallel()
	python := filepath.Join(venv(t), "bin", "python")
	if _, err := os.Stat(python); err != nil {
		const how = "the Python readers are not installed (internal/interop/venv.sh installs them)"
		if os.Getenv("LAKEKIT_INTEROP") == "1" {
			t.Fatalf("%s: %v", how, err)
		}
		t.Skip(how)
	}
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

func venv(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("LAKEKIT_VENV"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, ".cache", "lakekit", "venv")
}

package peer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// judge is a test whose outcome is held against what it should be.
type judge struct {
	testing.TB
	outcome string
}

func (j *judge) Helper()                  {}
func (j *judge) Context() context.Context { return context.Background() }

func (j *judge) Skip(args ...any) {
	j.outcome = "skipped: " + fmt.Sprint(args...)
	runtime.Goexit()
}

func (j *judge) Fatalf(format string, args ...any) {
	j.outcome = "fatal: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (j *judge) Errorf(format string, args ...any) {
	j.outcome = "failed: " + fmt.Sprintf(format, args...)
}

func outcome(f func(t testing.TB)) string {
	j := &judge{outcome: "passed"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(j)
	}()
	<-done
	return j.outcome
}

func TestOutcomes(t *testing.T) {
	dir := t.TempDir()
	// An environment whose python and aws are shell scripts.
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "bin"), 0o750); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(full, "bin", "python"): "#!/bin/sh\nexec sh \"$@\"\n",
		filepath.Join(full, "bin", "aws"):    "#!/bin/sh\necho ok $*\n",
		filepath.Join(dir, "good.py"):        "echo working\necho ok 3 calls\n",
		filepath.Join(dir, "mute.py"):        "echo working\n",
		filepath.Join(dir, "exits.py"):       "echo ok\nexit 3\n",
		filepath.Join(dir, "good.sh"):        "aws \"$1\"\n",
		filepath.Join(dir, "bad.sh"):         "aws x\necho worse\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	check := func(script string) func(t testing.TB) {
		return func(t testing.TB) { peer.Check(t, filepath.Join(dir, script), "http://x") }
	}
	for _, c := range []struct {
		name, wanted, venv, want string
		f                        func(t testing.TB)
	}{
		{"not wanted", "", full, "skipped: interop: set LAKEKIT_INTEROP=1", func(t testing.TB) { peer.Need(t) }},
		{"wanted by another word", "yes", full, "skipped: ", func(t testing.TB) { peer.Need(t) }},
		{"wanted", "1", full, "passed", func(t testing.TB) { peer.Need(t) }},
		{"not wanted, no python", "", dir, "skipped: ", func(t testing.TB) { peer.Python(t) }},
		{"no python", "1", dir, "fatal: ", func(t testing.TB) { peer.Python(t) }},
		{"no aws", "1", dir, "fatal: ", func(t testing.TB) { peer.AWS(t) }},
		{"check without python", "1", dir, "fatal: ", check("good.py")},
		{"check without aws", "1", dir, "fatal: ", check("good.sh")},
		{"check not wanted", "", full, "skipped: ", check("good.py")},
		{"content", "1", full, "passed", check("good.py")},
		{"content by sh", "1", full, "passed", check("good.sh")},
		{"says nothing", "1", full, "failed: ", check("mute.py")},
		{"exit status", "1", full, "failed: ", check("exits.py")},
		{"ok is not last", "1", full, "failed: ", check("bad.sh")},
	} {
		t.Setenv("LAKEKIT_INTEROP", c.wanted)
		t.Setenv("LAKEKIT_VENV", c.venv)
		if got := outcome(c.f); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, c := range []struct{ cache, xdg, want string }{
		{"/a", "/b", "/a"},
		{"", "/b", "/b/lakekit"},
		{"", "", filepath.Join(home, ".cache/lakekit")},
	} {
		t.Setenv("LAKEKIT_CACHE", c.cache)
		t.Setenv("XDG_CACHE_HOME", c.xdg)
		if got := peer.Cache(t); got != c.want {
			t.Errorf("LAKEKIT_CACHE=%s XDG_CACHE_HOME=%s: %s, want %s", c.cache, c.xdg, got, c.want)
		}
	}
}

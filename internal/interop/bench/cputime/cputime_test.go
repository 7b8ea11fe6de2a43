package cputime_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/interop/bench/cputime"
)

func TestOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		if _, err := cputime.Of(os.Getpid()); err == nil {
			t.Error("CPU time was read where there is no /proc")
		}
		return
	}
	before, err := cputime.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// A grandchild counts while it runs.
	cmd := exec.Command("sh", "-c", "sh -c 'while :; do :; done' & read x; kill $!")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		cmd.Wait()
	}()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		after, err := cputime.Of(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		child, err := cputime.Of(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if child >= 50*time.Millisecond && after-before >= child {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the process used %v and its child %v", after-before, child)
		}
	}
}

package kcl_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// java is a worker of the KCL in a process of its own.
type java struct {
	id     string
	cmd    *exec.Cmd
	stdin  io.Closer
	log    lockedBuffer
	exited chan struct{} // closed when all that it told is in the journal
	err    error         // of the process; after exited
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// program is the worker of one version of the KCL, compiled.
type program struct{ java, classPath string }

func compile(t *testing.T, version string) program {
	t.Helper()
	jars := peer.Jars(t, "kcl-"+version, "internal/interop/kcl/fetch.sh")
	return program{peer.Java(t), peer.Compile(t, "Worker.java", jars)}
}

// task is what a worker is for.
type task struct {
	endpoint, stream, app string
	how                   string // polling or fanout
	from                  string // TRIM_HORIZON or LATEST
	flags                 []string
}

// start starts a worker; what it does goes to the journal.
func (p program) start(t *testing.T, j *journal, id string, k task) *java {
	t.Helper()
	w := &java{id: id, exited: make(chan struct{})}
	args := []string{
		// A small JVM that starts quickly: it lives for a minute.
		"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		// For shards that are younger than its last look at the stream; once per batch.
		"-Dorg.slf4j.simpleLogger.log.software.amazon.kinesis.lifecycle.ProcessTask=error",
	}
	args = append(args, k.flags...)
	args = append(args, "-cp", p.classPath, "Worker", k.endpoint, k.stream, k.app, id, k.how, k.from)
	w.cmd = exec.Command(p.java, args...)
	w.cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	w.cmd.Stderr = &w.log
	var err error
	if w.stdin, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.exited)
		s := bufio.NewScanner(stdout)
		for s.Scan() {
			e, err := parse(s.Text())
			if err != nil {
				j.fail(fmt.Sprintf("%s said %q: %v", id, s.Text(), err))
				continue
			}
			e.worker = id
			j.add(e)
		}
		if w.err = w.cmd.Wait(); w.err != nil && w.cmd.ProcessState.Exited() { // not killed
			j.fail(fmt.Sprintf("%s: %v", id, w.err))
		}
	}()
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			text := w.log.String()
			t.Logf("%s logged %d bytes, and first:\n%s", id, len(text), text[:min(len(text), 1<<14)])
		}
	})
	return w
}

// kill is kill -9.
func (w *java) kill() {
	_ = w.cmd.Process.Kill() // it may have ended
	<-w.exited
}

// stop ends the worker gracefully.
func (w *java) stop(t *testing.T) {
	t.Helper()
	_ = w.stdin.Close() // its end is what counts
	select {
	case <-w.exited:
	case <-time.After(45 * time.Second):
		w.kill()
		t.Fatalf("%s does not stop", w.id)
	}
	if w.err != nil {
		t.Errorf("%s: %v", w.id, w.err)
	}
}

func parse(line string) (event, error) {
	f := strings.Split(line, " ")
	if len(f) != 5 && len(f) != 8 {
		return event{}, fmt.Errorf("%d words", len(f))
	}
	at, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return event{}, err
	}
	sub, err := strconv.ParseUint(f[4], 10, 64)
	if err != nil {
		return event{}, err
	}
	e := event{at: at, kind: f[1], shard: f[2], place: place{f[3], sub}}
	if len(f) == 8 {
		e.key, e.digest, e.aggregated = f[5], f[6], f[7] == "true"
	}
	return e, nil
}

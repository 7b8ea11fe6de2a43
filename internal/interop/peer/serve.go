package peer

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// serveTimeout is how long a server may take to its first answer.
const serveTimeout = 60 * time.Second

// FreePort gives a port of 127.0.0.1 that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("the address %v has no port", ln.Addr())
	}
	return addr.Port
}

// Serve starts a server that listens on a port of 127.0.0.1, waits until it answers over http,
// with whatever status, and gives its address. It is killed with the test, which shows what it
// printed when it fails.
func Serve(t testing.TB, port int, cmd *exec.Cmd) (url string) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-gone
		if t.Failed() {
			text := log.Bytes()
			t.Logf("%s printed at the end:\n%s", cmd.Path, text[max(0, len(text)-1<<13):])
		}
	})
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	ctx, cancel := context.WithTimeout(t.Context(), serveTimeout)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close() // only the answer counts
			return url
		}
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("%s ended: %v\n%s", cmd.Path, err, log.String())
		case <-ctx.Done():
			t.Fatalf("%s does not answer", cmd.Path)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

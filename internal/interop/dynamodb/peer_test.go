package dynamodb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/interop/peer"
)

// dynamoDBLocal starts DynamoDB Local and gives its address.
func dynamoDBLocal(t *testing.T) string {
	t.Helper()
	peer.Need(t)
	dir := os.Getenv("LAKEKIT_DYNAMODB_LOCAL")
	if dir == "" {
		dir = filepath.Join(peer.Cache(t), "dynamodb-local-3.3.1")
	}
	if jars, err := filepath.Glob(filepath.Join(dir, "DynamoDBLocal-*.jar")); err != nil || len(jars) == 0 {
		t.Fatalf("DynamoDB Local is not in %s: internal/interop/dynamodb/fetch.sh gets it", dir)
	}
	java := peer.Java(t)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(addr, ":")
	var log bytes.Buffer
	ctx, kill := context.WithCancel(context.Background())
	p := exec.CommandContext(ctx, java, "-Xmx256m", "--enable-native-access=ALL-UNNAMED", "-Djava.library.path="+dir, "-DDynamoDBLocal.telemetry=false",
		"-cp", filepath.Join(dir, "*"), "software.amazon.dynamodb.services.local.main.ServerRunner", "-inMemory", "-sharedDb", "-disableTelemetry", "-port", port)
	p.Stdout, p.Stderr = &log, &log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- p.Wait() }()
	t.Cleanup(func() {
		kill()
		<-gone
	})
	for range 300 {
		if _, _, err := send(t.Context(), http.DefaultClient, "http://"+addr+"/", "ListTables", []byte("{}")); err == nil {
			return "http://" + addr + "/"
		}
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("DynamoDB Local: %v\n%s", err, log.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatal("DynamoDB Local does not answer after 30 s")
	return ""
}

func send(ctx context.Context, c *http.Client, url, op string, body []byte) (int, map[string]any, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=abc")
	resp, err := c.Do(r)
	if err != nil {
		return 0, nil, err
	}
	b, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return 0, nil, fmt.Errorf("%s: %w", strconv.Quote(string(b)), err)
	}
	return resp.StatusCode, m, nil
}

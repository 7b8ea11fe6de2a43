package kinesis_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// TestFanOutOverTLS reads over sockets with the SDK's own HTTP client: a subscription that is
// cut in the middle of a frame, a reshard, and an end of Run while nothing comes.
func TestFanOutOverTLS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		set         func(*http.Transport)
		connections int64 // at most
	}{
		// The eight shards share a connection; DynamoDB has its own, and a dial that came too
		// late may be left over.
		{"HTTP/2", func(*http.Transport) {}, 5},
		{"HTTP/1.1", func(tr *http.Transport) {
			tr.Protocols = new(http.Protocols)
			tr.Protocols.SetHTTP1(true)
			tr.ForceAttemptHTTP2 = false
		}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lake, cfg, connections := overTLS(t, c.set, func(url string) string { return url })
			client := createStream(t, lake.Config(), "clicks", 8)
			cut := lake.Fault(local.KinesisSubscribeToShard, local.CutStream(2).Times(1))
			keys := someKeys(40)
			putEvents(t, lake.Config(), keys, 0, 3)
			w := runWorker(t, cfg, nil, nil)
			until(t, "the first events", 20*time.Second, func() bool { return len(w.seen()) == 3*len(keys) })
			split(t, client, shardID(0))
			putEvents(t, lake.Config(), keys, 3, 3)
			until(t, "the later events", 20*time.Second, func() bool { return len(w.seen()) == 6*len(keys) })
			inOrder(t, w.seen(), keys, 6)
			began := time.Now()
			w.stop()
			if d := time.Since(began); d > 3*time.Second {
				t.Errorf("Run took %v to end", d)
			}
			for _, err := range w.errors() { // a machine that stands still breaks connections
				if !strings.Contains(err.Error(), "the subscription broke off") {
					t.Errorf("OnError: %v", err)
				}
			}
			if cut.Hits() != 1 {
				t.Error("no subscription was cut")
			}
			if n := connections.Load(); n > c.connections {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// overTLS opens a lake and gives a Config that speaks to it over TLS, by way of an endpoint,
// and the count of its connections.
func overTLS(t *testing.T, set func(*http.Transport), by func(url string) string) (*local.Lake, aws.Config, *atomic.Int64) {
	t.Helper()
	lake, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lake.Close() })
	ln, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	pem, err := os.ReadFile(filepath.Join(lake.Dir(), local.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	connections := new(atomic.Int64)
	cfg := lake.Config()
	cfg.AppID = fanOut
	cfg.BaseEndpoint = aws.String(by(ln.URL()))
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, VerifyConnection: func(tls.ConnectionState) error {
			connections.Add(1)
			return nil
		}}
		set(tr)
	})
	return lake, cfg, connections
}

// TestFanOutHoldsTheServiceBack: what a blocked handler leaves unread stays with the service,
// but for the buffer and the window of the HTTP/2 stream.
func TestFanOutHoldsTheServiceBack(t *testing.T) {
	t.Parallel()
	const records, size = 80, 100_000 // 8 MB, 10.7 MB on the wire
	var sent atomic.Int64
	lake, cfg, _ := overTLS(t, func(*http.Transport) {}, func(url string) string { return "https://" + relay(t, strings.TrimPrefix(url, "https://"), &sent) })
	client := createStream(t, lake.Config(), "clicks", 1)
	for range records {
		putRaw(t, client, "0", make([]byte, size))
	}
	release := make(chan struct{})
	var seen atomic.Int64
	w := runWorker(t, cfg, func(_ context.Context, b *stream.Batch) error {
		<-release
		seen.Add(int64(len(b.Records)))
		return nil
	}, &kinesis.ConsumerOptions{Buffer: 1 << 20})
	last := int64(-1)
	until(t, "a standstill", 20*time.Second, func() bool {
		time.Sleep(500 * time.Millisecond)
		n := sent.Load()
		defer func() { last = n }()
		return n > 1<<20 && n-last < 10_000 // leases are renewed
	})
	// An event of 1.4 MB is in the buffer, which takes one that is too large for it alone; the
	// next one begins to fill the window.
	if n := sent.Load(); n > 1_450_000+512<<10+200_000 {
		t.Errorf("%d bytes were sent", n)
	}
	close(release)
	until(t, "all", 20*time.Second, func() bool { return seen.Load() == records })
	w.stop()
	w.quiet()
}

// relay passes connections on to addr and counts the bytes that come back.
func relay(t *testing.T, addr string, back *atomic.Int64) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var conns []net.Conn
	t.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				for _, c := range conns { // the client would keep them
					_ = c.Close()
				}
				return
			}
			conns = append(conns, in)
			out, err := net.Dial("tcp", addr)
			if err != nil {
				_ = in.Close()
				continue
			}
			wg.Go(func() {
				_, _ = io.Copy(out, in)
				_ = out.Close()
			})
			wg.Go(func() {
				_, _ = io.Copy(&counted{in, back}, out)
				_ = in.Close()
			})
		}
	})
	return ln.Addr().String()
}

type counted struct {
	io.Writer
	n *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n.Add(int64(n))
	return n, err
}

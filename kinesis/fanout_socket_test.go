package kinesis_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lakekit/lakekit/local"
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
			var connections atomic.Int64
			cfg := lake.Config()
			cfg.BaseEndpoint = aws.String(ln.URL())
			cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
				tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, VerifyConnection: func(tls.ConnectionState) error {
					connections.Add(1)
					return nil
				}}
				c.set(tr)
			})
			cfg.AppID = fanOut

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
			w.quiet()
			if cut.Hits() != 1 {
				t.Error("no subscription was cut")
			}
			if n := connections.Load(); n > c.connections {
				t.Errorf("%d connections", n)
			}
		})
	}
}

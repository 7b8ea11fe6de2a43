package local_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/local"
)

// listStreams is a request that any listener answers.
func listStreams(t *testing.T, client *http.Client, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "Kinesis_20131202.ListStreams")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func listen(t *testing.T, lake *local.Lake) *local.Listener {
	t.Helper()
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestListen(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	ln := listen(t, lake)
	if !strings.HasPrefix(ln.URL(), "http://127.0.0.1:") {
		t.Errorf("URL is %s", ln.URL())
	}
	// The SDK over a socket and the lake's own client see the same streams.
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	cfg := lake.Config()
	cfg.HTTPClient, cfg.BaseEndpoint = &http.Client{Transport: transport}, aws.String(ln.URL())
	client := awskinesis.NewFromConfig(cfg)
	createStream(t, client, "clicks", 2)
	putN(t, client, "clicks", 0, 100)
	records, _ := readAll(t, awskinesis.NewFromConfig(lake.Config()), "clicks", "shardId-000000000000")
	over, _ := readAll(t, client, "clicks", "shardId-000000000000")
	if len(records) == 0 || len(over) != len(records) {
		t.Errorf("%d records in process, %d over the socket", len(records), len(over))
	}
	if _, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Error(err)
	}
	// A stream's id does not lead the SDK away from the endpoint that it was given.
	sum, err := client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ListShards(t.Context(), &awskinesis.ListShardsInput{StreamId: sum.StreamDescriptionSummary.StreamId}); err != nil {
		t.Errorf("by id: %v", err)
	}

	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		p := new(http.Protocols)
		p.SetHTTP1(!h2)
		p.SetUnencryptedHTTP2(h2)
		tr := &http.Transport{Protocols: p}
		resp, body := listStreams(t, &http.Client{Transport: tr}, ln.URL())
		if resp.Proto != name || !strings.Contains(body, `"clicks"`) {
			t.Errorf("%s: %s %s", name, resp.Proto, body)
		}
		tr.CloseIdleConnections()
	}

	_, port, err := net.SplitHostPort(strings.TrimPrefix(ln.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = lake.Listen(":" + port)
	if want := "local: listen on 127.0.0.1:" + port + ": port " + port + " is in use: stop what uses it, or name another port (0 picks a free one): "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a port in use: %v", err)
	}
	if _, err := lake.Listen("4566"); err == nil || !strings.Contains(err.Error(), `"4566": want host:port, such as 127.0.0.1:4566`) {
		t.Errorf("an address without a colon: %v", err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if err := ln.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	again, err := lake.Listen("127.0.0.1:" + port)
	if err != nil {
		t.Fatalf("the port is not free after Close: %v", err)
	}
	if err := lake.Close(); err != nil { // closes the listener
		t.Error(err)
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(again.URL(), "http://"), time.Second); err == nil {
		t.Error("a closed lake listens")
	}
	if _, err := lake.Listen("127.0.0.1:0"); err == nil || err.Error() != "local: the lake is closed" {
		t.Errorf("Listen after Close: %v", err)
	}
}

// roots trust the lake's own authority.
func roots(t *testing.T, lake *local.Lake) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(lake.Dir(), local.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("%s holds no certificate", local.CAFile)
	}
	return pool
}

func TestListenTLS(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	ln, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	trusted := roots(t, lake)
	for _, host := range []string{"127.0.0.1", "localhost", "lake.localhost"} {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: host}, ForceAttemptHTTP2: true}
		resp, body := listStreams(t, &http.Client{Transport: tr}, ln.URL())
		if resp.Proto != "HTTP/2.0" || !strings.Contains(body, "StreamNames") {
			t.Errorf("%s: %s %s", host, resp.Proto, body)
		}
		tr.CloseIdleConnections()
	}
	stranger := &http.Transport{}
	defer stranger.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ln.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&http.Client{Transport: stranger}).Do(req)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("a client that trusts nobody: %v", err)
	}
}

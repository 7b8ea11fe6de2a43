package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/stream"
)

// consume counts a stream's user records with our consumer, for ever.
func consume(url, app string) error {
	var count, bytes atomic.Int64
	c, err := kinesis.NewConsumer(config(url), streamName, app, func(_ context.Context, b *stream.Batch) error {
		for _, r := range b.Records {
			bytes.Add(int64(len(r.Data)))
		}
		fmt.Println(count.Add(int64(len(b.Records))), bytes.Load())
		return nil
	}, nil)
	if err != nil {
		return err
	}
	return c.Run(context.Background())
}

// produce puts records with our producer as fast as it takes them, for ever.
func produce(url, ca, name string, size int) error {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", ca)
	}
	cfg := config(url)
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	})
	return put(context.Background(), cfg, name, -1, size, func(n int) {
		if n%50_000 == 0 {
			fmt.Println(n)
		}
	})
}

// put puts n records of a size and of many keys in aggregates, or records for ever when n is negative, and
// tells of each that is acknowledged.
func put(ctx context.Context, cfg aws.Config, name string, n, size int, done func(n int)) error {
	type record struct {
		key  string
		data []byte
	}
	p, err := kinesis.NewProducer(cfg, name, func(r record) string { return r.key },
		&kinesis.ProducerOptions[record]{Aggregate: true, Encode: func(r record) ([]byte, error) { return r.data, nil }})
	if err != nil {
		return err
	}
	keys := make([]string, keyCount)
	for i := range keys {
		keys[i] = "user-" + strconv.Itoa(i)
	}
	acks := make(chan kinesis.Ack, 1<<16)
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		count := 0
		for ack := range acks {
			if _, err := ack.Wait(ctx); err != nil {
				failed <- err
				return
			}
			if count++; done != nil {
				done(count)
			}
		}
	}()
	for i := 0; i != n; i++ {
		data := make([]byte, size)
		binary.BigEndian.PutUint64(data, uint64(i))
		ack, err := p.Put(ctx, record{keys[i*7919%keyCount], data})
		if err != nil {
			return err
		}
		select {
		case acks <- ack:
		case err := <-failed:
			return err
		}
	}
	close(acks)
	if err := <-failed; err != nil {
		return err
	}
	return p.Close(ctx)
}

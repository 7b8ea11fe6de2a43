package local_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/local"
)

const shard0 = "shardId-000000000000"

var latest = &kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeLatest}

// register makes a consumer and waits for it.
func register(t *testing.T, client *awskinesis.Client, stream, name string) string {
	t.Helper()
	out, err := client.RegisterStreamConsumer(t.Context(), &awskinesis.RegisterStreamConsumerInput{
		StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + stream), ConsumerName: &name,
	})
	if err != nil {
		t.Fatal(err)
	}
	for {
		d, err := client.DescribeStreamConsumer(t.Context(), &awskinesis.DescribeStreamConsumerInput{ConsumerARN: out.Consumer.ConsumerARN})
		if err != nil {
			t.Fatal(err)
		}
		if d.ConsumerDescription.ConsumerStatus == kinesistypes.ConsumerStatusActive {
			return *out.Consumer.ConsumerARN
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// subscribe needs a client without another live subscription: those of one client share a
// buffer in the SDK (kinesis v1.56.11), and the race detector says so.
func subscribe(ctx context.Context, client *awskinesis.Client, consumer, shard string, from *kinesistypes.StartingPosition) (*awskinesis.SubscribeToShardEventStream, error) {
	out, err := client.SubscribeToShard(ctx, &awskinesis.SubscribeToShardInput{ConsumerARN: &consumer, ShardId: &shard, StartingPosition: from})
	if err != nil {
		return nil, err
	}
	return out.GetStream(), nil
}

func mustSubscribe(t *testing.T, client *awskinesis.Client, consumer, shard string, from *kinesistypes.StartingPosition) *awskinesis.SubscribeToShardEventStream {
	t.Helper()
	s, err := subscribe(t.Context(), client, consumer, shard, from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nextEvent gives the next event, nil at the stream's end.
func nextEvent(t *testing.T, s *awskinesis.SubscribeToShardEventStream) *kinesistypes.SubscribeToShardEvent {
	t.Helper()
	e, ok := <-s.Events()
	if !ok {
		return nil
	}
	return &e.(*kinesistypes.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
}

// nextRecords gives the next event with records.
func nextRecords(t *testing.T, s *awskinesis.SubscribeToShardEventStream) *kinesistypes.SubscribeToShardEvent {
	t.Helper()
	for e := nextEvent(t, s); e != nil; e = nextEvent(t, s) {
		if len(e.Records) > 0 {
			return e
		}
	}
	t.Fatalf("the stream ended: %v", s.Err())
	return nil
}

// fanTest runs f in a bubble with a lake that has a stream named clicks and its consumer.
func fanTest(t *testing.T, opts *local.Options, shards int32, f func(t *testing.T, lake *local.Lake, client *awskinesis.Client, consumer string)) {
	t.Helper()
	t.Parallel()
	local.Test(t, start, opts, func(t *testing.T, lake *local.Lake) {
		client := awskinesis.NewFromConfig(lake.Config())
		createStream(t, client, "clicks", shards)
		f(t, lake, client, register(t, client, "clicks", "fan"))
	})
}

func TestSubscriptionSession(t *testing.T) {
	fanTest(t, nil, 1, func(t *testing.T, _ *local.Lake, client *awskinesis.Client, consumer string) {
		s := mustSubscribe(t, client, consumer, shard0, latest)
		began, last, events := time.Now(), time.Now(), 0
		go func() {
			time.Sleep(time.Minute)
			putN(t, client, "clicks", 0, 10)
		}()
		var continuation string
		records := 0
		for e := nextEvent(t, s); e != nil; e = nextEvent(t, s) {
			if silent := time.Since(last); silent > 5*time.Second {
				t.Errorf("silent for %s", silent)
			}
			if len(e.Records) > 0 {
				if d := time.Since(*e.Records[0].ApproximateArrivalTimestamp); d > 10*time.Millisecond {
					t.Errorf("a put woke the subscription after %s", d)
				}
			}
			if *e.MillisBehindLatest != 0 {
				t.Errorf("%d ms behind", *e.MillisBehindLatest)
			}
			last, continuation = time.Now(), *e.ContinuationSequenceNumber
			records, events = records+len(e.Records), events+1
		}
		if d := time.Since(began).Round(time.Second); d != 5*time.Minute || s.Err() != nil {
			t.Errorf("the session ended after %s: %v", d, s.Err())
		}
		if records != 10 || events < 60 {
			t.Errorf("%d records in %d events", records, events)
		}
		putN(t, client, "clicks", 10, 5)
		s = mustSubscribe(t, client, consumer, shard0, &kinesistypes.StartingPosition{
			Type: kinesistypes.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: &continuation,
		})
		if e := nextRecords(t, s); string(e.Records[0].Data) != "record 10" {
			t.Errorf("went on with %s", e.Records[0].Data)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSubscriptionTakeover(t *testing.T) {
	fanTest(t, nil, 1, func(t *testing.T, lake *local.Lake, client *awskinesis.Client, consumer string) {
		first := mustSubscribe(t, client, consumer, shard0, latest)
		time.Sleep(4 * time.Second)
		_, err := subscribe(t.Context(), awskinesis.NewFromConfig(lake.Config()), consumer, shard0, latest)
		wantCode(t, err, "ResourceInUseException", "Another active subscription exists")
		time.Sleep(2 * time.Second)
		second := mustSubscribe(t, awskinesis.NewFromConfig(lake.Config()), consumer, shard0, latest)
		for e := nextEvent(t, first); e != nil; e = nextEvent(t, first) {
		}
		wantCode(t, first.Err(), "ResourceInUseException", "taken over")
		putN(t, client, "clicks", 0, 1)
		nextRecords(t, second)
		if _, err := client.DeregisterStreamConsumer(t.Context(), &awskinesis.DeregisterStreamConsumerInput{ConsumerARN: &consumer}); err != nil {
			t.Fatal(err)
		}
		for e := nextEvent(t, second); e != nil; e = nextEvent(t, second) {
		}
		wantCode(t, second.Err(), "ResourceNotFoundException", "deregistered")
	})
}

func TestSubscriptionShardEnd(t *testing.T) {
	fanTest(t, nil, 1, func(t *testing.T, _ *local.Lake, client *awskinesis.Client, consumer string) {
		put := putN(t, client, "clicks", 0, 20)
		at := start.Add(time.Second)
		for _, c := range []struct {
			from kinesistypes.StartingPosition
			n    int
		}{
			{kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeTrimHorizon}, 20},
			{kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAtTimestamp, Timestamp: &at}, 20},
			{kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAtSequenceNumber, SequenceNumber: put[5].SequenceNumber}, 15},
			{kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeAfterSequenceNumber, SequenceNumber: put[5].SequenceNumber}, 14},
		} {
			s := mustSubscribe(t, client, consumer, shard0, &c.from)
			if n := len(nextRecords(t, s).Records); n != c.n {
				t.Errorf("%s: %d records, want %d", c.from.Type, n, c.n)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			time.Sleep(6 * time.Second)
		}
		s := mustSubscribe(t, client, consumer, shard0, latest)
		if _, err := client.SplitShard(t.Context(), &awskinesis.SplitShardInput{StreamName: aws.String("clicks"), ShardToSplit: aws.String(shard0), NewStartingHashKey: aws.String("1000")}); err != nil {
			t.Fatal(err)
		}
		split := time.Now()
		var last *kinesistypes.SubscribeToShardEvent
		for e := nextEvent(t, s); e != nil; e = nextEvent(t, s) {
			last = e
		}
		// The shard ends when the split takes effect, and not with the next heartbeat.
		if d := time.Since(split); d < 490*time.Millisecond || d > 510*time.Millisecond {
			t.Errorf("the shard ended %s after SplitShard, want half a second", d)
		}
		if s.Err() != nil || last == nil || last.ContinuationSequenceNumber != nil || len(last.ChildShards) != 2 {
			t.Errorf("the shard ended with %+v, %v", last, s.Err())
		}
	})
}

func TestSubscriptionRate(t *testing.T) {
	fanTest(t, nil, 1, func(t *testing.T, _ *local.Lake, client *awskinesis.Client, consumer string) {
		for range 12 {
			if _, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{StreamName: aws.String("clicks"), Data: make([]byte, 1<<20-10), PartitionKey: aws.String("k")}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		s := mustSubscribe(t, client, consumer, shard0, &kinesistypes.StartingPosition{Type: kinesistypes.ShardIteratorTypeTrimHorizon})
		began := time.Now()
		for n := 0; n < 12; {
			e := nextRecords(t, s)
			n += len(e.Records)
			if behind := *e.MillisBehindLatest; (behind == 0) != (n == 12) {
				t.Errorf("%d ms behind after %d records of 12", behind, n)
			}
		}
		if d := time.Since(began); d < 4*time.Second || d > 6*time.Second {
			t.Errorf("12 MiB took %s", d)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCloseEndsSubscriptions: neither a reader that waits nor one that does not read holds
// up Close.
func TestCloseEndsSubscriptions(t *testing.T) {
	fanTest(t, &local.Options{}, 2, func(t *testing.T, lake *local.Lake, client *awskinesis.Client, consumer string) {
		s := mustSubscribe(t, client, consumer, shard0, latest)
		stuck := mustSubscribe(t, awskinesis.NewFromConfig(lake.Config()), consumer, "shardId-000000000001", latest)
		for range 5 {
			_, err := client.PutRecord(t.Context(), &awskinesis.PutRecordInput{
				StreamName: aws.String("clicks"), Data: make([]byte, 1<<19), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("340282366920938463463374607431768211455"),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := lake.Close(); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("Close took %s", d)
		}
		for e := nextEvent(t, s); e != nil; e = nextEvent(t, s) {
		}
		_ = stuck.Close() // it was cut off
	})
}

func TestConsumersSurvive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lake := open(t, &local.Options{Dir: dir})
	client := awskinesis.NewFromConfig(lake.Config())
	createStream(t, client, "clicks", 1)
	consumer := register(t, client, "clicks", "fan")
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	client = awskinesis.NewFromConfig(open(t, &local.Options{Dir: dir}).Config())
	out, err := client.ListStreamConsumers(t.Context(), &awskinesis.ListStreamConsumersInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/clicks")})
	if err != nil || len(out.Consumers) != 1 || *out.Consumers[0].ConsumerARN != consumer {
		t.Fatalf("got %+v, %v", out, err)
	}
	_, err = client.DeleteStream(t.Context(), &awskinesis.DeleteStreamInput{StreamName: aws.String("clicks")})
	wantCode(t, err, "ResourceInUseException", "registered consumers")
}

// TestListenSubscriptions subscribes over every protocol that a client may speak.
func TestListenSubscriptions(t *testing.T) {
	t.Parallel()
	lake := open(t, nil)
	client := awskinesis.NewFromConfig(lake.Config())
	createStream(t, client, "clicks", 1)
	clear1, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{RootCAs: roots(t, lake), MinVersion: tls.VersionTLS12}
	// Java's SDK: TLS without ALPN, then HTTP/2 at once. The transport believes that it is
	// without TLS.
	java := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&tls.Dialer{Config: conf.Clone()}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return struct{ net.Conn }{c}, nil
	}, Protocols: protocols((*http.Protocols).SetUnencryptedHTTP2)}
	for i, c := range []struct {
		name, url string
		transport *http.Transport
		major     int
	}{
		{"http/1.1", clear1.URL(), &http.Transport{}, 1},
		{"h2c", clear1.URL(), &http.Transport{Protocols: protocols((*http.Protocols).SetUnencryptedHTTP2)}, 2},
		{"https/1.1", secure.URL(), &http.Transport{TLSClientConfig: conf.Clone(), Protocols: protocols((*http.Protocols).SetHTTP1)}, 1},
		{"h2", secure.URL(), &http.Transport{TLSClientConfig: conf.Clone(), Protocols: protocols((*http.Protocols).SetHTTP2)}, 2},
		{"h2 without ALPN", "http" + secure.URL()[len("https"):], java, 2},
	} {
		t.Cleanup(c.transport.CloseIdleConnections)
		spy := &spyTransport{next: c.transport}
		conf := lake.Config()
		conf.HTTPClient, conf.BaseEndpoint = &http.Client{Transport: spy}, &c.url
		wire := awskinesis.NewFromConfig(conf)
		s := mustSubscribe(t, wire, register(t, wire, "clicks", fmt.Sprintf("fan-%d", i)), shard0, latest)
		putN(t, wire, "clicks", 0, 3)
		if n := len(nextRecords(t, s).Records); n != 3 {
			t.Errorf("%s: %d records of 3", c.name, n)
		}
		if spy.major != c.major {
			t.Errorf("%s: spoke HTTP/%d", c.name, spy.major)
		}
		t.Cleanup(func() { _ = s.Close() })
	}
	began := time.Now()
	for _, ln := range []*local.Listener{clear1, secure} {
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
	}
	if d := time.Since(began); d > 8*time.Second {
		t.Errorf("closing the listeners took %s", d)
	}
}

func protocols(set func(*http.Protocols, bool)) *http.Protocols {
	p := new(http.Protocols)
	set(p, true)
	return p
}

type spyTransport struct {
	next  http.RoundTripper
	major int
}

func (s *spyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		s.major = resp.ProtoMajor
	}
	return resp, err
}

package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

const clicksARN = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"

// fanLake is lake for tests of fan-out that make the lake go wrong.
func fanLake(t *testing.T, shards int32, f func(t *testing.T, lake *local.Lake, cfg aws.Config, client *awskinesis.Client)) {
	t.Helper()
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		cfg.AppID = fanOut
		f(t, lake, cfg, createStream(t, cfg, "clicks", shards))
	})
}

func registered(t *testing.T, client *awskinesis.Client) []kinesistypes.Consumer {
	t.Helper()
	out, err := client.ListStreamConsumers(t.Context(), &awskinesis.ListStreamConsumersInput{StreamARN: aws.String(clicksARN)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Consumers
}

func register(t *testing.T, client *awskinesis.Client, name string) string {
	t.Helper()
	out, err := client.RegisterStreamConsumer(t.Context(), &awskinesis.RegisterStreamConsumerInput{StreamARN: aws.String(clicksARN), ConsumerName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Consumer.ConsumerARN
}

func deregister(t *testing.T, client *awskinesis.Client, arn string) {
	t.Helper()
	if _, err := client.DeregisterStreamConsumer(t.Context(), &awskinesis.DeregisterStreamConsumerInput{ConsumerARN: &arn}); err != nil {
		t.Fatal(err)
	}
}

// says fails the test unless there are n errors and the last one says everything.
func (w *worker) says(n int, all ...string) {
	w.t.Helper()
	errs := w.errors()
	if len(errs) != n {
		w.t.Errorf("%d errors, want %d: %v", len(errs), n, errs)
		return
	}
	for _, s := range all {
		if !strings.Contains(errs[n-1].Error(), s) {
			w.t.Errorf("%v does not say %q", errs[n-1], s)
		}
	}
}

// TestFanOutRegisters: workers that start together register one consumer, and leave it.
func TestFanOutRegisters(t *testing.T) {
	fanLake(t, 4, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		cfg, wire := tap(cfg)
		var ws []*worker
		for i := range 3 {
			ws = append(ws, runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: fmt.Sprint(i), FanOut: "sessions"}))
		}
		keys := someKeys(20)
		putEvents(t, cfg, keys, 0, 3)
		time.Sleep(time.Minute)
		var all []event
		for _, w := range ws {
			w.stop()
			all = append(all, w.seen()...)
			for _, err := range w.errors() {
				if !errors.Is(err, kinesis.ErrLeaseLost) {
					t.Errorf("OnError: %v", err)
				}
			}
		}
		inOrder(t, all, keys, 3)
		if cs := registered(t, client); len(cs) != 1 || *cs[0].ConsumerName != "sessions" {
			t.Errorf("registered: %+v", cs)
		}
		if n := wire.count("GetRecords") + wire.count("GetShardIterator"); n != 0 {
			t.Errorf("%d calls of polling", n)
		}
		// The next run finds it.
		before := wire.count("RegisterStreamConsumer")
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{FanOut: "sessions"})
		putEvents(t, cfg, keys, 3, 1)
		until(t, "the rest", 30*time.Second, func() bool { return len(w.seen()) == len(keys) })
		w.stop()
		w.quiet()
		if n := wire.count("RegisterStreamConsumer"); n != before {
			t.Errorf("%d registrations of a consumer that is there", n-before)
		}
	})
}

// TestFanOutRegistrationIsRefused: what keeps the consumer from being registered ends Run,
// with the mend.
func TestFanOutRegistrationIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, lake *local.Lake, client *awskinesis.Client)
		want    []string
		took    time.Duration // at least
	}{
		{"no permission", func(_ *testing.T, lake *local.Lake, _ *awskinesis.Client) {
			lake.Fault("kinesis:RegisterStreamConsumer", local.Fail(400, "AccessDeniedException", "no"))
		}, []string{`enhanced fan-out as "app": allow kinesis:DescribeStreamConsumer and kinesis:RegisterStreamConsumer, or set FanOut to the ARN of a consumer that is registered`}, 0},
		{"twenty", func(t *testing.T, _ *local.Lake, client *awskinesis.Client) {
			for i := range 20 {
				register(t, client, fmt.Sprintf("other-%d", i))
				time.Sleep(10 * time.Second)
			}
		}, []string{`enhanced fan-out as "app": the stream "clicks" has as many registered consumers as it may have (20; 50 with on-demand advantage): deregister one`, "LimitExceededException"}, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, client *awskinesis.Client) {
				c.prepare(t, lake, client)
				began := time.Now()
				w := runWorker(t, cfg, nil, nil)
				<-w.done
				for _, want := range c.want {
					if w.err == nil || !strings.Contains(w.err.Error(), want) {
						t.Errorf("Run: %v\nwant %s", w.err, want)
					}
				}
				if d := time.Since(began); d < c.took || d > time.Minute {
					t.Errorf("Run took %v", d)
				}
			})
		})
	}
}

// TestFanOutRegistrationWaits: what passes is waited for: throttling, failures, and a consumer
// of that name that is being deleted.
func TestFanOutRegistrationWaits(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		arn := register(t, client, "app")
		time.Sleep(time.Minute)
		deregister(t, client, arn)
		lake.Fault("kinesis:DescribeStreamConsumer", local.Throttle().Times(4))
		lake.Fault("kinesis:RegisterStreamConsumer", local.Fail(500, "InternalFailure", "try again").Times(4))
		putEvents(t, cfg, []string{"a"}, 0, 3)
		w := runWorker(t, cfg, nil, nil)
		until(t, "the events", time.Minute, func() bool { return len(w.seen()) == 3 })
		w.stop()
		w.quiet()
	})
}

// TestFanOutByARN: a consumer that others registered is neither described nor registered.
func TestFanOutByARN(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		arn := register(t, client, "terraform")
		time.Sleep(time.Minute)
		denied := local.Fail(400, "AccessDeniedException", "no")
		lake.Fault("kinesis:RegisterStreamConsumer", denied)
		lake.Fault("kinesis:DescribeStreamConsumer", denied)
		putEvents(t, cfg, []string{"a"}, 0, 3)
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{FanOut: arn})
		until(t, "the events", time.Minute, func() bool { return len(w.seen()) == 3 })
		w.quiet()
		// It goes: that is said, and not mended.
		deregister(t, client, arn)
		time.Sleep(time.Minute)
		errs := w.errors()
		if len(errs) < 3 || len(errs) > 10 || !strings.Contains(errs[0].Error(), "the registered consumer of FanOut does not exist, or not any more ("+arn+"): register one and set FanOut to its ARN, or set FanOut to a name to have it registered") {
			t.Errorf("OnError: %v", errs)
		}
		w.stop()
	})
}

func TestFanOutWithoutPermissionToSubscribe(t *testing.T) {
	fanLake(t, 1, func(t *testing.T, lake *local.Lake, cfg aws.Config, _ *awskinesis.Client) {
		fault := lake.Fault(local.KinesisSubscribeToShard, local.Fail(400, "AccessDeniedException", "no"))
		putEvents(t, cfg, []string{"a"}, 0, 3)
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(time.Minute)
		if errs := w.errors(); len(errs) < 3 || !strings.Contains(errs[0].Error(), "subscribe: allow kinesis:SubscribeToShard on the consumer "+clicksARN+"/consumer/app:") {
			t.Errorf("OnError: %v", errs)
		}
		fault.Remove()
		until(t, "the events", time.Minute, func() bool { return len(w.seen()) == 3 })
		w.stop()
	})
}

// TestFanOutDeregistered: a consumer named by its name is registered again, once for all shards.
func TestFanOutDeregistered(t *testing.T) {
	fanLake(t, 3, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		cfg, wire := tap(cfg)
		w := runWorker(t, cfg, nil, nil)
		keys := someKeys(20)
		putEvents(t, cfg, keys, 0, 3)
		time.Sleep(time.Minute)
		deregister(t, client, *registered(t, client)[0].ConsumerARN)
		putEvents(t, cfg, keys, 3, 3)
		time.Sleep(time.Minute)
		putEvents(t, cfg, keys, 6, 3)
		time.Sleep(10 * time.Second)
		w.stop()
		inOrder(t, w.seen(), keys, 9)
		w.says(3, "the registered consumer of FanOut does not exist, or not any more", "registering it again")
		if n := wire.count("RegisterStreamConsumer"); n != 2 {
			t.Errorf("%d registrations, want 2", n)
		}
	})
}

// TestFanOutStreamDeleted: the consumer goes with the stream, and that ends Run.
func TestFanOutStreamDeleted(t *testing.T) {
	fanLake(t, 2, func(t *testing.T, _ *local.Lake, cfg aws.Config, client *awskinesis.Client) {
		w := runWorker(t, cfg, nil, nil)
		time.Sleep(time.Minute)
		_, err := client.DeleteStream(t.Context(), &awskinesis.DeleteStreamInput{StreamName: aws.String("clicks"), EnforceConsumerDeletion: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		<-w.done
		if w.err == nil || !strings.Contains(w.err.Error(), `the stream "clicks" does not exist`) {
			t.Errorf("Run: %v", w.err)
		}
	})
}

func TestNewConsumerRefusesFanOut(t *testing.T) {
	t.Parallel()
	h := func(context.Context, *stream.Batch) error { return nil }
	for fanOut, want := range map[string]string{
		"my app": `FanOut: "my app" is neither a registered consumer's name (1 to 128 letters, digits, _ . -) nor its ARN (zero means polling)`,
		"arn:aws:kinesis:us-east-1:000000000000:stream/clicks":                     `is not a registered consumer's ARN (arn:aws:kinesis:region:account:stream/stream/consumer/name:second of its registration)`,
		"arn:aws:kinesis:us-east-1:000000000000:stream/clicks/consumer/app:1":      "",
		"arn:aws-cn:kinesis:cn-north-1:000000000000:stream/clicks/consumer/a:1":    "is in region cn-north-1 and the aws.Config in us-east-1",
		"arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/app:123456": `is registered with stream "orders", not "clicks"`,
	} {
		_, err := kinesis.NewConsumer(aws.Config{Region: "us-east-1"}, "clicks", "app", h, &kinesis.ConsumerOptions{FanOut: fanOut})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", fanOut, err, want)
		}
	}
}

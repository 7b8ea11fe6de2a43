package kinesis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

// TestGivenUpIsNoContextsError: a record that was given up because no answer came can be told
// from a context that ended.
func TestGivenUpIsNoContextsError(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		cfg := lake.Config()
		createStream(t, cfg, "clicks", 1)
		lake.Fault(local.KinesisPutRecords, local.Delay(time.Minute))
		p := newProducer(t, cfg, nil)
		ack := mustPut(t, p, event{Key: "a"})
		_, err := ack.Wait(t.Context())
		flushed := p.Flush(t.Context())
		for _, err := range []error{err, flushed} {
			if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "given up after") || !strings.Contains(err.Error(), "no answer in time") {
				t.Errorf("given up: %v", err)
			}
		}
		if s := p.Stats(); s.Errors["Timeout"] == 0 {
			t.Errorf("%+v", s)
		}
		_ = p.Close(t.Context())
	})
}

// TestNamesAreChecked before a service is called, as it would.
func TestNamesAreChecked(t *testing.T) {
	t.Parallel()
	cfg := aws.Config{Region: "us-east-1"}
	for _, name := range []string{"a b", strings.Repeat("x", 129), "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"} {
		_, err := kinesis.NewProducer(cfg, name, keyOf, nil)
		_, err2 := kinesis.NewConsumer(cfg, name, "app", func(context.Context, *stream.Batch) error { return nil }, nil)
		_, err3 := kinesis.SampleStream(t.Context(), cfg, name, time.Minute, nil)
		_, err4 := kinesis.Lag(t.Context(), cfg, name, "app")
		for _, err := range []error{err, err2, err3, err4} {
			if err == nil || !strings.Contains(err.Error(), "is not a stream's name (1 to 128 letters, digits, _ . -; not an ARN)") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, err := kinesis.NewProducer(cfg, "clicks", keyOf, &kinesis.ProducerOptions[event]{MaxAge: 50 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "MaxAge: 50ms is not above Linger, 100ms") {
		t.Errorf("MaxAge below Linger: %v", err)
	}
}

// TestPoisonOfNoRecord: a handler that leaves Pos out is told.
func TestPoisonOfNoRecord(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		putEvents(t, cfg, someKeys(2), 0, 1)
		w := runWorker(t, cfg, func(context.Context, *stream.Batch) error { return &stream.PoisonError{Err: errors.New("bad")} }, nil)
		time.Sleep(5 * time.Second)
		w.stop()
		if errs := w.errors(); len(errs) == 0 || !strings.Contains(errs[0].Error(), `the Pos of its PoisonError, shard "", sequence number "" and sub 0, is that of no record of the batch`) {
			t.Errorf("%v", errs)
		}
	})
}

// TestStreamMadeAgain: an application whose leases are of a stream of the same name that was
// deleted is told what to do, also where a lease says that its shard has ended.
func TestStreamMadeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		split bool
		want  string
	}{
		"read":  {false, "the checkpoint is of another stream: it was deleted and made again, or the lease table is another stream's; name the application otherwise, or delete its lease table"},
		"ended": {true, `shard "shardId-000000000000": the shard takes records, and its lease in table "app" says that it has ended, so none of them is delivered`},
	} {
		t.Run(name, func(t *testing.T) {
			lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				w := runWorker(t, cfg, nil, nil)
				putEvents(t, cfg, someKeys(2), 0, 1)
				time.Sleep(20 * time.Second)
				if c.split {
					split(t, client, shardID(0))
					time.Sleep(20 * time.Second)
				}
				w.stop()
				w.quiet()
				if _, err := client.DeleteStream(t.Context(), &awskinesis.DeleteStreamInput{StreamName: aws.String("clicks")}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				createStream(t, cfg, "clicks", 1)
				w = runWorker(t, cfg, nil, nil)
				time.Sleep(20 * time.Second)
				w.stop()
				if errs := w.errors(); len(errs) == 0 || !strings.Contains(errs[0].Error(), c.want) {
					t.Errorf("%v", errs)
				}
			})
		})
	}
}

// TestLeaseKeyOfAnotherType is no key of leases.
func TestLeaseKeyOfAnotherType(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		_, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: aws.String("app"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("leaseKey"), KeyType: dynamodbtypes.KeyTypeHash}},
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("leaseKey"), AttributeType: dynamodbtypes.ScalarAttributeTypeN}},
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := kinesis.NewConsumer(cfg, "clicks", "app", func(context.Context, *stream.Batch) error { return nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "its key is not leaseKey alone, a string") {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestLagOfWhatIsDone: a shard whose lease was deleted behind its children is done, not new.
func TestLagOfWhatIsDone(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
		w := runWorker(t, cfg, nil, nil)
		putEvents(t, cfg, someKeys(20), 0, 1)
		time.Sleep(20 * time.Second)
		split(t, client, shardID(0))
		putEvents(t, cfg, someKeys(20), 1, 1)
		time.Sleep(5 * time.Minute)
		w.stop()
		w.quiet()
		lags, err := kinesis.Lag(t.Context(), cfg, "clicks", "app")
		if err != nil || len(lags) != 3 || lags[0].Leased || !lags[0].Closed || !lags[0].Known || lags[0].Behind != 0 {
			t.Errorf("%+v, %v", lags, err)
		}
	})
}

// TestPriceWithoutABook takes the default one.
func TestPriceWithoutABook(t *testing.T) {
	t.Parallel()
	s, err := kinesis.Size(kinesis.Load{RecordsPerSecond: 5000, BytesPerRecord: 200})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.Price(nil, "us-east-1"); err != nil || c == nil {
		t.Errorf("%v, %v", c, err)
	}
}

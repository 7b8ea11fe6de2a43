package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/check"
	"github.com/lakekit/lakekit/stream"
)

const bucket = "sink"

// part is an object of the sink: a run of a shard's records, and the place behind which the
// next object goes on.
type part struct {
	To      stream.Position
	Records []json.RawMessage
}

// sink writes the records of a shard into a chain of objects. Each is named after the place
// where the one before ends and made only if it is not there, so that of two workers with the
// same records one succeeds: the positions are committed with the data.
type sink struct {
	client *s3.Client
	loose  bool // overwrites what is there, and asks the lease where to begin

	mu sync.Mutex
	at map[string]stream.Position // by shard: where this worker believes the chain to end
}

func name(shard string, after stream.Position) string {
	return fmt.Sprintf("log/%s/%s.%d", shard, after.Seq, after.Sub)
}

// end follows the chain from a place to its end.
func (s *sink) end(ctx context.Context, shard string, from stream.Position) (stream.Position, error) {
	for {
		out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(name(shard, from))})
		if api := smithy.APIError(nil); errors.As(err, &api) && api.ErrorCode() == "NoSuchKey" {
			return from, nil
		}
		if err != nil {
			return from, err
		}
		b, err := io.ReadAll(out.Body)
		_ = out.Body.Close()
		var p part
		if err = errors.Join(err, json.Unmarshal(b, &p)); err != nil {
			return from, err
		}
		from = p.To
	}
}

func (s *sink) startAt(ctx context.Context, shard string) (stream.Position, bool, error) {
	pos, err := s.end(ctx, shard, stream.Position{})
	if err != nil {
		return stream.Position{}, false, err
	}
	s.mu.Lock()
	s.at[shard] = pos
	s.mu.Unlock()
	return pos, pos.Seq != "", nil
}

func (s *sink) handle(ctx context.Context, b *stream.Batch) error {
	s.mu.Lock()
	at := s.at[b.Shard]
	s.mu.Unlock()
	for {
		p := part{To: at}
		for _, r := range b.Records {
			if s.loose || at.Seq == "" || after(r.Pos, at) {
				p.To, p.Records = r.Pos, append(p.Records, r.Data)
			}
		}
		if len(p.Records) == 0 {
			return nil
		}
		body, err := json.Marshal(p)
		if err != nil {
			return err
		}
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(name(b.Shard, at)), Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")}
		if s.loose {
			in.Key, in.IfNoneMatch = aws.String(name(b.Shard, p.To)), nil
		}
		_, err = s.client.PutObject(ctx, in)
		api := smithy.APIError(nil)
		switch {
		case err == nil:
			at = p.To
		case errors.As(err, &api) && api.ErrorCode() == "PreconditionFailed":
			// Another worker's, or this one's own whose answer was lost.
			if at, err = s.end(ctx, b.Shard, at); err != nil {
				return err
			}
		default:
			return err
		}
		s.mu.Lock()
		s.at[b.Shard] = at
		s.mu.Unlock()
		if s.loose {
			return nil
		}
	}
}

// intoS3 is a pipeline whose effect is what the bucket holds.
func intoS3(p *check.Pipeline, loose bool) {
	client := s3.NewFromConfig(p.Lake.Config())
	if _, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		panic(err)
	}
	p.Produce(produce(p, kinesis.ProducerOptions[check.Record]{}))
	p.Consume(func(ctx context.Context, w *check.Worker) error {
		s := &sink{client: s3.NewFromConfig(w.Config()), loose: loose, at: map[string]stream.Position{}}
		opts := quick
		opts.WorkerID = w.ID()
		opts.OnError = func(context.Context, error) {}
		if !loose {
			opts.StartAt = s.startAt
		}
		c, err := kinesis.NewConsumer(w.Config(), p.Stream, p.App, s.handle, &opts)
		if err != nil {
			return err
		}
		return c.Run(ctx)
	})
	p.Collect(func(ctx context.Context, deliver func([]byte)) error {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, o := range page.Contents {
				out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: o.Key})
				if err != nil {
					return err
				}
				var p part
				err = json.NewDecoder(out.Body).Decode(&p)
				_ = out.Body.Close()
				if err != nil {
					return err
				}
				for _, r := range p.Records {
					deliver(r)
				}
			}
		}
		return nil
	})
}

// onceOptions leave the puts alone: a put whose answer is lost is in the stream twice, and that
// no consumer can know.
var onceOptions = check.Options{
	First: 400001, Once: true, Other: []local.Operation{local.S3PutObject}, Without: []check.Kind{check.PutFault, check.Refuse, check.Slow},
	Patience: 45 * time.Second,
}

// TestOnceIntoS3: positions that are committed with the data make of at-least-once exactly once.
func TestOnceIntoS3(t *testing.T) {
	t.Parallel()
	r := check.Run(t, &onceOptions, func(p *check.Pipeline) { intoS3(p, false) })
	if r.Duplicates["collected more than once"] > 0 {
		t.Errorf("duplicates: %v", r.Duplicates)
	}
}

// TestNotOnceIntoS3: the same without is caught.
func TestNotOnceIntoS3(t *testing.T) {
	f := caught(t, onceOptions, 8, []string{"more than once", "collected 2 times"}, func(p *check.Pipeline) { intoS3(p, true) })
	if len(f.Lost) > 0 || len(f.Repeated) == 0 {
		t.Errorf("lost %v, repeated %v", f.Lost, f.Repeated)
	}
}

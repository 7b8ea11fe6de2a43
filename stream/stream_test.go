package stream_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/stream"
)

func TestHoldCallsTheConsumer(t *testing.T) {
	t.Parallel()
	var calls []error
	b := stream.NewBatch("s", nil, true, func() func(error) {
		return func(err error) { calls = append(calls, err) }
	})
	first, second := b.Hold(), b.Hold()
	second(nil)
	first(io.ErrUnexpectedEOF)
	if len(calls) != 2 || calls[0] != nil || !errors.Is(calls[1], io.ErrUnexpectedEOF) {
		t.Errorf("done was called with %v", calls)
	}
	if b.Shard != "s" || !b.End || b.Records != nil {
		t.Errorf("batch %+v", b)
	}
}

func TestHoldWithoutAConsumer(t *testing.T) {
	t.Parallel()
	b := stream.NewBatch("s", []stream.Record{{Key: "k"}}, false, nil)
	done := b.Hold()
	done(nil)
	done(errors.New("twice")) // does nothing
	var zero stream.Batch
	zero.Hold()(nil)
}

func TestPoisonErrorHidesThePayload(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("handler: %w", &stream.PoisonError{
		Pos: stream.Position{Shard: "shardId-000000000003", Seq: "42", Sub: 7}, Data: []byte("secret"), Err: io.ErrUnexpectedEOF,
	})
	if got, want := err.Error(), "handler: stream: record shardId-000000000003/42.7 cannot be handled: unexpected EOF"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	poison := (*stream.PoisonError)(nil)
	if !errors.As(err, &poison) || string(poison.Data) != "secret" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not answer errors.As and errors.Is", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("the payload is in the text")
	}
}

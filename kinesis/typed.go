package kinesis

import (
	"context"
	"errors"

	"github.com/lakekit/lakekit/stream"
)

// Typed makes a [stream.Handler] of a function over decoded records: T's bytes as they
// are when it is []byte, otherwise JSON as encoding/json reads it (json.RawMessage is
// checked to be JSON). A record that does not decode is poison: it goes to the consumer's
// Poison handler. When f returns an error the records before it count as done and
// delivery resumes at it; an error that wraps a [*stream.PoisonError] makes the record
// poison too, and Pos and Data may be left out.
func Typed[T any](f func(ctx context.Context, v T, at stream.Position) error) stream.Handler {
	decode := decoder[T]()
	return func(ctx context.Context, b *stream.Batch) error {
		for i, r := range b.Records {
			v, err := decode(r.Data)
			if err != nil {
				return &partialError{done: i, err: &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: err}}
			}
			if err := f(ctx, v, r.Pos); err != nil {
				if poison := (*stream.PoisonError)(nil); errors.As(err, &poison) && poison.Pos == (stream.Position{}) {
					err = &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: err}
				}
				return &partialError{done: i, err: err}
			}
			if ctx.Err() != nil && i+1 < len(b.Records) {
				return &partialError{done: i + 1, err: context.Cause(ctx)}
			}
		}
		return nil
	}
}

// partialError says how many of a batch's records were handled before err.
type partialError struct {
	done int
	err  error
}

func (e *partialError) Error() string { return e.err.Error() }
func (e *partialError) Unwrap() error { return e.err }

package kinesis

import (
	"context"
	"errors"

	"github.com/lakekit/lakekit/stream"
)

// Typed makes a [stream.Handler] of a function over decoded records: T's bytes as they
// are when it is []byte, otherwise JSON as encoding/json reads it (json.RawMessage is
// checked to be JSON). A record that does not decode is poison: it goes to the consumer's
// Poison handler. So does one for which f returns an error that wraps a
// [*stream.PoisonError], whose Pos and Data may be left out. Any other error of f ends the
// batch, which is delivered again from its first record that is not checkpointed: f sees
// the records before the failing one a second time.
func Typed[T any](f func(ctx context.Context, v T, at stream.Position) error) stream.Handler {
	decode := decoder[T]()
	return func(ctx context.Context, b *stream.Batch) error {
		for _, r := range b.Records {
			if ctx.Err() != nil { // the lease is lost, or the time to stop is over
				return context.Cause(ctx)
			}
			v, err := decode(r.Data)
			if err != nil {
				return &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: err}
			}
			if err := f(ctx, v, r.Pos); err != nil {
				if poison := (*stream.PoisonError)(nil); errors.As(err, &poison) && poison.Pos == (stream.Position{}) {
					err = &stream.PoisonError{Pos: r.Pos, Data: r.Data, Err: err}
				}
				return err
			}
		}
		return nil
	}
}

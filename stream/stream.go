// Package stream is what flows between a consumer and the code that handles its
// records: [Record], [Position], [Batch] and [Handler]. It imports the standard
// library alone, so a handler written against it can be tested with [NewBatch] and
// knows nothing of the service that feeds it.
//
// # Delivery
//
// A consumer calls a [Handler] with one batch at a time per shard, in the shard's
// order. It checkpoints a batch when the handler has returned nil and every done
// function that the handler took with [Batch.Hold] has been called with nil.
// Checkpoints of a shard advance in order, whatever the order of the done calls.
//
// Delivery is at least once: after an error, a lost lease or a crash everything
// behind the last checkpoint is delivered again. Nothing is skipped.
//
// # Errors
//
// A handler's error makes the consumer report it, wait (100 ms doubling to 30 s) and
// deliver again from the first record that is not checkpointed; other shards go on.
// An error that wraps a [*PoisonError] names the one record that cannot be handled:
// the records before it count as done, the consumer hands the record to its poison
// handler, and the batch goes on behind it.
//
// A done function that is called with an error says that work was lost which the handler
// had taken over: everything behind the shard's last checkpoint is delivered again, and the
// done functions of the first delivery do nothing any more.
//
// # Limits
//
// A handler is called for several shards at once, so state that it shares between them
// needs a lock. It must return when its context ends: that happens when the shard's lease
// is lost, and some time after the consumer was told to stop. A handler that panics ends the
// process. A batch's Records slice is
// the handler's own; the payloads are never reused.
package stream

import (
	"context"
	"fmt"
	"time"
)

// Position is a place in a shard: the last thing done. Reading goes on behind it
// (exclusive start). It also fits a Kafka partition and offset.
type Position struct {
	// Shard is the shard's id, such as shardId-000000000000.
	Shard string
	// Seq is the sequence number in decimal, up to 56 digits. Compare it as a number,
	// never as text.
	Seq string
	// Sub is the place of a user record inside an aggregated record, from 0; it is 0
	// for a record that is not aggregated.
	Sub uint64
}

// Record is one user record.
type Record struct {
	// Data is the payload. The consumer never reuses it; who keeps work open for long
	// should keep the done function and let Data go.
	Data []byte
	// Key is the partition key, up to 256 Unicode characters.
	Key string
	// Pos is the record's own position.
	Pos Position
	// Arrived is when the stream took the record (millisecond precision, not monotonic).
	Arrived time.Time
}

// Handler is given the batches of each shard in order, one at a time per shard and
// several shards at once. Returning nil without a [Batch.Hold] checkpoints the batch.
type Handler func(ctx context.Context, b *Batch) error

// Batch is a run of records of one shard, in order.
type Batch struct {
	// Shard is the shard's id.
	Shard string
	// Records may be empty: a closed shard can end with an empty batch.
	Records []Record
	// End marks the last batch of a closed shard; the shard's children start when it
	// has been checkpointed.
	End bool

	hold func() func(error)
}

// NewBatch makes a batch. Consumers pass the function behind [Batch.Hold]; tests of
// handlers may pass nil, and then done functions do nothing.
func NewBatch(shard string, rs []Record, end bool, hold func() func(error)) *Batch {
	return &Batch{Shard: shard, Records: rs, End: end, hold: hold}
}

// Hold puts off the batch's checkpoint until done has been called, for handlers whose
// work ends after they return. It may be called several times while the handler runs;
// the checkpoint waits for all. The done functions may be called from any goroutine, in
// any order; the second call of one does nothing. done with an error means that the work
// was lost: everything behind the shard's last checkpoint is delivered again.
func (b *Batch) Hold() (done func(error)) {
	if b.hold == nil {
		return func(error) {}
	}
	return b.hold()
}

// PoisonError is what a handler returns, perhaps wrapped, for a record that it will
// never be able to handle.
type PoisonError struct {
	// Pos says which record of the batch it is.
	Pos Position
	// Data is the record's payload.
	Data []byte
	// Err is the reason.
	Err error
}

// Error names the position and the reason, never the payload.
func (e *PoisonError) Error() string {
	return fmt.Sprintf("stream: record %s/%s.%d cannot be handled: %v", e.Pos.Shard, e.Pos.Seq, e.Pos.Sub, e.Err)
}

// Unwrap gives the reason.
func (e *PoisonError) Unwrap() error { return e.Err }

package kinesis

import (
	"errors"
	"math/bits"
	"time"
)

// ProducerStats is what a [Producer] has done since it was made, and what it holds: plain
// numbers, for a log, or for expvar, OpenTelemetry and the like to ask for when they are asked.
// A user record is what Put takes; a Kinesis record is one of those or an aggregate of several.
type ProducerStats struct {
	// User records. Put is the sum of Acked, Failed and Buffered.
	Put      int64 // accepted
	Acked    int64 // in the stream
	Failed   int64 // given up
	Retried  int64 // attempts that failed and were to be made again
	Buffered int64 // on their way

	BufferedBytes int64         // of ProducerOptions.Buffer that are taken
	OldestAge     time.Duration // of the user record that has been on its way longest

	// Kinesis records and bytes that are in the stream: keys and payloads.
	Records, Bytes int64

	// PutRecords calls that have been made, and that are being made. (The SDK may try each
	// more than once.)
	Calls, InFlight int64

	// Throttled counts attempts of a Kinesis record for which its shard had no capacity.
	Throttled int64
	// Errors counts the attempts of a Kinesis record that failed, by the service's code;
	// "Timeout" and "NoAnswer" are calls without an answer, "WrongShard" are aggregates that a
	// reshard brought to a shard that does not own all that is in them, "MaxAge" is what was
	// too old to be tried.
	Errors map[string]int64

	// Wait is from the Put of the first user record of a Kinesis record to its first attempt,
	// Latency from there to its acknowledgement, and Call is how long PutRecords takes.
	Wait, Latency, Call Timing

	// Shards has the open shards that records are aggregated for. It is nil without Aggregate,
	// and while the shards cannot be listed.
	Shards map[string]ShardStats
}

// ShardStats is the part of one shard in [ProducerStats].
type ShardStats struct {
	Records, Bytes int64 // Kinesis records that it took, and their keys and payloads
	Throttled      int64 // attempts for which it had no capacity
	Buffered       int64 // user records on their way to it
	// Limit is the share of a shard, 1 MiB and 1,000 records a second, that the producer has
	// learned to send; 0 means that it has not throttled of late.
	Limit float64
}

// Timing counts durations.
type Timing struct {
	Count int64
	Sum   time.Duration
	// Buckets counts them by powers of two: the first those below 1 ms, the next those below
	// 2 ms, then 4 ms, and so on; the last has all of 16.384 s and more.
	Buckets [16]int64
}

func (t *Timing) add(d time.Duration) {
	t.Count++
	t.Sum += d
	t.Buckets[min(bits.Len64(uint64(max(d, 0)/time.Millisecond)), len(t.Buckets)-1)]++
}

// Mean is the average; 0 when there are none.
func (t Timing) Mean() time.Duration {
	if t.Count == 0 {
		return 0
	}
	return t.Sum / time.Duration(t.Count)
}

// Quantile gives a bound that the share q (0.99, say) of the durations is below; it is at most
// twice too large. When it lies in the last bucket, which has no bound, it gives 32.768 s.
func (t Timing) Quantile(q float64) time.Duration {
	n := int64(q * float64(t.Count))
	for i, c := range t.Buckets {
		if n -= c; n < 0 || n == 0 && c > 0 {
			return time.Millisecond << i
		}
	}
	if t.Count == 0 {
		return 0
	}
	return time.Millisecond << (len(t.Buckets) - 1)
}

// count counts an attempt's outcome. The mutex is held.
func (s *sender) count(p *parcel, o outcome, done bool) {
	st := &s.mu.stats
	if p.attempts == 1 && !errors.Is(o.err, errWrongShard) {
		st.Wait.add(p.first.Sub(p.queued))
	}
	if o.err == nil {
		return
	}
	if st.Errors == nil {
		st.Errors = map[string]int64{}
	}
	st.Errors[reason(o.err)]++
	if o.throttled {
		st.Throttled++
	}
	if !done {
		st.Retried += int64(p.n)
	}
}

// reason is a word for an error: the service's, where there is one.
func reason(err error) string {
	switch code := errorCode(err); {
	case errors.Is(err, errTooOld): // before the code of the last attempt
		return "MaxAge"
	case code != "":
		return code
	case errors.Is(err, errWrongShard):
		return "WrongShard"
	case errors.Is(err, errNoAnswer):
		return "Timeout"
	}
	return "NoAnswer"
}

// stats takes a snapshot.
func (s *sender) stats() ProducerStats {
	s.room.mu.Lock()
	used := s.room.mu.used
	s.room.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.mu.stats
	st.BufferedBytes = used
	st.Buffered = st.Put - st.Acked - st.Failed
	st.InFlight = int64(s.mu.inFlight)
	st.Errors = make(map[string]int64, len(s.mu.stats.Errors))
	for code, n := range s.mu.stats.Errors {
		st.Errors[code] = n
	}
	var oldest time.Time
	see := func(p *parcel) {
		if p != nil && (oldest.IsZero() || p.queued.Before(oldest)) {
			oldest = p.queued
		}
	}
	for batch := range s.mu.flights {
		for _, p := range *batch {
			see(p)
		}
	}
	for l := range s.mu.queue.heads() {
		see(l.head)
	}
	for _, b := range s.mu.agg.bins {
		see(b.head)
	}
	if !oldest.IsZero() {
		st.OldestAge = time.Since(oldest)
	}
	if s.mu.agg.layout != nil {
		st.Shards = make(map[string]ShardStats, len(s.mu.agg.bins))
		for _, b := range s.mu.agg.bins {
			sh := b.stats
			sh.Limit = b.limiter.rate
			for p := b.head; p != nil; p = p.next {
				sh.Buffered += int64(p.n)
			}
			st.Shards[b.shard] = sh
		}
	}
	return st
}

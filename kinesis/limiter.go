package kinesis

import "time"

// limiter is what one shard takes of this producer, learned from its throttling. A shard
// takes 1 MiB and 1,000 records a second, of all producers together. Until it throttles
// nothing is held back: the service knows best. Then the limit is what the shard can take at
// most, less by a quarter with each throttling, and more again by a tenth of a shard in each
// second without. (The KPL's RateLimit is a constant, 150% of a shard unless set: producers
// that share a shard, or another limit, only collect errors.)
type limiter struct {
	rate   float64 // shards' worth; 0: not limited
	tokens float64 // seconds of a shard
	at     time.Time
	last   time.Time // throttled
	raised time.Time
}

const (
	limiterFloor  = 1.0 / 64
	limiterForget = 30 * time.Second // without throttling, at the full rate
	shardBytes    = 1 << 20          // a second
	shardRecords  = 1000
)

func (l *limiter) limited() bool { return l.rate > 0 }

// share is how many seconds of a shard one Kinesis record takes.
func share(bytes int) float64 { return max(float64(bytes)/shardBytes, 1.0/shardRecords) }

// delay says how long a record of so many bytes must wait.
func (l *limiter) delay(now time.Time, bytes int) time.Duration {
	if l.rate == 0 {
		return 0
	}
	l.tokens = min(l.tokens+l.rate*now.Sub(l.at).Seconds(), 1)
	l.at = now
	if missing := min(share(bytes), 1) - l.tokens; missing > 0 {
		return time.Duration(missing/l.rate*float64(time.Second)) + 1
	}
	return 0
}

// spend takes what delay has let through.
func (l *limiter) spend(bytes int) {
	if l.rate > 0 {
		l.tokens -= share(bytes) // a large one leaves a debt
	}
}

func (l *limiter) throttled(now time.Time) {
	if l.rate == 0 {
		l.rate = 1
	} else {
		l.rate = max(l.rate*0.75, limiterFloor)
	}
	l.tokens, l.at, l.last, l.raised = 0, now, now, now
}

// passed is told of each record that the shard took.
func (l *limiter) passed(now time.Time) {
	if l.rate == 0 {
		return
	}
	if l.rate == 1 && now.Sub(l.last) > limiterForget {
		l.rate = 0
		return
	}
	l.rate = min(l.rate+0.1*min(now.Sub(l.raised).Seconds(), 1), 1)
	l.raised = now
}

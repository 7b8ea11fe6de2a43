package kinesis

import (
	"sync"
	"time"
)

// The times and limits of a subscription.
const (
	sessionLife  = 5 * time.Minute
	takeoverTime = 5 * time.Second
	// heartbeat is how long a subscription is silent at most. Java's HTTP/2 client gives a
	// stream up after ten seconds, and all others of its connection with it.
	heartbeat = 3 * time.Second
	fanBytes  = 2 << 20 // a second, per consumer and shard
)

// fanKey is a consumer's subscription to a shard.
type fanKey struct {
	consumer string // its ARN
	created  int64  // the stream's
	shard    int64
}

// fan is what is remembered of a consumer and a shard beyond one session.
type fan struct {
	at    int64         // of the last successful call, in Unix milliseconds
	taken chan struct{} // closed when another call takes the subscription over
	live  bool
	sent  bucket // bytes; only the live session uses it
	calls bucket
}

// fans knows who is subscribed.
type fans struct {
	mu struct {
		sync.Mutex
		m     map[fanKey]*fan
		swept int64
	}
}

type fanVerdict uint8

const (
	fanGranted  fanVerdict = iota
	fanInUse               // the last successful call was less than five seconds ago
	fanTooOften            // more than one call a second
)

// take gives the subscription to the caller, and takes it from who has it.
func (f *fans) take(k fanKey, now int64, limits, dry bool) (*fan, fanVerdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweep(now)
	old := f.mu.m[k]
	if old != nil && now-old.at < takeoverTime.Milliseconds() {
		return nil, fanInUse
	}
	n := &fan{at: now, taken: make(chan struct{}), live: true}
	if old != nil {
		if limits && !old.calls.try(now, 1, 1, 1) {
			return nil, fanTooOften
		}
		n.sent, n.calls = old.sent, old.calls
	}
	if dry {
		return nil, fanGranted
	}
	if old != nil && old.live {
		close(old.taken)
	}
	if f.mu.m == nil {
		f.mu.m = map[fanKey]*fan{}
	}
	f.mu.m[k] = n
	return n, fanGranted
}

// end says that a session is over.
func (f *fans) end(n *fan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n.live = false
}

// pause says how long a session must not send, by its consumer's limit.
func (f *fans) pause(n *fan, now int64) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n.sent.room(now, 1, fanBytes, fanBytes) {
		return 0
	}
	over := n.sent.used + 1000 - 1000*fanBytes
	return time.Duration((over+fanBytes-1)/fanBytes) * time.Millisecond
}

func (f *fans) count(n *fan, bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n.sent.take(int64(bytes))
}

// sweep forgets what no rule asks for any more.
func (f *fans) sweep(now int64) {
	if now-f.mu.swept < takeoverTime.Milliseconds() {
		return
	}
	f.mu.swept = now
	for k, n := range f.mu.m {
		if !n.live && now-n.at >= takeoverTime.Milliseconds() {
			delete(f.mu.m, k)
		}
	}
}

package kinesis

import (
	"context"
	"sync"
)

// budget is a number of bytes that callers share, first come first served: a large
// request is not starved by small ones behind it.
type budget struct {
	size int64

	mu struct {
		sync.Mutex
		used    int64
		waiters []*waiter
		closed  error
	}
}

type waiter struct {
	n   int64
	got chan error
}

func newBudget(size int64) *budget { return &budget{size: size} }

// fits says whether n bytes may be taken now. What is larger than the whole budget is
// let in when nothing else is.
func (b *budget) fits(n int64) bool {
	return b.mu.used == 0 || b.mu.used+n <= b.size
}

// acquire takes n bytes, waiting for them under ctx.
func (b *budget) acquire(ctx context.Context, n int64) error {
	b.mu.Lock()
	if err := b.mu.closed; err != nil {
		b.mu.Unlock()
		return err
	}
	if len(b.mu.waiters) == 0 && b.fits(n) {
		b.mu.used += n
		b.mu.Unlock()
		return nil
	}
	w := &waiter{n: n, got: make(chan error, 1)}
	b.mu.waiters = append(b.mu.waiters, w)
	b.mu.Unlock()
	select {
	case err := <-w.got:
		return err
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, o := range b.mu.waiters {
		if o == w {
			b.mu.waiters = append(b.mu.waiters[:i], b.mu.waiters[i+1:]...)
			b.grant() // those behind may fit where this one did not
			return ctx.Err()
		}
	}
	// The bytes were granted (or the budget closed) while ctx ended.
	if err := <-w.got; err != nil {
		return err
	}
	b.mu.used -= n
	b.grant()
	return ctx.Err()
}

// adjust changes what was taken by n bytes without waiting; n may be negative.
func (b *budget) adjust(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.used += n
	b.grant()
}

// release gives n bytes back.
func (b *budget) release(n int64) { b.adjust(-n) }

// close makes every waiting and later acquire return err.
func (b *budget) close(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.closed = err
	for _, w := range b.mu.waiters {
		w.got <- err
	}
	b.mu.waiters = nil
}

func (b *budget) grant() {
	for len(b.mu.waiters) > 0 && b.fits(b.mu.waiters[0].n) {
		w := b.mu.waiters[0]
		b.mu.waiters[0] = nil
		b.mu.waiters = b.mu.waiters[1:]
		b.mu.used += w.n
		w.got <- nil
	}
}

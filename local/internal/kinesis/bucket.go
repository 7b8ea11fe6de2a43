package kinesis

// bucket is a token bucket whose clock is the caller's. The zero bucket is full.
type bucket struct {
	used float64 // tokens taken and not yet refilled
	at   int64   // when, in Unix milliseconds
}

// drain refills the bucket up to now.
func (b *bucket) drain(now int64, perSecond float64) {
	if now > b.at {
		b.used = max(0, b.used-float64(now-b.at)*perSecond/1000)
		b.at = now
	}
}

// room says whether n tokens can be taken from a bucket of the size.
func (b *bucket) room(now int64, n, perSecond, size float64) bool {
	b.drain(now, perSecond)
	return b.used+n <= size
}

// take takes n tokens, into debt if it must.
func (b *bucket) take(n float64) { b.used += n }

// try takes n tokens if there are as many.
func (b *bucket) try(now int64, n, perSecond, size float64) bool {
	if !b.room(now, n, perSecond, size) {
		return false
	}
	b.take(n)
	return true
}

package kinesis

// bucket is a token bucket whose clock is the caller's. The zero bucket is full.
type bucket struct {
	used int64 // thousandths of tokens, taken and not yet refilled
	at   int64 // when, in Unix milliseconds
}

// room says whether n tokens can be taken now from a bucket of the size that fills with
// perSecond.
func (b *bucket) room(now, n, perSecond, size int64) bool {
	if now > b.at {
		if idle := now - b.at; idle > b.used/perSecond {
			b.used = 0
		} else {
			b.used -= idle * perSecond
		}
		b.at = now
	}
	return b.used+1000*n <= 1000*size
}

// take takes n tokens, into debt if it must.
func (b *bucket) take(n int64) { b.used += 1000 * n }

// try takes n tokens if there are as many.
func (b *bucket) try(now, n, perSecond, size int64) bool {
	if !b.room(now, n, perSecond, size) {
		return false
	}
	b.take(n)
	return true
}

package firehose

import "time"

// part is a file that is being filled, as far as the buffer sees it.
type part struct {
	opened time.Time
	json   int64 // what went in
	memory int64 // what it holds
	gone   bool  // it was taken out

	file
}

// buffer decides when which file is delivered. It is plain state: it has neither a clock
// nor a goroutine nor a lock.
//
//	B1  A part is taken out at the latest an interval after it was opened.
//	B2  A part is taken out when it has grown to the size.
//	B3  Parts that are filled hold at most half of the budget: above it the largest goes,
//	    of equals the oldest.
//	B4  There is room as long as parts that are filled or sent hold less than the budget.
type buffer struct {
	interval     time.Duration
	size, budget int64

	queue         []*part // by the time they were opened; those gone are skipped
	open, sending int64   // memory
	count         int     // parts that are filled
}

// add puts in a part that was opened now, which is not before any other was.
func (b *buffer) add(p *part, now time.Time) {
	p.opened = now
	b.queue = append(b.queue, p)
	b.count++
}

// grow says that a part has taken in json bytes and holds memory bytes by now.
func (b *buffer) grow(p *part, json, memory int64) {
	p.json += json
	b.open += memory - p.memory
	p.memory = memory
}

// due takes out the parts that are to be delivered. grown are those that have grown since
// the last time.
func (b *buffer) due(now time.Time, grown []*part) []*part {
	var out []*part
	take := func(p *part) {
		b.take(p)
		out = append(out, p)
	}
	for len(b.queue) > 0 && (b.queue[0].gone || !now.Before(b.queue[0].opened.Add(b.interval))) {
		if p := b.queue[0]; !p.gone {
			take(p)
		}
		b.queue = b.queue[1:]
	}
	for _, p := range grown {
		if !p.gone && p.json >= b.size {
			take(p)
		}
	}
	for b.open > b.budget/2 {
		var largest *part
		for _, p := range b.queue {
			if !p.gone && (largest == nil || p.memory > largest.memory) {
				largest = p
			}
		}
		take(largest)
	}
	return out
}

// take takes a part out to be sent.
func (b *buffer) take(p *part) {
	p.gone = true
	b.open -= p.memory
	b.sending += p.memory
	b.count--
}

// sent says that a part is no longer held.
func (b *buffer) sent(p *part) { b.sending -= p.memory }

// room says whether more may be taken in.
func (b *buffer) room() bool { return b.open+b.sending < b.budget }

// next is when the next part is due by time.
func (b *buffer) next() (time.Time, bool) {
	for len(b.queue) > 0 && b.queue[0].gone {
		b.queue = b.queue[1:]
	}
	if len(b.queue) == 0 {
		return time.Time{}, false
	}
	return b.queue[0].opened.Add(b.interval), true
}

// parts gives the parts that are filled, the oldest first.
func (b *buffer) parts() []*part {
	var out []*part
	for _, p := range b.queue {
		if !p.gone {
			out = append(out, p)
		}
	}
	return out
}

package kinesis

import (
	"sync/atomic"
	"time"

	"github.com/lakekit/lakekit/stream"
)

// load measures what a shard gives, as a 3.x leader weighs leases by (LeaseStatsRecorder):
// KiB of payload a second between renewals, averaged with what it was before.
type load struct {
	bytes atomic.Int64

	// The keeper's.
	since time.Time
	kbps  float64
	known bool
}

// start begins with what the row says.
func (m *load) start(l lease, now time.Time) { m.since, m.kbps, m.known = now, l.kbps, l.rated }

// add counts records that were delivered.
func (m *load) add(rs []stream.Record) {
	n := 0
	for i := range rs {
		n += len(rs[i].Data)
	}
	m.bytes.Add(int64(n))
}

// rate gives the throughput at a renewal; nil when nothing has come yet that would tell.
func (m *load) rate(now time.Time) *float64 {
	took := now.Sub(m.since).Seconds()
	n := m.bytes.Swap(0)
	if n == 0 && !m.known || took <= 0 {
		m.bytes.Add(n)
		return nil
	}
	last := float64(n) / 1024 / took
	if m.known {
		last = (last + m.kbps) / 2
	}
	m.since, m.kbps, m.known = now, last, true
	return &last
}

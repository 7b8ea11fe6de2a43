package kinesis

import (
	"math"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// reshape is a change of a stream's shards that is under way. As with the service it takes
// its time, during which the stream is UPDATING and the old shards take the records; it is
// stored with the stream, so that kill -9 does not lose it.
type reshape struct {
	Due int64 // when its next step takes effect, in Unix milliseconds
	// Target is what UpdateShardCount wants; zero is a split or a merge.
	Target int `json:",omitempty"`
	// Shard is split at Key, or merged with the Adjacent one where there is no Key.
	Shard    int64
	Key      string `json:",omitempty"`
	Adjacent int64  `json:",omitempty"`
}

// advance does the next step of the stream's reshape, as of a time, and says whether it was
// the last one.
func (st *stream) advance(now int64) (bool, error) {
	r := st.Reshape
	switch {
	case r.Target != 0:
		st.wave(hashrange.Split(r.Target), now)
	case r.Key != "":
		key, err := hashrange.Parse(r.Key)
		if err != nil {
			return false, err
		}
		st.split(st.shard(r.Shard), key, now)
	default:
		st.merge(st.shard(r.Shard), st.shard(r.Adjacent), now)
	}
	st.index()
	return r.Target == 0 || st.uniform(r.Target), nil
}

// uniform says whether the open shards are n even ones.
func (st *stream) uniform(n int) bool {
	if len(st.open) != n {
		return false
	}
	for i, r := range hashrange.Split(n) {
		if st.ranges[i] != r {
			return false
		}
	}
	return true
}

// wave does all splits, or else all merges, that can be done at one time on the way to the
// ranges: first every range's beginning becomes a shard's, which can take several waves
// where several lie in one shard; then neighbours within a range are merged, two at a time.
// These are the short-lived shards that the service's documentation speaks of.
func (st *stream) wave(to []hashrange.Range, now int64) {
	cut := false
	for _, h := range st.open {
		// The beginnings in h, but for its own: the first range's is never among them.
		from := hashrange.Find(to, h.rng.First) + 1
		until := hashrange.Find(to, h.rng.Last) + 1
		if from < until {
			st.split(h, to[(from+until)/2].First, now)
			cut = true
		}
	}
	if cut {
		return
	}
	for i := 0; i+1 < len(st.open); i++ {
		a, b := st.open[i], st.open[i+1]
		if hashrange.Find(to, a.rng.First) == hashrange.Find(to, b.rng.First) {
			st.merge(a, b, now)
			i++
		}
	}
}

// settle does what is due of the streams' reshapes. Every operation does it first.
func (s *Service) settle(now int64) {
	if now < s.due.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.mu.streams {
		if s.mu.closed || st.Reshape == nil || st.Reshape.Due > now || st.Status == deleting {
			continue
		}
		before := st.meta()
		err := s.progress(st, now)
		if err == nil {
			err = s.save(st)
		}
		if err != nil {
			// The old shards stay until it can be stored.
			st.restore(before)
			st.late = true
			s.env.Log.Error("kinesis: store a change of shards", "stream", st.Name, "error", err)
			continue
		}
		st.late = false
		wakeAll(st.shards)
	}
	s.schedule()
}

// progress does the steps of a reshape that are due.
func (s *Service) progress(st *stream, now int64) error {
	for _, h := range st.shards {
		h.keepTrim()
	}
	for st.Reshape != nil && st.Reshape.Due <= now {
		at := st.Reshape.Due
		if st.late {
			at = now // the old shards went on taking records
		}
		last, err := st.advance(at)
		if err != nil {
			return err
		}
		if last {
			st.Reshape, st.Status = nil, active
			break
		}
		next := *st.Reshape
		next.Due = at + s.window
		st.Reshape = &next
	}
	return nil
}

// begin begins a reshape, whose first step is over when the stream's window is.
func (s *Service) begin(st *stream, r reshape, now int64) error {
	s.passing(st, updating, now)
	r.Due = st.Until
	st.Reshape = &r
	return s.progress(st, now)
}

// schedule finds out when the next step is due. It must be called with mu held.
func (s *Service) schedule() {
	next := int64(math.MaxInt64)
	for _, st := range s.mu.streams {
		if st.Reshape != nil && st.Status != deleting {
			next = min(next, st.Reshape.Due)
		}
	}
	s.due.Store(next)
}

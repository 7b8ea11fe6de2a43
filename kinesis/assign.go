package kinesis

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// fleet decides which leases this worker takes. It is plain state: the rows and the time
// are handed in. A lease has expired when its counter has not moved for the failover time
// on this worker's own monotonic clock: the table holds no time, so that clocks that
// differ do no harm.
type fleet struct {
	me       string
	failover time.Duration
	max      int // leases this worker may hold; 0 means any number
	seen     map[string]sighting
}

type sighting struct {
	counter int64
	owner   string
	at      time.Time
	given   time.Time // when another worker was seen to have made this one the owner
}

// observe notes what the table holds.
func (f *fleet) observe(rows []lease, now time.Time) {
	seen := make(map[string]sighting, len(rows))
	for _, l := range rows {
		s, ok := f.seen[l.shard]
		if !ok || s.counter != l.counter || s.owner != l.owner {
			given := s.given
			if l.owner != f.me {
				given = time.Time{}
			} else if s.owner != f.me && f.seen != nil {
				given = now
			}
			s = sighting{counter: l.counter, owner: l.owner, at: now, given: given}
		}
		seen[l.shard] = s
	}
	f.seen = seen
}

func (f *fleet) expired(l lease, now time.Time) bool {
	return l.owner != "" && now.Sub(f.seen[l.shard].at) >= f.failover
}

// handoverTimeout is how long a new owner waits for the old one, as long as the Java library.
const handoverTimeout = 30 * time.Second

// assigned says that another worker has made this one the lease's owner, and that the old
// owner is through with it or has had its time.
func (f *fleet) assigned(l lease, now time.Time) bool {
	given := f.seen[l.shard].given
	return l.owner == f.me && !given.IsZero() && (l.from == "" || now.Sub(given) >= handoverTimeout)
}

// lineage says which shards may be delivered already, from all leases.
type lineage struct {
	rows       map[string]lease
	incomplete []ranged
}

type ranged struct {
	shard string
	keys  hashrange.Range
}

func newLineage(rows []lease) *lineage {
	g := &lineage{rows: make(map[string]lease, len(rows))}
	for _, l := range rows {
		g.rows[l.shard] = l
		if l.complete() {
			continue
		}
		if keys, err := hashrange.ParseRange(l.first, l.last); err == nil {
			g.incomplete = append(g.incomplete, ranged{l.shard, keys})
		}
	}
	return g
}

// startable says that a shard's records may be delivered: it is not complete, and each of
// its parents is, or has no lease (trimmed, or older than where the application began).
// That a parent has no lease may also mean that it has none yet, because a parent of its
// own is still being read: so of incomplete leases whose hash ranges overlap the oldest
// goes first. Kinesis numbers shards in the order of their making.
func (g *lineage) startable(l lease) bool {
	if l.complete() {
		return false
	}
	if len(l.parents) == 0 {
		return true
	}
	for _, p := range l.parents {
		if pl, ok := g.rows[p]; ok && !pl.complete() {
			return false
		}
	}
	keys, err := hashrange.ParseRange(l.first, l.last)
	if err != nil {
		return true
	}
	for _, o := range g.incomplete {
		if o.shard < l.shard && o.keys.Overlaps(keys) {
			return false
		}
	}
	return true
}

// wants gives the leases to take now, given those held. What another worker has assigned
// to this one is taken whatever the share. Free and expired leases are
// taken up to the fair share, which is the number of leases over the number of workers,
// rounded up; when there are none and at least a whole lease is missing, the excess of the
// most loaded workers is stolen. shuffle keeps workers that look at the same moment from
// wanting the same leases.
func (f *fleet) wants(rows []lease, held map[string]bool, now time.Time, shuffle func([]lease)) []lease {
	family := newLineage(rows)
	var free, given []lease
	total, mine := 0, 0
	others := map[string][]lease{}
	count := map[string]int{}
	for _, l := range rows {
		if !family.startable(l) {
			continue
		}
		total++
		switch {
		case held[l.shard]:
			mine++
		case f.assigned(l, now):
			mine++
			given = append(given, l)
		case l.owner == "" || f.expired(l, now):
			free = append(free, l)
		case l.owner != f.me: // my own from a former life: it expires like a stranger's
			count[l.owner]++
			if l.from == "" { // what is being handed over counts, but is left in peace
				others[l.owner] = append(others[l.owner], l)
			}
		}
	}
	share := (total + len(count)) / (len(count) + 1) // total over workers, rounded up
	if f.max > 0 {
		share = min(share, f.max)
	}
	need := share - mine
	if need <= 0 {
		return given
	}
	shuffle(free)
	if len(free) > 0 || len(given) > 0 {
		return append(given, free[:min(need, len(free))]...)
	}
	// Only from workers that have at least two more: two workers never pass one lease to
	// and fro.
	var stolen []lease
	names := slices.SortedFunc(maps.Keys(others), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		theirs := others[name]
		shuffle(theirs)
		for ; len(theirs) > 0 && len(stolen) < need && count[name] > mine+len(stolen)+1; count[name]-- {
			stolen = append(stolen, theirs[0])
			theirs = theirs[1:]
		}
	}
	return stolen
}

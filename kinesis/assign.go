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
	counter     int64
	owner, from string
	at          time.Time // since when counter and owner are so: the heartbeat
	since       time.Time // since when owner and from are
	given       time.Time // when another worker was seen to have made this one the owner
}

// observe notes what the table holds.
func (f *fleet) observe(rows []lease, now time.Time) {
	seen := make(map[string]sighting, len(rows))
	for _, l := range rows {
		old, ok := f.seen[l.shard]
		s := sighting{counter: l.counter, owner: l.owner, from: l.from, at: old.at, since: old.since, given: old.given}
		if !ok || old.counter != s.counter || old.owner != s.owner {
			s.at = now
		}
		if !ok || old.owner != s.owner || old.from != s.from {
			s.since = now
		}
		switch {
		case l.owner != f.me:
			s.given = time.Time{}
		case old.owner != f.me && f.seen != nil:
			s.given = now
		}
		seen[l.shard] = s
	}
	f.seen = seen
}

func (f *fleet) expired(l lease, now time.Time) bool {
	return l.owner != "" && now.Sub(f.seen[l.shard].at) >= f.failover
}

// handoverTimeout is how long an old owner has from when it knows, as in the Java library.
// It knows within the failover time, or has lost the lease.
const handoverTimeout = 30 * time.Second

// through says that the old owner of a lease is through with it or has had its time.
func (f *fleet) through(l lease, now time.Time) bool {
	return l.from == "" || now.Sub(f.seen[l.shard].since) >= f.failover+handoverTimeout
}

// assigned says that another worker has made this one the lease's owner, and that the old
// owner is through with it.
func (f *fleet) assigned(l lease, now time.Time) bool {
	return l.owner == f.me && !f.seen[l.shard].given.IsZero() && f.through(l, now)
}

// obeys gives the leases to take now from a leader: those that name this worker, be it
// from a former life (DynamoDBLeaseRenewer.initialize, DynamoDBLeaseDiscoverer). Free and
// expired ones are the leader's to assign. A shard whose parents are not done is held
// without being read, so that the leader does not find it expired.
func (f *fleet) obeys(rows []lease, held map[string]bool, now time.Time) []lease {
	var mine []lease
	for _, l := range rows {
		if l.owner == f.me && !held[l.shard] && !l.complete() && f.through(l, now) && (f.max == 0 || len(held)+len(mine) < f.max) {
			mine = append(mine, l)
		}
	}
	return mine
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
// most loaded workers is stolen if it may. shuffle keeps workers that look at the same moment from
// wanting the same leases.
func (f *fleet) wants(family *lineage, rows []lease, held map[string]bool, now time.Time, steal bool, shuffle func([]lease)) []lease {
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
	if len(free) > 0 || len(given) > 0 || !steal {
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

package kinesis

import (
	"strconv"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// How the workers of a 3.x application agree on who shares out the leases. The facts are
// those of the Java Kinesis Client Library 3.0.3 and 3.5.1: ClientVersion, MigrationState,
// TableMigrationStatus, TableMigrationStateMachineImpl, LeaderLock,
// DynamoDBLockBasedLeaderDecider and LeaseAssignmentManager.

// Keys of the rows beside the leases.
const (
	migrationKey      = "Migration3.0"      // which version's rules the workers follow
	tableMigrationKey = "TableMigration3.5" // where the rows beside the leases are
	leaderKey         = "Leader"            // a lock of the DynamoDB lock client
)

// Client versions of the migration row. Those that are not here, CLIENT_VERSION_3X and
// CLIENT_VERSION_3X_WITH_ROLLBACK, are under a leader.
const (
	clientInit    = "CLIENT_VERSION_INIT"
	client2x      = "CLIENT_VERSION_2X" // rolled back by the migration tool
	clientUpgrade = "CLIENT_VERSION_UPGRADE_FROM_2X"
)

// States of the move of the side tables' rows into the lease table.
const (
	tablesDeployed = "TABLE_MIGRATION_STATUS_DEPLOYED"
	tablesPending  = "TABLE_MIGRATION_STATUS_PENDING"
	tablesComplete = "TABLE_MIGRATION_STATUS_COMPLETE"
)

const (
	entityMetrics = "WORKER_METRIC_STATS"
	cpuMetric     = "C" // WorkerMetricType.CPU, in percent
)

const (
	// metricsInterval is how often a Java worker publishes its metrics unless it is told
	// otherwise; the leader forgets it after two. A fleet that shortens it shortens the
	// failover time too: this worker publishes as often as that, at least.
	metricsInterval = 30 * time.Second
	metricsExpiry   = 2 * metricsInterval
	// lockLease is how long the leader's lock holds when its row does not say.
	lockLease = 2 * time.Minute
	// electionTime is how long it may take until another Java worker has a lock that is
	// free: each looks every two failover times (10 s), but not within a heartbeat (30 s)
	// of the last look.
	electionTime = time.Minute
)

// coordination is what the rows beside the leases say.
type coordination struct {
	client    string // cv of the migration row; empty: there is none
	migration item   // that row
	tables    string // tm of the table migration's row; empty: there is none
	lock      *lock  // nil: nobody leads
	// apart says that the rows are in tables of their own, as 3.0 to 3.4 have them and 3.5
	// until it has moved them.
	apart   bool
	metrics map[string]metrics // what the workers have told of themselves in the lease table
}

// metrics is what a worker has told of itself: when, and whether it has measured its
// processors.
type metrics struct {
	told time.Time
	cpu  bool
}

func parseMetrics(m item) (metrics, bool) {
	s, err := number(m["lut"])
	if err != nil || s == 0 {
		return metrics{}, false
	}
	return metrics{told: time.Unix(s, 0), cpu: has(m["sts"], cpuMetric)}, true
}

func has(v dynamodbtypes.AttributeValue, key string) bool {
	m, ok := v.(*dynamodbtypes.AttributeValueMemberM)
	return ok && m.Value[key] != nil
}

// lock is the row by which one worker of a 3.x fleet leads. Its version changes with each
// heartbeat, four times in its lease.
type lock struct {
	owner   string
	version string
	lease   time.Duration
}

// newCoordination reads the rows of the coordinator's own table, nil when there is none,
// and those beside the leases. As in CoordinatorStateDAO the table of its own comes first
// until the rows have been moved for good; the lock is in one of them only.
func newCoordination(own, beside []item) *coordination {
	c := &coordination{metrics: map[string]metrics{}}
	mine, theirs := map[string]item{}, map[string]item{}
	for _, m := range own {
		mine[text(m["key"])] = m
	}
	for _, m := range beside {
		key := text(m["leaseKey"])
		if text(m["entityType"]) != entityMetrics {
			theirs[key] = m
		} else if told, ok := parseMetrics(m); ok {
			c.metrics[key] = told
		}
	}
	either := func(key string) item {
		if m, ok := mine[key]; ok {
			return m
		}
		return theirs[key]
	}
	c.tables = text(either(tableMigrationKey)["tm"])
	if c.apart = own != nil && c.tables != tablesComplete; !c.apart {
		mine = theirs
	}
	c.migration = either(migrationKey)
	c.client = text(c.migration["cv"])
	c.lock = parseLock(mine[leaderKey])
	return c
}

func parseLock(m item) *lock {
	l := &lock{owner: text(m["ownerName"]), version: text(m["recordVersionNumber"]), lease: lockLease}
	if _, released := m["isReleased"]; released || l.version == "" {
		return nil
	}
	if ms, err := strconv.ParseInt(text(m["leaseDuration"]), 10, 64); err == nil && ms > 0 {
		l.lease = time.Duration(ms) * time.Millisecond
	}
	return l
}

// tells says that each worker is to publish its metrics. While a fleet upgrades from 2.x
// the leases are still taken by the workers themselves, but nothing goes on until all of
// them publish (MigrationReadyMonitor).
func (c *coordination) tells() bool {
	return c.client != "" && c.client != clientInit && c.client != client2x
}

// assigns says that a leader, when there is one, shares out the leases. A version that is
// not known here is newer.
func (c *coordination) assigns() bool { return c.tells() && c.client != clientUpgrade }

// metricsWithLeases says where to publish the metrics so that the leader finds them. A Java
// worker is told by its configuration, from DEPLOYED on; this one follows the leader, who
// reads both places then, and who moves the rows when nobody publishes in the old one.
func (c *coordination) metricsWithLeases(now time.Time) bool {
	switch {
	case !c.apart || c.tables == tablesPending:
		return true
	case c.tables == tablesDeployed && c.lock != nil:
		return now.Sub(c.metrics[c.lock.owner].told) < metricsExpiry
	}
	return false
}

// reign says who shares out the leases.
type reign int

const (
	nobody      reign = iota // the workers among themselves
	interregnum              // there was a leader, and another may come: nothing is stolen
	leader
)

// leadership tells from its lock whether there is a leader. No time is compared with
// another host's but at the first look, when it is not known yet whether the lock moves: it
// counts then while its owner publishes metrics.
type leadership struct {
	looked  bool
	version string
	lease   time.Duration
	moved   bool // the lock was seen to move: somebody is behind it
	fresh   bool // the owner's metrics are
	since   time.Time
	left    time.Time // when the lock was given up
}

// observe notes the lock; told is when its owner has published its metrics, which need
// not be known of a lock that has moved.
func (f *leadership) observe(l *lock, told, now time.Time) {
	switch {
	case l == nil:
		if f.version != "" && f.reign(now) != nobody {
			f.left = now
		}
		f.version = ""
	case l.version != f.version:
		*f = leadership{version: l.version, lease: l.lease, moved: f.looked, since: now}
	}
	f.fresh = now.Sub(told) <= metricsExpiry
	f.looked = true
}

func (f *leadership) reign(now time.Time) reign {
	switch age := now.Sub(f.since); {
	case f.version == "":
		if !f.left.IsZero() && now.Sub(f.left) < electionTime {
			return interregnum
		}
	case age < f.lease && (f.moved || f.fresh):
		return leader
	case age < f.lease+electionTime:
		return interregnum
	}
	return nobody
}

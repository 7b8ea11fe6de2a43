package kinesis

import (
	"os"
	"testing"
	"time"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The rows beside the leases that the Java Kinesis Client Library writes: 3.0.3 into tables
// of their own, 3.5.1 among the leases.
const (
	state303 = `{"key":{"S":"Migration3.0"},"cv":{"S":"CLIENT_VERSION_3X"},"mb":{"S":"worker-1"},"mts":{"N":"1795455722969"},
		"h":{"L":[{"M":{"cv":{"S":"CLIENT_VERSION_INIT"},"mb":{"S":"worker-1"},"mts":{"N":"1795455722960"}}}]}}`
	lock303  = `{"key":{"S":"Leader"},"leaseDuration":{"S":"120000"},"ownerName":{"S":"worker-1"},"recordVersionNumber":{"S":"6f2c"}}`
	state351 = `{"leaseKey":{"S":"Migration3.0"},"entityType":{"S":"CLIENT_VERSION_MIGRATION"},"cv":{"S":"CLIENT_VERSION_3X"},"mb":{"S":"worker-2"},"mts":{"N":"1795455722969"}}`
	lock351  = `{"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"},"leaseDuration":{"S":"90000"},"ownerName":{"S":"worker-2"},"recordVersionNumber":{"S":"a1b2"}}`
	stats351 = `{"leaseKey":{"S":"worker-2"},"entityType":{"S":"WORKER_METRIC_STATS"},"lut":{"N":"1795455765"},"slu":{"N":"1795455765"},"sup":{"N":"1"},"opr":{"M":{}},"sts":{"M":{}}}`
	moving   = `{"key":{"S":"TableMigration3.5"},"entityType":{"S":"TABLE_MIGRATION"},"tm":{"S":"TABLE_MIGRATION_STATUS_PENDING"},"mb":{"S":"worker-2"},"mts":{"N":"1795455722969"}}`
	moved    = `{"key":{"S":"TableMigration3.5"},"entityType":{"S":"TABLE_MIGRATION"},"tm":{"S":"TABLE_MIGRATION_STATUS_COMPLETE"},"mb":{"S":"worker-2"},"mts":{"N":"1795455722969"}}`
)

func itemsOf(t *testing.T, rows ...string) []item {
	items := []item{}
	for _, s := range rows {
		items = append(items, dynamoJSON(t, s))
	}
	return items
}

func TestCoordinationOfTheJavaLibrary(t *testing.T) {
	t.Parallel()
	told := map[string]metrics{"worker-2": {told: time.Unix(1795455765, 0)}}
	first := &lock{owner: "worker-1", version: "6f2c", lease: 2 * time.Minute}
	second := &lock{owner: "worker-2", version: "a1b2", lease: 90 * time.Second}
	inner := itemsOf(t, state351, lock351, stats351)
	for _, c := range []struct {
		name        string
		own, beside []item
		want        coordination
	}{
		{"2.x", nil, nil, coordination{}},
		{"3.0", itemsOf(t, state303, lock303), nil, coordination{client: "CLIENT_VERSION_3X", lock: first, apart: true}},
		{"3.0, rolled back: the tables are there", itemsOf(t), nil, coordination{apart: true}},
		{"3.5", nil, inner, coordination{client: "CLIENT_VERSION_3X", lock: second, metrics: told}},
		{
			"while the rows move, the lock is where it was", itemsOf(t, lock303, moving), itemsOf(t, state351, stats351),
			coordination{client: "CLIENT_VERSION_3X", tables: tablesPending, lock: first, apart: true, metrics: told},
		},
		{
			"the old tables count no more when the rows have moved", itemsOf(t, state303, lock303, moved), inner,
			coordination{client: "CLIENT_VERSION_3X", tables: tablesComplete, lock: second, metrics: told},
		},
		{"no lock without a version", nil, itemsOf(t, state351, `{"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"}}`), coordination{client: "CLIENT_VERSION_3X"}},
		{
			"a lock that was given up and kept", nil, itemsOf(t, `{"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"},"ownerName":{"S":"w"},"recordVersionNumber":{"S":"x"},"isReleased":{"S":"1"}}`),
			coordination{},
		},
		{
			"a lock whose lease cannot be read", nil, itemsOf(t, `{"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"},"ownerName":{"S":"w"},"recordVersionNumber":{"S":"x"},"leaseDuration":{"S":"long"}}`),
			coordination{lock: &lock{owner: "w", version: "x", lease: 2 * time.Minute}},
		},
	} {
		if c.want.metrics == nil {
			c.want.metrics = map[string]metrics{}
		}
		if d := cmp.Diff(&c.want, newCoordination(c.own, c.beside), cmp.AllowUnexported(coordination{}, lock{}, metrics{}), cmpopts.IgnoreFields(coordination{}, "migration")); d != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, d)
		}
	}
}

func TestClientVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version       string
		tells, assign bool
	}{
		{"", false, false},
		{"CLIENT_VERSION_INIT", false, false},
		{"CLIENT_VERSION_2X", false, false},
		{"CLIENT_VERSION_UPGRADE_FROM_2X", true, false},
		{"CLIENT_VERSION_3X_WITH_ROLLBACK", true, true},
		{"CLIENT_VERSION_3X", true, true},
		{"CLIENT_VERSION_4X", true, true},
	} {
		k := coordination{client: c.version}
		if k.tells() != c.tells || k.assigns() != c.assign {
			t.Errorf("%q: tells %v, assigns %v", c.version, k.tells(), k.assigns())
		}
	}
}

func TestWhereMetricsAreTold(t *testing.T) {
	t.Parallel()
	at := func(owner string, age time.Duration) map[string]metrics {
		return map[string]metrics{owner: {told: t0.Add(-age)}}
	}
	for _, c := range []struct {
		name   string
		k      coordination
		leases bool
	}{
		{"3.5", coordination{}, true},
		{"3.0", coordination{apart: true}, false},
		{"3.0, a leader", coordination{apart: true, lock: &lock{owner: "j"}, metrics: at("j", 0)}, false},
		{"3.5 before it moves", coordination{apart: true, tables: "TABLE_MIGRATION_STATUS_INIT", lock: &lock{owner: "j"}, metrics: at("j", 0)}, false},
		{"it may move, but the leader does not", coordination{apart: true, tables: tablesDeployed, lock: &lock{owner: "j"}, metrics: at("other", 0)}, false},
		{"the leader has moved", coordination{apart: true, tables: tablesDeployed, lock: &lock{owner: "j"}, metrics: at("j", 31*time.Second)}, true},
		{"the leader has moved back", coordination{apart: true, tables: tablesDeployed, lock: &lock{owner: "j"}, metrics: at("j", time.Minute)}, false},
		{"nobody leads", coordination{apart: true, tables: tablesDeployed, metrics: at("j", 0)}, false},
		{"moving", coordination{apart: true, tables: tablesPending}, true},
	} {
		if got := c.k.metricsWithLeases(t0); got != c.leases {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLeadership(t *testing.T) {
	t.Parallel()
	type look struct {
		after   time.Duration // since the first look
		version string        // of the lock; empty: there is none
		told    time.Duration // how long ago its owner has published; 0 is not known
		want    reign
	}
	s := time.Second
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"nobody ever", []look{{0, "", 0, nobody}, {300 * s, "", 0, nobody}}},
		{"it beats", []look{{0, "a", 5 * s, leader}, {30 * s, "b", 0, leader}, {149 * s, "b", 0, leader}, {149 * s, "c", 0, leader}, {250 * s, "d", 0, leader}}},
		{"it comes", []look{{0, "", 0, nobody}, {5 * s, "a", 0, leader}, {124 * s, "a", 0, leader}}},
		{"it dies", []look{{0, "a", 5 * s, leader}, {30 * s, "b", 0, leader}, {149 * s, "b", 0, leader}, {150 * s, "b", 0, interregnum}, {209 * s, "b", 0, interregnum}, {210 * s, "b", 0, nobody}, {900 * s, "b", 0, nobody}}},
		{"it is found alive after all", []look{{0, "a", 0, interregnum}, {25 * s, "b", 0, leader}}},
		{"it was dead before", []look{{0, "a", 61 * s, interregnum}, {179 * s, "a", 600 * s, interregnum}, {180 * s, "a", 900 * s, nobody}}},
		{"it dies just before", []look{{0, "a", 40 * s, leader}, {20 * s, "a", 60 * s, leader}, {21 * s, "a", 61 * s, interregnum}}},
		{"it stops and another comes", []look{{0, "a", s, leader}, {30 * s, "b", 0, leader}, {35 * s, "", 0, interregnum}, {75 * s, "c", 0, leader}}},
		{"it stops and nobody comes", []look{{0, "a", s, leader}, {35 * s, "", 0, interregnum}, {94 * s, "", 0, interregnum}, {95 * s, "", 0, nobody}}},
		{"a dead one's lock is deleted", []look{{0, "a", 900 * s, interregnum}, {200 * s, "a", 900 * s, nobody}, {205 * s, "", 0, nobody}}},
	} {
		f := &leadership{}
		for i, l := range c.looks {
			now, told := t0.Add(l.after), time.Time{}
			if l.told > 0 {
				told = now.Add(-l.told)
			}
			var k *lock
			if l.version != "" {
				k = &lock{owner: "j", version: l.version, lease: lockLease}
			}
			f.observe(k, told, now)
			if got := f.reign(now); got != l.want {
				t.Errorf("%s: look %d: %v, want %v", c.name, i, got, l.want)
			}
		}
	}
}

func TestFleetObeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		max   int
		held  string
		edit  func(rows []lease)
		later time.Duration
		want  string
	}{
		{name: "what names it, at the first look", want: "01"},
		{name: "nothing that is held", held: "0", want: "1"},
		{name: "nothing that is done", edit: func(rows []lease) { rows[0].checkpoint = shardEnd }, want: "1"},
		{name: "also before its parents are done", edit: func(rows []lease) { rows[0].parents = []string{rows[2].shard} }, want: "01"},
		{name: "never what is free or expired", later: time.Hour, want: "01"},
		{name: "not while the old owner finishes", edit: func(rows []lease) { rows[0].from = "b" }, later: 39 * time.Second, want: "1"},
		{name: "when the old owner had its time", edit: func(rows []lease) { rows[0].from = "b" }, later: 40 * time.Second, want: "01"},
		{name: "not what it hands over itself", edit: func(rows []lease) { rows[0].owner, rows[0].from = "b", "me" }, later: time.Hour, want: "1"},
		{name: "never more than max", max: 2, held: "3", want: "0"},
	} {
		f := &fleet{me: "me", failover: 10 * time.Second, max: c.max}
		rows := rowsOf("me", "me", "b", "b", "")
		if c.edit != nil {
			c.edit(rows)
		}
		held := map[string]bool{}
		for _, h := range c.held {
			held[rows[h-'0'].shard] = true
		}
		f.observe(rows, t0)
		for i := range rows {
			rows[i].counter++ // the holder renews
		}
		f.observe(rows, t0.Add(c.later))
		if got := shardsOf(f.obeys(rows, held, t0.Add(c.later))); got != c.want {
			t.Errorf("%s: takes %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFleetStealsNothingBetweenLeaders(t *testing.T) {
	t.Parallel()
	f := &fleet{me: "me", failover: 10 * time.Second}
	rows := rowsOf("b", "b", "b", "b")
	f.observe(rows, t0)
	if got := f.wants(newLineage(rows), rows, nil, t0, false, noShuffle); len(got) > 0 {
		t.Errorf("steals %q", shardsOf(got))
	}
	if got := shardsOf(f.wants(newLineage(rows), rows, nil, t0.Add(10*time.Second), false, noShuffle)); got != "0123" {
		t.Errorf("takes %q of what has expired", got)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	var m load
	m.start(lease{}, t0)
	if got := m.rate(t0.Add(3 * time.Second)); got != nil {
		t.Errorf("%v without a record", *got)
	}
	m.bytes.Add(10 << 10)
	if got := m.rate(t0.Add(5 * time.Second)); got == nil || *got != 2 {
		t.Errorf("10 KiB in 5 s: %v", got)
	}
	if got := m.rate(t0.Add(6 * time.Second)); got == nil || *got != 1 {
		t.Errorf("and nothing for a second: %v", got)
	}
	m.start(lease{kbps: 8, rated: true}, t0)
	if got := m.rate(t0.Add(time.Second)); got == nil || *got != 4 {
		t.Errorf("8 before, and nothing for a second: %v", got)
	}
	if got := m.rate(t0.Add(time.Second)); got != nil {
		t.Errorf("%v in no time", *got)
	}
}

// TestMeasures: a row with values reads back as what it says, and looks as a Java worker's.
func TestMeasures(t *testing.T) {
	t.Parallel()
	s := &sideTables{cpu: processor{root: t.TempDir(), values: []float64{12.5, 40}}}
	s.cpu.root += "/nothing"
	values, limits := s.measure(true, t0)
	if len(values.(*dynamodbtypes.AttributeValueMemberM).Value)+len(limits.(*dynamodbtypes.AttributeValueMemberM).Value) > 0 {
		t.Errorf("values of processors that cannot be measured: %v", values)
	}
	if err := os.MkdirAll(s.cpu.root+"/proc", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"cpu 0 0 0 0 0", "cpu 1 0 0 7 0", "cpu 1 0 1 7 0"} {
		if err := os.WriteFile(s.cpu.root+"/proc/stat", []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		values, limits = s.measure(true, t0)
	}
	java := dynamoJSON(t, `{"sts":{"M":{"C":{"L":[{"N":"12.500000"},{"N":"100.000000"}]}}},"opr":{"M":{"C":{"L":[{"N":"100"}]}}},"lut":{"N":"5"}}`)
	if d := cmp.Diff(java, item{"sts": values, "opr": limits, "lut": num(5)}, cmpopts.IgnoreUnexported(dynamodbtypes.AttributeValueMemberM{}, dynamodbtypes.AttributeValueMemberL{}, dynamodbtypes.AttributeValueMemberN{})); d != "" {
		t.Errorf("(-java +go)\n%s", d)
	}
	if m, ok := parseMetrics(java); !ok || !m.cpu || m.told != time.Unix(5, 0) {
		t.Errorf("it is read as %v, %v", m, ok)
	}
	if values, _ = s.measure(false, t0); has(values, cpuMetric) {
		t.Error("values although the leader has none")
	}
}

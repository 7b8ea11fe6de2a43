package kinesis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// sideTables reads and writes what 3.x workers keep beside the leases: in the lease table
// (3.5), or in tables that have the application's name with a suffix (CoordinatorConfig,
// WorkerMetricsTableConfig; Java applications that name them otherwise are not understood).
type sideTables struct {
	client *dynamodb.Client
	app    string
	leases string // the lease table
	me     string
	every  time.Duration // how often to publish
	report func(error)

	there  bool      // the coordinator's own table is
	marked bool      // 3.x workers have left a mark
	again  time.Time // when to look for the table again
	mute   bool      // it was reported that it may not be read
	last   *coordination

	at     home      // where the metrics were published last
	told   time.Time // when
	denied bool      // they may not be, which was reported
	cpu    processor
	up     upgrade
}

// home is a place for worker metrics.
type home struct{ table, key string }

const (
	coordinatorSuffix = "-CoordinatorState"
	metricsSuffix     = "-WorkerMetricStats"
	ownerIndex        = "LeaseOwnerToLeaseKeyIndex"
	// sideInterval is how often an application without side tables is looked at for them.
	sideInterval = time.Minute
)

// look gives what the rows beside the leases say. It asks for the coordinator's own table
// only where 3.x workers have left a mark, so that an application without them needs no
// permission for it. With an error it gives what it has seen last, nil when nothing.
func (t *sideTables) look(ctx context.Context, rows []lease, beside []item, now time.Time) (*coordination, error) {
	found := len(beside) > 0 || marked(rows)
	var own []item
	if t.there || found && !t.marked || !now.Before(t.again) {
		var err error
		if own, err = t.ask(ctx, found, beside); err != nil {
			return t.last, err
		}
		t.there, t.again, t.marked = own != nil, now.Add(sideInterval), found
	}
	t.last = newCoordination(own, beside)
	return t.last, nil
}

// ask reads the coordinator's own table; nil without an error means that there is none.
func (t *sideTables) ask(ctx context.Context, found bool, beside []item) ([]item, error) {
	if !t.there && !found {
		if ok, err := t.indexed(ctx); !ok || err != nil {
			return nil, err
		}
	}
	table := t.app + coordinatorSuffix
	if !tableName.MatchString(table) { // there can be none
		return nil, nil
	}
	own, err := scanItems(ctx, t.client, table)
	switch {
	case missing(err):
		return nil, nil
	case errorCode(err) == "AccessDeniedException":
		// With the leader's lock among the leases it would say nothing more.
		if newCoordination(nil, beside).lock == nil && !t.mute {
			t.mute = true
			t.report(fmt.Errorf("kinesis: read the table %q, in which the application's Java workers (KCL 3.x) agree on who assigns the leases: %w (allow dynamodb:Scan on it; until then this worker takes leases by itself, like one of 2.x)", table, err))
		}
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the table %q: %w", table, err)
	}
	return own, nil
}

// marked says that a 3.x worker has had one of the leases.
func marked(rows []lease) bool {
	for _, l := range rows {
		if l.rated || l.from != "" {
			return true
		}
	}
	return false
}

// indexed says that the lease table has the index that 3.x workers make before anything
// else, even those that upgrade from 2.x.
func (t *sideTables) indexed(ctx context.Context) (bool, error) {
	out, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.leases})
	if err != nil {
		return false, fmt.Errorf("describe the lease table %q: %w", t.leases, err)
	}
	for _, x := range out.Table.GlobalSecondaryIndexes {
		if aws.ToString(x.IndexName) == ownerIndex {
			return true, nil
		}
	}
	return false, nil
}

// leader gives what the leader has told of itself; zero when that is not known.
func (t *sideTables) leader(ctx context.Context, c *coordination) metrics {
	if c.lock == nil {
		return metrics{}
	}
	if told, ok := c.metrics[c.lock.owner]; ok || !c.apart {
		return told
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(t.app + metricsSuffix), Key: item{"wid": str(c.lock.owner)},
	})
	if err != nil {
		return metrics{} // its lock shows that it is there
	}
	told, _ := parseMetrics(out.Item)
	return told
}

func (t *sideTables) home(c *coordination, now time.Time) home {
	if c.metricsWithLeases(now) {
		return home{t.leases, "leaseKey"}
	}
	return home{t.app + metricsSuffix, "wid"}
}

// publish tells the leader that this worker is there, when it is time to. seen says that
// the leader can know of this worker: it may forget it for a while when DynamoDB fails, but
// never learns of one whose row may not be written. sup 1 says that this worker follows
// when the rows move into the lease table, slu that this is still so.
func (t *sideTables) publish(ctx context.Context, c *coordination, now time.Time) (seen bool, err error) {
	at := t.home(c, now)
	if at == t.at && now.Sub(t.told) < t.every {
		return !t.denied, nil
	}
	values, limits := t.measure(t.leader(ctx, c).cpu, now)
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &at.table, Key: item{at.key: str(t.me)},
		ConditionExpression: aws.String("attribute_not_exists(" + at.key + ") OR attribute_exists(lut)"),
		UpdateExpression:    aws.String("SET entityType = :type, lut = :now, slu = :now, sup = :one, sts = :values, opr = :limits"),
		ExpressionAttributeValues: item{
			":type": str(entityMetrics), ":now": num(now.Unix()), ":one": num(1), ":values": values, ":limits": limits,
		},
	})
	switch {
	case err == nil:
		if t.at != at {
			t.withdraw(ctx)
		}
		t.at, t.told, t.denied = at, now, false
		return true, nil
	case missing(err): // not yet, or not any more
		return false, nil
	case refusal(err) != nil:
		t.at, t.told = at, now
		return true, fmt.Errorf("tell the leader of this worker, in the table %q: the WorkerID %q is the key of another row there: choose another", at.table, t.me)
	case errorCode(err) == "AccessDeniedException":
		t.at, t.told = at, now // ask again, but not at once
		if !t.denied {
			t.denied = true
			return false, fmt.Errorf("tell the leader of the application's Java workers (KCL 3.x) of this worker, in the table %q: %w (allow dynamodb:UpdateItem and DeleteItem on it; until then this worker takes leases by itself, like one of 2.x)", at.table, err)
		}
		return false, nil
	}
	return !t.denied, fmt.Errorf("tell the leader of this worker, in the table %q: %w", at.table, err)
}

// measure gives the values and limits to publish. A leader compares each measure among the
// workers that have it, and those that have none by the throughput of their leases
// (WorkerMetricStats.isUsingDefaultWorkerMetric, LeaseAssignmentManager): so a worker
// publishes its processors' load where the leader does, and nothing where it does not, to be
// weighed like the others. Java workers do where they know the platform: on EC2, ECS and EKS.
func (t *sideTables) measure(cpu bool, now time.Time) (values, limits dynamodbtypes.AttributeValue) {
	v, l := item{}, item{}
	if t.cpu.sample(now); cpu && len(t.cpu.values) > 0 {
		list := &dynamodbtypes.AttributeValueMemberL{}
		for _, p := range t.cpu.values {
			list.Value = append(list.Value, &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatFloat(p, 'f', 6, 64)})
		}
		v[cpuMetric] = list
		l[cpuMetric] = &dynamodbtypes.AttributeValueMemberL{Value: []dynamodbtypes.AttributeValue{num(100)}}
	}
	return &dynamodbtypes.AttributeValueMemberM{Value: v}, &dynamodbtypes.AttributeValueMemberM{Value: l}
}

// withdraw takes this worker's row away, so that the leader does not assign leases to it
// for another minute, as it does to a Java worker that stops.
func (t *sideTables) withdraw(ctx context.Context) {
	if t.at.table == "" || t.denied {
		return
	}
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.at.table, Key: item{t.at.key: str(t.me)},
		ConditionExpression: aws.String("attribute_exists(lut)"),
	})
	if err != nil && refusal(err) == nil && !missing(err) {
		t.report(fmt.Errorf("kinesis: take this worker's metrics out of the table %q (the leader forgets them after a minute): %w", t.at.table, err))
	}
	t.at = home{}
}

func missing(err error) bool {
	m := (*dynamodbtypes.ResourceNotFoundException)(nil)
	return errors.As(err, &m)
}

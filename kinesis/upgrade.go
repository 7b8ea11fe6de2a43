package kinesis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An application that upgrades from 2.x is switched to 3.x by one of its workers, when all
// have told of themselves for a while (MigrationReadyMonitor,
// MigrationClientVersionUpgradeFrom2xState). Java workers elect it among the owners of
// leases: it may be a Go worker, and does as they do then, or nobody would.

// client3xWithRollback is what it is switched to.
const client3xWithRollback = "CLIENT_VERSION_3X_WITH_ROLLBACK"

const (
	upgradeInterval = time.Minute
	upgradeSteady   = 10 * time.Minute
	upgradeHistory  = 10 // entries of the row's history
)

// elected gives the worker that speaks for all where no leader does: the first of the
// owners when they are sorted and shuffled with a fixed seed
// (DeterministicShuffleShardSyncLeaderDecider); empty when there are none.
func elected(rows []lease) string {
	var owners []string
	for _, l := range rows {
		if l.owner != "" {
			owners = append(owners, l.owner)
		}
	}
	slices.Sort(owners)
	owners = slices.Compact(owners)
	if len(owners) == 0 {
		return ""
	}
	r := newJavaRandom(1947)
	for i := len(owners); i > 1; i-- {
		j := r.intN(int32(i))
		owners[i-1], owners[j] = owners[j], owners[i-1]
	}
	return owners[0]
}

// javaRandom is the generator that java.util.Random's documentation defines.
type javaRandom struct{ state uint64 }

func newJavaRandom(seed uint64) *javaRandom {
	return &javaRandom{(seed ^ 0x5DEECE66D) & (1<<48 - 1)}
}

func (r *javaRandom) next31() int32 {
	r.state = (r.state*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(r.state >> 17)
}

func (r *javaRandom) intN(n int32) int32 {
	if n&-n == n {
		return int32(int64(n) * int64(r.next31()) >> 31)
	}
	for {
		bits := r.next31()
		if v := bits % n; bits-v+(n-1) >= 0 { // without an overflow
			return v
		}
	}
}

// upgrade watches whether the application is ready.
type upgrade struct {
	next  time.Time // when to look again
	since time.Time // since when it is; zero: it is not
}

// due says that the application has been ready for long enough.
func (u *upgrade) due(ready bool, now time.Time) bool {
	u.next = now.Add(upgradeInterval)
	switch {
	case !ready:
		u.since = time.Time{}
		return false
	case u.since.IsZero():
		u.since = now
	}
	return now.Sub(u.since) >= upgradeSteady
}

// ready says that every lease has an owner that has told of itself lately. That an owner
// may be dead does not matter: it could come back without telling.
func ready(rows []lease, told map[string]metrics, now time.Time) bool {
	for _, l := range rows {
		if l.owner == "" || now.Sub(told[l.owner].told) >= metricsExpiry {
			return false
		}
	}
	return len(rows) > 0
}

// upgrade switches an application that is ready.
func (t *sideTables) upgrade(ctx context.Context, rows []lease, c *coordination, now time.Time) error {
	if c.client != clientUpgrade || elected(rows) != t.me {
		t.up = upgrade{}
		return nil
	}
	if now.Before(t.up.next) {
		return nil
	}
	ok, err := t.upgradable(ctx, rows, c, now)
	if err != nil || !t.up.due(ok, now) {
		return err
	}
	at := home{t.leases, "leaseKey"}
	if c.migration["key"] != nil {
		at = home{t.app + coordinatorSuffix, "key"}
	}
	was := item{"cv": str(c.client)}
	for _, name := range []string{"mb", "mts"} {
		if v := c.migration[name]; v != nil {
			was[name] = v
		}
	}
	history := []dynamodbtypes.AttributeValue{&dynamodbtypes.AttributeValueMemberM{Value: was}}
	if h, ok := c.migration["h"].(*dynamodbtypes.AttributeValueMemberL); ok {
		history = append(history, h.Value...)
	}
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &at.table, Key: item{at.key: str(migrationKey)},
		UpdateExpression:    aws.String("SET cv = :new, mb = :me, mts = :now, h = :history"),
		ConditionExpression: aws.String("cv = :old"),
		ExpressionAttributeValues: item{
			":new": str(client3xWithRollback), ":old": str(c.client), ":me": str(t.me), ":now": num(now.UnixMilli()),
			":history": &dynamodbtypes.AttributeValueMemberL{Value: history[:min(len(history), upgradeHistory)]},
		},
	})
	if err != nil && refusal(err) == nil {
		return fmt.Errorf("switch the application to the rules of 3.x, in the table %q: %w", at.table, err)
	}
	return nil
}

// upgradable says that the index by owners can be used and all owners tell of themselves.
func (t *sideTables) upgradable(ctx context.Context, rows []lease, c *coordination, now time.Time) (bool, error) {
	out, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.leases})
	if err != nil {
		return false, fmt.Errorf("describe the lease table %q: %w", t.leases, err)
	}
	if !slices.ContainsFunc(out.Table.GlobalSecondaryIndexes, func(x dynamodbtypes.GlobalSecondaryIndexDescription) bool {
		return aws.ToString(x.IndexName) == ownerIndex && x.IndexStatus == dynamodbtypes.IndexStatusActive
	}) {
		return false, nil
	}
	told := c.metrics
	if c.apart {
		items, err := scanItems(ctx, t.client, t.app+metricsSuffix)
		if err != nil {
			return false, fmt.Errorf("read the table %q: %w", t.app+metricsSuffix, err)
		}
		for _, m := range items {
			if x, ok := parseMetrics(m); ok {
				told[text(m["wid"])] = x
			}
		}
	}
	return ready(rows, told, now), nil
}

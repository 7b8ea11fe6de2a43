package kinesis_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type row = map[string]dynamodbtypes.AttributeValue

// sideHome is where a Java version keeps what is not a lease.
type sideHome struct{ coordinator, coordinatorKey, metrics, metricsKey string }

var (
	home303 = sideHome{"app-CoordinatorState", "key", "app-WorkerMetricStats", "wid"}
	home351 = sideHome{"app", "leaseKey", "app", "leaseKey"}
)

func createTable(t *testing.T, cfg aws.Config, name, key string) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: &key, KeyType: dynamodbtypes.KeyTypeHash}},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: &key, AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for {
		out, err := dynamodb.NewFromConfig(cfg).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if out.Table.TableStatus == dynamodbtypes.TableStatusActive {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// prepare makes an application's tables as a Java version does, with the client version.
func (h sideHome) prepare(t *testing.T, cfg aws.Config, version string) {
	t.Helper()
	createTable(t, cfg, "app", "leaseKey")
	if h != home351 {
		createTable(t, cfg, h.coordinator, h.coordinatorKey)
		createTable(t, cfg, h.metrics, h.metricsKey)
	}
	_, err := dynamodb.NewFromConfig(cfg).UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
		TableName: aws.String("app"),
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String("leaseKey"), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("leaseOwner"), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
		},
		GlobalSecondaryIndexUpdates: []dynamodbtypes.GlobalSecondaryIndexUpdate{{Create: &dynamodbtypes.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String("LeaseOwnerToLeaseKeyIndex"),
			KeySchema: []dynamodbtypes.KeySchemaElement{
				{AttributeName: aws.String("leaseOwner"), KeyType: dynamodbtypes.KeyTypeHash},
				{AttributeName: aws.String("leaseKey"), KeyType: dynamodbtypes.KeyTypeRange},
			},
			Projection: &dynamodbtypes.Projection{ProjectionType: dynamodbtypes.ProjectionTypeKeysOnly},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.setVersion(t, cfg, version)
}

func (h sideHome) setVersion(t *testing.T, cfg aws.Config, version string) {
	t.Helper()
	h.put(t, cfg, row{
		h.coordinatorKey: s("Migration3.0"), "entityType": s("CLIENT_VERSION_MIGRATION"),
		"cv": s(version), "mb": s("j1"), "mts": n("1795455722969"),
	})
}

func (h sideHome) put(t *testing.T, cfg aws.Config, m row) {
	t.Helper()
	if _, err := dynamodb.NewFromConfig(cfg).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &h.coordinator, Item: m}); err != nil {
		t.Fatal(err)
	}
}

// told gives the metrics row of a worker, nil when there is none.
func (h sideHome) told(t *testing.T, cfg aws.Config, worker string) row {
	t.Helper()
	out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &h.metrics, Key: row{h.metricsKey: s(worker)}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

// javaWorker behaves towards the tables as a worker of the Java library 3.x with failover
// time 10 s does: it leads (LeaseAssignmentManager with LeaseCountBasedLeaseAssignmentDecider,
// DynamoDBLockBasedLeaderDecider), publishes metrics (WorkerMetricStatsReporter), finds what
// is assigned to it (DynamoDBLeaseDiscoverer), renews it (DynamoDBLeaseRenewer) and hands it
// over (LeaseGracefulShutdownHandler). It reads no stream.
type javaWorker struct {
	id   string
	h    sideHome
	db   *dynamodb.Client
	skew time.Duration // how far its clock is ahead

	ctx  context.Context
	kill context.CancelFunc
	done chan struct{}

	held  map[string]string    // counters
	heard map[string]heartbeat // as the leader
	beats int
	leads bool
	lock  heartbeat // as it was seen last, or written
	runs  int

	mu struct {
		sync.Mutex
		assign bool
		lost   []string // what went without its doing
		err    error
	}
}

type heartbeat struct {
	counter string
	at      time.Time
}

// runJava starts a Java worker that leads.
func runJava(t *testing.T, cfg aws.Config, h sideHome, id string) *javaWorker {
	t.Helper()
	return runSkewed(t, cfg, h, id, 0)
}

func runSkewed(t *testing.T, cfg aws.Config, h sideHome, id string, skew time.Duration) *javaWorker {
	t.Helper()
	j := &javaWorker{id: id, h: h, skew: skew, db: dynamodb.NewFromConfig(cfg), done: make(chan struct{}), held: map[string]string{}, heard: map[string]heartbeat{}}
	j.mu.assign = true
	j.ctx, j.kill = context.WithCancel(t.Context())
	go j.run()
	t.Cleanup(func() {
		j.kill()
		<-j.done
		if j.mu.err != nil {
			t.Errorf("%s: %v", id, j.mu.err)
		}
	})
	return j
}

func (j *javaWorker) run() {
	defer close(j.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := 0; ; i++ {
		var errs []error
		if i%30 == 0 {
			errs = append(errs, j.tell(), j.beat())
		}
		if i%9 == 0 {
			errs = append(errs, j.discover())
		}
		if i%3 == 0 {
			errs = append(errs, j.renew())
		}
		if i%20 == 2 {
			errs = append(errs, j.lead())
		}
		if err := errors.Join(errs...); err != nil && j.ctx.Err() == nil {
			j.mu.Lock()
			j.mu.err = errors.Join(j.mu.err, err)
			j.mu.Unlock()
		}
		select {
		case <-tick.C:
		case <-j.ctx.Done():
			return
		}
	}
}

// die ends the worker without a word.
func (j *javaWorker) die() { j.kill(); <-j.done }

// stop gives up the leases and the lock.
func (j *javaWorker) stop(t *testing.T) {
	t.Helper()
	j.die()
	j.ctx = t.Context()
	for key, counter := range j.held {
		_, err := j.update(key, "SET leaseCounter = :next REMOVE leaseOwner", "leaseCounter = :n AND leaseOwner = :me", row{":n": n(counter), ":next": n(next(counter)), ":me": s(j.id)})
		if refused := (*dynamodbtypes.ConditionalCheckFailedException)(nil); err != nil && !errors.As(err, &refused) {
			t.Error(err)
		}
	}
	if !j.leads {
		return
	}
	if _, err := j.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &j.h.coordinator, Key: row{j.h.coordinatorKey: s("Leader")}}); err != nil {
		t.Error(err)
	}
}

func (j *javaWorker) setAssign(on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mu.assign = on
}

func (j *javaWorker) robbed() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.mu.lost)
}

func next(counter string) string {
	i, err := strconv.Atoi(counter)
	if err != nil {
		panic(err)
	}
	return strconv.Itoa(i + 1)
}

// tell publishes what a machine without metric sources does.
func (j *javaWorker) tell() error {
	m := row{j.h.metricsKey: s(j.id), "lut": n(fmt.Sprint(time.Now().Add(j.skew).Unix())), "sts": &dynamodbtypes.AttributeValueMemberM{}, "opr": &dynamodbtypes.AttributeValueMemberM{}}
	if j.h == home351 {
		m["entityType"] = s("WORKER_METRIC_STATS")
	}
	_, err := j.db.PutItem(j.ctx, &dynamodb.PutItemInput{TableName: &j.h.metrics, Item: m})
	return err
}

// beat takes the lock when it is free or has not moved for its lease, and shows that it is
// this worker's afterwards.
func (j *javaWorker) beat() error {
	out, err := j.db.GetItem(j.ctx, &dynamodb.GetItemInput{TableName: &j.h.coordinator, Key: row{j.h.coordinatorKey: s("Leader")}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return err
	}
	was := text(out.Item["recordVersionNumber"])
	if was != j.lock.counter {
		j.leads = false
		j.lock = heartbeat{was, time.Now()}
	}
	if was != "" && !j.leads && time.Since(j.lock.at) <= 2*time.Minute {
		return nil
	}
	j.beats++
	m := row{
		j.h.coordinatorKey: s("Leader"), "leaseDuration": s("120000"), "ownerName": s(j.id),
		"recordVersionNumber": s(fmt.Sprintf("%s-%d", j.id, j.beats)),
	}
	if j.h == home351 {
		m["entityType"] = s("LEADER")
	}
	in := &dynamodb.PutItemInput{TableName: &j.h.coordinator, Item: m, ConditionExpression: aws.String("attribute_not_exists(recordVersionNumber)")}
	if was != "" {
		in.ConditionExpression, in.ExpressionAttributeValues = aws.String("recordVersionNumber = :was"), row{":was": s(was)}
	}
	_, err = j.db.PutItem(j.ctx, in)
	if refused := (*dynamodbtypes.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
		j.leads = false
		return nil
	}
	j.leads, j.lock = err == nil, heartbeat{text(m["recordVersionNumber"]), time.Now()}
	return err
}

func (j *javaWorker) update(key, expr, cond string, values row) (row, error) {
	out, err := j.db.UpdateItem(j.ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String("app"), Key: row{"leaseKey": s(key)}, UpdateExpression: &expr, ConditionExpression: &cond,
		ExpressionAttributeValues: values, ReturnValues: dynamodbtypes.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func (j *javaWorker) scan() ([]row, error) {
	out, err := j.db.Scan(j.ctx, &dynamodb.ScanInput{TableName: aws.String("app"), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out.Items, func(m row) bool { return m["checkpoint"] == nil }), nil
}

// discover adds what names this worker and that nobody finishes any more.
func (j *javaWorker) discover() error {
	rows, err := j.scan()
	for _, m := range rows {
		key := text(m["leaseKey"])
		if _, held := j.held[key]; !held && text(m["leaseOwner"]) == j.id && m["checkpointOwner"] == nil {
			j.held[key] = text(m["leaseCounter"])
		}
	}
	return err
}

func (j *javaWorker) renew() error {
	for key, counter := range j.held {
		_, err := j.update(key, "SET leaseCounter = :next", "leaseCounter = :n AND leaseOwner = :me AND attribute_not_exists(checkpointOwner)",
			row{":n": n(counter), ":next": n(next(counter)), ":me": s(j.id)})
		refused := (*dynamodbtypes.ConditionalCheckFailedException)(nil)
		switch {
		case err == nil:
			j.held[key] = next(counter)
			continue
		case !errors.As(err, &refused):
			return err
		}
		delete(j.held, key)
		if text(refused.Item["checkpointOwner"]) == j.id { // it finishes at once
			if _, err := j.update(key, "SET leaseCounter = leaseCounter + :one REMOVE checkpointOwner", "checkpointOwner = :me", row{":one": n("1"), ":me": s(j.id)}); err != nil {
				return err
			}
			continue
		}
		j.mu.Lock()
		j.mu.lost = append(j.mu.lost, key)
		j.mu.Unlock()
	}
	return nil
}

// active gives the workers whose metrics are not older than a minute.
func (j *javaWorker) active() (map[string]int, error) {
	out, err := j.db.Scan(j.ctx, &dynamodb.ScanInput{TableName: &j.h.metrics, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	share := map[string]int{}
	for _, m := range out.Items {
		if lut, err := strconv.ParseInt(text(m["lut"]), 10, 64); err == nil && time.Now().Add(j.skew).Unix()-lut <= 60 {
			share[text(m[j.h.metricsKey])] = 0
		}
	}
	return share, nil
}

// lead assigns what is free or expired, and every third time evens out.
func (j *javaWorker) lead() error {
	j.mu.Lock()
	on := j.mu.assign
	j.mu.Unlock()
	if !j.leads {
		j.heard, j.runs = map[string]heartbeat{}, 0
		return nil
	}
	rows, err := j.scan()
	if err != nil {
		return err
	}
	share, err := j.active()
	if err != nil || !on || len(share) == 0 {
		return err
	}
	actual := func(m row) string { return cmp.Or(text(m["checkpointOwner"]), text(m["leaseOwner"])) }
	var free []row
	for _, m := range rows {
		key := text(m["leaseKey"])
		if h := j.heard[key]; h.counter != text(m["leaseCounter"]) {
			j.heard[key] = heartbeat{text(m["leaseCounter"]), time.Now()}
		}
		if _, ok := share[actual(m)]; ok {
			share[actual(m)]++
		}
		if actual(m) == "" || time.Since(j.heard[key].at) > 10*time.Second {
			free = append(free, m)
		}
	}
	target := (len(rows) + len(share) - 1) / len(share)
	least := func() string {
		names := make([]string, 0, len(share))
		for w := range share {
			names = append(names, w)
		}
		return slices.MinFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(share[a], share[b]), cmp.Compare(a, b)) })
	}
	later := func(err error) error { // what has changed meanwhile is assigned in the next run
		if refused := (*dynamodbtypes.ConditionalCheckFailedException)(nil); errors.As(err, &refused) {
			return nil
		}
		return err
	}
	for _, m := range free {
		key, to := text(m["leaseKey"]), least()
		if share[to]++; share[actual(m)] > 0 {
			share[actual(m)]--
		}
		cond, values := "attribute_exists(leaseKey)", row{":to": s(to), ":one": n("1")}
		for attr, v := range map[string]string{"leaseOwner": ":owner", "checkpointOwner": ":old"} {
			if was := m[attr]; was != nil {
				cond += " AND " + attr + " = " + v
				values[v] = was
			} else {
				cond += " AND attribute_not_exists(" + attr + ")"
			}
		}
		_, err := j.update(key, "SET leaseOwner = :to, leaseCounter = leaseCounter + :one REMOVE checkpointOwner", cond, values)
		if err := later(err); err != nil {
			return err
		}
	}
	if j.runs++; j.runs%3 != 1 {
		return nil
	}
	for _, m := range rows {
		key, from, to := text(m["leaseKey"]), text(m["leaseOwner"]), least()
		if m["checkpointOwner"] != nil || share[from] <= target || share[to] >= target || text(m["checkpoint"]) == "SHARD_END" {
			continue
		}
		share[from]--
		share[to]++
		_, err := j.update(key, "SET leaseOwner = :to, checkpointOwner = :from", "leaseOwner = :from AND attribute_not_exists(checkpointOwner)", row{":to": s(to), ":from": s(from)})
		if err := later(err); err != nil {
			return err
		}
	}
	return nil
}

package kinesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ErrLeaseLost says that another worker has taken a shard's lease, or that it could not be
// renewed in time. [ConsumerOptions].OnError is told of it, and it is the cause
// ([context.Cause]) of the end of the context of a handler whose shard was lost.
var ErrLeaseLost = errors.New("kinesis: the lease was lost")

// leaseTable reads and writes the leases of one application. Each write is conditional on
// the lease's counter and owner as this worker knows them.
type leaseTable struct {
	client *dynamodb.Client
	name   string
	me     string
	typed  atomic.Bool // its rows say what they are (3.5): entityType
}

// ensure creates the table when it is missing and waits until it can be used.
func (t *leaseTable) ensure(ctx context.Context) error {
	for d := 50 * time.Millisecond; ; d = min(2*d, time.Second) {
		out, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
		missing := (*dynamodbtypes.ResourceNotFoundException)(nil)
		switch {
		case errors.As(err, &missing):
			if err := t.create(ctx); err != nil {
				return fmt.Errorf("create the lease table %q: %w", t.name, err)
			}
		case err != nil:
			return fmt.Errorf("describe the lease table %q: %w", t.name, err)
		case out.Table.TableStatus == dynamodbtypes.TableStatusActive || out.Table.TableStatus == dynamodbtypes.TableStatusUpdating:
			return t.checkKey(out.Table)
		}
		if !wait(ctx, nil, d) {
			return ctx.Err()
		}
	}
}

func (t *leaseTable) checkKey(d *dynamodbtypes.TableDescription) error {
	text := slices.ContainsFunc(d.AttributeDefinitions, func(a dynamodbtypes.AttributeDefinition) bool {
		return aws.ToString(a.AttributeName) == "leaseKey" && a.AttributeType == dynamodbtypes.ScalarAttributeTypeS
	})
	if text && len(d.KeySchema) == 1 && aws.ToString(d.KeySchema[0].AttributeName) == "leaseKey" {
		return nil
	}
	return fmt.Errorf("the table %q is not a lease table (its key is not leaseKey alone, a string): name the application otherwise, or set LeaseTable", t.name)
}

func (t *leaseTable) create(ctx context.Context) error {
	_, err := t.client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &t.name,
		BillingMode: dynamodbtypes.BillingModePayPerRequest,
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String("leaseKey"), KeyType: dynamodbtypes.KeyTypeHash},
		},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String("leaseKey"), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
		},
	})
	inUse := (*dynamodbtypes.ResourceInUseException)(nil)
	if errors.As(err, &inUse) {
		return nil // another worker was faster
	}
	return err
}

// scan reads all leases.
func (t *leaseTable) scan(ctx context.Context) ([]lease, error) {
	ls, _, err := t.read(ctx)
	return ls, err
}

// read reads all leases, in the shards' order, and what else 3.5 keeps in the table.
func (t *leaseTable) read(ctx context.Context) (ls []lease, beside []item, err error) {
	items, err := scanItems(ctx, t.client, t.name)
	if err != nil {
		return nil, nil, fmt.Errorf("read the lease table %q: %w", t.name, err)
	}
	for _, m := range items {
		l, ok, err := parseLease(m)
		if err != nil {
			return nil, nil, fmt.Errorf("read the lease table %q: %w", t.name, err)
		}
		if ok {
			ls = append(ls, l)
		} else {
			beside = append(beside, m)
		}
		if _, ok := m["entityType"]; ok {
			t.typed.Store(true)
		}
	}
	slices.SortFunc(ls, func(a, b lease) int { return strings.Compare(a.shard, b.shard) })
	return ls, beside, nil
}

// scanItems gives all items of a table.
func scanItems(ctx context.Context, client *dynamodb.Client, table string) ([]item, error) {
	items := []item{}
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		items = append(items, out.Items...)
	}
	return items, nil
}

// insert makes a lease unless there is one.
func (t *leaseTable) insert(ctx context.Context, l lease) error {
	if t.typed.Load() {
		l.kind = entityLease
	}
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: l.item(),
		ConditionExpression: aws.String("attribute_not_exists(leaseKey)"),
	})
	if refusal(err) != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the lease %q in table %q: %w", l.shard, t.name, err)
	}
	return nil
}

// take makes me the owner of a lease that is as l says, and gives it as it is then.
func (t *leaseTable) take(ctx context.Context, l lease) (lease, error) {
	u := update{set: "leaseOwner = :me", remove: "checkpointOwner", values: item{}}
	if l.owner != "" && l.owner != t.me {
		u.set += ", ownerSwitchesSinceCheckpoint = :switches"
		u.values[":switches"] = num(l.switches + 1)
	}
	u.values[":me"] = str(t.me)
	return t.write(ctx, l, u)
}

// renew moves the counter: the heartbeat.
func (t *leaseTable) renew(ctx context.Context, l lease) (lease, error) {
	return t.write(ctx, l, update{})
}

// checkpoint records how far the shard is done.
func (t *leaseTable) checkpoint(ctx context.Context, l lease, checkpoint string, sub uint64, children []string) (lease, error) {
	u := update{
		set:    "checkpoint = :checkpoint, checkpointSubSequenceNumber = :sub, ownerSwitchesSinceCheckpoint = :zero",
		remove: "pendingCheckpoint, pendingCheckpointSubSequenceNumber, pendingCheckpointState",
		values: item{":checkpoint": str(checkpoint), ":sub": num(sub), ":zero": num(0)},
	}
	if checkpoint == shardEnd {
		u.remove += ", checkpointOwner" // there is nothing left to hand over
	}
	if len(children) > 0 {
		u.set += ", childShardIds = :children"
		u.values[":children"] = set(children)
	}
	return t.write(ctx, l, u)
}

// What a worker removes to let a lease go: the owner, so that another takes it without
// waiting, or itself as the one for whom the new owner waits.
const (
	freed  = "leaseOwner"
	handed = "checkpointOwner"
)

// release lets the lease go.
func (t *leaseTable) release(ctx context.Context, l lease) error {
	u := update{remove: freed}
	if l.from == t.me {
		u.remove = handed
	}
	_, err := t.write(ctx, l, u)
	return err
}

// remove deletes a lease that is complete.
func (t *leaseTable) remove(ctx context.Context, l lease) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: item{"leaseKey": str(l.shard)},
		ConditionExpression:       aws.String("checkpoint = :checkpoint"),
		ExpressionAttributeValues: item{":checkpoint": str(l.checkpoint)},
	})
	if err != nil && refusal(err) == nil {
		return fmt.Errorf("delete the lease %q from table %q: %w", l.shard, t.name, err)
	}
	return nil
}

type update struct {
	set, remove string
	values      item
}

// write updates a lease on condition that it is as l says, and moves its counter. When it
// is not, the error is ErrLeaseLost, unless the row is still this worker's: then an earlier
// write was made although its reply was lost, perhaps this very one, by the SDK's retry.
func (t *leaseTable) write(ctx context.Context, l lease, u update) (lease, error) {
	for range 3 {
		row, err := t.try(ctx, l, u)
		r := refusal(err)
		if err != nil && r == nil {
			return l, fmt.Errorf("update the lease %q in table %q: %w", l.shard, t.name, err)
		}
		if r != nil {
			row = r.Item
		}
		n, ok, perr := parseLease(row)
		switch {
		case r != nil && (perr != nil || !ok): // deleted, or made into something else
			return l, ErrLeaseLost
		case perr != nil:
			return l, fmt.Errorf("update the lease %q in table %q: %w", l.shard, t.name, perr)
		case r == nil || n.counter == l.counter+1 && t.made(n, l, u):
			return n, nil
		case n.holder() != t.me || l.holder() != t.me:
			return l, ErrLeaseLost
		}
		if n.from == t.me && u.remove == freed { // it has a new owner, who waits for this
			u.remove = handed
		}
		l.counter, l.owner, l.from = n.counter, n.owner, n.from
	}
	return l, fmt.Errorf("update the lease %q in table %q: its counter moves although it is this worker's: is the WorkerID %q used twice?", l.shard, t.name, t.me)
}

func (t *leaseTable) try(ctx context.Context, l lease, u update) (item, error) {
	expr := "SET leaseCounter = :next"
	values := item{":next": num(l.counter + 1), ":counter": num(l.counter)}
	maps.Copy(values, u.values)
	if u.set != "" {
		expr += ", " + u.set
	}
	if l.rate != nil {
		expr += ", throughputKBps = :kbps"
		values[":kbps"] = &dynamodbtypes.AttributeValueMemberN{Value: strconv.FormatFloat(*l.rate, 'f', 6, 64)}
	}
	if u.remove != "" {
		expr += " REMOVE " + u.remove
	}
	cond := "leaseCounter = :counter AND attribute_not_exists(leaseOwner)"
	if l.owner != "" {
		cond = "leaseCounter = :counter AND leaseOwner = :owner"
		values[":owner"] = str(l.owner)
	}
	if l.from == t.me {
		cond += " AND checkpointOwner = :old"
		values[":old"] = str(t.me)
	}
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: item{"leaseKey": str(l.shard)},
		UpdateExpression: &expr, ConditionExpression: &cond, ExpressionAttributeValues: values,
		ReturnValues:                        dynamodbtypes.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// made says whether the row n shows the update of l.
func (t *leaseTable) made(n, l lease, u update) bool {
	switch {
	case u.remove == freed:
		return n.owner == "" && l.owner == t.me
	case u.remove == handed && u.set == "":
		return n.from == "" && l.from == t.me
	}
	if c, ok := u.values[":checkpoint"]; ok && (text(c) != n.checkpoint || n.complete()) {
		return text(c) == n.checkpoint
	}
	return n.holder() == t.me
}

func refusal(err error) *dynamodbtypes.ConditionalCheckFailedException {
	r := (*dynamodbtypes.ConditionalCheckFailedException)(nil)
	if errors.As(err, &r) {
		return r
	}
	return nil
}

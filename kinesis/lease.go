package kinesis

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Checkpoints that are not sequence numbers.
const (
	trimHorizon = "TRIM_HORIZON"
	latest      = "LATEST"
	atTimestamp = "AT_TIMESTAMP"
	shardEnd    = "SHARD_END"
)

// lease is a row of the lease table, in the schema of the Java Kinesis Client Library.
type lease struct {
	shard      string // leaseKey
	owner      string // leaseOwner; empty when free: the attribute is absent then
	counter    int64  // leaseCounter: the heartbeat, and the fence of every write
	switches   int64  // ownerSwitchesSinceCheckpoint
	checkpoint string
	sub        uint64 // checkpointSubSequenceNumber
	first      string // startingHashKey
	last       string // endingHashKey
	parents    []string
	children   []string

	// What only some rows have. Updates leave it as it is unless they say so, as they do
	// attributes that are not known here.
	from    string // checkpointOwner: who still finishes before owner begins (3.0)
	pending *PendingCheckpoint
	kbps    float64 // throughputKBps (3.0), when rated
	rated   bool
	kind    string // entityType (3.5, which keeps other things in the table too)

	rate *float64 // what the next update is to write as throughputKBps; nil leaves it
}

func (l *lease) complete() bool { return l.checkpoint == shardEnd }

// holder is the worker that may write the lease: while it is handed over that is still the
// old owner.
func (l *lease) holder() string { return orDefault(l.from, l.owner) }

// entityLease is the entityType of a lease; an absent one means the same.
const entityLease = "LEASE"

type item = map[string]dynamodbtypes.AttributeValue

func str(s string) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberS{Value: s}
}

func num[N int64 | uint64 | int](n N) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func set(ss []string) dynamodbtypes.AttributeValue {
	return &dynamodbtypes.AttributeValueMemberSS{Value: ss}
}

// item is the row as DynamoDB has it.
func (l *lease) item() item {
	m := item{
		"leaseKey": str(l.shard), "leaseCounter": num(l.counter),
		"ownerSwitchesSinceCheckpoint": num(l.switches),
		"checkpoint":                   str(l.checkpoint), "checkpointSubSequenceNumber": num(l.sub),
	}
	if l.owner != "" {
		m["leaseOwner"] = str(l.owner)
	}
	if l.first != "" && l.last != "" {
		m["startingHashKey"], m["endingHashKey"] = str(l.first), str(l.last)
	}
	if len(l.parents) > 0 {
		m["parentShardId"] = set(l.parents)
	}
	if len(l.children) > 0 {
		m["childShardIds"] = set(l.children)
	}
	if l.kind != "" {
		m["entityType"] = str(l.kind)
	}
	return m
}

// parseLease reads a row. ok is false for a row that is not a lease: newer versions of
// the library keep other things in the same table and mark them with entityType.
func parseLease(m item) (l lease, ok bool, err error) {
	kind := text(m["entityType"])
	if kind != "" && kind != entityLease {
		return lease{}, false, nil
	}
	l = lease{
		shard: text(m["leaseKey"]), owner: text(m["leaseOwner"]), checkpoint: text(m["checkpoint"]),
		first: text(m["startingHashKey"]), last: text(m["endingHashKey"]),
		parents: texts(m["parentShardId"]), children: texts(m["childShardIds"]),
		from: text(m["checkpointOwner"]), kind: kind,
	}
	if l.shard == "" || l.checkpoint == "" {
		return lease{}, false, fmt.Errorf("a row without leaseKey or checkpoint: it is not a lease (row %q)", l.shard)
	}
	if _, err := strconv.ParseUint(l.checkpoint[:1], 10, 8); err != nil {
		switch l.checkpoint {
		case trimHorizon, latest, atTimestamp, shardEnd:
		default:
			return lease{}, false, fmt.Errorf("lease %q: checkpoint %q is neither a sequence number nor one of %s, %s, %s, %s",
				l.shard, l.checkpoint, trimHorizon, latest, atTimestamp, shardEnd)
		}
	}
	for _, n := range []struct {
		name string
		to   *int64
	}{{"leaseCounter", &l.counter}, {"ownerSwitchesSinceCheckpoint", &l.switches}} {
		if *n.to, err = number(m[n.name]); err != nil {
			return lease{}, false, fmt.Errorf("lease %q: %s: %w", l.shard, n.name, err)
		}
	}
	sub, err := number(m["checkpointSubSequenceNumber"])
	if err != nil || sub < 0 {
		return lease{}, false, fmt.Errorf("lease %q: checkpointSubSequenceNumber: %d is not a place in a record: %w", l.shard, sub, err)
	}
	l.sub = uint64(sub)
	if seq := text(m["pendingCheckpoint"]); seq != "" {
		l.pending = &PendingCheckpoint{Seq: seq, State: bytesOf(m["pendingCheckpointState"])}
		// Some versions of the library write the place into another attribute: a wrong one
		// here must not make the lease unreadable.
		if n, err := number(m["pendingCheckpointSubSequenceNumber"]); err == nil && n > 0 {
			l.pending.Sub = uint64(n)
		}
	}
	if n, ok := m["throughputKBps"].(*dynamodbtypes.AttributeValueMemberN); ok {
		l.kbps, _ = strconv.ParseFloat(n.Value, 64) // 0 does no harm
		l.rated = true
	}
	slices.Sort(l.parents)
	slices.Sort(l.children)
	return l, true, nil
}

func text(v dynamodbtypes.AttributeValue) string {
	if s, ok := v.(*dynamodbtypes.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func bytesOf(v dynamodbtypes.AttributeValue) []byte {
	if b, ok := v.(*dynamodbtypes.AttributeValueMemberB); ok {
		return b.Value
	}
	return nil
}

func texts(v dynamodbtypes.AttributeValue) []string {
	if s, ok := v.(*dynamodbtypes.AttributeValueMemberSS); ok {
		return slices.Clone(s.Value)
	}
	return nil
}

// number reads a whole number, also in E notation; absent is 0.
func number(v dynamodbtypes.AttributeValue) (int64, error) {
	if v == nil {
		return 0, nil
	}
	n, ok := v.(*dynamodbtypes.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("it is not a number")
	}
	if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("%q is not a whole number", n.Value)
	}
	return int64(f), nil
}

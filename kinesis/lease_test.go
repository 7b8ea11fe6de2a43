package kinesis

import (
	"encoding/json"
	"strings"
	"testing"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// dynamoJSON reads an item as the AWS CLI prints it.
func dynamoJSON(t *testing.T, s string) item {
	t.Helper()
	var raw map[string]any
	if err := json.Unmarshal([]byte(s), &raw); err != nil {
		t.Fatal(err)
	}
	return itemOf(raw)
}

func itemOf(raw map[string]any) item {
	m := item{}
	for k, v := range raw {
		for kind, x := range v.(map[string]any) {
			m[k] = valueOf(kind, x)
		}
	}
	return m
}

func valueOf(kind string, x any) dynamodbtypes.AttributeValue {
	switch kind {
	case "N":
		return &dynamodbtypes.AttributeValueMemberN{Value: x.(string)}
	case "SS":
		var ss []string
		for _, e := range x.([]any) {
			ss = append(ss, e.(string))
		}
		return set(ss)
	case "M":
		return &dynamodbtypes.AttributeValueMemberM{Value: itemOf(x.(map[string]any))}
	case "L":
		l := &dynamodbtypes.AttributeValueMemberL{}
		for _, e := range x.([]any) {
			for kind, x := range e.(map[string]any) {
				l.Value = append(l.Value, valueOf(kind, x))
			}
		}
		return l
	}
	return str(x.(string))
}

// plain turns an item into values that compare.
func plain(m item) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		switch v := v.(type) {
		case *dynamodbtypes.AttributeValueMemberS:
			out[k] = v.Value
		case *dynamodbtypes.AttributeValueMemberN:
			out[k] = json.Number(v.Value)
		case *dynamodbtypes.AttributeValueMemberSS:
			out[k] = v.Value
		}
	}
	return out
}

// The rows that the Java Kinesis Client Library writes.
const (
	row272 = `{"checkpoint":{"S":"49680497050694102855991252414429662204018879464743108626"},"checkpointSubSequenceNumber":{"N":"0"},
		"endingHashKey":{"S":"340282366920938463463374607431768211455"},"leaseCounter":{"N":"31"},"leaseKey":{"S":"shardId-000000000001"},
		"leaseOwner":{"S":"worker-1"},"ownerSwitchesSinceCheckpoint":{"N":"0"},"startingHashKey":{"S":"170141183460469231731687303715884105727"}}`
	rowEnded = `{"checkpoint":{"S":"SHARD_END"},"checkpointSubSequenceNumber":{"N":"0"},"childShardIds":{"SS":["shardId-000000000002","shardId-000000000003"]},
		"parentShardId":{"SS":["shardId-000000000009"]},"endingHashKey":{"S":"170141183460469231731687303715884105726"},"leaseCounter":{"N":"74"},"leaseKey":{"S":"shardId-000000000000"},
		"leaseOwner":{"S":"worker-1"},"ownerSwitchesSinceCheckpoint":{"N":"0"},"startingHashKey":{"S":"0"}}`
	row351 = `{"checkpoint":{"S":"TRIM_HORIZON"},"checkpointSubSequenceNumber":{"N":"7"},"entityType":{"S":"LEASE"},"leaseCounter":{"N":"1.4E1"},
		"leaseKey":{"S":"shardId-000000000001"},"ownerSwitchesSinceCheckpoint":{"N":"2"},"throughputKBps":{"N":"3.4E-5"}}`
	rowLeader = `{"leaseKey":{"S":"Leader"},"entityType":{"S":"LEADER"},"leaseDuration":{"S":"120000"},"ownerName":{"S":"worker-1"}}`
)

func TestLeaseRowsOfTheJavaLibrary(t *testing.T) {
	t.Parallel()
	for _, s := range []string{row272, rowEnded} {
		l, ok, err := parseLease(dynamoJSON(t, s))
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		// What is read is written back attribute by attribute.
		if d := cmp.Diff(plain(dynamoJSON(t, s)), plain(l.item())); d != "" {
			t.Errorf("the row changes (-java +go):\n%s", d)
		}
	}
	l, ok, err := parseLease(dynamoJSON(t, row351))
	want := lease{shard: "shardId-000000000001", counter: 14, switches: 2, checkpoint: trimHorizon, sub: 7, kbps: 3.4e-5, rated: true, kind: entityLease}
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	if d := cmp.Diff(want, l, cmp.AllowUnexported(lease{})); d != "" {
		t.Error(d)
	}
	if _, has := l.item()["leaseOwner"]; has {
		t.Error("a free lease has an owner attribute")
	}
	if _, ok, err := parseLease(dynamoJSON(t, rowLeader)); ok || err != nil {
		t.Errorf("the leader's row is read as a lease: %v %v", ok, err)
	}
}

func TestLeaseRowsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ row, want string }{
		{`{"id":{"S":"x"}}`, `a row without leaseKey or checkpoint`},
		{`{"leaseKey":{"S":"s"},"checkpoint":{"S":"HERE"}}`, `lease "s": checkpoint "HERE" is neither a sequence number`},
		{`{"leaseKey":{"S":"s"},"checkpoint":{"S":"1"},"leaseCounter":{"S":"1"}}`, `lease "s": leaseCounter: it is not a number`},
		{`{"leaseKey":{"S":"s"},"checkpoint":{"S":"1"},"leaseCounter":{"N":"1.5"}}`, `lease "s": leaseCounter: "1.5" is not a whole number`},
		{`{"leaseKey":{"S":"s"},"checkpoint":{"S":"1"},"checkpointSubSequenceNumber":{"N":"-1"}}`, `lease "s": checkpointSubSequenceNumber: -1`},
	} {
		if _, _, err := parseLease(dynamoJSON(t, c.row)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.row, err, c.want)
		}
	}
}

func FuzzParseLease(f *testing.F) {
	f.Add("shardId-000000000000", "me", "49680497050694102855991252414429662204018879464743108626", "12", "0", "LEASE")
	f.Add("s", "", "SHARD_END", "1.2E1", "3", "")
	f.Add("Leader", "", "", "", "", "LEADER")
	f.Fuzz(func(t *testing.T, key, owner, checkpoint, counter, sub, kind string) {
		m := item{
			"leaseKey": str(key), "leaseOwner": str(owner), "checkpoint": str(checkpoint),
			"leaseCounter":                &dynamodbtypes.AttributeValueMemberN{Value: counter},
			"checkpointSubSequenceNumber": &dynamodbtypes.AttributeValueMemberN{Value: sub},
			"entityType":                  str(kind),
		}
		l, ok, err := parseLease(m)
		if !ok || err != nil {
			return
		}
		again, ok, err := parseLease(l.item())
		if !ok || err != nil {
			t.Fatalf("%+v is written as what cannot be read: %v", l, err)
		}
		if d := cmp.Diff(l, again, cmp.AllowUnexported(lease{})); d != "" {
			t.Fatal(d)
		}
	})
}

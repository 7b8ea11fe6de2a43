package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/aggregate"
)

// located is a place of a record in the stream.
type located struct {
	shard     shard
	seq       string
	sub, of   int // of an aggregate; of is 0 where there is none
	owned     int // of the aggregate's records, those whose keys the shard owns
	misplaced bool
}

func (l located) String() string {
	s := l.shard.id + "/" + l.seq
	if l.of > 0 {
		s += fmt.Sprintf(" (the %s of %d records in an aggregate", ordinal(l.sub+1), l.of)
		if l.owned < l.of {
			s += fmt.Sprintf(", of which the shard owns %d", l.owned)
		}
		s += ")"
	}
	if o := l.shard.origin(); o != "" && l.owned < l.of {
		s += ", a shard " + o
	}
	if l.misplaced {
		s += ", which does not own its key"
	}
	return s
}

// locate says of the lost records where in the stream they are.
func locate(ctx context.Context, client *awskinesis.Client, res *result, arrived string) {
	if len(res.lost) == 0 {
		return
	}
	places, err := read(ctx, client)
	if err != nil {
		res.errs = append(res.errs, fmt.Sprintf("look for the lost records in the stream: %v", err))
		return
	}
	for i := range res.lost {
		f := &res.lost[i]
		f.What = "acknowledged, not in the stream, never " + arrived
		if at := places[recordName(f.Key, f.N)]; len(at) > 0 {
			f.What = "acknowledged, never " + arrived + ", though in the stream at"
			var texts []string
			for _, p := range at {
				texts = append(texts, p.String())
			}
			f.What += " " + strings.Join(texts, " and ")
		}
	}
}

// read reads the whole stream.
func read(ctx context.Context, client *awskinesis.Client) (map[string][]located, error) {
	places := map[string][]located{}
	out, err := shards(ctx, client)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b shard) int { return cmp.Compare(a.id, b.id) })
	for _, s := range out {
		it, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{StreamName: aws.String(streamName), ShardId: &s.id, ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			return nil, err
		}
		for next := it.ShardIterator; next != nil; {
			got, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				return nil, err
			}
			for _, rec := range got.Records {
				note(places, s, aws.ToString(rec.SequenceNumber), rec.Data)
			}
			if next = got.NextShardIterator; aws.ToInt64(got.MillisBehindLatest) == 0 && len(got.Records) == 0 {
				break
			}
			sleep(ctx, 250*time.Millisecond)
		}
	}
	return places, nil
}

// note remembers where a Kinesis record's user records are.
func note(places map[string][]located, s shard, seq string, data []byte) {
	var a aggregate.Aggregate
	if ok, err := a.Decode(data); !ok || err != nil {
		if key, n, ok := parse(data); ok {
			name := recordName(key, n)
			places[name] = append(places[name], located{shard: s, seq: seq})
		}
		return
	}
	owned := 0
	for sub := range a.Records() {
		if s.keys.Contains(a.Hash(sub)) {
			owned++
		}
	}
	for sub, u := range a.Records() {
		if key, n, ok := parse(u.Data); ok {
			name := recordName(key, n)
			places[name] = append(places[name], located{s, seq, int(sub), a.Len(), owned, !s.keys.Contains(a.Hash(sub))})
		}
	}
}

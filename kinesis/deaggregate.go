package kinesis

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/stream"
)

// deaggregator makes user records of a shard's records, with their sub-sequence numbers.
//
// While a stream is resharded a producer may put an aggregate into a shard that does not
// own all of its records. Those that the shard does not own are dropped: the producers, the
// KPL and this one, put them again, to the shard that does. The KCL drops the whole
// aggregate then, also the records that the KPL has acknowledged and does not put again
// (AggregatorUtil.deaggregate), which is how the two together lose records.
type deaggregator struct {
	shard     string
	keys      hashrange.Range // what the shard owns
	aggregate aggregate.Aggregate
}

// owned is what a lease's shard owns; everything when that is not known: leases of before
// the KCL 2.3 do not say.
func (l *lease) owned() hashrange.Range {
	keys, err := hashrange.ParseRange(l.first, l.last)
	if err != nil {
		return hashrange.All()
	}
	return keys
}

// append appends a record's user records that are not behind from. An aggregate that
// contradicts itself stays one record, as it is: who reads it knows best what to do.
func (d *deaggregator) append(out []stream.Record, r *kinesistypes.Record, from place) []stream.Record {
	rec := stream.Record{
		Data: r.Data, Key: aws.ToString(r.PartitionKey), Arrived: aws.ToTime(r.ApproximateArrivalTimestamp),
		Pos: stream.Position{Shard: d.shard, Seq: aws.ToString(r.SequenceNumber)},
	}
	if ok, err := d.aggregate.Decode(r.Data); !ok || err != nil {
		if !from.behind(rec.Pos) {
			out = append(out, rec)
		}
		return out
	}
	for sub, u := range d.aggregate.Records() {
		rec.Pos.Sub = sub
		if from.behind(rec.Pos) || d.keys != hashrange.All() && !d.keys.Contains(d.aggregate.Hash(sub)) {
			continue
		}
		rec.Data, rec.Key = u.Data, u.Key
		out = append(out, rec)
	}
	return out
}

package kinesis

import (
	"fmt"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// What aggregates are made by: the KPL's AggregationMaxSize, in bytes, and how many user
// records a request of ours gathers.
const (
	aggregateSize    = 51200
	aggregateRecords = 20 * maxRequestRecords
	aggregateKey     = "a" // the partition key that the KPL gives every aggregate
)

// parcel is one Kinesis record of a request and the records that it carries.
type parcel struct {
	at      []int // their places in the batch
	payload []byte
	shard   string             // which owns them all, as far as is known; of an aggregate only
	hash    hashrange.Key      // the first one's
	keys    hashrange.Range    // from the lowest hash to the highest
	builder *aggregate.Builder // while it is being filled
}

// wire is its size in the request.
func (p *parcel) wire(batch []*record) int {
	if p.payload == nil {
		return batch[p.at[0]].wire()
	}
	return len(p.payload) + len(aggregateKey)
}

// parcels packs a batch: the records of one shard together, up to a size. A record that is
// alone goes as it is. Without a layout all do.
func parcels(batch []*record, l *layout) []*parcel {
	var out []*parcel
	if l == nil {
		for i := range batch {
			out = append(out, &parcel{at: []int{i}})
		}
		return out
	}
	filling := make([]*parcel, len(l.open))
	for i, r := range batch {
		if r.wire() >= aggregateSize {
			out = append(out, &parcel{at: []int{i}})
			continue
		}
		hash := hashrange.Of(r.key)
		s := l.find(hash)
		p := filling[s]
		u := aggregate.Record{Key: r.key, Data: r.data}
		if p == nil || p.builder.SizeWith(u) > aggregateSize {
			next := &parcel{shard: l.open[s].id, hash: hash, keys: hashrange.Range{First: hash, Last: hash}}
			if p == nil {
				next.builder = new(aggregate.Builder)
			} else {
				next.builder = p.seal()
			}
			p, filling[s] = next, next
			out = append(out, p)
		}
		p.builder.Add(u)
		p.at = append(p.at, i)
		if hash.Less(p.keys.First) {
			p.keys.First = hash
		}
		if p.keys.Last.Less(hash) {
			p.keys.Last = hash
		}
	}
	for _, p := range filling {
		if p != nil {
			p.seal()
		}
	}
	return out
}

// seal makes the payload and gives back the builder, empty.
func (p *parcel) seal() *aggregate.Builder {
	b := p.builder
	p.builder = nil
	if len(p.at) > 1 {
		p.payload = b.Append(make([]byte, 0, b.Size()))
	}
	b.Reset()
	return b
}

// misplaced says why a parcel that a shard took is not done: not all of its records are the
// shard's, and consumers drop those that are not, or, as the KCL does, all of them. So all
// are put again.
func (p *parcel) misplaced(shard string, l *layout) error {
	if p.payload == nil || shard == p.shard {
		return nil
	}
	if l != nil {
		if owned, ok := l.ranges[shard]; ok && owned.Contains(p.keys.First) && owned.Contains(p.keys.Last) {
			return nil
		}
	}
	return fmt.Errorf("the stream was resharded: an aggregate for %s went to %s, which does not own all of its records", p.shard, shard)
}

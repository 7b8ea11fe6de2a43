package local

import (
	"fmt"
	"net/http"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/kinesis"
)

// Stale lets ListShards answer as it would have d ago: without the shards that were made
// since, and with those that were closed since as open. It happens to ListShards only.
func Stale(d time.Duration) Effect {
	return Effect{
		reads: true,
		happen: func(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler) {
			stale(w, r, c, next, awswire.Millis(time.Now().Add(-d).UnixMilli()))
		},
		check: func(op Operation) error {
			switch {
			case op != KinesisListShards:
				return fmt.Errorf("local.Stale is for %s: every other operation of the lake sees the last write", KinesisListShards)
			case d <= 0:
				return fmt.Errorf("local.Stale of %s is not stale: want a duration above zero", d)
			}
			return nil
		},
	}
}

// listShardsInput is the service's own, in a form that CBOR writes too.
type listShardsInput struct {
	StreamName              string `json:",omitempty"`
	StreamARN               string `json:",omitempty"`
	NextToken               string `json:",omitempty"`
	ExclusiveStartShardID   string `json:"ExclusiveStartShardId,omitempty"`
	MaxResults              int    `json:",omitempty"`
	StreamCreationTimestamp *awswire.Millis
	ShardFilter             *kinesis.ShardFilter
}

// stale asks the service two things: what was open then, and what was asked for. A shard's
// id is higher than those of its parents, so the newest shard of a moment is open then, and
// all that have higher ids are newer than the moment.
func stale(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler, then awswire.Millis) {
	var in listShardsInput
	if err := c.format.Decode(c.body, &in); err != nil || in.StreamName == "" && in.StreamARN == "" {
		// A later page, whose token holds the stream, or nothing to make stale.
		next.ServeHTTP(w, r)
		return
	}
	open := map[string]bool{}
	newest := ""
	q := listShardsInput{StreamName: in.StreamName, StreamARN: in.StreamARN, ShardFilter: &kinesis.ShardFilter{Type: "AT_TIMESTAMP", Timestamp: &then}}
	for {
		var page kinesis.ListShardsOutput
		if k := askFor(r, c, next, q, &page); k != nil {
			next.ServeHTTP(w, r) // the service says better what is wrong
			return
		}
		for _, h := range page.Shards {
			open[h.ShardID], newest = true, max(newest, h.ShardID)
		}
		if page.NextToken == "" {
			break
		}
		q = listShardsInput{NextToken: page.NextToken}
	}
	if f := in.ShardFilter; f != nil && f.Type == "AT_LATEST" {
		f.Type, f.Timestamp = "AT_TIMESTAMP", &then
	}
	var out kinesis.ListShardsOutput
	if k := askFor(r, c, next, in, &out); k != nil {
		k.pass(w)
		return
	}
	shards := out.Shards
	out.Shards = []kinesis.ShardDescription{}
	for _, h := range shards {
		if open[h.ShardID] {
			h.SequenceNumberRange.EndingSequenceNumber = ""
		}
		if h.ShardID <= newest {
			out.Shards = append(out.Shards, h)
		}
	}
	answerValue(w, r, http.StatusOK, &out)
}

// askFor asks the service for something else in a request's name. It gives the answer back
// when that is not the one which was wanted.
func askFor(r *http.Request, c *Call, next http.Handler, in, out any) *kept {
	b, err := c.format.Encode(in)
	if err != nil {
		panic(err) // structs of text and numbers
	}
	q := r.Clone(r.Context())
	setBody(q, b)
	// The faults behind this one read the call's body: they see the new one.
	before := c.body
	c.body = b
	defer func() { c.body = before }()
	k := ask(q, next)
	if k.status != http.StatusOK || c.format.Decode(k.body, out) != nil {
		return k
	}
	return nil
}

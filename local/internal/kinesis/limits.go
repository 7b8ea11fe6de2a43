package kinesis

import (
	"strings"
	"sync"

	"github.com/lakekit/lakekit/internal/awswire"
)

// rate is how often an operation may be called, from the documentation of the operations.
// Those whose documentation names no rate (tags by ARN, policies, monitoring, encryption, the
// stream's mode, strategy and record size) have the five calls a second of their neighbours.
type rate struct {
	perSecond int64
	perStream bool // the account's otherwise
}

// rates are the limits of the operations that do not move records. Those of a shard, and of
// a consumer's subscription to one, are kept with these.
var rates = map[string]rate{
	"AddTagsToStream":                        {5, false},
	"CreateChannel":                          {5, false},
	"CreateStream":                           {5, false},
	"DecreaseStreamRetentionPeriod":          {5, true},
	"DeleteChannel":                          {5, false},
	"DeleteResourcePolicy":                   {5, false},
	"DeleteStream":                           {5, false},
	"DeregisterStreamConsumer":               {5, true},
	"DescribeAccountSettings":                {5, false},
	"DescribeChannel":                        {5, false},
	"DescribeLimits":                         {1, false},
	"DescribeStream":                         {10, false},
	"DescribeStreamConsumer":                 {20, true},
	"DescribeStreamSummary":                  {20, false},
	"DisableEnhancedMonitoring":              {5, false},
	"EnableEnhancedMonitoring":               {5, false},
	"GetResourcePolicy":                      {5, false},
	"IncreaseStreamRetentionPeriod":          {5, true},
	"ListChannels":                           {5, false},
	"ListShards":                             {1000, true},
	"ListStreamConsumers":                    {5, true},
	"ListStreams":                            {5, false},
	"ListTagsForResource":                    {5, false},
	"ListTagsForStream":                      {5, false},
	"MergeShards":                            {5, false},
	"PutResourcePolicy":                      {5, false},
	"RegisterStreamConsumer":                 {5, false},
	"RemoveTagsFromStream":                   {5, false},
	"SplitShard":                             {5, false},
	"StartStreamEncryption":                  {5, false},
	"StopStreamEncryption":                   {5, false},
	"TagResource":                            {5, false},
	"UntagResource":                          {5, false},
	"UpdateAccountSettings":                  {5, false},
	"UpdateChannel":                          {5, false},
	"UpdateMaxRecordSize":                    {5, false},
	"UpdateShardCount":                       {10, false},
	"UpdateStreamMode":                       {5, false},
	"UpdateStreamRecordDistributionStrategy": {5, false},
	"UpdateStreamWarmThroughput":             {5, false},
}

// calls counts the calls of the last second.
type calls struct {
	mu struct {
		sync.Mutex
		m     map[callKey]*bucket
		swept int64
	}
}

type callKey struct{ operation, stream string }

// take counts a call, and says whether it is within the rate.
func (c *calls) take(k callKey, r rate, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	const second = 1000
	if now-c.mu.swept >= second {
		// A bucket that nobody took from for a second is full again, as a new one is.
		for k, b := range c.mu.m {
			if now-b.at >= second {
				delete(c.mu.m, k)
			}
		}
		c.mu.swept = now
	}
	b := c.mu.m[k]
	if b == nil {
		if c.mu.m == nil {
			c.mu.m = map[callKey]*bucket{}
		}
		b = new(bucket)
		c.mu.m[k] = b
	}
	return b.try(now, 1, r.perSecond, r.perSecond)
}

// limit refuses a call that comes too soon after others.
func (s *Service) limit(r *request, in map[string]any) error {
	limit, ok := rates[r.operation]
	if !ok || !s.env.Limits {
		return nil
	}
	k := callKey{operation: r.operation}
	if limit.perStream {
		k.stream = s.streamOf(in)
	}
	switch {
	case s.calls.take(k, limit, r.now):
		return nil
	case limit.perStream:
		return awswire.Errorf("LimitExceededException", "Rate exceeded for stream %s under account %s.", k.stream, s.env.Account)
	}
	return awswire.Errorf("LimitExceededException", "Rate exceeded for account %s: %s may be called %d times a second.", s.env.Account, r.operation, limit.perSecond)
}

// streamOf is the name of the stream that a request is about.
func (s *Service) streamOf(in map[string]any) string {
	for _, member := range []string{"StreamName", "StreamARN", "ConsumerARN", "ResourceARN"} {
		if v, ok := in[member].(string); ok {
			if strings.HasSuffix(member, "ARN") {
				v = StreamOf(v)
			}
			return v
		}
	}
	if next, ok := in["NextToken"].(string); ok {
		t, err := readToken(next)
		if err == nil {
			return t.Stream
		}
	}
	return ""
}

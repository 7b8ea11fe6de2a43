package kinesis

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

// The account's quotas, as us-east-1 has them.
const (
	shardQuota    = 20_000
	onDemandQuota = 50
)

type streamModeDetails struct{ StreamMode string }

func (d *streamModeDetails) mode() string {
	if d == nil {
		return provisioned
	}
	return d.StreamMode
}

type createStreamInput struct {
	StreamName        string
	ShardCount        *int
	StreamModeDetails *streamModeDetails
	Tags              map[string]string
	WarmThroughputMiBps,
	MaxRecordSizeInKiB int
}

// onDemandShards is what a new on-demand stream starts with.
const onDemandShards = 4

func (s *Service) createStream(in *createStreamInput, now int64) (any, error) {
	shards := onDemandShards
	switch mode := in.StreamModeDetails.mode(); {
	case mode == provisioned && in.ShardCount == nil:
		return nil, awswire.Errorf("ValidationException", "ShardCount must be given for a stream in PROVISIONED mode.")
	case mode == onDemand && in.ShardCount != nil:
		return nil, awswire.Errorf("ValidationException", "ShardCount must not be given for a stream in ON_DEMAND mode.")
	case mode == provisioned:
		shards = *in.ShardCount
	default:
		shards = max(shards, in.WarmThroughputMiBps) // a shard takes 1 MiB/s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil, errClosed
	}
	if err := s.purge(now); err != nil {
		return nil, err
	}
	if in.WarmThroughputMiBps != 0 {
		if err := s.warmable(in.StreamModeDetails.mode(), in.WarmThroughputMiBps, now); err != nil {
			return nil, err
		}
	}
	if s.mu.streams[in.StreamName] != nil {
		return nil, awswire.Errorf("ResourceInUseException", "Stream %s under account %s already exists.", in.StreamName, s.env.Account)
	}
	if err := s.quota(in.StreamModeDetails.mode(), shards); err != nil {
		return nil, err
	}
	if n := s.inCreation(now); s.env.Limits && n >= creatingStreams {
		return nil, awswire.Errorf("LimitExceededException", "Account %s has %d streams in state CREATING, its limit.", s.env.Account, n)
	}
	return nil, s.add(newMeta(in, newID(), shards, now, now+s.window))
}

// creatingStreams is how many streams may be in creation at one time.
const creatingStreams = 5

func (s *Service) inCreation(now int64) int {
	n := 0
	for _, st := range s.mu.streams {
		if st.statusAt(now) == creating {
			n++
		}
	}
	return n
}

// quota refuses what is above the account's limits.
func (s *Service) quota(mode string, more int) error {
	open, streams := 0, 0
	for _, st := range s.mu.streams {
		if st.Mode == provisioned {
			open += len(st.open)
		} else {
			streams++
		}
	}
	switch {
	case mode == provisioned && open+more > shardQuota:
		return awswire.Errorf("LimitExceededException",
			"This request would exceed the shard limit for the account %s in %s. Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.",
			s.env.Account, s.env.Region, open, shardQuota, more)
	case mode == onDemand && streams >= onDemandQuota:
		return awswire.Errorf("LimitExceededException", "Account %s has %d on-demand streams, its limit.", s.env.Account, streams)
	}
	return nil
}

type deleteStreamInput struct {
	streamRef
	EnforceConsumerDeletion *bool
}

func (s *Service) deleteStream(in *deleteStreamInput, now int64) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(in.streamRef, now)
	if err != nil {
		return nil, err
	}
	if st.Status == deleting {
		return nil, nil
	}
	if n := st.consumers(now); n > 0 && (in.EnforceConsumerDeletion == nil || !*in.EnforceConsumerDeletion) {
		return nil, awswire.Errorf("ResourceInUseException",
			"Stream %s under account %s has %d registered consumers: deregister them, or set EnforceConsumerDeletion.", st.Name, s.env.Account, n)
	}
	s.passing(st, deleting, now)
	if err := s.save(st); err != nil {
		// Of all requests this one must work on a full disk, for it makes room: the stream
		// goes at once, without the time in which it is DELETING.
		st.Until = now
	}
	return nil, s.purge(now)
}

type describeStreamInput struct {
	streamRef
	Limit                 *int
	ExclusiveStartShardID string `json:"ExclusiveStartShardId"`
}

type streamDescription struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       streamModeDetails
	Shards                  []ShardDescription
	HasMoreShards           bool
	RetentionPeriodHours    int
	StreamCreationTimestamp awswire.Millis
	EnhancedMonitoring      []enhancedMetrics
	EncryptionType          string
	KeyID                   string `json:"KeyId,omitempty"`
}

type describeStreamOutput struct{ StreamDescription streamDescription }

func (s *Service) describeStream(in *describeStreamInput, now int64) (any, error) {
	most := 100
	if in.Limit != nil {
		most = min(*in.Limit, 100)
	}
	out := new(describeStreamOutput)
	err := s.view(in.streamRef, now, func(st *stream) error {
		out.StreamDescription = streamDescription{
			StreamName: st.Name, StreamARN: s.arn(st.Name), StreamStatus: st.statusAt(now), StreamModeDetails: streamModeDetails{st.Mode},
			Shards: []ShardDescription{}, RetentionPeriodHours: st.RetentionHours, StreamCreationTimestamp: awswire.Millis(st.Created),
			EnhancedMonitoring: st.monitoring(), EncryptionType: st.encryption(), KeyID: st.KeyID,
		}
		if st.statusAt(now) == creating {
			return nil
		}
		d := &out.StreamDescription
		for _, h := range st.list(nil, now) {
			if h.id <= in.ExclusiveStartShardID {
				continue
			}
			if d.HasMoreShards = len(d.Shards) == most; d.HasMoreShards {
				break
			}
			d.Shards = append(d.Shards, describe(h))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type streamSummaryDescription struct {
	StreamName              string
	StreamARN               string
	StreamID                string `json:"StreamId"`
	StreamStatus            string
	StreamModeDetails       streamModeDetails
	RetentionPeriodHours    int
	StreamCreationTimestamp awswire.Millis
	EnhancedMonitoring      []enhancedMetrics
	EncryptionType          string
	KeyID                   string `json:"KeyId,omitempty"`
	OpenShardCount          int
	ConsumerCount           int
	MaxRecordSizeInKiB      int
	WarmThroughput          *warmThroughput
	// RecordDistributionStrategy is empty where the stream has none.
	RecordDistributionStrategy string `json:",omitempty"`
}

type describeStreamSummaryOutput struct{ StreamDescriptionSummary streamSummaryDescription }

func (s *Service) describeStreamSummary(in *struct{ streamRef }, now int64) (any, error) {
	out := new(describeStreamSummaryOutput)
	err := s.view(in.streamRef, now, func(st *stream) error {
		out.StreamDescriptionSummary = streamSummaryDescription{
			StreamName: st.Name, StreamARN: s.arn(st.Name), StreamID: st.ID, StreamStatus: st.statusAt(now), StreamModeDetails: streamModeDetails{st.Mode},
			RetentionPeriodHours: st.RetentionHours, StreamCreationTimestamp: awswire.Millis(st.Created), EnhancedMonitoring: st.monitoring(),
			EncryptionType: st.encryption(), KeyID: st.KeyID, OpenShardCount: len(st.open), ConsumerCount: st.consumers(now), MaxRecordSizeInKiB: st.MaxRecordKiB,
		}
		if out.StreamDescriptionSummary.RecordDistributionStrategy = st.strategy(); st.Mode == onDemand {
			out.StreamDescriptionSummary.WarmThroughput = st.throughput()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type describeLimitsOutput struct {
	ShardLimit, OpenShardCount, OnDemandStreamCount, OnDemandStreamCountLimit int
}

func (s *Service) describeLimits(_ *struct{}, now int64) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &describeLimitsOutput{ShardLimit: shardQuota, OnDemandStreamCountLimit: onDemandQuota}
	for _, st := range s.mu.streams {
		if st.Status == deleting && now >= st.Until {
			continue
		}
		if st.Mode == onDemand {
			out.OnDemandStreamCount++
		} else {
			out.OpenShardCount += len(st.open)
		}
	}
	return out, nil
}

type listStreamsInput struct {
	Limit                    *int
	ExclusiveStartStreamName string
	NextToken                string
}

type streamSummary struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       streamModeDetails
	StreamCreationTimestamp awswire.Millis
}

type listStreamsOutput struct {
	StreamNames     []string
	StreamSummaries []streamSummary
	HasMoreStreams  bool
	NextToken       string `json:",omitempty"`
}

func (s *Service) listStreams(in *listStreamsInput, now int64) (any, error) {
	after := in.ExclusiveStartStreamName
	if in.NextToken != "" {
		t, err := s.parseToken(in.NextToken, now)
		if err != nil {
			return nil, err
		}
		after = t.After
	}
	most := 100
	if in.Limit != nil {
		most = min(*in.Limit, 10_000)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listStreamsOutput{StreamNames: []string{}, StreamSummaries: []streamSummary{}}
	for _, name := range slices.Sorted(maps.Keys(s.mu.streams)) {
		st := s.mu.streams[name]
		if name <= after || st.Status == deleting && now >= st.Until {
			continue
		}
		if out.HasMoreStreams = len(out.StreamNames) == most; out.HasMoreStreams {
			out.NextToken = token{After: out.StreamNames[most-1], Issued: now}.String()
			break
		}
		out.StreamNames = append(out.StreamNames, name)
		out.StreamSummaries = append(out.StreamSummaries, streamSummary{
			name, s.arn(name), st.statusAt(now), streamModeDetails{st.Mode}, awswire.Millis(st.Created),
		})
	}
	return out, nil
}

type listShardsInput struct {
	streamRef
	NextToken               string
	ExclusiveStartShardID   string `json:"ExclusiveStartShardId"`
	MaxResults              *int
	StreamCreationTimestamp *awswire.Millis
	ShardFilter             *ShardFilter
}

// ListShardsOutput is an answer of ListShards.
type ListShardsOutput struct {
	Shards    []ShardDescription
	NextToken string `json:",omitempty"`
}

func (s *Service) listShards(in *listShardsInput, now int64) (any, error) {
	if in.ShardFilter != nil {
		if err := in.ShardFilter.check(); err != nil {
			return nil, err
		}
	}
	t := token{Stream: in.StreamName, After: in.ExclusiveStartShardID, Filter: in.ShardFilter, Issued: now}
	switch {
	case in.NextToken == "" && in.streamRef == (streamRef{}):
		return nil, awswire.Errorf("InvalidArgumentException", "Either NextToken or StreamName should be provided.")
	case in.NextToken == "":
	case in.streamRef != (streamRef{}):
		return nil, awswire.Errorf("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
	case in.ExclusiveStartShardID != "" || in.StreamCreationTimestamp != nil || in.ShardFilter != nil:
		return nil, awswire.Errorf("InvalidArgumentException",
			"NextToken and ExclusiveStartShardId, StreamCreationTimestamp or ShardFilter cannot be provided together.")
	default:
		var err error
		if t, err = s.parseToken(in.NextToken, now); err != nil {
			return nil, err
		}
		in.StreamName = t.Stream
		in.StreamCreationTimestamp = (*awswire.Millis)(&t.Created)
	}
	most := 1000
	if in.MaxResults != nil {
		most = min(*in.MaxResults, 1000)
	}
	out := &ListShardsOutput{Shards: []ShardDescription{}}
	err := s.view(in.streamRef, now, func(st *stream) error {
		if status := st.statusAt(now); status == creating || status == deleting {
			return awswire.Errorf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", st.Name, s.env.Account, status)
		}
		// The creation time may come in whole seconds.
		if c := in.StreamCreationTimestamp; c != nil && int64(*c)/1000 != st.Created/1000 {
			return s.notFound(st.Name)
		}
		for _, h := range st.list(t.Filter, now) {
			if h.id <= t.After {
				continue
			}
			if len(out.Shards) == most {
				out.NextToken = token{Stream: st.Name, Created: st.Created, After: out.Shards[most-1].ShardID, Filter: t.Filter, Issued: now}.String()
				break
			}
			out.Shards = append(out.Shards, describe(h))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// token is where a listing goes on.
type token struct {
	Stream  string       `json:",omitempty"`
	Created int64        `json:",omitempty"`
	After   string       `json:",omitempty"`
	Filter  *ShardFilter `json:",omitempty"`
	Issued  int64
}

const tokenLife = 300 * time.Second

func (t token) String() string {
	b, err := json.Marshal(t)
	if err != nil { // strings and numbers always can be
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

func readToken(text string) (t token, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	return t, err
}

func (s *Service) parseToken(text string, now int64) (token, error) {
	t, err := readToken(text)
	if err != nil {
		return t, awswire.Errorf("InvalidArgumentException", "Invalid NextToken.")
	}
	if now-t.Issued > tokenLife.Milliseconds() {
		return t, awswire.Errorf("ExpiredNextTokenException", "NextToken expired: it is valid for %s seconds", strconv.Itoa(int(tokenLife.Seconds())))
	}
	return t, nil
}

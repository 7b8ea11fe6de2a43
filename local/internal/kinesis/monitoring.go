package kinesis

import "slices"

// shardMetrics are the metrics of single shards, in the order of the service's model. That
// they are on is remembered and shown; the lake has no CloudWatch to send them to.
var shardMetrics = []string{
	"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
	"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
}

const allMetrics = "ALL"

type monitoringInput struct {
	streamRef
	ShardLevelMetrics []string
}

type monitoringOutput struct {
	StreamName               string
	CurrentShardLevelMetrics []string
	DesiredShardLevelMetrics []string
	StreamARN                string
}

func (s *Service) enableMonitoring(in *monitoringInput, now int64) (any, error) {
	return s.monitor(in, now, true)
}

func (s *Service) disableMonitoring(in *monitoringInput, now int64) (any, error) {
	return s.monitor(in, now, false)
}

func (s *Service) monitor(in *monitoringInput, now int64, on bool) (any, error) {
	out := &monitoringOutput{DesiredShardLevelMetrics: []string{}}
	err := s.change(in.streamRef, now, func(st *stream) error {
		for _, m := range shardMetrics {
			has := slices.Contains(st.Metrics, m)
			if slices.Contains(in.ShardLevelMetrics, m) || slices.Contains(in.ShardLevelMetrics, allMetrics) {
				has = on
			}
			if has {
				out.DesiredShardLevelMetrics = append(out.DesiredShardLevelMetrics, m)
			}
		}
		out.StreamName, out.StreamARN, out.CurrentShardLevelMetrics = st.Name, s.arn(st.Name), append([]string{}, st.Metrics...)
		st.Metrics = out.DesiredShardLevelMetrics
		s.passing(st, updating, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type enhancedMetrics struct{ ShardLevelMetrics []string }

func (st *stream) monitoring() []enhancedMetrics {
	return []enhancedMetrics{{append([]string{}, st.Metrics...)}}
}

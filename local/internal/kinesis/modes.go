package kinesis

import "github.com/lakekit/lakekit/internal/awswire"

// An on-demand stream's shards take what every shard takes, 1 MiB and 1,000 records a
// second. The service adds shards to it as its load grows, within minutes; here it has four,
// or as many as its warm throughput needs, or those that it had in provisioned mode.

// switches is how often a stream's mode may change in 24 hours.
const switches = 2

type updateModeInput struct {
	StreamARN           string
	StreamModeDetails   streamModeDetails
	WarmThroughputMiBps *int
}

func (s *Service) updateMode(in *updateModeInput, now int64) (any, error) {
	return nil, s.change(streamRef{StreamARN: in.StreamARN}, now, func(st *stream) error {
		mode := in.StreamModeDetails.StreamMode
		if in.WarmThroughputMiBps != nil {
			if err := s.warmable(mode, *in.WarmThroughputMiBps, now); err != nil {
				return err
			}
		}
		if mode != st.Mode {
			lately := lately(st.Switched, now)
			if s.env.Limits && len(lately) >= switches {
				return awswire.Errorf("LimitExceededException",
					"The mode of stream %s under account %s was changed %d times within 24 hours, its limit.", st.Name, s.env.Account, switches)
			}
			// The shards that it has stay, and count as of the new mode.
			more := len(st.open)
			if mode == onDemand {
				more = 0
			}
			if err := s.quota(mode, more); err != nil {
				return err
			}
			st.Switched = append(lately, now)
			if st.Mode = mode; mode == provisioned {
				st.WarmMiBps, st.Strategy = 0, ""
			}
		}
		if in.WarmThroughputMiBps != nil {
			return s.warm(st, *in.WarmThroughputMiBps, now)
		}
		s.passing(st, updating, now)
		return nil
	})
}

// maxWarm is the most warm throughput, 10 GiB/s.
const maxWarm = 10 << 10

// warmable says whether a stream of the mode can have warm throughput.
func (s *Service) warmable(mode string, mibps int, now int64) error {
	switch {
	case mode != onDemand:
		return awswire.Errorf("ValidationException", "WarmThroughputMiBps is for streams in ON_DEMAND mode.")
	case s.mu.account.commitment(now).Status == disabled:
		return awswire.Errorf("ValidationException", "WarmThroughputMiBps wants the account's MinimumThroughputBillingCommitment to be ENABLED: see UpdateAccountSettings.")
	case mibps > maxWarm:
		return awswire.Errorf("ValidationException", "WarmThroughputMiBps is %d, more than the %d that a stream can have.", mibps, maxWarm)
	}
	return nil
}

// warm gives a stream the shards that its throughput needs, each for 1 MiB/s. It takes none
// away.
func (s *Service) warm(st *stream, mibps int, now int64) error {
	st.WarmMiBps = mibps
	if mibps > len(st.open) {
		return s.begin(st, reshape{Target: mibps}, now)
	}
	s.passing(st, updating, now)
	return nil
}

type warmThroughput struct{ TargetMiBps, CurrentMiBps int }

// throughput gives an on-demand stream's: the current one is what its shards take.
func (st *stream) throughput() *warmThroughput {
	return &warmThroughput{st.WarmMiBps, min(st.WarmMiBps, len(st.open))}
}

type updateWarmInput struct {
	streamRef
	WarmThroughputMiBps int
}

type updateWarmOutput struct {
	StreamARN      string
	StreamName     string
	WarmThroughput *warmThroughput
}

func (s *Service) updateWarmThroughput(in *updateWarmInput, now int64) (any, error) {
	out := new(updateWarmOutput)
	err := s.change(in.streamRef, now, func(st *stream) error {
		if err := s.warmable(st.Mode, in.WarmThroughputMiBps, now); err != nil {
			return err
		}
		had := st.throughput().CurrentMiBps
		if err := s.warm(st, in.WarmThroughputMiBps, now); err != nil {
			return err
		}
		*out = updateWarmOutput{s.arn(st.Name), st.Name, &warmThroughput{in.WarmThroughputMiBps, had}}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// The ways in which a stream's records are distributed.
const (
	keyStrategy  = "USER_PARTITION_KEY"
	autoStrategy = "AUTO" // evenly, without regard to the keys
)

func (st *stream) strategy() string {
	switch {
	case st.Mode != onDemand:
		return "" // only on-demand streams have one
	case st.Strategy == "":
		return keyStrategy
	}
	return st.Strategy
}

type updateStrategyInput struct {
	StreamARN                  string
	RecordDistributionStrategy string
}

func (s *Service) updateStrategy(in *updateStrategyInput, now int64) (any, error) {
	return nil, s.change(streamRef{StreamARN: in.StreamARN}, now, func(st *stream) error {
		if st.Mode != onDemand && in.RecordDistributionStrategy == autoStrategy {
			return awswire.Errorf("InvalidArgumentException",
				"RecordDistributionStrategy %s is for streams in ON_DEMAND mode. Stream %s under account %s is in %s mode.", autoStrategy, st.Name, s.env.Account, st.Mode)
		}
		st.Strategy = in.RecordDistributionStrategy
		return nil
	})
}

package kinesis

import (
	"fmt"
	"slices"

	"github.com/lakekit/lakekit/internal/awswire"
)

type splitShardInput struct {
	streamRef
	ShardToSplit       string
	NewStartingHashKey string
}

func (s *Service) splitShard(in *splitShardInput, now int64) (any, error) {
	if _, ok := resolveShard(in.ShardToSplit); !ok {
		return nil, noShard(s.env.Account, in.name(), in.ShardToSplit)
	}
	return nil, s.reshard(in.streamRef, "SplitShard", now, func(st *stream) (reshape, error) {
		if _, err := st.eligible(s.env.Account, in.ShardToSplit); err != nil {
			return reshape{}, err
		}
		if err := s.quota(st.Mode, 1); err != nil {
			return reshape{}, err
		}
		h, key, err := st.toSplit(s.env.Account, in.ShardToSplit, in.NewStartingHashKey)
		if err != nil {
			return reshape{}, err
		}
		return reshape{Shard: h.Index, Key: key.String()}, nil
	})
}

type mergeShardsInput struct {
	streamRef
	ShardToMerge         string
	AdjacentShardToMerge string
}

func (s *Service) mergeShards(in *mergeShardsInput, now int64) (any, error) {
	for _, id := range []string{in.ShardToMerge, in.AdjacentShardToMerge} {
		if _, ok := resolveShard(id); !ok {
			return nil, noShard(s.env.Account, in.name(), id)
		}
	}
	return nil, s.reshard(in.streamRef, "MergeShards", now, func(st *stream) (reshape, error) {
		a, b, err := st.toMerge(s.env.Account, in.ShardToMerge, in.AdjacentShardToMerge)
		if err != nil {
			return reshape{}, err
		}
		return reshape{Shard: a.Index, Adjacent: b.Index}, nil
	})
}

// maxShards is how far UpdateShardCount goes.
const maxShards = 10_000

// scalings is how often it may be called for a stream in 24 hours.
const scalings = 10

type updateShardCountInput struct {
	streamRef
	TargetShardCount int
}

type updateShardCountOutput struct {
	StreamName        string
	CurrentShardCount int
	TargetShardCount  int
	StreamARN         string
}

func (s *Service) updateShardCount(in *updateShardCountInput, now int64) (any, error) {
	out := &updateShardCountOutput{TargetShardCount: in.TargetShardCount}
	err := s.reshard(in.streamRef, "UpdateShardCount", now, func(st *stream) (reshape, error) {
		has, wants := len(st.open), in.TargetShardCount
		refuse := func(why string) (reshape, error) {
			return reshape{}, awswire.Errorf("LimitExceededException", "%s. Current open shard count: %d, Target shard count: %d", why, has, wants)
		}
		switch {
		case wants > maxShards:
			return refuse(fmt.Sprintf("Target shard count or number of open shards cannot be greater than %d", maxShards))
		case wants > 2*has:
			return refuse("UpdateShardCount cannot scale up over double your current open shard count")
		case 2*wants < has:
			return refuse("UpdateShardCount cannot scale down below half your current open shard count")
		}
		if err := s.quota(st.Mode, wants-has); err != nil {
			return reshape{}, err
		}
		lately := lately(st.Scaled, now)
		if s.env.Limits && len(lately) >= scalings {
			return reshape{}, awswire.Errorf("LimitExceededException",
				"UpdateShardCount was called %d times for stream %s under account %s within 24 hours, its limit.", scalings, st.Name, s.env.Account)
		}
		st.Scaled = append(lately, now)
		out.StreamName, out.StreamARN, out.CurrentShardCount = st.Name, s.arn(st.Name), has
		return reshape{Target: wants}, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// lately gives the times that are less than a day old.
func lately(times []int64, now int64) []int64 {
	const day = 24 * 3_600_000
	return slices.DeleteFunc(slices.Clone(times), func(t int64) bool { return now-t >= day })
}

// reshard begins what f finds out that is to be done to a stream's shards.
func (s *Service) reshard(ref streamRef, operation string, now int64, f func(*stream) (reshape, error)) error {
	return s.change(ref, now, func(st *stream) error {
		if st.Mode == onDemand {
			return awswire.Errorf("ValidationException",
				"%s is not supported for stream %s under account %s: it is in ON_DEMAND mode, in which the service sees to the shards.", operation, st.Name, s.env.Account)
		}
		r, err := f(st)
		if err != nil {
			return err
		}
		return s.begin(st, r, now)
	})
}

type retentionInput struct {
	streamRef
	RetentionPeriodHours int
}

func (s *Service) increaseRetention(in *retentionInput, now int64) (any, error) {
	return nil, s.retention(in, now, func(st *stream, h int) error {
		if h < st.RetentionHours {
			return awswire.Errorf("InvalidArgumentException",
				"Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). Use DecreaseRetentionPeriod API.",
				h, st.Name, st.RetentionHours)
		}
		// What has expired by now stays away.
		for _, sh := range st.shards {
			if err := s.trimShard(st, sh, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) decreaseRetention(in *retentionInput, now int64) (any, error) {
	return nil, s.retention(in, now, func(st *stream, h int) error {
		if h > st.RetentionHours {
			return awswire.Errorf("InvalidArgumentException",
				"Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). Use IncreaseRetentionPeriod API.",
				h, st.Name, st.RetentionHours)
		}
		return nil
	})
}

func (s *Service) retention(in *retentionInput, now int64, f func(*stream, int) error) error {
	return s.change(in.streamRef, now, func(st *stream) error {
		if h := in.RetentionPeriodHours; h < minRetention {
			return awswire.Errorf("InvalidArgumentException", "Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetention, h)
		}
		if err := f(st, in.RetentionPeriodHours); err != nil {
			return err
		}
		st.RetentionHours = in.RetentionPeriodHours
		s.passing(st, updating, now)
		return nil
	})
}

func (s *Service) trimShard(st *stream, h *shard, now int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, err := s.trimmed(st, h, now)
	if err != nil {
		return err
	}
	h.Trim = l.first
	return nil
}

type encryptionInput struct {
	streamRef
	EncryptionType string
	KeyID          string `json:"KeyId"`
}

func (in *encryptionInput) check() error {
	if in.EncryptionType != "KMS" {
		return awswire.Errorf("InvalidArgumentException", "EncryptionType must be KMS")
	}
	return nil
}

func (s *Service) startEncryption(in *encryptionInput, now int64) (any, error) {
	return nil, s.encrypt(in, now, in.KeyID, func(st *stream) *[]int64 { return &st.Keyed })
}

func (s *Service) stopEncryption(in *encryptionInput, now int64) (any, error) {
	return nil, s.encrypt(in, now, "", func(st *stream) *[]int64 { return &st.Unkeyed })
}

// keyings is how often a stream's encryption may be turned on, or off, in 24 hours.
const keyings = 25

func (s *Service) encrypt(in *encryptionInput, now int64, key string, counted func(*stream) *[]int64) error {
	if err := in.check(); err != nil {
		return err
	}
	return s.change(in.streamRef, now, func(st *stream) error {
		times := counted(st)
		if *times = append(lately(*times, now), now); s.env.Limits && len(*times) > keyings {
			return awswire.Errorf("LimitExceededException",
				"The encryption of stream %s under account %s was turned on, or off, %d times within 24 hours, its limit.", st.Name, s.env.Account, keyings)
		}
		st.KeyID = key
		s.passing(st, updating, now)
		return nil
	})
}

type maxRecordSizeInput struct {
	streamRef
	MaxRecordSizeInKiB int
}

func (s *Service) updateMaxRecordSize(in *maxRecordSizeInput, now int64) (any, error) {
	return nil, s.change(in.streamRef, now, func(st *stream) error {
		st.MaxRecordKiB = in.MaxRecordSizeInKiB
		s.passing(st, updating, now)
		return nil
	})
}

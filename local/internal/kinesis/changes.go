package kinesis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

type splitShardInput struct {
	streamRef
	ShardToSplit       string
	NewStartingHashKey string
}

func (s *Service) splitShard(in *splitShardInput, now int64) (any, error) {
	var c checks
	c.name("shardToSplit", in.ShardToSplit)
	if in.NewStartingHashKey == "" {
		c.missing("newStartingHashKey")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return nil, s.reshard(in.streamRef, now, 1, func(st *stream) error {
		return st.split(s.env.Account, in.ShardToSplit, in.NewStartingHashKey, now)
	})
}

type mergeShardsInput struct {
	streamRef
	ShardToMerge         string
	AdjacentShardToMerge string
}

func (s *Service) mergeShards(in *mergeShardsInput, now int64) (any, error) {
	var c checks
	c.name("shardToMerge", in.ShardToMerge)
	c.name("adjacentShardToMerge", in.AdjacentShardToMerge)
	if err := c.err(); err != nil {
		return nil, err
	}
	return nil, s.reshard(in.streamRef, now, 0, func(st *stream) error {
		return st.merge(s.env.Account, in.ShardToMerge, in.AdjacentShardToMerge, now)
	})
}

func (s *Service) reshard(ref streamRef, now int64, more int, f func(*stream) error) error {
	return s.change(ref, now, func(st *stream) error {
		if st.Mode == onDemand {
			return awswire.Errorf("ValidationException", "Stream %s under account %s is in ON_DEMAND mode: its shards cannot be split or merged.", st.Name, s.env.Account)
		}
		if err := s.quota(st.Mode, more); err != nil {
			return err
		}
		s.passing(st, updating, now)
		return f(st)
	})
}

type retentionInput struct {
	streamRef
	RetentionPeriodHours *int
}

func (in *retentionInput) check() error {
	var c checks
	if in.RetentionPeriodHours == nil {
		c.missing("retentionPeriodHours")
		return c.err()
	}
	switch h := *in.RetentionPeriodHours; {
	case h < minRetention:
		return awswire.Errorf("InvalidArgumentException", "Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetention, h)
	case h > maxRetention:
		return awswire.Errorf("InvalidArgumentException", "Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.", maxRetention, h)
	}
	return nil
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
	if err := in.check(); err != nil {
		return err
	}
	return s.change(in.streamRef, now, func(st *stream) error {
		if err := f(st, *in.RetentionPeriodHours); err != nil {
			return err
		}
		st.RetentionHours = *in.RetentionPeriodHours
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
	var c checks
	c.oneOf("encryptionType", in.EncryptionType, "KMS", "NONE")
	if in.KeyID == "" {
		c.missing("keyId")
	}
	c.length("keyId", in.KeyID, 0, 2048)
	if err := c.err(); err != nil {
		return err
	}
	if in.EncryptionType != "KMS" {
		return awswire.Errorf("InvalidArgumentException", "EncryptionType must be KMS")
	}
	return nil
}

func (s *Service) startEncryption(in *encryptionInput, now int64) (any, error) {
	return nil, s.encrypt(in, now, in.KeyID)
}

func (s *Service) stopEncryption(in *encryptionInput, now int64) (any, error) {
	return nil, s.encrypt(in, now, "")
}

func (s *Service) encrypt(in *encryptionInput, now int64, key string) error {
	if err := in.check(); err != nil {
		return err
	}
	return s.change(in.streamRef, now, func(st *stream) error {
		st.KeyID = key
		s.passing(st, updating, now)
		return nil
	})
}

type maxRecordSizeInput struct {
	streamRef
	MaxRecordSizeInKiB *int
}

func (s *Service) updateMaxRecordSize(in *maxRecordSizeInput, now int64) (any, error) {
	var c checks
	if in.MaxRecordSizeInKiB == nil {
		c.missing("maxRecordSizeInKiB")
	} else if c.limit("maxRecordSizeInKiB", in.MaxRecordSizeInKiB, 10240); len(c.msgs) == 0 {
		c.within("maxRecordSizeInKiB", *in.MaxRecordSizeInKiB, 1024, 10240)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return nil, s.change(in.streamRef, now, func(st *stream) error {
		st.MaxRecordKiB = *in.MaxRecordSizeInKiB
		s.passing(st, updating, now)
		return nil
	})
}

// maxTags is how many tags a stream may have.
const maxTags = 50

// tags checks names and values of tags.
func (c *checks) tags(tags map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		c.length("tags.key", k, 1, 128)
		c.length("tags.value", tags[k], 0, 256)
	}
}

type addTagsInput struct {
	streamRef
	Tags map[string]string
}

func (s *Service) addTags(in *addTagsInput, now int64) (any, error) {
	var c checks
	if in.Tags == nil {
		c.missing("tags")
	}
	c.tags(in.Tags)
	if err := c.err(); err != nil {
		return nil, err
	}
	return nil, s.retag(in.streamRef, now, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

type removeTagsInput struct {
	streamRef
	TagKeys []string
}

func (s *Service) removeTags(in *removeTagsInput, now int64) (any, error) {
	var c checks
	if len(in.TagKeys) == 0 {
		c.missing("tagKeys")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	return nil, s.retag(in.streamRef, now, func(tags map[string]string) {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
	})
}

func (s *Service) retag(ref streamRef, now int64, f func(map[string]string)) error {
	return s.change(ref, now, func(st *stream) error {
		tags := maps.Clone(st.Tags)
		if tags == nil {
			tags = map[string]string{}
		}
		f(tags)
		if len(tags) > maxTags {
			return awswire.Errorf("InvalidArgumentException", "Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.", st.Name, s.env.Account, maxTags)
		}
		st.Tags = tags
		return nil
	})
}

type tag struct{ Key, Value string }

type listTagsInput struct {
	streamRef
	ExclusiveStartTagKey string
	Limit                *int
}

type listTagsOutput struct {
	Tags        []tag
	HasMoreTags bool
}

func (s *Service) listTags(in *listTagsInput, now int64) (any, error) {
	var c checks
	c.limit("limit", in.Limit, 50)
	if err := c.err(); err != nil {
		return nil, err
	}
	most := 50
	if in.Limit != nil {
		most = *in.Limit
	}
	out := &listTagsOutput{Tags: []tag{}}
	err := s.view(in.streamRef, now, func(st *stream) error {
		for _, k := range slices.Sorted(maps.Keys(st.Tags)) {
			if k <= in.ExclusiveStartTagKey {
				continue
			}
			if out.HasMoreTags = len(out.Tags) == most; out.HasMoreTags {
				break
			}
			out.Tags = append(out.Tags, tag{k, st.Tags[k]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type resourceRef struct{ ResourceARN string }

// stream gives the stream that a ResourceARN names: the only taggable resource here.
func (r resourceRef) stream() (streamRef, error) {
	if r.ResourceARN == "" {
		var c checks
		c.missing("resourceARN")
		return streamRef{}, c.err()
	}
	if strings.Contains(r.ResourceARN, "/consumer/") {
		return streamRef{}, awswire.Errorf("ResourceNotFoundException", "Consumer %s not found.", r.ResourceARN)
	}
	return streamRef{StreamARN: r.ResourceARN}, nil
}

type tagResourceInput struct {
	resourceRef
	Tags map[string]string
}

func (s *Service) tagResource(in *tagResourceInput, now int64) (any, error) {
	ref, err := in.stream()
	if err != nil {
		return nil, err
	}
	return s.addTags(&addTagsInput{ref, in.Tags}, now)
}

type untagResourceInput struct {
	resourceRef
	TagKeys []string
}

func (s *Service) untagResource(in *untagResourceInput, now int64) (any, error) {
	ref, err := in.stream()
	if err != nil {
		return nil, err
	}
	return s.removeTags(&removeTagsInput{ref, in.TagKeys}, now)
}

type listTagsForResourceOutput struct{ Tags []tag }

func (s *Service) listTagsForResource(in *resourceRef, now int64) (any, error) {
	ref, err := in.stream()
	if err != nil {
		return nil, err
	}
	out := &listTagsForResourceOutput{Tags: []tag{}}
	err = s.view(ref, now, func(st *stream) error {
		for _, k := range slices.Sorted(maps.Keys(st.Tags)) {
			out.Tags = append(out.Tags, tag{k, st.Tags[k]})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	return out, nil
}

package kinesis

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/lakekit/lakekit/internal/awswire"
)

// maxTags is how many tags a stream or a consumer may have.
const maxTags = 50

// allowed says whether a tag's key or value has only characters that the service knows. A
// percent sign it knows, and refuses for another reason.
func allowed(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _./=+-%@:", r)
	})
}

// tagsInOrder checks the characters of tags.
func tagsInOrder(tags map[string]string) error {
	for k, v := range tags {
		if !allowed(k) || !allowed(v) {
			return awswire.Errorf("InvalidArgumentException", "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @.")
		}
	}
	return nil
}

// percent complains about the character that tagsInOrder lets pass.
func (s *Service) percent(st *stream, doing string, words ...string) error {
	for _, w := range words {
		if strings.Contains(w, "%") {
			return awswire.Errorf("InvalidArgumentException",
				"Failed to %s stream %s under account %s because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
				doing, st.Name, s.env.Account)
		}
	}
	return nil
}

// resource is what has tags and a policy: a stream, or a consumer of it.
type resource struct {
	tags   *map[string]string
	policy *string
}

// named is how the operations of tags and policies name what they are about.
type named struct {
	streamRef
	ResourceARN string
}

// resource gives a way to the resource that a request names.
func (s *Service) resource(n named) (streamRef, func(*stream, int64) (resource, error), error) {
	ref := n.streamRef
	if n.ResourceARN != "" {
		ref = streamRef{StreamARN: n.ResourceARN}
	}
	if !strings.Contains(n.ResourceARN, "/consumer/") {
		return ref, func(st *stream, _ int64) (resource, error) { return resource{&st.Tags, &st.Policy}, nil }, nil
	}
	ref, find, err := s.consumerIn(consumerRef{ConsumerARN: n.ResourceARN})
	return ref, func(st *stream, now int64) (resource, error) {
		c, err := find(st, now)
		if err != nil {
			return resource{}, err
		}
		return resource{&c.Tags, &c.Policy}, nil
	}, err
}

// changeResource calls f with a resource, which is stored afterwards.
func (s *Service) changeResource(n named, now int64, f func(*stream, resource) error) error {
	ref, find, err := s.resource(n)
	if err != nil {
		return err
	}
	return s.change(ref, now, func(st *stream) error {
		r, err := find(st, now)
		if err != nil {
			return err
		}
		return f(st, r)
	})
}

func (s *Service) viewResource(n named, now int64, f func(resource) error) error {
	ref, find, err := s.resource(n)
	if err != nil {
		return err
	}
	return s.view(ref, now, func(st *stream) error {
		r, err := find(st, now)
		if err != nil {
			return err
		}
		return f(r)
	})
}

type addTagsInput struct {
	named
	Tags map[string]string
}

func (s *Service) addTags(in *addTagsInput, now int64) (any, error) {
	return nil, s.changeResource(in.named, now, func(st *stream, r resource) error {
		if err := tagsInOrder(in.Tags); err != nil {
			return err
		}
		words := slices.AppendSeq(slices.Collect(maps.Keys(in.Tags)), maps.Values(in.Tags))
		if err := s.percent(st, "add tags to", words...); err != nil {
			return err
		}
		tags := maps.Clone(*r.tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, in.Tags)
		if len(tags) > maxTags {
			return awswire.Errorf("InvalidArgumentException",
				"Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.", st.Name, s.env.Account, maxTags)
		}
		*r.tags = tags
		return nil
	})
}

type removeTagsInput struct {
	named
	TagKeys []string
}

func (s *Service) removeTags(in *removeTagsInput, now int64) (any, error) {
	return nil, s.changeResource(in.named, now, func(st *stream, r resource) error {
		for _, k := range in.TagKeys {
			if err := tagsInOrder(map[string]string{k: ""}); err != nil {
				return err
			}
		}
		if err := s.percent(st, "remove tags from", in.TagKeys...); err != nil {
			return err
		}
		tags := maps.Clone(*r.tags)
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		*r.tags = tags
		return nil
	})
}

type tag struct{ Key, Value string }

type listTagsInput struct {
	named
	ExclusiveStartTagKey string
	Limit                *int
}

type listTagsOutput struct {
	Tags        []tag
	HasMoreTags bool
}

func (s *Service) listTags(in *listTagsInput, now int64) (any, error) {
	most := maxTags
	if in.Limit != nil {
		most = *in.Limit
	}
	out := &listTagsOutput{Tags: []tag{}}
	err := s.viewResource(in.named, now, func(r resource) error {
		for _, k := range slices.Sorted(maps.Keys(*r.tags)) {
			if k <= in.ExclusiveStartTagKey {
				continue
			}
			if out.HasMoreTags = len(out.Tags) == most; out.HasMoreTags {
				break
			}
			out.Tags = append(out.Tags, tag{k, (*r.tags)[k]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type listTagsForResourceOutput struct{ Tags []tag }

func (s *Service) listTagsForResource(in *named, now int64) (any, error) {
	out, err := s.listTags(&listTagsInput{named: *in}, now)
	if err != nil {
		return nil, err
	}
	return &listTagsForResourceOutput{out.(*listTagsOutput).Tags}, nil
}

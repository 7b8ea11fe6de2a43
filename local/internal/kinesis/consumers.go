package kinesis

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// consumerMeta is what the store keeps of a registered consumer.
type consumerMeta struct {
	Name    string
	Status  string
	Until   int64 // when CREATING or DELETING ends, in Unix milliseconds
	Created int64
	Tags    map[string]string `json:",omitempty"`
	Policy  string            `json:",omitempty"`
}

const (
	maxConsumers      = 20
	moreConsumers     = 50 // of an on-demand stream, under the account's commitment
	creatingConsumers = 5  // at one time
)

func (c *consumerMeta) statusAt(now int64) string {
	if c.Status == creating && now >= c.Until {
		return active
	}
	return c.Status
}

// gone says whether the consumer's deletion is over.
func (c *consumerMeta) gone(now int64) bool { return c.Status == deleting && now >= c.Until }

// settleConsumers forgets the consumers whose deletion is over.
func (st *stream) settleConsumers(now int64) {
	st.Consumers = slices.DeleteFunc(slices.Clone(st.Consumers), func(c consumerMeta) bool { return c.gone(now) })
}

// consumers counts the consumers at a time.
func (st *stream) consumers(now int64) int {
	n := 0
	for i := range st.Consumers {
		if !st.Consumers[i].gone(now) {
			n++
		}
	}
	return n
}

// consumer gives the consumer that matches, or nil.
func (st *stream) consumer(now int64, match func(*consumerMeta) bool) *consumerMeta {
	for i := range st.Consumers {
		if c := &st.Consumers[i]; !c.gone(now) && match(c) {
			return c
		}
	}
	return nil
}

// register adds a consumer.
func (st *stream) register(c consumerMeta, account string, most int) error {
	now, inCreation := c.Created, 0
	for i := range st.Consumers {
		if st.Consumers[i].Name == c.Name {
			return awswire.Errorf("ResourceInUseException", "Consumer %s under stream %s already exists for account %s.", c.Name, st.Name, account)
		}
		if st.Consumers[i].statusAt(now) == creating {
			inCreation++
		}
	}
	switch {
	case len(st.Consumers) >= most:
		return awswire.Errorf("LimitExceededException", "Stream %s under account %s has %d registered consumers, its limit.", st.Name, account, most)
	case inCreation >= creatingConsumers:
		return awswire.Errorf("LimitExceededException", "Stream %s under account %s has %d consumers in state CREATING, the limit.", st.Name, account, creatingConsumers)
	}
	st.Consumers = append(st.Consumers, c)
	slices.SortFunc(st.Consumers, func(a, b consumerMeta) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// consumerARN is the stream's ARN, the consumer's name and the second of its registration.
func (s *Service) consumerARN(stream string, c *consumerMeta) string {
	return s.arn(stream) + "/consumer/" + c.Name + ":" + strconv.FormatInt(c.Created/1000, 10)
}

type consumerDescription struct {
	ConsumerName              string
	ConsumerARN               string
	ConsumerStatus            string
	ConsumerCreationTimestamp awswire.Millis
	StreamARN                 string `json:",omitempty"`
}

func (s *Service) describeOne(st *stream, c *consumerMeta, now int64) consumerDescription {
	return consumerDescription{
		ConsumerName: c.Name, ConsumerARN: s.consumerARN(st.Name, c), ConsumerStatus: c.statusAt(now),
		ConsumerCreationTimestamp: awswire.Millis(c.Created),
	}
}

type registerConsumerInput struct {
	StreamARN    string
	ConsumerName string
	Tags         map[string]string
}

type registerConsumerOutput struct{ Consumer consumerDescription }

func (s *Service) registerConsumer(in *registerConsumerInput, now int64) (any, error) {
	if err := tagsInOrder(in.Tags); err != nil {
		return nil, err
	}
	if len(in.Tags) > maxTags {
		return nil, awswire.Errorf("InvalidArgumentException", "A consumer cannot have more than %d tags.", maxTags)
	}
	out := new(registerConsumerOutput)
	err := s.change(streamRef{StreamARN: in.StreamARN}, now, func(st *stream) error {
		m := consumerMeta{Name: in.ConsumerName, Status: creating, Until: now + s.window, Created: now, Tags: in.Tags}
		most := maxConsumers
		if st.Mode == onDemand && s.mu.account.commitment(now).Status != disabled {
			most = moreConsumers
		}
		if err := st.register(m, s.env.Account, most); err != nil {
			return err
		}
		out.Consumer = s.describeOne(st, &m, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// consumerRef is how requests name a consumer: by its ARN, or by the stream's and its name.
type consumerRef struct {
	StreamARN    string
	ConsumerName string
	ConsumerARN  string
}

// consumerIn gives the consumer's stream, and what tells the consumer from the others.
func (s *Service) consumerIn(r consumerRef) (streamRef, func(*stream, int64) (*consumerMeta, error), error) {
	streamARN, _, _ := strings.Cut(r.ConsumerARN, "/consumer/")
	switch {
	case r.ConsumerARN == "" && (r.StreamARN == "" || r.ConsumerName == ""):
		return streamRef{}, nil, awswire.Errorf("InvalidArgumentException", "Either ConsumerARN or both StreamARN and ConsumerName must be given.")
	case r.ConsumerARN == "":
		streamARN = r.StreamARN
	case r.StreamARN != "" && r.StreamARN != streamARN:
		return streamRef{}, nil, awswire.Errorf("InvalidArgumentException", "StreamARN %s and ConsumerARN %s name different streams.", r.StreamARN, r.ConsumerARN)
	}
	find := func(st *stream, now int64) (*consumerMeta, error) {
		m := st.consumer(now, func(m *consumerMeta) bool {
			return (r.ConsumerName == "" || m.Name == r.ConsumerName) && (r.ConsumerARN == "" || s.consumerARN(st.Name, m) == r.ConsumerARN)
		})
		if m == nil {
			name := r.ConsumerARN
			if name == "" {
				name = r.ConsumerName
			}
			return nil, awswire.Errorf("ResourceNotFoundException", "Consumer %s under stream %s not found for account %s.", name, st.Name, s.env.Account)
		}
		return m, nil
	}
	return streamRef{StreamARN: streamARN}, find, nil
}

func (s *Service) deregisterConsumer(in *consumerRef, now int64) (any, error) {
	ref, find, err := s.consumerIn(*in)
	if err != nil {
		return nil, err
	}
	return nil, s.alter(ref, now, func(st *stream) error {
		m, err := find(st, now)
		if err != nil {
			return err
		}
		if m.Status != deleting {
			m.Status, m.Until = deleting, now+s.window
		}
		st.settleConsumers(now)
		return nil
	}, active, updating)
}

type describeConsumerOutput struct{ ConsumerDescription consumerDescription }

func (s *Service) describeConsumer(in *consumerRef, now int64) (any, error) {
	ref, find, err := s.consumerIn(*in)
	if err != nil {
		return nil, err
	}
	out := new(describeConsumerOutput)
	err = s.view(ref, now, func(st *stream) error {
		m, err := find(st, now)
		if err != nil {
			return err
		}
		out.ConsumerDescription = s.describeOne(st, m, now)
		out.ConsumerDescription.StreamARN = s.arn(st.Name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type listConsumersInput struct {
	StreamARN               string
	MaxResults              *int
	NextToken               string
	StreamCreationTimestamp *awswire.Millis
}

type listConsumersOutput struct {
	Consumers []consumerDescription
	NextToken string `json:",omitempty"`
}

func (s *Service) listConsumers(in *listConsumersInput, now int64) (any, error) {
	var t token
	if in.NextToken != "" {
		if in.StreamCreationTimestamp != nil {
			return nil, awswire.Errorf("InvalidArgumentException", "NextToken and StreamCreationTimestamp cannot be provided together.")
		}
		var err error
		if t, err = s.parseToken(in.NextToken, now); err != nil {
			return nil, err
		}
		in.StreamCreationTimestamp = (*awswire.Millis)(&t.Created)
	}
	most := 100
	if in.MaxResults != nil {
		most = min(*in.MaxResults, 100)
	}
	out := &listConsumersOutput{Consumers: []consumerDescription{}}
	err := s.view(streamRef{StreamARN: in.StreamARN}, now, func(st *stream) error {
		if c := in.StreamCreationTimestamp; c != nil && int64(*c)/1000 != st.Created/1000 {
			return s.notFound(st.Name)
		}
		for i := range st.Consumers {
			m := &st.Consumers[i]
			if m.gone(now) || m.Name <= t.After {
				continue
			}
			if len(out.Consumers) == most {
				out.NextToken = token{Stream: st.Name, Created: st.Created, After: out.Consumers[most-1].ConsumerName, Issued: now}.String()
				break
			}
			out.Consumers = append(out.Consumers, s.describeOne(st, m, now))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

package kinesis

import (
	"encoding/json"

	"github.com/lakekit/lakekit/internal/awswire"
)

// A resource's policy is kept and given back. The lake knows one account only and lets
// everybody do everything, so it never decides by one.

type putPolicyInput struct {
	named
	Policy string
}

func (s *Service) putPolicy(in *putPolicyInput, now int64) (any, error) {
	return nil, s.changeResource(in.named, now, func(_ *stream, r resource) error {
		var policy struct {
			Statement json.RawMessage
		}
		if err := json.Unmarshal([]byte(in.Policy), &policy); err != nil || len(policy.Statement) == 0 {
			return awswire.Errorf("InvalidArgumentException", "The resource policy is not a JSON object with a Statement.")
		}
		*r.policy = in.Policy
		return nil
	})
}

func (n named) noPolicy() error {
	return awswire.Errorf("ResourceNotFoundException", "No resource policy found for resource ARN %s", n.ResourceARN)
}

type getPolicyOutput struct{ Policy string }

func (s *Service) getPolicy(in *named, now int64) (any, error) {
	out := &getPolicyOutput{}
	err := s.viewResource(*in, now, func(r resource) error {
		if out.Policy = *r.policy; out.Policy == "" {
			return in.noPolicy()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) deletePolicy(in *named, now int64) (any, error) {
	return nil, s.changeResource(*in, now, func(_ *stream, r resource) error {
		if *r.policy == "" {
			return in.noPolicy()
		}
		*r.policy = ""
		return nil
	})
}

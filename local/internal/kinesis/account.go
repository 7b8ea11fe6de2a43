package kinesis

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

// accountFile is the account's settings in the service's folder. It is not there while they
// are as they were at first.
const accountFile = "account.json"

// account is the account's settings. The times are in Unix milliseconds, zero: never.
type account struct {
	Started int64 // when the commitment to a minimum of throughput began
	Ended   int64 // when its end was asked for
}

// The states of the commitment.
const (
	enabled      = "ENABLED"
	disabled     = "DISABLED"
	enabledUntil = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
)

// commitmentTime is how long a commitment lasts at least: 24 hours.
const commitmentTime = 24 * 3_600_000

type commitment struct {
	Status               string
	StartedAt            *awswire.Millis
	EndedAt              *awswire.Millis
	EarliestAllowedEndAt *awswire.Millis
}

// commitment gives the commitment at a time. One whose end was asked for too early goes on
// until it may end.
func (a account) commitment(now int64) commitment {
	c := commitment{Status: disabled}
	if a.Started == 0 {
		return c
	}
	earliest := a.Started + commitmentTime
	at := func(ms int64) *awswire.Millis { return (*awswire.Millis)(&ms) }
	c.Status, c.StartedAt, c.EarliestAllowedEndAt = enabled, at(a.Started), at(earliest)
	if a.Ended != 0 {
		c.EndedAt = at(max(a.Ended, earliest))
		if c.Status = enabledUntil; now >= max(a.Ended, earliest) {
			c.Status = disabled
		}
	}
	return c
}

type accountSettings struct {
	MinimumThroughputBillingCommitment commitment
}

func (s *Service) describeAccount(_ *struct{}, now int64) (any, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &accountSettings{s.mu.account.commitment(now)}, nil
}

type updateAccountInput struct {
	MinimumThroughputBillingCommitment struct{ Status string }
}

func (s *Service) updateAccount(in *updateAccountInput, now int64) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil, errClosed
	}
	a, on := s.mu.account, in.MinimumThroughputBillingCommitment.Status == enabled
	switch status := a.commitment(now).Status; {
	case on && status == disabled:
		a = account{Started: now}
	case on:
		a.Ended = 0
	case status == enabled:
		a.Ended = now
	}
	if a != s.mu.account {
		b, err := json.Marshal(a)
		if err == nil {
			err = vfs.WriteFile(s.env.FS, filepath.Join(s.env.Dir, accountFile), b, s.env.Sync)
		}
		if err != nil {
			return nil, fmt.Errorf("store the account's settings: %w", err)
		}
		s.mu.account = a
	}
	return &accountSettings{a.commitment(now)}, nil
}

func (s *Service) loadAccount() error {
	b, err := vfs.ReadFile(s.env.FS, filepath.Join(s.env.Dir, accountFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &s.mu.account); err != nil {
		return fmt.Errorf("%s: %w", accountFile, err)
	}
	return nil
}

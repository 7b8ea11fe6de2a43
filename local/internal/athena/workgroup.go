package athena

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
)

// minCutoff is the least BytesScannedCutoffPerQuery that Athena takes.
const minCutoff = 10_000_000

type encryption struct {
	EncryptionOption string
	KmsKey           string `json:",omitempty"`
}

type resultConfiguration struct {
	OutputLocation          string          `json:",omitempty"`
	EncryptionConfiguration *encryption     `json:",omitempty"`
	ExpectedBucketOwner     string          `json:",omitempty"`
	ACLConfiguration        json.RawMessage `json:"AclConfiguration,omitempty"`
}

type engineVersion struct {
	SelectedEngineVersion  string
	EffectiveEngineVersion string
}

type groupConfiguration struct {
	ResultConfiguration             *resultConfiguration `json:",omitempty"`
	EnforceWorkGroupConfiguration   *bool                `json:",omitempty"`
	PublishCloudWatchMetricsEnabled *bool                `json:",omitempty"`
	BytesScannedCutoffPerQuery      *int64               `json:",omitempty"`
	RequesterPaysEnabled            *bool                `json:",omitempty"`
	EngineVersion                   *engineVersion       `json:",omitempty"`
}

type workGroup struct {
	Name          string
	State         string
	Description   string             `json:",omitempty"`
	Configuration groupConfiguration `json:",omitzero"`
	CreationTime  float64
}

const (
	primary   = "primary"
	groupFile = "workgroups.json"
)

// loadGroups reads the workgroups; primary is always there.
func (s *Service) loadGroups() error {
	s.mu.groups = map[string]*workGroup{}
	b, err := vfs.ReadFile(s.env.FS, filepath.Join(s.env.Dir, groupFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(b, &s.mu.groups); err != nil {
			return err
		}
	}
	if s.mu.groups[primary] == nil {
		g := &workGroup{Name: primary, State: "ENABLED", CreationTime: epoch(time.Now())}
		g.Configuration.fill()
		no := false
		g.Configuration.EnforceWorkGroupConfiguration = &no
		s.mu.groups[primary] = g
	}
	return nil
}

// saveGroups makes the change durable, or undoes it. The lock is held.
func (s *Service) saveGroups(before map[string]*workGroup) error {
	b, err := json.MarshalIndent(s.mu.groups, "", " ")
	if err == nil {
		err = vfs.WriteFile(s.env.FS, filepath.Join(s.env.Dir, groupFile), b, s.env.Sync)
	}
	if err != nil {
		s.mu.groups = before
	}
	return err
}

func (c *groupConfiguration) fill() {
	yes, no := true, false
	if c.EnforceWorkGroupConfiguration == nil {
		c.EnforceWorkGroupConfiguration = &yes
	}
	if c.PublishCloudWatchMetricsEnabled == nil {
		c.PublishCloudWatchMetricsEnabled = &yes
	}
	if c.RequesterPaysEnabled == nil {
		c.RequesterPaysEnabled = &no
	}
	if c.ResultConfiguration == nil {
		c.ResultConfiguration = &resultConfiguration{}
	}
	c.EngineVersion = &engineVersion{"AUTO", "Athena engine version 3"}
}

func (c *groupConfiguration) check() error {
	if n := c.BytesScannedCutoffPerQuery; n != nil && *n < minCutoff {
		return invalid("BytesScannedCutoffPerQuery %d is below %d (Athena's least)", *n, minCutoff)
	}
	if r := c.ResultConfiguration; r != nil && r.OutputLocation != "" {
		if _, err := parseLocation(r.OutputLocation); err != nil {
			return invalid("OutputLocation: %v", err)
		}
	}
	return nil
}

type empty struct{}

type createWorkGroupInput struct {
	Name, Description string
	Configuration     *groupConfiguration
}

func (s *Service) createWorkGroup(_ context.Context, in *createWorkGroupInput) (*empty, error) {
	if in.Name == "" || len(in.Name) > 128 || strings.Trim(in.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
		return nil, invalid("a workgroup's name has 1 to 128 letters, digits, dots, underscores and hyphens")
	}
	g := &workGroup{Name: in.Name, State: "ENABLED", Description: in.Description, CreationTime: epoch(time.Now())}
	if in.Configuration != nil {
		if err := in.Configuration.check(); err != nil {
			return nil, err
		}
		g.Configuration = *in.Configuration
	}
	g.Configuration.fill()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.groups[in.Name] != nil {
		return nil, invalid("WorkGroup is already created")
	}
	before := maps.Clone(s.mu.groups)
	s.mu.groups[in.Name] = g
	return &empty{}, s.saveGroups(before)
}

// group finds a workgroup; an empty name means primary. The lock is held.
func (s *Service) group(name string) (*workGroup, error) {
	if name == "" {
		name = primary
	}
	g := s.mu.groups[name]
	if g == nil {
		return nil, invalid("WorkGroup %s is not found.", name)
	}
	return g, nil
}

type workGroupInput struct {
	WorkGroup             string
	RecursiveDeleteOption bool
}

type getWorkGroupOutput struct{ WorkGroup *workGroup }

func (s *Service) getWorkGroup(_ context.Context, in *workGroupInput) (*getWorkGroupOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.WorkGroup)
	return &getWorkGroupOutput{g}, err
}

type groupSummary struct {
	Name, State   string
	Description   string `json:",omitempty"`
	CreationTime  float64
	EngineVersion *engineVersion
}

type listWorkGroupsOutput struct{ WorkGroups []groupSummary }

func (s *Service) listWorkGroups(_ context.Context, _ *empty) (*listWorkGroupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &listWorkGroupsOutput{WorkGroups: []groupSummary{}}
	for _, name := range slices.Sorted(maps.Keys(s.mu.groups)) {
		g := s.mu.groups[name]
		out.WorkGroups = append(out.WorkGroups, groupSummary{g.Name, g.State, g.Description, g.CreationTime, g.Configuration.EngineVersion})
	}
	return out, nil
}

type resultConfigurationUpdates struct {
	OutputLocation                *string
	RemoveOutputLocation          bool
	EncryptionConfiguration       *encryption
	RemoveEncryptionConfiguration bool
}

type updateWorkGroupInput struct {
	WorkGroup            string
	Description          *string
	State                string
	ConfigurationUpdates *struct {
		EnforceWorkGroupConfiguration    *bool
		PublishCloudWatchMetricsEnabled  *bool
		RequesterPaysEnabled             *bool
		BytesScannedCutoffPerQuery       *int64
		RemoveBytesScannedCutoffPerQuery bool
		ResultConfigurationUpdates       *resultConfigurationUpdates
	}
}

func (s *Service) updateWorkGroup(_ context.Context, in *updateWorkGroupInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.group(in.WorkGroup)
	if err != nil {
		return nil, err
	}
	g := *old
	if in.Description != nil {
		g.Description = *in.Description
	}
	switch in.State {
	case "":
	case "ENABLED", "DISABLED":
		g.State = in.State
	default:
		return nil, invalid("State %q is neither ENABLED nor DISABLED", in.State)
	}
	if u := in.ConfigurationUpdates; u != nil {
		c := &g.Configuration
		for _, f := range []struct{ to, from **bool }{
			{&c.EnforceWorkGroupConfiguration, &u.EnforceWorkGroupConfiguration},
			{&c.PublishCloudWatchMetricsEnabled, &u.PublishCloudWatchMetricsEnabled},
			{&c.RequesterPaysEnabled, &u.RequesterPaysEnabled},
		} {
			if *f.from != nil {
				*f.to = *f.from
			}
		}
		if u.BytesScannedCutoffPerQuery != nil {
			c.BytesScannedCutoffPerQuery = u.BytesScannedCutoffPerQuery
		}
		if u.RemoveBytesScannedCutoffPerQuery {
			c.BytesScannedCutoffPerQuery = nil
		}
		c.update(u.ResultConfigurationUpdates)
	}
	if err := g.Configuration.check(); err != nil {
		return nil, err
	}
	before := maps.Clone(s.mu.groups)
	s.mu.groups[g.Name] = &g
	return &empty{}, s.saveGroups(before)
}

func (c *groupConfiguration) update(u *resultConfigurationUpdates) {
	if u == nil {
		return
	}
	r := resultConfiguration{}
	if c.ResultConfiguration != nil {
		r = *c.ResultConfiguration
	}
	if u.OutputLocation != nil {
		r.OutputLocation = *u.OutputLocation
	}
	if u.RemoveOutputLocation {
		r.OutputLocation = ""
	}
	if u.EncryptionConfiguration != nil {
		r.EncryptionConfiguration = u.EncryptionConfiguration
	}
	if u.RemoveEncryptionConfiguration {
		r.EncryptionConfiguration = nil
	}
	c.ResultConfiguration = &r
}

func (s *Service) deleteWorkGroup(_ context.Context, in *workGroupInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.WorkGroup == primary {
		return nil, invalid("the workgroup primary cannot be deleted")
	}
	if _, err := s.group(in.WorkGroup); err != nil {
		return nil, err
	}
	if !in.RecursiveDeleteOption {
		for _, x := range s.mu.order {
			if x.group == in.WorkGroup {
				return nil, invalid("WorkGroup %s is not empty", in.WorkGroup)
			}
		}
	}
	before := maps.Clone(s.mu.groups)
	delete(s.mu.groups, in.WorkGroup)
	return &empty{}, s.saveGroups(before)
}

package dynamodb

import (
	"maps"
	"slices"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

type tag struct{ Key, Value string }

type tagInput struct {
	ResourceArn string
	Tags        []tag
	TagKeys     []string
	NextToken   string
}

type tagOutput struct {
	Tags []tag `json:",omitempty"`
}

const maxTags = 50

// setTags puts tags into to.
func setTags(to map[string]string, tags []tag) error {
	for _, g := range tags {
		if len(g.Key) < 1 || len(g.Key) > 128 || len(g.Value) > 256 {
			return validation("One or more parameter values were invalid: a tag's key has 1 to 128 characters and its value 0 to 256. Tag: %s", g.Key)
		}
		to[g.Key] = g.Value
	}
	if len(to) > maxTags {
		return validation("Too many tags: a resource has at most %d", maxTags)
	}
	return nil
}

func (s *Service) tagResource(in *tagInput) (*tagOutput, error) {
	t, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	sch := t.clone()
	if err := setTags(sch.Tags, in.Tags); err != nil {
		return nil, err
	}
	return &tagOutput{}, s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch})
}

func (s *Service) untagResource(in *tagInput) (*tagOutput, error) {
	t, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	sch := t.clone()
	for _, k := range in.TagKeys {
		delete(sch.Tags, k)
	}
	return &tagOutput{}, s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch})
}

func (s *Service) listTagsOfResource(in *tagInput) (*tagOutput, error) {
	t, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &tagOutput{Tags: []tag{}}
	for _, k := range slices.Sorted(maps.Keys(t.Tags)) {
		out.Tags = append(out.Tags, tag{k, t.Tags[k]})
	}
	return out, nil
}

type ttlSpec struct {
	AttributeName string
	Enabled       bool
}

type ttlInput struct {
	TableName               string
	TimeToLiveSpecification *ttlSpec
}

type ttlOutput struct {
	TimeToLiveSpecification ttlSpec
}

type ttlDescription struct {
	TimeToLiveDescription struct {
		TimeToLiveStatus string
		AttributeName    string `json:",omitempty"`
	}
}

func (s *Service) updateTimeToLive(in *ttlInput) (*ttlOutput, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.TimeToLiveSpecification
	switch {
	case spec == nil:
		return nil, validation("1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null")
	case spec.AttributeName == "":
		return nil, validation("TimeToLive attribute name must not be empty")
	case spec.Enabled && t.TTL != "":
		return nil, validation("TimeToLive is already enabled")
	case !spec.Enabled && t.TTL == "":
		return nil, validation("TimeToLive is already disabled")
	case !spec.Enabled && t.TTL != spec.AttributeName:
		return nil, validation("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTL)
	}
	sch := t.clone()
	sch.TTL = ""
	if spec.Enabled {
		sch.TTL = spec.AttributeName
	}
	return &ttlOutput{*spec}, s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch})
}

func (s *Service) describeTimeToLive(in *tableInput) (*ttlDescription, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	out := &ttlDescription{}
	out.TimeToLiveDescription.TimeToLiveStatus = "DISABLED"
	if t.TTL != "" {
		out.TimeToLiveDescription.TimeToLiveStatus = "ENABLED"
		out.TimeToLiveDescription.AttributeName = t.TTL
	}
	return out, nil
}

type backupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification *struct {
		PointInTimeRecoveryEnabled *bool
		RecoveryPeriodInDays       *int
	}
}

type backupsOutput struct {
	ContinuousBackupsDescription struct {
		ContinuousBackupsStatus        string
		PointInTimeRecoveryDescription recoveryDescription
	}
}

type recoveryDescription struct {
	PointInTimeRecoveryStatus  string
	RecoveryPeriodInDays       int     `json:",omitempty"`
	EarliestRestorableDateTime float64 `json:",omitempty"`
	LatestRestorableDateTime   float64 `json:",omitempty"`
}

const recoveryDays = 35

// backupsTable finds a table for the operations on backups, which have an error of their
// own for one that does not exist.
func (s *Service) backupsTable(name string) (*table, error) {
	short := tableName(name)
	if err := checkTableName(short); err != nil {
		return nil, err
	}
	t := s.mu.tables[short]
	if t == nil {
		return nil, awswire.Errorf("TableNotFoundException", "Table not found: %s", short)
	}
	return t, nil
}

func (s *Service) describeContinuousBackups(in *tableInput) (*backupsOutput, error) {
	t, err := s.backupsTable(in.TableName)
	if err != nil {
		return nil, err
	}
	return t.backups(), nil
}

func (t *table) backups() *backupsOutput {
	out := &backupsOutput{}
	d := &out.ContinuousBackupsDescription
	d.ContinuousBackupsStatus = "ENABLED"
	d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus = "DISABLED"
	if t.Recovery {
		d.PointInTimeRecoveryDescription = recoveryDescription{"ENABLED", t.RecoveryDays, t.Created, seconds(time.Now())}
	}
	return out
}

func (s *Service) updateContinuousBackups(in *backupsInput) (*backupsOutput, error) {
	t, err := s.backupsTable(in.TableName)
	if err != nil {
		return nil, err
	}
	spec := in.PointInTimeRecoverySpecification
	if spec == nil || spec.PointInTimeRecoveryEnabled == nil {
		return nil, validation("1 validation error detected: Value null at 'pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled' failed to satisfy constraint: Member must not be null")
	}
	sch := t.clone()
	sch.Recovery, sch.RecoveryDays = *spec.PointInTimeRecoveryEnabled, 0
	if sch.Recovery {
		sch.RecoveryDays = recoveryDays
		if spec.RecoveryPeriodInDays != nil {
			sch.RecoveryDays = *spec.RecoveryPeriodInDays
		}
		if sch.RecoveryDays < 1 || sch.RecoveryDays > recoveryDays {
			return nil, validation("1 validation error detected: Value '%d' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must have value between 1 and %d", sch.RecoveryDays, recoveryDays)
		}
	}
	if err := s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch}); err != nil {
		return nil, err
	}
	return t.backups(), nil
}

type limitsOutput struct {
	AccountMaxReadCapacityUnits, AccountMaxWriteCapacityUnits, TableMaxReadCapacityUnits, TableMaxWriteCapacityUnits int
}

// describeLimits answers with the service's defaults.
func (s *Service) describeLimits(*struct{}) (*limitsOutput, error) {
	return &limitsOutput{80000, 80000, 40000, 40000}, nil
}

type endpoint struct {
	Address              string
	CachePeriodInMinutes int
}

type endpointsOutput struct{ Endpoints []endpoint }

func (s *Service) describeEndpoints(*struct{}) (*endpointsOutput, error) {
	return &endpointsOutput{[]endpoint{{"dynamodb." + s.env.Region + ".amazonaws.com", 1440}}}, nil
}

package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/uuid"
)

type tableInput struct {
	TableName string
}

type createTableInput struct {
	TableName                 string
	AttributeDefinitions      []attributeDef
	KeySchema                 []keyDef
	BillingMode               string
	ProvisionedThroughput     *throughput
	OnDemandThroughput        json.RawMessage
	GlobalSecondaryIndexes    []indexDef
	LocalSecondaryIndexes     json.RawMessage
	SSESpecification          *sseSpec
	StreamSpecification       *streamSpec
	TableClass                string
	DeletionProtectionEnabled bool
	Tags                      []tag
	ResourcePolicy            string
}

type streamSpec struct{ StreamEnabled bool }

type tableOutput struct {
	Table            *description `json:",omitempty"`
	TableDescription *description `json:",omitempty"`
}

func (s *Service) createTable(in *createTableInput) (*tableOutput, error) {
	switch {
	case len(in.LocalSecondaryIndexes) > 0 && string(in.LocalSecondaryIndexes) != "null":
		return nil, validation("LocalSecondaryIndexes: the local lake has none; use GlobalSecondaryIndexes")
	case in.StreamSpecification != nil && in.StreamSpecification.StreamEnabled:
		return nil, noStreams()
	case in.ResourcePolicy != "":
		return nil, validation("ResourcePolicy: the local lake has no access policies; leave it out")
	}
	sch := schema{
		TableName: in.TableName, TableID: uuid.New(), Created: seconds(time.Now()),
		AttributeDefinitions: in.AttributeDefinitions, KeySchema: in.KeySchema,
		BillingMode: in.BillingMode, Provisioned: in.ProvisionedThroughput, OnDemand: in.OnDemandThroughput,
		Indexes: in.GlobalSecondaryIndexes, SSE: in.SSESpecification, TableClass: in.TableClass,
		Protected: in.DeletionProtectionEnabled, Tags: map[string]string{},
	}
	if sch.BillingMode == "" {
		sch.BillingMode = billingProvisioned
	}
	if err := sch.check(); err != nil {
		return nil, err
	}
	if err := setTags(sch.Tags, in.Tags); err != nil {
		return nil, err
	}
	if s.mu.tables[sch.TableName] != nil {
		return nil, awswire.Errorf(codeInUse, "Table already exists: %s", sch.TableName)
	}
	if err := s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch}); err != nil {
		return nil, err
	}
	d := s.describe(s.mu.tables[sch.TableName], statusCreating)
	for i := range d.GlobalSecondaryIndexes {
		d.GlobalSecondaryIndexes[i].IndexStatus = statusCreating
	}
	return &tableOutput{TableDescription: d}, nil
}

func noStreams() error {
	return validation("StreamSpecification: the local lake has no DynamoDB streams; leave StreamEnabled out")
}

// named finds a table for the operations on tables, whose errors name it.
func (s *Service) named(name string) (*table, error) {
	short := tableName(name)
	if err := checkTableName(short); err != nil {
		return nil, err
	}
	t := s.mu.tables[short]
	if t == nil {
		return nil, tableNotFound(short)
	}
	return t, nil
}

func (s *Service) describeTable(in *tableInput) (*tableOutput, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	return &tableOutput{Table: s.describe(t, statusActive)}, nil
}

func (s *Service) deleteTable(in *tableInput) (*tableOutput, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	if t.Protected {
		return nil, validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	d := s.describe(t, statusDeleting)
	if err := s.mu.journal.Commit(change{Op: changeDrop, Table: t.TableName}); err != nil {
		return nil, err
	}
	return &tableOutput{TableDescription: d}, nil
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

type listTablesOutput struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

func (s *Service) listTables(in *listTablesInput) (*listTablesOutput, error) {
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	out := &listTablesOutput{TableNames: []string{}}
	for _, name := range slices.Sorted(maps.Keys(s.mu.tables)) {
		if name <= in.ExclusiveStartTableName {
			continue
		}
		if len(out.TableNames) == limit {
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			break
		}
		out.TableNames = append(out.TableNames, name)
	}
	return out, nil
}

type updateTableInput struct {
	TableName                   string
	AttributeDefinitions        []attributeDef
	BillingMode                 string
	ProvisionedThroughput       *throughput
	OnDemandThroughput          json.RawMessage
	GlobalSecondaryIndexUpdates []indexUpdate
	SSESpecification            *sseSpec
	StreamSpecification         *streamSpec
	TableClass                  string
	DeletionProtectionEnabled   *bool
	ReplicaUpdates              json.RawMessage
}

type indexUpdate struct {
	Create *indexDef
	Update *struct {
		IndexName             string
		ProvisionedThroughput *throughput
		OnDemandThroughput    json.RawMessage
	}
	Delete *struct{ IndexName string }
}

func (s *Service) updateTable(in *updateTableInput) (*tableOutput, error) {
	t, err := s.named(in.TableName)
	if err != nil {
		return nil, err
	}
	if in.StreamSpecification != nil && in.StreamSpecification.StreamEnabled {
		return nil, noStreams()
	}
	if len(in.ReplicaUpdates) > 0 && string(in.ReplicaUpdates) != "null" {
		return nil, validation("ReplicaUpdates: the local lake has one region; leave it out")
	}
	sch := t.clone()
	if in.BillingMode != "" {
		sch.BillingMode = in.BillingMode
		if in.BillingMode == billingPerRequest {
			sch.Provisioned = nil
			for i := range sch.Indexes {
				sch.Indexes[i].ProvisionedThroughput = nil
			}
		}
	}
	if in.ProvisionedThroughput != nil {
		sch.Provisioned = in.ProvisionedThroughput
	}
	if in.OnDemandThroughput != nil {
		sch.OnDemand = in.OnDemandThroughput
	}
	if in.SSESpecification != nil {
		sch.SSE = in.SSESpecification
	}
	if in.TableClass != "" {
		sch.TableClass = in.TableClass
	}
	if in.DeletionProtectionEnabled != nil {
		sch.Protected = *in.DeletionProtectionEnabled
	}
	if err := sch.updateIndexes(in); err != nil {
		return nil, err
	}
	if err := sch.check(); err != nil {
		return nil, err
	}
	if err := s.mu.journal.Commit(change{Op: changeSchema, Schema: &sch}); err != nil {
		return nil, err
	}
	d := s.describe(t, statusUpdating)
	d.showUpdates(in)
	return &tableOutput{TableDescription: d}, nil
}

// updateIndexes makes, changes and drops indexes of the schema.
func (s *schema) updateIndexes(in *updateTableInput) error {
	find := func(name string) (int, error) {
		i := slices.IndexFunc(s.Indexes, func(x indexDef) bool { return x.IndexName == name })
		if i < 0 {
			return 0, awswire.Errorf(codeNotFound, "Requested resource not found: Index: %s not found in table: %s", name, s.TableName)
		}
		return i, nil
	}
	for _, u := range in.GlobalSecondaryIndexUpdates {
		switch {
		case u.Create != nil:
			if slices.ContainsFunc(s.Indexes, func(x indexDef) bool { return x.IndexName == u.Create.IndexName }) {
				return validation("Attempting to create an index which already exists")
			}
			s.Indexes = append(s.Indexes, *u.Create)
		case u.Delete != nil:
			i, err := find(u.Delete.IndexName)
			if err != nil {
				return err
			}
			s.Indexes = slices.Delete(s.Indexes, i, i+1)
		case u.Update != nil:
			i, err := find(u.Update.IndexName)
			if err != nil {
				return err
			}
			if u.Update.ProvisionedThroughput != nil {
				s.Indexes[i].ProvisionedThroughput = u.Update.ProvisionedThroughput
			}
			if u.Update.OnDemandThroughput != nil {
				s.Indexes[i].OnDemandThroughput = u.Update.OnDemandThroughput
			}
		default:
			return validation("One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must be specified")
		}
	}
	for _, d := range in.AttributeDefinitions {
		i := slices.IndexFunc(s.AttributeDefinitions, func(have attributeDef) bool { return have.AttributeName == d.AttributeName })
		switch {
		case i < 0:
			s.AttributeDefinitions = append(s.AttributeDefinitions, d)
		case s.AttributeDefinitions[i] != d:
			return validation("One or more parameter values were invalid: Attribute %s is defined as %s already", d.AttributeName, s.AttributeDefinitions[i].AttributeType)
		}
	}
	s.forgetAttributes()
	return nil
}

// forgetAttributes drops the definitions that no key uses any more. Only an attribute of
// an index can become one, when the index is dropped.
func (s *schema) forgetAttributes() {
	used := s.key().names()
	for _, x := range s.Indexes {
		used = append(used, keyOf(x.KeySchema).names()...)
	}
	s.AttributeDefinitions = slices.DeleteFunc(s.AttributeDefinitions, func(d attributeDef) bool {
		return !slices.Contains(used, d.AttributeName)
	})
}

// showUpdates shows the states that the service's answer shows.
func (d *description) showUpdates(in *updateTableInput) {
	for _, u := range in.GlobalSecondaryIndexUpdates {
		for i := range d.GlobalSecondaryIndexes {
			x := &d.GlobalSecondaryIndexes[i]
			switch {
			case u.Create != nil && u.Create.IndexName == x.IndexName:
				backfilling := false
				x.IndexStatus, x.Backfilling = statusCreating, &backfilling
			case u.Update != nil && u.Update.IndexName == x.IndexName:
				x.IndexStatus = statusUpdating
			}
		}
		if u.Delete != nil {
			d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, indexDescription{
				IndexName: u.Delete.IndexName, IndexArn: d.TableArn + "/index/" + u.Delete.IndexName, IndexStatus: statusDeleting,
				KeySchema: []keyDef{}, Projection: projection{ProjectionType: projectKeys},
			})
		}
	}
}

// resource finds the table that an ARN names.
func (s *Service) resource(arn string) (*table, error) {
	if !strings.HasPrefix(arn, s.tableARN("")) {
		return nil, validation("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t := s.mu.tables[tableName(arn)]
	if t == nil {
		return nil, awswire.Errorf(codeNotFound, "Requested resource not found: ResourcArn: %s not found", arn)
	}
	return t, nil
}

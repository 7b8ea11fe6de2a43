package dynamodb

import (
	"encoding/json"
	"fmt"
)

// description is a table as DescribeTable shows it.
type description struct {
	TableName                 string
	TableID                   string `json:"TableId"`
	TableArn                  string
	TableStatus               string
	CreationDateTime          float64
	TableSizeBytes            int
	ItemCount                 int
	AttributeDefinitions      []attributeDef
	KeySchema                 []keyDef
	ProvisionedThroughput     shownThroughput
	BillingModeSummary        *billingSummary    `json:",omitempty"`
	OnDemandThroughput        json.RawMessage    `json:",omitempty"`
	GlobalSecondaryIndexes    []indexDescription `json:",omitempty"`
	SSEDescription            *sseDescription    `json:",omitempty"`
	TableClassSummary         *tableClass        `json:",omitempty"`
	DeletionProtectionEnabled bool
}

type tableClass struct{ TableClass string }

type billingSummary struct {
	BillingMode                       string
	LastUpdateToPayPerRequestDateTime float64
}

type shownThroughput struct {
	NumberOfDecreasesToday int
	ReadCapacityUnits      int64
	WriteCapacityUnits     int64
}

type indexDescription struct {
	IndexName             string
	IndexArn              string
	IndexStatus           string
	Backfilling           *bool `json:",omitempty"`
	IndexSizeBytes        int
	ItemCount             int
	KeySchema             []keyDef
	Projection            projection
	ProvisionedThroughput shownThroughput
	OnDemandThroughput    json.RawMessage `json:",omitempty"`
}

type sseDescription struct {
	Status          string
	SSEType         string
	KMSMasterKeyArn string
}

// The states of tables and indexes. Every change is done when it has been answered; the
// answer alone shows the state that the service would be in for a while.
const (
	statusActive   = "ACTIVE"
	statusCreating = "CREATING"
	statusUpdating = "UPDATING"
	statusDeleting = "DELETING"
)

func shownUnits(t *throughput) shownThroughput {
	if t == nil {
		return shownThroughput{}
	}
	return shownThroughput{ReadCapacityUnits: t.ReadCapacityUnits, WriteCapacityUnits: t.WriteCapacityUnits}
}

func (s *Service) tableARN(name string) string {
	return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", s.env.Region, s.env.Account, name)
}

func (s *Service) describe(t *table, status string) *description {
	d := &description{
		TableName: t.TableName, TableID: t.TableID, TableArn: s.tableARN(t.TableName), TableStatus: status,
		CreationDateTime: t.Created, TableSizeBytes: t.bytes, ItemCount: t.rows.Len(),
		AttributeDefinitions: t.AttributeDefinitions, KeySchema: t.KeySchema,
		ProvisionedThroughput: shownUnits(t.Provisioned), OnDemandThroughput: t.OnDemand,
		DeletionProtectionEnabled: t.Protected,
	}
	if t.BillingMode == billingPerRequest {
		d.BillingModeSummary = &billingSummary{t.BillingMode, t.Created}
	}
	if t.TableClass != "" {
		d.TableClassSummary = &tableClass{t.TableClass}
	}
	if t.SSE != nil && t.SSE.Enabled != nil && *t.SSE.Enabled {
		d.SSEDescription = &sseDescription{Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: s.keyARN(t.SSE.KMSMasterKeyID)}
	}
	for _, def := range t.Indexes {
		x := t.indexes[def.IndexName]
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, indexDescription{
			IndexName: def.IndexName, IndexArn: d.TableArn + "/index/" + def.IndexName, IndexStatus: statusActive,
			IndexSizeBytes: x.bytes, ItemCount: x.rows.Len(), KeySchema: def.KeySchema, Projection: def.Projection,
			ProvisionedThroughput: shownUnits(def.ProvisionedThroughput), OnDemandThroughput: def.OnDemandThroughput,
		})
	}
	return d
}

// keyARN shows the key that was asked for; the service shows the ARN of an id or alias.
func (s *Service) keyARN(id string) string {
	prefix := fmt.Sprintf("arn:aws:kms:%s:%s:", s.env.Region, s.env.Account)
	switch {
	case id == "":
		return prefix + "alias/aws/dynamodb"
	case len(id) > 4 && id[:4] == "arn:":
		return id
	case len(id) > 6 && id[:6] == "alias/":
		return prefix + id
	}
	return prefix + "key/" + id
}

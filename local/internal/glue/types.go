package glue

import (
	"encoding/json"
	"maps"
)

// column is a column of a table or partition.
type column struct {
	Name       string
	Type       string            `json:",omitempty"`
	Comment    string            `json:",omitempty"`
	Parameters map[string]string `json:",omitempty"`
}

// storage is a StorageDescriptor. What the catalog has no use for stays as it came.
type storage struct {
	Columns                []column `json:",omitzero"`
	Location               string   `json:",omitempty"`
	AdditionalLocations    []string `json:",omitempty"`
	InputFormat            string   `json:",omitempty"`
	OutputFormat           string   `json:",omitempty"`
	Compressed             bool
	NumberOfBuckets        int
	SerdeInfo              json.RawMessage   `json:",omitempty"`
	BucketColumns          []string          `json:",omitempty"`
	SortColumns            json.RawMessage   `json:",omitempty"`
	Parameters             map[string]string `json:",omitempty"`
	SkewedInfo             json.RawMessage   `json:",omitempty"`
	SchemaReference        json.RawMessage   `json:",omitempty"`
	StoredAsSubDirectories bool
}

// databaseInput is what requests say of a database, and database what answers do.
type databaseInput struct {
	Name                          string
	Description                   string            `json:",omitempty"`
	LocationURI                   string            `json:"LocationUri,omitempty"`
	Parameters                    map[string]string `json:",omitempty"`
	CreateTableDefaultPermissions json.RawMessage   `json:",omitempty"`
	TargetDatabase                json.RawMessage   `json:",omitempty"`
	FederatedDatabase             json.RawMessage   `json:",omitempty"`
}

type database struct {
	databaseInput
	CreateTime float64
	CatalogID  string `json:"CatalogId"`
}

// tableInput is what requests say of a table, and table what answers do. Times are in
// seconds since 1970.
type tableInput struct {
	Name              string
	Description       string   `json:",omitempty"`
	Owner             string   `json:",omitempty"`
	LastAccessTime    *float64 `json:",omitempty"`
	LastAnalyzedTime  *float64 `json:",omitempty"`
	Retention         int
	StorageDescriptor *storage `json:",omitempty"`
	PartitionKeys     []column
	ViewOriginalText  string            `json:",omitempty"`
	ViewExpandedText  string            `json:",omitempty"`
	TableType         string            `json:",omitempty"`
	Parameters        map[string]string `json:",omitempty"`
	TargetTable       json.RawMessage   `json:",omitempty"`
	ViewDefinition    json.RawMessage   `json:",omitempty"`
}

type table struct {
	tableInput
	DatabaseName                  string
	CreateTime                    float64
	UpdateTime                    float64
	CreatedBy                     string
	IsRegisteredWithLakeFormation bool
	CatalogID                     string `json:"CatalogId"`
	VersionID                     string `json:"VersionId"`
}

// partitionInput is what requests say of a partition, and partition what answers do.
type partitionInput struct {
	Values            []string
	LastAccessTime    *float64          `json:",omitempty"`
	LastAnalyzedTime  *float64          `json:",omitempty"`
	StorageDescriptor *storage          `json:",omitempty"`
	Parameters        map[string]string `json:",omitempty"`
}

type partition struct {
	partitionInput
	DatabaseName string
	TableName    string
	CreationTime float64
	CatalogID    string `json:"CatalogId"`
}

// catalogID is the CatalogId that most requests may have.
type catalogID struct {
	CatalogID string `json:"CatalogId"`
}

func (c catalogID) catalog() string { return c.CatalogID }

// inCatalog is a request that may name a catalog.
type inCatalog interface{ catalog() string }

// tableRef is how requests name a table.
type tableRef struct {
	catalogID
	DatabaseName string
	TableName    string
}

type empty struct{}

// errorDetail says why one member of a batch failed.
type errorDetail struct {
	ErrorCode    string
	ErrorMessage string
}

// given says that a request has a parameter that stays as it came.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func cloneTags(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// schema is everything about a table but its rows. It is written to the log as it stands.
type schema struct {
	TableName            string
	TableID              string
	Created              float64
	AttributeDefinitions []attributeDef
	KeySchema            []keyDef
	BillingMode          string
	// Provisioned is nil when the table is paid per request.
	Provisioned *throughput     `json:",omitempty"`
	OnDemand    json.RawMessage `json:",omitempty"`
	Indexes     []indexDef      `json:",omitempty"`
	SSE         *sseSpec        `json:",omitempty"`
	TableClass  string          `json:",omitempty"`
	Protected   bool            `json:",omitempty"`
	TTL         string          `json:",omitempty"`
	Recovery    bool            `json:",omitempty"`
	// RecoveryDays is how far point-in-time recovery reaches back.
	RecoveryDays int               `json:",omitempty"`
	Tags         map[string]string `json:",omitempty"`
}

type attributeDef struct {
	AttributeName string
	AttributeType kind
}

type keyDef struct {
	AttributeName string
	KeyType       string
}

type throughput struct {
	ReadCapacityUnits  int64
	WriteCapacityUnits int64
}

type projection struct {
	ProjectionType   string   `json:",omitempty"`
	NonKeyAttributes []string `json:",omitempty"`
}

// indexDef is a global secondary index as requests define it.
type indexDef struct {
	IndexName             string
	KeySchema             []keyDef
	Projection            projection
	ProvisionedThroughput *throughput     `json:",omitempty"`
	OnDemandThroughput    json.RawMessage `json:",omitempty"`
}

type sseSpec struct {
	Enabled        *bool
	SSEType        string
	KMSMasterKeyID string `json:"KMSMasterKeyId"`
}

func keyOf(ks []keyDef) key {
	var k key
	for _, d := range ks {
		if d.KeyType == "HASH" {
			k.hash = d.AttributeName
		} else {
			k.sort = d.AttributeName
		}
	}
	return k
}

func (s *schema) key() key { return keyOf(s.KeySchema) }

func (s *schema) kindOf(name string) kind {
	for _, d := range s.AttributeDefinitions {
		if d.AttributeName == name {
			return d.AttributeType
		}
	}
	return ""
}

func validName(s string) bool {
	return len(s) >= 3 && len(s) <= 255 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", r)
	})
}

// checkTableName checks the name that every request has.
func checkTableName(s string) error {
	if s == "" {
		return validation("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	}
	if !validName(s) {
		return validation("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	return nil
}

// check checks a new table.
func (s *schema) check() error {
	if err := checkTableName(s.TableName); err != nil {
		return err
	}
	for _, d := range s.AttributeDefinitions {
		if d.AttributeType != kindS && d.AttributeType != kindN && d.AttributeType != kindB {
			return validation("1 validation error detected: Value '%s' at 'attributeDefinitions.%s.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]", d.AttributeType, d.AttributeName)
		}
	}
	if err := s.checkKeySchema(s.KeySchema); err != nil {
		return err
	}
	if err := s.checkBilling(); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, d := range s.Indexes {
		if names[d.IndexName] {
			return validation("One or more parameter values were invalid: Duplicate index name: %s", d.IndexName)
		}
		names[d.IndexName] = true
		if err := s.checkIndex(d); err != nil {
			return err
		}
	}
	if len(s.Indexes) > maxIndexes {
		return validation("One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of %d", maxIndexes)
	}
	return s.checkAttributes()
}

const maxIndexes = 20

func (s *schema) checkKeySchema(ks []keyDef) error {
	switch {
	case len(ks) == 0:
		return validation("1 validation error detected: Value null at 'keySchema' failed to satisfy constraint: Member must not be null")
	case len(ks) > 2:
		return validation("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2")
	case ks[0].KeyType != "HASH":
		return validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(ks) == 2 && ks[1].KeyType != "RANGE":
		return validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	case len(ks) == 2 && ks[0].AttributeName == ks[1].AttributeName:
		return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	for _, k := range ks {
		if s.kindOf(k.AttributeName) == "" {
			return validation("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", k.AttributeName, s.definedNames())
		}
	}
	return nil
}

func (s *schema) definedNames() string {
	var names []string
	for _, d := range s.AttributeDefinitions {
		names = append(names, d.AttributeName)
	}
	return strings.Join(names, ", ")
}

func (s *schema) checkBilling() error {
	switch s.BillingMode {
	case billingPerRequest:
		if s.Provisioned != nil {
			return validation("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		return nil
	case billingProvisioned:
		if s.Provisioned == nil {
			return validation("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
		}
		if s.Provisioned.ReadCapacityUnits < 1 || s.Provisioned.WriteCapacityUnits < 1 {
			return validation("1 validation error detected: Value at 'provisionedThroughput' failed to satisfy constraint: Member must have value greater than or equal to 1")
		}
		return nil
	}
	return validation("1 validation error detected: Value '%s' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]", s.BillingMode)
}

const (
	billingPerRequest  = "PAY_PER_REQUEST"
	billingProvisioned = "PROVISIONED"

	projectAll     = "ALL"
	projectKeys    = "KEYS_ONLY"
	projectInclude = "INCLUDE"
)

func (s *schema) checkIndex(d indexDef) error {
	if !validName(d.IndexName) {
		return checkTableName("!")
	}
	if err := s.checkKeySchema(d.KeySchema); err != nil {
		return err
	}
	switch p := d.Projection; {
	case p.ProjectionType == projectInclude && len(p.NonKeyAttributes) == 0:
		return validation("One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
	case p.ProjectionType == projectInclude:
	case p.ProjectionType != projectAll && p.ProjectionType != projectKeys:
		return validation("One or more parameter values were invalid: Unknown ProjectionType: %s", p.ProjectionType)
	case p.NonKeyAttributes != nil:
		return validation("One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", p.ProjectionType)
	}
	if s.BillingMode == billingProvisioned && d.ProvisionedThroughput == nil {
		return validation("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified for index: %s", d.IndexName)
	}
	if s.BillingMode == billingPerRequest && d.ProvisionedThroughput != nil {
		return validation("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %s when BillingMode is PAY_PER_REQUEST", d.IndexName)
	}
	return nil
}

// checkAttributes refuses definitions that no key uses.
func (s *schema) checkAttributes() error {
	used := map[string]bool{}
	for _, name := range s.key().names() {
		used[name] = true
	}
	for _, d := range s.Indexes {
		for _, name := range keyOf(d.KeySchema).names() {
			used[name] = true
		}
	}
	seen := map[string]bool{}
	for _, d := range s.AttributeDefinitions {
		if seen[d.AttributeName] {
			return validation("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", d.AttributeName)
		}
		seen[d.AttributeName] = true
	}
	if len(seen) != len(used) {
		return validation("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return nil
}

// clone is for changing a schema without touching the one in use until the change is in
// the log.
func (s schema) clone() schema {
	s.AttributeDefinitions = slices.Clone(s.AttributeDefinitions)
	s.Indexes = slices.Clone(s.Indexes)
	s.Tags = maps.Clone(s.Tags)
	if s.Tags == nil {
		s.Tags = map[string]string{}
	}
	return s
}

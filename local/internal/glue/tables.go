package glue

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/lakekit/lakekit/internal/awswire"
)

type createTableInput struct {
	catalogID
	DatabaseName         string
	TableInput           tableInput
	PartitionIndexes     []partitionIndex
	OpenTableFormatInput json.RawMessage
	TransactionID        string `json:"TransactionId"`
}

func noTransaction(id string) error {
	if id != "" {
		return invalid("TransactionId: the local catalog has no transactions; leave it out")
	}
	return nil
}

func (in *tableInput) check() error {
	name, err := entityName("TableInput.Name", in.Name)
	if err != nil {
		return err
	}
	in.Name = name
	if given(in.ViewDefinition) {
		return invalid("TableInput.ViewDefinition: the local catalog has no multi-dialect views; use ViewOriginalText and ViewExpandedText")
	}
	if in.Retention < 0 {
		return invalid("TableInput.Retention: %d is below 0", in.Retention)
	}
	if in.PartitionKeys == nil {
		in.PartitionKeys = []column{}
	}
	if err := checkColumns("TableInput.PartitionKeys", in.PartitionKeys); err != nil {
		return err
	}
	if in.StorageDescriptor == nil {
		return nil
	}
	if in.StorageDescriptor.Columns == nil {
		in.StorageDescriptor.Columns = []column{}
	}
	return checkColumns("TableInput.StorageDescriptor.Columns", in.StorageDescriptor.Columns)
}

func (s *Service) createTable(in *createTableInput) (*empty, error) {
	if given(in.OpenTableFormatInput) {
		return nil, invalid("OpenTableFormatInput: the local catalog does not write Iceberg metadata; write it first and create the table with the parameters table_type=ICEBERG and metadata_location")
	}
	if err := noTransaction(in.TransactionID); err != nil {
		return nil, err
	}
	if err := in.TableInput.check(); err != nil {
		return nil, err
	}
	d, err := s.mu.database(in.DatabaseName)
	if err != nil {
		return nil, err
	}
	name := in.TableInput.Name
	if d.tables[name] != nil {
		return nil, exists("Table already exists.")
	}
	at := now()
	t := &table{
		tableInput: in.TableInput, DatabaseName: d.def.Name, CreateTime: at, UpdateTime: at,
		CreatedBy: "arn:aws:sts::" + s.env.Account + ":assumed-role/local/lakekit", CatalogID: s.env.Account, VersionID: "0",
	}
	if err := checkIndexes(in.TableInput.PartitionKeys, in.PartitionIndexes); err != nil {
		return nil, err
	}
	cs := []change{{Op: archiveTable, Database: d.def.Name, Table: name, Version: t}}
	if len(in.PartitionIndexes) > 0 {
		cs = append(cs, change{Op: setIndexes, Database: d.def.Name, Table: name, Indexes: in.PartitionIndexes})
	}
	return &empty{}, s.mu.journal.Commit(cs...)
}

type getTableInput struct {
	catalogID
	DatabaseName  string
	Name          string
	TransactionID string `json:"TransactionId"`
	QueryAsOfTime json.RawMessage
}

func (in *getTableInput) check() error {
	if given(in.QueryAsOfTime) {
		return invalid("QueryAsOfTime: the local catalog has no transactions; leave it out")
	}
	return noTransaction(in.TransactionID)
}

type tableOutput struct{ Table *table }

func (s *Service) getTable(in *getTableInput) (*tableOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	t, err := s.mu.table(in.DatabaseName, in.Name)
	if err != nil {
		return nil, err
	}
	return &tableOutput{t.current()}, nil
}

type getTablesInput struct {
	getTableInput
	Expression      string
	NextToken       string
	MaxResults      *int
	AttributesToGet []string
}

type tablesOutput struct {
	TableList []any
	NextToken string `json:",omitempty"`
}

func (s *Service) getTables(in *getTablesInput) (*tablesOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	d, err := s.mu.database(in.DatabaseName)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(d.tables))
	if in.Expression != "" {
		re, err := regexp.Compile("(?i)^(?:" + in.Expression + ")$")
		if err != nil {
			return nil, invalid("Expression: %q is not a regular expression: %v", in.Expression, err)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !re.MatchString(n) })
	}
	page, next, err := paged(names, in.NextToken, in.MaxResults, maxPage)
	if err != nil {
		return nil, err
	}
	out := &tablesOutput{TableList: []any{}, NextToken: next}
	for _, n := range page {
		v, err := shownTable(d.tables[n].current(), in.AttributesToGet)
		if err != nil {
			return nil, err
		}
		out.TableList = append(out.TableList, v)
	}
	return out, nil
}

// briefTable is a table of which little was asked for.
type briefTable struct {
	Name         string
	DatabaseName string
	TableType    string `json:",omitempty"`
}

func shownTable(t *table, attributes []string) (any, error) {
	if len(attributes) == 0 {
		return t, nil
	}
	b := briefTable{Name: t.Name, DatabaseName: t.DatabaseName}
	for _, a := range attributes {
		switch a {
		case "NAME":
		case "TABLE_TYPE":
			b.TableType = t.TableType
		default:
			return nil, invalid("AttributesToGet: %q is not NAME or TABLE_TYPE", a)
		}
	}
	return b, nil
}

type updateTableInput struct {
	catalogID
	DatabaseName               string
	Name                       string
	TableInput                 *tableInput
	SkipArchive                bool
	TransactionID              string `json:"TransactionId"`
	VersionID                  string `json:"VersionId"`
	ViewUpdateAction           string
	Force                      bool
	UpdateOpenTableFormatInput json.RawMessage
}

func (in *updateTableInput) check() error {
	switch {
	case given(in.UpdateOpenTableFormatInput):
		return invalid("UpdateOpenTableFormatInput: the local catalog does not write Iceberg metadata; write it first and update the parameter metadata_location")
	case in.ViewUpdateAction != "" || in.Force:
		return invalid("ViewUpdateAction: the local catalog has no multi-dialect views; leave it and Force out")
	case in.TableInput == nil:
		return invalid("1 validation error detected: Value null at 'tableInput' failed to satisfy constraint: Member must not be null")
	}
	if err := noTransaction(in.TransactionID); err != nil {
		return err
	}
	return in.TableInput.check()
}

// updateTable replaces the current version. A VersionId that is not the current one means
// that somebody else was faster.
func (s *Service) updateTable(in *updateTableInput) (*empty, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	name := in.Name
	if name == "" {
		name = in.TableInput.Name
	}
	st, err := s.mu.table(in.DatabaseName, name)
	if err != nil {
		return nil, err
	}
	old := st.current()
	if in.TableInput.Name != old.Name {
		return nil, invalid("TableInput.Name: %q is not the table %q, and a table cannot be renamed", in.TableInput.Name, old.Name)
	}
	if in.VersionID != "" && in.VersionID != old.VersionID {
		return nil, awswire.Errorf(codeConcurrent, "Update table failed due to concurrent modifications. The table %s.%s is at version %s, not %s.", old.DatabaseName, old.Name, old.VersionID, in.VersionID)
	}
	n, err := strconv.Atoi(old.VersionID)
	if err != nil {
		return nil, err
	}
	t := *old
	t.tableInput, t.UpdateTime, t.VersionID = *in.TableInput, now(), strconv.Itoa(n+1)
	if st.partitions.Len() > 0 && len(t.PartitionKeys) != len(old.PartitionKeys) {
		return nil, invalid("TableInput.PartitionKeys: the table has partitions with %d values; delete them before changing the number of keys to %d", len(old.PartitionKeys), len(t.PartitionKeys))
	}
	c := change{Op: archiveTable, Database: t.DatabaseName, Table: t.Name, Version: &t}
	if in.SkipArchive {
		c.Op = replaceTable
	}
	return &empty{}, s.mu.journal.Commit(c)
}

func (s *Service) deleteTable(in *getTableInput) (*empty, error) {
	cs, err := s.dropTable(in.DatabaseName, in.Name)
	if err == nil {
		err = noTransaction(in.TransactionID)
	}
	if err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(cs...)
}

func (s *Service) dropTable(db, name string) ([]change, error) {
	t, err := s.mu.table(db, name)
	if err != nil {
		return nil, err
	}
	cur := t.current()
	cs := []change{{Op: dropTable, Database: cur.DatabaseName, Table: cur.Name}}
	return append(cs, s.untag(s.tableARN(cur.DatabaseName, cur.Name))...), nil
}

type batchDeleteTableInput struct {
	catalogID
	DatabaseName   string
	TablesToDelete []string
	TransactionID  string `json:"TransactionId"`
}

type tableError struct {
	TableName   string
	ErrorDetail errorDetail
}

type batchDeleteTableOutput struct {
	Errors []tableError `json:",omitempty"`
}

func (s *Service) batchDeleteTable(in *batchDeleteTableInput) (*batchDeleteTableOutput, error) {
	if err := noTransaction(in.TransactionID); err != nil {
		return nil, err
	}
	if err := checkBatch("tablesToDelete", len(in.TablesToDelete), maxPage); err != nil {
		return nil, err
	}
	if _, err := s.mu.database(in.DatabaseName); err != nil {
		return nil, err
	}
	out := &batchDeleteTableOutput{}
	for _, name := range in.TablesToDelete {
		cs, err := s.dropTable(in.DatabaseName, name)
		if err == nil {
			err = s.mu.journal.Commit(cs...)
		}
		if err != nil {
			d, err := detail(err)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, tableError{name, d})
		}
	}
	return out, nil
}

func checkBatch(what string, n, most int) error {
	if n > most {
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", what, most)
	}
	return nil
}

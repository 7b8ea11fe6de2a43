package glue

import (
	"encoding/json"
	"strings"
)

// statsRef names a table, or a partition when there are values, and columns of it.
type statsRef struct {
	tableRef
	PartitionValues      []string
	ColumnName           string
	ColumnNames          []string
	ColumnStatisticsList []json.RawMessage
}

const (
	maxStatsGet    = 100
	maxStatsUpdate = 25
)

// stats finds the table and checks the partition.
func (s *Service) stats(in *statsRef) (*tableState, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil || len(in.PartitionValues) == 0 {
		return t, err
	}
	_, err = t.foundPartition(in.PartitionValues)
	return t, err
}

type columnError struct {
	ColumnName       string          `json:",omitempty"`
	ColumnStatistics json.RawMessage `json:",omitempty"`
	Error            errorDetail
}

type statsOutput struct {
	ColumnStatisticsList []json.RawMessage `json:",omitzero"`
	Errors               []columnError
}

func (s *Service) updateColumnStatistics(in *statsRef) (*statsOutput, error) {
	if err := checkBatch("columnStatisticsList", len(in.ColumnStatisticsList), maxStatsUpdate); err != nil {
		return nil, err
	}
	t, err := s.stats(in)
	if err != nil {
		return nil, err
	}
	out := &statsOutput{Errors: []columnError{}}
	cur := t.current()
	var cs []change
	for _, raw := range in.ColumnStatisticsList {
		var c struct {
			ColumnName     string
			ColumnType     string
			StatisticsData struct{ Type string }
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, invalid("ColumnStatisticsList: %v", err)
		}
		if c.StatisticsData.Type == "" {
			return nil, invalid("ColumnStatisticsList: the statistics of %q have no StatisticsData.Type", c.ColumnName)
		}
		if !cur.hasColumn(c.ColumnName) {
			out.Errors = append(out.Errors, columnError{ColumnStatistics: raw, Error: errorDetail{codeNotFound, "Column " + c.ColumnName + " not found."}})
			continue
		}
		cs = append(cs, change{Op: setStatistics, Database: cur.DatabaseName, Table: cur.Name, Values: in.PartitionValues, Column: strings.ToLower(c.ColumnName), Stats: raw})
	}
	return out, s.mu.journal.Commit(cs...)
}

func (t *table) hasColumn(name string) bool {
	if keyIndex(t.PartitionKeys, name) >= 0 {
		return true
	}
	return t.StorageDescriptor != nil && keyIndex(t.StorageDescriptor.Columns, name) >= 0
}

func (s *Service) getColumnStatistics(in *statsRef) (*statsOutput, error) {
	if err := checkBatch("columnNames", len(in.ColumnNames), maxStatsGet); err != nil {
		return nil, err
	}
	t, err := s.stats(in)
	if err != nil {
		return nil, err
	}
	out := &statsOutput{ColumnStatisticsList: []json.RawMessage{}, Errors: []columnError{}}
	for _, name := range in.ColumnNames {
		if raw, ok := t.stats[valuesKey(in.PartitionValues)][strings.ToLower(name)]; ok {
			out.ColumnStatisticsList = append(out.ColumnStatisticsList, raw)
		} else {
			out.Errors = append(out.Errors, columnError{ColumnName: name, Error: errorDetail{codeNotFound, "Statistics of column " + name + " not found."}})
		}
	}
	return out, nil
}

func (s *Service) deleteColumnStatistics(in *statsRef) (*empty, error) {
	t, err := s.stats(in)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(in.ColumnName)
	if _, ok := t.stats[valuesKey(in.PartitionValues)][name]; !ok {
		return nil, notFound("Statistics of column %s not found.", in.ColumnName)
	}
	cur := t.current()
	return &empty{}, s.mu.journal.Commit(change{Op: dropStatistics, Database: cur.DatabaseName, Table: cur.Name, Values: in.PartitionValues, Column: name})
}

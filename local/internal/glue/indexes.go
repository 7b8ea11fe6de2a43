package glue

import (
	"slices"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

const maxIndexes = 3

type partitionIndex struct {
	Keys      []string
	IndexName string
}

type createIndexInput struct {
	tableRef
	PartitionIndex partitionIndex
}

// checkIndexes checks all partition indexes of a table.
func checkIndexes(keys []column, xs []partitionIndex) error {
	if len(xs) > maxIndexes {
		return awswire.Errorf(codeLimit, "A table has at most %d partition indexes", maxIndexes)
	}
	for i, x := range xs {
		if x.IndexName == "" || len(x.Keys) == 0 {
			return invalid("PartitionIndex: an index has a name and at least one key")
		}
		for _, y := range xs[:i] {
			if strings.EqualFold(x.IndexName, y.IndexName) {
				return exists("Index with the given indexName : %s already exists", x.IndexName)
			}
		}
		for _, k := range x.Keys {
			if keyIndex(keys, k) < 0 {
				return invalid("PartitionIndex.Keys: %q is not a partition key of the table", k)
			}
		}
	}
	return nil
}

func keyIndex(keys []column, name string) int {
	return slices.IndexFunc(keys, func(c column) bool { return strings.EqualFold(c.Name, name) })
}

func (s *Service) createPartitionIndex(in *createIndexInput) (*empty, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	xs := append(slices.Clone(t.indexes), in.PartitionIndex)
	cur := t.current()
	if err := checkIndexes(cur.PartitionKeys, xs); err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(change{Op: setIndexes, Database: cur.DatabaseName, Table: cur.Name, Indexes: xs})
}

type indexKey struct{ Name, Type string }

type indexDescriptor struct {
	IndexName   string
	Keys        []indexKey
	IndexStatus string
}

type indexesOutput struct {
	PartitionIndexDescriptorList []indexDescriptor
}

// getPartitionIndexes gives all of them: there are never enough for a second page.
func (s *Service) getPartitionIndexes(in *tableRef) (*indexesOutput, error) {
	t, err := s.mu.of(*in)
	if err != nil {
		return nil, err
	}
	out := &indexesOutput{[]indexDescriptor{}}
	for _, x := range t.indexes {
		d := indexDescriptor{IndexName: x.IndexName, IndexStatus: "ACTIVE"}
		for _, k := range x.Keys {
			typ := ""
			if i := keyIndex(t.current().PartitionKeys, k); i >= 0 {
				typ = t.current().PartitionKeys[i].Type
			}
			d.Keys = append(d.Keys, indexKey{k, typ})
		}
		out.PartitionIndexDescriptorList = append(out.PartitionIndexDescriptorList, d)
	}
	return out, nil
}

type deleteIndexInput struct {
	tableRef
	IndexName string
}

func (s *Service) deletePartitionIndex(in *deleteIndexInput) (*empty, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.indexes, func(x partitionIndex) bool { return strings.EqualFold(x.IndexName, in.IndexName) })
	if i < 0 {
		return nil, notFound("Index with the given indexName : %s does not exist", in.IndexName)
	}
	cur := t.current()
	return &empty{}, s.mu.journal.Commit(change{Op: setIndexes, Database: cur.DatabaseName, Table: cur.Name, Indexes: slices.Delete(slices.Clone(t.indexes), i, i+1)})
}

package glue

import (
	"hash/fnv"
	"math/bits"
	"slices"
)

// The service's limits on partitions.
const (
	maxPartitionPage   = 1000
	maxPartitionCreate = 100
	maxPartitionUpdate = 100
	maxPartitionDelete = 25
	maxPartitionGet    = 1000
	maxSegments        = 10
)

type createPartitionInput struct {
	tableRef
	PartitionInput partitionInput
}

func (s *Service) createPartition(in *createPartitionInput) (*empty, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	c, err := s.newPartition(t, in.PartitionInput)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(c)
}

// newPartition checks a partition that is not there yet.
func (s *Service) newPartition(t *tableState, in partitionInput) (change, error) {
	if err := t.checkPartition(in); err != nil {
		return change{}, err
	}
	if t.partition(in.Values) != nil {
		return change{}, exists("Partition already exists.")
	}
	cur := t.current()
	return change{Op: setPartition, Database: cur.DatabaseName, Table: cur.Name, Part: &partition{
		partitionInput: in, DatabaseName: cur.DatabaseName, TableName: cur.Name, CreationTime: now(), CatalogID: s.env.Account,
	}}, nil
}

func (t *tableState) checkPartition(in partitionInput) error {
	if err := t.checkValues(in.Values); err != nil {
		return err
	}
	if in.StorageDescriptor == nil {
		return nil
	}
	return checkColumns("PartitionInput.StorageDescriptor.Columns", in.StorageDescriptor.Columns)
}

// checkValues wants a value for each key.
func (t *tableState) checkValues(vs []string) error {
	keys := t.current().PartitionKeys
	if len(vs) == len(keys) && len(vs) > 0 {
		return nil
	}
	if len(keys) == 0 {
		return invalid("Table %s is not partitioned.", t.current().Name)
	}
	return invalid("The number of partition keys do not match the number of partition values: table %s has %d keys, %d values are given", t.current().Name, len(keys), len(vs))
}

func (t *tableState) partition(vs []string) *partition {
	p, _ := t.partitions.Get(&partition{partitionInput: partitionInput{Values: vs}})
	return p
}

func (t *tableState) foundPartition(vs []string) (*partition, error) {
	if err := t.checkValues(vs); err != nil {
		return nil, err
	}
	p := t.partition(vs)
	if p == nil {
		return nil, notFound("Cannot find partition.")
	}
	return p, nil
}

type partitionRef struct {
	tableRef
	PartitionValues []string
}

type partitionOutput struct{ Partition *partition }

func (s *Service) getPartition(in *partitionRef) (*partitionOutput, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	p, err := t.foundPartition(in.PartitionValues)
	if err != nil {
		return nil, err
	}
	return &partitionOutput{p}, nil
}

type segment struct{ SegmentNumber, TotalSegments int }

func (g *segment) check() error {
	switch {
	case g == nil:
		return nil
	case g.TotalSegments < 1 || g.TotalSegments > maxSegments:
		return invalid("Segment.TotalSegments: %d is not between 1 and %d", g.TotalSegments, maxSegments)
	case g.SegmentNumber < 0 || g.SegmentNumber >= g.TotalSegments:
		return invalid("Segment.SegmentNumber: %d is not between 0 and TotalSegments - 1, which is %d", g.SegmentNumber, g.TotalSegments-1)
	}
	return nil
}

// has says that the partition belongs to the segment; a nil segment has them all.
func (g *segment) has(p *partition) bool {
	if g == nil {
		return true
	}
	h := fnv.New64a()
	for _, v := range p.Values {
		_, _ = h.Write(append([]byte(v), 0)) // never fails
	}
	// The low bits of FNV are the good ones.
	hi, _ := bits.Mul64(bits.Reverse64(h.Sum64()), uint64(g.TotalSegments))
	return int(hi) == g.SegmentNumber
}

type getPartitionsInput struct {
	tableRef
	Expression          string
	NextToken           string
	Segment             *segment
	MaxResults          *int
	ExcludeColumnSchema bool
	TransactionID       string `json:"TransactionId"`
}

type partitionsOutput struct {
	Partitions []*partition
	NextToken  string `json:",omitempty"`
}

func (s *Service) getPartitions(in *getPartitionsInput) (*partitionsOutput, error) {
	if err := noTransaction(in.TransactionID); err != nil {
		return nil, err
	}
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	size, err := pageSize(in.MaxResults, maxPartitionPage)
	if err != nil {
		return nil, err
	}
	if err := in.Segment.check(); err != nil {
		return nil, err
	}
	var after []string
	if err := decodeToken(in.NextToken, &after); err != nil {
		return nil, err
	}
	filter, err := parseExpression(in.Expression, t.current().PartitionKeys)
	if err != nil {
		return nil, err
	}
	out := &partitionsOutput{Partitions: []*partition{}}
	for p := range t.partitions.From(func(p *partition) bool { return slices.Compare(p.Values, after) <= 0 && after != nil }) {
		if !in.Segment.has(p) || !filter.holds(p.Values) {
			continue
		}
		if len(out.Partitions) == size {
			out.NextToken = encodeToken(out.Partitions[size-1].Values)
			break
		}
		if in.ExcludeColumnSchema && p.StorageDescriptor != nil {
			c, sd := *p, *p.StorageDescriptor
			sd.Columns = nil
			c.StorageDescriptor = &sd
			p = &c
		}
		out.Partitions = append(out.Partitions, p)
	}
	return out, nil
}

type updatePartitionInput struct {
	tableRef
	PartitionValueList []string
	PartitionInput     partitionInput
}

func (s *Service) updatePartition(in *updatePartitionInput) (*empty, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	cs, err := t.replacePartition(in.PartitionValueList, in.PartitionInput)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(cs...)
}

// replacePartition changes a partition, and moves it when its values are new.
func (t *tableState) replacePartition(vs []string, in partitionInput) ([]change, error) {
	p, err := t.foundPartition(vs)
	if err != nil {
		return nil, err
	}
	if in.Values == nil {
		in.Values = vs
	}
	if err := t.checkPartition(in); err != nil {
		return nil, err
	}
	q := *p
	q.partitionInput = in
	c := change{Op: setPartition, Database: p.DatabaseName, Table: p.TableName, Part: &q}
	if slices.Equal(in.Values, vs) {
		return []change{c}, nil
	}
	if t.partition(in.Values) != nil {
		return nil, exists("Partition already exists.")
	}
	return []change{{Op: dropPartition, Database: p.DatabaseName, Table: p.TableName, Values: vs}, c}, nil
}

func (s *Service) deletePartition(in *partitionRef) (*empty, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	c, err := t.dropPartition(in.PartitionValues)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(c)
}

func (t *tableState) dropPartition(vs []string) (change, error) {
	p, err := t.foundPartition(vs)
	if err != nil {
		return change{}, err
	}
	return change{Op: dropPartition, Database: p.DatabaseName, Table: p.TableName, Values: vs}, nil
}

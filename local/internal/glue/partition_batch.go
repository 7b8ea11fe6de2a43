package glue

type partitionError struct {
	PartitionValues []string
	ErrorDetail     errorDetail
}

type batchPartitionsOutput struct {
	Errors []partitionError `json:",omitempty"`
}

type batchCreateInput struct {
	tableRef
	PartitionInputList []partitionInput
}

// batchCreatePartition makes what it can in one change, and says which could not be made.
func (s *Service) batchCreatePartition(in *batchCreateInput) (*batchPartitionsOutput, error) {
	if err := checkBatch("partitionInputList", len(in.PartitionInputList), maxPartitionCreate); err != nil {
		return nil, err
	}
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	b := batch{}
	for _, p := range in.PartitionInputList {
		c, err := s.newPartition(t, p)
		if err == nil && b.done[valuesKey(p.Values)] {
			err = exists("Partition already exists.")
		}
		if err := b.add(p.Values, err, c); err != nil {
			return nil, err
		}
	}
	return b.out(), s.mu.journal.Commit(b.cs...)
}

// batch gathers the changes of a batch, and the errors of what cannot be changed.
type batch struct {
	cs     []change
	errors []partitionError
	// done are the partitions that the batch has changed already.
	done map[string]bool
}

func (b *batch) add(vs []string, err error, cs ...change) error {
	if err != nil {
		d, err := detail(err)
		b.errors = append(b.errors, partitionError{vs, d})
		return err
	}
	b.cs = append(b.cs, cs...)
	if b.done == nil {
		b.done = map[string]bool{}
	}
	b.done[valuesKey(vs)] = true
	return nil
}

func (b *batch) out() *batchPartitionsOutput { return &batchPartitionsOutput{b.errors} }

type partitionValues struct{ Values []string }

type batchGetInput struct {
	tableRef
	PartitionsToGet []partitionValues
}

type batchGetOutput struct {
	Partitions      []*partition
	UnprocessedKeys []partitionValues
}

// batchGetPartition leaves out partitions that are not there, as the service does.
func (s *Service) batchGetPartition(in *batchGetInput) (*batchGetOutput, error) {
	if err := checkBatch("partitionsToGet", len(in.PartitionsToGet), maxPartitionGet); err != nil {
		return nil, err
	}
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	out := &batchGetOutput{Partitions: []*partition{}, UnprocessedKeys: []partitionValues{}}
	for _, v := range in.PartitionsToGet {
		if err := t.checkValues(v.Values); err != nil {
			return nil, err
		}
		if p := t.partition(v.Values); p != nil {
			out.Partitions = append(out.Partitions, p)
		}
	}
	return out, nil
}

type batchUpdateEntry struct {
	PartitionValueList []string
	PartitionInput     partitionInput
}

type batchUpdateInput struct {
	tableRef
	Entries []batchUpdateEntry
}

type updateError struct {
	PartitionValueList []string
	ErrorDetail        errorDetail
}

type batchUpdateOutput struct {
	Errors []updateError `json:",omitempty"`
}

// batchUpdatePartition does one entry after the other: an entry may move a partition to
// where another one has just left.
func (s *Service) batchUpdatePartition(in *batchUpdateInput) (*batchUpdateOutput, error) {
	if err := checkBatch("entries", len(in.Entries), maxPartitionUpdate); err != nil {
		return nil, err
	}
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	out := &batchUpdateOutput{}
	for _, e := range in.Entries {
		cs, err := t.replacePartition(e.PartitionValueList, e.PartitionInput)
		if err == nil {
			err = s.mu.journal.Commit(cs...)
		}
		if err != nil {
			d, err := detail(err)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, updateError{e.PartitionValueList, d})
		}
	}
	return out, nil
}

type batchDeleteInput struct {
	tableRef
	PartitionsToDelete []partitionValues
}

func (s *Service) batchDeletePartition(in *batchDeleteInput) (*batchPartitionsOutput, error) {
	if err := checkBatch("partitionsToDelete", len(in.PartitionsToDelete), maxPartitionDelete); err != nil {
		return nil, err
	}
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	b := batch{}
	for _, v := range in.PartitionsToDelete {
		c, err := t.dropPartition(v.Values)
		if err == nil && b.done[valuesKey(v.Values)] {
			err = notFound("Cannot find partition.")
		}
		if err := b.add(v.Values, err, c); err != nil {
			return nil, err
		}
	}
	return b.out(), s.mu.journal.Commit(b.cs...)
}

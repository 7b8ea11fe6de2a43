package glue

import (
	"slices"
	"strconv"
)

type versionInput struct {
	tableRef
	VersionID string `json:"VersionId"`
}

type tableVersion struct {
	Table     *table
	VersionID string `json:"VersionId"`
}

type versionOutput struct{ TableVersion tableVersion }

func (s *Service) getTableVersion(in *versionInput) (*versionOutput, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	if in.VersionID == "" {
		cur := t.current()
		return &versionOutput{tableVersion{cur, cur.VersionID}}, nil
	}
	i, err := t.version(in.VersionID)
	if err != nil {
		return nil, err
	}
	return &versionOutput{tableVersion{t.versions[i], in.VersionID}}, nil
}

func (t *tableState) version(id string) (int, error) {
	i := slices.IndexFunc(t.versions, func(v *table) bool { return v.VersionID == id })
	if i < 0 {
		return 0, notFound("Version %s of table %s not found.", id, t.current().Name)
	}
	return i, nil
}

type versionsInput struct {
	tableRef
	NextToken  string
	MaxResults *int
}

type versionsOutput struct {
	TableVersions []tableVersion
	NextToken     string `json:",omitempty"`
}

// getTableVersions gives the versions from the newest on.
func (s *Service) getTableVersions(in *versionsInput) (*versionsOutput, error) {
	t, err := s.mu.of(in.tableRef)
	if err != nil {
		return nil, err
	}
	size, err := pageSize(in.MaxResults, maxPage)
	if err != nil {
		return nil, err
	}
	below := -1
	if err := decodeToken(in.NextToken, &below); err != nil {
		return nil, err
	}
	out := &versionsOutput{TableVersions: []tableVersion{}}
	for _, v := range slices.Backward(t.versions) {
		n, err := strconv.Atoi(v.VersionID)
		if err != nil {
			return nil, err
		}
		if below >= 0 && n >= below {
			continue
		}
		if len(out.TableVersions) == size {
			out.NextToken = encodeToken(n + 1)
			break
		}
		out.TableVersions = append(out.TableVersions, tableVersion{v, v.VersionID})
	}
	return out, nil
}

func (s *Service) deleteTableVersion(in *versionInput) (*empty, error) {
	c, err := s.dropVersion(in.tableRef, in.VersionID)
	if err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(c)
}

func (s *Service) dropVersion(r tableRef, id string) (change, error) {
	t, err := s.mu.of(r)
	if err != nil {
		return change{}, err
	}
	i, err := t.version(id)
	if err != nil {
		return change{}, err
	}
	cur := t.current()
	if i == len(t.versions)-1 {
		return change{}, invalid("VersionId: %s is the current version of table %s; delete the table instead", id, cur.Name)
	}
	return change{Op: dropVersion, Database: cur.DatabaseName, Table: cur.Name, Number: id}, nil
}

type batchVersionsInput struct {
	tableRef
	VersionIDs []string `json:"VersionIds"`
}

type versionError struct {
	TableName   string
	VersionID   string `json:"VersionId"`
	ErrorDetail errorDetail
}

type batchVersionsOutput struct {
	Errors []versionError `json:",omitempty"`
}

func (s *Service) batchDeleteTableVersion(in *batchVersionsInput) (*batchVersionsOutput, error) {
	if err := checkBatch("versionIds", len(in.VersionIDs), maxPage); err != nil {
		return nil, err
	}
	if _, err := s.mu.of(in.tableRef); err != nil {
		return nil, err
	}
	out := &batchVersionsOutput{}
	for _, id := range in.VersionIDs {
		c, err := s.dropVersion(in.tableRef, id)
		if err == nil {
			err = s.mu.journal.Commit(c)
		}
		if err != nil {
			d, err := detail(err)
			if err != nil {
				return nil, err
			}
			out.Errors = append(out.Errors, versionError{in.TableName, id, d})
		}
	}
	return out, nil
}

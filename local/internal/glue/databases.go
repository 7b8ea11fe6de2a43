package glue

import (
	"maps"
	"slices"
)

const maxPage = 100

type createDatabaseInput struct {
	catalogID
	DatabaseInput databaseInput
	Tags          map[string]string
}

func (in *databaseInput) check() error {
	name, err := entityName("DatabaseInput.Name", in.Name)
	if err != nil {
		return err
	}
	in.Name = name
	if given(in.FederatedDatabase) {
		return invalid("DatabaseInput.FederatedDatabase: the local catalog has no federated databases; leave it out")
	}
	return nil
}

func (s *Service) createDatabase(in *createDatabaseInput) (*empty, error) {
	d := &in.DatabaseInput
	if err := d.check(); err != nil {
		return nil, err
	}
	if s.mu.databases[d.Name] != nil {
		return nil, exists("Database already exists.")
	}
	cs := []change{{Op: setDatabase, Def: &database{*d, now(), s.env.Account}}}
	if len(in.Tags) > 0 {
		if err := checkTags(in.Tags); err != nil {
			return nil, err
		}
		cs = append(cs, change{Op: setTags, ARN: s.databaseARN(d.Name), Tags: in.Tags})
	}
	return &empty{}, s.mu.journal.Commit(cs...)
}

type databaseRef struct {
	catalogID
	Name string
}

type databaseOutput struct{ Database database }

func (s *Service) getDatabase(in *databaseRef) (*databaseOutput, error) {
	d, err := s.mu.database(in.Name)
	if err != nil {
		return nil, err
	}
	return &databaseOutput{d.def}, nil
}

type pageInput struct {
	catalogID
	NextToken  string
	MaxResults *int
}

type databasesOutput struct {
	DatabaseList []database
	NextToken    string `json:",omitempty"`
}

func (s *Service) getDatabases(in *pageInput) (*databasesOutput, error) {
	names, next, err := paged(slices.Sorted(maps.Keys(s.mu.databases)), in.NextToken, in.MaxResults, maxPage)
	if err != nil {
		return nil, err
	}
	out := &databasesOutput{DatabaseList: []database{}, NextToken: next}
	for _, n := range names {
		out.DatabaseList = append(out.DatabaseList, s.mu.databases[n].def)
	}
	return out, nil
}

type updateDatabaseInput struct {
	databaseRef
	DatabaseInput databaseInput
}

func (s *Service) updateDatabase(in *updateDatabaseInput) (*empty, error) {
	d, err := s.mu.database(in.Name)
	if err != nil {
		return nil, err
	}
	if err := in.DatabaseInput.check(); err != nil {
		return nil, err
	}
	if in.DatabaseInput.Name != d.def.Name {
		return nil, invalid("DatabaseInput.Name: %q is not the database that Name names, and a database cannot be renamed", in.DatabaseInput.Name)
	}
	return &empty{}, s.mu.journal.Commit(change{Op: setDatabase, Def: &database{in.DatabaseInput, d.def.CreateTime, s.env.Account}})
}

// deleteDatabase takes the tables along, as the service does.
func (s *Service) deleteDatabase(in *databaseRef) (*empty, error) {
	d, err := s.mu.database(in.Name)
	if err != nil {
		return nil, err
	}
	cs := []change{{Op: dropDatabase, Database: d.def.Name}}
	cs = append(cs, s.untag(s.databaseARN(d.def.Name))...)
	for n := range d.tables {
		cs = append(cs, s.untag(s.tableARN(d.def.Name, n))...)
	}
	return &empty{}, s.mu.journal.Commit(cs...)
}

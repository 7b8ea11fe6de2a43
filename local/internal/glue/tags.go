package glue

import (
	"fmt"
	"maps"
	"strings"
)

func (s *Service) databaseARN(db string) string {
	return fmt.Sprintf("arn:aws:glue:%s:%s:database/%s", s.env.Region, s.env.Account, db)
}

func (s *Service) tableARN(db, name string) string {
	return fmt.Sprintf("arn:aws:glue:%s:%s:table/%s/%s", s.env.Region, s.env.Account, db, name)
}

// untag forgets the tags of what is deleted.
func (s *Service) untag(arn string) []change {
	if s.mu.tags[arn] == nil {
		return nil
	}
	return []change{{Op: setTags, ARN: arn}}
}

type tagsInput struct {
	ResourceArn  string
	TagsToAdd    map[string]string
	TagsToRemove []string
}

type tagsOutput struct{ Tags map[string]string }

const maxTags = 50

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Tags: %d are more than the %d that a resource may have", len(tags), maxTags)
	}
	for k, v := range tags {
		if len(k) < 1 || len(k) > 128 || len(v) > 256 {
			return invalid("Tags: %q has not a key of 1 to 128 and a value of 0 to 256 characters", k)
		}
	}
	return nil
}

// resource checks that an ARN names a database or table that is there, and gives it as
// the catalog keeps it.
func (s *Service) resource(arn string) (string, error) {
	a := strings.ToLower(arn)
	if db, ok := strings.CutPrefix(a, s.databaseARN("")); ok {
		if _, err := s.mu.database(db); err != nil {
			return "", err
		}
		return a, nil
	}
	if rest, ok := strings.CutPrefix(a, strings.TrimSuffix(s.tableARN("", ""), "/")); ok {
		db, name, _ := strings.Cut(rest, "/")
		if _, err := s.mu.table(db, name); err != nil {
			return "", err
		}
		return a, nil
	}
	return "", invalid("ResourceArn: %q is not the ARN of a database or table of this catalog", arn)
}

func (s *Service) getTags(in *tagsInput) (*tagsOutput, error) {
	arn, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &tagsOutput{cloneTags(s.mu.tags[arn])}, nil
}

func (s *Service) tagResource(in *tagsInput) (*empty, error) {
	arn, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := cloneTags(s.mu.tags[arn])
	maps.Copy(tags, in.TagsToAdd)
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	return &empty{}, s.mu.journal.Commit(change{Op: setTags, ARN: arn, Tags: tags})
}

func (s *Service) untagResource(in *tagsInput) (*empty, error) {
	arn, err := s.resource(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := cloneTags(s.mu.tags[arn])
	for _, k := range in.TagsToRemove {
		delete(tags, k)
	}
	return &empty{}, s.mu.journal.Commit(change{Op: setTags, ARN: arn, Tags: tags})
}

type functionsInput struct {
	catalogID
	DatabaseName string
	FunctionName string
}

type functionsOutput struct{ UserDefinedFunctions []empty }

// getUserDefinedFunctions answers that there are none: engines ask before they run.
func (s *Service) getUserDefinedFunctions(in *functionsInput) (*functionsOutput, error) {
	if in.DatabaseName != "" {
		if _, err := s.mu.database(in.DatabaseName); err != nil {
			return nil, err
		}
	}
	return &functionsOutput{[]empty{}}, nil
}

func (s *Service) getUserDefinedFunction(in *functionsInput) (*empty, error) {
	if _, err := s.mu.database(in.DatabaseName); err != nil {
		return nil, err
	}
	return nil, notFound("Function %s not found.", strings.ToLower(in.FunctionName))
}

type importStatus struct{ ImportCompleted bool }

type importOutput struct{ ImportStatus importStatus }

// getCatalogImportStatus answers what every catalog made since 2017 answers.
func (s *Service) getCatalogImportStatus(*catalogID) (*importOutput, error) {
	return &importOutput{importStatus{true}}, nil
}

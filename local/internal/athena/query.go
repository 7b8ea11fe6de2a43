package athena

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// query plans a SELECT, counts what it scans, runs it, and puts the result into S3.
func (s *Service) query(ctx context.Context, x *execution) error {
	q, err := parse(x.sql, x.params)
	if err != nil {
		return err
	}
	job := &Job{Query: q, Now: x.submitted.UTC(), Scratch: filepath.Join(s.env.Dir, scratchDir)}
	bytes, err := s.plan(ctx, x, job)
	s.mu.Lock()
	x.planned = time.Since(x.submitted)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if x.cutoff > 0 && bytes > x.cutoff {
		return &cutOffError{x.cutoff, bytes}
	}
	if s.engine == nil {
		return errors.New("the lake has no engine to run SELECTs: open it with local.Options.Athena set to duckdb.Engine() of local/duckdb")
	}
	out, err := s.newResult(x)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := s.engine.Run(ctx, job, out); err != nil {
		return err
	}
	s.mu.Lock()
	x.scanned, x.columns = bytes, out.columns
	s.mu.Unlock()
	return out.store(ctx)
}

// plan finds the table, the columns and the files of a query, and how many bytes it reads.
func (s *Service) plan(ctx context.Context, x *execution, job *Job) (int64, error) {
	sel, ok := job.Query.Body.(*trinosql.Select)
	if !ok {
		return 0, Errorf("NOT_SUPPORTED", job.Query, "the local Athena runs plain SELECTs")
	}
	if sel.From != nil {
		from, ok := sel.From.(*trinosql.Table)
		if !ok {
			return 0, Errorf("NOT_SUPPORTED", sel.From, "the local Athena reads one table")
		}
		var err error
		if job.Table, err = s.table(ctx, x, from); err != nil {
			return 0, err
		}
	}
	var err error
	if job.Scope, err = NewScope(job.Query, job.Table); err != nil {
		return 0, err
	}
	paths, err := job.Scope.References(job.Query)
	if err != nil || job.Table == nil {
		return 0, err
	}
	job.Columns = job.Scope.Top(paths)
	filter := newPartitionFilter(job.Scope, job.Query, job.Table)
	if err := filter.checkInjected(); err != nil {
		return 0, err
	}
	job.Files, err = s.files(ctx, job.Table, job.Now, filter.keeps)
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for i := range job.Files {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		f := &job.Files[i]
		if f.Meta, err = readFooter(f.Path); err != nil {
			return 0, err
		}
		total += scanned(f.Meta, paths)
	}
	return total, nil
}

// table finds the table that a query names.
func (s *Service) table(ctx context.Context, x *execution, from *trinosql.Table) (*catalog.Table, error) {
	database, name := x.database, from.Name.Last()
	switch parts := from.Name.Parts; {
	case len(parts) >= 2:
		database = parts[len(parts)-2].Key()
	case database == "":
		return nil, Errorf("MISSING_SCHEMA_NAME", from, "Schema must be specified when session schema is not set")
	}
	if strings.Contains(name, "$") {
		return nil, Errorf("NOT_SUPPORTED", from, "the local Athena does not read metadata tables such as %s", name)
	}
	out, err := s.glue.GetTable(ctx, &awsglue.GetTableInput{DatabaseName: &database, Name: &name})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		return nil, Errorf("TABLE_NOT_FOUND", from, "Table 'awsdatacatalog.%s.%s' does not exist", database, name)
	}
	if err != nil {
		return nil, fmt.Errorf("read table %s.%s from the catalog: %w", database, name, err)
	}
	t, err := catalog.FromGlue(out.Table)
	if err != nil {
		return nil, Errorf("HIVE_INVALID_METADATA", from, "%v", err)
	}
	if aws.ToString(out.Table.TableType) == "VIRTUAL_VIEW" {
		return nil, Errorf("NOT_SUPPORTED", from, "%s is a view, which the local Athena does not read", t)
	}
	if t.Format() != catalog.FormatParquet {
		return nil, Errorf("NOT_SUPPORTED", from, "%s is a table of format %s; the local Athena reads parquet", t, t.Format())
	}
	return t, nil
}

// parse reads a SELECT with the execution's parameters in it.
func parse(sql string, params []string) (*trinosql.Query, error) {
	n := 0
	stmt, err := trinosql.ParseBound(sql, func(p *trinosql.Param) (trinosql.Expr, error) {
		n = p.N + 1
		if p.N >= len(params) {
			return p, nil
		}
		v, err := trinosql.ParseExpr(params[p.N])
		if err != nil {
			return nil, Errorf("INVALID_PARAMETER_USAGE", p, "parameter %d is not an expression: %v", p.N+1, err)
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	q, ok := stmt.(*trinosql.Query)
	if !ok {
		return nil, Errorf("NOT_SUPPORTED", stmt, "the local Athena runs SELECTs")
	}
	if n != len(params) {
		return nil, Errorf("INVALID_PARAMETER_USAGE", nil, "Incorrect number of parameters: expected %d but found %d", n, len(params))
	}
	return q, nil
}

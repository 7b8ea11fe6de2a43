package athena

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

func isDDL(k trinosql.Kind) bool {
	switch k {
	case trinosql.KindCreateTable, trinosql.KindCreateDatabase, trinosql.KindDropTable, trinosql.KindDropDatabase,
		trinosql.KindAlterTable, trinosql.KindRepair:
		return true
	}
	return false
}

// ddl runs a statement on the catalog.
func (s *Service) ddl(ctx context.Context, x *execution) error {
	d, err := lexDDL(x.sql)
	if err != nil {
		return err
	}
	switch x.kind {
	case trinosql.KindCreateTable:
		err = s.createTable(ctx, x, d)
	case trinosql.KindCreateDatabase:
		err = s.createDatabase(ctx, d)
	case trinosql.KindDropTable:
		err = s.dropTable(ctx, x, d)
	case trinosql.KindDropDatabase:
		err = s.dropDatabase(ctx, d)
	case trinosql.KindAlterTable:
		err = s.addPartitions(ctx, x, d)
	case trinosql.KindRepair:
		err = s.repair(ctx, x, d)
	}
	if err != nil {
		return err
	}
	return s.put(ctx, x, x.output, bytes.NewReader(nil))
}

func (s *Service) createTable(ctx context.Context, x *execution, d *ddlParser) error {
	d.skip("CREATE", "EXTERNAL", "TABLE")
	there := d.accept("IF", "NOT", "EXISTS")
	t, err := catalog.FromDDL(withDatabase(x, d))
	if err != nil {
		return &Error{Code: "SYNTAX_ERROR", Message: err.Error()}
	}
	in, err := t.TableInput()
	if err != nil {
		return &Error{Code: "INVALID_TABLE_PROPERTY", Message: err.Error()}
	}
	_, err = s.glue.CreateTable(ctx, &awsglue.CreateTableInput{DatabaseName: aws.String(t.Database()), TableInput: in})
	return ignore[*gluetypes.AlreadyExistsException](err, there)
}

// withDatabase completes a table's name with the query's database, in the text, because
// that is what the catalog reads.
func withDatabase(x *execution, d *ddlParser) string {
	at := d.i
	if at+1 < len(d.toks) && d.toks[at+1].text == "." || x.database == "" || at >= len(d.toks) {
		return x.sql
	}
	pos := d.toks[at].pos
	return x.sql[:pos] + "`" + x.database + "`." + x.sql[pos:]
}

// ignore drops an error of type E if that was asked for.
func ignore[E error](err error, drop bool) error {
	var e E
	if drop && errors.As(err, &e) {
		return nil
	}
	return err
}

func (s *Service) createDatabase(ctx context.Context, d *ddlParser) error {
	d.skip("CREATE", "DATABASE", "SCHEMA")
	there := d.accept("IF", "NOT", "EXISTS")
	in := &gluetypes.DatabaseInput{Name: aws.String(d.name())}
	if d.accept("COMMENT") {
		in.Description = aws.String(d.text())
	}
	if d.accept("LOCATION") {
		in.LocationUri = aws.String(d.text())
	}
	if err := d.end(); err != nil {
		return err
	}
	_, err := s.glue.CreateDatabase(ctx, &awsglue.CreateDatabaseInput{DatabaseInput: in})
	return ignore[*gluetypes.AlreadyExistsException](err, there)
}

func (s *Service) dropTable(ctx context.Context, x *execution, d *ddlParser) error {
	d.skip("DROP", "TABLE")
	missing := d.accept("IF", "EXISTS")
	database, name := d.tableName(x)
	if err := d.end(); err != nil {
		return err
	}
	_, err := s.glue.DeleteTable(ctx, &awsglue.DeleteTableInput{DatabaseName: &database, Name: &name})
	return ignore[*gluetypes.EntityNotFoundException](err, missing)
}

func (s *Service) dropDatabase(ctx context.Context, d *ddlParser) error {
	d.skip("DROP", "DATABASE", "SCHEMA")
	missing := d.accept("IF", "EXISTS")
	name := d.name()
	cascade := d.accept("CASCADE")
	if !cascade {
		d.accept("RESTRICT")
	}
	if err := d.end(); err != nil {
		return err
	}
	if !cascade {
		tables, err := s.glue.GetTables(ctx, &awsglue.GetTablesInput{DatabaseName: &name})
		if err == nil && len(tables.TableList) > 0 {
			return &Error{Code: "SCHEMA_NOT_EMPTY", Message: fmt.Sprintf("Database %s is not empty. One or more tables exist.", name)}
		}
	}
	_, err := s.glue.DeleteDatabase(ctx, &awsglue.DeleteDatabaseInput{Name: &name})
	return ignore[*gluetypes.EntityNotFoundException](err, missing)
}

// addPartitions runs ALTER TABLE … ADD PARTITION.
func (s *Service) addPartitions(ctx context.Context, x *execution, d *ddlParser) error {
	d.skip("ALTER", "TABLE")
	database, name := d.tableName(x)
	if !d.accept("ADD") {
		return &Error{Code: "NOT_SUPPORTED", Message: "of ALTER TABLE the local Athena runs ADD PARTITION"}
	}
	there := d.accept("IF", "NOT", "EXISTS")
	t, sd, err := s.described(ctx, database, name)
	if err != nil {
		return err
	}
	var parts []gluetypes.PartitionInput
	for d.accept("PARTITION") {
		values, given := make([]string, len(t.Partitions())), 0
		d.want("(")
		for {
			column := strings.ToLower(d.name())
			d.want("=")
			i := slices.IndexFunc(t.Partitions(), func(p catalog.Partition) bool { return p.Name == column })
			if i < 0 {
				return &Error{Code: "COLUMN_NOT_FOUND", Message: fmt.Sprintf("%s is not a partition column of %s", column, t)}
			}
			values[i] = d.text()
			given++
			if !d.accept(",") {
				break
			}
		}
		d.want(")")
		if d.err == nil && given != len(values) {
			return &Error{Code: "SYNTAX_ERROR", Message: fmt.Sprintf("a partition of %s has %d values, this one has %d", t, len(values), given)}
		}
		at := ""
		if d.accept("LOCATION") {
			at = d.text()
		}
		p, err := partitionInput(t, sd, values, at)
		if err != nil {
			return err
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		d.want("PARTITION")
	}
	if err := d.end(); err != nil {
		return err
	}
	return s.createPartitions(ctx, t, parts, there)
}

// described reads a table and its storage.
func (s *Service) described(ctx context.Context, database, name string) (*catalog.Table, *gluetypes.StorageDescriptor, error) {
	out, err := s.glue.GetTable(ctx, &awsglue.GetTableInput{DatabaseName: &database, Name: &name})
	if err != nil {
		return nil, nil, err
	}
	t, err := catalog.FromGlue(out.Table)
	return t, out.Table.StorageDescriptor, err
}

func partitionInput(t *catalog.Table, sd *gluetypes.StorageDescriptor, values []string, at string) (gluetypes.PartitionInput, error) {
	if at == "" {
		var err error
		if at, err = t.PartitionLocation(values); err != nil {
			return gluetypes.PartitionInput{}, err
		}
	}
	own := *sd
	own.Location = &at
	return gluetypes.PartitionInput{Values: values, StorageDescriptor: &own}, nil
}

const partitionBatch = 100

func (s *Service) createPartitions(ctx context.Context, t *catalog.Table, parts []gluetypes.PartitionInput, there bool) error {
	for chunk := range slices.Chunk(parts, partitionBatch) {
		out, err := s.glue.BatchCreatePartition(ctx, &awsglue.BatchCreatePartitionInput{
			DatabaseName: aws.String(t.Database()), TableName: aws.String(t.Name()), PartitionInputList: chunk,
		})
		if err != nil {
			return err
		}
		for _, e := range out.Errors {
			if e.ErrorDetail == nil || there && aws.ToString(e.ErrorDetail.ErrorCode) == "AlreadyExistsException" {
				continue
			}
			return fmt.Errorf("partition %v: %s: %s", e.PartitionValues, aws.ToString(e.ErrorDetail.ErrorCode), aws.ToString(e.ErrorDetail.ErrorMessage))
		}
	}
	return nil
}

// repair runs MSCK REPAIR TABLE: it registers the partitions whose folders are there.
func (s *Service) repair(ctx context.Context, x *execution, d *ddlParser) error {
	d.skip("MSCK", "REPAIR", "TABLE")
	database, name := d.tableName(x)
	if err := d.end(); err != nil {
		return err
	}
	t, sd, err := s.described(ctx, database, name)
	if err != nil {
		return err
	}
	base, err := parseLocation(t.Location())
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var parts []gluetypes.PartitionInput
	var perr error
	s.walk(base, func(object location, _ string) bool {
		if seen[object.folder()] {
			return true
		}
		seen[object.folder()] = true
		if values, ok := t.PartitionOf(object.String()); ok && len(values) > 0 {
			var p gluetypes.PartitionInput
			p, perr = partitionInput(t, sd, values, "")
			parts = append(parts, p)
		}
		return perr == nil
	})
	if perr != nil {
		return perr
	}
	return s.createPartitions(ctx, t, parts, true)
}

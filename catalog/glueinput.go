package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxComment is how long Glue lets a column's comment be.
const maxComment = 255

// TableInput gives the table as Glue's CreateTable takes it. A table without a location
// cannot be created so, nor can an Iceberg table, which in Glue is a pointer to metadata
// that has to exist: Athena makes both from [Table.DDL].
func (t *Table) TableInput() (*gluetypes.TableInput, error) {
	switch {
	case t.format == FormatIceberg:
		return nil, fmt.Errorf("catalog: table %s: in Glue an Iceberg table is a pointer to its metadata: create it with the statement that DDL gives", t)
	case t.location == "":
		return nil, fmt.Errorf("catalog: table %s: %w", t, errNoLocation)
	}
	s := t.effectiveSerde()
	in := &gluetypes.TableInput{
		Name:       aws.String(t.name),
		TableType:  aws.String("EXTERNAL_TABLE"),
		Parameters: t.Parameters(),
		// Athena fails on tables whose PartitionKeys are absent, so an empty list is sent.
		PartitionKeys: []gluetypes.Column{},
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns:      glueColumns(t.fields),
			Location:     aws.String(t.location),
			InputFormat:  aws.String(s.input),
			OutputFormat: aws.String(s.output),
			SerdeInfo: &gluetypes.SerDeInfo{
				SerializationLibrary: aws.String(s.library),
				Parameters:           s.params,
			},
		},
	}
	if t.comment != "" {
		in.Description = aws.String(t.comment)
	}
	for _, p := range t.partitions {
		in.PartitionKeys = append(in.PartitionKeys, glueColumn(p.Name, p.Type, p.Comment))
	}
	return in, nil
}

func glueColumns(fields []Field) []gluetypes.Column {
	cols := make([]gluetypes.Column, 0, len(fields))
	for _, f := range fields {
		cols = append(cols, glueColumn(f.Name, f.Type, f.Comment))
	}
	return cols
}

func glueColumn(name string, ty Type, comment string) gluetypes.Column {
	c := gluetypes.Column{Name: aws.String(name), Type: aws.String(ty.String())}
	if comment != "" {
		c.Comment = aws.String(comment)
	}
	return c
}

// FromGlue gives the table that Glue's GetTable describes. Derivations come from its
// lakekit.derive parameters. How an Iceberg table is partitioned, and which of its
// timestamps are timestamptz, Glue does not know. Views are refused.
func FromGlue(in *gluetypes.Table) (*Table, error) {
	if in == nil {
		return nil, errors.New("catalog: no Glue table given")
	}
	name := aws.ToString(in.DatabaseName) + "." + aws.ToString(in.Name)
	t, err := fromGlue(in)
	if err != nil {
		return nil, fmt.Errorf("catalog: table %q: %w", name, err)
	}
	return t, nil
}

func fromGlue(in *gluetypes.Table) (*Table, error) {
	sd := in.StorageDescriptor
	switch {
	case strings.Contains(aws.ToString(in.TableType), "VIEW"):
		return nil, errors.New("it is a view, and has no files of its own")
	case in.TargetTable != nil:
		return nil, fmt.Errorf("it is a link to table %q of database %q: read that one", aws.ToString(in.TargetTable.Name), aws.ToString(in.TargetTable.DatabaseName))
	case sd == nil:
		return nil, errors.New("it has no storage descriptor, so neither columns nor a location")
	}
	d := &described{
		database: aws.ToString(in.DatabaseName), name: aws.ToString(in.Name),
		params: in.Parameters, location: aws.ToString(sd.Location), comment: aws.ToString(in.Description),
		serde: serde{input: aws.ToString(sd.InputFormat), output: aws.ToString(sd.OutputFormat)},
	}
	if sd.SerdeInfo != nil {
		d.serde.library, d.serde.params = aws.ToString(sd.SerdeInfo.SerializationLibrary), sd.SerdeInfo.Parameters
	}
	var err1, err2 error
	d.columns, err1 = fieldsOf(sd.Columns)
	d.keys, err2 = fieldsOf(in.PartitionKeys)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return d.table()
}

func fieldsOf(cols []gluetypes.Column) ([]Field, error) {
	var fields []Field
	var errs []error
	for _, c := range cols {
		if c.Parameters["iceberg.field.current"] == "false" {
			continue // a column of an earlier schema, kept for show
		}
		f := Field{Name: strings.ToLower(aws.ToString(c.Name)), Comment: aws.ToString(c.Comment)}
		var err error
		if f.Type, err = ParseType(aws.ToString(c.Type)); err != nil {
			errs = append(errs, fmt.Errorf("column %s: %w", f.Name, errors.Unwrap(err)))
			continue
		}
		f.Required = c.Parameters["iceberg.field.optional"] == "false"
		if id, ok := leadingInt(c.Parameters["iceberg.field.id"], len(c.Parameters["iceberg.field.id"])); ok {
			f.ID = id
		}
		fields = append(fields, f)
	}
	return fields, errors.Join(errs...)
}

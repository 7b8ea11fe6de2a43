package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Format is how a table's files are written.
type Format string

// The formats. An Iceberg table's files are Parquet.
const (
	FormatParquet Format = "parquet"
	FormatJSON    Format = "json"
	FormatCSV     Format = "csv"
	FormatIceberg Format = "iceberg"
)

// Table is what a table is. It is immutable and safe for concurrent use.
type Table struct {
	database, name string
	location       string
	comment        string
	format         Format
	fields         []Field // in the files
	record         []Field // in a record
	partitions     []Partition
	template       string            // storage.location.template
	extra          map[string]string // parameters that nothing else implies
	serde          serde             // of tables that others made
	foreign        bool              // others made it: taken as it is
}

// TableOptions are the parts of a table beside its fields.
type TableOptions struct {
	// Location is where its files lie, such as s3://lake/raw/clicks/; [Lake] makes it.
	// Empty means that the catalog does not say (nothing can then be written to it).
	Location string
	// PartitionBy are the partition columns; [By] makes them.
	PartitionBy []Partition
	// ProjectSince is the first day that the table has data for. Then partition columns
	// that have no projection of their own get one: times from this day to now, hours 0 to
	// 23, buckets 0 to their count; others need [Partition.Project]. A row whose time lies
	// ahead of the clock is not found until its partition's time has come. The zero Date means
	// that partitions are registered in the catalog, unless they say otherwise.
	ProjectSince Date
	// Format is how the files are written. Empty means [FormatParquet].
	Format Format
	// Template is where a partition lies, with ${column} for each column. Empty means
	// column=value/ folders below Location.
	Template string
	// Comment is shown by the catalog.
	Comment string
	// Parameters are further table parameters, such as those of encryption, compression or
	// other tools. Those that the table itself implies (classification, projection.*,
	// lakekit.* and so on) are refused.
	Parameters map[string]string
}

// New makes a table of fields, such as those that [InferJSON] finds. [Define] makes one of
// a Go struct. Every complaint is reported at once.
func New(name string, fields []Field, opts *TableOptions) (*Table, error) {
	t, err := newTable(name, fields, opts)
	if err != nil {
		return nil, fmt.Errorf("catalog: table %q: %w", name, err)
	}
	return t, nil
}

func newTable(name string, fields []Field, opts *TableOptions) (*Table, error) {
	if opts == nil {
		opts = &TableOptions{}
	}
	t := &Table{
		location: opts.Location, comment: opts.Comment, format: opts.Format, template: opts.Template,
		extra: maps.Clone(opts.Parameters), record: cloneFields(fields), partitions: slices.Clone(opts.PartitionBy),
	}
	if t.format == "" {
		t.format = FormatParquet
	}
	errs := []error{t.setName(name)}
	switch t.format {
	case FormatParquet, FormatJSON, FormatCSV, FormatIceberg:
	default:
		errs = append(errs, fmt.Errorf("Format: %q is unknown (known are parquet, json, csv, iceberg)", t.format))
	}
	errs = append(errs, t.finish(opts.ProjectSince)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Table) setName(name string) error {
	var ok bool
	if t.database, t.name, ok = strings.Cut(name, "."); !ok || !validName(t.database) || !validName(t.name) {
		return errors.New("name: it is written database.table, in lower-case letters, digits and underscores")
	}
	return nil
}

// Database is the first part of the table's name.
func (t *Table) Database() string { return t.database }

// Name is the second part of the table's name.
func (t *Table) Name() string { return t.name }

// String gives both parts, such as web.clicks_raw.
func (t *Table) String() string { return t.database + "." + t.name }

// Location is where the table's files lie. It ends with a slash.
func (t *Table) Location() string { return t.location }

// Comment is the table's comment.
func (t *Table) Comment() string { return t.comment }

// Format is how the table's files are written.
func (t *Table) Format() Format { return t.format }

// Fields are the columns in the table's files, in their order.
func (t *Table) Fields() []Field { return slices.Clone(t.fields) }

// RecordFields are the fields that a record carries: those of [Table.Fields], and behind
// them the partition columns of a Hive table that are the identity of a field of the same
// name, which is then not in the files.
func (t *Table) RecordFields() []Field { return slices.Clone(t.record) }

// Partitions are the partition columns, in their order.
func (t *Table) Partitions() []Partition { return slices.Clone(t.partitions) }

// Projected says whether Athena works out the table's partitions, so that none has to be
// registered.
func (t *Table) Projected() bool {
	return len(t.partitions) > 0 && !t.partitions[0].Projection.IsZero()
}

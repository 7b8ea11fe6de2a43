package athena

import (
	"context"
	"time"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/parquetmeta"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// Engine runs queries over files. local/duckdb has one.
type Engine interface {
	// Run runs the job until it is done or ctx ends. It calls out.Columns once, and then
	// out.Row for each row.
	Run(ctx context.Context, job *Job, out Sink) error
	// Close ends the engine. It runs no job then.
	Close() error
}

// Sink takes a result.
type Sink interface {
	Columns([]Column) error
	// Row takes the values as Athena writes them; nil is NULL.
	Row([]*string) error
}

// Column is a column of a result.
type Column struct {
	Name string
	// Type is the type's name in Athena's results, without arguments: varchar, decimal, array.
	Type string
	// Precision and Scale are what Athena says of them for the type.
	Precision, Scale int
}

// Job is a query that is ready to run.
type Job struct {
	Query *trinosql.Query
	// Table is nil for a query without FROM.
	Table *catalog.Table
	// Scope tells what the names in Query mean.
	Scope *Scope
	// Columns are the columns of the table that the query names, each once, in the table's order,
	// partition columns too.
	Columns []string
	// Files are the files to read.
	Files []File
	// Now is the time of the query.
	Now time.Time
	// Scratch is a folder for what does not fit the memory.
	Scratch string
}

// File is one object of the table.
type File struct {
	// Path is the file that holds it.
	Path string
	// Partition has a value per partition column.
	Partition []string
	// Meta is its footer.
	Meta *parquetmeta.File
}

// Error is a query's own mistake, in Athena's words.
type Error struct {
	// Code is Trino's name for it, such as COLUMN_NOT_FOUND or NOT_SUPPORTED.
	Code string
	// At is where in the statement it is, if it is anywhere.
	At      trinosql.Pos
	Message string
}

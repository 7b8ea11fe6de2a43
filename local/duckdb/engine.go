//go:build cgo

package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/lakekit/lakekit/internal/sqltext"
	"github.com/lakekit/lakekit/local/internal/athena"
)

// Available says whether queries can run: whether the program was built with cgo.
const Available = true

const (
	memoryLimit = "256MiB"
	threads     = 2
)

// engine is a DuckDB in memory, opened with the first query.
type engine struct {
	mu struct {
		sync.Mutex
		db     *sql.DB
		closed bool
	}
}

func newEngine() *engine { return &engine{} }

// open gives the database.
func (e *engine) open(scratch string) (*sql.DB, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.closed {
		return nil, errors.New("duckdb: the engine is closed")
	}
	if e.mu.db != nil {
		return e.mu.db, nil
	}
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: open: %w", err)
	}
	db := sql.OpenDB(connector)
	for _, set := range []string{
		fmt.Sprintf("SET memory_limit='%s'", memoryLimit),
		fmt.Sprintf("SET threads=%d", threads),
		"SET temp_directory=" + sqltext.Literal(scratch),
		"SET autoinstall_known_extensions=false",
		"SET autoload_known_extensions=false",
		"SET enable_progress_bar=false",
		"SET preserve_insertion_order=false",
		"SET GLOBAL TimeZone='UTC'",
	} {
		if _, err := db.ExecContext(context.Background(), set); err != nil {
			return nil, errors.Join(fmt.Errorf("duckdb: %s: %w", set, err), db.Close())
		}
	}
	e.mu.db = db
	return db, nil
}

// Run is [athena.Engine]'s.
func (e *engine) Run(ctx context.Context, job *athena.Job, out athena.Sink) error {
	text, err := translate(job)
	if err != nil {
		return err
	}
	db, err := e.open(job.Scratch)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return failure(ctx, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	render := make([]renderer, len(types))
	columns := make([]athena.Column, len(types))
	for i, t := range types {
		if columns[i], render[i], err = columnOf(t.Name(), t.DatabaseTypeName()); err != nil {
			return err
		}
	}
	if err := out.Columns(columns); err != nil {
		return err
	}
	values, targets, texts := make([]any, len(types)), make([]any, len(types)), make([]*string, len(types))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("duckdb: %w", err)
		}
		for i, v := range values {
			texts[i] = nil
			if v == nil {
				continue
			}
			s, err := render[i](v)
			if err != nil {
				return err
			}
			texts[i] = &s
		}
		if err := out.Row(texts); err != nil {
			return err
		}
	}
	return failure(ctx, rows.Err())
}

// failure tells the query's own mistakes from others.
func failure(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	var d *duck.Error
	if !errors.As(err, &d) {
		return fmt.Errorf("duckdb: %w", err)
	}
	text := d.Msg
	for _, own := range []struct{ in, code string }{
		{"Division by zero", "DIVISION_BY_ZERO"},
		{"Array subscript", "INVALID_FUNCTION_ARGUMENT"},
		{"Key not present", "INVALID_FUNCTION_ARGUMENT"},
		{"Cannot cast", "INVALID_CAST_ARGUMENT"},
	} {
		if i := strings.Index(text, own.in); i >= 0 {
			return &athena.Error{Code: own.code, Message: text[i:]}
		}
	}
	switch d.Type {
	case duck.ErrorTypeConversion:
		// DuckDB's message shows the value, which is somebody's data.
		return &athena.Error{Code: "INVALID_CAST_ARGUMENT", Message: "a value cannot be cast to the type that the query asks for"}
	case duck.ErrorTypeOutOfRange:
		return &athena.Error{Code: "NUMERIC_VALUE_OUT_OF_RANGE", Message: "a number is out of the range of its type"}
	}
	return fmt.Errorf("duckdb: %w", err)
}

// Close is [athena.Engine]'s.
func (e *engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.closed = true
	if e.mu.db == nil {
		return nil
	}
	db := e.mu.db
	e.mu.db = nil
	return db.Close()
}

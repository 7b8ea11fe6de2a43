package athena

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Row is a row of a result whose columns are not known beforehand: Rows[Row] gives any
// result.
type Row struct {
	// Columns are the result's columns; all rows share them.
	Columns []ResultColumn
	// Values are the texts that Athena sends. Nil is NULL.
	Values []*string
}

// ResultColumn is a column of a result.
type ResultColumn struct {
	Name string
	// Type is the type's name in Athena's queries, such as varchar or decimal(10,2).
	Type string
}

// Query runs a statement and gives its rows: [Client.Run], then [Rows]. What the statement
// cost is known from Run alone.
func Query[T any](ctx context.Context, c *Client, q Statement) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		run, err := c.Run(ctx, q)
		if err != nil {
			yield(*new(T), err)
			return
		}
		Rows[T](ctx, run)(yield)
	}
}

// Rows gives the rows of a result, as T. It reads one page of at most 1000 rows at a time,
// when it is needed, and the result from its begin each time that it is ranged over. An
// error is the last thing that it gives.
//
// Each column of the result goes into the field of T that has its name in the tag athena
// or json, or has it as its own, in whatever case. Before the first row the columns are
// held against T: columns without a field, fields without a column, and types that do not
// fit are one error, with every complaint. Types fit as follows.
//
//	boolean                     bool
//	tinyint to bigint           integers of at least that size, unsigned ones, catalog.Decimal
//	real, double                float64, and float32 for real
//	decimal                     catalog.Decimal
//	varchar, char, uuid, …      string
//	date                        catalog.Date
//	timestamp, also with zone   time.Time (UTC without a zone)
//	varbinary                   []byte
//	nested (as JSON text)       structs, slices, arrays, maps, json.RawMessage
//
// Any type that has UnmarshalText reads any column. NULL is nil in a pointer, a slice and
// a map, not valid in an [database/sql.Null], and else the zero value. If T is none of these
// structs but one of the types above, the result has one column. [Row] takes any result.
func Rows[T any](ctx context.Context, run *Run) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if run == nil {
			yield(zero, errors.New("athena: rows: there is no run: look at the error that Client.Run gave beside it"))
			return
		}
		var plan *plan
		n := 0
		for page, err := range run.pages(ctx) {
			if err == nil && plan == nil {
				plan, err = newPlan(reflect.TypeFor[T](), page.columns)
				if err != nil {
					err = fmt.Errorf("athena: query %s: its result does not fit %s: %w", run.ID, reflect.TypeFor[T](), err)
				}
			}
			if err != nil {
				yield(zero, err)
				return
			}
			for _, r := range page.rows {
				n++
				var v T
				if err := plan.decode(r.Data, reflect.ValueOf(&v).Elem()); err != nil {
					yield(zero, fmt.Errorf("athena: query %s: row %d: %w", run.ID, n, err))
					return
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// Columns are the columns of the result.
func (r *Run) Columns(ctx context.Context) ([]ResultColumn, error) {
	one := int32(1)
	out, err := r.client.api.GetQueryResults(ctx, &awsathena.GetQueryResultsInput{QueryExecutionId: &r.ID, MaxResults: &one})
	if err != nil {
		return nil, r.readError(ctx, err)
	}
	return resultColumns(out.ResultSet), nil
}

// page is part of a result, without the header.
type page struct {
	columns []ResultColumn
	rows    []athenatypes.Row
}

// pages gives the result's pages, at least one.
func (r *Run) pages(ctx context.Context) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		var token *string
		for first := true; first || token != nil; first = false {
			out, err := r.client.api.GetQueryResults(ctx, &awsathena.GetQueryResultsInput{QueryExecutionId: &r.ID, NextToken: token})
			if err != nil {
				yield(page{}, r.readError(ctx, err))
				return
			}
			p := page{columns: resultColumns(out.ResultSet)}
			if out.ResultSet != nil {
				p.rows = out.ResultSet.Rows
			}
			if first && r.Kind == athenatypes.StatementTypeDml && isHeader(p) {
				p.rows = p.rows[1:]
			}
			if !yield(p, nil) {
				return
			}
			token = out.NextToken
		}
	}
}

// readError leaves ctx's own error as it is.
func (r *Run) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("athena: read the result of query %s: %w", r.ID, err)
}

// isHeader says whether the first row repeats the columns' names, as that of a SELECT does.
func isHeader(p page) bool {
	return len(p.rows) > 0 && slices.EqualFunc(p.rows[0].Data, p.columns, func(d athenatypes.Datum, c ResultColumn) bool {
		return d.VarCharValue != nil && *d.VarCharValue == c.Name
	})
}

func resultColumns(rs *athenatypes.ResultSet) []ResultColumn {
	if rs == nil || rs.ResultSetMetadata == nil {
		return nil
	}
	var out []ResultColumn
	for _, c := range rs.ResultSetMetadata.ColumnInfo {
		rc := ResultColumn{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
		if rc.Type == "decimal" && c.Precision > 0 {
			rc.Type = fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale)
		}
		out = append(out, rc)
	}
	return out
}

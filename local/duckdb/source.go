package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/sqltext"
	"github.com/lakekit/lakekit/local/internal/athena"
)

// rel is what the table is called inside a query.
const rel = `"_t"`

// source writes what a job reads: a subquery with the columns that the query names, of the
// table's types, whichever of them the files have.
func source(job *athena.Job) (string, error) {
	if job.Table == nil {
		return "", nil
	}
	types := map[string]catalog.Type{}
	for _, f := range job.Table.Fields() {
		types[f.Name] = f.Type
	}
	partition := map[string]int{}
	for i, p := range job.Table.Partitions() {
		if _, ok := types[p.Name]; !ok {
			types[p.Name] = p.Type
			partition[p.Name] = i
		}
	}
	present := map[string]bool{}
	for _, f := range job.Files {
		for _, c := range f.Meta.Schema.Children {
			present[strings.ToLower(c.Name)] = true
		}
	}
	var items []string
	values := false
	for _, name := range job.Columns {
		t, err := duckType(types[name])
		if err != nil {
			return "", fmt.Errorf("column %s: %w", name, err)
		}
		from := "NULL"
		if i, ok := partition[name]; ok && len(job.Files) > 0 {
			from, values = fmt.Sprintf("_p.p%d", i), true
		} else if present[name] {
			from = "_f." + sqltext.Quote(name)
			if classOf(types[name]) == nested {
				t = "" // the file's own type is the same, and a cast would be by position
			}
		}
		if t != "" {
			from = fmt.Sprintf("CAST(%s AS %s)", from, t)
		}
		items = append(items, from+" AS "+sqltext.Quote(name))
	}
	if len(items) == 0 {
		items = []string{"1"}
	}
	if len(job.Files) == 0 {
		return fmt.Sprintf("(SELECT %s WHERE false) AS %s", strings.Join(items, ", "), rel), nil
	}
	var paths, rows []string
	for _, f := range job.Files {
		paths = append(paths, sqltext.Literal(f.Path))
		row := []string{sqltext.Literal(f.Path)}
		for _, v := range f.Partition {
			row = append(row, sqltext.Literal(v))
		}
		rows = append(rows, "("+strings.Join(row, ",")+")")
	}
	sql := fmt.Sprintf("(SELECT %s FROM read_parquet([%s], union_by_name=%v, hive_partitioning=false, filename=%v) AS _f",
		strings.Join(items, ", "), strings.Join(paths, ","), !sameColumns(job.Files), values)
	if values {
		names := []string{"filename"}
		for i := range job.Table.Partitions() {
			names = append(names, fmt.Sprintf("p%d", i))
		}
		sql += fmt.Sprintf(" JOIN (VALUES %s) AS _p(%s) ON _f.filename = _p.filename", strings.Join(rows, ","), strings.Join(names, ","))
	}
	return sql + ") AS " + rel, nil
}

// sameColumns says whether all files have the same columns, so that DuckDB need not look at
// each first.
func sameColumns(files []athena.File) bool {
	var first []string
	for i, f := range files {
		var names []string
		for _, c := range f.Meta.Schema.Children {
			names = append(names, c.Name)
		}
		if i == 0 {
			first = names
		} else if !slices.Equal(first, names) {
			return false
		}
	}
	return true
}

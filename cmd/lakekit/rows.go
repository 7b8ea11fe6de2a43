package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/lakekit/lakekit/athena"
)

// rowWriter writes a result.
type rowWriter interface {
	head(columns []athena.ResultColumn) error
	row(values []*string) error
	end() error
}

// print writes the rows of a run to standard output and says how many they were.
func (q *querying) print(ctx context.Context, e *env, run *athena.Run) (n int, err error) {
	columns, err := run.Columns(ctx)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	var w rowWriter
	switch {
	case q.json:
		w = &jsonRows{out: out}
	case q.csv:
		w = &csvRows{out: out}
	default:
		w = &textRows{out: out}
	}
	if err := w.head(columns); err != nil {
		return 0, err
	}
	for row, err := range athena.Rows[athena.Row](ctx, run) {
		if err != nil {
			return n, err
		}
		if err := w.row(row.Values); err != nil {
			return n, err
		}
		n++
	}
	if err := w.end(); err != nil {
		return n, err
	}
	return n, out.Flush()
}

// isNumber tells a type whose values are numbers.
func isNumber(typ string) bool {
	typ, _, _ = strings.Cut(typ, "(")
	switch typ {
	case "tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal":
		return true
	}
	return false
}

// jsonRows writes an object per line, with its members in the order of the columns.
type jsonRows struct {
	out     *bufio.Writer
	columns []athena.ResultColumn
	names   [][]byte
}

func (w *jsonRows) head(columns []athena.ResultColumn) error {
	w.columns = columns
	for _, c := range columns {
		w.names = append(w.names, jsonText(c.Name))
	}
	return nil
}

func (w *jsonRows) row(values []*string) error {
	for i, v := range values {
		_ = w.out.WriteByte("{,"[min(i, 1)]) // a bufio.Writer keeps its error, and the last write gives it
		_, _ = w.out.Write(w.names[i])
		_ = w.out.WriteByte(':')
		_, _ = w.out.Write(jsonValue(w.columns[i].Type, v))
	}
	_, err := w.out.WriteString("}\n")
	return err
}

func (w *jsonRows) end() error { return nil }

// jsonValue keeps a number's text as Athena sent it. NaN and Infinity, which JSON does not
// have, stay text.
func jsonValue(typ string, v *string) []byte {
	switch {
	case v == nil:
		return []byte("null")
	case isNumber(typ) && json.Valid([]byte(*v)), typ == "boolean" && (*v == "true" || *v == "false"):
		return []byte(*v)
	}
	return jsonText(*v)
}

func jsonText(s string) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always has a text
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// csvRows writes CSV in which NULL and the empty text differ.
type csvRows struct{ out *bufio.Writer }

func (w *csvRows) head(columns []athena.ResultColumn) error {
	names := make([]*string, len(columns))
	for i := range columns {
		names[i] = &columns[i].Name
	}
	return w.row(names)
}

func (w *csvRows) row(values []*string) error {
	for i, v := range values {
		if i > 0 {
			_ = w.out.WriteByte(',') // as above, WriteByte below gives the error
		}
		switch {
		case v == nil:
		case *v == "" || strings.ContainsAny(*v, ",\"\r\n") || strings.TrimSpace(*v) != *v:
			_, _ = w.out.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
		default:
			_, _ = w.out.WriteString(*v)
		}
	}
	return w.out.WriteByte('\n')
}

func (w *csvRows) end() error { return nil }

// measured is how many rows the widths of a text's columns are taken from.
const measured = 1000

// textRows writes an aligned table for people. The first rows say how wide the columns are.
type textRows struct {
	out    *bufio.Writer
	right  []bool
	names  []string
	first  [][]string
	widths []int // nil until they are known
}

func (w *textRows) head(columns []athena.ResultColumn) error {
	for _, c := range columns {
		w.names = append(w.names, shown(&c.Name))
		w.right = append(w.right, isNumber(c.Type))
	}
	return nil
}

func (w *textRows) row(values []*string) error {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = shown(v)
	}
	if w.widths != nil {
		return w.line(cells)
	}
	w.first = append(w.first, cells)
	if len(w.first) < measured {
		return nil
	}
	return w.end()
}

// end writes the head and the rows that were held back.
func (w *textRows) end() error {
	if w.widths != nil {
		return nil
	}
	w.widths = make([]int, len(w.names))
	rule := make([]string, len(w.names))
	for i, name := range w.names {
		w.widths[i] = utf8.RuneCountInString(name)
		for _, row := range w.first {
			w.widths[i] = max(w.widths[i], utf8.RuneCountInString(row[i]))
		}
		rule[i] = strings.Repeat("-", w.widths[i])
	}
	for _, row := range append([][]string{w.names, rule}, w.first...) {
		if err := w.line(row); err != nil {
			return err
		}
	}
	w.first = nil
	return nil
}

func (w *textRows) line(cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		gap := strings.Repeat(" ", max(0, w.widths[i]-utf8.RuneCountInString(c)))
		if i > 0 {
			b.WriteString("  ")
		}
		if w.right[i] {
			b.WriteString(gap + c)
		} else {
			b.WriteString(c + gap)
		}
	}
	_, err := io.WriteString(w.out, strings.TrimRight(b.String(), " ")+"\n")
	return err
}

// shown is a value in a terminal: on one line, without what would steer the terminal.
func shown(v *string) string {
	if v == nil {
		return "NULL"
	}
	var b strings.Builder
	for _, r := range *v {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

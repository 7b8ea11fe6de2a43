package catalog

import (
	"fmt"
	"strings"
)

// InferOptions are the choices of [InferJSON] and [InferCSV].
type InferOptions struct {
	// MaxRecords ends the reading after so many records. Zero means all.
	MaxRecords int64
	// Times makes a column whose every text is a date (2026-05-24) a date, and one whose
	// every text is a time (2026-05-24T09:30:00Z, with T or a blank, a fraction and an offset
	// or neither) a timestamp. False means that texts are strings.
	Times bool
	// Columns names the columns of a CSV file without a header. Empty means that a header is
	// looked for, and that columns are called col1, col2 and so on if there is none.
	Columns []string
	// Delimiter separates the values of a CSV file. Zero means that it is found out.
	Delimiter rune
}

// Inferred is what was found out about data.
type Inferred struct {
	// Fields are the columns, in the order in which the data has them first.
	Fields []Field
	// Notes say where the data made a column other than its values look, and why.
	Notes []Note
	// Records counts the records that were read, Invalid those that are none: JSON that does
	// not parse or is no object, rows with too many values.
	Records, Invalid int64
	// InvalidLines are the first of the invalid records' lines.
	InvalidLines []int64
}

// Note is a remark about a column. It never holds data.
type Note struct {
	// Path is the column, such as geo.lat, tags.element or counts.value. Empty means the
	// record as a whole.
	Path string
	// Text says what was decided and why.
	Text string
	// Lines are lines to look at.
	Lines []int64
}

// String gives the note in a line.
func (n Note) String() string {
	var b strings.Builder
	if n.Path != "" {
		b.WriteString(n.Path + ": ")
	}
	b.WriteString(n.Text)
	for i, l := range n.Lines {
		if i == 0 {
			b.WriteString(" (line ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, l)
	}
	if len(n.Lines) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// maxNoted is how many invalid lines are kept.
const maxNoted = 10

func (r *Inferred) invalid(line int64) {
	r.Invalid++
	if len(r.InvalidLines) < maxNoted {
		r.InvalidLines = append(r.InvalidLines, line)
	}
}

func (r *Inferred) note(path, text string, lines ...int64) {
	r.Notes = append(r.Notes, Note{Path: path, Text: text, Lines: lines})
}

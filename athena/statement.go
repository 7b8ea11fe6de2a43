package athena

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// Statement is what a [Client] runs: a [Selection], or a [Text].
type Statement interface {
	// Build gives the statement's text.
	Build() (string, error)
}

// Text is a statement in the writer's own words.
type Text struct {
	sql    string
	params []any
}

// maxParam is Athena's limit on the length of an execution parameter.
const maxParam = 1024

// SQL makes a statement of a text, which nothing is ever put into: each question mark in it
// stands for one of the values, which go to Athena beside the text as literals of their
// types (see [catalog.Const]). The text is not checked here, and not held to bounds on
// partition columns.
func SQL(sql string, params ...any) Text { return Text{sql: sql, params: slices.Clone(params)} }

// Build gives the text.
func (t Text) Build() (string, error) {
	switch {
	case strings.TrimSpace(t.sql) == "":
		return "", errors.New("athena: SQL: the text is empty")
	case len(t.sql) > trinosql.MaxBytes:
		return "", fmt.Errorf("athena: SQL: the text has %d bytes, Athena takes at most %d", len(t.sql), trinosql.MaxBytes)
	}
	return t.sql, nil
}

// parameters gives the values as Athena takes them.
func (t Text) parameters() ([]string, error) {
	var out []string
	var errs []error
	for i, v := range t.params {
		c := catalog.Const(v)
		if err := c.Err(); err != nil {
			errs = append(errs, fmt.Errorf("athena: SQL: parameter %d: %w", i+1, err))
			continue
		}
		text := trinosql.Format(c.Node())
		if n := utf8.RuneCountInString(text); n > maxParam {
			errs = append(errs, fmt.Errorf("athena: SQL: parameter %d: it has %d characters as a literal, Athena takes at most %d", i+1, n, maxParam))
		}
		out = append(out, text)
	}
	return out, errors.Join(errs...)
}

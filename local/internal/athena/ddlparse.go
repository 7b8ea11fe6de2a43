package athena

import (
	"fmt"
	"slices"
	"strings"
)

// ddlParser reads the short statements of Hive's DDL. CREATE TABLE is catalog's to read.
type ddlParser struct {
	toks []ddlToken
	i    int
	err  error
}

type ddlToken struct {
	text string
	kind byte // w: word, i: quoted identifier, s: string, p: punctuation
	pos  int  // in the statement
}

// lexDDL cuts a statement into tokens.
func lexDDL(sql string) (*ddlParser, error) {
	d := &ddlParser{}
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(sql)
			}
		case strings.HasPrefix(sql[i:], "/*"):
			n := strings.Index(sql[i:], "*/")
			if n < 0 {
				return nil, &Error{Code: "SYNTAX_ERROR", Message: "a comment does not end"}
			}
			i += n + 2
		case c == '`' || c == '\'' || c == '"':
			text, n, ok := quotedText(sql[i:], c)
			if !ok {
				return nil, &Error{Code: "SYNTAX_ERROR", Message: "a quoted text does not end"}
			}
			kind := byte('s')
			if c == '`' {
				kind = 'i'
			}
			d.toks = append(d.toks, ddlToken{text, kind, i})
			i += n
		case isWordByte(c):
			n := i
			for n < len(sql) && isWordByte(sql[n]) {
				n++
			}
			d.toks = append(d.toks, ddlToken{sql[i:n], 'w', i})
			i = n
		default:
			d.toks = append(d.toks, ddlToken{string(c), 'p', i})
			i++
		}
	}
	if n := len(d.toks); n > 0 && d.toks[n-1].text == ";" && d.toks[n-1].kind == 'p' {
		d.toks = d.toks[:n-1]
	}
	return d, nil
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quotedText reads a text in quotes; a doubled quote and a backslash stand for what follows.
func quotedText(s string, quote byte) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote != '`' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
			b.WriteByte(quote)
		case s[i] == quote:
			return b.String(), i + 1, true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// skip passes over these words, whichever are there.
func (d *ddlParser) skip(words ...string) {
	for d.i < len(d.toks) && d.toks[d.i].kind == 'w' && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(d.toks[d.i].text, w) }) {
		d.i++
	}
}

// accept passes over these words if all are next.
func (d *ddlParser) accept(words ...string) bool {
	for k, w := range words {
		if d.i+k >= len(d.toks) || d.toks[d.i+k].kind == 's' || d.toks[d.i+k].kind == 'i' || !strings.EqualFold(d.toks[d.i+k].text, w) {
			return false
		}
	}
	d.i += len(words)
	return true
}

func (d *ddlParser) want(word string) {
	if !d.accept(word) {
		d.fail(word)
	}
}

func (d *ddlParser) fail(expected string) {
	if d.err == nil {
		found := "the end of the statement"
		if d.i < len(d.toks) {
			found = fmt.Sprintf("character %d", d.toks[d.i].pos+1)
		}
		d.err = &Error{Code: "SYNTAX_ERROR", Message: fmt.Sprintf("expected %s at %s", expected, found)}
	}
}

// name reads an identifier.
func (d *ddlParser) name() string {
	if d.i < len(d.toks) && (d.toks[d.i].kind == 'w' || d.toks[d.i].kind == 'i') {
		d.i++
		return strings.ToLower(d.toks[d.i-1].text)
	}
	d.fail("a name")
	return ""
}

// text reads a string, or a number as its text.
func (d *ddlParser) text() string {
	if d.i < len(d.toks) && (d.toks[d.i].kind == 's' || d.toks[d.i].kind == 'w' && strings.Trim(d.toks[d.i].text, "0123456789") == "") {
		d.i++
		return d.toks[d.i-1].text
	}
	d.fail("a string")
	return ""
}

// tableName reads a table's name, completed with the query's database.
func (d *ddlParser) tableName(x *execution) (database, name string) {
	name = d.name()
	if d.accept(".") {
		return name, d.name()
	}
	if x.database == "" && d.err == nil {
		d.err = &Error{Code: "MISSING_SCHEMA_NAME", Message: "Schema must be specified when session schema is not set"}
	}
	return x.database, name
}

// end wants nothing more.
func (d *ddlParser) end() error {
	if d.err == nil && d.i < len(d.toks) {
		d.fail("the end of the statement")
	}
	return d.err
}

package jsoncol

import "strconv"

// Code says what kind of error a record has, in the words of Amazon Data Firehose.
type Code string

const (
	// ParseError means that the record is not JSON.
	ParseError Code = "DataFormatConversion.ParseError"
	// MalformedData means that the record is JSON and does not fit the schema.
	MalformedData Code = "DataFormatConversion.MalformedData"
)

// Error is why a record was refused.
type Error struct {
	Code Code
	// Path is the column, such as geo.lat or items[].price. It is empty when the error is
	// not about one column.
	Path string
	// Offset is the place in the record, in bytes.
	Offset int
	// Reason is the rule that was broken and what was found, never the value.
	Reason string
}

// Error is "price: the number has 3 decimal places, decimal(10,2) holds 2" or
// "at byte 17: want a colon after the key".
func (e *Error) Error() string {
	if e.Path != "" {
		return e.Path + ": " + e.Reason
	}
	if e.Code == ParseError {
		return "at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
	}
	return e.Reason
}

// failed is the position that a parsing function returns when it has set Parser.err.
const failed = -1

// syntax refuses the record as not JSON.
func (p *Parser) syntax(i int, reason string) int {
	if i >= p.end {
		i, reason = p.end, "the record ends in the middle"
	}
	p.err = &Error{Code: ParseError, Offset: i - p.base, Reason: reason}
	return failed
}

// refuse refuses the record as not fitting the schema.
func (p *Parser) refuse(i int, path, reason string) int {
	p.err = &Error{Code: MalformedData, Path: path, Offset: i - p.base, Reason: reason}
	return failed
}

// wrongType refuses the value at i because of its JSON kind, unless it is not even JSON.
func (p *Parser) wrongType(b pointer, i int, f *field) int {
	var found string
	switch c := at(b, i); {
	case c == '"':
		found = "a string"
	case c == '{':
		found = "an object"
	case c == '[':
		found = "an array"
	case c == 't' || c == 'f':
		found = "a boolean"
	case c == 'n':
		found = "null"
	case c == '-' || c-'0' <= 9:
		found = "a number"
	}
	// The value may be broken itself: that is the error to report.
	if j := p.skip(b, i); j < 0 {
		return j
	}
	return p.refuse(i, f.path, "wrong type: found "+found+", want "+f.want())
}

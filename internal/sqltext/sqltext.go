// Package sqltext writes the two kinds of SQL text that Athena reads: Trino's for queries
// (names in double quotes, a quote doubled inside a literal) and Hive's for DDL (names in
// backquotes, a backslash before a quote inside a literal). Which one a statement is in
// is decided by its first words, so a caller always knows; mixing them up is the usual way
// to turn a value into SQL.
package sqltext

import "strings"

// Ident gives a name as Trino reads it: as it is when it is plain (lower-case letters,
// digits, underscores, no digit first, not reserved), else in double quotes.
func Ident(name string) string {
	if plain(name) && !Reserved(name) && name != "first" && name != "last" {
		return name
	}
	return Quote(name)
}

// Quote gives a name in double quotes.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal gives a text as Trino's string literal. Trino knows no escapes in it but the
// doubled quote.
func Literal(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// HiveIdent gives a name as Hive's DDL reads it: as it is when it is plain, else in
// backquotes. A name that begins with an underscore is not plain to Hive.
func HiveIdent(name string) string {
	if plain(name) && name[0] != '_' && !hiveReserved(name) {
		return name
	}
	return HiveQuote(name)
}

// HiveQuote gives a name in backquotes.
func HiveQuote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// HiveLiteral gives a text as a string literal of Hive's DDL.
func HiveLiteral(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if c < 0x20 {
				b.WriteString(`\u00`)
				b.WriteByte("0123456789abcdef"[c>>4])
				b.WriteByte("0123456789abcdef"[c&15])
				continue
			}
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// HiveUnescape gives the text that stands between the quotes of a Hive literal. As in
// Hive, \% and \_ keep their backslash (LIKE wants it), and a backslash before any other
// letter that means nothing goes away.
func HiveUnescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if r, n, ok := hiveNumeric(s[i+1:]); ok {
			b.WriteRune(r)
			i += n
			continue
		}
		i++
		switch c := s[i]; c {
		case '0':
			b.WriteByte(0)
		case 'b':
			b.WriteByte('\b')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'Z':
			b.WriteByte(26)
		case '%', '_':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hiveNumeric reads uXXXX or three octal digits, as \u0001 and \001 are the delimiters
// that CREATE TABLE statements are full of.
func hiveNumeric(s string) (r rune, n int, ok bool) {
	if len(s) >= 5 && s[0] == 'u' {
		return digits(s[1:5], 16, 5)
	}
	if len(s) >= 3 && s[0] <= '1' {
		return digits(s[:3], 8, 3)
	}
	return 0, 0, false
}

func digits(s string, base rune, n int) (rune, int, bool) {
	var r rune
	for i := range len(s) {
		d := rune(-1)
		switch c := rune(s[i]); {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d = c - 'A' + 10
		}
		if d < 0 || d >= base {
			return 0, 0, false
		}
		r = r*base + d
	}
	return r, n, true
}

func plain(name string) bool {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

package sqltext

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, trino, hive string }{
		{"dt", "dt", "dt"},
		{"event_ts", "event_ts", "event_ts"},
		{"_id", "_id", "`_id`"},
		{"1st", `"1st"`, "`1st`"},
		{"Mixed", `"Mixed"`, "`Mixed`"},
		{"order", `"order"`, "`order`"},
		{"date", "date", "`date`"},
		{"a b", `"a b"`, "`a b`"},
		{`a"b`, `"a""b"`, "`a\"b`"},
		{"a`b", "\"a`b\"", "`a``b`"},
		{"", `""`, "``"},
		{"größe", `"größe"`, "`größe`"},
	} {
		if got := Ident(c.in); got != c.trino {
			t.Errorf("Ident(%q) = %s, want %s", c.in, got, c.trino)
		}
		if got := HiveIdent(c.in); got != c.hive {
			t.Errorf("HiveIdent(%q) = %s, want %s", c.in, got, c.hive)
		}
	}
}

func TestLiterals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, trino, hive string }{
		{"", "''", "''"},
		{"it's", "'it''s'", `'it\'s'`},
		{`a\b`, `'a\b'`, `'a\\b'`},
		{"\x01\t", "'\x01\t'", `'\u0001\t'`},
		{"'; DROP TABLE t; --", "'''; DROP TABLE t; --'", `'\'; DROP TABLE t; --'`},
	} {
		if got := Literal(c.in); got != c.trino {
			t.Errorf("Literal(%q) = %s, want %s", c.in, got, c.trino)
		}
		if got := HiveLiteral(c.in); got != c.hive {
			t.Errorf("HiveLiteral(%q) = %s, want %s", c.in, got, c.hive)
		}
	}
}

func TestHiveUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`plain`: "plain", `\001`: "\x01", `\u0041b`: "Ab", `\%\_`: `\%\_`, `\q`: "q",
		`\Z\0`: "\x1a\x00", `end\`: `end\`, `\\n`: `\n`, `\9`: "9", `\u00`: "u00",
	} {
		if got := HiveUnescape(in); got != want {
			t.Errorf("HiveUnescape(%q) = %q, want %q", in, got, want)
		}
	}
}

// A literal must come back as the text it was made from, and must not end early.
func FuzzHiveLiteral(f *testing.F) {
	for _, s := range []string{"", "it's", `\`, `\'`, "\x00\x01\x1f", `a\%b`, `\u0041`, `\001`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lit := HiveLiteral(s)
		body := lit[1 : len(lit)-1]
		for i := 0; i < len(body); i++ {
			switch body[i] {
			case '\\':
				i++
			case '\'':
				t.Fatalf("HiveLiteral(%q) = %s ends early", s, lit)
			}
		}
		if got := HiveUnescape(body); got != s {
			t.Fatalf("HiveUnescape(HiveLiteral(%q)) = %q", s, got)
		}
		if q := Literal(s); strings.ReplaceAll(q[1:len(q)-1], "''", "'") != s {
			t.Fatalf("Literal(%q) = %s", s, q)
		}
	})
}

package glue

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const maxName = 255

// entityName checks a name of a database or table and gives it as the catalog keeps it.
func entityName(what, name string) (string, error) {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", invalid("%s cannot be empty", what)
	case n > maxName:
		return "", invalid("%s has %d characters; at most %d are allowed", what, n, maxName)
	case !singleLine(name):
		return "", invalid("%s %q has characters that a name cannot have: line breaks, control characters", what, name)
	}
	return strings.ToLower(name), nil
}

// singleLine is the service's single-line pattern.
func singleLine(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' || r == 0xfffe || r == 0xffff
	})
}

// checkColumns checks the columns of a table or partition.
func checkColumns(what string, cs []column) error {
	seen := map[string]bool{}
	for i, c := range cs {
		if c.Name == "" || utf8.RuneCountInString(c.Name) > maxName || !singleLine(c.Name) {
			return invalid("%s[%d].Name: %q is not a column name of 1 to %d characters on one line", what, i, c.Name, maxName)
		}
		if len(c.Type) > 131072 {
			return invalid("%s[%d].Type: the type of %q has %d bytes; at most 131072 are allowed", what, i, c.Name, len(c.Type))
		}
		if utf8.RuneCountInString(c.Comment) > maxName {
			return invalid("%s[%d].Comment: the comment of %q has more than %d characters", what, i, c.Name, maxName)
		}
		n := strings.ToLower(c.Name)
		if seen[n] {
			return invalid("%s[%d].Name: %q is there twice; a table's column names differ in more than case", what, i, c.Name)
		}
		seen[n] = true
	}
	return nil
}

// pageSize is how many members a page has.
func pageSize(asked *int, most int) (int, error) {
	if asked == nil {
		return most, nil
	}
	if *asked < 1 || *asked > most {
		return 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and %d", *asked, most)
	}
	return *asked, nil
}

// encodeToken makes a NextToken of the last member that a page had.
func encodeToken(last any) string {
	b, _ := json.Marshal(last) // strings and lists of them
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeToken(token string, to any) error {
	if token == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		return invalid("NextToken: %q is not a token that the catalog gave", token)
	}
	return nil
}

// paged gives the names of one page and its NextToken. names are in order.
func paged(names []string, token string, asked *int, most int) ([]string, string, error) {
	size, err := pageSize(asked, most)
	if err != nil {
		return nil, "", err
	}
	after := ""
	if err := decodeToken(token, &after); err != nil {
		return nil, "", err
	}
	var page []string
	for _, n := range names {
		if token != "" && n <= after {
			continue
		}
		if len(page) == size {
			return page, encodeToken(page[size-1]), nil
		}
		page = append(page, n)
	}
	return page, "", nil
}

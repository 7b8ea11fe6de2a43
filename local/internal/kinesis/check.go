package kinesis

import (
	"fmt"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// checks collects what a request's members do wrong, in the words of the service, which
// answers with all of it at once.
type checks struct{ msgs []string }

// failf complains about a member. A record's data is never given as its value.
func (c *checks) failf(member, value, constraint string, args ...any) {
	c.msgs = append(c.msgs, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", value, member, fmt.Sprintf(constraint, args...)))
}

func (c *checks) missing(member string) {
	c.msgs = append(c.msgs, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
}

func (c *checks) length(member, s string, least, most int) {
	switch n := len(s); {
	case n < least:
		c.failf(member, s, "Member must have length greater than or equal to %d", least)
	case n > most:
		c.failf(member, s, "Member must have length less than or equal to %d", most)
	}
}

// name checks a stream's or a shard's name, which must be there.
func (c *checks) name(member, s string) {
	if s == "" {
		c.missing(member)
		return
	}
	c.length(member, s, 1, 128)
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", r) {
			c.failf(member, s, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
			return
		}
	}
}

// within checks an optional number: zero is absent.
func (c *checks) within(member string, n, least, most int) {
	switch {
	case n == 0:
	case n < least:
		c.failf(member, fmt.Sprint(n), "Member must have value greater than or equal to %d", least)
	case n > most:
		c.failf(member, fmt.Sprint(n), "Member must have value less than or equal to %d", most)
	}
}

// limit checks an optional number whose zero is a value too.
func (c *checks) limit(member string, n *int, most int) {
	if n != nil && *n == 0 {
		c.failf(member, "0", "Member must have value greater than or equal to 1")
	} else if n != nil {
		c.within(member, *n, 1, most)
	}
}

func (c *checks) oneOf(member, s string, values ...string) {
	for _, v := range values {
		if s == v {
			return
		}
	}
	if s == "" {
		c.missing(member)
		return
	}
	c.failf(member, s, "Member must satisfy enum value set: [%s]", strings.Join(values, ", "))
}

func (c *checks) err() error {
	switch n := len(c.msgs); n {
	case 0:
		return nil
	case 1:
		return awswire.Errorf("ValidationException", "1 validation error detected: %s", c.msgs[0])
	default:
		return awswire.Errorf("ValidationException", "%d validation errors detected: %s", n, strings.Join(c.msgs, "; "))
	}
}

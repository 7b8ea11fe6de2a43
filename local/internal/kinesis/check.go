package kinesis

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/awswire"
)

// checks collects what a request's members do wrong, in the words of the service, which
// answers with all of it at once, up to ten.
type checks struct{ msgs []string }

const mostErrors = 10

// failf complains about a member. A record's data is never given as its value.
func (c *checks) failf(member, value, constraint string, args ...any) {
	if len(c.msgs) < mostErrors {
		c.msgs = append(c.msgs, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", value, member, fmt.Sprintf(constraint, args...)))
	}
}

func (c *checks) missing(member string) {
	if len(c.msgs) < mostErrors {
		c.msgs = append(c.msgs, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
	}
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

// structure checks the members of a structure whose types are right.
func (c *checks) structure(path string, s *shape, v map[string]any) {
	for _, m := range s.members {
		name := path + lower(m.name)
		if e := v[m.name]; e != nil {
			c.value(name, m.shape, e)
		} else if m.required {
			c.missing(name)
		}
	}
}

func (c *checks) value(path string, s *shape, v any) {
	switch v := v.(type) {
	case string:
		c.text(path, s, v)
	case []byte:
		c.length(path, s, javaBuffer(len(v)), len(v))
	case int64:
		switch {
		case s.kind != aNumber:
		case v < int64(s.least):
			c.failf(path, fmt.Sprint(v), "Member must have value greater than or equal to %d", s.least)
		case v > int64(s.most):
			c.failf(path, fmt.Sprint(v), "Member must have value less than or equal to %d", s.most)
		}
	case []any:
		c.list(path, s, v)
	case map[string]any:
		if s.kind == aStructure {
			c.structure(path+".", s, v)
		} else {
			c.dict(path, s, v)
		}
	}
}

// javaBuffer is the value of a blob in the service's messages.
func javaBuffer(n int) string {
	return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", n, n)
}

func (c *checks) length(path string, s *shape, value string, n int) {
	switch {
	case n < s.least:
		c.failf(path, value, "Member must have length greater than or equal to %d", s.least)
	case n > s.most:
		c.failf(path, value, "Member must have length less than or equal to %d", s.most)
	}
}

func (c *checks) text(path string, s *shape, v string) {
	if s.values != nil && !slices.Contains(s.values, v) {
		c.failf(path, v, "%s", s.enumeration())
	}
	if s.regexp != nil && !s.regexp.MatchString(v) {
		c.failf(path, v, "Member must satisfy regular expression pattern: %s", s.pattern)
	}
	c.length(path, s, v, utf8.RuneCountInString(v))
}

func (s *shape) enumeration() string {
	return "Member must satisfy enum value set: [" + strings.Join(s.values, ", ") + "]"
}

// lengths is a constraint on the members of a list or a map.
func (s *shape) lengths() string {
	return fmt.Sprintf("[Member must have length less than or equal to %d, Member must have length greater than or equal to %d]", s.most, s.least)
}

func (s *shape) fits(v any) bool {
	t, ok := v.(string)
	n := utf8.RuneCountInString(t)
	return ok && n >= s.least && n <= s.most && (s.values == nil || slices.Contains(s.values, t))
}

func (c *checks) list(path string, s *shape, v []any) {
	words := make([]string, len(v))
	fit := true
	for i, e := range v {
		if words[i], fit = fmt.Sprint(e), fit && s.elem.fits(e); s.elem.kind == aStructure {
			words[i] = s.elem.class
		}
	}
	value := "[" + strings.Join(words, ", ") + "]"
	c.length(path, s, value, len(v))
	if s.elem.kind == aStructure {
		for i, e := range v {
			if len(c.msgs) == mostErrors {
				return
			}
			c.structure(fmt.Sprintf("%s.%d.member.", path, i+1), s.elem, e.(map[string]any))
		}
		return
	}
	if !fit {
		rule := s.elem.lengths()
		if s.elem.values != nil {
			rule = "[" + s.elem.enumeration() + "]"
		}
		c.failf(path, value, "Member must satisfy constraint: %s", rule)
	}
}

func (c *checks) dict(path string, s *shape, v map[string]any) {
	words, keys, values := make([]string, 0, len(v)), true, true
	for _, k := range slices.Sorted(maps.Keys(v)) {
		words = append(words, fmt.Sprintf("%s=%s", k, v[k]))
		keys, values = keys && s.key.fits(k), values && s.elem.fits(v[k])
	}
	value := "{" + strings.Join(words, ", ") + "}"
	c.length(path, s, value, len(v))
	if !keys {
		c.failf(path, value, "Map keys must satisfy constraint: %s", s.key.lengths())
	}
	if !values {
		c.failf(path, value, "Map value must satisfy constraint: %s", s.elem.lengths())
	}
}

package s3

import (
	"fmt"
	"strings"
)

// pathKey is keyPath's inverse, which is how the tests know that no two keys share a path.
func pathKey(path string) (string, error) {
	var b strings.Builder
	parts := strings.Split(path, "/")
	for i, part := range parts {
		file := i == len(parts)-1
		if cont := strings.HasSuffix(part, continued); cont {
			if file {
				return "", fmt.Errorf("path %q ends in the middle of a segment", path)
			}
			if part = part[:len(part)-len(continued)]; part == "" {
				return "", fmt.Errorf("path %q has an empty piece of a segment", path)
			}
			if err := unescape(&b, part); err != nil {
				return "", fmt.Errorf("path %q: %w", path, err)
			}
			continue
		}
		body := strings.TrimSuffix(part, otherKind)
		if marked := body != part; body == "" || strings.Contains(body, ".") != file != marked {
			return "", fmt.Errorf("path %q: the mark of %q is wrong", path, part)
		}
		if body != emptySegment {
			if err := unescape(&b, body); err != nil {
				return "", fmt.Errorf("path %q: %w", path, err)
			}
		}
		if !file {
			b.WriteByte('/')
		}
	}
	return b.String(), nil
}

func unescape(b *strings.Builder, s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return fmt.Errorf("an escape in %q is cut off", s)
		}
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi > 15 || lo > 15 {
			return fmt.Errorf("%q is not an escape", s[i:i+3])
		}
		b.WriteByte(hi<<4 | lo)
		i += 2
	}
	return nil
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

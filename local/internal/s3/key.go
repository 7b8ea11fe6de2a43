package s3

import (
	"strings"
)

// A key becomes a path in which ordinary keys stay as they are, so that people and SQL
// engines find raw/clicks/dt=2026-05-24/hr=09/x.parquet under that very name. The rules,
// segment by segment between the slashes:
//
//   - Bytes that a file system or a glob would read otherwise are written as % and two
//     lower-case hexadecimal digits, and so are % itself and the whole segments . and ..
//   - An empty segment is %_
//   - A segment above 200 bytes is cut into folders, each but the last marked with %~
//   - A file is told from a folder by the dot: a file's name without a dot gets a % at its
//     end, and so does a folder's name with one. That is what lets a and a/b both be
//     objects.
//
// No mark can be taken for an escape, because no two hexadecimal digits follow its %.
const (
	emptySegment = "%_"
	continued    = "%~"
	otherKind    = "%"
	maxSegment   = 200 // a file system takes 255 bytes; the marks and .tmp suffixes need some
)

// keyPath gives the path of a key's file below its bucket, with slashes. With fold the
// path is safe on a file system that takes two names for one when they differ in case or
// in Unicode's normal form.
func keyPath(key string, fold bool) string {
	var b strings.Builder
	b.Grow(len(key) + 8)
	for {
		seg, rest, more := strings.Cut(key, "/")
		writeSegment(&b, seg, fold, !more)
		if !more {
			return b.String()
		}
		b.WriteByte('/')
		key = rest
	}
}

func writeSegment(b *strings.Builder, seg string, fold, file bool) {
	esc := escapeSegment(seg, fold)
	for len(esc) > maxSegment {
		n := maxSegment
		for i := 1; i <= 2; i++ { // an escape is not cut in two
			if esc[n-i] == '%' {
				n -= i
				break
			}
		}
		b.WriteString(esc[:n])
		b.WriteString(continued)
		b.WriteByte('/')
		esc = esc[n:]
	}
	b.WriteString(esc)
	if strings.Contains(esc, ".") != file {
		b.WriteString(otherKind)
	}
}

func escapeSegment(seg string, fold bool) string {
	switch seg {
	case "":
		return emptySegment
	case ".", "..":
		return strings.ReplaceAll(seg, ".", "%2e")
	}
	clean := true
	for i := range len(seg) {
		if unsafeByte(seg[i], fold) {
			clean = false
			break
		}
	}
	if clean {
		return seg
	}
	const hex = "0123456789abcdef"
	b := make([]byte, 0, len(seg)+16)
	for i := range len(seg) {
		if c := seg[i]; unsafeByte(c, fold) {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func unsafeByte(c byte, fold bool) bool {
	switch {
	case c < 0x20, c == 0x7f, c == '%', c == '\\', c == '*', c == '?', c == '[', c == ']':
		return true
	case !fold:
		return false
	}
	return c >= 0x80 || c >= 'A' && c <= 'Z' || strings.IndexByte(`:<>"|`, c) >= 0
}

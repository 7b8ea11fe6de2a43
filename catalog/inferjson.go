package catalog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLine bounds a record: a stream's records are at most 10 MiB.
const maxLine = 16 << 20

// InferJSON finds the columns of records in JSON, one object per line. Lines that are no
// JSON object are counted and left out; it is an error if nothing else is there. Memory
// grows with the number of different keys, not with the data.
func InferJSON(r io.Reader, opts *InferOptions) (*Inferred, error) {
	out, err := inferJSON(r, opts)
	if err != nil {
		return nil, fmt.Errorf("catalog: infer from JSON: %w", err)
	}
	return out, nil
}

func inferJSON(r io.Reader, opts *InferOptions) (*Inferred, error) {
	if opts == nil {
		opts = &InferOptions{}
	}
	out := &Inferred{}
	t := newTree(opts)
	t.keyed = true
	lines := &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
	for opts.MaxRecords == 0 || out.Records < opts.MaxRecords {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", lines.n, err)
		}
		if line == nil {
			out.invalid(lines.n) // too long
			continue
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' || !json.Valid(line) {
			out.invalid(lines.n)
			continue
		}
		out.Records++
		t.line = lines.n
		w := &jsonWalk{t: t, b: line}
		if err := w.value(t.root, 0); err != nil {
			return nil, fmt.Errorf("line %d: %w", lines.n, err)
		}
	}
	switch {
	case out.Records == 0 && out.Invalid > 0:
		return nil, fmt.Errorf("line %d is not a JSON object, nor is any other: there must be one object per line (jq -c . writes them so)", out.InvalidLines[0])
	case out.Records == 0:
		return nil, errors.New("there are no records")
	}
	return out, t.finish(out)
}

// lineReader reads lines without holding more than one.
type lineReader struct {
	r   *bufio.Reader
	n   int64
	buf []byte
}

// next gives a line, or nil for one that is too long. The line is valid until the next call.
func (l *lineReader) next() ([]byte, error) {
	l.n++
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf)+len(part) > maxLine {
			long, l.buf = true, l.buf[:0]
		}
		full := errors.Is(err, bufio.ErrBufferFull)
		if !full && len(l.buf) == 0 && !long && (err == nil || errors.Is(err, io.EOF) && len(part) > 0) {
			return part, nil // the common case: no copy
		}
		if !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case full:
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, nil
		case err != nil && len(l.buf) == 0:
			return nil, io.EOF
		}
		return l.buf, nil
	}
}

// jsonWalk walks through a line that is known to be valid JSON.
type jsonWalk struct {
	t *tree
	b []byte
	i int
}

func (w *jsonWalk) space() {
	for w.i < len(w.b) && (w.b[w.i] == ' ' || w.b[w.i] == '\t' || w.b[w.i] == '\r' || w.b[w.i] == '\n') {
		w.i++
	}
}

// value notes a value at p, or passes over it if p is nil.
func (w *jsonWalk) value(p *place, depth int) error {
	w.space()
	if p != nil && depth > maxInferDeep && (w.b[w.i] == '{' || w.b[w.i] == '[') {
		if p.deep == 0 {
			p.deep = w.t.line
		}
		p = nil
	}
	switch c := w.b[w.i]; c {
	case '{':
		return w.object(p, depth)
	case '[':
		return w.array(p, depth)
	case '"':
		s := w.str()
		if p != nil {
			w.t.text(p, s)
		}
	case 't', 'n':
		w.i += 4
		w.note(p, map[byte]seen{'t': seenBool, 'n': seenNull}[c])
	case 'f':
		w.i += 5
		w.note(p, seenBool)
	default:
		w.note(p, w.number())
	}
	return nil
}

func (w *jsonWalk) note(p *place, s seen) {
	if p != nil {
		w.t.add(p, s)
	}
}

func (w *jsonWalk) object(p *place, depth int) error {
	w.note(p, seenObject)
	w.i++
	for {
		w.space()
		if w.b[w.i] == '}' {
			w.i++
			return nil
		}
		if w.b[w.i] == ',' {
			w.i++
			continue
		}
		key := w.str()
		w.space()
		w.i++ // the colon
		var m *place
		if p != nil {
			if bytes.IndexByte(key, '\\') >= 0 {
				key = unescaped(key)
			}
			var err error
			if m, err = w.t.member(p, key); err != nil {
				return err
			}
		}
		if err := w.value(m, depth+1); err != nil {
			return err
		}
	}
}

func (w *jsonWalk) array(p *place, depth int) error {
	w.note(p, seenArray)
	w.i++
	for {
		w.space()
		switch w.b[w.i] {
		case ']':
			w.i++
			return nil
		case ',':
			w.i++
			continue
		}
		var e *place
		if p != nil {
			var err error
			// An array where a map was is a conflict already, and the map's values are no
			// elements of it.
			if p.isMap {
				e = nil
			} else if e, err = w.t.element(p); err != nil {
				return err
			}
		}
		if err := w.value(e, depth+1); err != nil {
			return err
		}
	}
}

// str passes over a string and gives what is between its quotes, as written.
func (w *jsonWalk) str() []byte {
	w.i++
	start := w.i
	for w.b[w.i] != '"' {
		if w.b[w.i] == '\\' {
			w.i++
		}
		w.i++
	}
	w.i++
	return w.b[start : w.i-1]
}

func unescaped(key []byte) []byte {
	quoted := append(append([]byte{'"'}, key...), '"')
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return key // cannot be: the line is valid
	}
	return []byte(s)
}

// number passes over a number.
func (w *jsonWalk) number() seen {
	start := w.i
	whole := true
	for w.i < len(w.b) {
		c := w.b[w.i]
		if c == '.' || c == 'e' || c == 'E' || c == '+' {
			whole = false
		} else if !isDigit(c) && c != '-' {
			break
		}
		w.i++
	}
	return numberKind(w.b[start:w.i], whole)
}

func numberKind(s []byte, whole bool) seen {
	switch {
	case !whole:
		return realKind(s)
	case len(s) <= 18:
		return seenInt
	}
	if _, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return seenInt
	}
	if len(bytes.TrimLeft(s, "-+0")) <= maxDigits {
		return seenBig
	}
	return realKind(s)
}

// realKind tells numbers that a double was written as, which takes 17 digits at most, from
// those that it cannot hold.
func realKind(s []byte) seen {
	if len(s) <= doubleDigits {
		return seenReal
	}
	if i := bytes.IndexAny(s, "eE"); i >= 0 {
		s = s[:i]
	}
	digits := bytes.TrimLeft(bytes.TrimRight(bytes.ReplaceAll(s, []byte("."), nil), "0"), "-+0")
	if len(digits) <= doubleDigits {
		return seenReal
	}
	return seenLong
}

const doubleDigits = 17

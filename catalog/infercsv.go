package catalog

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// InferCSV finds the columns of a CSV file. Without a Delimiter it takes, of comma, bar,
// tab, semicolon and \u0001, the one that cuts the first lines into most columns of equal
// number. A header is what Glue's crawler takes for one: texts that could be names, above
// at least one row that is not all text. An empty value is NULL. Rows with too many values
// are counted and left out.
func InferCSV(r io.Reader, opts *InferOptions) (*Inferred, error) {
	out, err := inferCSV(r, opts)
	if err != nil {
		return nil, fmt.Errorf("catalog: infer from CSV: %w", err)
	}
	return out, nil
}

func inferCSV(r io.Reader, opts *InferOptions) (*Inferred, error) {
	if opts == nil {
		opts = &InferOptions{}
	}
	const sample = 64 << 10
	limited := &rowLimit{r: r, left: maxLine}
	br := bufio.NewReaderSize(limited, sample)
	head, err := br.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := br.Discard(3); err != nil {
			return nil, err
		}
		head = head[3:]
	}
	delimiter := opts.Delimiter
	if delimiter == 0 {
		delimiter = findDelimiter(head, err != nil)
	}
	rows := csv.NewReader(br)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord, rows.LazyQuotes = delimiter, -1, true, true
	c := &csvInfer{opts: opts, out: &Inferred{}, t: newTree(opts), rows: rows, limit: limited}
	return c.run()
}

// rowLimit ends a row that never ends, such as one whose quote is not closed.
type rowLimit struct {
	r    io.Reader
	left int
}

func (l *rowLimit) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes (is a quote not closed?)", maxLine)
	}
	n, err := l.r.Read(b)
	l.left -= n
	return n, err
}

type csvInfer struct {
	opts   *InferOptions
	out    *Inferred
	t      *tree
	rows   *csv.Reader
	limit  *rowLimit
	first  []string // the first row, which may be a header
	places []*place
}

func (c *csvInfer) run() (*Inferred, error) {
	for c.opts.MaxRecords == 0 || c.out.Records < c.opts.MaxRecords {
		c.limit.left = maxLine
		row, err := c.rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := c.rows.FieldPos(0)
		c.t.line = int64(line)
		switch {
		case c.places == nil && len(c.opts.Columns) > 0:
			if err := c.start(len(c.opts.Columns)); err != nil {
				return nil, err
			}
			c.row(row)
		case c.places == nil:
			if err := c.start(len(row)); err != nil {
				return nil, err
			}
			c.first = append([]string(nil), row...)
		default:
			c.row(row)
		}
	}
	if c.places == nil {
		return nil, errors.New("there are no rows")
	}
	c.name()
	return c.out, c.t.finish(c.out)
}

func (c *csvInfer) start(n int) error {
	if n > maxColumns {
		return fmt.Errorf("%d columns are more than %d", n, maxColumns)
	}
	c.places = make([]*place, n)
	for i := range c.places {
		c.places[i] = &place{}
	}
	c.t.root.members = c.places
	return nil
}

func (c *csvInfer) row(row []string) {
	if len(row) > len(c.places) {
		c.out.invalid(c.t.line)
		return
	}
	c.out.Records++
	for i, v := range row {
		c.value(c.places[i], v)
	}
}

func (c *csvInfer) value(p *place, v string) {
	switch s := csvKind(v); s {
	case seenText:
		c.t.text(p, []byte(v))
	default:
		c.t.add(p, s)
	}
}

func csvKind(v string) seen {
	switch {
	case v == "":
		return seenNull
	case strings.EqualFold(v, "true"), strings.EqualFold(v, "false"):
		return seenBool
	case !isDigit(v[len(v)-1]) && v[len(v)-1] != '.':
		return seenText
	}
	digits := strings.TrimLeft(v, "+-")
	if len(v)-len(digits) > 1 || digits == "" || !isDigit(digits[0]) && digits[0] != '.' {
		return seenText
	}
	// 007 is a code, not a number: read as one it would lose its zeros.
	if len(digits) > 1 && digits[0] == '0' && isDigit(digits[1]) {
		return seenText
	}
	if strings.Trim(digits, "0123456789") == "" {
		return numberKind([]byte(v), true)
	}
	if _, err := strconv.ParseFloat(v, 64); err != nil || strings.ContainsAny(v, "xX_pP") {
		return seenText
	}
	return realKind([]byte(v))
}

// name gives the columns their names, from the options or from the first row.
func (c *csvInfer) name() {
	header := c.opts.Columns
	if c.first != nil && c.isHeader() {
		header = c.first
	} else if c.first != nil {
		c.t.line = 1
		c.out.Records++
		for i, v := range c.first {
			c.value(c.places[i], v)
		}
	}
	for i, p := range c.places {
		p.key = "col" + strconv.Itoa(i+1)
		if i < len(header) && header[i] != "" {
			p.key = header[i]
		}
	}
}

func (c *csvInfer) isHeader() bool {
	// The crawler's own pattern is not published. Letters lead, and what follows is what
	// people put into the heads of columns.
	name := regexp.MustCompile(`^[\pL_][\pL\pN_ .()/%#:-]*$`)
	for i, v := range c.first {
		v = strings.TrimSpace(v)
		last := i == len(c.first)-1
		if v == "" && last && len(c.first) > 1 {
			continue // a delimiter at the line's end
		}
		if csvKind(v) != seenText || !name.MatchString(v) || len(v) >= 150 && !last {
			return false
		}
	}
	for _, p := range c.places {
		if p.first[seenBool]|p.first[seenInt]|p.first[seenBig]|p.first[seenReal]|p.first[seenLong] != 0 || p.clock == clockDate || p.clock == clockTime {
			return true
		}
	}
	return false
}

// findDelimiter tries each on the sample's whole lines.
func findDelimiter(sample []byte, whole bool) rune {
	if !whole {
		if n := bytes.LastIndexByte(sample, '\n'); n > 0 {
			sample = sample[:n+1]
		}
	}
	best, columns := ',', 1
	for _, d := range []rune{',', '|', '\t', ';', '\u0001'} {
		rows := csv.NewReader(bytes.NewReader(sample))
		rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord, rows.LazyQuotes = d, -1, true, true
		counts := map[int]int{}
		n := 0
		for ; n < 100; n++ {
			row, err := rows.Read()
			if err != nil {
				break
			}
			counts[len(row)]++
		}
		for width, times := range counts {
			if width > columns && times*10 >= n*9 {
				best, columns = d, width
			}
		}
	}
	return best
}

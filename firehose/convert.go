package firehose

import (
	"slices"
	"time"

	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/jsoncol"
	"github.com/lakekit/lakekit/stream"
)

// chunk is how much JSON is converted at once: what fits the second cache.
const chunk = 256 << 10

// converter turns records into columns and finds the partition of each row. One is used by
// one call of Handle at a time.
type converter struct {
	d      *Delivery
	parser *jsoncol.Parser
	router *router
	spans  []rowSpan
	found  []*route

	// What the last chunk gave.
	batch   column.Batch // with the columns that go into the files
	touched []*route
	refused []refused
	errors  []byte // their error records, in the order of the records
}

// refused is a record that becomes an error record.
type refused struct {
	record        int
	code, message string
}

// rowSpan says which rows a record became.
type rowSpan struct{ record, rows int32 }

func (d *Delivery) newConverter() (*converter, error) {
	p, err := jsoncol.New(d.schema)
	if err != nil {
		return nil, err
	}
	r, err := newRouter(d.table, d.schema)
	if err != nil {
		return nil, err
	}
	return &converter{d: d, parser: p, router: r}, nil
}

// take converts as many of the records as make a chunk and says how many that are.
func (c *converter) take(records []stream.Record, now time.Time) int {
	c.reset()
	n := 0
	for size := 0; n < len(records) && (n == 0 || size+len(records[n].Data) <= chunk); n++ {
		size += len(records[n].Data)
		rows, err := c.parser.Append(records[n].Data)
		if err != nil {
			code, message := refusal(err)
			c.refused = append(c.refused, refused{n, code, message})
			continue
		}
		c.spans = append(c.spans, rowSpan{int32(n), int32(rows)})
	}
	b := c.parser.Batch()
	row := 0
	for _, s := range c.spans {
		c.place(b, records, s, row, now)
		row += int(s.rows)
	}
	slices.SortFunc(c.refused, func(x, y refused) int { return x.record - y.record })
	for _, r := range c.refused {
		c.errors = c.d.appendRejected(c.errors, &records[r.record], r.code, r.message, now)
	}
	c.batch = *b
	c.batch.Cols = b.Cols[:c.d.leaves]
	return n
}

func (c *converter) reset() {
	for _, to := range c.touched {
		to.rows, to.json = to.rows[:0], 0
	}
	c.parser.Reset()
	c.router.forget()
	c.spans, c.touched, c.refused, c.errors = c.spans[:0], c.touched[:0], c.refused[:0], c.errors[:0]
}

// place puts the rows of a record into their partitions, all or none.
func (c *converter) place(b *column.Batch, records []stream.Record, s rowSpan, row int, now time.Time) {
	r := &records[s.record]
	arrived := r.Arrived
	if arrived.IsZero() {
		arrived = now
	}
	c.found = c.found[:0]
	for k := range int(s.rows) {
		to, err := c.router.route(b, row+k, arrived)
		if err != nil {
			c.refused = append(c.refused, refused{int(s.record), codePartition, err.Error()})
			return
		}
		c.found = append(c.found, to)
	}
	for k, to := range c.found {
		if len(to.rows) == 0 {
			c.touched = append(c.touched, to)
		}
		to.rows = append(to.rows, int32(row+k))
	}
	c.found[0].json += int64(len(r.Data))
}

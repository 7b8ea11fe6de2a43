package firehose

import (
	"errors"
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
	rows    int64
	errors  []byte // error records
	refused int64
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
	for n < len(records) && (n == 0 || c.parser.Size()+len(records[n].Data) <= chunk && len(c.errors) <= chunk) {
		r := &records[n]
		rows, err := c.parser.Append(r.Data)
		if err != nil {
			var e *jsoncol.Error
			if !errors.As(err, &e) {
				e = &jsoncol.Error{Code: jsoncol.MalformedData, Reason: err.Error()}
			}
			code, message := refusal(e)
			c.reject(r, code, message, now)
		} else {
			c.spans = append(c.spans, rowSpan{int32(n), int32(rows)})
		}
		n++
	}
	b := c.parser.Batch()
	row := 0
	for _, s := range c.spans {
		c.place(b, &records[s.record], row, int(s.rows), now)
		row += int(s.rows)
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
	c.spans, c.touched, c.errors, c.rows, c.refused = c.spans[:0], c.touched[:0], c.errors[:0], 0, 0
}

// place puts the rows of a record into their partitions, all or none.
func (c *converter) place(b *column.Batch, r *stream.Record, row, n int, now time.Time) {
	arrived := r.Arrived
	if arrived.IsZero() {
		arrived = now
	}
	c.found = c.found[:0]
	for k := range n {
		to, err := c.router.route(b, row+k, arrived)
		if err != nil {
			c.reject(r, codePartition, err.Error(), now)
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
	c.rows += int64(n)
}

func (c *converter) reject(r *stream.Record, code, message string, now time.Time) {
	c.errors = c.d.appendRejected(c.errors, r, code, message, now)
	c.refused++
}

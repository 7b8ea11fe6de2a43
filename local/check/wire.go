package check

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/internal/kinesis"
	"github.com/lakekit/lakekit/local/internal/s3"
)

// lineHeader marks a request with the numbers of the lines that strike it, for the lake's
// faults.
const lineHeader = "X-Lakekit-Check"

// wire stands between a worker or a source and the lake. It counts requests, marks those that
// a line strikes, and fails all once the worker is dead.
type wire struct {
	run    *run
	who    string
	worker *Worker // nil for a source
	next   aws.HTTPClient
}

func (r *run) config(w *wire) aws.Config {
	cfg := r.lake.Config()
	w.next = cfg.HTTPClient
	cfg.HTTPClient = w
	return cfg
}

// reach says whether the worker is alive and can reach the lake.
func (c *wire) reach() error {
	w := c.worker
	if w == nil {
		return nil
	}
	if w.Killed() {
		return ErrKilled
	}
	c.run.mu.Lock()
	defer c.run.mu.Unlock()
	if time.Now().Before(w.cut) {
		c.run.mu.ledger.excuse(w.id)
		return errors.New("check: the worker cannot reach the lake, as the script has it")
	}
	return nil
}

// Do sends a request, as [http.Client.Do].
func (c *wire) Do(r *http.Request) (*http.Response, error) {
	if err := c.reach(); err != nil {
		return nil, shut(r.Body, err)
	}
	q, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	var numbers []string
	var killer *line
	for _, x := range c.count(q) {
		switch x.kind {
		case Kill:
			if x.does == beforeIt {
				c.run.kill(c.worker, x)
				return nil, shut(r.Body, ErrKilled)
			}
			killer = x
		case Stop:
			c.run.halt(c.worker, x)
		case CutOff:
			c.run.cutOff(c.worker, x)
			return nil, shut(r.Body, c.reach())
		case Steal:
			c.run.steal(r.Context(), x)
		default:
			c.run.mark(x)
			numbers = append(numbers, strconv.Itoa(x.number))
		}
	}
	resp, err := c.send(r, q, numbers)
	if killer != nil {
		c.run.kill(c.worker, killer)
	}
	if c.worker != nil && c.worker.Killed() {
		if err == nil {
			_ = resp.Body.Close()
		}
		return nil, ErrKilled
	}
	if c.worker != nil && !q.plumbing && (err != nil || resp.StatusCode >= 400) {
		// Something that only the pipeline knows: its handler may have to go back for it.
		c.run.mu.Lock()
		c.run.mu.ledger.excuse(c.worker.id)
		c.run.mu.Unlock()
	}
	return resp, err
}

// send passes a request on. It ends when its worker is killed.
func (c *wire) send(r *http.Request, q *request, numbers []string) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	if c.worker != nil {
		stop := context.AfterFunc(c.worker.life, cancel)
		end := cancel
		cancel = func() { stop(); end() }
	}
	out := r.Clone(ctx)
	if q.read {
		out.Body = io.NopCloser(bytes.NewReader(q.body))
	}
	if len(numbers) > 0 {
		out.Header.Set(lineHeader, strings.Join(numbers, ","))
	}
	resp, err := c.next.Do(out)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &answer{resp.Body, c, cancel}
	return resp, nil
}

// answer is read while its worker is alive and can reach the lake. It ends the request's
// context when it is closed.
type answer struct {
	io.ReadCloser
	wire *wire
	end  func()
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if down := a.wire.reach(); down != nil {
		return 0, down
	}
	return n, err
}

func (a *answer) Close() error {
	defer a.end()
	return a.ReadCloser.Close()
}

func shut(body io.Closer, err error) error {
	if body != nil {
		_ = body.Close() // the request failed before anybody read it
	}
	return err
}

// marked says whether a line strikes a request.
func marked(h http.Header, number int) bool {
	v := h.Get(lineHeader)
	return v != "" && slices.Contains(strings.Split(v, ","), strconv.Itoa(number))
}

// request is what a request asks for, as far as events go.
type request struct {
	op       string
	full     local.Operation // with the service
	body     []byte
	read     bool
	plumbing bool // of a stream or a lease: the consumer's own work
	shard    string
	lease    string
	takes    bool // the lease gets an owner
	keys     map[string][]int
	order    []string
}

// readRequest reads what is counted, and nothing else.
func readRequest(r *http.Request) (*request, error) {
	target := r.Header.Get("X-Amz-Target")
	q := &request{op: awswire.Operation(r), full: operation(r)}
	q.plumbing = strings.HasPrefix(target, "Kinesis_") || strings.HasPrefix(target, "DynamoDB_")
	switch q.op {
	case "PutRecord", "PutRecords", "GetRecords", "SubscribeToShard", "UpdateItem", "PutItem", "DeleteItem":
	default:
		return q, nil
	}
	if !q.plumbing || r.Body == nil {
		return q, nil
	}
	var err error
	if q.body, err = io.ReadAll(r.Body); err != nil {
		return nil, shut(r.Body, err)
	}
	q.read = true
	_ = r.Body.Close() // it was read
	format := awswire.FormatOf(r.Header.Get("Content-Type"))
	switch q.op {
	case "PutRecord", "PutRecords":
		q.readPut(format)
	case "GetRecords", "SubscribeToShard":
		var in struct {
			ShardIterator string
			ShardID       string `json:"ShardId"`
		}
		_ = format.Decode(q.body, &in) // for the service to refuse
		if q.shard = in.ShardID; in.ShardIterator != "" {
			_, q.shard, _ = kinesis.IteratorPlace(in.ShardIterator)
		}
	default:
		q.readLease(format)
	}
	return q, nil
}

// operation names a request's operation as package local does.
func operation(r *http.Request) local.Operation {
	api, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	for prefix, service := range map[string]string{"Kinesis_": "kinesis", "DynamoDB_": "dynamodb", "AWSGlue": "glue", "AmazonAthena": "athena"} {
		if ok && strings.HasPrefix(api, prefix) {
			return local.Operation(service + ":" + name)
		}
	}
	c := *r
	if c.Host == "" {
		c.Host = r.URL.Host
	}
	name, _, _ = s3.Operation(&c)
	return local.Operation("s3:" + name)
}

// readPut finds the load's records in a put request.
func (q *request) readPut(format awswire.Format) {
	var in struct {
		Data    []byte
		Records []struct{ Data []byte }
	}
	_ = format.Decode(q.body, &in) // for the service to refuse
	if q.op == "PutRecord" {
		in.Records = []struct{ Data []byte }{{in.Data}}
	}
	q.keys = map[string][]int{}
	for i, e := range in.Records {
		for data := range payloads(e.Data) {
			key, _, ok := parse(data)
			if !ok {
				continue
			}
			if q.keys[key] == nil {
				q.order = append(q.order, key)
			}
			q.keys[key] = append(q.keys[key], i)
		}
	}
}

// payloads gives the user records of a Kinesis record, with their places in it.
func payloads(data []byte) func(yield func(data []byte) bool) {
	return func(yield func([]byte) bool) {
		var a aggregate.Aggregate
		if ok, err := a.Decode(data); !ok || err != nil {
			yield(data)
			return
		}
		for _, u := range a.Records() {
			if !yield(u.Data) {
				return
			}
		}
	}
}

// readLease finds which lease a request writes: the KCL's key.
func (q *request) readLease(format awswire.Format) {
	type value struct{ S string }
	var in struct {
		Key, Item        map[string]value
		UpdateExpression string
		AttributeUpdates map[string]struct{ Action string }
	}
	_ = format.Decode(q.body, &in) // for the service to refuse; other tables have other keys
	q.lease = in.Key["leaseKey"].S + in.Item["leaseKey"].S
	u, legacy := in.AttributeUpdates["leaseOwner"]
	q.takes = strings.Contains(in.UpdateExpression, "leaseOwner =") || legacy && u.Action == "PUT"
}

// count counts the events of a request and gives the lines that strike it.
func (c *wire) count(q *request) (struck []*line) {
	c.run.mu.Lock()
	defer c.run.mu.Unlock()
	n := c.run.mu.counter
	if q.lease != "" {
		if c.worker != nil {
			if q.takes {
				c.run.mu.ledger.took(c.worker.id, q.lease, c.run.now())
				c.run.note("%s takes the lease of %s", c.worker.id, q.lease)
			}
			struck = append(struck, n.count(event{writing, c.who})...)
		}
		struck = append(struck, n.count(event{leasing, q.lease})...)
	}
	if q.shard != "" {
		struck = append(struck, n.count(event{reads, q.shard})...)
	}
	if c.worker != nil && slices.Contains(c.run.o.Other, q.full) {
		struck = append(struck, n.count(event{string(q.full), c.who})...)
	}
	if q.op == "ListShards" && q.plumbing {
		struck = append(struck, n.count(event{listing, c.who})...)
	}
	var puts []*line
	for _, key := range q.order {
		for _, x := range n.count(event{putting, key}) {
			x.indices = q.keys[key]
			puts = append(puts, x)
		}
	}
	// Of several faults that fail entries the later ones do not see those that are failed
	// already.
	slices.SortFunc(puts, func(a, b *line) int { return a.number - b.number })
	failed := map[int]bool{}
	for _, x := range puts {
		var left []int
		for _, i := range x.indices {
			if x.entries() && !failed[i] {
				left = append(left, i-below(failed, i))
			}
		}
		if x.entries() {
			for _, i := range x.indices {
				failed[i] = true
			}
		}
		x.indices = left
	}
	return append(struck, puts...)
}

func below(set map[int]bool, n int) (count int) {
	for i := range set {
		if i < n {
			count++
		}
	}
	return count
}

// arm sets the lake's faults for a script. A line strikes once, and only what is marked.
func (r *run) arm() {
	for _, x := range r.script {
		for _, op := range x.ops {
			number := x.number
			e := x.effect(x, op).When(func(c *local.Call) bool { return marked(c.Header, number) }).Times(1)
			r.faults[x] = append(r.faults[x], r.lake.Fault(op, e))
		}
	}
}

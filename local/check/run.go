package check

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/local"
)

// The names of what every run has.
const (
	streamName = "events"
	appName    = "pipeline"
)

// run is one run of one seed. It lives in one bubble.
type run struct {
	o        *Options
	seed     uint64
	load     *load
	script   []*line // the lines that count
	pipeline Pipeline
	lake     *local.Lake
	faults   map[*line][]*local.Fault
	began    time.Time
	reshards chan *line

	stopping context.Context // ends when the run is over
	finish   context.CancelFunc
	work     sync.WaitGroup

	mu struct {
		sync.Mutex
		counter  *counter
		ledger   *ledger
		struck   map[*line]bool
		refusing map[event]time.Time // until when a record's deliveries are refused
		calm     time.Time           // when the last trouble so far is over
		trace    []string
		errs     []string
	}
}

// result is what a run has come to.
type result struct {
	records    int
	givenUp    int
	duplicates map[string]int
	lost       []Finding
	disordered []Finding
	repeated   []Finding
	back       []string
	strange    []string
	errs       []string
	struck     map[int]bool
	trace      []string
	took       time.Duration // of the bubble's time
}

// breaks says which promises were broken, one bit for each.
func (r *result) breaks(o *Options) (set int) {
	for i, broken := range []bool{
		len(r.errs) > 0, len(r.strange) > 0, len(r.lost) > 0, o.Once && len(r.repeated) > 0,
		!o.Unordered && len(r.disordered) > 0, !o.Unordered && len(r.back) > 0,
	} {
		if broken {
			set |= 1 << i
		}
	}
	return set
}

func (r *result) broken(o *Options) bool { return r.breaks(o) != 0 }

// runSeed runs a seed in the bubble that it is called in. keep says which lines of the script
// count.
func runSeed(ctx context.Context, o *Options, seed uint64, keep func(number int) bool, lake *local.Lake, setup func(p *Pipeline)) *result {
	r := &run{o: o, seed: seed, lake: lake, faults: map[*line][]*local.Fault{}, began: time.Now()}
	r.load = newLoad(seed, o)
	for _, x := range newScript(seed, r.load, o) {
		if keep(x.number) {
			r.script = append(r.script, x)
		}
	}
	r.mu.counter, r.mu.ledger, r.mu.struck = newCounter(r.script), newLedger(), map[*line]bool{}
	r.mu.refusing = map[event]time.Time{}
	r.reshards = make(chan *line, len(r.script))
	r.stopping, r.finish = context.WithCancel(ctx)
	defer r.finish()
	r.pipeline = Pipeline{Lake: lake, Stream: streamName, App: appName, Seed: seed}
	if err := r.create(); err != nil {
		r.fail("create the stream: %v", err)
		return r.result()
	}
	setup(&r.pipeline)
	if r.pipeline.produce == nil || r.pipeline.consume == nil {
		r.fail("the pipeline function must call Produce and Consume")
		return r.result()
	}
	r.arm()
	r.work.Go(r.reshard)
	for i, after := range r.load.joins {
		r.work.Go(func() { r.slot(workerName(i), after) })
	}
	r.produce()
	r.settle() // not for long when something has failed
	r.finish()
	r.work.Wait()
	r.collect(context.WithoutCancel(ctx))
	res := r.result()
	if res.broken(o) {
		arrived := "delivered"
		if r.pipeline.collect != nil {
			arrived = "collected"
		}
		locate(context.WithoutCancel(ctx), awskinesis.NewFromConfig(lake.Config()), res, arrived)
	}
	return res
}

func (r *run) now() time.Duration { return time.Since(r.began) }

// note writes the trace. The caller holds the lock.
func (r *run) note(format string, args ...any) {
	r.mu.trace = append(r.mu.trace, fmt.Sprintf("%8.3fs ", r.now().Seconds())+fmt.Sprintf(format, args...))
}

// fail says that the pipeline, or the run, went wrong.
func (r *run) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	msg := fmt.Sprintf(format, args...)
	r.mu.errs = append(r.mu.errs, msg)
	r.note("%s", msg)
}

// strike says that a line has happened.
func (r *run) strike(x *line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.struck(x)
}

func (r *run) struck(x *line) {
	r.mu.struck[x] = true
	r.troubled(x)
}

// troubled notes a line and how long it lasts.
func (r *run) troubled(x *line) {
	r.note("line %d: %s", x.number, x)
	if over := time.Now().Add(x.wait); over.After(r.mu.calm) {
		r.mu.calm = over
	}
}

// mark says that a request is marked for a line's fault, which tells itself whether it strikes.
func (r *run) mark(x *line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.troubled(x)
}

func (r *run) create() error {
	client := awskinesis.NewFromConfig(r.lake.Config())
	_, err := client.CreateStream(r.stopping, &awskinesis.CreateStreamInput{StreamName: aws.String(streamName), ShardCount: aws.Int32(int32(r.load.shards))})
	if err != nil {
		return err
	}
	return r.active(client)
}

// active waits until the stream can be resharded.
func (r *run) active(client *awskinesis.Client) error {
	for {
		out, err := client.DescribeStreamSummary(r.stopping, &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String(streamName)})
		if err != nil {
			return err
		}
		if out.StreamDescriptionSummary.StreamStatus == "ACTIVE" {
			return nil
		}
		if !sleep(r.stopping, 100*time.Millisecond) {
			return r.stopping.Err()
		}
	}
}

// produce runs the sources.
func (r *run) produce() {
	ctx, cancel := context.WithCancel(r.stopping)
	defer cancel()
	var sources sync.WaitGroup
	for i, steps := range r.load.sources {
		s := &Source{run: r, name: sourceName(i), steps: steps, left: len(steps)}
		sources.Go(func() {
			err := r.pipeline.produce(ctx, s)
			switch {
			case err != nil:
				r.fail("%s: Produce: %v", s.name, err)
			case s.left > 0:
				r.fail("%s: Produce returned nil and left %d of %d records of its load", s.name, s.left, len(steps))
			default:
				r.mu.Lock()
				r.note("%s has put its load", s.name)
				r.mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() { sources.Wait(); close(done) }()
	for q := r.watch(); ; {
		t := time.NewTimer(time.Second)
		select {
		case <-done:
			t.Stop()
			return
		case <-t.C:
		}
		if q.over() {
			r.fail("Produce has not returned %v after the last record was taken or delivered", r.o.Patience)
			cancel()
			<-done
			return
		}
	}
}

// quiet says how long nothing has happened.
type quiet struct {
	run   *run
	moved int // records taken and delivered
	since time.Time
}

func (r *run) watch() *quiet { return &quiet{run: r, since: time.Now()} }

// over says whether nothing was taken or delivered for the run's patience, since the last
// trouble was over.
func (q *quiet) over() bool {
	q.run.mu.Lock()
	defer q.run.mu.Unlock()
	if n := 2*q.run.mu.ledger.seen + q.run.mu.ledger.open; n != q.moved {
		q.moved, q.since = n, time.Now()
	}
	since := q.since
	if q.run.mu.calm.After(since) {
		since = q.run.mu.calm
	}
	return time.Since(since) >= q.run.o.Patience
}

// take hands a record to a source's producer.
func (r *run) take(s *Source, rec Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.mu.counter.count(event{taken, s.name}) {
		r.reshards <- x
	}
	r.mu.ledger.put(rec.Key, rec.N)
}

// settle waits until everything was delivered, or until nothing has been for long.
func (r *run) settle() {
	for q := r.watch(); !q.over(); sleep(r.stopping, 250*time.Millisecond) {
		r.mu.Lock()
		open, failed := r.mu.ledger.open, len(r.mu.errs) > 0
		r.mu.Unlock()
		if failed {
			return
		}
		if open == 0 {
			sleep(r.stopping, afterwards) // for duplicates that still come
			return
		}
	}
	r.mu.Lock()
	r.note("nothing new was delivered for %v", r.o.Patience)
	r.mu.Unlock()
}

// afterwards is how long a run goes on when everything was delivered.
const afterwards = 2 * time.Second

// slot runs a worker's lives.
func (r *run) slot(name string, after time.Duration) {
	for life := 1; sleep(r.stopping, after); life++ {
		w := &Worker{run: r, slot: name, id: fmt.Sprintf("%s.%d", name, life)}
		w.life, w.die = context.WithCancelCause(context.WithoutCancel(r.stopping))
		w.ctx, w.stop = context.WithCancel(r.stopping)
		unlink := context.AfterFunc(w.life, w.stop)
		r.mu.Lock()
		r.note("%s starts", w.id)
		r.mu.Unlock()
		done := make(chan struct{})
		r.work.Go(func() {
			defer close(done)
			err := r.pipeline.consume(w.ctx, w)
			defer w.die(nil)
			defer unlink()
			r.mu.Lock()
			ended := w.ended
			r.note("%s has returned", w.id)
			r.mu.Unlock()
			switch {
			case w.Killed():
			case err != nil:
				r.fail("%s: Consume: %v", w.id, err)
			case ended == "" && r.stopping.Err() == nil:
				r.fail("%s: Consume returned although nobody told it to", w.id)
			}
		})
		// A killed worker's ghost may take its time; its next life does not wait for it.
		select {
		case <-done:
		case <-w.life.Done():
		}
		r.mu.Lock()
		ended := w.ended
		after = w.down
		r.mu.Unlock()
		if ended == "" {
			<-done // the run is over, or the pipeline has failed
			return
		}
	}
}

// kill ends a worker as kill -9 does.
func (r *run) kill(w *Worker, x *line) {
	r.mu.Lock()
	r.struck(x)
	w.ended, w.down = "killed", x.wait
	r.mu.ledger.ends[w.id] = w.ended
	r.note("%s is killed", w.id)
	r.mu.Unlock()
	w.die(ErrKilled)
}

// halt tells a worker to stop.
func (r *run) halt(w *Worker, x *line) {
	r.mu.Lock()
	r.struck(x)
	if w.ended == "" {
		w.ended, w.down = "stopped", x.wait
		r.mu.ledger.ends[w.id] = w.ended
	}
	r.mu.Unlock()
	w.stop()
}

// cutOff takes the lake out of a worker's reach.
func (r *run) cutOff(w *Worker, x *line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.struck(x)
	w.cut = time.Now().Add(x.wait)
	r.mu.ledger.cuts[w.id] = r.now() + x.wait
}

// steal makes a rival the owner of a lease, as a worker of the KCL would do it, or its leader:
// then the owner has to finish and let go.
func (r *run) steal(ctx context.Context, x *line) {
	update := "SET leaseOwner = :rival ADD leaseCounter :one, ownerSwitchesSinceCheckpoint :one REMOVE checkpointOwner"
	cond := "attribute_exists(leaseKey) AND checkpoint <> :end"
	values := map[string]dynamodbtypes.AttributeValue{
		":rival": &dynamodbtypes.AttributeValueMemberS{Value: "rival"}, ":end": &dynamodbtypes.AttributeValueMemberS{Value: "SHARD_END"},
	}
	if x.does == handed {
		update = "SET checkpointOwner = leaseOwner, leaseOwner = :rival"
		cond += " AND attribute_exists(leaseOwner) AND leaseOwner <> :rival AND attribute_not_exists(checkpointOwner)"
	} else {
		values[":one"] = &dynamodbtypes.AttributeValueMemberN{Value: "1"}
	}
	_, err := dynamodb.NewFromConfig(r.lake.Config()).UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:           aws.String(appName),
		Key:                 map[string]dynamodbtypes.AttributeValue{"leaseKey": &dynamodbtypes.AttributeValueMemberS{Value: x.at.thing}},
		ConditionExpression: &cond, UpdateExpression: &update, ExpressionAttributeValues: values,
	})
	gone := (*dynamodbtypes.ConditionalCheckFailedException)(nil)
	switch {
	case err == nil:
		r.mu.Lock()
		r.mu.ledger.thefts[x.at.thing] = r.now()
		r.struck(x)
		r.mu.Unlock()
	case errors.As(err, &gone) || ctx.Err() != nil: // there is nothing to steal
	default:
		r.mu.Lock()
		r.note("line %d could not strike: %v", x.number, err)
		r.mu.Unlock()
	}
}

// collect asks what the pipeline has brought about.
func (r *run) collect(ctx context.Context) {
	if r.pipeline.collect == nil {
		return
	}
	r.mu.Lock()
	r.mu.ledger.found = map[event]int{}
	r.mu.Unlock()
	err := r.pipeline.collect(ctx, func(data []byte) {
		key, n, ok := parse(data)
		r.mu.Lock()
		defer r.mu.Unlock()
		if ok {
			r.mu.ledger.collected(key, n)
			return
		}
		r.mu.ledger.strange = append(r.mu.ledger.strange, fmt.Sprintf("%d bytes that are no record of the load were collected", len(data)))
	})
	if err != nil {
		r.fail("Collect: %v", err)
	}
}

// result sums the run up.
func (r *run) result() *result {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.mu.ledger
	for x, fs := range r.faults {
		for _, f := range fs {
			if f.Hits() > 0 {
				r.mu.struck[x] = true
			}
		}
	}
	res := &result{
		records: r.load.records(), givenUp: l.givenUp(), duplicates: l.again, lost: l.lost(), disordered: l.disordered(),
		repeated: l.repeated(), back: l.back, strange: l.strange, errs: r.mu.errs, struck: map[int]bool{}, trace: r.mu.trace, took: r.now(),
	}
	for x := range r.mu.struck {
		res.struck[x.number] = true
	}
	if l.found != nil {
		res.duplicates = map[string]int{}
		for _, n := range l.found {
			if n > 1 {
				res.duplicates[becauseFound] += n - 1
			}
		}
	}
	if len(res.errs) > 0 {
		res.lost = nil // the run was not carried through
	}
	return res
}

package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/local"
)

// Kind is a kind of what may happen to a pipeline.
type Kind string

// What may happen. The first six happen to the stream and the workers, the others to single
// requests and deliveries. A worker is killed at requests of [Options].Other too.
const (
	Split  Kind = "split"   // a shard is split, at any place of its range
	Merge  Kind = "merge"   // two shards are merged
	Kill   Kind = "kill"    // a worker ends as by kill -9: at a delivery, or before or behind a write to the lease table
	Stop   Kind = "stop"    // a worker is told to stop: its context ends
	CutOff Kind = "cut off" // a worker cannot reach the lake for a while, and goes on
	Steal  Kind = "steal"   // a lease's row is rewritten as a rival worker would, or a leader that hands it over (checkpointOwner); the rival does nothing

	PutFault   Kind = "put fault"   // PutRecords or PutRecord: throttled, failed, failed in part, slow, the answer lost
	ReadFault  Kind = "read fault"  // GetRecords or SubscribeToShard: throttled, failed, slow, the answer lost or cut off
	ListFault  Kind = "list fault"  // ListShards: throttled, failed, slow, stale
	LeaseFault Kind = "lease fault" // writes to a lease's row: throttled, failed, slow, the answer lost
	Refuse     Kind = "refuse"      // Deliver returns an error, once or for a while
	Slow       Kind = "slow"        // Deliver takes its time
	OtherFault Kind = "other fault" // an operation of Options.Other: throttled, failed, slow, the answer lost
)

type kindOf struct {
	kind   Kind
	weight int
	make   func(*author, *line)
}

// kinds are all kinds, and how often each is chosen.
var kinds = []kindOf{
	{Split, 3, (*author).split},
	{Merge, 2, (*author).merge},
	{Kill, 4, (*author).kill},
	{Stop, 1, (*author).stop},
	{CutOff, 1, (*author).cutOff},
	{Steal, 2, (*author).steal},
	{PutFault, 6, (*author).putFault},
	{ReadFault, 3, (*author).readFault},
	{ListFault, 2, (*author).listFault},
	{LeaseFault, 3, (*author).leaseFault},
	{Refuse, 2, (*author).refuse},
	{Slow, 1, (*author).slow},
	{OtherFault, 4, (*author).otherFault},
}

// event is what can be counted: something that happens to a thing. What a line waits for is
// the how-manieth of these, whatever happens to other things meanwhile and whenever it is.
type event struct{ what, thing string }

// The events.
const (
	taken     = "record taken"  // by a source, from the load
	putting   = "put"           // a put request that carries a record of a key
	reads     = "read"          // of a shard: GetRecords, or SubscribeToShard
	listing   = "ListShards"    // by a worker or a source
	leasing   = "lease write"   // to the row of a shard
	writing   = "table write"   // by a worker, to any row
	delivers  = "delivery"      // by a worker
	deliverTo = "delivery of a" // record
	// Of Options.Other it is the operation's name, by a worker.
)

// line is one line of a script: at the nth event, something happens.
type line struct {
	number int
	kind   Kind
	at     event
	nth    int
	does   string        // how: the effect's name, or the moment
	wait   time.Duration // how long it lasts, where it does
	where  float64       // which shard, by the place in the hash space
	cut    float64       // where a shard is split, by the place in its range

	// ops are the operations that the effect happens to.
	ops    []local.Operation
	effect func(*line, local.Operation) local.Effect
	// indices are the entries that fail in the request that the line strikes.
	indices []int
}

// entries says whether the line fails single entries of a request.
func (l *line) entries() bool {
	return l.does == recordThrottled.does || l.does == recordFailed.does
}

// String is the line as reports have it.
func (l *line) String() string {
	head := ordinal(l.nth)
	switch l.at.what {
	case taken:
		head = fmt.Sprintf("before the %s record of %s", head, l.at.thing)
	case putting:
		head += " put of a record of key " + l.at.thing
	case reads:
		head += " read of " + l.at.thing
	case listing:
		head += " ListShards by " + l.at.thing
	case leasing:
		head += " write to the lease of " + l.at.thing
	case writing:
		head += " write to the lease table by " + l.at.thing
	case delivers:
		head += " delivery by " + l.at.thing
	case deliverTo:
		head += " delivery of " + l.at.thing
	default:
		head += " " + l.at.what + " by " + l.at.thing
	}
	tail := l.does
	switch l.kind {
	case Split:
		tail = fmt.Sprintf("split the shard that owns %.3f of the hash space, at %.2f of its range", l.where, l.cut)
	case Merge:
		tail = fmt.Sprintf("merge the shard that owns %.3f of the hash space with the next one", l.where)
	case Kill:
		tail = fmt.Sprintf("%s (%s), starts again %v later", "killed", l.does, l.wait)
	case Stop:
		tail = fmt.Sprintf("told to stop, starts again %v later", l.wait)
	default:
		if l.wait > 0 {
			tail += " " + l.wait.String()
		}
	}
	return head + ": " + tail
}

// name is what the line's strikes are counted under.
func (l *line) name() string {
	switch l.kind {
	case PutFault, ReadFault, ListFault, LeaseFault, OtherFault:
		return string(l.kind) + ": " + l.does
	case Kill:
		return "kill " + l.does
	case Steal:
		return strings.TrimSuffix("steal: "+l.does, " before it")
	}
	return string(l.kind)
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n) + suffix
}

// newScript is a seed's script, a function of the seed, the load and the options alone.
func newScript(seed uint64, l *load, o *Options) []*line {
	a := &author{Rand: random(seed, forScript), load: l, shards: l.shards, other: o.Other}
	a.focus = a.Float64()
	// A seed has some kinds of events and not others: what hides behind one kind is found by
	// the seeds that do without it.
	var lot []int
	for i, k := range kinds {
		if a.IntN(5) < 3 && !slices.Contains(o.Without, k.kind) && (k.kind != OtherFault || len(o.Other) > 0) {
			for range k.weight {
				lot = append(lot, i)
			}
		}
	}
	var script []*line
	if len(lot) == 0 {
		return script
	}
	for range 1 + a.IntN(o.Events) {
		k := kinds[lot[a.IntN(len(lot))]]
		x := &line{kind: k.kind}
		k.make(a, x)
		script = append(script, x)
	}
	for i, x := range script {
		x.number = i + 1
	}
	return script
}

// author writes a script.
type author struct {
	*rand.Rand
	load   *load
	shards int // that there may have been
	other  []local.Operation
	focus  float64
}

// somewhere gives a number from 1 to n. Half of them lie near a place in the load that the
// seed has chosen, so that things happen together.
func (a *author) somewhere(n int) int {
	at := a.Float64()
	if a.IntN(2) == 0 {
		at = a.focus + (a.Float64()-0.5)/10
	}
	return 1 + min(max(int(at*float64(n)), 0), max(n, 1)-1)
}

func (a *author) between(lo, hi time.Duration) time.Duration {
	return (lo + time.Duration(a.Int64N(int64(hi-lo)))).Round(time.Millisecond)
}

// early gives a number from 1 to n, more often a low one.
func (a *author) early(n int) int {
	return 1 + min(a.IntN(n), a.IntN(n))
}

// Reshards all wait for the records of one source, so that they happen in one order.
func (a *author) reshard(x *line) {
	x.at = event{taken, sourceName(0)}
	x.nth = a.somewhere(len(a.load.sources[0]))
	x.where = a.Float64()
}

func (a *author) split(x *line) {
	a.reshard(x)
	x.cut = 0.5
	if a.IntN(2) == 0 {
		x.cut = 0.1 + 0.8*a.Float64()
	}
	a.shards += 2
}

func (a *author) merge(x *line) {
	a.reshard(x)
	a.shards++
}

func (a *author) slot() string { return workerName(a.IntN(len(a.load.joins))) }

func (a *author) kill(x *line) {
	x.at.thing = a.slot()
	x.wait = a.between(0, 20*time.Second)
	if len(a.other) > 0 && a.IntN(2) == 0 {
		x.at.what, x.nth = string(a.other[a.IntN(len(a.other))]), a.early(20)
		x.does = []string{beforeIt, behindIt}[a.IntN(2)]
		return
	}
	switch a.IntN(4) {
	case 0:
		x.at.what, x.nth, x.does = writing, a.early(30), beforeIt
	case 1:
		x.at.what, x.nth, x.does = writing, a.early(30), behindIt
	case 2:
		x.at.what, x.nth, x.does = delivers, a.delivery(), beforeIt
	default:
		x.at.what, x.nth, x.does = delivers, a.delivery(), behindIt
	}
}

const (
	beforeIt = "before it"
	behindIt = "behind it"
)

func (a *author) stop(x *line) {
	x.at, x.nth = event{delivers, a.slot()}, a.delivery()
	if a.IntN(3) == 0 {
		x.at.what, x.nth = writing, a.early(30)
	}
	x.wait = a.between(0, 20*time.Second)
}

// delivery gives a number of a delivery by one worker, which has its part of them.
func (a *author) delivery() int { return a.somewhere(a.load.records() / len(a.load.joins)) }

func (a *author) cutOff(x *line) {
	x.at = event{writing, a.slot()}
	x.nth = a.early(30)
	x.does, x.wait = "cannot reach the lake for", a.between(time.Second, 30*time.Second)
}

func (a *author) shard() string { return shardName(a.IntN(a.shards)) }

func (a *author) steal(x *line) {
	x.at = event{leasing, a.shard()}
	x.nth = a.early(12)
	x.does = []string{stolen, handed}[a.IntN(2)]
}

// How a rival gets a lease.
const (
	stolen = "stolen by a rival before it"
	handed = "a leader hands it to a rival before it"
)

// fault is an effect on a request.
type fault struct {
	does   string
	effect func(*line, local.Operation) local.Effect
	lo, hi time.Duration // of its wait
}

func (a *author) fault(x *line, faults []fault) {
	f := faults[a.IntN(len(faults))]
	x.does, x.effect = f.does, f.effect
	if f.hi > 0 {
		x.wait = a.between(f.lo, f.hi)
	}
}

var (
	throttled = fault{does: "throttled", effect: func(*line, local.Operation) local.Effect { return local.Throttle() }}
	broken    = fault{does: "fails with InternalFailure", effect: func(*line, local.Operation) local.Effect {
		return local.Fail(500, "InternalFailure", "A fault of the checker.")
	}}
	lostReply = fault{does: "done, and its answer lost", effect: func(_ *line, op local.Operation) local.Effect {
		if op == local.KinesisSubscribeToShard {
			return local.CutStream(0)
		}
		return local.LoseReply()
	}}
	cutAnswer = fault{does: "its answer cut off", effect: func(l *line, op local.Operation) local.Effect {
		if op == local.KinesisSubscribeToShard {
			return local.CutStream(1 + l.number%4)
		}
		return local.CutReply(40)
	}}
	delayed = fault{does: "takes", effect: func(l *line, _ local.Operation) local.Effect { return local.Delay(l.wait) }, lo: 200 * time.Millisecond, hi: 4 * time.Second}
	stale   = fault{does: "answers as it would have before", effect: func(l *line, _ local.Operation) local.Effect { return local.Stale(l.wait) }, lo: time.Second, hi: 20 * time.Second}

	recordThrottled = fault{does: "the record throttled", effect: func(l *line, _ local.Operation) local.Effect {
		return failEntries(l, "ProvisionedThroughputExceededException")
	}}
	recordFailed = fault{does: "the record fails with InternalFailure", effect: func(l *line, _ local.Operation) local.Effect {
		return failEntries(l, "InternalFailure")
	}}
)

func failEntries(l *line, code string) local.Effect {
	return local.FailEntries(code, func(e local.Entry) bool { return slices.Contains(l.indices, e.Index) })
}

func (a *author) putFault(x *line) {
	key := a.load.keys[a.IntN(len(a.load.keys))]
	n := 0
	for _, s := range a.load.sources {
		for _, st := range s {
			if st.record.Key == key {
				n++
			}
		}
	}
	x.at, x.nth = event{putting, key}, a.somewhere(n)
	x.ops = []local.Operation{local.KinesisPutRecords}
	// The entries' failures are what is most often handled wrongly, lost answers next.
	a.fault(x, []fault{recordThrottled, recordThrottled, recordFailed, recordFailed, lostReply, lostReply, lostReply, throttled, broken, delayed})
	if !x.entries() {
		x.ops = append(x.ops, local.KinesisPutRecord)
	}
}

func (a *author) readFault(x *line) {
	x.at, x.nth = event{reads, a.shard()}, a.early(20)
	x.ops = []local.Operation{local.KinesisGetRecords, local.KinesisSubscribeToShard}
	a.fault(x, []fault{throttled, broken, lostReply, cutAnswer, delayed})
}

func (a *author) listFault(x *line) {
	who := a.slot()
	if a.IntN(2) == 0 {
		who = sourceName(a.IntN(len(a.load.sources)))
	}
	x.at, x.nth = event{listing, who}, a.early(5)
	x.ops = []local.Operation{local.KinesisListShards}
	a.fault(x, []fault{throttled, broken, stale, stale, delayed})
}

func (a *author) leaseFault(x *line) {
	x.at, x.nth = event{leasing, a.shard()}, a.early(12)
	x.ops = []local.Operation{local.DynamoDBUpdateItem, local.DynamoDBPutItem, local.DynamoDBDeleteItem}
	a.fault(x, []fault{throttled, broken, lostReply, lostReply, delayed})
}

func (a *author) otherFault(x *line) {
	op := a.other[a.IntN(len(a.other))]
	x.at, x.nth = event{string(op), a.slot()}, a.early(20)
	x.ops = []local.Operation{op}
	a.fault(x, []fault{throttled, broken, lostReply, lostReply, delayed})
}

func (a *author) anyRecord() string {
	s := a.load.sources[a.IntN(len(a.load.sources))]
	if len(s) == 0 {
		return recordName("none", 0)
	}
	r := s[a.somewhere(len(s))-1].record
	return recordName(r.Key, r.N)
}

func (a *author) refuse(x *line) {
	x.at, x.nth = event{deliverTo, a.anyRecord()}, 1+a.IntN(2)
	x.does = "refused"
	if a.IntN(2) == 0 {
		x.does, x.wait = "refused for", a.between(time.Second, 20*time.Second)
	}
}

func (a *author) slow(x *line) {
	x.at, x.nth = event{deliverTo, a.anyRecord()}, 1
	x.does, x.wait = "takes", a.between(100*time.Millisecond, 15*time.Second)
}

func sourceName(i int) string             { return fmt.Sprintf("source %d", i+1) }
func workerName(i int) string             { return fmt.Sprintf("worker-%d", i+1) }
func shardName(i int) string              { return fmt.Sprintf("shardId-%012d", i) }
func recordName(key string, n int) string { return fmt.Sprintf("record %d of key %s", n, key) }

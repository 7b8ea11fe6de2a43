package check

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Record is one record of the load.
type Record struct {
	// Key is its partition key: the records of a key have an order.
	Key string
	// N is its place among the key's records, from 0.
	N int
	// Data is the payload: a JSON object with the members "key" and "n" and some padding.
	Data []byte
}

// mark is what a payload says of itself.
type mark struct {
	Key *string `json:"key"`
	N   *int    `json:"n"`
	Pad string  `json:"pad,omitempty"`
}

func newRecord(key string, n, pad int) Record {
	b, err := json.Marshal(mark{&key, &n, strings.Repeat("x", pad)})
	if err != nil {
		panic(err) // texts and numbers
	}
	return Record{Key: key, N: n, Data: b}
}

// parse says which record of a load a payload is.
func parse(data []byte) (key string, n int, ok bool) {
	var m mark
	if json.Unmarshal(data, &m) != nil || m.Key == nil || m.N == nil {
		return "", 0, false
	}
	return *m.Key, *m.N, true
}

// load is what a seed's pipeline has to do. It is a function of the seed and the options
// alone.
type load struct {
	shards  int
	keys    []string
	sources [][]step // the records of one source; no key is in two
	joins   []time.Duration
}

// step is a record and how long the source waits before it.
type step struct {
	pause  time.Duration
	record Record
}

// random gives the random numbers of one purpose, so that a change in one leaves the others
// as they were.
func random(seed uint64, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }

const (
	forLoad = iota + 1
	forScript
)

func newLoad(seed uint64, o *Options) *load {
	r := random(seed, forLoad)
	l := &load{shards: 1 + r.IntN(o.Shards), sources: make([][]step, 1+r.IntN(2))}
	for i := range max(len(l.sources), 1+r.IntN(o.Keys)) {
		l.keys = append(l.keys, fmt.Sprintf("k%02d", i))
	}
	// Some loads are a steady trickle, some come in bursts.
	burst := 1 + r.IntN(20)
	gap := time.Duration(20+r.IntN(400)) * time.Millisecond
	pad := 1 << r.IntN(11)
	n := map[string]int{}
	for range o.Records/2 + r.IntN(o.Records/2+1) {
		i := r.IntN(len(l.keys))
		if r.IntN(3) == 0 {
			i = 0 // one key is hot
		}
		key, source := l.keys[i], &l.sources[i%len(l.sources)]
		s := step{record: newRecord(key, n[key], r.IntN(pad))}
		if r.IntN(burst) == 0 {
			s.pause = time.Duration(r.Int64N(int64(gap) * int64(burst)))
		}
		n[key]++
		*source = append(*source, s)
	}
	// The first worker is there at once, the others come when they come.
	l.joins = []time.Duration{0}
	for range r.IntN(o.Workers) {
		l.joins = append(l.joins, time.Duration(r.IntN(15000))*time.Millisecond)
	}
	return l
}

// records counts the load's records.
func (l *load) records() (n int) {
	for _, s := range l.sources {
		n += len(s)
	}
	return n
}

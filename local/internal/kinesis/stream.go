package kinesis

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/internal/seqno"
)

// The states of a stream.
const (
	creating = "CREATING"
	updating = "UPDATING"
	active   = "ACTIVE"
	deleting = "DELETING"
)

const (
	provisioned = "PROVISIONED"
	onDemand    = "ON_DEMAND"
)

// streamMeta is what the store keeps of a stream beside its records.
type streamMeta struct {
	Name   string
	ID     string // the StreamId
	Mode   string
	Status string
	// Until is when a passing status ends, in Unix milliseconds.
	Until          int64
	Created        int64
	RetentionHours int
	MaxRecordKiB   int
	WarmMiBps      int               `json:",omitempty"`
	KeyID          string            `json:",omitempty"` // empty: not encrypted
	Tags           map[string]string `json:",omitempty"`
	Consumers      []consumerMeta    `json:",omitempty"` // by name
	Metrics        []string          `json:",omitempty"` // of its shards, in the order of shardMetrics
	Policy         string            `json:",omitempty"`
	Strategy       string            `json:",omitempty"` // of an on-demand stream; empty: by partition key
	Reshape        *reshape          `json:",omitempty"`
	Scaled         []int64           `json:",omitempty"` // when UpdateShardCount was called, in the last 24 hours
	Switched       []int64           `json:",omitempty"` // when UpdateStreamMode was
	Keyed, Unkeyed []int64           `json:",omitempty"` // when StartStreamEncryption and StopStreamEncryption were
	NextShard      int64
	Shards         []shardMeta
}

// shardMeta is what the store keeps of a shard.
type shardMeta struct {
	Index            int64
	First, Last      string // the hash range, decimal
	Parent, Adjacent int64  // shard indexes, -1: none
	Created          int64
	Closed           int64  `json:",omitempty"` // zero: open
	Trim             uint64 `json:",omitempty"` // records below are gone for good
}

// stream is a stream's state. Decisions about it (names, states, hash ranges, who is whose
// child) are in this file and in reshard.go and list.go: no clock, no file, no goroutine.
type stream struct {
	streamMeta
	dir    string
	shards []*shard // by index; expired ones are gone
	open   []*shard // by hash range, without gaps
	ranges []hashrange.Range
	late   bool          // a step of a reshape could not be stored in time
	turn   atomic.Uint64 // of the AUTO strategy
}

// shard is one shard. Its log and its rate limits are guarded by mu; the rest by the service.
type shard struct {
	shardMeta
	id  string
	rng hashrange.Range

	mu struct {
		sync.Mutex
		log                       *shardLog // nil until the first use
		records, bytes, reads, it bucket
		readBytes                 bucket
		grown                     chan struct{} // closed when a record comes or the shard's state changes; nil: nobody waits
	}
}

// growth gives a channel that is closed at the shard's next change. It must be called with
// h.mu held.
func (h *shard) growth() <-chan struct{} {
	if h.mu.grown == nil {
		h.mu.grown = make(chan struct{})
	}
	return h.mu.grown
}

// wake tells those that wait for growth. It must be called with h.mu held.
func (h *shard) wake() {
	if h.mu.grown != nil {
		close(h.mu.grown)
		h.mu.grown = nil
	}
}

// wakeAll wakes those that wait for any of the shards.
func wakeAll(shards []*shard) {
	for _, h := range shards {
		h.mu.Lock()
		h.wake()
		h.mu.Unlock()
	}
}

func newStream(m streamMeta, dir string) (*stream, error) {
	st := &stream{streamMeta: m, dir: dir}
	for _, sm := range m.Shards {
		if err := st.addShard(sm); err != nil {
			return nil, fmt.Errorf("stream %s: shard %d: %w", m.Name, sm.Index, err)
		}
	}
	st.index()
	return st, nil
}

func (st *stream) addShard(m shardMeta) error {
	rng, err := hashrange.ParseRange(m.First, m.Last)
	if err != nil {
		return err
	}
	st.shards = append(st.shards, &shard{shardMeta: m, id: shardName(m.Index), rng: rng})
	return nil
}

// index sorts the open shards by hash range.
func (st *stream) index() {
	st.open, st.ranges = nil, nil
	for _, h := range st.shards {
		if h.Closed == 0 {
			st.open = append(st.open, h)
		}
	}
	slices.SortFunc(st.open, func(a, b *shard) int { return a.rng.First.Compare(b.rng.First) })
	for _, h := range st.open {
		st.ranges = append(st.ranges, h.rng)
	}
}

// meta gives the state to store.
func (st *stream) meta() streamMeta {
	m := st.streamMeta
	m.Consumers = slices.Clone(st.Consumers)
	m.Shards = make([]shardMeta, len(st.shards))
	for i, h := range st.shards {
		m.Shards[i] = h.shardMeta
	}
	return m
}

// statusAt gives the status at a time: CREATING and UPDATING pass by themselves.
func (st *stream) statusAt(now int64) string {
	if (st.Status == creating || st.Status == updating) && now >= st.Until && st.Reshape == nil {
		return active
	}
	return st.Status
}

// shard gives a shard that is not gone, by its index.
func (st *stream) shard(n int64) *shard {
	i, ok := slices.BinarySearchFunc(st.shards, n, func(h *shard, n int64) int {
		switch {
		case h.Index < n:
			return -1
		case h.Index > n:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return st.shards[i]
}

// expired says whether nothing of a closed shard can be left at a time.
func (st *stream) expired(h *shard, now int64) bool {
	return h.Closed != 0 && h.Closed < st.horizon(now)
}

// horizon is the arrival time of the oldest record that is kept.
func (st *stream) horizon(now int64) int64 { return now - int64(st.RetentionHours)*3_600_000 }

func (h *shard) start() seqno.Number {
	return seqno.Number{Created: h.Created / 1000, Shard: h.Index, Arrived: h.Created / 1000}
}

func (h *shard) end() seqno.Number {
	return seqno.Number{Created: h.Created / 1000, Shard: h.Index, Index: seqno.ClosingIndex, Arrived: h.Closed / 1000}
}

func (h *shard) seq(index uint64, arrived int64) seqno.Number {
	return seqno.Number{Created: h.Created / 1000, Shard: h.Index, Index: index, Arrived: arrived / 1000}
}

// newMeta gives the state of a stream at its creation.
func newMeta(in *createStreamInput, id string, shards int, now, until int64) streamMeta {
	m := streamMeta{
		Name: in.StreamName, ID: id, Mode: in.StreamModeDetails.mode(), Status: creating, Until: until, Created: now,
		RetentionHours: minRetention, MaxRecordKiB: in.MaxRecordSizeInKiB, WarmMiBps: in.WarmThroughputMiBps,
		Tags: in.Tags, NextShard: int64(shards),
	}
	if m.MaxRecordKiB == 0 {
		m.MaxRecordKiB = 1024
	}
	for i, r := range hashrange.Split(shards) {
		m.Shards = append(m.Shards, shardMeta{
			Index: int64(i), First: r.First.String(), Last: r.Last.String(), Parent: -1, Adjacent: -1, Created: now,
		})
	}
	return m
}

const (
	minRetention = 24
	maxRetention = 8760
)

// streamRef is how requests name a stream.
type streamRef struct {
	StreamName string
	StreamARN  string
	StreamID   string `json:"StreamId"`
}

// name is the stream's name, as far as the request has it.
func (r streamRef) name() string {
	if r.StreamName != "" {
		return r.StreamName
	}
	return StreamOf(r.StreamARN)
}

// notFound is the answer about a stream that is not there.
func (s *Service) notFound(name string) *awswire.Error {
	return awswire.Errorf("ResourceNotFoundException", "Stream %s under account %s not found.", name, s.env.Account)
}

// StreamOf is the name of the stream that an ARN, a stream's or a consumer's, is about.
func StreamOf(arn string) string {
	_, name, _ := strings.Cut(arn, ":stream/")
	name, _, _ = strings.Cut(name, "/")
	return name
}

func (s *Service) arn(name string) string {
	return "arn:aws:kinesis:" + s.env.Region + ":" + s.env.Account + ":stream/" + name
}

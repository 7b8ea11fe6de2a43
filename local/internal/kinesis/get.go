package kinesis

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/seqno"
)

const (
	maxGetRecords  = 10_000
	maxGetBytes    = 10 << 20
	shardReads     = 5       // calls a second
	shardReadBytes = 2 << 20 // a second
)

type getRecordsInput struct {
	ShardIterator string
	Limit         *int
	StreamARN     string
}

// got is what one GetRecords found.
type got struct {
	records  recordWriter
	next     string // the next iterator, empty at the shard's end
	behind   int64
	children []childShard
}

func (s *Service) getRecords(_ context.Context, r *request) (any, error) {
	in := new(getRecordsInput)
	if _, err := r.read(in); err != nil {
		return nil, err
	}
	it, ok := parseIterator(in.ShardIterator)
	if !ok {
		return nil, awswire.Errorf("InvalidArgumentException", "Invalid ShardIterator.")
	}
	limit := maxGetRecords
	if in.Limit != nil {
		limit = *in.Limit
	}
	g := got{records: &jsonRecords{}}
	if r.format == awswire.FormatCBOR {
		g.records = &cborRecords{}
	}
	if err := it.expired(r.now); err != nil {
		return nil, err
	}
	err := s.viewShard(streamRef{StreamName: it.stream, StreamARN: in.StreamARN}, it.shard, r.now, func(st *stream, h *shard) error {
		if st.Created != it.created {
			// A new stream of the same name: all it has comes behind the iterator.
			it.created, it.index = st.Created, 0
		}
		return s.get(st, h, it, limit, r.now, &g)
	})
	if err != nil {
		return nil, err
	}
	return g.records.answer(&g), nil
}

func (s *Service) get(st *stream, h *shard, it iterator, limit int, now int64, g *got) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.env.Limits && (!h.mu.reads.room(now, 1, shardReads, shardReads) || !h.mu.readBytes.room(now, 1, shardReadBytes, shardReadBytes)) {
		return s.slow(st, h)
	}
	l, err := s.trimmed(st, h, now)
	if err != nil {
		return err
	}
	next, last, n, size := max(it.index, l.first), int64(0), 0, 0
	err = l.read(next, func(f frame) bool {
		if n == limit || n > 0 && size+len(f.data()) > maxGetBytes {
			return false
		}
		g.records.add(f, h.seq(f.index(), f.arrived()))
		next, last = f.index()+1, f.arrived()
		n, size = n+1, size+len(f.data())
		return true
	})
	if err != nil {
		return err
	}
	if s.env.Limits {
		h.mu.reads.take(1)
		if size > shardReadBytes {
			h.mu.readBytes = bucket{used: 1000 * shardReadBytes, at: now} // after 10 MiB, calls fail for 5 seconds
		}
		h.mu.readBytes.take(int64(size))
	}
	if next < l.next {
		g.behind = max(0, now-last)
	} else if h.Closed != 0 {
		g.children = st.childShards(h)
		return nil
	}
	it.index, it.issued = next, now
	g.next = it.String()
	return nil
}

// recordWriter collects an answer's records in a format.
type recordWriter interface {
	// add takes a record, whose frame is valid during the call only.
	add(f frame, seq seqno.Number)
	answer(g *got) any
}

// jsonRecords writes the answer's text as records come from the log.
type jsonRecords struct{ out []byte }

func (w *jsonRecords) add(f frame, seq seqno.Number) {
	if w.out == nil {
		w.out = append(make([]byte, 0, 64<<10), `{"Records":[`...)
	} else {
		w.out = append(w.out, ',')
	}
	if need := 300 + 2*len(f); cap(w.out)-len(w.out) < need {
		w.out = slices.Grow(w.out, max(need, len(w.out))) // append alone would copy big answers ten times
	}
	w.out = append(w.out, `{"SequenceNumber":"`...)
	w.out = seq.Append(w.out)
	w.out = append(w.out, `","ApproximateArrivalTimestamp":`...)
	w.out = awswire.Millis(f.arrived()).AppendJSON(w.out)
	w.out = append(w.out, `,"Data":"`...)
	w.out = base64.StdEncoding.AppendEncode(w.out, f.data())
	w.out = append(w.out, `","PartitionKey":`...)
	w.out = appendString(w.out, f.key())
	if f.kms() {
		w.out = append(w.out, `,"EncryptionType":"KMS"`...)
	}
	w.out = append(w.out, '}')
}

func (w *jsonRecords) answer(g *got) any {
	w.end(g.behind)
	if g.next != "" {
		w.out = append(w.out, `,"NextShardIterator":`...)
		w.out = appendString(w.out, g.next)
	} else {
		w.out = append(w.out, `,"NextShardIterator":null`...)
		w.children(g.children)
	}
	return raw(append(w.out, '}'))
}

// end ends the list of records.
func (w *jsonRecords) end(behind int64) {
	if w.out == nil {
		w.out = append(w.out, `{"Records":[`...)
	}
	w.out = append(w.out, `],"MillisBehindLatest":`...)
	w.out = strconv.AppendInt(w.out, behind, 10)
}

// children says what became of a shard that has ended.
func (w *jsonRecords) children(cs []childShard) {
	if b, err := json.Marshal(cs); err == nil && len(cs) > 0 {
		w.out = append(append(w.out, `,"ChildShards":`...), b...)
	}
}

type cborRecords struct{ records []record }

type record struct {
	SequenceNumber              string
	ApproximateArrivalTimestamp awswire.Millis
	Data                        []byte
	PartitionKey                string
	EncryptionType              string `json:",omitempty"`
}

func (w *cborRecords) add(f frame, seq seqno.Number) {
	r := record{
		SequenceNumber: seq.String(), ApproximateArrivalTimestamp: awswire.Millis(f.arrived()),
		Data: append([]byte(nil), f.data()...), PartitionKey: string(f.key()),
	}
	if f.kms() {
		r.EncryptionType = "KMS"
	}
	w.records = append(w.records, r)
}

type getRecordsOutput struct {
	Records            []record
	MillisBehindLatest int64
	NextShardIterator  string       `json:",omitempty"`
	ChildShards        []childShard `json:",omitempty"`
}

func (w *cborRecords) answer(g *got) any {
	return &getRecordsOutput{w.records, g.behind, g.next, g.children}
}

// appendString appends a string as JSON has it.
func appendString[S []byte | string](b []byte, s S) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(string(s))
			if err != nil { // a string always can be
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

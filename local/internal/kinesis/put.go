package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/hashrange"
)

const (
	maxRecords   = 500
	maxPutBytes  = 10 << 20
	shardRecords = 1000    // a second
	shardBytes   = 1 << 20 // a second
)

type putRecordOutput struct {
	ShardID        string `json:"ShardId"`
	SequenceNumber string
	EncryptionType string `json:",omitempty"` // where there is some
}

func (s *Service) putRecord(_ context.Context, r *request) (any, error) {
	b := s.batches.Get().(*batch)
	defer s.batches.Put(b)
	if err := s.decode(b, r); err != nil {
		return nil, err
	}
	var out putRecordOutput
	err := s.view(b.streamRef, r.now, func(st *stream) error {
		if err := s.ordering(st, b.ordering, r.now); err != nil {
			return err
		}
		if err := s.put(st, b, r.now, func(member string, _ int) string { return member }); err != nil {
			return err
		}
		e := &b.entries[0]
		if e.err != nil {
			if e.err.code == internal {
				return &awswire.Error{Code: internal, Message: e.err.message, Status: 500}
			}
			return awswire.Errorf(e.err.code, "%s", e.err.message)
		}
		out = putRecordOutput{ShardID: st.open[e.shard].id, SequenceNumber: e.seq.String(), EncryptionType: st.encrypted()}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ordering checks SequenceNumberForOrdering. The order itself needs no help: every record
// of a shard, and of its children, gets a higher number than those before it.
func (s *Service) ordering(st *stream, seq string, now int64) error {
	if seq == "" {
		return nil
	}
	// A record of this second may be in a second that has not quite come, for a shard's
	// arrivals do not go back when the clock does.
	if n, ok := decodeSeq(seq); !ok || n.arrived > now/1000+1 {
		return awswire.Errorf("InvalidArgumentException",
			"ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.", seq, st.Name, s.env.Account)
	}
	return nil
}

// encrypted is the kind of a record's encryption, which the service names where there is some.
func (st *stream) encrypted() string {
	if st.KeyID != "" {
		return "KMS"
	}
	return ""
}

// encryption is the kind of the stream's encryption, which has a name in any case.
func (st *stream) encryption() string { return cmp.Or(st.encrypted(), "NONE") }

func (s *Service) putRecords(_ context.Context, r *request) (any, error) {
	b := s.batches.Get().(*batch)
	defer s.batches.Put(b)
	if err := s.decode(b, r); err != nil {
		return nil, err
	}
	var out any
	err := s.view(b.streamRef, r.now, func(st *stream) error {
		if err := s.put(st, b, r.now, listed); err != nil {
			return err
		}
		if r.format == awswire.FormatJSON {
			// The answer lies in the batch, which goes back to the pool.
			out = slices.Clone(b.encodeJSON(st))
		} else {
			out = b.result(st)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// listed names a member of the i-th record of a list.
func listed(member string, i int) string { return fmt.Sprintf("records.%d.member.%s", i+1, member) }

// decode reads a put into the batch, whose entries are in order but for what the stream's
// state says of them. JSON has a fast way that knows what a good request looks like; all
// else goes the way of the other operations, which know how to complain.
func (s *Service) decode(b *batch, r *request) error {
	single := r.operation == "PutRecord"
	if r.format == awswire.FormatJSON && b.decodeJSON(r.body, single) == nil && b.sound(single) {
		return nil
	}
	v, err := r.check(shapes[r.operation])
	if err != nil && s.keyless(r) {
		v, err = r.check(shapes[r.operation+"/"+autoStrategy])
	}
	if err != nil {
		return err
	}
	return b.take(v, len(r.body), single)
}

// take makes a batch of a request's members, which are valid.
func (b *batch) take(v map[string]any, size int, single bool) error {
	b.reset(size + frameHeader)
	if err := awswire.Assign(v, &b.streamRef); err != nil {
		return err
	}
	records, _ := v["Records"].([]any)
	if single {
		records = []any{v}
		b.ordering, _ = v["SequenceNumberForOrdering"].(string)
	}
	for _, e := range records {
		m, _ := e.(map[string]any)
		data, has := m["Data"].([]byte)
		key, _ := m["PartitionKey"].(string)
		explicit, _ := m["ExplicitHashKey"].(string)
		b.add(data, []byte(key), explicit, has)
	}
	return nil
}

// keyless says whether the request is to a stream that wants no partition keys.
func (s *Service) keyless(r *request) bool {
	tree, err := r.format.Tree(r.body)
	m, ok := tree.(map[string]any)
	if err != nil || !ok {
		return false
	}
	name, _ := m["StreamName"].(string)
	if arn, ok := m["StreamARN"].(string); ok && name == "" {
		name = StreamOf(arn)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := s.mu.streams[name]
	return st != nil && st.strategy() == autoStrategy
}

// sound says whether the batch is certainly valid by itself.
func (b *batch) sound(single bool) bool {
	n := len(b.entries)
	if n == 0 || n > maxRecords || b.ordering != "" && !sequence.regexp.MatchString(b.ordering) ||
		b.StreamName == "" && b.StreamARN == "" || !b.streamRef.sound() {
		return false
	}
	for i := range b.entries {
		e := &b.entries[i]
		if !e.hasData || e.keyLen == 0 || e.keyChars > partitionKey.most || e.dataLen() > recordData.most ||
			e.explicit != "" && !hashKey.regexp.MatchString(e.explicit) {
			return false
		}
	}
	return !single || n == 1
}

func (r streamRef) sound() bool {
	return (r.StreamName == "" || len(r.StreamName) <= streamName.most && streamName.regexp.MatchString(r.StreamName)) &&
		(r.StreamARN == "" || len(r.StreamARN) <= streamARN.most && streamARN.regexp.MatchString(r.StreamARN)) && r.StreamID == ""
}

const (
	internal  = "InternalFailure"
	throttled = "ProvisionedThroughputExceededException"
)

// put routes the batch's entries and appends them to their shards' logs. What concerns
// single records, limits and a disk without room, is in their entries; an error concerns
// all of them, and nothing is written. name gives the name of an entry's member.
func (s *Service) put(st *stream, b *batch, now int64, name func(string, int) string) error {
	if status := st.statusAt(now); status != active && status != updating {
		return s.notFound(st.Name)
	}
	if err := b.check(st, name); err != nil {
		return err
	}
	auto := st.strategy() == autoStrategy
	for i := range b.entries {
		e := &b.entries[i]
		if auto {
			e.shard = int32(st.turn.Add(1) % uint64(len(st.open)))
		} else {
			e.shard = int32(hashrange.Find(st.ranges, e.hash))
		}
		e.err = nil
		b.order = append(b.order, int32(i))
	}
	slices.SortStableFunc(b.order, func(x, y int32) int { return int(b.entries[x].shard) - int(b.entries[y].shard) })
	for from := 0; from < len(b.order); {
		to := from + 1
		for to < len(b.order) && b.entries[b.order[to]].shard == b.entries[b.order[from]].shard {
			to++
		}
		s.putShard(st, st.open[b.entries[b.order[from]].shard], b, b.order[from:to], now)
		from = to
	}
	return nil
}

// check validates all entries.
func (b *batch) check(st *stream, name func(string, int) string) error {
	var c checks
	most, total := st.MaxRecordKiB<<10, 0
	for i := range b.entries {
		e := &b.entries[i]
		total += e.dataLen() + e.keyLen
		switch n := e.dataLen(); {
		case n > most:
			c.failf(name("data", i), javaBuffer(n), "Member must have length less than or equal to %d", most)
		case n+e.keyLen > most:
			c.failf(name("data", i), javaBuffer(n), "Member must have length less than or equal to %d, the partition key's %d bytes included", most, e.keyLen)
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	if total > maxPutBytes {
		return awswire.Errorf("InvalidArgumentException", "Records size exceeds 10 MB limit")
	}
	for i := range b.entries {
		if e := &b.entries[i]; e.explicit != "" && st.strategy() != autoStrategy {
			k, err := hashrange.Parse(e.explicit)
			if err != nil {
				return awswire.Errorf("InvalidArgumentException",
					"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", e.explicit)
			}
			e.hash = k
		}
	}
	return nil
}

// putShard appends the entries to one shard's log, in one write.
func (s *Service) putShard(st *stream, h *shard, b *batch, order []int32, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, err := s.logOf(st, h)
	if err == nil && l.full() {
		err = l.trim(st.horizon(now))
	}
	if err != nil {
		s.fail(st, h, b, order, err)
		return
	}
	kms := st.KeyID != ""
	arrived := max(now, l.last) // a shard's arrivals do not go back, the machine's clock may
	buf, index := b.out[:0], l.next
	for _, i := range order {
		e := &b.entries[i]
		if s.env.Limits && !h.admit(now, int64(e.dataLen()+e.keyLen), st.MaxRecordKiB<<10) {
			e.err = &putError{throttled, fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", h.id, st.Name, s.env.Account)}
			continue
		}
		at := len(buf)
		buf = append(buf, b.arena[e.off:e.off+e.len]...)
		frame(buf[at:]).seal(l.crc, index, arrived, e.keyLen, kms)
		e.seq = h.seq(index, arrived)
		index++
	}
	b.out = buf
	if len(buf) == 0 {
		return
	}
	if err := l.append(buf); err != nil {
		s.fail(st, h, b, order, err)
		return
	}
	h.wake()
}

// admit takes a record's share of the shard's limits.
func (h *shard) admit(now, size int64, maxRecord int) bool {
	// A bucket that holds the largest record lets it through, and fills at the shard's rate.
	room := int64(max(maxRecord, shardBytes))
	if !h.mu.records.room(now, 1, shardRecords, shardRecords) || !h.mu.bytes.room(now, size, shardBytes, room) {
		return false
	}
	h.mu.records.take(1)
	h.mu.bytes.take(size)
	return true
}

// fail marks a shard's entries as not stored.
func (s *Service) fail(st *stream, h *shard, b *batch, order []int32, err error) {
	for _, i := range order {
		if e := &b.entries[i]; e.err == nil {
			e.err = &putError{internal, fmt.Sprintf("the local lake could not store the record in stream %s, %s: %v", st.Name, h.id, err)}
		}
	}
}

func (b *batch) failed() int {
	n := 0
	for i := range b.entries {
		if b.entries[i].err != nil {
			n++
		}
	}
	return n
}

// encodeJSON writes the answer into the batch's own buffer.
func (b *batch) encodeJSON(st *stream) raw {
	out := append(b.out[:0], `{"FailedRecordCount":`...)
	out = strconv.AppendInt(out, int64(b.failed()), 10)
	if kind := st.encrypted(); kind != "" {
		out = append(out, `,"EncryptionType":"`...)
		out = append(out, kind...)
		out = append(out, '"')
	}
	out = append(out, `,"Records":[`...)
	for i := range b.entries {
		e := &b.entries[i]
		if i > 0 {
			out = append(out, ',')
		}
		if e.err != nil {
			out = append(out, `{"ErrorCode":`...)
			out = appendString(out, e.err.code)
			out = append(out, `,"ErrorMessage":`...)
			out = appendString(out, e.err.message)
		} else {
			out = append(out, `{"SequenceNumber":"`...)
			out = e.seq.Append(out)
			out = append(out, `","ShardId":"`...)
			out = append(out, st.open[e.shard].id...)
			out = append(out, '"')
		}
		out = append(out, '}')
	}
	out = append(out, `]}`...)
	b.out = out
	return raw(out)
}

type putRecordsOutput struct {
	FailedRecordCount int
	EncryptionType    string `json:",omitempty"`
	Records           []putRecordsResult
}

type putRecordsResult struct {
	SequenceNumber string `json:",omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
	ErrorCode      string `json:",omitempty"`
	ErrorMessage   string `json:",omitempty"`
}

func (b *batch) result(st *stream) *putRecordsOutput {
	out := &putRecordsOutput{FailedRecordCount: b.failed(), EncryptionType: st.encrypted()}
	for i := range b.entries {
		r := putRecordsResult{}
		if e := &b.entries[i]; e.err != nil {
			r.ErrorCode, r.ErrorMessage = e.err.code, e.err.message
		} else {
			r.SequenceNumber, r.ShardID = e.seq.String(), st.open[e.shard].id
		}
		out.Records = append(out.Records, r)
	}
	return out
}

package kinesis

import (
	"encoding/base64"
	"errors"
	"hash/crc32"
	"net/http"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/seqno"
)

// iterator is a place in a shard. Its text carries all of it, so that it holds across a
// restart of the lake.
type iterator struct {
	issued  int64 // Unix milliseconds
	created int64 // the stream's, so that a new stream of the same name is another one
	shard   int64
	index   uint64 // of the next record
	stream  string
}

const (
	iteratorLife    = 5 * time.Minute
	iteratorVersion = 1
)

func (it iterator) String() string {
	b := make([]byte, 0, 64)
	b = append(b, iteratorVersion)
	b = le.AppendUint64(b, uint64(it.issued))
	b = le.AppendUint64(b, uint64(it.created))
	b = le.AppendUint64(b, uint64(it.shard))
	b = le.AppendUint64(b, it.index)
	b = append(b, it.stream...)
	b = le.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.StdEncoding.EncodeToString(b)
}

func parseIterator(s string) (iterator, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") || len(b) < 38 || b[0] != iteratorVersion {
		return iterator{}, false
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != le.Uint32(b[len(body):]) {
		return iterator{}, false
	}
	return iterator{
		issued:  int64(le.Uint64(body[1:])),
		created: int64(le.Uint64(body[9:])),
		shard:   int64(le.Uint64(body[17:])),
		index:   le.Uint64(body[25:]),
		stream:  string(body[33:]),
	}, true
}

// expired complains about an iterator that is too old.
func (it iterator) expired(now int64) error {
	if now-it.issued <= iteratorLife.Milliseconds() {
		return nil
	}
	const layout = "Mon Jan 02 15:04:05 MST 2006"
	at := func(ms int64) string { return awswire.Millis(ms).Time().Format(layout) }
	return awswire.Errorf("ExpiredIteratorException",
		"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
		at(it.issued), at(now), iteratorLife.Milliseconds())
}

type getShardIteratorInput struct {
	streamRef
	ShardID                string `json:"ShardId"`
	ShardIteratorType      string
	StartingSequenceNumber string
	Timestamp              *awswire.Millis
	subscribes             bool // it is SubscribeToShard's starting position
}

func (in *getShardIteratorInput) op() string {
	if in.subscribes {
		return "SubscribeToShard"
	}
	return "GetShardIterator"
}

type getShardIteratorOutput struct{ ShardIterator string }

func (s *Service) getShardIterator(in *getShardIteratorInput, now int64) (any, error) {
	index, ok := resolveShard(in.ShardID)
	if !ok {
		return nil, noShard(s.env.Account, in.name(), in.ShardID)
	}
	var out getShardIteratorOutput
	err := s.viewShard(in.streamRef, index, now, func(st *stream, h *shard) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if s.env.Limits && !h.mu.it.try(now, 1, shardReads, shardReads) {
			return s.slow(st, h)
		}
		l, err := s.logOf(st, h)
		if err != nil {
			return err
		}
		index, err := s.place(st, h, l, in, now)
		if err != nil {
			return err
		}
		out.ShardIterator = iterator{issued: now, created: st.Created, shard: h.Index, index: index, stream: st.Name}.String()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// place finds the record that an iterator starts at. It must be called with h.mu held.
func (s *Service) place(st *stream, h *shard, l *shardLog, in *getShardIteratorInput, now int64) (uint64, error) {
	invalid := func(format string, args ...any) error {
		return awswire.Errorf("InvalidArgumentException", format, args...)
	}
	if in.StartingSequenceNumber != "" && (in.ShardIteratorType == "TRIM_HORIZON" || in.ShardIteratorType == "LATEST") {
		return 0, invalid(iteratorRule+"also a StartingSequenceNumber.", in.ShardIteratorType)
	}
	switch in.ShardIteratorType {
	case "TRIM_HORIZON":
		return 0, nil
	case "LATEST":
		return l.next, nil
	case "AT_TIMESTAMP":
		switch {
		case in.Timestamp == nil:
			return 0, invalid("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		case int64(*in.Timestamp) > now:
			return 0, invalid("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d", *in.Timestamp, now)
		}
		return l.since(int64(*in.Timestamp))
	}
	if in.StartingSequenceNumber == "" {
		return 0, invalid(iteratorRule+"no StartingSequenceNumber.", in.ShardIteratorType)
	}
	used := func(why string) error {
		return invalid("StartingSequenceNumber %s used in %s on shard %s in stream %s under account %s is invalid%s.",
			in.StartingSequenceNumber, in.op(), h.id, st.Name, s.env.Account, why)
	}
	switch e, ok := decodeSeq(in.StartingSequenceNumber); {
	case !ok:
		return 0, used("")
	case e.shard != h.Index:
		return 0, invalid("Invalid StartingSequenceNumber. It encodes %s, while it was used in a call to a shard with %s", shardName(e.shard), h.id)
	case e.version == 0:
		return 0, &awswire.Error{Code: internal, Status: http.StatusInternalServerError} // as the service does
	}
	n, ok := seqno.Parse(in.StartingSequenceNumber)
	if !ok || n.Created != h.Created/1000 || n.Index >= l.next && n.Compare(h.end()) != 0 {
		return 0, used(" because it did not come from this stream")
	}
	if in.ShardIteratorType == "AFTER_SEQUENCE_NUMBER" {
		n.Index++
	}
	return n.Index, nil
}

const iteratorRule = "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s and "

// viewShard calls f with a shard that still has records to read, or may get some. About a
// stream that is not there the service says that the shard is not.
func (s *Service) viewShard(ref streamRef, index, now int64, f func(*stream, *shard) error) error {
	found := false
	err := s.view(ref, now, func(st *stream) error {
		found = true
		h, err := s.readable(st, index, now)
		if err != nil {
			return err
		}
		return f(st, h)
	})
	var e *awswire.Error
	if !found && errors.As(err, &e) && e.Code == "ResourceNotFoundException" {
		return s.shardMissing(index, ref.name())
	}
	return err
}

// readable gives a shard that still has records to read, or may get some.
func (s *Service) readable(st *stream, index, now int64) (*shard, error) {
	h := st.shard(index)
	if h == nil || st.expired(h, now) || st.statusAt(now) == creating {
		return nil, s.shardMissing(index, st.Name)
	}
	return h, nil
}

func (s *Service) shardMissing(index int64, stream string) error {
	return awswire.Errorf("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", shardName(index), stream, s.env.Account)
}

func (s *Service) slow(st *stream, h *shard) error {
	return awswire.Errorf(throttled, "Rate exceeded for shard %s in stream %s under account %s.", h.id, st.Name, s.env.Account)
}

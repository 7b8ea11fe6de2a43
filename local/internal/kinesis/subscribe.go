package kinesis

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/seqno"
	"github.com/lakekit/lakekit/local/internal/service"
)

type subscribeInput struct {
	ConsumerARN      string
	ShardID          string `json:"ShardId"`
	StartingPosition *struct {
		Type           string
		SequenceNumber string
		Timestamp      *awswire.Millis
	}
	DryRun *bool
}

// subscription is one session of a consumer at a shard.
type subscription struct {
	ref   streamRef
	find  func(*stream, int64) (*consumerMeta, error)
	key   fanKey
	fan   *fan
	next  uint64 // index of the next record
	until int64  // Unix milliseconds
}

// subscribeToShard checks the call and takes the subscription. What it answers is served by
// serveSubscription.
func (s *Service) subscribeToShard(in *subscribeInput, now int64) (any, error) {
	pos := in.StartingPosition
	ref, find, err := s.consumerIn(consumerRef{ConsumerARN: in.ConsumerARN})
	if err != nil {
		return nil, err
	}
	index, ok := resolveShard(in.ShardID)
	if !ok {
		return nil, noShard(s.env.Account, ref.name(), in.ShardID)
	}
	sub := &subscription{ref: ref, find: find, until: now + sessionLife.Milliseconds()}
	err = s.view(ref, now, func(st *stream) error {
		m, err := find(st, now)
		if err != nil {
			return err
		}
		if status := m.statusAt(now); status != active {
			return awswire.Errorf("ResourceInUseException", "Consumer %s under stream %s not ACTIVE, instead in state %s", m.Name, st.Name, status)
		}
		h, err := s.readable(st, index, now)
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		l, err := s.logOf(st, h)
		if err != nil {
			return err
		}
		sub.next, err = s.place(st, h, l, &getShardIteratorInput{
			ShardIteratorType: pos.Type, StartingSequenceNumber: pos.SequenceNumber, Timestamp: pos.Timestamp, subscribes: true,
		}, now)
		if err != nil {
			return err
		}
		sub.key = fanKey{consumer: in.ConsumerARN, created: st.Created, shard: h.Index}
		var verdict fanVerdict
		dry := in.DryRun != nil && *in.DryRun
		switch sub.fan, verdict = s.fans.take(sub.key, now, s.env.Limits, dry); {
		case verdict == fanInUse:
			return s.otherSubscription(st.Name, h.id, m.Name)
		case verdict == fanTooOften:
			return awswire.Errorf("LimitExceededException", "Rate exceeded for consumer %s and shard %s: one SubscribeToShard a second.", m.Name, h.id)
		case dry:
			return awswire.Errorf("DryRunOperationException", "The request would have succeeded, but DryRun is set.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sub, nil
}

func (s *Service) otherSubscription(stream, shard, consumer string) *awswire.Error {
	return awswire.Errorf("ResourceInUseException", "Another active subscription exists for this consumer: %s:%s:%s:%s", s.env.Account, stream, shard, consumer)
}

// writeGrace is how long a reader that does not read may hold up the end of its session.
const writeGrace = time.Second

// serveSubscription sends events until the session, the shard or the lake ends. A message is
// flushed whole: no client tells a stream that was cut in the middle from one that ended.
func (s *Service) serveSubscription(w http.ResponseWriter, r *http.Request, sub *subscription) {
	defer s.fans.end(sub.fan)
	rc, stopping := http.NewResponseController(w), service.Stopping(r.Context())
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	// A write to a reader that does not read ends by these deadlines. A writer that knows
	// none has no such readers.
	_ = rc.SetWriteDeadline(time.UnixMilli(sub.until).Add(writeGrace))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-stopping:
		case <-sub.fan.taken:
		case <-ctx.Done():
			return
		}
		_ = rc.SetWriteDeadline(time.Now().Add(writeGrace))
	}()
	defer func() { cancel(); <-watched }()
	w.Header().Set("Content-Type", awswire.EventStreamType)
	w.WriteHeader(http.StatusOK)
	e := events{w: w, flush: rc.Flush}
	if !e.send("initial-response", []byte("{}")) {
		return
	}
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	silent := time.Now()
	for {
		now := time.Now()
		pause := time.Duration(0)
		if s.env.Limits {
			pause = s.fans.pause(sub.fan, now.UnixMilli())
		}
		var grown <-chan struct{}
		wait := sessionLife
		if beat := now.Sub(silent) >= heartbeat; pause == 0 || beat {
			f, err := s.fetch(sub, now.UnixMilli(), pause == 0)
			switch {
			case err != nil:
				e.fail(s, err)
				return
			case f.count > 0 || f.ended || beat:
				if !e.send("SubscribeToShardEvent", f.payload) || f.ended {
					return
				}
				silent = now
				s.fans.count(sub.fan, f.bytes)
			}
			if grown = f.grown; f.more {
				grown = closedChan
			}
			if f.due != 0 {
				wait = max(0, time.UnixMilli(f.due).Sub(now))
			}
		}
		wait = min(wait, heartbeat-now.Sub(silent))
		if pause > 0 {
			wait, grown = min(wait, pause), nil
		}
		timer.Reset(min(wait, time.UnixMilli(sub.until).Sub(now)))
		select {
		case <-sub.fan.taken:
			e.fail(s, takenOver(sub))
			return
		case <-stopping:
			return
		case <-r.Context().Done():
			return
		case <-grown:
		case <-timer.C:
		}
		if time.Now().UnixMilli() >= sub.until {
			return
		}
	}
}

var closedChan = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func takenOver(sub *subscription) error {
	return awswire.Errorf("ResourceInUseException", "The subscription of %s to %s was taken over by a later SubscribeToShard.", sub.key.consumer, shardName(sub.key.shard))
}

// fetched is one event's payload.
type fetched struct {
	payload      []byte
	count, bytes int
	more         bool            // the shard has further records already
	ended        bool            // the shard has no more and gets no more
	grown        <-chan struct{} // closed when there may be more
	due          int64           // when the stream's shards change, zero: not known to
}

// maxEventBytes is how much data an event has, unless a single record has more.
const maxEventBytes = 1 << 20

// fetch reads the next records into an event, none when records is false.
func (s *Service) fetch(sub *subscription, now int64, records bool) (fetched, error) {
	var f fetched
	s.settle(now)
	err := s.view(sub.ref, now, func(st *stream) error {
		if st.Created != sub.key.created {
			return s.notFound(st.Name)
		}
		if m, err := sub.find(st, now); err != nil {
			return err
		} else if m.Status == deleting {
			return awswire.Errorf("ResourceNotFoundException", "Consumer %s under stream %s is being deregistered.", m.Name, st.Name)
		}
		h, err := s.readable(st, sub.key.shard, now)
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		l, err := s.trimmed(st, h, now)
		if err != nil {
			return err
		}
		w, last := jsonRecords{}, int64(0)
		next := max(sub.next, l.first)
		if records {
			err := l.read(next, func(fr frame) bool {
				size := len(fr.data()) + fr.keyLen()
				if f.count == maxGetRecords || f.count > 0 && f.bytes+size > maxEventBytes {
					return false
				}
				w.add(fr, h.seq(fr.index(), fr.arrived()))
				next, last = fr.index()+1, fr.arrived()
				f.count, f.bytes = f.count+1, f.bytes+size
				return true
			})
			if err != nil {
				return err
			}
		}
		sub.next = next
		f.more = next < l.next
		f.ended = h.Closed != 0 && !f.more
		if last == 0 {
			last = l.last
		}
		behind := int64(0)
		if f.more {
			behind = max(0, now-last)
		}
		f.payload = w.event(h.place(next, last), behind, f.ended, st.childShards(h))
		f.grown = h.growth()
		if st.Reshape != nil {
			f.due = st.Reshape.Due
		}
		return nil
	})
	return f, err
}

// place gives the number after which a reader goes on at index.
func (h *shard) place(index uint64, arrived int64) seqno.Number {
	if index <= firstIndex {
		return h.start()
	}
	return h.seq(index-1, arrived)
}

// event ends a SubscribeToShardEvent.
func (w *jsonRecords) event(next seqno.Number, behind int64, ended bool, children []childShard) []byte {
	w.end(behind)
	if ended {
		w.children(children)
	} else {
		w.out = append(w.out, `,"ContinuationSequenceNumber":"`...)
		w.out = append(next.Append(w.out), '"')
	}
	return append(w.out, '}')
}

// events writes the messages of an event stream.
type events struct {
	w     http.ResponseWriter
	flush func() error
	buf   []byte
}

// send writes an event. It says whether the client is still there.
func (e *events) send(kind string, payload []byte) bool {
	return e.message(payload, awswire.Header{Name: ":message-type", Value: "event"}, awswire.Header{Name: ":event-type", Value: kind})
}

// fail writes an error as the stream's last message.
func (e *events) fail(s *Service, err error) {
	var api *awswire.Error
	if !errors.As(err, &api) {
		s.env.Log.Error("kinesis: subscription failed", "error", err)
		api = &awswire.Error{Code: "InternalFailureException", Message: internalFailure(err).Message}
	}
	b, err := json.Marshal(map[string]string{"message": api.Message})
	if err != nil { // a string always can be
		return
	}
	e.message(b, awswire.Header{Name: ":message-type", Value: "exception"}, awswire.Header{Name: ":exception-type", Value: api.Code})
}

func (e *events) message(payload []byte, headers ...awswire.Header) bool {
	headers = append(headers, awswire.Header{Name: ":content-type", Value: awswire.FormatJSON.ContentType()})
	e.buf = awswire.AppendMessage(e.buf[:0], headers, payload)
	if _, err := e.w.Write(e.buf); err != nil {
		return false
	}
	return e.flush() == nil
}

// Package kinesis is the local lake's Kinesis Data Streams: streams, shards by MD5 hash
// range, records in durable logs, iterators, resharding, retention and shard limits, in the
// service's own protocol, JSON or CBOR.
//
// A put is acknowledged when its records are in the log's file, so kill -9 loses nothing
// that was acknowledged. Records that a full disk has no room for are refused one by one.
package kinesis

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/service"
)

// Service is the local Kinesis, an [http.Handler].
type Service struct {
	env    service.Env
	ops    map[string]op
	window int64 // how long a passing status lasts, in milliseconds

	// mu guards streams and all of their state that a shard's own lock does not. Puts and
	// gets hold it shared, so that a shard cannot be closed under a put.
	mu struct {
		sync.RWMutex
		streams map[string]*stream
		nextDir int
		account account
		closed  bool
	}
	// due is when the next change of shards is, in Unix milliseconds.
	due      atomic.Int64
	fans     fans
	calls    calls
	batches  sync.Pool // of *batch
	bodies   sync.Pool // of *[]byte
	requests atomic.Uint64
	id2      []string // of every answer, where the service has a longer one for its support
}

// request is one call.
type request struct {
	operation string
	format    awswire.Format
	body      []byte
	now       int64 // Unix milliseconds
}

// op answers a call with a value to encode, with raw text, or with nil for an empty body.
type op func(ctx context.Context, r *request) (any, error)

// raw is an answer that is encoded already.
type raw []byte

// unary makes an op of a function over the operation's own input and output.
func unary[In any](s *Service, f func(in *In, now int64) (any, error)) op {
	return func(_ context.Context, r *request) (any, error) {
		in := new(In)
		v, err := r.read(in)
		if err != nil {
			return nil, err
		}
		if err := s.limit(r, v); err != nil {
			return nil, err
		}
		return f(in, r.now)
	}
}

// statusWindow is how long a stream is CREATING, UPDATING or DELETING when limits are on.
const statusWindow = 500

// Open opens the service on its folder, which may be empty.
func Open(env service.Env) (*Service, error) {
	s := &Service{env: env, id2: []string{base64.StdEncoding.EncodeToString(make([]byte, 72))}}
	if env.Limits {
		s.window = statusWindow
	}
	s.mu.streams = map[string]*stream{}
	s.batches.New = func() any { return new(batch) }
	s.bodies.New = func() any { return new([]byte) }
	s.ops = map[string]op{
		"AddTagsToStream":                        unary(s, s.addTags),
		"CreateChannel":                          unary(s, s.createChannel),
		"CreateStream":                           unary(s, s.createStream),
		"DecreaseStreamRetentionPeriod":          unary(s, s.decreaseRetention),
		"DeleteChannel":                          unary(s, s.noChannel),
		"DeleteResourcePolicy":                   unary(s, s.deletePolicy),
		"DeleteStream":                           unary(s, s.deleteStream),
		"DeregisterStreamConsumer":               unary(s, s.deregisterConsumer),
		"DescribeAccountSettings":                unary(s, s.describeAccount),
		"DescribeChannel":                        unary(s, s.noChannel),
		"DescribeLimits":                         unary(s, s.describeLimits),
		"DescribeStream":                         unary(s, s.describeStream),
		"DescribeStreamConsumer":                 unary(s, s.describeConsumer),
		"DescribeStreamSummary":                  unary(s, s.describeStreamSummary),
		"DisableEnhancedMonitoring":              unary(s, s.disableMonitoring),
		"EnableEnhancedMonitoring":               unary(s, s.enableMonitoring),
		"GetRecords":                             s.getRecords,
		"GetResourcePolicy":                      unary(s, s.getPolicy),
		"GetShardIterator":                       unary(s, s.getShardIterator),
		"IncreaseStreamRetentionPeriod":          unary(s, s.increaseRetention),
		"ListChannels":                           unary(s, s.listChannels),
		"ListShards":                             unary(s, s.listShards),
		"ListStreamConsumers":                    unary(s, s.listConsumers),
		"ListStreams":                            unary(s, s.listStreams),
		"ListTagsForResource":                    unary(s, s.listTagsForResource),
		"ListTagsForStream":                      unary(s, s.listTags),
		"MergeShards":                            unary(s, s.mergeShards),
		"PutRecord":                              s.putRecord,
		"PutRecords":                             s.putRecords,
		"PutResourcePolicy":                      unary(s, s.putPolicy),
		"RegisterStreamConsumer":                 unary(s, s.registerConsumer),
		"RemoveTagsFromStream":                   unary(s, s.removeTags),
		"SplitShard":                             unary(s, s.splitShard),
		"StartStreamEncryption":                  unary(s, s.startEncryption),
		"StopStreamEncryption":                   unary(s, s.stopEncryption),
		"SubscribeToShard":                       unary(s, s.subscribeToShard),
		"TagResource":                            unary(s, s.addTags),
		"UntagResource":                          unary(s, s.removeTags),
		"UpdateAccountSettings":                  unary(s, s.updateAccount),
		"UpdateChannel":                          unary(s, s.noChannel),
		"UpdateMaxRecordSize":                    unary(s, s.updateMaxRecordSize),
		"UpdateShardCount":                       unary(s, s.updateShardCount),
		"UpdateStreamMode":                       unary(s, s.updateMode),
		"UpdateStreamRecordDistributionStrategy": unary(s, s.updateStrategy),
		"UpdateStreamWarmThroughput":             unary(s, s.updateWarmThroughput),
	}
	if err := s.load(time.Now().UnixMilli()); err != nil {
		return nil, errors.Join(fmt.Errorf("kinesis: open %s: %w", env.Dir, err), s.Close())
	}
	return s, nil
}

// maxBody is more than any request within the service's limits needs.
const maxBody = 32 << 20

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := awswire.Operation(r)
	req := &request{format: awswire.FormatOf(r.Header.Get("Content-Type"))}
	out, err := s.call(r, req, name)
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", s.requests.Add(1))
	w.Header()["X-Amz-Id-2"] = s.id2
	if sub, ok := out.(*subscription); ok && err == nil {
		w.Header().Set("X-Amzn-Requestid", id)
		s.serveSubscription(w, r, sub)
		return
	}
	status := http.StatusOK
	if err != nil {
		status, out = s.failure(w, err)
	}
	b, ok := out.(raw)
	if !ok && out != nil {
		if b, err = req.format.Encode(out); err != nil {
			status, b = http.StatusInternalServerError, nil
			s.env.Log.Error("kinesis: encode answer", "operation", name, "error", err)
		}
	}
	h := w.Header()
	h.Set("Content-Type", req.format.ContentType())
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Amzn-Requestid", id)
	w.WriteHeader(status)
	_, _ = w.Write(b) //nolint:gosec // JSON or CBOR, and the client that left cannot be told
}

// call reads the request and calls its operation.
func (s *Service) call(r *http.Request, req *request, name string) (any, error) {
	f, ok := s.ops[name]
	if !ok {
		// The service says no more than this, so the log says it.
		s.env.Log.Warn("kinesis: an operation that the local lake does not know", "operation", name)
		return nil, &awswire.Error{Code: "UnknownOperationException"}
	}
	buf := s.bodies.Get().(*[]byte)
	defer s.bodies.Put(buf)
	var err error
	if *buf, err = readBody(r, (*buf)[:0]); err != nil {
		return nil, err
	}
	req.operation, req.body, req.now = name, *buf, time.Now().UnixMilli()
	s.settle(req.now)
	return f(r.Context(), req)
}

// failure makes an answer of an error.
func (s *Service) failure(w http.ResponseWriter, err error) (int, any) {
	var e *awswire.Error
	if !errors.As(err, &e) {
		s.env.Log.Error("kinesis: request failed", "error", err)
		e = internalFailure(err)
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	body := map[string]any{"__type": e.Code}
	switch {
	case e.Message == "":
	case e.Code == serialization:
		body["Message"] = e.Message // this one alone
	default:
		body["message"] = e.Message
	}
	return status, body
}

func internalFailure(err error) *awswire.Error {
	return &awswire.Error{
		Code: "InternalFailure", Status: http.StatusInternalServerError,
		Message: "the local lake could not do it: " + err.Error(),
	}
}

// readBody reads a request's body into buf, which grows.
func readBody(r *http.Request, buf []byte) ([]byte, error) {
	if r.ContentLength > maxBody {
		return buf, tooLarge()
	}
	if n := int(r.ContentLength); n > cap(buf) {
		buf = make([]byte, 0, n+1)
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, max(4096, len(buf)))...)[:len(buf)]
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > maxBody:
			return buf, tooLarge()
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, serializationError("the request's body ends early: %v", err)
		}
	}
}

func tooLarge() error {
	return &awswire.Error{
		Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("the request's body is above %d bytes", maxBody),
	}
}

// Close closes the logs. Requests after it are refused.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return nil
	}
	s.mu.closed = true
	var errs []error
	for _, st := range s.mu.streams {
		errs = append(errs, st.closeLogs())
	}
	return errors.Join(errs...)
}

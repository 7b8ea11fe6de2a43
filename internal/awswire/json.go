// Package awswire is the server side of the AWS wire protocols: JSON 1.0 and 1.1, CBOR,
// REST-XML and the event stream.
package awswire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/uuid"
)

// Error is an answer that says what was wrong, in the service's own words.
type Error struct {
	// Code is the error's shape name, such as ResourceNotFoundException.
	Code string
	// Message is the text that the client shows.
	Message string
	// Status is the HTTP status. Zero means 400.
	Status int
	// Fields are further members of the error's shape.
	Fields map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Op answers one operation: the request's JSON in, a value that [encoding/json] can
// write out, or an error.
type Op func(ctx context.Context, body []byte) (any, error)

// Unary makes an [Op] of a function over the operation's own input and output types.
func Unary[In, Out any](f func(ctx context.Context, in *In) (*Out, error)) Op {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		if len(body) > 0 {
			if err := json.Unmarshal(body, in); err != nil {
				return nil, Errorf("SerializationException", "%v", err)
			}
		}
		return f(ctx, in)
	}
}

// JSON serves the operations of one JSON service; it is an [http.Handler].
type JSON struct {
	// Version is 1.0 or 1.1.
	Version string
	// Ops are the operations by name, as it stands in X-Amz-Target behind the dot.
	Ops map[string]Op
}

// Operation is the operation that a request of the JSON and CBOR protocols names.
func Operation(r *http.Request) string {
	target := r.Header.Get("X-Amz-Target")
	return target[strings.LastIndexByte(target, '.')+1:]
}

func (s *JSON) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, ok := s.Ops[Operation(r)]
	if !ok {
		s.fail(w, Errorf("UnknownOperationException", "the local lake does not serve %q", r.Header.Get("X-Amz-Target")))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.fail(w, Errorf("SerializationException", "the request's body ends early: %v", err))
		return
	}
	out, err := op(r.Context(), body)
	if err != nil {
		s.fail(w, err)
		return
	}
	s.write(w, http.StatusOK, out)
}

func (s *JSON) fail(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	m := map[string]any{"__type": e.Code, "message": e.Message}
	maps.Copy(m, e.Fields)
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	s.write(w, status, m)
}

func (s *JSON) write(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-"+s.Version)
	w.Header().Set("X-Amzn-Requestid", uuid.New())
	SetChecksum(w.Header(), b)
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client that left cannot be told
}

// SetChecksum sets the checksum of an answer whose type is set, as DynamoDB has it, the service
// that speaks JSON 1.0: SDKs check it, and without it some of them log each answer.
func SetChecksum(h http.Header, body []byte) {
	h.Del("X-Amz-Crc32")
	if h.Get("Content-Type") == "application/x-amz-json-1.0" {
		h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
}

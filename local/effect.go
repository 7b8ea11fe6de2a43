package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// An Effect is what a [Fault] does. Effects are values: Times, After and When give another
// one and leave the first as it was.
type Effect struct {
	happen func(w http.ResponseWriter, r *http.Request, c *Call, next http.Handler)
	check  func(op Operation) error // nil: every operation will do
	reads  bool                     // happen needs the request's body
	times  int                      // 0: no limit
	after  int
	when   func(*Call) bool
}

// Times lets the effect happen n times, and never again. n below 1 means no limit, as does
// not calling Times.
func (e Effect) Times(n int) Effect { e.times = max(n, 0); return e }

// After lets the first n calls that it could happen to go well.
func (e Effect) After(n int) Effect { e.after = n; return e }

// When lets the effect happen only to the calls that match says, and only those count for
// Times and After. match is asked about one call at a time, so it may keep a count of its own;
// it must not call the lake.
func (e Effect) When(match func(c *Call) bool) Effect { e.when = match; return e }

// Throttle answers with the error by which the operation's service refuses what comes too
// fast; nothing happens. It is ProvisionedThroughputExceededException of Kinesis's data
// and DynamoDB's items, LimitExceededException of their other operations, SlowDown of S3,
// ThrottlingException of Glue and TooManyRequestsException of Athena.
func Throttle() Effect {
	return Effect{happen: func(w http.ResponseWriter, r *http.Request, c *Call, _ http.Handler) {
		answerError(w, r, c, throttling(c.Operation))
	}}
}

// Fail answers with an HTTP status, from 300, and an error code and message, such as 500,
// InternalFailure; nothing happens.
func Fail(status int, code, message string) Effect {
	return Effect{
		happen: func(w http.ResponseWriter, r *http.Request, c *Call, _ http.Handler) {
			answerError(w, r, c, &failure{status, code, message})
		},
		check: func(Operation) error {
			if status < 300 || status > 599 || code == "" {
				return fmt.Errorf("local.Fail with status %d and code %q is no failure: want a status from 300 to 599 and a code, such as 500 and InternalFailure", status, code)
			}
			return nil
		},
	}
}

// Delay lets the operation wait before it happens. When the client leaves meanwhile, it does
// not happen. With When it makes one shard slow:
//
//	local.Delay(time.Second).When(func(c *local.Call) bool { return c.Shard == "shardId-000000000001" })
func Delay(d time.Duration) Effect {
	return Effect{
		happen: func(w http.ResponseWriter, r *http.Request, _ *Call, next http.Handler) {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		},
		check: func(Operation) error {
			if d <= 0 {
				return fmt.Errorf("local.Delay of %s delays nothing: want a duration above zero", d)
			}
			return nil
		},
	}
}

// LoseReply lets the operation happen and loses the answer: the client sees its connection
// break. This is what makes duplicates.
func LoseReply() Effect {
	return Effect{
		happen: func(_ http.ResponseWriter, r *http.Request, _ *Call, next http.Handler) {
			next.ServeHTTP(&lost{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		},
		check: func(op Operation) error {
			if op == KinesisSubscribeToShard {
				return errors.New("local.LoseReply would wait for the whole subscription: use local.CutStream(0)")
			}
			return nil
		},
	}
}

// lost is an answer that nobody gets.
type lost struct{ header http.Header }

func (w *lost) Header() http.Header         { return w.header }
func (w *lost) WriteHeader(int)             {}
func (w *lost) Write(p []byte) (int, error) { return len(p), nil }
func (w *lost) Flush()                      {}

// CutReply lets the operation happen and breaks the connection after n bytes of the
// answer's body. An answer that is not longer comes through whole.
func CutReply(n int) Effect {
	return Effect{
		happen: func(w http.ResponseWriter, r *http.Request, _ *Call, next http.Handler) {
			cutting(w, r, next, func(p []byte) int {
				k := min(n, len(p))
				n -= k
				return k
			})
		},
		check: func(Operation) error {
			if n < 0 {
				return fmt.Errorf("local.CutReply after %d bytes: want 0 or more", n)
			}
			return nil
		},
	}
}

// CutStream breaks the connection of a subscription in the middle of a frame, after n whole
// ones; the first frame is initial-response. It happens to SubscribeToShard only.
func CutStream(n int) Effect {
	return Effect{
		happen: func(w http.ResponseWriter, r *http.Request, _ *Call, next http.Handler) {
			f := frames{whole: n}
			cutting(w, r, next, f.let)
		},
		check: func(op Operation) error {
			switch {
			case op != KinesisSubscribeToShard:
				return fmt.Errorf("local.CutStream cuts streams of events, which only %s gives: use local.CutReply", KinesisSubscribeToShard)
			case n < 0:
				return fmt.Errorf("local.CutStream after %d frames: want 0 or more", n)
			}
			return nil
		},
	}
}

// cutting answers with as many bytes as let lets through, then breaks the connection.
func cutting(w http.ResponseWriter, r *http.Request, next http.Handler, let func(p []byte) int) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &cut{ResponseWriter: w, let: let, cancel: cancel}
	next.ServeHTTP(c, r.WithContext(ctx))
	if c.done {
		c.Flush() // what was let through arrives
		panic(http.ErrAbortHandler)
	}
}

// cut is an answer that ends too early. A handler that writes on is told so by an error and
// by its context.
type cut struct {
	http.ResponseWriter
	let    func(p []byte) int
	cancel func()
	done   bool
}

func (w *cut) Write(p []byte) (int, error) {
	if w.done {
		return 0, io.ErrClosedPipe
	}
	n := w.let(p)
	if n < len(p) {
		w.done = true
		w.cancel()
	}
	n, err := w.ResponseWriter.Write(p[:n])
	if err == nil && w.done {
		err = io.ErrClosedPipe
	}
	return n, err
}

func (w *cut) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// frames counts the frames of an event stream: each begins with its length in 4 bytes.
type frames struct {
	whole int // what may still pass
	head  []byte
	left  int // of the frame that passes, behind its length
}

// let says how many bytes of p pass.
func (f *frames) let(p []byte) int {
	for i := 0; i < len(p); {
		if f.left > 0 {
			n := min(f.left, len(p)-i)
			f.left, i = f.left-n, i+n
			if f.left == 0 && f.whole < 0 {
				return i
			}
			continue
		}
		if f.whole < 0 {
			return i // the half is over
		}
		f.head = append(f.head, p[i])
		if i++; len(f.head) < 4 {
			continue
		}
		size := int(f.head[0])<<24 | int(f.head[1])<<16 | int(f.head[2])<<8 | int(f.head[3])
		f.head, f.left = f.head[:0], size-4
		if f.whole--; f.whole < 0 {
			f.left = size/2 - 4
		}
	}
	return len(p)
}

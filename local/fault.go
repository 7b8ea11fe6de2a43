package local

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Fault is something that goes wrong with an operation of a lake. It is safe for
// concurrent use.
type Fault struct {
	lake   *Lake
	op     Operation
	effect Effect

	mu struct {
		sync.Mutex
		seen, hits int
		removed    bool
	}
}

// Fault makes an operation go wrong, from now on, until the effect has happened as often as
// it may or the fault is removed. It counts for requests through [Lake.Config] and through
// [Lake.Listen] alike, and for those that the lake's Athena makes.
//
//	f := lake.Fault(local.KinesisPutRecords, local.Throttle().Times(1))
//
// Several faults of one operation happen in the order in which they were set, each to what
// the one before lets through: two delays add up, and behind a Throttle nothing is left to
// fail. A fault never changes what the lake holds, but for keeping an operation, or the
// entries of a batch, from happening at all.
//
// Fault panics when the lake does not serve the operation, or when the effect cannot happen
// to it: a test of what never happens would pass for the wrong reason.
func (l *Lake) Fault(op Operation, effect Effect) *Fault {
	if err := l.checkFault(op, effect); err != nil {
		panic(err.Error())
	}
	f := &Fault{lake: l, op: op, effect: effect}
	l.faults.Lock()
	defer l.faults.Unlock()
	l.faults.set(append(slices.Clone(l.faults.get()), f))
	return f
}

func (l *Lake) checkFault(op Operation, effect Effect) error {
	service, name := op.split()
	i := slices.IndexFunc(l.services, func(m mounted) bool { return m.name == service })
	if i < 0 {
		var names []string
		for _, m := range l.services {
			names = append(names, m.name)
		}
		return fmt.Errorf("local: fault in %q: no such service: want service:Operation, such as %s, of %s",
			op, KinesisPutRecords, strings.Join(names, ", "))
	}
	if !l.services[i].serves(name) {
		return fmt.Errorf("local: fault in %q: the local lake's %s has no operation %q: name it as the API does, such as %s",
			op, service, name, KinesisPutRecords)
	}
	if effect.happen == nil {
		return fmt.Errorf("local: fault in %q: the effect is empty: make one with Throttle, Fail, Delay, FailEntries, LoseReply, Stale, CutReply or CutStream", op)
	}
	if effect.check == nil {
		return nil
	}
	if err := effect.check(op); err != nil {
		return fmt.Errorf("local: fault in %q: %w", op, err)
	}
	return nil
}

// Hits gives how often the fault has happened.
func (f *Fault) Hits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.hits
}

// Remove ends the fault: requests that come later go well. What it already does to a request
// in flight, such as a delay, goes on.
func (f *Fault) Remove() {
	f.mu.Lock()
	f.mu.removed = true
	f.mu.Unlock()
	f.lake.faults.Lock()
	defer f.lake.faults.Unlock()
	f.lake.faults.set(slices.DeleteFunc(slices.Clone(f.lake.faults.get()), func(x *Fault) bool { return x == f }))
}

// strikes says whether the fault happens to a request, and counts it then.
func (f *Fault) strikes(c *Call) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := &f.effect
	if f.mu.removed || e.times > 0 && f.mu.hits == e.times || e.when != nil && !e.when(c) {
		return false
	}
	if f.mu.seen++; f.mu.seen <= e.after {
		return false
	}
	f.mu.hits++
	return true
}

// faults are the faults of a lake. Requests read the list without the lock.
type faults struct {
	sync.Mutex
	list atomic.Pointer[[]*Fault]
}

func (s *faults) get() []*Fault {
	if p := s.list.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *faults) set(list []*Fault) { s.list.Store(&list) }

// faulty answers a request with the faults that strike it before the service's own handler.
func faulty(list []*Fault, service string, w http.ResponseWriter, r *http.Request, h http.Handler) {
	op := operationOf(service, r)
	list = slices.DeleteFunc(slices.Clone(list), func(f *Fault) bool { return f.op != op })
	if len(list) == 0 {
		h.ServeHTTP(w, r)
		return
	}
	c := &Call{Operation: op, Header: r.Header}
	if slices.ContainsFunc(list, func(f *Fault) bool { return f.effect.when != nil || f.effect.reads }) {
		if err := c.read(r); err != nil {
			panic(http.ErrAbortHandler) // the client left in the middle of its request
		}
	}
	chain(list, c, h).ServeHTTP(w, r)
}

// chain puts faults before a handler. Whether one strikes is asked when its turn comes.
func chain(list []*Fault, c *Call, h http.Handler) http.Handler {
	if len(list) == 0 {
		return h
	}
	next := chain(list[1:], c, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := list[0]; f.strikes(c) {
			f.effect.happen(w, r, c, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

package wal

import (
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/lakekit/lakekit/local/internal/service"
)

// Journal keeps a state that changes of type C make: each record of its log is a list of
// changes that happen together, as JSON. Like [Log] it is guarded by the service's lock.
type Journal[C any] struct {
	log   *Log
	name  string
	state State[C]
}

// State is what a [Journal] keeps.
type State[C any] struct {
	// Apply makes a change. It fails only when the change makes no sense, which is damage.
	Apply func(C) error
	// Snapshot gives changes that make the whole state out of nothing.
	Snapshot func() iter.Seq[C]
	// Append appends changes to b as JSON that encoding/json reads back. Nil means
	// encoding/json's own.
	Append func(b []byte, cs []C) ([]byte, error)
}

// OpenJournal reads the changes of a service, which is called name in errors, from the log
// in its folder.
func OpenJournal[C any](env service.Env, name string, state State[C]) (*Journal[C], error) {
	if state.Append == nil {
		state.Append = func(b []byte, cs []C) ([]byte, error) {
			text, err := json.Marshal(cs)
			return append(b, text...), err
		}
	}
	j := &Journal[C]{name: name, state: state}
	var err error
	j.log, err = Open(Options{FS: env.FS, Dir: filepath.Join(env.Dir, "log"), Sync: env.Sync, Log: env.Log}, func(b []byte) error {
		var cs []C
		if err := json.Unmarshal(b, &cs); err != nil {
			return err
		}
		return j.apply(cs)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return j, nil
}

func (j *Journal[C]) apply(cs []C) error {
	for _, c := range cs {
		if err := j.state.Apply(c); err != nil {
			return err
		}
	}
	return nil
}

// Commit writes the changes to the log and then makes them. None is made if its error says
// that they were not.
func (j *Journal[C]) Commit(cs ...C) error {
	if len(cs) == 0 {
		return nil
	}
	b, err := j.state.Append(nil, cs)
	if err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	if err := j.log.Append(b); err != nil {
		return fmt.Errorf("%s: the change was not made: %w", j.name, err)
	}
	if err := j.apply(cs); err != nil {
		return fmt.Errorf("%s: %w", j.name, err)
	}
	if j.log.Full() {
		_ = j.log.Compact(j.records()) // logged there; the log goes on as it was
	}
	return nil
}

// records are those of a snapshot. What lives was written before, so it can be again.
func (j *Journal[C]) records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		for c := range j.state.Snapshot() {
			b, err := j.state.Append(buf[:0], []C{c})
			if buf = b; err != nil || !yield(b) {
				return
			}
		}
	}
}

// Close closes the log. Changes that come later are refused.
func (j *Journal[C]) Close() error { return j.log.Close() }

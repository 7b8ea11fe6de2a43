package kinesis

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

// The service's folder has one folder per stream, named after the stream and a number that
// is never used twice, with
//
//	stream.json                   the state, replaced in one step
//	shardId-000000000000/         the log of a shard, from its first record on
//
// A stream is there when its stream.json is.
const metaFile = "stream.json"

// load reads all streams, and sweeps what a crash left behind.
func (s *Service) load(now int64) error {
	entries, err := s.env.FS.ReadDir(s.env.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		i := strings.LastIndexByte(e.Name(), '.')
		n, err := strconv.Atoi(e.Name()[i+1:])
		if !e.IsDir() || i < 0 || err != nil {
			continue
		}
		s.mu.nextDir = max(s.mu.nextDir, n+1)
		dir := filepath.Join(s.env.Dir, e.Name())
		b, err := vfs.ReadFile(s.env.FS, filepath.Join(dir, metaFile))
		if errors.Is(err, fs.ErrNotExist) {
			if err := s.env.FS.RemoveAll(dir); err != nil {
				return err
			}
			continue
		} else if err != nil {
			return err
		}
		var m streamMeta
		if err := json.Unmarshal(b, &m); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, metaFile), err)
		}
		st, err := newStream(m, dir)
		if err != nil {
			return err
		}
		s.mu.streams[m.Name] = st
	}
	s.schedule()
	return errors.Join(s.loadAccount(), s.purge(now))
}

// save stores a stream's state.
func (s *Service) save(st *stream) error {
	b, err := json.MarshalIndent(st.meta(), "", "\t")
	if err != nil {
		return err
	}
	if err := vfs.WriteFile(s.env.FS, filepath.Join(st.dir, metaFile), b, s.env.Sync); err != nil {
		return fmt.Errorf("store the state of stream %s: %w", st.Name, err)
	}
	return nil
}

// add creates a stream's folder.
func (s *Service) add(m streamMeta) error {
	dir := filepath.Join(s.env.Dir, m.Name+"."+strconv.Itoa(s.mu.nextDir))
	s.mu.nextDir++
	st, err := newStream(m, dir)
	if err != nil {
		return err
	}
	err = s.env.FS.MkdirAll(dir, 0o755)
	if err == nil {
		err = s.save(st)
	}
	if err == nil && s.env.Sync {
		err = s.env.FS.SyncDir(s.env.Dir)
	}
	if err != nil {
		_ = s.env.FS.RemoveAll(dir) // the first error says what went wrong
		return err
	}
	s.mu.streams[m.Name] = st
	return nil
}

// purge removes the streams whose deletion is over, and the shards whose records have all
// expired.
func (s *Service) purge(now int64) error {
	var errs []error
	for name, st := range s.mu.streams {
		if st.Status == deleting && now >= st.Until {
			errs = append(errs, s.drop(st))
			delete(s.mu.streams, name)
			continue
		}
		var gone []*shard
		st.shards = slices.DeleteFunc(st.shards, func(h *shard) bool {
			dead := st.expired(h, now)
			if dead {
				gone = append(gone, h)
			}
			return dead
		})
		if len(gone) == 0 {
			continue
		}
		errs = append(errs, s.save(st))
		for _, h := range gone {
			errs = append(errs, h.closeLog(), s.env.FS.RemoveAll(filepath.Join(st.dir, h.id)))
		}
	}
	return errors.Join(errs...)
}

// drop deletes a stream's folder. The state goes first: what is left after a crash in
// between is swept by load.
func (s *Service) drop(st *stream) error {
	wakeAll(st.shards)
	err := st.closeLogs()
	if rerr := s.env.FS.Remove(filepath.Join(st.dir, metaFile)); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return errors.Join(err, s.env.FS.RemoveAll(st.dir))
}

var errClosed = errors.New("the lake is closed")

// find gives the stream that a request names. It must be called with mu held.
func (s *Service) find(ref streamRef, now int64) (*stream, error) {
	if s.mu.closed {
		return nil, errClosed
	}
	name := ref.StreamName
	if ref.StreamARN != "" {
		resource := StreamOf(ref.StreamARN)
		if name != "" && name != resource {
			return nil, awswire.Errorf("InvalidArgumentException", "StreamName %s and StreamARN %s name different streams", name, ref.StreamARN)
		}
		if name = resource; ref.StreamARN != s.arn(name) {
			return nil, s.notFound(name)
		}
	}
	if name == "" && ref.StreamID != "" {
		for _, st := range s.mu.streams {
			if st.ID == ref.StreamID {
				name = st.Name
			}
		}
		if name == "" {
			return nil, s.notFound(ref.StreamID)
		}
	}
	if name == "" {
		return nil, awswire.Errorf("InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
	}
	st := s.mu.streams[name]
	if st == nil || st.Status == deleting && now >= st.Until {
		return nil, s.notFound(name)
	}
	return st, nil
}

// view calls f with the stream, which it must not change.
func (s *Service) view(ref streamRef, now int64, f func(*stream) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st, err := s.find(ref, now)
	if err != nil {
		return err
	}
	return f(st)
}

// change calls f with the stream, which must be ACTIVE and is stored afterwards. When f or
// the storing fails, the stream is as it was.
func (s *Service) change(ref streamRef, now int64, f func(*stream) error) error {
	return s.alter(ref, now, f, active)
}

// alter is change for a stream that may be in any of the states.
func (s *Service) alter(ref streamRef, now int64, f func(*stream) error, states ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(ref, now)
	if err != nil {
		return err
	}
	status := st.statusAt(now)
	if !slices.Contains(states, status) {
		return awswire.Errorf("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s", st.Name, s.env.Account, status)
	}
	before := st.meta()
	st.Status = status
	st.settleConsumers(now)
	for _, h := range st.shards {
		h.keepTrim()
	}
	if err = f(st); err == nil {
		err = s.save(st)
	}
	if err != nil {
		st.restore(before)
		return err
	}
	s.schedule()
	wakeAll(st.shards)
	if err := s.purge(now); err != nil {
		s.env.Log.Warn("kinesis: remove what has expired", "error", err)
	}
	return nil
}

// restore brings back an earlier state. Shards are only added by a change, at the end.
func (st *stream) restore(m streamMeta) {
	st.streamMeta = m
	st.shards = st.shards[:len(m.Shards)]
	for i, h := range st.shards {
		h.shardMeta = m.Shards[i]
	}
	st.index()
}

// passing gives the stream a status that ends by itself.
func (s *Service) passing(st *stream, status string, now int64) {
	st.Status, st.Until = status, now+s.window
}

// trimmed is logOf, without the records that have expired.
func (s *Service) trimmed(st *stream, h *shard, now int64) (*shardLog, error) {
	l, err := s.logOf(st, h)
	if err == nil {
		err = l.trim(st.horizon(now))
	}
	return l, err
}

// logOf gives a shard's log, opened at its first use. It must be called with h.mu held.
func (s *Service) logOf(st *stream, h *shard) (*shardLog, error) {
	if h.mu.log != nil {
		return h.mu.log, nil
	}
	l, err := openLog(s.env.FS, filepath.Join(st.dir, h.id), s.env.Sync, h.Trim)
	if err != nil {
		return nil, fmt.Errorf("open the log of stream %s, %s: %w", st.Name, h.id, err)
	}
	if l.cut > 0 {
		s.env.Log.Warn("kinesis: cut an unfinished write off a shard's log", "stream", st.Name, "shard", h.id, "bytes", l.cut)
	}
	h.mu.log = l
	return l, nil
}

// keepTrim remembers in the shard's state which records have expired, so that a longer
// retention does not bring them back.
func (h *shard) keepTrim() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.log != nil {
		h.Trim = h.mu.log.first
	}
}

func (h *shard) closeLog() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.log == nil {
		return nil
	}
	err := h.mu.log.close()
	h.mu.log = nil
	return err
}

func (st *stream) closeLogs() error {
	var errs []error
	for _, h := range st.shards {
		errs = append(errs, h.closeLog())
	}
	return errors.Join(errs...)
}

// newID makes a StreamId: 24 lower-case letters and digits. The service's has a dash behind the
// 20th; from such a one the SDKs' endpoint rules make a host of amazonaws.com in place of the
// endpoint that the client was given (boto3, and the KCL 3.5 for fan-out), which never reaches a
// lake.
func newID() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[b[i]&31]
	}
	return string(b)
}

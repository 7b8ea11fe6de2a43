package dynamodb

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

// The service's limits on transactions.
const (
	maxTransact      = 100
	maxTransactBytes = 4 << 20
)

type transactWrite struct {
	Put, Update, Delete, ConditionCheck *writeInput
}

func (w transactWrite) one() (op string, in *writeInput, ok bool) {
	for _, c := range []struct {
		op string
		in *writeInput
	}{{opPut, w.Put}, {opUpdate, w.Update}, {opDelete, w.Delete}, {opCheck, w.ConditionCheck}} {
		if c.in == nil {
			continue
		}
		if in != nil {
			return "", nil, false
		}
		op, in = c.op, c.in
	}
	return op, in, in != nil
}

type transactWriteInput struct {
	TransactItems          []transactWrite
	ClientRequestToken     string
	ReturnConsumedCapacity string
}

type transactOutput struct {
	Responses        []readOutput `json:",omitempty"`
	ConsumedCapacity []*capacity  `json:",omitempty"`
}

// reason says what became of one member of a transaction that was cancelled.
type reason struct {
	Code    string
	Message string `json:",omitempty"`
	Item    item   `json:",omitempty"`
}

func (s *Service) transactWriteItems(in *transactWriteInput) (*transactOutput, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransact(len(in.TransactItems)); err != nil {
		return nil, err
	}
	hash, err := in.hash()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s.mu.forget(now)
	if seen, ok := s.mu.tokens[in.ClientRequestToken]; ok && in.ClientRequestToken != "" && seen.counts(now) {
		if seen.Hash != hash {
			return nil, awswire.Errorf(codeMismatch, "The request uses the same client token as a previous, but non-identical request")
		}
		return &transactOutput{}, nil
	}
	ws, err := s.transactWrites(in.TransactItems)
	if err != nil {
		return nil, err
	}
	cs, err := runAll(ws)
	if err != nil {
		return nil, err
	}
	if in.ClientRequestToken != "" {
		cs = append(cs, change{Op: changeToken, Token: in.ClientRequestToken, Seen: &usedToken{hash, now.UnixMilli()}})
	}
	if len(cs) > 0 {
		if err := s.mu.journal.Commit(cs...); err != nil {
			return nil, err
		}
	}
	out := &transactOutput{}
	for _, w := range ws {
		out.consume(w.capacity(2), in.ReturnConsumedCapacity)
	}
	return out, nil
}

// consume adds to the table's sum.
func (o *transactOutput) consume(c *capacity, mode string) {
	if c = c.shown(mode); c == nil {
		return
	}
	if c.Table == nil {
		c.Table = &units{}
	}
	for _, have := range o.ConsumedCapacity {
		if have.TableName == c.TableName {
			have.add(c)
			return
		}
	}
	o.ConsumedCapacity = append(o.ConsumedCapacity, c)
}

func checkTransact(n int) error {
	if n < 1 || n > maxTransact {
		return validation("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and %d", maxTransact)
	}
	return nil
}

func (in *transactWriteInput) hash() (string, error) {
	b, err := json.Marshal(in.TransactItems)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func (t usedToken) counts(now time.Time) bool {
	return now.Sub(time.UnixMilli(t.At)) <= tokenLife
}

// forget drops tokens whose time is over. It looks once in a minute, because every
// transaction has a token and looking costs as much as there are.
func (d *database) forget(now time.Time) {
	if now.Sub(d.forgot) < time.Minute {
		return
	}
	d.forgot = now
	for name, t := range d.tokens {
		if !t.counts(now) {
			delete(d.tokens, name)
		}
	}
}

func (s *Service) transactWrites(items []transactWrite) ([]*write, error) {
	var ws []*write
	for _, t := range items {
		op, in, ok := t.one()
		if !ok {
			return nil, validation("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		if op == opCheck && in.ConditionExpression == nil {
			return nil, validation("1 validation error detected: Value null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null")
		}
		if op == opUpdate && in.UpdateExpression == nil {
			return nil, validation("1 validation error detected: Value null at 'transactItems.1.member.update.updateExpression' failed to satisfy constraint: Member must not be null")
		}
		w, err := s.prepare(op, in)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(ws, func(o *write) bool { return o.t == w.t && sameItem(o.key, w.key) }) {
			return nil, validation("Transaction request cannot include multiple operations on one item")
		}
		ws = append(ws, w)
	}
	return ws, nil
}

// runAll runs the writes against the items as they are; one that cannot be done cancels
// all.
func runAll(ws []*write) ([]change, error) {
	reasons := make([]reason, len(ws))
	canceled := false
	var cs []change
	bytes := 0
	for i, w := range ws {
		reasons[i].Code = "None"
		if err := w.run(); err != nil {
			canceled = true
			if reasons[i], err = because(err); err != nil {
				return nil, err
			}
		}
		cs = append(cs, w.changes()...)
		bytes += w.after.size()
	}
	if canceled {
		return nil, cancelation(reasons)
	}
	if bytes > maxTransactBytes {
		return nil, validation("Transaction request size exceeded limit of %d bytes", maxTransactBytes)
	}
	return cs, nil
}

func because(err error) (reason, error) {
	e, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		return reason{}, err
	}
	r := reason{Code: "ValidationError", Message: e.Message}
	if e.Code == codeCondition {
		r.Code = "ConditionalCheckFailed"
		r.Item, _ = e.Fields["Item"].(item)
	}
	return r, nil
}

func cancelation(reasons []reason) error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = r.Code
	}
	e := awswire.Errorf(codeCanceled, "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.Fields = map[string]any{"CancellationReasons": reasons}
	return e
}

type transactGetInput struct {
	TransactItems          []struct{ Get *readInput }
	ReturnConsumedCapacity string
}

func (s *Service) transactGetItems(in *transactGetInput) (*transactOutput, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransact(len(in.TransactItems)); err != nil {
		return nil, err
	}
	out := &transactOutput{}
	for i, g := range in.TransactItems {
		if g.Get == nil {
			return nil, validation("1 validation error detected: Value null at 'transactItems.%d.member.get' failed to satisfy constraint: Member must not be null", i+1)
		}
		it, t, err := s.read(g.Get)
		if err != nil {
			return nil, err
		}
		var r readOutput
		if it.full != nil {
			r.Item = &it.shown
		}
		out.Responses = append(out.Responses, r)
		out.consume(readCapacity(t, nil, it.full.size(), true, 2), in.ReturnConsumedCapacity)
	}
	return out, nil
}

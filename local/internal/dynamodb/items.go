package dynamodb

import (
	"slices"
	"strings"
)

// The writes, as operations and as members of a transaction.
const (
	opPut    = "Put"
	opUpdate = "Update"
	opDelete = "Delete"
	opCheck  = "ConditionCheck"
)

// writeInput is a write's parameters; each operation has some of them.
type writeInput struct {
	TableName                           string
	Item, Key                           item
	ConditionExpression                 *string
	UpdateExpression                    *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           values
	Expected                            map[string]expectation
	AttributeUpdates                    map[string]attributeUpdate
	ConditionalOperator                 string
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
}

type writeOutput struct {
	Attributes       item      `json:",omitempty"`
	ConsumedCapacity *capacity `json:",omitempty"`
}

// write is a write whose parameters have been checked.
type write struct {
	op    string
	in    *writeInput
	t     *table
	key   item // the key's attributes
	cond  *node
	acts  []action
	old   item
	after item
}

// prepare checks what can be checked without looking at the item.
func (s *Service) prepare(op string, in *writeInput) (*write, error) {
	w := &write{op: op, in: in}
	if err := checkTableName(tableName(in.TableName)); err != nil {
		return nil, err
	}
	if err := in.checkReturns(op); err != nil {
		return nil, err
	}
	if err := checkMix(
		[]given{{"AttributeUpdates", in.AttributeUpdates != nil}, {"Expected", in.Expected != nil}, {"ConditionalOperator", in.ConditionalOperator != ""}},
		[]given{{exprUpdate, in.UpdateExpression != nil}, {exprCondition, in.ConditionExpression != nil}}); err != nil {
		return nil, err
	}
	if err := w.parse(); err != nil {
		return nil, err
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	w.t = t
	if op == opPut {
		if in.Item == nil {
			return nil, validation("1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null")
		}
		if err := in.Item.checkNames(); err != nil {
			return nil, err
		}
		w.key = item{}
		for _, name := range t.key().names() {
			if v, ok := in.Item[name]; ok {
				w.key[name] = v
			}
		}
		return w, t.checkItem(in.Item, "Item size has exceeded the maximum allowed size")
	}
	if in.Key == nil {
		return nil, validation("1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null")
	}
	w.key = in.Key
	if err := t.checkKey(in.Key); err != nil {
		return nil, err
	}
	for _, a := range w.acts {
		if slices.Contains(t.key().names(), a.path[0].name) {
			return nil, validation("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", a.path[0].name)
		}
	}
	return w, nil
}

// parse reads the expressions, or what stood for them before there were any.
func (w *write) parse() error {
	in := w.in
	params := exprCondition + " is null"
	if w.op == opUpdate {
		params = exprUpdate + " and " + exprCondition + " are null"
	}
	ph, err := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.ConditionExpression != nil || in.UpdateExpression != nil, params)
	if err != nil {
		return err
	}
	if in.UpdateExpression != nil {
		if w.acts, err = parseUpdate(*in.UpdateExpression, ph); err != nil {
			return err
		}
	}
	if in.ConditionExpression != nil {
		if w.cond, err = parseCondition(exprCondition, *in.ConditionExpression, ph); err != nil {
			return err
		}
	} else if w.cond, err = expected(in.Expected, in.ConditionalOperator); err != nil {
		return err
	}
	if in.UpdateExpression == nil {
		if w.acts, err = attributeUpdates(in.AttributeUpdates); err != nil {
			return err
		}
	}
	return ph.unused()
}

func (in *writeInput) checkReturns(op string) error {
	switch in.ReturnValues {
	case "", "NONE", "ALL_OLD":
	case "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW":
		if op != opUpdate {
			return validation("ReturnValues can only be ALL_OLD or NONE")
		}
	default:
		return validation("1 validation error detected: Value '%s' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]", in.ReturnValues)
	}
	switch in.ReturnValuesOnConditionCheckFailure {
	case "", "NONE", "ALL_OLD":
	default:
		return validation("1 validation error detected: Value '%s' at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, NONE]", in.ReturnValuesOnConditionCheckFailure)
	}
	return checkCapacity(in.ReturnConsumedCapacity)
}

// given is a parameter and whether the request has it.
type given struct {
	name string
	has  bool
}

// checkMix refuses a request of both generations.
func checkMix(old, expressions []given) error {
	o, e := present(old), present(expressions)
	if o == "" || e == "" {
		return nil
	}
	return validation("Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {%s} Expression parameters: {%s}", o, e)
}

func present(gs []given) string {
	var names []string
	for _, g := range gs {
		if g.has {
			names = append(names, g.name)
		}
	}
	return strings.Join(names, ", ")
}

// run decides what the write does to the item as it is now.
func (w *write) run() error {
	w.old = w.t.get(w.key)
	if !w.cond.holds(w.old) {
		return conditionFailed(w.old, w.in.ReturnValuesOnConditionCheckFailure == "ALL_OLD")
	}
	switch w.op {
	case opPut:
		w.after = w.in.Item
	case opCheck:
		w.after = w.old
	case opUpdate:
		base := w.old
		if base == nil {
			base = w.key
		}
		var err error
		if w.after, err = base.update(w.acts); err != nil {
			return err
		}
		return w.t.checkItem(w.after, "Item size to update has exceeded the maximum allowed size")
	}
	return nil
}

// changes are what the write does, for the log.
func (w *write) changes() []change {
	switch {
	case w.op == opCheck, w.after == nil && w.old == nil:
		return nil
	case w.after == nil:
		return []change{{Op: changeDelete, Table: w.t.TableName, Item: w.key}}
	}
	return []change{{Op: changePut, Table: w.t.TableName, Item: w.after}}
}

func (s *Service) writeItem(op string, in *writeInput) (*writeOutput, error) {
	w, err := s.prepare(op, in)
	if err != nil {
		return nil, err
	}
	if err := w.run(); err != nil {
		return nil, err
	}
	if cs := w.changes(); cs != nil {
		if err := s.mu.journal.Commit(cs...); err != nil {
			return nil, err
		}
	}
	return &writeOutput{w.returned(), w.capacity(1).shown(in.ReturnConsumedCapacity)}, nil
}

// returned is what ReturnValues asks for.
func (w *write) returned() item {
	switch w.in.ReturnValues {
	case "ALL_OLD":
		return w.old
	case "ALL_NEW":
		return w.after
	case "UPDATED_OLD":
		return w.old.touched(w.acts)
	case "UPDATED_NEW":
		return w.after.touched(w.acts)
	}
	return nil
}

// readInput is the parameters of reading one item.
type readInput struct {
	TableName                string
	Key                      item
	ConsistentRead           bool
	AttributesToGet          []string
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ReturnConsumedCapacity   string
}

type readOutput struct {
	Item             *item     `json:",omitempty"`
	ConsumedCapacity *capacity `json:",omitempty"`
}

// reading is how to show items, by the parameters that several operations share.
func (in *readInput) reading() ([]path, error) {
	if err := checkMix([]given{{"AttributesToGet", in.AttributesToGet != nil}}, []given{{exprProjection, in.ProjectionExpression != nil}}); err != nil {
		return nil, err
	}
	ph, err := newPlaceholders(in.ExpressionAttributeNames, nil, in.ProjectionExpression != nil, exprProjection+" is null")
	if err != nil {
		return nil, err
	}
	if in.ProjectionExpression == nil {
		return attributesToGet(in.AttributesToGet)
	}
	ps, err := parseProjection(*in.ProjectionExpression, ph)
	if err != nil {
		return nil, err
	}
	return ps, ph.unused()
}

func (s *Service) getItem(in *readInput) (*readOutput, error) {
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	it, t, err := s.read(in)
	if err != nil {
		return nil, err
	}
	out := &readOutput{ConsumedCapacity: readCapacity(t, nil, it.full.size(), in.ConsistentRead, 1).shown(in.ReturnConsumedCapacity)}
	if it.full != nil {
		out.Item = &it.shown
	}
	return out, nil
}

// found is a row that was read, whole and as the request wants it.
type found struct{ full, shown item }

func (s *Service) read(in *readInput) (found, *table, error) {
	ps, err := in.reading()
	if err != nil {
		return found{}, nil, err
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return found{}, nil, err
	}
	if in.Key == nil {
		return found{}, nil, validation("1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null")
	}
	if err := t.checkKey(in.Key); err != nil {
		return found{}, nil, err
	}
	it := t.get(in.Key)
	return found{it, it.project(ps)}, t, nil
}

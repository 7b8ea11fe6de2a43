package dynamodb

import (
	"iter"
	"math/bits"
	"slices"

	"github.com/lakekit/lakekit/local/internal/ordered"
)

// queryInput is the parameters of Query and Scan.
type queryInput struct {
	TableName                 string
	IndexName                 string
	Select                    string
	Limit                     *int
	ConsistentRead            bool
	ScanIndexForward          *bool
	ExclusiveStartKey         item
	KeyConditions             map[string]condition
	KeyConditionExpression    *string
	QueryFilter, ScanFilter   map[string]condition
	ConditionalOperator       string
	FilterExpression          *string
	AttributesToGet           []string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues values
	Segment, TotalSegments    *int
	ReturnConsumedCapacity    string
}

type queryOutput struct {
	Items            []item `json:",omitzero"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey item      `json:",omitempty"`
	ConsumedCapacity *capacity `json:",omitempty"`
}

const (
	selectAll       = "ALL_ATTRIBUTES"
	selectProjected = "ALL_PROJECTED_ATTRIBUTES"
	selectCount     = "COUNT"
	selectSpecific  = "SPECIFIC_ATTRIBUTES"

	// maxPage is how many bytes of items a page reads.
	maxPage = 1 << 20
)

// reader is a Query or Scan whose parameters have been checked.
type reader struct {
	in     *queryInput
	t      *table
	x      *index
	terms  []keyTerm
	filter *node
	paths  []path
}

func (s *Service) newReader(in *queryInput, isQuery bool) (*reader, error) {
	r := &reader{in: in}
	if err := checkTableName(tableName(in.TableName)); err != nil {
		return nil, err
	}
	if err := checkCapacity(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if in.Limit != nil && *in.Limit < 1 {
		return nil, validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
	}
	if err := checkMix(
		[]given{{"AttributesToGet", in.AttributesToGet != nil}, {"QueryFilter", in.QueryFilter != nil}, {"ScanFilter", in.ScanFilter != nil}, {"ConditionalOperator", in.ConditionalOperator != ""}, {"KeyConditions", in.KeyConditions != nil}},
		[]given{{exprProjection, in.ProjectionExpression != nil}, {exprFilter, in.FilterExpression != nil}, {exprKey, in.KeyConditionExpression != nil}}); err != nil {
		return nil, err
	}
	if err := r.parse(isQuery); err != nil {
		return nil, err
	}
	if err := in.checkSelect(); err != nil {
		return nil, err
	}
	t, err := s.table(in.TableName)
	if err != nil {
		return nil, err
	}
	r.t = t
	if in.IndexName != "" {
		if r.x = t.indexes[in.IndexName]; r.x == nil {
			return nil, noIndex(in.IndexName)
		}
		if in.ConsistentRead {
			return nil, validation("Consistent reads are not supported on global secondary indexes")
		}
		if in.Select == selectAll && r.x.names != nil {
			return nil, validation("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", in.IndexName)
		}
	} else if in.Select == selectProjected {
		return nil, validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return r, nil
}

func (r *reader) parse(isQuery bool) error {
	in := r.in
	ph, err := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		in.ProjectionExpression != nil || in.FilterExpression != nil || in.KeyConditionExpression != nil, exprFilter+" is null")
	if err != nil {
		return err
	}
	var keys *node
	if isQuery && in.KeyConditionExpression != nil {
		if keys, err = parseCondition(exprKey, *in.KeyConditionExpression, ph); err != nil {
			return err
		}
	}
	if in.FilterExpression != nil {
		r.filter, err = parseCondition(exprFilter, *in.FilterExpression, ph)
	} else {
		old := in.QueryFilter
		if !isQuery {
			old = in.ScanFilter
		}
		r.filter, err = legacyFilter(old, in.ConditionalOperator)
	}
	if err != nil {
		return err
	}
	if in.ProjectionExpression != nil {
		r.paths, err = parseProjection(*in.ProjectionExpression, ph)
	} else {
		r.paths, err = attributesToGet(in.AttributesToGet)
	}
	if err != nil {
		return err
	}
	if err := ph.unused(); err != nil || !isQuery {
		return err
	}
	switch {
	case keys != nil:
		r.terms, err = keyTerms(keys, nil)
	case in.KeyConditions != nil:
		r.terms, err = legacyKeyTerms(in.KeyConditions)
	default:
		err = validation("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	return err
}

func (in *queryInput) checkSelect() error {
	what := ""
	switch {
	case in.ProjectionExpression != nil:
		what = exprProjection
	case in.AttributesToGet != nil:
		what = "AttributesToGet"
	}
	switch in.Select {
	case "":
	case selectSpecific:
		if what == "" {
			return validation("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
		}
	case selectCount:
		if what != "" {
			return validation("Cannot specify the %s when choosing to get only the Count", what)
		}
	case selectAll, selectProjected:
		if what != "" {
			return validation("Cannot specify the %s when choosing to get %s", what, in.Select)
		}
	default:
		return validation("1 validation error detected: Value '%s' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]", in.Select)
	}
	return nil
}

// noKeys refuses a filter of a query on what its key condition decides.
func (n *node) noKeys(k key, legacy bool) error {
	if n == nil {
		return nil
	}
	if n.op == opPath && slices.Contains(k.names(), n.path[0].name) {
		if legacy {
			return validation("QueryFilter can only contain non-primary key attributes: Primary key attribute: %s", n.path[0].name)
		}
		return validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", n.path[0].name)
	}
	for _, a := range n.args {
		if err := a.noKeys(k, legacy); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) key() key {
	if r.x != nil {
		return r.x.key
	}
	return r.t.key()
}

func (r *reader) rows() *ordered.List[*entry] {
	if r.x != nil {
		return r.x.rows
	}
	return r.t.rows
}

func (s *Service) query(in *queryInput) (*queryOutput, error) {
	r, err := s.newReader(in, true)
	if err != nil {
		return nil, err
	}
	kr, err := r.t.newKeyRange(r.key(), r.terms)
	if err != nil {
		return nil, err
	}
	if err := r.filter.noKeys(kr.key, in.FilterExpression == nil); err != nil {
		return nil, err
	}
	start, err := r.t.startKey(in.ExclusiveStartKey, r.x)
	if err != nil {
		return nil, err
	}
	if start != nil {
		if start.comparePart(kr.part) != 0 {
			return nil, validation("The provided starting key is outside query boundaries based on provided conditions")
		}
		start.it = in.ExclusiveStartKey
		if !kr.cond.holds(start.it) {
			return nil, validation("The provided starting key does not match the range key predicate")
		}
	}
	var es iter.Seq[*entry]
	if in.ScanIndexForward == nil || *in.ScanIndexForward {
		es = r.rows().From(func(e *entry) bool {
			return kr.before(e) || start != nil && e.compare(start) <= 0
		})
	} else {
		es = r.rows().Back(func(e *entry) bool {
			return kr.upTo(e) && (start == nil || e.compare(start) < 0)
		})
	}
	return r.page(run(es, kr))
}

// run gives the entries of the range, which begin with the first or, for an excluded
// lower bound, a few later.
func run(es iter.Seq[*entry], kr *keyRange) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for e := range es {
			if kr.in(e) {
				if !yield(e) {
					return
				}
			} else if kr.cond == nil || kr.cond.op != ">" || e.comparePart(kr.part) != 0 || e.sort.compare(*kr.lo) != 0 {
				return
			}
		}
	}
}

func (s *Service) scan(in *queryInput) (*queryOutput, error) {
	if err := in.checkSegments(); err != nil {
		return nil, err
	}
	r, err := s.newReader(in, false)
	if err != nil {
		return nil, err
	}
	start, err := r.t.startKey(in.ExclusiveStartKey, r.x)
	if err != nil {
		return nil, err
	}
	segment := func(*entry) int { return 0 }
	mine := 0
	if in.Segment != nil {
		mine = *in.Segment
		segment = func(e *entry) int {
			hi, _ := bits.Mul64(e.spot, uint64(*in.TotalSegments))
			return int(hi)
		}
	}
	if start != nil && segment(start) != mine {
		return nil, validation("The provided starting key is outside the segment: it belongs to segment %d", segment(start))
	}
	es := r.rows().From(func(e *entry) bool {
		return segment(e) < mine || start != nil && e.compare(start) <= 0
	})
	return r.page(func(yield func(*entry) bool) {
		for e := range es {
			if segment(e) != mine || !yield(e) {
				return
			}
		}
	})
}

const maxSegments = 1_000_000

func (in *queryInput) checkSegments() error {
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return nil
	case in.TotalSegments == nil:
		return validation("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return validation("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *in.TotalSegments < 1 || *in.TotalSegments > maxSegments:
		return validation("1 validation error detected: Value '%d' at 'totalSegments' failed to satisfy constraint: Member must have value between 1 and %d", *in.TotalSegments, maxSegments)
	case *in.Segment < 0:
		return validation("1 validation error detected: Value '%d' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0", *in.Segment)
	case *in.Segment >= *in.TotalSegments:
		return validation("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	return nil
}

// page reads rows until the limit or the page's bytes are reached.
func (r *reader) page(es iter.Seq[*entry]) (*queryOutput, error) {
	out := &queryOutput{}
	if r.in.Select != selectCount {
		out.Items = []item{}
	}
	size := 0
	var last *entry
	for e := range es {
		// The page ends with the row that reaches the limit, so a full page has a
		// LastEvaluatedKey even when nothing comes behind it.
		it := e.it
		if r.x != nil {
			it = r.x.project(it)
		}
		out.ScannedCount++
		size += it.size()
		if r.filter.holds(it) {
			out.Count++
			if out.Items != nil {
				out.Items = append(out.Items, it.project(r.paths))
			}
		}
		if r.in.Limit != nil && out.ScannedCount == *r.in.Limit || size >= maxPage {
			last = e
			break
		}
	}
	if last != nil {
		out.LastEvaluatedKey = item{}
		for _, name := range slices.Concat(r.t.key().names(), r.key().names()) {
			out.LastEvaluatedKey[name] = last.it[name]
		}
	}
	out.ConsumedCapacity = readCapacity(r.t, r.x, size, r.in.ConsistentRead, 1).shown(r.in.ReturnConsumedCapacity)
	return out, nil
}

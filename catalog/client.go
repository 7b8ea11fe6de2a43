package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// ErrStale is wrapped by the error of [Plan.Apply] when the table is no longer what it was
// when the plan was made. Plan again.
var ErrStale = errors.New("the table has changed since the plan was made: plan again")

// Client reads and changes the Glue Data Catalog. It is safe for concurrent use.
type Client struct {
	glue *glue.Client
}

// NewClient makes a client.
func NewClient(cfg aws.Config) *Client { return &Client{glue: glue.NewFromConfig(cfg)} }

// Table reads a table by its full name, such as web.clicks_raw. An error for one that does
// not exist wraps Glue's EntityNotFoundException.
func (c *Client) Table(ctx context.Context, name string) (*Table, error) {
	in, err := c.get(ctx, name)
	if err != nil {
		return nil, err
	}
	return FromGlue(in)
}

func (c *Client) get(ctx context.Context, name string) (*gluetypes.Table, error) {
	database, table, ok := strings.Cut(name, ".")
	if !ok {
		return nil, fmt.Errorf("catalog: table %q: a table's name is written database.table", name)
	}
	out, err := c.glue.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String(database), Name: aws.String(table)})
	if err != nil {
		return nil, callError(ctx, fmt.Sprintf("get table %q", name), err)
	}
	return out.Table, nil
}

// callError gives a failed call its name. A context's own error passes as it is.
func callError(ctx context.Context, doing string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	return fmt.Errorf("catalog: %s: %w", doing, err)
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// batchPartitions is the most that Glue takes in a call.
const batchPartitions = 100

// AddPartitions registers partitions of a table that is not projected, each given by a value
// per partition column. The result has an error or nil for each, in the same order; a
// partition that exists already is no error. An error of Glue about one partition is a
// smithy.APIError with Glue's code. Each partition's files lie where
// [Table.PartitionLocation] says.
func (c *Client) AddPartitions(ctx context.Context, t *Table, partitions [][]string) []error {
	errs := make([]error, len(partitions))
	in, err := t.TableInput()
	if err == nil && t.Projected() {
		err = fmt.Errorf("catalog: table %s is projected: Athena reads no registered partitions of it", t)
	}
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	at := map[string][]int{} // a partition may be given twice
	var distinct []int
	var inputs []gluetypes.PartitionInput
	for i, values := range partitions {
		location, err := t.PartitionLocation(values)
		if err != nil {
			errs[i] = err
			continue
		}
		if at[location] = append(at[location], i); len(at[location]) > 1 {
			continue
		}
		sd := *in.StorageDescriptor
		sd.Location = aws.String(location)
		distinct = append(distinct, i)
		inputs = append(inputs, gluetypes.PartitionInput{Values: slices.Clone(values), StorageDescriptor: &sd})
	}
	for start := 0; start < len(inputs); start += batchPartitions {
		end := min(start+batchPartitions, len(inputs))
		for i, err := range c.addBatch(ctx, t, inputs[start:end]) {
			errs[distinct[start+i]] = err
		}
	}
	for _, same := range at {
		for _, i := range same {
			errs[i] = errs[same[0]]
		}
	}
	return errs
}

func (c *Client) addBatch(ctx context.Context, t *Table, inputs []gluetypes.PartitionInput) []error {
	errs := make([]error, len(inputs))
	out, err := c.glue.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{
		DatabaseName: aws.String(t.database), TableName: aws.String(t.name), PartitionInputList: inputs,
	})
	if err != nil {
		err = callError(ctx, fmt.Sprintf("add partitions to table %q", t), err)
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	for _, pe := range out.Errors {
		i := slices.IndexFunc(inputs, func(in gluetypes.PartitionInput) bool { return slices.Equal(in.Values, pe.PartitionValues) })
		if i < 0 || pe.ErrorDetail == nil || aws.ToString(pe.ErrorDetail.ErrorCode) == "AlreadyExistsException" {
			continue
		}
		errs[i] = fmt.Errorf("catalog: add partition %s to table %q: %w", strings.Join(pe.PartitionValues, "/"), t,
			&smithy.GenericAPIError{Code: aws.ToString(pe.ErrorDetail.ErrorCode), Message: aws.ToString(pe.ErrorDetail.ErrorMessage)})
	}
	return errs
}

// Plan compares a table with what the catalog has under its name and says what would have to
// change. It changes nothing.
func (c *Client) Plan(ctx context.Context, t *Table) (*Plan, error) {
	p := &Plan{client: c, want: t}
	in, err := c.get(ctx, t.String())
	if isA[*gluetypes.EntityNotFoundException](err) {
		p.merged = t
		p.changes = []Change{{Kind: ChangeCreate, Path: t.String(), Reason: "the catalog does not have it"}}
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.existing = in
	if p.have, err = FromGlue(in); err != nil {
		return nil, fmt.Errorf("catalog: plan table %q: what the catalog has under this name cannot be compared: %w", t, err)
	}
	p.compare()
	return p, nil
}

// Apply does what the plan says. A change that breaks readers or hides data is refused
// unless its path is among breaks; those that Glue cannot make at all are refused always. A
// table that has changed since the plan is an error that wraps [ErrStale], and nothing is
// changed then; so is a creation that was repeated because its reply was lost, and then a
// new plan has no changes. What other tools keep with the table stays. A missing database is created.
// Applying a plan without changes does nothing.
//
// When a column is widened, the registered partitions, which have columns of their own, come
// first and the table last: after a failure half way a new plan has the same change, and
// applying it finishes the work.
func (p *Plan) Apply(ctx context.Context, breaks ...string) error {
	if err := p.allowed(breaks); err != nil {
		return fmt.Errorf("catalog: apply the plan for table %q: %w", p.want, err)
	}
	switch {
	case p.existing == nil:
		return p.create(ctx)
	case !p.changesAnything():
		return nil
	case p.want.format == FormatIceberg:
		return fmt.Errorf("catalog: apply the plan for table %q: an Iceberg table's columns change with its metadata: use ALTER TABLE in Athena", p.want)
	}
	in := p.updated(breaks)
	if p.widensColumns() && len(p.want.partitions) > 0 && !p.want.Projected() {
		if err := p.client.updatePartitions(ctx, p.want, in.StorageDescriptor.Columns); err != nil {
			return err
		}
	}
	_, err := p.client.glue.UpdateTable(ctx, &glue.UpdateTableInput{
		DatabaseName: aws.String(p.want.database), TableInput: in, VersionId: p.existing.VersionId,
	})
	if isA[*gluetypes.ConcurrentModificationException](err) || isA[*gluetypes.EntityNotFoundException](err) {
		err = fmt.Errorf("%w: %w", ErrStale, err)
	}
	if err != nil {
		return callError(ctx, fmt.Sprintf("update table %q", p.want), err)
	}
	return nil
}

func (p *Plan) create(ctx context.Context) error {
	in, err := p.want.TableInput()
	if err != nil {
		return err
	}
	glueClient := p.client.glue
	create := func() error {
		_, err := glueClient.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String(p.want.database), TableInput: in})
		return err
	}
	err = create()
	if isA[*gluetypes.EntityNotFoundException](err) {
		_, err = glueClient.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String(p.want.database)}})
		if err != nil && !isA[*gluetypes.AlreadyExistsException](err) {
			return callError(ctx, fmt.Sprintf("create database %q", p.want.database), err)
		}
		err = create()
	}
	if isA[*gluetypes.AlreadyExistsException](err) {
		err = fmt.Errorf("%w: %w", ErrStale, err)
	}
	if err != nil {
		return callError(ctx, fmt.Sprintf("create table %q", p.want), err)
	}
	return nil
}

// updated is the existing table with the plan's changes.
func (p *Plan) updated(breaks []string) *gluetypes.TableInput {
	old := p.existing
	in := &gluetypes.TableInput{
		Name: old.Name, Description: old.Description, Owner: old.Owner, Retention: old.Retention, TableType: old.TableType,
		LastAccessTime: old.LastAccessTime, LastAnalyzedTime: old.LastAnalyzedTime,
		PartitionKeys: old.PartitionKeys, Parameters: maps.Clone(old.Parameters),
		ViewExpandedText: old.ViewExpandedText, ViewOriginalText: old.ViewOriginalText,
	}
	if in.Parameters == nil {
		in.Parameters = map[string]string{}
	}
	if in.PartitionKeys == nil {
		in.PartitionKeys = []gluetypes.Column{}
	}
	sd := *old.StorageDescriptor
	sd.Columns = p.columns(breaks)
	in.StorageDescriptor = &sd
	if p.want.comment != "" {
		in.Description = aws.String(p.want.comment)
	}
	if slices.Contains(breaks, pathLocation) {
		sd.Location = aws.String(p.want.location)
	}
	for _, c := range p.changes {
		if key, ok := strings.CutPrefix(c.Path, pathParameter); ok && c.Kind == ChangeSet {
			in.Parameters[key] = c.To
		}
	}
	if slices.Contains(breaks, pathProjection) {
		for k := range in.Parameters {
			if strings.HasPrefix(k, paramProjection) || k == paramTemplate {
				delete(in.Parameters, k)
			}
		}
		for k, v := range p.want.Parameters() {
			if strings.HasPrefix(k, paramProjection) || k == paramTemplate {
				in.Parameters[k] = v
			}
		}
	}
	for _, part := range p.want.partitions {
		if slices.Contains(breaks, pathPartition+part.Name) {
			in.Parameters[paramDerive+part.Name] = part.derivationText()
		}
	}
	return in
}

// updatePartitions gives the registered partitions the table's columns: Athena refuses to
// read a partition whose columns are of other types than the table's.
func (c *Client) updatePartitions(ctx context.Context, t *Table, columns []gluetypes.Column) error {
	doing := fmt.Sprintf("widen the partitions of table %q", t)
	pages := glue.NewGetPartitionsPaginator(c.glue, &glue.GetPartitionsInput{DatabaseName: aws.String(t.database), TableName: aws.String(t.name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return callError(ctx, doing, err)
		}
		var entries []gluetypes.BatchUpdatePartitionRequestEntry
		for _, p := range page.Partitions {
			if p.StorageDescriptor == nil {
				continue
			}
			sd := *p.StorageDescriptor
			sd.Columns = columns
			entries = append(entries, gluetypes.BatchUpdatePartitionRequestEntry{
				PartitionValueList: p.Values,
				PartitionInput: &gluetypes.PartitionInput{
					Values: p.Values, StorageDescriptor: &sd, Parameters: p.Parameters,
					LastAccessTime: p.LastAccessTime, LastAnalyzedTime: p.LastAnalyzedTime,
				},
			})
		}
		for batch := range slices.Chunk(entries, batchPartitions) {
			out, err := c.glue.BatchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{DatabaseName: aws.String(t.database), TableName: aws.String(t.name), Entries: batch})
			if err != nil {
				return callError(ctx, doing, err)
			}
			if len(out.Errors) > 0 {
				e := out.Errors[0]
				detail := e.ErrorDetail
				if detail == nil {
					detail = &gluetypes.ErrorDetail{}
				}
				return fmt.Errorf("catalog: %s: %d failed, the first is %s: %s: %s", doing, len(out.Errors), strings.Join(e.PartitionValueList, "/"), aws.ToString(detail.ErrorCode), aws.ToString(detail.ErrorMessage))
			}
		}
	}
	return nil
}

package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsathena "github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/lakekit/lakekit/pricing"
)

// ClientOptions are the parts of a [Client] that have defaults.
type ClientOptions struct {
	// WorkGroup is where the queries run, with its limits and settings. Zero means primary.
	WorkGroup string
	// Catalog and Database complete the names in statements that leave them out. Zero means
	// the Glue Data Catalog, and no database.
	Catalog, Database string
	// Output is where Athena puts the results, such as s3://bucket/results/. Zero means that
	// the workgroup says.
	Output string
	// KMSKey encrypts the results with this key; it needs Output. Zero means that the
	// workgroup or the bucket says.
	KMSKey string
	// ReuseResults lets Athena answer with the result of the same statement that ran at most
	// this long ago, which scans and costs nothing; whether the data has changed since is not
	// looked at. Whole minutes, at most 7 days. Zero means never.
	ReuseResults time.Duration
	// PollInterval is the longest time between two looks at a running query; they begin at a
	// tenth of a second. Zero means 1 second.
	PollInterval time.Duration
	// Prices price the queries. Zero means [pricing.Default].
	Prices *pricing.Book
}

const (
	maxReuse  = 7 * 24 * time.Hour
	firstPoll = 100 * time.Millisecond
	stopTime  = 5 * time.Second
)

func (o *ClientOptions) check() error {
	var errs []error
	complain := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("athena: new client: "+format, args...))
	}
	if o.Output != "" && !strings.HasPrefix(o.Output, "s3://") {
		complain("Output: %q has no scheme: write s3://BUCKET/FOLDER/", o.Output)
	}
	if o.KMSKey != "" && o.Output == "" {
		complain("KMSKey: it encrypts what goes to Output, which is empty: set Output too, or let the workgroup encrypt")
	}
	if o.ReuseResults < 0 || o.ReuseResults > maxReuse || o.ReuseResults%time.Minute != 0 {
		complain("ReuseResults: %s is not a number of whole minutes from 0 to 7 days", o.ReuseResults)
	}
	if o.PollInterval < 0 {
		complain("PollInterval: %s is negative", o.PollInterval)
	}
	return errors.Join(errs...)
}

// Client runs statements. It is safe for concurrent use and has nothing to close.
type Client struct {
	api    *awsathena.Client
	opts   ClientOptions
	region string
}

// NewClient makes a client. Every complaint about the options comes at once.
func NewClient(cfg aws.Config, opts *ClientOptions) (*Client, error) {
	c := &Client{api: awsathena.NewFromConfig(cfg), region: cfg.Region}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.opts.check(); err != nil {
		return nil, err
	}
	if c.opts.WorkGroup == "" {
		c.opts.WorkGroup = "primary"
	}
	if c.opts.PollInterval == 0 {
		c.opts.PollInterval = time.Second
	}
	if c.opts.Prices == nil {
		c.opts.Prices = pricing.Default()
	}
	return c, nil
}

// Run runs a statement and waits for its end. The Run that it gives beside an error, if
// any, says what the query cost and how it is called.
//
// A query that Athena could not or would not run to its end is a [*QueryError]. When ctx
// ends, the query is stopped, so that it costs no more, and the error is ctx's.
func (c *Client) Run(ctx context.Context, q Statement) (*Run, error) {
	in, err := c.input(q)
	if err != nil {
		return nil, err
	}
	// The SDK makes a token for each call and sends the same one when it has to ask again,
	// so a lost answer does not run the query twice. A token made of the text would be
	// wrong: Athena would give the first run's answer for ever.
	out, err := c.api.StartQueryExecution(ctx, in)
	if err != nil {
		mend := ""
		if c.opts.Output == "" && strings.Contains(err.Error(), "output location") {
			mend = " (set ClientOptions.Output, or the workgroup's own location)"
		}
		return nil, fmt.Errorf("athena: start query in workgroup %q: %w%s", c.opts.WorkGroup, err, mend)
	}
	run := &Run{ID: aws.ToString(out.QueryExecutionId), SQL: aws.ToString(in.QueryString), WorkGroup: c.opts.WorkGroup, client: c}
	if err := c.wait(ctx, run); err != nil {
		return run, err
	}
	return run, nil
}

// input says what to start.
func (c *Client) input(q Statement) (*awsathena.StartQueryExecutionInput, error) {
	text, err := q.Build()
	if err != nil {
		return nil, err
	}
	in := &awsathena.StartQueryExecutionInput{QueryString: &text, WorkGroup: &c.opts.WorkGroup}
	if t, ok := q.(Text); ok {
		if in.ExecutionParameters, err = t.parameters(); err != nil {
			return nil, err
		}
	}
	if c.opts.Catalog != "" || c.opts.Database != "" {
		in.QueryExecutionContext = &athenatypes.QueryExecutionContext{Catalog: optional(c.opts.Catalog), Database: optional(c.opts.Database)}
	}
	if c.opts.Output != "" {
		in.ResultConfiguration = &athenatypes.ResultConfiguration{OutputLocation: &c.opts.Output}
		if c.opts.KMSKey != "" {
			in.ResultConfiguration.EncryptionConfiguration = &athenatypes.EncryptionConfiguration{
				EncryptionOption: athenatypes.EncryptionOptionSseKms, KmsKey: &c.opts.KMSKey,
			}
		}
	}
	if c.opts.ReuseResults > 0 {
		minutes := int32(c.opts.ReuseResults / time.Minute)
		in.ResultReuseConfiguration = &athenatypes.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &athenatypes.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: &minutes},
		}
	}
	return in, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// wait looks at the query until it has ended. Whatever keeps it from looking stops the
// query: nobody would read its result.
func (c *Client) wait(ctx context.Context, run *Run) error {
	pause := min(firstPoll, c.opts.PollInterval)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), c.stop(ctx, run))
		case <-timer.C:
		}
		out, err := c.api.GetQueryExecution(ctx, &awsathena.GetQueryExecutionInput{QueryExecutionId: &run.ID})
		switch {
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), c.stop(ctx, run))
		case err != nil:
			return errors.Join(fmt.Errorf("athena: look at query %s: %w", run.ID, err), c.stop(ctx, run))
		case out.QueryExecution == nil || out.QueryExecution.Status == nil:
			return errors.Join(fmt.Errorf("athena: look at query %s: the answer has no status", run.ID), c.stop(ctx, run))
		}
		run.fill(out.QueryExecution)
		switch out.QueryExecution.Status.State {
		case athenatypes.QueryExecutionStateSucceeded:
			return nil
		case athenatypes.QueryExecutionStateFailed, athenatypes.QueryExecutionStateCancelled:
			return c.failure(ctx, run, out.QueryExecution.Status)
		}
		timer.Reset(pause)
		pause = min(pause*3/2, c.opts.PollInterval)
	}
}

// stop cancels the query. The caller's ctx may have ended already.
func (c *Client) stop(ctx context.Context, run *Run) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if _, err := c.api.StopQueryExecution(ctx, &awsathena.StopQueryExecutionInput{QueryExecutionId: &run.ID}); err != nil {
		return fmt.Errorf("athena: stop query %s, which may go on and cost: %w", run.ID, err)
	}
	return nil
}

// failure says why the query did not succeed.
func (c *Client) failure(ctx context.Context, run *Run, st *athenatypes.QueryExecutionStatus) error {
	e := &QueryError{ID: run.ID, WorkGroup: run.WorkGroup, State: st.State, Reason: aws.ToString(st.StateChangeReason), Scanned: run.Scanned}
	if ae := st.AthenaError; ae != nil {
		e.Category, e.Type, e.Retryable = aws.ToInt32(ae.ErrorCategory), aws.ToInt32(ae.ErrorType), ae.Retryable
		if m := aws.ToString(ae.ErrorMessage); m != "" {
			e.Reason = m
		}
	}
	if e.CutOff() {
		// That the limit is not known does not change what happened.
		if out, err := c.api.GetWorkGroup(ctx, &awsathena.GetWorkGroupInput{WorkGroup: &run.WorkGroup}); err == nil &&
			out.WorkGroup != nil && out.WorkGroup.Configuration != nil {
			e.Limit = aws.ToInt64(out.WorkGroup.Configuration.BytesScannedCutoffPerQuery)
		}
	}
	return e
}

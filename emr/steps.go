package emr

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// StepRun is where a step stands.
type StepRun struct {
	ID, Name string
	State    emrtypes.StepState
	// Reason and Message are why it failed, as far as EMR found out, and LogFile is where it
	// found that.
	Reason, Message, LogFile string
	// Logs is the step's folder on S3 with controller, stderr and stdout; it is known of steps
	// that did not complete, on clusters with LogURI.
	Logs                    string
	Created, Started, Ended time.Time
}

// Done says whether the step has ended, one way or another.
func (r StepRun) Done() bool {
	switch r.State {
	case emrtypes.StepStateCompleted, emrtypes.StepStateCancelled, emrtypes.StepStateFailed, emrtypes.StepStateInterrupted:
		return true
	}
	return false
}

// StepError says that a step did not complete.
type StepError struct {
	Cluster string
	Run     StepRun
}

func (e *StepError) Error() string {
	why := e.Run.Reason
	if e.Run.Message != "" {
		why = strings.TrimPrefix(why+": "+e.Run.Message, ": ")
	}
	logs := e.Run.LogFile
	if logs == "" {
		logs = e.Run.Logs
	}
	return fmt.Sprintf("emr: step %s %q of cluster %s: %s: %s%s", e.Run.ID, e.Run.Name, e.Cluster, strings.ToLower(string(e.Run.State)), orUnknown(why), logsAt(logs))
}

func orUnknown(reason string) string {
	if reason == "" {
		return "EMR gives no reason"
	}
	return reason
}

func logsAt(place string) string {
	if place == "" {
		return ""
	}
	return " (logs: " + place + ")"
}

// Submit adds steps to a cluster, at most 256 at a time, and gives their IDs in order. It does
// not wait for them: see [Client.WaitSteps]. Steps are checked before they are sent, all at once,
// except for their applications: what the cluster has is not asked for.
//
// EMR has no token that would make this idempotent, so the request is sent once. Where its reply
// is lost, the cluster's new steps are compared with those that were sent.
func (c *Client) Submit(ctx context.Context, cluster string, steps ...Step) ([]string, error) {
	if err := checkSteps(steps); err != nil {
		return nil, err
	}
	before, err := c.list(ctx, cluster)
	if err != nil {
		return nil, err
	}
	in := &awsemr.AddJobFlowStepsInput{JobFlowId: &cluster}
	for _, s := range steps {
		in.Steps = append(in.Steps, s.input())
	}
	out, err := once(ctx, func(o func(*awsemr.Options)) (*awsemr.AddJobFlowStepsOutput, error) {
		return c.api.AddJobFlowSteps(ctx, in, o)
	})
	switch {
	case err == nil && len(out.StepIds) == len(steps):
		return out.StepIds, nil
	case err == nil:
		return out.StepIds, fmt.Errorf("emr: add steps to cluster %s: %d were sent, and %d have IDs", cluster, len(steps), len(out.StepIds))
	case refused(err) || throttled(err):
		return nil, fmt.Errorf("emr: add steps to cluster %s: %w", cluster, err)
	}
	look, cancel := after(ctx)
	defer cancel()
	now, errNow := c.list(look, cluster)
	ids := added(before, now, steps)
	if errNow != nil || ids == nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("emr: add steps to cluster %s: %w: whether they were added is not known: look at its steps", cluster, err), errNow)
	}
	return ids, ctx.Err()
}

func checkSteps(steps []Step) error {
	k := &checker{c: &Cluster{}, anyApplication: true}
	if n := len(steps); n == 0 || n > 256 {
		k.say("step", "Steps", fmt.Sprint(n), "is no number of steps to add", "take 1 to 256")
	}
	for i, s := range steps {
		k.step(fmt.Sprintf("Steps[%d]", i), s)
	}
	return k.err()
}

// list gives all of a cluster's steps, the newest first.
func (c *Client) list(ctx context.Context, cluster string) ([]emrtypes.StepSummary, error) {
	var all []emrtypes.StepSummary
	pages := awsemr.NewListStepsPaginator(c.api, &awsemr.ListStepsInput{ClusterId: &cluster})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("emr: list the steps of cluster %s: %w", cluster, err)
		}
		all = append(all, page.Steps...)
	}
	return all, nil
}

// added finds the steps among those that are new, all of them in order or none.
func added(before, now []emrtypes.StepSummary, steps []Step) []string {
	old := map[string]bool{}
	for _, s := range before {
		old[aws.ToString(s.Id)] = true
	}
	var ids []string
	for _, s := range slices.Backward(now) { // the oldest first
		id := aws.ToString(s.Id)
		if !old[id] && len(ids) < len(steps) && same(s, steps[len(ids)]) {
			ids = append(ids, id)
		}
	}
	if len(ids) < len(steps) {
		return nil
	}
	return ids
}

func same(s emrtypes.StepSummary, step Step) bool {
	c := s.Config
	return c != nil && aws.ToString(s.Name) == step.Name && aws.ToString(c.Jar) == step.Jar && aws.ToString(c.MainClass) == step.MainClass &&
		slices.Equal(c.Args, step.Args) && maps.Equal(c.Properties, step.Properties)
}

// WaitSteps waits until steps of a cluster have ended, and gives one result for each in the
// order of their IDs. Progress, which may be nil, is told of each change of a step's state.
// Those that did not complete are in the error, each a [StepError]. When ctx ends, they go on,
// and the results are as they were last seen.
func (c *Client) WaitSteps(ctx context.Context, cluster string, ids []string, progress func(StepRun)) ([]StepRun, error) {
	runs := make([]StepRun, len(ids))
	for i, id := range ids {
		runs[i].ID = id
	}
	err := c.watch(ctx, func(ctx context.Context) (bool, error) { return c.look(ctx, cluster, runs, progress) })
	if err != nil {
		return runs, err
	}
	var errs []error
	for i := range runs {
		if runs[i].State != emrtypes.StepStateCompleted {
			c.locate(ctx, cluster, runs)
			errs = append(errs, &StepError{cluster, runs[i]})
		}
	}
	return runs, errors.Join(errs...)
}

// mostStepIDs is how many steps ListSteps can be asked for by ID.
const mostStepIDs = 10

// look brings the steps that have not ended up to date, and says whether all have.
func (c *Client) look(ctx context.Context, cluster string, runs []StepRun, progress func(StepRun)) (done bool, err error) {
	at := map[string]int{}
	var open []string
	for i, r := range runs {
		if at[r.ID] = i; !r.Done() {
			open = append(open, r.ID)
		}
	}
	left := len(open)
	for part := range slices.Chunk(open, mostStepIDs) {
		out, err := c.api.ListSteps(ctx, &awsemr.ListStepsInput{ClusterId: &cluster, StepIds: part})
		if err != nil {
			return false, fmt.Errorf("emr: look at the steps of cluster %s: %w", cluster, err)
		}
		for _, s := range out.Steps {
			i, ok := at[aws.ToString(s.Id)]
			if !ok || s.Status == nil {
				continue
			}
			before := runs[i].State
			runs[i] = stepRun(s)
			if progress != nil && runs[i].State != before {
				progress(runs[i])
			}
			if runs[i].Done() {
				left--
			}
		}
	}
	return left == 0, nil
}

func stepRun(s emrtypes.StepSummary) StepRun {
	r := StepRun{ID: aws.ToString(s.Id), Name: aws.ToString(s.Name), State: s.Status.State}
	if why := s.Status.StateChangeReason; why != nil {
		r.Reason = aws.ToString(why.Message)
	}
	if f := s.Status.FailureDetails; f != nil {
		if reason := aws.ToString(f.Reason); reason != "" {
			r.Reason = reason
		}
		r.Message, r.LogFile = aws.ToString(f.Message), aws.ToString(f.LogFile)
	}
	if t := s.Status.Timeline; t != nil {
		r.Created, r.Started, r.Ended = aws.ToTime(t.CreationDateTime), aws.ToTime(t.StartDateTime), aws.ToTime(t.EndDateTime)
	}
	return r
}

// locate says where the logs of the steps that did not complete are. That they are not found
// changes nothing about the steps.
func (c *Client) locate(ctx context.Context, cluster string, runs []StepRun) {
	if slices.ContainsFunc(runs, func(r StepRun) bool { return r.Logs != "" }) {
		return
	}
	found, err := c.describe(ctx, cluster)
	if err != nil {
		return
	}
	folder := logFolder(found)
	for i := range runs {
		if folder != "" && runs[i].State != emrtypes.StepStateCompleted {
			runs[i].Logs = folder + "steps/" + runs[i].ID + "/"
		}
	}
}

// logFolder is where a cluster's logs go: LogUri, which EMR shows with scheme s3n, and its ID.
func logFolder(c *emrtypes.Cluster) string {
	uri := aws.ToString(c.LogUri)
	if uri == "" {
		return ""
	}
	uri = "s3://" + strings.TrimPrefix(strings.TrimPrefix(uri, "s3n://"), "s3://")
	return strings.TrimSuffix(uri, "/") + "/" + aws.ToString(c.Id) + "/"
}

// RunSteps submits steps to a cluster and waits for them as [Client.WaitSteps] does. When ctx
// ends, those that have not ended are cancelled: pending ones do not start, and the running one
// is asked to end (SEND_INTERRUPT).
func (c *Client) RunSteps(ctx context.Context, cluster string, steps []Step, progress func(StepRun)) ([]StepRun, error) {
	ids, err := c.Submit(ctx, cluster, steps...)
	if err != nil {
		if ctx.Err() != nil && len(ids) > 0 {
			err = errors.Join(err, c.cancel(ctx, cluster, ids))
		}
		return nil, err
	}
	runs, err := c.WaitSteps(ctx, cluster, ids, progress)
	if ctx.Err() != nil {
		var open []string
		for _, r := range runs {
			if !r.Done() {
				open = append(open, r.ID)
			}
		}
		err = errors.Join(ctx.Err(), c.cancel(ctx, cluster, open))
	}
	return runs, err
}

// cancel asks EMR to cancel steps, although the caller's context has ended.
func (c *Client) cancel(ctx context.Context, cluster string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	ctx, stop := after(ctx)
	defer stop()
	out, err := c.api.CancelSteps(ctx, &awsemr.CancelStepsInput{ClusterId: &cluster, StepIds: ids})
	if err != nil {
		return fmt.Errorf("emr: cancel steps of cluster %s, which may go on: %w", cluster, err)
	}
	var errs []error
	for _, s := range out.CancelStepsInfoList {
		if s.Status == emrtypes.CancelStepsRequestStatusFailed {
			errs = append(errs, fmt.Errorf("emr: cancel step %s of cluster %s, which may go on: %s", aws.ToString(s.StepId), cluster, orUnknown(aws.ToString(s.Reason))))
		}
	}
	return errors.Join(errs...)
}

package emr

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/internal/uuid"
)

// LaunchTag is the key of the tag by which [Client.Launch] finds a cluster again whose launch
// was carried out although its reply was lost.
const LaunchTag = "lakekit-launch"

// Launch starts a cluster and gives its ID. It does not wait for it: see [Client.WaitCluster].
//
// EMR has no token that would make a launch idempotent, so Launch tags the cluster with one
// ([LaunchTag]) and sends the request once. Where the reply is lost it looks the cluster up; an
// error that is not a refusal says that it was not found, which is no proof that it will not
// come. When ctx ends during the launch, a cluster that is found is terminated.
func (c *Client) Launch(ctx context.Context, cl Cluster) (id string, err error) {
	token := uuid.New()
	cl.Tags = maps.Clone(cl.Tags)
	if cl.Tags == nil {
		cl.Tags = map[string]string{}
	}
	cl.Tags[LaunchTag] = token
	in, err := cl.RunJobFlowInput()
	if err != nil {
		return "", err
	}
	out, err := once(ctx, func(o func(*awsemr.Options)) (*awsemr.RunJobFlowOutput, error) { return c.api.RunJobFlow(ctx, in, o) })
	switch {
	case err == nil:
		return aws.ToString(out.JobFlowId), nil
	case refused(err) || throttled(err):
		return "", fmt.Errorf("emr: launch %q: %w", cl.Name, err)
	}
	return c.recover(ctx, cl.Name, token, err)
}

// recover looks for the cluster of a launch that had no reply.
func (c *Client) recover(ctx context.Context, name, token string, cause error) (string, error) {
	look, cancel := after(ctx)
	defer cancel()
	id, err := c.find(look, name, token)
	ended := ctx.Err()
	switch {
	case err != nil || id == "" && ended == nil:
		return "", errors.Join(ended, fmt.Errorf("emr: launch %q: %w: whether it was launched is not known: look for a cluster with tag %s=%s", name, cause, LaunchTag, token), err)
	case id == "":
		return "", ended
	case ended == nil:
		return id, nil
	}
	return id, errors.Join(ended, c.terminate(look, id))
}

// find looks for a cluster with the tag among those of the last hour with that name.
func (c *Client) find(ctx context.Context, name, token string) (string, error) {
	since := time.Now().Add(-time.Hour) // clocks differ
	pages := awsemr.NewListClustersPaginator(c.api, &awsemr.ListClustersInput{CreatedAfter: &since})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("emr: list clusters: %w", err)
		}
		for _, s := range page.Clusters {
			if aws.ToString(s.Name) != name {
				continue
			}
			found, err := c.describe(ctx, aws.ToString(s.Id))
			if err != nil {
				return "", err
			}
			for _, t := range found.Tags {
				if aws.ToString(t.Key) == LaunchTag && aws.ToString(t.Value) == token {
					return aws.ToString(s.Id), nil
				}
			}
		}
	}
	return "", nil
}

func (c *Client) describe(ctx context.Context, id string) (*emrtypes.Cluster, error) {
	out, err := c.api.DescribeCluster(ctx, &awsemr.DescribeClusterInput{ClusterId: &id})
	if err != nil {
		return nil, fmt.Errorf("emr: look at cluster %s: %w", id, err)
	}
	if out.Cluster == nil || out.Cluster.Status == nil {
		return nil, fmt.Errorf("emr: look at cluster %s: the answer has no status", id)
	}
	return out.Cluster, nil
}

// terminate ends a cluster, its protection first: it was launched here.
func (c *Client) terminate(ctx context.Context, id string) error {
	_, err := c.api.SetTerminationProtection(ctx, &awsemr.SetTerminationProtectionInput{JobFlowIds: []string{id}, TerminationProtected: aws.Bool(false)})
	if err == nil {
		_, err = c.api.TerminateJobFlows(ctx, &awsemr.TerminateJobFlowsInput{JobFlowIds: []string{id}})
	}
	if err != nil {
		return fmt.Errorf("emr: terminate cluster %s, which may go on and cost: %w", id, err)
	}
	return nil
}

// ClusterRun is where a cluster stands.
type ClusterRun struct {
	ID, Name string
	State    emrtypes.ClusterState
	// Code and Reason are what EMR says of the last change: ALL_STEPS_COMPLETED, STEP_FAILURE, ….
	Code   emrtypes.ClusterStateChangeReasonCode
	Reason string
	// Logs is the cluster's folder of logs on S3, empty without LogURI.
	Logs                  string
	Created, Ready, Ended time.Time
}

func (r ClusterRun) ended() bool {
	return r.State == emrtypes.ClusterStateTerminated || r.State == emrtypes.ClusterStateTerminatedWithErrors
}

// ClusterError says that a cluster ended with errors.
type ClusterError struct{ Run ClusterRun }

func (e *ClusterError) Error() string {
	return fmt.Sprintf("emr: cluster %s %q ended with errors: %s: %s%s", e.Run.ID, e.Run.Name, e.Run.Code, orUnknown(e.Run.Reason), logsAt(e.Run.Logs))
}

// WaitCluster waits until a cluster has ended, and tells progress, which may be nil, of each
// change of its state. A cluster that ended with errors is a [ClusterError]. When ctx ends, the
// cluster goes on.
func (c *Client) WaitCluster(ctx context.Context, id string, progress func(ClusterRun)) (ClusterRun, error) {
	return c.waitCluster(ctx, id, progress, ClusterRun.ended)
}

// WaitReady waits until a cluster takes steps, as [Client.WaitCluster] waits for its end. One
// that ends before it does is a [ClusterError], with whatever it says as its reason.
func (c *Client) WaitReady(ctx context.Context, id string, progress func(ClusterRun)) (ClusterRun, error) {
	run, err := c.waitCluster(ctx, id, progress, func(r ClusterRun) bool {
		return r.ended() || r.State == emrtypes.ClusterStateRunning || r.State == emrtypes.ClusterStateWaiting
	})
	if err == nil && run.ended() {
		err = &ClusterError{run}
	}
	return run, err
}

func (c *Client) waitCluster(ctx context.Context, id string, progress func(ClusterRun), done func(ClusterRun) bool) (ClusterRun, error) {
	var run ClusterRun
	err := c.watch(ctx, func(ctx context.Context) (bool, error) {
		found, err := c.describe(ctx, id)
		if err != nil {
			return false, err
		}
		before := run.State
		run = clusterRun(found)
		if progress != nil && run.State != before {
			progress(run)
		}
		return done(run), nil
	})
	if err == nil && run.State == emrtypes.ClusterStateTerminatedWithErrors {
		err = &ClusterError{run}
	}
	return run, err
}

func clusterRun(c *emrtypes.Cluster) ClusterRun {
	r := ClusterRun{ID: aws.ToString(c.Id), Name: aws.ToString(c.Name), State: c.Status.State, Logs: logFolder(c)}
	if why := c.Status.StateChangeReason; why != nil {
		r.Code, r.Reason = why.Code, aws.ToString(why.Message)
	}
	if t := c.Status.Timeline; t != nil {
		r.Created, r.Ready, r.Ended = aws.ToTime(t.CreationDateTime), aws.ToTime(t.ReadyDateTime), aws.ToTime(t.EndDateTime)
	}
	return r
}

// RunCluster launches a cluster, waits until it has ended and, when ctx ends before, terminates
// it. A cluster that runs until somebody ends it is refused: nobody would.
func (c *Client) RunCluster(ctx context.Context, cl Cluster, progress func(ClusterRun)) (ClusterRun, error) {
	if cl.AutoTermination.None {
		return ClusterRun{}, fmt.Errorf("emr: run cluster %q: AutoTermination: None would be waited for without end: say AfterSteps or Idle, or use Launch", cl.Name)
	}
	id, err := c.Launch(ctx, cl)
	if err != nil {
		return ClusterRun{ID: id, Name: cl.Name}, err
	}
	run, err := c.WaitCluster(ctx, id, progress)
	if run.ID == "" {
		run.ID, run.Name = id, cl.Name
	}
	if ctx.Err() != nil && !run.ended() {
		end, cancel := after(ctx)
		defer cancel()
		err = errors.Join(ctx.Err(), c.terminate(end, id))
	}
	return run, err
}

package emr_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/awswire"
)

func sparkSteps(n int) []emr.Step {
	steps := make([]emr.Step, n)
	for i := range steps {
		steps[i] = emr.SparkStep(fmt.Sprint("step ", i+1), "s3://lake/job.py", fmt.Sprint(i))
	}
	return steps
}

// launched has one cluster that waits.
func launched(t *testing.T, f *fake, c *emr.Client) string {
	t.Helper()
	id, err := c.Launch(t.Context(), good())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WaitReady(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	f.calls = nil
	return id
}

// TestRunSteps runs twelve steps of an hour each, more than can be asked for at once.
func TestRunSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := f.client(t, nil)
		id := launched(t, f, c)
		began, changes := time.Now(), map[string][]string{}
		runs, err := c.RunSteps(t.Context(), id, sparkSteps(12), func(r emr.StepRun) { changes[r.ID] = append(changes[r.ID], string(r.State)) })
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 12*time.Hour || took > 12*time.Hour+time.Minute {
			t.Errorf("it took %s", took)
		}
		for i, r := range runs {
			if r.Name != fmt.Sprint("step ", i+1) || r.State != emrtypes.StepStateCompleted {
				t.Errorf("%d: %+v", i, r)
			}
		}
		if diff := cmp.Diff([]string{"PENDING", "RUNNING", "COMPLETED"}, changes[runs[11].ID]); diff != "" {
			t.Errorf("progress of the last: %s", diff)
		}
		// Every half minute two requests at most, for those that have not ended.
		if n := len(f.calls); n > 2*12*120+10 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestRunStepsSaysWhichFailedAndWhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ends: "FAILED"}
		c := f.client(t, nil)
		id := launched(t, f, c)
		runs, err := c.RunSteps(t.Context(), id, sparkSteps(2), nil)
		var failed *emr.StepError
		if !errors.As(err, &failed) || failed.Run.ID != "s-2" || runs[0].State != emrtypes.StepStateCompleted || runs[0].Logs != "" {
			t.Fatalf("%v\n%+v", err, runs)
		}
		const want = `emr: step s-2 "step 2" of cluster j-1: failed: Main Class not found: java.lang.ClassNotFoundException: x.Main (logs: s3://logs/emr/j-1/steps/s-2/)`
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestRunStepsCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := f.client(t, nil)
		id := launched(t, f, c)
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Minute) // in the second of three
		defer stop()
		runs, err := c.RunSteps(ctx, id, sparkSteps(3), nil)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if runs[0].State != emrtypes.StepStateCompleted || runs[1].State != emrtypes.StepStateRunning || runs[2].State != emrtypes.StepStatePending {
			t.Errorf("as last seen: %+v", runs)
		}
		after, err := c.WaitSteps(t.Context(), id, []string{"s-1", "s-2", "s-3"}, nil)
		var failed *emr.StepError
		if !errors.As(err, &failed) || after[1].State != emrtypes.StepStateCancelled || after[2].State != emrtypes.StepStateCancelled {
			t.Errorf("afterwards: %v %+v", err, after)
		}
	})
}

// TestSubmitOnce: where the reply is lost, the steps are found and not added again.
func TestSubmitOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := f.client(t, nil)
		id := launched(t, f, c)
		if _, err := c.Submit(t.Context(), id, sparkSteps(2)...); err != nil { // the same work as below
			t.Fatal(err)
		}
		f.after = func(op string) error {
			if op == "AddJobFlowSteps" {
				return errLost
			}
			return nil
		}
		steps := sparkSteps(3)
		steps[2].Properties = map[string]string{"a": "b"}
		ids, err := c.Submit(t.Context(), id, steps...)
		if err != nil || !slices.Equal(ids, []string{"s-3", "s-4", "s-5"}) || len(f.clusters[0].steps) != 5 {
			t.Errorf("%v, %v, %d steps", ids, err, len(f.clusters[0].steps))
		}
		f.after = nil
		f.before = func(op string) error {
			if op == "AddJobFlowSteps" {
				return &awswire.Error{Code: "InternalServerException", Message: "sorry", Status: 500}
			}
			return nil
		}
		if _, err := c.Submit(t.Context(), id, steps...); err == nil || !strings.Contains(err.Error(), "is not known") {
			t.Errorf("steps that may or may not be there: %v", err)
		}
	})
}

func TestSubmitChecksFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := f.client(t, nil)
		_, err := c.Submit(t.Context(), "j-1", emr.Step{}, emr.Step{Name: "x", Jar: "y", OnFailure: "IGNORE"})
		var invalid *emr.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Complaints) != 3 || len(f.calls) != 0 {
			t.Errorf("%v, calls: %v", err, f.calls)
		}
		if _, err := c.Submit(t.Context(), "j-1"); err == nil {
			t.Error("no steps were added")
		}
		if _, err := c.Submit(t.Context(), "j-9", sparkSteps(1)...); err == nil || !strings.Contains(err.Error(), "is not valid") {
			t.Errorf("no such cluster: %v", err)
		}
	})
}

// TestLaunchOnce: a launch whose reply is lost is found by its tag; there is one cluster.
func TestLaunchOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{after: func(op string) error {
			if op == "RunJobFlow" {
				return errLost
			}
			return nil
		}}
		c := f.client(t, nil)
		spec := good()
		spec.Tags = map[string]string{"team": "revenue"}
		id, err := c.Launch(t.Context(), spec)
		if err != nil || id != "j-1" || len(f.clusters) != 1 {
			t.Errorf("%s, %v, %d clusters", id, err, len(f.clusters))
		}
		if len(spec.Tags) != 1 {
			t.Errorf("the caller's tags were changed: %v", spec.Tags)
		}
		if id, err := c.Launch(t.Context(), spec); err != nil || id != "j-2" {
			t.Errorf("the second of the same name: %s, %v", id, err)
		}
	})
}

func TestLaunchWaitsWhenThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		f := &fake{before: func(op string) error {
			if n++; op == "RunJobFlow" && n <= 3 {
				return throttle()
			}
			return nil
		}}
		if id, err := f.client(t, nil).Launch(t.Context(), good()); err != nil || id != "j-1" || n != 4 {
			t.Errorf("%s, %v, %d requests", id, err, n)
		}
	})
}

func TestLaunchThatMayHaveHappened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{before: func(op string) error {
			if op == "RunJobFlow" {
				return &awswire.Error{Code: "InternalServerException", Message: "sorry", Status: 500}
			}
			return nil
		}}
		_, err := f.client(t, nil).Launch(t.Context(), good())
		if err == nil || !strings.Contains(err.Error(), "is not known: look for a cluster with tag "+emr.LaunchTag+"=") {
			t.Error(err)
		}
		if n := len(slices.DeleteFunc(f.calls, func(op string) bool { return op != "RunJobFlow" })); n != 1 {
			t.Errorf("it was sent %d times", n)
		}
		f.before = func(string) error { return awswire.Errorf("ValidationException", "no such role") }
		if _, err := f.client(t, nil).Launch(t.Context(), good()); err == nil || strings.Contains(err.Error(), "not known") {
			t.Errorf("a refusal: %v", err)
		}
	})
}

// TestLaunchCancelled: a cluster that came up although its launch was given up is terminated.
func TestLaunchCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		f := &fake{after: func(op string) error {
			if op == "RunJobFlow" {
				stop()
				return context.Canceled
			}
			return nil
		}}
		spec := good()
		spec.TerminationProtected = true
		_, err := f.client(t, nil).Launch(ctx, spec)
		if !errors.Is(err, context.Canceled) || f.clusters[0].end != "TERMINATED" {
			t.Errorf("%v, the cluster is %s", err, f.clusters[0].state())
		}
	})
}

// oneOff ends after its steps.
func oneOff(steps int) emr.Cluster {
	c := good()
	c.AutoTermination = emr.AutoTermination{AfterSteps: true}
	c.Steps = sparkSteps(steps)
	return c
}

func TestRunCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		var states []string
		run, err := f.client(t, nil).RunCluster(t.Context(), oneOff(2), func(r emr.ClusterRun) { states = append(states, string(r.State)) })
		if err != nil || run.Logs != "s3://logs/emr/j-1/" {
			t.Errorf("%+v, %v", run, err)
		}
		if diff := cmp.Diff([]string{"STARTING", "RUNNING", "TERMINATED"}, states); diff != "" {
			t.Error(diff)
		}
		never := good()
		never.AutoTermination = emr.AutoTermination{None: true}
		if _, err := f.client(t, nil).RunCluster(t.Context(), never, nil); err == nil || len(f.clusters) != 1 {
			t.Errorf("one that never ends was run: %v", err)
		}
	})
}

func TestRunClusterTerminatesWhenCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		ctx, stop := context.WithTimeout(t.Context(), 40*time.Minute)
		defer stop()
		run, err := f.client(t, nil).RunCluster(ctx, oneOff(2), nil)
		if !errors.Is(err, context.DeadlineExceeded) || run.ID != "j-1" || f.clusters[0].end != "TERMINATED" {
			t.Errorf("%+v, %v", run, err)
		}
	})
}

func TestClusterThatEndsWithErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		c := f.client(t, nil)
		id, err := c.Launch(t.Context(), good())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Minute, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.clusters[0].end = "TERMINATED_WITH_ERRORS"
		})
		_, err = c.WaitReady(t.Context(), id, nil)
		const want = `emr: cluster j-1 "nightly" ended with errors: BOOTSTRAP_FAILURE: On the master instance, bootstrap action 1 returned a non-zero return code (logs: s3://logs/emr/j-1/)`
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

// TestOutages: EMR may be out of reach for a while, and for longer than that ends the wait only.
func TestOutages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		out     time.Duration
		survive bool
	}{{8 * time.Minute, true}, {30 * time.Minute, false}} {
		t.Run(c.out.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				client := f.client(t, nil)
				id := launched(t, f, client)
				from := time.Now().Add(20 * time.Minute)
				f.before = func(string) error {
					if now := time.Now(); now.After(from) && now.Before(from.Add(c.out)) {
						return &awswire.Error{Code: "InternalServerException", Message: "sorry", Status: 500}
					}
					return nil
				}
				_, err := client.RunSteps(t.Context(), id, sparkSteps(1), nil)
				if (err == nil) != c.survive {
					t.Errorf("an outage of %s: %v", c.out, err)
				}
				if !c.survive && !strings.Contains(err.Error(), "it goes on without being watched") {
					t.Error(err)
				}
			})
		})
	}
}

func TestNewClientSaysEverything(t *testing.T) {
	t.Parallel()
	_, err := emr.NewClient((&fake{}).config(), &emr.ClientOptions{PollInterval: -1, Patience: -1})
	if err == nil || strings.Count(err.Error(), "is below 0") != 2 {
		t.Error(err)
	}
}

package emr_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/awswire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// fake is an EMR with clusters that start in ten minutes and steps that take an hour each, one
// after the other, by the bubble's clock.
type fake struct {
	mu       sync.Mutex
	clusters []*fakeCluster
	calls    []string
	// before may fail an operation unread; after may lose its reply.
	before, after func(op string) error
	ends          string // the state that steps end in; COMPLETED
}

type fakeCluster struct {
	id       string
	in       object
	created  time.Time
	end      string
	locked   bool
	steps    []*fakeStep
	afterall bool
}

type fakeStep struct {
	id      string
	in      object
	created time.Time
	state   string // CANCELLED, or as time has it
}

const (
	bootTime = 10 * time.Minute
	stepTime = time.Hour
)

func (f *fake) client(t *testing.T, o *emr.ClientOptions) *emr.Client {
	t.Helper()
	c, err := emr.NewClient(f.config(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fake) config() aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), HTTPClient: &http.Client{Transport: f}}
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var lost error
	w := httptest.NewRecorder()
	ops := map[string]awswire.Op{}
	for name, do := range map[string]func(object) (object, error){
		"RunJobFlow": f.runJobFlow, "DescribeCluster": f.describe, "ListClusters": f.list, "TerminateJobFlows": f.terminate, "SetTerminationProtection": f.protect,
		"AddJobFlowSteps": f.addSteps, "ListSteps": f.listSteps, "CancelSteps": f.cancelSteps,
	} {
		ops[name] = awswire.Unary(func(_ context.Context, in *object) (*object, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.calls = append(f.calls, name)
			if f.before != nil {
				if err := f.before(name); err != nil {
					return nil, err
				}
			}
			out, err := do(*in)
			if err == nil && f.after != nil {
				lost = f.after(name)
			}
			return &out, err
		})
	}
	(&awswire.JSON{Version: "1.1", Ops: ops}).ServeHTTP(w, r)
	if lost != nil {
		return nil, lost
	}
	return w.Result(), nil
}

func (f *fake) find(id any) (*fakeCluster, error) {
	for _, c := range f.clusters {
		if c.id == id {
			return c, nil
		}
	}
	return nil, awswire.Errorf("InvalidRequestException", "Cluster id '%v' is not valid.", id)
}

func (f *fake) runJobFlow(in object) (object, error) {
	instances, _ := in["Instances"].(object)
	c := &fakeCluster{id: fmt.Sprintf("j-%d", len(f.clusters)+1), in: in, created: time.Now(), afterall: instances["KeepJobFlowAliveWhenNoSteps"] == false, locked: instances["TerminationProtected"] == true}
	f.clusters = append(f.clusters, c)
	steps, _ := in["Steps"].([]any)
	c.add(steps)
	return object{"JobFlowId": c.id}, nil
}

func (c *fakeCluster) add(steps []any) (ids []any) {
	for _, s := range steps {
		in, _ := s.(object)
		id := fmt.Sprintf("s-%d", len(c.steps)+1)
		c.steps = append(c.steps, &fakeStep{id: id, in: in, created: time.Now()})
		ids = append(ids, id)
	}
	return ids
}

// begins is when the i-th step begins: when the cluster is up and those before it are done.
func (c *fakeCluster) begins(i int) time.Time {
	at := c.created.Add(bootTime)
	for _, s := range c.steps[:i+1] {
		if s.created.After(at) {
			at = s.created
		}
		if s != c.steps[i] && s.state != "CANCELLED" {
			at = at.Add(stepTime)
		}
	}
	return at
}

func (c *fakeCluster) state() string {
	now := time.Now()
	last := c.created.Add(bootTime)
	for i, s := range c.steps {
		if s.state != "CANCELLED" {
			last = c.begins(i).Add(stepTime)
		}
	}
	switch {
	case c.end != "":
		return c.end
	case now.Before(c.created.Add(bootTime)):
		return "STARTING"
	case now.Before(last):
		return "RUNNING"
	case c.afterall:
		return "TERMINATED"
	}
	return "WAITING"
}

func stamp(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (f *fake) describe(in object) (object, error) {
	c, err := f.find(in["ClusterId"])
	if err != nil {
		return nil, err
	}
	return object{"Cluster": object{
		"Id": c.id, "Name": c.in["Name"], "Tags": c.in["Tags"], "LogUri": "s3n://logs/emr",
		"Status": object{"State": c.state(), "StateChangeReason": object{"Code": "BOOTSTRAP_FAILURE", "Message": "On the master instance, bootstrap action 1 returned a non-zero return code"}, "Timeline": object{"CreationDateTime": stamp(c.created)}},
	}}, nil
}

func (f *fake) list(object) (object, error) {
	var all []any
	for _, c := range f.clusters {
		all = append(all, object{"Id": c.id, "Name": c.in["Name"]})
	}
	return object{"Clusters": all}, nil
}

func (f *fake) terminate(in object) (object, error) {
	ids, _ := in["JobFlowIds"].([]any)
	for _, id := range ids {
		c, err := f.find(id)
		if err != nil {
			return nil, err
		}
		if c.locked {
			return nil, awswire.Errorf("ValidationException", "Could not shut down one or more job flows since they are termination protected.")
		}
		c.end = "TERMINATED"
	}
	return object{}, nil
}

func (f *fake) protect(in object) (object, error) {
	ids, _ := in["JobFlowIds"].([]any)
	for _, id := range ids {
		c, err := f.find(id)
		if err != nil {
			return nil, err
		}
		c.locked = in["TerminationProtected"] == true
	}
	return object{}, nil
}

func (f *fake) addSteps(in object) (object, error) {
	c, err := f.find(in["JobFlowId"])
	if err != nil {
		return nil, err
	}
	steps, _ := in["Steps"].([]any)
	return object{"StepIds": c.add(steps)}, nil
}

func (f *fake) listSteps(in object) (object, error) {
	c, err := f.find(in["ClusterId"])
	if err != nil {
		return nil, err
	}
	wanted, _ := in["StepIds"].([]any)
	if len(wanted) > 10 {
		return nil, awswire.Errorf("InvalidRequestException", "at most 10 step IDs")
	}
	var all []any
	for i, s := range c.steps {
		if wanted != nil && !slices.Contains(wanted, any(s.id)) {
			continue
		}
		jar, _ := s.in["HadoopJarStep"].(object)
		properties := object{}
		pairs, _ := jar["Properties"].([]any)
		for _, p := range pairs {
			kv, _ := p.(object)
			properties[fmt.Sprint(kv["Key"])] = kv["Value"]
		}
		all = append(all, object{
			"Id": s.id, "Name": s.in["Name"], "Config": object{"Jar": jar["Jar"], "Args": jar["Args"], "MainClass": jar["MainClass"], "Properties": properties}, "Status": f.status(c, i),
		})
	}
	slices.Reverse(all) // the newest first
	return object{"Steps": all}, nil
}

func (f *fake) status(c *fakeCluster, i int) object {
	s, begins := c.steps[i], c.begins(i)
	st := object{"State": "PENDING", "Timeline": object{"CreationDateTime": stamp(s.created)}}
	switch now := time.Now(); {
	case s.state != "":
		st["State"] = s.state
	case !now.Before(begins.Add(stepTime)):
		st["State"] = "COMPLETED"
		if f.ends != "" && i == len(c.steps)-1 {
			st["State"] = f.ends
			st["FailureDetails"] = object{"Reason": "Main Class not found", "Message": "java.lang.ClassNotFoundException: x.Main"}
		}
	case !now.Before(begins):
		st["State"] = "RUNNING"
	}
	return st
}

func (f *fake) cancelSteps(in object) (object, error) {
	c, err := f.find(in["ClusterId"])
	if err != nil {
		return nil, err
	}
	ids, _ := in["StepIds"].([]any)
	var said []any
	for i, s := range c.steps {
		if !slices.Contains(ids, any(s.id)) {
			continue
		}
		if state := f.status(c, i)["State"]; state == "PENDING" || state == "RUNNING" {
			s.state = "CANCELLED"
			said = append(said, object{"StepId": s.id, "Status": "SUBMITTED"})
		} else {
			said = append(said, object{"StepId": s.id, "Status": "FAILED", "Reason": "the step has ended"})
		}
	}
	return object{"CancelStepsInfoList": said}, nil
}

var errLost = errors.New("connection reset by peer")

func throttle() error { return awswire.Errorf("ThrottlingException", "Rate exceeded") }

package emr_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/golden"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
	"github.com/lakekit/lakekit/pricing"
)

var november = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

// published are the rates of the worked example's own table.
const published = `
ec2-hour:m6g.xlarge,us-east-1,0.16,1,instance hour,2026-05,the published table
ec2-hour:r6g.2xlarge,us-east-1,0.50,1,instance hour,2026-05,the published table
ec2-spot-hour:r6g.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published table
ec2-spot-hour:r5.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published table
ec2-spot-hour:r5d.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published table
`

func plan(t *testing.T, c emr.Cluster, hours float64, o *emr.PlanOptions) *emr.Plan {
	t.Helper()
	p, err := c.Plan(hours, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.005 {
		t.Errorf("%s: got $%.4f, want $%.4f", what, got, want)
	}
}

// TestNightly prices the worked example three ways. By hand, for four hours:
//
//	published     0.16×4 + 3×0.50×4 + 12×0.15×4 + 1.50                      = 15.34
//	EMR's charge  4×(0.0385 + 3×0.1008 + 12×0.1008)  to  4×(… + 12×0.144)   = 6.20 to 8.28
//	list prices   4×(0.154 + 3×0.4032) = 5.4544; Spot 12×4×0.04032 = 1.93536 to 12×4×0.576 = 27.648
func TestNightly(t *testing.T) {
	t.Parallel()
	book, err := pricing.Default().With(published)
	if err != nil {
		t.Fatal(err)
	}
	c := emrgen.Nightly()
	asPublished := plan(t, c, 4, &emr.PlanOptions{Book: book, EMR: 1.50, At: november})
	near(t, "as published, low", asPublished.Total.Low, 15.34)
	near(t, "as published, high", asPublished.Total.High, 15.34)

	everyNode := plan(t, c, 4, &emr.PlanOptions{Book: book, At: november})
	near(t, "EMR on every node, low", everyNode.EMR.Low, 4*(0.0385+3*0.1008+12*0.1008))
	near(t, "EMR on every node, high", everyNode.EMR.High, 4*(0.0385+3*0.1008+12*0.144))
	near(t, "with EMR on every node, low", everyNode.Total.Low, 20.04)
	near(t, "with EMR on every node, high", everyNode.Total.High, 22.12)

	list := plan(t, c, 4, &emr.PlanOptions{At: november})
	near(t, "list prices, EC2 low", list.EC2.Low, 5.4544+12*4*0.04032)
	near(t, "list prices, EC2 high", list.EC2.High, 5.4544+12*4*0.576)
	near(t, "list prices, worst", list.Worst, list.Total.High)
	golden.Check(t, "nightly.golden", "# as published\n"+asPublished.String()+"\n# EMR's rate on every node\n"+everyNode.String()+"\n# list prices\n"+list.String())
}

func TestPlanByWeights(t *testing.T) {
	t.Parallel()
	c := good()
	fleets(func(f *emr.Fleets) {
		f.Task.Types = []emr.InstanceType{{Type: "r5.xlarge", Weight: 4}, {Type: "r5.4xlarge", Weight: 16, MaxPricePercent: 50}}
		f.Task.Spot.Units = 17
		f.Task.Spot.OnTimeout = emr.TerminateCluster
	})(&c)
	p := plan(t, c, 1, &emr.PlanOptions{At: november})
	task := p.Rows[len(p.Rows)-1]
	// 17 units: five of weight 4, or one of 16 and one of 4, or two of 16.
	if task.Nodes != (emr.Range{Low: 2, High: 5}) {
		t.Errorf("nodes: %+v", task.Nodes)
	}
	// The dearest way: one small one, then the large one, which goes beyond the target, after
	// four small ones: 4×4=16, 1 unit left.
	near(t, "EC2 high", task.EC2.High, 4*0.252+1.008*0.5)
	if p.Worst != p.Total.High || task.OnDemand != (emr.Range{}) {
		t.Errorf("a fleet that ends the cluster instead was switched to on demand: %+v", task)
	}
}

func TestPlanOfGroups(t *testing.T) {
	t.Parallel()
	c := good()
	groups(func(g *emr.Groups) {
		g.Core.Type, g.Task[0].Type, g.Task[0].MaxPrice = "r5.2xlarge", "r5.2xlarge", "0.3"
	})(&c)
	c.HighAvailability = true
	c.ManagedScaling = &emr.ManagedScaling{Unit: "Instances", Minimum: 4, Maximum: 20}
	p := plan(t, c, 2, &emr.PlanOptions{At: november})
	if len(p.Rows) != 3 || p.Rows[0].Nodes.Low != 3 || p.Rows[2].EC2Hour.High != 0.3 {
		t.Errorf("rows: %+v", p.Rows)
	}
	near(t, "at the maximum", p.AtMaximum, 2*(20*(0.504+0.126)+3*(0.154+0.0385)))
}

func TestPlanSaysEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	c := good()
	fleets(func(f *emr.Fleets) {
		f.Core.Types = emr.Types("x9z.xlarge")
		f.Task.Types = emr.Types("x9y.xlarge", "x9z.xlarge")
	})(&c)
	_, err := c.Plan(1, nil)
	if err == nil {
		t.Fatal("types without a price were priced")
	}
	for _, item := range []string{"ec2-hour:x9z.xlarge", "emr-hour:x9z.xlarge", "ec2-hour:x9y.xlarge", "emr-hour:x9y.xlarge"} {
		if n := strings.Count(err.Error(), item); n != 1 {
			t.Errorf("%s is named %d times:\n%v", item, n, err)
		}
	}
	for _, hours := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := good().Plan(hours, nil); err == nil {
			t.Errorf("%v hours were priced", hours)
		}
	}
	if _, err := (emr.Cluster{}).Plan(1, nil); err == nil {
		t.Error("a cluster without instances was priced")
	}
}

func TestPlanNotesOldPrices(t *testing.T) {
	t.Parallel()
	p := plan(t, good(), 1, &emr.PlanOptions{At: november.AddDate(2, 0, 0)})
	if !strings.Contains(p.String(), "more than a year old") {
		t.Errorf("nothing is said of old prices:\n%s", p)
	}
	least := plan(t, good(), 1e-6, &emr.PlanOptions{At: november})
	if least.Hours != 1.0/60 {
		t.Errorf("the least that is billed: got %v hours, want a minute", least.Hours)
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
)

// spec writes a request as people have it in a file, changed by replacing text.
func spec(t *testing.T, c emr.Cluster, oldnew ...string) string {
	t.Helper()
	text, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "spec.json")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(oldnew...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEMRPlan(t *testing.T) {
	t.Parallel()
	file := spec(t, emrgen.Nightly())
	text := must(t, sh(t, "", "emr", "plan", "-hours", "4", file))
	for _, want := range []string{
		"nightly-revenue, emr-6.15.0: 0 errors, 4 warnings\n", "warning: Task.Types: r6g.2xlarge, r5.2xlarge, r5d.2xlarge are Graviton and x86",
		"warning: Core: 3 core nodes keep one copy", "\ncomponent  market ", "\ntogether $13.59–41.38 for 4 hours in us-east-1\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}

	prices := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(prices, []byte("ec2-spot-hour:r6g.2xlarge,us-east-1,0.15,1,h,2026-11,x\nec2-spot-hour:r5.2xlarge,us-east-1,0.15,1,h,2026-11,x\nec2-spot-hour:r5d.2xlarge,us-east-1,0.15,1,h,2026-11,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var a fleetAnswer
	if err := json.Unmarshal([]byte(must(t, sh(t, "", "emr", "plan", "-json", "-hours", "4", "-prices", prices, file))), &a); err != nil {
		t.Fatal(err)
	}
	if a.Plan == nil || len(a.Plan.Rows) != 3 || a.Plan.Rows[2].EC2.Low != a.Plan.Rows[2].EC2.High || len(a.Warnings) != 4 || a.Errors == nil {
		t.Errorf("%+v", a)
	}
}

func TestEMRPlanSaysEverything(t *testing.T) {
	t.Parallel()
	// A misspelt member, a time-out that is too short, and a type that has no price.
	file := spec(t, emrgen.Nightly(), `"TimeoutDurationMinutes": 10`, `"TimeoutDurationMinutes": 3`, `"JobFlowRole"`, `"JobflowRole"`, "m6g.xlarge", "x9z.xlarge")
	got := sh(t, "", "emr", "plan", file)
	if got.code != 1 || !strings.Contains(got.errors, "refused: 3 errors") {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{
		"error: JobflowRole: is no member of RunJobFlowInput", "error: InstanceProfile: is not said",
		"error: Task.Spot.Timeout: 3m is below 5m (EMR allows 5 to 1440 minutes)", "\nno price: emr: plan: pricing: no price of ec2-hour:x9z.xlarge",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if got := sh(t, "{", "emr", "plan", "-"); got.code != 1 || !strings.Contains(got.errors, "not JSON") {
		t.Errorf("half a file: %+v", got)
	}
	if got := sh(t, "", "emr", "plan"); got.code != 2 || !strings.Contains(got.errors, "one SPEC.json is wanted") {
		t.Errorf("no file: %+v", got)
	}
}

func TestEMRPlanAccepts(t *testing.T) {
	t.Parallel()
	c := emrgen.Nightly()
	f, _ := c.Instances.(emr.Fleets)
	f.Core.Spot = emr.Spot{Units: 1}
	c.Accept = []string{"core-on-spot"}
	file := spec(t, c)
	if got := sh(t, "", "emr", "plan", file); got.code != 1 || !strings.Contains(got.out, "error: Core.Spot.Units") {
		t.Errorf("%+v", got)
	}
	if out := must(t, sh(t, "", "emr", "plan", "-accept", "core-on-spot", file)); !strings.Contains(out, "warning: Core.Spot.Units") {
		t.Error(out)
	}
}

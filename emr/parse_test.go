package emr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/internal/interop/emr/emrgen"
)

// FuzzParse reads anything: it gives a cluster or says what is wrong, and what it reads without a
// complaint and finds valid, it renders to what it reads the same again.
func FuzzParse(f *testing.F) {
	for seed := range uint64(20) {
		text, err := emrgen.Random(seed).JSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"Instances":{"MasterInstanceType":"m5.xlarge","SlaveInstanceType":"m5.xlarge","InstanceCount":3}}`))
	f.Add([]byte(`{"Configurations":[{"Configurations":[{"Configurations":[]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := emr.Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "emr: ") {
				t.Fatalf("an error of another's: %v", err)
			}
			return
		}
		c.Accept = []string{"core-on-spot", "master-on-spot"}
		if _, err := c.Validate(); err != nil {
			return
		}
		_, _ = c.Plan(1, nil) // it does not panic
		again, err := c.JSON()
		if err != nil {
			t.Fatalf("a valid cluster is not rendered: %v", err)
		}
		back, err := emr.Parse(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		if diff := cmp.Diff(c, back, sameCluster); diff != "" {
			t.Fatalf("(-parsed +rendered and parsed):\n%s", diff)
		}
	})
}

// TestParseShortForm reads the form of the API's first years.
func TestParseShortForm(t *testing.T) {
	t.Parallel()
	c, err := emr.Parse([]byte(`{"Name":"old","Instances":{"MasterInstanceType":"m5.xlarge","SlaveInstanceType":"r5.xlarge","InstanceCount":5,"Ec2SubnetId":"subnet-1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := emr.Cluster{
		Name: "old", Subnets: []string{"subnet-1"}, AutoTermination: emr.AutoTermination{AfterSteps: true},
		Instances: emr.Groups{Master: emr.MasterGroup{Type: "m5.xlarge"}, Core: &emr.Group{Type: "r5.xlarge", Count: 4}},
	}
	if diff := cmp.Diff(want, c, sameCluster); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestParseSaysEverything has seven mistakes in one request.
func TestParseSaysEverything(t *testing.T) {
	t.Parallel()
	_, err := emr.Parse([]byte(`{"Nmae":"x","ReleaseLabel":7,"VisibleToAllUsers":"yes","Instances":{"InstanceFleets":[
		{"InstanceFleetType":"MASTER","TargetOnDemandCapacity":2},
		{"InstanceFleetType":"CORE","InstanceTypeConfigs":[{"WeightedCapacity":0}]},
		{"InstanceFleetType":"CORE","LaunchSpecifications":{"SpotSpecification":{"TimeoutAction":"TERMINATE_CLUSTER"}}}]}}`))
	var invalid *emr.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var got []string
	for _, c := range invalid.Complaints {
		got = append(got, c.ID+" "+c.Field)
	}
	const fleets = "Instances.InstanceFleets"
	want := []string{
		"json Nmae", "json ReleaseLabel", "json VisibleToAllUsers", "weight " + fleets + "[0].TargetOnDemandCapacity", "weight " + fleets + "[1].InstanceTypeConfigs[0].WeightedCapacity",
		"instances " + fleets + "[2].InstanceFleetType", "spot-action " + fleets + "[2].LaunchSpecifications.SpotSpecification",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFromInputLeavesTheInputAlone(t *testing.T) {
	t.Parallel()
	if _, err := emr.FromInput(nil); err == nil {
		t.Error("nothing was read")
	}
	in, err := emrgen.Nightly().RunJobFlowInput()
	if err != nil {
		t.Fatal(err)
	}
	in.Instances = nil
	if _, err := emr.FromInput(in); err == nil || in.Instances != nil {
		t.Errorf("%v, %v", err, in.Instances)
	}
}

// TestSecretsStayInside: passwords are in no complaint.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	c, err := emr.Parse([]byte(`{"KerberosAttributes":{"Realm":"` + secret + strings.Repeat("x", 300) + `","KdcAdminPassword":"` + secret + `\u0001"},"StepConcurrencyLevel":"` + secret + `"}`))
	_, invalid := c.Validate()
	if err == nil || invalid == nil || strings.Contains(errors.Join(err, invalid).Error(), secret) {
		t.Errorf("%v\n%v", err, invalid)
	}
}

func TestGraviton(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"m6g.xlarge": true, "r6gd.2xlarge": true, "c7gn.large": true, "im4gn.4xlarge": true, "is4gen.xlarge": true, "x2gd.xlarge": true, "t4g.small": true,
		"a1.xlarge": true, "hpc7g.4xlarge": true, "g5g.xlarge": true, "r8g.48xlarge": true,
		"m5.xlarge": false, "g4dn.xlarge": false, "g5.xlarge": false, "m7i-flex.large": false, "p4de.24xlarge": false, "i4i.large": false, "c6in.large": false, "": false, "mag.x": false,
	} {
		if got := emr.Graviton(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

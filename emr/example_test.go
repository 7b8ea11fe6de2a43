package emr_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/lakekit/lakekit/emr"
)

// A nightly Spark cluster: checked, priced for four hours and rendered, with nothing launched.
func Example() {
	c := emr.Cluster{
		Name: "nightly-revenue", Release: "emr-7.13.0", Applications: []string{"Spark", "Hadoop"},
		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile,
		Instances: emr.Fleets{
			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 4}},
			Task: &emr.Fleet{Types: emr.Types("r6g.2xlarge", "r6gd.2xlarge", "r7g.2xlarge"), Spot: emr.Spot{
				Units: 12, Strategy: emr.PriceCapacityOptimized, Timeout: 3 * time.Minute, OnTimeout: emr.SwitchToOnDemand,
			}},
		},
		AutoTermination: emr.AutoTermination{Idle: 15 * time.Minute},
		Configurations:  []emr.Configuration{emr.NodeLabels(), emr.SparkDefaults(emr.Spark{MaxExecutors: 60})},
	}
	_, err := c.Validate()
	fmt.Println(err)

	fleets := c.Instances.(emr.Fleets)
	fleets.Task.Spot.Timeout = 10 * time.Minute
	input, err := c.RunJobFlowInput() // for the SDK's client
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*input.Name, "is right")
	plan, err := c.Plan(4, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("EC2 $%.2f to $%.2f, EMR $%.2f to $%.2f\n", plan.EC2.Low, plan.EC2.High, plan.EMR.Low, plan.EMR.High)
	// Output:
	// emr: Task.Spot.Timeout: 3m is below 5m (EMR allows 5 to 1440 minutes); take 5m
	// nightly-revenue is right
	// EC2 $9.00 to $29.19, EMR $6.61 to $7.30
}

// A cluster that exists is read from its request and checked. Core nodes on Spot are refused
// until somebody accepts the risk by name.
func ExampleParse() {
	c, err := emr.Parse([]byte(`{
		"Name": "legacy", "ReleaseLabel": "emr-7.1.0", "ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole",
		"Applications": [{"Name": "Spark"}],
		"Instances": {"KeepJobFlowAliveWhenNoSteps": true, "InstanceGroups": [
			{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
			{"InstanceRole": "CORE", "InstanceType": "r5.2xlarge", "InstanceCount": 8, "Market": "SPOT"}
		]}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Validate()
	fmt.Println(err)
	c.Accept = []string{"core-on-spot"}
	warnings, err := c.Validate()
	for _, w := range warnings {
		fmt.Println("warning:", w.ID)
	}
	fmt.Println(err)
	// Output:
	// emr: Core.Market: SPOT can be interrupted (core nodes hold HDFS: a lost one can lose data and end the cluster); buy core on demand and let task groups have Spot, or accept it by name: Accept: []string{"core-on-spot"}
	// warning: core-on-spot
	// warning: never-ends
	// <nil>
}

// Steps run what the AWS CLI's step types run.
func ExampleSparkStep() {
	step := emr.SparkStep("revenue", "--deploy-mode", "cluster", "s3://lake/jobs/revenue.py", "2026-05-24")
	fmt.Println(step.Jar, step.Args)
	copied := emr.CopyStep("dimensions", "s3://lake/clean/product/", "hdfs:///product/")
	fmt.Println(copied.Jar, copied.Args)
	// Output:
	// command-runner.jar [spark-submit --deploy-mode cluster s3://lake/jobs/revenue.py 2026-05-24]
	// command-runner.jar [s3-dist-cp --src=s3://lake/clean/product/ --dest=hdfs:///product/]
}

// A night's work: one cluster that ends after its steps, and is terminated when the program is
// told to stop.
func ExampleClient_RunCluster() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	client, err := emr.NewClient(cfg, nil)
	if err != nil {
		log.Fatal(err)
	}
	c := emr.Cluster{
		Name: "nightly-revenue", Release: "emr-7.13.0", Applications: []string{"Spark"},
		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile, LogURI: "s3://lake/logs/emr/",
		Instances: emr.Fleets{
			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 4}},
		},
		AutoTermination: emr.AutoTermination{AfterSteps: true},
		Steps:           []emr.Step{emr.SparkStep("revenue", "--deploy-mode", "cluster", "s3://lake/jobs/revenue.py")},
	}
	run, err := client.RunCluster(ctx, c, func(r emr.ClusterRun) { log.Printf("%s: %s", r.ID, r.State) })
	if err != nil {
		log.Fatal(err) // with the place of the logs
	}
	log.Printf("%s took %s", run.ID, run.Ended.Sub(run.Created))
}

// Command fleet answers a published example of an EMR fleet: a nightly four-hour Spark job on
// one master, three core nodes on demand and twelve Spot task nodes. It says what the fleet
// deserves, what five wrong variants of it are told, what it costs and why the published $15 is
// too little, and how it is launched. Nothing is launched here: no account is needed.
package main

import (
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/pricing"
)

func main() {
	c := nightly()
	warnings, err := c.Validate()
	check(err)
	fmt.Println("The fleet as published is valid. It deserves these warnings:")
	for _, w := range warnings {
		fmt.Println(" ", w)
	}

	fmt.Println("\nFive wrong variants:")
	for _, v := range variants {
		wrong := nightly()
		v.change(&wrong)
		_, err := wrong.Validate()
		fmt.Printf("  %s\n    %s\n", v.name, strings.ReplaceAll(fmt.Sprint(err), "\n", "\n    "))
	}

	prices(c)

	request, err := c.JSON()
	check(err)
	fmt.Printf("\nWhat `aws emr create-cluster` sends for it:\n%s", request)
	args, err := c.CreateCluster()
	check(err)
	fmt.Println("\nThe command:")
	fmt.Println(shell(args))
}

// nightly is the fleet as published.
func nightly() emr.Cluster {
	return emr.Cluster{
		Name: "nightly-revenue", Release: "emr-6.15.0", Applications: []string{"Spark", "Hadoop"},
		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile,
		Instances: emr.Fleets{
			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 3}},
			Task: &emr.Fleet{
				Types: []emr.InstanceType{{Type: "r6g.2xlarge", Weight: 1}, {Type: "r5.2xlarge", Weight: 1}, {Type: "r5d.2xlarge", Weight: 1}},
				Spot:  emr.Spot{Units: 12, Strategy: emr.CapacityOptimized, Timeout: 10 * time.Minute, OnTimeout: emr.SwitchToOnDemand},
			},
		},
		AutoTermination: emr.AutoTermination{Idle: 15 * time.Minute},
	}
}

// variants are mistakes that are otherwise found out minutes into a launch, or never.
var variants = []struct {
	name   string
	change func(*emr.Cluster)
}{
	{"core nodes on Spot", func(c *emr.Cluster) {
		core := c.Instances.(emr.Fleets).Core
		core.OnDemand, core.Spot = emr.OnDemand{}, emr.Spot{Units: 3, Timeout: 10 * time.Minute, OnTimeout: emr.SwitchToOnDemand}
	}},
	{"a Spot time-out of 3 minutes", func(c *emr.Cluster) { c.Instances.(emr.Fleets).Task.Spot.Timeout = 3 * time.Minute }},
	{"seven types without a strategy", func(c *emr.Cluster) {
		task := c.Instances.(emr.Fleets).Task
		task.Types = emr.Types("r6g.2xlarge", "r6gd.2xlarge", "r7g.2xlarge", "r7gd.2xlarge", "m6g.4xlarge", "m7g.4xlarge", "r6g.4xlarge")
		task.Spot.Strategy = ""
	}},
	{"three masters that end when idle, in a release that has no three", func(c *emr.Cluster) {
		c.Release, c.HighAvailability = "emr-6.11.0", true
	}},
	{"a Hive step, a made-up strategy, an end that is not said, and no roles", func(c *emr.Cluster) {
		c.Steps = []emr.Step{emr.HiveStep("report", "s3://lake/jobs/report.q", nil)}
		c.Instances.(emr.Fleets).Task.Spot.Strategy = "capacityOptimized"
		c.AutoTermination = emr.AutoTermination{}
		c.ServiceRole, c.InstanceProfile = "", ""
	}},
}

// published are the rates of the published cost table; a Spot hour of any type is $0.15.
const published = `
ec2-hour:m6g.xlarge,us-east-1,0.16,1,instance hour,2026-05,the published cost table
ec2-hour:r6g.2xlarge,us-east-1,0.50,1,instance hour,2026-05,the published cost table
ec2-spot-hour:r6g.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published cost table
ec2-spot-hour:r5.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published cost table
ec2-spot-hour:r5d.2xlarge,us-east-1,0.15,1,Spot hour,2026-05,the published cost table
`

func prices(c emr.Cluster) {
	book, err := pricing.Default().With(published)
	check(err)
	as, err := c.Plan(4, &emr.PlanOptions{Book: book, EMR: 1.50})
	check(err)
	fmt.Printf("\nFour hours at the published rates, with the published $1.50 for EMR:\n%s", as)
	every, err := c.Plan(4, &emr.PlanOptions{Book: book})
	check(err)
	fmt.Printf("\nThe same with EMR's rate on every node:\n%s", every)
	fmt.Printf("\nThe published sum is $%.2f to $%.2f too low: it has about EMR's charge for the master and the core nodes ($%.2f),\nand leaves out that for the twelve Spot nodes, which are charged like any other.\n",
		every.Total.Low-as.Total.Low, every.Total.High-as.Total.High, every.Rows[0].EMR.Low+every.Rows[1].EMR.Low)
	list, err := c.Plan(4, nil)
	check(err)
	fmt.Printf("\nAt list prices, with Spot between a tenth of on demand and all of it:\n%s", list)
}

// shell quotes arguments for sh.
func shell(args []string) string {
	var b strings.Builder
	b.WriteString("aws")
	for _, a := range args {
		if strings.HasPrefix(a, "--") {
			b.WriteString(" \\\n ")
		}
		if strings.ContainsAny(a, ` {}[]"'$\*?;&|<>()`) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		b.WriteString(" " + a)
	}
	return b.String()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

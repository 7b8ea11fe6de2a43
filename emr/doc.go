// Package emr describes EMR clusters as plain values that are right, priced and explained
// before anything is launched. A wrong fleet is otherwise found out minutes into its launch,
// or never.
//
//	c := emr.Cluster{
//		Name: "nightly-revenue", Release: "emr-7.13.0", Applications: []string{"Spark", "Hadoop"},
//		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile,
//		Instances: emr.Fleets{
//			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
//			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 4}},
//			Task: &emr.Fleet{Types: emr.Types("r6g.2xlarge", "r6gd.2xlarge"), Spot: emr.Spot{
//				Units: 12, Strategy: emr.CapacityOptimized, Timeout: 10 * time.Minute, OnTimeout: emr.SwitchToOnDemand,
//			}},
//		},
//		AutoTermination: emr.AutoTermination{Idle: 15 * time.Minute},
//	}
//	warnings, err := c.Validate()
//	plan, err := c.Plan(4, nil)        // what four hours cost
//	input, err := c.RunJobFlowInput()  // what the SDK launches
//	args, err := c.CreateCluster()     // what `aws emr` launches
//
// A [Cluster] renders to the SDK's input, to the JSON of the RunJobFlow request and to the
// arguments of `aws emr create-cluster`; [Parse] and [FromInput] read a request back, so that
// clusters that exist can be checked and priced too.
//
// A [Client] launches clusters, runs steps on them and waits for both; it neither starts a
// cluster nor adds a step twice when a reply is lost, and ends what it runs when its context
// ends.
//
// # The pattern
//
// The types follow the way clusters are run cheaply and reliably: one master or three
// ([Cluster.HighAvailability]; no other number can be said), core nodes on demand because they
// hold HDFS, task nodes on Spot because they hold nothing. What leaves the pattern is possible,
// but is an error until [Cluster.Accept] names it: see [Complaint].
//
// # Errors
//
// [Cluster.Validate] gives every complaint at once. What EMR would refuse, or take and then
// override, is an error, an [InvalidError] that holds [Complaint] values; what EMR takes and
// somebody will be sorry for is a warning. Each names the field, its value, the rule, where
// the rule is written, and the mend:
//
//	Task.Spot.Timeout: 3m is below 5m (EMR allows 5 to 1440 minutes); take 5m
//
// Fields are those of this package's types for Validate; [Parse] and [FromInput] name those of
// the request, such as Instances.InstanceFleets[0].TargetSpotCapacity.
//
// # Limits
//
// Only a [Client] calls AWS. Validation does not: whether a role, a subnet, a key or an AMI exists, whether an
// instance type is offered in a region and how much of it an account may run, is not known.
// Release labels are compared, not looked up. Clusters of releases before 4.0 (AmiVersion)
// are refused.
package emr

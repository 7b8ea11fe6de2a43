package emr_test

import (
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/emr"
)

func patternCases() []ruleCase {
	type f = emr.Fleets
	three := func(change func(*emr.Cluster)) func(*emr.Cluster) {
		return func(c *emr.Cluster) {
			c.HighAvailability, c.AutoTermination = true, emr.AutoTermination{None: true}
			change(c)
		}
	}
	nothing := func(*emr.Cluster) {}
	coreOnSpot := fleets(func(f *f) { f.Core.Spot = emr.Spot{Units: 2} })
	masterOnSpot := fleets(func(f *f) { f.Master.Spot = &emr.Spot{} })
	return []ruleCase{
		{"ha-release", "6.12.0, fleets", "", three(release("emr-6.12.0")), ""},
		{"ha-release", "5.36.1, fleets", "", three(release("emr-5.36.1")), ""},
		{"ha-release", "6.9.1, fleets", "", three(release("emr-6.9.1")), ""},
		{"ha-release", "5.23.0, groups", "", three(release("emr-5.23.0", groups(func(*emr.Groups) {}))), ""},
		{"ha-release", "6.11.0, fleets", "HighAvailability", three(release("emr-6.11.0")), ""},
		{"ha-release", "5.36.0, fleets", "HighAvailability", three(release("emr-5.36.0")), ""},
		{"ha-release", "5.22.0, groups", "HighAvailability", three(release("emr-5.22.0", groups(func(*emr.Groups) {}))), ""},
		{"ha-spot", "on demand", "", three(nothing), ""},
		{"ha-spot", "Spot", "Master.Spot", three(masterOnSpot), ""},
		{"ha-ends", "never", "", three(nothing), ""},
		{"ha-ends", "idle", "AutoTermination", func(c *emr.Cluster) { c.HighAvailability = true }, ""},
		{"ha-metastore", "Spark", "", three(nothing), ""},
		{"ha-metastore", "Hive elsewhere", "", three(func(c *emr.Cluster) {
			c.Applications = []string{"Hive"}
			c.Configurations = append(c.Configurations, emr.Configuration{Classification: "hive-site"})
		}), ""},
		{"ha-metastore", "Hive", "HighAvailability", three(func(c *emr.Cluster) { c.Applications = []string{"hive"} }), ""},
		{"ha-kdc", "none", "", three(nothing), ""},
		{"ha-kdc", "Kerberos", "Kerberos", three(func(c *emr.Cluster) { c.Kerberos = &emrtypes.KerberosAttributes{} }), ""},
		{"placement", "three spread", "", three(func(c *emr.Cluster) { c.SpreadMasters = true }), ""},
		{"placement", "one spread", "SpreadMasters", func(c *emr.Cluster) { c.SpreadMasters = true }, ""},
		{"placement", "core, spread", "PlacementGroupConfigs[0]", nil, `{"PlacementGroupConfigs":[{"InstanceRole":"CORE","PlacementStrategy":"SPREAD"}]}`},
		{"hdfs-copies", "4 core nodes", "", nothing, ""},
		{"hdfs-copies", "3, with copies", "", func(c *emr.Cluster) {
			fleets(func(f *f) { f.Core.OnDemand.Units = 3 })(c)
			c.Configurations = append(c.Configurations, emr.HDFSReplication(2))
		}, ""},
		{"hdfs-copies", "3 core nodes", "Core", fleets(func(f *f) { f.Core.OnDemand.Units = 3 }), ""},
		{"hdfs-copies", "8 units of weight 4", "Core", fleets(func(f *f) { f.Core.OnDemand.Units, f.Core.Types[0].Weight = 8, 4 }), ""},
		{"core-on-spot", "on demand", "", nothing, ""},
		{"core-on-spot", "Spot", "Core.Spot.Units", coreOnSpot, ""},
		{"core-on-spot", "Spot, groups", "Core.Market", groups(func(g *emr.Groups) { g.Core.Market = "SPOT" }), ""},
		{"master-on-spot", "on demand", "", nothing, ""},
		{"master-on-spot", "Spot", "Master.Spot", masterOnSpot, ""},
		{"architectures", "Graviton only", "", nothing, ""},
		{"architectures", "with AMIs", "", fleets(func(f *f) {
			f.Task.Types = []emr.InstanceType{{Type: "r6g.xlarge", AMI: "ami-1"}, {Type: "r5.xlarge", AMI: "ami-2"}}
		}), ""},
		{"architectures", "both", "Task.Types", fleets(func(f *f) { f.Task.Types = emr.Types("r6g.xlarge", "r5.xlarge") }), ""},
		{"ami-architecture", "one of them", "", func(c *emr.Cluster) { c.AMI = "ami-1" }, ""},
		{"ami-architecture", "both", "AMI", func(c *emr.Cluster) {
			c.AMI = "ami-1"
			fleets(func(f *f) { f.Core.Types = emr.Types("r5.xlarge") })(c)
		}, ""},
		{"ami-architecture", "both, groups", "AMI", func(c *emr.Cluster) {
			c.AMI = "ami-1"
			groups(func(g *emr.Groups) { g.Core.Type = "r5.xlarge" })(c)
		}, ""},
		{"spot-one-type", "three", "", nothing, ""},
		{"spot-one-type", "one", "Task.Types", fleets(func(f *f) { f.Task.Types = f.Task.Types[:1] }), ""},
		{"spot-lowest-price", "capacity", "", nothing, ""},
		{"spot-lowest-price", "price", "Task.Spot.Strategy", fleets(func(f *f) { f.Task.Spot.Strategy = emr.LowestSpotPrice }), ""},
		{"task-ratio", "10 to 1", "", fleets(func(f *f) { f.Task.Spot.Units = 40 }), ""},
		{"task-ratio", "more", "Task", fleets(func(f *f) { f.Task.Spot.Units = 41 }), ""},
	}
}

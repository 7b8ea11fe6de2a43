package emr_test

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/emr"
)

// good has nothing to complain of.
func good() emr.Cluster {
	return emr.Cluster{
		Name: "nightly", Release: "emr-7.13.0", Applications: []string{"Spark", "Hadoop"},
		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile,
		Instances: emr.Fleets{
			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 4}},
			Task: &emr.Fleet{Types: emr.Types("r6g.2xlarge", "r6gd.2xlarge", "r7g.2xlarge"), Spot: emr.Spot{
				Units: 12, Strategy: emr.CapacityOptimized, Timeout: 10 * time.Minute, OnTimeout: emr.SwitchToOnDemand,
			}},
		},
		AutoTermination: emr.AutoTermination{Idle: 15 * time.Minute},
		Configurations:  []emr.Configuration{emr.NodeLabels()},
		Subnets:         []string{"subnet-a", "subnet-b"},
	}
}

// fleets changes good's fleets.
func fleets(change func(*emr.Fleets)) func(*emr.Cluster) {
	return func(c *emr.Cluster) {
		f, _ := c.Instances.(emr.Fleets)
		change(&f)
		c.Instances = f
	}
}

func groups(change func(*emr.Groups)) func(*emr.Cluster) {
	return func(c *emr.Cluster) {
		g := emr.Groups{
			Master: emr.MasterGroup{Type: "m6g.xlarge"},
			Core:   &emr.Group{Type: "r6g.2xlarge", Count: 4},
			Task:   []emr.Group{{Type: "r6g.2xlarge", Count: 8}},
		}
		c.Subnets = c.Subnets[:1]
		change(&g)
		c.Instances = g
	}
}

func release(label string, then ...func(*emr.Cluster)) func(*emr.Cluster) {
	return func(c *emr.Cluster) {
		c.Release = label
		for _, change := range then {
			change(c)
		}
	}
}

func clusterCases() []ruleCase {
	type cluster = emr.Cluster
	tags := func(key, value string) func(*cluster) {
		return func(c *cluster) { c.Tags = map[string]string{key: value} }
	}
	many := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[strings.Repeat("k", i+1)] = ""
		}
		return m
	}
	idle := func(d time.Duration) func(*cluster) { return func(c *cluster) { c.AutoTermination.Idle = d } }
	apps := func(names ...string) func(*cluster) { return func(c *cluster) { c.Applications = names } }
	return []ruleCase{
		{"name", "one", "", func(*cluster) {}, ""},
		{"name", "none", "Name", func(c *cluster) { c.Name = "" }, ""},
		{"text", "256 characters", "", func(c *cluster) { c.Name = strings.Repeat("ü", 256) }, ""},
		{"text", "257 characters", "Name", func(c *cluster) { c.Name = strings.Repeat("ü", 257) }, ""},
		{"text", "a control character", "Name", func(c *cluster) { c.Name = "a\x01" }, ""},
		{"release", "4.0.0", "", release("emr-4.0.0"), ""},
		{"release", "none", "Release", release(""), ""},
		{"release", "another form", "Release", release("emr-6.15"), ""},
		{"release", "leading zeros", "Release", release("emr-6.015.0"), ""},
		{"release", "3.11.0", "Release", release("emr-3.11.0"), ""},
		{"old-release", "the newest line", "", release("emr-7.0.0"), ""},
		{"old-release", "a newer line", "", release("emr-8.0.0"), ""},
		{"old-release", "the line before", "Release", release("emr-6.15.0"), ""},
		{"application", "several", "", apps("Spark", "Hive"), ""},
		{"application", "another case", "Applications[1]", apps("Spark", "SPARK"), ""},
		{"application", "no name", "Applications[0]", apps(""), ""},
		{"roles", "both", "", func(*cluster) {}, ""},
		{"roles", "no service role", "ServiceRole", func(c *cluster) { c.ServiceRole = "" }, ""},
		{"roles", "no profile", "InstanceProfile", func(c *cluster) { c.InstanceProfile = "" }, ""},
		{"accept", "a risk", "", func(c *cluster) { c.Accept = []string{"core-on-spot"} }, ""},
		{"accept", "an error", "Accept[0]", func(c *cluster) { c.Accept = []string{"spot-timeout"} }, ""},
		{"log-uri", "s3", "", func(c *cluster) { c.LogURI = "s3://b/logs/" }, ""},
		{"log-uri", "a path", "LogURI", func(c *cluster) { c.LogURI = "/var/log" }, ""},
		{"log-key", "beside logs", "", func(c *cluster) { c.LogURI, c.LogKMSKey = "s3://b/", "arn:aws:kms:x" }, ""},
		{"log-key", "without logs", "LogKMSKey", func(c *cluster) { c.LogKMSKey = "arn:aws:kms:x" }, ""},
		{"log-key", "6.0.0", "LogKMSKey", release("emr-6.0.0", func(c *cluster) { c.LogURI, c.LogKMSKey = "s3://b/", "arn:aws:kms:x" }), ""},
		{"monitoring", "off", "", func(c *cluster) {
			c.Monitoring = &emrtypes.MonitoringConfiguration{CloudWatchLogConfiguration: &emrtypes.CloudWatchLogConfiguration{Enabled: aws.Bool(false)}}
		}, ""},
		{"monitoring", "neither on nor off", "Monitoring.CloudWatchLogConfiguration.Enabled", func(c *cluster) {
			c.Monitoring = &emrtypes.MonitoringConfiguration{CloudWatchLogConfiguration: &emrtypes.CloudWatchLogConfiguration{}}
		}, ""},
		{"ami", "5.7.0", "", release("emr-5.7.0", func(c *cluster) { c.AMI = "ami-1" }), ""},
		{"ami", "5.6.0", "AMI", release("emr-5.6.0", func(c *cluster) { c.AMI = "ami-1" }), ""},
		{"ami", "a name", "AMI", func(c *cluster) { c.AMI = "my-image" }, ""},
		{"repo-upgrade", "with an AMI", "", func(c *cluster) { c.AMI, c.RepoUpgradeOnBoot = "ami-1", "NONE" }, ""},
		{"repo-upgrade", "without", "RepoUpgradeOnBoot", func(c *cluster) { c.RepoUpgradeOnBoot = "NONE" }, ""},
		{"repo-upgrade", "another word", "RepoUpgradeOnBoot", func(c *cluster) { c.AMI, c.RepoUpgradeOnBoot = "ami-1", "ALL" }, ""},
		{"root-volume", "6.15.0", "", release("emr-6.15.0", func(c *cluster) { c.RootVolume.IOPS = 3000 }), ""},
		{"root-volume", "6.14.0", "RootVolume.IOPS", release("emr-6.14.0", func(c *cluster) { c.RootVolume.IOPS = 3000 }), ""},
		{"root-volume", "a throughput of gp2", "RootVolume.MiBPerSecond", func(c *cluster) { c.RootVolume.MiBPerSecond = 100 }, ""},
		{"scale-down", "5.1.0", "", release("emr-5.1.0", func(c *cluster) { c.ScaleDown = emrtypes.ScaleDownBehaviorTerminateAtInstanceHour }), ""},
		{"scale-down", "5.0.3", "ScaleDown", release("emr-5.0.3", func(c *cluster) { c.ScaleDown = emrtypes.ScaleDownBehaviorTerminateAtInstanceHour }), ""},
		{"scale-down", "another word", "ScaleDown", func(c *cluster) { c.ScaleDown = "AT_ONCE" }, ""},
		{"tags", "50", "", func(c *cluster) { c.Tags = many(50) }, ""},
		{"tags", "51", "Tags", func(c *cluster) { c.Tags = many(51) }, ""},
		{"tags", "aws's own", `Tags["AWS:x"]`, tags("AWS:x", ""), ""},
		{"tags", "a long value", `Tags["k"]`, tags("k", strings.Repeat("v", 257)), ""},
		{"tags", "twice", "Tags[1].Key", nil, `{"Tags":[{"Key":"k","Value":"1"},{"Key":"k","Value":"2"}]}`},
		{"bootstrap", "16", "", func(c *cluster) {
			for range 16 {
				c.BootstrapActions = append(c.BootstrapActions, emr.BootstrapAction{Name: "b", Script: "s3://b/x.sh"})
			}
		}, ""},
		{"bootstrap", "17", "BootstrapActions", func(c *cluster) { c.BootstrapActions = make([]emr.BootstrapAction, 17) }, ""},
		{"bootstrap", "no place", "BootstrapActions[0].Script", func(c *cluster) { c.BootstrapActions = []emr.BootstrapAction{{Name: "b"}} }, ""},
		{"bootstrap", "a path", "BootstrapActions[0].Script", func(c *cluster) { c.BootstrapActions = []emr.BootstrapAction{{Name: "b", Script: "x.sh"}} }, ""},
		{"kerberos", "whole", "", func(c *cluster) {
			c.SecurityConfiguration = "s"
			c.Kerberos = &emrtypes.KerberosAttributes{Realm: aws.String("R"), KdcAdminPassword: aws.String("p")}
		}, ""},
		{"kerberos", "no security configuration", "Kerberos", func(c *cluster) {
			c.Kerberos = &emrtypes.KerberosAttributes{Realm: aws.String("R"), KdcAdminPassword: aws.String("p")}
		}, ""},
		{"subnets", "several of fleets", "", func(*cluster) {}, ""},
		{"subnets", "one of groups", "", groups(func(*emr.Groups) {}), ""},
		{"subnets", "two of groups", "Subnets", func(c *cluster) {
			s := c.Subnets
			groups(func(*emr.Groups) {})(c)
			c.Subnets = s
		}, ""},
		{"subnets", "beside zones", "AvailabilityZones", func(c *cluster) { c.AvailabilityZones = []string{"us-east-1a"} }, ""},
		{"subnets", "a name", "Subnets[0]", func(c *cluster) { c.Subnets = []string{"private"} }, ""},
		{"one-subnet", "two", "", func(*cluster) {}, ""},
		{"one-subnet", "one", "Subnets", func(c *cluster) { c.Subnets = c.Subnets[:1] }, ""},
		{"security-groups", "both", "", func(c *cluster) { c.SecurityGroups.Master, c.SecurityGroups.Slave = "sg-1", "sg-2" }, ""},
		{"security-groups", "one", "SecurityGroups", func(c *cluster) { c.SecurityGroups.Master = "sg-1" }, ""},

		{"auto-termination", "idle", "", func(*cluster) {}, ""},
		{"auto-termination", "explicitly none", "", func(c *cluster) { c.AutoTermination = emr.AutoTermination{None: true} }, ""},
		{"auto-termination", "nothing", "AutoTermination", func(c *cluster) { c.AutoTermination = emr.AutoTermination{} }, ""},
		{"auto-termination", "none, and idle", "AutoTermination.None", func(c *cluster) { c.AutoTermination.None = true }, ""},
		{"idle", "1 minute", "", idle(time.Minute), ""},
		{"idle", "7 days", "", idle(7 * 24 * time.Hour), ""},
		{"idle", "59 s", "AutoTermination.Idle", idle(59 * time.Second), ""},
		{"idle", "7 days and 1 s", "AutoTermination.Idle", idle(7*24*time.Hour + time.Second), ""},
		{"idle", "half seconds", "AutoTermination.Idle", idle(90500 * time.Millisecond), ""},
		{"idle-release", "5.30.0", "", release("emr-5.30.0"), ""},
		{"idle-release", "6.1.0", "", release("emr-6.1.0"), ""},
		{"idle-release", "5.29.0", "AutoTermination.Idle", release("emr-5.29.0"), ""},
		{"idle-release", "6.0.1", "AutoTermination.Idle", release("emr-6.0.1"), ""},
		{"idle-yarn", "Spark", "", apps("Spark"), ""},
		{"idle-yarn", "Trino only", "AutoTermination.Idle", apps("Trino", "Hadoop"), ""},
		{"idle-yarn-mixed", "Spark", "", apps("Spark"), ""},
		{"idle-yarn-mixed", "Spark and HBase", "AutoTermination.Idle", apps("Spark", "HBase"), ""},
		{"never-ends", "idle", "", func(*cluster) {}, ""},
		{"never-ends", "none", "AutoTermination.None", func(c *cluster) { c.AutoTermination = emr.AutoTermination{None: true} }, ""},
	}
}

// Package emrgen makes clusters for tests: the fleet of the worked example, and valid ones at
// random that between them use every field.
package emrgen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/emr"
)

// Nightly is the worked example: a 4-hour nightly Spark job on one master, three core nodes on
// demand and twelve Spot task nodes of three types.
func Nightly() emr.Cluster {
	task := emr.Types("r6g.2xlarge", "r5.2xlarge", "r5d.2xlarge")
	for i := range task {
		task[i].Weight = 1
	}
	return emr.Cluster{
		Name: "nightly-revenue", Release: "emr-6.15.0", Applications: []string{"Spark", "Hadoop"},
		ServiceRole: emr.DefaultServiceRole, InstanceProfile: emr.DefaultInstanceProfile,
		Instances: emr.Fleets{
			Master: emr.MasterFleet{Types: emr.Types("m6g.xlarge")},
			Core:   &emr.Fleet{Types: emr.Types("r6g.2xlarge"), OnDemand: emr.OnDemand{Units: 3}},
			Task: &emr.Fleet{Types: task, Spot: emr.Spot{
				Units: 12, Strategy: emr.CapacityOptimized, Timeout: 10 * time.Minute, OnTimeout: emr.SwitchToOnDemand,
			}},
		},
		AutoTermination: emr.AutoTermination{Idle: 15 * time.Minute},
	}
}

// Random gives a valid cluster, in the form that Parse gives it: the same for the same seed.
func Random(seed uint64) emr.Cluster {
	g := gen{rand.New(rand.NewPCG(seed, 8))}
	c := emr.Cluster{
		Name: "c" + strconv.FormatUint(seed, 10), Release: g.release(), ServiceRole: g.word("role"), InstanceProfile: g.word("profile"),
		Applications: pick(g, [][]string{{"Spark"}, {"Spark", "Hadoop", "Hive"}, {"Spark", "Hadoop", "Presto"}, {"Flink", "Spark"}, {"Spark", "Hive", "Pig"}}),
	}
	if g.chance(3) {
		g.highlyAvailable(&c)
	} else {
		c.AutoTermination = pick(g, []emr.AutoTermination{
			{Idle: time.Duration(60+g.IntN(604740)) * time.Second}, {None: true}, {AfterSteps: true}, {AfterSteps: true, Idle: time.Hour},
		})
	}
	if g.chance(2) {
		c.Instances = g.fleets(&c)
	} else {
		c.Instances = g.groups(&c)
	}
	g.steps(&c)
	g.settings(&c)
	return c
}

type gen struct{ *rand.Rand }

// chance is true once in n.
func (g gen) chance(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g gen, of []T) T { return of[g.IntN(len(of))] }

func (g gen) word(prefix string) string { return prefix + "-" + strconv.Itoa(g.IntN(1000)) }

func (g gen) words(prefix string, most int) []string {
	var w []string
	for i := range g.IntN(most + 1) {
		w = append(w, prefix+"-"+strconv.Itoa(i)+strconv.Itoa(g.IntN(1000)))
	}
	return w
}

func (g gen) between(from, to int) int32 { return int32(from + g.IntN(to-from+1)) }

// release is one that has everything; what each release lacks has its own tests.
func (g gen) release() string {
	return pick(g, []string{"emr-6.15.0", "emr-7.0.0", "emr-7.3.0", "emr-7.13.0", "emr-8.0.1"})
}

func (g gen) highlyAvailable(c *emr.Cluster) {
	c.HighAvailability = true
	c.SpreadMasters = g.chance(2)
	c.AutoTermination.None = true
	c.Configurations = append(c.Configurations, emr.Configuration{Classification: "hive-site", Properties: map[string]string{"javax.jdo.option.ConnectionURL": "jdbc:mysql://db/hive"}})
}

// instanceTypes are real ones of one architecture.
func (g gen) instanceTypes(n int) []string {
	arm := []string{"m6g.xlarge", "m6g.2xlarge", "r6g.xlarge", "r6g.2xlarge", "r6g.4xlarge", "c6g.2xlarge", "m7g.xlarge", "m7g.2xlarge", "r7g.2xlarge", "r6gd.2xlarge"}
	x86 := []string{"m5.xlarge", "m5.2xlarge", "r5.xlarge", "r5.2xlarge", "r5d.2xlarge", "c5.2xlarge", "m6i.2xlarge", "r6i.2xlarge", "c6i.4xlarge", "m5d.xlarge"}
	all := arm
	if g.chance(2) {
		all = x86
	}
	var names []string
	for _, i := range g.Perm(len(all))[:n] {
		names = append(names, all[i])
	}
	return names
}

func (g gen) fleets(c *emr.Cluster) emr.Fleets {
	f := emr.Fleets{Master: emr.MasterFleet{Name: pick(g, []string{"", "boss"})}}
	f.Master.Types, f.Master.OnDemand = g.types(1+g.IntN(2), false), g.onDemand(0)
	if !c.HighAvailability && g.chance(8) {
		s := g.spot(0)
		f.Master.Spot = &s
		c.Accept = append(c.Accept, "master-on-spot")
	}
	if !g.chance(8) {
		core := g.fleet(g.between(1, 40), 0)
		if g.chance(8) {
			core.Spot.Units = g.between(1, 9)
			c.Accept = append(c.Accept, "core-on-spot")
		}
		f.Core = &core
		if g.chance(2) {
			task := g.fleet(pick(g, []int32{0, 0, 7}), g.between(1, 200))
			f.Task = &task
		}
	}
	c.Subnets = g.words("subnet", 4)
	if c.Subnets == nil && g.chance(2) {
		c.AvailabilityZones = []string{"us-east-1a", "us-east-1b"}
	}
	return f
}

func (g gen) fleet(onDemand, spot int32) emr.Fleet {
	f := emr.Fleet{Name: pick(g, []string{"", "", "workers"}), OnDemand: g.onDemand(onDemand), Spot: g.spot(spot)}
	most := 5
	if f.Spot.Strategy != "" || f.OnDemand.Strategy != "" {
		most = 9
	}
	f.Types = g.types(1+g.IntN(most), true)
	return f
}

func (g gen) types(n int, weights bool) []emr.InstanceType {
	types := emr.Types(g.instanceTypes(n)...)
	for i := range types {
		t := &types[i]
		if weights {
			t.Weight = g.between(0, 8)
		}
		switch g.IntN(4) {
		case 0:
			t.MaxPrice = "0." + strconv.Itoa(1+g.IntN(99))
		case 1:
			t.MaxPricePercent = float64(1+g.IntN(400)) / 4
		}
		if g.chance(3) {
			t.Priority = aws.Float64(float64(i))
		}
		t.EBS = g.ebs()
		if g.chance(9) {
			t.AMI = "ami-0123456789abcdef0"
		}
		t.Configurations = g.configurations(9)
	}
	return types
}

func (g gen) minutes(most int) time.Duration { return time.Duration(g.between(5, most)) * time.Minute }

func (g gen) spot(units int32) emr.Spot {
	s := emr.Spot{Units: units}
	strategies := []emr.SpotStrategy{"", emr.CapacityOptimized, emr.PriceCapacityOptimized, emr.LowestSpotPrice, emr.Diversified, emr.CapacityOptimizedPrioritized}
	if !g.chance(3) {
		s.Timeout, s.OnTimeout = g.minutes(1440), pick(g, []emrtypes.SpotProvisioningTimeoutAction{emr.SwitchToOnDemand, emr.TerminateCluster})
		s.Strategy = pick(g, strategies)
	}
	if g.chance(4) {
		s.ResizeTimeout = g.minutes(10080)
	}
	if g.chance(4) {
		s.ResizeStrategy = pick(g, strategies)
	}
	return s
}

func (g gen) onDemand(units int32) emr.OnDemand {
	o := emr.OnDemand{Units: units, Strategy: pick(g, []emr.OnDemandStrategy{"", "", emr.LowestPrice, emr.Prioritized})}
	if o.Strategy == emr.LowestPrice && g.chance(2) {
		o.Reservation = &emr.Reservation{First: g.chance(2), Preference: pick(g, []emrtypes.OnDemandCapacityReservationPreference{"", "open", "none"})}
	}
	if g.chance(5) {
		o.ResizeTimeout = g.minutes(10080)
	}
	if g.chance(5) {
		o.ResizeStrategy, o.ResizeReservation = emr.LowestPrice, &emr.Reservation{First: true, ResourceGroupARN: "arn:aws:resource-groups:us-east-1:123456789012:group/r"}
	}
	return o
}

func (g gen) ebs() *emr.EBS {
	if !g.chance(4) {
		return nil
	}
	e := &emr.EBS{}
	if g.chance(2) {
		e.Optimized = aws.Bool(g.chance(2))
	}
	for range g.IntN(3) {
		e.Volumes = append(e.Volumes, pick(g, []emr.Volume{
			{Type: "gp2", GiB: g.between(10, 1024)},
			{Type: "gp3", GiB: g.between(10, 1024), IOPS: 3000 + g.between(0, 13000), MiBPerSecond: g.between(125, 1000), Count: g.between(0, 4)},
			{Type: "io1", GiB: g.between(10, 1024), IOPS: g.between(100, 20000)},
			{Type: "st1", GiB: 500, Count: 2},
		}))
	}
	return e
}

func (g gen) groups(c *emr.Cluster) emr.Groups {
	m := g.group(0)
	in := emr.Groups{Master: emr.MasterGroup{Name: m.Name, Type: m.Type, EBS: m.EBS, AMI: m.AMI, Configurations: m.Configurations}}
	if !c.HighAvailability && g.chance(8) {
		in.Master.Spot, in.Master.MaxPrice = true, pick(g, []string{"", "0.5"})
		c.Accept = append(c.Accept, "master-on-spot")
	}
	if !g.chance(8) {
		core := g.group(g.between(1, 40))
		if g.chance(8) {
			core.Market, core.MaxPrice = emrtypes.MarketTypeSpot, pick(g, []string{"", "0.5"})
			c.Accept = append(c.Accept, "core-on-spot")
		}
		if g.chance(3) {
			core.AutoScaling = g.autoScaling()
			c.AutoScalingRole = "EMR_AutoScaling_DefaultRole"
		}
		in.Core = &core
		for range g.IntN(4) {
			t := g.group(g.between(1, 100))
			t.Market = pick(g, []emrtypes.MarketType{"", emrtypes.MarketTypeOnDemand})
			if t.Market == "" {
				t.MaxPrice = pick(g, []string{"", "0.25"})
			}
			in.Task = append(in.Task, t)
		}
	}
	if g.chance(2) {
		c.Subnets = []string{"subnet-" + strconv.Itoa(g.IntN(1000))}
	} else if g.chance(2) {
		c.AvailabilityZones = []string{"us-east-1c"}
	}
	return in
}

func (g gen) group(count int32) emr.Group {
	return emr.Group{Name: pick(g, []string{"", "", "workers"}), Type: g.instanceTypes(1)[0], Count: count, EBS: g.ebs(), Configurations: g.configurations(9)}
}

func (g gen) autoScaling() *emrtypes.AutoScalingPolicy {
	return &emrtypes.AutoScalingPolicy{
		Constraints: &emrtypes.ScalingConstraints{MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(g.between(1, 50))},
		Rules: []emrtypes.ScalingRule{{
			Name: aws.String("out"), Description: aws.String("more when memory is short"),
			Action: &emrtypes.ScalingAction{SimpleScalingPolicyConfiguration: &emrtypes.SimpleScalingPolicyConfiguration{
				AdjustmentType: emrtypes.AdjustmentTypeChangeInCapacity, ScalingAdjustment: aws.Int32(1), CoolDown: aws.Int32(300),
			}},
			Trigger: &emrtypes.ScalingTrigger{CloudWatchAlarmDefinition: &emrtypes.CloudWatchAlarmDefinition{
				ComparisonOperator: emrtypes.ComparisonOperatorLessThan, EvaluationPeriods: aws.Int32(1), MetricName: aws.String("YARNMemoryAvailablePercentage"),
				Namespace: aws.String("AWS/ElasticMapReduce"), Period: aws.Int32(300), Statistic: emrtypes.StatisticAverage, Threshold: aws.Float64(15), Unit: emrtypes.UnitPercent,
				Dimensions: []emrtypes.MetricDimension{{Key: aws.String("JobFlowId"), Value: aws.String("${emr.clusterId}")}},
			}},
		}},
	}
}

func (g gen) configurations(rarely int) []emr.Configuration {
	if !g.chance(rarely) {
		return nil
	}
	all := []emr.Configuration{
		emr.SparkDefaults(emr.Spark{MinExecutors: 2, MaxExecutors: 50, Properties: map[string]string{"spark.sql.shuffle.partitions": "800"}}),
		emr.NodeLabels(), emr.EMRFSEncryption("arn:aws:kms:us-east-1:123456789012:key/k"), emr.EMRFSEncryption(""), emr.HDFSReplication(2),
		{Classification: "hadoop-env", Configurations: []emr.Configuration{{Classification: "export", Properties: map[string]string{"HADOOP_HEAPSIZE": "2048", "quote": `a "b" <c> & ü`}}}},
		{Classification: "empty", Properties: map[string]string{}},
	}
	var some []emr.Configuration
	for _, i := range g.Perm(len(all))[:1+g.IntN(len(all))] {
		some = append(some, all[i])
	}
	return some
}

func (g gen) steps(c *emr.Cluster) {
	n := g.IntN(4)
	if c.AutoTermination.AfterSteps {
		n++
	}
	if g.chance(3) {
		c.StepConcurrency = g.between(1, 256)
	}
	for i := range n {
		s := pick(g, []emr.Step{
			emr.SparkStep("spark", "--deploy-mode", "cluster", "--conf", "spark.executor.memory=27g", "s3://lake/jobs/revenue.py", "2026-05-24"),
			emr.StreamingStep("streaming", "-files", "s3://b/m.py", "-mapper", "m.py", "-reducer", "aggregate", "-input", "s3://b/in", "-output", "s3://b/out"),
			emr.ScriptStep("script", "us-east-1", "s3://b/go.sh", "a b", `"quoted"`),
			emr.CopyStep("copy", "s3://b/in/", "hdfs:///in/", "--srcPattern=.*\\.gz"),
			{Name: "jar", OnFailure: emr.Continue, Jar: "s3://b/x.jar", MainClass: "x.Main", Properties: map[string]string{"a": "1", "b": "2"}, LogURI: "s3://b/logs/"},
		})
		s.Name += strconv.Itoa(i)
		if c.StepConcurrency <= 1 {
			s.OnFailure = pick(g, []emrtypes.ActionOnFailure{emr.Continue, emr.CancelAndWait, emr.TerminateOnFailure})
		}
		c.Steps = append(c.Steps, s)
	}
	if n > 0 && g.chance(4) {
		c.StepRole = "arn:aws:iam::123456789012:role/steps"
	}
}

func (g gen) settings(c *emr.Cluster) {
	c.TerminationProtected = g.chance(4)
	if g.chance(3) {
		c.UnhealthyNodeReplacement = aws.Bool(g.chance(2))
	}
	c.ScaleDown = pick(g, []emrtypes.ScaleDownBehavior{"", "", emrtypes.ScaleDownBehaviorTerminateAtTaskCompletion, emrtypes.ScaleDownBehaviorTerminateAtInstanceHour})
	for i := range g.IntN(3) {
		c.BootstrapActions = append(c.BootstrapActions, emr.BootstrapAction{Name: fmt.Sprint("b", i), Script: pick(g, []string{"s3://b/boot.sh", "file:/usr/share/aws/emr/scripts/x"}), Args: g.words("arg", 2)})
	}
	c.Configurations = append(c.Configurations, g.configurations(2)...)
	if g.chance(4) {
		c.SecurityGroups = emr.SecurityGroups{Master: "sg-1", Slave: "sg-2", ServiceAccess: "sg-3", MoreMaster: g.words("sg", 2), MoreSlave: g.words("sg", 2)}
	}
	if g.chance(3) {
		c.KeyName = g.word("key")
	}
	if g.chance(3) {
		c.SecurityConfiguration = g.word("security")
		if g.chance(2) {
			c.Kerberos = &emrtypes.KerberosAttributes{Realm: aws.String("EC2.INTERNAL"), KdcAdminPassword: aws.String("secret")}
		}
	}
	if g.chance(2) {
		c.LogURI = "s3://logs/" + g.word("emr") + "/"
		if g.chance(2) {
			c.LogKMSKey = "arn:aws:kms:us-east-1:123456789012:key/k"
		}
	}
	if g.chance(6) {
		c.AMI = "ami-0fedcba9876543210"
		c.RepoUpgradeOnBoot = pick(g, []emrtypes.RepoUpgradeOnBoot{"", emrtypes.RepoUpgradeOnBootNone, emrtypes.RepoUpgradeOnBootSecurity})
		oneArchitecture(c)
	}
	if g.chance(4) {
		c.RootVolume = emr.RootVolume{GiB: g.between(15, 100), IOPS: g.between(3000, 16000), MiBPerSecond: g.between(125, 1000)}
	}
	if g.chance(6) {
		c.OSRelease = "2023.6.20250203.1"
	}
	for range g.IntN(4) {
		if c.Tags == nil {
			c.Tags = map[string]string{}
		}
		c.Tags[g.word("tag")] = pick(g, []string{"", "v", "a=b c", "ü"})
	}
	if g.chance(3) && !autoScales(c) {
		c.ManagedScaling = g.managedScaling(c)
	}
}

func (g gen) managedScaling(c *emr.Cluster) *emr.ManagedScaling {
	m := &emr.ManagedScaling{Minimum: g.between(1, 10)}
	m.Maximum = m.Minimum + g.between(0, 90)
	if g.chance(2) {
		m.MaxOnDemand, m.MaxCore = aws.Int32(g.between(0, int(m.Maximum))), aws.Int32(g.between(1, int(m.Maximum)))
	}
	if _, ok := c.Instances.(emr.Groups); ok {
		m.Unit = pick(g, []emrtypes.ComputeLimitsUnitType{emrtypes.ComputeLimitsUnitTypeInstances, emrtypes.ComputeLimitsUnitTypeVcpu})
	}
	m.PerformanceIndex = pick(g, []int32{0, 0, 1, 25, 50, 75, 100})
	return m
}

func autoScales(c *emr.Cluster) bool {
	in, ok := c.Instances.(emr.Groups)
	return ok && in.Core != nil && in.Core.AutoScaling != nil
}

// oneArchitecture gives every type its own AMI, so that the cluster's fits where it is used.
func oneArchitecture(c *emr.Cluster) {
	const ami = "ami-0123456789abcdef0"
	switch in := c.Instances.(type) {
	case emr.Fleets:
		for _, types := range [][]emr.InstanceType{in.Master.Types, coreTypes(in.Core), coreTypes(in.Task)} {
			for i := range types {
				types[i].AMI = ami
			}
		}
	case emr.Groups:
		in.Master.AMI = ami
		if in.Core != nil {
			in.Core.AMI = ami
		}
		for i := range in.Task {
			in.Task[i].AMI = ami
		}
		c.Instances = in
	}
}

func coreTypes(f *emr.Fleet) []emr.InstanceType {
	if f == nil {
		return nil
	}
	return f.Types
}

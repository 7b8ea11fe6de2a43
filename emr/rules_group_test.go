package emr_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/emr"
)

func scalingPolicy(from, to int32) *emrtypes.AutoScalingPolicy {
	return &emrtypes.AutoScalingPolicy{
		Constraints: &emrtypes.ScalingConstraints{MinCapacity: &from, MaxCapacity: &to},
		Rules: []emrtypes.ScalingRule{{
			Name:   aws.String("out"),
			Action: &emrtypes.ScalingAction{SimpleScalingPolicyConfiguration: &emrtypes.SimpleScalingPolicyConfiguration{ScalingAdjustment: aws.Int32(1)}},
			Trigger: &emrtypes.ScalingTrigger{CloudWatchAlarmDefinition: &emrtypes.CloudWatchAlarmDefinition{
				ComparisonOperator: emrtypes.ComparisonOperatorLessThan, MetricName: aws.String("M"), Period: aws.Int32(300), Threshold: aws.Float64(15),
			}},
		}},
	}
}

func groupCases() []ruleCase {
	type g = emr.Groups
	none := func(*g) {}
	scaled := func(from, to int32) func(*emr.Cluster) {
		return func(c *emr.Cluster) {
			groups(func(g *g) { g.Core.AutoScaling = scalingPolicy(from, to) })(c)
			c.AutoScalingRole = "EMR_AutoScaling_DefaultRole"
		}
	}
	managed := func(m emr.ManagedScaling) func(*emr.Cluster) {
		return func(c *emr.Cluster) { c.ManagedScaling = &m }
	}
	then := func(changes ...func(*emr.Cluster)) func(*emr.Cluster) {
		return func(c *emr.Cluster) {
			for _, change := range changes {
				change(c)
			}
		}
	}
	apps := func(names ...string) func(*emr.Cluster) {
		return func(c *emr.Cluster) { c.Applications = names }
	}
	some := emr.ManagedScaling{Minimum: 4, Maximum: 16}
	return []ruleCase{
		{"group-count", "1", "", groups(func(g *g) { g.Core.Count = 1 }), ""},
		{"group-count", "0", "Core.Count", groups(func(g *g) { g.Core.Count = 0 }), ""},
		{"group-count", "0 task nodes", "Task[0].Count", groups(func(g *g) { g.Task[0].Count = 0 }), ""},
		{"group-count", "none, in the short form", "Instances.InstanceCount", nil, `{"Instances":{"MasterInstanceType":"m5.xlarge"}}`},
		{"task-groups", "48", "", groups(func(g *g) { g.Task = make([]emr.Group, 48) }), ""},
		{"task-groups", "49", "Task", groups(func(g *g) { g.Task = make([]emr.Group, 49) }), ""},
		{"market", "the pattern's", "", groups(none), ""},
		{"market", "a word", "Task[0].Market", groups(func(g *g) { g.Task[0].Market = "CHEAP" }), ""},
		{"auto-scaling", "a policy and a role", "", scaled(1, 10), ""},
		{"auto-scaling", "from 10 to 1", "Core.AutoScaling.Constraints", scaled(10, 1), ""},
		{"auto-scaling", "no role", "Core.AutoScaling", groups(func(g *g) { g.Core.AutoScaling = scalingPolicy(1, 2) }), ""},
		{"auto-scaling", "no rules", "Core.AutoScaling.Rules", groups(func(g *g) { g.Core.AutoScaling = &emrtypes.AutoScalingPolicy{} }), ""},
		{"auto-scaling", "a threshold below 0", "Core.AutoScaling.Rules[0].Trigger.CloudWatchAlarmDefinition.Threshold", groups(func(g *g) {
			g.Core.AutoScaling = scalingPolicy(1, 2)
			g.Core.AutoScaling.Rules[0].Trigger.CloudWatchAlarmDefinition.Threshold = aws.Float64(-1)
		}), ""},
		{"scaling-limits", "4 to 16", "", managed(some), ""},
		{"scaling-limits", "0 on demand", "", managed(emr.ManagedScaling{Minimum: 4, Maximum: 16, MaxOnDemand: aws.Int32(0)}), ""},
		{"scaling-limits", "16 to 4", "ManagedScaling.Maximum", managed(emr.ManagedScaling{Minimum: 16, Maximum: 4}), ""},
		{"scaling-limits", "from 0", "ManagedScaling.Minimum", managed(emr.ManagedScaling{Maximum: 4}), ""},
		{"scaling-limits", "more on demand than all", "ManagedScaling.MaxOnDemand", managed(emr.ManagedScaling{Minimum: 4, Maximum: 16, MaxOnDemand: aws.Int32(17)}), ""},
		{"scaling-limits", "more core than all", "ManagedScaling.MaxCore", managed(emr.ManagedScaling{Minimum: 4, Maximum: 16, MaxCore: aws.Int32(17)}), ""},
		{"scaling-unit", "units of fleets", "", managed(some), ""},
		{"scaling-unit", "instances of groups", "", then(groups(none), managed(emr.ManagedScaling{Unit: emrtypes.ComputeLimitsUnitTypeInstances, Minimum: 4, Maximum: 16})), ""},
		{"scaling-unit", "instances of fleets", "ManagedScaling.Unit", managed(emr.ManagedScaling{Unit: emrtypes.ComputeLimitsUnitTypeInstances, Minimum: 4, Maximum: 16}), ""},
		{"scaling-unit", "units of groups", "ManagedScaling.Unit", then(groups(none), managed(some)), ""},
		{"scaling-release", "5.30.0", "", release("emr-5.30.0", managed(some)), ""},
		{"scaling-release", "6.0.0", "ManagedScaling", release("emr-6.0.0", managed(some)), ""},
		{"scaling-release", "5.29.0", "ManagedScaling", release("emr-5.29.0", managed(some)), ""},
		{"scaling-index", "75", "", managed(emr.ManagedScaling{Minimum: 4, Maximum: 16, PerformanceIndex: 75}), ""},
		{"scaling-index", "60", "ManagedScaling.PerformanceIndex", managed(emr.ManagedScaling{Minimum: 4, Maximum: 16, PerformanceIndex: 60}), ""},
		{"scaling-index", "without ADVANCED", "ManagedScalingPolicy.ScalingStrategy", nil, `{"ManagedScalingPolicy":{"UtilizationPerformanceIndex":50}}`},
		{"scaling-index", "ADVANCED without", "ManagedScalingPolicy.ScalingStrategy", nil, `{"ManagedScalingPolicy":{"ScalingStrategy":"ADVANCED"}}`},
		{"scaling-twice", "a policy", "", scaled(1, 10), ""},
		{"scaling-twice", "and managed", "Core.AutoScaling", then(scaled(1, 10), managed(some)), ""},
		{"scaling-yarn", "Spark", "", managed(some), ""},
		{"scaling-yarn", "Presto only", "ManagedScaling", then(managed(some), apps("Presto")), ""},
		{"scaling-yarn-mixed", "Spark", "", managed(some), ""},
		{"scaling-yarn-mixed", "Spark and Presto", "ManagedScaling", then(managed(some), apps("Spark", "Presto")), ""},
	}
}

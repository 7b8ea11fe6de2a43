package emr_test

import (
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/emr"
)

// typesOf gives n instance types of one family each.
func typesOf(n int) []emr.InstanceType {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("m%dg.xlarge", i+1)
	}
	return emr.Types(names...)
}

func fleetCases() []ruleCase {
	type f = emr.Fleets
	first := func(change func(*emr.InstanceType)) func(*emr.Cluster) {
		return fleets(func(f *f) { change(&f.Task.Types[0]) })
	}
	spot := func(change func(*emr.Spot)) func(*emr.Cluster) { return fleets(func(f *f) { change(&f.Task.Spot) }) }
	core := func(change func(*emr.OnDemand)) func(*emr.Cluster) {
		return fleets(func(f *f) { change(&f.Core.OnDemand) })
	}
	volume := func(v emr.Volume) func(*emr.Cluster) {
		return first(func(t *emr.InstanceType) { t.EBS = &emr.EBS{Optimized: aws.Bool(true), Volumes: []emr.Volume{v}} })
	}
	none := func(f *f) {}
	plain := emr.Spot{Units: 3}
	return []ruleCase{
		{"instances", "fleets", "", fleets(none), ""},
		{"instances", "groups", "", groups(func(*emr.Groups) {}), ""},
		{"instances", "a pointer", "", func(c *emr.Cluster) {
			v, _ := c.Instances.(emr.Fleets)
			c.Instances = &v
		}, ""},
		{"instances", "neither", "Instances", func(c *emr.Cluster) { c.Instances = nil }, ""},
		{"instances", "a nil pointer", "Instances", func(c *emr.Cluster) { c.Instances = (*emr.Groups)(nil) }, ""},
		{"instances", "both", "Instances", nil, `{"Instances":{"InstanceGroups":[{"InstanceRole":"MASTER"}],"InstanceFleets":[{"InstanceFleetType":"MASTER"}]}}`},
		{"instances", "two core fleets", "Instances.InstanceFleets[2].InstanceFleetType", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"MASTER"},{"InstanceFleetType":"CORE"},{"InstanceFleetType":"CORE"}]}}`},
		{"instances", "no master", "Instances.InstanceFleets[MASTER]", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"CORE"}]}}`},
		{"instances", "another role", "Instances.InstanceFleets[0].InstanceFleetType", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"LEADER"}]}}`},
		{"fleets-release", "4.8.0", "", release("emr-4.8.0"), ""},
		{"fleets-release", "5.1.0", "", release("emr-5.1.0"), ""},
		{"fleets-release", "4.7.0", "Instances", release("emr-4.7.0"), ""},
		{"fleets-release", "5.0.3", "Instances", release("emr-5.0.3"), ""},
		{"types", "5 without a strategy", "", fleets(func(f *f) { f.Core.Types = typesOf(5) }), ""},
		{"types", "6 without a strategy", "Core.Types", fleets(func(f *f) { f.Core.Types = typesOf(6) }), ""},
		{"types", "30 with a strategy", "", fleets(func(f *f) { f.Task.Types = typesOf(30) }), ""},
		{"types", "31 with a strategy", "Task.Types", fleets(func(f *f) { f.Task.Types = typesOf(31) }), ""},
		{"types", "none", "Master.Types", fleets(func(f *f) { f.Master.Types = nil }), ""},
		{"types", "twice", "Core.Types[1].Type", fleets(func(f *f) { f.Core.Types = emr.Types("m5.xlarge", "m5.xlarge") }), ""},
		{"type-name", "a metal one", "", fleets(func(f *f) { f.Core.Types = emr.Types("m7i-flex.metal-24xl") }), ""},
		{"type-name", "a family", "Core.Types[0].Type", fleets(func(f *f) { f.Core.Types = emr.Types("m5") }), ""},
		{"type-name", "capitals", "Core.Types[0].Type", fleets(func(f *f) { f.Core.Types = emr.Types("M5.xlarge") }), ""},
		{"type-name", "none", "Core.Types[0].Type", fleets(func(f *f) { f.Core.Types = emr.Types("") }), ""},
		{"weight", "1 of the master", "", fleets(func(f *f) { f.Master.Types[0].Weight = 1 }), ""},
		{"weight", "2 of the master", "Master.Types[0].Weight", fleets(func(f *f) { f.Master.Types[0].Weight = 2 }), ""},
		{"weight", "units of the master", "Master.OnDemand.Units", fleets(func(f *f) { f.Master.OnDemand.Units = 1 }), ""},
		{"weight", "below 0", "Task.Types[0].Weight", first(func(t *emr.InstanceType) { t.Weight = -1 }), ""},
		{"weight", "0, said", "Instances.InstanceFleets[0].InstanceTypeConfigs[0].WeightedCapacity", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"CORE","InstanceTypeConfigs":[{"InstanceType":"m5.xlarge","WeightedCapacity":0}]}]}}`},
		{"weight", "two masters", "Instances.InstanceFleets[0].TargetOnDemandCapacity", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"MASTER","TargetOnDemandCapacity":2}]}}`},
		{"weight", "masters bought both ways", "Instances.InstanceFleets[0]", nil, `{"Instances":{"InstanceFleets":[{"InstanceFleetType":"MASTER","TargetOnDemandCapacity":1,"TargetSpotCapacity":1}]}}`},
		{"units", "Spot only", "", fleets(none), ""},
		{"units", "none", "Task", spot(func(s *emr.Spot) { s.Units = 0 }), ""},
		{"units", "below 0", "Core", core(func(o *emr.OnDemand) { o.Units = -4 }), ""},
		{"overshoot", "a weight that divides", "", first(func(t *emr.InstanceType) { t.Weight = 4 }), ""},
		{"overshoot", "one that does not", "Task.Types[0].Weight", first(func(t *emr.InstanceType) { t.Weight = 5 }), ""},
		{"max-price", "dollars", "", first(func(t *emr.InstanceType) { t.MaxPrice = "0.25" }), ""},
		{"max-price", "percent", "", first(func(t *emr.InstanceType) { t.MaxPricePercent = 60 }), ""},
		{"max-price", "both", "Task.Types[0].MaxPrice", first(func(t *emr.InstanceType) { t.MaxPrice, t.MaxPricePercent = "0.25", 60 }), ""},
		{"max-price", "a word", "Task.Types[0].MaxPrice", first(func(t *emr.InstanceType) { t.MaxPrice = "cheap" }), ""},
		{"max-price", "nothing", "Task.Types[0].MaxPrice", first(func(t *emr.InstanceType) { t.MaxPrice = "0" }), ""},
		{"max-price", "no number", "Task.Types[0].MaxPricePercent", first(func(t *emr.InstanceType) { t.MaxPricePercent = math.NaN() }), ""},
		{"max-price-unused", "of Spot", "", first(func(t *emr.InstanceType) { t.MaxPrice = "0.25" }), ""},
		{"max-price-unused", "on demand", "Core.Types[0].MaxPrice", fleets(func(f *f) { f.Core.Types[0].MaxPrice = "0.25" }), ""},
		{"spot-timeout", "5 minutes", "", spot(func(s *emr.Spot) { s.Timeout = 5 * time.Minute }), ""},
		{"spot-timeout", "1440 minutes", "", spot(func(s *emr.Spot) { s.Timeout = 24 * time.Hour }), ""},
		{"spot-timeout", "3 minutes", "Task.Spot.Timeout", spot(func(s *emr.Spot) { s.Timeout = 3 * time.Minute }), ""},
		{"spot-timeout", "1441 minutes", "Task.Spot.Timeout", spot(func(s *emr.Spot) { s.Timeout = 1441 * time.Minute }), ""},
		{"spot-timeout", "half minutes", "Task.Spot.Timeout", spot(func(s *emr.Spot) { s.Timeout = 330 * time.Second }), ""},
		{"spot-action", "both", "", fleets(none), ""},
		{"spot-action", "no action", "Task.Spot.OnTimeout", spot(func(s *emr.Spot) { s.OnTimeout = "" }), ""},
		{"spot-action", "no timeout", "Task.Spot.Timeout", spot(func(s *emr.Spot) { s.Timeout = 0 }), ""},
		{"spot-action", "the CLI's help's spelling", "Task.Spot.OnTimeout", spot(func(s *emr.Spot) { s.OnTimeout = "SWITCH_TO_ONDEMAND" }), ""},
		{"spot-no-timeout", "said", "", fleets(none), ""},
		{"spot-no-timeout", "nothing said", "Task.Spot.Timeout", spot(func(s *emr.Spot) { *s = plain }), ""},
		{"strategy", "the newest", "", spot(func(s *emr.Spot) { s.Strategy = emr.CapacityOptimizedPrioritized }), ""},
		{"strategy", "EC2's spelling", "Task.Spot.Strategy", spot(func(s *emr.Spot) { s.Strategy = "capacityOptimized" }), ""},
		{"strategy", "a Spot one on demand", "Core.OnDemand.Strategy", core(func(o *emr.OnDemand) { o.Strategy = "diversified" }), ""},
		{"strategy", "of resizes", "Task.Spot.ResizeStrategy", spot(func(s *emr.Spot) { s.ResizeStrategy = "x" }), ""},
		{"strategy", "of resizes on demand", "Core.OnDemand.ResizeStrategy", core(func(o *emr.OnDemand) { o.ResizeStrategy = "x" }), ""},
		{"strategy-release", "5.12.1", "", release("emr-5.12.1"), ""},
		{"strategy-release", "5.12.0", "Task.Spot.Strategy", release("emr-5.12.0"), ""},
		{"priority", "0", "", first(func(t *emr.InstanceType) { t.Priority = aws.Float64(0) }), ""},
		{"priority", "below 0", "Task.Types[0].Priority", first(func(t *emr.InstanceType) { t.Priority = aws.Float64(-1) }), ""},
		{"priority-unused", "prioritized", "", fleets(func(f *f) {
			f.Task.Spot.Strategy, f.Task.Types[0].Priority = emr.CapacityOptimizedPrioritized, aws.Float64(1)
		}), ""},
		{"priority-unused", "another strategy", "Task.Types[0].Priority", first(func(t *emr.InstanceType) { t.Priority = aws.Float64(1) }), ""},
		{"reservation", "lowest-price", "", core(func(o *emr.OnDemand) {
			o.Strategy, o.Reservation = emr.LowestPrice, &emr.Reservation{First: true, Preference: "open"}
		}), ""},
		{"reservation", "prioritized", "Core.OnDemand.Reservation", core(func(o *emr.OnDemand) { o.Strategy, o.Reservation = emr.Prioritized, &emr.Reservation{} }), ""},
		{"reservation", "another preference", "Core.OnDemand.Reservation.Preference", core(func(o *emr.OnDemand) {
			o.Strategy, o.Reservation = emr.LowestPrice, &emr.Reservation{Preference: "targeted"}
		}), ""},
		{"resize-timeout", "7 days", "", spot(func(s *emr.Spot) { s.ResizeTimeout = 10080 * time.Minute }), ""},
		{"resize-timeout", "4 minutes", "Task.Spot.ResizeTimeout", spot(func(s *emr.Spot) { s.ResizeTimeout = 4 * time.Minute }), ""},
		{"resize-timeout", "10081 minutes", "Core.OnDemand.ResizeTimeout", core(func(o *emr.OnDemand) { o.ResizeTimeout = 10081 * time.Minute }), ""},
		{"ebs", "10 GiB", "", volume(emr.Volume{Type: "gp2", GiB: 10}), ""},
		{"ebs", "9 GiB, EBS-optimized", "Task.Types[0].EBS.Volumes[0].GiB", volume(emr.Volume{Type: "gp2", GiB: 9}), ""},
		{"ebs", "1025 GiB", "Task.Types[0].EBS.Volumes[0].GiB", volume(emr.Volume{Type: "gp2", GiB: 1025}), ""},
		{"ebs", "io2", "Task.Types[0].EBS.Volumes[0].Type", volume(emr.Volume{Type: "io2", GiB: 10, IOPS: 100}), ""},
		{"ebs-iops", "io1 with", "", volume(emr.Volume{Type: "io1", GiB: 10, IOPS: 100}), ""},
		{"ebs-iops", "io1 without", "Task.Types[0].EBS.Volumes[0].IOPS", volume(emr.Volume{Type: "io1", GiB: 10}), ""},
		{"ebs-iops", "gp2 with", "Task.Types[0].EBS.Volumes[0].IOPS", volume(emr.Volume{Type: "gp2", GiB: 10, IOPS: 100}), ""},
		{"ebs-throughput", "gp3, 125", "", volume(emr.Volume{Type: "gp3", GiB: 10, MiBPerSecond: 125}), ""},
		{"ebs-throughput", "gp3, 124", "Task.Types[0].EBS.Volumes[0].MiBPerSecond", volume(emr.Volume{Type: "gp3", GiB: 10, MiBPerSecond: 124}), ""},
		{"ebs-throughput", "gp2", "Task.Types[0].EBS.Volumes[0].MiBPerSecond", volume(emr.Volume{Type: "gp2", GiB: 10, MiBPerSecond: 125}), ""},
	}
}

package emr

import (
	"fmt"
	"strconv"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (k *checker) masterGroup(m MasterGroup) {
	market := emrtypes.MarketTypeOnDemand
	if m.Spot {
		market = emrtypes.MarketTypeSpot
		k.masterOnSpot("Master.Spot")
	}
	k.hardware("Master", Group{Name: m.Name, Type: m.Type, MaxPrice: m.MaxPrice, EBS: m.EBS, AMI: m.AMI, Configurations: m.Configurations}, market)
}

func (k *checker) group(field string, g Group, role emrtypes.InstanceRoleType) {
	market := g.market(role)
	switch market {
	case emrtypes.MarketTypeSpot:
		if role == emrtypes.InstanceRoleTypeCore {
			k.say("core-on-spot", field+".Market", string(market), "can be interrupted", "buy core on demand and let task groups have Spot")
		}
	case emrtypes.MarketTypeOnDemand:
	default:
		k.say("market", field+".Market", strconv.Quote(string(market)), "is neither", "say ON_DEMAND or SPOT")
	}
	if g.Count < 1 {
		k.say("group-count", field+".Count", whole(g.Count), "is below 1", "take 1 or more, or leave the group out")
	}
	k.hardware(field, g, market)
	k.autoScaling(field+".AutoScaling", g.AutoScaling)
}

// hardware checks what master, core and task groups have in common.
func (k *checker) hardware(field string, g Group, market emrtypes.MarketType) {
	k.text(field+".Name", g.Name, shortText)
	k.typeName(field+".Type", g.Type)
	k.maxPrice(field+".MaxPrice", g.MaxPrice)
	if g.MaxPrice != "" && market == emrtypes.MarketTypeOnDemand {
		k.say("max-price-unused", field+".MaxPrice", g.MaxPrice, "bounds nothing: the group is on demand", "take it out")
	}
	k.ebs(field+".EBS", g.EBS)
	k.image(field+".AMI", g.AMI)
	k.configurations(field+".Configurations", g.Configurations)
}

func (k *checker) autoScaling(field string, p *emrtypes.AutoScalingPolicy) {
	if p == nil {
		return
	}
	if k.c.AutoScalingRole == "" {
		k.say("auto-scaling", field, "", "has no AutoScalingRole", "say one, such as EMR_AutoScaling_DefaultRole")
	}
	if k.c.ManagedScaling != nil {
		k.say("scaling-twice", field, "", "is there beside ManagedScaling", "take one of them out")
	}
	l := p.Constraints
	switch {
	case l == nil || l.MinCapacity == nil || l.MaxCapacity == nil:
		k.missing("auto-scaling", field+".Constraints", "say MinCapacity and MaxCapacity")
	case *l.MinCapacity < 0 || *l.MinCapacity > *l.MaxCapacity:
		k.say("auto-scaling", field+".Constraints", fmt.Sprintf("%d to %d", *l.MinCapacity, *l.MaxCapacity), "is no range", "turn it round")
	}
	if len(p.Rules) == 0 {
		k.missing("auto-scaling", field+".Rules", "say one or more")
	}
	for i, r := range p.Rules {
		k.scalingRule(fmt.Sprintf("%s.Rules[%d]", field, i), r)
	}
}

func (k *checker) scalingRule(field string, r emrtypes.ScalingRule) {
	if deref(r.Name) == "" {
		k.missing("auto-scaling", field+".Name", "give it one")
	}
	switch a := r.Action; {
	case a == nil || a.SimpleScalingPolicyConfiguration == nil || a.SimpleScalingPolicyConfiguration.ScalingAdjustment == nil:
		k.missing("auto-scaling", field+".Action", "say SimpleScalingPolicyConfiguration with a ScalingAdjustment")
	default:
		enum(k, field+".Action.Market", a.Market, a.Market.Values())
		kind := a.SimpleScalingPolicyConfiguration.AdjustmentType
		enum(k, field+".Action.SimpleScalingPolicyConfiguration.AdjustmentType", kind, kind.Values())
	}
	if r.Trigger == nil || r.Trigger.CloudWatchAlarmDefinition == nil {
		k.missing("auto-scaling", field+".Trigger", "say CloudWatchAlarmDefinition")
		return
	}
	a := r.Trigger.CloudWatchAlarmDefinition
	at := field + ".Trigger.CloudWatchAlarmDefinition"
	if deref(a.MetricName) == "" || a.Period == nil || a.Threshold == nil || a.ComparisonOperator == "" {
		k.missing("auto-scaling", at, "say MetricName, ComparisonOperator, Period and Threshold")
	}
	if a.Threshold != nil && *a.Threshold < 0 {
		k.say("auto-scaling", at+".Threshold", strconv.FormatFloat(*a.Threshold, 'g', -1, 64), "is below 0", "take 0 or more")
	}
	enum(k, at+".ComparisonOperator", a.ComparisonOperator, a.ComparisonOperator.Values())
	enum(k, at+".Statistic", a.Statistic, a.Statistic.Values())
	enum(k, at+".Unit", a.Unit, a.Unit.Values())
}

// enum checks a value of a policy against those that the API has.
func enum[T ~string](k *checker, field string, v T, values []T) {
	if v == "" {
		return
	}
	for _, known := range values {
		if v == known {
			return
		}
	}
	k.say("auto-scaling", field, strconv.Quote(string(v)), "is none of the API's values", fmt.Sprintf("take one of %v", values))
}

func (k *checker) groupArchitectures(g Groups) {
	if k.c.AMI == "" {
		return
	}
	var types []string
	add := func(t, ami string) {
		if ami == "" {
			types = append(types, t)
		}
	}
	add(g.Master.Type, g.Master.AMI)
	if g.Core != nil {
		add(g.Core.Type, g.Core.AMI)
	}
	for _, t := range g.Task {
		add(t.Type, t.AMI)
	}
	k.oneImage(types)
}

// oneImage complains of an AMI of the whole cluster where both architectures would boot it.
func (k *checker) oneImage(types []string) {
	if mixed(types) {
		k.say("ami-architecture", "AMI", k.c.AMI, "would boot Graviton and x86 instances", "say AMI at each type, or take one architecture")
	}
}

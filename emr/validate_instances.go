package emr

import (
	"fmt"
	"strconv"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (k *checker) checkInstances() {
	if f, ok := k.c.fleets(); ok {
		k.since("fleets-release", "Instances", k.release.fleets(), "take a newer release, or groups")
		k.masterFleet(f.Master)
		if f.Core != nil {
			k.fleet("Core", *f.Core)
			if f.Core.Spot.Units > 0 {
				k.say("core-on-spot", "Core.Spot.Units", whole(f.Core.Spot.Units), "can be interrupted", "buy core on demand and let the Task fleet have Spot")
			}
		}
		if f.Task != nil {
			k.fleet("Task", *f.Task)
		}
		k.architectures(f)
		k.ratio(f)
		return
	}
	if g, ok := k.c.groups(); ok {
		k.masterGroup(g.Master)
		if g.Core != nil {
			k.group("Core", *g.Core, emrtypes.InstanceRoleTypeCore)
		}
		if len(g.Task) > 48 {
			k.say("task-groups", "Task", strconv.Itoa(len(g.Task)), "are more than 48", "put some together, or take fleets")
		}
		for i, t := range g.Task {
			k.group(fmt.Sprintf("Task[%d]", i), t, emrtypes.InstanceRoleTypeTask)
		}
		k.groupArchitectures(g)
		return
	}
	k.missing("instances", "Instances", "say Fleets or Groups")
}

func (k *checker) masterFleet(m MasterFleet) {
	f := Fleet{Name: m.Name, Types: m.Types, OnDemand: m.OnDemand}
	if m.OnDemand.Units != 0 {
		k.say("weight", "Master.OnDemand.Units", whole(m.OnDemand.Units), "is said of the master", "leave it out: there is one, or three with HighAvailability")
	}
	f.OnDemand.Units = 1
	if m.Spot != nil {
		f.Spot = *m.Spot
		if m.Spot.Units != 0 {
			k.say("weight", "Master.Spot.Units", whole(m.Spot.Units), "is said of the master", "leave it out: there is one")
		}
		f.Spot.Units, f.OnDemand.Units = 1, 0
		k.masterOnSpot("Master.Spot")
	}
	k.fleet("Master", f)
	for i, t := range m.Types {
		if t.Weight != 0 && t.Weight != 1 {
			k.say("weight", fmt.Sprintf("Master.Types[%d].Weight", i), whole(t.Weight), "is not 1", "leave it out")
		}
	}
}

func (k *checker) masterOnSpot(field string) {
	if k.c.HighAvailability {
		k.say("ha-spot", field, "", "buys three masters on Spot", "take it out")
		return
	}
	k.say("master-on-spot", field, "", "lets the master be interrupted", "buy it on demand")
}

// fleet checks what all three fleets have in common.
func (k *checker) fleet(field string, f Fleet) {
	k.text(field+".Name", f.Name, shortText)
	if f.OnDemand.Units < 0 || f.Spot.Units < 0 || f.OnDemand.Units == 0 && f.Spot.Units == 0 {
		k.say("units", field, fmt.Sprintf("%d on demand, %d on Spot", f.OnDemand.Units, f.Spot.Units), "is no target", "say OnDemand.Units or Spot.Units, or leave the fleet out")
	}
	most, why := 5, "without an allocation strategy"
	if f.Spot.Strategy != "" || f.OnDemand.Strategy != "" {
		most, why = 30, "with an allocation strategy"
	}
	switch n := len(f.Types); {
	case n == 0:
		k.missing("types", field+".Types", "name one or more")
	case n > most:
		k.say("types", field+".Types", strconv.Itoa(n), fmt.Sprintf("are more than %d, the most %s", most, why), "take some out, or say Strategy")
	}
	seen := map[string]bool{}
	for i, t := range f.Types {
		at := fmt.Sprintf("%s.Types[%d]", field, i)
		if seen[t.Type] {
			k.say("types", at+".Type", t.Type, "is there already", "take it out")
		}
		seen[t.Type] = true
		k.instanceType(at, field, t, f)
	}
	if f.Spot.Units > 0 && field != "Master" && len(f.Types) == 1 {
		k.say("spot-one-type", field+".Types", f.Types[0].Type, "is the only Spot pool", "add types of the same size")
	}
	if f.Spot.Strategy == LowestSpotPrice {
		k.say("spot-lowest-price", field+".Spot.Strategy", string(f.Spot.Strategy), "looks at the price only", "take price-capacity-optimized")
	}
	k.spot(field+".Spot", f.Spot)
	k.onDemand(field+".OnDemand", f.OnDemand)
}

func (k *checker) instanceType(at, fleet string, t InstanceType, f Fleet) {
	k.typeName(at+".Type", t.Type)
	if t.Weight < 0 {
		k.say("weight", at+".Weight", whole(t.Weight), "is below 1", "take 1 or more, or leave it out")
	}
	for _, target := range []struct {
		name  string
		units int32
	}{{"OnDemand", f.OnDemand.Units}, {"Spot", f.Spot.Units}} {
		if fleet != "Master" && t.Weight > 1 && target.units > 0 && target.units%t.Weight != 0 {
			over := t.Weight - target.units%t.Weight
			k.say("overshoot", at+".Weight", whole(t.Weight), fmt.Sprintf("does not divide the %d %s units: up to %d more are bought", target.units, target.name, over), "take a target that the weights divide")
		}
	}
	if t.MaxPrice != "" && t.MaxPricePercent != 0 {
		k.say("max-price", at+".MaxPrice", t.MaxPrice, "is said beside MaxPricePercent", "take one of them out")
	}
	k.maxPrice(at+".MaxPrice", t.MaxPrice)
	if t.MaxPricePercent < 0 || t.MaxPricePercent != t.MaxPricePercent || t.MaxPricePercent > 1e6 {
		k.say("max-price", at+".MaxPricePercent", strconv.FormatFloat(t.MaxPricePercent, 'g', -1, 64), "is no percentage", "take up to 100, or leave it out")
	}
	if (t.MaxPrice != "" || t.MaxPricePercent > 0) && f.Spot.Units == 0 {
		k.say("max-price-unused", at+".MaxPrice", "", "bounds nothing: the fleet has no Spot units", "take it out")
	}
	if t.Priority != nil {
		if !(*t.Priority >= 0 && *t.Priority < 1e9) {
			k.say("priority", at+".Priority", strconv.FormatFloat(*t.Priority, 'g', -1, 64), "is below 0 or no number", "take 0 or more")
		}
		if f.Spot.Strategy != CapacityOptimizedPrioritized && f.OnDemand.Strategy != Prioritized {
			k.say("priority-unused", at+".Priority", "", "is not looked at", "take a prioritized strategy, or take it out")
		}
	}
	k.ebs(at+".EBS", t.EBS)
	k.image(at+".AMI", t.AMI)
	k.configurations(at+".Configurations", t.Configurations)
}

func (k *checker) typeName(field, name string) {
	switch {
	case name == "":
		k.missing("type-name", field, "name one, such as r6g.2xlarge")
	case !isTypeName(name) || len(name) > shortText:
		k.say("type-name", field, strconv.Quote(name), "is no instance type", "write it like r6g.2xlarge")
	}
}

func (k *checker) maxPrice(field, price string) {
	if price == "" {
		return
	}
	if n, err := strconv.ParseFloat(price, 64); err != nil || !(n > 0 && n < 1e6) || len(price) > shortText {
		k.say("max-price", field, strconv.Quote(price), "is no price", "write dollars an hour, like 0.25")
	}
}

func (k *checker) spot(field string, s Spot) {
	switch s.Strategy {
	case "":
	case CapacityOptimized, PriceCapacityOptimized, LowestSpotPrice, Diversified, CapacityOptimizedPrioritized:
		k.since("strategy-release", field+".Strategy", !k.release.before(5, 12, 1), "leave it out, or take a newer release")
	default:
		k.say("strategy", field+".Strategy", strconv.Quote(string(s.Strategy)), "is none of them", "take price-capacity-optimized")
	}
	switch s.OnTimeout {
	case "":
		if s.Timeout != 0 || s.Strategy != "" {
			k.missing("spot-action", field+".OnTimeout", "say SwitchToOnDemand or TerminateCluster")
		}
	case SwitchToOnDemand, TerminateCluster:
	default:
		k.say("spot-action", field+".OnTimeout", strconv.Quote(string(s.OnTimeout)), "is neither", "say SwitchToOnDemand or TerminateCluster")
	}
	switch {
	case s.Timeout == 0 && (s.OnTimeout != "" || s.Strategy != ""):
		k.missing("spot-action", field+".Timeout", "say how long, such as 10m")
	case s.Timeout == 0 && s.Units > 0:
		k.say("spot-no-timeout", field+".Timeout", "", "is not said", "say Timeout and OnTimeout")
	case s.Timeout != 0:
		k.minutes("spot-timeout", field+".Timeout", s.Timeout, 24*time.Hour)
	}
	if s.ResizeTimeout != 0 {
		k.minutes("resize-timeout", field+".ResizeTimeout", s.ResizeTimeout, 7*24*time.Hour)
	}
	switch s.ResizeStrategy {
	case "", CapacityOptimized, PriceCapacityOptimized, LowestSpotPrice, Diversified, CapacityOptimizedPrioritized:
	default:
		k.say("strategy", field+".ResizeStrategy", strconv.Quote(string(s.ResizeStrategy)), "is none of them", "take price-capacity-optimized")
	}
}

// minutes checks a time-out: whole minutes, from five.
func (k *checker) minutes(id, field string, d, most time.Duration) {
	switch {
	case d < 5*time.Minute:
		k.say(id, field, duration(d), "is below 5m", "take 5m")
	case d > most:
		k.say(id, field, duration(d), "is above "+duration(most), "take "+duration(most))
	case d%time.Minute != 0:
		k.say(id, field, duration(d), "is no whole number of minutes", "round it")
	}
}

func (k *checker) onDemand(field string, o OnDemand) {
	switch o.Strategy {
	case "":
	case LowestPrice, Prioritized:
		k.since("strategy-release", field+".Strategy", !k.release.before(5, 12, 1), "leave it out, or take a newer release")
	default:
		k.say("strategy", field+".Strategy", strconv.Quote(string(o.Strategy)), "is neither", "take lowest-price or prioritized")
	}
	switch o.ResizeStrategy {
	case "", LowestPrice, Prioritized:
	default:
		k.say("strategy", field+".ResizeStrategy", strconv.Quote(string(o.ResizeStrategy)), "is neither", "take lowest-price or prioritized")
	}
	if o.ResizeTimeout != 0 {
		k.minutes("resize-timeout", field+".ResizeTimeout", o.ResizeTimeout, 7*24*time.Hour)
	}
	if o.Reservation != nil && o.Strategy != LowestPrice {
		k.say("reservation", field+".Reservation", "", "goes with the strategy lowest-price only", "say Strategy: emr.LowestPrice")
	}
	if o.ResizeReservation != nil && o.ResizeStrategy == Prioritized {
		k.say("reservation", field+".ResizeReservation", "", "goes with the strategy lowest-price only", "say ResizeStrategy: emr.LowestPrice")
	}
	k.reservation(field+".Reservation", o.Reservation)
	k.reservation(field+".ResizeReservation", o.ResizeReservation)
}

func (k *checker) reservation(field string, r *Reservation) {
	if r == nil {
		return
	}
	switch r.Preference {
	case "", emrtypes.OnDemandCapacityReservationPreferenceOpen, emrtypes.OnDemandCapacityReservationPreferenceNone:
	default:
		k.say("reservation", field+".Preference", strconv.Quote(string(r.Preference)), "is neither", "say open or none")
	}
	k.text(field+".ResourceGroupARN", r.ResourceGroupARN, shortText)
}

func (k *checker) ebs(field string, e *EBS) {
	if e == nil {
		return
	}
	for i, v := range e.Volumes {
		at := fmt.Sprintf("%s.Volumes[%d]", field, i)
		least := int32(1)
		if e.Optimized != nil && *e.Optimized {
			least = 10
		}
		if v.GiB < least || v.GiB > 1024 {
			k.say("ebs", at+".GiB", whole(v.GiB), fmt.Sprintf("is not from %d to 1024", least), "take a size between; take several volumes for more")
		}
		if v.Count < 0 {
			k.say("ebs", at+".Count", whole(v.Count), "is below 1", "take 1 or more, or leave it out")
		}
		iops := false
		switch v.Type {
		case "io1":
			iops = true
			if v.IOPS <= 0 {
				k.missing("ebs-iops", at+".IOPS", "say how many, or take gp3")
			}
		case "gp3":
			iops = true
			if v.IOPS != 0 && (v.IOPS < 3000 || v.IOPS > 16000) {
				k.say("ebs-iops", at+".IOPS", whole(v.IOPS), "is not from 3000 to 16000, as gp3 has it", "take a number between, or leave it out")
			}
		case "gp2", "st1", "sc1", "standard":
		default:
			k.say("ebs", at+".Type", strconv.Quote(v.Type), "is none of them", "take gp3")
			continue
		}
		if v.IOPS != 0 && !iops {
			k.say("ebs-iops", at+".IOPS", whole(v.IOPS), "is said of "+v.Type, "take gp3, or leave it out")
		}
		if v.MiBPerSecond != 0 && (v.Type != "gp3" || v.MiBPerSecond < 125 || v.MiBPerSecond > 1000) {
			k.say("ebs-throughput", at+".MiBPerSecond", whole(v.MiBPerSecond), "is not from 125 to 1000 on gp3", "take a number between on gp3, or leave it out")
		}
	}
}

package emr

import (
	"fmt"
	"strconv"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (r *reader) instances(c *Cluster, in *emrtypes.JobFlowInstancesConfig) {
	r.refuse(in.HadoopVersion != nil, "Instances.HadoopVersion", "is for releases before 4.0", "take it out")
	c.TerminationProtected = in.TerminationProtected != nil && *in.TerminationProtected
	c.UnhealthyNodeReplacement = in.UnhealthyNodeReplacement
	c.KeyName = deref(in.Ec2KeyName)
	c.SecurityGroups = SecurityGroups{
		Master: deref(in.EmrManagedMasterSecurityGroup), Slave: deref(in.EmrManagedSlaveSecurityGroup), ServiceAccess: deref(in.ServiceAccessSecurityGroup),
		MoreMaster: said(in.AdditionalMasterSecurityGroups), MoreSlave: said(in.AdditionalSlaveSecurityGroups),
	}
	c.Subnets = one("Instances.Ec2SubnetId", in.Ec2SubnetId, said(in.Ec2SubnetIds), r)
	if p := in.Placement; p != nil {
		c.AvailabilityZones = one("Instances.Placement.AvailabilityZone", p.AvailabilityZone, said(p.AvailabilityZones), r)
	}
	groups := in.InstanceGroups
	if in.MasterInstanceType != nil || in.SlaveInstanceType != nil || in.InstanceCount != nil {
		r.refuse(len(groups) > 0 || len(in.InstanceFleets) > 0, "Instances.MasterInstanceType", "is said beside groups or fleets", "take one of them out")
		groups = append(groups, r.short(in)...)
	}
	switch fleets := in.InstanceFleets; {
	case len(fleets) > 0 && len(groups) > 0:
		r.say("instances", "Instances", "", "has InstanceFleets and InstanceGroups", "take one of them out")
	case len(fleets) > 0:
		r.refuse(in.Ec2SubnetId != nil, "Instances.Ec2SubnetId", "is for groups", "say Ec2SubnetIds")
		r.fleets(c, fleets)
	case len(groups) > 0:
		r.groups(c, groups)
	}
}

// one reads what the request says as one or as several.
func one(at string, single *string, several []string, r *reader) []string {
	if single == nil {
		return several
	}
	r.refuse(len(several) > 0, at, "is said beside its plural", "take one of them out")
	return []string{*single}
}

// short reads the form of the API's first years: types of master and slaves, and a count of all.
func (r *reader) short(in *emrtypes.JobFlowInstancesConfig) []emrtypes.InstanceGroupConfig {
	count := value(in.InstanceCount)
	if count < 1 {
		r.say("group-count", "Instances.InstanceCount", whole(count), "is below 1", "say how many, the master among them")
		return nil
	}
	master, core := int32(1), count-1
	groups := []emrtypes.InstanceGroupConfig{{InstanceRole: emrtypes.InstanceRoleTypeMaster, InstanceType: in.MasterInstanceType, InstanceCount: &master}}
	if core > 0 {
		groups = append(groups, emrtypes.InstanceGroupConfig{InstanceRole: emrtypes.InstanceRoleTypeCore, InstanceType: in.SlaveInstanceType, InstanceCount: &core})
	}
	return groups
}

// masters reads a number of masters: one or three.
func (r *reader) masters(c *Cluster, at string, n int32) {
	switch n {
	case 1:
	case 3:
		c.HighAvailability = true
	default:
		r.say("weight", at, whole(n), "is no number of masters", "take 1 or 3")
	}
}

func (r *reader) fleets(c *Cluster, in []emrtypes.InstanceFleetConfig) {
	var f Fleets
	seen := map[emrtypes.InstanceFleetType]bool{}
	for i, fleet := range in {
		at := fmt.Sprintf("Instances.InstanceFleets[%d]", i)
		if seen[fleet.InstanceFleetType] {
			r.say("instances", at+".InstanceFleetType", string(fleet.InstanceFleetType), "is there already", "put the two together: there is one fleet of each")
		}
		seen[fleet.InstanceFleetType] = true
		read := r.fleet(at, fleet)
		switch fleet.InstanceFleetType {
		case emrtypes.InstanceFleetTypeMaster:
			f.Master = r.masterFleet(c, at, read)
		case emrtypes.InstanceFleetTypeCore:
			f.Core = &read
		case emrtypes.InstanceFleetTypeTask:
			f.Task = &read
		default:
			r.say("instances", at+".InstanceFleetType", strconv.Quote(string(fleet.InstanceFleetType)), "is no role", "say MASTER, CORE or TASK")
		}
	}
	if !seen[emrtypes.InstanceFleetTypeMaster] {
		r.missing("instances", "Instances.InstanceFleets[MASTER]", "add one")
	}
	c.Instances = f
}

func (r *reader) masterFleet(c *Cluster, at string, f Fleet) MasterFleet {
	m := MasterFleet{Name: f.Name, Types: f.Types, OnDemand: f.OnDemand}
	onDemand, onSpot := f.OnDemand.Units, f.Spot.Units
	m.OnDemand.Units, f.Spot.Units = 0, 0
	switch {
	case onDemand != 0 && onSpot != 0:
		r.say("weight", at, fmt.Sprintf("%d on demand, %d on Spot", onDemand, onSpot), "is not one way to buy the master", "take one of them out")
	case onSpot != 0:
		r.masters(c, at+".TargetSpotCapacity", onSpot)
		m.Spot = &f.Spot
	default:
		r.masters(c, at+".TargetOnDemandCapacity", onDemand)
		r.refuse(f.Spot != Spot{}, at, "says how to buy Spot, and buys none", "take it out")
	}
	return m
}

func (r *reader) fleet(at string, in emrtypes.InstanceFleetConfig) Fleet {
	r.refuse(in.Context != nil, at+".Context", "is reserved by EMR", "take it out")
	f := Fleet{Name: named(in.Name, string(in.InstanceFleetType))}
	f.OnDemand.Units, f.Spot.Units = value(in.TargetOnDemandCapacity), value(in.TargetSpotCapacity)
	for i, t := range in.InstanceTypeConfigs {
		f.Types = append(f.Types, r.instanceType(fmt.Sprintf("%s.InstanceTypeConfigs[%d]", at, i), t))
	}
	if l := in.LaunchSpecifications; l != nil {
		if s := l.SpotSpecification; s != nil {
			r.refuse(s.BlockDurationMinutes != nil, at+".LaunchSpecifications.SpotSpecification.BlockDurationMinutes", "is retired: Spot blocks ended in 2022", "take it out")
			if s.TimeoutDurationMinutes == nil || s.TimeoutAction == "" {
				r.missing("spot-action", at+".LaunchSpecifications.SpotSpecification", "say TimeoutDurationMinutes and TimeoutAction")
			}
			f.Spot.Timeout = r.minutes("spot-timeout", at+".LaunchSpecifications.SpotSpecification.TimeoutDurationMinutes", s.TimeoutDurationMinutes)
			f.Spot.OnTimeout, f.Spot.Strategy = s.TimeoutAction, s.AllocationStrategy
		}
		if o := l.OnDemandSpecification; o != nil {
			if o.AllocationStrategy == "" {
				r.missing("strategy", at+".LaunchSpecifications.OnDemandSpecification.AllocationStrategy", "say lowest-price")
			}
			f.OnDemand.Strategy = o.AllocationStrategy
			f.OnDemand.Reservation = r.reservation(at+".LaunchSpecifications.OnDemandSpecification.CapacityReservationOptions", o.CapacityReservationOptions)
		}
	}
	if z := in.ResizeSpecifications; z != nil {
		if s := z.SpotResizeSpecification; s != nil {
			f.Spot.ResizeTimeout = r.minutes("resize-timeout", at+".ResizeSpecifications.SpotResizeSpecification.TimeoutDurationMinutes", s.TimeoutDurationMinutes)
			f.Spot.ResizeStrategy = s.AllocationStrategy
		}
		if o := z.OnDemandResizeSpecification; o != nil {
			f.OnDemand.ResizeTimeout = r.minutes("resize-timeout", at+".ResizeSpecifications.OnDemandResizeSpecification.TimeoutDurationMinutes", o.TimeoutDurationMinutes)
			f.OnDemand.ResizeStrategy = o.AllocationStrategy
			f.OnDemand.ResizeReservation = r.reservation(at+".ResizeSpecifications.OnDemandResizeSpecification.CapacityReservationOptions", o.CapacityReservationOptions)
		}
	}
	return f
}

// named drops the name that rendering gives by itself.
func named(name *string, role string) string {
	if deref(name) == role {
		return ""
	}
	return deref(name)
}

// minutes reads a time-out.
func (r *reader) minutes(id, at string, n *int32) time.Duration {
	return time.Duration(r.positive(id, at, n)) * time.Minute
}

func (r *reader) instanceType(at string, in emrtypes.InstanceTypeConfig) InstanceType {
	t := InstanceType{
		Type: deref(in.InstanceType), Weight: r.positive("weight", at+".WeightedCapacity", in.WeightedCapacity), MaxPrice: deref(in.BidPrice), Priority: in.Priority,
		EBS: r.ebs(at+".EbsConfiguration", in.EbsConfiguration), AMI: deref(in.CustomAmiId), Configurations: r.configurations(at+".Configurations", in.Configurations),
	}
	if p := in.BidPriceAsPercentageOfOnDemandPrice; p != nil {
		if t.MaxPricePercent = *p; *p == 0 {
			r.say("max-price", at+".BidPriceAsPercentageOfOnDemandPrice", "0", "buys nothing", "take up to 100, or leave it out")
		}
	}
	return t
}

func (r *reader) reservation(at string, in *emrtypes.OnDemandCapacityReservationOptions) *Reservation {
	if in == nil {
		return nil
	}
	first := in.UsageStrategy == emrtypes.OnDemandCapacityReservationUsageStrategyUseCapacityReservationsFirst
	if !first && in.UsageStrategy != "" {
		r.say("reservation", at+".UsageStrategy", strconv.Quote(string(in.UsageStrategy)), "is not the only one there is", "say use-capacity-reservations-first, or leave it out")
	}
	return &Reservation{First: first, Preference: in.CapacityReservationPreference, ResourceGroupARN: deref(in.CapacityReservationResourceGroupArn)}
}

func (r *reader) ebs(at string, in *emrtypes.EbsConfiguration) *EBS {
	if in == nil {
		return nil
	}
	e := &EBS{Optimized: in.EbsOptimized}
	for i, b := range in.EbsBlockDeviceConfigs {
		at := fmt.Sprintf("%s.EbsBlockDeviceConfigs[%d]", at, i)
		v := Volume{Count: r.positive("ebs", at+".VolumesPerInstance", b.VolumesPerInstance)}
		if s := b.VolumeSpecification; s != nil {
			v.Type, v.GiB, v.IOPS = deref(s.VolumeType), value(s.SizeInGB), r.positive("ebs-iops", at+".VolumeSpecification.Iops", s.Iops)
			v.MiBPerSecond = r.positive("ebs-throughput", at+".VolumeSpecification.Throughput", s.Throughput)
		} else {
			r.missing("ebs", at+".VolumeSpecification", "say it")
		}
		e.Volumes = append(e.Volumes, v)
	}
	return e
}

func (r *reader) groups(c *Cluster, in []emrtypes.InstanceGroupConfig) {
	var g Groups
	masters := 0
	for i, group := range in {
		at := fmt.Sprintf("Instances.InstanceGroups[%d]", i)
		read := r.group(at, group)
		switch group.InstanceRole {
		case emrtypes.InstanceRoleTypeMaster:
			if masters++; masters > 1 {
				r.say("instances", at+".InstanceRole", "MASTER", "is there already", "take one of them out")
			}
			r.refuse(read.AutoScaling != nil, at+".AutoScalingPolicy", "is said of the master, which does not scale", "take it out")
			switch read.Market {
			case "", emrtypes.MarketTypeOnDemand, emrtypes.MarketTypeSpot:
			default:
				r.say("market", at+".Market", strconv.Quote(string(read.Market)), "is neither", "say ON_DEMAND or SPOT")
			}
			r.masters(c, at+".InstanceCount", read.Count)
			g.Master = MasterGroup{
				Name: read.Name, Type: read.Type, Spot: read.Market == emrtypes.MarketTypeSpot, MaxPrice: read.MaxPrice,
				EBS: read.EBS, AMI: read.AMI, Configurations: read.Configurations,
			}
		case emrtypes.InstanceRoleTypeCore:
			if g.Core != nil {
				r.say("instances", at+".InstanceRole", "CORE", "is there already", "put the two together: there is one core group")
			}
			g.Core = &read
		case emrtypes.InstanceRoleTypeTask:
			g.Task = append(g.Task, read)
		default:
			r.say("instances", at+".InstanceRole", strconv.Quote(string(group.InstanceRole)), "is no role", "say MASTER, CORE or TASK")
		}
	}
	if masters == 0 {
		r.missing("instances", "Instances.InstanceGroups[MASTER]", "add one")
	}
	c.Instances = g
}

func (r *reader) group(at string, in emrtypes.InstanceGroupConfig) Group {
	g := Group{
		Name: named(in.Name, string(in.InstanceRole)), Type: deref(in.InstanceType), Count: value(in.InstanceCount), Market: in.Market,
		MaxPrice: deref(in.BidPrice), EBS: r.ebs(at+".EbsConfiguration", in.EbsConfiguration), AMI: deref(in.CustomAmiId),
		Configurations: r.configurations(at+".Configurations", in.Configurations), AutoScaling: in.AutoScalingPolicy,
	}
	// What the request leaves out is on demand, unless it has a maximum price; a Group's zero is
	// the pattern's, which for task groups is Spot.
	if g.Market == "" {
		g.Market = emrtypes.MarketTypeOnDemand
		if g.MaxPrice != "" {
			g.Market = emrtypes.MarketTypeSpot
		}
	}
	if g.Market == (Group{}).market(in.InstanceRole) {
		g.Market = ""
	}
	return g
}

package emr

import (
	"cmp"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (f Fleets) input(three bool) []emrtypes.InstanceFleetConfig {
	masters := int32(1)
	if three {
		masters = 3
	}
	m := Fleet{Name: f.Master.Name, Types: f.Master.Types, OnDemand: f.Master.OnDemand}
	if f.Master.Spot != nil {
		m.Spot = *f.Master.Spot
		m.Spot.Units, m.OnDemand.Units = masters, 0
	} else {
		m.OnDemand.Units = masters
	}
	fleets := []emrtypes.InstanceFleetConfig{m.input(emrtypes.InstanceFleetTypeMaster)}
	if f.Core != nil {
		fleets = append(fleets, f.Core.input(emrtypes.InstanceFleetTypeCore))
	}
	if f.Task != nil {
		fleets = append(fleets, f.Task.input(emrtypes.InstanceFleetTypeTask))
	}
	return fleets
}

func (f Fleet) input(role emrtypes.InstanceFleetType) emrtypes.InstanceFleetConfig {
	in := emrtypes.InstanceFleetConfig{
		Name: text(cmp.Or(f.Name, string(role))), InstanceFleetType: role,
		TargetOnDemandCapacity: number(f.OnDemand.Units), TargetSpotCapacity: number(f.Spot.Units),
	}
	for _, t := range f.Types {
		in.InstanceTypeConfigs = append(in.InstanceTypeConfigs, t.input())
	}
	launch := &emrtypes.InstanceFleetProvisioningSpecifications{SpotSpecification: f.Spot.launch(), OnDemandSpecification: f.OnDemand.launch()}
	if launch.SpotSpecification != nil || launch.OnDemandSpecification != nil {
		in.LaunchSpecifications = launch
	}
	resize := &emrtypes.InstanceFleetResizingSpecifications{SpotResizeSpecification: f.Spot.resize(), OnDemandResizeSpecification: f.OnDemand.resize()}
	if resize.SpotResizeSpecification != nil || resize.OnDemandResizeSpecification != nil {
		in.ResizeSpecifications = resize
	}
	return in
}

func (t InstanceType) input() emrtypes.InstanceTypeConfig {
	in := emrtypes.InstanceTypeConfig{
		InstanceType: &t.Type, WeightedCapacity: number(t.Weight), BidPrice: text(t.MaxPrice), Priority: t.Priority,
		EbsConfiguration: t.EBS.input(), CustomAmiId: text(t.AMI), Configurations: configurations(t.Configurations),
	}
	if t.MaxPricePercent != 0 {
		in.BidPriceAsPercentageOfOnDemandPrice = &t.MaxPricePercent
	}
	return in
}

func (s Spot) launch() *emrtypes.SpotProvisioningSpecification {
	if s.Timeout == 0 && s.OnTimeout == "" && s.Strategy == "" {
		return nil
	}
	minutes := int32(s.Timeout / time.Minute)
	return &emrtypes.SpotProvisioningSpecification{TimeoutDurationMinutes: &minutes, TimeoutAction: s.OnTimeout, AllocationStrategy: s.Strategy}
}

func (s Spot) resize() *emrtypes.SpotResizingSpecification {
	if s.ResizeTimeout == 0 && s.ResizeStrategy == "" {
		return nil
	}
	return &emrtypes.SpotResizingSpecification{TimeoutDurationMinutes: number(int32(s.ResizeTimeout / time.Minute)), AllocationStrategy: s.ResizeStrategy}
}

func (o OnDemand) launch() *emrtypes.OnDemandProvisioningSpecification {
	if o.Strategy == "" && o.Reservation == nil {
		return nil
	}
	return &emrtypes.OnDemandProvisioningSpecification{AllocationStrategy: o.Strategy, CapacityReservationOptions: o.Reservation.input()}
}

func (o OnDemand) resize() *emrtypes.OnDemandResizingSpecification {
	if o.ResizeTimeout == 0 && o.ResizeStrategy == "" && o.ResizeReservation == nil {
		return nil
	}
	return &emrtypes.OnDemandResizingSpecification{
		TimeoutDurationMinutes: number(int32(o.ResizeTimeout / time.Minute)), AllocationStrategy: o.ResizeStrategy,
		CapacityReservationOptions: o.ResizeReservation.input(),
	}
}

func (r *Reservation) input() *emrtypes.OnDemandCapacityReservationOptions {
	if r == nil {
		return nil
	}
	in := &emrtypes.OnDemandCapacityReservationOptions{CapacityReservationPreference: r.Preference, CapacityReservationResourceGroupArn: text(r.ResourceGroupARN)}
	if r.First {
		in.UsageStrategy = emrtypes.OnDemandCapacityReservationUsageStrategyUseCapacityReservationsFirst
	}
	return in
}

func (g Groups) input(three bool) []emrtypes.InstanceGroupConfig {
	m := Group{
		Name: g.Master.Name, Type: g.Master.Type, Count: 1, MaxPrice: g.Master.MaxPrice,
		EBS: g.Master.EBS, AMI: g.Master.AMI, Configurations: g.Master.Configurations,
	}
	if three {
		m.Count = 3
	}
	if g.Master.Spot {
		m.Market = emrtypes.MarketTypeSpot
	}
	groups := []emrtypes.InstanceGroupConfig{m.input(emrtypes.InstanceRoleTypeMaster)}
	if g.Core != nil {
		groups = append(groups, g.Core.input(emrtypes.InstanceRoleTypeCore))
	}
	for _, t := range g.Task {
		groups = append(groups, t.input(emrtypes.InstanceRoleTypeTask))
	}
	return groups
}

func (g Group) input(role emrtypes.InstanceRoleType) emrtypes.InstanceGroupConfig {
	return emrtypes.InstanceGroupConfig{
		Name: text(cmp.Or(g.Name, string(role))), InstanceRole: role, InstanceType: &g.Type, InstanceCount: &g.Count,
		Market: g.market(role), BidPrice: text(g.MaxPrice), EbsConfiguration: g.EBS.input(), CustomAmiId: text(g.AMI),
		Configurations: configurations(g.Configurations), AutoScalingPolicy: g.AutoScaling,
	}
}

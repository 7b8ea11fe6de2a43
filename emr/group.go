package emr

import emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

// Groups are uniform instance groups: one instance type for each.
type Groups struct {
	Master MasterGroup
	// Core may be nil: a cluster of masters only.
	Core *Group
	// Task are at most 48.
	Task []Group
}

func (Groups) instances() {}

// MasterGroup has one instance, or three with [Cluster.HighAvailability].
type MasterGroup struct {
	// Name is what consoles show. Zero means MASTER.
	Name string
	// Type is EC2's name of the instance type, such as "m6g.xlarge".
	Type string
	// Spot buys the only master on Spot: a risk to be accepted by name. MaxPrice is what an
	// hour may cost, in dollars; zero means the on-demand price.
	Spot     bool
	MaxPrice string
	// EBS, AMI and Configurations are as in [InstanceType].
	EBS            *EBS
	AMI            string
	Configurations []Configuration
}

// Group is the core group or a task group.
type Group struct {
	// Name is what consoles show. Zero means CORE or TASK.
	Name string
	// Type is EC2's name of the instance type, such as "r6g.2xlarge".
	Type string
	// Count is the number of instances, 1 or more.
	Count int32
	// Market is ON_DEMAND or SPOT. Zero means the pattern: on demand for core, Spot for task.
	Market emrtypes.MarketType
	// MaxPrice is what a Spot hour may cost, in dollars ("0.25"). Zero means the on-demand price.
	MaxPrice string
	// EBS, AMI and Configurations are as in [InstanceType].
	EBS            *EBS
	AMI            string
	Configurations []Configuration
	// AutoScaling is a custom scaling policy by CloudWatch alarms. It wants
	// [Cluster.AutoScalingRole], and excludes [Cluster.ManagedScaling].
	AutoScaling *emrtypes.AutoScalingPolicy
}

// market fills in the pattern's.
func (g Group) market(role emrtypes.InstanceRoleType) emrtypes.MarketType {
	switch {
	case g.Market != "":
		return g.Market
	case role == emrtypes.InstanceRoleTypeTask:
		return emrtypes.MarketTypeSpot
	}
	return emrtypes.MarketTypeOnDemand
}

// fleets gives the cluster's fleets, with nil pointers as no instances.
func (c *Cluster) fleets() (Fleets, bool) {
	switch in := c.Instances.(type) {
	case Fleets:
		return in, true
	case *Fleets:
		if in != nil {
			return *in, true
		}
	}
	return Fleets{}, false
}

func (c *Cluster) groups() (Groups, bool) {
	switch in := c.Instances.(type) {
	case Groups:
		return in, true
	case *Groups:
		if in != nil {
			return *in, true
		}
	}
	return Groups{}, false
}

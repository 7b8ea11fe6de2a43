package emr

import (
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Instances are [Fleets] or [Groups]: a cluster has one or the other.
type Instances interface{ instances() }

// Fleets are instance fleets: for each role a number of units and a list of instance types, of
// which EMR takes what is to be had.
type Fleets struct {
	Master MasterFleet
	// Core may be nil: a cluster of masters only.
	Core *Fleet
	// Task may be nil.
	Task *Fleet
}

func (Fleets) instances() {}

// MasterFleet has one instance, or three with [Cluster.HighAvailability].
type MasterFleet struct {
	// Name is what consoles show. Zero means MASTER.
	Name string
	// Types are 1 to 5; 1 to 30 with an allocation strategy. All three masters get the same one.
	Types []InstanceType
	// OnDemand is how the master is bought; its Units are left out.
	OnDemand OnDemand
	// Spot, if it is not nil, buys the only master on Spot instead: a risk to be accepted by
	// name. Its Units are left out.
	Spot *Spot
}

// Fleet is the core or the task fleet. At least one of its targets is 1 unit or more.
type Fleet struct {
	// Name is what consoles show. Zero means CORE or TASK.
	Name string
	// Types are 1 to 5; 1 to 30 with an allocation strategy.
	Types []InstanceType
	// OnDemand and Spot say how much is bought each way, and how.
	OnDemand OnDemand
	Spot     Spot
}

// InstanceType is one of the types that a fleet may have.
type InstanceType struct {
	// Type is EC2's name, such as "r6g.2xlarge".
	Type string
	// Weight is how many units an instance of it counts for. Zero is not sent, and means 1.
	Weight int32
	// MaxPrice is what a Spot hour may cost, in dollars ("0.25"). MaxPricePercent says it as a
	// percentage of the on-demand price. One or the other; neither means 100 percent.
	MaxPrice        string
	MaxPricePercent float64
	// Priority orders types for [Prioritized] and [CapacityOptimizedPrioritized]: 0 is first.
	// Nil means none.
	Priority *float64
	// EBS are volumes beside the root volume. Nil means EMR's default for the type.
	EBS *EBS
	// AMI is a custom AMI for this type.
	AMI string
	// Configurations are for instances of this type.
	Configurations []Configuration
}

// Types lists instance types by name, with nothing else said.
func Types(names ...string) []InstanceType {
	types := make([]InstanceType, len(names))
	for i, n := range names {
		types[i].Type = n
	}
	return types
}

// SpotStrategy is how EMR chooses among Spot pools.
type SpotStrategy = emrtypes.SpotProvisioningAllocationStrategy

// The Spot strategies, from 5.12.1 on.
const (
	CapacityOptimized            = emrtypes.SpotProvisioningAllocationStrategyCapacityOptimized
	PriceCapacityOptimized       = emrtypes.SpotProvisioningAllocationStrategyPriceCapacityOptimized
	LowestSpotPrice              = emrtypes.SpotProvisioningAllocationStrategyLowestPrice
	Diversified                  = emrtypes.SpotProvisioningAllocationStrategyDiversified
	CapacityOptimizedPrioritized = emrtypes.SpotProvisioningAllocationStrategyCapacityOptimizedPrioritized
)

// What is done when a Spot target is not met in time.
const (
	SwitchToOnDemand = emrtypes.SpotProvisioningTimeoutActionSwitchToOnDemand
	TerminateCluster = emrtypes.SpotProvisioningTimeoutActionTerminateCluster
)

// Spot is how Spot instances are bought.
type Spot struct {
	// Units is the target: instances are added until their weights reach it.
	Units int32
	// Timeout is how long the launch waits for the target: 5 to 1440 minutes, whole minutes.
	// OnTimeout is what is done then: [SwitchToOnDemand] or [TerminateCluster]. The two go together.
	Timeout   time.Duration
	OnTimeout emrtypes.SpotProvisioningTimeoutAction
	// Strategy chooses among pools. Zero is not sent, and means that at most 5 types are
	// possible; any wants Timeout and OnTimeout.
	Strategy SpotStrategy
	// ResizeTimeout is how long a resize waits: 5 to 10080 minutes. Zero is not sent.
	ResizeTimeout time.Duration
	// ResizeStrategy is the strategy of resizes. Zero means price-capacity-optimized from
	// 6.9.0 on, and capacity-optimized before.
	ResizeStrategy SpotStrategy
}

// OnDemandStrategy is how EMR chooses among on-demand types.
type OnDemandStrategy = emrtypes.OnDemandProvisioningAllocationStrategy

// The on-demand strategies, from 5.12.1 on.
const (
	LowestPrice = emrtypes.OnDemandProvisioningAllocationStrategyLowestPrice
	Prioritized = emrtypes.OnDemandProvisioningAllocationStrategyPrioritized
)

// OnDemand is how on-demand instances are bought.
type OnDemand struct {
	// Units is the target: instances are added until their weights reach it.
	Units int32
	// Strategy chooses among types. Zero is not sent, and means lowest-price.
	Strategy OnDemandStrategy
	// Reservation uses capacity reservations; it wants Strategy [LowestPrice]. Nil means none.
	Reservation *Reservation
	// ResizeTimeout is how long a resize waits: 5 to 10080 minutes. Zero is not sent.
	ResizeTimeout time.Duration
	// ResizeStrategy is the strategy of resizes. Zero means lowest-price.
	ResizeStrategy OnDemandStrategy
	// ResizeReservation is Reservation for resizes.
	ResizeReservation *Reservation
}

// Reservation is how on-demand capacity reservations are used.
type Reservation struct {
	// First uses them before anything else. False means the strategy alone decides.
	First bool
	// Preference is open or none. Zero is not sent.
	Preference emrtypes.OnDemandCapacityReservationPreference
	// ResourceGroupARN is the group of reservations to use. Zero means any.
	ResourceGroupARN string
}

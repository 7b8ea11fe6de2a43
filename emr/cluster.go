package emr

import (
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// The roles that `aws emr create-default-roles` makes.
const (
	DefaultServiceRole     = "EMR_DefaultRole"
	DefaultInstanceProfile = "EMR_EC2_DefaultRole"
)

// Cluster is an EMR cluster on EC2: a plain value, which says everything that is launched.
// Fields left out are not sent, and EMR does what it does without them.
type Cluster struct {
	// Name is required, at most 256 characters.
	Name string
	// Release is the release label, such as "emr-7.13.0". It is required.
	Release string
	// OSRelease pins the Amazon Linux release. Zero means the newest that EMR has validated.
	OSRelease string
	// Applications are installed, such as "Spark" and "Hadoop".
	Applications []string

	// ServiceRole is what EMR acts as, InstanceProfile what the instances act as. Both are
	// required: [DefaultServiceRole], [DefaultInstanceProfile].
	ServiceRole     string
	InstanceProfile string
	// AutoScalingRole is required when a group has an AutoScaling policy.
	AutoScalingRole string

	// Instances are Fleets or Groups. They are required.
	Instances Instances
	// HighAvailability has three masters instead of one. Such a cluster does not end by
	// itself, whatever is said: AutoTermination must be None. A master fleet is sent with a
	// target of 3: the API's text still says 1, the guide says that fleets can have three.
	HighAvailability bool
	// SpreadMasters puts the three masters on distinct hardware.
	SpreadMasters bool
	// ManagedScaling lets EMR change the number of core and task nodes. Nil means it does not.
	ManagedScaling *ManagedScaling
	// ScaleDown says how instances go when a cluster shrinks. Zero means EMR's default for the
	// release.
	ScaleDown emrtypes.ScaleDownBehavior
	// UnhealthyNodeReplacement replaces core nodes that are degraded. Nil means EMR's default
	// for the release.
	UnhealthyNodeReplacement *bool

	// AutoTermination says when the cluster ends. It is required, though the answer may be None.
	AutoTermination AutoTermination
	// TerminationProtected refuses to end it by API call or error. With three masters it is on
	// whatever is said here.
	TerminationProtected bool

	// Steps run when the cluster is up.
	Steps []Step
	// StepConcurrency is how many steps run at once, 1 to 256. Zero means 1.
	StepConcurrency int32
	// StepRole is the ARN of the role that Steps run as. Zero means the instance profile.
	StepRole string
	// BootstrapActions run on each node before applications start, at most 16.
	BootstrapActions []BootstrapAction
	// Configurations are for all nodes. See [SparkDefaults], [NodeLabels], [EMRFSEncryption].
	Configurations []Configuration

	// Subnets are where EMR looks for capacity: fleets take several, groups one. AvailabilityZones
	// are for accounts without a VPC of their own; subnets and zones exclude each other.
	Subnets           []string
	AvailabilityZones []string
	// KeyName is the EC2 key pair for user hadoop. Zero means none.
	KeyName        string
	SecurityGroups SecurityGroups

	// SecurityConfiguration names one that exists: encryption at rest and in transit,
	// authentication and authorization are in there.
	SecurityConfiguration string
	// Kerberos is for a security configuration that turns it on. Its passwords appear in no
	// complaint.
	Kerberos *emrtypes.KerberosAttributes

	// LogURI is where logs go, on s3://. Zero means there are none. LogKMSKey encrypts them.
	LogURI    string
	LogKMSKey string
	// Monitoring is CloudWatch logging and what goes to S3. Nil means neither is changed.
	Monitoring *emrtypes.MonitoringConfiguration

	// AMI is a custom AMI for all nodes, ami-...; RepoUpgradeOnBoot says which updates it gets.
	AMI               string
	RepoUpgradeOnBoot emrtypes.RepoUpgradeOnBoot
	RootVolume        RootVolume

	// Tags go to the cluster and its instances, at most 50.
	Tags map[string]string

	// Accept names the risks that are taken knowingly: "core-on-spot", "master-on-spot". It
	// is not sent to EMR.
	Accept []string
}

// AutoTermination says when a cluster ends. One of the three is required; Idle and AfterSteps
// may go together, and then whichever is first ends it.
type AutoTermination struct {
	// Idle ends the cluster when it has done nothing for so long: 1 minute to 7 days, whole
	// seconds. EMR knows only what runs on YARN.
	Idle time.Duration
	// AfterSteps ends the cluster when its last step is done. Without Steps it ends at once.
	AfterSteps bool
	// None says explicitly that the cluster runs, and costs, until somebody ends it.
	None bool
}

// ManagedScaling are the limits between which EMR changes the number of core and task nodes.
type ManagedScaling struct {
	// Unit is what groups count in: Instances or VCPU. Fleets count in units, and Unit is left out.
	Unit emrtypes.ComputeLimitsUnitType
	// Minimum and Maximum are required, 1 or more.
	Minimum, Maximum int32
	// MaxOnDemand and MaxCore are at most Maximum. Nil means Maximum.
	MaxOnDemand, MaxCore *int32
	// PerformanceIndex is 1 (save) to 100 (fast): 1, 25, 50, 75 or 100. Zero means EMR's
	// default strategy, which has none.
	PerformanceIndex int32
}

// BootstrapAction is a script that runs on each node before applications start.
type BootstrapAction struct {
	Name string
	// Script is its place, on s3:// or, for those that AWS put there, file:/.
	Script string
	Args   []string
}

// SecurityGroups of EC2. Zero means that EMR makes and uses its default ones.
type SecurityGroups struct {
	// Master and Slave are the groups that EMR manages: both or neither.
	Master, Slave string
	// ServiceAccess is for clusters in private subnets.
	ServiceAccess string
	// MoreMaster and MoreSlave are added to the managed ones.
	MoreMaster, MoreSlave []string
}

// RootVolume is the EBS volume with the operating system. Zero fields mean EMR's default.
type RootVolume struct {
	// GiB is its size. IOPS (3,000 to 16,000) and MiBPerSecond (125 to 1,000) are there from
	// 6.15.0 on.
	GiB, IOPS, MiBPerSecond int32
}

// EBS are the volumes that an instance has beside its root volume.
type EBS struct {
	// Optimized asks for an EBS-optimized instance. Nil means the instance type's default.
	Optimized *bool
	Volumes   []Volume
}

// Volume is an EBS volume.
type Volume struct {
	// Type is gp3, gp2, io1, st1, sc1 or standard.
	Type string
	// GiB is the size, 1 to 1024; 10 or more when EBS-optimized.
	GiB int32
	// IOPS are required for io1, possible for gp3.
	IOPS int32
	// MiBPerSecond is the throughput of gp3, 125 to 1000. Zero means 125.
	MiBPerSecond int32
	// Count is how many of them each instance has. Zero means 1.
	Count int32
}

package emr

// kind is what happens to a cluster that breaks a rule.
type kind int

const (
	isError   kind = iota // refused
	isWarning             // told
	isRisk                // refused until [Cluster.Accept] names it, then told
)

// A rule is written once, here: its name, what a complaint says of it, and where it is from.
// "API" is the documentation in the AWS service model of EMR (botocore's emr/2009-03-31, and
// the same text in the SDK), "guide" is the EMR Management Guide, "pattern" is the way of
// running clusters that the package's comment describes.
type rule struct {
	id     string
	kind   kind
	text   string
	source string
}

// rules are all of them, in the order of the specification. Each has a test that accepts and one
// that refuses.
var rules = [...]rule{
	// The request, when one is read.
	{"json", isError, "a request has the members and types of RunJobFlow, and none of those that are retired or reserved", "API: RunJobFlowInput"},

	{"cli", isError, "the AWS CLI sends what its options can say", "AWS CLI: aws emr create-cluster"},

	// The cluster.
	{"name", isError, "a cluster has a name of 1 to 256 characters", "API: RunJobFlowInput.Name"},
	{"text", isError, "EMR takes XML's characters, and no more of them than that", "API: XmlString, XmlStringMaxLen256"},
	{"release", isError, "a release label is emr-x.y.z, 4.0.0 or later", "API: RunJobFlowInput.ReleaseLabel"},
	{"old-release", isWarning, "the newest release known here is emr-7.13.0", "guide: emr-managed-scaling, which names the latest release"},
	{"application", isError, "an application is named once", "API: RunJobFlowInput.Applications, a case-insensitive list"},
	{"roles", isError, "a cluster has a service role and an instance profile", "AWS::EMR::Cluster: JobFlowRole and ServiceRole are required"},
	{"accept", isError, "only risks that Validate names can be accepted", "this package"},
	{"log-uri", isError, "logs go to s3://", "API: RunJobFlowInput.LogUri"},
	{"log-key", isError, "a key for logs wants LogURI, and 5.30.0 or later except 6.0.0", "API: RunJobFlowInput.LogEncryptionKmsKeyId"},
	{"monitoring", isError, "CloudWatch logging is on or off; logs go to emr-managed, on-customer-s3only (with LogURI) or disabled", "API: MonitoringConfiguration"},
	{"ami", isError, "a custom AMI is ami-..., from 5.7.0 on", "API: RunJobFlowInput.CustomAmiId"},
	{"repo-upgrade", isError, "RepoUpgradeOnBoot is SECURITY or NONE, and only for a custom AMI", "API: RunJobFlowInput.RepoUpgradeOnBoot"},
	{"root-volume", isError, "IOPS and throughput of the root volume are there from 6.15.0 on", "API: RunJobFlowInput.EbsRootVolumeIops, EbsRootVolumeThroughput"},
	{"scale-down", isError, "TERMINATE_AT_INSTANCE_HOUR is there from 5.1.0 on, TERMINATE_AT_TASK_COMPLETION from 4.1.0 on", "API: RunJobFlowInput.ScaleDownBehavior"},
	{"tags", isError, "at most 50 tags, keys of 1 to 128 and values of up to 256 characters, each key once, none beginning with aws:", "guide: emr-plan-tags, tag restrictions"},
	{"bootstrap", isError, "at most 16 bootstrap actions, each with a name and a script on s3:// or file:/", "AWS CLI: MAX_BOOTSTRAP_ACTION_NUMBER; API: BootstrapActionConfig"},
	{"kerberos", isError, "Kerberos wants a realm, the KDC's password and a security configuration", "API: KerberosAttributes"},
	{"subnets", isError, "fleets take several subnets or zones, groups one; subnets or zones, not both", "API: JobFlowInstancesConfig, PlacementType; AWS CLI: SubnetAndAzValidationError"},
	{"one-subnet", isWarning, "EMR looks for capacity in the subnets it is given, and takes the best", "API: JobFlowInstancesConfig.Ec2SubnetIds"},
	{"security-groups", isError, "the managed groups of master and slave are given both or neither", "API: JobFlowInstancesConfig.EmrManagedMasterSecurityGroup"},

	// Its end.
	{"auto-termination", isError, "a cluster ends when idle, after its steps, or explicitly never", "pattern: an idle cluster costs as much as a busy one"},
	{"idle", isError, "EMR allows 1 minute to 7 days, in whole seconds", "API: AutoTerminationPolicy.IdleTimeout"},
	{"idle-release", isError, "auto-termination is there from 5.30.0 and 6.1.0 on", "guide: emr-auto-termination-policy"},
	{"idle-yarn", isError, "auto-termination knows only what runs on YARN", "guide: emr-auto-termination-policy"},
	{"idle-yarn-mixed", isWarning, "auto-termination knows only what runs on YARN", "guide: emr-auto-termination-policy"},
	{"never-ends", isWarning, "an idle cluster costs as much as a busy one", "pattern"},

	// Instances.
	{"instances", isError, "a cluster has instance fleets or instance groups, not both", "API: JobFlowInstancesConfig"},
	{"fleets-release", isError, "instance fleets are there from 4.8.0 on, except 5.0.x", "API: InstanceFleetConfig"},
	{"types", isError, "a fleet has 1 to 5 instance types, to 30 with an allocation strategy, each once", "API: InstanceTypeConfig"},
	{"type-name", isError, "an instance type is family.size, such as r6g.2xlarge", "API: InstanceTypeConfig.InstanceType"},
	{"weight", isError, "a weight is 1 for the master, and 1 or more elsewhere", "API: InstanceTypeConfig.WeightedCapacity"},
	{"units", isError, "a core or task fleet wants at least 1 unit, on demand or on Spot", "API: InstanceFleetConfig.TargetOnDemandCapacity"},
	{"overshoot", isWarning, "EMR provisions until the target is met, even if that exceeds it", "API: InstanceFleetConfig.TargetOnDemandCapacity"},
	{"max-price", isError, "a price in dollars or a percentage of the on-demand price, above 0, not both", "API: InstanceTypeConfig.BidPrice"},
	{"max-price-unused", isWarning, "only Spot instances have a maximum price", "API: InstanceTypeConfig.BidPrice"},
	{"spot-timeout", isError, "EMR allows 5 to 1440 minutes", "API: SpotProvisioningSpecification.TimeoutDurationMinutes"},
	{"spot-action", isError, "a Spot timeout and its action are given together: SWITCH_TO_ON_DEMAND or TERMINATE_CLUSTER", "API: SpotProvisioningSpecification, required members"},
	{"spot-no-timeout", isWarning, "without a timeout nothing says what happens when there is no Spot capacity", "pattern; API: SpotProvisioningSpecification"},
	{"strategy", isError, "Spot: capacity-optimized, price-capacity-optimized, lowest-price, diversified, capacity-optimized-prioritized; on demand: lowest-price, prioritized", "API: SpotProvisioningAllocationStrategy, OnDemandProvisioningAllocationStrategy"},
	{"strategy-release", isError, "allocation strategies are there from 5.12.1 on", "API: InstanceFleetProvisioningSpecifications"},
	{"priority", isError, "priorities are 0 or more, the lowest first", "API: InstanceTypeConfig.Priority"},
	{"priority-unused", isWarning, "only the strategies prioritized and capacity-optimized-prioritized look at priorities", "API: OnDemandProvisioningSpecification.AllocationStrategy"},
	{"reservation", isError, "capacity reservations: preference open or none, usage use-capacity-reservations-first, strategy lowest-price", "API: OnDemandCapacityReservationOptions"},
	{"resize-timeout", isError, "EMR allows 5 to 10080 minutes", "API: SpotResizingSpecification, OnDemandResizingSpecification"},
	{"group-count", isError, "a core or task group has 1 instance or more", "API: InstanceGroupConfig.InstanceCount"},
	{"task-groups", isError, "at most 48 task groups", "guide: emr-plan-instances-guidelines"},
	{"market", isError, "a market is ON_DEMAND or SPOT", "API: MarketType"},
	{"auto-scaling", isError, "an automatic scaling policy has a role, rules, and a smallest and largest size", "API: AutoScalingPolicy; AWS CLI: MissingAutoScalingRoleError"},
	{"ebs", isError, "volumes: gp3, gp2, io1, st1, sc1 or standard, 1 to 1024 GiB (10 or more when EBS-optimized)", "API: VolumeSpecification, EbsBlockDeviceConfig"},
	{"ebs-iops", isError, "io1 wants IOPS, gp3 may have them, others have none", "EC2 user guide: EBS volume types"},
	{"ebs-throughput", isError, "throughput is for gp3, 125 to 1000 MiB/s", "API: VolumeSpecification.Throughput"},

	// High availability.
	{"ha-release", isError, "three masters: fleets in 5.36.1, 5.36.2, 6.8.1, 6.9.1, 6.10.1, 6.11.1 and from 6.12.0 on; groups from 5.23.0 on", "guide: emr-plan-ha"},
	{"ha-spot", isError, "three masters are on demand", "guide: emr-plan-ha-considerations"},
	{"ha-ends", isError, "three masters turn termination protection on and override every automatic end", "guide: emr-plan-ha-launch"},
	{"ha-metastore", isError, "Hive, Hue and Oozie with three masters keep their metadata in an external database", "guide: emr-plan-ha-launch"},
	{"ha-kdc", isWarning, "Kerberos with three masters wants an external KDC", "guide: emr-plan-ha-launch"},
	{"placement", isError, "the only placement group is SPREAD for the three masters, from 5.23.0 on", "API: PlacementGroupConfig"},
	{"hdfs-copies", isWarning, "HDFS keeps 1 copy below 4 core nodes, 2 below 10, else 3", "guide: emr-hdfs-config, dfs.replication; emr-plan-ha-considerations"},

	// Scaling and steps.
	{"scaling-limits", isError, "1 or more, minimum up to maximum, and neither on-demand nor core limit above the maximum", "API: ComputeLimits"},
	{"scaling-unit", isError, "InstanceFleetUnits for fleets, Instances or VCPU for groups", "API: ComputeLimits.UnitType"},
	{"scaling-release", isError, "managed scaling is there from 5.30.0 on, except 6.0.0", "guide: emr-managed-scaling"},
	{"scaling-index", isError, "the index is 1, 25, 50, 75 or 100, and goes with the strategy ADVANCED", "API: ManagedScalingPolicy.UtilizationPerformanceIndex"},
	{"scaling-twice", isError, "managed scaling and automatic scaling policies exclude each other", "guide: emr-managed-scaling"},
	{"scaling-yarn", isError, "managed scaling works for what runs on YARN", "guide: emr-managed-scaling"},
	{"scaling-yarn-mixed", isWarning, "managed scaling works for what runs on YARN", "guide: emr-managed-scaling"},
	{"step-concurrency", isError, "1 to 256 steps at once", "API: RunJobFlowInput.StepConcurrencyLevel"},
	{"step-concurrency-release", isError, "several steps at once are there from 5.28.0 on", "guide: emr-concurrent-steps"},
	{"step-failure", isError, "steps that run at once continue on failure", "API: StepConfig.ActionOnFailure"},
	{"step", isError, "at most 256 steps, each with a name and a jar", "API: RunJobFlow, StepConfig, HadoopJarStepConfig"},
	{"step-action", isError, "on failure: CONTINUE, CANCEL_AND_WAIT or TERMINATE_CLUSTER", "API: ActionOnFailure"},
	{"step-application", isError, "a step's application is installed", "AWS CLI: MissingApplicationsError"},
	{"step-role", isError, "a step role is an ARN of 20 to 2048 characters", "API: ArnType"},
	{"no-steps", isWarning, "a cluster that ends after its steps has steps", "API: JobFlowInstancesConfig.KeepJobFlowAliveWhenNoSteps"},

	// Configurations.
	{"configuration", isError, "a configuration has a classification", "API: Configuration"},
	{"committer", isError, "the S3-optimized committer is there from 5.19.0 on", "release guide: emr-spark-s3-optimized-committer"},
	{"committer-off", isWarning, "without the S3-optimized committer Spark lists and renames in S3", "release guide: emr-spark-s3-optimized-committer"},
	{"emrfs-consistent", isWarning, "S3 has been strongly consistent since December 2020", "guide: emr-plan-consistent-view"},
	{"dynamic-allocation", isError, "executors: minimum up to initial up to maximum", "Spark: dynamic allocation"},
	{"dynamic-allocation-fixed", isWarning, "a fixed number of executors turns dynamic allocation into a start value", "Spark: spark.executor.instances"},
	{"am-on-task", isWarning, "from 6.0 on application masters run on task nodes too, unless node labels keep them off", "re:Post: emr-configure-node-labeling-yarn"},

	// The pattern.
	{"core-on-spot", isRisk, "core nodes hold HDFS: a lost one can lose data and end the cluster", "pattern"},
	{"master-on-spot", isRisk, "the cluster ends with its only master", "pattern"},
	{"architectures", isWarning, "Graviton and x86 in one fleet: native code and bootstrap actions must work on both", "pattern"},
	{"ami-architecture", isError, "an AMI is for one architecture", "EC2 user guide: AMI types"},
	{"spot-one-type", isWarning, "one instance type is one Spot pool: when it runs dry, nothing replaces it", "pattern"},
	{"spot-lowest-price", isWarning, "the cheapest Spot pools are interrupted most", "EC2 user guide: Spot allocation strategies"},
	{"task-ratio", isWarning, "4 to 10 task nodes for each core node", "pattern"},
}

func ruleOf(id string) rule {
	for _, r := range rules {
		if r.id == id {
			return r
		}
	}
	return rule{id: id, kind: isError, text: "an unwritten rule", source: "this package"}
}

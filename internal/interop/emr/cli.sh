# cli.sh ENDPOINT: the worked example's command, as people type it.
. ../peer/awspeer.sh
aws --endpoint-url "$endpoint" emr create-cluster \
	--name nightly-revenue \
	--release-label emr-6.15.0 \
	--applications Name=Spark Name=Hadoop \
	--service-role EMR_DefaultRole \
	--ec2-attributes InstanceProfile=EMR_EC2_DefaultRole \
	--instance-fleets \
	'InstanceFleetType=MASTER,TargetOnDemandCapacity=1,InstanceTypeConfigs=[{InstanceType=m6g.xlarge}]' \
	'InstanceFleetType=CORE,TargetOnDemandCapacity=3,InstanceTypeConfigs=[{InstanceType=r6g.2xlarge}]' \
	'InstanceFleetType=TASK,TargetSpotCapacity=12,InstanceTypeConfigs=[{InstanceType=r6g.2xlarge,WeightedCapacity=1},{InstanceType=r5.2xlarge,WeightedCapacity=1},{InstanceType=r5d.2xlarge,WeightedCapacity=1}],LaunchSpecifications={SpotSpecification={TimeoutDurationMinutes=10,TimeoutAction=SWITCH_TO_ON_DEMAND,AllocationStrategy=capacity-optimized}}' \
	--auto-termination-policy IdleTimeout=900 >/dev/null
echo ok

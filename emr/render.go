package emr

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// RunJobFlowInput renders the cluster for the SDK. A cluster with errors is refused, with all
// of them in an [InvalidError].
//
// Names of fleets and groups that are left out are those of their roles, and
// KeepJobFlowAliveWhenNoSteps, TerminationProtected, VisibleToAllUsers and Tags are always said,
// as the AWS CLI does it. The input shares lists, maps and policies with the cluster.
func (c Cluster) RunJobFlowInput() (*awsemr.RunJobFlowInput, error) {
	if _, err := c.Validate(); err != nil {
		return nil, err
	}
	return c.input(), nil
}

// JSON renders the body of the RunJobFlow request, which is also what boto3's
// run_job_flow(**request) takes and what `aws emr create-cluster` sends for the arguments of
// [Cluster.CreateCluster]. It is indented, and the same for the same cluster.
func (c Cluster) JSON() ([]byte, error) {
	in, err := c.RunJobFlowInput()
	if err != nil {
		return nil, err
	}
	return marshal(in)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(document(v))
	return b.Bytes(), err
}

// input renders without asking whether the cluster is right.
func (c *Cluster) input() *awsemr.RunJobFlowInput {
	in := &awsemr.RunJobFlowInput{
		Name:                    &c.Name,
		ReleaseLabel:            text(c.Release),
		OSReleaseLabel:          text(c.OSRelease),
		ServiceRole:             text(c.ServiceRole),
		JobFlowRole:             text(c.InstanceProfile),
		AutoScalingRole:         text(c.AutoScalingRole),
		Instances:               c.instancesInput(),
		ScaleDownBehavior:       c.ScaleDown,
		StepConcurrencyLevel:    number(c.StepConcurrency),
		StepExecutionRoleArn:    text(c.StepRole),
		Configurations:          configurations(c.Configurations),
		SecurityConfiguration:   text(c.SecurityConfiguration),
		KerberosAttributes:      c.Kerberos,
		LogUri:                  text(c.LogURI),
		LogEncryptionKmsKeyId:   text(c.LogKMSKey),
		MonitoringConfiguration: c.Monitoring,
		CustomAmiId:             text(c.AMI),
		RepoUpgradeOnBoot:       c.RepoUpgradeOnBoot,
		EbsRootVolumeSize:       number(c.RootVolume.GiB),
		EbsRootVolumeIops:       number(c.RootVolume.IOPS),
		EbsRootVolumeThroughput: number(c.RootVolume.MiBPerSecond),
		VisibleToAllUsers:       aws.Bool(true),
		Tags:                    []emrtypes.Tag{},
	}
	for _, name := range c.Applications {
		in.Applications = append(in.Applications, emrtypes.Application{Name: &name})
	}
	if c.SpreadMasters {
		in.PlacementGroupConfigs = []emrtypes.PlacementGroupConfig{{InstanceRole: emrtypes.InstanceRoleTypeMaster, PlacementStrategy: emrtypes.PlacementGroupStrategySpread}}
	}
	if c.AutoTermination.Idle != 0 {
		in.AutoTerminationPolicy = &emrtypes.AutoTerminationPolicy{IdleTimeout: aws.Int64(int64(c.AutoTermination.Idle / time.Second))}
	}
	if m := c.ManagedScaling; m != nil {
		in.ManagedScalingPolicy = m.input(c)
	}
	for _, b := range c.BootstrapActions {
		in.BootstrapActions = append(in.BootstrapActions, emrtypes.BootstrapActionConfig{
			Name: &b.Name, ScriptBootstrapAction: &emrtypes.ScriptBootstrapActionConfig{Path: &b.Script, Args: b.Args},
		})
	}
	for _, s := range c.Steps {
		in.Steps = append(in.Steps, s.input())
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		in.Tags = append(in.Tags, emrtypes.Tag{Key: aws.String(key), Value: aws.String(c.Tags[key])})
	}
	return in
}

func (c *Cluster) instancesInput() *emrtypes.JobFlowInstancesConfig {
	in := &emrtypes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps:    aws.Bool(!c.AutoTermination.AfterSteps),
		TerminationProtected:           &c.TerminationProtected,
		UnhealthyNodeReplacement:       c.UnhealthyNodeReplacement,
		Ec2KeyName:                     text(c.KeyName),
		EmrManagedMasterSecurityGroup:  text(c.SecurityGroups.Master),
		EmrManagedSlaveSecurityGroup:   text(c.SecurityGroups.Slave),
		ServiceAccessSecurityGroup:     text(c.SecurityGroups.ServiceAccess),
		AdditionalMasterSecurityGroups: c.SecurityGroups.MoreMaster,
		AdditionalSlaveSecurityGroups:  c.SecurityGroups.MoreSlave,
	}
	if f, ok := c.fleets(); ok {
		in.InstanceFleets = f.input(c.HighAvailability)
		in.Ec2SubnetIds = c.Subnets
		if len(c.AvailabilityZones) > 0 {
			in.Placement = &emrtypes.PlacementType{AvailabilityZones: c.AvailabilityZones}
		}
		return in
	}
	if g, ok := c.groups(); ok {
		in.InstanceGroups = g.input(c.HighAvailability)
	}
	if len(c.Subnets) > 0 {
		in.Ec2SubnetId = &c.Subnets[0]
	}
	if len(c.AvailabilityZones) > 0 {
		in.Placement = &emrtypes.PlacementType{AvailabilityZone: &c.AvailabilityZones[0]}
	}
	return in
}

func (m *ManagedScaling) input(c *Cluster) *emrtypes.ManagedScalingPolicy {
	unit := m.Unit
	if _, ok := c.fleets(); ok && unit == "" {
		unit = emrtypes.ComputeLimitsUnitTypeInstanceFleetUnits
	}
	p := &emrtypes.ManagedScalingPolicy{ComputeLimits: &emrtypes.ComputeLimits{
		UnitType: unit, MinimumCapacityUnits: &m.Minimum, MaximumCapacityUnits: &m.Maximum,
		MaximumOnDemandCapacityUnits: m.MaxOnDemand, MaximumCoreCapacityUnits: m.MaxCore,
	}}
	if m.PerformanceIndex != 0 {
		p.ScalingStrategy, p.UtilizationPerformanceIndex = emrtypes.ScalingStrategyAdvanced, &m.PerformanceIndex
	}
	return p
}

func (s Step) input() emrtypes.StepConfig {
	in := emrtypes.StepConfig{
		Name: &s.Name, ActionOnFailure: s.OnFailure,
		HadoopJarStep: &emrtypes.HadoopJarStepConfig{Jar: &s.Jar, MainClass: text(s.MainClass), Args: s.Args},
	}
	for _, key := range slices.Sorted(maps.Keys(s.Properties)) {
		in.HadoopJarStep.Properties = append(in.HadoopJarStep.Properties, emrtypes.KeyValue{Key: aws.String(key), Value: aws.String(s.Properties[key])})
	}
	if s.LogURI != "" || s.LogKMSKeyARN != "" {
		in.StepMonitoringConfiguration = &emrtypes.StepMonitoringConfiguration{S3MonitoringConfiguration: &emrtypes.S3MonitoringConfiguration{
			LogUri: text(s.LogURI), EncryptionKeyArn: text(s.LogKMSKeyARN),
		}}
	}
	return in
}

func configurations(all []Configuration) []emrtypes.Configuration {
	var in []emrtypes.Configuration
	for _, c := range all {
		in = append(in, emrtypes.Configuration{Classification: &c.Classification, Properties: c.Properties, Configurations: configurations(c.Configurations)})
	}
	return in
}

func (e *EBS) input() *emrtypes.EbsConfiguration {
	if e == nil {
		return nil
	}
	in := &emrtypes.EbsConfiguration{EbsOptimized: e.Optimized}
	for _, v := range e.Volumes {
		in.EbsBlockDeviceConfigs = append(in.EbsBlockDeviceConfigs, emrtypes.EbsBlockDeviceConfig{
			VolumeSpecification: &emrtypes.VolumeSpecification{VolumeType: &v.Type, SizeInGB: &v.GiB, Iops: number(v.IOPS), Throughput: number(v.MiBPerSecond)},
			VolumesPerInstance:  number(v.Count),
		})
	}
	return in
}

// text and number are nil for what is not said.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func number(n int32) *int32 {
	if n == 0 {
		return nil
	}
	return &n
}

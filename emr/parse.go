package emr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	awsemr "github.com/aws/aws-sdk-go-v2/service/emr"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Parse reads the JSON of a RunJobFlow request: what [Cluster.JSON] writes, `aws emr
// create-cluster` sends and boto3's run_job_flow takes. It does not validate: that is
// [Cluster.Validate]'s.
//
// What is no such request (unknown members, other types), and what a [Cluster] cannot say
// because EMR would refuse it (two core fleets, a master of two) or has given it up (AmiVersion,
// Spot blocks), is an [InvalidError] that has all of it, with fields named as in the request.
func Parse(data []byte) (Cluster, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("there is more than one value")
		}
	}
	if err != nil {
		return Cluster{}, fmt.Errorf("emr: parse: not JSON: %w", err)
	}
	r := &reader{}
	var in awsemr.RunJobFlowInput
	r.decode("", v, reflect.ValueOf(&in).Elem())
	c := r.cluster(&in)
	return c, r.err()
}

// FromInput is [Parse] for the SDK's value, which it shares slices, maps and policies with.
func FromInput(in *awsemr.RunJobFlowInput) (Cluster, error) {
	if in == nil {
		return Cluster{}, errors.New("emr: from input: the input is nil")
	}
	r := &reader{}
	c := r.cluster(in)
	return c, r.err()
}

// reader is one reading of a request.
type reader struct{ complaints }

// refuse complains of a member that no cluster has.
func (r *reader) refuse(there bool, at, problem, mend string) {
	if there {
		r.say("json", at, "", problem, mend)
	}
}

func (r *reader) cluster(in *awsemr.RunJobFlowInput) Cluster {
	const old = "is for releases before 4.0"
	r.refuse(in.AmiVersion != nil, "AmiVersion", old, "say ReleaseLabel")
	r.refuse(in.SupportedProducts != nil, "SupportedProducts", old, "say Applications")
	r.refuse(in.NewSupportedProducts != nil, "NewSupportedProducts", old, "say Applications")
	r.refuse(in.AdditionalInfo != nil, "AdditionalInfo", "is not read by this package", "take it out")
	r.refuse(in.ExtendedSupport != nil, "ExtendedSupport", "is reserved by EMR", "take it out")
	r.refuse(in.SessionEnabled != nil, "SessionEnabled", "is not read by this package", "take it out")
	c := Cluster{
		Name: deref(in.Name), Release: deref(in.ReleaseLabel), OSRelease: deref(in.OSReleaseLabel),
		ServiceRole: deref(in.ServiceRole), InstanceProfile: deref(in.JobFlowRole), AutoScalingRole: deref(in.AutoScalingRole),
		ScaleDown: in.ScaleDownBehavior, StepConcurrency: r.positive("step-concurrency", "StepConcurrencyLevel", in.StepConcurrencyLevel), StepRole: deref(in.StepExecutionRoleArn),
		Configurations: r.configurations("Configurations", in.Configurations), SecurityConfiguration: deref(in.SecurityConfiguration),
		Kerberos: in.KerberosAttributes, LogURI: deref(in.LogUri), LogKMSKey: deref(in.LogEncryptionKmsKeyId), Monitoring: in.MonitoringConfiguration,
		AMI: deref(in.CustomAmiId), RepoUpgradeOnBoot: in.RepoUpgradeOnBoot,
		RootVolume: RootVolume{
			GiB:          r.positive("root-volume", "EbsRootVolumeSize", in.EbsRootVolumeSize),
			IOPS:         r.positive("root-volume", "EbsRootVolumeIops", in.EbsRootVolumeIops),
			MiBPerSecond: r.positive("root-volume", "EbsRootVolumeThroughput", in.EbsRootVolumeThroughput),
		},
	}
	for i, a := range in.Applications {
		at := fmt.Sprintf("Applications[%d]", i)
		r.refuse(a.Version != nil || a.Args != nil || a.AdditionalInfo != nil, at, "says more than a name, which is for releases before 4.0", "leave the name, and use Configurations")
		c.Applications = append(c.Applications, deref(a.Name))
	}
	for i, p := range in.PlacementGroupConfigs {
		at := fmt.Sprintf("PlacementGroupConfigs[%d]", i)
		// The strategy may be left out: SPREAD is the only one.
		if p.InstanceRole != emrtypes.InstanceRoleTypeMaster || p.PlacementStrategy != emrtypes.PlacementGroupStrategySpread && p.PlacementStrategy != "" || i > 0 {
			r.say("placement", at, fmt.Sprintf("%s %s", p.InstanceRole, p.PlacementStrategy), "is not MASTER SPREAD, or is there already", "say MASTER and SPREAD, once")
		}
		c.SpreadMasters = true
	}
	for _, b := range in.BootstrapActions {
		action := BootstrapAction{Name: deref(b.Name)}
		if s := b.ScriptBootstrapAction; s != nil {
			action.Script, action.Args = deref(s.Path), said(s.Args)
		}
		c.BootstrapActions = append(c.BootstrapActions, action)
	}
	for i, s := range in.Steps {
		c.Steps = append(c.Steps, r.step(fmt.Sprintf("Steps[%d]", i), s))
	}
	for i, t := range in.Tags {
		key := deref(t.Key)
		if _, twice := c.Tags[key]; twice {
			r.say("tags", fmt.Sprintf("Tags[%d].Key", i), strconv.Quote(key), "is there already", "take it out")
		}
		if c.Tags == nil {
			c.Tags = map[string]string{}
		}
		c.Tags[key] = deref(t.Value)
	}
	instances := in.Instances
	if instances == nil {
		r.missing("instances", "Instances", "say InstanceFleets or InstanceGroups")
		instances = &emrtypes.JobFlowInstancesConfig{}
	}
	r.instances(&c, instances)
	keep := instances.KeepJobFlowAliveWhenNoSteps
	c.AutoTermination.AfterSteps = keep == nil || !*keep
	r.idle(&c, in.AutoTerminationPolicy)
	r.scaling(&c, in.ManagedScalingPolicy)
	return c
}

// idle reads when the cluster ends; AfterSteps is there already.
func (r *reader) idle(c *Cluster, p *emrtypes.AutoTerminationPolicy) {
	if p != nil {
		c.AutoTermination.Idle = time.Hour // EMR's default
		if s := p.IdleTimeout; s != nil {
			c.AutoTermination.Idle = time.Duration(*s) * time.Second
			if *s <= 0 || *s > 1e9 {
				r.say("idle", "AutoTerminationPolicy.IdleTimeout", strconv.FormatInt(*s, 10), "is no such number of seconds", "take 60 to 604800")
				c.AutoTermination.Idle = time.Minute
			}
		}
	}
	c.AutoTermination.None = c.AutoTermination == AutoTermination{}
}

func (r *reader) scaling(c *Cluster, p *emrtypes.ManagedScalingPolicy) {
	if p == nil {
		return
	}
	c.ManagedScaling = &ManagedScaling{PerformanceIndex: r.positive("scaling-index", "ManagedScalingPolicy.UtilizationPerformanceIndex", p.UtilizationPerformanceIndex)}
	advanced := p.ScalingStrategy == emrtypes.ScalingStrategyAdvanced
	if advanced != (p.UtilizationPerformanceIndex != nil) || p.ScalingStrategy != "" && !advanced && p.ScalingStrategy != emrtypes.ScalingStrategyDefault {
		r.say("scaling-index", "ManagedScalingPolicy.ScalingStrategy", strconv.Quote(string(p.ScalingStrategy)), "does not go with the index, or its absence", "say ADVANCED with an index, or neither")
	}
	l := p.ComputeLimits
	if l == nil {
		r.missing("scaling-limits", "ManagedScalingPolicy.ComputeLimits", "say it")
		return
	}
	if l.UnitType == "" {
		r.missing("scaling-unit", "ManagedScalingPolicy.ComputeLimits.UnitType", "say it")
	}
	if _, fleets := c.fleets(); !fleets || l.UnitType != emrtypes.ComputeLimitsUnitTypeInstanceFleetUnits {
		c.ManagedScaling.Unit = l.UnitType
	}
	c.ManagedScaling.Minimum, c.ManagedScaling.Maximum = value(l.MinimumCapacityUnits), value(l.MaximumCapacityUnits)
	c.ManagedScaling.MaxOnDemand, c.ManagedScaling.MaxCore = l.MaximumOnDemandCapacityUnits, l.MaximumCoreCapacityUnits
}

func (r *reader) step(at string, s emrtypes.StepConfig) Step {
	step := Step{Name: deref(s.Name), OnFailure: s.ActionOnFailure}
	if j := s.HadoopJarStep; j != nil {
		step.Jar, step.MainClass, step.Args = deref(j.Jar), deref(j.MainClass), said(j.Args)
		for i, p := range j.Properties {
			key := deref(p.Key)
			if _, twice := step.Properties[key]; twice {
				r.say("step", fmt.Sprintf("%s.HadoopJarStep.Properties[%d].Key", at, i), strconv.Quote(key), "is there already", "take it out")
			}
			if step.Properties == nil {
				step.Properties = map[string]string{}
			}
			step.Properties[key] = deref(p.Value)
		}
	}
	if m := s.StepMonitoringConfiguration; m != nil && m.S3MonitoringConfiguration != nil {
		step.LogURI, step.LogKMSKeyARN = deref(m.S3MonitoringConfiguration.LogUri), deref(m.S3MonitoringConfiguration.EncryptionKeyArn)
	}
	return step
}

func (r *reader) configurations(at string, all []emrtypes.Configuration) []Configuration {
	var read []Configuration
	for i, c := range all {
		read = append(read, Configuration{
			Classification: deref(c.Classification), Properties: c.Properties,
			Configurations: r.configurations(fmt.Sprintf("%s[%d].Configurations", at, i), c.Configurations),
		})
	}
	return read
}

// value is what a number says, 0 where it says nothing.
func value(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// positive is what a number says. A 0 that is said is complained of here, because a [Cluster]
// takes it for unsaid.
func (r *reader) positive(id, at string, n *int32) int32 {
	if n != nil && *n == 0 {
		r.say(id, at, "0", "is below 1", "take 1 or more, or leave it out")
	}
	return value(n)
}

// said has no empty lists: they say nothing.
func said[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

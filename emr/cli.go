package emr

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// CreateCluster renders the arguments of the AWS CLI that send what [Cluster.JSON] says: emr,
// create-cluster and the options, structures as JSON. Each is one argument; a shell needs them
// quoted. A cluster with errors is refused, and so is, with rule "cli", what the CLI cannot
// send: a step that leaves OnFailure out (the CLI would say CONTINUE), a step's property with a
// comma, a tag with = in its key, a text that the CLI would take for a file to read.
func (c Cluster) CreateCluster() ([]string, error) {
	if _, err := c.Validate(); err != nil {
		return nil, err
	}
	a := &arguments{list: []string{"emr", "create-cluster"}}
	in := c.input()
	a.text("--name", c.Name)
	a.text("--release-label", c.Release)
	a.text("--os-release-label", c.OSRelease)
	a.applications(c.Applications)
	a.text("--service-role", c.ServiceRole)
	a.text("--auto-scaling-role", c.AutoScalingRole)
	a.object("--ec2-attributes", c.ec2Attributes())
	if fleets := in.Instances.InstanceFleets; fleets != nil {
		a.json("--instance-fleets", fleets)
	} else {
		a.groups(in.Instances.InstanceGroups)
	}
	if c.AutoTermination.AfterSteps {
		a.flag("--auto-terminate")
	}
	if in.AutoTerminationPolicy != nil {
		a.json("--auto-termination-policy", in.AutoTerminationPolicy)
	}
	if c.TerminationProtected {
		a.flag("--termination-protected")
	}
	if u := c.UnhealthyNodeReplacement; u != nil && *u {
		a.flag("--unhealthy-node-replacement")
	} else if u != nil {
		a.flag("--no-unhealthy-node-replacement")
	}
	a.text("--scale-down-behavior", string(c.ScaleDown))
	if in.ManagedScalingPolicy != nil {
		a.json("--managed-scaling-policy", in.ManagedScalingPolicy)
	}
	if in.PlacementGroupConfigs != nil {
		a.json("--placement-group-configs", in.PlacementGroupConfigs)
	}
	a.number("--step-concurrency-level", c.StepConcurrency)
	a.text("--step-execution-role-arn", c.StepRole)
	a.steps(c.Steps)
	a.bootstrap(c.BootstrapActions)
	if in.Configurations != nil {
		a.json("--configurations", in.Configurations)
	}
	a.text("--security-configuration", c.SecurityConfiguration)
	if c.Kerberos != nil {
		a.json("--kerberos-attributes", c.Kerberos)
	}
	a.text("--log-uri", c.LogURI)
	a.text("--log-encryption-kms-key-id", c.LogKMSKey)
	if c.Monitoring != nil {
		a.json("--monitoring-configuration", c.Monitoring)
	}
	a.text("--custom-ami-id", c.AMI)
	a.text("--repo-upgrade-on-boot", string(c.RepoUpgradeOnBoot))
	a.number("--ebs-root-volume-size", c.RootVolume.GiB)
	a.number("--ebs-root-volume-iops", c.RootVolume.IOPS)
	a.number("--ebs-root-volume-throughput", c.RootVolume.MiBPerSecond)
	a.tags(c.Tags)
	return a.list, a.err()
}

type arguments struct {
	complaints
	list []string
}

func (a *arguments) flag(name string) { a.list = append(a.list, name) }

func (a *arguments) number(name string, n int32) {
	if n != 0 {
		a.list = append(a.list, name, strconv.Itoa(int(n)))
	}
}

// text adds an option with a plain value, if there is one.
func (a *arguments) text(name, v string) {
	switch {
	case v == "":
		return
	case a.plain(name, v) && strings.HasPrefix(v, "-"):
		a.list = append(a.list, name+"="+v)
	default:
		a.list = append(a.list, name, v)
	}
}

// plain complains of a value that the CLI would load instead of sending it.
func (a *arguments) plain(field, v string) bool {
	for _, scheme := range [...]string{"file://", "fileb://", "http://", "https://"} {
		if strings.HasPrefix(v, scheme) {
			a.say("cli", field, "", "begins with "+scheme+": the CLI would read what is there", "use RunJobFlowInput or JSON")
			return false
		}
	}
	return true
}

// json adds an option with what an SDK value is in JSON.
func (a *arguments) json(name string, v any) { a.add(name, document(v)) }

func (a *arguments) object(name string, m map[string]any) {
	if len(m) > 0 {
		a.add(name, m)
	}
}

func (a *arguments) add(name string, doc any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		a.say("cli", name, "", "cannot be written: "+err.Error(), "mend it")
	}
	a.list = append(a.list, name, strings.TrimSuffix(b.String(), "\n"))
}

func (a *arguments) applications(names []string) {
	var list []any
	for _, n := range names {
		list = append(list, map[string]any{"Name": n})
	}
	if list != nil {
		a.add("--applications", list)
	}
}

func (c *Cluster) ec2Attributes() map[string]any {
	m := map[string]any{}
	set := func(name string, v string) {
		if v != "" {
			m[name] = v
		}
	}
	set("InstanceProfile", c.InstanceProfile)
	set("KeyName", c.KeyName)
	set("EmrManagedMasterSecurityGroup", c.SecurityGroups.Master)
	set("EmrManagedSlaveSecurityGroup", c.SecurityGroups.Slave)
	set("ServiceAccessSecurityGroup", c.SecurityGroups.ServiceAccess)
	list := func(name string, v []string) {
		if len(v) > 0 {
			m[name] = v
		}
	}
	list("AdditionalMasterSecurityGroups", c.SecurityGroups.MoreMaster)
	list("AdditionalSlaveSecurityGroups", c.SecurityGroups.MoreSlave)
	if _, fleets := c.fleets(); fleets {
		list("SubnetIds", c.Subnets)
		list("AvailabilityZones", c.AvailabilityZones)
		return m
	}
	set("SubnetId", strings.Join(c.Subnets, "")) // there is at most one
	set("AvailabilityZone", strings.Join(c.AvailabilityZones, ""))
	return m
}

// groups writes them with the CLI's names: InstanceGroupType, and a BidPrice for what is on Spot.
func (a *arguments) groups(in []emrtypes.InstanceGroupConfig) {
	var list []any
	for _, g := range in {
		m, _ := document(g).(map[string]any)
		m["InstanceGroupType"] = m["InstanceRole"]
		delete(m, "InstanceRole")
		delete(m, "Market")
		if g.Market == emrtypes.MarketTypeSpot && g.BidPrice == nil {
			m["BidPrice"] = "OnDemandPrice"
		}
		if g.Market == emrtypes.MarketTypeOnDemand {
			delete(m, "BidPrice") // it would make it Spot, and bounds nothing
		}
		list = append(list, m)
	}
	a.add("--instance-groups", list)
}

func (a *arguments) steps(steps []Step) {
	var list []any
	for i, s := range steps {
		field := "Steps[" + strconv.Itoa(i) + "]"
		if s.OnFailure == "" {
			a.say("cli", field+".OnFailure", "", "is not said, and the CLI would say CONTINUE", "say it")
		}
		m := map[string]any{"Type": "CUSTOM_JAR", "Name": s.Name, "ActionOnFailure": string(s.OnFailure), "Jar": s.Jar}
		if len(s.Args) > 0 {
			m["Args"] = s.Args
		}
		var properties []string
		for _, k := range slices.Sorted(maps.Keys(s.Properties)) {
			if strings.Contains(k+s.Properties[k], ",") || strings.Contains(k, "=") {
				a.say("cli", field+".Properties", strconv.Quote(k), "has a comma, or = in its name, which the CLI splits at", "use RunJobFlowInput or JSON")
			}
			properties = append(properties, k+"="+s.Properties[k])
		}
		for name, v := range map[string]string{"MainClass": s.MainClass, "LogUri": s.LogURI, "EncryptionKeyArn": s.LogKMSKeyARN, "Properties": strings.Join(properties, ",")} {
			if v != "" {
				m[name] = v
			}
		}
		list = append(list, m)
	}
	if list != nil {
		a.add("--steps", list)
	}
}

func (a *arguments) bootstrap(actions []BootstrapAction) {
	var list []any
	for _, b := range actions {
		m := map[string]any{"Name": b.Name, "Path": b.Script}
		if len(b.Args) > 0 {
			m["Args"] = b.Args
		}
		list = append(list, m)
	}
	if list != nil {
		a.add("--bootstrap-actions", list)
	}
}

func (a *arguments) tags(tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	a.flag("--tags")
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if strings.Contains(k, "=") || strings.HasPrefix(k, "-") || strings.HasPrefix(k, "[") || strings.HasPrefix(k, "{") {
			a.say("cli", "Tags", strconv.Quote(k), "has = in it, or begins with -, [ or {, which the CLI reads otherwise", "use RunJobFlowInput or JSON")
		}
		a.plain("Tags", k)
		a.list = append(a.list, k+"="+tags[k])
	}
}

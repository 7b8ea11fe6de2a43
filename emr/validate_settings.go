package emr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

func (k *checker) checkPlaces() {
	c := k.c
	_, fleets := k.c.fleets()
	if len(c.Subnets) > 0 && len(c.AvailabilityZones) > 0 {
		k.say("subnets", "AvailabilityZones", "", "are said beside Subnets", "take one of them out: a subnet is in a zone")
	}
	if !fleets && len(c.Subnets) > 1 {
		k.say("subnets", "Subnets", strconv.Itoa(len(c.Subnets)), "are more than the 1 that groups take", "take one, or fleets")
	}
	if !fleets && len(c.AvailabilityZones) > 1 {
		k.say("subnets", "AvailabilityZones", strconv.Itoa(len(c.AvailabilityZones)), "are more than the 1 that groups take", "take one, or fleets")
	}
	if fleets && len(c.Subnets) == 1 && k.buysSpot() {
		k.say("one-subnet", "Subnets", c.Subnets[0], "is the only one", "add subnets of other zones of the same VPC")
	}
	for i, s := range c.Subnets {
		if !strings.HasPrefix(s, "subnet-") {
			k.say("subnets", fmt.Sprintf("Subnets[%d]", i), strconv.Quote(s), "is no subnet's ID", "write it like subnet-0123456789abcdef0")
		} else if slices.Contains(c.Subnets[:i], s) {
			k.say("subnets", fmt.Sprintf("Subnets[%d]", i), s, "is there already", "take it out")
		}
	}
	k.texts("Subnets", c.Subnets, shortText)
	k.texts("AvailabilityZones", c.AvailabilityZones, shortText)
	k.text("KeyName", c.KeyName, shortText)
	if g := c.SecurityGroups; (g.Master == "") != (g.Slave == "") {
		k.say("security-groups", "SecurityGroups", "", "has one of Master and Slave", "say both, or neither")
	}
	for _, g := range []struct{ field, id string }{
		{"Master", c.SecurityGroups.Master}, {"Slave", c.SecurityGroups.Slave}, {"ServiceAccess", c.SecurityGroups.ServiceAccess},
	} {
		k.text("SecurityGroups."+g.field, g.id, shortText)
	}
	k.texts("SecurityGroups.MoreMaster", c.SecurityGroups.MoreMaster, shortText)
	k.texts("SecurityGroups.MoreSlave", c.SecurityGroups.MoreSlave, shortText)
}

func (k *checker) buysSpot() bool {
	f, _ := k.c.fleets()
	return f.Master.Spot != nil || f.Core != nil && f.Core.Spot.Units > 0 || f.Task != nil && f.Task.Spot.Units > 0
}

func (k *checker) s3(id, field, uri string) {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if !strings.HasPrefix(uri, "s3://") && !strings.HasPrefix(uri, "s3n://") || bucket == "" {
		k.say(id, field, strconv.Quote(uri), "is not on S3", "write it like s3://bucket/logs/")
	}
	k.text(field, uri, longText)
}

func (k *checker) checkLogs() {
	c := k.c
	if c.LogURI != "" {
		k.s3("log-uri", "LogURI", c.LogURI)
	}
	if c.LogKMSKey != "" {
		if c.LogURI == "" {
			k.say("log-key", "LogKMSKey", "", "has no LogURI to encrypt", "say LogURI")
		}
		k.since("log-key", "LogKMSKey", k.release.scales(), "take a newer release")
		k.text("LogKMSKey", c.LogKMSKey, longText)
	}
	if c.Monitoring != nil {
		k.monitoring(c.Monitoring)
	}
}

func (k *checker) monitoring(m *emrtypes.MonitoringConfiguration) {
	if w := m.CloudWatchLogConfiguration; w != nil {
		const field = "Monitoring.CloudWatchLogConfiguration"
		if w.Enabled == nil {
			k.missing("monitoring", field+".Enabled", "say true or false")
		}
		for _, kind := range slices.Sorted(maps.Keys(w.LogTypes)) {
			at := fmt.Sprintf("%s.LogTypes[%q]", field, kind)
			if kind != "STEP_LOGS" && kind != "SPARK_DRIVER" && kind != "SPARK_EXECUTOR" {
				k.say("monitoring", at, "", "is no type of log", "take STEP_LOGS, SPARK_DRIVER or SPARK_EXECUTOR")
			}
			for _, file := range w.LogTypes[kind] {
				if file != "STDOUT" && file != "STDERR" {
					k.say("monitoring", at, strconv.Quote(file), "is no file of it", "take STDOUT or STDERR")
				}
			}
		}
	}
	if s := m.S3LoggingConfiguration; s != nil {
		for _, kind := range slices.Sorted(maps.Keys(s.LogTypeUploadPolicy)) {
			at, policy := fmt.Sprintf("Monitoring.S3LoggingConfiguration.LogTypeUploadPolicy[%q]", kind), s.LogTypeUploadPolicy[kind]
			switch kind {
			case "system-logs", "application-logs", "persistent-ui-logs":
			default:
				k.say("monitoring", at, "", "is no type of log", "take system-logs, application-logs or persistent-ui-logs")
			}
			switch {
			case policy == "on-customer-s3only" && k.c.LogURI == "":
				k.say("monitoring", at, string(policy), "has no LogURI to go to", "say LogURI")
			case policy != "emr-managed" && policy != "on-customer-s3only" && policy != "disabled":
				k.say("monitoring", at, strconv.Quote(string(policy)), "is none of them", "take one of them")
			}
		}
	}
}

func (k *checker) checkImages() {
	c := k.c
	k.image("AMI", c.AMI)
	switch c.RepoUpgradeOnBoot {
	case "":
	case emrtypes.RepoUpgradeOnBootSecurity, emrtypes.RepoUpgradeOnBootNone:
		if c.AMI == "" {
			k.say("repo-upgrade", "RepoUpgradeOnBoot", string(c.RepoUpgradeOnBoot), "has no AMI to upgrade", "say AMI, or take it out")
		}
	default:
		k.say("repo-upgrade", "RepoUpgradeOnBoot", strconv.Quote(string(c.RepoUpgradeOnBoot)), "is neither", "say SECURITY or NONE")
	}
	v := c.RootVolume
	if v.GiB < 0 || v.GiB > 16384 {
		k.say("root-volume", "RootVolume.GiB", whole(v.GiB), "is no size of a volume", "take 10 or more")
	}
	for _, f := range []struct {
		name     string
		n        int32
		from, to int32
	}{{"IOPS", v.IOPS, 3000, 16000}, {"MiBPerSecond", v.MiBPerSecond, 125, 1000}} {
		if f.n == 0 {
			continue
		}
		k.since("root-volume", "RootVolume."+f.name, !k.release.before(6, 15, 0), "take a newer release, or leave it out")
		if f.n < f.from || f.n > f.to {
			k.say("root-volume", "RootVolume."+f.name, whole(f.n), fmt.Sprintf("is not from %d to %d, as gp3 has it", f.from, f.to), "take a number between")
		}
	}
	switch c.ScaleDown {
	case "":
	case emrtypes.ScaleDownBehaviorTerminateAtInstanceHour:
		k.since("scale-down", "ScaleDown", !k.release.before(5, 1, 0), "take a newer release")
	case emrtypes.ScaleDownBehaviorTerminateAtTaskCompletion:
		k.since("scale-down", "ScaleDown", !k.release.before(4, 1, 0), "take a newer release")
	default:
		k.say("scale-down", "ScaleDown", strconv.Quote(string(c.ScaleDown)), "is neither", "say one of them")
	}
}

func (k *checker) image(field, ami string) {
	if ami == "" {
		return
	}
	if !strings.HasPrefix(ami, "ami-") || len(ami) > shortText {
		k.say("ami", field, strconv.Quote(ami), "is no AMI's ID", "write it like ami-0123456789abcdef0")
	}
	k.since("ami", field, !k.release.before(5, 7, 0), "take a newer release")
}

func (k *checker) configurations(field string, all []Configuration) {
	for i, c := range all {
		at := fmt.Sprintf("%s[%d]", field, i)
		if c.Classification == "" {
			k.missing("configuration", at+".Classification", "name the file, such as spark-defaults")
		}
		k.configurations(at+".Configurations", c.Configurations)
	}
}

// checkSettings looks into the configurations of the cluster as a whole.
func (k *checker) checkSettings() {
	c := k.c
	const spark = `Configurations["spark-defaults"]`
	switch v, ok := c.property("spark-defaults", committerProperty); {
	case ok && strings.EqualFold(v, "true"):
		k.since("committer", spark, !k.release.before(5, 19, 0), "take it out, or a newer release")
	case ok:
		k.say("committer-off", spark, v, "turns the S3-optimized committer off", "say true, if nothing forbids it")
	}
	if v, _ := c.property("emrfs-site", emrfsConsistent); strings.EqualFold(v, "true") {
		k.say("emrfs-consistent", `Configurations["emrfs-site"]`, "", "turns consistent view on, which costs DynamoDB and gives nothing", "take it out")
	}
	k.executors(spark)
	if f, ok := c.fleets(); ok && f.Task != nil && f.Task.Spot.Units > 0 {
		k.mastersOnTask("Task.Spot")
	}
	if g, ok := c.groups(); ok {
		for i, t := range g.Task {
			if t.market(emrtypes.InstanceRoleTypeTask) == emrtypes.MarketTypeSpot {
				k.mastersOnTask(fmt.Sprintf("Task[%d]", i))
			}
		}
	}
}

func (k *checker) executors(field string) {
	c := k.c
	on, said := c.property("spark-defaults", dynamicAllocation)
	if _, fixed := c.property("spark-defaults", executorInstances); fixed && said && strings.EqualFold(on, "true") {
		k.say("dynamic-allocation-fixed", field, "", "has "+executorInstances+" beside dynamic allocation", "say "+dynamicAllocationInitial+", or turn it off")
	}
	last, lastName := int64(0), ""
	for _, name := range []string{dynamicAllocationMin, dynamicAllocationInitial, dynamicAllocationMax} {
		v, ok := c.property("spark-defaults", name)
		if !ok || strings.EqualFold(v, "infinity") {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 32)
		switch {
		case err != nil || n < 0:
			k.say("dynamic-allocation", field, strconv.Quote(v), "is no number for "+name, "write a whole number")
		case n < last:
			k.say("dynamic-allocation", field, v, "is "+name+", below "+lastName, "raise it")
		default:
			last, lastName = n, name
		}
	}
}

func (k *checker) mastersOnTask(field string) {
	if !k.known || k.release.before(6, 0, 0) || !k.usesYARN() {
		return
	}
	on, _ := k.c.property("yarn-site", nodeLabels)
	label, _ := k.c.property("yarn-site", nodeLabelOfMasters)
	if !strings.EqualFold(on, "true") || label != "CORE" {
		k.say("am-on-task", field, "", "can take an application's master with it when it is interrupted", "add emr.NodeLabels() to Configurations")
	}
}

func (k *checker) usesYARN() bool {
	_, others := k.besideYARN()
	return others
}

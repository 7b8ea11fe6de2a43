package emr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkThreeMasters has the rules of high availability, and what HDFS loses without it.
func (k *checker) checkThreeMasters() {
	c := k.c
	if c.SpreadMasters && !c.HighAvailability {
		k.say("placement", "SpreadMasters", "true", "has one master to spread", "say HighAvailability, or take it out")
	}
	k.hdfs()
	if !c.HighAvailability {
		return
	}
	_, fleets := c.fleets()
	k.since("ha-release", "HighAvailability", k.release.threeMasters(fleets), "take a newer release")
	// Each application's database is named in one of its configuration files.
	for _, a := range [...]struct{ name, file string }{{"Hive", "hive-site"}, {"Hue", "hue-ini"}, {"Oozie", "oozie-site"}} {
		if k.installs(a.name) && !k.configured(a.file) {
			k.say("ha-metastore", "HighAvailability", "", "has "+a.name+" with its database on one master", "configure "+a.file+" with an external database (Hive: or the Glue Data Catalog)")
		}
	}
	if c.Kerberos != nil {
		k.say("ha-kdc", "Kerberos", "", "has its KDC on one master, unless the security configuration names an external one", "name one there")
	}
}

func (k *checker) installs(app string) bool {
	return slices.ContainsFunc(k.c.Applications, func(a string) bool { return strings.EqualFold(a, app) })
}

func (k *checker) configured(file string) bool {
	return slices.ContainsFunc(k.c.Configurations, func(c Configuration) bool { return c.Classification == file })
}

// hdfs warns where EMR's own number of copies is one.
func (k *checker) hdfs() {
	if v, ok := k.c.property("hdfs-site", hdfsReplication); ok && v != "1" {
		return
	}
	field, nodes := "", int64(0)
	if f, ok := k.c.fleets(); ok && f.Core != nil {
		field, nodes = "Core", f.Core.nodes()
	}
	if g, ok := k.c.groups(); ok && g.Core != nil {
		field, nodes = "Core.Count", int64(g.Core.Count)
	}
	if nodes > 0 && nodes < 4 {
		k.say("hdfs-copies", field, fmt.Sprintf("%d core nodes", nodes), "keep one copy of each HDFS block: a lost node loses data", "take 4, or add emr.HDFSReplication(2) to Configurations")
	}
}

// nodes is the least number of instances that meet the fleet's targets.
func (f Fleet) nodes() int64 {
	heaviest := int64(1)
	for _, t := range f.Types {
		heaviest = max(heaviest, int64(t.Weight))
	}
	count := func(units int32) int64 { return (max(0, int64(units)) + heaviest - 1) / heaviest }
	return count(f.OnDemand.Units) + count(f.Spot.Units)
}

// architectures looks for both in one fleet, and for an AMI that would have to boot both.
func (k *checker) architectures(f Fleets) {
	var all []string
	look := func(field string, types []InstanceType) {
		var names []string
		for _, t := range types {
			if t.AMI == "" {
				names = append(names, t.Type)
			}
		}
		if k.c.AMI != "" {
			all = append(all, names...)
		} else if mixed(names) {
			k.say("architectures", field+".Types", strings.Join(names, ", "), "are Graviton and x86", "take one architecture, or test on both")
		}
	}
	look("Master", f.Master.Types)
	if f.Core != nil {
		look("Core", f.Core.Types)
	}
	if f.Task != nil {
		look("Task", f.Task.Types)
	}
	k.oneImage(all)
}

// ratio warns of more task nodes than the core nodes' HDFS and application masters bear.
func (k *checker) ratio(f Fleets) {
	if f.Core == nil || f.Task == nil {
		return
	}
	core, task := f.Core.nodes(), f.Task.nodes()
	if core > 0 && task > 10*core {
		k.say("task-ratio", "Task", fmt.Sprintf("%d nodes", task), "are more than 10 for each of "+strconv.FormatInt(core, 10)+" core nodes", "add core nodes")
	}
}

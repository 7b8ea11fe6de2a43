package emr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// Validate says everything that is wrong with the cluster at once: err is nil or an
// [InvalidError], and the warnings are there either way.
func (c Cluster) Validate() (warnings []Complaint, err error) {
	s := c.check()
	return s.warnings, s.err()
}

// checker is one validation: the cluster, its release, and what is said of it.
type checker struct {
	complaints
	c       *Cluster
	release release
	known   bool // the release could be read, so rules about releases can be checked

	anyApplication bool // which are installed is not known
}

func (c *Cluster) check() *checker {
	k := &checker{c: c}
	k.accept = c.Accept
	k.checkNames()
	k.checkRoles()
	k.checkInstances()
	k.checkThreeMasters()
	k.checkScaling()
	k.checkEnd()
	k.checkSteps()
	k.checkBootstrap()
	k.configurations("Configurations", c.Configurations)
	k.checkSettings()
	k.checkPlaces()
	k.checkLogs()
	k.checkImages()
	k.checkTags()
	for i, name := range c.Accept {
		if ruleOf(name).kind != isRisk {
			k.say("accept", fmt.Sprintf("Accept[%d]", i), strconv.Quote(name), "is no risk", "take it out, or say core-on-spot or master-on-spot")
		}
	}
	return k
}

// since complains where the release is too old for a field that is used.
func (k *checker) since(id, field string, there bool, mend string) {
	if k.known && !there {
		k.say(id, field, "", "is not there in "+k.c.Release, mend)
	}
}

// text checks characters and length as the API's string shapes have them.
func (k *checker) text(field, value string, most int) {
	if n := utf8.RuneCountInString(value); n > most {
		k.say("text", field, "", fmt.Sprintf("has %d characters, more than %d", n, most), "shorten it")
	}
	if i := strings.IndexFunc(value, notXML); i >= 0 || !utf8.ValidString(value) {
		k.say("text", field, "", "has a character that XML has not", "take it out")
	}
}

const (
	shortText = 256
	longText  = 10280
)

func notXML(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError
}

func (k *checker) texts(field string, values []string, most int) {
	for i, v := range values {
		k.text(fmt.Sprintf("%s[%d]", field, i), v, most)
	}
}

func (k *checker) checkNames() {
	c := k.c
	if c.Name == "" {
		k.missing("name", "Name", "give it one")
	}
	k.text("Name", c.Name, shortText)
	k.text("OSRelease", c.OSRelease, shortText)
	switch r, ok := parseRelease(c.Release); {
	case c.Release == "":
		k.missing("release", "Release", fmt.Sprintf("say emr-%d.%d.%d", newestRelease[0], newestRelease[1], newestRelease[2]))
	case !ok:
		k.say("release", "Release", strconv.Quote(c.Release), "is no release label", "write it like emr-7.13.0")
	case r.before(4, 0, 0):
		k.say("release", "Release", c.Release, "is before 4.0.0", "take a newer one")
	default:
		k.release, k.known = r, true
		if r[0] < newestRelease[0] {
			k.say("old-release", "Release", c.Release, fmt.Sprintf("is of the %d.x line, before %d.x", r[0], newestRelease[0]), "plan the move: fixes and newer Spark are there")
		}
	}
	seen := map[string]bool{}
	for i, name := range c.Applications {
		field := fmt.Sprintf("Applications[%d]", i)
		switch low := strings.ToLower(name); {
		case name == "":
			k.missing("application", field, "name it, or take it out")
		case seen[low]:
			k.say("application", field, strconv.Quote(name), "is there already", "take it out")
		default:
			seen[low] = true
		}
	}
}

func (k *checker) checkRoles() {
	c := k.c
	if c.ServiceRole == "" {
		k.missing("roles", "ServiceRole", "say "+DefaultServiceRole+", or your own")
	}
	if c.InstanceProfile == "" {
		k.missing("roles", "InstanceProfile", "say "+DefaultInstanceProfile+", or your own")
	}
	k.text("ServiceRole", c.ServiceRole, longText)
	k.text("InstanceProfile", c.InstanceProfile, longText)
	k.text("AutoScalingRole", c.AutoScalingRole, longText)
	k.text("SecurityConfiguration", c.SecurityConfiguration, longText)
	if kb := c.Kerberos; kb != nil {
		if deref(kb.Realm) == "" || deref(kb.KdcAdminPassword) == "" {
			k.say("kerberos", "Kerberos", "", "lacks Realm or KdcAdminPassword", "say both")
		}
		if c.SecurityConfiguration == "" {
			k.say("kerberos", "Kerberos", "", "has no SecurityConfiguration that turns it on", "name one")
		}
		for _, secret := range []*string{kb.Realm, kb.KdcAdminPassword, kb.CrossRealmTrustPrincipalPassword, kb.ADDomainJoinUser, kb.ADDomainJoinPassword} {
			k.text("Kerberos", deref(secret), shortText)
		}
	}
}

// notYARN are applications that run beside YARN, which EMR's auto-termination and managed scaling
// do not see.
var notYARN = [...]string{"presto", "prestodb", "prestosql", "trino", "hbase"}

// besideYARN names the applications that EMR does not see, and says whether there is another.
func (k *checker) besideYARN() (beside []string, others bool) {
	for _, name := range k.c.Applications {
		switch low := strings.ToLower(name); {
		case slices.Contains(notYARN[:], low):
			beside = append(beside, name)
		case low != "hadoop" && low != "zookeeper" && low != "ganglia": // they come with the others
			others = true
		}
	}
	return beside, others
}

func (k *checker) checkEnd() {
	a := k.c.AutoTermination
	const field = "AutoTermination"
	switch {
	case a == AutoTermination{}:
		k.missing("auto-termination", field, "say Idle, AfterSteps, or None: true")
	case a.None && (a.Idle != 0 || a.AfterSteps):
		k.say("auto-termination", field+".None", "true", "contradicts Idle or AfterSteps", "take one of them out")
	case a.None && !k.c.HighAvailability:
		k.say("never-ends", field+".None", "true", "lets it run until somebody ends it", "say Idle or AfterSteps if it may end")
	}
	if a.AfterSteps && len(k.c.Steps) == 0 {
		k.say("no-steps", field+".AfterSteps", "true", "ends it at once: there are no Steps", "add Steps, or say Idle")
	}
	if k.c.HighAvailability && (a.Idle != 0 || a.AfterSteps) {
		k.say("ha-ends", field, "", "does nothing with three masters", "say None: true, and end the cluster by taking its protection off")
	}
	if a.Idle == 0 {
		return
	}
	k.since("idle-release", field+".Idle", k.release.idles(), "take a newer release, or AfterSteps")
	switch {
	case a.Idle < time.Minute:
		k.say("idle", field+".Idle", duration(a.Idle), "is below 1m", "take 1m")
	case a.Idle > 7*24*time.Hour:
		k.say("idle", field+".Idle", duration(a.Idle), "is above 168h", "take 168h")
	case a.Idle%time.Second != 0:
		k.say("idle", field+".Idle", duration(a.Idle), "is no whole number of seconds", "round it")
	}
	k.yarn("idle-yarn", field+".Idle", "say None: true or AfterSteps")
}

func (k *checker) yarn(id, field, mend string) {
	beside, others := k.besideYARN()
	switch {
	case len(beside) > 0 && !others:
		k.say(id, field, "", "sees nothing of "+strings.Join(beside, " and "), mend)
	case len(beside) > 0:
		k.say(id+"-mixed", field, "", "sees nothing of "+strings.Join(beside, " and ")+": queries there look idle", mend)
	}
}

func (k *checker) checkScaling() {
	m := k.c.ManagedScaling
	if m == nil {
		return
	}
	const field = "ManagedScaling"
	k.since("scaling-release", field, k.release.scales(), "take a newer release")
	if m.Minimum < 1 {
		k.say("scaling-limits", field+".Minimum", whole(m.Minimum), "is below 1", "take 1 or more")
	}
	if m.Maximum < m.Minimum {
		k.say("scaling-limits", field+".Maximum", whole(m.Maximum), "is below Minimum, "+whole(m.Minimum), "raise it")
	}
	for _, limit := range []struct {
		name string
		n    *int32
		from int32
	}{{"MaxOnDemand", m.MaxOnDemand, 0}, {"MaxCore", m.MaxCore, 1}} {
		if limit.n != nil && (*limit.n > m.Maximum || *limit.n < limit.from) {
			k.say("scaling-limits", field+"."+limit.name, whole(*limit.n), fmt.Sprintf("is not from %d to Maximum, %d", limit.from, m.Maximum), "take a number between, or leave it out")
		}
	}
	unit, mend := m.Unit, "leave it out"
	_, fleets := k.c.fleets()
	ok := fleets && (unit == "" || unit == emrtypes.ComputeLimitsUnitTypeInstanceFleetUnits)
	if _, groups := k.c.groups(); groups {
		ok = unit == emrtypes.ComputeLimitsUnitTypeInstances || unit == emrtypes.ComputeLimitsUnitTypeVcpu
		mend = "say Instances or VCPU"
	} else if !fleets {
		ok = true // complained of elsewhere
	}
	if !ok {
		k.say("scaling-unit", field+".Unit", strconv.Quote(string(unit)), "is not what they count in", mend)
	}
	switch m.PerformanceIndex {
	case 0, 1, 25, 50, 75, 100:
	default:
		k.say("scaling-index", field+".PerformanceIndex", whole(m.PerformanceIndex), "is none of them", "take the nearest")
	}
	k.yarn("scaling-yarn", field, "scale those by hand")
}

func (k *checker) checkSteps() {
	c := k.c
	if n := c.StepConcurrency; n < 0 || n > 256 {
		k.say("step-concurrency", "StepConcurrency", whole(n), "is not from 1 to 256", "take 1 to 256, or leave it out")
	}
	if c.StepConcurrency > 1 {
		k.since("step-concurrency-release", "StepConcurrency", !k.release.before(5, 28, 0), "take a newer release, or one step at a time")
	}
	if n := len(c.StepRole); n > 0 && (n < 20 || n > 2048 || !strings.HasPrefix(c.StepRole, "arn:")) {
		k.say("step-role", "StepRole", strconv.Quote(c.StepRole), "is no ARN", "write it like arn:aws:iam::123456789012:role/name")
	}
	if n := len(c.Steps); n > 256 {
		k.say("step", "Steps", strconv.Itoa(n), "are more than 256", "add the rest when some are done")
	}
	for i, s := range c.Steps {
		k.step(fmt.Sprintf("Steps[%d]", i), s)
	}
}

func (k *checker) step(field string, s Step) {
	if s.Name == "" {
		k.missing("step", field+".Name", "give it one")
	}
	if s.Jar == "" {
		k.missing("step", field+".Jar", "say which; command-runner.jar runs commands")
	}
	k.text(field+".Name", s.Name, shortText)
	k.text(field+".Jar", s.Jar, longText)
	k.text(field+".MainClass", s.MainClass, longText)
	k.texts(field+".Args", s.Args, longText)
	switch s.OnFailure {
	case "", Continue, CancelAndWait, TerminateOnFailure, emrtypes.ActionOnFailureTerminateJobFlow:
	default:
		k.say("step-action", field+".OnFailure", strconv.Quote(string(s.OnFailure)), "is none of them", "say one of them")
		return
	}
	if k.c.StepConcurrency > 1 && s.OnFailure != Continue {
		k.say("step-failure", field+".OnFailure", strconv.Quote(string(s.OnFailure)), fmt.Sprintf("cannot be with StepConcurrency %d", k.c.StepConcurrency), "say Continue")
	}
	if app := s.needs(); app != "" && !k.anyApplication && !k.installs(app) {
		k.say("step-application", field+".Args[0]", s.Args[0], "runs "+app+", which is not installed", "add "+app+" to Applications")
	}
	if s.LogURI != "" {
		k.s3("log-uri", field+".LogURI", s.LogURI)
	}
}

func (k *checker) checkBootstrap() {
	if n := len(k.c.BootstrapActions); n > 16 {
		k.say("bootstrap", "BootstrapActions", strconv.Itoa(n), "are more than 16", "call several scripts from one")
	}
	for i, b := range k.c.BootstrapActions {
		field := fmt.Sprintf("BootstrapActions[%d]", i)
		if b.Name == "" {
			k.missing("bootstrap", field+".Name", "give it one")
		}
		switch {
		case b.Script == "":
			k.missing("bootstrap", field+".Script", "say where it lies")
		case !strings.HasPrefix(b.Script, "s3://") && !strings.HasPrefix(b.Script, "file:/"):
			k.say("bootstrap", field+".Script", strconv.Quote(b.Script), "is neither on s3:// nor on file:/", "put it on S3")
		}
		k.text(field+".Name", b.Name, shortText)
		k.text(field+".Script", b.Script, longText)
		k.texts(field+".Args", b.Args, longText)
	}
}

func (k *checker) checkTags() {
	if n := len(k.c.Tags); n > 50 {
		k.say("tags", "Tags", strconv.Itoa(n), "are more than 50", "take some out")
	}
	for _, key := range slices.Sorted(maps.Keys(k.c.Tags)) {
		field, value := fmt.Sprintf("Tags[%q]", key), k.c.Tags[key]
		switch nk, nv := utf8.RuneCountInString(key), utf8.RuneCountInString(value); {
		case nk == 0 || nk > 128:
			k.say("tags", field, "", fmt.Sprintf("has a key of %d characters", nk), "take 1 to 128")
		case nv > 256:
			k.say("tags", field, "", fmt.Sprintf("has a value of %d characters", nv), "take up to 256")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			k.say("tags", field, "", "begins with aws:", "rename it: AWS keeps those for itself")
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func whole(n int32) string { return strconv.FormatInt(int64(n), 10) }

// duration is d as people write it: 3m, not 3m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

package emr_test

import "github.com/lakekit/lakekit/emr"

func stepCases() []ruleCase {
	steps := func(s ...emr.Step) func(*emr.Cluster) { return func(c *emr.Cluster) { c.Steps = s } }
	spark := emr.SparkStep("s", "s3://b/x.py")
	and := func(a, b func(*emr.Cluster)) func(*emr.Cluster) {
		return func(c *emr.Cluster) {
			a(c)
			b(c)
		}
	}
	concurrency := func(n int32) func(*emr.Cluster) { return func(c *emr.Cluster) { c.StepConcurrency = n } }
	on := func(a emr.Step, action string) emr.Step {
		a.OnFailure = emr.Continue
		if action != "" {
			a.OnFailure = emr.TerminateOnFailure
		}
		return a
	}
	conf := func(c ...emr.Configuration) func(*emr.Cluster) {
		return func(cl *emr.Cluster) { cl.Configurations = append(cl.Configurations, c...) }
	}
	defaults := func(kv ...string) emr.Configuration {
		p := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			p[kv[i]] = kv[i+1]
		}
		return emr.Configuration{Classification: "spark-defaults", Properties: p}
	}
	const spkConf = `Configurations["spark-defaults"]`
	committer := emr.SparkDefaults(emr.Spark{MinExecutors: 2, MaxExecutors: 8})
	return []ruleCase{
		{"step-concurrency", "256", "", concurrency(256), ""},
		{"step-concurrency", "257", "StepConcurrency", concurrency(257), ""},
		{"step-concurrency", "0, said", "StepConcurrencyLevel", nil, `{"StepConcurrencyLevel":0}`},
		{"step-concurrency-release", "5.28.0", "", release("emr-5.28.0", concurrency(2)), ""},
		{"step-concurrency-release", "5.27.0", "StepConcurrency", release("emr-5.27.0", concurrency(2)), ""},
		{"step-failure", "continues", "", and(concurrency(2), steps(spark)), ""},
		{"step-failure", "terminates, alone", "", steps(on(spark, "x")), ""},
		{"step-failure", "terminates, with others", "Steps[0].OnFailure", and(concurrency(2), steps(on(spark, "x"))), ""},
		{"step", "whole", "", steps(spark), ""},
		{"step", "no jar", "Steps[0].Jar", steps(emr.Step{Name: "x"}), ""},
		{"step", "no name", "Steps[0].Name", steps(emr.Step{Jar: "x"}), ""},
		{"step", "257", "Steps", steps(make([]emr.Step, 257)...), ""},
		{"step-action", "continue", "", steps(spark), ""},
		{"step-action", "a word", "Steps[0].OnFailure", steps(emr.Step{Name: "x", Jar: "x", OnFailure: "IGNORE"}), ""},
		{"step-application", "Spark", "", steps(spark), ""},
		{"step-application", "Hive, not installed", "Steps[0].Args[0]", steps(emr.HiveStep("h", "s3://b/x.q", nil)), ""},
		{"step-role", "an ARN", "", func(c *emr.Cluster) { c.StepRole = "arn:aws:iam::123456789012:role/x" }, ""},
		{"step-role", "a name", "StepRole", func(c *emr.Cluster) { c.StepRole = "my-step-role-by-its-name" }, ""},
		{"no-steps", "one", "", and(steps(spark), func(c *emr.Cluster) { c.AutoTermination = emr.AutoTermination{AfterSteps: true} }), ""},
		{"no-steps", "none", "AutoTermination.AfterSteps", func(c *emr.Cluster) { c.AutoTermination = emr.AutoTermination{AfterSteps: true} }, ""},

		{"configuration", "named", "", conf(committer), ""},
		{"configuration", "no name", "Configurations[1].Classification", conf(emr.Configuration{}), ""},
		{"configuration", "no name inside", "Configurations[1].Configurations[0].Classification", conf(emr.Configuration{Classification: "x", Configurations: []emr.Configuration{{}}}), ""},
		{"committer", "5.19.0", "", release("emr-5.19.0", conf(committer)), ""},
		{"committer", "5.18.0", spkConf, release("emr-5.18.0", conf(committer)), ""},
		{"committer-off", "on", "", conf(committer), ""},
		{"committer-off", "off", spkConf, conf(defaults("spark.sql.parquet.fs.optimized.committer.optimization-enabled", "false")), ""},
		{"emrfs-consistent", "encryption", "", conf(emr.EMRFSEncryption("k")), ""},
		{"emrfs-consistent", "consistent view", `Configurations["emrfs-site"]`, conf(emr.Configuration{Classification: "emrfs-site", Properties: map[string]string{"fs.s3.consistent": "true"}}), ""},
		{"dynamic-allocation", "2 to 8", "", conf(committer), ""},
		{"dynamic-allocation", "to infinity", "", conf(defaults("spark.dynamicAllocation.minExecutors", "2", "spark.dynamicAllocation.maxExecutors", "infinity")), ""},
		{"dynamic-allocation", "8 to 2", spkConf, conf(emr.SparkDefaults(emr.Spark{MinExecutors: 8, MaxExecutors: 2})), ""},
		{"dynamic-allocation", "a word", spkConf, conf(defaults("spark.dynamicAllocation.maxExecutors", "many")), ""},
		{"dynamic-allocation-fixed", "a range", "", conf(committer), ""},
		{"dynamic-allocation-fixed", "a number", spkConf, conf(emr.SparkDefaults(emr.Spark{Properties: map[string]string{"spark.executor.instances": "8"}})), ""},
		{"am-on-task", "labels", "", func(*emr.Cluster) {}, ""},
		{"am-on-task", "5.36.0", "", release("emr-5.36.0", func(c *emr.Cluster) { c.Configurations = nil }), ""},
		{"am-on-task", "no labels", "Task.Spot", func(c *emr.Cluster) { c.Configurations = nil }, ""},
		{"am-on-task", "no labels, groups", "Task[0]", and(groups(func(*emr.Groups) {}), func(c *emr.Cluster) { c.Configurations = nil }), ""},

		{"cli", "a step that says what happens", "", steps(spark), ""},
		{"cli", "a step that does not", "Steps[0].OnFailure", steps(emr.Step{Name: "x", Jar: "x"}), ""},
		{"cli", "a comma in a property", "Steps[0].Properties", steps(emr.Step{Name: "x", Jar: "x", OnFailure: emr.Continue, Properties: map[string]string{"a": "1,2"}}), ""},
		{"cli", "= in a tag's key", "Tags", func(c *emr.Cluster) { c.Tags = map[string]string{"a=b": "c"} }, ""},
		{"cli", "a name that is a file", "--name", func(c *emr.Cluster) { c.Name = "file://x" }, ""},
	}
}

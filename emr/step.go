package emr

import (
	"maps"
	"slices"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// commandRunner is the jar that runs a command on the master, from 4.0 on.
const commandRunner = "command-runner.jar"

// What a cluster does when a step fails.
const (
	// Continue goes on with the next step. It is the only one possible when steps run at once.
	Continue = emrtypes.ActionOnFailureContinue
	// CancelAndWait drops the pending steps and keeps the cluster.
	CancelAndWait = emrtypes.ActionOnFailureCancelAndWait
	// TerminateOnFailure ends the cluster.
	TerminateOnFailure = emrtypes.ActionOnFailureTerminateCluster
)

// Step is a piece of work: a jar on the master. [SparkStep], [HiveStep], [StreamingStep],
// [ScriptStep] and [CopyStep] make the common ones.
type Step struct {
	// Name is required, at most 256 characters.
	Name string
	// OnFailure is Continue, CancelAndWait or TerminateOnFailure. Zero is not sent; EMR's
	// own default is TERMINATE_CLUSTER, the AWS CLI's is CONTINUE.
	OnFailure emrtypes.ActionOnFailure
	// Jar is required; MainClass is in the jar's manifest when it is left out.
	Jar, MainClass string
	Args           []string
	// Properties are Java properties for the main function.
	Properties map[string]string
	// LogURI and LogKMSKeyARN are where the step's logs go, instead of the cluster's.
	LogURI, LogKMSKeyARN string
}

// SparkStep runs spark-submit with its arguments: options, the script or jar, and what that takes.
// Say "--deploy-mode", "cluster" to keep the driver off the master.
func SparkStep(name string, args ...string) Step {
	return Step{Name: name, OnFailure: Continue, Jar: commandRunner, Args: append([]string{"spark-submit"}, args...)}
}

// HiveStep runs a Hive script with variables (-d NAME=value, in the order of their names).
func HiveStep(name, script string, vars map[string]string) Step {
	args := []string{"hive-script", "--run-hive-script", "--args", "-f", script}
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		args = append(args, "-d", k+"="+vars[k])
	}
	return Step{Name: name, OnFailure: Continue, Jar: commandRunner, Args: args}
}

// StreamingStep runs Hadoop streaming with its arguments: -files, -mapper, -reducer, -input, -output.
func StreamingStep(name string, args ...string) Step {
	return Step{Name: name, OnFailure: Continue, Jar: commandRunner, Args: append([]string{"hadoop-streaming"}, args...)}
}

// ScriptStep runs a shell script that lies on S3, on the master, by the script-runner.jar of
// the region.
func ScriptStep(name, region, script string, args ...string) Step {
	return Step{Name: name, OnFailure: Continue, Jar: "s3://" + region + ".elasticmapreduce/libs/script-runner/script-runner.jar", Args: append([]string{script}, args...)}
}

// CopyStep copies a folder with s3-dist-cp, between S3 and HDFS either way. More arguments
// follow, such as "--groupBy=.*(dt=.*)/.*", "--targetSize=256".
func CopyStep(name, from, to string, args ...string) Step {
	return Step{Name: name, OnFailure: Continue, Jar: commandRunner, Args: append([]string{"s3-dist-cp", "--src=" + from, "--dest=" + to}, args...)}
}

// needs names the application that the step runs, if it is known.
func (s Step) needs() string {
	if s.Jar != commandRunner || len(s.Args) == 0 {
		return ""
	}
	switch s.Args[0] {
	case "spark-submit", "spark-sql", "spark-example":
		return "Spark"
	case "hive-script":
		return "Hive"
	case "pig-script":
		return "Pig"
	}
	return ""
}

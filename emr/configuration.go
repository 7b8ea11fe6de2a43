package emr

import (
	"maps"
	"strconv"
)

// Configuration is what stands in a configuration file of an application: Classification names
// the file, such as "spark-defaults" or "yarn-site".
type Configuration struct {
	Classification string
	Properties     map[string]string
	// Configurations are nested, as for "hadoop-env" and its "export".
	Configurations []Configuration
}

// Properties that this package sets and checks.
const (
	committerProperty        = "spark.sql.parquet.fs.optimized.committer.optimization-enabled"
	dynamicAllocation        = "spark.dynamicAllocation.enabled"
	dynamicAllocationMin     = "spark.dynamicAllocation.minExecutors"
	dynamicAllocationInitial = "spark.dynamicAllocation.initialExecutors"
	dynamicAllocationMax     = "spark.dynamicAllocation.maxExecutors"
	executorInstances        = "spark.executor.instances"
	nodeLabels               = "yarn.node-labels.enabled"
	nodeLabelOfMasters       = "yarn.node-labels.am.default-node-label-expression"
	hdfsReplication          = "dfs.replication"
	emrfsConsistent          = "fs.s3.consistent"
)

// Spark are the settings of Spark that a cluster is tuned by. See [SparkDefaults].
type Spark struct {
	// MinExecutors and MaxExecutors bound dynamic allocation, which is turned on. Zero is not
	// written, and means Spark's defaults: 0, and no bound.
	MinExecutors, MaxExecutors int
	// Properties are written as they are, and win over the ones above.
	Properties map[string]string
}

// SparkDefaults writes spark-defaults: dynamic allocation, and the S3-optimized committer, which
// writes Parquet (from 6.4.0 on other formats too) without listing and renaming in S3. Both are
// EMR's defaults in newer releases (the committer from 5.20.0 on); written down they hold in
// 5.19.0 too and are seen.
func SparkDefaults(s Spark) Configuration {
	p := map[string]string{dynamicAllocation: "true", committerProperty: "true"}
	if s.MinExecutors > 0 {
		p[dynamicAllocationMin] = strconv.Itoa(s.MinExecutors)
	}
	if s.MaxExecutors > 0 {
		p[dynamicAllocationMax] = strconv.Itoa(s.MaxExecutors)
	}
	maps.Copy(p, s.Properties)
	return Configuration{Classification: "spark-defaults", Properties: p}
}

// NodeLabels writes yarn-site so that application masters (the drivers of cluster-mode Spark
// jobs) run on core nodes only, and survive the loss of Spot task nodes. It is EMR's default in
// 5.19.0 to 5.36.x and not from 6.0.0 on.
func NodeLabels() Configuration {
	return Configuration{Classification: "yarn-site", Properties: map[string]string{nodeLabels: "true", nodeLabelOfMasters: "CORE"}}
}

// EMRFSEncryption writes emrfs-site so that what goes to S3 is encrypted there with a KMS key,
// by its ARN. An empty key means S3's own keys (SSE-S3).
func EMRFSEncryption(kmsKey string) Configuration {
	p := map[string]string{"fs.s3.enableServerSideEncryption": "true"}
	if kmsKey != "" {
		p["fs.s3.serverSideEncryption.kms.keyId"] = kmsKey
	}
	return Configuration{Classification: "emrfs-site", Properties: p}
}

// HDFSReplication writes hdfs-site with the number of copies of each block.
func HDFSReplication(copies int) Configuration {
	return Configuration{Classification: "hdfs-site", Properties: map[string]string{hdfsReplication: strconv.Itoa(copies)}}
}

// property finds a property of the cluster as a whole. Where it is written twice, the last holds.
func (c *Cluster) property(classification, name string) (value string, ok bool) {
	for _, conf := range c.Configurations {
		if conf.Classification == classification {
			if v, there := conf.Properties[name]; there {
				value, ok = v, true
			}
		}
	}
	return value, ok
}

// Package emr holds the clusters of package emr against programs that were not written here:
// the AWS CLI, botocore's validator and cfn-lint.
package emr

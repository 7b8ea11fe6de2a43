// Package emr holds the clusters of package emr against programs that were not written here:
// the AWS CLI, botocore's validator, cfn-lint, terraform validate (where it is installed, with
// LAKEKIT_TERRAFORM_PLUGINS naming the provider's folder) and moto.
package emr

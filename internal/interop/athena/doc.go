// Package athena holds the local Athena together with what it stands on: local S3, local
// Glue and DuckDB, asked by our own client in bubbles and by boto3 and the AWS CLI over
// HTTP. All of it needs cgo. The tests in bubbles always run, those with clients as package
// peer says.
package athena

// Package glue holds the local Glue catalog against clients that were not written here:
// boto3 and the AWS CLI, over HTTP and HTTPS.
package glue

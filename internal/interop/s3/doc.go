// Package s3 holds the local S3 against clients that were not written here: boto3 with its
// transfer manager, and the AWS CLI, over HTTP and HTTPS.
package s3

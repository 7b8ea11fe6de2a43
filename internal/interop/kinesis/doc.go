// Package kinesis holds the local Kinesis against clients that were not written here: boto3
// and the AWS CLI, over HTTP and HTTPS, and beside kinesalite, whose tests were written against
// the service.
package kinesis

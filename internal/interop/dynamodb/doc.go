// Package dynamodb holds the local DynamoDB against what was not written here: DynamoDB
// Local, call by call, and boto3 and the AWS CLI as clients, with leases in the form of the
// Java KCL. fetch.sh gets DynamoDB Local; package peer says when the tests run.
package dynamodb

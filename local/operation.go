package local

import (
	"net/http"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/s3"
)

// An Operation is an operation of one of the lake's services, named as the API names it:
// kinesis:PutRecords. The services are kinesis, s3, dynamodb, glue and athena, and every
// operation that they serve can be named; the constants are those that tests need most.
type Operation string

// Operations.
const (
	KinesisPutRecord        Operation = "kinesis:PutRecord"
	KinesisPutRecords       Operation = "kinesis:PutRecords"
	KinesisListShards       Operation = "kinesis:ListShards"
	KinesisGetShardIterator Operation = "kinesis:GetShardIterator"
	KinesisGetRecords       Operation = "kinesis:GetRecords"
	KinesisSubscribeToShard Operation = "kinesis:SubscribeToShard"

	S3PutObject               Operation = "s3:PutObject"
	S3GetObject               Operation = "s3:GetObject"
	S3HeadObject              Operation = "s3:HeadObject"
	S3ListObjectsV2           Operation = "s3:ListObjectsV2"
	S3DeleteObjects           Operation = "s3:DeleteObjects"
	S3UploadPart              Operation = "s3:UploadPart"
	S3CompleteMultipartUpload Operation = "s3:CompleteMultipartUpload"

	DynamoDBGetItem        Operation = "dynamodb:GetItem"
	DynamoDBPutItem        Operation = "dynamodb:PutItem"
	DynamoDBUpdateItem     Operation = "dynamodb:UpdateItem"
	DynamoDBDeleteItem     Operation = "dynamodb:DeleteItem"
	DynamoDBScan           Operation = "dynamodb:Scan"
	DynamoDBQuery          Operation = "dynamodb:Query"
	DynamoDBBatchWriteItem Operation = "dynamodb:BatchWriteItem"

	GlueGetTable             Operation = "glue:GetTable"
	GlueUpdateTable          Operation = "glue:UpdateTable"
	GlueGetPartitions        Operation = "glue:GetPartitions"
	GlueBatchCreatePartition Operation = "glue:BatchCreatePartition"

	AthenaStartQueryExecution Operation = "athena:StartQueryExecution"
	AthenaGetQueryExecution   Operation = "athena:GetQueryExecution"
	AthenaGetQueryResults     Operation = "athena:GetQueryResults"
)

// operationOf says what a request to a service asks for.
func operationOf(service string, r *http.Request) Operation {
	if service == s3Name {
		op, _, _ := s3.Operation(r)
		return Operation(s3Name + ":" + op)
	}
	return Operation(service + ":" + awswire.Operation(r))
}

func (op Operation) split() (service, name string) {
	service, name, _ = strings.Cut(string(op), ":")
	return service, name
}

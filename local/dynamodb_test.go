package local_test

import (
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakekit/lakekit/local"
)

// TestDynamoDB reaches the lake's DynamoDB by the host that the SDK makes of the account.
func TestDynamoDB(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		ctx, client := t.Context(), dynamodb.NewFromConfig(lake.Config())
		name := aws.String("leases")
		_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: name, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("leaseKey"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("leaseKey"), KeyType: types.KeyTypeHash}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: name}, time.Minute); err != nil {
			t.Fatal(err)
		}
		item := map[string]types.AttributeValue{"leaseKey": &types.AttributeValueMemberS{Value: "shardId-000000000000"}}
		put := &dynamodb.PutItemInput{TableName: name, Item: item, ConditionExpression: aws.String("attribute_not_exists(leaseKey)")}
		if _, err := client.PutItem(ctx, put); err != nil {
			t.Fatal(err)
		}
		_, err = client.PutItem(ctx, put)
		wantCode(t, err, "ConditionalCheckFailedException", "conditional request failed")
	})
}

// TestDynamoDBAnswersHaveAChecksum, which some SDKs look at: without one they log each answer.
func TestDynamoDBAnswersHaveAChecksum(t *testing.T) {
	t.Parallel()
	local.Test(t, start, nil, func(t *testing.T, lake *local.Lake) {
		lake.Fault(local.DynamoDBScan, local.Throttle().Times(1))
		for range 2 { // a fault's answer, and one of the service
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://dynamodb.us-east-1.amazonaws.com/", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
			req.Header.Set("Content-Type", "application/x-amz-json-1.0")
			resp, err := lake.Config().HTTPClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got, want := resp.Header.Get("X-Amz-Crc32"), strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10); got != want {
				t.Errorf("%s: checksum %q, want %s", body, got, want)
			}
		}
	})
}

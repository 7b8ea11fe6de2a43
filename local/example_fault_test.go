package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/local"
)

// A put whose answer is lost is done all the same, and the SDK's retry makes a duplicate.
func ExampleLake_Fault() {
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	ctx := context.Background()
	client := kinesis.NewFromConfig(lake.Config())
	if _, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: aws.Int32(1)}); err != nil {
		log.Fatal(err)
	}

	lost := lake.Fault(local.KinesisPutRecord, local.LoseReply().Times(1))
	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("clicks"), PartitionKey: aws.String("u1"), Data: []byte("click")})
	fmt.Println("put:", err, "answers lost:", lost.Hits())

	it, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: aws.String("clicks"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: "TRIM_HORIZON"})
	if err != nil {
		log.Fatal(err)
	}
	got, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("records:", len(got.Records))
	// Output:
	// put: <nil> answers lost: 1
	// records: 2
}

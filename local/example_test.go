package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/local"
)

// A program that writes to a stream and reads it back, without an account. On AWS it is the
// same with config.LoadDefaultConfig in place of the lake's configuration.
func Example() {
	lake, err := local.Open(nil) // a temporary folder; &local.Options{Dir: "lake-data"} keeps it
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close()
	ctx := context.Background()
	client := awskinesis.NewFromConfig(lake.Config())

	stream := aws.String("clicks")
	if _, err := client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: stream, ShardCount: aws.Int32(1)}); err != nil {
		log.Fatal(err)
	}
	put, err := client.PutRecord(ctx, &awskinesis.PutRecordInput{
		StreamName: stream, PartitionKey: aws.String("user-1"), Data: []byte(`{"url":"/"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	it, err := client.GetShardIterator(ctx, &awskinesis.GetShardIteratorInput{
		StreamName: stream, ShardId: put.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		log.Fatal(err)
	}
	got, err := client.GetRecords(ctx, &awskinesis.GetRecordsInput{ShardIterator: it.ShardIterator})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range got.Records {
		fmt.Printf("%s %s %s\n", *put.ShardId, *r.PartitionKey, r.Data)
	}
	// Output: shardId-000000000000 user-1 {"url":"/"}
}

// Serve a lake to programs in other languages.
func ExampleLake_Listen() {
	lake, err := local.Open(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer lake.Close() // closes the listener too
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("aws --endpoint-url", ln.URL()[:len("http://127.0.0.1:")]+"PORT", "kinesis list-streams")
	// Output: aws --endpoint-url http://127.0.0.1:PORT kinesis list-streams
}

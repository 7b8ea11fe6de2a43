package pricing_test

import (
	"fmt"
	"log"

	"github.com/lakekit/lakekit/pricing"
)

// What a day of a four-shard stream and one query of its data cost.
func Example() {
	book := pricing.Default()
	shard, err := book.Price(pricing.KinesisShardHour, "us-east-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("stream: $%.2f a day, %s\n", shard.Of(4*24), shard)

	scan, err := book.AthenaScan("us-east-1", 40_000_000_000)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("query: at most $%.2f for %d MB, %s\n", scan.USD, scan.BilledMB, scan.Price)
	// Output:
	// stream: $1.44 a day, $0.015 per shard hour (us-east-1, as of October 2026)
	// query: at most $0.20 for 40000 MB, $5 per TB scanned (*, as of June 2020)
}

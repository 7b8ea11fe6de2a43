// Package pricing is what AWS asks for things, with the date and the source of each price.
//
// Prices are data, in a table that the package carries, and every one of them grows old:
// a [Price] says as of when it was true and who said so, and whoever quotes dollars should
// show both. Nothing here is fetched.
//
//	book := pricing.Default()
//	scan, err := book.AthenaScan("eu-west-3", 12_345_678)
//	fmt.Println(scan.USD, scan.Price.AsOf)
//
// # Limits
//
// The table has list prices, in US dollars, without taxes, discounts and free tiers. Most
// of it is us-east-1's; a region that it does not know is an error, never a guess, except
// where AWS has one price for "all others", which is the row of region *.
package pricing

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed prices.csv
var table string

// Item is a thing with a price.
type Item string

// The items of the table.
const (
	AthenaScan                Item = "athena-scan"
	KinesisShardHour          Item = "kinesis-shard-hour"
	KinesisPutUnit            Item = "kinesis-put-unit"
	KinesisOnDemandStreamHour Item = "kinesis-on-demand-stream-hour"
	KinesisFanOutShardHour    Item = "kinesis-fanout-shard-hour"
	KinesisFanOutGB           Item = "kinesis-fanout-gb"
	KinesisOnDemandInGB       Item = "kinesis-on-demand-in-gb"
	KinesisOnDemandOutGB      Item = "kinesis-on-demand-out-gb"
	KinesisOnDemandFanOutGB   Item = "kinesis-on-demand-fanout-gb"
	S3Put                     Item = "s3-put"
	S3Get                     Item = "s3-get"
	S3Storage                 Item = "s3-storage"
	GlueCatalogRequest        Item = "glue-catalog-request"
)

// Price is what Per units of an item cost.
type Price struct {
	Item Item
	// Region is *, where one price holds for all regions that have none of their own.
	Region string
	USD    float64
	Per    float64
	// Unit says what is counted, such as "shard hour".
	Unit string
	// AsOf is the month in which Source said so.
	AsOf   time.Time
	Source string
}

// Of is what n units cost.
func (p Price) Of(n float64) float64 { return p.USD / p.Per * n }

// String shows the price with its date: "$5 per TB scanned (*, as of June 2020)".
func (p Price) String() string {
	per := p.Unit
	if p.Per != 1 {
		per = strconv.FormatFloat(p.Per, 'f', -1, 64) + " × " + p.Unit
	}
	return fmt.Sprintf("$%s per %s (%s, as of %s)", strconv.FormatFloat(p.USD, 'f', -1, 64), per, p.Region, p.AsOf.Format("January 2006"))
}

type key struct {
	item   Item
	region string
}

// Book is a table of prices. It does not change and is safe for concurrent use.
type Book struct{ prices map[key]Price }

// Default gives the package's own table.
func Default() *Book {
	b, err := Parse(table)
	if err != nil { // a test reads the same text
		return &Book{}
	}
	return b
}

// Parse reads a table: lines of item,region,usd,per,unit,year-month,source, where the
// source may hold commas, and lines that begin with #. All complaints come at once.
func Parse(csv string) (*Book, error) {
	b := &Book{prices: map[key]Price{}}
	var errs []error
	line := 0
	for text := range strings.Lines(csv) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		p, err := parseLine(text)
		k := key{p.Item, p.Region}
		if _, twice := b.prices[k]; err == nil && twice {
			err = fmt.Errorf("%s in %s has a price already", p.Item, p.Region)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("pricing: line %d: %w", line, err))
			continue
		}
		b.prices[k] = p
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return b, nil
}

func parseLine(text string) (Price, error) {
	f := strings.SplitN(text, ",", 7)
	if len(f) != 7 {
		return Price{}, fmt.Errorf("%d fields, want 7: item,region,usd,per,unit,year-month,source", len(f))
	}
	p := Price{Item: Item(f[0]), Region: f[1], Unit: f[4], Source: f[6]}
	var err error
	if p.USD, err = strconv.ParseFloat(f[2], 64); err != nil || !(p.USD >= 0 && p.USD < 1e9) {
		return Price{}, fmt.Errorf("usd: %q is no price", f[2])
	}
	if p.Per, err = strconv.ParseFloat(f[3], 64); err != nil || !(p.Per > 0 && p.Per < 1e12) {
		return Price{}, fmt.Errorf("per: %q is no number of units", f[3])
	}
	if p.AsOf, err = time.Parse("2006-01", f[5]); err != nil {
		return Price{}, fmt.Errorf("year-month: %q is not like 2026-10", f[5])
	}
	for i, name := range []string{"item", "region", "", "", "unit", "", "source"} {
		if name != "" && strings.TrimSpace(f[i]) == "" {
			return Price{}, fmt.Errorf("%s is empty", name)
		}
	}
	return p, nil
}

// HoursPerMonth is the month that AWS's own calculator counts with.
const HoursPerMonth = 730

// Price finds an item's price in a region.
func (b *Book) Price(item Item, region string) (Price, error) {
	for _, r := range []string{region, "*"} {
		if p, ok := b.prices[key{item, r}]; ok {
			return p, nil
		}
	}
	return Price{}, fmt.Errorf("pricing: no price of %s in region %q is known", item, region)
}

// Scan is what a query costs.
type Scan struct {
	// BilledMB are the bytes scanned, rounded up to a megabyte (10^6 bytes), at least 10.
	BilledMB int64
	// USD takes a terabyte for 10^12 bytes. AWS does not say which terabyte it means, and
	// this one is the dearer, so USD is an upper bound.
	USD float64
	// USDBinary takes a megabyte for 2^20 bytes and a terabyte for 2^40.
	USDBinary float64
	Price     Price
}

// AthenaScan prices a query by the bytes that it scans: per terabyte, rounded up to a
// megabyte, with ten megabytes as the least. DDL, cancelled queries that scanned nothing
// and failed queries cost nothing; that is for the caller to know. AWS names no exception
// from the ten megabytes for a query that succeeds and scans nothing, such as SELECT 1, and
// does not say that it pays them: what is given for 0 bytes is the most that it can be.
func (b *Book) AthenaScan(region string, bytes int64) (Scan, error) {
	p, err := b.Price(AthenaScan, region)
	if err != nil {
		return Scan{}, err
	}
	mb, mib := max(10, ceil(bytes, 1_000_000)), max(10, ceil(bytes, 1<<20))
	return Scan{
		BilledMB:  mb,
		USD:       p.Of(float64(mb) / 1_000_000),
		USDBinary: p.Of(float64(mib) / (1 << 20)),
		Price:     p,
	}, nil
}

// PutUnits is how many PUT payload units Kinesis counts for a record of that many bytes,
// key included: one for each 25 KB (25,600 bytes) begun.
func PutUnits(bytes int64) int64 { return max(1, ceil(bytes, 25*1024)) }

func ceil(n, d int64) int64 {
	q := n / d
	if n%d > 0 {
		q++
	}
	return q
}

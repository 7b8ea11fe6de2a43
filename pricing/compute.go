package pricing

import (
	"maps"
	"time"
)

// EC2Hour is an hour of a Linux instance of that type on demand.
func EC2Hour(instanceType string) Item { return Item("ec2-hour:" + instanceType) }

// EC2SpotHour is an hour of it on Spot. Spot prices change by the hour, so the package's own
// table has none: give those you count with to [Book.With].
func EC2SpotHour(instanceType string) Item { return Item("ec2-spot-hour:" + instanceType) }

// EMRHour is what EMR adds to an hour of an instance of that type, on Spot as on demand.
func EMRHour(instanceType string) Item { return Item("emr-hour:" + instanceType) }

// With gives a book with a table's rows over this one's: your own prices, newer ones, or those of
// another region. The text is as for [Parse].
func (b *Book) With(csv string) (*Book, error) {
	over, err := Parse(csv)
	if err != nil {
		return nil, err
	}
	all := make(map[key]Price, len(b.prices)+len(over.prices))
	maps.Copy(all, b.prices)
	maps.Copy(all, over.prices)
	return &Book{prices: all}, nil
}

// Stale says whether a price was older than a year at that time: AWS lowers some every year.
func (p Price) Stale(at time.Time) bool { return at.After(p.AsOf.AddDate(1, 1, 0)) }

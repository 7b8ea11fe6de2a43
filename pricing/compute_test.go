package pricing_test

import (
	"testing"
	"time"

	"github.com/lakekit/lakekit/pricing"
)

func TestComputeRows(t *testing.T) {
	t.Parallel()
	b := pricing.Default()
	for _, c := range []struct {
		instanceType string
		ec2, emr     float64
	}{{"m6g.xlarge", 0.154, 0.0385}, {"r6g.2xlarge", 0.4032, 0.1008}, {"r5.2xlarge", 0.504, 0.126}, {"r5d.2xlarge", 0.576, 0.144}} {
		ec2, err := b.Price(pricing.EC2Hour(c.instanceType), "us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		emr, err := b.Price(pricing.EMRHour(c.instanceType), "us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		if ec2.USD != c.ec2 || emr.USD != c.emr {
			t.Errorf("%s: got $%v and $%v, want $%v and $%v", c.instanceType, ec2.USD, emr.USD, c.ec2, c.emr)
		}
	}
	if _, err := b.Price(pricing.EC2SpotHour("r5.2xlarge"), "us-east-1"); err == nil {
		t.Error("the package's table has a Spot price, which is old when it is read")
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	b := pricing.Default()
	mine, err := b.With("ec2-hour:m6g.xlarge,us-east-1,0.16,1,instance hour,2026-11,ours")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		book *pricing.Book
		want float64
	}{{b, 0.154}, {mine, 0.16}} {
		if p, err := c.book.Price(pricing.EC2Hour("m6g.xlarge"), "us-east-1"); err != nil || p.USD != c.want {
			t.Errorf("got %v, %v; want $%v", p, err, c.want)
		}
	}
	if p, err := mine.Price(pricing.KinesisShardHour, "us-east-1"); err != nil || p.USD != 0.015 {
		t.Errorf("a row that is not overridden: %v, %v", p, err)
	}
	if _, err := b.With("nonsense"); err == nil {
		t.Error("a table that is none was taken")
	}
}

func TestStale(t *testing.T) {
	t.Parallel()
	p := pricing.Price{AsOf: time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC)} // October 2025
	for at, want := range map[string]bool{"2025-10-15": false, "2026-10-31": false, "2026-11-02": true} {
		day, err := time.Parse(time.DateOnly, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Stale(day); got != want {
			t.Errorf("on %s: %v, want %v", at, got, want)
		}
	}
}

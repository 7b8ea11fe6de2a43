package kinesis_test

import (
	"fmt"
	"log"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/pricing"
)

// 50,000 events a second on 4 shards, as a design sketch may have it.
func ExampleSize() {
	s, err := kinesis.Size(kinesis.Load{RecordsPerSecond: 50_000, BytesPerRecord: 500, Consumers: 2, Shards: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(s)
	// Output:
	// no: 4 shards take 4,000 records/s or 4,194,304 bytes/s, and 50,000 records/s of 500 bytes come: 50 are needed, bound by records in; aggregated, bound by bytes in: 25 shards
	//   records in            50,000/s of           4,000/s  1250%  50 shards
	//   bytes in          25,000,000/s of       4,194,304/s   597%  24 shards
	//   bytes out         50,000,000/s of       8,388,608/s   597%  24 shards
	//   reads                      8/s of              20/s    40%  1 shard
}

func TestSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		load   kinesis.Load
		shards int64
		binds  kinesis.Limit
	}{
		{kinesis.Load{RecordsPerSecond: 1, BytesPerRecord: 1}, 1, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 1000, BytesPerRecord: 1}, 1, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 1001, BytesPerRecord: 1}, 2, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 1024, BytesPerRecord: 1024, Aggregate: false}, 2, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 512, BytesPerRecord: 4096}, 2, kinesis.LimitBytesIn},
		{kinesis.Load{RecordsPerSecond: 512, BytesPerRecord: 4097}, 3, kinesis.LimitBytesIn},
		{kinesis.Load{RecordsPerSecond: 512, BytesPerRecord: 4096, Consumers: 2}, 2, kinesis.LimitBytesIn},
		{kinesis.Load{RecordsPerSecond: 512, BytesPerRecord: 4096, Consumers: 5}, 5, kinesis.LimitBytesOut},
		{kinesis.Load{RecordsPerSecond: 512, BytesPerRecord: 4096, FanOut: 20}, 2, kinesis.LimitBytesIn},
		{kinesis.Load{RecordsPerSecond: 1000, BytesPerRecord: 1, Utilization: 80}, 2, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 4000, BytesPerRecord: 1, Utilization: 80}, 5, kinesis.LimitRecordsIn},
		{kinesis.Load{RecordsPerSecond: 4001, BytesPerRecord: 1, Utilization: 80}, 6, kinesis.LimitRecordsIn},
		// 51,179 bytes hold 238 records of 215: 211 aggregates a second, 10,754,431 bytes.
		{kinesis.Load{RecordsPerSecond: 50_000, BytesPerRecord: 200, Aggregate: true}, 11, kinesis.LimitBytesIn},
		// An aggregate of one is a plain record.
		{kinesis.Load{RecordsPerSecond: 2000, BytesPerRecord: 40_000, Aggregate: true}, 77, kinesis.LimitBytesIn},
	} {
		s, err := kinesis.Size(c.load)
		if err != nil {
			t.Errorf("%+v: %v", c.load, err)
			continue
		}
		if s.Shards != c.shards || s.Binds != c.binds || !s.Fits {
			t.Errorf("%+v: %d shards, bound by %s; want %d, %s", c.load, s.Shards, s.Binds, c.shards, c.binds)
		}
		enough := c.load
		enough.Shards = c.shards
		if s, err := kinesis.Size(enough); err != nil || !s.Fits || !strings.HasPrefix(s.String(), "yes: ") {
			t.Errorf("%+v: %v, %v", enough, s, err)
		}
		if enough.Shards--; enough.Shards > 0 {
			if s, err := kinesis.Size(enough); err != nil || s.Fits || !strings.HasPrefix(s.String(), "no: ") {
				t.Errorf("%+v: %v, %v", enough, s, err)
			}
		}
	}
}

func TestSizeComplainsOfAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := kinesis.Size(kinesis.Load{
		BytesPerRecord: 11 << 20, AverageRecordsPerSecond: 5, AggregateBytes: 2 << 20,
		Consumers: 6, FanOut: 21, Utilization: 101, Shards: -1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"RecordsPerSecond: 0 is not from 1 to 1,000,000,000",
		"BytesPerRecord: 11,534,336 is not from 1 to 10,485,760",
		"AverageRecordsPerSecond: 5 is not from 1 to RecordsPerSecond, the busiest second's 0",
		"AggregateBytes: 2,097,152 is not from 1,024 to 1,048,576",
		"FanOut: 21 is not from 0 to 20",
		"Utilization: 101 is not from 1 to 100",
		"Shards: -1 is not from 0 to 1,000,000",
		"Consumers: 6 that poll every 1s read each shard more than the 5 times a second that it bears, however many shards there are: poll every 1.2s, or use fan-out",
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d complaints, want %d:\n%v", len(got), len(want), err)
	}
	for i := range want {
		if got[i] != "kinesis: size: "+want[i] {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
	if _, err := kinesis.Size(kinesis.Load{RecordsPerSecond: 1e9, BytesPerRecord: 10 << 20, Consumers: 1000, PollInterval: time.Hour}); err == nil || !strings.Contains(err.Error(), "several streams") {
		t.Errorf("the largest load: %v", err)
	}
	if _, err := kinesis.Size(kinesis.Load{RecordsPerSecond: 1, BytesPerRecord: 1, Consumers: 6, PollInterval: 1200 * time.Millisecond}); err != nil {
		t.Errorf("six that poll slowly: %v", err)
	}
}

func TestSizingPrice(t *testing.T) {
	t.Parallel()
	s, err := kinesis.Size(kinesis.Load{RecordsPerSecond: 2000, AverageRecordsPerSecond: 1000, BytesPerRecord: 1000, Consumers: 1, FanOut: 2, Shards: 4})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Price(pricing.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	const gb = 1e6 * 2_628_000 / (1 << 30)
	fan := 4*730*0.015 + gb*0.013
	provisioned := 4*730*0.015 + 1000*2_628_000*0.014/1e6 + 2*fan
	onDemand := 730*0.04 + 1.024*gb*0.08 + gb*0.04 + 2*gb*0.05
	for _, x := range []struct {
		name      string
		got, want float64
	}{{"provisioned", c.Provisioned.USD, provisioned}, {"on demand", c.OnDemand.USD, onDemand}, {"a fan-out consumer", c.FanOutConsumer, fan}} {
		if math.Abs(x.got-x.want) > 1e-6 {
			t.Errorf("%s: $%f, want $%f", x.name, x.got, x.want)
		}
	}
	if _, err := s.Price(pricing.Default(), "mars-1"); err == nil || !strings.Contains(err.Error(), `region "mars-1"`) {
		t.Errorf("a price on Mars: %v", err)
	}
}

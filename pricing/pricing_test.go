package pricing_test

import (
	"math"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/pricing"
)

// TestDefault reads the table that the package carries, which Default cannot complain about.
func TestDefault(t *testing.T) {
	t.Parallel()
	b := pricing.Default()
	for _, item := range []pricing.Item{
		pricing.AthenaScan, pricing.KinesisShardHour, pricing.KinesisPutUnit, pricing.KinesisOnDemandStreamHour,
		pricing.KinesisFanOutShardHour, pricing.KinesisFanOutGB,
		pricing.KinesisOnDemandInGB, pricing.KinesisOnDemandOutGB, pricing.KinesisOnDemandFanOutGB,
		pricing.S3Put, pricing.S3Get, pricing.S3Storage, pricing.GlueCatalogRequest,
	} {
		p, err := b.Price(item, "us-east-1")
		if err != nil {
			t.Errorf("%s: %v", item, err)
		}
		if p.Of(p.Per) != p.USD || p.Source == "" || p.AsOf.Year() < 2020 {
			t.Errorf("%s: %+v", item, p)
		}
	}
}

func TestAthenaScan(t *testing.T) {
	t.Parallel()
	b := pricing.Default()
	for _, c := range []struct {
		region      string
		bytes, mb   int64
		usd, binary float64
	}{
		{"us-east-1", 0, 10, 0.00005, 5 * 10.0 / (1 << 20)},
		{"us-east-1", 10_000_000, 10, 0.00005, 5 * 10.0 / (1 << 20)},
		{"us-east-1", 10_000_001, 11, 0.000055, 5 * 10.0 / (1 << 20)},
		{"us-east-1", 1_000_000_000_000, 1_000_000, 5, 5 * 953675.0 / (1 << 20)},
		{"sa-east-1", 1_000_000_000_000, 1_000_000, 9, 9 * 953675.0 / (1 << 20)},
		{"us-west-1", 40_000_000_000, 40_000, 0.27, 6.75 * 38147.0 / (1 << 20)},
		{"us-east-1", math.MaxInt64, 9223372036855, 5 * 9223372.036855, 5 * 8796093022208.0 / (1 << 20)},
	} {
		s, err := b.AthenaScan(c.region, c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		if s.BilledMB != c.mb || math.Abs(s.USD-c.usd) > 1e-9*c.usd || math.Abs(s.USDBinary-c.binary) > 1e-9*c.binary {
			t.Errorf("%s, %d bytes: got %d MB, $%v, $%v; want %d MB, $%v, $%v", c.region, c.bytes, s.BilledMB, s.USD, s.USDBinary, c.mb, c.usd, c.binary)
		}
		if s.USDBinary > s.USD {
			t.Errorf("%d bytes: the upper bound $%v is below $%v", c.bytes, s.USD, s.USDBinary)
		}
	}
}

func TestPrice(t *testing.T) {
	t.Parallel()
	b := pricing.Default()
	if _, err := b.Price(pricing.KinesisShardHour, "mars-1"); err == nil || err.Error() != `pricing: no price of kinesis-shard-hour in region "mars-1" is known` {
		t.Errorf("a price on Mars: %v", err)
	}
	p, err := b.Price(pricing.KinesisPutUnit, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.String(), "$0.014 per 1000000 × PUT payload unit of 25 KB (us-east-1, as of October 2026)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPutUnits(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]int64{0: 1, 1: 1, 25600: 1, 25601: 2, 1 << 20: 41} {
		if got := pricing.PutUnits(bytes); got != want {
			t.Errorf("%d bytes: got %d units, want %d", bytes, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	_, err := pricing.Parse("# a comment\n\na,b,c\nx,*,-1,1,u,2026-10,s\nx,*,1,0,u,2026-10,s\nx,*,1,1,u,October,s\nx,*,1,1,,2026-10,s\nx,*,1,1,u,2026-10,s, and more\nx,*,1,1,u,2026-10,s\nx,*,NaN,1,u,2026-10,s\n")
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"line 3: 3 fields, want 7: item,region,usd,per,unit,year-month,source",
		`line 4: usd: "-1" is no price`,
		`line 5: per: "0" is no number of units`,
		`line 6: year-month: "October" is not like 2026-10`,
		"line 7: unit is empty",
		"line 9: x in * has a price already",
		`line 10: usd: "NaN" is no price`,
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Fatalf("got %d complaints, want %d:\n%v", len(got), len(want), err)
	}
	for i := range want {
		if got[i] != "pricing: "+want[i] {
			t.Errorf("got  %s\nwant pricing: %s", got[i], want[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("x,*,1,1,u,2026-10,s")
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := pricing.Parse(s); (b == nil) == (err == nil) {
			t.Fatalf("neither a table nor an error, or both: %v, %v", b, err)
		}
	})
}

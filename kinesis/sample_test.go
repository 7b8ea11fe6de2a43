package kinesis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
)

// TestSampleStream samples a load that is known: 40 records in one second, 10 in others, each
// of 100 bytes with its key, plain and aggregated.
func TestSampleStream(t *testing.T) {
	for _, aggregate := range []bool{false, true} {
		t.Run(fmt.Sprint(aggregate), func(t *testing.T) {
			lake(t, 2, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				p, err := kinesis.NewProducer(cfg, "clicks", func(b []byte) string { return string(b[:3]) }, &kinesis.ProducerOptions[[]byte]{
					Aggregate: aggregate, Encode: func(b []byte) ([]byte, error) { return b, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				put := func(n int) {
					for i := range n {
						if _, err := p.Put(t.Context(), []byte(fmt.Sprintf("%03d%094d", i%20, i))); err != nil {
							t.Fatal(err)
						}
					}
					if err := p.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				put(500) // before the while
				time.Sleep(70 * time.Second)
				for i := range 50 {
					if put(10); i == 7 {
						put(30)
					}
					time.Sleep(time.Second)
				}
				got, err := kinesis.SampleStream(t.Context(), cfg, "clicks", time.Minute, nil)
				if err != nil {
					t.Fatal(err)
				}
				l := got.Load
				if got.Records != 530 || l.RecordsPerSecond < 40 || l.RecordsPerSecond > 50 || l.BytesPerRecord != 100 || l.AverageRecordsPerSecond != 9 || l.Aggregate != aggregate {
					t.Errorf("%d records, %+v", got.Records, l)
				}
				if got.Profile.Total != 530*100 || len(got.Profile.Keys) != 20 {
					t.Errorf("the profile has %d bytes of %d keys", got.Profile.Total, len(got.Profile.Keys))
				}
				if _, err := kinesis.Size(l); err != nil {
					t.Error(err)
				}
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestSampleStreamRefuses(t *testing.T) {
	lake(t, 1, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		for _, c := range []struct {
			stream string
			last   time.Duration
			want   string
		}{
			{"clicks", time.Millisecond, "the last 1ms are not from 1s to 24h0m0s"},
			{"clicks", time.Second, "nothing came in the last 1s"},
			{"nothing", time.Second, `the stream "nothing" does not exist`},
		} {
			if _, err := kinesis.SampleStream(t.Context(), cfg, c.stream, c.last, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: %v", c.stream, c.last, err)
			}
		}
	})
}

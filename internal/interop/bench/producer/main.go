// Command producer measures how many user records a kinesis.Producer puts per second of the
// process's CPU time, user and system: records of 200 bytes, aggregated, under 65,536 keys.
//
//	go run ./internal/interop/bench/producer -to discard   into a transport that acknowledges at once
//	go run ./internal/interop/bench/producer -to lake      into the in-process lake, four shards
//
// It prints each run and the median as JSON lines. The lake and the keys are made before the
// clock starts; Close's drain is in the time. Unix only: CPU time is getrusage's.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/internal/interop/bench/discard"
	"github.com/lakekit/lakekit/kinesis"
	"github.com/lakekit/lakekit/local"
)

var (
	to      = flag.String("to", "discard", "discard or lake")
	records = flag.Int("records", 3_000_000, "records of a run")
	size    = flag.Int("size", 200, "bytes of a payload")
	zipf    = flag.Bool("zipf", false, "a million keys as skewed as users are: the first has 2.6% of the records")
	plain   = flag.Bool("plain", false, "without aggregation")
	runs    = flag.Int("runs", 5, "number of runs")
	shards  = flag.Int("shards", 0, "shards of the stream (discard 1, lake 4)")
)

func main() {
	flag.Parse()
	if err := measure(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "producer:", err)
		os.Exit(1)
	}
}

type result struct {
	To           string  `json:"to"`
	Records      int     `json:"records"`
	PerSecond    int     `json:"records_per_s"`
	PerCPUSecond int     `json:"records_per_cpu_s"`
	Mallocs      float64 `json:"mallocs_per_record"`
	Bytes        float64 `json:"bytes_per_record"`
}

func measure(ctx context.Context) error {
	keys := make([]string, 1<<16)
	skewed := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.05, 4, 999_999)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%d", i)
		if *zipf {
			keys[i] = fmt.Sprintf("user-%d", skewed.Uint64())
		}
	}
	var rates []int
	for range *runs {
		r, err := run(ctx, keys)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return err
		}
		rates = append(rates, r.PerCPUSecond)
	}
	slices.Sort(rates)
	fmt.Printf(`{"to":%q,"median_records_per_cpu_s":%d}`+"\n", *to, rates[len(rates)/2])
	return nil
}

func run(ctx context.Context, keys []string) (r result, err error) {
	lake, err := local.Open(nil)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lake.Close()) }()
	n := int32(*shards)
	if n == 0 {
		n = map[string]int32{"discard": 1, "lake": 4}[*to]
	}
	cfg := lake.Config()
	if _, err := awskinesis.NewFromConfig(cfg).CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: aws.String("clicks"), ShardCount: &n}); err != nil {
		return r, err
	}
	if *to == "discard" {
		cfg.HTTPClient = discard.Client{Next: cfg.HTTPClient}
	}
	i := 0
	p, err := kinesis.NewProducer(cfg, "clicks", func([]byte) string { i++; return keys[i%len(keys)] }, &kinesis.ProducerOptions[[]byte]{Aggregate: !*plain})
	if err != nil {
		return r, err
	}
	data := bytes.Repeat([]byte{'x'}, *size)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	for range *records {
		if _, err := p.Put(ctx, data); err != nil {
			return r, err
		}
	}
	if err := p.Close(ctx); err != nil {
		return r, err
	}
	cpu, wall := cpuTime()-cpu, time.Since(start)
	runtime.ReadMemStats(&after)
	return result{
		To: *to, Records: *records,
		PerSecond: int(float64(*records) / wall.Seconds()), PerCPUSecond: int(float64(*records) / cpu.Seconds()),
		Mallocs: float64(after.Mallocs-before.Mallocs) / float64(*records),
		Bytes:   float64(after.TotalAlloc-before.TotalAlloc) / float64(*records),
	}, nil
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Command kinesisput measures how many records a server of Kinesis takes per second of its
// own CPU time: PutRecords of 500 records of 1 KB, JSON over loopback, from one client in
// another process.
//
//	go run ./internal/interop/bench/kinesisput              the local lake, started here
//	go run ./internal/interop/bench/kinesisput -endpoint http://127.0.0.1:4567 -pid 123   a peer
//
// It prints each run and the median as JSON lines. Linux only: CPU time is read from /proc.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/interop/bench/cputime"
	"github.com/lakekit/lakekit/local"
)

func main() {
	serve := flag.Bool("serve", false, "be the server: print its address, serve until the input ends")
	dir := flag.String("dir", "", "the lake's folder (a temporary one)")
	endpoint := flag.String("endpoint", "", "the peer's endpoint")
	pid := flag.Int("pid", 0, "the peer's process")
	secs := flag.Float64("seconds", 3, "length of a run")
	runs := flag.Int("runs", 5, "number of runs")
	flag.Parse()
	var err error
	if *serve {
		err = server(*dir)
	} else {
		err = measure(*endpoint, *pid, *dir, time.Duration(*secs*float64(time.Second)), *runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kinesisput:", err)
		os.Exit(1)
	}
}

func server(dir string) error {
	lake, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		return err
	}
	ln, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		return errors.Join(err, lake.Close())
	}
	fmt.Println(ln.URL())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return errors.Join(err, lake.Close())
	}
	return lake.Close()
}

func measure(endpoint string, pid int, dir string, length time.Duration, runs int) error {
	name := endpoint
	if endpoint == "" {
		name = "lakekit"
		cmd := exec.Command(os.Args[0], "-serve", "-dir", dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		defer func() {
			in.Close()
			if err := cmd.Wait(); err != nil {
				fmt.Fprintln(os.Stderr, "kinesisput: the server:", err)
			}
		}()
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			return fmt.Errorf("read the server's address: %w", err)
		}
		endpoint, pid = strings.TrimSpace(line), cmd.Process.Pid
	}
	c := client{endpoint: endpoint}
	if err := c.create(); err != nil {
		return err
	}
	body, err := putBody()
	if err != nil {
		return err
	}
	if _, err := c.put(body); err != nil { // warm
		return err
	}
	var rates []float64
	for range runs {
		r, err := c.run(body, pid, length)
		if err != nil {
			return err
		}
		r.Server = name
		rates = append(rates, r.PerCPUSecond)
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			return err
		}
	}
	slices.Sort(rates)
	fmt.Printf(`{"server":%q,"median_records_per_cpu_s":%.0f}`+"\n", name, rates[len(rates)/2])
	return nil
}

const (
	stream  = "perf"
	records = 500
	size    = 1000
)

func putBody() ([]byte, error) {
	type record struct{ Data, PartitionKey string }
	data := make([]byte, size)
	var rs []record
	for i := range records {
		_, _ = rand.Read(data) // never fails
		rs = append(rs, record{base64.StdEncoding.EncodeToString(data), fmt.Sprintf("k%d", i)})
	}
	return json.Marshal(map[string]any{"StreamName": stream, "Records": rs})
}

type client struct{ endpoint string }

func (c client) call(op string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "Kinesis_20131202."+op)
	req.Header.Set("X-Amz-Date", "20260301T000000Z")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLEAKIDEXAMP/20260301/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", op, resp.Status, b)
	}
	return b, err
}

func (c client) create() error {
	if _, err := c.call("CreateStream", fmt.Appendf(nil, `{"StreamName":%q,"ShardCount":4}`, stream)); err != nil {
		return err
	}
	for range 100 {
		b, err := c.call("DescribeStream", fmt.Appendf(nil, `{"StreamName":%q}`, stream))
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte(`"ACTIVE"`)) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the stream does not become ACTIVE")
}

func (c client) put(body []byte) (failed int, err error) {
	b, err := c.call("PutRecords", body)
	if err != nil {
		return 0, err
	}
	var out struct{ FailedRecordCount int }
	return out.FailedRecordCount, json.Unmarshal(b, &out)
}

type result struct {
	Server       string  `json:"server"`
	Records      int     `json:"records"`
	Failed       int     `json:"failed"`
	PerSecond    float64 `json:"records_per_s"`
	PerCPUSecond float64 `json:"records_per_cpu_s"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	RSS          int     `json:"rss_mb"`
}

func (c client) run(body []byte, pid int, length time.Duration) (r result, err error) {
	before, err := cputime.Of(pid)
	if err != nil {
		return r, err
	}
	var took []time.Duration
	start := time.Now()
	for time.Since(start) < length {
		t := time.Now()
		failed, err := c.put(body)
		if err != nil {
			return r, err
		}
		took = append(took, time.Since(t))
		r.Failed += failed
		r.Records += records - failed
	}
	wall := time.Since(start)
	after, err := cputime.Of(pid)
	if err != nil {
		return r, err
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	r.PerSecond = float64(int(float64(r.Records) / wall.Seconds()))
	r.PerCPUSecond = float64(int(float64(r.Records) / (after - before).Seconds()))
	r.P50, r.P99 = ms(took[len(took)/2]), ms(took[len(took)*99/100])
	r.RSS, err = rss(pid)
	return r, err
}

func rss(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			return kb / 1024, err
		}
	}
	return 0, nil
}

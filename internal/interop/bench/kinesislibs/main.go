// Command kinesislibs measures the CPU time that the consumer and the producer take for a record,
// against Amazon's libraries for Java on the same stream of a local lake in a process of its own.
//
//	go run ./internal/interop/bench/kinesislibs -what consume   aggregated records: the consumer and the KCL 3.5.1, polling over http
//	go run ./internal/interop/bench/kinesislibs -what produce   aggregating: the producer and the KPL 1.1.1, its daemon included, over https
//
// Runs alternate; the records before -warm do not count, so that the JVM has compiled what it
// runs. It prints each run and the medians as JSON lines. Linux only; internal/interop/kcl/fetch.sh
// gets the libraries, and a JDK compiles the programs beside this file.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/interop/bench/cputime"
)

const (
	streamName = "perf"
	keyCount   = 100_000
	// The lake does not limit what a shard takes and gives. The KPL keeps itself to 1.5 MB a second
	// of each; the KCL reads ahead up to 30 MiB of each, and its heap must hold that.
	produceShards = 32
	consumeShards = 8
)

func main() {
	role := flag.String("role", "", "be a part of it: serve, consume or produce")
	what := flag.String("what", "", "what to measure: consume or produce")
	runs := flag.Int("runs", 5, "runs of each library")
	warm := flag.Int("warm", 1_000_000, "records before the measurement")
	records := flag.Int("records", 2_000_000, "records measured")
	size := flag.Int("size", 200, "bytes of a record, 8 at least")
	flag.Parse()
	var err error
	switch {
	case *role == "serve":
		err = serve()
	case *role == "consume":
		err = consume(flag.Arg(0), flag.Arg(1))
	case *role == "produce":
		err = produce(flag.Arg(0), flag.Arg(1), flag.Arg(2), *size)
	case *what == "consume", *what == "produce":
		err = measure(*what, *runs, *warm, *records, *size)
	default:
		err = errors.New("usage: kinesislibs -what consume|produce")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kinesislibs:", err)
		os.Exit(1)
	}
}

type result struct {
	Library      string  `json:"library"`
	PerSecond    float64 `json:"records_per_s"`
	PerCPUSecond float64 `json:"records_per_cpu_s"`
}

func measure(what string, runs, warm, records, size int) (err error) {
	dir, err := os.MkdirTemp("", "kinesislibs")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	srv, err := startServer()
	if err != nil {
		return err
	}
	defer srv.stop()
	libraries, err := programs(what, size, srv, dir)
	if err != nil {
		return err
	}
	if what == "consume" {
		if err := srv.fill(warm+records, size); err != nil {
			return err
		}
	}
	rates := map[string][]float64{}
	for i := range runs {
		for _, lib := range libraries {
			if what == "produce" {
				if err := srv.newStream(); err != nil {
					return err
				}
			}
			r, err := run(lib.command(i), warm, records)
			if err != nil {
				return fmt.Errorf("%s: %w", lib.name, err)
			}
			r.Library = lib.name
			rates[lib.name] = append(rates[lib.name], r.PerCPUSecond)
			if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
				return err
			}
		}
	}
	median := func(name string) float64 { slices.Sort(rates[name]); return rates[name][len(rates[name])/2] }
	ours, theirs := median(libraries[0].name), median(libraries[1].name)
	fmt.Printf(`{"median_records_per_cpu_s":{%q:%.0f,%q:%.0f},"ratio":%.2f}`+"\n", libraries[0].name, ours, libraries[1].name, theirs, ours/theirs)
	return nil
}

type library struct {
	name    string
	command func(run int) *exec.Cmd
}

// programs gives ours and theirs.
func programs(what string, size int, srv *server, dir string) ([]library, error) {
	_, file, _, _ := runtime.Caller(0)
	source, folder := "Consume.java", "kcl-3.5.1"
	if what == "produce" {
		source, folder = "Produce.java", "kpl-1.1.1"
	}
	jars := filepath.Join(cache(), folder, "*")
	out, err := exec.Command("javac", "-proc:none", "-nowarn", "-d", dir, "-cp", jars, filepath.Join(filepath.Dir(file), source)).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("javac %s: %w (internal/interop/kcl/fetch.sh gets the libraries)\n%s", source, err, out)
	}
	java := func(args ...string) *exec.Cmd {
		cmd := exec.Command("java", append([]string{"-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", dir + string(os.PathListSeparator) + jars}, args...)...)
		cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
		return cmd
	}
	if what == "consume" {
		return []library{
			{"lakekit", func(i int) *exec.Cmd {
				return exec.Command(os.Args[0], "-role", "consume", srv.http, fmt.Sprintf("ours-%d", i))
			}},
			{"kcl-3.5.1", func(i int) *exec.Cmd { return java("Consume", srv.http, streamName, fmt.Sprintf("theirs-%d", i)) }},
		}, nil
	}
	port := srv.https[strings.LastIndexByte(srv.https, ':')+1:]
	return []library{
		{"lakekit", func(int) *exec.Cmd {
			return exec.Command(os.Args[0], "-role", "produce", "-size", strconv.Itoa(size), srv.https, srv.ca, srv.stream)
		}},
		{"kpl-1.1.1", func(int) *exec.Cmd {
			return java("Produce", port, srv.stream, strconv.Itoa(size), strconv.Itoa(keyCount), dir)
		}},
	}, nil
}

func cache() string {
	if dir := os.Getenv("LAKEKIT_CACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "lakekit")
	}
	return filepath.Join(os.Getenv("HOME"), ".cache", "lakekit")
}

// run runs a program that prints how many records it is through with, until it is through with
// all.
func run(cmd *exec.Cmd, warm, records int) (r result, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return r, err
	}
	defer func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // killed
	}()
	var first int
	var began time.Time
	var used time.Duration
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, _, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(word)
		if err != nil {
			return r, fmt.Errorf("it printed %q", lines.Text())
		}
		switch {
		case n >= warm && first == 0:
			first, began = n, time.Now()
			if used, err = cputime.Of(cmd.Process.Pid); err != nil {
				return r, err
			}
		case first > 0 && n >= warm+records:
			wall := time.Since(began)
			after, err := cputime.Of(cmd.Process.Pid)
			if err != nil {
				return r, err
			}
			r.PerSecond = float64(int(float64(n-first) / wall.Seconds()))
			r.PerCPUSecond = float64(int(float64(n-first) / (after - used).Seconds()))
			return r, nil
		}
	}
	return r, errors.New("it ended")
}

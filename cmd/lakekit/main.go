// Command lakekit is what a shell needs of the library: it serves the local lake, lands
// files, queries what landed, and says how large a stream must be and how far behind its
// consumers are. Each subcommand is a thin layer over the packages; the
// answer goes to standard output, progress and errors to standard error.
//
// It exits with 0 when done, 1 when something was refused or failed, 2 when it was called
// wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // partitions in local time, in containers that have no zones
)

// env is what a subcommand has of the world.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

type command struct {
	name, args, does string
	// define adds the command's flags and gives the function to call once they are parsed.
	define func(*flag.FlagSet) func(ctx context.Context, e *env, args []string) error
}

func commands() []command {
	return []command{
		{"local", "[-listen 127.0.0.1:4566] [-tls] [-dir DIR | -mem]", "serves the local lake to any AWS client", defineLocal},
		{"land", "[-dir DIR] -table db.name [-time FIELD] [-partition TEXT] [-key FIELD] FILE...", "lands NDJSON files as a partitioned Parquet table", defineLand},
		{"query", "[-dir DIR] [-json|-csv] [-unbounded] 'SQL'", "runs a SELECT, and says what it scanned and costs on Athena", defineQuery},
		{"kinesis size", "-records-per-sec N -bytes-per-record N [-aggregate] [-consumers N] [-shards N] | -records-per-sec N FILE... | -stream NAME", "says how many shards a load needs, which limit binds, and what they cost", defineSize},
		{"kinesis lag", "[-dir DIR] -app NAME -stream NAME", "says who holds which shard and how far behind it is", defineLag},
		{"emr plan", "[-hours N] [-region R] [-prices FILE] [-accept RISKS] [-json] SPEC.json", "checks and prices a cluster given as RunJobFlow JSON (what aws emr create-cluster sends)", defineEMRPlan},
	}
}

// usageError is a call that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, &env{os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, e *env, args []string) int {
	if len(args) == 0 {
		usage(e.stderr)
		return 2
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		usage(e.stdout)
		return 0
	}
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return c.run(ctx, e, args[len(words):])
		}
	}
	name := args[0]
	if len(args) > 1 && slices.ContainsFunc(commands(), func(c command) bool { return strings.HasPrefix(c.name, name+" ") }) {
		name += " " + args[1] // the first half of it is a command's
	}
	fmt.Fprintf(e.stderr, "lakekit: there is no command %q\n", name)
	usage(e.stderr)
	return 2
}

func (c command) run(ctx context.Context, e *env, args []string) int {
	flags := flag.NewFlagSet("lakekit "+c.name, flag.ContinueOnError)
	var complaint strings.Builder
	flags.SetOutput(&complaint)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: lakekit %s %s\n\n", c.name, c.args)
		flags.PrintDefaults()
	}
	do := c.define(flags)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(e.stdout, complaint.String())
		return 0
	}
	if err != nil {
		fmt.Fprint(e.stderr, complaint.String())
		return 2
	}
	err = do(ctx, e, flags.Args())
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(e.stderr, "lakekit %s: %v\nusage: lakekit %s %s\n", c.name, err, c.name, c.args)
		return 2
	}
	fmt.Fprintf(e.stderr, "lakekit %s: %v\n", c.name, err)
	return 1
}

// plural writes "1 record" and "2 records".
func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: lakekit COMMAND [FLAGS] [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s  %s\n                lakekit %s %s\n", c.name, c.does, c.name, c.args)
	}
	fmt.Fprint(w, "\nlakekit COMMAND -h explains the flags. -dir names a durable local lake (./lake-data unless said).\n")
}

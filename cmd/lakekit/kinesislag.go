package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/lakekit/lakekit/kinesis"
)

type lagging struct {
	place       place
	app, stream string
	json        bool
}

func defineLag(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	l := &lagging{place: definePlace(flags)}
	flags.StringVar(&l.app, "app", "", "the application's `NAME`, which its lease table has too unless it was given another: then that")
	flags.StringVar(&l.stream, "stream", "", "the `NAME` of the stream that it consumes")
	flags.BoolVar(&l.json, "json", false, "write the answer as JSON")
	return func(ctx context.Context, e *env, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("%q is one argument too many", args[0])
		case l.app == "":
			return usagef("-app is missing")
		case l.stream == "":
			return usagef("-stream is missing")
		}
		return l.run(ctx, e)
	}
}

func (l *lagging) run(ctx context.Context, e *env) (err error) {
	cfg, closeLake, err := l.place.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLake()) }()
	lags, err := kinesis.Lag(ctx, cfg, l.stream, l.app)
	if err != nil {
		return err
	}
	if l.json {
		err = l.printJSON(e.stdout, lags)
	} else {
		err = printLag(e.stdout, lags)
	}
	for _, x := range lags {
		err = errors.Join(err, x.Err)
	}
	return err
}

// standing is what a shard's row says in a word.
func standing(l *kinesis.ShardLag) string {
	switch {
	case !l.Leased && !l.Known:
		return "not begun"
	case !l.Leased || l.Lease.Done():
		return "done"
	case l.Lease.HandingOver != "":
		return "handed over by " + l.Lease.HandingOver
	case l.Lease.Owner == "":
		return "free"
	}
	return "held"
}

func printLag(w io.Writer, lags []kinesis.ShardLag) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SHARD\tOWNER\tSTATE\tREACHED\tBEHIND") // a tabwriter's errors come with Flush
	var most time.Duration
	owners := map[string]bool{}
	unknown := 0
	for i := range lags {
		l := &lags[i]
		owner, reached, behind := "-", l.Lease.Checkpoint, "?"
		if l.Lease.Owner != "" {
			owner = l.Lease.Owner
			owners[owner] = true
		}
		switch at, ok := l.Lease.Reached(); {
		case ok:
			reached = at.Format(time.RFC3339)
		case l.Lease.Done() || reached == "":
			reached = "-"
		}
		switch {
		case l.Known:
			behind = l.Behind.Round(time.Millisecond).String()
			most = max(most, l.Behind)
		case !l.Leased:
			behind = "-"
		default:
			unknown++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.Lease.Shard, shown(&owner), standing(l), reached, behind)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	said := fmt.Sprintf("%s, %s, %s behind at most", plural(int64(len(lags)), "shard"), plural(int64(len(owners)), "worker"), most.Round(time.Millisecond))
	if unknown > 0 {
		said += fmt.Sprintf(" (not known of %s)", plural(int64(unknown), "shard"))
	}
	_, err := fmt.Fprintln(w, said)
	return err
}

// lagAnswer is what -json writes.
type lagAnswer struct {
	App    string        `json:"app"`
	Stream string        `json:"stream"`
	Behind int64         `json:"behind_ms"` // the most of those that are known
	Shards []shardAnswer `json:"shards"`
}

type shardAnswer struct {
	Shard       string     `json:"shard"`
	Owner       *string    `json:"owner"` // null: nobody's
	HandingOver string     `json:"handing_over,omitempty"`
	State       string     `json:"state"`
	Checkpoint  string     `json:"checkpoint,omitempty"`
	Sub         uint64     `json:"sub,omitempty"`
	Reached     *time.Time `json:"reached"`   // null: nothing yet, or not known
	Behind      *int64     `json:"behind_ms"` // null: not known
	Closed      bool       `json:"closed"`
	Error       string     `json:"error,omitempty"`
}

func (l *lagging) printJSON(w io.Writer, lags []kinesis.ShardLag) error {
	a := lagAnswer{App: l.app, Stream: l.stream, Shards: []shardAnswer{}}
	for i := range lags {
		x := &lags[i]
		s := shardAnswer{
			Shard: x.Lease.Shard, HandingOver: x.Lease.HandingOver, State: standing(x), Checkpoint: x.Lease.Checkpoint, Sub: x.Lease.Sub, Closed: x.Closed,
		}
		if x.Lease.Owner != "" {
			s.Owner = &x.Lease.Owner
		}
		if t, ok := x.Lease.Reached(); ok {
			s.Reached = &t
		}
		if x.Known {
			ms := x.Behind.Milliseconds()
			s.Behind = &ms
			a.Behind = max(a.Behind, ms)
		}
		if x.Err != nil {
			s.Error = x.Err.Error()
		}
		a.Shards = append(a.Shards, s)
	}
	return json.NewEncoder(w).Encode(a)
}

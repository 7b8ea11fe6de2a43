package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/athena"
	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/apierr"
	"github.com/lakekit/lakekit/internal/trinosql"
)

// localResults is where a local lake's results go unless -output says otherwise.
const (
	localBucket  = "lake"
	localResults = "s3://lake/query-results/"
)

type querying struct {
	place     place
	json, csv bool
	unbounded bool
	output    string
}

func defineQuery(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	q := &querying{place: definePlace(flags)}
	flags.BoolVar(&q.json, "json", false, "print a JSON object per row: numbers and booleans as such, all other types as text")
	flags.BoolVar(&q.csv, "csv", false, "print CSV: quoted as RFC 4180 says, with lines that end in LF, as in Athena's own results; NULL is empty, an empty text is quoted")
	flags.BoolVar(&q.unbounded, "unbounded", false, "run the statement even if it reads every partition, or is not understood")
	flags.StringVar(&q.output, "output", "", "where Athena puts the result, as `s3://bucket/folder/`; left out, "+localResults+" in a local lake, and what the workgroup says on AWS")
	return func(ctx context.Context, e *env, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("the SQL is missing; - reads it from standard input")
		case len(args) > 1:
			return usagef("%q is one argument too many: the SQL is one argument, in quotes, behind the flags", args[1])
		case q.json && q.csv:
			return usagef("-json and -csv contradict each other")
		case q.output != "" && !strings.HasPrefix(q.output, "s3://"):
			return usagef("-output %q is not written s3://bucket/folder/", q.output)
		}
		sql := args[0]
		if sql == "-" {
			text, err := io.ReadAll(io.LimitReader(e.stdin, trinosql.MaxBytes+1))
			if err != nil {
				return fmt.Errorf("read standard input: %w", err)
			}
			sql = string(text)
		}
		if strings.TrimSpace(sql) == "" {
			return usagef("the SQL is empty")
		}
		return q.run(ctx, e, sql)
	}
}

func (q *querying) run(ctx context.Context, e *env, sql string) (err error) {
	cfg, closeLake, err := q.place.openExisting(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLake()) }()
	if !q.unbounded {
		if err := guard(ctx, cfg, sql); err != nil {
			return err
		}
	}
	opts := &athena.ClientOptions{Output: q.output}
	if !*q.place.onAWS && q.output == "" {
		opts.Output = localResults
		if err := ensureBucket(ctx, cfg, localBucket); err != nil {
			return err
		}
	}
	client, err := athena.NewClient(cfg, opts)
	if err != nil {
		return err
	}
	run, err := client.Run(ctx, athena.SQL(sql))
	if err != nil {
		return err
	}
	if run.Kind == athenatypes.StatementTypeDdl {
		_, err := fmt.Fprintln(e.stdout, "ok")
		return err
	}
	n, err := q.print(ctx, e, run)
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stderr, cost(run, n))
	return nil
}

// guard refuses what would read every partition of a table.
func guard(ctx context.Context, cfg aws.Config, sql string) error {
	if kind, err := trinosql.Classify(sql); err == nil && (kind == trinosql.KindDropTable || kind == trinosql.KindDropDatabase) {
		return fmt.Errorf("%s takes away what others may need (-unbounded runs it)", kind)
	}
	err := athena.Check(ctx, sql, "", catalog.NewClient(cfg).Table)
	var unbounded *athena.UnboundedError
	var mistake *trinosql.Error
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &mistake) && mistake.Unsupported == "":
		return err // a mistake stays one
	case errors.As(err, &unbounded) && unbounded.Rewrite != "":
		return fmt.Errorf("%w\n\nThe statement with it gives the same rows, if they lie where the table's derivations say:\n\n%s\n\n(-unbounded runs it as it was)", err, unbounded.Rewrite)
	}
	return fmt.Errorf("%w (-unbounded runs it as it is)", err)
}

// ensureBucket makes a bucket of a local lake.
func ensureBucket(ctx context.Context, cfg aws.Config, bucket string) error {
	_, err := awss3.NewFromConfig(cfg).CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &bucket})
	if err != nil && apierr.Code(err) != "BucketAlreadyOwnedByYou" {
		return fmt.Errorf("make bucket %s: %w", bucket, err)
	}
	return nil
}

// cost says what a run scanned, and what that costs on Athena.
func cost(run *athena.Run, rows int) string {
	said := fmt.Sprintf("%s; %s scanned", plural(int64(rows), "row"), plural(run.Scanned, "byte"))
	switch p := run.Price; {
	case run.Reused:
		return said + ": the result of an earlier run, which costs nothing"
	case run.Kind != athenatypes.StatementTypeDml:
		return said
	case p.Price.Unit == "":
		return said + "; no price is known for the region"
	case run.Scanned == 0:
		return fmt.Sprintf("%s; on Athena %d MB are billed at most, a query's least (AWS does not say whether one that scans nothing pays it): $%.6f (%s)", said, p.BilledMB, p.USD, p.Price)
	default:
		return fmt.Sprintf("%s; on Athena %d MB are billed: $%.6f (%s)", said, p.BilledMB, p.USD, p.Price)
	}
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/local/duckdb"
)

const defaultDir = "lake-data"

// place says which lake a subcommand works in.
type place struct {
	dir   *string
	onAWS *bool
}

func definePlace(flags *flag.FlagSet) place {
	return place{
		dir:   flags.String("dir", defaultDir, "the local lake's `folder`"),
		onAWS: flags.Bool("aws", false, "work on AWS, or on the lake that lakekit local serves at AWS_ENDPOINT_URL, by the ambient configuration"),
	}
}

// open gives the configuration to work with, and what to call when done.
func (p place) open(ctx context.Context, e *env) (aws.Config, func() error, error) {
	return p.openOr(ctx, e, false)
}

// openExisting is for what only reads: a folder whose name has a slip is no new lake.
func (p place) openExisting(ctx context.Context, e *env) (aws.Config, func() error, error) {
	cfg, done, err := p.openOr(ctx, e, true)
	if errors.Is(err, local.ErrNoLake) {
		err = fmt.Errorf("there is no lake in %s: name the folder of one with -dir (lakekit land and lakekit local make one)", *p.dir)
	}
	return cfg, done, err
}

func (p place) openOr(ctx context.Context, e *env, existing bool) (aws.Config, func() error, error) {
	if *p.onAWS {
		cfg, err := awsconfig.LoadDefaultConfig(ctx)
		return cfg, func() error { return nil }, err
	}
	lake, err := openLake(*p.dir, existing, e)
	if err != nil {
		return aws.Config{}, nil, err
	}
	return lake.Config(), lake.Close, nil
}

// openLake opens a local lake; an empty dir means a temporary one.
func openLake(dir string, existing bool, e *env) (*local.Lake, error) {
	return local.Open(&local.Options{
		Dir:      dir,
		Existing: existing,
		Athena:   duckdb.Engine(),
		Log:      slog.New(slog.NewTextHandler(e.stderr, nil)),
	})
}

// isSet says whether a flag was given.
func isSet(flags *flag.FlagSet, name string) bool {
	set := false
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

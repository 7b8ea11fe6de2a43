package local

import (
	"net/http"

	"github.com/lakekit/lakekit/local/internal/athena"
	"github.com/lakekit/lakekit/local/internal/dynamodb"
	"github.com/lakekit/lakekit/local/internal/glue"
	"github.com/lakekit/lakekit/local/internal/kinesis"
	"github.com/lakekit/lakekit/local/internal/s3"
	"github.com/lakekit/lakekit/local/internal/service"
)

// opener opens one service in a folder of its name.
type opener struct {
	name string
	open func(service.Env) (mounted, error)
}

// openers are what a lake serves, in the order of opening: Athena stands on the others.
func (l *Lake) openers() []opener {
	var objects *s3.Service
	return []opener{
		{kinesisName, mount(kinesis.Open)},
		{s3Name, mount(func(env service.Env) (_ *s3.Service, err error) {
			objects, err = s3.Open(env)
			return objects, err
		})},
		{dynamodbName, mount(dynamodb.Open)},
		{glueName, mount(glue.Open)},
		{athenaName, mount(func(env service.Env) (*athena.Service, error) {
			return athena.Open(env, athena.Needs{Config: l.Config(), Objects: objects, Engine: l.opts.Athena})
		})},
	}
}

// AthenaEngine runs the statements of Athena over the lake's files. local/duckdb has one.
type AthenaEngine = athena.Engine

// The names of the services, which are those of their folders too.
const (
	kinesisName  = "kinesis"
	s3Name       = "s3"
	dynamodbName = "dynamodb"
	glueName     = "glue"
	athenaName   = "athena"
	firehoseName = "firehose"
)

type closer interface {
	http.Handler
	Serves(operation string) bool
	Close() error
}

func mount[S closer](open func(service.Env) (S, error)) func(service.Env) (mounted, error) {
	return func(env service.Env) (mounted, error) {
		s, err := open(env)
		if err != nil {
			return mounted{}, err
		}
		return mounted{handler: s, serves: s.Serves, close: s.Close}, nil
	}
}

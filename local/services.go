package local

import (
	"net/http"

	"github.com/lakekit/lakekit/local/internal/dynamodb"
	"github.com/lakekit/lakekit/local/internal/kinesis"
	"github.com/lakekit/lakekit/local/internal/s3"
	"github.com/lakekit/lakekit/local/internal/service"
)

// opener opens one service in a folder of its name.
type opener struct {
	name string
	open func(service.Env) (mounted, error)
}

// services are what a lake serves, in the order of opening.
func services() []opener {
	return []opener{
		{kinesisName, mount(kinesis.Open)},
		{s3Name, mount(s3.Open)},
		{dynamodbName, mount(dynamodb.Open)},
	}
}

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
	Close() error
}

func mount[S closer](open func(service.Env) (S, error)) func(service.Env) (mounted, error) {
	return func(env service.Env) (mounted, error) {
		s, err := open(env)
		if err != nil {
			return mounted{}, err
		}
		return mounted{handler: s, close: s.Close}, nil
	}
}

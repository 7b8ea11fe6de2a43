package local

import (
	"bytes"
	"io"
	"net/http"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/local/internal/kinesis"
	"github.com/lakekit/lakekit/local/internal/s3"
)

// A Call is what a request asks for, for [Effect.When]. Fields that the operation does not
// name are empty.
type Call struct {
	// Operation is what is asked for.
	Operation Operation
	// Stream is the stream's name, also where the request has its ARN or an iterator.
	Stream string
	// Shard is the shard's id: of GetShardIterator, GetRecords, SubscribeToShard and
	// resharding (the first one of a merge).
	Shard string
	// Bucket and Key are the S3 object's.
	Bucket, Key string
	// Database is the Glue database, and Table the table of Glue or DynamoDB.
	Database, Table string
	// Header is the request's header: a client that should see faults of its own can mark its
	// requests. It must not be changed.
	Header http.Header

	body   []byte // of a JSON or CBOR request, once it was read
	format awswire.Format
}

// read takes from a request what it says, and leaves it as it was.
func (c *Call) read(r *http.Request) error {
	service, _ := c.Operation.split()
	if service == s3Name {
		_, c.Bucket, c.Key = s3.Operation(r)
		return nil
	}
	var err error
	if c.body, err = io.ReadAll(r.Body); err != nil {
		return err
	}
	setBody(r, c.body)
	c.format = awswire.FormatOf(r.Header.Get("Content-Type"))
	var in struct {
		StreamName, StreamARN, ConsumerARN     string
		ShardID                                string `json:"ShardId"`
		ShardToSplit, ShardToMerge             string
		ShardIterator, DatabaseName, TableName string
	}
	// What cannot be read, and a Name that is no text, are for the service to refuse.
	_ = c.format.Decode(c.body, &in)
	switch service {
	case kinesisName:
		c.Stream, c.Shard = in.StreamName, in.ShardID+in.ShardToSplit+in.ShardToMerge
		if c.Stream == "" {
			c.Stream = kinesis.StreamOf(in.StreamARN + in.ConsumerARN)
		}
		if in.ShardIterator != "" {
			if stream, shard, ok := kinesis.IteratorPlace(in.ShardIterator); ok {
				c.Stream, c.Shard = stream, shard
			}
		}
	default:
		c.Database, c.Table = in.DatabaseName, in.TableName
		if c.Table == "" && service == glueName {
			c.Table = glueTable(c.body)
		}
	}
	return nil
}

// glueTable is the table of the operations that name it Name or in a TableInput.
func glueTable(body []byte) string {
	var in struct {
		Name       string
		TableInput struct{ Name string }
	}
	_ = awswire.FormatJSON.Decode(body, &in) // for the service to refuse
	if in.TableInput.Name != "" {
		return in.TableInput.Name
	}
	return in.Name
}

// setBody gives a request another body.
func setBody(r *http.Request, b []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Del("Content-Length")
}

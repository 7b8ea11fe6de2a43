package athena

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lakekit/lakekit/internal/vfs"
)

// result collects a query's rows in a file, as the CSV that Athena puts into S3: every
// value quoted, NULL empty.
type result struct {
	s       *Service
	x       *execution
	path    string
	file    vfs.File
	w       *bufio.Writer
	columns []Column
}

func (s *Service) newResult(x *execution) (*result, error) {
	path := filepath.Join(s.env.Dir, scratchDir, x.id)
	f, err := s.env.FS.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return &result{s: s, x: x, path: path, file: f, w: bufio.NewWriter(f)}, nil
}

// Columns writes the header.
func (r *result) Columns(cs []Column) error {
	r.columns = cs
	row := make([]*string, len(cs))
	for i := range cs {
		row[i] = &cs[i].Name
	}
	return r.Row(row)
}

// Row writes a row.
func (r *result) Row(values []*string) error {
	for i, v := range values {
		if i > 0 {
			_ = r.w.WriteByte(',') // a bufio.Writer keeps its first error
		}
		if v != nil {
			_ = r.w.WriteByte('"')
			_, _ = r.w.WriteString(strings.ReplaceAll(*v, `"`, `""`))
			_ = r.w.WriteByte('"')
		}
	}
	return r.w.WriteByte('\n')
}

// store puts the file into S3.
func (r *result) store(ctx context.Context) error {
	if err := r.w.Flush(); err != nil {
		return err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := r.s.put(ctx, r.x, r.x.output, r.file); err != nil {
		return err
	}
	// Athena puts a description of its own beside each result; programs that clean up look
	// for it.
	b, err := json.Marshal(struct{ Columns []Column }{r.columns})
	if err != nil {
		return err
	}
	return r.s.put(ctx, r.x, location{r.x.output.bucket, r.x.output.key + ".metadata"}, bytes.NewReader(b))
}

// put puts a query's output into S3.
func (s *Service) put(ctx context.Context, x *execution, to location, body io.ReadSeeker) error {
	in := &awss3.PutObjectInput{Bucket: &to.bucket, Key: &to.key, Body: body, ContentType: aws.String("application/octet-stream")}
	if e := x.encryption; e != nil {
		switch e.EncryptionOption {
		case "SSE_S3":
			in.ServerSideEncryption = s3types.ServerSideEncryptionAes256
		case "SSE_KMS":
			in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms
			in.SSEKMSKeyId = aws.String(e.KmsKey)
		default:
			return &Error{Code: "NOT_SUPPORTED", Message: "the local Athena does not encrypt results with " + e.EncryptionOption}
		}
	}
	if _, err := s.s3.PutObject(ctx, in); err != nil {
		return fmt.Errorf("write the result to %s: %w", to, err)
	}
	return nil
}

// discard removes the file.
func (r *result) discard() {
	_ = r.file.Close() // its content is in S3, or of no use
	if err := r.s.env.FS.Remove(r.path); err != nil {
		r.s.env.Log.Warn("athena: remove a result's scratch file", "error", err)
	}
}

type datum struct {
	VarCharValue *string `json:",omitempty"`
}

type resultRow struct{ Data []datum }

type columnInfo struct {
	CatalogName, SchemaName, TableName string
	Name, Label, Type                  string
	Precision, Scale                   int
	Nullable                           string
	CaseSensitive                      bool
}

type resultsInput struct {
	QueryExecutionId string //nolint:revive // the wire's name
	NextToken        string
	MaxResults       int
	QueryResultType  string
}

type resultsOutput struct {
	ResultSet struct {
		Rows              []resultRow
		ResultSetMetadata struct{ ColumnInfo []columnInfo }
	}
	UpdateCount int64
	NextToken   string `json:",omitempty"`
}

const maxPage = 1000

// results gives a page of a result, from the object in S3.
func (s *Service) results(ctx context.Context, in *resultsInput) (*resultsOutput, error) {
	s.mu.Lock()
	x, err := s.find(in.QueryExecutionId)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	state, reason, columns, output := x.state, x.reason, x.columns, x.output
	s.mu.Unlock()
	switch state {
	case succeeded:
	case queued, running:
		return nil, invalid("Query has not yet finished. Current state: %s", state)
	default:
		return nil, invalid("Query did not finish successfully. Final query state: %s (%s)", state, reason)
	}
	n := in.MaxResults
	if n == 0 {
		n = maxPage
	}
	if n < 0 || n > maxPage {
		return nil, invalid("MaxResults %d is not 1 to %d", in.MaxResults, maxPage)
	}
	out := &resultsOutput{}
	out.ResultSet.Rows, out.ResultSet.ResultSetMetadata.ColumnInfo = []resultRow{}, []columnInfo{}
	for _, c := range columns {
		out.ResultSet.ResultSetMetadata.ColumnInfo = append(out.ResultSet.ResultSetMetadata.ColumnInfo, columnInfo{
			CatalogName: "hive", Name: c.Name, Label: c.Name, Type: c.Type, Precision: c.Precision, Scale: c.Scale,
			Nullable: "UNKNOWN", CaseSensitive: c.Type == "varchar" || c.Type == "char",
		})
	}
	if len(columns) == 0 {
		return out, nil // DDL has no rows
	}
	from, err := offset(in.NextToken)
	if err != nil {
		return nil, err
	}
	return out, s.page(ctx, output, from, n, out)
}

// page reads n rows from a byte on.
func (s *Service) page(ctx context.Context, output location, from int64, n int, out *resultsOutput) error {
	object, err := s.s3.GetObject(ctx, &awss3.GetObjectInput{Bucket: &output.bucket, Key: &output.key, Range: aws.String(fmt.Sprintf("bytes=%d-", from))})
	if err != nil {
		var gone *s3types.NoSuchKey
		if errors.As(err, &gone) {
			return invalid("Could not find results at %s", output)
		}
		return err
	}
	defer object.Body.Close()
	r := &rowReader{r: bufio.NewReaderSize(object.Body, 64<<10)}
	for range n {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out.ResultSet.Rows = append(out.ResultSet.Rows, row)
	}
	if _, err := r.r.Peek(1); err == nil {
		out.NextToken = token(from + r.read)
	}
	return nil
}

// rowReader reads the CSV that result writes.
type rowReader struct {
	r    *bufio.Reader
	read int64
}

func (r *rowReader) byte() (byte, error) {
	c, err := r.r.ReadByte()
	if err == nil {
		r.read++
	}
	return c, err
}

func (r *rowReader) next() (resultRow, error) {
	var row resultRow
	c, err := r.byte()
	for {
		var d datum
		if err != nil {
			return row, err
		}
		if c == '"' {
			if d.VarCharValue, err = r.quoted(); err != nil {
				return row, err
			}
			c, err = r.byte()
			if err != nil {
				return row, io.ErrUnexpectedEOF
			}
		}
		row.Data = append(row.Data, d)
		switch c {
		case '\n':
			return row, nil
		case ',':
			c, err = r.byte()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
		default:
			return row, errors.New("the result in S3 is not one that Athena wrote")
		}
	}
}

// quoted reads a value up to its closing quote.
func (r *rowReader) quoted() (*string, error) {
	var b strings.Builder
	for {
		part, err := r.r.ReadString('"')
		r.read += int64(len(part))
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		b.WriteString(part[:len(part)-1])
		if next, err := r.r.Peek(1); err != nil || next[0] != '"' {
			text := b.String()
			return &text, nil
		}
		r.read++
		_, _ = r.r.Discard(1) // it was just looked at
		b.WriteByte('"')
	}
}

package s3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// chunkReader takes the aws-chunked framing off a body:
//
//	400;chunk-signature=…CRLF 1,024 bytes CRLF … 0;chunk-signature=…CRLF trailers CRLF
//
// The signatures are optional and not checked, because the lake accepts any credentials.
type chunkReader struct {
	r *bufio.Reader
	// left is what is left of the current chunk.
	left int64
	// inChunk says that a chunk has begun whose final CRLF has not been read.
	inChunk bool
	// trailer is complete when Read has given io.EOF.
	trailer http.Header
	err     error
}

const (
	maxChunkLine = 4 << 10
	maxTrailers  = 32
)

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{r: bufio.NewReaderSize(r, 32<<10), trailer: http.Header{}}
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.err
	}
	for c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err != nil {
		c.err = early(err)
	}
	return n, nil
}

// next ends the current chunk and begins the next. It gives io.EOF behind the last.
func (c *chunkReader) next() error {
	if c.inChunk {
		var end [2]byte
		if _, err := io.ReadFull(c.r, end[:]); err != nil {
			return early(err)
		}
		if string(end[:]) != "\r\n" {
			return badChunk("a chunk is longer than its length says")
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	length, _, _ := bytes.Cut(line, []byte(";"))
	n, perr := strconv.ParseInt(string(bytes.TrimSpace(length)), 16, 64)
	if perr != nil || n < 0 || len(length) > 16 {
		return badChunk("a chunk does not begin with its length")
	}
	if n > 0 {
		c.left, c.inChunk = n, true
		return nil
	}
	return c.trailers()
}

func (c *chunkReader) trailers() error {
	for range maxTrailers {
		line, err := c.line()
		if errors.Is(err, errBodyEnds) {
			return io.EOF // signers differ in whether an empty line ends the body
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return io.EOF
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return awswire.Errorf("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		c.trailer.Add(name, strings.TrimSpace(value))
	}
	return awswire.Errorf("MalformedTrailerError", "The request has more than %d trailers.", maxTrailers)
}

// line reads up to a line feed. The end of the body in front of a line is errBodyEnds.
func (c *chunkReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := c.r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxChunkLine {
			return nil, badChunk("a line between the chunks is above 4 KiB")
		}
		switch {
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, errBodyEnds
		default:
			return nil, early(err)
		}
	}
}

// errBodyEnds is what a body gives that ends too early.
var errBodyEnds error = &awswire.Error{
	Code:    "IncompleteBody",
	Message: "You did not provide the number of bytes specified by the Content-Length HTTP header.",
}

// early replaces the end of the input where it must not be. Other errors pass.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errBodyEnds
	}
	return err
}

func badChunk(what string) error {
	return awswire.Errorf("InvalidChunkSizeError", "the aws-chunked body is damaged: %s", what)
}

package kinesis

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithy "github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxBody is the longest answer that getProtocol reads itself: maxAnswer in base64 and what is
// around it.
const maxBody = 2 * maxAnswer

// bodies are buffers for answers. Nothing of an answer points into them when they are put back.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBody is the largest buffer that is kept for another answer: they are not in the Buffer
// option's count.
const keptBody = 2 << 20

// getProtocol is the SDK's protocol, but for the plain answer to GetRecords, which is read here
// into one buffer of the right size, and from there each record's data into its own memory, as
// the SDK has it: the SDK's JSON and its growing buffer were nearly half of what a consumer of
// aggregates spent. Whatever is not the plain answer is read by the SDK,
// from the same bytes: errors, null, escapes, child shards, members that are not known here.
type getProtocol struct{ smithyhttp.ClientProtocol }

func (p getProtocol) DeserializeResponse(ctx context.Context, schema *smithy.OperationSchema, types *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable) error {
	got, ok := out.(*awskinesis.GetRecordsOutput)
	if !ok || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" || resp.ContentLength > maxBody {
		return p.ClientProtocol.DeserializeResponse(ctx, schema, types, resp, out)
	}
	buf := bodies.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= keptBody {
			bodies.Put(buf)
		}
	}()
	if resp.ContentLength > 0 {
		buf.Grow(int(resp.ContentLength) + bytes.MinRead) // with room to find the end without growing
	}
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, maxBody))
	if err == nil && buf.Len() < maxBody && parseRecords(buf.Bytes(), got) {
		return nil
	}
	body := resp.Body
	defer func() { resp.Body = body }() // whoever closes it closes the connection's
	rest := io.Reader(body)
	if err != nil {
		rest = failedReader{err}
	}
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(buf.Bytes()), rest))
	return p.ClientProtocol.DeserializeResponse(ctx, schema, types, resp, out)
}

// failedReader repeats the error that reading ended with.
type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }

// parseRecords reads a plain answer. False means that it is not one; out is as it was then.
func parseRecords(body []byte, out *awskinesis.GetRecordsOutput) bool {
	p := answerParser{b: body}
	var got awskinesis.GetRecordsOutput
	p.object(func(name []byte) bool {
		switch string(name) {
		case "MillisBehindLatest":
			if n, err := strconv.ParseInt(string(p.number()), 10, 64); err == nil && got.MillisBehindLatest == nil {
				got.MillisBehindLatest = &n
				return true
			}
		case "NextShardIterator":
			if got.NextShardIterator == nil {
				got.NextShardIterator = aws.String(string(p.text()))
				return true
			}
		case "Records":
			if got.Records == nil {
				got.Records = p.records()
				return got.Records != nil
			}
		}
		return false
	})
	p.space()
	if p.bad || p.i != len(p.b) {
		return false
	}
	if got.MillisBehindLatest != nil {
		out.MillisBehindLatest = got.MillisBehindLatest
	}
	if got.NextShardIterator != nil {
		out.NextShardIterator = got.NextShardIterator
	}
	if got.Records != nil {
		out.Records = got.Records
	}
	return true
}

// answerParser goes through an answer. What it does not take sets bad, for good.
type answerParser struct {
	b   []byte
	i   int
	bad bool
}

// records reads a list that is not empty.
func (p *answerParser) records() []kinesistypes.Record {
	p.expect('[')
	var rs []kinesistypes.Record
	for !p.bad {
		r, ok := p.record()
		if !ok {
			break
		}
		rs = append(rs, r)
		if p.next() == ']' {
			p.i++
			return rs
		}
		p.expect(',')
	}
	p.bad = true
	return nil
}

func (p *answerParser) record() (r kinesistypes.Record, ok bool) {
	p.object(func(name []byte) bool {
		switch string(name) {
		case "ApproximateArrivalTimestamp":
			n, err := strconv.ParseFloat(string(p.number()), 64)
			if err != nil || r.ApproximateArrivalTimestamp != nil {
				return false
			}
			at := new(time.Time)
			*at = smithytime.ParseEpochSeconds(n)
			r.ApproximateArrivalTimestamp = at
		case "Data":
			// Base64 takes nothing that a string must not have but for line ends.
			text := p.quoted()
			if r.Data != nil || p.bad || bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
				return false
			}
			data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
			n, err := base64.StdEncoding.Decode(data, text)
			if err != nil {
				return false
			}
			r.Data = data[:n]
		case "EncryptionType":
			if r.EncryptionType != "" {
				return false
			}
			r.EncryptionType = kinesistypes.EncryptionType(p.text())
		case "PartitionKey":
			if r.PartitionKey != nil {
				return false
			}
			r.PartitionKey = aws.String(string(p.text()))
		case "SequenceNumber":
			if r.SequenceNumber != nil {
				return false
			}
			r.SequenceNumber = aws.String(string(p.text()))
		default:
			return false
		}
		return true
	})
	return r, !p.bad
}

// object reads an object with at least one member; member reads a value and says whether it
// takes it.
func (p *answerParser) object(member func(name []byte) bool) {
	p.expect('{')
	for !p.bad {
		name := p.text()
		p.expect(':')
		if p.bad || !member(name) {
			break
		}
		if p.next() == '}' {
			p.i++
			return
		}
		p.expect(',')
	}
	p.bad = true
}

func (p *answerParser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\n' || p.b[p.i] == '\r' || p.b[p.i] == '\t') {
		p.i++
	}
}

// next is the byte that the next token begins with, 0 at the end.
func (p *answerParser) next() byte {
	p.space()
	if p.i == len(p.b) {
		return 0
	}
	return p.b[p.i]
}

func (p *answerParser) expect(c byte) {
	if p.next() != c {
		p.bad = true
		return
	}
	p.i++
}

// text reads a string without escapes.
func (p *answerParser) text() []byte {
	t := p.quoted()
	for _, c := range t {
		if c < ' ' || c == '\\' {
			p.bad = true
			return nil
		}
	}
	return t
}

// quoted reads up to the next quotation mark. What lies before it is not checked.
func (p *answerParser) quoted() []byte {
	p.expect('"')
	if p.bad {
		return nil
	}
	rest := p.b[p.i:]
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		p.bad = true
		return nil
	}
	p.i += n + 1
	return rest[:n]
}

// number reads a number as JSON writes it.
func (p *answerParser) number() []byte {
	p.space()
	from := p.i
	digits := func() int {
		at := p.i
		for p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9' {
			p.i++
		}
		return p.i - at
	}
	is := func(c byte) bool { return p.i < len(p.b) && p.b[p.i] == c }
	n := digits()
	ok := n == 1 || n > 1 && p.b[from] != '0'
	if is('.') {
		p.i++
		ok = digits() > 0 && ok
	}
	if is('e') || is('E') {
		p.i++
		if is('+') || is('-') {
			p.i++
		}
		ok = digits() > 0 && ok
	}
	if !ok {
		p.bad = true
	}
	return p.b[from:p.i]
}

package s3

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

// keptHeaders are stored with an object and answered by GET and HEAD.
func keptHeaders() []string {
	return []string{
		"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
		"X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location",
		"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
		"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "X-Amz-Server-Side-Encryption-Context",
	}
}

const (
	metaPrefix  = "X-Amz-Meta-"
	maxUserMeta = 2 << 10
	encryption  = "X-Amz-Server-Side-Encryption"
	kmsKey      = "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"
)

// attributes are what a put says of an object besides its bytes.
type attributes struct {
	header, meta map[string]string
	tags         []tag
}

func readAttributes(h http.Header) (*attributes, error) {
	a := &attributes{header: map[string]string{}}
	for _, name := range keptHeaders() {
		if v := h.Get(name); v != "" {
			a.header[name] = v
		}
	}
	if enc := withoutChunked(a.header["Content-Encoding"]); enc != "" {
		a.header["Content-Encoding"] = enc
	} else {
		delete(a.header, "Content-Encoding")
	}
	if err := checkKept(a.header); err != nil {
		return nil, err
	}
	size := 0
	for name, vs := range h {
		if short, ok := strings.CutPrefix(name, metaPrefix); ok {
			if a.meta == nil {
				a.meta = map[string]string{}
			}
			v := strings.Join(vs, ",")
			a.meta[strings.ToLower(short)] = v
			size += len(short) + len(v)
		}
	}
	if size > maxUserMeta {
		e := awswire.Errorf("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
		e.Fields = map[string]any{"Size": size, "MaxSizeAllowed": maxUserMeta}
		return nil, e
	}
	var err error
	a.tags, err = readTags(h.Get("X-Amz-Tagging"))
	return a, err
}

// withoutChunked takes the framing, which is no encoding of the object, off the header.
func withoutChunked(v string) string {
	var keep []string
	for p := range strings.SplitSeq(v, ",") {
		if p = strings.TrimSpace(p); p != "" && p != "aws-chunked" {
			keep = append(keep, p)
		}
	}
	return strings.Join(keep, ",")
}

func checkKept(h map[string]string) error {
	switch c := h["X-Amz-Storage-Class"]; c {
	case "", "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR":
	case "GLACIER", "DEEP_ARCHIVE":
		return notImplemented("the storage class " + c + ", whose objects must be restored to be read")
	default:
		return awswire.Errorf("InvalidStorageClass", "The storage class you specified is not valid")
	}
	sse := h[encryption]
	switch sse {
	case "":
		h[encryption] = "AES256" // S3 encrypts every object
	case "AES256", "aws:kms", "aws:kms:dsse":
	default:
		return invalidArgument("x-amz-server-side-encryption", sse, "The encryption method specified is not supported")
	}
	if h[kmsKey] != "" && !strings.HasPrefix(sse, "aws:kms") {
		return invalidArgument("x-amz-server-side-encryption", sse,
			"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	}
	return nil
}

// readTags reads the tags of x-amz-tagging, which has the form of a query.
func readTags(text string) ([]tag, error) {
	if text == "" {
		return nil, nil
	}
	var tags []tag
	for pair := range strings.SplitSeq(text, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, kerr := url.QueryUnescape(k)
		value, verr := url.QueryUnescape(v)
		if err := errors.Join(kerr, verr); err != nil {
			return nil, invalidArgument("x-amz-tagging", text, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags = append(tags, tag{key, value})
	}
	return tags, checkTags(tags)
}

func checkTags(tags []tag) error {
	if len(tags) > 10 {
		return awswire.Errorf("BadRequest", "Object tags cannot be greater than 10")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > 128:
			return awswire.Errorf("InvalidTag", "The TagKey you have provided is invalid: it has 1 to 128 characters")
		case utf8.RuneCountInString(t.Value) > 256:
			return awswire.Errorf("InvalidTag", "The TagValue you have provided is invalid: it has up to 256 characters")
		case seen[t.Key]:
			return awswire.Errorf("InvalidTag", "Cannot provide multiple Tags with the same key")
		}
		seen[t.Key] = true
	}
	return nil
}

// condition is what a writer asks of the object that is there.
type condition struct{ ifMatch, ifNoneMatch string }

func readCondition(h http.Header) (condition, error) {
	c := condition{h.Get("If-Match"), h.Get("If-None-Match")}
	if c.ifNoneMatch != "" && c.ifNoneMatch != "*" {
		return c, fail(http.StatusNotImplemented, "NotImplemented",
			"A header you provided implies functionality that is not implemented: If-None-Match takes * only")
	}
	return c, nil
}

func (c condition) check(key string, current *object) error {
	switch {
	case c.ifNoneMatch != "" && current != nil:
		return preconditionFailed("If-None-Match")
	case c.ifMatch == "":
		return nil
	case current == nil:
		return noSuchKey(key)
	case !matches(c.ifMatch, current.ETag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// late is check at the commit of a put that passed check when it began: now another
// writer was faster.
func (c condition) late(key string, current *object) error {
	err := c.check(key, current)
	if err != nil && current != nil {
		return fail(http.StatusConflict, "ConditionalRequestConflict",
			"The conditional request cannot succeed due to a conflicting operation against this resource.")
	}
	return err
}

// matches says whether a list of entity tags, as in If-Match, has this one.
func matches(list, etag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimSpace(t)
		if t == "*" || strings.Trim(strings.TrimPrefix(t, "W/"), `"`) == etag {
			return true
		}
	}
	return false
}

// lookup gives a bucket and an object in it, nil if there is none.
func (s *Service) lookup(bucketName, key string) (*bucket, *object, error) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b, b.mu.objects.get(key), nil
}

// admit refuses a write whose condition fails when it comes. The condition is looked at again
// when the bytes are there.
func (s *Service) admit(r *http.Request, q *request) (*bucket, condition, error) {
	b, current, err := s.lookup(q.bucket, q.key)
	if err != nil {
		return nil, condition{}, err
	}
	cond, err := readCondition(r.Header)
	if err == nil {
		err = cond.check(q.key, current)
	}
	return b, cond, err
}

func (s *Service) putObject(w http.ResponseWriter, r *http.Request, q *request) error {
	b, cond, err := s.admit(r, q)
	if err != nil {
		return err
	}
	attrs, err := readAttributes(r.Header)
	if err != nil {
		return err
	}
	in, err := newBody(r, defaultAlgorithm)
	if err != nil {
		return err
	}
	id, err := s.receive(in)
	if err != nil {
		return err
	}
	o := &object{
		Key: q.key, ID: id, Size: in.n, ETag: in.etag(), Mod: time.Now().UnixMilli(),
		Header: attrs.header, Meta: attrs.meta, Tags: attrs.tags,
		Sum: checksum{Alg: in.alg.name, Value: sumText(in.sum), Type: fullObject},
	}
	err = s.commit(b, &record{Put: o}, func(current *object) error { return cond.late(q.key, current) })
	if err != nil {
		return err
	}
	writePut(w.Header(), o)
	w.WriteHeader(http.StatusOK)
	return nil
}

// writePut sets what the answer to a put says of the object.
func writePut(h http.Header, o *object) {
	h.Set("ETag", `"`+o.ETag+`"`)
	writeEncryption(h, o.Header)
	writeChecksum(h, o.Sum)
}

func writeEncryption(h http.Header, kept map[string]string) {
	for name, v := range kept {
		if strings.HasPrefix(name, encryption) {
			h.Set(name, v)
		}
	}
}

func writeChecksum(h http.Header, c checksum) {
	if c.Alg != "" {
		h.Set(checksumHeader(c.Alg), c.Value)
		h.Set("X-Amz-Checksum-Type", c.Type)
	}
}

// receive writes a payload to a file in .tmp. The file is there only when err is nil.
func (s *Service) receive(in io.Reader) (id string, err error) {
	id, f, err := s.newTemp()
	if err != nil {
		return "", storage(err)
	}
	if err := s.fill(f, in); err != nil {
		_ = s.env.FS.Remove(s.file(".tmp", id)) // or the next Open sweeps it
		return "", err
	}
	return id, nil
}

// fill writes in to f, makes it durable and closes it.
func (s *Service) fill(f vfs.File, in io.Reader) error {
	_, err := copyTo(f, in)
	if err == nil && s.env.Sync {
		if serr := f.Sync(); serr != nil {
			err = storage(serr)
		}
	}
	if cerr := f.Close(); cerr != nil && err == nil {
		err = storage(cerr)
	}
	return err
}

// copyTo is [io.Copy] that tells an error of the lake's disk from one of the client's.
func copyTo(f io.Writer, in io.Reader) (n int64, err error) {
	size := int64(64 << 10)
	if b, ok := in.(*body); ok {
		size = max(512, min(size, b.size+1)) // one more, to meet the end in few reads
	}
	buf := make([]byte, size)
	for {
		m, rerr := in.Read(buf)
		if m > 0 {
			k, werr := f.Write(buf[:m])
			n += int64(k)
			if werr != nil {
				return n, storage(werr)
			}
		}
		if errors.Is(rerr, io.EOF) {
			return n, nil
		}
		if rerr != nil {
			var e *awswire.Error
			if !errors.As(rerr, &e) {
				rerr = fmt.Errorf("read the request: %w", rerr)
			}
			return n, rerr
		}
	}
}

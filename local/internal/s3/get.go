package s3

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

// openObject gives an object and its bytes. What is put later does not change them.
func (s *Service) openObject(bucketName, key string) (*object, vfs.File, error) {
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	o := b.mu.objects.get(key)
	if o == nil {
		return nil, nil, noSuchKey(key)
	}
	f, err := s.env.FS.OpenFile(s.objectFile(bucketName, key), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fail(http.StatusInternalServerError, "InternalError",
			"the file of this object was removed from the lake's folder by hand; delete the object or put it again: %v", err)
	}
	if err != nil {
		return nil, nil, storage(err)
	}
	return o, f, nil
}

// getObject serves GET and HEAD.
func (s *Service) getObject(w http.ResponseWriter, r *http.Request, q *request) error {
	o, f, err := s.openObject(q.bucket, q.key)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := readConditions(w, r.Header, o); err != nil {
		return err
	}
	rng, err := s.wanted(r, q, o)
	if err != nil {
		return err
	}
	h := w.Header()
	writeObject(h, o)
	if err := overrides(h, q.query); err != nil {
		return err
	}
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && (!rng.partial || rng.n == o.Size) {
		writeChecksum(h, o.Sum)
	}
	h.Set("Content-Length", strconv.FormatInt(rng.n, 10))
	status := http.StatusOK
	if rng.partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(rng.from, 10)+"-"+strconv.FormatInt(rng.from+rng.n-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		if rng.parts > 0 {
			h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(rng.parts))
		}
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return nil
	}
	if _, err := f.Seek(rng.from, io.SeekStart); err != nil {
		return storage(err)
	}
	w.WriteHeader(status)
	// What goes wrong now cannot be said any more: the client sees a body that is too short.
	if _, err := io.CopyN(w, f, rng.n); err != nil {
		s.env.Log.Debug("s3: send an object", "bucket", q.bucket, "key", q.key, "error", err)
	}
	return nil
}

func writeObject(h http.Header, o *object) {
	h.Set("ETag", `"`+o.ETag+`"`)
	h.Set("Last-Modified", o.modified().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	for name, v := range o.Header {
		switch {
		case name == "X-Amz-Storage-Class" && v == "STANDARD":
		case name == "X-Amz-Server-Side-Encryption-Context":
		default:
			h.Set(name, v)
		}
	}
	for name, v := range o.Meta {
		h[strings.ToLower(metaPrefix)+name] = []string{v} // S3 sends these in lower case, and boto3 shows them as sent
	}
	if len(o.Tags) > 0 {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(o.Tags)))
	}
}

// overrides are the response-… parameters, which a presigned address carries.
func overrides(h http.Header, q url.Values) error {
	for _, name := range []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"} {
		if v := q.Get("response-" + strings.ToLower(name)); v != "" {
			if strings.ContainsAny(v, "\r\n") {
				return invalidArgument("response-"+strings.ToLower(name), "", "Header value cannot be represented using ISO-8859-1.")
			}
			h.Set(name, v)
		}
	}
	return nil
}

// readConditions are a reader's conditions, with HTTP's rule that entity tags win over
// times.
func readConditions(w http.ResponseWriter, h http.Header, o *object) error {
	mod := o.modified().Truncate(time.Second)
	if v := h.Get("If-Match"); v != "" {
		if !matches(v, o.ETag) {
			return preconditionFailed("If-Match")
		}
	} else if t, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && mod.After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	unchanged := false
	if v := h.Get("If-None-Match"); v != "" {
		unchanged = matches(v, o.ETag)
	} else if t, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil {
		unchanged = !mod.After(t)
	}
	if unchanged {
		w.Header().Set("ETag", `"`+o.ETag+`"`)
		w.Header().Set("Last-Modified", mod.Format(http.TimeFormat))
		return fail(http.StatusNotModified, "NotModified", "Not Modified")
	}
	return nil
}

// span is the part of an object that is wanted.
type span struct {
	from, n int64
	partial bool
	// parts is how many the object has when one of them was asked for by number.
	parts int
}

func (s *Service) wanted(r *http.Request, q *request, o *object) (span, error) {
	text := r.Header.Get("Range")
	number := q.query.Get("partNumber")
	switch {
	case number != "" && text != "":
		return span{}, invalid("Cannot specify both Range header and partNumber query parameter")
	case number != "":
		return partSpan(number, o)
	case text != "":
		return parseRange(text, o.Size)
	}
	return span{n: o.Size}, nil
}

func partSpan(number string, o *object) (span, error) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > maxParts {
		return span{}, invalidArgument("partNumber", number, "Part number must be an integer between 1 and 10000, inclusive")
	}
	if len(o.Parts) == 0 && n == 1 {
		return span{n: o.Size, partial: o.Size > 0}, nil
	}
	var from int64
	for i, p := range o.Parts {
		if i+1 == n {
			return span{from: from, n: p.Size, partial: p.Size > 0, parts: len(o.Parts)}, nil
		}
		from += p.Size
	}
	return span{}, fail(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable")
}

// parseRange reads a Range header. As S3 does, it takes several ranges, or what is no
// range of bytes, for no range at all.
func parseRange(text string, size int64) (span, error) {
	whole := span{n: size}
	spec, ok := strings.CutPrefix(strings.TrimSpace(text), "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return whole, nil
	}
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	unsatisfiable := func() (span, error) {
		e := fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
		e.Fields = map[string]any{"RangeRequested": text, "ActualObjectSize": size}
		return span{}, e
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return whole, nil
		}
		if n == 0 || size == 0 {
			return unsatisfiable()
		}
		n = min(n, size)
		return span{from: size - n, n: n, partial: true}, nil
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return whole, nil
	}
	to := size - 1
	if last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < from {
			return whole, nil
		}
		to = min(n, to)
	}
	if from >= size {
		return unsatisfiable()
	}
	return span{from: from, n: to - from + 1, partial: true}, nil
}

func (s *Service) getObjectAttributes(w http.ResponseWriter, r *http.Request, q *request) error {
	_, o, err := s.lookup(q.bucket, q.key)
	if err != nil {
		return err
	}
	if o == nil {
		return noSuchKey(q.key)
	}
	out, err := attributesOf(o, r.Header)
	if err != nil {
		return err
	}
	w.Header().Set("Last-Modified", o.modified().Format(http.TimeFormat))
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
	"github.com/lakekit/lakekit/internal/vfs"
)

const maxCopy = 5 << 30

// openSource opens the object that x-amz-copy-source names, if its conditions hold.
func (s *Service) openSource(h http.Header) (*object, vfs.File, string, error) {
	text := h.Get("X-Amz-Copy-Source")
	path, query, _ := strings.Cut(text, "?")
	path, err := url.PathUnescape(path)
	from, key, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !ok || key == "" || strings.HasPrefix(from, "arn:") {
		return nil, nil, "", invalidArgument("x-amz-copy-source", text, "Invalid copy source object key: it is bucket/key, URL-encoded")
	}
	if v := strings.TrimPrefix(query, "versionId="); v != "" && v != "null" {
		return nil, nil, "", invalidArgument("x-amz-copy-source", text, "Invalid version id specified: the local lake's buckets have no versions")
	}
	o, f, err := s.openObject(from, key)
	if err != nil {
		return nil, nil, "", err
	}
	if err := copyConditions(h, o); err != nil {
		_ = f.Close() // it was only read
		return nil, nil, "", err
	}
	return o, f, from, nil
}

func copyConditions(h http.Header, o *object) error {
	const prefix = "X-Amz-Copy-Source-"
	mod := o.modified().Truncate(time.Second)
	ifMatch := h.Get(prefix + "If-Match")
	if ifMatch != "" && !matches(ifMatch, o.ETag) {
		return preconditionFailed("x-amz-copy-source-If-Match")
	}
	if t, err := http.ParseTime(h.Get(prefix + "If-Unmodified-Since")); err == nil && ifMatch == "" && mod.After(t) {
		return preconditionFailed("x-amz-copy-source-If-Unmodified-Since")
	}
	ifNone := h.Get(prefix + "If-None-Match")
	if ifNone != "" && matches(ifNone, o.ETag) {
		return preconditionFailed("x-amz-copy-source-If-None-Match")
	}
	if t, err := http.ParseTime(h.Get(prefix + "If-Modified-Since")); err == nil && ifNone == "" && !mod.After(t) {
		return preconditionFailed("x-amz-copy-source-If-Modified-Since")
	}
	return nil
}

// directive reads a header that says COPY or REPLACE.
func directive(h http.Header, name string) (replace bool, err error) {
	switch v := h.Get(name); v {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, invalidArgument(strings.ToLower(name), v, "Unknown %s: it is COPY or REPLACE", strings.ToLower(name))
	}
}

func (s *Service) copyObject(w http.ResponseWriter, r *http.Request, q *request) error {
	b, cond, err := s.admit(r, q)
	if err != nil {
		return err
	}
	src, f, from, err := s.openSource(r.Header)
	if err != nil {
		return err
	}
	defer f.Close()
	attrs, err := copiedAttributes(r.Header, src, from == q.bucket && src.Key == q.key)
	if err != nil {
		return err
	}
	if src.Size > maxCopy {
		return invalid("The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxCopy))
	}
	alg, chosen, err := headerAlgorithm(r.Header, "X-Amz-Checksum-Algorithm")
	if err != nil {
		return err
	}
	if !chosen {
		if alg, chosen = findAlgorithm(src.Sum.Alg); !chosen {
			alg, _ = findAlgorithm(defaultAlgorithm)
		}
	}
	in := plainBody(f, src.Size, alg)
	id, err := s.receive(in)
	if err != nil {
		return err
	}
	o := &object{
		Key: q.key, ID: id, Size: in.n, ETag: in.etag(), Mod: time.Now().UnixMilli(),
		Header: attrs.header, Meta: attrs.meta, Tags: attrs.tags,
		Sum: checksum{Alg: alg.name, Value: sumText(in.sum), Type: fullObject},
	}
	err = s.commit(b, &record{Put: o}, func(current *object) error { return cond.late(q.key, current) })
	if err != nil {
		return err
	}
	writeEncryption(w.Header(), o.Header)
	var out struct {
		XMLName xml.Name `xml:"CopyObjectResult"`
		copyXML
		ChecksumType string
	}
	out.copyXML, out.ChecksumType = makeCopyXML(o.ETag, o.Mod, o.Sum.Alg, o.Sum.Value), o.Sum.Type
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// copiedAttributes are the copy's, by the request's directives.
func copiedAttributes(h http.Header, src *object, onItself bool) (*attributes, error) {
	given, err := readAttributes(h)
	if err != nil {
		return nil, err
	}
	replaceMeta, err := directive(h, "X-Amz-Metadata-Directive")
	if err != nil {
		return nil, err
	}
	replaceTags, err := directive(h, "X-Amz-Tagging-Directive")
	if err != nil {
		return nil, err
	}
	asked := h.Get("X-Amz-Storage-Class") != "" || h.Get(encryption) != "" || h.Get("X-Amz-Website-Redirect-Location") != "" || h.Get("X-Amz-Checksum-Algorithm") != ""
	if onItself && !replaceMeta && !replaceTags && !asked {
		return nil, invalid("This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
			"metadata, storage class, website redirect location or encryption attributes.")
	}
	a := &attributes{header: given.header, meta: given.meta, tags: given.tags}
	if !replaceMeta {
		a.meta = src.Meta
		for _, name := range keptHeaders() {
			// The storage class, the encryption and the redirection are the copy's own.
			if v := src.Header[name]; v != "" && !strings.HasPrefix(name, "X-Amz-") {
				a.header[name] = v
			}
		}
	}
	if !replaceTags {
		a.tags = src.Tags
	}
	return a, nil
}

type copyXML struct {
	LastModified string
	ETag         string
	sumsXML
}

func makeCopyXML(etag string, mod int64, alg, sum string) copyXML {
	return copyXML{LastModified: xmlTime(mod), ETag: `"` + etag + `"`, sumsXML: makeSums(alg, sum)}
}

func (s *Service) uploadPartCopy(w http.ResponseWriter, r *http.Request, q *request) error {
	n, err := partNumber(q)
	if err != nil {
		return err
	}
	b, u, err := s.upload(q)
	if err != nil {
		return err
	}
	src, f, _, err := s.openSource(r.Header)
	if err != nil {
		return err
	}
	defer f.Close()
	rng := span{n: src.Size}
	if text := r.Header.Get("X-Amz-Copy-Source-Range"); text != "" {
		if rng, err = copyRange(text, src.Size); err != nil {
			return err
		}
	}
	if rng.n > maxCopy {
		return invalid("The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxCopy))
	}
	if _, err := f.Seek(rng.from, io.SeekStart); err != nil {
		return storage(err)
	}
	alg, _ := findAlgorithm(u.Alg)
	p, err := s.storePart(b, u, n, plainBody(io.LimitReader(f, rng.n), rng.n, alg))
	if err != nil {
		return err
	}
	writeEncryption(w.Header(), u.Header)
	var out struct {
		XMLName xml.Name `xml:"CopyPartResult"`
		copyXML
	}
	out.copyXML = makeCopyXML(p.ETag, p.Mod, p.Alg, p.Sum)
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// copyRange reads bytes=first-last, which must lie in the source.
func copyRange(text string, size int64) (span, error) {
	spec, ok := strings.CutPrefix(text, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	from, ferr := strconv.ParseInt(first, 10, 64)
	to, terr := strconv.ParseInt(last, 10, 64)
	if !ok || !dash || ferr != nil || terr != nil || from < 0 || to < from {
		return span{}, invalidArgument("x-amz-copy-source-range", text,
			"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	if to >= size {
		return span{}, invalidArgument("x-amz-copy-source-range", text, "Range specified is not valid for source object of size: %d", size)
	}
	return span{from: from, n: to - from + 1, partial: true}, nil
}

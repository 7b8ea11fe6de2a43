package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

type completeXML struct {
	XMLName xml.Name          `xml:"CompleteMultipartUpload"`
	Parts   []completePartXML `xml:"Part"`
}

type completePartXML struct {
	PartNumber int
	ETag       string
	sumsXML
}

// completion is a request to complete an upload.
type completion struct {
	parts []completePartXML
	cond  condition
	// size is x-amz-mp-object-size; -1 means that it was not given.
	size int64
	// alg and sum are the checksum that the object should have, if one was given.
	alg algorithm
	sum string
	typ string
}

func readCompletion(r *http.Request) (*completion, error) {
	c := &completion{size: -1, typ: r.Header.Get("X-Amz-Checksum-Type")}
	var err error
	if c.cond, err = readCondition(r.Header); err != nil {
		return nil, err
	}
	// The checksum in the headers is the object's, not this document's.
	value := ""
	for _, a := range algorithms() {
		if v := r.Header.Get(a.header()); v != "" {
			if value != "" {
				return nil, invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
			}
			c.alg, value = a, v
		}
	}
	if plain, _, _ := strings.Cut(value, "-"); value != "" && !c.alg.valid(plain) {
		return nil, invalid("Value for x-amz-checksum-%s header is invalid.", strings.ToLower(c.alg.name))
	}
	c.sum = value
	if v := r.Header.Get("X-Amz-Mp-Object-Size"); v != "" {
		if c.size, err = strconv.ParseInt(v, 10, 64); err != nil || c.size < 0 {
			return nil, invalidArgument("x-amz-mp-object-size", v, "x-amz-mp-object-size is not a number of bytes")
		}
	}
	doc := r.Clone(r.Context())
	for _, a := range algorithms() {
		doc.Header.Del(a.header())
	}
	in, err := newBody(doc, defaultAlgorithm)
	if err != nil {
		return nil, err
	}
	var x completeXML
	if err := awswire.ReadXML(in, maxXML, &x); err != nil {
		return nil, err
	}
	if len(x.Parts) == 0 || len(x.Parts) > maxParts {
		return nil, awswire.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: "+
			"an upload is completed with 1 to 10,000 parts, not %d", len(x.Parts))
	}
	for i, p := range x.Parts {
		if i > 0 && p.PartNumber <= x.Parts[i-1].PartNumber {
			return nil, awswire.Errorf("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
	}
	c.parts = x.Parts
	return c, nil
}

// etag is the entity tag that the object gets: it depends on the parts' tags alone.
func (c *completion) etag() (string, bool) {
	h := md5.New()
	for _, p := range c.parts {
		d, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil || len(d) != md5.Size {
			return "", false
		}
		_, _ = h.Write(d) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(c.parts)), true
}

// chosenParts finds the parts that the object is made of.
func (u *upload) chosenParts(c *completion) ([]*part, error) {
	parts := make([]*part, len(c.parts))
	for i, want := range c.parts {
		p := u.parts[want.PartNumber]
		if p == nil || p.ETag != strings.Trim(want.ETag, `"`) {
			return nil, u.invalidPart(want)
		}
		if sum := want.member(p.Alg); *sum != "" && *sum != p.Sum {
			return nil, u.invalidPart(want)
		} else if *sum == "" && u.Chosen && u.Type == composite {
			return nil, invalid("The upload was created using a %s checksum. The complete request must include the checksum for each part. "+
				"It was missing for part %d in the request.", strings.ToLower(u.Alg), want.PartNumber)
		}
		if i < len(c.parts)-1 && p.Size < minPart {
			e := awswire.Errorf("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
			e.Fields = map[string]any{"PartNumber": p.N, "ProposedSize": p.Size, "MinSizeAllowed": minPart, "ETag": p.ETag}
			return nil, e
		}
		parts[i] = p
	}
	return parts, nil
}

func (u *upload) invalidPart(want completePartXML) error {
	e := awswire.Errorf("InvalidPart", "One or more of the specified parts could not be found.  "+
		"The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
	e.Fields = map[string]any{"UploadId": u.ID, "PartNumber": want.PartNumber, "ETag": strings.Trim(want.ETag, `"`)}
	return e
}

func (s *Service) completeMultipartUpload(w http.ResponseWriter, r *http.Request, q *request) error {
	c, err := readCompletion(r)
	if err != nil {
		return err
	}
	b, u, err := s.upload(q)
	if b == nil {
		return err
	}
	if u == nil {
		return s.completeAgain(w, r, q, b, c)
	}
	if err := u.acquire(r.Context()); err != nil {
		return err
	}
	defer u.release()
	b.mu.RLock()
	current, open := b.mu.objects.get(q.key), b.mu.uploads[u.ID] != nil
	var parts []*part
	if open {
		parts, err = u.chosenParts(c)
	}
	b.mu.RUnlock()
	if !open { // another request completed or aborted it meanwhile
		return s.completeAgain(w, r, q, b, c)
	}
	if err != nil {
		return err
	}
	if err := c.cond.check(q.key, current); err != nil {
		return err
	}
	o, err := s.assemble(u, c, parts)
	if err != nil {
		return err
	}
	done := &finished{ID: u.ID, Key: u.Key, ETag: o.ETag, At: o.Mod, Sum: o.Sum}
	err = s.commit(b, &record{Put: o, Finished: done}, func(current *object) error { return c.cond.late(q.key, current) })
	if err != nil {
		return err
	}
	_ = s.env.FS.RemoveAll(s.file(".uploads", u.ID)) // or the next Open sweeps it
	writeEncryption(w.Header(), u.Header)
	s.writeCompleted(w, r, q, done)
	return nil
}

// completeAgain answers who has not heard that the upload is complete. S3 does not look
// at the conditions again, which the object itself would now break.
func (s *Service) completeAgain(w http.ResponseWriter, r *http.Request, q *request, b *bucket, c *completion) error {
	id := q.query.Get("uploadId")
	b.mu.RLock()
	done := b.mu.finished[id]
	b.mu.RUnlock()
	if etag, ok := c.etag(); done == nil || done.Key != q.key || !ok || etag != done.ETag {
		return noSuchUpload(id)
	}
	s.writeCompleted(w, r, q, done)
	return nil
}

func (s *Service) writeCompleted(w http.ResponseWriter, r *http.Request, q *request, done *finished) {
	var out struct {
		XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
		Xmlns    string   `xml:"xmlns,attr"`
		Location string
		Bucket   string
		Key      string
		ETag     string
		sumsXML
		ChecksumType string
	}
	scheme := "http"
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https"
	}
	at := url.URL{Scheme: scheme, Host: r.Host, Path: "/" + q.key}
	if hostBucket(r) == "" {
		at.Path = "/" + q.bucket + at.Path
	}
	out.Xmlns, out.Location, out.Bucket, out.Key = namespace, at.String(), q.bucket, q.key
	out.ETag, out.sumsXML, out.ChecksumType = `"`+done.ETag+`"`, makeSums(done.Sum.Alg, done.Sum.Value), done.Sum.Type
	awswire.WriteXML(w, http.StatusOK, out)
}

// assemble writes the parts one behind the other into a file in .tmp.
func (s *Service) assemble(u *upload, c *completion, parts []*part) (*object, error) {
	alg, ok := findAlgorithm(u.Alg)
	if !ok {
		return nil, fmt.Errorf("s3: upload %s: unknown checksum algorithm %q", u.ID, u.Alg)
	}
	if c.typ != "" && c.typ != u.Type {
		return nil, invalid("The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", u.Type)
	}
	if c.sum != "" && c.alg != alg {
		return nil, invalid("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(alg.name), strings.ToLower(c.alg.name))
	}
	var size int64
	for _, p := range parts {
		size += p.Size
	}
	if c.size >= 0 && c.size != size {
		return nil, invalid("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", c.size, size)
	}
	etag, ok := c.etag()
	if !ok {
		return nil, u.invalidPart(c.parts[0])
	}
	sum := alg.hash()
	joined := &joinedParts{s: s, u: u, parts: parts}
	var in io.Reader = joined
	if u.Type == fullObject {
		in = io.TeeReader(joined, sum)
	}
	id, err := s.receive(in)
	joined.close()
	if err != nil {
		return nil, err
	}
	value, err := finalSum(u, sum, parts)
	if err == nil && c.sum != "" && c.sum != value && c.sum+"-"+strconv.Itoa(len(parts)) != value {
		err = badDigest(alg)
	}
	if err != nil {
		_ = s.env.FS.Remove(s.file(".tmp", id)) // or the next Open sweeps it
		return nil, err
	}
	o := &object{
		Key: u.Key, ID: id, Size: size, ETag: etag, Mod: time.Now().UnixMilli(),
		Header: u.Header, Meta: u.Meta, Tags: u.Tags, Sum: checksum{Alg: u.Alg, Value: value, Type: u.Type},
	}
	for _, p := range parts {
		o.Parts = append(o.Parts, part{N: p.N, Size: p.Size, Alg: p.Alg, Sum: p.Sum})
	}
	return o, nil
}

// finalSum is the object's checksum: full is that of all bytes when the type wants it.
func finalSum(u *upload, full hash.Hash, parts []*part) (string, error) {
	if u.Type == fullObject {
		return sumText(full), nil
	}
	for _, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p.Sum)
		if err != nil {
			return "", fmt.Errorf("s3: upload %s, part %d: %w", u.ID, p.N, err)
		}
		_, _ = full.Write(b) // a hash never fails
	}
	return sumText(full) + "-" + strconv.Itoa(len(parts)), nil
}

// joinedParts reads the parts' files one behind the other.
type joinedParts struct {
	s     *Service
	u     *upload
	parts []*part
	f     io.ReadCloser
	left  int64
}

func (j *joinedParts) Read(p []byte) (int, error) {
	for j.left == 0 {
		j.close()
		if len(j.parts) == 0 {
			return 0, io.EOF
		}
		f, err := j.s.env.FS.OpenFile(j.s.file(".uploads", j.u.ID, j.parts[0].File), os.O_RDONLY, 0)
		if err != nil {
			return 0, storage(err)
		}
		j.f, j.left = f, j.parts[0].Size
		j.parts = j.parts[1:]
	}
	n, err := j.f.Read(p[:min(int64(len(p)), j.left)])
	j.left -= int64(n)
	if err != nil {
		return n, storage(fmt.Errorf("a part's file is too short: %w", err))
	}
	return n, nil
}

func (j *joinedParts) close() {
	if j.f != nil {
		_ = j.f.Close() // it was only read
		j.f = nil
	}
}

package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

const (
	maxParts = 10000
	// minPart is the size that every part but the last has at least.
	minPart = 5 << 20
)

func (s *Service) createMultipartUpload(w http.ResponseWriter, r *http.Request, q *request) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	attrs, err := readAttributes(r.Header)
	if err != nil {
		return err
	}
	now := time.Now()
	u := &upload{
		ID: newID(now), Key: q.key, Began: now.UnixMilli(),
		Header: attrs.header, Meta: attrs.meta, Tags: attrs.tags,
	}
	if err := u.choose(r.Header); err != nil {
		return err
	}
	if err := s.env.FS.MkdirAll(s.file(".uploads", u.ID), 0o755); err != nil {
		return storage(err)
	}
	if err := s.syncUp(s.file(".uploads")); err != nil {
		return storage(err)
	}
	b.mu.Lock()
	err = s.change(b, &record{Upload: u})
	b.mu.Unlock()
	if err != nil {
		_ = s.env.FS.RemoveAll(s.file(".uploads", u.ID)) // or the next Open sweeps it
		return err
	}
	var out struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Xmlns    string   `xml:"xmlns,attr"`
		Bucket   string
		Key      string
		UploadId string
	}
	out.Xmlns, out.Bucket, out.Key, out.UploadId = namespace, q.bucket, q.key, u.ID
	writeEncryption(w.Header(), u.Header)
	if u.Chosen {
		w.Header().Set("X-Amz-Checksum-Algorithm", u.Alg)
		w.Header().Set("X-Amz-Checksum-Type", u.Type)
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// choose settles the object's checksum.
func (u *upload) choose(h http.Header) error {
	a, ok, err := headerAlgorithm(h, "X-Amz-Checksum-Algorithm")
	if err != nil {
		return err
	}
	u.Chosen, u.Type = ok, h.Get("X-Amz-Checksum-Type")
	if !ok {
		if u.Type != "" {
			return invalid("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		a, _ = findAlgorithm(defaultAlgorithm)
	}
	u.Alg = a.name
	switch u.Type {
	case "":
		u.Type = composite
		if !a.composite {
			u.Type = fullObject
		}
	case composite, fullObject:
		if u.Type == composite && !a.composite || u.Type == fullObject && !a.full {
			return invalid("The %s checksum type cannot be used with the %s checksum algorithm.", u.Type, strings.ToLower(a.name))
		}
	default:
		return invalid("Value for x-amz-checksum-type header is invalid.")
	}
	return nil
}

// upload finds an upload in progress.
func (s *Service) upload(q *request) (*bucket, *upload, error) {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return nil, nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	u := b.mu.uploads[q.query.Get("uploadId")]
	if u == nil || u.Key != q.key {
		return b, nil, noSuchUpload(q.query.Get("uploadId"))
	}
	return b, u, nil
}

func partNumber(q *request) (int, error) {
	v := q.query.Get("partNumber")
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxParts {
		return 0, invalidArgument("partNumber", v, "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

func (s *Service) uploadPart(w http.ResponseWriter, r *http.Request, q *request) error {
	n, err := partNumber(q)
	if err != nil {
		return err
	}
	b, u, err := s.upload(q)
	if err != nil {
		return err
	}
	in, err := newBody(r, u.Alg)
	if err != nil {
		return err
	}
	if u.Chosen && in.alg.name != u.Alg {
		return invalid("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(u.Alg), strings.ToLower(in.alg.name))
	}
	p, err := s.storePart(b, u, n, in)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", `"`+p.ETag+`"`)
	h.Set(checksumHeader(p.Alg), p.Sum)
	writeEncryption(h, u.Header)
	w.WriteHeader(http.StatusOK)
	return nil
}

// storePart writes a part beside the one of the same number, which it then replaces.
func (s *Service) storePart(b *bucket, u *upload, n int, in *body) (*part, error) {
	now := time.Now()
	p := &part{N: n, Mod: now.UnixMilli(), Alg: in.alg.name, File: strconv.Itoa(n) + "-" + newID(now)}
	name := s.file(".uploads", u.ID, p.File)
	f, err := s.env.FS.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSuchUpload(u.ID) // it was aborted or completed meanwhile
	}
	if err != nil {
		return nil, storage(err)
	}
	if err := s.fill(f, in); err != nil {
		_ = s.env.FS.Remove(name) // or the next Open sweeps it
		return nil, err
	}
	p.Size, p.ETag, p.Sum = in.n, in.etag(), sumText(in.sum)
	if s.env.Sync {
		if err := s.env.FS.SyncDir(dirOf(name)); err != nil {
			return nil, storage(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.uploads[u.ID] == nil {
		_ = s.env.FS.Remove(name) // or the next Open sweeps it
		return nil, noSuchUpload(u.ID)
	}
	old := u.parts[n]
	if err := s.change(b, &record{Part: p, Of: u.ID}); err != nil {
		_ = s.env.FS.Remove(name)
		return nil, err
	}
	if old != nil && len(u.busy) == 0 { // a Complete under way may be reading it
		_ = s.env.FS.Remove(s.file(".uploads", u.ID, old.File))
	}
	return p, nil
}

// acquire waits until nobody else completes or aborts the upload.
func (u *upload) acquire(ctx context.Context) error {
	select {
	case u.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *upload) release() { <-u.busy }

func (s *Service) abortMultipartUpload(w http.ResponseWriter, r *http.Request, q *request) error {
	b, u, err := s.upload(q)
	if err != nil {
		return err
	}
	if err := u.acquire(r.Context()); err != nil {
		return err
	}
	defer u.release()
	b.mu.Lock()
	if b.mu.uploads[u.ID] == nil {
		err = noSuchUpload(u.ID)
	} else {
		err = s.change(b, &record{Abort: u.ID})
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	_ = s.env.FS.RemoveAll(s.file(".uploads", u.ID)) // or the next Open sweeps it
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type partXML struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	sumsXML
}

func (s *Service) listParts(w http.ResponseWriter, _ *http.Request, q *request) error {
	b, u, err := s.upload(q)
	if err != nil {
		return err
	}
	most, err := intParam(q.query, "max-parts", 1000)
	if err != nil {
		return err
	}
	marker, err := intParam(q.query, "part-number-marker", 1<<31-1)
	if err != nil {
		return err
	}
	if q.query.Get("part-number-marker") == "" {
		marker = 0
	}
	var out struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Xmlns                string   `xml:"xmlns,attr"`
		Bucket, Key          string
		UploadId             string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []partXML
		Initiator, Owner     *ownerXML
		StorageClass         string
		ChecksumAlgorithm    string `xml:",omitempty"`
		ChecksumType         string `xml:",omitempty"`
	}
	out.Xmlns, out.Bucket, out.Key, out.UploadId = namespace, q.bucket, q.key, u.ID
	out.PartNumberMarker, out.MaxParts = marker, most
	out.Initiator, out.Owner = s.owner(), s.owner()
	out.StorageClass = (&object{Header: u.Header}).class()
	if u.Chosen {
		out.ChecksumAlgorithm, out.ChecksumType = u.Alg, u.Type
	}
	b.mu.RLock()
	parts := u.sorted()
	b.mu.RUnlock()
	for _, p := range parts {
		if p.N <= marker {
			continue
		}
		if len(out.Part) == most {
			out.IsTruncated = most > 0
			break
		}
		out.NextPartNumberMarker = p.N
		out.Part = append(out.Part, partXML{p.N, xmlTime(p.Mod), `"` + p.ETag + `"`, p.Size, makeSums(p.Alg, p.Sum)})
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

func (s *Service) listMultipartUploads(w http.ResponseWriter, _ *http.Request, q *request) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	enc, err := encoder(q.query)
	if err != nil {
		return err
	}
	most, err := intParam(q.query, "max-uploads", 1000)
	if err != nil {
		return err
	}
	type uploadXML struct {
		Key, UploadId     string
		Initiator, Owner  *ownerXML
		StorageClass      string
		Initiated         string
		ChecksumAlgorithm string `xml:",omitempty"`
		ChecksumType      string `xml:",omitempty"`
	}
	var out struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Xmlns              string   `xml:"xmlns,attr"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIdMarker string `xml:",omitempty"`
		Prefix             string
		Delimiter          string `xml:",omitempty"`
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []uploadXML
		CommonPrefixes     []prefixXML
	}
	p := q.query
	keyMarker, idMarker := p.Get("key-marker"), p.Get("upload-id-marker")
	l := listing{prefix: p.Get("prefix"), delimiter: p.Get("delimiter")}
	out.Xmlns, out.Bucket, out.MaxUploads, out.EncodingType = namespace, q.bucket, most, p.Get("encoding-type")
	out.KeyMarker, out.UploadIdMarker = enc(keyMarker), idMarker
	out.Prefix, out.Delimiter = enc(l.prefix), enc(l.delimiter)
	b.mu.RLock()
	uploads := b.mu.uploadsOf(l.prefix)
	b.mu.RUnlock()
	lastCommon := ""
	for _, u := range uploads {
		if u.Key < keyMarker || u.Key == keyMarker && (idMarker == "" || u.ID <= idMarker) {
			continue
		}
		common := l.common(u.Key)
		if common != "" && (common == lastCommon || common == keyMarker) {
			continue
		}
		if len(out.Upload)+len(out.CommonPrefixes) == most {
			out.IsTruncated = most > 0
			break
		}
		if common != "" {
			lastCommon = common
			out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{enc(common)})
			out.NextKeyMarker, out.NextUploadIdMarker = enc(common), ""
			continue
		}
		x := uploadXML{
			Key: enc(u.Key), UploadId: u.ID, Initiator: s.owner(), Owner: s.owner(),
			StorageClass: (&object{Header: u.Header}).class(), Initiated: xmlTime(u.Began),
		}
		if u.Chosen {
			x.ChecksumAlgorithm, x.ChecksumType = u.Alg, u.Type
		}
		out.Upload = append(out.Upload, x)
		out.NextKeyMarker, out.NextUploadIdMarker = enc(u.Key), u.ID
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIdMarker = "", ""
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

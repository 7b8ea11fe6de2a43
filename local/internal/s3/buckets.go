package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lakekit/lakekit/internal/awswire"
)

const (
	namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
	// maxXML is more than any document needs: DeleteObjects has 1,000 keys of 1,024 bytes,
	// each byte perhaps an entity of six.
	maxXML = 8 << 20
)

type ownerXML struct {
	DisplayName string
	ID          string
}

func (s *Service) owner() *ownerXML {
	return &ownerXML{DisplayName: "lakekit", ID: strings.Repeat("0", 64-len(s.env.Account)) + s.env.Account}
}

// xmlTime is the form of times in XML.
func xmlTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *Service) createBucket(w http.ResponseWriter, r *http.Request, q *request) error {
	var in struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
	}
	b, err := newBody(r, defaultAlgorithm)
	if err != nil {
		return err
	}
	if b.size > 0 {
		if err := awswire.ReadXML(b, maxXML, &in); err != nil {
			return err
		}
	}
	if in.LocationConstraint != "" && in.LocationConstraint != s.env.Region {
		return awswire.Errorf("IllegalLocationConstraintException",
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to: the lake's region is %s.",
			in.LocationConstraint, s.env.Region)
	}
	if why := badBucketName(q.bucket); why != "" {
		e := awswire.Errorf("InvalidBucketName", "The specified bucket is not valid: %s.", why)
		e.Fields = map[string]any{"BucketName": q.bucket}
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.closed {
		return fail(http.StatusServiceUnavailable, "ServiceUnavailable", "the local lake is closed")
	}
	if s.mu.buckets[q.bucket] != nil {
		if s.env.Region != "us-east-1" {
			return fail(http.StatusConflict, "BucketAlreadyOwnedByYou",
				"Your previous request to create the named bucket succeeded and you already own it.")
		}
	} else if err := s.makeBucket(q.bucket); err != nil {
		return err
	}
	w.Header().Set("Location", "/"+q.bucket)
	w.WriteHeader(http.StatusOK)
	return nil
}

// makeBucket makes a bucket. The log is the last to appear, and with it the bucket exists.
func (s *Service) makeBucket(name string) error {
	if err := s.env.FS.MkdirAll(s.file(name), 0o755); err != nil {
		return storage(err)
	}
	b := &bucket{name: name}
	b.mu.state = newState()
	first := &record{Bucket: &bucketInfo{Created: time.Now().UnixMilli(), Region: s.env.Region}}
	b.mu.apply(first)
	var err error
	b.mu.log, err = createLog(s.env.FS, s.logName(name), s.env.Sync, func(yield func(*record) bool) { yield(first) })
	if err != nil {
		_ = s.env.FS.Remove(s.file(name)) // an empty folder does no harm
		return storage(err)
	}
	s.mu.buckets[name] = b
	return nil
}

// badBucketName says which of S3's rules a name breaks.
func badBucketName(name string) string {
	if len(name) < 3 || len(name) > 63 {
		return "a name has 3 to 63 characters"
	}
	alnum := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
	for i := range len(name) {
		if c := name[i]; !alnum(c) && c != '-' && c != '.' {
			return "a name has lower-case letters, digits, hyphens and dots only"
		}
	}
	switch {
	case !alnum(name[0]) || !alnum(name[len(name)-1]):
		return "a name begins and ends with a letter or a digit"
	case strings.Contains(name, ".."), strings.Contains(name, ".-"), strings.Contains(name, "-."):
		return "between two dots stands a label, which begins and ends with a letter or a digit"
	case looksLikeIP(name):
		return "a name is no IP address"
	case strings.HasPrefix(name, "xn--"), strings.HasSuffix(name, "-s3alias"), strings.HasSuffix(name, "--ol-s3"):
		return "the prefix xn-- and the suffixes -s3alias and --ol-s3 are S3's own"
	}
	return ""
}

func looksLikeIP(name string) bool {
	parts := strings.Split(name, ".")
	if len(parts) != 4 {
		return false
	}
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return false
		}
	}
	return true
}

func (s *Service) headBucket(w http.ResponseWriter, _ *http.Request, q *request) error {
	if _, err := s.bucket(q.bucket); err != nil {
		return err
	}
	w.Header().Set("X-Amz-Bucket-Region", s.env.Region)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) deleteBucket(w http.ResponseWriter, _ *http.Request, q *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.mu.buckets[q.bucket]
	if b == nil {
		return noSuchBucket(q.bucket)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.objects.n > 0 {
		e := fail(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty")
		e.Fields = map[string]any{"BucketName": q.bucket}
		return e
	}
	if err := s.env.FS.Remove(s.logName(b.name)); err != nil {
		return storage(err)
	}
	b.mu.gone = true
	delete(s.mu.buckets, b.name)
	// The bucket is gone with its log. What stays behind is empty or swept by Open.
	_ = b.mu.log.close()
	_ = s.env.FS.Remove(s.file(b.name))
	for id := range b.mu.uploads {
		_ = s.env.FS.RemoveAll(s.file(".uploads", id))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) listBuckets(w http.ResponseWriter, _ *http.Request, q *request) error {
	type bucketXML struct {
		Name, CreationDate, BucketRegion string
	}
	var out struct {
		XMLName           xml.Name    `xml:"ListAllMyBucketsResult"`
		Xmlns             string      `xml:"xmlns,attr"`
		Owner             *ownerXML   `xml:"Owner"`
		Buckets           []bucketXML `xml:"Buckets>Bucket"`
		ContinuationToken string      `xml:",omitempty"`
		Prefix            string      `xml:",omitempty"`
	}
	limit, err := intParam(q.query, "max-buckets", 10000)
	if err != nil {
		return err
	}
	if limit < 1 {
		return invalidArgument("max-buckets", q.query.Get("max-buckets"), "max-buckets is between 1 and 10,000")
	}
	out.Xmlns, out.Owner, out.Prefix = namespace, s.owner(), q.query.Get("prefix")
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(s.mu.buckets)) {
		// A token is the last name that was given.
		if !strings.HasPrefix(name, out.Prefix) || name <= q.query.Get("continuation-token") {
			continue
		}
		if len(out.Buckets) == limit {
			out.ContinuationToken = out.Buckets[limit-1].Name
			break
		}
		b := s.mu.buckets[name]
		b.mu.RLock()
		out.Buckets = append(out.Buckets, bucketXML{name, xmlTime(b.mu.info.Created), b.mu.info.Region})
		b.mu.RUnlock()
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

func (s *Service) getBucketLocation(w http.ResponseWriter, _ *http.Request, q *request) error {
	if _, err := s.bucket(q.bucket); err != nil {
		return err
	}
	var out struct {
		XMLName  xml.Name `xml:"LocationConstraint"`
		Xmlns    string   `xml:"xmlns,attr"`
		Location string   `xml:",chardata"`
	}
	out.Xmlns = namespace
	if s.env.Region != "us-east-1" { // S3 says nothing of its first region
		out.Location = s.env.Region
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// getBucketVersioning says that versioning was never turned on.
func (s *Service) getBucketVersioning(w http.ResponseWriter, _ *http.Request, q *request) error {
	if _, err := s.bucket(q.bucket); err != nil {
		return err
	}
	var out struct {
		XMLName xml.Name `xml:"VersioningConfiguration"`
		Xmlns   string   `xml:"xmlns,attr"`
	}
	out.Xmlns = namespace
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// lifecycle is as much of a configuration as is checked.
type lifecycle struct {
	XMLName xml.Name `xml:"LifecycleConfiguration"`
	Rules   []struct {
		ID     string
		Status string
		Prefix *string
		Filter *struct{}
	} `xml:"Rule"`
}

func (c *lifecycle) check() error {
	if len(c.Rules) == 0 || len(c.Rules) > 1000 {
		return awswire.Errorf("MalformedXML", "a lifecycle configuration has 1 to 1,000 rules, this one has %d", len(c.Rules))
	}
	seen := map[string]bool{}
	for i, r := range c.Rules {
		switch {
		case r.Status != "Enabled" && r.Status != "Disabled":
			return awswire.Errorf("MalformedXML", "Rule %d: Status is Enabled or Disabled", i+1)
		case (r.Prefix == nil) == (r.Filter == nil):
			return awswire.Errorf("MalformedXML", "Rule %d: it has a Filter or, in the old form, a Prefix", i+1)
		case len(r.ID) > 255:
			return invalidArgument("ID", "", "ID length should not exceed allowed limit of 255")
		case r.ID != "" && seen[r.ID]:
			return invalidArgument("ID", r.ID, "Rule ID must be unique. Found same ID for more than one rule")
		}
		seen[r.ID] = true
	}
	return nil
}

func (s *Service) putLifecycle(w http.ResponseWriter, r *http.Request, q *request) error {
	body, err := newBody(r, defaultAlgorithm)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxXML))
	if err != nil {
		return err
	}
	var conf lifecycle
	if err := awswire.ReadXML(strings.NewReader(string(text)), maxXML, &conf); err != nil {
		return err
	}
	if err := conf.check(); err != nil {
		return err
	}
	return s.setLifecycle(w, q, string(text), http.StatusOK)
}

func (s *Service) deleteLifecycle(w http.ResponseWriter, _ *http.Request, q *request) error {
	return s.setLifecycle(w, q, "", http.StatusNoContent)
}

func (s *Service) setLifecycle(w http.ResponseWriter, q *request, text string, status int) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	b.mu.Lock()
	err = s.change(b, &record{Lifecycle: &text})
	b.mu.Unlock()
	if err != nil {
		return err
	}
	w.WriteHeader(status)
	return nil
}

// getLifecycle answers with the very document that was put.
func (s *Service) getLifecycle(w http.ResponseWriter, _ *http.Request, q *request) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	b.mu.RLock()
	text := b.mu.lifecycle
	b.mu.RUnlock()
	if text == "" {
		return fail(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, text) // the client that left cannot be told
	return nil
}

func intParam(q interface{ Get(string) string }, name string, most int) (int, error) {
	v := q.Get(name)
	if v == "" {
		return most, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(v, "-") {
		return most, nil
	}
	if err != nil || n < 0 {
		return 0, invalidArgument(name, v, "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return min(int(n), most), nil
}

package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// listing is what a list request asks for.
type listing struct {
	prefix, delimiter string
	// after excludes the keys up to it. When it ends with the delimiter it is a common
	// prefix that was listed, and all keys below it are excluded too.
	after string
	max   int
}

// page is a part of a listing.
type page struct {
	objects  []*object
	prefixes []string
	// last is what the next page begins after. It is empty when there is none.
	last string
}

// list makes a page. Common prefixes are stepped over, not walked through.
func (l listing) list(x *index) page {
	var p page
	if l.max == 0 {
		return p
	}
	from := max(l.prefix, l.after)
	last := ""
	if l.after != "" && l.delimiter != "" && strings.HasSuffix(l.after, l.delimiter) && strings.HasPrefix(l.after, l.prefix) &&
		len(l.after) > len(l.prefix) && l.common(l.after) == l.after {
		next, ok := after(l.after)
		if !ok {
			return p
		}
		from = max(from, next)
	}
	for {
		skip := ""
		for o := range x.from(from) {
			if !strings.HasPrefix(o.Key, l.prefix) {
				return p
			}
			if o.Key <= l.after {
				continue
			}
			if len(p.objects)+len(p.prefixes) == l.max {
				p.last = last
				return p
			}
			if common := l.common(o.Key); common != "" {
				p.prefixes = append(p.prefixes, common)
				skip, last = common, common
				break
			}
			p.objects = append(p.objects, o)
			last = o.Key
		}
		if skip == "" {
			return p
		}
		next, ok := after(skip)
		if !ok {
			return p
		}
		from = next
	}
}

// common is the common prefix that key is listed under, or empty.
func (l listing) common(key string) string {
	if l.delimiter == "" {
		return ""
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(l.prefix)+i+len(l.delimiter)]
}

type contentXML struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
	Size              int64
	StorageClass      string
	Owner             *ownerXML
}

type prefixXML struct{ Prefix string }

type listXML struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Xmlns                 string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Delimiter             string  `xml:",omitempty"`
	StartAfter            string  `xml:",omitempty"`
	ContinuationToken     string  `xml:",omitempty"`
	NextContinuationToken string  `xml:",omitempty"`
	Marker                *string // version 1 only
	NextMarker            string  `xml:",omitempty"`
	KeyCount              *int    // version 2 only
	MaxKeys               int
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []contentXML
	CommonPrefixes        []prefixXML
}

// encoder gives the function that writes keys in the encoding asked for.
func encoder(q url.Values) (func(string) string, error) {
	switch v := q.Get("encoding-type"); v {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string {
			return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s))
		}, nil
	default:
		return nil, invalidArgument("encoding-type", v, "Invalid Encoding Method specified in Request")
	}
}

func (s *Service) listObjectsV2(w http.ResponseWriter, _ *http.Request, q *request) error {
	p := q.query
	if v := p.Get("list-type"); v != "2" {
		return invalidArgument("list-type", v, "Invalid List Type specified in Request")
	}
	l := listing{prefix: p.Get("prefix"), delimiter: p.Get("delimiter"), after: p.Get("start-after")}
	if p.Has("continuation-token") {
		token, err := base64.RawURLEncoding.DecodeString(p.Get("continuation-token"))
		if err != nil || len(token) < 2 || token[0] != '1' {
			return invalidArgument("continuation-token", p.Get("continuation-token"), "The continuation token provided is incorrect")
		}
		l.after = string(token[1:])
	}
	out := listXML{
		StartAfter: p.Get("start-after"), ContinuationToken: p.Get("continuation-token"),
		KeyCount: new(int),
	}
	var owner *ownerXML
	if p.Get("fetch-owner") == "true" {
		owner = s.owner()
	}
	got, err := s.list(q, l, &out, owner)
	if err != nil {
		return err
	}
	*out.KeyCount = len(out.Contents) + len(out.CommonPrefixes)
	if got.last != "" {
		out.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte("1" + got.last))
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// listObjects is version 1.
func (s *Service) listObjects(w http.ResponseWriter, _ *http.Request, q *request) error {
	p := q.query
	l := listing{prefix: p.Get("prefix"), delimiter: p.Get("delimiter"), after: p.Get("marker")}
	marker := l.after
	out := listXML{Marker: &marker}
	got, err := s.list(q, l, &out, s.owner())
	if err != nil {
		return err
	}
	if l.delimiter != "" { // without one the client takes the last key
		out.NextMarker = got.last
	}
	enc, err := encoder(p)
	if err != nil {
		return err
	}
	marker, out.NextMarker = enc(marker), enc(out.NextMarker)
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

// list fills in what both versions have.
func (s *Service) list(q *request, l listing, out *listXML, owner *ownerXML) (page, error) {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return page{}, err
	}
	enc, err := encoder(q.query)
	if err != nil {
		return page{}, err
	}
	if l.max, err = intParam(q.query, "max-keys", 1000); err != nil {
		return page{}, err
	}
	b.mu.RLock()
	got := l.list(&b.mu.objects)
	b.mu.RUnlock()
	out.Xmlns, out.Name, out.MaxKeys = namespace, q.bucket, l.max
	out.Prefix, out.Delimiter, out.StartAfter = enc(l.prefix), enc(l.delimiter), enc(out.StartAfter)
	out.EncodingType = q.query.Get("encoding-type")
	out.IsTruncated = got.last != ""
	for _, o := range got.objects {
		out.Contents = append(out.Contents, contentXML{
			Key: enc(o.Key), LastModified: xmlTime(o.Mod), ETag: `"` + o.ETag + `"`, Size: o.Size,
			ChecksumAlgorithm: o.Sum.Alg, ChecksumType: o.Sum.Type, StorageClass: o.class(), Owner: owner,
		})
	}
	for _, cp := range got.prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{enc(cp)})
	}
	return got, nil
}

package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// sumsXML has the member of one algorithm set.
type sumsXML struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
}

func makeSums(alg, value string) sumsXML {
	var x sumsXML
	if m := x.member(alg); m != nil {
		*m = value
	}
	return x
}

// member is the algorithm's. Nil: there is no such algorithm.
func (x *sumsXML) member(alg string) *string {
	switch alg {
	case "CRC32":
		return &x.ChecksumCRC32
	case "CRC32C":
		return &x.ChecksumCRC32C
	case "CRC64NVME":
		return &x.ChecksumCRC64NVME
	case "SHA1":
		return &x.ChecksumSHA1
	case "SHA256":
		return &x.ChecksumSHA256
	}
	return nil
}

type attributesXML struct {
	XMLName  xml.Name `xml:"GetObjectAttributesResponse"`
	Xmlns    string   `xml:"xmlns,attr"`
	ETag     string   `xml:",omitempty"`
	Checksum *struct {
		sumsXML
		ChecksumType string
	}
	ObjectParts  *objectPartsXML
	StorageClass string `xml:",omitempty"`
	ObjectSize   *int64
}

type objectPartsXML struct {
	TotalPartsCount      int `xml:"PartsCount"`
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	Part                 []attributesPartXML
}

type attributesPartXML struct {
	PartNumber int
	Size       int64
	sumsXML
}

func attributesOf(o *object, h http.Header) (*attributesXML, error) {
	out := &attributesXML{Xmlns: namespace}
	names := strings.Join(h.Values("X-Amz-Object-Attributes"), ",")
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); name {
		case "ETag":
			out.ETag = o.ETag
		case "Checksum":
			out.Checksum = &struct {
				sumsXML
				ChecksumType string
			}{makeSums(o.Sum.Alg, o.Sum.Value), o.Sum.Type}
		case "ObjectParts":
			if len(o.Parts) > 0 {
				parts, err := objectParts(o, h)
				if err != nil {
					return nil, err
				}
				out.ObjectParts = parts
			}
		case "StorageClass":
			out.StorageClass = o.class()
		case "ObjectSize":
			size := o.Size
			out.ObjectSize = &size
		default:
			return nil, invalidArgument("x-amz-object-attributes", name, "Invalid attribute name specified.")
		}
	}
	return out, nil
}

func objectParts(o *object, h http.Header) (*objectPartsXML, error) {
	most, err := headerInt(h, "X-Amz-Max-Parts", 1000)
	if err != nil {
		return nil, err
	}
	marker, err := headerInt(h, "X-Amz-Part-Number-Marker", 0)
	if err != nil {
		return nil, err
	}
	out := &objectPartsXML{TotalPartsCount: len(o.Parts), PartNumberMarker: marker, MaxParts: min(most, 1000)}
	for i, p := range o.Parts {
		if i < marker {
			continue
		}
		if len(out.Part) == out.MaxParts {
			out.IsTruncated = true
			break
		}
		out.NextPartNumberMarker = i + 1
		// S3 lists the parts one by one only when their checksums are part of the object's.
		if o.Sum.Type == composite {
			out.Part = append(out.Part, attributesPartXML{i + 1, p.Size, makeSums(p.Alg, p.Sum)})
		}
	}
	return out, nil
}

func headerInt(h http.Header, name string, def int) (int, error) {
	v := h.Get(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, invalidArgument(strings.ToLower(name), v, "%s is not a number from 0", strings.ToLower(name))
	}
	return n, nil
}

type taggingXML struct {
	XMLName xml.Name `xml:"Tagging"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Tags    []tag    `xml:"TagSet>Tag"`
}

func (s *Service) getObjectTagging(w http.ResponseWriter, _ *http.Request, q *request) error {
	_, o, err := s.lookup(q.bucket, q.key)
	if err != nil {
		return err
	}
	if o == nil {
		return noSuchKey(q.key)
	}
	awswire.WriteXML(w, http.StatusOK, taggingXML{Xmlns: namespace, Tags: o.Tags})
	return nil
}

func (s *Service) putObjectTagging(w http.ResponseWriter, r *http.Request, q *request) error {
	body, err := newBody(r, defaultAlgorithm)
	if err != nil {
		return err
	}
	var in taggingXML
	if err := awswire.ReadXML(body, maxXML, &in); err != nil {
		return err
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	return s.setTags(w, q, in.Tags, http.StatusOK)
}

func (s *Service) deleteObjectTagging(w http.ResponseWriter, _ *http.Request, q *request) error {
	return s.setTags(w, q, nil, http.StatusNoContent)
}

func (s *Service) setTags(w http.ResponseWriter, q *request, tags []tag, status int) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.mu.objects.get(q.key)
	if o == nil {
		return noSuchKey(q.key)
	}
	tagged := *o
	tagged.Tags = tags
	if err := s.change(b, &record{Put: &tagged}); err != nil {
		return err
	}
	w.WriteHeader(status)
	return nil
}

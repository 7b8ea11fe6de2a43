package s3

import (
	"encoding/xml"
	"errors"
	"net/http"

	"github.com/lakekit/lakekit/internal/awswire"
)

// remove deletes an object. That there is none is no error, as in S3.
func (s *Service) remove(b *bucket, key string, cond condition) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	current := b.mu.objects.get(key)
	if err := cond.check(key, current); err != nil {
		return err
	}
	if current == nil {
		// A log that could not take back a failed put may bring the object back.
		if b.mu.log.broken != nil {
			return storage(b.mu.log.broken)
		}
		return nil
	}
	if err := s.change(b, &record{Delete: &key}); err != nil {
		return err
	}
	if err := s.unplace(b.name, key); err != nil {
		// The object is deleted; its file is removed when the lake is opened again.
		s.env.Log.Warn("s3: remove the file of a deleted object", "bucket", b.name, "key", key, "error", err)
	}
	return nil
}

func (s *Service) deleteObject(w http.ResponseWriter, r *http.Request, q *request) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	if err := s.remove(b, q.key, condition{ifMatch: r.Header.Get("If-Match")}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type deleteXML struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct {
		Key       string
		VersionId string
		ETag      string
	} `xml:"Object"`
}

const maxDelete = 1000

func (s *Service) deleteObjects(w http.ResponseWriter, r *http.Request, q *request) error {
	b, err := s.bucket(q.bucket)
	if err != nil {
		return err
	}
	body, err := newBody(r, defaultAlgorithm)
	if err != nil {
		return err
	}
	if body.wantMD5 == nil && !body.chosen {
		return invalid("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	var in deleteXML
	if err := awswire.ReadXML(body, maxXML, &in); err != nil {
		return err
	}
	if len(in.Objects) == 0 || len(in.Objects) > maxDelete {
		return awswire.Errorf("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: "+
			"a request has 1 to 1,000 objects, this one has %d", len(in.Objects))
	}
	type deletedXML struct{ Key string }
	type errorXML struct{ Key, Code, Message string }
	var out struct {
		XMLName xml.Name     `xml:"DeleteResult"`
		Xmlns   string       `xml:"xmlns,attr"`
		Deleted []deletedXML `xml:"Deleted"`
		Errors  []errorXML   `xml:"Error"`
	}
	out.Xmlns = namespace
	for _, o := range in.Objects {
		var err error
		if o.VersionId != "" && o.VersionId != "null" {
			err = fail(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
		} else {
			err = s.remove(b, o.Key, condition{ifMatch: o.ETag})
		}
		var e *awswire.Error
		switch {
		case errors.As(err, &e):
			out.Errors = append(out.Errors, errorXML{o.Key, e.Code, e.Message})
		case err != nil:
			out.Errors = append(out.Errors, errorXML{o.Key, "InternalError", err.Error()})
		case !in.Quiet:
			out.Deleted = append(out.Deleted, deletedXML{o.Key})
		}
	}
	awswire.WriteXML(w, http.StatusOK, out)
	return nil
}

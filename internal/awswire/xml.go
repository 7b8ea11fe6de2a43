package awswire

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// WriteXML answers with a document. v is what [encoding/xml] can write out.
func WriteXML(w http.ResponseWriter, status int, v any) {
	b, err := xml.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte("<Error><Code>InternalError</Code></Error>")
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(xml.Header)+len(b)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header) // the client that left cannot be told
	_, _ = w.Write(b)
}

// WriteXMLError answers with err in the form of REST-XML. The answer to HEAD has no body,
// as HTTP wants it: its status is all that the client learns.
func WriteXMLError(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Code: "InternalError", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if r.Method == http.MethodHead || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	WriteXML(w, status, errorXML{err: e, resource: r.URL.Path, requestID: requestID})
}

type errorXML struct {
	err                 *Error
	resource, requestID string
}

// MarshalXML writes the members that every error has, then the error's own, sorted.
func (x errorXML) MarshalXML(enc *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: xml.Name{Local: "Error"}}
	if err := enc.EncodeToken(start); err != nil {
		return err
	}
	member := func(name string, v any) error {
		return enc.EncodeElement(v, xml.StartElement{Name: xml.Name{Local: name}})
	}
	if err := member("Code", x.err.Code); err != nil {
		return err
	}
	if err := member("Message", x.err.Message); err != nil {
		return err
	}
	names := make([]string, 0, len(x.err.Fields))
	for name := range x.err.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := member(name, x.err.Fields[name]); err != nil {
			return err
		}
	}
	if err := member("Resource", x.resource); err != nil {
		return err
	}
	if err := member("RequestId", x.requestID); err != nil {
		return err
	}
	return enc.EncodeToken(start.End())
}

// ReadXML reads a request's document of up to limit bytes into v. Its root must be the
// element that v's XMLName says.
func ReadXML(r io.Reader, limit int64, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return err // the body's own error says more than MalformedXML
	}
	if int64(len(b)) > limit {
		return Errorf("MalformedXML", "the document is above %d bytes", limit)
	}
	if err := xml.Unmarshal(b, v); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return &Error{
			Code: "MalformedXML",
			Message: fmt.Sprintf("The XML you provided was not well-formed or did not validate against our published schema: %v",
				err),
		}
	}
	return nil
}

package local

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// route gives the name of the service that a request is for: by the host where the SDK
// resolved one, else, on a listener or behind a BaseEndpoint, by what the request says of
// itself. S3 is what has neither a target nor a scope of another service.
func route(r *http.Request) string {
	if name, ok := byHost(r.Host); ok {
		return name
	}
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		return byTarget(t)
	}
	if name := byScope(r); name != "" {
		return name
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-cbor") {
		return kinesisName
	}
	return s3Name
}

// byHost knows the endpoints of AWS: service.region, with an account before it
// (000000000000.ddb), an ARN's account or a stream's id before the kind of call
// (000000000000.data-kinesis), or a bucket.
func byHost(host string) (string, bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	rest, ok := strings.CutSuffix(strings.ToLower(host), ".amazonaws.com")
	if !ok {
		if rest, ok = strings.CutSuffix(strings.ToLower(host), ".amazonaws.com.cn"); !ok {
			return "", false
		}
	}
	labels := strings.Split(rest, ".")
	// S3 first: a bucket's name may be anything, "kinesis" too.
	for i := len(labels) - 1; i >= max(0, len(labels)-3); i-- {
		if labels[i] == "s3" || strings.HasPrefix(labels[i], "s3-") {
			return s3Name, true
		}
	}
	label := labels[max(0, len(labels)-2)] // before the region
	switch label {
	case "kinesis", "data-kinesis", "control-kinesis":
		return kinesisName, true
	case "dynamodb", "ddb":
		return dynamodbName, true
	case "glue", "athena", "firehose":
		return label, true
	}
	return "the service at " + host, true
}

func byTarget(target string) string {
	api, _, _ := strings.Cut(target, ".")
	switch {
	case strings.HasPrefix(api, "Kinesis_"):
		return kinesisName
	case strings.HasPrefix(api, "DynamoDB_"):
		return dynamodbName
	case api == "AWSGlue":
		return glueName
	case api == "AmazonAthena":
		return athenaName
	case strings.HasPrefix(api, "Firehose_"):
		return firehoseName
	}
	return "the API of target " + target
}

// byScope reads the service out of the signature's scope: key/date/region/service/aws4_request.
func byScope(r *http.Request) string {
	_, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		if scope = r.URL.Query().Get("X-Amz-Credential"); scope == "" {
			return ""
		}
	}
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if len(parts) < 4 {
		return ""
	}
	return parts[len(parts)-2]
}

// refuse answers for a service that the lake does not have.
func refuse(w http.ResponseWriter, r *http.Request, name string) {
	msg := fmt.Sprintf("the local lake does not serve %s", name)
	const code = "UnknownServiceException"
	h := w.Header()
	h.Set("X-Amzn-Errortype", code)
	if name == s3Name || r.Header.Get("X-Amz-Target") == "" && !strings.Contains(r.Header.Get("Content-Type"), "json") {
		h.Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotImplemented)
		//nolint:gosec // XML, escaped
		_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, xmlText(msg))
		return
	}
	b, err := json.Marshal(map[string]string{"__type": code, "message": msg})
	if err != nil {
		b = nil
	}
	h.Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(b)
}

func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

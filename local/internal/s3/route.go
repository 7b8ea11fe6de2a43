package s3

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// request is what the address of a request says.
type request struct {
	bucket, key string
	// op is the operation, as the API names it.
	op    string
	query url.Values
}

type handler func(s *Service, w http.ResponseWriter, r *http.Request, q *request) error

func handlers() map[string]handler {
	return map[string]handler{
		"ListBuckets":                     (*Service).listBuckets,
		"CreateBucket":                    (*Service).createBucket,
		"HeadBucket":                      (*Service).headBucket,
		"DeleteBucket":                    (*Service).deleteBucket,
		"GetBucketLocation":               (*Service).getBucketLocation,
		"GetBucketVersioning":             (*Service).getBucketVersioning,
		"GetBucketLifecycleConfiguration": (*Service).getLifecycle,
		"PutBucketLifecycleConfiguration": (*Service).putLifecycle,
		"DeleteBucketLifecycle":           (*Service).deleteLifecycle,
		"ListObjects":                     (*Service).listObjects,
		"ListObjectsV2":                   (*Service).listObjectsV2,
		"ListMultipartUploads":            (*Service).listMultipartUploads,
		"PutObject":                       (*Service).putObject,
		"GetObject":                       (*Service).getObject,
		"HeadObject":                      (*Service).getObject,
		"CopyObject":                      (*Service).copyObject,
		"DeleteObject":                    (*Service).deleteObject,
		"DeleteObjects":                   (*Service).deleteObjects,
		"GetObjectAttributes":             (*Service).getObjectAttributes,
		"GetObjectTagging":                (*Service).getObjectTagging,
		"PutObjectTagging":                (*Service).putObjectTagging,
		"DeleteObjectTagging":             (*Service).deleteObjectTagging,
		"CreateMultipartUpload":           (*Service).createMultipartUpload,
		"UploadPart":                      (*Service).uploadPart,
		"UploadPartCopy":                  (*Service).uploadPartCopy,
		"ListParts":                       (*Service).listParts,
		"CompleteMultipartUpload":         (*Service).completeMultipartUpload,
		"AbortMultipartUpload":            (*Service).abortMultipartUpload,
	}
}

// subresources are the query parameters that make an operation of a request, with the
// operation's noun. Those that are not here, such as x-id, are options.
func subresources(object bool) map[string]string {
	if object {
		return map[string]string{
			"acl": "ObjectAcl", "legal-hold": "ObjectLegalHold", "retention": "ObjectRetention",
			"torrent": "ObjectTorrent", "restore": "RestoreObject", "select": "SelectObjectContent",
			"tagging": "ObjectTagging", "attributes": "ObjectAttributes", "renameObject": "RenameObject",
		}
	}
	return map[string]string{
		"accelerate": "BucketAccelerateConfiguration", "acl": "BucketAcl", "analytics": "BucketAnalyticsConfiguration",
		"cors": "BucketCors", "encryption": "BucketEncryption", "intelligent-tiering": "BucketIntelligentTieringConfiguration",
		"inventory": "BucketInventoryConfiguration", "lifecycle": "BucketLifecycleConfiguration", "location": "BucketLocation",
		"logging": "BucketLogging", "metrics": "BucketMetricsConfiguration", "notification": "BucketNotificationConfiguration",
		"object-lock": "ObjectLockConfiguration", "ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy",
		"policyStatus": "BucketPolicyStatus", "publicAccessBlock": "PublicAccessBlock", "replication": "BucketReplication",
		"requestPayment": "BucketRequestPayment", "tagging": "BucketTagging", "versioning": "BucketVersioning",
		"versions": "ObjectVersions", "website": "BucketWebsite", "metadataTable": "BucketMetadataTableConfiguration",
		"session": "Session",
	}
}

// parseRequest says what a request asks for, as far as its method and address tell.
func parseRequest(r *http.Request) *request {
	q := &request{query: r.URL.Query()}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if q.bucket = hostBucket(r); q.bucket != "" {
		q.key = path
	} else {
		q.bucket, q.key, _ = strings.Cut(path, "/")
	}
	q.op = q.operation(r)
	return q
}

// hostBucket is the bucket in a host such as lake.s3.us-east-1.amazonaws.com, or empty when
// the path names it.
func hostBucket(r *http.Request) string {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if !strings.HasSuffix(host, ".amazonaws.com") && !strings.HasSuffix(host, ".localhost") {
		return ""
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.LastIndex(host, mark); i > 0 {
			return host[:i]
		}
	}
	return ""
}

func (q *request) operation(r *http.Request) string {
	has := q.query.Has
	switch {
	case q.bucket == "":
		if r.Method == http.MethodGet {
			return "ListBuckets"
		}
		return r.Method + " on the service"
	case q.key == "":
		return q.bucketOperation(r.Method, has)
	}
	switch r.Method {
	case http.MethodHead:
		return "HeadObject"
	case http.MethodGet:
		if has("uploadId") {
			return "ListParts"
		}
	case http.MethodPut:
		copies := r.Header.Get("X-Amz-Copy-Source") != ""
		switch {
		case has("uploadId") || has("partNumber"):
			if copies {
				return "UploadPartCopy"
			}
			return "UploadPart"
		case copies:
			return "CopyObject"
		}
	case http.MethodPost:
		switch {
		case has("uploads"):
			return "CreateMultipartUpload"
		case has("uploadId"):
			return "CompleteMultipartUpload"
		}
	case http.MethodDelete:
		if has("uploadId") {
			return "AbortMultipartUpload"
		}
	}
	return q.named(r.Method, true, "Object")
}

func (q *request) bucketOperation(method string, has func(string) bool) string {
	switch {
	case method == http.MethodHead:
		return "HeadBucket"
	case method == http.MethodPost && has("delete"):
		return "DeleteObjects"
	case method == http.MethodGet && has("uploads"):
		return "ListMultipartUploads"
	case method == http.MethodGet && has("versions"):
		return "ListObjectVersions"
	case method == http.MethodGet && has("list-type"):
		return "ListObjectsV2"
	case method == http.MethodDelete && has("lifecycle"):
		return "DeleteBucketLifecycle"
	}
	switch op := q.named(method, false, "Bucket"); op {
	case "GetBucket":
		return "ListObjects"
	case "PutBucket":
		return "CreateBucket"
	default:
		return op
	}
}

// named makes an operation's name of a method and the subresource in the query.
func (q *request) named(method string, object bool, noun string) string {
	if len(q.query) > 0 {
		subs := subresources(object)
		for _, name := range slices.Sorted(maps.Keys(subs)) {
			if q.query.Has(name) {
				noun = subs[name]
				break
			}
		}
	}
	switch method {
	case http.MethodGet:
		return "Get" + noun
	case http.MethodPut:
		return "Put" + noun
	case http.MethodDelete:
		return "Delete" + noun
	case http.MethodPost:
		return "Post" + noun
	}
	return method + " " + noun
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%016X", rand.Uint64())
	w.Header().Set("X-Amz-Request-Id", id)
	w.Header().Set("X-Amz-Id-2", id)
	w.Header().Set("Server", "AmazonS3")
	q := parseRequest(r)
	if err := s.serve(w, r, q); err != nil {
		awswire.WriteXMLError(w, r, id, storage(err))
	}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, q *request) error {
	h, ok := s.ops[q.op]
	if !ok {
		return notImplemented(q.op)
	}
	if err := s.refuse(r, q); err != nil {
		return err
	}
	return h(s, w, r, q)
}

const maxKey = 1024

// refuse answers what no operation of this lake does.
func (s *Service) refuse(r *http.Request, q *request) error {
	if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != s.env.Account {
		return fail(http.StatusForbidden, "AccessDenied", "Access Denied: the bucket's owner is %s, not %s", s.env.Account, owner)
	}
	if len(q.key) > maxKey {
		e := awswire.Errorf("KeyTooLongError", "Your key is too long")
		e.Fields = map[string]any{"Size": len(q.key), "MaxSizeAllowed": maxKey}
		return e
	}
	if v := q.query.Get("versionId"); v != "" && v != "null" {
		return invalidArgument("versionId", v, "Invalid version id specified: the local lake's buckets have no versions")
	}
	if acl := r.Header.Get("X-Amz-Acl"); acl != "" && acl != "private" && acl != "bucket-owner-full-control" {
		return awswire.Errorf("AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	for name := range r.Header {
		switch {
		case strings.HasPrefix(name, "X-Amz-Grant-"):
			return awswire.Errorf("AccessControlListNotSupported", "The bucket does not allow ACLs")
		case strings.HasPrefix(name, "X-Amz-Object-Lock-"):
			return invalid("Bucket is missing Object Lock Configuration")
		case strings.HasPrefix(name, "X-Amz-Server-Side-Encryption-Customer-"),
			strings.HasPrefix(name, "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"):
			return notImplemented("keys of the customer's (SSE-C)")
		}
	}
	return nil
}

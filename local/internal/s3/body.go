package s3

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// body reads a request's payload: the framing taken off, hashed on the way and, at its
// end, compared with everything that the request says about it. A Read that returns io.EOF
// is the proof that all of it matched.
type body struct {
	r       io.Reader
	chunked *chunkReader
	size    int64 // as announced
	n       int64

	md5     hash.Hash
	wantMD5 []byte

	sha        hash.Hash // of x-amz-content-sha256, nil when it gives no digest
	wantSHA256 string

	// alg is the checksum that the request chose, or the one it was told to use.
	alg     algorithm
	sum     hash.Hash
	wantSum string
	// inTrailer says that wantSum comes behind the payload.
	inTrailer bool
	// chosen says that the caller chose alg.
	chosen bool

	err error
}

const maxPut = 5 << 30

// newBody checks what the headers say of the payload. Without a choice of the caller's the
// checksum is made with fallback.
func newBody(r *http.Request, fallback string) (*body, error) {
	h := r.Header
	b := &body{r: r.Body, md5: md5.New()}
	if r.Body == nil {
		b.r = http.NoBody
	}
	if err := b.length(r); err != nil {
		return nil, err
	}
	if v := h.Get("Content-Md5"); v != "" {
		d, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(d) != md5.Size {
			return nil, awswire.Errorf("InvalidDigest", "The Content-MD5 you specified was invalid.")
		}
		b.wantMD5 = d
	}
	sha := h.Get("X-Amz-Content-Sha256")
	switch {
	case len(sha) == 2*sha256.Size:
		b.sha, b.wantSHA256 = sha256.New(), strings.ToLower(sha)
	case strings.HasPrefix(sha, "STREAMING-"), b.hasChunks(h):
		b.chunked = newChunkReader(b.r)
		b.r = b.chunked
	case sha == "", sha == "UNSIGNED-PAYLOAD":
	default:
		return nil, invalidArgument("x-amz-content-sha256", sha,
			"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.")
	}
	if err := b.checksum(h, fallback); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *body) hasChunks(h http.Header) bool {
	return h.Get("X-Amz-Decoded-Content-Length") != "" && strings.Contains(h.Get("Content-Encoding"), "aws-chunked")
}

func (b *body) length(r *http.Request) error {
	b.size = r.ContentLength
	if v := r.Header.Get("X-Amz-Decoded-Content-Length"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return invalidArgument("x-amz-decoded-content-length", v, "x-amz-decoded-content-length is not a number of bytes.")
		}
		b.size = n
	}
	if b.size < 0 {
		return fail(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	if b.size > maxPut {
		e := awswire.Errorf("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
		e.Fields = map[string]any{"ProposedSize": b.size, "MaxSizeAllowed": int64(maxPut)}
		return e
	}
	return nil
}

func (b *body) checksum(h http.Header, fallback string) error {
	a, value, given, err := givenChecksum(h)
	if err != nil {
		return err
	}
	b.alg, b.wantSum, b.chosen = a, value, given
	for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		alg, ok := findAlgorithm(strings.TrimPrefix(strings.ToLower(name), "x-amz-checksum-"))
		if !ok || b.chunked == nil {
			return invalid("The value specified in the x-amz-trailer header is not supported")
		}
		if given {
			return invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		b.alg, b.inTrailer, b.chosen, given = alg, true, true, true
	}
	named, ok, err := headerAlgorithm(h, "X-Amz-Sdk-Checksum-Algorithm")
	if err != nil {
		return err
	}
	if ok && given && named != b.alg {
		return invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	if ok {
		b.alg, b.chosen = named, true
	}
	if !b.chosen {
		b.alg, _ = findAlgorithm(fallback)
	}
	b.sum = b.alg.hash()
	return nil
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	if n > 0 {
		b.n += int64(n)
		_, _ = b.md5.Write(p[:n]) // a hash never fails
		_, _ = b.sum.Write(p[:n])
		if b.sha != nil {
			_, _ = b.sha.Write(p[:n])
		}
	}
	switch {
	case b.n > b.size:
		b.err = errBodyEnds
	case errors.Is(err, io.EOF):
		b.err = b.verify()
	case err != nil:
		b.err = early(err)
	}
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		return 0, b.err
	}
	return n, b.err
}

// verify gives io.EOF when the payload is what it should be.
func (b *body) verify() error {
	if b.n != b.size {
		return errBodyEnds
	}
	if b.wantMD5 != nil && string(b.md5.Sum(nil)) != string(b.wantMD5) {
		return awswire.Errorf("BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	if b.sha != nil && hex.EncodeToString(b.sha.Sum(nil)) != b.wantSHA256 {
		return awswire.Errorf("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	if b.inTrailer {
		b.wantSum = b.chunked.trailer.Get(b.alg.header())
		if b.wantSum == "" {
			return awswire.Errorf("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		if !b.alg.valid(b.wantSum) {
			return invalid("Value for x-amz-checksum-%s trailing header is invalid.", strings.ToLower(b.alg.name))
		}
	}
	if b.wantSum != "" && b.wantSum != sumText(b.sum) {
		return badDigest(b.alg)
	}
	return io.EOF
}

// etag is the entity tag of the payload on its own.
func (b *body) etag() string { return hex.EncodeToString(b.md5.Sum(nil)) }

// plainBody is the body of a copy: size bytes of the lake's own.
func plainBody(r io.Reader, size int64, alg algorithm) *body {
	return &body{r: r, size: size, md5: md5.New(), alg: alg, sum: alg.hash()}
}

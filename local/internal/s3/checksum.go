package s3

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"

	"github.com/lakekit/lakekit/internal/awswire"
)

// The two ways in which the checksum of an object in parts is made.
const (
	composite  = "COMPOSITE"   // of the parts' checksums
	fullObject = "FULL_OBJECT" // of the bytes
)

// algorithm is a checksum algorithm of S3's.
type algorithm struct {
	// name as in the API: CRC32. The header is x-amz-checksum- and the name in lower case.
	name string
	size int
	// full and composite say which types an object in parts may have.
	full, composite bool
}

// algorithms are in the order in which S3 lists them. The last is what S3 uses when the
// caller chooses none.
func algorithms() []algorithm {
	return []algorithm{
		{"CRC32", 4, true, true},
		{"CRC32C", 4, true, true},
		{"SHA1", 20, false, true},
		{"SHA256", 32, false, true},
		{"CRC64NVME", 8, true, false},
	}
}

const defaultAlgorithm = "CRC64NVME"

func findAlgorithm(name string) (algorithm, bool) {
	for _, a := range algorithms() {
		if strings.EqualFold(a.name, name) {
			return a, true
		}
	}
	return algorithm{}, false
}

func checksumHeader(name string) string { return "X-Amz-Checksum-" + strings.ToLower(name) }

func (a algorithm) header() string { return checksumHeader(a.name) }

// nvme is CRC-64/NVME's polynomial, reflected, which is how hash/crc64 wants it. crc64
// keeps the tables it has made for a polynomial only for its own two; making one costs
// microseconds.
const nvme = 0x9a6c9329ac4bc9b5

func (a algorithm) hash() hash.Hash {
	switch a.name {
	case "CRC32":
		return crc32.NewIEEE()
	case "CRC32C":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "CRC64NVME":
		return crc64.New(crc64.MakeTable(nvme))
	case "SHA1":
		return sha1.New()
	}
	return sha256.New()
}

// valid says whether text is a checksum of this algorithm in base64.
func (a algorithm) valid(text string) bool {
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && len(b) == a.size
}

// givenChecksum finds the one checksum in a request's headers. Not ok: there is none.
func givenChecksum(h http.Header) (a algorithm, value string, ok bool, err error) {
	for _, alg := range algorithms() {
		v := h.Get(alg.header())
		if v == "" {
			continue
		}
		if ok {
			return a, "", false, invalid("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		a, value, ok = alg, v, true
	}
	if ok && !a.valid(value) {
		return a, "", false, invalid("Value for x-amz-checksum-%s header is invalid.", strings.ToLower(a.name))
	}
	return a, value, ok, nil
}

// headerAlgorithm reads a header that names an algorithm. Not ok: the header is not there.
func headerAlgorithm(h http.Header, header string) (algorithm, bool, error) {
	name := h.Get(header)
	if name == "" {
		return algorithm{}, false, nil
	}
	a, ok := findAlgorithm(name)
	if !ok {
		return a, false, invalid("Checksum algorithm provided is unsupported. Please try again with any of the valid types: " +
			"[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	return a, true, nil
}

func sumText(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

func badDigest(a algorithm) *awswire.Error {
	return awswire.Errorf("BadDigest", "The %s you specified did not match the calculated checksum.", a.name)
}

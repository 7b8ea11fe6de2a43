package s3

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// object is an object's metadata. It is never changed once it is in an index: who has a
// pointer to one may read it without a lock.
type object struct {
	Key string `json:"k"`
	// ID is the name under which the bytes lay in the temporary folder until the object
	// was moved to its place.
	ID   string `json:"id"`
	Size int64  `json:"n"`
	// ETag has no quotes.
	ETag string `json:"e"`
	// Mod is the time of the put in milliseconds since 1970.
	Mod int64 `json:"t"`
	// Header holds what a GET answers with, by canonical name; Meta the user's own, by the
	// name behind x-amz-meta-.
	Header map[string]string `json:"h,omitempty"`
	Meta   map[string]string `json:"m,omitempty"`
	Sum    checksum          `json:"c"`
	Tags   []tag             `json:"g,omitempty"`
	// Parts are a multipart object's.
	Parts []part `json:"p,omitempty"`
}

// checksum is the one checksum that S3 keeps of an object.
type checksum struct {
	Alg   string `json:"a"`
	Value string `json:"v"`
	Type  string `json:"t"`
}

type tag struct {
	Key   string `json:"k" xml:"Key"`
	Value string `json:"v" xml:"Value"`
}

func (o *object) modified() time.Time { return time.UnixMilli(o.Mod).UTC() }

func (o *object) class() string {
	if c := o.Header["X-Amz-Storage-Class"]; c != "" {
		return c
	}
	return "STANDARD"
}

// upload is a multipart upload in progress.
type upload struct {
	ID  string `json:"id"`
	Key string `json:"k"`
	// Began is in milliseconds since 1970.
	Began  int64             `json:"t"`
	Header map[string]string `json:"h,omitempty"`
	Meta   map[string]string `json:"m,omitempty"`
	Tags   []tag             `json:"g,omitempty"`
	// Alg and Type are those of the object's checksum. Chosen says that the caller named
	// the algorithm, and then every part must have it.
	Alg    string `json:"a"`
	Type   string `json:"ct"`
	Chosen bool   `json:"ch,omitempty"`

	parts map[int]*part
	// busy holds a token while the upload is being completed or aborted.
	busy chan struct{}
}

// part is an uploaded part. In an object's metadata File is empty.
type part struct {
	N    int    `json:"i"`
	Size int64  `json:"n"`
	ETag string `json:"e,omitempty"`
	Mod  int64  `json:"t,omitempty"`
	File string `json:"f,omitempty"`
	// Sum is in base64, by Alg.
	Alg string `json:"a,omitempty"`
	Sum string `json:"c,omitempty"`
}

func (u *upload) sorted() []*part {
	return slices.SortedFunc(maps.Values(u.parts), func(a, b *part) int { return a.N - b.N })
}

// finished is a completed upload, remembered so that a client that lost the answer may ask
// again.
type finished struct {
	ID   string   `json:"id"`
	Key  string   `json:"k"`
	ETag string   `json:"e"`
	At   int64    `json:"t"`
	Sum  checksum `json:"c"`
}

// rememberFinished is how long a completed upload is answered again.
const rememberFinished = 7 * 24 * time.Hour

// record is one change of a bucket's state: a line of its log. One of the members is set.
type record struct {
	Bucket    *bucketInfo `json:"bucket,omitempty"`
	Put       *object     `json:"put,omitempty"`
	Delete    *string     `json:"del,omitempty"`
	Upload    *upload     `json:"upload,omitempty"`
	Part      *part       `json:"part,omitempty"`
	Abort     string      `json:"abort,omitempty"`
	Lifecycle *string     `json:"lifecycle,omitempty"`
	// Of is the upload that Part belongs to.
	Of string `json:"of,omitempty"`
	// Finished goes with Put.
	Finished *finished `json:"finished,omitempty"`
}

type bucketInfo struct {
	Created int64  `json:"t"`
	Region  string `json:"region"`
}

// state is all that a bucket knows, apart from the objects' bytes. It is plain: no lock,
// no file, no clock.
type state struct {
	info      bucketInfo
	lifecycle string // a LifecycleConfiguration document; empty when there is none
	objects   index
	uploads   map[string]*upload
	finished  map[string]*finished
}

func newState() *state {
	return &state{uploads: map[string]*upload{}, finished: map[string]*finished{}}
}

// apply makes a change.
func (s *state) apply(r *record) {
	switch {
	case r.Bucket != nil:
		s.info = *r.Bucket
	case r.Delete != nil:
		s.objects.remove(*r.Delete)
	case r.Upload != nil:
		u := r.Upload
		u.parts = map[int]*part{}
		u.busy = make(chan struct{}, 1)
		s.uploads[u.ID] = u
	case r.Part != nil:
		if u := s.uploads[r.Of]; u != nil {
			u.parts[r.Part.N] = r.Part
		}
	case r.Abort != "":
		delete(s.uploads, r.Abort)
	case r.Lifecycle != nil:
		s.lifecycle = *r.Lifecycle
	}
	if r.Put != nil {
		s.objects.set(r.Put)
	}
	if r.Finished != nil {
		delete(s.uploads, r.Finished.ID)
		s.finished[r.Finished.ID] = r.Finished
	}
}

// records gives the shortest list of changes that leads to this state at the given time.
func (s *state) records(now time.Time, yield func(*record) bool) {
	info := s.info
	if !yield(&record{Bucket: &info}) {
		return
	}
	if lc := s.lifecycle; lc != "" && !yield(&record{Lifecycle: &lc}) {
		return
	}
	for o := range s.objects.from("") {
		if !yield(&record{Put: o}) {
			return
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.uploads)) {
		u := s.uploads[id]
		if !yield(&record{Upload: u}) {
			return
		}
		for _, p := range u.sorted() {
			if !yield(&record{Part: p, Of: id}) {
				return
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.finished)) {
		f := s.finished[id]
		if now.Sub(time.UnixMilli(f.At)) < rememberFinished && !yield(&record{Finished: f}) {
			return
		}
	}
}

// size is about how many records state has.
func (s *state) size() int {
	n := 2 + s.objects.n + len(s.finished)
	for _, u := range s.uploads {
		n += 1 + len(u.parts)
	}
	return n
}

// uploadsOf lists the uploads in the order of ListMultipartUploads: by key, then by when
// they began.
func (s *state) uploadsOf(prefix string) []*upload {
	var us []*upload
	for _, u := range s.uploads {
		if strings.HasPrefix(u.Key, prefix) {
			us = append(us, u)
		}
	}
	slices.SortFunc(us, func(a, b *upload) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID) // an id begins with its time
	})
	return us
}

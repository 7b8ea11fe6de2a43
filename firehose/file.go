package firehose

import (
	"bytes"
	"io"

	"github.com/lakekit/lakekit/internal/parquetout"
)

// file is what is to become one object, and who waits for it.
type file struct {
	route  *route             // a copy; nil for error records
	writer *parquetout.Writer // nil for error records
	errors []byte
	rows   int64
	bytes  int64 // the object's, when it was delivered

	waits []*held
	sent  chan struct{} // closed when it was delivered or given up
	err   error         // why it was given up; good when sent is closed
}

// held is a batch whose acknowledgement waits for files.
type held struct {
	shard string
	done  func(error)
	left  int // files, and the call of Handle
	err   error

	joined []*part // the files, while Handle runs
}

// body is a finished file.
type body struct {
	io.ReaderAt
	size    int64
	release func()
}

// finish ends the file. It is called once, by the goroutine that delivers it.
func (f *file) finish() (body, error) {
	if f.writer == nil {
		return body{bytes.NewReader(f.errors), int64(len(f.errors)), func() {}}, nil
	}
	pf, err := f.writer.Finish()
	if err != nil {
		return body{}, err
	}
	return body{pf, pf.Size(), pf.Release}, nil
}

// held is the memory that the file has while it is filled.
func (f *file) held() int64 {
	if f.writer == nil {
		return int64(cap(f.errors))
	}
	return f.writer.Memory()
}

// holds says whether a batch of the shard waits for the file.
func (f *file) holds(shard string) bool {
	for _, h := range f.waits {
		if h.shard == shard {
			return true
		}
	}
	return false
}

package parquetout

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// inFile gives the codec's number in a file.
func (c Codec) inFile() parquetmeta.Codec {
	return [...]parquetmeta.Codec{
		Snappy: parquetmeta.Snappy, Gzip: parquetmeta.Gzip,
		Zstd: parquetmeta.Zstd, Uncompressed: parquetmeta.Uncompressed,
	}[c]
}

// encoder compresses, and keeps the encoders that are dear to make.
type encoder struct {
	zstd *zstd.Encoder
	gzip *gzip.Writer
	buf  bytes.Buffer
}

// encode compresses src into dst's memory where that is large enough, and not at all when
// the codec says so: then it gives src.
func (e *encoder) encode(c Codec, dst, src []byte) ([]byte, error) {
	switch c {
	case Snappy:
		if n := s2.MaxEncodedLen(len(src)); n > cap(dst) {
			dst = make([]byte, n+n/4)
		}
		return s2.EncodeSnappy(dst[:cap(dst)], src), nil
	case Zstd:
		if e.zstd == nil {
			z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
			if err != nil {
				return nil, fmt.Errorf("make a zstd encoder: %w", err)
			}
			e.zstd = z
		}
		return e.zstd.EncodeAll(src, dst[:0]), nil
	case Gzip:
		e.buf.Reset()
		if e.gzip == nil {
			e.gzip = gzip.NewWriter(&e.buf)
		} else {
			e.gzip.Reset(&e.buf)
		}
		if _, err := e.gzip.Write(src); err != nil {
			return nil, fmt.Errorf("compress with gzip: %w", err)
		}
		if err := e.gzip.Close(); err != nil {
			return nil, fmt.Errorf("compress with gzip: %w", err)
		}
		return append(dst[:0], e.buf.Bytes()...), nil
	case Uncompressed:
		return src, nil
	default:
		return nil, fmt.Errorf("%v is not a codec", c)
	}
}

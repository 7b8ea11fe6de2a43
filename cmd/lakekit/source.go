package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// source is the files to land. They are read twice: once for their schema, once for their
// records.
type source struct {
	names []string
	spool string // where standard input was copied to, if it is one of the files
}

// openSource checks that the files are there, and copies standard input to a file.
func openSource(names []string, stdin io.Reader) (*source, error) {
	s := &source{names: names}
	for i, name := range names {
		if name != "-" {
			info, err := os.Stat(name)
			if err != nil {
				return nil, errors.Join(err, s.close())
			}
			if info.IsDir() {
				return nil, errors.Join(fmt.Errorf("%s is a folder: name the files in it", name), s.close())
			}
			continue
		}
		if s.spool != "" {
			return nil, errors.Join(errors.New("standard input (-) is named twice, and can be read once"), s.close())
		}
		f, err := os.CreateTemp("", "lakekit-stdin-*")
		if err != nil {
			return nil, err
		}
		s.spool = f.Name()
		s.names[i] = s.spool
		_, err = io.Copy(f, stdin)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, errors.Join(fmt.Errorf("copy standard input: %w", err), s.close())
		}
	}
	return s, nil
}

func (s *source) close() error {
	if s.spool == "" {
		return nil
	}
	return os.Remove(s.spool)
}

// name is what the user calls a file.
func (s *source) name(path string) string {
	if path == s.spool {
		return "standard input"
	}
	return path
}

// size is how many bytes the files have as they are, compressed or not.
func (s *source) size() (n int64) {
	for _, name := range s.names {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// each reads the files' records: the lines that are not blank. f may keep the line. read is
// how many bytes of the files as they are were read so far.
func (s *source) each(f func(file string, line int, record []byte, read int64) error) error {
	var before int64
	for _, path := range s.names {
		n, err := s.eachOf(path, before, f)
		if err != nil {
			return err
		}
		before += n
	}
	return nil
}

func (s *source) eachOf(path string, before int64, f func(string, int, []byte, int64) error) (int64, error) {
	name := s.name(path)
	r, raw, err := openFile(path)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	lines := bufio.NewReaderSize(r, 1<<20)
	for line := 1; ; line++ {
		record, err := lines.ReadBytes('\n')
		if record = bytes.TrimSpace(record); len(record) > 0 {
			if err := f(name, line, record, before+raw.n); err != nil {
				return 0, err
			}
		}
		if errors.Is(err, io.EOF) {
			return raw.n, nil
		}
		if err != nil {
			return 0, fmt.Errorf("%s: line %d: %w", name, line, err)
		}
	}
}

// all reads the files one after the other.
func (s *source) all() (io.ReadCloser, error) {
	m := &joined{}
	var parts []io.Reader
	for _, path := range s.names {
		r, _, err := openFile(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", s.name(path), err), m.Close())
		}
		m.files = append(m.files, r)
		// A file may lack its last newline, and the next record must not join it.
		parts = append(parts, named{r, s.name(path)}, bytes.NewReader([]byte("\n")))
	}
	m.Reader = io.MultiReader(parts...)
	return m, nil
}

// named says of which file an error is.
type named struct {
	io.Reader
	name string
}

func (n named) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: %w", n.name, err)
	}
	return k, err
}

type joined struct {
	io.Reader
	files []io.Closer
}

func (j *joined) Close() error {
	for _, f := range j.files {
		_ = f.Close() // it was only read
	}
	return nil
}

// counter counts what goes through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// openFile opens a file that is plain, gzip or zstd, whatever its name.
func openFile(path string) (io.ReadCloser, *counter, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	raw := &counter{r: f}
	buffered := bufio.NewReaderSize(raw, 256<<10)
	magic, _ := buffered.Peek(4) // a shorter file is not compressed
	if bytes.HasPrefix(magic, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // a byte order mark, which was just looked at, is no part of the first record
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		return closing{z, f.Close}, raw, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered)
		if err != nil {
			return nil, nil, errors.Join(err, f.Close())
		}
		return closing{z, func() error { z.Close(); return f.Close() }}, raw, nil
	}
	return closing{buffered, f.Close}, raw, nil
}

type closing struct {
	io.Reader
	close func() error
}

func (c closing) Close() error { return c.close() }

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// lockFile is locked while a lake is open, and says by whom.
const lockFile = "lakekit-lock"

// dirLock is the lock on a lake's folder.
type dirLock struct{ file *os.File }

func lockDir(dir string) (*dirLock, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // no secret is in it
	if err != nil {
		return nil, fmt.Errorf("local: lock folder %s: %w", dir, err)
	}
	if err := tryLock(f); err != nil {
		holder := "another process"
		if b, rerr := io.ReadAll(io.LimitReader(f, 500)); rerr == nil && len(b) > 0 {
			holder = strings.TrimSpace(string(b))
		}
		f.Close()
		return nil, fmt.Errorf("local: folder %s is in use by %s: close that lake, or name another folder", dir, holder)
	}
	text := fmt.Sprintf("process %d since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(text), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("local: lock folder %s: %w", dir, err)
	}
	return &dirLock{f}, nil
}

// release gives the lock back. The file stays: removing it would let two processes lock
// two files of one name. Closing alone would not do: a process that is being started has a
// copy of the open file for a moment, and the lock is the file's, not the process's.
func (l *dirLock) release() error { return errors.Join(unlock(l.file), l.file.Close()) }

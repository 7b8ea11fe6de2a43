//go:build unix

package local

import (
	"os"
	"syscall"
)

// tryLock takes the lock on an open file without waiting. The system releases it when the
// process ends, however it ends.
func tryLock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

package local

import (
	"os"
	"syscall"
	"unsafe"
)

// tryLock takes the lock on an open file without waiting. The system releases it when the
// process ends, however it ends. The locked byte lies far behind the text, so that others
// can read who holds it.
func tryLock(f *os.File) error {
	const exclusive, failNow = 2, 1
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	at := syscall.Overlapped{Offset: 1 << 30}
	if ok, _, err := proc.Call(f.Fd(), exclusive|failNow, 0, 1, 0, uintptr(unsafe.Pointer(&at))); ok == 0 {
		return err
	}
	return nil
}

// unlock leaves it to Close, which is enough here: no child process gets a copy of the file.
func unlock(*os.File) error { return nil }

// Package cputime reads off /proc, on Linux, how much CPU time a program has used.
package cputime

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Of gives the CPU time, user and system, of a process and of those that it has started and
// that still run, to a hundredth of a second.
func Of(pid int) (time.Duration, error) {
	own, err := read(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, err
	}
	total := own.used
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	children := map[int][]stat{}
	for _, p := range paths {
		if s, err := read(p); err == nil { // it may have ended
			children[s.parent] = append(children[s.parent], s)
		}
	}
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		for _, s := range children[queue[0]] {
			total += s.used
			queue = append(queue, s.pid)
		}
	}
	return total, nil
}

type stat struct {
	pid, parent int
	used        time.Duration
}

func read(path string) (s stat, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	// The second field is the name in parentheses, which may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return s, fmt.Errorf("%s: too short", path)
	}
	numbers := make([]int64, 4)
	for i, f := range []string{filepath.Base(filepath.Dir(path)), fields[1], fields[11], fields[12]} {
		if numbers[i], err = strconv.ParseInt(f, 10, 64); err != nil {
			return s, fmt.Errorf("%s: %w", path, err)
		}
	}
	return stat{int(numbers[0]), int(numbers[1]), time.Duration(numbers[2]+numbers[3]) * (time.Second / 100)}, nil
}

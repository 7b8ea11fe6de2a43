package emr

import (
	"strconv"
	"strings"
)

// release is a release label's numbers.
type release [3]int

// newestRelease is the newest one that the documentation read for this package knows. Newer ones
// are taken, and older lines warned of.
var newestRelease = release{7, 13, 0}

func parseRelease(label string) (release, bool) {
	rest, ok := strings.CutPrefix(label, "emr-")
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 {
		return release{}, false
	}
	var r release
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 999 || strconv.Itoa(n) != p {
			return release{}, false
		}
		r[i] = n
	}
	return r, true
}

func (r release) before(major, minor, patch int) bool {
	o := release{major, minor, patch}
	for i := range r {
		if r[i] != o[i] {
			return r[i] < o[i]
		}
	}
	return false
}

// idles says whether the release has auto-termination: from 5.30.0 and from 6.1.0 on.
func (r release) idles() bool { return !r.before(5, 30, 0) && (r[0] != 6 || r[1] > 0) }

// scales says whether the release has managed scaling: from 5.30.0 on, except 6.0.0.
func (r release) scales() bool { return !r.before(5, 30, 0) && r != release{6, 0, 0} }

// fleets says whether the release has instance fleets.
func (r release) fleets() bool { return !r.before(4, 8, 0) && (r[0] != 5 || r[1] > 0) }

// threeMasters says whether the release can have three masters.
func (r release) threeMasters(inFleets bool) bool {
	if !inFleets {
		return !r.before(5, 23, 0)
	}
	switch r {
	case release{5, 36, 1}, release{5, 36, 2}, release{6, 8, 1}, release{6, 9, 1}, release{6, 10, 1}, release{6, 11, 1}:
		return true
	}
	return !r.before(6, 12, 0)
}

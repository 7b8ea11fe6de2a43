package emr

import "strings"

// graviton says whether an instance type has one of Amazon's own ARM processors: the letters
// behind the generation hold a g (m6g, r6gd, c7gn, im4gn), or it is an a1.
func graviton(instanceType string) bool {
	family, _, _ := strings.Cut(instanceType, ".")
	if family == "a1" {
		return true
	}
	i := strings.IndexAny(family, "0123456789")
	if i < 0 {
		return false
	}
	attributes := strings.TrimLeft(family[i:], "0123456789")
	attributes, _, _ = strings.Cut(attributes, "-") // m7i-flex
	return strings.Contains(attributes, "g")
}

// mixed says whether both architectures are among the types.
func mixed(types []string) bool {
	var arm, x86 bool
	for _, t := range types {
		if graviton(t) {
			arm = true
		} else {
			x86 = true
		}
	}
	return arm && x86
}

// isTypeName says whether a name looks like family.size. Which exist is for AWS to know.
func isTypeName(name string) bool {
	family, size, ok := strings.Cut(name, ".")
	return ok && isWord(family) && isWord(size)
}

func isWord(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-' && s[len(s)-1] != '-'
}

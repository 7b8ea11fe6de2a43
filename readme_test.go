package lakekit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestREADMEIsFromTheExamples keeps the README's Go snippets from rotting: each stands, line
// for line, in a program that is built and run.
func TestREADMEIsFromTheExamples(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	files, err := filepath.Glob("examples/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources.Write(b)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	snippets := strings.Split(string(readme), "```go\n")[1:]
	if len(snippets) == 0 {
		t.Fatal("README.md has no Go")
	}
	for _, s := range snippets {
		code, _, _ := strings.Cut(s, "```")
		if !strings.Contains(sources.String(), code) {
			t.Errorf("no example has this:\n%s", code)
		}
	}
	if n := strings.Count(string(readme), "\n"); n >= 200 {
		t.Errorf("README.md has %d lines; it is to be read at once (under 200)", n)
	}
}

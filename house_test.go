package lakekit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lakekit/lakekit"

// arrows says which public packages each public package may import. Absent means none.
// docs/design.md explains the shape: what users reach for from many places imports little.
var arrows = map[string][]string{
	"kinesis":  {"stream", "pricing"},
	"firehose": {"stream", "catalog"},
	"iceberg":  {"stream", "catalog", "firehose"},
	"athena":   {"catalog", "pricing"},
	"emr":      {"catalog", "pricing"},
	"glue":     {"catalog", "pricing"},
	"local":    {"stream", "catalog", "kinesis", "firehose", "athena", "pricing", "emr", "glue"},
	// The engine that local is given: it knows local's tables, local does not know it.
	"local/duckdb": {"stream", "catalog", "local"},
	"local/check":  {"stream", "local"},
}

// forCatalog are the internal packages that catalog stands on, so they may import no public one.
var forCatalog = []string{"internal/parquetmeta", "internal/trinosql", "internal/sqltext"}

// heavy are modules that a service which writes to a stream or declares a table must not inherit.
var heavy = []string{
	"github.com/apache/arrow-go", "github.com/apache/iceberg-go",
	"github.com/parquet-go/parquet-go", "github.com/duckdb/",
}

// light are the packages that never reach a heavy module, in their tests neither: a user's
// `go mod tidy` downloads what the tests of an imported package need.
var light = []string{
	"stream", "catalog", "kinesis", "firehose", "athena", "emr", "glue", "pricing", "local",
}

type goPackage struct {
	ImportPath   string
	Standard     bool
	Deps         []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func listPackages(t *testing.T) map[string]*goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-test=false", "-deps",
		"-json=ImportPath,Standard,Deps,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	all := map[string]*goPackage{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = &p
	}
}

// short turns an import path of this module into its folder.
func short(path string) (string, bool) {
	rel, ok := strings.CutPrefix(path, module+"/")
	return rel, ok
}

func isPublic(rel string) bool {
	first, _, _ := strings.Cut(rel, "/")
	return !strings.Contains("/"+rel+"/", "/internal/") && first != "cmd" && first != "examples"
}

func isHeavy(path string) bool {
	return slices.ContainsFunc(heavy, func(h string) bool { return strings.HasPrefix(path, h) })
}

func TestArrowsBetweenPackages(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	for path, p := range all {
		from, ours := short(path)
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			to, ours := short(imported)
			if !ours {
				continue
			}
			switch {
			case isPublic(from) && isPublic(to) && !slices.Contains(arrows[from], to):
				t.Errorf("%s imports %s: not one of the arrows (%v)", from, to, arrows[from])
			case slices.Contains(forCatalog, from) && isPublic(to):
				t.Errorf("%s imports %s: catalog stands on it, so it may import no public package", from, to)
			case from == "catalog" && strings.HasPrefix(to, "internal/") && !slices.Contains(forCatalog, to):
				t.Errorf("catalog imports %s: it may import only %v", to, forCatalog)
			case strings.HasPrefix(from, "internal/") && !strings.HasPrefix(from, "internal/interop") &&
				isPublic(to) && to != "catalog" && to != "stream":
				t.Errorf("%s imports %s: internal packages may import catalog and stream only", from, to)
			}
		}
		test := slices.Contains(p.TestImports, module+"/local")
		if test && from != "local" && isPublic(from) && !slices.Contains(arrows[from], "local") {
			t.Errorf("%s has an internal test that imports local: such tests are external (package %s_test)", from, filepath.Base(from))
		}
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	for path, p := range all {
		rel, ours := short(path)
		first, _, _ := strings.Cut(rel, "/")
		if !ours || !isPublic(rel) || !slices.Contains(light, first) || rel == "local/duckdb" {
			continue
		}
		for _, dep := range p.Deps {
			if isHeavy(dep) {
				t.Errorf("%s depends on %s", rel, dep)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if to, _ := short(imported); isHeavy(imported) || to == "local/duckdb" {
				t.Errorf("a test of %s imports %s: move it to internal/interop", rel, imported)
			}
			if q := all[imported]; q != nil && slices.ContainsFunc(q.Deps, isHeavy) {
				t.Errorf("a test of %s imports %s, which reaches a heavy module: move it to internal/interop", rel, imported)
			}
		}
	}
}

// TestFilesReadInOneSitting keeps files short, and library code free of what cannot be tested in
// a bubble or surprises an importer.
func TestFilesReadInOneSitting(t *testing.T) {
	t.Parallel()
	const limit = 600
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(src, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, more than %d: split it by what it holds", path, n, limit)
		}
		return checkLibraryFile(t, filepath.ToSlash(path), src)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkLibraryFile(t *testing.T, path string, src []byte) error {
	t.Helper()
	first, _, _ := strings.Cut(path, "/")
	if strings.HasSuffix(path, "_test.go") || first == "cmd" || first == "examples" || strings.HasPrefix(path, "internal/interop/") {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				t.Errorf("%s has an init function", path)
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Sleep" && first != "local" {
				t.Errorf("%s calls time.Sleep: wait on a timer and the context", path)
			}
		}
		return true
	})
	return nil
}

// TestDependenciesAreExplained keeps docs/dependencies.md complete: a sentence per direct dependency.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.Open("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	defer mod.Close()
	for sc, in := bufio.NewScanner(mod), false; sc.Scan(); {
		line := strings.TrimSpace(sc.Text())
		switch {
		case strings.HasPrefix(line, "require ("):
			in = true
		case line == ")":
			in = false
		case in && line != "" && !strings.Contains(line, "// indirect"):
			path, _, _ := strings.Cut(line, " ")
			if !bytes.Contains(doc, fmt.Appendf(nil, "`%s`", path)) {
				t.Errorf("docs/dependencies.md says nothing about `%s`", path)
			}
		}
	}
}

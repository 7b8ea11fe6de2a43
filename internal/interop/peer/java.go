package peer

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Full says whether peers are to run every case, LAKEKIT_FULL=1, and not one telling case each.
func Full() bool { return os.Getenv("LAKEKIT_FULL") == "1" }

// Java gives the Java that runs the peers written in it. It calls [Need].
func Java(t testing.TB) string {
	t.Helper()
	Need(t)
	java, err := exec.LookPath(cmp.Or(os.Getenv("LAKEKIT_JAVA"), "java"))
	if err != nil {
		t.Fatal(err)
	}
	return java
}

// Jars gives the class path of all jars in a folder of the cache, such as kcl-2.7.2; the script
// is the one that fetches them. It calls [Need].
func Jars(t testing.TB, folder, script string) string {
	t.Helper()
	Need(t)
	dir := filepath.Join(Cache(t), folder)
	if jars, err := filepath.Glob(filepath.Join(dir, "*.jar")); err != nil || len(jars) == 0 {
		t.Fatalf("interop: no jars in %s: %s gets them", dir, script)
	}
	return filepath.Join(dir, "*")
}

// Compile compiles a Java source that lies beside the test, with javac of the folder of [Java]
// or of the PATH, and gives the class path with it and the jars. It calls [Need].
func Compile(t testing.TB, source, jars string) string {
	t.Helper()
	java := Java(t)
	javac := filepath.Join(filepath.Dir(java), "javac")
	if _, err := exec.LookPath(javac); err != nil {
		javac = "javac"
	}
	classes := t.TempDir()
	out, err := exec.CommandContext(t.Context(), javac, "-proc:none", "-nowarn", "-d", classes, "-cp", jars, source).CombinedOutput()
	if err != nil {
		t.Fatalf("interop: compile %s: %v\n%s", source, err, out)
	}
	return classes + string(os.PathListSeparator) + jars
}

package kcl_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more of these tests run at once than there are processors, unless it is told
// otherwise: most of their time they wait for leases to expire and for the KCL's next look.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

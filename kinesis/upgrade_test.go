package kinesis

import (
	"fmt"
	"testing"
	"time"
)

// TestElected agrees with Java: what Collections.shuffle with new Random(1947) puts first,
// for one to twelve.
func TestElected(t *testing.T) {
	t.Parallel()
	if got := elected(rowsOf("", "")); got != "" {
		t.Errorf("without owners: %q", got)
	}
	for i, want := range []int{0, 0, 2, 3, 4, 2, 2, 2, 3, 8, 6, 9} {
		owners := []string{"", "w-00"}
		for k := i; k >= 0; k-- {
			owners = append(owners, fmt.Sprintf("w-%02d", k))
		}
		if got := elected(rowsOf(owners...)); got != fmt.Sprintf("w-%02d", want) {
			t.Errorf("of %d: %s, want %d", i+1, got, want)
		}
	}
}

func TestReadyForUpgrade(t *testing.T) {
	t.Parallel()
	told := map[string]metrics{"a": {told: t0.Add(-59 * time.Second)}, "b": {told: t0.Add(-time.Minute)}}
	for _, c := range []struct {
		owners []string
		want   bool
	}{
		{nil, false},
		{[]string{"a", "a"}, true},
		{[]string{"a", ""}, false},
		{[]string{"a", "b"}, false},
		{[]string{"a", "c"}, false},
	} {
		if got := ready(rowsOf(c.owners...), told, t0); got != c.want {
			t.Errorf("%q: %v", c.owners, got)
		}
	}
	var u upgrade
	for i, step := range []struct{ ready, due bool }{{true, false}, {true, false}, {false, false}, {true, false}, {true, false}} {
		if got := u.due(step.ready, t0.Add(time.Duration(i)*4*time.Minute)); got != step.due {
			t.Errorf("step %d: %v", i, got)
		}
	}
	if !u.due(true, t0.Add(22*time.Minute)) {
		t.Error("not due after ten minutes")
	}
}

package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/local"
	"github.com/lakekit/lakekit/stream"
)

func at(shard string, seq int) stream.Position {
	return stream.Position{Shard: shard, Seq: fmt.Sprint(seq)}
}

func TestLedgerFindsWhatIsLostAndLate(t *testing.T) {
	t.Parallel()
	l := newLedger()
	for n := range 5 {
		l.put("a", n)
	}
	l.put("b", 0)
	l.delivered("w", at("s", 1), "a", 0, 0)
	l.delivered("w", at("s", 3), "a", 2, 0) // 1 comes too late
	l.took("v", "s", 0)
	l.delivered("v", at("s", 2), "a", 1, 0)
	l.failed("a", 3, errors.New("given up"))
	l.delivered("v", at("s", 9), "c", 0, 0)
	var got []string
	for _, f := range l.lost() {
		got = append(got, recordName(f.Key, f.N))
	}
	if want := []string{"record 4 of key a", "record 0 of key b"}; !slices.Equal(got, want) {
		t.Errorf("lost %q", got)
	}
	if late := l.disordered(); len(late) != 1 || late[0].N != 1 || !strings.Contains(late[0].What, "behind record 2") {
		t.Errorf("out of order: %v", late)
	}
	if l.open != 2 || l.seen != 3 || l.givenUp() != 1 || len(l.strange) != 1 || len(l.back) != 0 {
		t.Errorf("open %d, seen %d, given up %d, strange %q, back %q", l.open, l.seen, l.givenUp(), l.strange, l.back)
	}
}

// TestLedgerForgivesWhatWasGivenUp: nobody promised its order or that it arrives.
func TestLedgerForgivesWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.put("a", 0)
	l.put("a", 1)
	l.delivered("w", at("s", 2), "a", 1, 0)
	l.delivered("w", at("s", 5), "a", 0, 0)
	l.failed("a", 0, errors.New("given up"))
	if len(l.lost())+len(l.disordered()) != 0 || l.open != 0 {
		t.Errorf("lost %v, out of order %v, open %d", l.lost(), l.disordered(), l.open)
	}
}

func TestLedgerNamesTheCauseOfADuplicate(t *testing.T) {
	t.Parallel()
	first := func(l *ledger) { l.delivered("w", at("s", 1), "a", 0, 5*time.Second) }
	for want, again := range map[string]func(l *ledger){
		becausePut: func(l *ledger) { l.delivered("w", at("s", 2), "a", 0, 6*time.Second) },
		becauseRefused: func(l *ledger) {
			l.refused("w", "s", 6*time.Second)
			l.delivered("w", at("s", 1), "a", 0, 7*time.Second)
		},
		becauseEnd + "killed": func(l *ledger) {
			l.ends["w"] = "killed"
			l.delivered("v", at("s", 1), "a", 0, 7*time.Second)
		},
		becauseStolen: func(l *ledger) {
			l.thefts["s"] = 6 * time.Second
			l.took("w", "s", 16*time.Second)
			l.delivered("w", at("s", 1), "a", 0, 17*time.Second)
		},
		becauseCut: func(l *ledger) {
			l.cuts["w"] = 8 * time.Second
			l.delivered("v", at("s", 1), "a", 0, 17*time.Second)
		},
		becauseTaken:   func(l *ledger) { l.delivered("v", at("s", 1), "a", 0, 17*time.Second) },
		becauseUnknown: func(l *ledger) { l.delivered("w", at("s", 1), "a", 0, 17*time.Second) },
	} {
		l := newLedger()
		l.put("a", 0)
		first(l)
		again(l)
		if l.again[want] != 1 || len(l.again) != 1 {
			t.Errorf("%s: got %v", want, l.again)
		}
		if back := len(l.back) > 0; back != (want == becauseUnknown) {
			t.Errorf("%s: went back %q", want, l.back)
		}
	}
}

func TestCounterStrikesAtTheNth(t *testing.T) {
	t.Parallel()
	e, other := event{putting, "a"}, event{putting, "b"}
	c := newCounter([]*line{{number: 1, at: e, nth: 2}, {number: 2, at: e, nth: 3}, {number: 3, at: e, nth: 2}})
	var got []string
	for _, e := range []event{e, other, e, other, e, e} {
		var numbers []int
		for _, x := range c.count(e) {
			numbers = append(numbers, x.number)
		}
		got = append(got, fmt.Sprint(numbers))
	}
	if want := []string{"[]", "[]", "[1 3]", "[]", "[2]", "[]"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func filled(t *testing.T, o Options) *Options {
	t.Helper()
	if err := o.fill(); err != nil {
		t.Fatal(err)
	}
	return &o
}

func text(seed uint64, o *Options) string {
	l := newLoad(seed, o)
	s := fmt.Sprint(l.shards, l.keys, l.joins, l.records())
	for _, steps := range l.sources {
		for _, st := range steps {
			s += fmt.Sprint(st.pause, st.record.Key, st.record.N, len(st.record.Data), " ")
		}
	}
	for _, x := range newScript(seed, l, o) {
		s += "\n" + x.String()
	}
	return s
}

// TestSeedDecidesEverything makes scripts twice, and looks whether all kinds come up and stay
// away when they should.
func TestSeedDecidesEverything(t *testing.T) {
	t.Parallel()
	o := filled(t, Options{Other: []local.Operation{local.S3PutObject}})
	byKind, names := map[Kind]int{}, map[string]bool{}
	for seed := range uint64(150) {
		if first, second := text(seed, o), text(seed, o); first != second {
			t.Fatalf("seed %d is another one the second time", seed)
		}
		for _, x := range newScript(seed, newLoad(seed, o), o) {
			byKind[x.kind]++
			names[x.name()] = true
			if x.nth < 1 {
				t.Errorf("seed %d: %s", seed, x)
			}
		}
	}
	if len(byKind) != len(kinds) || len(names) != 33 {
		t.Errorf("kinds %v, names %v", byKind, names)
	}
	o.Without = []Kind{Kill, PutFault}
	for seed := range uint64(50) {
		for _, x := range newScript(seed, newLoad(seed, o), o) {
			if x.kind == Kill || x.kind == PutFault {
				t.Fatalf("seed %d: %s", seed, x)
			}
		}
	}
}

func TestBreaksWhatWasPromised(t *testing.T) {
	t.Parallel()
	f := []Finding{{}}
	all := &result{errs: []string{""}, strange: []string{""}, lost: f, repeated: f, disordered: f, back: []string{""}}
	for o, want := range map[*Options]int{{}: 0b110111, {Once: true}: 0b111111, {Unordered: true}: 0b000111} {
		if got := all.breaks(o); got != want || !all.broken(o) {
			t.Errorf("%+v: %b", o, got)
		}
	}
	if (&result{repeated: f}).broken(&Options{}) || (&result{back: []string{""}, disordered: f}).broken(&Options{Unordered: true}) {
		t.Error("what nobody promised is broken")
	}
}

func TestOrdinal(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 112: "112th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestPartOfARange(t *testing.T) {
	t.Parallel()
	half := hashrange.Split(2)[1]
	if got := part(half, 0.5); got.Hi != 0xbfffffffffffffff || !half.Contains(got) {
		t.Errorf("the middle of %s is %s", half, got)
	}
	if got := part(half, 0); got != half.First.Next() {
		t.Errorf("a split at the first key would leave nothing: %s", got)
	}
	one := hashrange.Range{First: half.First, Last: half.First}
	if got := part(one, 0.5); got != half.First {
		t.Errorf("a range of one key: %s", got)
	}
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := Options{Seeds: -1, Records: 1, Keys: -1, Shards: -1, Workers: -1, Events: -1, Patience: time.Millisecond, Without: []Kind{"rain"}, Other: []local.Operation{"PutObject"}}
	err := o.fill()
	for _, want := range []string{"Seeds: -1", "Records: 1 is below 2 (zero means 200)", "Keys", "Shards", "Workers", "Events", "Patience: 1ms", `no kind "rain"`, `"PutObject" is no operation`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	for text, want := range map[string]string{"17": "17 map[] <nil>", "17/3,9": "17 map[3:true 9:true] <nil>", "17/": "17 map[] <nil>", "": "0 map[] <nil>"} {
		seed, keep, err := parseReplay(text)
		if got := fmt.Sprint(seed, " ", keep, " ", err); got != want || (keep != nil) != strings.Contains(text, "/") {
			t.Errorf("%q: %s", text, got)
		}
	}
	for _, text := range []string{"0", "x", "1/x"} {
		if _, _, err := parseReplay(text); err == nil || !strings.Contains(err.Error(), "is not a seed") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReportText(t *testing.T) {
	t.Parallel()
	r := &Report{
		Seeds: 2, Records: 10, GivenUp: 1, Took: 90 * time.Second, Duplicates: map[string]int{becausePut: 2, becauseTaken: 1},
		Events: []Count{{"kill before it", 3, 1}},
		Failure: &Failure{
			Seed: 7, Again: 5, Of: 6, Script: []string{"1st this: that"}, Lost: []Finding{{"a", 3, "gone"}}, OutOfOrder: []Finding{{"b", 4, "late"}},
			Repeated: []Finding{{"c", 5, "collected 2 times"}}, WentBack: []string{"back"}, Strange: []string{"strange"}, Errors: []string{"wrong"},
			Trace: []string{"   1.000s worker-1.1 starts"}, Replay: "LAKEKIT_CHECK_SEED=7/1 go test -run " + pattern("TestX/it's (a)") + " -v .",
		},
	}
	want := `check: 2 seeds, 10 records, 1m30s of the bubbles' time, 1 records given up by the pipeline
  duplicates: 3; 1 delivered again after a lease was taken anew; 2 put more than once
  happened, of what the scripts had:
       1 of    3  kill before it
seed 7 fails; it did again in 5 of 6 runs
  lost (1):
    record 3 of key a: gone
  out of order (1):
    record 4 of key b: late
  more than once (1):
    record 5 of key c: collected 2 times
  went back (1):
    back
  not of the load (1):
    strange
  errors (1):
    wrong
  duplicates: 0
  script (1):
    1st this: that
  trace (1):
       1.000s worker-1.1 starts
  replay: LAKEKIT_CHECK_SEED=7/1 go test -run '^TestX$/^it'\''s \(a\)$' -v .`
	if got := r.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestReplayOfLinesThatAreNot(t *testing.T) {
	o := filled(t, Options{First: 2})
	if err := o.hasLines(map[int]bool{1: true}); err != nil {
		t.Error(err)
	}
	if err := o.hasLines(map[int]bool{1: true, 99: true}); err == nil || !strings.Contains(err.Error(), "the script of seed 2 has no line 99 (it has ") {
		t.Errorf("line 99: %v", err)
	}
}

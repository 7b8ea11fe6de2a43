package aggregate_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
)

// sample is what testdata/python.bin was made of, by aws-kinesis-agg 1.2.3 and protobuf.
var sample = []aggregate.Record{
	{Key: "user-1", Data: []byte(`{"n":0}`)},
	{Key: "user-2", Data: []byte(`{"n":1}`), ExplicitHashKey: "170141183460469231731687303715884105728"},
	{Key: "user-1", Data: []byte{}},
	{Key: "\u00fcser", Data: bytes.Repeat([]byte("\x00\xff"), 100), ExplicitHashKey: "0"},
	{Key: "user-2", Data: []byte(`{"n":4}`), ExplicitHashKey: "170141183460469231731687303715884105728"},
}

func build(rs []aggregate.Record) []byte {
	var b aggregate.Builder
	for _, r := range rs {
		b.Add(r)
	}
	return b.Append(nil)
}

func records(a *aggregate.Aggregate) []aggregate.Record {
	var rs []aggregate.Record
	for i, r := range a.Records() {
		if int(i) != len(rs) {
			panic("sub-sequence numbers have a gap")
		}
		rs = append(rs, r)
	}
	return rs
}

func TestBytesOfAnotherImplementation(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/python.bin")
	if err != nil {
		t.Fatal(err)
	}
	if got := build(sample); !bytes.Equal(got, want) {
		t.Errorf("encoded %x\nwant    %x", got, want)
	}
	var a aggregate.Aggregate
	if ok, err := a.Decode(want); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	if diff := cmp.Diff(sample, records(&a)); diff != "" {
		t.Error(diff)
	}
	for i, want := range []hashrange.Key{hashrange.Of("user-1"), {Hi: 1 << 63}, hashrange.Of("user-1"), {}, {Hi: 1 << 63}} {
		if got := a.Hash(uint64(i)); got != want {
			t.Errorf("record %d: hash %v, want %v", i, got, want)
		}
	}
}

func TestSizeIsExact(t *testing.T) {
	t.Parallel()
	var b aggregate.Builder
	for round := range 2 {
		var other aggregate.Builder
		for i := range 2000 {
			r := aggregate.Record{Key: fmt.Sprint(i % 300), Data: bytes.Repeat([]byte("x"), i%257)}
			if i%3 == 0 {
				r.ExplicitHashKey = fmt.Sprint(i % 200)
			}
			other.Add(r)
			if want := other.Size(); b.AddWithin(r, want-1) || !b.AddWithin(r, want) || b.Size() != want {
				t.Fatalf("round %d, record %d: %d bytes, want %d and no byte less", round, i, b.Size(), want)
			}
		}
		if n := len(b.Append(nil)); n != b.Size() || b.Len() != 2000 {
			t.Fatalf("%d bytes, Size %d; %d records", n, b.Size(), b.Len())
		}
		want := b.Append(nil)
		if round == 0 {
			b.Reset()
		} else if got := aggregate.Seal(b.Take()); !bytes.Equal(got, want) || b.Len() != 0 || b.Size() != aggregate.Overhead {
			t.Fatal("Take and Seal give something else than Append")
		}
	}
}

// frame wraps a protobuf message that a test wrote by hand.
func frame(message string) []byte {
	sum := md5.Sum([]byte(message))
	return []byte("\xf3\x89\x9a\xc2" + message + string(sum[:]))
}

func TestOrdinaryRecords(t *testing.T) {
	t.Parallel()
	good := build(sample)
	flipped := slices.Clone(good)
	flipped[10] ^= 1
	for name, p := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "the magic alone": good[:4], "a frame without a message": frame(""),
		"cut off": good[:len(good)-1], "a bit that flipped": flipped,
		"a varint without an end": frame("\x0a\xff"), "a field beyond the end": frame("\x0a\x05ab"),
		"field 0": frame("\x02\x00"), "a group that does not end": frame("\x23"), "the end of no group": frame("\x24"),
		"no data":                frame("\x0a\x01k\x1a\x02\x08\x00"),
		"no partition key":       frame("\x0a\x01k\x1a\x03\x1a\x01d"),
		"a varint of 11 bytes":   frame("\x20" + strings.Repeat("\xff", 10) + "\x01"),
		"groups nested for ever": frame(strings.Repeat("\x23", 5000)),
	} {
		var a aggregate.Aggregate
		if ok, err := a.Decode(p); ok || err != nil {
			t.Errorf("%s: %v, %v; want an ordinary record", name, ok, err)
		}
	}
}

// TestProtobufRules: fields in any order, the last of those that come twice, and what is
// not known is passed over.
func TestProtobufRules(t *testing.T) {
	t.Parallel()
	unknown := "\x20\x05" + "\x29\x01\x02\x03\x04\x05\x06\x07\x08" + "\x32\x01x" + "\x3d\x01\x02\x03\x04" + "\x43\x08\x01\x4b\x4c\x44" + "\x08\x07"
	p := frame("\x1a\x0b\x08\x07\x1a\x01a\x08\x00\x1a\x02de" + "\x1a\x08\x1a\x01f\x22\x01t\x08\x00" + unknown + "\x0a\x01k")
	var a aggregate.Aggregate
	if ok, err := a.Decode(p); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	if diff := cmp.Diff([]aggregate.Record{{Key: "k", Data: []byte("de")}, {Key: "k", Data: []byte("f")}}, records(&a)); diff != "" {
		t.Error(diff)
	}
}

func TestContradictions(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]string{
		"record 0 has partition key 1 of 1":     "\x0a\x01k\x1a\x05\x08\x01\x1a\x01d",
		"record 0 has explicit hash key 0 of 0": "\x0a\x01k\x1a\x07\x08\x00\x10\x00\x1a\x01d",
		"explicit hash key 0 is no number":      "\x0a\x01k\x12\x01x\x1a\x05\x08\x00\x1a\x01d",
	} {
		var a aggregate.Aggregate
		ok, err := a.Decode(frame(p))
		if !ok || !errors.Is(err, aggregate.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want %q", ok, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(build(sample)[4 : len(build(sample))-16])
	f.Add([]byte("\x0a\x01k\x1a\x05\x08\x00\x1a\x01d"))
	f.Add([]byte("\x23\x24\x0a\x00"))
	f.Fuzz(func(t *testing.T, message []byte) {
		var a aggregate.Aggregate
		ok, err := a.Decode(frame(string(message)))
		if !ok || err != nil {
			return
		}
		rs := records(&a)
		for i := range rs {
			a.Hash(uint64(i))
		}
		if len(rs) == 0 {
			return
		}
		var again aggregate.Aggregate
		if ok, err := again.Decode(build(rs)); !ok || err != nil {
			t.Fatalf("what was decoded does not encode: %v, %v", ok, err)
		}
		got := records(&again)
		if !slices.EqualFunc(got, rs, func(a, b aggregate.Record) bool {
			return a.Key == b.Key && a.ExplicitHashKey == b.ExplicitHashKey && bytes.Equal(a.Data, b.Data)
		}) {
			t.Errorf("%q, then %q", rs, got)
		}
	})
}

func some(keys int) (rs []aggregate.Record) {
	for i := range 200 {
		rs = append(rs, aggregate.Record{Key: fmt.Sprint("user-", i%keys), Data: bytes.Repeat([]byte("x"), 200)})
	}
	return rs
}

func TestAllocations(t *testing.T) {
	rs := some(200)
	var b aggregate.Builder
	buf := make([]byte, 0, 64<<10)
	encode := func() {
		b.Use(buf)
		for _, r := range rs {
			if !b.AddWithin(r, 51200) {
				t.Fatal("no room")
			}
		}
		buf = aggregate.Seal(b.Take())
	}
	encode()
	if n := testing.AllocsPerRun(10, encode); n != 0 {
		t.Errorf("encoding 200 records allocates %v times", n)
	}
	var a aggregate.Aggregate
	decode := func() {
		_, _ = a.Decode(buf)
		for i := range a.Records() {
			a.Hash(i)
		}
	}
	decode()
	if n := testing.AllocsPerRun(10, decode); n > 1 {
		t.Errorf("decoding 200 records allocates %v times, want once for all the keys", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	rs := some(200)
	var w aggregate.Builder
	buf := make([]byte, 0, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		w.Use(buf)
		for _, r := range rs {
			w.AddWithin(r, 51200)
		}
		buf = aggregate.Seal(w.Take())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rs)), "ns/record")
}

func BenchmarkDecode(b *testing.B) {
	p := build(some(200))
	var a aggregate.Aggregate
	b.ReportAllocs()
	for b.Loop() {
		_, _ = a.Decode(p)
		for i := range a.Records() {
			a.Hash(i)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*a.Len()), "ns/record")
}

// FuzzBuilder builds aggregates of what the input says, one after the other with one builder,
// and takes them apart again.
func FuzzBuilder(f *testing.F) {
	f.Add([]byte("\x03\x05user-1hello\x00\x00"), uint16(100))
	f.Add(bytes.Repeat([]byte("\x81\x01ab"), 300), uint16(2000))
	f.Fuzz(func(t *testing.T, script []byte, limit uint16) {
		var b aggregate.Builder
		var a aggregate.Aggregate
		var want []aggregate.Record
		next := func(n int) []byte {
			n = min(n, len(script))
			p := script[:n]
			script = script[n:]
			return p
		}
		check := func() {
			if b.Len() == 0 {
				return
			}
			whole, size := b.Append(nil), b.Size()
			p := b.Take()
			if ok, err := a.DecodeUnsealed(p); !ok || err != nil {
				t.Fatalf("unsealed: %v, %v", ok, err)
			}
			if sealed := aggregate.Seal(p); !bytes.Equal(sealed, whole) || len(sealed) != size {
				t.Fatal("Take and Seal give something else than Append")
			}
			if ok, err := a.Decode(whole); !ok || err != nil {
				t.Fatalf("%v, %v", ok, err)
			}
			if got := records(&a); !slices.EqualFunc(got, want, func(a, b aggregate.Record) bool {
				return a.Key == b.Key && a.ExplicitHashKey == b.ExplicitHashKey && bytes.Equal(a.Data, b.Data)
			}) {
				t.Fatalf("%q, want %q", got, want)
			}
			want = nil
		}
		for len(script) > 0 {
			head := next(2)
			if len(head) < 2 {
				break
			}
			r := aggregate.Record{Key: string(next(int(head[0] & 0x7f))), Data: next(int(head[1]))}
			if head[0]&0x80 != 0 {
				r.ExplicitHashKey = fmt.Sprint(head[1] % 7)
			}
			if !b.AddWithin(r, int(limit)) {
				check()
				b.Add(r)
			}
			want = append(want, r)
		}
		check()
	})
}

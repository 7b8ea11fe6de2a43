package s3

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// naive lists as the documentation says, one key after the other.
func naive(keys []string, prefix, delimiter, after string) []string {
	keys = slices.Clone(keys)
	sort.Strings(keys)
	var out []string
	seen := map[string]bool{}
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) || k <= after {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			cp := k[:len(prefix)+i+len(delimiter)]
			if !seen[cp] {
				out = append(out, cp)
			}
			seen[cp] = true
			continue
		}
		out = append(out, k)
	}
	return out
}

// Pages of every length, joined, are the whole listing.
func TestListingAgainstModel(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "ab/-\xff"
	for range 300 {
		var x index
		var keys []string
		for range rnd.IntN(60) {
			var b strings.Builder
			for range 1 + rnd.IntN(5) {
				b.WriteByte(alphabet[rnd.IntN(len(alphabet))])
			}
			if x.get(b.String()) == nil {
				keys = append(keys, b.String())
				x.set(&object{Key: b.String()})
			}
		}
		for _, prefix := range []string{"", "a", "a/", "b-", "\xff"} {
			for _, delimiter := range []string{"", "/", "-", "a/"} {
				want := naive(keys, prefix, delimiter, "")
				for _, size := range []int{1, 2, 3, 1000} {
					l := listing{prefix: prefix, delimiter: delimiter, max: size}
					var got []string
					for {
						p := l.list(&x)
						var items []string
						for _, o := range p.objects {
							items = append(items, o.Key)
						}
						items = append(items, p.prefixes...)
						sort.Strings(items)
						if len(items) > size {
							t.Fatalf("a page of %d has %d", size, len(items))
						}
						got = append(got, items...)
						if p.last == "" {
							break
						}
						l.after = p.last
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("keys %q prefix %q delimiter %q pages of %d (-want +got):\n%s", keys, prefix, delimiter, size, d)
					}
				}
			}
			if want, got := naive(keys, prefix, "", "ab"), (listing{prefix: prefix, after: "ab", max: 1000}).list(&x); len(want) != len(got.objects) {
				t.Fatalf("start-after: %d keys, want %d", len(got.objects), len(want))
			}
		}
	}
}

func TestIndexAgainstModel(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	var x index
	model := map[string]*object{}
	for range 40_000 {
		key := fmt.Sprint(rnd.IntN(3000))
		if rnd.IntN(3) == 0 {
			x.remove(key)
			delete(model, key)
		} else {
			o := &object{Key: key}
			x.set(o)
			model[key] = o
		}
	}
	if x.n != len(model) {
		t.Fatalf("n is %d, want %d", x.n, len(model))
	}
	last, n := "", 0
	for o := range x.from("") {
		if o.Key <= last {
			t.Fatalf("%q behind %q", o.Key, last)
		}
		if model[o.Key] != o {
			t.Fatalf("%q is not what was set last", o.Key)
		}
		last = o.Key
		n++
	}
	if n != len(model) {
		t.Fatalf("%d walked, want %d", n, len(model))
	}
	for k := range model {
		x.remove(k)
	}
	if x.n != 0 || len(x.runs) != 0 || x.get("1") != nil {
		t.Fatal("not empty")
	}
}

func TestListObjectsV2(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for i := range 25 {
		w.put(t, fmt.Sprintf("d%d/k %02d", i%3, i), "x")
	}
	w.put(t, "top", "x")
	in := &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), MaxKeys: aws.Int32(4), EncodingType: s3types.EncodingTypeUrl, FetchOwner: aws.Bool(true)}
	var keys []string
	p := awss3.NewListObjectsV2Paginator(w.c, in)
	pages := 0
	for p.HasMorePages() {
		out, err := p.NextPage(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		if int(*out.KeyCount) != len(out.Contents) {
			t.Errorf("KeyCount %d of %d", *out.KeyCount, len(out.Contents))
		}
		for _, o := range out.Contents {
			keys = append(keys, *o.Key)
			if o.Owner == nil || *o.Size != 1 || *o.ETag == "" || o.StorageClass != "STANDARD" || o.ChecksumAlgorithm[0] != "CRC32" {
				t.Errorf("entry %+v", o)
			}
		}
	}
	if len(keys) != 26 || pages != 7 || keys[0] != "d0/k%2000" {
		t.Errorf("%d keys on %d pages, first %q", len(keys), pages, keys[0])
	}
	out, err := w.c.ListObjectsV2(w.ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), Delimiter: aws.String("/"), StartAfter: aws.String("d1")})
	if err != nil || len(out.CommonPrefixes) != 2 || len(out.Contents) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	none, err := w.c.ListObjectsV2(w.ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), MaxKeys: aws.Int32(0)})
	if err != nil || *none.IsTruncated || len(none.Contents) != 0 {
		t.Errorf("no keys asked for: %+v, %v", none, err)
	}
	_, err = w.c.ListObjectsV2(w.ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), ContinuationToken: aws.String("?")})
	wantCode(t, err, "InvalidArgument")
	_, err = w.c.ListObjectsV2(w.ctx, &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), MaxKeys: aws.Int32(-1)})
	wantCode(t, err, "InvalidArgument")

	old, err := w.c.ListObjects(w.ctx, &awss3.ListObjectsInput{Bucket: aws.String("lake"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)})
	if err != nil || !*old.IsTruncated || *old.NextMarker != "d1/" || len(old.CommonPrefixes) != 2 {
		t.Fatalf("version 1: %+v, %v", old, err)
	}
	old, err = w.c.ListObjects(w.ctx, &awss3.ListObjectsInput{Bucket: aws.String("lake"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(2), Marker: old.NextMarker})
	if err != nil || *old.IsTruncated || len(old.CommonPrefixes) != 1 || len(old.Contents) != 1 {
		t.Fatalf("version 1, page 2: %+v, %v", old, err)
	}
}

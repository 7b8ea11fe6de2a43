// Gen writes click events as NDJSON, the same for the same seed: about 370 bytes each, over
// 72 hours in order but for the late ones, with users, products and countries by Zipf's law
// and 40 % of the referrers null.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

func main() {
	n := flag.Int("n", 2_900_000, "how many events")
	seed := flag.Uint64("seed", 1, "what they follow from")
	out := flag.String("out", "", "the file to write; standard output if empty")
	late := flag.Float64("late", 0.02, "the share that is up to two hours late")
	escapes := flag.Float64("escapes", 0, "the share of urls with a \\u0026")
	flag.Parse()
	if err := run(*out, *n, *seed, *late, *escapes); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out string, n int, seed uint64, late, escapes float64) (err error) {
	var w io.Writer = os.Stdout
	if out != "" {
		f, err := os.Create(out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = f
	}
	b := bufio.NewWriterSize(w, 1<<20)
	g := newGenerator(n, seed, late, escapes)
	for i := range n {
		if _, err := b.Write(g.event(i)); err != nil {
			return err
		}
	}
	return b.Flush()
}

var (
	devices    = []string{"mobile", "desktop", "tablet", "tv", "bot"}
	categories = []string{"shoes", "electronics", "garden", "books", "toys", "grocery", "beauty", "sports", "music", "outlet"}
	referrers  = []string{
		"https://www.google.com/", "https://www.bing.com/search", "https://t.co/a", "https://news.example.com/today",
		"https://m.facebook.com/l.php", "https://mail.example.org/inbox",
	}
	sources = []string{"home", "search", "email", "ads", "reco", "push"}
	start   = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

const span = 72 * 3600 * 1000 // milliseconds

type generator struct {
	r                       *rand.Rand
	users, products, places *rand.Zipf
	n                       int
	late, escapes           float64
	countries               []string
	b                       []byte
}

func newGenerator(n int, seed uint64, late, escapes float64) *generator {
	r := rand.New(rand.NewPCG(seed, 42))
	g := &generator{
		r: r, n: n, late: late, escapes: escapes,
		users: rand.NewZipf(r, 1.05, 4, 999_999), products: rand.NewZipf(r, 1.1, 8, 49_999), places: rand.NewZipf(r, 1.2, 2, 199),
	}
	for i := range 200 {
		g.countries = append(g.countries, string([]byte{'A' + byte((i*7+3)%26), 'A' + byte((i/8+i*3)%26)}))
	}
	return g
}

// event gives the ith event and its newline. It is good until the next call.
func (g *generator) event(i int) []byte {
	r := g.r
	user, product := g.users.Uint64(), g.products.Uint64()
	millis := int64(float64(span) * float64(i) / float64(g.n))
	if r.Float64() < g.late {
		millis = max(millis-r.Int64N(2*3600*1000), 0)
	}
	at := start.Add(time.Duration(millis) * time.Millisecond)
	device := devices[0]
	switch x := r.IntN(100); {
	case x >= 97:
		device = devices[4]
	case x >= 94:
		device = devices[3]
	case x >= 85:
		device = devices[2]
	case x >= 55:
		device = devices[1]
	}
	u := mix(user)
	b := append(g.b[:0], `{"event_id":"`...)
	b = appendUUID(b, r.Uint64(), r.Uint64())
	b = append(appendHex(append(b, `","user_id":"u-`...), u), '-')
	b = appendHex(b, mix(u))
	b = appendHex(append(b, `","session_id":"s-`...), mix(u^uint64(i/200_000)))
	b = at.AppendFormat(append(b, `","event_ts":"`...), "2006-01-02T15:04:05.000Z")
	b = append(append(b, `","url":"/c/`...), categories[product%10]...)
	b = strconv.AppendUint(append(b, `/p/`...), 100_000+product, 10)
	b = append(append(b, `?src=`...), sources[r.IntN(len(sources))]...)
	if r.Float64() < g.escapes {
		b = append(b, `\u0026`...)
	} else {
		b = append(b, '&')
	}
	b = strconv.AppendInt(append(b, `pos=`...), int64(r.IntN(40)), 10)
	b = strconv.AppendInt(append(b, `&utm_campaign=spring_`...), int64(r.IntN(12)), 10)
	if r.IntN(100) < 40 {
		b = append(b, `","referrer":null`...)
	} else {
		b = append(append(append(b, `","referrer":"`...), referrers[r.IntN(len(referrers))]...), '"')
	}
	b = append(append(b, `,"device":"`...), device...)
	b = append(append(b, `","country":"`...), g.countries[g.places.Uint64()]...)
	b = strconv.AppendUint(append(b, `","product_id":`...), 100_000+product, 10)
	cents := mix(product)%49_900 + 99
	b = strconv.AppendUint(append(b, `,"price":`...), cents/100, 10)
	b = append(b, '.', '0'+byte(cents/10%10), '0'+byte(cents%10))
	b = strconv.AppendInt(append(b, `,"qty":`...), int64(1+r.IntN(4)*r.IntN(2)), 10)
	b = strconv.AppendFloat(append(b, `,"geo":{"lat":`...), r.Float64()*140-70, 'f', 4, 64)
	b = strconv.AppendFloat(append(b, `,"lon":`...), r.Float64()*360-180, 'f', 4, 64)
	g.b = append(b, "}}\n"...)
	return g.b
}

// mix is a bijection that scatters (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func appendUUID(b []byte, hi, lo uint64) []byte {
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40
	for _, cut := range [][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if cut[0] > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, raw[cut[0]:cut[1]])
	}
	return b
}

// appendHex appends twelve digits, the lowest first.
func appendHex(b []byte, x uint64) []byte {
	for range 12 {
		b = append(b, "0123456789abcdef"[x&15])
		x >>= 4
	}
	return b
}

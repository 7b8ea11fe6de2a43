package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lakekit/lakekit/catalog"
)

// Click is one page view: the one declaration that the stream, the Parquet files, the Glue
// table and the typed answers come from.
type Click struct {
	EventID string          `json:"event_id"`
	UserID  string          `json:"user_id"`
	URL     string          `json:"url"`
	Device  string          `json:"device"`
	Country string          `json:"country"`
	EventTS time.Time       `json:"event_ts"`
	Price   catalog.Decimal `json:"price" lake:"decimal(10,2)"`
	Geo     *Geo            `json:"geo"`

	spoiled int // 0, or how encode spoils it: producers with bugs exist
}

// Geo is where the visitor is, as far as anyone knows.
type Geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

const (
	firstDay  = "2026-05-23"
	askedDay  = "2026-05-24" // the second and last day
	dayCount  = 2
	lateShare = 0.02
	maxLate   = 2 * time.Hour
	badEvery  = 5000 // one record in so many is one that no table can take
)

// clickSource makes clicks in the order of their arrival, the same ones for the same seed:
// users and countries are skewed (Zipf), two in a hundred events arrive up to two hours late.
type clickSource struct {
	rnd       *rand.Rand
	user      *rand.Zipf
	country   *rand.Zipf
	product   *rand.Zipf
	countries []string
	start     time.Time
	made, of  int
}

func newClickSource(seed uint64, n int) *clickSource {
	r := rand.New(rand.NewPCG(seed, 42))
	start, err := time.Parse(time.DateOnly, firstDay)
	if err != nil {
		panic(err)
	}
	return &clickSource{
		rnd:     r,
		user:    rand.NewZipf(r, 1.05, 4, 1_000_000),
		country: rand.NewZipf(r, 1.3, 2, 11),
		product: rand.NewZipf(r, 1.1, 8, 49_999),
		countries: []string{
			"US", "IN", "BR", "DE", "GB", "FR", "JP", "MX", "CA", "AU", "NL", "SE",
		},
		start: start,
		of:    n,
	}
}

// next gives the next click, and when it arrives.
func (s *clickSource) next() Click {
	r := s.rnd
	at := s.start.Add(time.Duration(float64(dayCount*24*time.Hour) * float64(s.made) / float64(s.of)))
	if r.Float64() < lateShare {
		// Nothing is older than the first day, so that the totals are easy to check.
		if at = at.Add(-time.Duration(r.Int64N(int64(maxLate)))); at.Before(s.start) {
			at = s.start
		}
	}
	var id [16]byte
	for i := range 2 {
		x := r.Uint64()
		for j := range 8 {
			id[8*i+j] = byte(x >> (8 * j))
		}
	}
	product := s.product.Uint64()
	c := Click{
		EventID: hex.EncodeToString(id[:]),
		UserID:  fmt.Sprintf("u-%07d", s.user.Uint64()),
		URL:     fmt.Sprintf("/p/%05d?src=%s&pos=%d", product, sources[r.IntN(len(sources))], r.IntN(40)),
		Device:  devices[r.IntN(len(devices))],
		Country: s.countries[s.country.Uint64()],
		EventTS: at.Truncate(time.Millisecond),
		Price:   catalog.NewDecimal(int64(product*7919%49_900)+99, 2),
	}
	if r.IntN(4) > 0 {
		c.Geo = &Geo{Lat: float64(r.IntN(18_000))/100 - 90, Lon: float64(r.IntN(36_000))/100 - 180}
	}
	s.made++
	if s.made%badEvery == 0 {
		c.spoiled = 1 + s.made/badEvery%len(spoilers)
	}
	return c
}

var (
	sources = []string{"home", "search", "email", "ads", "reco", "push"}
	devices = []string{"mobile", "mobile", "mobile", "desktop", "desktop", "tablet", "tv", "bot"}
)

// spoilers are ways in which producers go wrong. Each makes a record that the delivery puts
// beside the data, with the reason.
var spoilers = []func(data []byte) []byte{
	func(data []byte) []byte { return data[:len(data)/2] },              // cut short: invalid JSON
	func([]byte) []byte { return []byte(`{"event_id":"no-time"}`) },     // its partition is unknown
	func([]byte) []byte { return []byte(`{"event_ts":"yesterday"}`) },   // not an instant
	func([]byte) []byte { return []byte(`["a list is not a record"]`) }, // not an object
}

func encode(c Click) ([]byte, error) {
	data, err := json.Marshal(c)
	if err == nil && c.spoiled > 0 {
		data = spoilers[c.spoiled-1](data)
	}
	return data, err
}

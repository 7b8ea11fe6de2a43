package parquettest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/lakekit/lakekit/catalog"
)

// ClickFields are the columns of a click event.
func ClickFields() []catalog.Field {
	text := catalog.Type{Kind: catalog.KindString}
	double := catalog.Type{Kind: catalog.KindDouble}
	return []catalog.Field{
		{Name: "event_id", Type: text},
		{Name: "user_id", Type: text},
		{Name: "session_id", Type: text},
		{Name: "event_ts", Type: catalog.Type{Kind: catalog.KindTimestamp}},
		{Name: "url", Type: text},
		{Name: "referrer", Type: text},
		{Name: "device", Type: text},
		{Name: "country", Type: text},
		{Name: "product_id", Type: catalog.Type{Kind: catalog.KindBigInt}},
		{Name: "price", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 10, Scale: 2}},
		{Name: "qty", Type: catalog.Type{Kind: catalog.KindInt}},
		{Name: "geo", Type: catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{
			{Name: "lat", Type: double}, {Name: "lon", Type: double},
		}}},
	}
}

// Clicks makes n click events of an hour, in order of time: ids that never repeat, users,
// sessions and products of which a few are frequent, some columns of few values, and a
// referrer that is null in two of five.
func Clicks(r *rand.Rand, n int) []Row {
	users, countries, products := rand.NewZipf(r, 1.05, 4, 999_999), rand.NewZipf(r, 1.2, 2, 199), rand.NewZipf(r, 1.1, 8, 49_999)
	devices := []string{"mobile", "mobile", "mobile", "desktop", "desktop", "tablet", "tv", "bot"}
	categories := []string{"shoes", "electronics", "garden", "books", "toys", "grocery", "beauty", "sports", "music", "outlet"}
	referrers := []string{
		"https://www.google.com/", "https://www.bing.com/search", "https://t.co/a",
		"https://news.example.com/today", "https://m.facebook.com/l.php", "https://mail.example.org/inbox",
	}
	rows := make([]Row, n)
	for i := range rows {
		u, p := users.Uint64(), products.Uint64()
		h := u * 0x9e3779b97f4a7c15
		var referrer any
		if k := r.IntN(10); k < 6 {
			referrer = referrers[k]
		}
		id := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
		rows[i] = Row{
			id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:],
			fmt.Sprintf("u-%012x-%012x", h>>16, h*h>>16), fmt.Sprintf("s-%012x", h*31>>16),
			int64(1_767_225_600_000_000) + int64(3600_000*i/n)*1000,
			fmt.Sprintf("/c/%s/p/%d?src=home&pos=%d&utm_campaign=spring_%d", categories[p%10], 100_000+p, r.IntN(40), r.IntN(12)),
			referrer, devices[r.IntN(len(devices))], fmt.Sprintf("%c%c", 'A'+countries.Uint64()%26, 'A'+countries.Uint64()/26),
			int64(100_000 + p), int64(p*7919%49_900 + 99), int64(1 + r.IntN(4)*r.IntN(2)),
			[]any{math.Round(r.Float64()*1_400_000-700_000) / 1e4, math.Round(r.Float64()*3_600_000-1_800_000) / 1e4},
		}
	}
	return rows
}

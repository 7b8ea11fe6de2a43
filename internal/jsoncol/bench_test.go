package jsoncol

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lakekit/lakekit/catalog"
)

func clickFields() []catalog.Field {
	typ := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	str, dbl := typ(catalog.KindString), typ(catalog.KindDouble)
	var fs []catalog.Field
	for _, n := range []string{"event_id", "user_id", "session_id"} {
		fs = append(fs, catalog.Field{Name: n, Type: str})
	}
	fs = append(fs, catalog.Field{Name: "event_ts", Type: typ(catalog.KindTimestamp)})
	for _, n := range []string{"url", "referrer", "device", "country"} {
		fs = append(fs, catalog.Field{Name: n, Type: str})
	}
	return append(fs,
		catalog.Field{Name: "product_id", Type: typ(catalog.KindInt)},
		catalog.Field{Name: "price", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 10, Scale: 2}},
		catalog.Field{Name: "qty", Type: typ(catalog.KindInt)},
		catalog.Field{Name: "geo", Type: catalog.Type{Kind: catalog.KindStruct, Fields: []catalog.Field{{Name: "lat", Type: dbl}, {Name: "lon", Type: dbl}}}},
	)
}

const click = `{"event_id":"4d6731e4-4778-45af-0157-bab6cc3f4c79","user_id":"u-000efeda9d5a-1b702af3058c","session_id":"s-1b702af3058c","event_ts":"2026-03-01T00:00:00.000Z",` +
	`"url":"/c/beauty/p/101746?src=email&pos=27&utm_campaign=spring_3","referrer":null,"device":"mobile","country":"JY","product_id":101746,"price":40.82,"qty":4,"geo":{"lat":-54.8261,"lon":-95.2498}}`

func BenchmarkAppend(b *testing.B) {
	lines := map[string][][]byte{}
	esc := strings.Replace(click, "&pos", `\u0026pos`, 1)
	var plain, tenth, all, spaced, shuffled [][]byte
	r := rand.New(rand.NewPCG(1, 1))
	body := strings.TrimSuffix(strings.TrimPrefix(click, "{"), `,"geo":{"lat":-54.8261,"lon":-95.2498}}`)
	parts := append(strings.Split(body, ","), `"geo":{"lat":-54.8261,"lon":-95.2498}`)
	for i := range 1000 {
		plain = append(plain, []byte(click))
		all = append(all, []byte(esc))
		tenth = append(tenth, []byte(map[bool]string{true: esc, false: click}[i%10 == 0]))
		spaced = append(spaced, []byte(strings.ReplaceAll(strings.ReplaceAll(click, `":`, `": `), `,"`, `, "`)))
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		shuffled = append(shuffled, []byte("{"+strings.Join(parts, ",")+"}"))
	}
	lines["plain"], lines["escapes=10"], lines["escapes=100"], lines["spaced"], lines["shuffled"] = plain, tenth, all, spaced, shuffled
	if f := os.Getenv("JSONCOL_FILE"); f != "" {
		data, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		lines = map[string][][]byte{"file": nil}
		for l := range strings.Lines(string(data)) {
			lines["file"] = append(lines["file"], []byte(l))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		b.Run(name, func(b *testing.B) {
			_, p := schemaOf(b, clickFields())
			n := 0
			for _, l := range lines[name] {
				n += len(l)
			}
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				for _, l := range lines[name] {
					if _, err := p.Append(l); err != nil {
						b.Fatal(err)
					}
					if p.Size() > 256<<10 {
						p.Batch()
						p.Reset()
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines[name])), "ns/record")
		})
	}
}

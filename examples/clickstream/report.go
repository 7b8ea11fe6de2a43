package main

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/go-analyze/charts"
)

// report is what the program measured and learnt, and becomes one HTML file without references to
// anything outside it.
type report struct {
	Where    string
	Made     time.Time
	Events   int
	Landed   int64
	Rejected int64
	Files    int
	Bytes    int64
	Took     time.Duration

	Rate       []rateSample
	Shards     map[string]int64
	Partitions []partitionSize

	Question, SQL string
	Countries     []countryViews
	Scanned       int64 // by SQL
	ScannedAll    int64 // by the same question without its predicate
	SQLAll        string
	PriceNote     string
	Refused       string // why the builder refused the other question
	NoSQL         string // set when there was no engine to ask
}

type rateSample struct {
	At       time.Duration
	Produced int64
	Landed   int64
}

type partitionSize struct {
	Name  string
	Files int
	Bytes int64
}

type countryViews struct {
	Country string `json:"country"`
	Views   int64  `json:"views"`
}

// plot is one chart of the page.
type plot struct {
	Title, Note string
	SVG         template.HTML
}

func (r *report) plots() ([]plot, error) {
	var plots []plot
	add := func(title, note string, svg []byte, err error) error {
		if err != nil {
			return fmt.Errorf("plot %q: %w", title, err)
		}
		plots = append(plots, plot{title, note, template.HTML(svg)})
		return nil
	}
	svg, err := r.plotRate()
	if err := add("Events per second", "Put into the stream, and taken out of it by the delivery.", svg, err); err != nil {
		return nil, err
	}
	names := sortedKeys(r.Shards)
	counts := make([]float64, len(names))
	for i, name := range names {
		counts[i] = float64(r.Shards[name])
		names[i] = strings.TrimLeft(strings.TrimPrefix(name, "shardId-"), "0") // shardId-000000000002 -> 2
		if names[i] == "" {
			names[i] = "0"
		}
	}
	svg, err = bars("records", names, counts)
	if err := add("Records per shard", "Keys are users, and some users click far more than others.", svg, err); err != nil {
		return nil, err
	}
	names, counts = nil, nil
	for _, p := range r.Partitions {
		names = append(names, strings.TrimPrefix(p.Name, "dt=2026-"))
		counts = append(counts, float64(p.Bytes)/1e6/float64(max(p.Files, 1)))
	}
	svg, err = bars("MB a file (mean)", names, counts)
	if err := add("File sizes per partition", "Parquet, Snappy. Athena likes 128 MB and more: a real stream fills them.", svg, err); err != nil {
		return nil, err
	}
	if r.NoSQL == "" {
		svg, err = bars("MB scanned", []string{"with dt and hr", "without"}, []float64{float64(r.Scanned) / 1e6, float64(r.ScannedAll) / 1e6})
		if err := add("Bytes scanned", "The same question with and without its partition predicate.", svg, err); err != nil {
			return nil, err
		}
	}
	return plots, nil
}

const plotWidth, plotHeight = 760, 260

func painter() *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: plotWidth, Height: plotHeight})
}

func bars(unit string, labels []string, values []float64) ([]byte, error) {
	if len(values) == 0 {
		return nil, nil
	}
	opt := charts.NewBarChartOptionWithData([][]float64{values})
	opt.CategoryAxis.Labels = labels
	opt.Legend.SeriesNames = []string{unit}
	p := painter()
	if err := p.BarChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

func (r *report) plotRate() ([]byte, error) {
	var labels []string
	var produced, landed []float64
	for i := 1; i < len(r.Rate); i++ {
		a, b := r.Rate[i-1], r.Rate[i]
		if dt := (b.At - a.At).Seconds(); dt > 0 {
			labels = append(labels, fmt.Sprintf("%.0fs", b.At.Seconds()))
			produced = append(produced, float64(b.Produced-a.Produced)/dt)
			landed = append(landed, float64(b.Landed-a.Landed)/dt)
		}
	}
	if len(labels) == 0 {
		return nil, nil
	}
	opt := charts.NewLineChartOptionWithData([][]float64{produced, landed})
	opt.XAxis.Labels = labels
	opt.Legend.SeriesNames = []string{"produced", "delivered"}
	opt.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	p := painter()
	if err := p.LineChart(opt); err != nil {
		return nil, err
	}
	return p.Bytes()
}

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"mb": func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"s":  func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>clickstream</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:800px;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse}td,th{padding:.2rem .9rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}
td.n,th.n{text-align:right}pre{background:#f4f4f4;padding:.8rem;overflow-x:auto;white-space:pre-wrap}
figure{margin:1.5rem 0}figcaption{color:#555}svg{max-width:100%;height:auto}
</style></head><body>
{{with .Report}}<h1>Clickstream</h1>
<p>{{.Where}}, {{.Made.Format "2006-01-02 15:04:05 MST"}}</p>
<table>
<tr><td>events produced<td class="n">{{.Events}}</tr>
<tr><td>rows landed<td class="n">{{.Landed}}</tr>
<tr><td>error records<td class="n">{{.Rejected}}</tr>
<tr><td>files<td class="n">{{.Files}}</tr>
<tr><td>Parquet<td class="n">{{mb .Bytes}}</tr>
<tr><td>first event to last file<td class="n">{{s .Took}}</tr>
</table>{{end}}
{{range .Plots}}<figure><h2>{{.Title}}</h2>{{.SVG}}<figcaption>{{.Note}}</figcaption></figure>
{{end}}{{with .Report}}
<h2>{{.Question}}</h2>
{{if .NoSQL}}<p>Not asked: {{.NoSQL}}</p>{{else}}
<pre>{{.SQL}}</pre>
<table><tr><th>country<th class="n">views</tr>
{{range .Countries}}<tr><td>{{.Country}}<td class="n">{{.Views}}</tr>
{{end}}</table>
<p>Scanned {{mb .Scanned}}; without the predicate {{mb .ScannedAll}}. {{.PriceNote}}</p>
<pre>{{.SQLAll}}</pre>{{end}}
<h2>A question that is refused</h2>
<pre>{{.Refused}}</pre>
{{end}}</body></html>
`))

func (r *report) write(w io.Writer) error {
	plots, err := r.plots()
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		Report *report
		Plots  []plot
	}{r, plots})
}

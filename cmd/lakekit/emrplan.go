package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lakekit/lakekit/emr"
	"github.com/lakekit/lakekit/pricing"
)

type planning struct {
	hours  float64
	region string
	prices string
	accept string
	json   bool
}

func defineEMRPlan(flags *flag.FlagSet) func(context.Context, *env, []string) error {
	p := &planning{}
	flags.Float64Var(&p.hours, "hours", 1, "how long the cluster runs")
	flags.StringVar(&p.region, "region", "us-east-1", "where it runs")
	flags.StringVar(&p.prices, "prices", "", "a `FILE` of prices that go before the known ones: lines of item,region,usd,per,unit,year-month,source, where an item is ec2-hour:TYPE, ec2-spot-hour:TYPE or emr-hour:TYPE")
	flags.StringVar(&p.accept, "accept", "", "`RISKS` that are taken knowingly, by name and with commas between: core-on-spot, master-on-spot")
	flags.BoolVar(&p.json, "json", false, "write the answer as JSON")
	return func(_ context.Context, e *env, args []string) error {
		if len(args) != 1 {
			return usagef("one SPEC.json is wanted, the JSON of a RunJobFlow request; - reads it from standard input")
		}
		return p.run(e, args[0])
	}
}

// fleetAnswer is the answer as JSON.
type fleetAnswer struct {
	Name     string          `json:"name"`
	Release  string          `json:"release"`
	Errors   []emr.Complaint `json:"errors"`
	Warnings []emr.Complaint `json:"warnings"`
	// Plan is null where there is no price, and Unpriced says why.
	Plan     *emr.Plan `json:"plan"`
	Unpriced string    `json:"unpriced,omitempty"`
}

func (p *planning) run(e *env, file string) error {
	book := pricing.Default()
	if p.prices != "" {
		csv, err := os.ReadFile(p.prices)
		if err != nil {
			return err
		}
		if book, err = book.With(string(csv)); err != nil {
			return err
		}
	}
	text, err := readSpec(e, file)
	if err != nil {
		return err
	}
	c, err := emr.Parse(text)
	a := fleetAnswer{Name: c.Name, Release: c.Release, Errors: []emr.Complaint{}, Warnings: []emr.Complaint{}}
	if err := a.take(err); err != nil {
		return err
	}
	if p.accept != "" {
		c.Accept = strings.Split(p.accept, ",")
	}
	warnings, err := c.Validate()
	a.Warnings = append(a.Warnings, warnings...)
	if err := a.take(err); err != nil {
		return err
	}
	a.Plan, err = c.Plan(p.hours, &emr.PlanOptions{Region: p.region, Book: book})
	if err != nil {
		a.Unpriced = err.Error()
	}
	if p.json {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		err = enc.Encode(a)
	} else {
		err = a.print(e.stdout)
	}
	if err == nil && len(a.Errors) > 0 {
		err = fmt.Errorf("refused: %s", plural(int64(len(a.Errors)), "error"))
	}
	return err
}

func readSpec(e *env, file string) ([]byte, error) {
	if file == "-" {
		text, err := io.ReadAll(e.stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return text, nil
	}
	return os.ReadFile(file)
}

// take keeps complaints, and gives back any other error.
func (a *fleetAnswer) take(err error) error {
	var invalid *emr.InvalidError
	if errors.As(err, &invalid) {
		a.Errors = append(a.Errors, invalid.Complaints...)
		return nil
	}
	return err
}

func (a *fleetAnswer) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s: %s, %s\n", a.Name, a.Release, plural(int64(len(a.Errors)), "error"), plural(int64(len(a.Warnings)), "warning"))
	for _, c := range a.Errors {
		fmt.Fprintf(w, "error: %s\n", c)
	}
	for _, c := range a.Warnings {
		fmt.Fprintf(w, "warning: %s\n", c)
	}
	if a.Plan == nil {
		_, err := fmt.Fprintf(w, "\nno price: %s\n", a.Unpriced)
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s", a.Plan)
	return err
}

package emr

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// interruption says what is lost with a node of that component.
func (p *planner) interruption(component string, market emrtypes.MarketType, types int, s Spot) string {
	spot := market == emrtypes.MarketTypeSpot
	replaced := ""
	if spot {
		replaced = "; EMR replaces it if it finds one"
		if _, fleets := p.c.fleets(); fleets {
			replaced = fmt.Sprintf("; EMR replaces it by %s among %d types", cmp.Or(s.ResizeStrategy, p.resizeDefault()), types)
		}
	}
	switch {
	case component == "master" && p.c.HighAvailability:
		return "one of three may be lost: EMR replaces it, and the cluster goes on"
	case component == "master" && spot:
		return "an interruption ends the cluster, its HDFS and its steps"
	case component == "master":
		return "not interrupted; its failure ends the cluster"
	case component == "core" && spot:
		return "an interrupted node takes its HDFS blocks along: data can be lost, and jobs with it" + replaced
	case component == "core":
		return "not interrupted; holds HDFS"
	case spot:
		return "an interrupted node loses its running tasks and shuffle files, which Spark makes again; no HDFS" + replaced
	}
	return "not interrupted; holds no HDFS"
}

// resizeDefault is how EMR looks for a replacement where the fleet does not say it.
func (p *planner) resizeDefault() SpotStrategy {
	if r, ok := parseRelease(p.c.Release); ok && r.before(6, 9, 0) {
		return CapacityOptimized
	}
	return PriceCapacityOptimized
}

// String is the plan as a table, a line for each component and what is said of it below.
func (p *Plan) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "component\tmarket\ttypes\tnodes\tEC2 $/h\tEMR $/h\thours\tEC2 $\tEMR $")
	for _, r := range p.Rows {
		emrHour, emr := r.EMRHour.text(4), r.EMR.text(2)
		if r.EMR.High == 0 { // it was given as a sum
			emrHour, emr = "", ""
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%g\t%s\t%s\n", r.Component, market(r.Market), strings.Join(r.Types, " "),
			r.Nodes.text(0), r.EC2Hour.text(4), emrHour, p.Hours, r.EC2.text(2), emr)
	}
	fmt.Fprintf(w, "total\t\t\t\t\t\t\t%s\t%s\n", p.EC2.text(2), p.EMR.text(2))
	_ = w.Flush() // to memory
	fmt.Fprintf(&b, "together $%s for %g hours in %s\n", p.Total.text(2), p.Hours, p.Region)
	if p.Worst > p.Total.High+0.005 {
		fmt.Fprintf(&b, "at most $%.2f if there is no Spot capacity at the launch and it is bought on demand\n", p.Worst)
	}
	if p.AtMaximum > 0 {
		fmt.Fprintf(&b, "at most $%.2f if managed scaling stays at its maximum, all on demand\n", p.AtMaximum)
	}
	for _, r := range p.Rows {
		fmt.Fprintf(&b, "%s, %s: %s\n", r.Component, market(r.Market), r.Interruption)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

func market(m emrtypes.MarketType) string {
	if m == emrtypes.MarketTypeSpot {
		return "Spot"
	}
	return "on demand"
}

// text shows a range with so many digits, and one number where both are the same.
func (r Range) text(digits int) string {
	low, high := fmt.Sprintf("%.*f", digits, r.Low), fmt.Sprintf("%.*f", digits, r.High)
	if low == high {
		return low
	}
	return low + "–" + high
}

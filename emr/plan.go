package emr

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"github.com/lakekit/lakekit/pricing"
)

// PlanOptions are what a price rests on. Nil means the zero value.
type PlanOptions struct {
	// Region is where the cluster runs. Zero means us-east-1.
	Region string
	// Book has the prices. Zero means [pricing.Default]. Spot prices change by the hour and
	// are in no table: give those you count with, and your own rates, to [pricing.Book.With].
	Book *pricing.Book
	// EMR is what EMR's own charge comes to for the whole run, where that is agreed or taken
	// from elsewhere. Zero means the book's rate for each node.
	EMR float64
	// At is when the cluster runs: prices that are old then are noted. Zero means now.
	At time.Time
}

// Range is from the least to the most. The two are equal where nothing is left open.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func (r Range) plus(o Range) Range { return Range{r.Low + o.Low, r.High + o.High} }

// Plan is what a cluster costs for a number of hours, in dollars: instances and EMR's charge on
// every one of them, Spot included. Volumes, S3, traffic, taxes and discounts are not in it.
type Plan struct {
	Name   string  `json:"name"`
	Region string  `json:"region"`
	Hours  float64 `json:"hours"`
	// Rows are the cluster's components: master, core and task, on demand and on Spot apart.
	Rows []PlanRow `json:"rows"`
	// EC2 and EMR are the sums of the rows, Total that of both.
	EC2   Range `json:"ec2_usd"`
	EMR   Range `json:"emr_usd"`
	Total Range `json:"total_usd"`
	// Worst is Total if every Spot target is switched to on demand at the launch.
	Worst float64 `json:"worst_usd"`
	// AtMaximum is the most that can come of managed scaling at its Maximum for all of the
	// hours; 0 without managed scaling, and where it counts in VCPU.
	AtMaximum float64 `json:"at_maximum_usd,omitempty"`
	// Notes say what the prices rest on.
	Notes []string `json:"notes,omitempty"`
}

// PlanRow is one component of a cluster.
type PlanRow struct {
	// Component is master, core or task, Market ON_DEMAND or SPOT.
	Component string              `json:"component"`
	Market    emrtypes.MarketType `json:"market"`
	Types     []string            `json:"types"`
	// Nodes is how many instances meet the target, by which types EMR finds.
	Nodes Range `json:"nodes"`
	// EC2Hour and EMRHour are for an hour of one node.
	EC2Hour Range `json:"ec2_usd_per_hour"`
	EMRHour Range `json:"emr_usd_per_hour"`
	// EC2 and EMR are for all nodes and hours.
	EC2 Range `json:"ec2_usd"`
	EMR Range `json:"emr_usd"`
	// OnDemand is what the row costs if its Spot target is switched to on demand, and 0 where
	// it cannot be.
	OnDemand Range `json:"if_on_demand_usd"`
	// Interruption says what is lost with a node.
	Interruption string `json:"interruption"`
}

// Plan prices the cluster for a number of hours, at the targets that it is launched with. Both
// are billed by the second, with a minute as the least.
//
// Where a fleet names several types, Low and High are the cheapest and the dearest way to meet
// the target. A Spot hour that the book has no price of is taken for at least a tenth of the
// on-demand price (AWS: "up to 90%" off) and at most the type's maximum price.
//
// Plan does not validate; it fails, with everything that is missing, when a type has no price.
func (c Cluster) Plan(hours float64, o *PlanOptions) (*Plan, error) {
	if !(hours > 0 && hours <= 1e6) {
		return nil, fmt.Errorf("emr: plan: %v hours: take more than 0, up to 1,000,000", hours)
	}
	p := &planner{c: &c}
	if o != nil {
		p.o = *o
	}
	p.o.Region = cmp.Or(p.o.Region, "us-east-1")
	if p.o.Book == nil {
		p.o.Book = pricing.Default()
	}
	if p.o.At.IsZero() {
		p.o.At = time.Now()
	}
	p.plan = &Plan{Name: c.Name, Region: p.o.Region, Hours: max(hours, 1.0/60)}
	if f, ok := c.fleets(); ok {
		p.fleets(f)
	} else if g, ok := c.groups(); ok {
		p.groups(g)
	} else {
		p.errs = append(p.errs, errors.New("emr: plan: Instances: there are none to price"))
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	p.sum()
	return p.plan, nil
}

// mostUnits bounds the arithmetic of weights.
const mostUnits = 100_000

type planner struct {
	c     *Cluster
	o     PlanOptions
	plan  *Plan
	errs  []error
	noted map[string]bool
}

func (p *planner) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(p.plan.Notes, text) {
		p.plan.Notes = append(p.plan.Notes, text)
	}
}

func (p *planner) masters() int32 {
	if p.c.HighAvailability {
		return 3
	}
	return 1
}

func (p *planner) fleets(f Fleets) {
	m := f.Master.Types
	if f.Master.Spot != nil {
		p.row("master", emrtypes.MarketTypeSpot, p.masters(), m, *f.Master.Spot)
	} else {
		p.row("master", emrtypes.MarketTypeOnDemand, p.masters(), m, Spot{})
	}
	for _, fleet := range []struct {
		name string
		f    *Fleet
	}{{"core", f.Core}, {"task", f.Task}} {
		if fleet.f == nil {
			continue
		}
		if n := fleet.f.OnDemand.Units; n != 0 {
			p.row(fleet.name, emrtypes.MarketTypeOnDemand, n, fleet.f.Types, Spot{})
		}
		if n := fleet.f.Spot.Units; n != 0 {
			p.row(fleet.name, emrtypes.MarketTypeSpot, n, fleet.f.Types, fleet.f.Spot)
		}
	}
	if s := p.c.ManagedScaling; s != nil {
		var types []InstanceType
		for _, fleet := range []*Fleet{f.Core, f.Task} {
			if fleet != nil {
				types = append(types, fleet.Types...)
			}
		}
		p.scaled(s, types)
	}
}

func (p *planner) groups(g Groups) {
	row := func(name, instanceType, maxPrice string, n int32, market emrtypes.MarketType) {
		p.row(name, market, n, []InstanceType{{Type: instanceType, MaxPrice: maxPrice}}, Spot{})
	}
	market := emrtypes.MarketTypeOnDemand
	if g.Master.Spot {
		market = emrtypes.MarketTypeSpot
	}
	row("master", g.Master.Type, g.Master.MaxPrice, p.masters(), market)
	var types []InstanceType
	if g.Core != nil {
		row("core", g.Core.Type, g.Core.MaxPrice, g.Core.Count, g.Core.market(emrtypes.InstanceRoleTypeCore))
		types = append(types, InstanceType{Type: g.Core.Type})
	}
	for i, t := range g.Task {
		name := "task"
		if len(g.Task) > 1 {
			name += " " + strconv.Itoa(i+1)
		}
		row(name, t.Type, t.MaxPrice, t.Count, t.market(emrtypes.InstanceRoleTypeTask))
		types = append(types, InstanceType{Type: t.Type})
	}
	if s := p.c.ManagedScaling; s != nil && s.Unit != emrtypes.ComputeLimitsUnitTypeVcpu {
		p.scaled(s, types)
	}
}

// rate is what an hour of a type costs, in the market of its row and on demand.
type rate struct {
	weight        int32
	ec2           Range
	onDemand, emr float64
}

// rates looks the types up.
func (p *planner) rates(types []InstanceType, market emrtypes.MarketType) []rate {
	var rates []rate
	for _, t := range types {
		ec2, err := p.price(pricing.EC2Hour(t.Type))
		r := rate{weight: max(1, t.Weight), ec2: Range{ec2, ec2}, onDemand: ec2}
		if p.o.EMR == 0 {
			var errEMR error
			r.emr, errEMR = p.price(pricing.EMRHour(t.Type))
			err = errors.Join(err, errEMR)
		}
		if err != nil {
			continue // said already
		}
		if market == emrtypes.MarketTypeSpot {
			r.ec2 = p.spotRate(t, ec2)
		}
		rates = append(rates, r)
	}
	return rates
}

// price looks an item up, and complains once of each that is not there.
func (p *planner) price(item pricing.Item) (float64, error) {
	price, err := p.o.Book.Price(item, p.o.Region)
	if err != nil {
		if p.noted == nil {
			p.noted = map[string]bool{}
		}
		if !p.noted[err.Error()] {
			p.errs = append(p.errs, fmt.Errorf("emr: plan: %w: give it to pricing.Book.With", err))
		}
		p.noted[err.Error()] = true
		return 0, err
	}
	if price.Stale(p.o.At) {
		p.note("%s: %s is more than a year old", item, price)
	}
	return price.Of(1), nil
}

// spotRate is the book's price, or else what is sure: a tenth of the on-demand price, up to the
// most that is paid.
func (p *planner) spotRate(t InstanceType, onDemand float64) Range {
	most := onDemand
	switch {
	case t.MaxPrice != "":
		if n, err := strconv.ParseFloat(t.MaxPrice, 64); err == nil && n > 0 {
			most = n
		}
	case t.MaxPricePercent > 0:
		most = onDemand * t.MaxPricePercent / 100
	}
	price, err := p.o.Book.Price(pricing.EC2SpotHour(t.Type), p.o.Region)
	if err == nil {
		p.note("Spot prices are those given: they change by the hour")
		if price.Of(1) > most {
			p.note("%s: its Spot price, $%g, is above its maximum, $%g: none would be had", t.Type, price.Of(1), most)
		}
		return Range{price.Of(1), price.Of(1)}
	}
	p.note("Spot prices change by the hour: from a tenth of the on-demand price to the most that is paid")
	most = min(most, onDemand) // nobody has to pay more than on demand
	return Range{min(onDemand/10, most), most}
}

func (p *planner) row(component string, market emrtypes.MarketType, units int32, types []InstanceType, s Spot) {
	if units < 1 || units > mostUnits {
		p.errs = append(p.errs, fmt.Errorf("emr: plan: %s: %d units: take 1 to %d", component, units, mostUnits))
		return
	}
	rates := p.rates(types, market)
	if len(rates) < len(types) || len(rates) == 0 {
		if len(types) == 0 {
			p.errs = append(p.errs, fmt.Errorf("emr: plan: %s: there are no instance types to price", component))
		}
		return
	}
	if component == "master" {
		for i := range rates {
			rates[i].weight = 1
		}
	}
	r := PlanRow{Component: component, Market: market, Interruption: p.interruption(component, market, len(types), s)}
	for _, t := range types {
		r.Types = append(r.Types, t.Type)
	}
	low := purchase(rates, units, func(a rate) float64 { return a.ec2.Low + a.emr }, func(a, b float64) bool { return a < b })
	high := purchase(rates, units, func(a rate) float64 { return a.ec2.High + a.emr }, func(a, b float64) bool { return a > b })
	few := purchase(rates, units, func(rate) float64 { return 1 }, func(a, b float64) bool { return a < b })
	many := purchase(rates, units, func(rate) float64 { return 1 }, func(a, b float64) bool { return a > b })
	r.Nodes = Range{few.cost, many.cost}
	h := p.plan.Hours
	r.EC2 = Range{low.ec2.Low * h, high.ec2.High * h}
	r.EMR = Range{low.emr * h, high.emr * h}
	r.EC2Hour = bounds(rates, func(a rate) Range { return a.ec2 })
	r.EMRHour = bounds(rates, func(a rate) Range { return Range{a.emr, a.emr} })
	if s.OnTimeout == SwitchToOnDemand {
		least := purchase(rates, units, func(a rate) float64 { return a.onDemand + a.emr }, func(a, b float64) bool { return a < b })
		most := purchase(rates, units, func(a rate) float64 { return a.onDemand + a.emr }, func(a, b float64) bool { return a > b })
		r.OnDemand = Range{least.cost * h, most.cost * h}
	}
	p.plan.Rows = append(p.plan.Rows, r)
}

func bounds(rates []rate, of func(rate) Range) Range {
	b := of(rates[0])
	for _, r := range rates {
		b = Range{min(b.Low, of(r).Low), max(b.High, of(r).High)}
	}
	return b
}

// bought is what meets a target.
type bought struct {
	cost, emr float64
	ec2       Range
}

// purchase finds the best (by better) of all the ways to meet a target: EMR adds instances,
// each of any type, while units are left, and the last may go beyond the target.
func purchase(rates []rate, units int32, cost func(rate) float64, better func(a, b float64) bool) bought {
	best := make([]bought, units+1)
	for u := int32(1); u <= units; u++ {
		for i, r := range rates {
			rest := best[max(0, u-r.weight)]
			if total := rest.cost + cost(r); i == 0 || better(total, best[u].cost) {
				best[u] = bought{cost: total, emr: rest.emr + r.emr, ec2: rest.ec2.plus(r.ec2)}
			}
		}
	}
	return best[units]
}

// scaled prices the maximum of managed scaling, the dearest way.
func (p *planner) scaled(s *ManagedScaling, types []InstanceType) {
	rates := p.rates(types, emrtypes.MarketTypeOnDemand)
	if len(rates) == 0 || s.Maximum < 1 || s.Maximum > mostUnits {
		return
	}
	most := purchase(rates, s.Maximum, func(r rate) float64 { return r.onDemand + r.emr }, func(a, b float64) bool { return a > b })
	p.plan.AtMaximum = most.cost * p.plan.Hours
	p.note("managed scaling changes the core and task nodes between %d and %d units; the rows are what the launch asks for", s.Minimum, s.Maximum)
}

func (p *planner) sum() {
	plan := p.plan
	for _, r := range plan.Rows {
		plan.EC2, plan.EMR = plan.EC2.plus(r.EC2), plan.EMR.plus(r.EMR)
		plan.Worst += max(r.EC2.High+r.EMR.High, r.OnDemand.High)
		if r.Component == "master" && plan.AtMaximum > 0 {
			plan.AtMaximum += r.EC2.High + r.EMR.High
		}
	}
	if p.o.EMR != 0 {
		plan.EMR = Range{p.o.EMR, p.o.EMR}
		plan.Worst += p.o.EMR
		p.note("EMR's charge is the sum given, not the book's rate for each node")
	} else {
		p.note("EMR charges every node, Spot too, at a rate that Spot does not lower")
	}
	plan.Total = plan.EC2.plus(plan.EMR)
}

package kinesis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/pricing"
)

// ReshardOptions are the settings of [PlanReshard]. The zero value is good.
type ReshardOptions struct {
	// Load is what comes in the busiest second. With it the plan says how full the heaviest
	// shard is; nil: only shares are known.
	Load *Load
	// Prices are what the plan's price comes from; nil means [pricing.Default].
	Prices *pricing.Book
	// OnProgress is told of each step that [ReshardPlan.Apply] has done, in Apply's
	// goroutine; nil: nobody is told.
	OnProgress func(ReshardProgress)
}

// ReshardProgress is how far a [ReshardPlan.Apply] is.
type ReshardProgress struct {
	// Step is the step that is done, Done its number from 1, and Steps how many there are.
	Step        ReshardStep
	Done, Steps int
	// Left is how long the others take, by what those before took.
	Left time.Duration
}

// ReshardPlan is how a stream gets shards that share its load as evenly as can be. To make
// one changes nothing: it is the dry run, and [ReshardPlan.Apply] does it.
type ReshardPlan struct {
	Stream string
	// Before and After are the shards as they are and as they are to be, by hash key.
	Before, After []ShardLoad
	// Steps are the operations that lead there, in their order.
	Steps []ReshardStep
	// Takes is how long they take about, at [ReshardStepTime] each.
	Takes time.Duration
	// MonthBefore and MonthAfter are what the open shards cost in a month, and what the
	// stream's fan-out consumers pay for them. PUT units and volume stay as they are. Both
	// are empty where no price is known for the region, as Notes say then.
	MonthBefore, MonthAfter Bill
	// HotKeys are the keys that weigh more than an even share, heaviest first: no cut divides
	// a key. Ten at most.
	HotKeys []HotKey
	// Notes are what else is to be known before it is applied.
	Notes []string

	total    uint64 // of the profile
	load     *Sizing
	client   *awskinesis.Client
	region   string
	from     []hashrange.Key // the boundaries before, without 0
	moves    []keyMove
	short    int64 // shards that the account's limit lacks
	progress func(ReshardProgress)
}

// ReshardStepTime is what a plan reckons for a split or a merge; a stream does one at a time.
// It is a guess to plan by, from memory of AWS's FAQ, which had 30,000 seconds for the splits of
// 1,000 shards: no document that says so today was found. [ReshardProgress] has measured times.
const ReshardStepTime = 30 * time.Second

// ShardLoad is a shard and its part of the load.
type ShardLoad struct {
	// Shard is the id; empty where the shard does not exist yet.
	Shard string
	// StartingHashKey and EndingHashKey are the range in decimal, both included.
	StartingHashKey, EndingHashKey string
	// Share is the part of the measured load, 0 to 1.
	Share float64
}

// ReshardStep is one operation of a [ReshardPlan].
type ReshardStep struct {
	// Operation is SplitShard or MergeShards.
	Operation string
	// Shards are the ids of the shards that are split or merged; an id that only a step
	// before makes is empty.
	Shards []string
	// NewStartingHashKey is where the upper shard of a split begins, or the upper one of those
	// that are merged began.
	NewStartingHashKey string
	// StartingHashKey and EndingHashKey are the range of the shard that is split, or that a
	// merge makes.
	StartingHashKey, EndingHashKey string
}

type keyMove struct {
	merge bool
	at    hashrange.Key
}

const (
	opSplit = "SplitShard"
	opMerge = "MergeShards"
	// keepWithin is which part of an even share a boundary may be off and stay where it is.
	keepWithin = 20
	mostHot    = 10
)

// PlanReshard plans how a stream gets a number of shards that share a measured load as evenly
// as can be; with 0 it keeps as many as it has. It changes nothing.
//
// The boundaries are cut at the profile's bins (or at a boundary that is there, or that
// UpdateShardCount would make) so that the heaviest shard is as light as any such cut has it,
// and so that, where single bins are that heavy, the others are even too. A boundary that
// there is stays where it is when it is off by no more than a twentieth of an even share,
// which saves a split and a merge; the heaviest shard may be a tenth of an even share heavier
// for it, but never heavier than with UpdateShardCount. Where nothing was measured, cuts lie in the middle of it.
//
// UpdateShardCount divides the hash space into equal ranges, whatever comes: it is the thing
// to use where keys are many and even, it needs one call, and shards that were uniform stay
// so. It can at most double or halve a stream and may be called ten times in 24 hours, limits
// that splits and merges do not have. Use PlanReshard where the load is uneven, which a
// [HotKeys] profile shows, or where a part of the hash space alone is hot. Of shares it says
// what the profile says: measure in the busiest period, for a few minutes at least, and in bytes
// unless records are what binds ([HotKeysOptions].ByRecords).
//
// What no resharding mends is a key that is heavier than a shard: all its records have one
// hash. [ReshardPlan].HotKeys names those above an even share; give such a key several
// (a suffix that the consumer takes off), or give up its order with a random one.
//
// The stream must be in provisioned mode: in on-demand mode AWS alone splits shards.
// Credentials need kinesis:DescribeStreamSummary, ListShards and DescribeLimits, and for Apply
// SplitShard and MergeShards.
func PlanReshard(ctx context.Context, cfg aws.Config, stream string, load *Profile, shards int, opts *ReshardOptions) (*ReshardPlan, error) {
	p := &ReshardPlan{Stream: stream, client: awskinesis.NewFromConfig(cfg), region: cfg.Region}
	if err := p.make(ctx, load, shards, opts); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("kinesis: plan the resharding of stream %q: %w", stream, err)
	}
	return p, nil
}

func (p *ReshardPlan) make(ctx context.Context, profile *Profile, shards int, opts *ReshardOptions) error {
	var o ReshardOptions
	if opts != nil {
		o = *opts
	}
	var errs []error
	if p.Stream == "" {
		errs = append(errs, errors.New("the stream has no name"))
	}
	if profile == nil {
		errs = append(errs, errors.New("there is no profile: let HotKeys measure the load"))
	}
	if shards < 0 || shards > 1<<binBits {
		errs = append(errs, fmt.Errorf("%d shards are not from 0 (as many as there are) to 65,536", shards))
	}
	if o.Load != nil {
		l := *o.Load
		l.Shards = 0
		size, err := Size(l)
		if err != nil {
			errs = append(errs, err)
		}
		p.load = size
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	p.progress = o.OnProgress
	out, err := p.client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &p.Stream})
	if err != nil {
		return explain(err, p.Stream, p.region)
	}
	summary := out.StreamDescriptionSummary
	if m := summary.StreamModeDetails; m != nil && m.StreamMode == kinesistypes.StreamModeOnDemand {
		return errors.New("it is in on-demand mode, where AWS alone splits shards: change it to provisioned mode (UpdateStreamMode) first")
	}
	have, err := p.list(ctx)
	if err != nil {
		return err
	}
	if have == nil {
		return fmt.Errorf("the open shards listed do not cover the hash space once: it is %s; plan again when it is ACTIVE", summary.StreamStatus)
	}
	if shards == 0 {
		shards = len(have.open)
	}
	if err := p.cut(profile, have, shards); err != nil {
		return err
	}
	prices := o.Prices
	if prices == nil {
		prices = pricing.Default()
	}
	p.price(prices, int64(aws.ToInt32(summary.ConsumerCount)))
	return p.limits(ctx)
}

// list gives the open shards; nil while they are between two layouts.
func (p *ReshardPlan) list(ctx context.Context) (*layout, error) {
	shards, err := listShards(ctx, p.client, p.Stream, p.region, &kinesistypes.ShardFilter{Type: kinesistypes.ShardFilterTypeAtLatest})
	if err != nil {
		return nil, err
	}
	return newLayout(shards, nil), nil
}

// cut fills in the shards, the steps and the keys that stay hot.
func (p *ReshardPlan) cut(profile *Profile, have *layout, n int) error {
	p.from = have.boundaries()
	var uniform []hashrange.Key
	for _, r := range hashrange.Split(n)[1:] {
		uniform = append(uniform, r.First)
	}
	s, err := newSpread(profile, p.from, uniform)
	if err != nil {
		return err
	}
	from, even := s.places(p.from), s.places(uniform)
	to := s.reshard(from, even, n)
	p.total = s.total()

	ids := map[hashrange.Range]string{}
	for _, o := range have.open {
		ids[o.keys] = o.id
	}
	p.Before, p.After = s.shards(from, ids), s.shards(to, ids)
	cuts := slices.Clone(from)
	for _, m := range moves(from, to, s.weight, s.cells()) {
		p.moves = append(p.moves, keyMove{m.merge, s.key(m.at)})
		p.Steps = append(p.Steps, s.step(m, cuts, ids))
		cuts = m.apply(cuts)
	}
	p.Takes = time.Duration(len(p.Steps)) * ReshardStepTime
	for _, k := range profile.Keys {
		if len(p.HotKeys) < mostHot && k.AtLeast > s.total()/uint64(n) {
			p.HotKeys = append(p.HotKeys, k)
		}
	}
	return nil
}

// reshard gives the cuts for n shards where there are some, and where UpdateShardCount would
// cut evenly.
func (s *spread) reshard(have, uniform []int, n int) []int {
	best := s.cut(n)
	kept := s.keep(best, have, s.total()/uint64(n)/keepWithin)
	if s.heaviest(kept) > s.heaviest(uniform) {
		return best
	}
	return kept
}

func (l *layout) boundaries() []hashrange.Key {
	ks := make([]hashrange.Key, 0, len(l.open))
	for _, o := range l.open[1:] {
		ks = append(ks, o.keys.First)
	}
	return ks
}

func (s *spread) places(ks []hashrange.Key) []int {
	is := make([]int, len(ks))
	for i, k := range ks {
		is[i] = s.place(k)
	}
	return is
}

// between is the range of hash keys between two places.
func (s *spread) between(from, to int) hashrange.Range {
	return hashrange.Range{First: s.key(from), Last: s.key(to).Prev()}
}

func (s *spread) shards(cuts []int, ids map[hashrange.Range]string) []ShardLoad {
	var out []ShardLoad
	from := 0
	for _, to := range append(slices.Clone(cuts), s.cells()) {
		r := s.between(from, to)
		out = append(out, ShardLoad{
			Shard: ids[r], StartingHashKey: r.First.String(), EndingHashKey: r.Last.String(),
			Share: float64(s.weight(from, to)) / float64(s.total()),
		})
		from = to
	}
	return out
}

// step describes a move from some cuts.
func (s *spread) step(m move, cuts []int, ids map[hashrange.Range]string) ReshardStep {
	i, _ := slices.BinarySearch(cuts, m.at)
	low, high := 0, s.cells()
	if i > 0 {
		low = cuts[i-1]
	}
	next := i
	if m.merge {
		next++
	}
	if next < len(cuts) {
		high = cuts[next]
	}
	r := s.between(low, high)
	st := ReshardStep{
		Operation: opSplit, Shards: []string{ids[r]}, NewStartingHashKey: s.key(m.at).String(),
		StartingHashKey: r.First.String(), EndingHashKey: r.Last.String(),
	}
	if m.merge {
		st.Operation, st.Shards = opMerge, []string{ids[s.between(low, m.at)], ids[s.between(m.at, high)]}
	}
	return st
}

// price fills in what the shards cost.
func (p *ReshardPlan) price(book *pricing.Book, consumers int64) {
	month := func(bill *Bill, shards int) error {
		hours := float64(shards * pricing.HoursPerMonth)
		if err := bill.add(book, p.region, pricing.KinesisShardHour, hours); err != nil || consumers == 0 {
			return err
		}
		return bill.add(book, p.region, pricing.KinesisFanOutShardHour, hours*float64(consumers))
	}
	if err := errors.Join(month(&p.MonthBefore, len(p.Before)), month(&p.MonthAfter, len(p.After))); err != nil {
		p.MonthBefore, p.MonthAfter = Bill{}, Bill{}
		p.Notes = append(p.Notes, fmt.Sprintf("the price is not known: no shard hour's in region %q", p.region))
	}
}

// limits holds the plan against the account's.
func (p *ReshardPlan) limits(ctx context.Context) error {
	count, most := len(p.Before), 0
	for _, st := range p.Steps {
		if st.Operation == opSplit {
			count++
		} else {
			count--
		}
		most = max(most, count-len(p.Before))
	}
	if most == 0 {
		return nil
	}
	var out *awskinesis.DescribeLimitsOutput
	var err error
	for try := 1; ; try++ { // one call a second is all that the account has
		if out, err = p.client.DescribeLimits(ctx, &awskinesis.DescribeLimitsInput{}); err == nil {
			break
		}
		if !passing(err) || try == 5 {
			p.Notes = append(p.Notes, "the account's limit of shards is not known: "+err.Error())
			return nil
		}
		if !wait(ctx, nil, backoff(try, 2*time.Second, 10*time.Second)) {
			return ctx.Err()
		}
	}
	limit, open := int64(aws.ToInt32(out.ShardLimit)), int64(aws.ToInt32(out.OpenShardCount))
	if p.short = max(0, open+int64(most)-limit); p.short > 0 {
		p.Notes = append(p.Notes, p.shortage(limit, open, int64(most)))
	}
	return nil
}

func (p *ReshardPlan) shortage(limit, open, more int64) string {
	return fmt.Sprintf("the account may have %s open in %s and has %s; this needs %s more at a time: raise the quota (shards per Region), or merge elsewhere",
		shardCount(limit), p.region, grouped(open), grouped(more))
}

// Heaviest gives the share of the heaviest shard, before and after.
func (p *ReshardPlan) Heaviest() (before, after float64) {
	return heaviestOf(p.Before), heaviestOf(p.After)
}

func heaviestOf(shards []ShardLoad) (share float64) {
	for _, s := range shards {
		share = max(share, s.Share)
	}
	return share
}

// full is how many percent of the limit that binds first a share of the load takes in one
// shard, rounded up.
func (p *ReshardPlan) full(share float64) (percent int64, binds Limit) {
	for _, st := range p.load.Limits {
		if st.Limit == LimitReads {
			continue // each shard's own
		}
		if f := int64(math.Ceil(share * float64(st.Load) / float64(st.PerShard) * 100)); f > percent {
			percent, binds = f, st.Limit
		}
	}
	return percent, binds
}

// String is the plan for people: what it changes first, then the steps.
func (p *ReshardPlan) String() string {
	var b strings.Builder
	before, after := p.Heaviest()
	if len(p.Steps) == 0 {
		fmt.Fprintf(&b, "stream %q: nothing to do: its %s share the load as evenly as is asked\n", p.Stream, shardCount(int64(len(p.Before))))
	} else {
		fmt.Fprintf(&b, "stream %q: %s to %s, %s, about %s\n", p.Stream, shardCount(int64(len(p.Before))), grouped(int64(len(p.After))),
			counted(int64(len(p.Steps)), "operation"), p.Takes)
	}
	fmt.Fprintf(&b, "  heaviest shard: %.1f%% of the load, then %.1f%%; an even share is %.1f%%\n", before*100, after*100, 100/float64(len(p.After)))
	if p.load != nil {
		was, by := p.full(before)
		is, binds := p.full(after)
		fmt.Fprintf(&b, "  at the peak it is %d%% full (%s), then %d%% (%s)\n", was, by, is, binds)
	}
	if len(p.MonthBefore.Charges) > 0 {
		fmt.Fprintf(&b, "  a month: $%.2f, then $%.2f (%+.2f); %s\n", p.MonthBefore.USD, p.MonthAfter.USD, p.MonthAfter.USD-p.MonthBefore.USD, p.MonthAfter.Charges[0].Price)
	}
	for _, k := range p.HotKeys {
		fmt.Fprintf(&b, "  key %q has %.1f%% of the load: no cut divides a key\n", k.Key, float64(k.AtLeast)/float64(p.total)*100)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	for i, st := range p.Steps {
		names := make([]string, len(st.Shards))
		for j, s := range st.Shards {
			if names[j] = s; s == "" {
				names[j] = "(new)"
			}
		}
		fmt.Fprintf(&b, "  %d. %s %s at %s\n", i+1, st.Operation, strings.Join(names, " + "), st.NewStartingHashKey)
	}
	return b.String()
}

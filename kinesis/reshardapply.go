package kinesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakekit/lakekit/internal/hashrange"
)

// ErrReshardedElsewhere is what [ReshardPlan.Apply] ends with when the stream's shards are
// none of those that the plan goes through: someone else splits or merges them.
var ErrReshardedElsewhere = errors.New("its shards are none that the plan leads through, so someone else has resharded it: see that nobody else does, and make a new plan")

var errDeleting = errors.New("the stream is being deleted")

const (
	reshardPoll = time.Second // between two looks at the stream
	// reshardPatience is how long failures go on without a step done before Apply gives up.
	reshardPatience = 5 * time.Minute
	// strangeLooks is how many listings in a row must show a foreign layout.
	strangeLooks = 3
)

// Apply carries the plan out and returns nil when the stream is as planned. It takes as long
// as AWS does, [ReshardStepTime] a step or so; writing and reading go on all the while, and
// no more than one shard more than before and after is open at any time.
//
// It looks before each step: the shards must be those before the plan, after it, or between
// two of its steps, and the step that follows is the next. So an operation whose outcome is
// not known does no harm, and an Apply that was cancelled, killed or given up can be run
// again, from the same plan or from a new one of the same profile, and goes on; on a stream that is as
// planned it does nothing. Two that apply equal plans at once help each other. When the
// shards are any others, Apply stops with [ErrReshardedElsewhere] and leaves them, but for
// an operation that it may have asked for before it saw them: a rival (an autoscaler,
// UpdateShardCount) would undo what it does.
//
// While the stream is UPDATING, Apply waits. What may pass (throttling,
// LimitExceededException of the five operations a second, failures of the network) is tried
// again, with backoff, until nothing has gone on for five minutes. When ctx ends, Apply returns its
// error; the operation under way completes without it.
func (p *ReshardPlan) Apply(ctx context.Context) error {
	if err := p.apply(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("kinesis: reshard stream %q: %w", p.Stream, err)
	}
	return nil
}

func (p *ReshardPlan) apply(ctx context.Context) error {
	if p.short > 0 {
		return fmt.Errorf("the account's limit is %s short: raise the quota (shards per Region), or merge elsewhere, and plan again", shardCount(p.short))
	}
	began, first, at := time.Now(), -1, -1
	var failing time.Time // since when, without a step done
	failures, strange, asked := 0, 0, -1
	for {
		here, have, err := p.look(ctx)
		switch {
		case err != nil && !passing(err), errors.Is(err, errDeleting):
			return err
		case err != nil:
		case here < 0:
			if strange++; strange == strangeLooks {
				return ErrReshardedElsewhere
			}
		case here > at:
			for at = max(at, 0); first >= 0 && at < here; at++ {
				p.tell(at+1, time.Since(began)/time.Duration(at+1-first))
			}
			if at = here; first < 0 {
				first = here
			}
			failing, failures = time.Time{}, 0
		}
		if err == nil && here >= 0 {
			strange = 0
			if here == len(p.moves) {
				return nil
			}
			if err = p.do(ctx, p.moves[here], have); err != nil && !again(err) {
				return err
			}
			if err == nil && here != asked {
				asked = here
				continue
			}
		}
		pause := reshardPoll
		if err != nil {
			if failing.IsZero() {
				failing = time.Now()
			}
			if time.Since(failing) > reshardPatience {
				return fmt.Errorf("no step was done for %s (%d of %d are; run it again to go on): %w", reshardPatience, max(at, 0), len(p.moves), err)
			}
			failures++
			pause = backoff(failures, reshardPoll, 30*time.Second)
		}
		if !wait(ctx, nil, pause) {
			return ctx.Err()
		}
	}
}

// look waits until the stream is ACTIVE and gives the number of steps that are done, -1 when
// the shards are none of the plan's.
func (p *ReshardPlan) look(ctx context.Context) (int, *layout, error) {
	for {
		out, err := p.client.DescribeStreamSummary(ctx, &awskinesis.DescribeStreamSummaryInput{StreamName: &p.Stream})
		if err != nil {
			return 0, nil, explain(err, p.Stream, p.region)
		}
		switch status := out.StreamDescriptionSummary.StreamStatus; status {
		case kinesistypes.StreamStatusActive:
			have, err := p.list(ctx)
			if err != nil {
				return 0, nil, err
			}
			if have == nil {
				return 0, nil, errors.New("the open shards listed do not cover the hash space once")
			}
			return p.state(have.boundaries()), have, nil
		case kinesistypes.StreamStatusDeleting:
			return 0, nil, errDeleting
		}
		if !wait(ctx, nil, reshardPoll) {
			return 0, nil, ctx.Err()
		}
	}
}

// state is how many of the plan's steps lead to these boundaries; -1: none and not all.
func (p *ReshardPlan) state(now []hashrange.Key) int {
	cuts := slices.Clone(p.from)
	for i := 0; ; i++ {
		if slices.Equal(cuts, now) {
			return i
		}
		if i == len(p.moves) {
			return -1
		}
		cuts = applied(cuts, p.moves[i].merge, p.moves[i].at, hashrange.Key.Compare)
	}
}

// do asks for a step.
func (p *ReshardPlan) do(ctx context.Context, m keyMove, have *layout) error {
	i := have.find(m.at)
	upper := have.open[i]
	var err error
	if m.merge {
		_, err = p.client.MergeShards(ctx, &awskinesis.MergeShardsInput{
			StreamName: &p.Stream, ShardToMerge: &have.open[i-1].id, AdjacentShardToMerge: &upper.id,
		})
	} else {
		at := m.at.String()
		_, err = p.client.SplitShard(ctx, &awskinesis.SplitShardInput{
			StreamName: &p.Stream, ShardToSplit: &upper.id, NewStartingHashKey: &at,
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", m, err)
	}
	return nil
}

func (m keyMove) String() string {
	if m.merge {
		return "merge the shards that meet at " + m.at.String()
	}
	return "split at " + m.at.String()
}

// again says whether to look again after an error. A shard that is not there, or not as it was
// listed, may have been split or merged since: by this very step, when its reply was lost.
func again(err error) bool {
	switch errorCode(err) {
	case "InvalidArgumentException", "ResourceNotFoundException": // were it the stream, the next look would say so
		return true
	}
	return passing(err)
}

func (p *ReshardPlan) tell(done int, each time.Duration) {
	if p.progress != nil {
		p.progress(ReshardProgress{
			Step: p.Steps[done-1], Done: done, Steps: len(p.Steps), Left: time.Duration(len(p.Steps)-done) * each,
		})
	}
}

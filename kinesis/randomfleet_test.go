package kinesis_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
)

// TestRandomFleets: Go and Java workers of 3.x come, stop, die and are cut off for ten
// minutes, the stream is split, and there are leaders or none. Whatever happens, a quiet
// time later every lease has a holder that lives, and every record has been delivered, each
// key's in order.
func TestRandomFleets(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			lake(t, 4, func(t *testing.T, cfg aws.Config, client *awskinesis.Client) {
				f := &randomFleet{
					t: t, cfg: cfg, h: home351, dice: rand.New(rand.NewPCG(seed, 7)), record: &worker{},
					gophers: map[string]*gopher{}, java: map[string]*javaWorker{},
				}
				if seed%2 == 1 {
					f.h = home303
				}
				f.h.prepare(t, cfg, "CLIENT_VERSION_3X")
				keys := someKeys(12)
				stop := feed(t, cfg, keys)
				f.startGo()
				open := []int{0, 1, 2, 3}
				made := 4
				for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(time.Duration(5+f.dice.IntN(40)) * time.Second) {
					if f.dice.IntN(10) == 0 && len(open) < 7 {
						i := f.dice.IntN(len(open))
						split(t, client, shardID(open[i]))
						open = append(append(open[:i], open[i+1:]...), made, made+1)
						made += 2
						continue
					}
					f.step()
				}
				n := stop()
				// A quiet time, with one more worker of each kind if there is none.
				if len(f.gophers) == 0 {
					f.startGo()
				}
				if len(f.java) == 0 {
					f.startJava()
				}
				time.Sleep(6 * time.Minute)
				for id, k := range holders(t, cfg) {
					if f.gophers[id] == nil && f.java[id] == nil {
						t.Errorf("%d leases are with %q, who does not live", k, id)
					}
				}
				// The Java workers read nothing: without them all that they have held is read.
				for _, j := range f.java {
					j.die()
				}
				time.Sleep(8 * time.Minute)
				for _, g := range f.gophers {
					g.stop()
				}
				firstInOrder(t, f.record.seen(), keys, n)
			})
		})
	}
}

type gopher struct {
	*worker
	wire *wire
}

type randomFleet struct {
	t       *testing.T
	cfg     aws.Config
	h       sideHome
	dice    *rand.Rand
	record  *worker // of all Go workers, in the order of delivery
	lives   int
	gophers map[string]*gopher
	java    map[string]*javaWorker
}

func (f *randomFleet) startGo() {
	f.lives++
	id := fmt.Sprintf("go-%d", f.lives)
	cfg, wire := tap(f.cfg)
	f.gophers[id] = &gopher{runWorker(f.t, cfg, kinesis.Typed(f.record.remember), &kinesis.ConsumerOptions{WorkerID: id, PollInterval: 5 * time.Second}), wire}
}

func (f *randomFleet) startJava() {
	f.lives++
	id := fmt.Sprintf("j-%d", f.lives)
	f.java[id] = runJava(f.t, f.cfg, f.h, id)
}

// step lets a worker come or go.
func (f *randomFleet) step() {
	switch d := f.dice.IntN(6); {
	case d < 2 && len(f.gophers) < 3:
		f.startGo()
	case d == 2 && len(f.java) < 2:
		f.startJava()
	case d == 3:
		id, j := pick(f, f.java)
		switch {
		case j == nil:
		case f.dice.IntN(2) == 0:
			j.die()
		default:
			j.stop(f.t)
		}
		delete(f.java, id)
	default:
		id, g := pick(f, f.gophers)
		delete(f.gophers, id)
		switch {
		case g == nil:
		case f.dice.IntN(2) == 0:
			g.stop()
		default:
			for _, op := range []string{"UpdateItem", "Scan", "PutItem", "DeleteItem", "GetItem", "DescribeTable", "GetRecords", "GetShardIterator"} {
				g.wire.on(op, -1, func(*http.Request, func() (*http.Response, error)) (*http.Response, error) {
					return nil, errors.New("no route to host")
				})
			}
			g.cancel()
		}
	}
}

// pick gives one of the workers, the zero value when there is none.
func pick[W any](f *randomFleet, ws map[string]W) (id string, w W) {
	if ids := slices.Sorted(maps.Keys(ws)); len(ids) > 0 {
		id = ids[f.dice.IntN(len(ids))]
	}
	return id, ws[id]
}

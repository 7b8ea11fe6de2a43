package kinesis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/kinesis"
)

// TestProducerMemoryIsFlat lets an hour pass over a thousand shards, with records for all of
// them, moments in which a few are busy, and two reshards.
func TestProducerMemoryIsFlat(t *testing.T) {
	// Not parallel: it measures the heap.
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(start))
		s := &shards{t: t, owned: hashrange.Split(1000)}
		cfg := aws.Config{Region: "us-east-1", HTTPClient: s, Credentials: aws.AnonymousCredentials{}}
		p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{Aggregate: true})
		base := heap()
		rnd := rand.New(rand.NewPCG(1, 2))
		put := func(n, keys, pad int) {
			for range n {
				mustPut(t, p, event{Key: fmt.Sprint("user-", rnd.IntN(keys)), Pad: strings.Repeat("x", pad)})
			}
		}
		var early int64
		for minute := range 60 {
			for range 60 {
				put(10, 5000, 100)
				time.Sleep(time.Second)
			}
			if minute%10 == 5 {
				put(5000, 10, 1000)
			}
			if minute%25 == 24 {
				s.reshard()
			}
			time.Sleep(time.Second)
			if minute == 9 {
				early = heap() - base
			}
		}
		late := heap() - base
		t.Logf("%d KiB after ten minutes, %d KiB after an hour; %d records in %d aggregates", early>>10, late>>10, p.Stats().Acked, p.Stats().Records)
		if late > 8<<20 || late > early+1<<20 {
			t.Errorf("%d KiB after ten minutes, %d KiB after an hour", early>>10, late>>10)
		}
		// All shards have an open aggregate at once: memory goes with the Buffer, not with them.
		for range 20_000 {
			mustPut(t, p, event{Key: fmt.Sprint("user-", rnd.IntN(1_000_000)), Pad: strings.Repeat("x", 100)})
		}
		full := heap() - base
		buffered := p.Stats().BufferedBytes
		if full > 3*buffered+8<<20 {
			t.Errorf("%d KiB for %d KiB of records", full>>10, buffered>>10)
		}
		t.Logf("%d KiB for %d KiB of records", full>>10, buffered>>10)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := p.Stats(); st.Acked != st.Put {
			t.Errorf("%+v", st)
		}
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // pools forget what they have not needed twice
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// shards is a stream of many shards that takes everything and keeps nothing.
type shards struct {
	t     *testing.T
	owned []hashrange.Range
	first atomic.Int64 // the number of the first
}

// reshard closes all shards and opens as many others.
func (s *shards) reshard() { s.first.Add(int64(len(s.owned))) }

func (s *shards) Do(r *http.Request) (*http.Response, error) {
	body := new(bytes.Buffer)
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	first := int(s.first.Load())
	var list []map[string]any
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListShards") {
		for i, o := range s.owned {
			list = append(list, map[string]any{
				"ShardId":             shardID(first + i),
				"HashKeyRange":        map[string]any{"StartingHashKey": o.First.String(), "EndingHashKey": o.Last.String()},
				"SequenceNumberRange": map[string]any{"StartingSequenceNumber": "1"},
			})
		}
		return answer(http.StatusOK, map[string]any{"Shards": list}), nil
	}
	var in struct {
		Records []struct{ PartitionKey, ExplicitHashKey string }
	}
	if err := json.Unmarshal(body.Bytes(), &in); err != nil {
		s.t.Error(err)
	}
	for _, e := range in.Records {
		k := hashrange.Of(e.PartitionKey)
		if e.ExplicitHashKey != "" {
			var err error
			if k, err = hashrange.Parse(e.ExplicitHashKey); err != nil {
				s.t.Error(err)
			}
		}
		list = append(list, map[string]any{"SequenceNumber": "2", "ShardId": shardID(first + hashrange.Find(s.owned, k))})
	}
	return answer(http.StatusOK, map[string]any{"FailedRecordCount": 0, "Records": list}), nil
}

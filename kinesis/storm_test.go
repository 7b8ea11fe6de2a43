package kinesis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakekit/lakekit/internal/aggregate"
	"github.com/lakekit/lakekit/internal/hashrange"
	"github.com/lakekit/lakekit/kinesis"
)

// TestProducerInAStorm puts records into a stream that throttles, fails, loses replies, is
// slow, is resharded and lists its shards as they were before. Whatever happens, a reader that
// drops every aggregate with a record that is not its shard's, as the KCL does, has each
// acknowledged record where its Ack says, and of each key the first of each in order.
func TestProducerInAStorm(t *testing.T) {
	t.Parallel()
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { storm(t, seed) })
		})
	}
}

func storm(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	s := &stormy{t: t, rnd: rand.New(rand.NewPCG(seed, 4))}
	s.reshard(1 + rnd.IntN(4))
	cfg := aws.Config{Region: "us-east-1", HTTPClient: s, Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1}
	p := newProducer(t, cfg, &kinesis.ProducerOptions[event]{
		Aggregate: seed%3 != 2, Linger: time.Duration(1+rnd.IntN(100)) * time.Millisecond, Timeout: 10 * time.Minute,
		MaxInFlight: 1 + rnd.IntN(8), Buffer: 200_000,
		ExplicitHashKey: func(e event) string {
			if e.Key[0] == '0' { // some keys have one, always the same
				return hashrange.Of("elsewhere" + e.Key).String()
			}
			return ""
		},
	})
	var acks []kinesis.Ack
	var waiting sync.WaitGroup
	var put []event
	next := map[string]int{}
	keys := 1 + rnd.IntN(60)
	for step := range 150 {
		for range rnd.IntN(30) {
			key := fmt.Sprint(rnd.IntN(1+rnd.IntN(keys)), "-key")
			e := event{Key: key, N: next[key], Pad: strings.Repeat("x", rnd.IntN(1+rnd.IntN(2)*rnd.IntN(3000)))}
			if rnd.IntN(300) == 0 {
				e.Pad = strings.Repeat("x", 60_000)
			}
			next[key]++
			put = append(put, e)
			ack := mustPut(t, p, e)
			if acks = append(acks, ack); len(acks)%20 == 0 { // some are waited for meanwhile
				waiting.Go(func() {
					if _, err := ack.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
		switch {
		case step%40 == 39:
			s.reshard(1 + rnd.IntN(5))
		case rnd.IntN(40) == 0:
			if err := p.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	st := p.Stats()
	if n := int64(len(put)); st.Put != n || st.Acked != n || st.Buffered != 0 || st.BufferedBytes != 0 || st.OldestAge != 0 || st.InFlight != 0 {
		t.Errorf("%+v", st)
	}
	t.Logf("%d aggregates and records, %d calls, errors %v", st.Records, st.Calls, st.Errors)
	read := s.read(t)
	for i, a := range acks {
		pos, err := a.Wait(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := read.at[fmt.Sprint(pos)]; got != fmt.Sprint(put[i].Key, put[i].N) {
			t.Fatalf("%s %d is acknowledged at %v, where a reader finds %q", put[i].Key, put[i].N, pos, got)
		}
	}
	for key, n := range next {
		if read.next[key] != n {
			t.Errorf("key %s: %d of %d records in order", key, read.next[key], n)
		}
	}
}

// stormy is a stream in bad weather.
type stormy struct {
	t *testing.T

	mu     sync.Mutex
	rnd    *rand.Rand
	first  int // the number of the first open shard
	open   []hashrange.Range
	before []byte // the listing before the last reshard
	listed []byte
	owned  map[string]hashrange.Range
	seq    int
	log    []stormyRecord
}

type stormyRecord struct {
	shard, key, seq string
	data            []byte
}

// reshard closes all shards and opens others.
func (s *stormy) reshard(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first += len(s.open)
	s.open = hashrange.Split(n)
	if s.owned == nil {
		s.owned = map[string]hashrange.Range{}
	}
	var list []any
	for i, o := range s.open {
		s.owned[shardID(s.first+i)] = o
		list = append(list, map[string]any{
			"ShardId":             shardID(s.first + i),
			"HashKeyRange":        map[string]any{"StartingHashKey": o.First.String(), "EndingHashKey": o.Last.String()},
			"SequenceNumberRange": map[string]any{"StartingSequenceNumber": "1"},
		})
	}
	s.before = s.listed
	var err error
	if s.listed, err = json.Marshal(map[string]any{"Shards": list}); err != nil {
		s.t.Error(err)
	}
}

func (s *stormy) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	slow := time.Duration(s.rnd.IntN(100)) * time.Millisecond
	if s.rnd.IntN(20) == 0 {
		slow = time.Duration(s.rnd.IntN(15)) * time.Second
	}
	after := s.rnd.IntN(2) == 0 // the answer is slow, or the request
	s.mu.Unlock()
	wait := func() error {
		select {
		case <-time.After(slow):
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
	if !after {
		if err := wait(); err != nil {
			return nil, err
		}
	}
	resp, err := s.answer(r, body)
	if after {
		if err := wait(); err != nil {
			return nil, err
		}
	}
	return resp, err
}

func (s *stormy) answer(r *http.Request, body []byte) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fate := s.rnd.IntN(20)
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListShards") {
		switch {
		case fate < 2:
			return answer(http.StatusBadRequest, map[string]string{"__type": "LimitExceededException"}), nil
		case fate < 8 && s.before != nil:
			return answer(http.StatusOK, json.RawMessage(s.before)), nil
		}
		return answer(http.StatusOK, json.RawMessage(s.listed)), nil
	}
	switch fate {
	case 0:
		return nil, fmt.Errorf("connection refused")
	case 1:
		return answer(http.StatusInternalServerError, map[string]string{"__type": "InternalFailure"}), nil
	}
	var in struct {
		Records []struct {
			Data                          []byte
			PartitionKey, ExplicitHashKey string
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		s.t.Error(err)
	}
	var out []map[string]any
	failed := 0
	for _, e := range in.Records {
		if code := []string{"ProvisionedThroughputExceededException", "InternalFailure", "", "", "", "", "", ""}[s.rnd.IntN(8)]; code != "" {
			out = append(out, map[string]any{"ErrorCode": code, "ErrorMessage": "bad weather"})
			failed++
			continue
		}
		k := hashrange.Of(e.PartitionKey)
		if e.ExplicitHashKey != "" {
			var err error
			if k, err = hashrange.Parse(e.ExplicitHashKey); err != nil {
				s.t.Error(err)
			}
		}
		s.seq++
		rec := stormyRecord{shardID(s.first + hashrange.Find(s.open, k)), e.PartitionKey, fmt.Sprint(s.seq), e.Data}
		s.log = append(s.log, rec)
		out = append(out, map[string]any{"SequenceNumber": rec.seq, "ShardId": rec.shard})
	}
	if fate == 2 {
		return nil, fmt.Errorf("connection reset by peer")
	}
	return answer(http.StatusOK, map[string]any{"FailedRecordCount": failed, "Records": out}), nil
}

// reading is what a reader has got.
type reading struct {
	at   map[string]string // by position
	next map[string]int    // how many of a key, in order
}

// read reads all as the KCL would.
func (s *stormy) read(t *testing.T) reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := reading{map[string]string{}, map[string]int{}}
	for _, rec := range s.log {
		var a aggregate.Aggregate
		var payloads [][]byte
		switch ok, err := a.Decode(rec.data); {
		case err != nil:
			t.Fatal(err)
		case !ok:
			payloads = append(payloads, rec.data)
		default:
			for sub, u := range a.Records() {
				if !s.owned[rec.shard].Contains(a.Hash(sub)) {
					payloads = nil
					break
				}
				payloads = append(payloads, u.Data)
			}
		}
		for sub, p := range payloads {
			var e event
			if err := json.Unmarshal(p, &e); err != nil {
				t.Fatal(err)
			}
			got.at[fmt.Sprint(struct {
				Shard, Seq string
				Sub        uint64
			}{rec.shard, rec.seq, uint64(sub)})] = fmt.Sprint(e.Key, e.N)
			switch n := got.next[e.Key]; {
			case e.N == n:
				got.next[e.Key]++
			case e.N > n:
				t.Errorf("key %s: %d comes where %d should", e.Key, e.N, n)
			}
		}
	}
	return got
}

package kinesis

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

// slowService has the times of the service: half a second for each step.
func slowService(t *testing.T, fsys vfs.FS, dir string) *Service {
	t.Helper()
	env := servicetest.Env(dir)
	env.FS, env.Limits = fsys, true
	s, err := Open(env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func status(t *testing.T, s *Service) (state string, open int) {
	t.Helper()
	var d struct {
		StreamDescriptionSummary struct {
			StreamStatus   string
			OpenShardCount int
		}
	}
	if err := json.Unmarshal(call(t, s, "DescribeStreamSummary", []byte(`{"StreamName":"s"}`)), &d); err != nil {
		t.Fatal(err)
	}
	return d.StreamDescriptionSummary.StreamStatus, d.StreamDescriptionSummary.OpenShardCount
}

// TestReshapeSurvivesKill copies the folder at every moment of a change of shards, as kill -9
// leaves it, and opens the copy: at once, and when the change should be over.
func TestReshapeSurvivesKill(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(root, "lake")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		s := slowService(t, vfs.OS{}, dir)
		call(t, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":4}`))
		time.Sleep(time.Second)
		call(t, s, "UpdateAccountSettings", []byte(`{"MinimumThroughputBillingCommitment":{"Status":"ENABLED"}}`))
		call(t, s, "UpdateShardCount", []byte(`{"StreamName":"s","TargetShardCount":3,"ScalingType":"UNIFORM_SCALING"}`))
		type place struct {
			ShardID        string `json:"ShardId"`
			SequenceNumber string
		}
		var puts []place
		// look opens a copy, which must be in the state and have the records that were put.
		look := func(copied string, puts []place, state string, open int) {
			t.Helper()
			again := slowService(t, vfs.OS{}, copied)
			if got, n := status(t, again); got != state || n != open {
				t.Errorf("%s: the stream is %s with %d shards, want %s with %d", copied, got, n, state, open)
			}
			if out := call(t, again, "DescribeAccountSettings", []byte("{}")); !strings.Contains(string(out), `"Status":"ENABLED"`) {
				t.Errorf("%s: %s", copied, out)
			}
			for _, p := range puts {
				it := call(t, again, "GetShardIterator", fmt.Appendf(nil, `{"StreamName":"s","ShardId":%q,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":%q}`, p.ShardID, p.SequenceNumber))
				if out := call(t, again, "GetRecords", it); !strings.Contains(string(out), p.SequenceNumber) {
					t.Errorf("%s: record %s is not there: %s", copied, p.SequenceNumber, out)
				}
				time.Sleep(time.Second)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		}
		var copies []string
		for moment, want := range []int{4, 6, 3} {
			var p place
			if err := json.Unmarshal(call(t, s, "PutRecord", []byte(`{"StreamName":"s","Data":"AQ==","PartitionKey":"k"}`)), &p); err != nil {
				t.Fatal(err)
			}
			puts = append(puts, p)
			copied := filepath.Join(root, fmt.Sprint("killed", moment))
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			copies = append(copies, copied)
			look(copied, nil, map[bool]string{true: active, false: updating}[want == 3], want)
			time.Sleep(600 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		for i, copied := range copies {
			look(copied, puts[:i+1], active, 3)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReshapeWaitsForTheDisk: a change that cannot be stored has not happened, and is done
// once it can. The records of the meantime are in the old shards, before the new ones begin.
func TestReshapeWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		disk := vfstest.NewFaulty(vfs.OS{})
		s := slowService(t, disk, dir)
		call(t, s, "CreateStream", []byte(`{"StreamName":"s","ShardCount":1}`))
		time.Sleep(time.Second)
		call(t, s, "SplitShard", []byte(`{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"1000"}`))
		disk.FailAll(vfstest.Rename, metaFile, errors.New("no room"))
		time.Sleep(time.Second)
		put := func() (shard string) {
			var p struct {
				ShardID string `json:"ShardId"`
			}
			if err := json.Unmarshal(call(t, s, "PutRecord", []byte(`{"StreamName":"s","Data":"AQ==","PartitionKey":"k"}`)), &p); err != nil {
				t.Fatal(err)
			}
			return p.ShardID
		}
		if state, open := status(t, s); state != updating || open != 1 {
			t.Errorf("with a full disk the stream is %s with %d shards", state, open)
		}
		time.Sleep(time.Minute)
		if shard := put(); shard != shardName(0) {
			t.Errorf("with a full disk a record went to %s", shard)
		}
		disk.Mend()
		if state, open := status(t, s); state != active || open != 2 {
			t.Errorf("with a mended disk the stream is %s with %d shards", state, open)
		}
		if shard := put(); shard != shardName(2) {
			t.Errorf("with a mended disk a record went to %s", shard)
		}
		st := s.mu.streams["s"]
		if last, first := st.shard(0), st.shard(2); last.Closed < last.mu.log.last || first.Created < last.Closed {
			t.Errorf("shard 0 was closed at %d, its last record is of %d, shard 2 was opened at %d", last.Closed, last.mu.log.last, first.Created)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

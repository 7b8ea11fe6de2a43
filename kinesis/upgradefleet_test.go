package kinesis_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/kinesis"
)

// TestClientVersionsAreFollowed rolls an application forward and back, as the migration
// tool and a fleet of Java workers do.
func TestClientVersionsAreFollowed(t *testing.T) {
	eachHome(t, func(t *testing.T, h sideHome) {
		lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
			h.prepare(t, cfg, "CLIENT_VERSION_2X")
			java := runJava(t, cfg, h, "j1") // its lock is there, but it does not count
			java.setAssign(false)
			w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
			until(t, "go takes them", 10*time.Second, func() bool { return holders(t, cfg)["go"] == 2 })
			time.Sleep(time.Minute)
			if m := h.told(t, cfg, "go"); m != nil {
				t.Errorf("a worker of 2.x tells of itself: %v", m)
			}
			h.setVersion(t, cfg, "CLIENT_VERSION_UPGRADE_FROM_2X")
			until(t, "it tells of itself", 10*time.Second, func() bool { return h.told(t, cfg, "go") != nil })
			edit(t, cfg, shardID(0), row{"leaseOwner": nil, "leaseCounter": n("1000")})
			until(t, "it takes what is free", 30*time.Second, func() bool { return holders(t, cfg)["go"] == 2 })
			h.setVersion(t, cfg, "CLIENT_VERSION_3X_WITH_ROLLBACK")
			time.Sleep(10 * time.Second)
			edit(t, cfg, shardID(0), row{"leaseOwner": nil, "leaseCounter": n("2000")})
			time.Sleep(time.Minute)
			if c := holders(t, cfg); c[""] != 1 {
				t.Errorf("it takes what a leader is to assign: %v", c)
			}
			h.setVersion(t, cfg, "CLIENT_VERSION_2X")
			until(t, "it takes what is free again", 10*time.Second, func() bool { return holders(t, cfg)["go"] == 2 })
			java.stop(t)
			w.stop()
		})
	})
}

// TestSwitchesAnUpgrade: the Java workers have elected this one to switch the application
// to 3.x when all tell of themselves.
func TestSwitchesAnUpgrade(t *testing.T) {
	eachHome(t, func(t *testing.T, h sideHome) {
		lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
			h.prepare(t, cfg, "CLIENT_VERSION_UPGRADE_FROM_2X")
			version := func() row {
				out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &h.coordinator, Key: row{h.coordinatorKey: s("Migration3.0")}})
				if err != nil {
					t.Fatal(err)
				}
				return out.Item
			}
			w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"}) // of two the first in the alphabet is elected
			within(t, "go has all", time.Minute, func() bool { return holders(t, cfg)["go"] == 2 })
			other := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "j1"})
			within(t, "both have one", time.Minute, func() bool { return holders(t, cfg)["j1"] == 1 })
			time.Sleep(5 * time.Minute)
			other.stop() // and one that does not tell has its lease
			for i := range 2 {
				if text(leases(t, cfg)[shardID(i)]["leaseOwner"]) != "go" {
					edit(t, cfg, shardID(i), row{"leaseOwner": s("j1"), "checkpoint": s("SHARD_END")})
				}
			}
			time.Sleep(15 * time.Minute)
			if v := text(version()["cv"]); v != "CLIENT_VERSION_UPGRADE_FROM_2X" {
				t.Fatalf("switched to %s although a worker does not tell of itself", v)
			}
			java := runJava(t, cfg, h, "j1")
			java.setAssign(false)
			time.Sleep(9 * time.Minute)
			if v := text(version()["cv"]); v != "CLIENT_VERSION_UPGRADE_FROM_2X" {
				t.Fatalf("switched to %s too early", v)
			}
			within(t, "the switch", 4*time.Minute, func() bool { return text(version()["cv"]) == "CLIENT_VERSION_3X_WITH_ROLLBACK" })
			m := version()
			past, ok := m["h"].(*dynamodbtypes.AttributeValueMemberL)
			if !ok || len(past.Value) != 1 || text(m["mb"]) != "go" || len(text(m["mts"])) != 13 {
				t.Fatalf("the row: %v", m)
			}
			if e := past.Value[0].(*dynamodbtypes.AttributeValueMemberM).Value; text(e["cv"]) != "CLIENT_VERSION_UPGRADE_FROM_2X" || text(e["mb"]) != "j1" || text(e["mts"]) != "1795455722969" {
				t.Errorf("its history: %v", e)
			}
			w.stop()
		})
	})
}

// TestUpgradesThatWait: another is elected (of j1 and z-go it is j1), or the index by owners
// is not there.
func TestUpgradesThatWait(t *testing.T) {
	for name, id := range map[string]string{"elected": "z-go", "index": "go"} {
		t.Run(name, func(t *testing.T) {
			lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
				home351.prepare(t, cfg, "CLIENT_VERSION_UPGRADE_FROM_2X")
				if name == "index" {
					_, err := dynamodb.NewFromConfig(cfg).UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
						TableName: aws.String("app"), GlobalSecondaryIndexUpdates: []dynamodbtypes.GlobalSecondaryIndexUpdate{
							{Delete: &dynamodbtypes.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("LeaseOwnerToLeaseKeyIndex")}},
						},
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				java := runJava(t, cfg, home351, "j1")
				java.setAssign(false)
				w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: id})
				within(t, "Go has all", time.Minute, func() bool { return holders(t, cfg)[id] == 2 })
				edit(t, cfg, shardID(0), row{"leaseOwner": s("j1"), "checkpointOwner": s(id)})
				within(t, "both have one", time.Minute, func() bool { return holders(t, cfg)["j1"] == 1 })
				time.Sleep(20 * time.Minute)
				if v := text(leases(t, cfg)["Migration3.0"]["cv"]); v != "CLIENT_VERSION_UPGRADE_FROM_2X" {
					t.Errorf("switched to %s", v)
				}
				w.stop()
			})
		})
	}
}

// TestFollowsWhenTheRowsMove: Java workers of 3.5 bring the rows of the side tables into the
// lease table, and back when they are rolled back half way.
func TestFollowsWhenTheRowsMove(t *testing.T) {
	lake(t, 2, func(t *testing.T, cfg aws.Config, _ *awskinesis.Client) {
		home303.prepare(t, cfg, "CLIENT_VERSION_3X")
		old := runJava(t, cfg, home303, "j1")
		time.Sleep(3 * time.Second)
		w := runWorker(t, cfg, nil, &kinesis.ConsumerOptions{WorkerID: "go"})
		in := func(h sideHome, other sideHome) func() bool {
			return func() bool { return h.told(t, cfg, "go") != nil && other.told(t, cfg, "go") == nil }
		}
		status := func(s3 string) {
			home303.put(t, cfg, row{"key": s("TableMigration3.5"), "entityType": s("TABLE_MIGRATION"), "tm": s("TABLE_MIGRATION_STATUS_" + s3), "mb": s("j1"), "mts": n("1795455722969")})
		}
		tells := func() { // as the leader does when it was started with migrateAllEntitiesToLeaseTable
			home351.put(t, cfg, row{"leaseKey": s("j1"), "entityType": s("WORKER_METRIC_STATS"), "lut": n(strconv.FormatInt(time.Now().Unix(), 10)), "sts": &dynamodbtypes.AttributeValueMemberM{}, "opr": &dynamodbtypes.AttributeValueMemberM{}})
		}
		within(t, "it tells in the old table", time.Minute, in(home303, home351))
		status("DEPLOYED")
		time.Sleep(30 * time.Second)
		if !in(home303, home351)() {
			t.Error("it moves although the leader has not")
		}
		tells()
		within(t, "it tells in the lease table", 20*time.Second, in(home351, home303))
		within(t, "the leader has gone back, and so does it", 80*time.Second, in(home303, home351))
		status("PENDING")
		within(t, "it tells in the lease table", 20*time.Second, in(home351, home303))
		old.die()
		home351.setVersion(t, cfg, "CLIENT_VERSION_3X")
		status("COMPLETE")
		java := runJava(t, cfg, home351, "j2")
		within(t, "it obeys the leader there", 3*time.Minute, func() bool { c := holders(t, cfg); return c["go"] == 1 && c["j2"] == 1 })
		if lost := java.robbed(); len(lost) > 0 {
			t.Errorf("j2 lost %v", lost)
		}
		w.stop()
		if home351.told(t, cfg, "go") != nil {
			t.Error("its row is left behind")
		}
		w.quiet()
	})
}

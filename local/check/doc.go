// Package check runs a pipeline, from the producer to what its workers deliver, against
// random load and random trouble, and reports what was lost, what came twice and what came
// out of order. The pipeline is the caller's own code with the real SDK; the trouble is splits
// and merges, workers killed, stopped and cut off, stolen leases, and the faults of package
// local, all from a seed.
//
//	func TestPipeline(t *testing.T) {
//		check.Run(t, nil, func(p *check.Pipeline) {
//			p.Produce(func(ctx context.Context, s *check.Source) error { … s.Records … })
//			p.Consume(func(ctx context.Context, w *check.Worker) error { … w.Deliver … })
//		})
//	}
//
// Each run of a seed has a bubble of testing/synctest, a lake and a stream of its own, so that
// minutes of it take some hundredths of a second, and seeds run in parallel.
//
// # What is checked
//
// Nothing is lost: when Produce has returned nil, each record that was taken from its
// [Source], and was not given up with [Source.Failed], is delivered, by some worker, sooner or
// later: what is missing when nothing new was delivered for [Options].Patience is lost. The
// report says where in the stream the lost record lies, or that it is not there, so that one
// sees which half of the pipeline has lost it.
//
// Order is kept, unless [Options].Unordered is set:
//
//   - The first deliveries of a key's records come in the order in which its source gave
//     them: no record is delivered for the first time behind a later one of its key.
//   - Within one holding of a lease no worker goes back: the positions that it delivers of a
//     shard only grow, until it takes the lease again, a delivery of the shard has failed,
//     or a request of its handler to another service has.
//
// The second needs the positions in [Worker.Deliver] and is known of lease tables of the KCL's
// schema; a worker that keeps its leases otherwise must not go back in one life.
//
// Nothing is delivered that is no record of the load. Duplicates are what at-least-once
// allows, and break a promise only with [Options].Once; they are counted, by what has probably caused them: a record that lies in the
// stream twice was put twice; one that was delivered twice from one place was delivered again
// because a delivery had failed, a worker had ended or a lease had gone to another.
//
// A pipeline that writes into the lake, to S3 or a table, is asked afterwards what it has
// brought about, with [Pipeline.Collect]; then that decides what is lost and what is double.
//
// # Scripts
//
// A seed decides the load (shards, sources, keys, sizes and pauses, workers) and a script.
// Each line of it names a thing, the how-manieth event on that thing, and what happens then:
//
//	before the 65th record of source 1: split the shard that owns 0.135 of the hash space, at 0.50 of its range
//	3rd put of a record of key k04: done, and its answer lost
//	2nd write to the lease of shardId-000000000001: stolen by a rival before it
//	17th delivery by worker-2: killed (behind it), starts again 4.2s later
//
// Nothing depends on the time or on which of two goroutines comes first, which Go shuffles in
// a bubble: the third put that carries a record of k04 is that, whatever other keys travel
// with it. So a line does the same in every run in which its event comes, also when other
// lines are left out. Most events come in every run, but not all, which is why a failing seed
// is run again several times; the report says how often it failed. A seed uses some kinds of
// events and not others, so that what hides behind one kind is found.
//
// A failing script is shrunk: lines are left out as long as the run fails. The report has
// what is left, what happened in that run, and the command that runs it again.
//
// # Environment
//
// LAKEKIT_CHECK_SEEDS says how many seeds to run where [Options].Seeds does not; 20 if it is
// not set. LAKEKIT_CHECK_SEED=17 runs seed 17 alone, and LAKEKIT_CHECK_SEED=17/3,9 runs it with
// the lines 3 and 9 of its script only. Restrict go test to the one test with -run then.
//
// # Kills
//
// A killed worker does as a process after kill -9: its requests fail and those on their way are
// broken off, its deliveries do not count, and its next life begins without waiting for it.
// What is left of it runs on as a ghost until its context makes it return. A worker that is cut
// off cannot reach the lake for a while and still delivers, as one whose network fails.
//
// # Limits
//
// Sources are not killed: a producer's process that ends may lose what it has not
// acknowledged, and Produce claims what it has put only when it returns. Scripts may differ from version to
// version of this package. What a pipeline does
// outside of the lake and Deliver (files, variables that workers share) is beyond the kills.
// A goroutine that a pipeline leaves behind ends the test, as in every bubble. Lease thefts
// and lease faults need a lease table with the KCL's key, leaseKey, and the name
// [Pipeline].App for thefts.
package check

// Package kinesis puts typed values into Amazon Kinesis data streams and consumes them.
//
// A [Producer] encodes values, gathers them into PutRecords requests and sees each record
// through to its place in the stream. A [Consumer] shares a stream's shards with the other
// workers of its application through a table of leases and hands each shard's records to a
// [stream.Handler], in order. Both take an aws.Config, so the same code runs on AWS and on
// a local lake.
//
//	p, err := kinesis.NewProducer(cfg, "clicks", func(c Click) string { return c.UserID }, nil)
//	ack, err := p.Put(ctx, click)
//	err = p.Close(ctx)
//
//	c, err := kinesis.NewConsumer(cfg, "clicks", "sessions", kinesis.Typed(
//		func(ctx context.Context, c Click, at stream.Position) error { … }), nil)
//	err = c.Run(ctx)
//
// # Delivery
//
// Producer. A record that was put is acknowledged once it is in the stream; until then it
// is tried again, with backoff, for [ProducerOptions].Timeout. What passes is tried again
// (throttling, internal failures, KMS throttling, network errors, codes that are not
// known); what does not is given up at once. Nothing is dropped in silence: a record that
// is given up is told to OnError, to its [Ack] and to the next Flush or Close.
//
// With [ProducerOptions].Aggregate the records that one shard owns travel as one Kinesis record
// in the Kinesis Producer Library's format, one after the other for each shard. When the stream is resharded
// meanwhile and such a record lands in a shard that does not own all that is in it, all of it
// is put again, also what that shard does own: readers differ in what they make of it, and so
// nothing is lost with any of them. (The KPL takes that part for delivered, and the KCL drops
// it.) While the shards cannot be listed, records go unaggregated.
//
// A shard that throttles holds up no other. Aggregates for it are sent at the rate that it has
// been found to take, which falls with each throttling and rises without; of other records at
// most 1,000 are tried again for one shard while the rest of its records wait. (Which shard a
// record is for is asked when shards throttle. When they cannot be listed, the 1,000 are of
// all shards together.)
//
// A reply that is lost makes duplicates: the stream may have taken a request whose answer
// never came, and it is sent again. Consumers must bear them.
//
// Records with equal keys reach the stream in the order of their Puts, whatever is retried
// meanwhile. An aggregate has a key's records in order, and a shard has one aggregate on its
// way at a time, of up to 256 KiB. Of records that are not aggregated at most one of a key is
// on its way. (PutRecords itself promises no order within a request, not even within a shard:
// an earlier record may be throttled and a later, smaller one not. So records of one key never
// share one.) The price is one record per key and round trip; it does not matter with many
// keys, and aggregates do not pay it. [ProducerOptions].Unordered lifts it where a few keys
// carry most records and their order is not needed. A record that is given up lets those
// behind it go on. Records whose Puts run at the same time have no order. A duplicate may
// appear behind later records of the same key only when a request was answered so late that
// it had been given up.
//
// Consumer. Delivery is at least once, in the shard's order, one batch at a time per shard.
// Package stream says how handlers, holds and checkpoints work together. What is not
// checkpointed when a worker dies or loses a lease is delivered again, by whoever takes
// the shard. A shard's children begin when the shard is done, a merged shard when both its
// parents are, so that a key's records keep their order through resharding.
//
// Records that the Kinesis Producer Library aggregated are taken apart: each user record has
// its own key and a position with a sub-sequence number, at which a checkpoint can stand, as
// with the KCL. An aggregate that a reshard brought into a shard that does not own all of its
// records gives those that it owns; the producer puts the others again. (The KCL drops it
// whole, and with it the records that the KPL takes for delivered.) What is no aggregate is
// delivered as it is; so is an aggregate that contradicts itself, for the handler to refuse.
//
// A worker that loses a lease notices at the next renewal, a third of the failover time
// later at most, or when it has not been able to renew for the failover time; until then
// two workers may deliver the same records. It can never write a checkpoint after the
// loss: each write is conditional on the lease's counter. The context of the handler ends
// then, with [ErrLeaseLost] as its cause.
//
// Visibility: a batch is read a poll interval after its records arrived (1 s, up to 5 s when
// the shard has been quiet), or as they arrive with enhanced fan-out.
//
// Two phases. A Java application may prepare a checkpoint and commit it later
// (prepareCheckpoint). Here [stream.Batch.Hold] does that: the checkpoint waits for the done
// functions, and what is not done when a worker dies is delivered again. Nothing is written
// before; what an application would keep in the pending checkpoint's state it keeps with its
// data and looks up in StartAt. A consumer that finds a pending checkpoint in a lease goes on
// behind the checkpoint, as the KCL does, and leaves the pending one alone until its own first
// checkpoint removes it; [Leases] shows both.
//
// # Enhanced fan-out
//
// A consumer polls unless [ConsumerOptions].FanOut names a registered consumer: then the
// stream pushes records to it. What the handler sees is the same, and so are leases and
// checkpoints: an application may change from one to the other at any restart, and its workers
// need not do the same.
//
// Polling is good for one or two applications on a stream, which share the 2 MB and five reads
// a second of each shard. With fan-out each application has 2 MB a second of each shard for
// itself, up to 20 applications a stream, and no poll interval. It costs, in us-east-1, 0.015
// USD an hour for each shard and 0.013 USD for each GB that is read (see package pricing and
// [Size]), so about 43 USD a month more for a shard that gives 1 MB a second.
//
// Run registers the consumer when FanOut is a name and there is none, and waits until it can be
// used; it gives up, with the mend, when it may not or when the stream has as many as it may. One
// that is deregistered while Run runs is registered again. It is left registered when Run
// ends, as by the KCL, for other workers use it, and costs until somebody calls
// DeregisterStreamConsumer (aws kinesis deregister-stream-consumer). When FanOut is an ARN, as
// Terraform gives it, nothing is registered and no permission for it is needed. The Java
// workers of an application share the consumer when it has the application's name, which is the
// KCL's default. Two applications must not share one: they would take the shards from each
// other every few seconds, which is reported.
//
// Each shard that a worker holds has a subscription. It is made again when its five minutes are
// over, when it was cut, or when nothing has come on it for 35 s, and goes on behind the last
// event that came whole; the service takes another one of the same consumer and shard after
// five seconds at the earliest. So a handler's error delivers again after five seconds too,
// when the shard's subscription is younger than that. Whatever keeps a subscription from
// being made is reported unless it passes soon.
//
// Events are pushed whether or not the handler keeps up. They are read as far as the Buffer
// option has room for them; then the connection is not read, and the service is held back
// until its five minutes are over. What it has sent by then is read later, and the next
// subscription goes on behind it. Beside the Buffer 512 KiB per shard may wait in the windows of the
// HTTP/2 connection, which all shards share, with the SDK's own HTTP client. An HTTP client of
// your own should speak HTTP/2, or it needs a connection for each shard, and must not limit the
// time of a whole request, or subscriptions end with it.
//
// # Leases
//
// The lease table is that of the Java Kinesis Client Library (KCL) 2.x and 3.x for one stream:
// same key, attributes and conditions, so its tools and dashboards work, and Go and Java
// workers run in one application, also while it changes from one to the other. A table must
// not be used for two streams. No time is stored: a lease expires when its counter has stood
// still for the failover time on the observer's own clock. [Leases] reads a table of any
// version. Leases are handed over as by 3.x (checkpointOwner): the old owner finishes what its
// handler has, within DrainTimeout, writes its checkpoint and lets go; the new one waits for
// that, 30 s and the failover time at most; and what is on its way is not stolen.
//
// Who shares out the leases is decided as among Java workers, by the application's client
// version (the row Migration3.0, in the lease table or in the table "app-CoordinatorState"):
//
//   - none, or rolled back to 2.x: the workers among themselves. Each takes what is free or
//     expired up to its fair share, and the excess of others when nothing is free.
//   - upgrading from 2.x: the same, and each worker publishes its metrics. The worker that
//     is elected among the owners of leases, Go or Java, switches the application to 3.x when
//     all have done so for ten minutes.
//   - 3.x: the leader. A Go worker publishes its metrics (in the lease table or in
//     "app-WorkerMetricStats", where the leader looks for them), takes the leases that name
//     it and no others, and hands over what the leader gives to another. MaxLeases still
//     holds; what is assigned beyond it expires and is assigned again.
//
// A Go worker is never the leader. When the leader has stopped or its lock has not moved for
// its lease (2 min), Go workers take what is free or expired, and a minute later, when no
// other leads by then, they share the leases out among themselves: so do Go workers that are
// alone on a table of 3.x. When a Java worker starts it leads, and is obeyed from the next
// look on (half the failover time).
//
// A leader weighs workers by the load of their processors, where they publish it, and by the
// throughput of their leases. A Go worker publishes the load of its container's or host's
// processors when the leader publishes its own (Linux only), and nothing otherwise, so that
// it is weighed like the Java workers; it writes the throughput (throughputKBps) as it renews,
// as they do. A leader leaves workers out whose clock is more than a minute behind its own.
//
// Credentials need kinesis:DescribeStreamSummary, ListShards, GetShardIterator and
// GetRecords to consume (with fan-out SubscribeToShard, DescribeStreamConsumer and
// RegisterStreamConsumer in place of the last two), kinesis:PutRecords to produce (and DescribeStreamSummary for
// records above 1 MiB, ListShards for aggregates and where shards throttle), dynamodb:DescribeTable, CreateTable (when the table is not there),
// Scan, PutItem, UpdateItem and DeleteItem for the leases, with Java workers of 3.0 to 3.4 also
// dynamodb:Scan on "app-CoordinatorState" and GetItem, UpdateItem and DeleteItem on
// "app-WorkerMetricStats", and kms:Decrypt or
// kms:GenerateDataKey where the stream is encrypted with a key of your own.
//
// # Operating
//
// [Producer.Stats] and [Consumer.Lag] cost next to nothing and are for dashboards; [Lag] asks the
// lease table and the stream, and sees an application from outside, a handler that hangs too.
// [ConsumerOptions].Poison takes the records that can never be handled. When a stream is too
// small, [SampleStream] measures what is in it, [Size] says how many shards that needs and which
// limit binds, [HotKeys] which keys are hot, and [PlanReshard] where to cut; its Apply does it.
// A stream that was deleted and made again needs another application, or its lease table
// deleted: the leases of the old one are reported, and what they cover is not read.
//
// # Errors
//
// Constructors complain of everything at once and call no service. Put refuses what can
// never be put (an empty or too long key, a record above the stream's limit, a value that
// does not encode) and says what to do. Errors of the service keep the SDK's types, also
// those of single records in a request: errors.As finds
// *types.ProvisionedThroughputExceededException, *types.KMSAccessDeniedException and so on.
// A context's error is returned as it is. Payloads are in no error.
//
// A peer that is gone without a word is noticed within 20 s and a new connection made, with
// the SDK's own HTTP client, which is set up for that (http.HTTP2Config.SendPingTimeout). An
// HTTP client of your own that speaks HTTP/2 should do the same: without it calls go to the
// dead connection until the kernel gives it up, which may take a quarter of an hour.
//
// [Consumer.Run] returns nil when its context has ended and everything is handed back; an
// error means that the stream or the lease table is not there or not usable. Whatever else
// happens is told to OnError and tried again.
//
// # Limits
//
// A request holds 500 records and 10 MiB, keys included; a record is 1 MiB at most, or what
// the stream is set to (10 MiB at most), its key 256 characters. A shard takes 1,000 records
// and 1 MB a second and gives 2 MB in five reads a second, shared by all applications that
// poll. Aggregates are 256 KiB at most, and a shard takes about 1 MB of user records a second,
// whatever their number. Memory is bounded by the Buffer options.
package kinesis

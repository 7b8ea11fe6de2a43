// Package local is a lake in one process: Amazon's streaming, storage, catalog and query
// services behind an [aws.Config], speaking the AWS protocols. It is for tests, for
// development, and for landing data on one machine.
//
// There is nothing to mock: your own AWS clients are made from [Lake.Config] and work as
// they do on AWS, checksums, retries and waiters included. No socket is opened and no
// credentials are needed. [Lake.Listen] serves the same lake to the AWS CLI, boto3 or a JVM.
//
// [Test] runs a test in a testing/synctest bubble, where 24 hours pass in milliseconds.
//
// # Services
//
// Kinesis Data Streams: streams in both modes, shards by MD5 hash range, resharding,
// retention, tags, encryption settings, iterators of every kind; JSON and CBOR.
//
// S3: buckets and objects in path and virtual-host style, conditional writes, checksums,
// multipart uploads, listings; an object is one plain file in the lake's folder.
//
// DynamoDB: tables, items, expressions and the older conditions, queries, scans, indexes,
// transactions: what lease tables need, and most of what applications do.
//
// Glue: the Data Catalog, with stale versions refused: databases, tables and their versions,
// partitions with every form of Expression, indexes, column statistics.
//
// Athena: workgroups and executions; statements are run by the engine in [Options.Athena].
//
// Any region and any credentials are accepted: whatever a client names, there is one account
// and one region, those of [Options].
//
// # Consistency
//
// What is acknowledged is there for every request after it, and survives the end of the
// process, kill -9 included; with [Options.Sync] a power loss too. Records of a shard are
// kept in the order of their acknowledgement and sequence numbers only grow. A request that
// fails half way (a full disk, for instance) leaves nothing behind, and PutRecords says so
// for each record.
//
// # Limits
//
// With [Options.Limits], which is on in [Test]: per shard 1,000 records and 1 MiB a second in
// (bursts of one largest record), five GetRecords calls and 2 MiB a second out; Kinesis's
// other operations as often as their documentation says (ten DescribeStream a second, ten
// UpdateShardCount a day and stream, ...); a stream is CREATING, UPDATING or DELETING for half
// a second, and while its shards change the old ones take the records, for half a second
// again with every wave of UpdateShardCount's splits and merges. Sizes (500 records and 10 MiB
// a call, the stream's own maximum for a record) and quotas (20,000 shards, twice or half as
// many by one UpdateShardCount) hold always. Memory does not grow with the data: records are
// on disk, and a mark for every 64 KiB of them in memory.
//
// # Errors
//
// Services answer with AWS's error codes, for [errors.As]. An operation or a service that is
// not served is refused by name. Kinesis checks a request as the service does, all members at
// once and in its words; an operation that its model does not have is an
// UnknownOperationException without a message, and is named in [Options.Log]. [Open], [Lake.Listen] and [Lake.Close] return errors that
// name the folder or the address, and what to do.
//
// # Faults
//
// [Lake.Fault] makes an operation of any service go wrong: throttled, failed, delayed,
// failed for some entries of a batch, done with the answer lost, cut off, stale. A fault
// happens a number of times, from some call on, or to the calls that a function picks, until
// it is removed, and counts how often it did. Package local/check drives a whole pipeline
// through such faults, reshards, kills and lease thefts from a seed.
//
// # What it does not model
//
//   - Permissions: no policy is evaluated, no signature checked.
//   - Encryption: keys are remembered and shown, data is stored as it is.
//   - Replication, and with it stale reads: every read sees the last write.
//   - Scaling of on-demand streams by their load: they have the shards that they began with,
//     or those that their warm throughput asked for.
//   - Kinesis's channels to S3, metrics of shards and resource policies: the first cannot be
//     made, the others are remembered and shown.
package local

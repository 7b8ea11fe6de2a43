// Package firehose delivers the records of a stream to a table on S3: a [Delivery] converts
// JSON to Parquet columns by the table's schema, partitions the rows by the table's
// derivations, gathers them in files by size and time, writes the files, registers their
// partitions, and only then lets the consumer checkpoint.
//
//	d, err := firehose.New(cfg, clicks, &firehose.Options{Interval: 5 * time.Minute})
//	c, err := kinesis.NewConsumer(cfg, "clickstream", "to-s3-clicks", d.Handle,
//		&kinesis.ConsumerOptions{StartAt: d.StartAt, Drain: d.Drain})
//	err = c.Run(ctx)
//	err = d.Close(context.Background())
//
// # Delivery
//
// Every record is delivered at least once. [Delivery.Handle] holds the batch; the hold ends
// when every object with one of its records is in the bucket, and every partition of those
// objects that the catalog must know is registered. What is not checkpointed then (because
// the process died, a lease was lost, or a file was given up) is delivered again.
//
// What may be in the table twice, at this stage: the rows of batches that were not
// checkpointed although some of their files had been written. That is at most what was taken
// in during the last Interval before a crash or a lost lease, and what shares a batch with a
// file that was given up. A failed attempt that is made again writes the same object again,
// so it duplicates nothing.
//
// Objects appear whole or not at all. Rows of one shard and one partition keep their order
// inside a file; across files there is no order. A row appears at most Interval and the time
// of the upload after its record was taken in. Late records are no special case: they open
// the file of their partition again.
//
// # Errors
//
// A record that is not JSON, does not fit the table (see [catalog.Table.RecordFields]; the
// rules are those of Firehose with the OpenX SerDe, made strict), or lacks the column that a
// partition follows from, becomes an error record: a line of JSON with the keys that Amazon
// Data Firehose uses, the record's bytes in rawData, under
// ErrorPrefix/format-conversion-failed/yyyy/MM/dd/HH/. It is delivered under the same promise
// as rows. A record with several objects is delivered or refused whole.
//
// A failed upload or registration is told to Options.OnError and made again with pauses from
// one second to thirty, for as long as it takes: nothing is dropped, and the consumer's
// checkpoint stays where it is. A refusal that trying again does not mend (access denied, no
// such bucket) ends the holds with its error, so that the consumer backs off and delivers
// again.
//
// Once the buffer is full Handle waits, so a bucket that is out of reach stops the reading
// and not the process.
//
// # Limits
//
// The table is a Parquet table on S3. A record is at most 1 GiB; a file takes at most 4 GiB
// of JSON. Memory is bounded by Options.Buffer, up to a quarter more that is kept for reuse,
// and, for each call of Handle at once, a chunk of 256 KiB or the largest record.
package firehose

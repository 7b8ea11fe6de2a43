import java.io.PrintStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.kpl.ExtendedSequenceNumber;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of the Java KCL, of any version from 2.7 on, that tells its standard output what it
 * does, one event a line:
 *
 * <pre>
 * MICROSECONDS KIND SHARD SEQUENCE-NUMBER SUBSEQUENCE-NUMBER [KEY DIGEST AGGREGATED]
 * </pre>
 *
 * <p>KIND is began (with the checkpoint), record, checkpointed (after the write), ended (after
 * SHARD_END is written), lost, stopping or failed (a checkpoint; the key is the exception). An
 * event is out before what follows it happens, so that kill -9 hides none. The worker checkpoints
 * every batch. It shuts down gracefully when its input ends
 * (lost follows stopping then, though the leases stay the worker's in the table).
 *
 * <p>Arguments: ENDPOINT STREAM APPLICATION WORKER polling|fanout TRIM_HORIZON|LATEST
 */
public final class Worker {
  private static final PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);

  private static void tell(String kind, String shard, Object seq, long sub, String rest) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    byte[] line = (micros + " " + kind + " " + shard + " " + seq + " " + sub + rest + "\n").getBytes(StandardCharsets.UTF_8);
    synchronized (out) { // one write a line
      out.write(line, 0, line.length);
      out.flush();
    }
  }

  private static String digest(ByteBuffer data) {
    try {
      MessageDigest d = MessageDigest.getInstance("SHA-256");
      d.update(data.duplicate());
      return HexFormat.of().formatHex(d.digest(), 0, 8);
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Processor implements ShardRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput in) {
      shard = in.shardId();
      ExtendedSequenceNumber at = in.extendedSequenceNumber();
      tell("began", shard, at.sequenceNumber(), at.subSequenceNumber(), "");
    }

    @Override
    public void processRecords(ProcessRecordsInput in) {
      KinesisClientRecord last = null;
      for (KinesisClientRecord r : in.records()) {
        tell("record", shard, r.sequenceNumber(), r.subSequenceNumber(), " " + r.partitionKey() + " " + digest(r.data()) + " " + r.aggregated());
        last = r;
      }
      if (last != null) {
        String seq = last.sequenceNumber();
        long sub = last.subSequenceNumber();
        checkpoint("checkpointed", seq, sub, () -> in.checkpointer().checkpoint(seq, sub));
      }
    }

    @Override
    public void leaseLost(LeaseLostInput in) {
      tell("lost", shard, "-", 0, "");
    }

    @Override
    public void shardEnded(ShardEndedInput in) {
      checkpoint("ended", "SHARD_END", 0, in.checkpointer()::checkpoint);
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput in) {
      tell("stopping", shard, "-", 0, "");
    }

    private interface Write {
      void run() throws Exception;
    }

    private void checkpoint(String kind, String seq, long sub, Write write) {
      try {
        write.run();
        tell(kind, shard, seq, sub, "");
      } catch (Exception e) {
        tell("failed", shard, seq, sub, " " + e.getClass().getSimpleName() + " - false");
      }
    }
  }

  /** Sets what only some versions have. */
  private static void set(Object config, String name, Object value) throws ReflectiveOperationException {
    for (var m : config.getClass().getMethods()) {
      if (m.getName().equals(name) && m.getParameterCount() == 1) {
        m.invoke(config, value);
        return;
      }
    }
  }

  public static void main(String[] args) throws Exception {
    URI endpoint = URI.create(args[0]);
    String stream = args[1];
    String app = args[2];
    String id = args[3];
    boolean fanOut = args[4].equals("fanout");
    var from = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.valueOf(args[5]));

    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    var kinesis = KinesisClientUtil.createKinesisAsyncClient(
        KinesisAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint));
    var dynamo = DynamoDbAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint).build();
    var cloudWatch = CloudWatchAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint).build(); // never called

    // The defaults, but for how long things take.
    var configs = new ConfigsBuilder(stream, app, kinesis, dynamo, cloudWatch, id, Processor::new);
    RetrievalSpecificConfig how = fanOut
        ? new FanOutConfig(kinesis).streamName(stream).applicationName(app)
        : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(250);
    var retrieval = configs.retrievalConfig().retrievalSpecificConfig(how).initialPositionInStreamExtended(from);
    var leases = configs.leaseManagementConfig().failoverTimeMillis(3000).shardSyncIntervalMillis(2000).initialPositionInStream(from);
    set(leases, "leaseAssignmentIntervalMillis", 3000L);
    set(leases, "dynamoDbLockBasedLeaderLeaseDurationInMillis", 6000L);
    set(leases, "dynamoDbLockBasedLeaderHeartbeatPeriodInMillis", 2000L);
    try {
      Object metrics = leases.getClass().getMethod("workerUtilizationAwareAssignmentConfig").invoke(leases);
      set(metrics, "workerMetricsReporterFreqInMillis", 3000L);
      set(metrics, "inMemoryWorkerMetricsCaptureFrequencyMillis", 1000L);
      set(metrics, "varianceBalancingFrequency", 1);
    } catch (NoSuchMethodException e) {
      // 2.x has none.
    }
    var coordinator = configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200);
    var scheduler = new Scheduler(configs.checkpointConfig(), coordinator, leases, configs.lifecycleConfig(),
        configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(), retrieval);
    var thread = new Thread(scheduler);
    thread.setDaemon(true);
    thread.start();

    while (System.in.read() >= 0) {}
    try {
      // Where shards have ended, 2.7.2 waits for ever for their processors to stop.
      scheduler.startGracefulShutdown().get(5, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      System.err.println("no graceful end within 5 s");
    }
    Runtime.getRuntime().halt(0);
  }
}

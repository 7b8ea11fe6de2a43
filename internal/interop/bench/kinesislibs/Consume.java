import java.net.URI;
import java.util.concurrent.atomic.AtomicLong;
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
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** Counts a stream's user records with the KCL. Arguments: ENDPOINT STREAM APPLICATION */
public final class Consume {
  private static final AtomicLong count = new AtomicLong();

  private static final class Processor implements ShardRecordProcessor {
    @Override
    public void initialize(InitializationInput in) {}

    @Override
    public void processRecords(ProcessRecordsInput in) {
      long bytes = 0;
      for (KinesisClientRecord r : in.records()) {
        bytes += r.data().remaining();
      }
      int n = in.records().size();
      if (n == 0) {
        return;
      }
      try {
        in.checkpointer().checkpoint();
      } catch (Exception e) {
        e.printStackTrace();
        Runtime.getRuntime().halt(3);
      }
      long total = count.addAndGet(n);
      synchronized (count) {
        System.out.println(total + " " + bytes);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput in) {}

    @Override
    public void shardEnded(ShardEndedInput in) {}

    @Override
    public void shutdownRequested(ShutdownRequestedInput in) {}
  }

  public static void main(String[] args) {
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    var endpoint = URI.create(args[0]);
    var kinesis = KinesisClientUtil.createKinesisAsyncClient(
        KinesisAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint));
    var dynamo = DynamoDbAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint).build();
    var cloudWatch = CloudWatchAsyncClient.builder().credentialsProvider(credentials).region(Region.US_EAST_1).endpointOverride(endpoint).build(); // never called
    var from = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var configs = new ConfigsBuilder(args[1], args[2], kinesis, dynamo, cloudWatch, "worker", Processor::new);
    // As often as it lets itself be told to read, so that it is never idle while it is measured.
    var retrieval = configs.retrievalConfig().retrievalSpecificConfig(new PollingConfig(args[1], kinesis).idleTimeBetweenReadsInMillis(200)).initialPositionInStreamExtended(from);
    new Scheduler(configs.checkpointConfig(), configs.coordinatorConfig().shardConsumerDispatchPollIntervalMillis(100), configs.leaseManagementConfig().initialPositionInStream(from),
        configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(), retrieval).run();
  }
}

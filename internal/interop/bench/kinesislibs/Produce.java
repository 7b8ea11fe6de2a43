import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Puts records with the KPL as fast as it takes them, for ever. Arguments: PORT STREAM SIZE KEYS
 * TEMPORARY-FOLDER
 */
public final class Produce {
  public static void main(String[] args) throws Exception {
    long port = Long.parseLong(args[0]);
    String stream = args[1];
    int size = Integer.parseInt(args[2]);
    int keys = Integer.parseInt(args[3]);
    var producer = new KinesisProducer(new KinesisProducerConfiguration()
        .setRegion("us-east-1")
        .setKinesisEndpoint("127.0.0.1").setKinesisPort(port)
        .setStsEndpoint("127.0.0.1").setStsPort(port)
        .setCloudwatchEndpoint("127.0.0.1").setCloudwatchPort(port)
        .setVerifyCertificate(false)
        .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .setMetricsLevel("none")
        .setRecordTtl(120_000)
        .setTempDirectory(args[4])
        .setLogLevel("warning"));
    var names = new String[keys];
    for (int i = 0; i < keys; i++) {
      names[i] = "user-" + i;
    }
    var room = new Semaphore(50_000); // the KPL itself blocks nobody
    var done = new AtomicLong();
    var counted = new FutureCallback<UserRecordResult>() {
      @Override
      public void onSuccess(UserRecordResult r) {
        long n = done.incrementAndGet();
        if (n % 50_000 == 0) {
          System.out.println(n);
        }
        room.release();
      }

      @Override
      public void onFailure(Throwable t) {
        t.printStackTrace();
        Runtime.getRuntime().halt(3);
      }
    };
    byte[] payload = new byte[size];
    for (long i = 0; ; i++) {
      byte[] data = payload.clone();
      ByteBuffer.wrap(data).putLong(i);
      room.acquire();
      Futures.addCallback(producer.addUserRecord(stream, names[(int) (i * 7919 % keys)], ByteBuffer.wrap(data)), counted, MoreExecutors.directExecutor());
    }
  }
}

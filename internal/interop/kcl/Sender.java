import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordFailedException;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * A producer by the KPL: its input has one record a line, KEY:ANYTHING, which goes into the stream
 * under KEY; its output has one line for each that the KPL calls delivered, in any order:
 *
 * <pre>
 * SHARD SEQUENCE-NUMBER RECORD
 * </pre>
 *
 * <p>It ends with its input, when all are delivered. Arguments: PORT STREAM TEMPORARY-FOLDER
 */
public final class Sender {
  public static void main(String[] args) throws Exception {
    long port = Long.parseLong(args[0]);
    String stream = args[1];
    var config = new KinesisProducerConfiguration()
        .setRegion("us-east-1")
        .setKinesisEndpoint("127.0.0.1").setKinesisPort(port)
        .setStsEndpoint("127.0.0.1").setStsPort(port)
        .setCloudwatchEndpoint("127.0.0.1").setCloudwatchPort(port)
        .setVerifyCertificate(false)
        .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .setMetricsLevel("none")
        .setRecordTtl(60_000)
        .setTempDirectory(args[2])
        .setLogLevel("warning");
    var producer = new KinesisProducer(config);
    var out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
    var flusher = new Thread(() -> {
      for (;;) {
        java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
        synchronized (out) {
          out.flush();
        }
      }
    });
    flusher.setDaemon(true);
    flusher.start();
    var room = new Semaphore(20_000); // the KPL itself blocks nobody
    byte[] line = new byte[1 << 20];
    int n = 0;
    for (int b; (b = System.in.read()) >= 0; ) {
      if (b != '\n') {
        line[n++] = (byte) b;
        continue;
      }
      String record = new String(line, 0, n, StandardCharsets.UTF_8);
      n = 0;
      room.acquire();
      var result = producer.addUserRecord(stream, record.substring(0, record.indexOf(':')), ByteBuffer.wrap(record.getBytes(StandardCharsets.UTF_8)));
      Futures.addCallback(result, new FutureCallback<UserRecordResult>() {
        @Override
        public void onSuccess(UserRecordResult r) {
          synchronized (out) {
            out.println(r.getShardId() + " " + r.getSequenceNumber() + " " + record);
          }
          room.release();
        }

        @Override
        public void onFailure(Throwable t) {
          if (t instanceof UserRecordFailedException f) {
            f.getResult().getAttempts().forEach(a -> System.err.println(a.getErrorCode() + " " + a.getErrorMessage()));
          }
          t.printStackTrace();
          Runtime.getRuntime().halt(3);
        }
      }, MoreExecutors.directExecutor());
    }
    producer.flushSync();
    room.acquire(20_000);
    out.flush();
    producer.destroy();
    Runtime.getRuntime().halt(0);
  }
}

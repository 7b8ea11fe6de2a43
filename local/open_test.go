package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/goleak"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local"
)

// childDir names, in the environment of a process that a test starts, the lake to put
// records into until the process is killed.
const childDir = "LAKEKIT_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Println("failed:", putForEver(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// putForEver prints the number of each record whose put was acknowledged.
func putForEver(dir string) error {
	lake, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		return err
	}
	client := awskinesis.NewFromConfig(lake.Config())
	for i := 0; ; i++ {
		_, err := client.PutRecord(context.Background(), &awskinesis.PutRecordInput{
			StreamName: aws.String("clicks"), Data: []byte(strconv.Itoa(i)), PartitionKey: aws.String(strconv.Itoa(i % 7)),
		})
		if err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// TestKill kills a process that puts records and looks for all that it was told are stored.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	lake, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	createStream(t, awskinesis.NewFromConfig(lake.Config()), "clicks", 2)
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked, lines := 0, bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("the child: %s", lines.Text())
			}
			if acked = n + 1; acked == 300*(round+1) {
				_, err := local.Open(&local.Options{Dir: dir})
				if want := fmt.Sprintf("local: folder %s is in use by process %d since ", dir, cmd.Process.Pid); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), ": close that lake, or name another folder") {
					t.Errorf("opened while in use: %v", err)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		lake, err := local.Open(&local.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		client := awskinesis.NewFromConfig(lake.Config())
		clear(seen)
		for _, id := range []string{"shardId-000000000000", "shardId-000000000001"} {
			records, _ := readAll(t, client, "clicks", id)
			last := ""
			for _, r := range records {
				seen[string(r.Data)] = true
				if *r.SequenceNumber <= last {
					t.Fatalf("sequence number %s follows %s", *r.SequenceNumber, last)
				}
				last = *r.SequenceNumber
			}
		}
		for i := range acked {
			if !seen[strconv.Itoa(i)] {
				t.Fatalf("round %d: record %d of %d acknowledged ones is lost", round, i, acked)
			}
		}
		if err := lake.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	lake := open(t, &local.Options{Dir: dir})
	if lake.Dir() != dir {
		t.Errorf("Dir is %s", lake.Dir())
	}
	_, err := local.Open(&local.Options{Dir: dir})
	if want := fmt.Sprintf("local: folder %s is in use by process %d since ", dir, os.Getpid()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("opened twice: %v", err)
	}
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lakekit-format"), []byte("7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = local.Open(&local.Options{Dir: dir})
	if want := fmt.Sprintf(`local: folder %s has format "7", this version of lakekit reads 1: use the version that wrote it, or another folder`, dir); err == nil || err.Error() != want {
		t.Errorf("another format: %v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = local.Open(&local.Options{Dir: other})
	if want := fmt.Sprintf("local: folder %s holds thesis.tex and no lakekit-format: it is not a lake; name an empty folder or one that does not exist", other); err == nil || err.Error() != want {
		t.Errorf("a folder of other things: %v", err)
	}

	temp, err := local.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temp.Dir()); err != nil {
		t.Error(err)
	}
	if err := temp.Close(); err != nil {
		t.Error(err)
	}
	if err := temp.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	if _, err := os.Stat(temp.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a temporary folder stays: %v", err)
	}
}

func TestOptionsAreCheckedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := local.Open(&local.Options{Account: "12345", Region: "US EAST", Latency: -1})
	const want = `local: Options.Account: "12345" is not an AWS account id (12 digits)
local: Options.Region: "US EAST" is not a region's name, such as us-east-1
local: Options.Latency: -1ns is negative`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	cfg := open(t, &local.Options{Account: "123456789012", Region: "eu-central-1"}).Config()
	client := awskinesis.NewFromConfig(cfg)
	createStream(t, client, "clicks", 1)
	out, err := client.DescribeStreamSummary(t.Context(), &awskinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
	if err != nil || *out.StreamDescriptionSummary.StreamARN != "arn:aws:kinesis:eu-central-1:123456789012:stream/clicks" {
		t.Errorf("the ARN is %v, %v", out, err)
	}
}

// TestOpenFails lets each kind of file operation fail while a lake that holds a stream is
// opened: Open says so, leaves nothing open, and the lake opens once the disk is well.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	mem := vfstest.NewMem()
	fsys := vfstest.NewFaulty(mem)
	opts := &local.Options{Dir: "lake", FS: fsys}
	lake, err := local.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	client := awskinesis.NewFromConfig(lake.Config())
	createStream(t, client, "clicks", 1)
	putN(t, client, "clicks", 0, 5)
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	for _, op := range []vfstest.Op{vfstest.Open, vfstest.Mkdir, vfstest.ReadDir, vfstest.Read} {
		for n := 1; ; n++ {
			hits := fsys.FailNth(op, "kinesis", n, boom)
			lake, err := local.Open(opts)
			if hits() == 0 {
				if err != nil {
					t.Errorf("%s: %v", op, err)
				} else if err := lake.Close(); err != nil {
					t.Error(err)
				}
				break
			}
			if !errors.Is(err, boom) || !strings.Contains(err.Error(), "lake") {
				t.Errorf("%s number %d failed, Open gives %v", op, n, err)
			}
			if err == nil {
				_ = lake.Close()
			}
			fsys.Mend()
		}
		fsys.Mend()
	}
	if records, _ := readAll(t, awskinesis.NewFromConfig(open(t, opts).Config()), "clicks", "shardId-000000000000"); len(records) != 5 {
		t.Errorf("%d records, want 5", len(records))
	}
}

// TestDamagedFiles opens lakes whose files somebody has changed.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	lake, err := local.Open(&local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	client := awskinesis.NewFromConfig(lake.Config())
	createStream(t, client, "clicks", 1)
	putN(t, client, "clicks", 0, 5)
	if err := lake.Close(); err != nil {
		t.Fatal(err)
	}
	stream := filepath.Join(dir, "kinesis", "clicks.0")
	// Half a stream, as a crash in CreateStream or DeleteStream leaves it, is swept.
	half := filepath.Join(dir, "kinesis", "half.7")
	if err := os.MkdirAll(filepath.Join(half, "shardId-000000000000"), 0o755); err != nil {
		t.Fatal(err)
	}
	meta, err := os.ReadFile(filepath.Join(stream, "stream.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stream, "stream.json"), meta[:len(meta)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Open(&local.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), filepath.Join(stream, "stream.json")) {
		t.Errorf("with half a state: %v", err)
	}
	if err := vfs.WriteFile(vfs.OS{}, filepath.Join(stream, "stream.json"), meta, false); err != nil {
		t.Fatal(err)
	}
	reopened := open(t, &local.Options{Dir: dir})
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a stream stays: %v", err)
	}
	if records, _ := readAll(t, awskinesis.NewFromConfig(reopened.Config()), "clicks", "shardId-000000000000"); len(records) != 5 {
		t.Errorf("%d records, want 5", len(records))
	}
}

// TestOpenExisting opens what is there, and makes nothing where no lake is.
func TestOpenExisting(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lake")
	for range 2 {
		if _, err := local.Open(&local.Options{Dir: dir, Existing: true}); !errors.Is(err, local.ErrNoLake) {
			t.Fatalf("opened what is not there: %v", err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("the folder is there now: %v", err)
		}
	}
	for _, existing := range []bool{false, true} {
		lake, err := local.Open(&local.Options{Dir: dir, Existing: existing})
		if err != nil {
			t.Fatal(err)
		}
		if err := lake.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := local.Open(&local.Options{Existing: true}); err == nil {
		t.Error("a temporary folder was opened for what it holds")
	}
}

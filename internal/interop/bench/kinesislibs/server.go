package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/lakekit/lakekit/local"
)

// serve is the lake's process: it prints its addresses and serves until its input ends.
func serve() error {
	lake, err := local.Open(nil)
	if err != nil {
		return err
	}
	plain, err := lake.Listen("127.0.0.1:0")
	if err != nil {
		return errors.Join(err, lake.Close())
	}
	secure, err := lake.ListenTLS("127.0.0.1:0")
	if err != nil {
		return errors.Join(err, lake.Close())
	}
	fmt.Println(plain.URL(), secure.URL(), filepath.Join(lake.Dir(), local.CAFile))
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return errors.Join(err, lake.Close())
	}
	return lake.Close()
}

// server is that process, seen from outside.
type server struct {
	http, https, ca string
	stream          string // of the run
	client          *awskinesis.Client
	cmd             *exec.Cmd
	in              io.Closer
}

func startServer() (*server, error) {
	s := &server{cmd: exec.Command(os.Args[0], "-role", "serve")}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read the server's addresses: %w", err)
	}
	f := strings.Fields(line)
	if len(f) != 3 {
		return nil, fmt.Errorf("the server said %q", line)
	}
	s.http, s.https, s.ca = f[0], f[1], f[2]
	s.client = awskinesis.NewFromConfig(config(s.http))
	return s, nil
}

func (s *server) stop() {
	s.in.Close()
	if err := s.cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "kinesislibs: the server:", err)
	}
}

func config(url string) aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), BaseEndpoint: &url}
}

// newStream makes an empty stream and deletes the one of the run before.
func (s *server) newStream() error {
	ctx := context.Background()
	if s.stream != "" {
		if _, err := s.client.DeleteStream(ctx, &awskinesis.DeleteStreamInput{StreamName: &s.stream}); err != nil {
			return err
		}
	}
	s.stream = fmt.Sprintf("%s-%d", streamName, time.Now().UnixNano())
	return s.create(ctx, s.stream, produceShards)
}

func (s *server) create(ctx context.Context, name string, shards int32) error {
	if _, err := s.client.CreateStream(ctx, &awskinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		return err
	}
	return awskinesis.NewStreamExistsWaiter(s.client).Wait(ctx, &awskinesis.DescribeStreamInput{StreamName: &name}, time.Minute)
}

// fill makes the stream to consume, of aggregated records.
func (s *server) fill(n, size int) error {
	ctx := context.Background()
	if err := s.create(ctx, streamName, consumeShards); err != nil {
		return err
	}
	return put(ctx, config(s.http), streamName, n, size, nil)
}

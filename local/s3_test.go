package local_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakekit/lakekit/local"
)

// S3 by the SDK as the lake's config makes it: virtual hosts, https, trailers, a waiter.
func TestS3InABubble(t *testing.T) {
	local.Test(t, time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC), nil, func(t *testing.T, lake *local.Lake) {
		c := awss3.NewFromConfig(lake.Config())
		if _, err := c.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		if err := awss3.NewBucketExistsWaiter(c).Wait(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("lake")}, time.Minute); err != nil {
			t.Fatal(err)
		}
		key := "raw/clicks/dt=2026-05-24/hr=09/x y+z.json"
		body := strings.Repeat("a line\n", 100_000)
		if _, err := c.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: aws.String("lake"), Key: &key, Body: io.MultiReader(strings.NewReader(body)), ContentLength: aws.Int64(int64(len(body))),
		}); err != nil {
			t.Fatal(err)
		}
		out, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(out.Body)
		if err != nil || string(got) != body {
			t.Fatalf("%d bytes came back, %v", len(got), err)
		}
		if y := out.LastModified.Year(); y != 2026 {
			t.Errorf("modified in %d: not the bubble's time", y)
		}
		list, err := c.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("lake"), Delimiter: aws.String("/")})
		if err != nil || len(list.CommonPrefixes) != 1 || *list.CommonPrefixes[0].Prefix != "raw/" {
			t.Fatalf("%+v, %v", list, err)
		}
	})
}

// A listing and a put go through the SDK's transport as they are, for a lake of files too.
func TestS3Durable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, round := range []string{"first", "second"} {
		lake, err := local.Open(&local.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		c := awss3.NewFromConfig(lake.Config())
		if _, err := c.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("lake"), Key: &round, Body: strings.NewReader(round)}); err != nil {
			t.Fatal(err)
		}
		out, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("first")})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(out.Body); err != nil || string(b) != "first" {
			t.Fatalf("%q, %v", b, err)
		}
		if err := lake.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

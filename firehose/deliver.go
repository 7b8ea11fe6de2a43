package firehose

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lakekit/lakekit/internal/apierr"
	"github.com/lakekit/lakekit/internal/uuid"
)

// The pauses between attempts to deliver a file, behind those of the SDK's own.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// deliver puts the part's partition into the catalog and its object into the bucket. It tries
// until that works, or can never work, or the delivery gives up.
func (d *Delivery) deliver(p *part) error {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-d.ctx.Done():
		if p.writer != nil {
			p.writer.Discard()
		}
		return d.ctx.Err()
	}
	to := p.place(d.config, d.table.Name())
	b, err := p.finish()
	if err != nil {
		err = fmt.Errorf("firehose: finish %s: %w", to, err)
		d.tell(err)
		return err
	}
	defer b.release()
	// The partition comes first: were it refused after the object is there, each delivery of
	// the same records would leave another object.
	if p.route != nil && d.glue != nil {
		if err := d.retry(func() error { return d.glue.register(d.ctx, p.route) }); err != nil {
			return err
		}
	}
	err = d.retry(func() error {
		if err := d.put(to, b); err != nil {
			return fmt.Errorf("firehose: put object %s: %w", to, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.bytes = b.size
	if d.config.OnDelivered != nil {
		o := Object{Location: to.String(), Rows: p.rows, Bytes: b.size, Errors: p.route == nil}
		if p.route != nil {
			o.Partition = p.route.values
		}
		d.told.Lock()
		d.config.OnDelivered(o)
		d.told.Unlock()
	}
	return nil
}

// errorFolder is Firehose's name for what could not be converted.
const errorFolder = "format-conversion-failed/"

// place names the part's object: the name is the table's, the time at which the part was
// opened, and a random id. An attempt that is made again writes the same object.
func (p *part) place(c *config, table string) place {
	t := p.opened.UTC()
	name := table + "-" + t.Format("2006-01-02-15-04-05") + "-" + uuid.New()
	if p.route == nil {
		return place{c.errors.bucket, c.errors.prefix + errorFolder + t.Format("2006/01/02/15/") + name}
	}
	return place{p.route.prefix.bucket, p.route.prefix.prefix + name + ".parquet"}
}

func (d *Delivery) put(to place, b body) error {
	in := &awss3.PutObjectInput{
		Bucket: aws.String(to.bucket), Key: aws.String(to.prefix),
		Body: io.NewSectionReader(b, 0, b.size), ContentLength: aws.Int64(b.size),
	}
	if d.config.KMSKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, aws.String(d.config.KMSKey)
	}
	_, err := d.s3.PutObject(d.ctx, in)
	return err
}

// retry calls f until it works, or can never work, or the delivery gives up, and tells of
// each failure.
func (d *Delivery) retry(f func() error) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := f()
		if err == nil {
			return nil
		}
		if d.ctx.Err() != nil {
			return err
		}
		d.tell(err)
		if permanent(err) {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-d.ctx.Done():
			t.Stop()
			return err
		}
	}
}

// tell reports a failure.
func (d *Delivery) tell(err error) {
	if d.config.OnError == nil {
		slog.ErrorContext(d.ctx, err.Error())
		return
	}
	d.told.Lock()
	defer d.told.Unlock()
	d.config.OnError(err)
}

// permanent says whether the service refused a request in a way that trying again does not
// mend: the request is wrong, forbidden, or what it names does not exist.
func permanent(err error) bool {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) {
		// Of one partition in a batch that was accepted there is a code and no status.
		switch apierr.Code(err) {
		case "AccessDeniedException", "EntityNotFoundException", "InvalidInputException":
			return true
		}
		return false
	}
	if answer.HTTPStatusCode() < 400 || answer.HTTPStatusCode() >= 500 {
		return false
	}
	if retry.NewStandard().IsErrorRetryable(err) {
		return false
	}
	switch answer.HTTPStatusCode() {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	switch apierr.Code(err) {
	// New credentials or a set clock mend these.
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "TokenRefreshRequired":
		return false
	}
	return true
}

package kinesis

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// pingAfter is how long nothing may come on an HTTP/2 connection before it is asked
	// whether it still lives, and pingTimeout how long the answer may take.
	pingAfter   = 10 * time.Second
	pingTimeout = 10 * time.Second
	// subscriptionWindow is what may wait in a subscription's HTTP/2 stream. It is the KCL's
	// (KinesisClientUtil); Go's is 4 MiB.
	subscriptionWindow = 512 << 10
)

// alive sets the SDK's own HTTP client up so that it notices dead connections, unless the
// user has set up HTTP/2. A call that is given up leaves its HTTP/2 connection open, and
// without a ping all later calls, and the subscriptions that are made again, go to a peer that
// is no longer there, for the quarter of an hour that the kernel takes to notice. window is
// what a stream may hold that nobody has read; 0 means Go's own.
func alive(c aws.HTTPClient, window int) aws.HTTPClient {
	b, ok := c.(*awshttp.BuildableClient)
	if !ok || b.GetTransport().HTTP2 != nil {
		return c
	}
	return b.WithTransportOptions(func(t *http.Transport) {
		t.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: window, SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	})
}

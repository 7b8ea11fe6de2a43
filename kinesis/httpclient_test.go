package kinesis

import (
	"net/http"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// TestAlive: only the SDK's client is changed, and only where the user has not set it up.
func TestAlive(t *testing.T) {
	t.Parallel()
	b, ok := alive(awshttp.NewBuildableClient(), subscriptionWindow).(*awshttp.BuildableClient)
	if !ok {
		t.Fatal("it is not the SDK's client any more")
	}
	if c := b.GetTransport().HTTP2; c == nil || c.SendPingTimeout != pingAfter || c.PingTimeout != pingTimeout || c.MaxReceiveBufferPerStream != subscriptionWindow {
		t.Errorf("%+v", c)
	}
	own := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.HTTP2 = &http.HTTP2Config{} })
	if alive(own, 1) != own {
		t.Error("the user's HTTP/2 was changed")
	}
	if c := http.DefaultClient; alive(c, 1) != c {
		t.Error("the user's client was changed")
	}
	if alive(nil, 1) != nil {
		t.Error("no client became one")
	}
}

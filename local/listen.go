package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/lakekit/lakekit/local/internal/service"
)

// A Listener serves a lake on an address.
type Listener struct {
	lake   *Lake
	server *http.Server
	url    string
	served chan error
	once   sync.Once
	err    error
	stop   chan struct{} // closed when Close begins
}

// Listen serves the lake on a TCP address to clients in other processes: the AWS CLI, boto3,
// a JVM. It speaks HTTP/1.1 and HTTP/2 without TLS on one port, and tells the services apart
// by what each request says (X-Amz-Target, or the service in the signature's scope); buckets
// are in the path. Port 0 picks a free one. An address without a host, such as ":4566", means
// loopback; any other interface must be named.
//
// Listen cannot work inside a synctest bubble: waiting for a network is not waiting for
// time, so the bubble's time would stand still for ever. Use [Lake.Config] there.
func (l *Lake) Listen(addr string) (*Listener, error) { return l.listen(addr, nil) }

// ListenTLS is [Lake.Listen] with https, by a certificate that is made for the occasion and
// signed by an authority whose certificate is written to ca.pem in the lake's folder. It
// names localhost, the loopback addresses and the host of addr.
func (l *Lake) ListenTLS(addr string) (*Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("local: listen on %q: %w", addr, err)
	}
	cert, err := l.certificate(host)
	if err != nil {
		return nil, fmt.Errorf("local: make a certificate: %w", err)
	}
	return l.listen(addr, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
}

func (l *Lake) listen(addr string, conf *tls.Config) (*Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("local: listen on %q: want host:port, such as 127.0.0.1:4566: %w", addr, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	addr = net.JoinHostPort(host, port)
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("local: listen on %s: port %s is in use: stop what uses it, or name another port (0 picks a free one): %w", addr, port, err)
	} else if err != nil {
		return nil, fmt.Errorf("local: listen on %s: %w", addr, err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &Listener{lake: l, served: make(chan error, 1), stop: make(chan struct{}), url: "http://" + ln.Addr().String()}
	s.server = &http.Server{
		Handler: http.HandlerFunc(s.serve), Protocols: protocols, ReadHeaderTimeout: time.Minute,
		ErrorLog:    slog.NewLogLogger(l.opts.Log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return service.WithStopping(context.Background(), s.stop) },
	}
	l.mu.Lock()
	closed := l.mu.closed
	if !closed {
		l.mu.listeners[s] = struct{}{}
	}
	l.mu.Unlock()
	if closed {
		return nil, errors.Join(errClosed, ln.Close())
	}
	if conf != nil {
		s.url = "https://" + ln.Addr().String()
		ln = plain{tls.NewListener(ln, conf)}
	}
	go func() { s.served <- s.server.Serve(ln) }()
	return s, nil
}

// plain hides that its connections are TLS, so that net/http finds out by the first bytes of
// each whether a client speaks HTTP/2. Java's SDK begins with them and sends no ALPN, which
// net/http answers with HTTP/1.1 on what it knows to be TLS.
type plain struct{ net.Listener }

func (l plain) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{c}, nil
}

// URL is where the lake is served, such as http://127.0.0.1:4566: what a client takes as its
// endpoint.
func (s *Listener) URL() string { return s.url }

func (s *Listener) serve(w http.ResponseWriter, r *http.Request) {
	if err := s.lake.begin(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.lake.end()
	s.lake.serve(w, r)
}

// shutdownTime is how long Close waits for requests in flight.
const shutdownTime = 10 * time.Second

// Close stops accepting, ends the subscriptions, lets the other requests in flight finish,
// for ten seconds at most, and frees the port. It may be called again.
func (s *Listener) Close() error {
	s.once.Do(func() {
		close(s.stop)
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		err := s.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.server.Close()
		}
		if serr := <-s.served; !errors.Is(serr, http.ErrServerClosed) {
			err = errors.Join(err, serr)
		}
		s.lake.mu.Lock()
		delete(s.lake.mu.listeners, s)
		s.lake.mu.Unlock()
		if err != nil {
			s.err = fmt.Errorf("local: close %s: %w", s.url, err)
		}
	})
	return s.err
}

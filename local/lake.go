package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/local/internal/service"
)

// ErrNoLake is the error of [Open] with Options.Existing where there is none.
var ErrNoLake = errors.New("no lake is there")

// Options are how a lake is opened.
type Options struct {
	// Dir is the folder that holds the lake. Zero means a private temporary folder that
	// Close removes.
	Dir string
	// Existing refuses a Dir that holds no lake yet; zero makes one there.
	Existing bool
	// Account is the AWS account id, 12 digits. Zero means 000000000000.
	Account string
	// Region is the AWS region. Zero means us-east-1.
	Region string
	// Limits says that the services' rate limits are enforced (1,000 records/s and 1 MiB/s
	// per shard, five reads/s per shard, ...) and that a new stream takes its time to become
	// ACTIVE. Zero means off; [Test] turns it on.
	Limits bool
	// Latency is how long a request through [Lake.Config] takes at least. Zero means no
	// time at all, and 1 ms in [Test].
	Latency time.Duration
	// Sync says that what the lake acknowledges survives a power loss. Zero means that it
	// survives the end of the process, kill -9 included.
	Sync bool
	// Athena runs the statements of Athena: duckdb.Engine(), from local/duckdb. The lake
	// closes it. Zero means that Athena takes DDL and refuses queries, saying so.
	Athena AthenaEngine
	// Log gets what no answer can tell, such as a write that a crash cut off. Zero means
	// that it is dropped.
	Log *slog.Logger
	// FS holds Dir. It is for this module's own tests, which let files fail or get lost;
	// no other module can make one. Zero means the machine's file system.
	FS vfs.FS
}

// A Lake is the AWS services of one account in one region, in this process. It is safe for
// concurrent use.
type Lake struct {
	opts     Options
	dir      string
	temp     bool
	lock     *dirLock
	services []mounted
	client   *http.Client
	stopping chan struct{} // closed when Close begins
	faults   faults

	mu struct {
		sync.Mutex
		inFlight  int
		idle      *sync.Cond // inFlight has become 0
		closed    bool
		done      chan struct{} // closed when Close is over
		err       error         // what Close returned
		listeners map[*Listener]struct{}
	}
}

// mounted is a service of the lake.
type mounted struct {
	name    string
	handler http.Handler
	serves  func(operation string) bool
	close   func() error
}

// Open opens the lake in opts.Dir, which is created if it is not there, or a new one in a
// temporary folder. A folder can be open once: the error of a second Open names the process
// that has it.
func Open(opts *Options) (*Lake, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := o.fill(); err != nil {
		return nil, err
	}
	l := &Lake{opts: o, dir: o.Dir, stopping: make(chan struct{})}
	l.mu.idle = sync.NewCond(&l.mu)
	l.mu.listeners = map[*Listener]struct{}{}
	l.client = &http.Client{
		Transport: transport{l},
		// As the SDK's own client has it: redirects are for the SDK to judge.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.closeAll())
	}
	return l, nil
}

func (o *Options) fill() error {
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	var errs []error
	if o.Existing && o.Dir == "" {
		errs = append(errs, errors.New("local: Options.Existing: a temporary folder, which Dir leaves it at, holds no lake: name one"))
	}
	if len(o.Account) != 12 || strings.Trim(o.Account, "0123456789") != "" {
		errs = append(errs, fmt.Errorf("local: Options.Account: %q is not an AWS account id (12 digits)", o.Account))
	}
	if strings.Trim(o.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		errs = append(errs, fmt.Errorf("local: Options.Region: %q is not a region's name, such as us-east-1", o.Region))
	}
	if o.Latency < 0 {
		errs = append(errs, fmt.Errorf("local: Options.Latency: %s is negative", o.Latency))
	}
	return errors.Join(errs...)
}

func (l *Lake) open() error {
	if l.dir == "" {
		dir, err := os.MkdirTemp("", "lakekit-")
		if err != nil {
			return fmt.Errorf("local: make a temporary folder: %w", err)
		}
		l.dir, l.temp = dir, true
	}
	if err := l.openDir(); err != nil {
		return err
	}
	for _, s := range l.openers() {
		dir := filepath.Join(l.dir, s.name)
		if err := l.opts.FS.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("local: open folder %s: %w", l.dir, err)
		}
		m, err := s.open(service.Env{
			FS: l.opts.FS, Dir: dir, Account: l.opts.Account, Region: l.opts.Region,
			Limits: l.opts.Limits, Sync: l.opts.Sync, Log: l.opts.Log,
		})
		if err != nil {
			return fmt.Errorf("local: open folder %s: %w", l.dir, err)
		}
		if l.opts.Sync {
			if err := l.opts.FS.SyncDir(l.dir); err != nil {
				return errors.Join(fmt.Errorf("local: open folder %s: %w", l.dir, err), m.close())
			}
		}
		m.name = s.name
		l.services = append(l.services, m)
	}
	return nil
}

// formatFile holds the number of the folder's format.
const (
	formatFile = "lakekit-format"
	format     = "1"
)

// openDir locks the folder and checks that it is a lake's, or empty.
func (l *Lake) openDir() error {
	fsys := l.opts.FS
	if l.opts.Existing {
		if _, err := vfs.ReadFile(fsys, filepath.Join(l.dir, formatFile)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("local: open folder %s: %w", l.dir, ErrNoLake)
		}
	}
	if err := fsys.MkdirAll(l.dir, 0o755); err != nil {
		return fmt.Errorf("local: create folder %s: %w", l.dir, err)
	}
	if _, ok := fsys.(vfs.OS); ok {
		lock, err := lockDir(l.dir)
		if err != nil {
			return err
		}
		l.lock = lock
	}
	path := filepath.Join(l.dir, formatFile)
	b, err := vfs.ReadFile(fsys, path)
	switch {
	case err == nil:
		if got := strings.TrimSpace(string(b)); got != format {
			return fmt.Errorf("local: folder %s has format %q, this version of lakekit reads %s: use the version that wrote it, or another folder", l.dir, got, format)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("local: open folder %s: %w", l.dir, err)
	}
	entries, err := fsys.ReadDir(l.dir)
	if err != nil {
		return fmt.Errorf("local: open folder %s: %w", l.dir, err)
	}
	for _, e := range entries {
		if n := e.Name(); n != lockFile && n != formatFile+".tmp" {
			return fmt.Errorf("local: folder %s holds %s and no %s: it is not a lake; name an empty folder or one that does not exist", l.dir, n, formatFile)
		}
	}
	err = vfs.WriteFile(fsys, path, []byte(format+"\n"), l.opts.Sync)
	if err == nil && l.opts.Sync {
		err = fsys.SyncDir(filepath.Dir(l.dir))
	}
	if err != nil {
		return fmt.Errorf("local: create lake in %s: %w", l.dir, err)
	}
	return nil
}

// Dir gives the folder that holds the lake.
func (l *Lake) Dir() string { return l.dir }

// Config gives a configuration that makes every AWS client a client of the lake: it equals
// what config.LoadDefaultConfig gives for the lake's account and region, but for its
// HTTPClient, which calls the lake's services in this process. No socket is opened, and any
// credentials are accepted.
func (l *Lake) Config() aws.Config {
	return aws.Config{
		Region: l.opts.Region,
		Credentials: aws.NewCredentialsCache(credentials.StaticCredentialsProvider{Value: aws.Credentials{
			AccessKeyID: "LOCALLAKE", SecretAccessKey: "local", AccountID: l.opts.Account, Source: "local.Lake",
		}}),
		HTTPClient:                  l.client,
		DefaultsMode:                aws.DefaultsModeLegacy,
		AccountIDEndpointMode:       aws.AccountIDEndpointModePreferred,
		RequestMinCompressSizeBytes: 10240,
		RestrictFilePermissions:     aws.RestrictFilePermissionsUserReadWrite,
		// A literal aws.Config leaves both unset, and then the SDK sends other bytes than it
		// sends to AWS.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
}

var errClosed = errors.New("local: the lake is closed")

// begin counts a request in. The request must end with l.end.
func (l *Lake) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return errClosed
	}
	l.mu.inFlight++
	return nil
}

func (l *Lake) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.inFlight--; l.mu.inFlight == 0 {
		l.mu.idle.Broadcast()
	}
}

// Close refuses new requests, waits for those in flight, ends the subscriptions, stops the
// listeners and closes the folder. A second Close waits for the first and returns its error.
func (l *Lake) Close() error {
	l.mu.Lock()
	if l.mu.closed {
		done := l.mu.done
		l.mu.Unlock()
		<-done
		return l.mu.err
	}
	l.mu.closed, l.mu.done = true, make(chan struct{})
	close(l.stopping)
	var listeners []*Listener
	for ln := range l.mu.listeners {
		listeners = append(listeners, ln)
	}
	l.mu.Unlock()
	var errs []error
	for _, ln := range listeners {
		errs = append(errs, ln.Close())
	}
	l.mu.Lock()
	for l.mu.inFlight > 0 {
		l.mu.idle.Wait()
	}
	l.mu.Unlock()
	l.mu.err = errors.Join(append(errs, l.closeAll())...)
	close(l.mu.done)
	return l.mu.err
}

// closeAll closes what open has opened.
func (l *Lake) closeAll() error {
	var errs []error
	for i := len(l.services) - 1; i >= 0; i-- {
		if err := l.services[i].close(); err != nil {
			errs = append(errs, fmt.Errorf("local: close %s: %w", l.services[i].name, err))
		}
	}
	if l.temp {
		if err := l.opts.FS.RemoveAll(l.dir); err != nil {
			errs = append(errs, fmt.Errorf("local: remove the temporary folder: %w", err))
		}
	}
	if l.lock != nil {
		errs = append(errs, l.lock.release())
	}
	return errors.Join(errs...)
}

// serve answers a request, whatever way it came.
func (l *Lake) serve(w http.ResponseWriter, r *http.Request) {
	name := route(r)
	for i := range l.services {
		if l.services[i].name == name {
			h := l.services[i].handler
			if list := l.faults.get(); len(list) > 0 {
				faulty(list, name, w, r, h)
				return
			}
			h.ServeHTTP(w, r)
			return
		}
	}
	refuse(w, r, name)
}

// wait takes the lake's latency.
func (l *Lake) wait(ctx context.Context) error {
	if l.opts.Latency == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(l.opts.Latency)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

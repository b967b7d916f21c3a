package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// gatewayModule is the real S3 server of the tests.
const gatewayModule = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// GatewayServer is a real S3 server, versitygw, on the loopback interface, with one empty bucket on a
// temporary folder. Its fields do not change.
type GatewayServer struct {
	// Endpoint is its URL, Region what requests are signed for, Bucket the bucket that exists.
	Endpoint, Region, Bucket string
	// AccessKey and SecretKey are the root account's.
	AccessKey, SecretKey string
	// Root is the folder whose folders are buckets and whose files are objects.
	Root string
}

// Gateway starts a GatewayServer that stops with the test. The binary is what HLSSHIP_VERSITYGW names,
// else .cache/bin/versitygw at the root of the module, else versitygw in PATH, else it is built into
// .cache/bin once, which takes about a minute.
func Gateway(t testing.TB) *GatewayServer {
	t.Helper()
	binary, err := gatewayBinary(t.Context())
	if err != nil {
		t.Fatalf("find versitygw: %v", err)
	}
	root := t.TempDir()
	g := &GatewayServer{
		Region: "us-east-1", Bucket: "live", Root: root,
		AccessKey: "gateway-access", SecretKey: "gateway-secret-key",
	}
	if err := os.Mkdir(filepath.Join(root, g.Bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	// Another process may take the free port before the gateway does; then it ends, and the next is tried.
	var failure error
	for range 5 {
		if failure = g.start(t, binary); failure == nil {
			return g
		}
	}
	t.Fatalf("start versitygw: %v", failure)
	return nil
}

// start runs the binary until the test ends, and returns once it answers.
func (g *GatewayServer) start(t testing.TB, binary string) error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	g.Endpoint = "http://" + addr
	var output lockedBuffer
	cmd := exec.Command(binary, "--port", addr, "--region", g.Region, "--quiet", "posix", g.Root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.AccessKey, "ROOT_SECRET_KEY="+g.SecretKey)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	stop := func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	if err := answers(t.Context(), g.Endpoint, ended); err != nil {
		stop()
		return fmt.Errorf("%w: %s", err, output.String())
	}
	t.Cleanup(stop)
	return nil
}

// answers returns nil once the server at the URL speaks HTTP.
func answers(ctx context.Context, url string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			select {
			case <-ended: // it was another server that answered
				return errors.New("the gateway ended")
			default:
				return nil
			}
		}
		select {
		case <-ended:
			return errors.New("the gateway ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// freeAddress returns a loopback address with a port that nobody had a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// gatewayBinary finds or builds the binary.
func gatewayBinary(ctx context.Context) (string, error) {
	if named := os.Getenv("HLSSHIP_VERSITYGW"); named != "" {
		return exec.LookPath(named)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".cache", "bin")
	cached := filepath.Join(bin, "versitygw")
	if path, err := exec.LookPath(cached); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path, nil
	}
	return cached, buildGateway(ctx, bin, cached)
}

// buildGateway installs the gateway into bin. Test binaries of several packages may want it at once: the
// lock lets one of them build, and the rename lets none see half a file.
func buildGateway(ctx context.Context, bin, cached string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(cached+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close() // which also unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	if _, err := exec.LookPath(cached); err == nil {
		return nil
	}
	fresh, err := os.MkdirTemp(bin, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	cmd := exec.CommandContext(ctx, "go", "install", gatewayModule)
	cmd.Env = append(os.Environ(), "GOBIN="+fresh, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s: %w: %s", gatewayModule, err, out)
	}
	return os.Rename(filepath.Join(fresh, "versitygw"), cached)
}

// moduleRoot returns the folder of go.mod above the working directory, which go test sets to the
// package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}

// lockedBuffer collects a process's output.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

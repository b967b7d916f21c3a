package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

	binary, accounts string // the program, and the folder of the accounts
}

// AddAdmin makes a further account that may do what the root account may.
func (g *GatewayServer) AddAdmin(ctx context.Context, access, secret string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.binary, "admin", "--access", g.AccessKey, "--secret", g.SecretKey, "--region", g.Region,
		"--endpoint-url", g.Endpoint, "create-user", "--access", access, "--secret", secret, "--role", "admin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("add an account to versitygw: %w: %s", err, out)
	}
	return nil
}

// Gateway starts a GatewayServer that stops with the test. With -short the test is skipped, as all that need a real server.
func Gateway(t testing.TB) *GatewayServer {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs a real server")
	}
	g, stop, err := StartGateway(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	g.Bucket = "live"
	if err := os.Mkdir(filepath.Join(g.Root, g.Bucket), 0o755); err != nil {
		t.Fatal(err)
	}
	return g
}

// StartGateway starts versitygw on the folder root, without a bucket, and returns once it answers. The caller stops
// it. Its binary is found as Tool says.
func StartGateway(ctx context.Context, root string) (g *GatewayServer, stop func(), err error) {
	binary, err := Tool(ctx, "versitygw", gatewayModule)
	if err != nil {
		return nil, nil, err
	}
	accounts, err := os.MkdirTemp("", "versitygw-accounts-")
	if err != nil {
		return nil, nil, err
	}
	g = &GatewayServer{
		Region: "us-east-1", Root: root, AccessKey: "gateway-access", SecretKey: "gateway-secret-key",
		binary: binary, accounts: accounts,
	}
	// Another process may take the free port before the gateway does; then it ends, and the next is tried.
	for range 5 {
		var end func()
		if end, err = g.start(ctx); err == nil {
			return g, func() { end(); _ = os.RemoveAll(accounts) }, nil
		}
	}
	_ = os.RemoveAll(accounts)
	return nil, nil, fmt.Errorf("start versitygw: %w", err)
}

// start runs the binary and returns once it answers.
func (g *GatewayServer) start(ctx context.Context) (stop func(), err error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	g.Endpoint = "http://" + addr
	cmd := exec.Command(g.binary, "--port", addr, "--region", g.Region, "--iam-dir", g.accounts, "--quiet", "posix", g.Root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.AccessKey, "ROOT_SECRET_KEY="+g.SecretKey)
	return serving(ctx, g.Endpoint, cmd)
}

// serving starts a server and returns once the URL answers. stop kills it.
func serving(ctx context.Context, url string, cmd *exec.Cmd) (stop func(), err error) {
	var output Output
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &output, &output, time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	if err := answers(ctx, url, ended); err != nil {
		stop()
		return nil, fmt.Errorf("%w: %s", err, output.String())
	}
	return stop, nil
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

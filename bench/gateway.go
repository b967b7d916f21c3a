package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// What is not part of this module is built by the toolchain, each at one version.
const (
	versitygwModule = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	mcModule        = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
)

// gateway is versitygw at work.
type gateway struct {
	server storetest.GatewayServer // without a bucket
	stop   func()
}

// startGateway starts versitygw on the folder, which it makes, and returns once it answers. Another process may take the
// free port before it does; then the next is tried.
func startGateway(ctx context.Context, binary, root string) (*gateway, error) {
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, err
	}
	var failure error
	for range 5 {
		g, err := tryGateway(ctx, binary, root)
		if err == nil {
			return g, nil
		}
		failure = err
	}
	return nil, fmt.Errorf("start versitygw: %w", failure)
}

func tryGateway(ctx context.Context, binary, root string) (*gateway, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	g := &gateway{server: storetest.GatewayServer{
		Endpoint: "http://" + address, Region: "us-east-1", Root: root,
		AccessKey: "bench-access", SecretKey: "bench-secret-key",
	}}
	var output lockedBuffer
	cmd := exec.Command(binary, "--port", address, "--region", g.server.Region, "--quiet", "posix", root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.server.AccessKey, "ROOT_SECRET_KEY="+g.server.SecretKey)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	g.stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	if err := answers(ctx, g.server.Endpoint, ended); err != nil {
		g.stop()
		return nil, fmt.Errorf("%w: %s", err, output.String())
	}
	return g, nil
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
			return resp.Body.Close()
		}
		select {
		case <-ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || !filepath.IsAbs(file) {
		return "", fmt.Errorf("run it inside the module: go env GOMOD is %q", file)
	}
	return filepath.Dir(file), nil
}

// installed returns the path of a binary: what the variable HLSSHIP_NAME names, else .cache/bin/NAME at
// the root of the module, where it is built if it is not there, which takes a minute.
func installed(ctx context.Context, root, name, module string) (string, error) {
	if named := os.Getenv("HLSSHIP_" + strings.ToUpper(name)); named != "" {
		return exec.LookPath(named)
	}
	bin := filepath.Join(root, ".cache", "bin")
	cached := filepath.Join(bin, name)
	if path, err := exec.LookPath(cached); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	// In a folder of its own and renamed, so that nobody finds half a binary.
	fresh, err := os.MkdirTemp(bin, "build-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	if err := goCommand(ctx, root, []string{"GOBIN=" + fresh, "CGO_ENABLED=0", "GOFLAGS="}, "install", module); err != nil {
		return "", err
	}
	return cached, os.Rename(filepath.Join(fresh, name), cached)
}

func goCommand(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

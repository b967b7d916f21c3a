package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Tool returns the path of a program that tests or benchmarks run: what the variable HLSSHIP_NAME names, else
// .cache/bin/NAME at the root of the module, else NAME in PATH, else it is built from the Go module into
// .cache/bin once, which takes about a minute.
func Tool(ctx context.Context, name, module string) (string, error) {
	if named := os.Getenv("HLSSHIP_" + strings.ToUpper(name)); named != "" {
		return exec.LookPath(named)
	}
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".cache", "bin")
	cached := filepath.Join(bin, name)
	for _, candidate := range []string{cached, name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return cached, install(ctx, bin, cached, module)
}

// install builds the module into bin. Test binaries of several packages may want it at once: the lock lets one
// of them build, and the rename lets none see half a file.
func install(ctx context.Context, bin, cached, module string) error {
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
	cmd := exec.CommandContext(ctx, "go", "install", module)
	cmd.Env = append(os.Environ(), "GOBIN="+fresh, "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s: %w: %s", module, err, out)
	}
	return os.Rename(filepath.Join(fresh, filepath.Base(cached)), cached)
}

// ModuleRoot returns the folder of go.mod above the working directory, which go test sets to the
// package's.
func ModuleRoot() (string, error) {
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

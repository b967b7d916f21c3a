package storetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ceph is a cluster of one machine: one monitor, one OSD that keeps everything in memory, and the gateway.
type ceph struct {
	root    string // where .ci/stores unpacked it
	dir     string
	output  Output
	monitor string
}

// startCeph starts Ceph's gateway with the cluster that it needs. It is unpacked, not installed, so that no service starts.
func startCeph(t testing.TB, g *GatewayServer) error {
	root, err := ModuleRoot()
	if err != nil {
		return err
	}
	c := &ceph{root: filepath.Join(root, ".cache", "stores", "ceph")}
	if _, err := os.Stat(c.program("radosgw")); err != nil {
		return errNotInstalled
	}
	for range 3 { // somebody else may take one of its ports
		c.dir = t.TempDir()
		if err = c.start(t, g); err == nil {
			return g.makeBucket(t.Context())
		}
	}
	return err
}

// start starts a cluster and waits until its gateway answers.
func (c *ceph) start(t testing.TB, g *GatewayServer) (err error) {
	if c.monitor, err = freeAddress(); err != nil {
		return err
	}
	at, err := freeAddress()
	if err != nil {
		return err
	}
	g.Endpoint = "http://" + at
	if err := c.configure(at); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const fsid, monmap, osdmap = "11111111-2222-4333-8444-555555555555", "monmap", "osdmap"
	for _, step := range [][]string{
		{"monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", "v1:" + c.monitor, monmap},
		{"osdmaptool", "--createsimple", "1", osdmap, "--clobber"},
		{"ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--osdmap", osdmap, "--keyring", os.DevNull},
		{"ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", fsid, "--no-mon-config"},
	} {
		if err := c.command(ctx, step...).Run(); err != nil {
			return fmt.Errorf("%s: %w: %s", step[0], err, c.output.String())
		}
	}
	for _, daemon := range [][]string{{"ceph-mon", "-f", "-i", "a"}, {"ceph-osd", "-f", "-i", "0"}} {
		if _, err := c.daemon(t, daemon...); err != nil {
			return err
		}
	}
	// It waits for the cluster.
	user := c.command(ctx, "radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test", "--access-key", g.AccessKey, "--secret-key", g.SecretKey)
	if err := user.Run(); err != nil {
		return fmt.Errorf("make a user: %w: %s", err, c.output.String())
	}
	ended, err := c.daemon(t, "radosgw", "-f", "-n", "client.rgw")
	if err != nil {
		return err
	}
	if err := answers(ctx, g.Endpoint, ended); err != nil {
		return fmt.Errorf("%w: %s", err, c.output.String())
	}
	return nil
}

func (c *ceph) program(name string) string { return filepath.Join(c.root, "usr", "bin", name) }

// cephVersion returns the version of the gateway.
func cephVersion(ctx context.Context) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	c := &ceph{root: filepath.Join(root, ".cache", "stores", "ceph")}
	if err := c.command(ctx, "radosgw", "--version").Run(); err != nil {
		return "", fmt.Errorf("version of radosgw: %w: %s", err, c.output.String())
	}
	words := strings.Fields(c.output.String())
	if len(words) < 3 {
		return "", errors.New("radosgw does not say its version")
	}
	return words[2], nil
}

// command runs a program of Ceph in the folder of the cluster.
func (c *ceph) command(ctx context.Context, words ...string) *exec.Cmd {
	lib := filepath.Join(c.root, "usr", "lib")
	here := filepath.Join(lib, cephTriplet)
	cmd := exec.CommandContext(ctx, c.program(words[0]), words[1:]...) //nolint:gosec // a program of the tests
	cmd.Env = append(os.Environ(), "CEPH_CONF="+filepath.Join(c.dir, "ceph.conf"),
		fmt.Sprintf("LD_LIBRARY_PATH=%s:%s:%s:%s", here, filepath.Join(here, "ceph"), filepath.Join(c.root, "lib", cephTriplet), filepath.Join(lib, "ceph")))
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = c.dir, &c.output, &c.output, time.Second
	return cmd
}

// daemon starts one that ends with the test.
func (c *ceph) daemon(t testing.TB, words ...string) (ended chan struct{}, err error) {
	cmd := c.command(context.WithoutCancel(t.Context()), words...)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", words[0], err)
	}
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	return ended, nil
}

// configure writes the cluster's configuration: nothing leaves the loopback interface, and nobody has to sign on but
// clients of S3.
func (c *ceph) configure(gateway string) error {
	here := filepath.Join(c.root, "usr", "lib", cephTriplet)
	for _, folder := range []string{"mon", "osd", "rgw", "out"} {
		if err := os.MkdirAll(filepath.Join(c.dir, folder), 0o700); err != nil {
			return err
		}
	}
	_, port, err := net.SplitHostPort(gateway)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`[global]
fsid = 11111111-2222-4333-8444-555555555555
mon host = v1:%s
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = %[2]s/out
admin socket =
log file = %[2]s/out/$name.log
pid file =
crash dir = %[2]s/out
plugin dir = %[3]s/ceph
erasure code dir = %[3]s/ceph/erasure-code
compressor dir = %[3]s/ceph/compressor
osd class dir = %[3]s/rados-classes
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = false
mon allow pool size one = true
mon max pg per osd = 1000
rgw frontends = beast endpoint=127.0.0.1:%[4]s
rgw thread pool size = 64
rgw num rados handles = 1
[mon.a]
mon data = %[2]s/mon
[osd.0]
osd data = %[2]s/osd
[client.rgw]
rgw data = %[2]s/rgw
`, c.monitor, c.dir, here, port)
	return os.WriteFile(filepath.Join(c.dir, "ceph.conf"), []byte(text), 0o600)
}

// cephTriplet names the folder of the libraries.
const cephTriplet = "x86_64-linux-gnu"

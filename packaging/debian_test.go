package packaging_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// all asks for the tests that install things and take minutes; "make test-packaging" does.
var all = flag.Bool("packaging.all", false, "build packages and image, and try them in a Debian that boots; needs root")

// heavy skips a test unless it is asked for, and names the programs that it needs.
func heavy(t *testing.T, programs ...string) {
	t.Helper()
	if !*all {
		t.Skip("takes minutes; make test-packaging runs it")
	}
	if os.Geteuid() != 0 {
		t.Fatal("needs root")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatal(err)
		}
	}
}

// command runs a program in the root of the module and returns what it printed.
func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = "..", append(os.Environ(), env...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v:\n%s%s", name, strings.Join(args, " "), err, &out, &complaint)
	}
	return out.String()
}

// build builds a package and returns its path. The folder dist/ is put aside meanwhile by a folder of its own.
func build(t *testing.T, kind, version string, architectures ...string) []string {
	t.Helper()
	out := t.TempDir()
	env := []string{"VERSION=" + version, "LDFLAGS=-s -w -X main.version=" + version, "OUT=" + out}
	command(t, env, "packaging/build", append([]string{kind}, architectures...)...)
	found, err := filepath.Glob(filepath.Join(out, "*."+kind))
	if err != nil || len(found) != len(architectures) {
		t.Fatalf("got %q and %v, want a package for each of %q", found, err, architectures)
	}
	return found
}

// TestPackagesAreReproducible builds everything twice.
func TestPackagesAreReproducible(t *testing.T) {
	heavy(t)
	for _, kind := range []string{"deb", "rpm"} {
		first, second := build(t, kind, "1.0.0", "amd64", "arm64"), build(t, kind, "1.0.0", "amd64", "arm64")
		for i := range first {
			one, err := os.ReadFile(first[i])
			if err != nil {
				t.Fatal(err)
			}
			other, err := os.ReadFile(second[i])
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(first[i]) != filepath.Base(second[i]) || !bytes.Equal(one, other) {
				t.Errorf("two builds of %s differ", filepath.Base(first[i]))
			}
		}
	}
}

func TestLintian(t *testing.T) {
	heavy(t, "lintian")
	for _, deb := range build(t, "deb", "1.0.0", "amd64", "arm64") {
		command(t, nil, "lintian", "--allow-root", "--fail-on=error,warning", deb)
	}
}

func TestVersionsSort(t *testing.T) {
	heavy(t, "dpkg")
	var sorted []string
	for _, v := range []string{"abcdef0", "1.0.0-rc.1", "1.0.0", "1.0.0-5-gabcdef0", "1.0.0-5-gabcdef0-dirty", "1.0.1"} {
		sorted = append(sorted, strings.Split(filepath.Base(build(t, "deb", v, "amd64")[0]), "_")[1])
	}
	for i := 1; i < len(sorted); i++ {
		command(t, nil, "dpkg", "--compare-versions", sorted[i-1], "lt", sorted[i])
	}
}

// TestRPM looks into the package, for there is no RPM system here to install it on.
func TestRPM(t *testing.T) {
	heavy(t, "rpm")
	rpm := build(t, "rpm", "1.0.0", "amd64")[0]
	if got := command(t, nil, "rpm", "-qpc", rpm); got != "/etc/hlsship/credentials\n/etc/hlsship/hlsship.yml\n" {
		t.Errorf("configuration files: %q", got)
	}
	for _, script := range []string{"post", "preun", "postun"} {
		command(t, nil, "sh", "-n", "packaging/rpm/"+script)
	}
	command(t, nil, "rpm", "--root", t.TempDir(), "-i", "--test", "--nodeps", rpm)
}

// debian returns the folder of a fresh Debian with systemd, unpacked from one that is kept below .cache.
func debian(t *testing.T) string {
	t.Helper()
	kept, err := filepath.Abs("../.cache/debian-bookworm.tar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		made := filepath.Join(t.TempDir(), "made")
		command(t, nil, "debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates,man-db", "bookworm", made, "http://deb.debian.org/debian")
		command(t, nil, "tar", "-C", made, "--numeric-owner", "-cf", kept+".part", ".")
		if err := os.Rename(kept+".part", kept); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.MkdirTemp("", "debian")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	command(t, nil, "tar", "-C", root, "--numeric-owner", "-xpf", kept)
	return root
}

func put(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, mode); err != nil {
		t.Fatal(err)
	}
}

// TestDebian boots a Debian and has testdata/debian.sh install an old version there, run it as its unit beside a
// store, upgrade it, make it hang, and purge it. Nothing is simulated but the machine.
func TestDebian(t *testing.T) {
	heavy(t, "debootstrap", "systemd-nspawn")
	root := debian(t)
	put(t, build(t, "deb", "0.9.0", "amd64")[0], filepath.Join(root, "test/old.deb"), 0o644)
	put(t, build(t, "deb", "1.0.0", "amd64")[0], filepath.Join(root, "test/new.deb"), 0o644)
	put(t, "../.cache/bin/versitygw", filepath.Join(root, "test/versitygw"), 0o755)
	put(t, "testdata/debian.sh", filepath.Join(root, "test/debian.sh"), 0o755)
	unit := `[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/test/debian.sh
StandardOutput=file:/test/log
StandardError=inherit
ExecStopPost=systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
`
	if err := os.WriteFile(filepath.Join(root, "etc/systemd/system/try.service"), []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	wants := filepath.Join(root, "etc/systemd/system/multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../try.service", filepath.Join(wants, "try.service")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	boot := exec.CommandContext(ctx, "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--directory="+root, "--boot")
	var console bytes.Buffer
	boot.Stdout, boot.Stderr, boot.Stdin = &console, &console, io.LimitReader(nil, 0)
	err := boot.Run()
	log, _ := os.ReadFile(filepath.Join(root, "test/log"))
	t.Logf("%s", log)
	if err != nil || !bytes.HasSuffix(log, []byte("\nall is well\n")) {
		t.Errorf("boot: %v\n%s", err, fmt.Sprintf("%.4000s", console.String()))
	}
}

package packaging_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The bases of the Dockerfile, for which stand-ins are made: this host's toolchain in a Debian, and a folder with
// certificates. The real ones come from registries, which a test must not depend on.
const (
	buildBase = "docker.io/library/golang:1.26.8-bookworm"
	finalBase = "gcr.io/distroless/static-debian12:nonroot"
)

// builder runs buildah with storage of its own.
type builder struct {
	t    *testing.T
	dirs []string
}

func newBuilder(t *testing.T) builder {
	t.Helper()
	dir, err := os.MkdirTemp("", "image")
	if err != nil {
		t.Fatal(err)
	}
	b := builder{t, []string{"--storage-driver", "vfs", "--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run")}}
	t.Cleanup(func() {
		_ = exec.Command("buildah", append(b.dirs, "rm", "--all")...).Run()
		_ = os.RemoveAll(dir)
	})
	return b
}

func (b builder) run(args ...string) string {
	b.t.Helper()
	return strings.TrimSpace(command(b.t, nil, "buildah", append(b.dirs, args...)...))
}

// standIns makes the bases. With a Debian to build in, the program is built as it is for a release; certs are
// those that this host trusts, as it may stand behind a proxy of its own.
func (b builder) standIns() {
	b.t.Helper()
	goroot := strings.TrimSpace(command(b.t, nil, "go", "env", "GOROOT"))
	certs := "/etc/ssl/certs/ca-certificates.crt"
	golang := b.run("from", "scratch")
	b.run("add", golang, debian(b.t), "/")
	b.run("add", golang, goroot, "/usr/local/go")
	b.run("copy", golang, certs, certs)
	b.run("config", "--env", "GOPATH=/go", "--env", "PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin", golang)
	b.run("commit", "--rm", golang, buildBase)

	root := b.t.TempDir()
	for _, dir := range []string{"tmp", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"), 0o644); err != nil {
		b.t.Fatal(err)
	}
	static := b.run("from", "scratch")
	b.run("add", static, root, "/")
	b.run("copy", static, certs, certs)
	b.run("config", "--user", "65532", static)
	b.run("commit", "--rm", static, finalBase)
}

// TestImage builds the Dockerfile on stand-ins of its bases, looks at what the image says of itself, and has the
// live tests run with it: as its user, with a root that is mounted read-only.
func TestImage(t *testing.T) {
	heavy(t, "buildah", "ffmpeg")
	for _, base := range []string{buildBase, finalBase} {
		if !strings.Contains(read(t, "Dockerfile"), strings.TrimPrefix(base, "docker.io/library/")) {
			t.Fatalf("the Dockerfile is not based on %s", base)
		}
	}
	b := newBuilder(t)
	b.standIns()
	modules := strings.TrimSpace(command(t, nil, "go", "env", "GOMODCACHE"))
	b.run("bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--volume", modules+":/go/pkg/mod:ro",
		"--build-arg", "VERSION=v1.0.0", "--build-arg", "COMMIT=abcdef0", "-t", "hlsship", ".")
	var image struct {
		Docker struct {
			Config struct {
				User        string
				Entrypoint  []string
				Env         []string
				Labels      map[string]string
				Healthcheck struct{ Test []string }
			} `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(b.run("inspect", "--type", "image", "hlsship")), &image); err != nil {
		t.Fatal(err)
	}
	c := image.Docker.Config
	if c.User != "65532:65532" || len(c.Entrypoint) != 1 || c.Labels["org.opencontainers.image.version"] != "v1.0.0" ||
		strings.Join(c.Healthcheck.Test, " ") != "CMD /usr/bin/hlsship healthcheck" {
		t.Errorf("the image says of itself: %+v", c)
	}
	container := b.run("from", "--pull-never", "hlsship")
	root := b.run("mount", container)
	size, err := os.Stat(filepath.Join(root, c.Entrypoint[0]))
	if err != nil {
		t.Fatal(err)
	}
	if size.Size() > 25<<20 {
		t.Errorf("the program has %d MiB", size.Size()>>20)
	}
	script := filepath.Join(t.TempDir(), "program")
	// Only the folder of the tests is the host's, opened to everybody. There is no more to a container that matters
	// here: the root is read-only, and the user has no privilege.
	text := fmt.Sprintf(`#!/bin/sh
for a; do case $a in /tmp/*) chmod go+rx "${a%%/*}" ;; esac; done
exec unshare --mount sh -c 'mount --bind %[1]s %[1]s && mount -o remount,bind,ro %[1]s && mount --bind /tmp %[1]s/tmp &&
	exec chroot --userspec=%[3]s --groups= %[1]s %[2]s "$@"' sh "$@"
`, root, c.Entrypoint[0], c.User)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	version := command(t, nil, script, "version")
	if !regexp.MustCompile(`^hlsship 1\.0\.0 \(commit abcdef0, `).MatchString(version) {
		t.Errorf("the image's program says %q", version)
	}
	// As its user is not the packager's, the stream's directory must be open to it: the umask of the tests sees to
	// that. Nor can it tell by a lease that files met at its start are finished, so that a manifest that counts by the
	// clock may come before the segments that were written while it was away: that stream is left out.
	env := append(slices.DeleteFunc(c.Env, func(v string) bool { return !strings.HasPrefix(v, "HLSSHIP_") }), "HLSSHIP_TEST_PROGRAM="+script, "TMPDIR=/tmp")
	out := command(t, env, "sh", "-c", "umask 0 && go test ./cmd/hlsship -run '^TestLive$' -skip '^TestLive$/by_numbers' -count=1 -timeout 10m -v")
	t.Log(out)
	if strings.Contains(out, "--- SKIP") || !strings.Contains(out, "--- PASS: TestLive/outage") {
		t.Error("the live test did not run")
	}
}

// TestImageCrossBuilds builds the program with the Dockerfile's own line for the other platform.
func TestImageCrossBuilds(t *testing.T) {
	heavy(t, "sh")
	line := regexp.MustCompile(`(?s)RUN (CGO_ENABLED=0.*?)\n\n`).FindStringSubmatch(read(t, "Dockerfile"))
	if line == nil {
		t.Fatal("the Dockerfile does not build")
	}
	out := filepath.Join(t.TempDir(), "hlsship")
	command(t, []string{"TARGETOS=linux", "TARGETARCH=arm64", "VERSION=1.0.0", "COMMIT=abcdef0"}, "bash", "-c",
		strings.Replace(strings.ReplaceAll(line[1], "\\\n", " "), "-o /hlsship", "-o "+out, 1))
	if said := command(t, nil, "go", "version", "-m", out); !strings.Contains(said, "GOARCH=arm64") {
		t.Errorf("not for arm64:\n%s", said)
	}
}

package storetest

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// RealServer is a program that speaks S3 and is not ours, to hold hlsship against.
type RealServer struct {
	// Name is what it is called.
	Name string
	// Cheap is true for those that every run of the tests has.
	Cheap bool
	// Skips are the cases of Conformance in which it does not do what S3 does.
	Skips []Skip

	program string // empty for a part of the tests
	start   func(t testing.TB, c *GatewayServer) error
}

// errNotInstalled says that a program is not here.
var errNotInstalled = errors.New("not installed")

// RealServers returns all of them that can be had from Debian, npm and the Go module proxy.
func RealServers() []RealServer {
	copies := []Skip{{"append", "it knows no UploadPartCopy"}, {"append to another", "it knows no UploadPartCopy"}, {"append of a failing body", "it knows no UploadPartCopy"}}
	return []RealServer{
		{Name: "versitygw", program: "versitygw", Cheap: true, start: startVersity,
			Skips: []Skip{{"key below key", "its objects are files, its prefixes folders"}}},
		{Name: "gofakes3", Cheap: true, start: startGofakes3, Skips: append(copies, Skip{"headers", "it drops Cache-Control"})},
		{Name: "MinIO", program: "minio", start: startMinIO, Skips: []Skip{{"key below key", "an object cannot be the folder of another"}}},
		{Name: "SeaweedFS", program: "weed", start: startSeaweed, Skips: []Skip{{"hard keys", "it takes a backslash for a slash"}}},
		{Name: "s3rver", program: "s3rver", start: startS3rver, Skips: append(slices.Clone(copies),
			Skip{"if absent", "it ignores conditions"}, Skip{"if match", "it ignores conditions"}, Skip{"if match on missing", "it ignores conditions"}, Skip{"if absent race", "it ignores conditions"},
			Skip{"key below key", "it lists folders first"}, Skip{"list order and prefix", "it lists folders first"}, Skip{"list many", "it fails on a listing of thousands"},
			Skip{"concurrent puts are atomic", "who reads meanwhile gets half an object"})},
		{Name: "Ceph radosgw", program: "radosgw", start: startCeph, Skips: []Skip{
			{"if match", "it refuses a quoted ETag"}, {"append to another", "UploadPartCopy ignores its condition"}}},
	}
}

// Start starts the server on the loopback interface with one empty bucket. It stops with the test, which is skipped if the
// program is not installed: "make test-stores" does that.
func (s RealServer) Start(t testing.TB) *GatewayServer {
	t.Helper()
	c := &GatewayServer{Region: "us-east-1", Bucket: "live", AccessKey: "server-access", SecretKey: "server-secret-key", Root: t.TempDir()}
	switch err := s.start(t, c); {
	case errors.Is(err, errNotInstalled):
		t.Skipf("%s: %v", s.Name, err)
	case err != nil:
		t.Fatalf("%s: %v", s.Name, err)
	}
	return c
}

// Program returns where a program of a RealServer is: in the folders that .ci/stores fills, or in PATH.
func Program(name string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	cache := filepath.Join(root, ".cache")
	for _, at := range []string{filepath.Join(cache, "bin", name), filepath.Join(cache, "stores", "node_modules", ".bin", name), filepath.Join(cache, "stores", "bin", name), name} {
		if path, err := exec.LookPath(at); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNotInstalled)
}

func startVersity(t testing.TB, c *GatewayServer) error {
	*c = *Gateway(t)
	return nil
}

func startGofakes3(t testing.TB, c *GatewayServer) error {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	c.Endpoint = server.URL
	return backend.CreateBucket(c.Bucket)
}

func startMinIO(t testing.TB, c *GatewayServer) error {
	return c.launch(t, "minio", []string{"MINIO_ROOT_USER=" + c.AccessKey, "MINIO_ROOT_PASSWORD=" + c.SecretKey, "MINIO_BROWSER=off", "MINIO_UPDATE=off"},
		func(port func() string) []string {
			return []string{"server", "--quiet", "--address", port(), filepath.Join(c.Root, "data")}
		})
}

func startS3rver(t testing.TB, c *GatewayServer) error {
	c.AccessKey, c.SecretKey = "S3RVER", "S3RVER" // it has no others
	return c.launch(t, "s3rver", nil, func(port func() string) []string {
		host, number, _ := net.SplitHostPort(port())
		return []string{"--directory", c.Root, "--address", host, "--port", number, "--silent"}
	})
}

func startSeaweed(t testing.TB, c *GatewayServer) error {
	settings := filepath.Join(t.TempDir(), "s3.json")
	text := fmt.Sprintf(`{"identities":[{"name":"test","credentials":[{"accessKey":%q,"secretKey":%q}],"actions":["Admin","Read","Write","List","Tagging"]}]}`, c.AccessKey, c.SecretKey)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
	return c.launch(t, "weed", nil, func(port func() string) []string {
		args := []string{"server", "-dir=" + c.Root, "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20", "-master.volumeSizeLimitMB=64", "-s3", "-s3.config=" + settings, "-s3.port.iceberg=0"}
		for _, part := range []string{"s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"} {
			_, number, _ := net.SplitHostPort(port())
			args = append(args, "-"+part+"="+number)
		}
		return args
	})
}

// launch starts a program whose first port is that of S3, waits until it answers, and makes the bucket. It tries again
// when somebody else took a port.
func (g *GatewayServer) launch(t testing.TB, name string, env []string, args func(port func() string) []string) error {
	program, err := Program(name)
	if err != nil {
		return err
	}
	for range 3 {
		var stop func()
		if stop, err = g.run(t.Context(), program, env, args); err == nil {
			t.Cleanup(stop)
			return g.makeBucket(t.Context())
		}
	}
	return err
}

// run starts a program and returns once it answers at its first port.
func (g *GatewayServer) run(ctx context.Context, program string, env []string, args func(port func() string) []string) (stop func(), err error) {
	g.Endpoint = ""
	var lacking error
	list := args(func() string {
		addr, err := freeAddress()
		lacking = errors.Join(lacking, err)
		if g.Endpoint == "" {
			g.Endpoint = "http://" + addr
		}
		return addr
	})
	if lacking != nil {
		return nil, lacking
	}
	cmd := exec.Command(program, list...) //nolint:gosec // a program of the tests
	cmd.Env, cmd.Dir = append(os.Environ(), env...), g.Root
	return serving(ctx, g.Endpoint, cmd)
}

// makeBucket makes the bucket. Some servers answer before they can.
func (g *GatewayServer) makeBucket(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	at, err := url.Parse(g.Endpoint)
	if err != nil {
		return err
	}
	client, err := minio.New(at.Host, &minio.Options{Creds: credentials.NewStaticV4(g.AccessKey, g.SecretKey, ""), Region: g.Region, BucketLookup: minio.BucketLookupPath})
	if err != nil {
		return err
	}
	for {
		err := client.MakeBucket(ctx, g.Bucket, minio.MakeBucketOptions{Region: g.Region})
		if code := minio.ToErrorResponse(err).Code; err == nil || code == "BucketAlreadyOwnedByYou" {
			return nil
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("make a bucket: %w", err)
		}
	}
}

// Version returns the server's version: of a Go program that of its module, else what it says itself.
func (s RealServer) Version(ctx context.Context) (string, error) {
	if s.program == "" {
		return versionInMod("github.com/johannesboyne/gofakes3")
	}
	if s.program == "radosgw" {
		return cephVersion(ctx)
	}
	program, err := Program(s.program)
	if err != nil {
		return "", err
	}
	if info, err := buildinfo.ReadFile(program); err == nil {
		version, _, _ := strings.Cut(strings.TrimPrefix(info.Main.Version, "v"), "+")
		for _, dep := range info.Deps {
			if strings.HasPrefix(info.Path, dep.Path+"/") { // built by another module
				version = strings.TrimPrefix(dep.Version, "v")
			}
		}
		return version, nil
	}
	out, err := exec.CommandContext(ctx, program, "--version").CombinedOutput() //nolint:gosec // a program of the tests
	if err != nil {
		return "", fmt.Errorf("version of %s: %w: %s", s.Name, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// versionInMod returns the version of a module that go.mod names.
func versionInMod(module string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), module+" v")
	version, _, _ := strings.Cut(rest, "\n")
	return version, nil
}

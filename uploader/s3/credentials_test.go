package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fakeSource hands out keys of which each lives an hour; err or a hang take the place of the n-th answer.
type fakeSource struct {
	mu   sync.Mutex
	n    int
	err  error
	hang bool
	life time.Duration
}

func (f *fakeSource) set(err error, hang bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.hang = err, hang
}

func (f *fakeSource) fetch(ctx context.Context, _ *http.Client) (credentials.Value, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang {
		<-ctx.Done()
		return credentials.Value{}, ctx.Err()
	}
	if f.err != nil {
		return credentials.Value{}, f.err
	}
	f.n++
	v := credentials.Value{AccessKeyID: fmt.Sprintf("key-%d", f.n), SecretAccessKey: "s"}
	if f.life > 0 {
		v.Expiration = time.Now().Add(f.life)
	}
	return v, nil
}

// foundAt is a place where keys come from.
func foundAt(fetch func(context.Context, *http.Client) (credentials.Value, error)) *func() (source, error) {
	find := func() (source, error) { return source{name: "fake", fetch: fetch}, nil }
	return &find
}

// withSource opens a store on a network that records the access key of each request and answers with
// the status.
func withSource(t *testing.T, f *fakeSource, answer func(n int) string) (s *Store, keyOf func() string) {
	t.Helper()
	keys := make(chan string, 16) // what nobody looks at fits
	n := 0
	c := serverConfig("http://127.0.0.1:9000")
	c.dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			var got bytes.Buffer
			header := make([]byte, 1)
			for !bytes.HasSuffix(got.Bytes(), []byte("\r\n\r\n")) {
				if _, err := server.Read(header); err != nil {
					return
				}
				got.Write(header)
			}
			_, after, _ := strings.Cut(got.String(), "Credential=")
			key, _, _ := strings.Cut(after, "/")
			n++
			keys <- key
			_, _ = io.WriteString(server, answer(n))
		}()
		return client, nil
	}
	s = mustOpen(t, c)
	s.keys.find.Store(foundAt(f.fetch))
	if err := s.keys.resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, func() string {
		_, _ = s.Stat(t.Context(), "a.ts")
		return <-keys
	}
}

const headOK = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\nConnection: close\r\n\r\n"

// runKeys starts Run; what it returns joins it, as the test's end does.
func runKeys(t *testing.T, s *Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestRunRefreshesInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, keyOf := withSource(t, &fakeSource{life: time.Hour}, func(int) string { return headOK })
		runKeys(t, s)
		if got := keyOf(); got != "key-1" {
			t.Errorf("at first: got %s", got)
		}
		time.Sleep(47 * time.Minute)
		if got := keyOf(); got != "key-1" {
			t.Errorf("before four fifths: got %s", got)
		}
		time.Sleep(2 * time.Minute)
		if got := keyOf(); got != "key-2" {
			t.Errorf("after four fifths: got %s, want key-2", got)
		}
	})
}

// TestHungRefreshBlocksNothing: minio-go alone lets the second request wait as long as the source hangs.
func TestHungRefreshBlocksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSource{life: time.Hour}
		s, keyOf := withSource(t, f, func(int) string { return headOK })
		runKeys(t, s)
		f.set(nil, true)
		time.Sleep(48*time.Minute + time.Second) // into the refresh that hangs
		start := time.Now()
		for range 3 {
			if got := keyOf(); got != "key-1" {
				t.Errorf("got %s, want key-1", got)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("three requests took %v", took)
		}
	})
}

// TestFailedRefreshIsRepeated, and said once.
func TestFailedRefreshIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSource{life: time.Hour}
		s, keyOf := withSource(t, f, func(int) string { return headOK })
		var out bytes.Buffer
		s.keys.log = slog.New(slog.NewTextHandler(&out, nil))
		stop := runKeys(t, s)
		f.set(&url.Error{Op: "Post", URL: "https://sts.test/?WebIdentityToken=TOKEN-VALUE", Err: errors.New("unreachable")}, false)
		time.Sleep(55 * time.Minute)
		f.set(nil, false)
		time.Sleep(2 * renewPause)
		if got := keyOf(); got != "key-2" {
			t.Errorf("got %s, want key-2", got)
		}
		stop()
		if n := strings.Count(out.String(), "level=WARN"); n != 1 {
			t.Errorf("got %d warnings, want 1:\n%s", n, out.String())
		}
		if strings.Contains(out.String(), "TOKEN-VALUE") {
			t.Errorf("a token in the log:\n%s", out.String())
		}
	})
}

// TestRefusedKeysAreReadAnew: keys that never expire are rotated by writing the file.
func TestRefusedKeysAreReadAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, keyOf := withSource(t, &fakeSource{}, func(n int) string {
			if n == 1 {
				return "HTTP/1.1 403 Forbidden\r\nX-Minio-Error-Code: InvalidAccessKeyId\r\nConnection: close\r\n\r\n"
			}
			return headOK
		})
		runKeys(t, s)
		if got := keyOf(); got != "key-1" {
			t.Fatalf("got %s, want key-1", got)
		}
		time.Sleep(renewPause + time.Second)
		if got := keyOf(); got != "key-2" {
			t.Errorf("after the refusal: got %s, want key-2", got)
		}
		time.Sleep(time.Hour)
		if got := keyOf(); got != "key-2" {
			t.Errorf("without a refusal: got %s, want key-2", got)
		}
	})
}

// TestOpenIsBounded: a source that ignores its context is left behind.
func TestOpenIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := serverConfig("http://127.0.0.1:1").withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		k := newKeyring(c)
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		k.find.Store(foundAt(func(context.Context, *http.Client) (credentials.Value, error) {
			<-release
			return credentials.Value{}, nil
		}))
		start := time.Now()
		if err := k.open(t.Context()); err != nil || k.missing() == nil || time.Since(start) != openPatience {
			t.Errorf("open: got %v and %v after %v", err, k.missing(), time.Since(start))
		}
		start = time.Now()
		if err := k.resolve(t.Context()); err == nil || time.Since(start) != askTimeout {
			t.Errorf("resolve: got %v after %v", err, time.Since(start))
		}
	})
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const value = "VERY-SECRET"
	c := Credentials{AccessKey: "access", SecretKey: value, SessionToken: value}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", c.SecretKey, "all", c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", c.SecretKey, "all", c)
	text := string(asJSON) + log.String() + c.SecretKey.String() + c.SecretKey.GoString() +
		fmt.Sprint(c, &c, c.SecretKey) + fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c, c, c)
	if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
		t.Errorf("the secret is in %s", text)
	}
	if !strings.Contains(text, redacted) {
		t.Errorf("nothing says that something is left out: %s", text)
	}
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no bucket", func(c *Config) { c.Bucket = "" }, "no bucket"},
		{"no region on Amazon", func(c *Config) { c.Endpoint = "" }, "no region"},
		{"unknown checksum", func(c *Config) { c.Checksum = "sha1" }, `checksum "sha1"`},
		{"unknown addressing", func(c *Config) { c.Addressing = "dns" }, `addressing "dns"`},
		{"half static keys", func(c *Config) { c.Credentials.SecretKey = "" }, "together"},
		{"negative stall", func(c *Config) { c.Stall = -1 }, "negative"},
		{"endpoint of another scheme", func(c *Config) { c.Endpoint = "ftp://127.0.0.1" }, "http://"},
		{"endpoint with a password", func(c *Config) { c.Endpoint = "http://me:hunter2@127.0.0.1" }, "password"},
		{"endpoint that is no URL", func(c *Config) { c.Endpoint = "http://me:hunter2@[::1" }, "no URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serverConfig("http://127.0.0.1:1")
			tt.change(&c)
			_, err := Open(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

package metrics

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serveAt starts a Server of that web configuration, "" for none, and returns it and its address.
func serveAt(t *testing.T, addr, config string) (*Server, string) {
	t.Helper()
	s := NewServer(New("1", "c"), slog.New(slog.DiscardHandler))
	s.WebConfig = config
	at, err := s.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s, at.String()
}

// TestCrowd holds as many connections open as a crowd would: who asks then is answered at once, and there are never more
// than a few.
func TestCrowd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// hold makes of a connection one that takes up room.
		hold func(t *testing.T, c net.Conn)
	}{
		{"who say nothing", func(*testing.T, net.Conn) {}},
		{"who have been answered", func(t *testing.T, c net.Conn) {
			t.Helper()
			if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				return // its connection was needed
			}
			if r, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
		}},
		{"of both kinds", func(t *testing.T, c net.Conn) {
			t.Helper()
			if _, port, _ := net.SplitHostPort(c.LocalAddr().String()); strings.HasSuffix(port, "2") {
				_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, addr := serveAt(t, "127.0.0.1:0", "")
			for i := range 200 {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatalf("connection %d: %v", i, err)
				}
				t.Cleanup(func() { _ = c.Close() })
				tt.hold(t, c)
			}
			client := http.Client{Timeout: readPatience, Transport: &http.Transport{DisableKeepAlives: true}}
			for range 3 {
				r, err := client.Get("http://" + addr + "/healthz")
				if err != nil {
					t.Fatal(err)
				}
				_ = r.Body.Close()
				if r.StatusCode != http.StatusOK {
					t.Errorf("healthz answers %s", r.Status)
				}
			}
			if n := s.conns.count(); n > maxConnections || n < maxConnections/2 {
				t.Errorf("%d connections are open, want at most %d, and not all closed", n, maxConnections)
			}
		})
	}
}

// readPatience is less than ReadHeaderTimeout, after which silent connections are closed anyway.
const readPatience = 3 * time.Second

// TestBusyAreKept: who is being answered is not cut off for others.
func TestBusyAreKept(t *testing.T) {
	t.Parallel()
	c := newConnections(2)
	pipes := func() net.Conn {
		one, other := net.Pipe()
		t.Cleanup(func() { _, _ = one.Close(), other.Close() })
		return one
	}
	open := func(conn net.Conn) bool { // a deadline cannot be set on a closed one
		return conn.SetDeadline(time.Time{}) == nil
	}
	busy, idle, next := pipes(), pipes(), pipes()
	c.changed(busy, http.StateNew)
	c.changed(busy, http.StateActive)
	c.changed(idle, http.StateNew)
	if !open(busy) || !open(idle) {
		t.Fatal("one was closed though the other one is busy and it just came")
	}
	c.changed(idle, http.StateActive)
	c.changed(idle, http.StateIdle)
	if !open(busy) || open(idle) {
		t.Error("the one that has nothing to do is not the one that is closed")
	}
	c.changed(idle, http.StateClosed)
	c.changed(next, http.StateNew)
	c.changed(busy, http.StateIdle)
	if open(next) || !open(busy) {
		t.Error("not the one was closed that has had nothing to do for the longest time")
	}
}

// TestHosts asks a loopback port by names that mean it, and by such as a web page could make mean it.
func TestHosts(t *testing.T) {
	t.Parallel()
	_, addr := serveAt(t, "127.0.0.1:0", "")
	_, everywhere := serveAt(t, "0.0.0.0:0", "")
	_, port, _ := net.SplitHostPort(everywhere)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9810": 200, "LOCALHOST:9810": 200, "localhost.:9810": 200, "hls.localhost": 200, "127.0.0.1": 200,
		"127.0.0.1:9810": 200, "127.9.9.9:1": 200, "[::1]:9810": 200, "[::1]": 200, "[::ffff:127.0.0.1]:9810": 200, "": 200,
		"evil.example": 421, "evil.example:9810": 421, "127.0.0.1.evil.example": 421, "127.0.0.1.evil.example:9810": 421,
		"localhost.evil.example": 421, "notlocalhost": 421, "127.1": 421, "0x7f.1": 421, "2130706433": 421, "0.0.0.0:9810": 421,
		"192.168.1.1": 421, "[fe80::1]:9810": 421, "[::]:9810": 421,
	} {
		for path, at := range map[string]string{"/healthz": addr, "/metrics": addr, "/": addr} {
			if got := status(t, at, host, path); got != want {
				t.Errorf("Host %q, %s: %d, want %d", host, path, got, want)
			}
		}
		if got := status(t, "127.0.0.1:"+port, host, "/healthz"); got != 200 {
			t.Errorf("Host %q, listening everywhere: %d, want 200", host, got)
		}
	}
}

// status asks with that Host, by HTTP/1.0 for none.
func status(t *testing.T, addr, host, path string) int {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ask := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host)
	if host == "" {
		ask = "GET " + path + " HTTP/1.0\r\n\r\n"
	}
	if _, err := io.WriteString(c, ask); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("Host %q: %v", host, err)
	}
	defer func() { _ = r.Body.Close() }()
	return r.StatusCode
}

// bcrypted is "secret".
const bcrypted = "$2a$04$9JhHp6JulK7uwZRZ9Q6xVOCi1LFkcRC9h9XnNy6c1lKe3T6.nKnyu"

// TestWebConfig asks for TLS and a password by the toolkit's file, and changes the password while it runs.
func TestWebConfig(t *testing.T) {
	t.Parallel()
	pool, text := certificate(t)
	file := filepath.Join(t.TempDir(), "web.yml")
	write := func(user string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text+"basic_auth_users:\n  "+user+": "+bcrypted+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	s, addr := serveAt(t, "127.0.0.1:0", file)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	ask := func(url, user, password string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for _, tt := range []struct {
		name, url, user, password string
		want                      int
	}{
		{"plain", "http://" + addr + "/metrics", "one", "secret", http.StatusBadRequest},
		{"nobody", "https://" + addr + "/metrics", "", "", http.StatusUnauthorized},
		{"wrong password", "https://" + addr + "/", "one", "wrong", http.StatusUnauthorized},
		{"right password", "https://" + addr + "/metrics", "one", "secret", http.StatusOK},
		{"other user", "https://" + addr + "/metrics", "two", "secret", http.StatusUnauthorized},
	} {
		if got := ask(tt.url, tt.user, tt.password); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	write("two")
	if one, two := ask("https://"+addr+"/", "one", "secret"), ask("https://"+addr+"/", "two", "secret"); one != http.StatusUnauthorized || two != http.StatusOK {
		t.Errorf("after the file changed: %d and %d, want 401 and 200", one, two)
	}
	for range maxConnections + 10 { // those who speak no TLS are evicted as well
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	if got := ask("https://"+addr+"/", "two", "secret"); got != http.StatusOK || s.conns.count() > maxConnections {
		t.Errorf("in a crowd: %d with %d connections", got, s.conns.count())
	}
}

// certificate returns one for loopback, who trusts it, and the part of a web configuration that has it.
func certificate(t *testing.T) (pool *x509.CertPool, text string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pair := s.TLS.Certificates[0]
	pool = x509.NewCertPool()
	pool.AddCert(s.Certificate())
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool, "tls_server_config: {cert_file: " + dir + "/cert.pem, key_file: " + dir + "/key.pem}\n"
}

func TestWebConfigThatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {one: secret}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := NewServer(New("1", "c"), slog.New(slog.DiscardHandler))
	s.WebConfig = file
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if CheckWebConfig(file) == nil || CheckWebConfig(file+".none") == nil {
		t.Error("nothing is wrong with a password in clear, or with no file")
	}
	if err := s.Serve(t.Context()); err == nil {
		t.Error("a password in clear was taken for a hash")
	}
}

// count returns how many there are.
func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clientFiles writes a client certificate of a and its key.
func clientFiles(t *testing.T, a authority, into *TLS) {
	t.Helper()
	pair, err := a.leaf("hlsship.test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	if into.CertFile == "" {
		folder := t.TempDir()
		into.CertFile, into.KeyFile = filepath.Join(folder, "client.pem"), filepath.Join(folder, "client.key")
	}
	writePEM(t, into.CertFile, "CERTIFICATE", pair.Certificate[0])
	writePEM(t, into.KeyFile, "PRIVATE KEY", key)
}

// tlsServer answers as S3 does at 127.0.0.1 with a certificate of a for name, and demands one of clients if that is given.
func tlsServer(t *testing.T, a authority, name string, clients *authority) *httptest.Server {
	t.Helper()
	pair, err := a.leaf(name)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(accept))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*pair}}
	if clients != nil {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(clients.cert)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestTLSOfTheStoresOwn(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	for _, tt := range []struct {
		name    string
		host    string // in the certificate
		ca      authority
		clients *authority // demanded
		shown   *authority // shown
		wrong   func(error) bool
	}{
		{name: "a private authority", host: "127.0.0.1", ca: ours},
		{name: "another authority", host: "127.0.0.1", ca: other, wrong: is[x509.UnknownAuthorityError]},
		{name: "another name", host: "store.test", ca: ours, wrong: is[x509.HostnameError]},
		{name: "another address", host: "127.0.0.2", ca: ours, wrong: is[x509.HostnameError]},
		{name: "a client certificate", host: "127.0.0.1", ca: ours, clients: &other, shown: &other},
		{name: "a client certificate of a stranger", host: "127.0.0.1", ca: ours, clients: &other, shown: &ours, wrong: isAlert},
		{name: "no client certificate", host: "127.0.0.1", ca: ours, clients: &other, wrong: isAlert},
		{name: "a client certificate that nobody asks for", host: "127.0.0.1", ca: ours, shown: &other},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serverConfig(tlsServer(t, ours, tt.host, tt.clients).URL)
			c.TLS.CAFile = tt.ca.file
			if tt.shown != nil {
				clientFiles(t, *tt.shown, &c.TLS)
			}
			_, err := mustOpen(t, c).Put(t.Context(), segment("a.ts", "x"))
			switch {
			case tt.wrong == nil && err != nil:
				t.Error(err)
			case tt.wrong != nil && !tt.wrong(err):
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the system's authorities alone", func(t *testing.T) {
		t.Parallel()
		_, err := mustOpen(t, serverConfig(tlsServer(t, ours, "127.0.0.1", nil).URL)).Put(t.Context(), segment("a.ts", "x"))
		if !is[x509.UnknownAuthorityError](err) {
			t.Errorf("got %v", err)
		}
	})
}

// TestTLSOfNames checks the name, not only the chain, where the host is a name.
func TestTLSOfNames(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t, "ours")
	for host, ok := range map[string]bool{"store.test": true, "live.store.test": false, "127.0.0.1": false} {
		server := tlsServer(t, ours, host, nil)
		c := serverConfig("https://store.test")
		c.TLS.CAFile = ours.file
		c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}
		s := mustOpen(t, c)
		s.transport.base.Proxy = nil
		if _, err := s.Put(t.Context(), segment("a.ts", "x")); (err == nil) != ok || !ok && !is[x509.HostnameError](err) {
			t.Errorf("store.test with the certificate of %s: got %v", host, err)
		}
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// isAlert reports whether the server refused the client's certificate, which it may say or end the connection.
func isAlert(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "tls: ") || isReset(err))
}

// TestTLSFilesAreReadAnew has authority and client certificate replaced while the store is open.
func TestTLSFilesAreReadAnew(t *testing.T) {
	t.Parallel()
	before, after := newAuthority(t, "before"), newAuthority(t, "after")
	server := tlsServer(t, after, "127.0.0.1", &after)
	c := serverConfig(server.URL)
	c.TLS.CAFile = before.file
	clientFiles(t, before, &c.TLS)
	s := mustOpen(t, c)
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); !is[x509.UnknownAuthorityError](err) {
		t.Fatalf("got %v, want an unknown authority", err)
	}
	pem, err := os.ReadFile(after.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.TLS.CAFile, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	clientFiles(t, after, &c.TLS)
	later := time.Now().Add(time.Minute) // in case both were written within the clock's resolution
	for _, name := range []string{c.TLS.CAFile, c.TLS.CertFile, c.TLS.KeyFile} {
		if err := os.Chtimes(name, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); err != nil {
		t.Errorf("with the new files: %v", err)
	}
	if err := os.WriteFile(c.TLS.CAFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.transport.base.CloseIdleConnections()
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); err == nil || !strings.Contains(err.Error(), c.TLS.CAFile) {
		t.Errorf("got %v, want the file's name", err)
	}
}

func TestTLSMistakes(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	var good, another TLS
	clientFiles(t, a, &good)
	clientFiles(t, a, &another)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		tls  TLS
		want string
	}{
		{"no such file of authorities", TLS{CAFile: "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
		{"a file without authorities", TLS{CAFile: empty}, empty},
		{"a key for authorities", TLS{CAFile: good.KeyFile}, good.KeyFile},
		{"a certificate without its key", TLS{CertFile: good.CertFile}, "together"},
		{"a key without its certificate", TLS{KeyFile: good.KeyFile}, "together"},
		{"the key of another", TLS{CertFile: good.CertFile, KeyFile: another.KeyFile}, another.KeyFile},
		{"no such certificate", TLS{CertFile: "/nowhere/c.pem", KeyFile: good.KeyFile}, "/nowhere/c.pem"},
		{"an empty certificate", TLS{CertFile: empty, KeyFile: good.KeyFile}, empty},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serverConfig("https://store.test")
			c.TLS = tt.tls
			if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

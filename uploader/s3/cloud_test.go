package s3

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// file holds the certificate in PEM.
	file string
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{file: filepath.Join(t.TempDir(), name+".pem")}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// leaf returns a certificate for a host, or for a client of that name.
func (a authority) leaf(host string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	l := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		l.IPAddresses = []net.IP{ip}
	} else {
		l.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, l, a.cert, &key.PublicKey, a.key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cloud plays every host, with TLS and without, and checks the signature of each request as a server does.
type cloud struct {
	secure, plain *httptest.Server
	authority     authority

	mu       sync.Mutex
	dialled  []string
	requests []recorded
}

func newCloud(t *testing.T, secret func(*http.Request) string, handle http.HandlerFunc) *cloud {
	t.Helper()
	c := &cloud{authority: newAuthority(t, "cloud")}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.requests = append(c.requests, recorded{r, body})
		c.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !verifies(r, body, secret(r)) {
			refuse(http.StatusForbidden, "SignatureDoesNotMatch", "It does not.")(w, r)
			return
		}
		handle(w, r)
	})
	c.plain, c.secure = httptest.NewServer(h), httptest.NewUnstartedServer(h)
	c.secure.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.authority.leaf(hello.ServerName) }}
	c.secure.StartTLS()
	t.Cleanup(c.plain.Close)
	t.Cleanup(c.secure.Close)
	return c
}

// reached returns config as it reaches the cloud.
func (c *cloud) reached(config Config) Config {
	server := c.secure
	if strings.HasPrefix(config.Endpoint, "http://") {
		server = c.plain
	}
	config.TLS.CAFile = c.authority.file
	config.Credentials = Credentials{AccessKey: "access", SecretKey: "secret"}
	config.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.mu.Lock()
		c.dialled = append(c.dialled, addr)
		c.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return config
}

// verifies reports whether a request is signed with secret as it arrived (AWS Signature Version 4), and its body as it says.
func verifies(r *http.Request, body []byte, secret string) bool {
	fields := map[string]string{}
	for f := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ", ") {
		name, value, _ := strings.Cut(f, "=")
		fields[name] = value
	}
	_, scope, _ := strings.Cut(fields["Credential"], "/")
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if sum := sha256.Sum256(body); hash != unsigned && hash != hex.EncodeToString(sum[:]) {
		return false
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	canonical := []string{r.Method, path, strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")}
	names := strings.Split(fields["SignedHeaders"], ";")
	for name := range r.Header {
		if l := strings.ToLower(name); strings.HasPrefix(l, "x-amz-") && !slices.Contains(names, l) {
			return false // S3 refuses such headers unless they are signed
		}
	}
	for _, name := range names {
		value := strings.TrimSpace(strings.Join(r.Header.Values(name), ","))
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = ""
		}
		canonical = append(canonical, name+":"+value)
	}
	canonical = append(canonical, "", fields["SignedHeaders"], hash)
	sum := sha256.Sum256([]byte(strings.Join(canonical, "\n")))
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	return slices.Contains(names, "host") && fields["Signature"] == hex.EncodeToString(hmacSHA256(key, text))
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}

// scopeOf returns region and service of a request's signature.
func scopeOf(r *http.Request) (region, service string) {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	parts := strings.Split(scope, "/")
	if len(parts) < 5 {
		return "", ""
	}
	return parts[2], parts[3]
}

// theSecret is that of every key of a cloud.
func theSecret(*http.Request) string { return "secret" }

func nopBody(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// credential is a way in which the store's end of TLS is wrong; empty is right.
type credential string

const (
	expired      credential = "expired"
	otherName    credential = "other name"
	unknown      credential = "unknown authority"
	handshakeCut credential = "handshake cut"
)

// authority signs certificates for a store. The program trusts what file holds.
type authority struct {
	file    string
	configs map[credential]*tls.Config
}

// newAuthority returns one that has signed for the store's name and the address host.
func newAuthority(t *testing.T, host string) *authority {
	t.Helper()
	root, key := sign(t, nil, nil, &x509.Certificate{
		Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	stranger, strangeKey := sign(t, nil, nil, &x509.Certificate{
		Subject: pkix.Name{CommonName: "a stranger"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem"), configs: map[credential]*tls.Config{}}
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	names, addresses := []string{storeName}, []net.IP{net.ParseIP(host)}
	a.offer(t, "", root, key, &x509.Certificate{DNSNames: names, IPAddresses: addresses})
	a.offer(t, expired, root, key, &x509.Certificate{DNSNames: names, IPAddresses: addresses, NotAfter: time.Now().Add(-time.Hour)})
	a.offer(t, otherName, root, key, &x509.Certificate{DNSNames: []string{"elsewhere.test"}})
	a.offer(t, unknown, stranger, strangeKey, &x509.Certificate{DNSNames: names, IPAddresses: addresses})
	return a
}

// offer makes what the store's end shows.
func (a *authority) offer(t *testing.T, c credential, by *x509.Certificate, byKey *ecdsa.PrivateKey, what *x509.Certificate) {
	t.Helper()
	what.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert, key := sign(t, by, byKey, what)
	a.configs[c] = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}}
}

// config returns what the store's end shows.
func (a *authority) config(c credential) *tls.Config { return a.configs[c] }

// sign makes a certificate; by is nil for one that signs itself.
func sign(t *testing.T, by *x509.Certificate, byKey *ecdsa.PrivateKey, what *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by, byKey = what, key
	}
	what.SerialNumber = big.NewInt(time.Now().UnixNano())
	what.NotBefore = time.Now().Add(-24 * time.Hour)
	if what.NotAfter.IsZero() {
		what.NotAfter = time.Now().Add(24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, what, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

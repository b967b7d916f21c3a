package s3

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// TLS names the files of what a store and its client show one another. They are read again by the next connection after they were
// changed.
type TLS struct {
	// CAFile holds the certificates of the authorities, in PEM, that are trusted instead of the system's; empty means those.
	CAFile string
	// CertFile and KeyFile are the certificate that the store is shown, with what leads to its authority, and its key, in PEM;
	// empty means none.
	CertFile, KeyFile string
}

// Config returns what clients of the store at host use, or what is wrong with the files. host is without a port. The result may
// be shared, and not be changed.
func (t TLS) Config(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, errors.New("the files of the client certificate and its key must be given together")
	}
	if t.CertFile != "" {
		pair := &cached[tls.Certificate]{names: []string{t.CertFile, t.KeyFile}, read: t.pair}
		if _, err := pair.get(); err != nil {
			return nil, err
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair.get() }
	}
	if t.CAFile != "" {
		pool := &cached[x509.CertPool]{names: []string{t.CAFile}, read: t.pool}
		if _, err := pool.get(); err != nil {
			return nil, err
		}
		// RootCAs cannot change once it is in use. What takes its place verifies the same: the chain, the dates and the name.
		c.InsecureSkipVerify = true //nolint:gosec // see above
		c.VerifyConnection = func(s tls.ConnectionState) error {
			roots, err := pool.get()
			if err != nil {
				return err
			}
			name := s.ServerName
			if name == "" { // that of an IP address is not sent, and so not told
				name = host
			}
			return verify(s.PeerCertificates, name, roots)
		}
	}
	return c, nil
}

// verify checks a server's certificate as crypto/tls does.
func verify(chain []*x509.Certificate, name string, roots *x509.CertPool) error {
	if name == "" || len(chain) == 0 {
		return errors.New("nothing to verify the server's certificate by") // Verify would check no name
	}
	o := x509.VerifyOptions{Roots: roots, DNSName: name, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(o); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return nil
}

// maxPEM bounds a file of certificates, in bytes: a system's authorities take 250 KiB.
const maxPEM = 4 << 20

// pool reads the authorities.
func (t TLS) pool() (*x509.CertPool, error) {
	pem, err := readPEM(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read authorities: %s holds no certificate in PEM", t.CAFile)
	}
	return pool, nil
}

// pair reads the client certificate. Errors of crypto/tls do not show what is in the files.
func (t TLS) pair() (*tls.Certificate, error) {
	cert, err := readPEM(t.CertFile)
	if err != nil {
		return nil, fmt.Errorf("read client certificate: %w", err)
	}
	key, err := readPEM(t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read key of the client certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read client certificate %s and key %s: %w", t.CertFile, t.KeyFile, err)
	}
	return &pair, nil
}

// readPEM reads a file of moderate size.
func readPEM(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err == nil && len(data) > maxPEM {
		err = fmt.Errorf("%s is larger than 4 MiB", name)
	}
	return data, err
}

// cached is what was read from files, until one of them changes. It is safe for concurrent use.
type cached[T any] struct {
	names []string
	read  func() (*T, error)

	mu    sync.Mutex
	value *T
	seen  []stamp
}

// stamp tells two states of a file apart.
type stamp struct {
	size     int64
	modified time.Time
}

// get returns what the files hold now.
func (c *cached[T]) get() (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := make([]stamp, 0, len(c.names))
	for _, name := range c.names {
		if info, err := os.Stat(name); err == nil {
			now = append(now, stamp{info.Size(), info.ModTime()})
		}
	}
	if c.value != nil && len(now) == len(c.names) && slices.Equal(now, c.seen) {
		return c.value, nil
	}
	value, err := c.read()
	if err != nil {
		return nil, err
	}
	c.value, c.seen = value, now
	return value, nil
}

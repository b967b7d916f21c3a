package check

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	// The clock may be off by skewWarning without harm; beyond skewError stores refuse every request (S3
	// RequestTimeTooSkewed).
	skewWarning = time.Minute
	skewError   = 15 * time.Minute
)

// endpoint asks the server at u for anything, without credentials, and reports whether it is worth asking more: name,
// connection, TLS and clock are looked at.
func (s *storeCheck) endpoint(ctx context.Context, u *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		TLSClientConfig: s.trust,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		s.found.fail("store-settings", "Correct --endpoint.", "the endpoint cannot be asked: %v", err)
		return false
	}
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		s.found.add(ofNetwork(err, u))
		return false
	}
	took := time.Since(began)
	defer resp.Body.Close()
	head, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) //nolint:errcheck // what came is enough
	if u.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && bytes.Contains(head, []byte("HTTPS")) {
		s.found.fail("tls-expected", "Write https:// instead of http:// in --endpoint.", "%s speaks TLS and was asked without", u.Host)
		return false
	}
	through := ""
	if proxy, err := http.ProxyFromEnvironment(req); err == nil && proxy != nil {
		through = ", through the proxy " + proxy.Host
	}
	switch {
	case u.Scheme == "https":
		s.found.ok("endpoint", "%s answers within %s%s, by TLS", u.Host, human(took), through)
	case private(u.Hostname()):
		s.found.ok("endpoint", "%s answers within %s%s", u.Host, human(took), through)
	default:
		s.found.warn("endpoint-plain", "Write https:// in --endpoint if the store speaks TLS.",
			"%s answers within %s%s, without TLS: who is on the way can read and change what is stored", u.Host, human(took), through)
	}
	s.clock(resp.Header, began, took)
	return true
}

// clock compares this host's clock with the server's. A second or so is the resolution.
func (s *storeCheck) clock(h http.Header, began time.Time, took time.Duration) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	skew := began.Add(took / 2).Sub(date.Add(500 * time.Millisecond))
	way := "ahead of"
	if skew < 0 {
		skew, way = -skew, "behind"
	}
	const cure = "Set this host's clock, or the store's, and keep it right with NTP."
	switch {
	case skew >= skewError:
		s.found.fail("clock-skew", cure, "this host's clock is %s %s the store's: signatures are refused from 15 min on", human(skew), way)
	case skew >= skewWarning:
		s.found.warn("clock-skew", cure, "this host's clock is %s %s the store's: signatures are refused from 15 min on", human(skew), way)
	default:
		s.found.ok("clock", "it agrees with the store's")
	}
}

// private reports whether a host is on this machine or in a private network. A name without a dot is taken for one.
func private(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
	}
	return host == "localhost" || !bytes.ContainsRune([]byte(host), '.')
}

// isTimeout reports whether err says that nothing came in time. url.Error and OpError answer for what they wrap.
func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

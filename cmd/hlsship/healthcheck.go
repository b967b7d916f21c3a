package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// healthTimeout is how long a process that lives may take to say so.
const healthTimeout = 3 * time.Second

// healthCommand asks /healthz, for container images, which hold no other program that could.
func (p program) healthCommand() *cli.Command {
	rows := slices.DeleteFunc(settings(), func(s setting) bool { return s.name != nameHTTPListen && s.name != nameConfig })
	return &cli.Command{
		Name: "healthcheck", Usage: "ask a running hlsship whether it lives", HideHelpCommand: true, OnUsageError: refuse,
		Flags: commandFlags(rows), CustomHelpTemplate: escape(healthManual(rows)),
		Action: func(c *cli.Context) error {
			addr, err := p.listensAt(c)
			if err != nil {
				return err
			}
			return healthy(c.Context, addr)
		},
	}
}

// listensAt returns the address at which a process with the settings of c is to be asked.
func (p program) listensAt(c *cli.Context) (string, error) {
	r := newReader(sourcesOf(c, p.environ))
	addr := r.address(nameHTTPListen)
	if addr == "" {
		r.problem("--%s is off, so that nothing can be asked", nameHTTPListen)
	}
	if err := errors.Join(r.problems...); err != nil {
		return "", usageError{err}
	}
	return addr, nil
}

func healthManual(rows []setting) string {
	var b strings.Builder
	b.WriteString(`hlsship healthcheck - ask a running hlsship whether it lives

Usage:
  hlsship healthcheck [--http-listen ADDRESS] [--config FILE]

It asks /healthz at the address that "hlsship run" listens on with the same settings, and exits with 0 if
the answer is yes, with 1 if it is no or there is none within three seconds. Where the port wants a password
or a certificate (--web-config) it counts as a yes that somebody answers.

`)
	for _, s := range rows {
		b.WriteString(s.help())
	}
	return b.String()
}

// healthy asks the process that listens on addr; nil means that it lives.
func healthy(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	status, text, err := inquire(ctx, net.JoinHostPort(local(host), port), "/healthz")
	if refused, ok := errors.AsType[*net.OpError](err); ok && refused.Op == "remote error" {
		return nil // it wants a certificate
	}
	switch {
	case err != nil:
		return fmt.Errorf("ask for health: %w", err)
	case status == http.StatusOK, status == http.StatusUnauthorized:
		return nil
	}
	return fmt.Errorf("not healthy: %d %s: %s", status, http.StatusText(status), text)
}

// local returns the host at which a process of this machine is asked that listens on host.
func local(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "localhost" // who listens everywhere listens here
	}
	return host
}

// mostAnswer is how long an answer may be, in bytes.
const mostAnswer = 64 << 20

// inquire asks for a path at addr, over TLS if it wants that.
func inquire(ctx context.Context, addr, path string) (status int, text string, err error) {
	status, text, err = probe(ctx, "http://"+addr+path)
	if status == http.StatusBadRequest && strings.Contains(text, "HTTPS") {
		status, text, err = probe(ctx, "https://"+addr+path)
	}
	return status, text, err
}

// probe returns the answer of this machine's own process, whose certificate is for other names.
func probe(ctx context.Context, url string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	client := http.Client{Transport: &http.Transport{ // and no proxy
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // nothing secret is sent
	}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	return response.StatusCode, strings.TrimSpace(string(answer)), err
}

package main

import (
	"context"
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
			r := newReader(sourcesOf(c, p.environ))
			addr := r.address(nameHTTPListen)
			if addr == "" {
				r.problem("--%s is off, so that nothing can be asked", nameHTTPListen)
			}
			if err := errors.Join(r.problems...); err != nil {
				return usageError{err}
			}
			return healthy(c.Context, addr)
		},
	}
}

func healthManual(rows []setting) string {
	var b strings.Builder
	b.WriteString(`hlsship healthcheck - ask a running hlsship whether it lives

Usage:
  hlsship healthcheck [--http-listen ADDRESS] [--config FILE]

It asks /healthz at the address that "hlsship run" listens on with the same settings, and exits with 0 if
the answer is yes, with 1 if it is no or there is none within three seconds.

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
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // who listens everywhere listens here
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	return fmt.Errorf("not healthy: %s: %s", response.Status, strings.TrimSpace(string(answer)))
}

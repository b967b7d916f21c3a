package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/state"
)

// watchEvery is how often "status --watch" asks.
const watchEvery = 2 * time.Second

// statusCommand asks /status.json and prints it.
func (p program) statusCommand() *cli.Command {
	rows := slices.DeleteFunc(settings(), func(s setting) bool { return s.name != nameHTTPListen && s.name != nameConfig })
	return &cli.Command{
		Name: "status", Usage: "say how a running hlsship does", HideHelpCommand: true, OnUsageError: refuse,
		Flags:              append(commandFlags(rows), &cli.StringFlag{Name: "http"}, &cli.BoolFlag{Name: "json"}, &cli.BoolFlag{Name: "watch"}),
		CustomHelpTemplate: escape(statusManual(rows)),
		Action: func(c *cli.Context) error {
			addr := strings.TrimSuffix(strings.TrimPrefix(c.String("http"), "http://"), "/")
			if addr == "" {
				var err error
				if addr, err = p.listensAt(c); err != nil {
					return err
				}
			}
			return p.status(c.Context, addr, c.Bool("json"), c.Bool("watch"))
		},
	}
}

func statusManual(rows []setting) string {
	var b strings.Builder
	b.WriteString(`hlsship status - say how a running hlsship does

Usage:
  hlsship status [--json] [--watch] [--http ADDRESS] [--http-listen ADDRESS] [--config FILE]

It asks /status.json at the address that "hlsship run" listens on with the same settings, and prints channels,
stores and streams, the worst first, each with why and what to do.

  --json                     print the JSON document, which docs/metrics.md explains
  --watch                    print it again every 2s until a signal
  --http ADDRESS             ask there instead, such as 127.0.0.1:9810

`)
	for _, s := range rows {
		b.WriteString(s.help())
	}
	b.WriteString(`
Exit codes: 0 all is well, 1 something is held, stalled, refusing or restarting, or there is no answer, 2 wrong
usage.
`)
	return b.String()
}

// status prints how the process that listens on addr does, over and over if watch is true. Its error is errFaults if somebody has to mend
// something.
func (p program) status(ctx context.Context, addr string, asJSON, watch bool) error {
	for {
		report, text, err := reported(ctx, addr)
		switch {
		case err != nil:
		case asJSON:
			_, err = fmt.Fprintln(p.stdout, text)
		case watch:
			_, err = fmt.Fprint(p.stdout, "\x1b[H\x1b[2J"+table(report))
		default:
			_, err = fmt.Fprint(p.stdout, table(report))
		}
		if err == nil && report.Faulty() {
			err = errFaults
		}
		if !watch {
			return err
		}
		if err != nil && !errors.Is(err, errFaults) {
			_, _ = fmt.Fprintf(p.stderr, "hlsship: %v\n", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// reported asks the process that listens on addr how it does. text is its answer.
func reported(ctx context.Context, addr string) (r *state.Report, text string, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", usageError{fmt.Errorf("--http: %w", err)}
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	status, text, err := inquire(ctx, net.JoinHostPort(local(host), port), "/status.json")
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("ask for the status: %w; does hlsship run, and listen there (--http-listen)?", err)
	case status == http.StatusUnauthorized:
		return nil, "", fmt.Errorf("ask for the status: the port wants a password (--web-config): ask it with curl")
	case status != http.StatusOK:
		return nil, "", fmt.Errorf("ask for the status: %d %s", status, http.StatusText(status))
	}
	r = &state.Report{}
	if err := json.Unmarshal([]byte(text), r); err != nil || r.Version == 0 {
		return nil, "", fmt.Errorf("ask for the status: %s answers with something else: %w", addr, err)
	}
	return r, text, nil
}

// table writes r for people.
func table(r *state.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - hlsship %s, up for %s\n", r.Title, r.Hlsship, lasting(r.Now.Sub(r.Started)))
	for _, why := range r.Unready {
		fmt.Fprintf(&b, "not ready: %s\n", printable(why))
	}
	b.WriteString("\n")
	for i := range r.Channels {
		channelLines(&b, r, &r.Channels[i])
	}
	var all []state.StreamReport
	for _, c := range r.Channels {
		for _, s := range c.Streams {
			if len(r.Channels) > 1 {
				s.Name = c.Name + " / " + s.Name
			}
			all = append(all, s)
		}
	}
	state.SortStreams(all)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "STATE\tSTREAM\tFOR\tBEHIND\tNEWEST\tBITRATE\tWHY")
	for _, s := range all {
		newest := "-"
		if s.Age != nil {
			newest = lasting(s.Age.Duration()) + " ago"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.State, printable(s.Name), lasting(r.Now.Sub(s.Since)), lasting(s.Lag.Duration()), newest,
			humanize.SIWithDigits(s.Bitrate, 1, "bit/s"), printable(why(s.Stream)))
	}
	_ = w.Flush() // into memory
	if len(all) == 0 {
		b.WriteString("no streams yet: they show once there are playlists and the store has answered\n")
	}
	for _, f := range r.Failures[:min(len(r.Failures), 3)] {
		fmt.Fprintf(&b, "\nfailed %s ago, %s: %s\n", lasting(r.Now.Sub(f.At)), english.Plural(f.Count, "time", ""), printable(f.Error))
	}
	return b.String()
}

// channelLines writes a channel and its store.
func channelLines(b *strings.Builder, r *state.Report, c *state.ChannelReport) {
	name := c.Name
	if name == "" {
		name = "channel"
	}
	fmt.Fprintf(b, "%s: %s for %s, store %s, %s\n", printable(name), c.State, lasting(r.Now.Sub(c.Since)), c.Store.State, printable(c.Title))
	switch {
	case c.State == state.Starting && c.All > 0:
		fmt.Fprintf(b, "  %s of %s files compared%s\n", humanize.Comma(int64(c.Compared)), humanize.Comma(int64(c.All)), remaining(c.Start.Left))
	case c.State == state.Restarting:
		fmt.Fprintf(b, "  failed %s: %s. %s\n", english.Plural(c.Failures, "time", ""), printable(c.Error), printable(c.Cure))
	}
	if c.Store.Error != "" {
		fmt.Fprintf(b, "  store %s for %s, %s: %s. %s\n", c.Store.State, lasting(r.Now.Sub(c.Store.Since)), english.Plural(c.Store.Tries, "try", "tries"), printable(c.Store.Error), printable(c.Store.Cure))
	}
	if c.Backlog.Files > 0 {
		fmt.Fprintf(b, "  %s files (%s) wait%s\n", humanize.Comma(int64(c.Backlog.Files)), humanize.IBytes(uint64(max(0, c.Backlog.Bytes))), remaining(c.Backlog.Left))
	}
	if c.OutageLeft != nil {
		fmt.Fprintf(b, "  an outage may last %s\n", lasting(c.OutageLeft.Duration()))
	}
	if c.Lost > 0 {
		fmt.Fprintf(b, "  %s files lost\n", humanize.Comma(c.Lost))
	}
	b.WriteString(recordingsLine(c.Recordings))
	b.WriteString("\n")
}

// why says in a few words why a stream is in its state.
func why(s state.Stream) string {
	switch s.State {
	case state.Held:
		return s.WaitsFor + " is " + s.Reason + ": " + s.Cure
	case state.Behind:
		return fmt.Sprintf("%d files (%s) wait%s", s.Backlog.Files, humanize.IBytes(uint64(max(0, s.Backlog.Bytes))), remaining(s.Backlog.Left))
	case state.Stalled:
		return "no new playlist, not ended: packager stopped?"
	case state.Waiting, state.Live, state.Ended:
	}
	return ""
}

// remaining says how long something will take, if that is known.
func remaining(left *state.Seconds) string {
	if left == nil {
		return ""
	}
	return ", done in " + lasting(left.Duration())
}

// lasting writes a duration as people say it: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min".
func lasting(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// printable returns s without what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/salvage"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
)

// recovered is a channel with what became of its sessions, as it stands in the JSON document.
type recovered struct {
	Name        string           `json:"name,omitempty"`
	Destination string           `json:"destination"`
	Found       int              `json:"found"`
	Sessions    []salvagedResult `json:"sessions"`
}

// recoverResult is the JSON document.
type recoverResult struct {
	Version  string      `json:"version"`
	DryRun   bool        `json:"dry_run"`
	Failed   int         `json:"failed"`
	Channels []recovered `json:"channels"`
}

func (p program) recoverCommand() *cli.Command {
	flags := append(commandFlags(settings()),
		&cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of text"},
		&cli.BoolFlag{Name: "dry-run", Usage: "store nothing, and say what would be stored"})
	return &cli.Command{
		Name: "recover", Usage: "close recordings from what the bucket holds", HideHelpCommand: true, OnUsageError: refuse,
		Flags: flags, CustomHelpTemplate: escape(recoverManual()),
		Action: func(c *cli.Context) error {
			from, session, err := sourcesOf(c, p.environ).withSession()
			if err != nil {
				return usageError{err}
			}
			conf, err := load(from)
			if err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			result, err := recoverAll(ctx, conf, session, c.Bool("dry-run"), p.build.version)
			if err != nil {
				return err
			}
			return p.show(result, c.Bool("json"), result.Failed > 0)
		},
	}
}

// recoverAll closes the session of that name, or with "" all that need it, of all channels, one after the other.
func recoverAll(ctx context.Context, conf config, session string, dry bool, version string) (recoverResult, error) {
	result := recoverResult{Version: version, DryRun: dry}
	found := session == ""
	for _, one := range conf.channels {
		r, err := one.recovery(ctx, version)
		if err != nil {
			return result, err
		}
		r.dry = dry
		sessions, err := r.run(ctx, session)
		if err != nil {
			return result, one.store.cured(err)
		}
		found = found || len(sessions) > 0
		for _, s := range sessions {
			if s.State == stateFailed || session != "" && s.State == stateLive {
				result.Failed++
			}
		}
		result.Channels = append(result.Channels, recovered{one.name, one.store.destination(), r.found, sessions})
	}
	if !found {
		return result, fmt.Errorf("there is no session %s below %s, or nothing in it", session, conf.channels[0].store.destination())
	}
	return result, nil
}

// isSession reports whether a folder has the name of a session.
func isSession(name string) bool {
	folder, _ := hls.SessionOf(name + "/x")
	return folder == name+"/"
}

// withSession are the sources of a command whose arguments are the destination, unless the configuration file names it, and a session. DIR is
// not given. session is empty if it is not named.
func (s sources) withSession() (from sources, session string, err error) {
	s.dirless = true
	first, second := s.line[nameDir], s.line[nameDestination]
	delete(s.line, nameDir)
	delete(s.line, nameDestination)
	rest := slices.Concat(first.values, second.values)
	if len(rest) > 0 && strings.HasPrefix(rest[0], "s3://") {
		s.line[nameDestination] = raw{rest[:1], "s3://BUCKET[/PREFIX]"}
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		return s, "", nil
	case len(rest) > 1 || !isSession(rest[0]):
		return s, "", fmt.Errorf("%q is not the name of a session such as 20261130T010203Z", shown(rest[0]))
	}
	return s, rest[0], nil
}

// recovery opens the store of a channel.
func (c channel) recovery(ctx context.Context, version string) (*recovery, error) {
	if c.store.isTimed() {
		return nil, usageError{fmt.Errorf("the destination %s is another one for each run: name the prefix of the run", c.store.destination())}
	}
	at, err := s3.Open(ctx, c.bucket(version))
	if err != nil {
		return nil, err
	}
	if err := at.Ready(ctx); err != nil {
		return nil, c.store.cured(err)
	}
	policy, err := headers.New(headers.Config{CacheControl: c.store.cacheControl, Further: c.store.headers})
	if err != nil {
		return nil, err
	}
	return &recovery{sealer: sealer{store: at, policy: policy, conditional: c.store.conditional}, prefix: c.store.keyPrefix(), workers: c.flow.workers, silence: c.lists.recordEnd}, nil
}

// cured adds to an error where it happened and what to do about it.
func (c storeConfig) cured(err error) error {
	cure := ""
	if e, ok := errors.AsType[*store.Error](err); ok && e.Cure != "" {
		cure = "; " + e.Cure
	}
	return fmt.Errorf("look at %s: %w%s", c.destination(), err, cure)
}

// text writes the result for people.
func (r recoverResult) text(w io.Writer, p sheet) error {
	const name, width = 20, 12
	var b strings.Builder
	closed, failed := 0, 0
	for _, c := range r.Channels {
		if c.Name != "" {
			b.WriteString(c.Name + ": ")
		}
		b.WriteString(c.Destination + "\n\n")
		for _, s := range c.Sessions {
			colours := map[string]colour{stateFailed: red, stateLive: yellow, stateClosed: green}
			switch s.State {
			case stateClosed:
				closed++
			case stateFailed:
				failed++
			}
			b.WriteString(p.entry(s.Session, colours[s.State], name, s.State, width, check.Legible(s.about(r.DryRun))))
			for _, u := range s.Unread {
				b.WriteString(strings.Repeat(" ", 2+name) + p.wrapped(check.Legible(u.Path+": "+u.Why), 2+name))
			}
		}
		if c.Found == 0 {
			b.WriteString(p.wrapped("There is no session below this prefix."+c.hint(), 2))
		}
		if c.Found == 0 || len(c.Sessions) > 0 {
			b.WriteByte('\n')
		}
	}
	if r.DryRun {
		fmt.Fprintf(&b, "%s to close, %d failed. Nothing was stored.\n", number(closed, "session"), failed)
	} else {
		fmt.Fprintf(&b, "%s closed, %d failed.\n", number(closed, "session"), failed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// hint says what may be meant where there is no session.
func (c recovered) hint() string {
	cut := strings.LastIndexByte(c.Destination, '/')
	if !isSession(c.Destination[cut+1:]) {
		return ""
	}
	return " If it is a session itself, write a space before its name: " + c.Destination[:cut] + " " + c.Destination[cut+1:]
}

// about says in a sentence what became of a session.
func (s salvagedResult) about(dry bool) string {
	if s.Summary == nil {
		return s.Why
	}
	text := fmt.Sprintf("%s in %s, %s, %s", number(s.Summary.Segments, "segment"), number(len(s.Summary.Lists), "list"),
		(time.Duration(s.Summary.Duration) * time.Second).String(), humanize.IBytes(uint64(max(0, s.Summary.Bytes))))
	if n := s.Summary.Holes; n > 0 {
		text += ", some are missing in " + number(n, "place")
	}
	if s.Filled > 0 {
		text += ", the length of " + number(s.Filled, "segment") + " is estimated"
	}
	if s.Unlisted > 0 {
		text += ", no list names " + number(s.Unlisted, "file")
	}
	for _, l := range s.Summary.Lists {
		if l.Head+l.Tail > 0 {
			text += fmt.Sprintf("; %s is cut by %gs at its beginning and %gs at its end, as other renditions have nothing there", l.Path, l.Head, l.Tail)
		}
		if l.Refused != "" {
			text += "; " + l.Path + " is left out: " + l.Refused
		}
	}
	for _, m := range s.Summary.Multivariants {
		switch {
		case m.Refused != "":
			text += "; " + m.Path + " is left out: " + m.Refused
		case len(m.Without) > 0:
			text += "; " + m.Path + " is without " + strings.Join(m.Without, ", ")
		}
	}
	if s.Why != "" {
		text += ": " + s.Why
	}
	if dry {
		for _, f := range s.Files {
			text += "; " + string(f.Act) + " " + f.Path
		}
	}
	return text
}

// recoverManual is the help of recover.
func recoverManual() string {
	return `hlsship recover - close recordings from what the bucket holds

Usage:
  hlsship recover [flags of run] [--dry-run] [--json] s3://BUCKET[/PREFIX] [SESSION]
  hlsship recover [--dry-run] [--json] --config FILE [SESSION]

A session is the folder of one run of a packager, such as 20261130T010203Z, with --playlists continuous.
hlsship run --record closes it when the run is over. Where hlsship died together with its disk, this
command does: it reads the session's index, what the published playlists name of it, and what is stored,
and stores the lists that play it from first to last, its multivariant playlist and session.json.
Without SESSION it does so for each folder that has an index or media and no session.json.

It stores only what is not there, and replaces a list of a session only by one that begins with the same
segments, so that it may run at any time, beside hlsship, and again. It does not touch a session that is
live: the newest one in a published playlist that has not ended and was published within --record-end,
or one in which something was stored within that time.

  --dry-run                  store nothing, and say what would be stored
  --json                     print one JSON document instead of text
  --record-end TIME          how long after its last version or file a session is over
                             (default 60s, or what the configuration file or HLSSHIP_RECORD_END says)

States:
  closed                     it is closed now; with --dry-run, it would be
  unchanged                  it was closed before, and there is nothing to add
  live                       it goes on
  unknown                    it has no index, and no published playlist names its files: not recorded
  failed                     it cannot be closed, and the text says why

Exit codes: 0 done; 1 a session failed, or the one that was named is live; 2 wrong usage.
`
}

// unlistedWhy says why nothing is to be closed.
func unlistedWhy(s *salvage.Session, err error) string {
	switch {
	case errors.Is(err, recording.ErrEmpty):
		return "nothing that its index or a published list names is stored"
	case s.Closed():
		return "it is closed already, and its index is gone"
	}
	return err.Error()
}

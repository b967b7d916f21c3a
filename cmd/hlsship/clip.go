package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/uploader/recording"
)

// clipResult is the JSON document.
type clipResult struct {
	Version string    `json:"version"`
	Session string    `json:"session"`
	Name    string    `json:"name"`
	Lists   []clipped `json:"lists"`
	// Masters are the URLs of the multivariant playlists. Play is what is to be played: one of these, or of the Lists.
	Masters []string `json:"multivariants,omitempty"`
	Play    string   `json:"play"`
}

// clipped is a media playlist of a clip. Durations are in seconds.
type clipped struct {
	URL      string    `json:"url"`
	List     string    `json:"list"`
	Segments int       `json:"segments"`
	Begins   time.Time `json:"begins,omitzero"`
	Start    float64   `json:"start"`
	Duration float64   `json:"duration"`
}

func (p program) clipCommand() *cli.Command {
	flags := append(commandFlags(slices.DeleteFunc(settings(), func(s setting) bool { return s.name == nameName })),
		&cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of text"},
		&cli.StringFlag{Name: "from", Usage: "the first moment"},
		&cli.StringFlag{Name: "to", Usage: "the moment behind the last one"},
		&cli.StringFlag{Name: nameName, Usage: "what the names of the clip's playlists begin with"})
	return &cli.Command{
		Name: "clip", Usage: "make a playlist of a part of a recording", HideHelpCommand: true, OnUsageError: refuse,
		Flags: flags, CustomHelpTemplate: escape(clipManual()),
		Action: func(c *cli.Context) error {
			from, more, err := sourcesOf(c, p.environ).withSession()
			if err != nil {
				return usageError{err}
			}
			delete(from.line, nameName) // which is the clip's
			destination, ok := from.line[nameDestination]
			if !ok || more != "" {
				return usageError{errors.New("name one s3://BUCKET[/PREFIX]/SESSION")}
			}
			at := strings.TrimSuffix(destination.values[0], "/")
			cut := strings.LastIndexByte(at, '/')
			session := at[cut+1:]
			if !isSession(session) {
				return usageError{fmt.Errorf("%q does not end with the name of a session such as 20261130T010203Z", shown(at))}
			}
			from.line[nameDestination] = raw{[]string{at[:cut]}, destination.origin}
			conf, err := load(from)
			if err != nil {
				return usageError{err}
			}
			clip := recording.Clip{Name: c.String(nameName)}
			if clip.From, err = momentOf("from", c.String("from")); err != nil {
				return usageError{err}
			}
			if clip.To, err = momentOf("to", c.String("to")); err != nil {
				return usageError{err}
			}
			if clip.Name == "" {
				clip.Name = nameOf(clip.From) + "-" + nameOf(clip.To)
			}
			if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(clip.Name) {
				return usageError{fmt.Errorf("--name: %q has other characters than letters, digits, - and _, does not begin with a letter or digit, or is longer than 64", shown(clip.Name))}
			}
			if clip.From.At.IsZero() == clip.To.At.IsZero() && !clip.To.At.Add(clip.To.After).After(clip.From.At.Add(clip.From.After)) {
				return usageError{errors.New("--to is not after --from")}
			}
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			one := conf.channels[0]
			r, err := one.recovery(ctx, p.build.version)
			if err != nil {
				return err
			}
			cutter := cutter{recovery: r, session: session, clip: clip}
			made, err := cutter.run(ctx)
			if err != nil {
				return one.store.cured(err)
			}
			return p.show(clippedOf(made, one.store.destination()+"/"+session+"/", p.build.version, session, clip.Name), c.Bool("json"), false)
		},
	}
}

// momentOf reads a moment: by the clock, or how long behind the beginning.
func momentOf(flag, text string) (recording.Moment, error) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return recording.Moment{At: at}, nil
	}
	if text == "" {
		return recording.Moment{}, fmt.Errorf("--%s is missing", flag)
	}
	after, err := time.ParseDuration(text)
	if err != nil || after < 0 {
		return recording.Moment{}, fmt.Errorf("--%s: %q is neither a time such as 2026-11-30T01:02:03Z nor a time after the beginning such as 1h2m3s", flag, shown(text))
	}
	return recording.Moment{After: after}, nil
}

// nameOf is how a moment is called in the name of a clip.
func nameOf(m recording.Moment) string {
	if m.At.IsZero() {
		return strings.ReplaceAll(m.After.String(), ".", "_")
	}
	return strings.ReplaceAll(m.At.UTC().Format("20060102T150405.999"), ".", "_") + "Z"
}

// clippedOf says what was made.
func clippedOf(made *recording.Made, folder, version, session, name string) clipResult {
	out := clipResult{Version: version, Session: session, Name: name, Lists: []clipped{}}
	for _, l := range made.Lists {
		out.Lists = append(out.Lists, clipped{folder + l.Path, l.List, l.Segments, l.Begins.UTC(), l.Start.Seconds(), l.Duration.Seconds()})
	}
	for _, f := range made.Files[len(made.Lists):] {
		out.Masters = append(out.Masters, folder+f.Path)
	}
	out.Play = append(out.Masters, out.Lists[0].URL)[0]
	return out
}

// text writes the result for people.
func (r clipResult) text(w io.Writer, p sheet) error {
	var b strings.Builder
	for _, l := range r.Lists {
		when := ""
		if !l.Begins.IsZero() {
			when = " from " + l.Begins.Format(time.RFC3339Nano)
		}
		if l.Start > 0 {
			when += fmt.Sprintf("; players begin %gs into it", l.Start)
		}
		b.WriteString(p.wrapped(fmt.Sprintf("%s: %s, %gs%s", l.URL, number(l.Segments, "segment"), l.Duration, when), 0))
	}
	fmt.Fprintf(&b, "Play %s.\n", r.Play)
	_, err := io.WriteString(w, b.String())
	return err
}

// clipManual is the help of clip.
func clipManual() string {
	return `hlsship clip - make a playlist of a part of a recording, over the segments that are stored

Usage:
  hlsship clip [flags of run] --from TIME --to TIME [--name NAME] [--json] s3://BUCKET[/PREFIX]/SESSION

Examples:
  hlsship clip --from 2026-11-30T20:15:00Z --to 2026-11-30T20:17:30Z s3://tv/20261130T190000Z
  hlsship clip --from 1h15m --to 1h17m30s --name goal s3://tv/20261130T190000Z

No media are copied. The clip has every segment that lies at least partly between the two times, the
same ones in all renditions, and EXT-X-START tells players where to begin. Its playlists stand beside
those of the session: v0/goal.index.m3u8 beside v0/index.m3u8, and goal.master.m3u8 beside master.m3u8.
Nothing is overwritten. The session may be closed, or still go on.

  --from TIME, --to TIME     a time by the dates in the packager's playlists, or, without them, by when
                             segments were complete: 2026-11-30T20:15:00Z; or a time after the beginning
                             of the session: 1h15m
  --name NAME                what the names of the clip's playlists begin with (default: both times)
  --json                     print one JSON document instead of text

Exit codes: 0 done; 1 failed, or nothing is stored between the two times; 2 wrong usage.
`
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/verify"
)

// headsDefault is for how many objects verify asks the store one by one, as no listing shows headers.
const headsDefault = 20_000

// verified is a channel with what was found, as it stands in the JSON document.
type verified struct {
	Name        string `json:"name,omitempty"`
	Dir         string `json:"dir,omitempty"`
	Destination string `json:"destination"`
	verify.Report
}

// verifyResult is the JSON document.
type verifyResult struct {
	Version  string     `json:"version"`
	Total    int        `json:"total"`
	Channels []verified `json:"channels"`
}

func (p program) verifyCommand() *cli.Command {
	flags := append(commandFlags(settings()),
		&cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of text"},
		&cli.IntFlag{Name: "heads", Value: headsDefault, Usage: "of how many files the store is asked for the headers, one by one"})
	return &cli.Command{
		Name: "verify", Usage: "compare what is published with the directory", HideHelpCommand: true, OnUsageError: refuse,
		Flags: flags, CustomHelpTemplate: escape(verifyManual()),
		Action: func(c *cli.Context) error {
			conf, err := load(sourcesOf(c, p.environ).withoutDir())
			if err != nil {
				return usageError{err}
			}
			if c.Int("heads") < 0 {
				return usageError{errors.New("--heads: must not be negative")}
			}
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			result, err := verifyAll(ctx, conf, c.Int("heads"), p.build.version)
			if err != nil {
				return err
			}
			return p.show(result, c.Bool("json"), result.Total > 0)
		},
	}
}

// withoutDir are the sources of a command for which DIR is optional: a single argument is the destination.
func (s sources) withoutDir() sources {
	s.dirless = true
	only, ok := s.line[nameDir]
	if _, both := s.line[nameDestination]; ok && !both && strings.HasPrefix(only.values[0], "s3://") {
		delete(s.line, nameDir)
		s.line[nameDestination] = raw{only.values, "s3://BUCKET[/PREFIX]"}
	}
	return s
}

// verifyAll looks at what is published of all channels, one after the other.
func verifyAll(ctx context.Context, conf config, heads int, version string) (verifyResult, error) {
	result := verifyResult{Version: version}
	for _, one := range conf.channels {
		if one.store.isTimed() {
			return result, usageError{fmt.Errorf("the destination %s is another one for each run: name the prefix of the run", one.store.destination())}
		}
		report, err := one.survey(ctx, conf, heads, version)
		if err != nil {
			return result, one.store.cured(err)
		}
		result.Total += report.Total()
		result.Channels = append(result.Channels, verified{one.name, one.dir, one.store.destination(), report})
	}
	return result, nil
}

// survey looks at what is published of one channel.
func (c channel) survey(ctx context.Context, conf config, heads int, version string) (verify.Report, error) {
	at, err := s3.Open(ctx, c.bucket(version))
	if err != nil {
		return verify.Report{}, err
	}
	if err := at.Ready(ctx); err != nil {
		return verify.Report{}, err
	}
	policy, err := headers.New(headers.Config{CacheControl: c.store.cacheControl})
	if err != nil {
		return verify.Report{}, err
	}
	s := survey{
		store: at, dir: c.dir, exclude: matcher(c.exclude), leave: conf.spoolFolders(), heads: heads, workers: c.flow.workers,
		config: verify.Config{Prefix: c.store.keyPrefix(), Site: c.store.site(), Served: policy.Served},
	}
	return s.run(ctx)
}

// text writes the result for people: faults first, a few of each name.
func (r verifyResult) text(w io.Writer, p sheet) error {
	const few, id = 5, 14
	var b strings.Builder
	for _, c := range r.Channels {
		if c.Name != "" {
			b.WriteString(c.Name + ": ")
		}
		if c.Dir != "" {
			b.WriteString(c.Dir + " and ")
		}
		b.WriteString(c.Destination + "\n\n")
		shown := map[string]int{}
		for i, f := range c.Faults {
			if shown[f.ID]++; shown[f.ID] <= few {
				about := f.Key + ": " + f.Found
				if f.Playlist != "" {
					about += "; " + f.Playlist + " names it"
				}
				b.WriteString(p.entry(f.ID, red, id, "", 0, check.Legible(about)))
			}
			if i+1 < len(c.Faults) && c.Faults[i+1].ID == f.ID {
				continue
			}
			if more := c.Counts[f.ID] - few; more > 0 {
				b.WriteString(strings.Repeat(" ", 2+id) + "and " + humanize.Comma(int64(more)) + " more\n")
			}
			b.WriteString(strings.Repeat(" ", 2+id) + p.wrapped("→ "+f.Cure, 2+id))
		}
		if len(c.Faults) > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.wrapped(c.summary(), 0))
	}
	fmt.Fprintf(&b, "%s.\n", number(r.Total, "fault"))
	_, err := io.WriteString(w, b.String())
	return err
}

// summary says what was looked at.
func (c verified) summary() string {
	text := fmt.Sprintf("%s (%d ended) and %s named by them, %s in all. Headers of %s seen.", number(c.Playlists, "playlist"), c.Ended,
		number(c.Files, "file"), humanize.IBytes(uint64(max(0, c.Bytes))), number(c.Headed, "object"))
	if c.Dir != "" {
		text += fmt.Sprintf(" Compared with the directory: %s, of %s every byte.", number(c.Sized, "object"), number(c.Summed, "object"))
	}
	if c.Elsewhere > 0 {
		text += fmt.Sprintf(" %s lead elsewhere.", number(c.Elsewhere, "name"))
	}
	if c.ForeignETags {
		text += " The ETags of this store are no MD5 sums."
	}
	return text
}

// verifyManual is the help of verify.
func verifyManual() string {
	return `hlsship verify - compare what is published with what players need and the directory holds

Usage:
  hlsship verify [flags of run] [--json] [--heads N] [DIR] s3://BUCKET[/PREFIX]
  hlsship verify [--json] [--heads N] --config FILE

It reads every playlist and manifest below the prefix and says which of the files that they name are
missing, empty, shorter than a range of them, or served with another Content-Type or Cache-Control than
hlsship sends. With DIR it compares sizes and bytes (ETag, or the checksum that the store keeps) of what
is still there, and names playlists that are newer on disk. It changes nothing, gets no object but
playlists, and may run beside "hlsship run": what was written within the last ten seconds it looks at
twice.

  --json                     print one JSON document instead of text
  --heads N                  of how many files the store is asked for the headers, one by one, as no
                             listing shows them; of more, evenly spread ones (default 20000)

Faults:
  missing                    a playlist names it, and the bucket does not hold it
  truncated, bytes, empty    it is shorter than the file on disk, has other bytes, has none
  range                      a playlist names bytes beyond its end
  stale, unpublished         the directory has a newer version of the playlist, the bucket has none
  header                     it has another Content-Type or Cache-Control
  malformed, unresolvable    the playlist cannot be read, or a name in it means no file
  duration, sequence         a segment is longer than EXT-X-TARGETDURATION, or its number is not that
                             on disk

Exit codes: 0 no faults; 1 faults, or the store does not answer; 2 wrong usage.
`
}

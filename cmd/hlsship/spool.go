package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/uploader/spool"
)

// waiting is a file in a spool, as it stands in the JSON document.
type waiting struct {
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Since time.Time `json:"since"`
	// Named says that a playlist names it, or that it is one, so that the next start ships it in any case.
	Named bool `json:"named"`
}

// spoolListing is what waits in the spool of one channel.
type spoolListing struct {
	Name  string    `json:"name,omitempty"`
	Dir   string    `json:"dir"`
	Spool string    `json:"spool"`
	Bytes int64     `json:"bytes"`
	Files []waiting `json:"files"`
}

// spoolListings is the JSON document.
type spoolListings struct {
	Version string         `json:"version"`
	Spools  []spoolListing `json:"spools"`
	now     time.Time
}

// spoolRows are the settings that say where a spool is.
func spoolRows() []setting {
	var rows []setting
	for _, row := range settings() {
		switch row.name {
		case nameSpoolDir, nameConfig:
			rows = append(rows, row)
		}
	}
	return rows
}

func (p program) spoolCommand() *cli.Command {
	flags := append(commandFlags(spoolRows()), &cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of text"})
	return &cli.Command{
		Name: "spool", Usage: "list what waits in a spool", HideHelpCommand: true, OnUsageError: refuse,
		CustomHelpTemplate: escape(spoolManual()), Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return usageError{errors.New("say what to do with the spool: hlsship spool ls")}
			}
			return usageError{fmt.Errorf("no command \"spool %s\"%s", shown(c.Args().First()), didYouMean(c.Args().First(), []string{"ls"}))}
		},
		Subcommands: []*cli.Command{{
			Name: "ls", Usage: "list what waits in a spool", HideHelpCommand: true, OnUsageError: refuse,
			Flags: flags, CustomHelpTemplate: escape(spoolManual()),
			Action: func(c *cli.Context) error {
				r := newReader(sourcesOf(c, p.environ))
				listings, err := r.spools()
				if err != nil {
					return err
				}
				listings.Version, listings.now = p.build.version, time.Now()
				return p.show(listings, c.Bool("json"), false)
			},
		}},
	}
}

// spools lists what waits in the spools of all channels.
func (r *reader) spools() (spoolListings, error) {
	for _, extra := range r.sources.extra {
		r.problem("argument %q is one too many: spool ls takes DIR", shown(extra))
	}
	if found := r.sources.line[nameDestination]; len(found.values) > 0 {
		r.problem("argument %q is one too many: spool ls takes DIR", shown(found.values[0]))
	}
	if r.unread {
		return spoolListings{}, usageError{errors.Join(r.problems...)}
	}
	entries := []map[string]raw{nil}
	if r.file.channels != nil {
		entries = nil
		for _, e := range r.file.channels {
			entries = append(entries, e.values)
		}
	}
	var all spoolListings
	for _, entry := range entries {
		r.entry = entry
		one := spoolListing{Name: r.name(), Dir: r.directory(), Files: []waiting{}}
		told := r.spool(one.Dir)
		var err error
		switch {
		case told.off || one.Dir == "":
		case told.dir == "" && spool.IsFolder(one.Dir):
			one.Spool, err = spool.Path(one.Dir, one.Dir)
		default:
			one.Spool, err = spool.Path(one.Dir, told.dir)
		}
		if err != nil {
			r.problem("%w", err)
		}
		all.Spools = append(all.Spools, one)
	}
	if err := errors.Join(r.problems...); err != nil {
		return all, usageError{err}
	}
	for i := range all.Spools {
		if err := all.Spools[i].read(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// read reads what is in the spool folder.
func (l *spoolListing) read() error {
	if l.Spool == "" {
		return nil
	}
	found, err := spool.Waiting(l.Spool)
	if err != nil {
		return err
	}
	for _, f := range found {
		l.Bytes += f.Size
		l.Files = append(l.Files, waiting{Path: f.Path, Bytes: f.Size, Since: f.Finished.UTC(), Named: f.Named})
	}
	return nil
}

// text writes the listings for people.
func (s spoolListings) text(w io.Writer, p sheet) error {
	var b strings.Builder
	for i, one := range s.Spools {
		if i > 0 {
			b.WriteByte('\n')
		}
		if one.Name != "" {
			b.WriteString(one.Name + ": ")
		}
		if one.Spool == "" {
			b.WriteString(one.Dir + " has no spool: --spool-dir is off\n")
			continue
		}
		b.WriteString(one.Spool + "\n\n")
		for _, f := range one.Files {
			fmt.Fprintf(&b, "  %10s  %s  %s", humanize.IBytes(uint64(f.Bytes)), f.Since.Local().Format("2006-01-02 15:04:05"), check.Legible(f.Path))
			if !f.Named {
				b.WriteString("  (no playlist names it)")
			}
			b.WriteByte('\n')
		}
		if len(one.Files) == 0 {
			b.WriteString("Nothing waits.\n")
			continue
		}
		wait := "wait"
		if len(one.Files) == 1 {
			wait = "waits"
		}
		b.WriteString("\n" + p.wrapped(fmt.Sprintf("%s of %s %s, the oldest is from %s. While hlsship does not run, the next start ships what playlists name.",
			number(len(one.Files), "file"), humanize.IBytes(uint64(one.Bytes)), wait, humanize.RelTime(one.Files[0].Since, s.now, "ago", "from now")), 0))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// spoolManual is the help of spool.
func spoolManual() string {
	var b strings.Builder
	b.WriteString(`hlsship spool - list what waits in a spool

Usage:
  hlsship spool ls [--json] [--spool-dir DIR] DIR
  hlsship spool ls [--json] --config FILE

It lists the files that hlsship keeps until they are stored: size, when the packager finished them, and
name, the oldest first. It reads nothing but the spool folder, so that it works while hlsship is stopped
and while it runs. DIR is the watched directory, or the spool folder itself. How often a file was tried
is in the log.

  --json                     print one JSON document instead of text
`)
	for _, s := range spoolRows() {
		b.WriteString(s.help())
	}
	b.WriteString(`
Exit codes: 0 it is listed, also if nothing waits; 1 the folder cannot be read; 2 wrong usage.
`)
	return b.String()
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/check"
)

// errFaults says that a command found faults, which it has printed.
var errFaults = errors.New("there are faults")

// setUp is one directory and its bucket, to be checked.
type setUp struct {
	name, dir, destination string
	config                 check.Config
}

// checked is a set-up with what was found, as it stands in the JSON document.
type checked struct {
	Name        string          `json:"name,omitempty"`
	Dir         string          `json:"dir"`
	Destination string          `json:"destination"`
	Findings    []check.Finding `json:"findings"`
}

// checkResult is the JSON document.
type checkResult struct {
	Version  string    `json:"version"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Channels []checked `json:"channels"`
}

func (p program) checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "say what would fail, why, and what to do", HideHelpCommand: true, OnUsageError: refuse,
		Flags: append(commandFlags(settings()),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of a table"},
			&cli.BoolFlag{Name: nameConfigOnly, Usage: "look at the settings alone, and at neither the directory nor the store"},
			&cli.BoolFlag{Name: nameStrict, Usage: "exit with 1 if there are warnings, too"}),
		CustomHelpTemplate: escape(checkManual()),
		Action: func(c *cli.Context) error {
			conf, err := load(sourcesOf(c, p.environ))
			if err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			look := check.Run
			if c.Bool(nameConfigOnly) {
				look = settingsAlone
			}
			result, err := checkAll(ctx, conf, p.build.version, look)
			if err != nil {
				return err
			}
			return p.show(result, c.Bool("json"), result.Errors > 0 || c.Bool(nameStrict) && result.Warnings > 0)
		},
	}
}

// The flags of check that are no settings.
const (
	nameConfigOnly = "config-only"
	nameStrict     = "warnings-as-errors"
)

// settingsAlone stands for check.Run where only the settings are to be looked at, which load has done.
func settingsAlone(_ context.Context, c check.Config) []check.Finding {
	found := "the settings can be used"
	if at, err := c.Store.URL(); err == nil {
		found += ": the store is asked at " + at.String()
	}
	return []check.Finding{{ID: "settings", Found: found}}
}

// checkAll looks at all channels at once, as they would be shipped. The error says that somebody interrupted it.
func checkAll(ctx context.Context, conf config, version string, look func(context.Context, check.Config) []check.Finding) (checkResult, error) {
	all := conf.setUps(version)
	result := checkResult{Version: version, Channels: make([]checked, len(all))}
	var looking group
	for i, one := range all {
		looking.start("check "+one.dir, nil, func() error {
			result.Channels[i] = checked{one.name, one.dir, one.destination, look(ctx, one.config)}
			return nil
		})
	}
	if err := looking.wait(); err != nil {
		return checkResult{}, err
	}
	if ctx.Err() != nil {
		return checkResult{}, errors.New("the check was interrupted")
	}
	for _, one := range result.Channels {
		conf.keysOfService(one.Findings, serviceKeys)
	}
	result.Channels[0].Findings = append(conf.remarks(), result.Channels[0].Findings...)
	for _, c := range result.Channels {
		for _, f := range c.Findings {
			switch f.Level {
			case check.OK, check.Note:
			case check.Warning:
				result.Warnings++
			case check.Error:
				result.Errors++
			}
		}
	}
	return result, nil
}

// result is what a command found out, which encoding/json can write.
type result interface {
	// text writes it for people.
	text(w io.Writer, p sheet) error
}

// show prints what was found, as one JSON document or for people. The error says that there are faults.
func (p program) show(r result, asJSON, faults bool) error {
	write := func() error { return r.text(p.stdout, sheetOf(p.stdout, p.environ)) }
	if asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		write = func() error { return e.Encode(r) }
	}
	if err := write(); err != nil {
		return fmt.Errorf("write what was found: %w", err)
	}
	if faults {
		return errFaults
	}
	return nil
}

// text writes the result for people, in columns, what matters most first.
func (r checkResult) text(w io.Writer, p sheet) error {
	const level, id = 9, 24
	var b strings.Builder
	for _, c := range r.Channels {
		if c.Name != "" {
			b.WriteString(c.Name + ": ")
		}
		b.WriteString(c.Dir + " to " + c.Destination + "\n\n")
		sorted := slices.Clone(c.Findings)
		slices.SortStableFunc(sorted, func(a, b check.Finding) int { return cmp.Compare(b.Level, a.Level) })
		for _, f := range sorted {
			texts := []string{f.Found}
			cure, command, typed := strings.Cut(f.Cure, "\n")
			if cure != "" {
				texts = append(texts, "→ "+cure)
			}
			b.WriteString(p.entry(f.Level.String(), colourOf(f.Level), level, f.ID, id, texts...))
			if typed { // it is to be pasted, and so in one line
				b.WriteString("\n" + command + "\n\n")
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s, %s.\n", number(r.Errors, "error"), number(r.Warnings, "warning"))
	_, err := io.WriteString(w, b.String())
	return err
}

// colourOf is the colour of a level.
func colourOf(l check.Level) colour {
	switch l {
	case check.Error:
		return red
	case check.Warning:
		return yellow
	case check.OK:
		return green
	case check.Note:
	}
	return ""
}

// number returns "no errors", "1 error" or "2 errors".
func number(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return humanize.Comma(int64(n)) + " " + what + "s"
}

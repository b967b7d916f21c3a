package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// newLogger returns the logger that everything else is given.
func newLogger(w io.Writer, level slog.Leveler, json bool) *slog.Logger { //nolint:misspell // the name of the interface
	return slog.New(newHandler(w, &slog.HandlerOptions{Level: level}, json))
}

// newJournalLogger is newLogger for systemd's journal: every line begins with its level in the notation of
// sd-daemon(3), so that "journalctl -p warning" knows it, and has no time, which the journal keeps itself.
func newJournalLogger(w io.Writer, level slog.Leveler, json bool) *slog.Logger { //nolint:misspell // the name of the interface
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	var one sync.Mutex
	var all byLevel
	for i, prefix := range []string{"<7>", "<6>", "<4>", "<3>"} {
		all[i] = newHandler(&prefixed{prefix: prefix, one: &one, out: w}, options, json)
	}
	return slog.New(all)
}

func newHandler(w io.Writer, options *slog.HandlerOptions, json bool) slog.Handler {
	o, before := *options, options.ReplaceAttr
	o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if before != nil {
			a = before(groups, a)
		}
		return legible(a, json)
	}
	if json {
		return slog.NewJSONHandler(w, &o)
	}
	return slog.NewTextHandler(w, &o)
}

// legible writes a duration as a person does, to a tenth of a millisecond; in JSON it is seconds, which its key says.
func legible(a slog.Attr, json bool) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	d := a.Value.Duration()
	if d > time.Millisecond {
		d = d.Round(100 * time.Microsecond)
	}
	if json {
		return slog.Float64(a.Key+"_seconds", d.Seconds())
	}
	return slog.Duration(a.Key, d)
}

// byLevel are the handlers of debug, info, warn and error.
type byLevel [4]slog.Handler

// at returns the handler of a level; what lies between two belongs to the lower one.
func (b byLevel) at(l slog.Level) slog.Handler {
	return b[min(max(0, int(l-slog.LevelDebug)/4), len(b)-1)]
}

// Enabled is a method of slog.Handler, as are those that follow.
func (b byLevel) Enabled(ctx context.Context, l slog.Level) bool { return b.at(l).Enabled(ctx, l) }

func (b byLevel) Handle(ctx context.Context, r slog.Record) error {
	return b.at(r.Level).Handle(ctx, r)
}

func (b byLevel) WithAttrs(attrs []slog.Attr) slog.Handler {
	for i := range b {
		b[i] = b[i].WithAttrs(attrs)
	}
	return b
}

func (b byLevel) WithGroup(name string) slog.Handler {
	for i := range b {
		b[i] = b[i].WithGroup(name)
	}
	return b
}

// prefixed writes lines with a prefix, each in one Write.
type prefixed struct {
	prefix string
	one    *sync.Mutex
	out    io.Writer
}

// Write writes p, which is one or several whole lines.
func (w *prefixed) Write(p []byte) (int, error) {
	lines := bytes.ReplaceAll(bytes.TrimSuffix(p, []byte("\n")), []byte("\n"), []byte("\n"+w.prefix))
	w.one.Lock()
	defer w.one.Unlock()
	if _, err := w.out.Write(append(append([]byte(w.prefix), lines...), '\n')); err != nil {
		return 0, err
	}
	return len(p), nil
}

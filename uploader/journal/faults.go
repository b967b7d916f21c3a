package journal

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/health"
)

// A fault is told once when it begins, once a minute while it lasts, and when it ends, at the level at which it began. One of many
// streams is one line.

// fault is what the log knows of a fault that lasts. The zero fault is none.
type fault struct {
	level slog.Level
	since time.Time // zero for none
	told  time.Time
}

// begin notes that the log was told of it.
func (f *fault) begin(level slog.Level, now time.Time) {
	if f.since.IsZero() {
		f.level, f.since = level, now
	}
	f.told = now
}

// due reports whether the log is to be told that it lasts.
func (f *fault) due(now time.Time) bool {
	if f.since.IsZero() || now.Sub(f.told) < time.Minute {
		return false
	}
	f.told = now
	return true
}

// end notes that it is over, and returns how long it lasted. ok is false if the log was not told of it.
func (f *fault) end(now time.Time) (lasted time.Duration, level slog.Level, ok bool) {
	lasted, level, ok = now.Sub(f.since), f.level, !f.since.IsZero()
	f.since = time.Time{}
	return lasted.Round(time.Second), level, ok
}

// say logs at the level of a fault.
func (g *Journal) say(level slog.Level, msg string, args ...any) {
	if level >= slog.LevelError {
		g.log.Error(msg, args...)
	} else {
		g.log.Warn(msg, args...)
	}
}

// waits says in attributes what waits for the store, and how long that can go on.
func (g *Journal) waits() []any {
	args := []any{"files", g.queued[1], "bytes", g.queued[2]}
	if left, ok := g.reserved.Left(); ok {
		args = append(args, "outage_may_last", left.Round(time.Second))
	}
	return args
}

// tellStore tells how the store does, if that changed.
func (g *Journal) tellStore(c health.Change, now time.Time) {
	if c.Store == g.store {
		return
	}
	was := g.store.State
	g.store = c.Store
	g.obs.Store(c.Store)
	if s := c.Store; s.State.Fault() {
		if was.Fault() && was != s.State && !g.away.since.IsZero() && g.due("state "+string(s.State), now) {
			g.away.told = now
			if level, tell := g.outage.becomes(s.State, now); tell {
				g.say(level, "store has another fault now", append([]any{"state", string(s.State), "err", s.Error, "cure", s.Cure}, g.outage.waits(g.outage.failing())...)...)
			}
		}
		return
	}
	clear(g.causes)
	if _, _, ok := g.away.end(now); ok {
		if over := g.outage.end(g, c.Failures, now); over.tell {
			g.over(over)
		}
	}
}

// over tells that a fault of the store is over.
func (g *Journal) over(o over) {
	g.say(o.level, "store answers again", append([]any{"lasted", o.lasted, "failed_requests", o.failed}, g.outage.waits(o.channels)...)...)
}

// lasts tells that the store is still in its fault, if it is.
func (g *Journal) lasts(now time.Time) {
	if !g.away.due(now) {
		return
	}
	if since, level, tell := g.outage.due(now); tell {
		g.say(level, "store is still "+string(g.store.State), append([]any{
			"for", now.Sub(since).Round(time.Second), "tries", g.store.Tries, "err", g.store.Error, "cure", g.store.Cure,
		}, g.outage.waits(g.outage.failing())...)...)
	}
}

// late are the streams in a state that is a fault, and what the log knows of it.
type late struct {
	fault
	streams map[string]state.Stream
}

// note notes how a stream does, of which those in that state are kept.
func (l *late) note(s state.Stream, of state.OfStream) {
	if s.State != of {
		delete(l.streams, s.Name)
		return
	}
	if l.streams == nil {
		l.streams = map[string]state.Stream{}
	}
	l.streams[s.Name] = s
}

// lateStreams tells of streams that are behind or stalled. That they are behind an out of reach store, or while the start compares, is
// told elsewhere; they may be so for a moment before that is known, and until the backlog is shipped.
func (g *Journal) lateStreams(now time.Time) {
	if g.store.State.Fault() || !g.start.Over {
		g.able = now
	} else {
		g.late(&g.behind, now, g.able, g.config.HoldWarn, "streams are behind", "streams are behind no more",
			"see whether the uplink carries the bitrate, and whether --uplink-limit is too low")
	}
	g.late(&g.stalled, now, time.Time{}, 0, "streams are stalled: no new playlist, and no ENDLIST", "streams are stalled no more", "see whether the packager runs")
}

// late tells of one such state that has lasted for at least after, and for as long since able.
func (g *Journal) late(l *late, now, able time.Time, after time.Duration, begins, ends, cure string) {
	n := len(l.streams)
	if n == 0 {
		if lasted, level, ok := l.end(now); ok {
			g.say(level, ends, "lasted", lasted)
		}
		return
	}
	if !l.since.IsZero() && !l.due(now) || now.Sub(able) < after {
		return
	}
	names := slices.Sorted(maps.Keys(l.streams))
	oldest := l.streams[names[0]]
	for _, s := range l.streams {
		if s.Since.Before(oldest.Since) {
			oldest = s
		}
	}
	if now.Sub(oldest.Since) < after {
		return
	}
	l.begin(slog.LevelWarn, now)
	args := []any{"streams", n, "stream", oldest.Name, "playlist", oldest.Playlist, "for", now.Sub(oldest.Since).Round(time.Second)}
	if n > 1 {
		args = append(args, "also", strings.Join(slices.DeleteFunc(names, func(s string) bool { return s == oldest.Name })[:min(n-1, few)], ", "))
	}
	g.say(l.level, begins, append(append(args, g.waits()...), "cure", cure)...)
}

// few is how many names stand in a line.
const few = 5

// progressEvery is how often the log is told how far the start is.
const progressEvery = 10 * time.Second

// progress tells how far a start is that takes its time, every now and then, and when it is over.
func (g *Journal) progress(now time.Time) {
	switch s := g.start; {
	case s.Over:
		if !g.began.IsZero() {
			g.log.Info("start is over: all files that were found are in the store", "files", s.All)
			g.began = time.Time{}
		}
	case s.Compared < s.All && !g.store.State.Fault() && now.Sub(g.began) >= progressEvery:
		g.began = now
		args := []any{"compared", s.Compared, "files", s.All}
		if _, left := g.left.Look(s.All-s.Compared, now); left != nil {
			args = append(args, "done_in", left.Duration().Round(time.Second))
		}
		g.log.Info("start: files that were found are compared with the store", args...)
	}
}

// file tells of a file, which is no news.
func (g *Journal) file(ctx context.Context, msg string, args ...any) {
	if g.config.Quiet || !g.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	line := slog.NewRecord(time.Now(), slog.LevelInfo, msg, 0) // Logger.Info would look for the line of the source, which costs a third
	line.Add(args...)
	_ = g.log.Handler().Handle(ctx, line) // as Logger.Info ignores it
}

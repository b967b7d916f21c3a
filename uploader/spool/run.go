package spool

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"time"
)

// The times of Run.
const (
	// tick is how often Run looks at what there is to do.
	tick = time.Second
	// durableAfter is the age at which a pin is flushed to the disk. Most are released by then.
	durableAfter = time.Second
	// pinAfter is for how long a finished file is held open alone. Most are stored by then.
	pinAfter = time.Second
	// idleAfter is for how long an empty folder is left alone, since the next segment will need it.
	idleAfter = time.Minute
)

// Run copies files that are held open for more than a second, flushes pins that are older than that to the disk, moves
// those that Keep could not, removes empty folders, opens the spool folder again when it was moved or removed, and then
// calls Config.Late, and tells the Observer of the usage. It returns nil when ctx is done, after the copy or flush of one
// file that may be under way. It may be called once, before Close. Without it everything else works, but for a loss of
// power and a kill while files are held.
func (s *Spool) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	u := usage{files: -1}
	s.serve(ctx, &u)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.serve(ctx, &u)
		case <-s.alarm.C:
			s.rings(ctx)
		}
	}
}

// rings puts into the spool folder what has waited for long enough, and has the alarm set for the next that waits.
func (s *Spool) rings(ctx context.Context) {
	s.mu.Lock()
	s.armed = false
	s.mu.Unlock()
	next := s.secure(ctx.Done(), s.sys.now().Add(-pinAfter))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !next.IsZero() && !s.armed {
		s.armed = true
		s.alarm.Reset(next.Add(pinAfter).Sub(s.sys.now()))
	}
}

// usage is what the Observer was told.
type usage struct {
	files int
	bytes int64
}

// serve is one round of Run.
func (s *Spool) serve(ctx context.Context, told *usage) {
	s.renew(ctx)
	s.stillRuns()
	s.keepAgain()
	s.secure(ctx.Done(), s.sys.now().Add(-pinAfter))
	s.flush(ctx)
	if s.notes != nil {
		s.notes.write()
	}
	if s.tapes != nil {
		s.tapes.write()
	}
	s.removeIdle()
	if files, bytes := s.Used(); *told != (usage{files, bytes}) {
		*told = usage{files, bytes}
		s.config.Observer.Usage(files, bytes)
	}
}

// list returns the entries that there are.
func (s *Spool) list() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*entry, 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, e)
	}
	return all
}

// keepAgain moves the pins that Keep could not move.
func (s *Spool) keepAgain() {
	for _, e := range s.list() {
		e.mu.Lock()
		s.keep(e)
		e.mu.Unlock()
	}
}

// flush makes durable what is old enough: first the bytes of all, then the folders that name them.
func (s *Spool) flush(ctx context.Context) {
	var done []flushed
	limit := s.sys.now().Add(-durableAfter)
	for _, e := range s.list() {
		if ctx.Err() != nil {
			break
		}
		if d, ok := s.flushBytes(e, limit); ok {
			done = append(done, d)
		}
	}
	seen := map[*base]map[string]bool{}
	for _, d := range done {
		if seen[d.base] == nil {
			seen[d.base] = map[string]bool{}
		}
		if err := d.base.sync(path.Dir(d.where), seen[d.base], s.sys.sync); err != nil {
			s.tell(0, "unflushed", d.where, err)
		}
		d.entry.mu.Lock()
		if d.entry.base == d.base && d.entry.where() == d.where {
			d.entry.recorded = true
		}
		d.entry.mu.Unlock()
	}
}

// flushed is a pin whose bytes are on the disk.
type flushed struct {
	entry *entry
	base  *base
	where string
}

// flushBytes makes the bytes of e durable if it was pinned before limit, and reports whether its folder
// is to follow. An error is told once: nothing can be done, and Open finds out what the disk lost.
func (s *Spool) flushBytes(e *entry, limit time.Time) (flushed, bool) {
	e.mu.Lock()
	d := flushed{entry: e, base: e.base, where: e.where()}
	if e.base == nil || e.recorded || e.since.After(limit) {
		e.mu.Unlock()
		return d, false
	}
	if e.durable {
		e.mu.Unlock()
		return d, true
	}
	file, err := e.open()
	e.mu.Unlock()
	if err == nil {
		err = s.sys.sync(file)
		_ = file.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.tell(0, "unflushed", d.where, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.durable = true
	return d, true
}

// removeIdle removes folders that were empty for a while, and those above them that are empty then.
func (s *Spool) removeIdle() {
	s.mu.Lock()
	b := s.base
	var old []string
	limit := s.sys.now().Add(-idleAfter)
	for folder, since := range s.idle {
		if since.Before(limit) {
			old = append(old, folder)
			delete(s.idle, folder)
		}
	}
	s.mu.Unlock()
	for _, folder := range old {
		for b != nil && path.Dir(folder) != "." { // the two at the top stay
			if _, err := b.step(folder, false); err != nil || b.root.Remove(filepath.FromSlash(folder)) != nil {
				break // it is foreign, or something lies in it
			}
			folder = path.Dir(folder)
		}
	}
}

// tell tells the log once how the files of a file system are pinned, or why they are not.
func (s *Spool) tell(device uint64, how, name string, err error) {
	w := way{device: device, name: how}
	advice := ""
	if err != nil {
		advice = cure(err)
		w.name += ": " + advice
	}
	s.mu.Lock()
	known := s.told[w]
	s.told[w] = true
	s.mu.Unlock()
	switch {
	case known:
	case how == "unflushed":
		s.config.Logger.Warn("spool cannot be flushed to the disk; a loss of power may cost pinned files", "path", name, "err", err, "cure", advice)
	case how == "unnamed":
		s.config.Logger.Warn("files of this folder cannot be kept as named ones; after a restart they are shipped only if a playlist names them",
			"path", name, "err", err, "cure", advice)
	case how == "postponed":
		s.config.Logger.Info("finished files are held open, and copied if they wait for more than a second",
			"path", name, "spool", s.folder, "err", err, "cure", advice)
	case err != nil:
		s.config.Logger.Warn("finished files are held open only; what the packager removes does not survive a restart",
			"path", name, "err", err, "cure", advice)
	default:
		s.config.Logger.Info("finished files are pinned", "way", how, "spool", s.folder)
	}
}

// trouble deals with a spool folder that cannot be used: for a while nothing is pinned. The log is told
// once, until it works again, and once more if it is foreign, which waiting does not mend. That it was taken away is for
// renew to tell.
func (s *Spool) trouble(op, name string, err error) {
	level := slog.LevelWarn
	if isForeign(err) {
		level = slog.LevelError
	}
	taken := level < slog.LevelError && s.isTaken()
	s.mu.Lock()
	s.retry = s.sys.now().Add(pause)
	known := taken || s.warned >= level
	if !taken {
		s.warned = max(s.warned, level)
	}
	s.mu.Unlock()
	about := []any{"op", op, "path", name, "spool", s.folder, "err", err, "cure", cure(err), "retry_in", pause}
	switch {
	case known:
	case level == slog.LevelError:
		s.config.Logger.Error("spool folder is not hlsship's own and is left alone; finished files are held open only and do not survive a restart", about...)
	default:
		s.config.Logger.Warn("spool cannot be used; finished files are held open only and do not survive a restart", about...)
	}
}

func (s *Spool) hasNoReflinks(device uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plain[device]
}

func (s *Spool) noteNoReflinks(device uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain[device] = true
}

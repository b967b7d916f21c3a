package spool

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
)

const (
	// began is the file in the spool folder that says when a run began. Its modification time says when that
	// was still going on.
	began = "began"
	// aliveEvery is how often Run says so, goneAfter when a run has ended that did not say so any more: time for
	// a machine to start.
	aliveEvery = 10 * time.Second
	goneAfter  = 5 * time.Minute
)

// Resume returns when the run began that this process goes on with: the time in the spool folder if the process
// before was cut off, which is to say that it did not call End, and either left files or used the spool within the
// last five minutes; else now, which is remembered. If the folder cannot be used, it is now. Times are of one
// second. Call it once, before Run.
func (s *Spool) Resume(now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = now.UTC().Truncate(time.Second)
	if s.base == nil {
		return now
	}
	if at, alive, err := s.base.readBegan(); err == nil && (len(s.recovered) > 0 || s.sys.now().Sub(alive) < goneAfter) {
		now = at
	}
	if err := s.base.writeBegan(now); err != nil {
		s.config.Logger.Warn("it cannot be remembered when the run began; if hlsship is killed, another one begins", "spool", s.folder, "err", err)
	}
	s.run = now
	return now
}

// End forgets when the run began: everything of it is stored, and the next one is another. Call it after Run.
func (s *Spool) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base != nil && !s.run.IsZero() {
		_ = s.base.root.Remove(began) // else it counts as cut off
	}
}

// stillRuns says that the run goes on.
func (s *Spool) stillRuns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.sys.now()
	if s.base == nil || s.run.IsZero() || now.Sub(s.said) < aliveEvery {
		return
	}
	s.said = now
	if err := s.base.root.Chtimes(began, now, now); errors.Is(err, fs.ErrNotExist) {
		_ = s.base.writeBegan(s.run) // Resume warned of what is in the way
	}
}

func (b *base) readBegan() (at, alive time.Time, err error) {
	f, err := b.root.Open(began)
	if err != nil {
		return at, alive, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	fi, err := f.Stat()
	if err != nil {
		return at, alive, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 100))
	if err != nil {
		return at, alive, err
	}
	at, err = time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	return at.UTC(), fi.ModTime(), err
}

func (b *base) writeBegan(at time.Time) error {
	return b.root.WriteFile(began, []byte(at.Format(time.RFC3339)+"\n"), 0o600)
}

package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	// clockSlack is by how much clocks may disagree, as after a step or on a file system with times of its own.
	clockSlack = time.Minute
)

// Resume returns when the run began that this process goes on with: the time in the spool folder if the process
// before was cut off, that is, it did not call End and either left files or used the spool within the
// last five minutes; else now, which is remembered. If the folder cannot be used, or what it says cannot be, it is now. Times
// are of one second. Call it once, before Run.
func (s *Spool) Resume(now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = now.UTC().Truncate(time.Second)
	if s.base == nil {
		return s.run // renew remembers it
	}
	at, alive, err := s.base.readBegan()
	if err == nil {
		err = plausible(at, alive, s.sys.now())
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		s.config.Logger.Warn("it is not believed when the run began that was cut off; another one begins", "spool", s.folder,
			"err", err, "cure", "see that the clock is right and that only hlsship writes to the spool folder")
	case len(s.recovered) > 0 || s.sys.now().Sub(alive) < goneAfter:
		s.run = at
	}
	if err := s.base.writeBegan(s.run); err != nil {
		s.config.Logger.Warn("it cannot be remembered when the run began; if hlsship is killed, another one begins", "spool", s.folder,
			"err", err, "cure", cure(err))
	}
	return s.run
}

// plausible says why a run cannot have begun at that time and been alive at the other.
func plausible(at, alive, now time.Time) error {
	switch {
	case at.After(now.Add(clockSlack)):
		return fmt.Errorf("%s has not come yet", at.Format(time.RFC3339))
	case alive.After(now.Add(clockSlack)):
		return fmt.Errorf("it was written at %s, which has not come yet", alive.UTC().Format(time.RFC3339))
	case at.After(alive.Add(clockSlack)):
		return fmt.Errorf("it was written at %s and says %s", alive.UTC().Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return nil
}

// End forgets when the run began: everything of it is stored, and the next one is another. Call it after Run.
func (s *Spool) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base == nil || s.run.IsZero() {
		return
	}
	if _, err := s.base.own(began); err == nil {
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
	switch _, err := s.base.own(began); {
	case err == nil:
		_ = s.base.root.Chtimes(began, now, now)
	case errors.Is(err, fs.ErrNotExist):
		_ = s.base.writeBegan(s.run) // Resume warned of what is in the way
	}
}

func (b *base) readBegan() (at, alive time.Time, err error) {
	f, err := b.file(began, os.O_RDONLY)
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
	f, err := b.file(began, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteString(at.Format(time.RFC3339) + "\n")
	}
	return errors.Join(err, f.Close())
}

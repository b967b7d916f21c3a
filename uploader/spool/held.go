package spool

import (
	"container/list"
	"os"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// use says what the open file of an entry is for.
type use uint8

const (
	// unused: it is not open.
	unused use = iota
	// waits: it was just finished and is not in the spool folder yet, since most files are stored within a second.
	waits
	// copies: it cannot be linked, and is to be copied.
	copies
	// spare: it has a pin, or has other bytes by now, so that it may be closed.
	spare
	useCount
)

// outside reports whether the open file is all that there is of a pin.
func (u use) outside() bool { return u == waits || u == copies }

// hands are the entries whose file is open, those of each use in the order in which they got it. They are guarded by the mu of the
// Spool.
type hands [useCount]list.List

// count returns how many files are open.
func (h *hands) count() int { return h[waits].Len() + h[copies].Len() + h[spare].Len() }

// move gives the open file of e another use. The caller holds the mu of e.
func (s *Spool) move(e *entry, to use) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.place != nil {
		s.hands[e.use].Remove(e.place)
		e.place = nil
	}
	if e.use = to; to != unused {
		e.place = s.hands[to].PushBack(e)
	}
	if to == waits && !s.armed {
		s.armed = true
		s.alarm.Reset(pinAfter)
	}
}

// let closes the file of e, which its readers go on with. The caller holds the mu of e.
func (s *Spool) let(e *entry) {
	s.move(e, unused)
	if e.file != nil {
		e.file.Leave()
		e.file = nil
	}
}

// first returns the entry that has a use of its file for longest, nil if there is none.
func (s *Spool) first(u use) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.hands[u].Front(); at != nil {
		return at.Value.(*entry)
	}
	return nil
}

// open returns how many files are kept open.
func (s *Spool) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hands.count()
}

// makeRoom has room for one more open file, for which those go that were finished first. It reports whether there is. The caller
// holds the mu of no entry.
func (s *Spool) makeRoom() bool {
	for s.open() >= s.config.Hold {
		if !s.LetGo() {
			return false
		}
	}
	return true
}

// LetGo closes a file that is kept open, and reports whether there was one: the one that has a pin for longest or, if none has one,
// the one that was finished first, which gets it now. It is for who is short of descriptors, and may be called from any goroutine.
func (s *Spool) LetGo() bool {
	for !s.closeSpare() {
		before := s.open()
		if _, ok := s.pinFirst(s.sys.now()); !ok {
			return false
		}
		if s.open() < before { // its pin is a copy
			return true
		}
	}
	return true
}

// closeSpare closes the file that has a pin for longest.
func (s *Spool) closeSpare() bool {
	for {
		e := s.first(spare)
		if e == nil {
			return false
		}
		e.mu.Lock()
		mine := e.use == spare // else somebody was faster
		if mine {
			s.let(e)
		}
		e.mu.Unlock()
		if mine {
			return true
		}
	}
}

// hold keeps file open for e. The caller holds the mu of e.
func (s *Spool) hold(e *entry, file *os.File, u use) {
	s.let(e)
	e.file = openfile.Share(file)
	s.move(e, u)
}

// wait has e, whose bytes are those of v, wait for its pin with file held open. The caller holds the mu of e.
func (s *Spool) wait(e *entry, file *os.File, v hls.Version) {
	e.own, e.way, e.named, e.since = v, hls.PinnedOpen, false, s.sys.now()
	s.hold(e, file, waits)
}

// rest notes that e can only be copied, after err, with which its pin failed. The caller holds the mu of e.
func (s *Spool) rest(e *entry, err error) {
	s.config.Observer.Pinned(hls.PinnedOpen)
	if !isForeign(err) { // of which the copy tells
		s.tell(e.own.Device, "postponed", e.path, err)
	}
}

// usable returns the spool folder, nil while there is none to put anything in.
func (s *Spool) usable() *base {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.sys.now().Before(s.retry) {
		return nil
	}
	return s.base
}

// secure puts into the spool folder what has waited since before limit, until done is closed; it may be nil. It returns when the next
// one was finished that waits; zero if none does, or none can be put there.
func (s *Spool) secure(done <-chan struct{}, limit time.Time) (next time.Time) {
	for ok := true; ok; {
		select {
		case <-done:
			return time.Time{}
		default:
		}
		next, ok = s.pinFirst(limit)
	}
	s.copyDue(done, limit)
	return next
}

// pinFirst gives its pin to the file that was finished first of those that wait, if it was before limit. It reports whether to go on
// with the next one, and when that was finished if it is too early.
func (s *Spool) pinFirst(limit time.Time) (next time.Time, ok bool) {
	e, b := s.first(waits), s.usable()
	if e == nil || b == nil {
		return time.Time{}, false
	}
	e.mu.Lock()
	switch {
	case e.use != waits: // somebody was faster
		e.mu.Unlock()
		return time.Time{}, true
	case e.since.After(limit):
		defer e.mu.Unlock()
		return e.since, false
	}
	err := s.pinWaiting(e, b)
	e.mu.Unlock()
	switch {
	case err == nil:
		return time.Time{}, true
	case tooManyFiles(err) && s.closeSpare():
		return time.Time{}, true // it is still the first
	}
	s.trouble("pin", e.path, err)
	return time.Time{}, false
}

// pinWaiting gives e, which waits, its pin, or another use if there can be none. The error is that of the spool folder, and leaves
// it as it is. The caller holds the mu of e.
func (s *Spool) pinWaiting(e *entry, b *base) error {
	v := e.own
	err := s.lay(e, b, original{file: e.file.File, dir: s.config.Dir, path: e.path, Version: v}, false)
	now, gone := openfile.Version(e.file.File)
	switch {
	case err == nil && e.own == v:
		s.move(e, spare)
	case err == nil: // the pin is another file, which its readers take from now on
		s.let(e)
	case !onlyThisFile(err):
		return err
	case gone != nil || now != v: // whoever opens it finds out
		s.move(e, spare)
	default:
		s.move(e, copies)
		s.rest(e, err)
	}
	return nil
}

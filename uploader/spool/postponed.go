package spool

import (
	"errors"
	"os"
	"path"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// postpone has e held open, and copied by Run if it is not released soon, since the other ways failed with err: most
// files are stored within a second, so that a copy in Pin would mostly be in vain. It reports whether that will do. The
// caller holds the mu of e.
func (s *Spool) postpone(e *entry, v hls.Version, err error) bool {
	if !onlyThisFile(err) || errors.Is(err, errChanged) || isForeign(err) {
		return false
	}
	s.mu.Lock()
	full := s.postponed.Len() >= s.config.Hold
	if !full {
		e.postponed = s.postponed.PushBack(e)
	}
	s.mu.Unlock()
	if full {
		return false
	}
	e.way, e.own, e.since = hls.PinnedOpen, v, s.sys.now()
	s.config.Observer.Pinned(hls.PinnedOpen)
	s.tell(v.Device, "postponed", e.path, err)
	return true
}

// done notes that e is copied or need not be. The caller holds the mu of e.
func (s *Spool) done(e *entry) {
	if e.postponed == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.postponed.Remove(e.postponed)
	e.postponed = nil
}

// copyPostponed copies the files that were held open since before limit, until done is closed; it may be nil.
func (s *Spool) copyPostponed(done <-chan struct{}, limit time.Time) {
	s.mu.Lock()
	b := s.base
	if s.closed || s.sys.now().Before(s.retry) {
		b = nil
	}
	var all []*entry
	for at := s.postponed.Front(); at != nil && b != nil; at = at.Next() {
		all = append(all, at.Value.(*entry))
	}
	s.mu.Unlock()
	for _, e := range all {
		select {
		case <-done:
			return
		default:
		}
		switch err := s.copyOne(e, b, limit); {
		case isForeign(err):
			s.tell(0, hls.PinnedOpen, e.path, err)
		case err != nil && !onlyThisFile(err):
			s.trouble("copy", e.path, err)
			return
		}
	}
}

// errTooLarge says that a copy would take what other files need.
var errTooLarge = errors.New("a copy would take more than half of the room on the spool's disk")

// copyOne copies e if it has waited since before limit. The bytes are copied without its lock, as others wait for that.
func (s *Spool) copyOne(e *entry, b *base, limit time.Time) error {
	e.mu.Lock()
	if e.postponed == nil || e.since.After(limit) {
		e.mu.Unlock()
		return nil
	}
	file := e.file
	file.Join()
	o := original{file: file.File, dir: s.config.Dir, path: e.path, Version: e.own, needed: func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.postponed != nil
	}}
	e.named = e.keep
	to := path.Dir(e.where())
	e.mu.Unlock()

	var from string
	var own hls.Version
	err := b.inFolder(to, func(*os.File) error { return nil }) // a copy for a foreign folder would be in vain
	if err == nil {
		if room, ok := s.sys.room(s.folder); ok && o.Size > max(room/2, copyStep) { // a sparse file takes none until it is copied
			err = errTooLarge
		} else {
			from, own, err = s.makeCopy(b, o, s.sys.copy)
		}
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	file.Leave()
	if err != nil {
		e.since = s.sys.now().Add(pause)
		return err
	}
	if e.postponed == nil || e.own != o.Version { // released or touched meanwhile
		_ = b.root.Remove(from) // what stays is removed by the next Open
		return nil
	}
	e.named = e.keep
	if err := b.place(from, e.where()); err != nil {
		e.since = s.sys.now().Add(pause)
		return err
	}
	s.laid(e, b, own, hls.PinnedByCopy)
	s.done(e)
	e.file.Leave() // readers that have it open go on with it
	e.file = nil
	return nil
}

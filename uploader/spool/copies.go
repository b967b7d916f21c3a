package spool

import (
	"errors"
	"os"
	"path"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// copyDue copies the files that can only be copied and were held open since before limit, until done is closed; it may be nil.
func (s *Spool) copyDue(done <-chan struct{}, limit time.Time) {
	b := s.usable()
	if b == nil {
		return
	}
	var all []*entry
	s.mu.Lock()
	for at := s.hands[copies].Front(); at != nil; at = at.Next() {
		all = append(all, at.Value.(*entry))
	}
	s.mu.Unlock()
	for _, e := range all {
		select {
		case <-done:
			return
		default:
		}
		if err := s.copyOne(e, b, limit); err != nil && !onlyThisFile(err) {
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
	if e.use != copies || e.since.After(limit) {
		e.mu.Unlock()
		return nil
	}
	file := e.file
	file.Join()
	o := original{file: file.File, dir: s.config.Dir, path: e.path, Version: e.own, needed: func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.use == copies
	}}
	e.aim()
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
		if isForeign(err) {
			s.tell(e.own.Device, hls.PinnedOpen, e.path, err)
		}
		return err
	}
	if e.use != copies || e.own != o.Version { // released or touched meanwhile
		_ = b.root.Remove(from) // what stays is removed by the next Open
		return nil
	}
	e.aim()
	if err := b.place(from, e.where()); err != nil {
		e.since = s.sys.now().Add(pause)
		return err
	}
	s.laid(e, b, own, hls.PinnedByCopy)
	s.let(e)
	return nil
}

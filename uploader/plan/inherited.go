package plan

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// The newest version of each playlist is kept for the next process until it is published, as its packager may delete
// it: liquidsoap does so when it stops, nginx-rtmp's cleaner and Ant Media soon after. What a process left in this way
// counts only where the directory has no version of its own, which is as new or newer, and where the store has
// none that is newer.

// origin is where a version of a playlist comes from. This file alone writes it.
type origin uint8

const (
	seen          origin = iota // it was finished under the eyes of this process
	atRest                      // it lay in the directory
	inherited                   // an earlier process kept it, and it is not known to be in the directory
	inheritedLate               // so, and it turned up when this process was at work
)

// originOf returns where f comes from.
func originOf(f *hls.File) origin {
	switch {
	case f.Spooled:
		return inherited
	case f.Found:
		return atRest
	}
	return seen
}

// met reports whether nobody knows what happened since the version was finished.
func (o origin) met() bool { return o >= atRest }

// inherited reports whether an earlier process kept the version.
func (o origin) inherited() bool { return o >= inherited }

// anew is the origin of the same version, once more.
func (o origin) anew() origin { return min(o, inherited) }

// comesFrom notes where s does.
func (s *snapshot) comesFrom(o origin) { s.origin = o }

// pin makes s the newest version of l, which is kept until it is published.
func (p *Plan) pin(l *list, s *snapshot) {
	if last := l.last; last != nil {
		p.unpin(last)
		if last.origin.inherited() && !s.origin.inherited() {
			p.dropInherited(l)
		}
	}
	l.arrive(s)
	if s.file.Source != nil {
		p.out.keep(s.file.Source, "")
	}
}

// unpin lets the next process do without s.
func (p *Plan) unpin(s *snapshot) {
	p.out.release(s.spend())
}

// latest reports whether f is a version of l that is newer than all that is known of it.
func (p *Plan) latest(l *list, f hls.File) bool {
	last := l.last
	if f.Spooled {
		if last != nil && !last.origin.inherited() {
			return false
		}
		if l.cell.Answered() {
			p.readAgain(l) // is it newer than what is published?
		}
		return true
	}
	l.appear()
	if last == nil || !last.text.is(f.Content) {
		return true
	}
	if last.origin.inherited() {
		last.comesFrom(atRest)
		p.later(l, p.now) // it may mean bytes now that an earlier process's could not
		return false
	}
	return last.overtaken() >= 0
}

// dropInherited drops what an earlier process left of l, as there is something newer.
func (p *Plan) dropInherited(l *list) {
	for i := len(l.pending) - 1; i >= 0; i-- {
		if s := l.pending[i]; s.origin.inherited() && !l.doubts(s) {
			p.dropSnapshot(l, i)
		}
	}
}

// compareInherited drops what an earlier process left of l if the store has something newer.
func (p *Plan) compareInherited(l *list, out Outcome) {
	s := l.last
	if s != nil && s.origin.inherited() && out.Playlist != nil && !s.recognise(out.Content) && !s.newer(out) {
		p.dropInherited(l)
	}
}

// newer reports whether s is newer than the version that the store holds, as it is if all went well: who published that
// one let go of those before it. Sequence numbers that fall say otherwise, and so may anything about a version that
// turned up late, unless s was finished after the other was: then its packager restarted. Where only a store's clock can
// tell, s is newer unless it is surely not; one that turned up late, when this process may have published the other, must be surely
// newer.
func (s *snapshot) newer(out Outcome) bool {
	was, is := out.Playlist, s.file.Playlist
	counts := is.Kind != hls.MultivariantPlaylist && was.Kind == is.Kind
	switch {
	case counts && lastSequence(is) > lastSequence(was), s.origin != inheritedLate && !startsAnew(was, is):
		return true
	}
	if !out.Finished.IsZero() {
		return s.file.Version.ModTime > out.Finished.UnixNano()
	}
	if s.origin == inheritedLate {
		return store.Info{Modified: out.Modified}.Earlier(s.file)
	}
	return !store.Info{Modified: out.Modified}.Later(s.file)
}

// expireInherited gives up what an earlier process left and cannot be published within MaxAge.
func (p *Plan) expireInherited() {
	for _, l := range p.lists {
		s := l.last
		if s == nil || !s.origin.inherited() || !s.pending() || l.doubts(s) || p.now.Sub(s.file.Seen) <= p.cfg.MaxAge {
			continue
		}
		p.giveUpInherited(l, "age")
	}
}

// giveUpInherited loses what an earlier process left of l.
func (p *Plan) giveUpInherited(l *list, reason string) {
	p.out.lose(Loss{Path: l.path, Stream: l.stream.folder.name, Kind: l.kind(), Reason: reason})
	p.dropInherited(l)
	p.wake(l.stream)
	p.touch(l.stream)
}

// observeLost notes that bytes are lost which an earlier process kept under that name and did not store. What the store has is older, so
// that no playlist of that process means it. The directory may have others.
func (p *Plan) observeLost(name string) {
	if o := p.object(name); !o.disk.Known() {
		o.disk.Lose(true)
	}
}

// lost reports whether the bytes of something that is named are lost, and there are no others.
func (n *names) lost() bool {
	return slices.ContainsFunc(n.binds, func(b bind) bool { return b.open() && b.obj.disk.Lost() })
}

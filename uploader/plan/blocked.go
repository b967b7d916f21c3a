package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// fewDecisions is how many decisions a Wait has.
const fewDecisions = 8

// Blocked returns, for every playlist whose newest version is not published, what it waits for.
func (p *Plan) Blocked() []Wait {
	var waits []Wait
	for _, l := range p.lists {
		if w, ok := l.heldForMemory(); ok {
			waits = append(waits, w)
		} else if len(l.pending) > 0 {
			w := p.wait(l)
			w.Decisions = l.decisions.last(fewDecisions)
			if w.Reason != "uploading" {
				w.Since = l.pending[0].file.Seen // a live playlist is written anew before anybody could call that long
			}
			waits = append(waits, w)
		} else if w, ok := p.unlisted(l); ok {
			waits = append(waits, w)
		}
	}
	slices.SortFunc(waits, func(a, b Wait) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Playlist, b.Playlist))
	})
	return waits
}

// unlisted says which segment has had other bytes for a while that no newer version of l names: they are not stored.
func (p *Plan) unlisted(l *list) (w Wait, ok bool) {
	if !l.stands() {
		return w, false
	}
	for i := range l.published.binds {
		if b := &l.published.binds[i]; b.unlisted() && p.now.Sub(b.obj.disk.Newest().File.Seen) > p.cfg.Patience {
			return Wait{Playlist: l.path, Name: b.obj.path, Since: b.obj.disk.Newest().File.Seen, Reason: "unlisted"}, true
		}
	}
	return w, false
}

// stands reports whether l is a live playlist of which the newest version is published.
func (l *list) stands() bool {
	return l.published != nil && l.published == l.last && !l.published.file.Playlist.Ended
}

// unlisted reports whether b, of a playlist that stands, needs the bytes of a segment that the store holds, while there are newer ones:
// those are stored once a newer version names them. They were seen to be finished, or were met at rest and are younger than
// the playlist, which an earlier process published.
func (b *bind) unlisted() bool {
	v := b.obj.disk.Newest()
	switch {
	case v == nil || b.free() || !b.obj.isMedia():
		return false
	case b.ver != nil:
		return v.ID != b.ver.ID && v.Witnessed()
	}
	return b.obj.replaces(v)
}

// wait says what l waits for: its newest version, or the newest that has waited for a moment if that waits for what may just not have
// been heard of.
func (p *Plan) wait(l *list) Wait {
	newest := l.pending[len(l.pending)-1]
	w := p.waitOf(l, newest)
	switch w.Reason {
	case "missing", "stale", "growing", "empty":
		if s, _ := l.ripe(p.now); s != newest {
			return p.waitOf(l, s)
		}
	}
	return w
}

// ripe returns the newest version of l that has waited for a target duration, or the newest if none has, and when another one will have;
// zero if none will. What a version waits for that has just come is no news: its packager may name a file before it is heard of.
func (l *list) ripe(now time.Time) (s *snapshot, next time.Time) {
	for _, x := range slices.Backward(l.pending) {
		at := x.file.Seen.Add(max(x.due(), leastGrace))
		if !now.Before(at) {
			return x, next
		}
		next = at
	}
	return l.pending[len(l.pending)-1], next
}

// waitOf says what the version s of l waits for.
func (p *Plan) waitOf(l *list, s *snapshot) Wait {
	w := Wait{Playlist: l.path, Since: s.file.Seen, Reason: "uploading", Name: l.path}
	if s.fault.any() {
		w.Name, w.Reason = s.fault.uri, s.fault.reason
		return w
	}
	if s.rejection.stands() {
		w.Reason = "rejected"
		return w
	}
	for i := range s.binds {
		b := &s.binds[i]
		if b.satisfied() {
			continue
		}
		o := b.obj
		w.Name = o.path
		switch {
		case b.ver == nil && o.disk.Newest() == nil && o.disk.Candidate() == nil:
			w.Reason = "missing"
			return w // nothing here can end this wait
		case b.ver == nil && o.disk.Lost():
			w.Reason = "lost"
			return w
		case b.ver == nil && o.current() != nil:
			x := p.sight(s, i, o.current())
			d := judge(&x)
			w.Why, w.Until = d.why, d.again
			if w.Reason = "stale"; o.hollow(o.current()) {
				w.Reason = "empty"
			}
			return w
		case b.ver != nil && o.disk.Newest() != nil && o.disk.Newest().ID == b.ver.ID && o.disk.Newest().Reach() < b.need:
			w.Reason = "growing"
			return w
		case b.ver != nil && (b.ver.Fate() == disk.Rejected || b.ver.Fate() == disk.Shelved) && b.ver.File.Source != nil:
			w.Reason = "rejected"
			return w
		case b.ver != nil && b.ver.Unpinned() != "" && !b.ver.Hopeless():
			w.Reason = "unpinned"
			return w
		case b.ver != nil && b.ver.Hopeless():
			w.Reason = "lost"
			return w
		case b.ver != nil && o.exposedBy(l):
			w.Reason = "overwrite"
		}
	}
	for _, child := range s.lists {
		switch {
		case child.cell.Exists():
		case child.last == nil && child.gone():
			w.Name, w.Reason = child.path, "missing"
			return w
		default:
			w.Name, w.Reason = child.path, "unpublished"
		}
	}
	return w
}

// Unshipped returns the paths of all that is to be stored and is not yet, sorted: named files and the newest
// version of playlists.
func (p *Plan) Unshipped() []string {
	var names []string
	for _, o := range p.objects {
		if o.unshipped() {
			names = append(names, o.path)
		}
	}
	for _, l := range p.lists {
		if len(l.pending) > 0 {
			names = append(names, l.path)
		}
	}
	names = append(names, p.recordings.unclosed()...)
	slices.Sort(names)
	return names
}

// unshipped reports whether bytes of o are to be stored and are not yet. What no playlist names is none of them.
func (o *object) unshipped() bool {
	v := o.disk.Newest()
	if o.disk.Candidate() != nil || v == nil || !v.Wanted() || o.stored(v) || v.Hopeless() && (v.Fate() != disk.Shelved || v.File.Source == nil) {
		return o.disk.Candidate() != nil
	}
	return v.File.Named || !slices.ContainsFunc(o.naming, func(n naming) bool {
		if !n.list.stands() {
			return false
		}
		i := n.list.published.find(o)
		return i >= 0 && n.list.published.binds[i].unlisted()
	})
}

// Finished reports whether nothing is under way and nothing will be without a new fact: everything is shipped, or
// what is left waits for something that only the directory could bring.
func (p *Plan) Finished() bool {
	if !p.schedule.Quiet() || p.recordings.busy() {
		return false
	}
	for _, s := range p.streams {
		if !p.bucket.Listed() && s.queue.Later() {
			return false
		}
	}
	for _, l := range p.lists {
		if l.requested() {
			return false
		}
	}
	return p.schedule.Next().IsZero() || len(p.Unshipped()) == 0
}

// idle reports whether nothing of s is left.
func (s *stream) idle() bool { return s.list == nil && s.queue.Idle() }

// Abandon returns every source that is still held, but for those that a playlist named and that outlive the
// process, and lets go of the memory of playlists. The Plan is of no use after that.
func (p *Plan) Abandon() []hls.Source {
	var all []hls.Source
	abandon := func(s hls.Source, wanted bool) {
		if _, outlives := s.(hls.Keeper); s != nil && !(outlives && wanted) {
			all = append(all, s)
		}
	}
	for _, o := range p.objects {
		for _, v := range []*disk.Version{o.disk.Newest(), o.disk.Candidate()} {
			if v != nil {
				abandon(v.File.Source, v.Wanted() || v.Kept())
			}
		}
	}
	for _, l := range p.lists {
		if l.last != nil {
			abandon(l.last.file.Source, true)
		}
		for _, s := range l.all() {
			s.file.Share.Release()
		}
	}
	for _, r := range p.strays.reminders.take() {
		r.share.Release()
	}
	if p.continuous.machine != nil {
		files, lists := p.continuous.machine.Abandon()
		for _, s := range files {
			abandon(s, false)
		}
		for _, s := range lists {
			abandon(s, true)
		}
	}
	return append(all, p.out.Release...)
}

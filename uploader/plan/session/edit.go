package session

import (
	"errors"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// edit looks at l again, as something happened that its newest version says nothing of.
func (m *Machine) edit(l *list) {
	if l.latest != nil && (!l.started() || m.lists.doubtful[l]) {
		m.advance(l, nil)
		return
	}
	m.publish(l, false)
}

// publish edits the newest version of l. If that is no news, the Plan is told of another text alone.
func (m *Machine) publish(l *list, news bool) {
	v := l.latest
	if v == nil || !l.started() || l.exact != "" {
		return
	}
	folders, sure := m.bind(l)
	if !sure {
		return
	}
	m.tell(l)
	if !m.adopts(l) {
		return
	}
	if m.stops(l) {
		return
	}
	held := m.holdEnd(l)
	next, err := l.published.Next(v.text, edition.Choices{
		Run: l.run.name, Discontinuity: l.run.discontinuity, Gaps: m.cfg.Gaps, HoldEnd: held,
		Folder: func(i int) string { return folders[i] },
		Begun:  l.beganAt,
		Cut:    func(i int) bool { return l.cuts[l.number(i)] },
		Hole:   func(i int) bool { s := l.segments[l.number(i)]; return s != nil && s.hole },
		Lost:   func(uri string) bool { return m.isLost(l, uri) },
	})
	switch {
	case errors.Is(err, edition.ErrEmpty):
		return
	case err != nil:
		m.giveUp(l, err.Error())
		return
	case !news && l.sent(next):
		return
	}
	list, err := hls.Parse(next.Text())
	if err != nil {
		m.giveUp(l, err.Error())
		return
	}
	l.send(next)
	if n := v.text.Len(); n > 0 {
		l.reach(l.number(n - 1))
	}
	f := v.file
	f.Content, f.Playlist, f.Source = next.Text(), list, v.hand()
	if !news {
		f.Seen = m.latest
	}
	f.Share, _ = m.around.Memory.Take(list.Cost(int64(len(f.Content))))
	if m.out.fact(f); l.presumed {
		m.departed(l)
	}
	if !held { // the Plan has all of it, and lets go of it once it is published: what is kept for longer, the spool has to link and flush
		m.out.release(v.spend())
	}
}

// isLost reports whether l, in what was published of it or was to be, names something of an older run that will never be stored.
func (m *Machine) isLost(l *list, uri string) bool {
	path, _ := m.around.Site.Resolve(l.path, uri)
	s, u := m.sessions.of(path), m.sessions.find(path)
	return s != nil && s != l.session && (s.lost[path] || u != nil && u.fate == waiting && u.wait.over)
}

// departed tells the Plan once more which files the directory has no more that l names. It did not hear of l before and may have forgotten them.
func (m *Machine) departed(l *list) {
	for _, s := range l.segments {
		if s.use != nil {
			m.tellDeparted(s.use)
		}
	}
	for _, u := range l.tags {
		m.tellDeparted(u)
	}
}

func (m *Machine) tellDeparted(u *use) {
	if fl := m.files.all[u.path]; u.settled() && (fl == nil || !fl.there) {
		m.out.fact(hls.File{Path: u.key(), State: hls.Gone})
	}
}

// holdEnd reports whether EXT-X-ENDLIST of the newest version waits for another run.
func (m *Machine) holdEnd(l *list) bool {
	v := l.latest
	if !v.file.Playlist.Ended || m.draining || l.debut || m.cfg.EndDelay <= 0 {
		return false
	}
	at := v.file.Seen.Add(m.cfg.EndDelay)
	if m.now.Before(at) {
		m.lists.later(l, at)
		return true
	}
	return false
}

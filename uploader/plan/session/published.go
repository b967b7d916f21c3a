package session

import (
	"bytes"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// publication is what the store has of a list, or may have. This file alone writes it.
type publication struct {
	asked      time.Time          // when what is published was first asked for; zero if it was not
	presumed   bool               // runs began before it was told
	known      bool               // it was told …
	told       time.Time          // … then
	inherited  bool               // an earlier process published something
	published  *edition.Edition   // nil for nothing
	candidates []*edition.Edition // what was sent to the Plan since, the oldest first
}

// maxCandidates bounds how many editions of a list are remembered that are not published yet.
const maxCandidates = 8

// inquire notes that what is published is asked for at that time, and reports whether it was not before.
func (p *publication) inquire(now time.Time) (news bool) {
	if news = p.asked.IsZero(); news {
		p.asked = now
	}
	return news
}

// learn notes that what is published is told at that time, and whether that is something.
func (p *publication) learn(now time.Time, something bool) {
	p.known, p.told, p.inherited = true, now, something
}

// unheard reports whether what is published was asked for, and is not told yet.
func (p *publication) unheard() bool { return !p.asked.IsZero() && !p.known }

// presume notes that runs begin although nobody told what is published.
func (p *publication) presume() { p.presumed = true }

// sent reports whether e is what the Plan was told last.
func (p *publication) sent(e *edition.Edition) bool {
	if n := len(p.candidates); n > 0 {
		return bytes.Equal(p.candidates[n-1].Text(), e.Text())
	}
	return p.published != nil && bytes.Equal(p.published.Text(), e.Text())
}

// send notes that the Plan is told of e.
func (p *publication) send(e *edition.Edition) {
	if n := len(p.candidates); n > 0 && p.sent(e) {
		return
	} else if n == maxCandidates {
		p.candidates = append(p.candidates[:1], p.candidates[2:]...)
	}
	p.candidates = append(p.candidates, e)
}

// launch notes that a text is about to be published, and reports whether what was sent since has to go on from it.
func (p *publication) launch(text []byte) (again bool) {
	for i, e := range p.candidates {
		if bytes.Equal(e.Text(), text) {
			p.published, p.candidates = e, p.candidates[i+1:]
			return len(p.candidates) > 0
		}
	}
	if p.published != nil && bytes.Equal(p.published.Text(), text) {
		return false
	}
	e, err := edition.Resume(text)
	if err == nil {
		p.published = e
	}
	return err == nil
}

// continues reports whether a text may be published after what is published, or may be by now: a text that was sent before may not know of that. A
// list that has gone on since is not ended.
func (p *publication) continues(text []byte) bool {
	for i, e := range p.candidates {
		if bytes.Equal(e.Text(), text) {
			if e.Ended() && i < len(p.candidates)-1 {
				return false
			}
			return p.published == nil || e.Continues(p.published)
		}
	}
	if p.published == nil {
		return true
	}
	e, err := edition.Resume(text)
	return err != nil || e.Continues(p.published)
}

// Continues reports whether a text that was sent to the Plan may be published now.
func (m *Machine) Continues(path string, text []byte) bool {
	l := m.lists.all[path]
	return l == nil || l.exact != "" || l.continues(text)
}

// Published takes in what the store has of a playlist, nil if that is nothing or no playlist.
func (m *Machine) Published(path string, text []byte) {
	l := m.lists.all[path]
	if l == nil || l.known {
		return
	}
	if l.learn(m.now, text != nil); text != nil && l.launch(bytes.Clone(text)) {
		m.readBack(l)
	}
	if l.latest != nil {
		m.advance(l, nil)
	}
	m.starts(l)
	m.leave(l)
}

// starts has the other lists of the scope of l looked at that wait for it before their first run can begin.
func (m *Machine) starts(l *list) {
	for x := range m.scopes.of[l].lists {
		if x != l && x.known && x.latest != nil && (x.presumed || !x.started()) {
			m.lists.later(x, m.now)
		}
	}
}

// readBack notes which keys are published of l. What is published is stored, whatever the directory has by now.
func (m *Machine) readBack(l *list) {
	list, err := hls.Parse(l.published.Text())
	if err != nil {
		return
	}
	for i := range list.References {
		if key, target := m.around.Site.Resolve(l.path, list.References[i].URI); target == hls.Local {
			if folder, path := hls.SessionOf(key); folder != "" {
				m.sessions.get(nameOf(folder)).remember(path, variantOf(folder))
				m.out.fact(hls.File{Path: key, State: hls.Gone})
			}
		}
	}
}

// Launched takes in that a text is about to be published, which was sent to the Plan. What is published from now on continues it.
func (m *Machine) Launched(path string, text []byte) {
	if l := m.lists.all[path]; l != nil && l.exact == "" && l.launch(text) {
		m.edit(l)
	}
}

// extent is a file of the directory, or a part of it.
type extent struct {
	path           string
	offset, length int64 // length is 0 for all of it
}

// extentOf returns what ref, which names path, is.
func extentOf(path string, ref *hls.Reference) extent {
	if ref.Length == 0 {
		return extent{path: path}
	}
	return extent{path, ref.Offset, ref.Length}
}

// named is a segment that is published.
type named struct {
	folder string // of its session
	number uint64
}

// names returns the segments that are published of the last run of l, by what they are in the directory.
func (m *Machine) names(l *list) map[extent]named {
	all := make(map[extent]named, l.published.Len())
	for i := range l.published.Len() {
		s := l.published.Segment(i)
		if s.Begins {
			clear(all)
		}
		key, target := m.around.Site.Resolve(l.path, s.URI)
		if target != hls.Local {
			continue
		}
		if folder, path := hls.SessionOf(key); folder != "" {
			all[extent{path, s.Offset, s.Length}] = named{folder, s.Number}
		}
	}
	return all
}

// lastSession returns the name of the session of the last segment that is published; empty if there is none.
func (m *Machine) lastSession(l *list) (name string) {
	for i := range l.published.Len() {
		key, _ := m.around.Site.Resolve(l.path, l.published.Segment(i).URI)
		if folder, _ := hls.SessionOf(key); folder != "" {
			name = nameOf(folder)
		}
	}
	return name
}

package session

import (
	"bytes"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// questions are those that the store is asked.
type questions struct {
	open map[uint64]question
	last uint64
}

func newQuestions() questions { return questions{open: make(map[uint64]question)} }

// question is one about a list that was read back.
type question struct {
	list    *list
	path    string
	version hls.Version
}

// add notes a question, and returns its number; 0 if it is asked already.
func (x *questions) add(q question) uint64 {
	for _, other := range x.open {
		if other == q {
			return 0
		}
	}
	x.last++
	x.open[x.last] = q
	return x.last
}

// answers are what the store said of files, until it is known whether the run goes on.
type answers struct{ of map[question]Reply }

func newAnswers() answers { return answers{make(map[question]Reply)} }

// fewSegments is how many segments the first playlist of a run may have.
const fewSegments = 2

// maxEvidence is how many segments are looked at to tell whether a run goes on.
const maxEvidence = 4

// advance goes on with the newest version of l, which came after old; nil for the first of this process.
func (m *Machine) advance(l *list, old *version) {
	if !l.known || l.latest == nil {
		return
	}
	begins := false
	switch {
	case !l.started():
		if begins = m.start(l); !begins {
			return
		}
	case old != nil && m.another(l, old):
		m.begin(l, old.file.Seen)
		begins = true
	}
	if begins { // before the Plan hears of the list, which looks for what was named while nobody looked
		m.bind(l)
		m.recall(l)
	}
	m.publish(l, true)
	for v := l.next(); v != nil; v = l.next() { // what came while that was found out
		m.arrive(l, v)
	}
}

// start finds out whether the first version of l that this process sees is of the run that is published, and reports whether it could.
func (m *Machine) start(l *list) bool {
	if l.published.Len() == 0 {
		m.join(l)
		return true
	}
	names := m.names(l)
	found := map[Reply]int{}
	v := l.latest
	for i, looked := v.text.Len()-1, 0; i >= 0 && looked < maxEvidence; i-- {
		ref := &v.file.Playlist.References[v.text.Reference(i)]
		p, ok := m.local(l, ref)
		if n, is := names[extentOf(p, ref)]; ok && is {
			found[m.evidence(l, p, n.folder)]++
			looked++
		}
	}
	switch {
	case len(found) > 0 && m.falls(l, names):
	case found[Same] > 0, found[Nobody] == 0 && found[None] > 0 && found[Other] == 0:
		m.resume(l, names)
		return true
	case found[Nobody] > 0:
		m.lists.later(l, m.now.Add(m.around.Settle))
		return false
	}
	m.begin(l, m.began)
	return true
}

// falls reports whether the newest version of l ends before what is published does, and is not that without its last segment. An
// encoder may make the same bytes of the same picture.
func (m *Machine) falls(l *list, names map[extent]named) bool {
	last := l.published.Segment(l.published.Len() - 1).Number
	v := l.latest
	for i := v.text.Len() - 1; i >= 0; i-- {
		ref := &v.file.Playlist.References[v.text.Reference(i)]
		p, _ := m.local(l, ref)
		if n, ok := names[extentOf(p, ref)]; ok {
			return n.number+uint64(v.text.Len()-1-i)+1 < last //nolint:gosec // not negative
		}
	}
	return false
}

// evidence says whether the store has the bytes of a file in that folder: Nobody if that is still to be found out, None if nobody will.
func (m *Machine) evidence(l *list, p, folder string) Reply {
	fl := m.files.all[p]
	if !fl.has() {
		if m.now.Sub(l.latest.file.Seen) < m.around.Settle {
			return Nobody // it may be heard of in a moment
		}
		return None
	}
	if r := m.proven(l, p, folder); r != Nobody {
		return r
	}
	q := question{l, fl.path, fl.fact.Version}
	f, ok := fl.hand()
	if !ok {
		return None
	}
	if id := m.questions.add(q); id != 0 {
		m.out.ask(Question{ID: id, Key: folder + fl.path, List: l.path, File: f})
	} else {
		m.out.release(f.Source)
	}
	return Nobody
}

// proven says what is known of whether the store has the bytes of a file in that folder: Nobody if it is to be asked.
func (m *Machine) proven(l *list, p, folder string) Reply {
	fl := m.files.all[p]
	if !fl.has() {
		return Nobody
	}
	if r, ok := l.answers.of[question{l, fl.path, fl.fact.Version}]; ok {
		return r
	}
	switch m.around.Noted(fl.path, fl.fact.Version) {
	case folder:
		return Same
	case "":
		return Nobody
	}
	return Other
}

// Answered takes the answer to a Question in.
func (m *Machine) Answered(id uint64, r Reply) {
	q, ok := m.questions.open[id]
	if !ok {
		return
	}
	delete(m.questions.open, id)
	if r == Nobody { // it is asked again
		m.lists.later(q.list, m.now.Add(m.around.Settle))
		return
	}
	if q.list.answers.of[q] = r; q.list.started() {
		m.lists.later(q.list, m.now)
		return
	}
	m.advance(q.list, nil)
}

// another reports whether the newest version of l, which came after old, is of another run.
func (m *Machine) another(l *list, old *version) bool {
	was, is := old.file.Playlist, l.latest.file.Playlist
	before, now := lastNumber(was), lastNumber(is)
	switch {
	case bytes.Equal(old.file.Content, l.latest.file.Content):
		return m.overtaken(l)
	case now < before:
		return !m.withdraws(l, was, is)
	}
	return now == before && was.Ended && !is.Ended
}

// overtaken reports whether the first segment of l was finished with other bytes since.
func (m *Machine) overtaken(l *list) bool {
	s := l.segments[l.number(0)]
	if s == nil || s.use == nil || s.use.fate != given {
		return false
	}
	fl := m.files.all[s.path]
	return fl.has() && !fl.fact.Found && fl.fact.State == hls.Settled && s.use.other(&fl.fact)
}

// withdraws reports whether the newest version of l is the one before without its last segment, and means the same bytes. Where it has few
// segments from the beginning on it may as well be the first version of another run, unless that last segment was not finished.
func (m *Machine) withdraws(l *list, was, is *hls.Playlist) bool {
	if was.Ended || is.Segments == 0 || lastNumber(is) != lastNumber(was)-1 {
		return false
	}
	last := l.segments[uint64(lastNumber(was))] //nolint:gosec // it is not negative
	if finished := last == nil || last.use == nil || last.use.settled(); finished && is.Segments <= fewSegments && is.MediaSequence == 0 {
		return false
	}
	same := 0
	for i := range l.latest.text.Len() {
		s := l.segments[l.number(i)]
		if s == nil || s.use == nil {
			continue
		}
		p, _ := m.local(l, &is.References[l.latest.text.Reference(i)])
		if fl := m.files.all[s.path]; p != s.path || s.use.fate == given && fl.has() && s.use.other(&fl.fact) {
			return false
		}
		same++
	}
	return same > 0
}

// lastNumber is -1 plus the first number for a playlist without segments.
func lastNumber(pl *hls.Playlist) int64 {
	return int64(pl.MediaSequence) + int64(pl.Segments) - 1 //nolint:gosec // numbers beyond 2^63 only disable the detection
}

// beganAt is when segment i of the newest version of l began; zero if that is not known.
func (l *list) beganAt(i int) time.Time {
	if s := l.segments[l.number(i)]; s != nil {
		return s.begun
	}
	return time.Time{}
}

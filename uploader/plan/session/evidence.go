package session

import "github.com/hlsship/hlsship/hls"

// questions are those that the store is asked.
type questions struct {
	open map[uint64]asked
	last uint64
}

func newQuestions() questions { return questions{open: make(map[uint64]asked)} }

// asked is a question that is not answered, and the version of the file that is compared.
type asked struct {
	question
	version hls.Version
}

// question is one about a list that was read back. Bytes that are written again are no other question.
type question struct {
	list  *list
	path  string
	bytes identity
}

// questionOf returns the one about the bytes that l means by the name of fl.
func (l *list) questionOf(fl *file) question {
	bytes := identityOf(&fl.fact)
	if bytes.sum != (hls.Sum{}) {
		bytes = identity{sum: bytes.sum}
	}
	return question{l, fl.path, bytes}
}

// add notes a question, and returns its number; 0 if it is asked already.
func (x *questions) add(q question, v hls.Version) uint64 {
	for _, other := range x.open {
		if other.question == q {
			return 0
		}
	}
	x.last++
	x.open[x.last] = asked{q, v}
	return x.last
}

// answers are what the store said of files, until it is known whether the run goes on.
type answers struct{ of map[question]Reply }

func newAnswers() answers { return answers{make(map[question]Reply)} }

// maxEvidence is how many segments are looked at to tell whether a run goes on.
const maxEvidence = 4

// advance goes on with the newest version of l, which came after old; nil for the first of this process.
func (m *Machine) advance(l *list, old *version) {
	if l.latest == nil || !l.known && !m.presumes(l) {
		return
	}
	if !l.started() {
		if m.start(l) {
			m.starts(l)
			m.at(l.latest.file.Seen, func() { m.goOn(l, nil, true) })
		}
		return
	}
	if begins, sure := m.follow(l, old); sure {
		m.goOn(l, old, begins)
	}
}

// goOn binds and publishes the newest version of l, which came after old; begins says that a run begins with it.
func (m *Machine) goOn(l *list, old *version, begins bool) {
	if begins || l.latest.leaps(old) { // before the Plan hears of the list, which looks for what was named while nobody looked
		m.bind(l)
		if l.unheard() {
			m.presumeRow(l)
		}
		m.recall(l)
	}
	m.publish(l, true)
}

// start finds out whether the first version of l that this process sees is of the run that is published, and reports whether it could.
func (m *Machine) start(l *list) bool {
	if until := l.told.Add(joinTime); !m.draining && m.now.Before(until) && m.scopes.of[l].awaited(l) {
		m.lists.later(l, until)
		return false // what the others have published says which number a run has, and which session
	}
	if !l.known {
		if in, names := m.noted(l); in != nil {
			m.resume(l, in, names)
			return true
		}
	}
	if l.published.Len() == 0 {
		if until := l.latest.file.Seen.Add(m.around.Settle); m.scopes.of[l].apart() && !m.draining && m.now.Before(until) {
			m.lists.later(l, until)
			return false // the multivariant playlist of its renditions may be about to come
		}
		m.join(l)
		return true
	}
	names := m.names(l)
	found := m.weigh(l, names)
	if len(found) == 0 && m.finds(l) == follows {
		found[m.absence(l)]++
	}
	switch {
	case len(found) > 0 && m.falls(l, names):
	case found[Same] > 0, m.reclaimed(l) == m.sessions.get(m.lastSession(l)), found[Nobody] == 0 && found[None] > 0 && found[Other] == 0:
		m.resume(l, m.sessions.get(m.lastSession(l)), names)
		return true
	case found[Nobody] > 0 && m.now.Before(l.told.Add(guessTime)):
		m.lists.later(l, m.now.Add(m.around.Settle))
		return false
	}
	m.begin(l, m.began)
	return true
}

// weigh returns what is known of the newest segments of l that have names which are published, by how many they are. Slates do not
// count.
func (m *Machine) weigh(l *list, names map[extent]named) map[Reply]int {
	found := make(map[Reply]int)
	v, own := l.latest, m.ownPattern(l)
	for i, looked := v.text.Len()-1, 0; i >= 0 && looked < maxEvidence; i-- {
		ref := &v.file.Playlist.References[v.text.Reference(i)]
		p, ok := m.local(l, ref)
		n, is := names[extentOf(p, ref)]
		if ok && is && hls.Pattern(p) == own {
			found[m.evidence(l, p, n.folder)]++
			looked++
		}
	}
	return found
}

// ownPattern returns the pattern of the names of most segments of the newest version of l, and of the newest of several that are as many. Others
// are slates, of which every run has the same: they do not say which one lists them.
func (m *Machine) ownPattern(l *list) (own string) {
	count := make(map[string]int)
	v := l.latest
	for i := range v.text.Len() {
		if p, ok := m.local(l, &v.file.Playlist.References[v.text.Reference(i)]); ok {
			pattern := hls.Pattern(p)
			if count[pattern]++; count[pattern] >= count[own] {
				own = pattern
			}
		}
	}
	return own
}

// absence says what it tells that the newest version of l names nothing that is published: Other if the directory has bytes of a segment, which
// may be another run's, and None if it has none, so that an earlier process alone can have stored them. Nobody if one may be heard of in a moment.
// Ranges say nothing, as each run has them of the same file.
func (m *Machine) absence(l *list) Reply {
	v := l.latest
	for i := range v.text.Len() {
		ref := &v.file.Playlist.References[v.text.Reference(i)]
		if p, ok := m.local(l, ref); !ok || ref.Length > 0 || m.files.all[p].has() {
			return Other
		}
	}
	switch {
	case v.text.Len() == 0:
		return Other
	case m.now.Sub(v.file.Seen) < m.around.Settle:
		return Nobody
	}
	return None
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
	q := l.questionOf(fl)
	f, ok := fl.hand()
	switch {
	case !ok && !fl.there:
		return None
	case !ok:
		if fl.ask(l) {
			m.out.look(fl.path)
		}
		return Nobody
	}
	m.inquire(q, folder, f)
	return Nobody
}

// inquire asks whether the store has f in that folder, unless that is asked already.
func (m *Machine) inquire(q question, folder string, f hls.File) {
	if id := m.questions.add(q, f.Version); id != 0 {
		m.out.ask(Question{ID: id, Key: folder + q.path, List: q.list.path, File: f})
	} else {
		m.out.release(f.Source)
	}
}

// proven says what is known of whether the store has the bytes of a file in that folder: Nobody if it is to be asked.
func (m *Machine) proven(l *list, p, folder string) Reply {
	fl := m.files.all[p]
	if !fl.has() {
		return Nobody
	}
	if r, ok := l.answers.of[l.questionOf(fl)]; ok {
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
	if fl := m.files.all[q.path]; r == Changed && fl.has() && fl.there && fl.fact.Version != q.version {
		m.lists.later(q.list, m.now) // it was written once more meanwhile
		return
	} else if r == Changed {
		r = None
	}
	if r == Nobody { // it is asked again
		m.lists.later(q.list, m.now.Add(m.around.Settle))
		return
	}
	if q.list.answers.of[q.question] = r; q.list.started() {
		m.lists.later(q.list, m.now)
		return
	}
	m.advance(q.list, nil)
}

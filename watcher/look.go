package watcher

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// errEmpty is why a segment without a byte is refused. Whoever closed it, no packager meant it: one makes a file long
// before it has something to write, and a loss of power may leave nothing but the name.
var (
	errEmpty = errors.New("a segment is never empty")
	errTorn  = errors.New("a loss of power took a part of it, which was finished")
)

// sighting is a look at what has a name, or at a file that is open. It is made by the loop, done as a job, and
// dealt with then.
type sighting struct {
	f     *file
	sys   *system
	held  *holder
	root  *os.Root
	name  string
	told  told  // as they were when it began
	signs signs // of what is looked at
	bare  bool  // the name is not to be opened
	deaf  bool  // that no writer is found proves nothing
	last  bool  // the name means another file by now, or none
	stale bool  // as last, but nobody waits for it

	place *place // of what is reported; nil once that has taken it

	knows func(path string, fi fs.FileInfo) bool // knows what need not be opened; nil if that is nothing

	file    *os.File
	version hls.Version
	sum     hls.Sum
	writer  writer
	known   bool // nothing is new
	noted   bool // it was known unopened
	err     error
	hangs   bool
	passed  bool // playlists do not wait for it
}

// look has it found out what has the name of f, and what is to be reported of it. It never waits: what is found is dealt with
// by seen. If a look runs already another one comes after it, since an event may have come meanwhile.
func (r *run) look(f *file) { r.lookIn(looks, f) }

// lookIn is look in the given lane.
func (r *run) lookIn(l lane, f *file) {
	r.calm(f)
	if f.looking == nil {
		r.begin(l, f, nil)
		return
	}
	f.again = true
	if f.place == nil {
		f.place = r.takePlace(f)
	}
}

// lookOnceMore is look for an alarm: it goes on with what the last look was about, so that it has its place.
func (r *run) lookOnceMore(f *file) {
	if f.looking != nil {
		r.look(f)
		return
	}
	p := f.place
	f.place = nil
	r.calm(f)
	r.begin(looks, f, p)
}

// takePlace takes a place for what a look at f may find; nil if that can be nothing.
func (r *run) takePlace(f *file) *place {
	about := ofFile
	switch {
	case f.silent:
		return nil
	case f.kind.IsPlaylist():
		about = ofPlaylist
	case f.growth.told > 0 && f.growth.told >= f.growth.named, f.looking != nil && f.looking.passed:
		about = ofGrowth
	}
	return r.order.take(f.path(), about, f.goneAt)
}

// begin begins a look at f, of which none runs. It has a place if one was taken for it.
func (r *run) begin(l lane, f *file, p *place) {
	if f.lost && f.open == nil && f.goneAt == nil {
		f.lost = false
		f.signs, f.next = f.next, signs{}
	}
	switch {
	case f.lost && f.open == nil:
		r.order.withdraw(p)
		r.part(f)
		return
	case f.told.refused == hls.RefusedName, r.root == nil && f.open == nil:
		r.order.withdraw(p)
		return
	case p == nil || p.done:
		p = r.takePlace(f)
	}
	s := r.sight(f, p)
	r.work.add(&job{lane: l, task: s, in: f.in, hang: func() { s.hang(r) }})
}

// sight says that f is looked at, of which what is found has that place.
func (r *run) sight(f *file, p *place) *sighting {
	f.looking = &sighting{
		f: f, sys: &r.sys, held: r.held, root: r.root, name: filepath.FromSlash(f.path()),
		told: f.told, signs: f.signs, bare: f.silent, deaf: f.in.remote != "", last: f.lost, place: p, file: r.takeOpen(f),
	}
	return f.looking
}

// hang says that s is taken to hang.
func (s *sighting) hang(r *run) {
	s.hangs = true
	if p := s.place; p != nil && p.topic == ofFile && s.told.reported == (hls.Version{}) {
		s.passed = true // what names it waits for its first bytes anyway
		r.order.pass(p)
	}
}

// do implements task.
func (s *sighting) do() {
	if s.bare {
		_, s.err = s.sys.regular(s.root, s.name)
		return
	}
	if s.noted = s.knows != nil && s.unopened(); s.noted {
		return
	}
	if s.file == nil {
		if s.file, s.err = s.open(); s.err != nil {
			return
		}
	}
	if s.err = s.examine(); s.err != nil {
		s.drop()
	}
}

// drop implements task.
func (s *sighting) drop() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// unopened reports whether what has the name is known unopened, and takes its fingerprint then.
func (s *sighting) unopened() bool {
	fi, err := s.sys.regular(s.root, s.name)
	if err != nil || !s.knows(filepath.ToSlash(s.name), fi) {
		return false
	}
	s.version = openfile.VersionOf(fi)
	return true
}

// open opens the name. Where descriptors are short others close theirs.
func (s *sighting) open() (*os.File, error) {
	file, err := s.sys.openRegular(s.root, s.name)
	for range 8 {
		if !tooManyFiles(err) || !s.held.spare() {
			break
		}
		file, err = s.sys.openRegular(s.root, s.name)
	}
	return file, err
}

// examine asks who writes to the file. The fingerprint is taken before and after the question: if it is the same, the
// answer is about these bytes; if not, somebody is writing.
func (s *sighting) examine() (err error) {
	if s.version, err = openfile.Version(s.file); err != nil {
		return err
	}
	fresh := s.signs.closed && s.signs.closedAs == hls.Version{}
	if !s.told.news(s.version) && !(fresh && s.f.kind.IsPlaylist()) {
		s.known = true
		return nil
	}
	if s.writer = s.sys.probe(s.file); s.writer == none && s.deaf {
		s.writer = unknown
	}
	s.sum = s.digest()
	after, err := openfile.Version(s.file)
	if err != nil {
		return err
	}
	if after != s.version {
		s.version, s.writer = after, some
	}
	return nil
}

// digest reads a file that may be written again with the same bytes. The fingerprint that is taken next tells whether they were those
// of the one before.
func (s *sighting) digest() hls.Sum {
	if s.version.Size > hls.MaxSummed || s.f.kind.IsPlaylist() {
		return hls.Sum{}
	}
	content := make([]byte, s.version.Size)
	if _, err := io.ReadFull(io.NewSectionReader(s.file, 0, s.version.Size), content); err != nil {
		return hls.Sum{} // it is compared as any other
	}
	return sha256.Sum256(content)
}

// deal implements task.
func (s *sighting) deal(r *run) {
	f := s.f
	again, next := f.again || f.lost && !s.last, f.place
	f.looking, f.again, f.place = nil, false, nil
	switch {
	case !s.last && s.root != r.root: // it was looked at in a directory that was replaced
		again = true
	case s.err == nil:
		r.noFolder(s)
		r.seen(s, again)
	case !again && !s.last:
		if at, ok := errors.AsType[*notRegular](s.err); absent(s.err) && !(ok && at.mode.IsDir()) {
			r.noFolder(s)
		}
		r.unreadable(f, s.err)
	}
	s.drop()
	if s.last {
		r.letClose(f)
		again = true
	}
	if !again && f.alarm.index == 0 {
		f.read.memory.release() // it needs none
	}
	switch {
	case f.retrying:
		f.place, s.place = s.place, nil
	case again && f.looking == nil && (f.goneAt != nil || r.knows(f)):
		r.begin(looks, f, next)
		next = nil
	}
	r.order.withdraw(s.place)
	r.order.withdraw(next)
}

// noFolder says that no folder has the name that s is about.
func (r *run) noFolder(s *sighting) {
	if sub := s.f.in.subs[s.f.name]; sub != nil && !s.last {
		r.removeFolder(sub)
	}
}

// seen decides whether what was looked at is finished and reports it if so; else it sets the alarm for the next look,
// unless that comes at once. It takes s.file over, or leaves it.
func (r *run) seen(s *sighting, again bool) {
	f := s.f
	current := f.signs == s.signs // no event said anything about it since
	if s.bare {
		return
	}
	f.failures = 0
	if s.known {
		if current {
			f.signs.closedAs, f.signs.attempt, f.signs.attributes = s.version, 0, false
		}
		r.stillOpen(f, again)
		return
	}
	if r.touchedOnly(s, current) {
		return
	}
	now := time.Now()
	if s.version != f.seen {
		f.seen, f.since = s.version, now
	}
	g := s.signs
	if g.closedAs != (hls.Version{}) && g.closedAs != s.version {
		g.closed, g.renamed = false, false
	}
	if g.created && s.version.Size == 0 {
		g.born = r.exact(f.in)
	}
	d := decide(sight{
		noted:   s.noted,
		exact:   r.exact(f.in),
		closed:  g.closed,
		renamed: g.renamed,
		scanned: g.scanned,
		created: g.created,
		born:    g.born,
		empty:   s.version.Size == 0,
		writer:  s.writer,
		quiet:   now.Sub(f.since),
		attempt: g.attempt,

		playlist: f.kind.IsPlaylist(), unfinished: f.read.unfinishedFor(now), pace: r.pace(f.read.target),
	}, r.config.Settle)
	if s.writer == some && !g.created {
		g.metOpen = true
		g.attempt++
	} else if g.closed {
		g.closedAs = s.version
	}
	g.created, g.attributes = false, false
	if current {
		f.signs = g
	}
	if d.evidence != "" {
		if d.evidence != hls.ByQuiet || g.scanned { // else it appeared, and its writer may have it open
			f.read.unfinished, f.read.stood = time.Time{}, standingText{}
		}
		r.settled(s, g, d.evidence)
		r.stillOpen(f, again)
		return
	}
	if f.read.unfinished.IsZero() {
		f.read.unfinished = now
	}
	r.unfinished(s, d, again)
}

// unfinished deals with what is not finished yet.
func (r *run) unfinished(s *sighting, d verdict, again bool) {
	f := s.f
	reach := f.reach(s)
	switch {
	case reach == longEnough:
		r.growing(s)
	case d.stands && !s.stale && !s.last && !again:
		r.stand(s)
	case !s.stale && !s.last:
		r.keepOpen(f, s.file)
		s.file = nil
	}
	if again || s.last {
		return
	}
	if reach == tooShort && (d.again == 0 || d.again > rangePoll) {
		d.again = rangePoll
	}
	if d.again > 0 {
		r.wait(f, d.again, d.retry)
	}
}

// touchedOnly deals with a file of which nothing changed but its modification time, with nothing closed in between. It
// holds the bytes that were reported (nginx-rtmp sets the times of its keys); a later close ends that trust.
func (r *run) touchedOnly(s *sighting, current bool) bool {
	f, moved := s.f, s.version
	moved.ModTime = f.told.reported.ModTime
	dealtWith := !s.signs.closed || s.signs.closedAs != hls.Version{}
	if !s.signs.attributes || !current || !dealtWith || f.kind.IsPlaylist() || s.writer == some ||
		f.told.reported == (hls.Version{}) || moved != f.told.reported || !r.exact(f.in) {
		return false
	}
	f.signs.attributes = false
	f.told.touched = s.version.ModTime
	if t, ok := f.source.(toucher); ok {
		t.Touch(s.version.ModTime)
	}
	return true
}

// unreadable deals with what cannot be opened.
func (r *run) unreadable(f *file, err error) {
	at, irregular := errors.AsType[*notRegular](err)
	switch {
	case irregular && at.mode.IsDir():
		r.removeFile(f)
		r.folderThere(f.in, f.name, at.id)
	case irregular:
		r.refuseIrregular(f, at.mode)
	case errors.Is(err, errRestless): // on a mount a name may be remembered for seconds that is gone
		if f.failures++; f.failures == maxRestless {
			r.warn(f, "unreadable for now", err)
		}
		r.wait(f, lastRetry, false)
	case absent(err) && f.failures == 0 && f.in.watched && (f.signs.closed || f.signs.created):
		// It left again, and what is known of it is needed for where it went. Its own event follows.
		r.wait(f, firstAgain, false)
		f.failures++
	case absent(err):
		r.removeFile(f)
	case errors.Is(err, fs.ErrPermission):
		r.refuse(f, hls.RefusedPermission, hls.Version{}, err)
	default:
		r.tellTrouble(f.path(), err)
		r.wait(f, again(f.failures), false)
		f.failures++
	}
}

// settled reports what was looked at, which is finished. It takes s.file over, or leaves it.
func (r *run) settled(s *sighting, g signs, evidence string) {
	f := s.f
	if s.version.Size == 0 && (f.kind == hls.Media || f.kind == hls.Subtitle) {
		r.refuse(f, hls.RefusedEmpty, s.version, errEmpty)
		return
	}
	if r.config.Torn(f.path(), s.version) {
		r.refuse(f, hls.RefusedTorn, s.version, errTorn)
		return
	}
	fact := f.fact(s, g)
	if f.signs == g {
		f.signs.attempt, f.signs.born = 0, false
	}
	if f.kind.IsPlaylist() {
		if evidence != hls.ByQuiet && r.mayMove(s, g) {
			return
		}
		r.edition(s, fact, evidence, standing{})
		return
	}
	fact.Growth = f.grown(s.version)
	changes := f.told.reported != hls.Version{}
	f.tell(s.version)
	r.keep(s, fact, evidence, changes)
}

// fact returns the fact that what was looked at is finished.
func (f *file) fact(s *sighting, g signs) hls.File {
	return hls.File{
		Path:    f.path(),
		State:   hls.Settled,
		Kind:    f.kind,
		Version: s.version,
		Sum:     s.sum,
		Seen:    time.Now(),
		Found:   g.scanned && !g.metOpen && !g.born,
	}
}

// wait sets the alarm for the next look at f. retry says that it is a repeated probe.
func (r *run) wait(f *file, d time.Duration, retry bool) {
	r.queue.set(&f.alarm, time.Now().Add(d))
	if retry && !f.retrying {
		f.retrying = true
		r.retrying++
	}
}

// calm cancels the next look at f.
func (r *run) calm(f *file) {
	r.queue.cancel(&f.alarm)
	if f.retrying {
		f.retrying = false
		r.retrying--
	}
	if f.looking == nil {
		r.order.withdraw(f.place)
		f.place = nil
	}
}

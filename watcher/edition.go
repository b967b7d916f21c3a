package watcher

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

const (
	// smallText is the largest text, in bytes, that is read without waiting for larger ones.
	smallText = 256 << 10
	// maxEditions bounds the versions of one playlist that are read or wait for that.
	maxEditions = 3
	// A playlist that took longer than slowText to read is left alone for restFactor times as long, so that it takes no more
	// than a part of one processor.
	slowText   = 50 * time.Millisecond
	restFactor = 3
	// What is refused as too large, after it was read, is left alone for firstRest, each further time for twice as long, up
	// to lastRest.
	firstRest = time.Second
	lastRest  = 30 * time.Second
	// A large playlist that was read once more, as it had given up its memory, is left alone for yieldRest: it may have to give it up
	// again at once, and reading it again and again would take the processor from those that it gave way to.
	yieldRest = 5 * time.Second
)

// reading is what is known of how a playlist is read.
type reading struct {
	editions []*edition // finished versions that are not reported yet; the first is being read
	rest     time.Time  // until then it is left alone
	refusals int        // in a row as too large, after it was read
	overdue  int        // how often others no longer waited for it …
	since    time.Time  // … and when last
	memory   memoryWait

	appeared   time.Time     // when a version was first finished under this name
	target     time.Duration // of the version reported last, while it is live; 0 if that is not known
	unfinished time.Time     // since when looks have met it unfinished; zero if they do not
	stood      standingText  // as it was read then
	warned     bool          // the log says that it stays open
}

// edition is a finished version of a playlist. It is made by the loop, and read as a job.
type edition struct {
	f        *file
	sys      *system
	root     *os.Root
	site     hls.Site
	pin      func(path string, f *os.File, v hls.Version) (hls.Source, bool)
	memory   *hls.Account
	files    *pending
	place    *place
	evidence string
	file     *os.File
	fact     hls.File
	last     [32]byte    // the bytes reported last; zero to be told whatever they were
	known    hls.Version // of them
	fresh    bool        // nothing was reported under this name
	standing

	changed bool   // it is not that version any more, or somebody is writing
	moved   bool   // it has another name by now, and not this one
	torn    bool   // it stands, and other bytes stood before, or it looks like a part
	same    bool   // the bytes are those reported last
	reason  string // why it is refused
	err     error
	need    int64 // the memory that is missing; 0 if none is
	asked   bool  // it is read once more, as somebody asked
	sum     [32]byte
	awaits  []string
	spans   []span
	took    time.Duration
}

// edition has a finished version of a playlist read. It takes s.file and s.place over, or leaves them.
func (r *run) edition(s *sighting, fact hls.File, evidence string, standing standing) {
	f, size := s.f, s.version.Size
	switch rest := time.Until(f.read.rest); {
	case size == 0, s.place.done: // it is between truncation and writing, or its writer was killed there
		return
	case size > hls.MaxPlaylistSize || !r.config.Memory.Fits(hls.Cost(size, 0)):
		r.refuse(f, hls.RefusedSize, s.version, errors.New("the playlist is too large"))
		return
	case rest > 0 && !r.ending:
		r.wait(f, rest, false)
		return
	}
	e := &edition{
		f: f, sys: &r.sys, root: r.root, site: r.config.Site, pin: r.config.Pin, memory: r.config.Memory,
		files: &r.order.files, place: s.place, evidence: evidence, file: s.file, fact: fact, standing: standing,
	}
	s.file, s.place = nil, nil
	f.read.editions = append(f.read.editions, e)
	if n := len(f.read.editions); n > maxEditions {
		r.discard(f.read.editions[n-2]) // the oldest is the next to be of use, the newest the one to get at
		f.read.editions = append(f.read.editions[:n-2], e)
	}
	if len(f.read.editions) == 1 {
		r.startReading(f)
	}
}

// discard lets go of an edition that is not to be read.
func (r *run) discard(e *edition) {
	r.order.withdraw(e.place)
	e.drop()
}

// startReading has the first edition of f read, as soon as there is memory for it.
func (r *run) startReading(f *file) {
	e := f.read.editions[0]
	share, ok := r.reserve(f, e.fact.Version.Size)
	if !ok {
		for _, e := range f.read.editions {
			r.discard(e)
		}
		f.read.editions = nil
		return
	}
	e.fact.Share = share
	if f.told.reported != (hls.Version{}) && !f.told.forced {
		e.last, e.known = f.sum, f.told.reported
	}
	e.fresh, e.asked = !f.told.known(), f.told.forced
	l := smallTexts
	if e.fact.Version.Size > smallText {
		l = largeTexts
	}
	r.work.add(&job{lane: l, task: e})
}

// do implements task.
func (e *edition) do() {
	began := time.Now()
	e.read()
	e.took = time.Since(began)
	e.moved = e.fresh && e.isMoved()
	if !e.moved && !e.torn && e.fact.Playlist != nil && e.pin != nil { // this process has its bytes in the fact, the next one needs a Source
		if src, ok := e.pin(e.fact.Path, e.file, e.fact.Version); ok {
			e.fact.Source, e.file = src, nil
		}
	}
}

// read finds out what the playlist says.
func (e *edition) read() {
	text, err := e.text()
	switch {
	case err != nil:
		e.err = err
	case text == nil:
		e.changed = true
	case e.fact.Kind != hls.Manifest && !bytes.HasPrefix(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("#EXTM3U")):
		e.reason, e.err = hls.RefusedPlaylist, errors.New("a playlist begins with #EXTM3U")
	default:
		e.sum = sha256.Sum256(text)
		e.same = e.sum == e.last
		if !e.same || e.rewritten() {
			e.parse(text)
		}
		e.torn = e.stands && !e.same && (e.sum != e.stood || !whole(e.fact, text))
		// That a media playlist was written once more is told, though its text is the same: it may mean other segments.
		if e.same && e.fact.Playlist != nil {
			if e.same = e.fact.Kind != hls.MediaPlaylist; e.same {
				e.fact.Content, e.fact.Playlist = nil, nil
			}
		}
	}
}

// rewritten reports whether somebody was seen to write the playlist since it was reported.
func (e *edition) rewritten() bool {
	return (e.evidence == hls.ByClose || e.evidence == hls.ByRename) && e.fact.Version != e.known
}

// text reads the playlist once; nil if it is no longer the version that was finished. It is that if the fingerprint is
// the same before and after, and nobody has it open for writing.
func (e *edition) text() ([]byte, error) {
	before, err := openfile.Version(e.file)
	if err != nil || before != e.fact.Version {
		return nil, err
	}
	text := make([]byte, before.Size)
	if _, err := e.file.ReadAt(text, 0); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	busy := !e.stands && e.sys.probe(e.file) == some
	after, err := openfile.Version(e.file)
	if err != nil || busy || after != before {
		return nil, err
	}
	return text, nil
}

// parse puts what the text names into the fact.
func (e *edition) parse(text []byte) {
	size := int64(len(text))
	list, err := hls.ParseFile(e.fact.Path, text, hls.ParseOptions{Memory: e.memory, Pause: runtime.Gosched})
	if err != nil {
		e.err, e.reason = err, hls.RefusedPlaylist
		if errors.Is(err, hls.ErrTooLarge) {
			e.reason = hls.RefusedSize
		}
		return
	}
	if need := list.Cost(size); !e.fact.Share.Grow(need) {
		e.need = need
		return
	}
	e.fact.Kind, e.fact.Content, e.fact.Playlist = list.Kind, text, list
	e.spans = spans(e.site, e.fact.Path, list)
	for i := range e.spans {
		e.spans[i].find(e.sys, e.root)
	}
	if e.files.none() {
		return
	}
	for i := range list.References {
		at, target := e.site.Resolve(e.fact.Path, list.References[i].URI)
		if target == hls.Local && e.files.before(at, e.place.number) && at != e.fact.Path {
			e.awaits = append(e.awaits, at)
		}
	}
}

// drop implements task.
func (e *edition) drop() {
	if e.file != nil {
		_ = e.file.Close()
		e.file = nil
	}
	letGo(e.fact)
}

// deal implements task.
func (e *edition) deal(r *run) {
	f := e.f
	f.read.editions = f.read.editions[1:]
	f.read.learn(e)
	if e.fact.Playlist != nil {
		f.read.memory.cost, f.read.memory.costOf = e.fact.Playlist.Cost(e.fact.Version.Size), e.fact.Version.Size
	}
	rest := f.read.pause(e)
	if r.reported(e) {
		if e.file != nil {
			_ = e.file.Close()
		}
	} else {
		r.discard(e)
	}
	switch {
	case e.need > 0, rest > 0:
		f.read.rest = time.Now().Add(rest)
		for _, next := range f.read.editions { // the newest version on disk is what is read next
			r.discard(next)
			if e.need == 0 {
				r.wait(f, rest, false)
			}
		}
		f.read.editions = nil
	case len(f.read.editions) > 0:
		r.startReading(f)
	}
	if e.need > 0 {
		r.waitForMemory(f, e.fact.Version.Size, e.need)
		r.share() // some may have been freed since
	}
	if f.goneAt != nil {
		r.part(f)
	}
}

// reported reports what was read, unless there is nothing to report.
func (r *run) reported(e *edition) bool {
	f, v := e.f, e.fact.Version
	switch {
	case e.place.done || e.need > 0:
		return false
	case e.moved, e.fresh && f.lost && f.moved:
		return false // the other name has an event of its own
	case e.torn, e.stands && (e.changed || e.reason == hls.RefusedPlaylist):
		return false
	case e.changed:
		if r.knows(f) {
			r.look(f)
		}
		return false
	case e.reason != "":
		r.refuse(f, e.reason, v, e.err)
		return false
	case e.err != nil:
		if r.knows(f) {
			r.unreadable(f, e.err)
		}
		return false
	case e.same:
		f.told = told{reported: v, forced: f.told.forced} // who asked since is to be told
		return false
	}
	f.sum = e.sum
	f.tell(v)
	r.callName(f)
	var awaits []*place
	for _, path := range e.awaits {
		if p := r.order.before(e.place, path); p != nil { // else it went out meanwhile
			awaits = append(awaits, p)
		}
	}
	for _, s := range e.spans {
		if p := r.demand(s, e.place); p != nil {
			awaits = append(awaits, p)
		}
	}
	r.config.Observer.Settled(e.fact.Kind.String(), e.evidence)
	r.order.fillList(e.place, e.fact, awaits)
	return true
}

// pause returns for how long a playlist is left alone after e.
func (q *reading) pause(e *edition) time.Duration {
	var rest time.Duration
	if e.took > slowText {
		rest = restFactor * e.took
	}
	if e.asked && e.memory.Large(e.fact.Share.Bytes()) {
		rest = max(rest, yieldRest)
	}
	switch {
	case e.reason == hls.RefusedSize:
		rest = max(rest, min(firstRest<<min(q.refusals, 10), lastRest))
		q.refusals++
	case e.reason == "" && e.err == nil && !e.changed:
		q.refusals = 0
	}
	return rest
}

// readAgain reads again a playlist for which others waited so long that it lost its place. What it names may have other
// bytes by then than when it was finished.
func (r *run) readAgain(p *place) {
	in, name := r.locate(p.path)
	if in == nil || in.files[name] == nil {
		letGo(p.fact)
		return
	}
	f, now := in.files[name], time.Now()
	if !p.filled.IsZero() {
		letGo(p.fact)
		f.told.forced = true // what was found out is not told
	}
	if q := &f.read; now.Sub(q.since) > 2*lastAgain {
		q.overdue = 0
	}
	r.wait(f, again(f.read.overdue), false)
	f.read.overdue++
	f.read.since = now
}

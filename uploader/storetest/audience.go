package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Audience judges playlists that go on over restarts of their packager, and the media in the folders of their sessions, as players do
// that remember all that they were ever shown. Like a Viewer it is told what the packager really did, in which run, and every change of
// the store, and shares no code with the uploader but hls.Site. What is published as the packager wrote it is a Viewer's to judge.
//
// A run is known by its bytes: those that were finished in one run alone, and under no other, are its mark.
//
// NewAudience makes one; its fields are set before the first call. All methods are safe for concurrent use. It reads time.Now only.
type Audience struct {
	// Settle is DefaultSettle unless changed.
	Settle time.Duration
	// EndDelay is how long the end of a list has to wait for another run, and GiveUp how long a segment is waited for.
	EndDelay, GiveUp time.Duration
	// Steady says that nothing but another run of the packager has a list go on in another folder, or with a discontinuity: the uploader
	// runs all the time, and no name of media comes back within a run.
	Steady bool
	// AllowUnnamed switches RuleNeverNamed off, as Viewer.AllowUnnamed does.
	AllowUnnamed bool
	// Site says where players find the directory. The zero Site is that of a bucket's root.
	Site hls.Site

	prefix string

	mu         sync.Mutex
	run        int
	sources    map[string]*source
	objects    map[string]*kept
	shows      map[string]*show
	folders    map[string]int // the run of which the bytes are
	violations []Violation
	drained    time.Time // when the end of the uploader began; zero if it did not
}

// source is a name below the watched directory.
type source struct {
	path     string
	versions []edited
	named    map[int]bool // in which runs
	objects  map[string]*kept
	lost     bool
	repeats  bool // one run lists it more than once
}

// edited is what was finished under a name.
type edited struct {
	sum     digest
	content []byte
	at      time.Time
	grows   bool
	runs    map[int]bool // of which it can be
	needed  bool         // somebody has to store it
}

// kept is an object of a session.
type kept struct {
	content []byte // what was stored last; it stays when the object is removed
	there   bool
	source  *source
	folder  string
	version int
}

// show is one playlist.
type show struct {
	path     string
	listings []*listing
	numbers  map[listed]uint64
	breaks   map[listed]bool // before which the packager has a discontinuity
	beyond   int             // listings before it are not asked for
	met      int             // the newest when the uploader began
	shown    *program
	memory   map[uint64]seen
	known    map[string]uint64 // the number of each URI and range
	last     uint64            // the largest number seen
	any      bool              // one was
	seams    map[int]seam      // the first segment of each run
	order    map[listed]uint64 // in which its packager listed them
	ended    bool              // the end was shown
	homes    map[int]string    // the folder of each run
	cuts     []cut
	there    bool // the store has it
	unsure   bool // the uploader that runs now has not published it, and may have begun without any
}

// cut is a discontinuity between two segments that follow each other.
type cut struct {
	run    int
	number uint64 // the packager's, of the segment behind it
	what   string
	at     time.Time
}

// seam is the first segment of a run that a playlist showed.
type seam struct {
	discontinuity, number uint64 // number is the packager's
	folder                string
}

// listed is a segment as its packager counts it.
type listed struct {
	run          int
	path, window string
}

// listing is a version of a packager's playlist.
type listing struct {
	text              []byte
	run               int
	at                time.Time
	scenes            []seen
	paths             []string // of the segments; "" for those of others
	first             []time.Time
	others            []string // init sections and keys
	ended             bool
	ready             time.Time
	published, passed time.Time // since when players are shown it, and it or a later one; zero if they are not
	rest              time.Time // since when all is stored that ever came
	reported          bool
}

// The rules by which an Audience judges beside those of a Viewer.
const (
	// RuleNumbers: a media sequence number falls, a segment gets another one, or numbers are passed over that the packager did not.
	RuleNumbers Rule = "numbers"
	// RuleDiscontinuity: a discontinuity number falls or changes; another run or a hole begins without one; one stands where there is
	// nothing; or playlists of one stream count differently.
	RuleDiscontinuity Rule = "discontinuity"
	// RuleFolder: a folder has two runs, or a run two folders.
	RuleFolder Rule = "folder"
	// RuleImmutable: an object of a session is stored with other bytes. Those of a file that grows begin with the ones before.
	RuleImmutable Rule = "immutable"
	// RuleEnd: the end of a list is shown too early, or is not shown at all.
	RuleEnd Rule = "end"
)

// NewAudience returns an Audience of the objects whose key is prefix and a path; it ignores all others.
func NewAudience(prefix string) *Audience {
	return &Audience{Settle: DefaultSettle, prefix: prefix, sources: map[string]*source{}, objects: map[string]*kept{}, shows: map[string]*show{}, folders: map[string]int{}}
}

// Begins tells that the packager begins a run: its numbers fall. One that counts on where it stood goes on with its run.
func (a *Audience) Begins(run int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.run = run
}

// Finished tells that the packager finished a file, and Grown that one to which it only appends holds these bytes so far.
func (a *Audience) Finished(path string, content []byte) { a.finished(path, content, false) }

// Grown: see Finished.
func (a *Audience) Grown(path string, content []byte) { a.finished(path, content, true) }

func (a *Audience) finished(path string, content []byte, grows bool) {
	if len(content) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.source(path)
	if n := len(s.versions) - 1; n >= 0 && grows && s.versions[n].grows && bytes.HasPrefix(s.versions[n].content, content) {
		s.versions[n].runs[a.run] = true
		return // named by a list that is behind another one
	}
	if n := len(s.versions) - 1; n >= 0 && s.versions[n].grows && bytes.HasPrefix(content, s.versions[n].content) {
		s.versions[n].content, s.versions[n].sum, s.versions[n].grows = bytes.Clone(content), sha256.Sum256(content), grows
		s.versions[n].runs[a.run] = true
		a.refresh()
		return
	}
	now, sum := time.Now(), sha256.Sum256(content)
	i := slices.IndexFunc(s.versions, func(v edited) bool { return v.sum == sum })
	if i < 0 {
		s.versions = append(s.versions, edited{sum: sum, content: bytes.Clone(content), runs: map[int]bool{}})
	} else { // it is the newest again
		again := s.versions[i]
		s.versions = append(slices.Delete(s.versions, i, i+1), again)
		for _, o := range s.objects {
			o.version = s.find(o.content)
		}
	}
	v := &s.versions[len(s.versions)-1]
	v.at, v.grows, v.runs[a.run] = now, grows, true
	a.refresh()
}

// find returns which version the content is, or the beginning of; -1 for none.
func (s *source) find(content []byte) int {
	for i := len(s.versions) - 1; i >= 0; i-- {
		if v := &s.versions[i]; bytes.Equal(v.content, content) {
			return i
		}
	}
	for i := len(s.versions) - 1; i >= 0; i-- {
		if bytes.HasPrefix(s.versions[i].content, content) {
			return i
		}
	}
	return -1
}

func (a *Audience) source(path string) *source {
	s := a.sources[path]
	if s == nil {
		s = &source{path: path, named: map[int]bool{}, objects: map[string]*kept{}}
		a.sources[path] = s
	}
	return s
}

func (a *Audience) show(path string) *show {
	p := a.shows[path]
	if p == nil {
		p = &show{path: path, numbers: map[listed]uint64{}, breaks: map[listed]bool{}, memory: map[uint64]seen{}, known: map[string]uint64{}, seams: map[int]seam{}, homes: map[int]string{}, order: map[listed]uint64{}, met: -1}
		a.shows[path] = p
	}
	return p
}

// Listed tells that the packager finished a media playlist. next are the paths by which it means bytes that are finished next, although
// some are already.
func (a *Audience) Listed(path string, content []byte, next ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, err := read(content)
	if err != nil {
		return
	}
	p := a.show(path)
	if n := len(p.listings); n > 0 && p.listings[n-1].run == a.run && bytes.Equal(p.listings[n-1].text, content) {
		return // opened and closed again
	}
	l := &listing{text: bytes.Clone(content), run: a.run, at: time.Now(), scenes: text.scenes, ended: text.ended}
	var before *listing
	if n := len(p.listings); n > 0 {
		before = p.listings[n-1]
	}
	for i := range text.scenes {
		s := &text.scenes[i]
		at := a.path(path, s.uri)
		l.paths = append(l.paths, at)
		since := l.at
		if before != nil && before.run == l.run {
			for k := range before.scenes {
				if before.scenes[k].number == s.number && before.paths[k] == at {
					since = before.first[k]
				}
			}
		}
		l.first = append(l.first, since)
		if at == "" || s.gap {
			continue
		}
		key := listed{l.run, at, s.window}
		if n, ok := p.numbers[key]; ok && n != s.number {
			a.source(at).repeats = true
		}
		p.numbers[key] = s.number
		if p.order[key] == 0 {
			p.order[key] = uint64(len(p.order) + 1)
		}
		if i == 0 && s.discontinuity > text.base || i > 0 && s.discontinuity > text.scenes[i-1].discontinuity {
			p.breaks[key] = true
		}
		a.names(at, next)
	}
	for _, uri := range text.tags {
		if other := a.path(path, uri); uri != "" && other != "" && !slices.Contains(l.others, other) {
			l.others = append(l.others, other)
			a.names(other, next)
		}
	}
	p.listings = append(p.listings, l)
	if p.shown != nil && a.contains(p, l) { // what was taken out of it stays published
		l.passed = l.at
	}
	a.refresh()
}

// names notes that the packager names what has a path.
func (a *Audience) names(path string, next []string) {
	s := a.source(path)
	s.named[a.run] = true
	if n := len(s.versions); n > 0 && !slices.Contains(next, path) {
		v := &s.versions[n-1]
		v.runs[a.run], v.needed = true, true
	}
}

// path returns that of a URI below the watched directory, "" for those of others.
func (a *Audience) path(list, uri string) string {
	at, target := a.Site.Resolve(list, uri)
	if target != hls.Local {
		return ""
	}
	return at
}

// Lost tells that the bytes of a file are lost as they may be: nobody asks for it any more.
func (a *Audience) Lost(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, path, _ = Split(path)
	a.source(path).lost = true
}

// Restarted tells that the uploader begins. Of each playlist it has the newest version. Its numbers are kept in the published list alone: of one that
// the store lost they begin anew, if it is gone before this uploader published it.
func (a *Audience) Restarted() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.shows {
		p.beyond = max(p.beyond, len(p.listings)-1)
		p.met = len(p.listings) - 1
		if p.unsure = true; !p.there {
			p.anew()
		}
	}
	for _, s := range a.sources {
		for i := range s.versions {
			s.versions[i].needed = false
		}
	}
	for _, p := range a.shows {
		if s := a.sources[p.path]; s != nil && s.lost {
			continue // nobody knows of it
		}
		if n := len(p.listings); n > p.beyond {
			for _, at := range slices.Concat(p.listings[n-1].paths, p.listings[n-1].others) {
				if s := a.sources[at]; s != nil && len(s.versions) > 0 {
					s.versions[len(s.versions)-1].needed = true
				}
			}
		}
	}
}

// Discarded tells that the directory is gone with all that was in it, as is what the uploader kept: what was listed is not asked for.
func (a *Audience) Discarded() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.shows {
		p.beyond = len(p.listings)
	}
	for _, s := range a.sources {
		for i := range s.versions {
			s.versions[i].needed = false
		}
	}
}

// Drained tells that the uploader comes to its end: nothing is waited for any more.
func (a *Audience) Drained() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drained = time.Now()
}

// Shows reports whether the playlist of that path is the Audience's to judge.
func (a *Audience) Shows(path string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.shows[path] != nil
}

// Listings returns every version of every playlist that the packager finished, as those of a Viewer.
func (a *Audience) Listings() (all []Listing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, path := range slices.Sorted(maps.Keys(a.shows)) {
		for i, l := range a.shows[path].listings {
			all = append(all, Listing{Path: path, Number: i + 1, Listed: l.at, Published: l.published, Passed: l.passed})
		}
	}
	return all
}

// Violations returns the promises broken so far.
func (a *Audience) Violations() []Violation {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.violations)
}

func (a *Audience) accuse(rule Rule, path, format string, args ...any) {
	a.violations = append(a.violations, Violation{Rule: rule, Key: a.prefix + path, Detail: fmt.Sprintf(format, args...), At: time.Now()})
}

// Split takes the path of what is published apart: the folder of its session with its slash, "" for none, the path in the directory,
// and which variant of an init section or key it is.
func Split(published string) (folder, path, variant string) {
	const stamp = "00000000T000000Z"
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	name, rest, ok := strings.Cut(published, "/")
	stem, again, more := strings.Cut(name, "-")
	if !ok || len(stem) != len(stamp) || stem[8] != 'T' || stem[15] != 'Z' || !digits(stem[:8]) || !digits(stem[9:15]) || more && !digits(again) {
		return "", published, ""
	}
	if v, behind, ok := strings.Cut(rest, "/"); ok && len(v) > 1 && v[0] == '.' && digits(v[1:]) {
		return name + "/", behind, v[1:]
	}
	return name + "/", rest, ""
}

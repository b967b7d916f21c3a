package storetest

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// DefaultSettle is how long new bytes of a name stand before a playlist on disk that still names it may
// be read as meaning them.
const DefaultSettle = 2 * time.Second

// Viewer judges a store by what a player could load from it. It is told what the packager really
// finished (Finished, Grown, Listed) and every change of the store (Changed, ChangedUnread, Removed),
// in the order in which they happened, and keeps every broken promise as a Violation. It shares no code
// and no reasoning with the uploader that it judges, apart from hls.ParseFile and hls.Site.
//
// Versions are bytes: what was finished twice with the same bytes is one version. A reference of a
// playlist means the version of its file that is finished when the playlist is, or the next to be
// finished if none is; a newer version is meant as well once it has stood for Settle while no newer
// playlist was listed (an init section rewritten at the end of a stream).
//
// NewViewer makes one; its fields are set before the first call. All methods are safe for concurrent
// use. It reads time.Now only, starts no goroutine and does no I/O, so that it works in a
// testing/synctest bubble.
type Viewer struct {
	// Settle is DefaultSettle unless changed.
	Settle time.Duration
	// Late is how long after it happened the uploader hears of anything at most. Settle ends so much sooner where it permits something, as
	// what began it may have been heard of later than the bytes, and so much later where it demands something. Zero means at once.
	Late time.Duration
	// Grace is by how much the packager's truth may be told late. A change of the store that nothing
	// explains yet waits so long, and all later ones behind it, before it is judged; and a file that is
	// finished again within Grace of a playlist that names it may be meant with either bytes. Zero, which
	// is right for a simulated packager, judges at once.
	Grace time.Duration
	// AllowUnnamed switches RuleNeverNamed off.
	AllowUnnamed bool
	// Site says where players find the directory. The zero Site is that of a bucket's root.
	Site hls.Site

	prefix string

	mu          sync.Mutex
	files       map[string]*file
	playlists   []*playlist
	waiting     []change
	accusations []accusation
	counts      Counts
	finishes    int // counts Finished and Grown: the order of versions
	mark        int // counts parsed playlists: see file.mark
}

// settled is how long bytes stand at least until they may be taken for what is meant.
func (v *Viewer) settled() time.Duration { return v.Settle - v.Late }

// NewViewer returns a Viewer of the objects whose key is prefix and a path below the watched directory;
// it ignores all others. prefix is used as it is: "live/" or "".
func NewViewer(prefix string) *Viewer {
	return &Viewer{Settle: DefaultSettle, prefix: prefix, files: make(map[string]*file)}
}

type digest [sha256.Size]byte

// unbound is the version of a reference whose bytes are not finished yet, of a file of which none are,
// and of an object whose bytes nobody finished.
const unbound = -1

// file is a name below the watched directory: what was finished under it and what is stored.
type file struct {
	path       string
	versions   []version
	current    int // what was finished last
	pending    []pending
	namers     []*playlist // those that ever named it
	list       *playlist   // not nil once it was listed itself
	stored     state
	lost       bool
	unseen     bool // see Unseen
	missed     bool // see Missed
	unanswered bool // see Unanswered
	served     int  // the newest version that was stored and was removed by others
	// mark and slot find the file's reference in the playlist that is being parsed.
	mark, slot int
}

type version struct {
	digest  digest
	size    int64
	order   int // by Viewer.finishes
	at      time.Time
	named   bool // a reference means it
	needed  bool // one that gates
	growing bool
	content []byte // kept only of files that grow, for their prefixes
}

// pending is a reference that means the bytes finished next.
type pending struct {
	entry *entry
	ref   *ref
}

type state struct {
	present, unread bool
	version         int
	size            int64
}

// playlist is the history of one playlist's name.
type playlist struct {
	file    *file
	entries []*entry
	shown   *entry // what the store shows; nil if nothing or nothing good
	reached int    // the oldest entry that the bytes shown last can be
	// contested is true when newer bytes were finished for a file that shown names.
	contested bool
	licences  []licence
	asked     bool      // its goal is being looked for
	beyond    int       // so many entries nobody can publish: see Viewer.Deleted and Viewer.Restarted
	met       *entry    // the newest when the uploader began, if it did
	began     time.Time // when that was
}

// entry is one finished version of a playlist.
type entry struct {
	list   *playlist
	index  int
	digest digest
	refs   []ref
	listed time.Time
	// surpassed is when the first later version with another meaning was listed.
	surpassed time.Time
	// ready is since when all that it names has been stored.
	ready             time.Time
	published, passed time.Time
	unsafe, reported  bool
}

// ref is what an entry means by one name.
type ref struct {
	file *file
	// version is meant; other, unless unbound, is as good.
	version, other int
	need           int64 // the furthest byte named in a range
	whole          bool  // it is named without a range, too
	soft           bool  // it is but counted by the times of a manifest
	gates          bool  // false for hints and gaps: they may be stored and need not
	playlist       bool
}

// licence is the right to overwrite a file that the shown entry names with the bytes that a later one means.
type licence struct {
	file  *file
	entry *entry
}

// Finished tells that the packager finished a media, init, key or subtitle file with these bytes. Bytes
// equal to those finished last are no new version, but may be what a reference waits for.
func (v *Viewer) Finished(path string, content []byte) { v.finished(path, content, false, time.Now()) }

// Grown tells that a file to which the packager only appends holds these bytes so far, as in ffmpeg's
// single_file mode. Every prefix of them counts as finished bytes, and stays good when the file grows
// or is finished, as far as the byte ranges named reach.
func (v *Viewer) Grown(path string, content []byte) { v.finished(path, content, true, time.Now()) }

// finished is Finished or Grown, of bytes that were finished at that time.
func (v *Viewer) finished(path string, content []byte, growing bool, at time.Time) {
	if kind := hls.Classify(path); len(content) == 0 && (kind == hls.Media || kind == hls.Subtitle) {
		return // a segment is never empty: its disk was full, or its packager was stopped
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	v.drain(now, false)
	v.counts.Finished++
	f := v.file(path)
	f.unseen = false
	before := f.current
	v.addVersion(f, content, growing, at)
	for _, p := range f.pending {
		if before >= 0 && at.Sub(p.entry.listed) >= v.settled() {
			p.ref.other = before // taken as meant until now: see means
		}
		p.ref.version = f.current
		f.meant(p.ref)
	}
	f.pending = nil
	for _, p := range f.namers {
		if f.current != before {
			v.succeeded(p, f, before, at)
		}
		v.refresh(p, f, now)
	}
	v.drain(now, false)
}

func (v *Viewer) addVersion(f *file, content []byte, growing bool, now time.Time) {
	v.finishes++
	sum := sha256.Sum256(content)
	if f.current >= 0 {
		last := &f.versions[f.current]
		if growing && last.growing && bytes.HasPrefix(last.content, content) {
			return // named by a list that is behind another one
		}
		if last.growing && bytes.HasPrefix(content, last.content) {
			last.content, last.digest = bytes.Clone(content), sum
			last.size, last.growing = int64(len(content)), growing
			return
		}
		if last.digest == sum {
			return
		}
	}
	for i := range f.versions {
		if f.versions[i].digest == sum {
			f.current = i
			f.versions[i].order, f.versions[i].at = v.finishes, now
			return
		}
	}
	n := version{digest: sum, size: int64(len(content)), order: v.finishes, at: now, growing: growing}
	if growing {
		n.content = bytes.Clone(content)
	}
	f.versions = append(f.versions, n)
	f.current = len(f.versions) - 1
}

// succeeded notes that f has bytes newer than those that p's entries mean.
func (v *Viewer) succeeded(p *playlist, f *file, before int, now time.Time) {
	if p.shown != nil && p.shown.ref(f) != nil {
		p.contested = true
	}
	for i := len(p.entries) - 1; i >= 0 && v.Grace > 0 && now.Sub(p.entries[i].listed) < v.Grace; i-- {
		if r := p.entries[i].ref(f); r != nil && r.version == before && before >= 0 {
			r.other = f.current
			f.versions[f.current].named = true
		}
	}
}

// Listed tells that the packager finished a playlist with these bytes. next are the paths among its
// references by which it means the bytes finished next although some are finished already: hlssink2
// that starts anew names a segment milliseconds before the new bytes replace those of the old run.
// What hls.ParseFile refuses is no playlist and is ignored.
func (v *Viewer) Listed(path string, content []byte, next ...string) {
	v.listed(path, content, time.Now(), next...)
}

// listed is Listed, of bytes that were finished at that time.
func (v *Viewer) listed(path string, content []byte, at time.Time, next ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	parsed, err := hls.ParseFile(path, content, hls.ParseOptions{})
	if err != nil {
		return
	}
	v.drain(now, false)
	v.counts.Listed++
	f := v.file(path)
	if f.list == nil {
		f.list = &playlist{file: f, reached: -1}
		v.playlists = append(v.playlists, f.list)
	}
	p := f.list
	e := &entry{list: p, index: len(p.entries), digest: sha256.Sum256(content), listed: at}
	e.refs = v.references(f, parsed, next)
	if e.index > 0 {
		last := p.entries[e.index-1]
		same := last.sameMeaning(e)
		if same && last.digest == e.digest {
			v.drain(now, false)
			return
		}
		for i := e.index - 1; !same && i >= 0 && p.entries[i].surpassed.IsZero(); i-- {
			p.entries[i].surpassed = at
		}
	}
	if p.met != nil && p.met.index == e.index-1 && at.Sub(p.began) < v.Settle+v.Late {
		p.beyond = max(p.beyond, e.index)
	}
	p.entries = append(p.entries, e)
	if p.shown == nil {
		p.outlive()
	}
	for i := range e.refs {
		v.bind(e, &e.refs[i])
	}
	v.refresh(p, nil, now)
	v.drain(now, false)
}

// references returns what a playlist names below the watched directory, each file once.
func (v *Viewer) references(of *file, parsed *hls.Playlist, next []string) []ref {
	v.mark++
	refs := make([]ref, 0, len(parsed.References))
	for _, named := range parsed.References {
		at, target := v.Site.Resolve(of.path, named.URI)
		if named.Unresolved || target != hls.Local || at == of.path {
			continue
		}
		isPlaylist := named.Kind.IsPlaylist()
		if isPlaylist && named.Hint {
			continue // EXT-X-RENDITION-REPORT: renditions name one another, so that nobody could be first
		}
		f := v.file(at)
		if f.mark != v.mark {
			f.mark, f.slot = v.mark, len(refs)
			r := ref{file: f, version: f.current, other: unbound, playlist: isPlaylist}
			if named.Hint && parsed.Kind == hls.Manifest || len(next) > 0 && slices.Contains(next, at) {
				r.version = unbound
			}
			refs = append(refs, r)
		}
		// Of what a manifest counts by its times alone, that gates which is finished when it is.
		if r := &refs[f.slot]; !named.Hint && !named.Gap && !named.Optional && (!named.Soft || r.version != unbound) {
			r.gates, r.soft = true, named.Soft && (r.soft || !r.gates)
			r.whole = r.whole || named.Length == 0
			if named.Length > 0 {
				r.need = max(r.need, named.Offset+named.Length)
			}
		}
	}
	return refs
}

func (v *Viewer) bind(e *entry, r *ref) {
	if !slices.Contains(r.file.namers, e.list) {
		r.file.namers = append(r.file.namers, e.list)
	}
	switch {
	case r.playlist:
	case r.version == unbound:
		r.file.pending = append(r.file.pending, pending{e, r})
	default:
		r.file.meant(r)
	}
}

// meant marks the version bound to r.
func (f *file) meant(r *ref) {
	n := &f.versions[r.version]
	n.named, n.needed = true, n.needed || r.gates
}

// Lost tells that the uploader gave the file's finished bytes up as it may (a spool that is full, bytes
// that were gone before it looked), counted and logged. Finale does not miss them. Of a playlist it tells that the
// newest versions were deleted before anybody looked: then neither Finale nor Standing asks for them.
func (v *Viewer) Lost(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.file(path).lost = true
}

// Unseen tells that no process can know that the file was ever there: it came and went while none looked, or only an earlier one did. A
// manifest that counts it by its times alone may be published without it, as that is but an estimate of what was finished. Whether it is
// Lost is another question.
func (v *Viewer) Unseen(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.file(path).unseen = true
}

// Deleted tells that the packager deleted the file. If the store held its bytes and lost them (Removed), nobody can
// store them again, and Finale does not ask for what names them. Nor does it, or Standing, ask for a playlist of which
// the newest version was published, removed by others and deleted: no process keeps the text of what it published.
func (v *Viewer) Deleted(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.file(path)
	v.drain(time.Now(), false)
	f.lost = f.lost || f.served != unbound && !f.stored.present
	if p := f.list; p != nil && !f.stored.present && !p.entries[len(p.entries)-1].passed.IsZero() {
		p.beyond = len(p.entries)
	}
}

// outlive notes that the store shows nothing of p, as others removed it or nothing was published. Of versions that it has shown nobody can
// publish one again if a newer is there: no process keeps the text of what it published, and the directory has the newest alone.
func (p *playlist) outlive() {
	for i := len(p.entries) - 2; i >= p.beyond; i-- {
		if !p.entries[i].passed.IsZero() {
			p.beyond = i + 1
		}
	}
}

// Restarted tells that the uploader restarts. It has the newest version of each playlist, from the directory or from the process before
// it, and neither Finale nor Standing asks for an older one. Nor for that one if a newer comes within Settle and Late: whether other bytes of
// a name are younger than a playlist that was met beside them nobody can say, so that it takes them only when it is known to be the newest.
func (v *Viewer) Restarted() {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	v.drain(now, false)
	for _, p := range v.playlists {
		p.beyond = max(p.beyond, len(p.entries)-1)
		p.met, p.began = p.entries[len(p.entries)-1], now
	}
}

// Unanswered tells that the store holds the file's bytes, and that nobody can know: the answer to the PUT did not come, and the
// bytes were lost here. No version that waits for them is asked for.
func (v *Viewer) Unanswered(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.file(path).unanswered = true
}

func (v *Viewer) file(name string) *file {
	f := v.files[name]
	if f == nil {
		f = &file{path: name, current: unbound, served: unbound, stored: state{version: unbound}}
		v.files[name] = f
	}
	return f
}

// ref returns what e means by f, nil if it does not name it.
func (e *entry) ref(f *file) *ref {
	for i := range e.refs {
		if e.refs[i].file == f {
			return &e.refs[i]
		}
	}
	return nil
}

// waited reports whether r gates. What a manifest counts by its times alone does so no more once it is Unseen, or Lost after it
// was stored.
func (r *ref) waited() bool {
	return r.gates && !(r.soft && (r.file.unseen || r.file.lost && r.file.served != unbound))
}

func (e *entry) sameMeaning(o *entry) bool {
	return slices.EqualFunc(e.refs, o.refs, func(a, b ref) bool {
		return a.file == b.file && a.version == b.version && a.need == b.need && a.whole == b.whole && a.gates == b.gates
	})
}

// find returns the version that content are the bytes of, or a prefix of one that grew; else unbound.
func (f *file) find(sum digest, content []byte) int {
	for i := len(f.versions) - 1; i >= 0; i-- {
		n := &f.versions[i]
		if n.digest == sum || n.content != nil && bytes.HasPrefix(n.content, content) {
			return i
		}
	}
	return unbound
}

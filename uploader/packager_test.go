package uploader_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// disk is a directory in memory. Like a real one it has inodes, which stay readable while they are held,
// and which a writer that truncates changes under everybody's eyes.
type disk struct {
	mu     sync.Mutex
	inodes uint64
	names  map[string]*inode
	events chan string // names that changed; nil while nobody watches
	spool  map[*inode]*pin
	lost   func(name string) // told of what was removed while nobody watched

	removed func(name string) // told of all that is removed

	emptying sync.Mutex
	emptied  bool // the store was
	last     bool // the packager writes nothing more after what it writes now
}

// pin is a hard link in the spool: its name speaks of the version that was pinned.
type pin struct {
	name    string
	version hls.Version
	named   bool
	users   int // sources
}

type inode struct {
	number  uint64
	content []byte
	mtime   int64
	open    bool // somebody is writing
}

// newDice returns random numbers that are always the same.
func newDice() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }

func newDisk() *disk {
	return &disk{names: map[string]*inode{}, spool: map[*inode]*pin{}, removed: func(string) {}}
}

// recover returns what a process before left in the spool.
func (d *disk) recover(ctx context.Context) []hls.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	var facts []hls.File
	for n, p := range d.spool {
		if n.version() != p.version {
			delete(d.spool, n) // rewritten in place
			continue
		}
		p.users = 1
		facts = append(facts, hls.File{
			Path: p.name, State: hls.Settled, Kind: hls.Classify(p.name), Version: p.version, Seen: time.Now(),
			Found: true, Named: p.named, Source: &held{ctx: ctx, disk: d, inode: n, name: p.name},
		})
	}
	slices.SortFunc(facts, func(a, b hls.File) int { return cmp.Compare(a.Version.ModTime, b.Version.ModTime) })
	return facts
}

func (n *inode) version() hls.Version {
	return hls.Version{Device: 1, Inode: n.number, Size: int64(len(n.content)), ModTime: n.mtime}
}

// write replaces the content of name at once: in place, or as a new inode that is renamed over it.
func (d *disk) write(name string, content []byte, inPlace bool) {
	d.mu.Lock()
	n := d.names[name]
	if n == nil || !inPlace {
		d.inodes++
		n = &inode{number: d.inodes}
		d.names[name] = n
	}
	n.content, n.mtime, n.open = content, time.Now().UnixNano(), false
	d.mu.Unlock()
	d.event(name)
}

// truncate opens name for writing in place; write ends it.
func (d *disk) truncate(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.names[name]; n != nil {
		n.content, n.mtime, n.open = nil, time.Now().UnixNano(), true
	}
}

func (d *disk) remove(name string) {
	d.mu.Lock()
	n, there := d.names[name]
	delete(d.names, name)
	if there {
		d.removed(name)
	}
	if there && d.events == nil && d.spool[n] == nil {
		d.lost(name)
	}
	d.mu.Unlock()
	if there {
		d.event(name)
	}
}

// empty has clear empty the store, unless the packager might not write anything after that.
func (d *disk) empty(clear func() bool) {
	d.emptying.Lock()
	defer d.emptying.Unlock()
	if !d.last && clear() {
		d.emptied = true
	}
}

// lists returns the playlists, sorted.
func (d *disk) lists() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := slices.Sorted(maps.Keys(d.names))
	return slices.DeleteFunc(names, func(name string) bool { return !hls.Classify(name).IsPlaylist() })
}

// wasEmptied reports whether the store was emptied, which it will not be from now on.
func (d *disk) wasEmptied() bool {
	d.emptying.Lock()
	defer d.emptying.Unlock()
	d.last = true
	return d.emptied
}

// has reports whether a file of that name is there.
func (d *disk) has(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name] != nil
}

func (d *disk) event(name string) {
	d.mu.Lock()
	events := d.events
	d.mu.Unlock()
	if events != nil {
		events <- name
	}
}

// watch reports what is in the directory and then what happens to it, a little late, until ctx is done. It does
// what package watcher does, without its means.
func (d *disk) watch(process, ctx context.Context, rng *rand.Rand, facts chan<- hls.File, looks <-chan string) {
	defer close(facts)
	events := make(chan string, 4096)
	d.mu.Lock()
	d.events = events
	atRest := slices.SortedFunc(maps.Keys(d.names), func(a, b string) int { return int(d.names[a].mtime - d.names[b].mtime) })
	d.mu.Unlock()
	reported := map[string]hls.Version{}
	tell := func(name string, found, again bool) {
		f, ok := d.fact(process, name, found)
		if !ok {
			if _, known := reported[name]; known && f.State == hls.Gone {
				delete(reported, name)
				facts <- f
			}
			return
		}
		if again || reported[name] != f.Version {
			reported[name] = f.Version
			facts <- f
		}
	}
	for _, name := range atRest {
		tell(name, true, false)
	}
	for {
		select {
		case name := <-events:
			time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
			tell(name, false, false)
		case name := <-looks:
			tell(name, false, true)
		case <-ctx.Done():
			d.mu.Lock()
			d.events = nil
			d.mu.Unlock()
			for {
				select {
				case name := <-events:
					tell(name, false, false)
					continue
				default:
				}
				return
			}
		}
	}
}

// fact is what a watcher would say of name now; ok is false if it is gone or being written.
func (d *disk) fact(ctx context.Context, name string, found bool) (f hls.File, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		return hls.File{Path: name, State: hls.Gone}, false
	}
	if n.open {
		return hls.File{}, false
	}
	f = hls.File{Path: name, State: hls.Settled, Kind: hls.Classify(name), Version: n.version(), Seen: time.Now(), Found: found}
	if f.Kind.IsPlaylist() {
		pl, err := hls.Parse(n.content)
		if err != nil {
			return hls.File{}, false
		}
		f.Kind, f.Content, f.Playlist = pl.Kind, n.content, pl
		return f, true
	}
	f.Source = &held{ctx: ctx, disk: d, inode: n, name: name}
	if p := d.spool[n]; p != nil && p.version == n.version() {
		p.users++
	} else if !found {
		d.spool[n] = &pin{name: name, version: n.version(), users: 1}
	}
	return f, true
}

// held is an inode kept readable, and in the spool once it was seen to finish or is kept.
type held struct {
	ctx      context.Context // of the process: what it does after its end does not happen
	disk     *disk
	inode    *inode
	name     string
	mu       sync.Mutex
	released bool
}

func (h *held) Keep() {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if p := h.disk.spool[h.inode]; p != nil {
		p.named = true
	} else if h.disk.names[h.name] == h.inode {
		h.disk.spool[h.inode] = &pin{name: h.name, version: h.inode.version(), named: true, users: 1}
	}
}

func (h *held) Open() (hls.Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released {
		return nil, fmt.Errorf("open: %w", fs.ErrNotExist)
	}
	return heldReader{h}, nil
}

func (h *held) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.released || h.ctx.Err() != nil {
		return
	}
	h.released = true
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if p := h.disk.spool[h.inode]; p != nil {
		if p.users--; p.users <= 0 {
			delete(h.disk.spool, h.inode)
		}
	}
}

type heldReader struct{ h *held }

func (r heldReader) ReadAt(b []byte, off int64) (int, error) {
	r.h.disk.mu.Lock()
	defer r.h.disk.mu.Unlock()
	content := r.h.inode.content
	if off >= int64(len(content)) {
		return 0, io.EOF
	}
	n := copy(b, content[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (r heldReader) Version() (hls.Version, error) {
	r.h.disk.mu.Lock()
	defer r.h.disk.mu.Unlock()
	return r.h.inode.version(), nil
}

func (heldReader) Close() error { return nil }

// packager is what writes the directory: several renditions, run after run, in one of the ways that
// packagers have.
type packager struct {
	disk   *disk
	viewer *storetest.Viewer
	rng    *rand.Rand
	log    func(format string, args ...any)
	began  time.Time // of the run

	folder      string // of the renditions; "" for all in one
	renditions  int
	window      int           // segments listed
	keep        int           // segments kept behind the window before they are deleted; -1 for ever
	segment     time.Duration // target duration
	runs        int
	segments    int // a run
	initSection bool
	initResend  bool // rewritten after each playlist
	initChanges bool // with other bytes on each run
	key         bool
	master      bool
	masterFirst bool
	renames     bool // segments come by rename: never in place
	nameFirst   bool // the playlist names a segment before it is finished
	staleNames  bool // after a restart, names stand for the next bytes for a moment
	numbersOn   bool // a restart goes on counting
	ring        int  // names are used again after so many; 0 for never
	endlist     bool
	clean       bool // everything is deleted at the end
	dated       bool // playlists of different runs have different texts
}

func randomPackager(rng *rand.Rand, d *disk, v *storetest.Viewer) *packager {
	coin := func() bool { return rng.IntN(2) == 0 }
	p := &packager{
		disk: d, viewer: v, rng: rng,
		renditions: 1 + rng.IntN(3), window: 2 + rng.IntN(5), keep: rng.IntN(4) - 1,
		segment: time.Duration(1+rng.IntN(4)) * time.Second, runs: 1 + rng.IntN(3), segments: 3 + rng.IntN(10),
		initSection: coin(), initResend: rng.IntN(4) == 0, initChanges: coin(), key: rng.IntN(4) == 0,
		master: coin(), masterFirst: coin(), renames: coin(), nameFirst: rng.IntN(3) == 0, staleNames: rng.IntN(3) == 0,
		numbersOn: coin(), endlist: coin(), clean: rng.IntN(4) == 0, dated: coin(),
	}
	if coin() {
		p.folder = "v"
	}
	if rng.IntN(4) == 0 {
		p.ring = p.window + 2 + rng.IntN(3)
	}
	return p
}

func (p *packager) String() string {
	s := fmt.Sprintf("%+v", *p)
	return s[strings.Index(s, "folder"):]
}

// finish writes a finished file and tells the viewer.
func (p *packager) finish(name string, content []byte) {
	p.log("finished %s: %.40q", name, content)
	p.viewer.Finished(name, content)
	p.disk.write(name, content, !p.renames)
}

func (p *packager) list(name, text string, next ...string) {
	p.log("listed %s: %.120q", name, text)
	p.viewer.Listed(name, []byte(text), next...)
	p.disk.write(name, []byte(text), p.rng.IntN(4) == 0)
}

func (p *packager) pause(most time.Duration) {
	time.Sleep(time.Duration(p.rng.Int64N(int64(most) + 1)))
}

// run plays all runs out.
func (p *packager) run() {
	first := make([]int, p.renditions)
	seeds := make([]uint64, p.renditions)
	for r := range seeds {
		seeds[r] = p.rng.Uint64()
	}
	for run := range p.runs {
		if p.master && p.masterFirst {
			p.writeMaster()
		}
		var renditions sync.WaitGroup
		for r := range p.renditions {
			renditions.Go(func() {
				start := 0
				if p.numbersOn {
					start = first[r]
				}
				one := *p
				one.began = time.Now()
				one.rng = rand.New(rand.NewPCG(seeds[r], uint64(run)))
				first[r] = one.rendition(run, r, start)
			})
		}
		if p.master && !p.masterFirst {
			p.pause(3 * p.segment)
			p.writeMaster()
		}
		renditions.Wait()
		time.Sleep(100 * time.Millisecond) // no process is gone and back before anybody looks
		p.pause(3 * time.Second)
	}
	if p.disk.wasEmptied() {
		p.repeat()
	}
	if p.clean {
		time.Sleep(time.Second) // a watcher looks within a moment
		p.disk.mu.Lock()
		names := slices.Sorted(maps.Keys(p.disk.names))
		p.disk.mu.Unlock()
		for _, name := range names {
			p.disk.remove(name)
		}
	}
}

// repeat writes every media playlist once more, as a new version that means the same: where nothing is published any
// more nobody would notice that the store was emptied.
func (p *packager) repeat() {
	for _, name := range p.disk.lists() {
		if path.Base(name) == "master.m3u8" {
			continue
		}
		p.disk.mu.Lock()
		text := string(p.disk.names[name].content)
		p.disk.mu.Unlock()
		p.list(name, text+"# once more\n")
	}
}

func (p *packager) base(r int) string {
	if p.folder == "" {
		return fmt.Sprintf("r%d_", r)
	}
	return fmt.Sprintf("%s%d/", p.folder, r)
}

func (p *packager) writeMaster() {
	var b strings.Builder
	b.WriteString("#EXTM3U\n")
	for r := range p.renditions {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d\n%sindex.m3u8\n", r+1, p.base(r))
	}
	p.list("master.m3u8", b.String())
}

func (p *packager) bytes(what string) []byte {
	return []byte(what + strings.Repeat(".", p.rng.IntN(200)))
}

// rendition plays one rendition of one run out and returns the next segment's number.
func (p *packager) rendition(run, r, start int) int {
	base := p.base(r)
	initName, keyName := base+"init.mp4", base+"k.key"
	initBytes := []byte("init of " + base)
	if p.initChanges {
		initBytes = fmt.Appendf(nil, "init of %s run %d", base, run)
	}
	if p.key && run == 0 {
		p.finish(keyName, p.bytes("key"))
	}
	if p.initSection {
		if !p.renames {
			p.disk.truncate(initName)
			p.pause(p.segment)
		}
		p.finish(initName, initBytes)
	}
	n := start
	for i := range p.segments {
		n = start + i
		time.Sleep(p.segment - p.segment/8)
		p.pause(p.segment / 4)
		p.step(run, base, n, start, run > 0 && !p.numbersOn && i == 0 && p.ring == 0)
		if p.initSection && p.initResend {
			if !p.renames {
				p.disk.truncate(initName)
			}
			p.finish(initName, initBytes)
		}
	}
	if p.endlist {
		p.list(base+"index.m3u8", p.text(base, start, n, true))
	}
	return n + 1
}

// step writes segment n and the playlist that names it.
func (p *packager) step(run int, base string, n, start int, restarted bool) {
	name := p.name(base, n)
	content := p.bytes(fmt.Sprintf("run %d segment %d of %s", run, n, base))
	switch {
	case p.staleNames && restarted:
		p.list(base+"index.m3u8", p.text(base, start, n, false), name)
		p.pause(20 * time.Millisecond)
		p.finish(name, content)
	case p.nameFirst && !p.names(name):
		p.list(base+"index.m3u8", p.text(base, start, n, false), name)
		p.pause(20 * time.Millisecond)
		p.finish(name, content)
	default:
		if !p.renames {
			p.disk.truncate(name)
			p.pause(50 * time.Millisecond)
		}
		p.finish(name, content)
		p.pause(10 * time.Millisecond)
		p.list(base+"index.m3u8", p.text(base, start, n, false))
	}
	if old := n - p.window - p.keep; p.keep >= 0 && old >= start && p.ring == 0 {
		p.disk.remove(p.name(base, old))
	}
}

// names reports whether the directory has a file of that name already.
func (p *packager) names(name string) bool {
	return p.disk.has(name)
}

func (p *packager) name(base string, n int) string {
	if p.ring > 0 {
		n %= p.ring
	}
	return fmt.Sprintf("%sseg%d.ts", base, n)
}

// text is the playlist that ends with segment n.
func (p *packager) text(base string, start, n int, ended bool) string {
	from := max(start, n-p.window+1)
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", int(p.segment.Seconds()), from)
	if p.dated {
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", p.began.Format(time.RFC3339Nano))
	}
	if p.key {
		fmt.Fprintf(&b, "#EXT-X-KEY:METHOD=AES-128,URI=%q\n", path.Base(base+"k.key"))
	}
	if p.initSection {
		fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q\n", path.Base(base+"init.mp4"))
	}
	for i := from; i <= n; i++ {
		fmt.Fprintf(&b, "#EXTINF:%d,\n%s\n", int(p.segment.Seconds()), path.Base(p.name(base, i)))
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

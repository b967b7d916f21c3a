package uploader_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// disk is a directory in memory. Like a real one it has inodes, which stay readable while they are held,
// and which a writer that truncates changes under everybody's eyes.
type disk struct {
	site hls.Site // where players find it

	mu     sync.Mutex
	inodes uint64
	names  map[string]*inode
	events chan string // names that changed; nil while nobody watches
	spool  map[pinned]*pin
	ever   map[pinned]bool   // what was in the spool
	unsafe []string          // what was removed while it was held open only, and dies with the process
	bare   []string          // what was removed when it had a pin no more
	unseen func(name string) // told of what was removed while nobody watched

	perished func(name string) // told of what was unsafe when its process was killed

	removed func(name string) // told of all that is removed

	unheard   unheard
	read      atomic.Int64  // bytes of files
	back      time.Duration // the clock of those who write
	backMedia bool          // only that of media

	emptying sync.Mutex
	emptied  bool // the store was
	last     bool // the packager writes nothing more after what it writes now
}

// pinned is what a hard link in the spool speaks of.
type pinned struct {
	inode   *inode
	version hls.Version
}

// pin is such a link, or the copy of a playlist.
type pin struct {
	name  string
	copy  []byte
	named bool
	keys  []string // the folders for which it is kept
	users int      // sources
	left  bool     // by a process before
}

// keep notes for which key it is kept.
func (p *pin) keep(folder string) {
	p.named = true
	if !slices.Contains(p.keys, folder) {
		p.keys = append(p.keys, folder)
	}
}

// folders returns those of the keys, as the spool tells of them: nothing of one that was not known.
func (p *pin) folders() (all []string) {
	for _, folder := range p.keys {
		if folder != "" {
			all = append(all, folder)
		}
	}
	return all
}

type inode struct {
	number  uint64
	content []byte
	mtime   int64
	open    bool // somebody is writing
	// growths counts how often it was opened; grown are the bytes that were appended since.
	growths uint64
	grown   bool
}

// newDice returns random numbers that are always the same.
func newDice() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }

func newDisk() *disk {
	return &disk{names: map[string]*inode{}, spool: map[pinned]*pin{}, ever: map[pinned]bool{}, removed: func(string) {},
		unheard: unheard{heard: map[string]bool{}, missed: map[string]bool{}}}
}

// leave ends a process: nobody uses what is in the spool.
func (d *disk) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.spool {
		p.users, p.left = 0, true
	}
	for _, name := range d.unsafe {
		d.perished(name)
	}
	d.unsafe = nil
}

// unpinned tells of the files that had a pin and have none, and removed of those that were removed then.
func (d *disk) unpinned(tell, removed func(name string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range d.bare {
		removed(name)
	}
	d.bare = nil
	for name, n := range d.names {
		if at := (pinned{n, n.version()}); d.spool[at] == nil && d.ever[at] && !hls.Classify(name).IsPlaylist() {
			tell(name)
		}
	}
}

// spooledOnly tells of the files that the spool has and the directory has not.
func (d *disk) spooledOnly(tell func(name string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for at, p := range d.spool {
		if d.names[p.name] != at.inode {
			tell(p.name)
		}
	}
}

// pin puts a file into the spool. The caller holds mu.
func (d *disk) pin(at pinned, name string) *pin {
	p := &pin{name: name, users: 1}
	if hls.Classify(name).IsPlaylist() {
		p.copy = at.inode.content
	}
	d.spool[at], d.ever[at] = p, true
	return p
}

// recover returns what a process before left in the spool.
func (d *disk) recover(ctx context.Context) []hls.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	var facts []hls.File
	for at, p := range d.spool {
		if p.copy == nil && at.inode.version() != at.version {
			delete(d.spool, at) // rewritten in place
			if p.left {
				facts = append(facts, hls.File{
					Path: p.name, State: hls.Lost, Kind: hls.Classify(p.name), Version: at.version, Seen: time.Now(), Found: true, Named: p.named, Spooled: true,
				})
			}
			continue
		}
		if !p.left {
			continue
		}
		p.users++
		f := hls.File{
			Path: p.name, State: hls.Settled, Kind: hls.Classify(p.name), Version: at.version, Seen: time.Now(),
			Found: true, Named: p.named, Spooled: true, Folders: p.folders(), Source: &held{ctx: ctx, disk: d, pinned: at, name: p.name},
		}
		if p.copy != nil {
			f.Playlist, _ = hls.ParseFile(f.Path, p.copy, hls.ParseOptions{})
			f.Kind, f.Content = f.Playlist.Kind, p.copy
		}
		facts = append(facts, f)
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
	n.content, n.mtime, n.open, n.grown = content, d.clock(name), false, n.grown && inPlace && bytes.HasPrefix(content, n.content)
	d.mu.Unlock()
	d.event(name)
}

// truncate opens name for writing in place; write ends it.
func (d *disk) truncate(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.names[name]; n != nil {
		n.content, n.mtime, n.open = nil, d.clock(name), true
		n.growths, n.grown = n.growths+1, false
	}
}

// append adds to a file that stays open, which nobody is told of.
func (d *disk) append(name string, content []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	if n == nil {
		d.inodes++
		n = &inode{number: d.inodes, growths: 1}
		d.names[name] = n
	}
	n.content, n.mtime = slices.Concat(n.content, content), d.clock(name)
	n.open, n.grown = true, true
}

// growing returns the facts of the open files of which a playlist names ranges, as far as it does.
func (d *disk) growing(ctx context.Context, f hls.File) []hls.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	need := map[string]int64{}
	for _, ref := range f.Playlist.References {
		if at, target := d.site.Resolve(f.Path, ref.URI); ref.Length > 0 && target == hls.Local {
			need[at] = max(need[at], ref.Offset+ref.Length)
		}
	}
	var facts []hls.File
	for name, end := range need {
		n := d.names[name]
		if n == nil || !n.open || int64(len(n.content)) < end {
			continue
		}
		v := n.version()
		v.Size = end
		facts = append(facts, hls.File{
			Path: name, State: hls.Growing, Growth: n.growth(), Kind: hls.Classify(name), Version: v, Seen: time.Now(),
			Source: &held{ctx: ctx, disk: d, pinned: pinned{n, v}, name: name, grows: true, bytes: n.content[:end]},
		})
	}
	return facts
}

// growth is a number of its own for each time that a file was opened.
func (n *inode) growth() uint64 { return n.number<<32 + n.growths }

func (d *disk) remove(name string) {
	if d.unlink(name) {
		d.event(name)
	}
}

func (d *disk) unlink(name string) (there bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, there := d.names[name]
	if !there {
		return false
	}
	delete(d.names, name)
	d.removed(name)
	switch at := (pinned{n, n.version()}); {
	case d.spool[at] != nil:
	case d.events == nil:
		d.unseen(name)
	case !d.ever[at]:
		d.unsafe = append(d.unsafe, name)
	default:
		d.bare = append(d.bare, name)
	}
	return true
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
	d.meet()
	atRest := slices.SortedFunc(maps.Keys(d.names), func(a, b string) int { return int(d.names[a].mtime - d.names[b].mtime) })
	d.mu.Unlock()
	reported, asked := map[string]hls.Version{}, map[string]bool{}
	tell := func(name string, found, again bool) {
		again = again || asked[name] // who asks for a file is told of it once it is finished or gone
		f, ok := d.fact(process, name, found)
		if !ok {
			if _, known := reported[name]; (known || again) && f.State == hls.Gone {
				delete(reported, name)
				delete(asked, name)
				facts <- f
			} else if again {
				asked[name] = true
			}
			return
		}
		if !again && reported[name] == f.Version {
			f.Source.Release()
			return
		}
		reported[name] = f.Version
		delete(asked, name)
		if f.Playlist != nil {
			for _, g := range d.growing(process, f) {
				facts <- g
			}
		}
		facts <- f
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
		pl, err := hls.ParseFile(name, n.content, hls.ParseOptions{})
		if err != nil {
			return hls.File{}, false
		}
		f.Kind, f.Content, f.Playlist = pl.Kind, n.content, pl
	} else if n.grown {
		f.Growth = n.growth()
	}
	if f.Playlist == nil && len(n.content) <= hls.MaxSummed {
		f.Sum = sha256.Sum256(n.content)
	}
	at := pinned{n, f.Version}
	f.Source = &held{ctx: ctx, disk: d, pinned: at, name: name}
	if p := d.spool[at]; p != nil {
		p.users++
	} else if !found {
		d.pin(at, name)
	}
	return f, true
}

// held is an inode kept readable, and in the spool once it was seen to finish or is kept.
type held struct {
	ctx  context.Context // of the process: what it does after its end does not happen
	disk *disk
	pinned
	name     string
	grows    bool   // the file may become longer
	bytes    []byte // those named, if it may
	mu       sync.Mutex
	released bool
}

func (h *held) Keep(folder string) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if h.grows {
		return // only what is finished can be pinned
	}
	if n := h.disk.names[h.name]; h.disk.spool[h.pinned] == nil && n == h.inode && n.version() == h.version {
		h.disk.pin(h.pinned, h.name)
	}
	if p := h.disk.spool[h.pinned]; p != nil {
		p.keep(folder)
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
	if p := h.disk.spool[h.pinned]; p != nil && !h.grows {
		if p.users--; p.users <= 0 {
			delete(h.disk.spool, h.pinned)
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
	r.h.disk.read.Add(int64(n))
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (r heldReader) Version() (hls.Version, error) {
	r.h.disk.mu.Lock()
	defer r.h.disk.mu.Unlock()
	if r.h.grows && bytes.HasPrefix(r.h.inode.content, r.h.bytes) {
		return r.h.version, nil
	}
	return r.h.inode.version(), nil
}

func (heldReader) Close() error { return nil }

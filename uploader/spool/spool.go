package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// DefaultFolder is the name of the spool folder in the watched directory.
const DefaultFolder = ".hlsship"

// pause is for how long a spool folder that could not be written to is left alone.
const pause = 10 * time.Second

// Config says where the spool lies. Only Dir is required.
type Config struct {
	// Dir is the watched directory. It need not exist yet.
	Dir string
	// Spool is the spool folder, absolute or below Dir; it is made if it is missing. "" means DefaultFolder inside Dir,
	// the one place that is sure to be on its file system. Only one process at a time can use it.
	Spool string
	// Exclude says which paths below Dir are not shipped: what an earlier process left of them stays where it is. nil
	// excludes nothing.
	Exclude func(path string) bool
	// Hold is how many files are kept open at most: those that wait for their pin, and the newest linked ones, so that they survive
	// the removal of the spool folder. 0 means what Share gives to the only one.
	Hold int
	// Late is given what an earlier process left in a spool folder that could only be opened after Open, as a disk
	// that is mounted late: facts as those of Recovered. It is called by Run with its context, and Run waits for
	// it. nil leaves them to the next process.
	Late func(ctx context.Context, found []hls.File)
	// Memory bounds what recovered playlists take. nil bounds nothing.
	Memory *hls.Account
	// Logger is for what an operator should know; nil is silent.
	Logger *slog.Logger
	// Observer is told what happens; nil is silent.
	Observer Observer
}

// Share returns how many files each of several spools of this process may keep open: together a quarter of RLIMIT_NOFILE, and each
// 4096 at most and 16 at least.
func Share(spools int) int { return max(16, min(openFiles()/4/max(spools, 1), 4096)) }

// Spool pins finished files. Create it with Open. It is safe for concurrent use.
type Spool struct {
	config    Config
	folder    string // the absolute path of the spool folder
	device    uint64 // of the watched directory; 0 if it was not there
	sys       system
	serial    atomic.Uint64 // of copies
	recovered []hls.File
	notes     *Notes // nil unless Notes was called
	tapes     *Tapes // nil unless Tapes was called

	mu        sync.Mutex
	base      *base   // nil while there is no usable spool folder
	former    []*base // spool folders that were moved away or removed
	closed    bool
	retry     time.Time  // before it nothing is pinned
	warned    slog.Level // how loudly the log was told of the trouble; 0 if it was not
	entries   map[string]*entry
	hands     hands
	alarm     *time.Timer // of Run: what waits for longest is to be pinned
	armed     bool        // it is set
	files     int         // pins on disk
	bytes     int64       // their sizes
	idle      map[string]time.Time
	told      map[way]bool
	plain     map[uint64]bool // devices without reflinks
	histories histories
	torn      map[string][]hls.Version // what dropped entries said of a path
	run       time.Time                // when it began; zero unless Resume was called
	said      time.Time                // when stillRuns last did
	taken     taken
}

// way is something that the log was told of a file system.
type way struct {
	device uint64
	name   string // and the cure
}

// Open opens the spool of c.Dir and recovers what an earlier process left in it; see Recovered. A spool
// folder that is foreign (ForeignError) or that cannot be made or written to is no error: files are held open then, the
// log names the cure, and Run tries again; see Config.Late for what lies in a folder that can only be used then. The
// error is an *InUseError if another process has the spool, and something else if c is wrong. The caller calls Close.
func Open(c Config) (*Spool, error) { return open(c, kernel()) }

func open(c Config, sys system) (*Spool, error) {
	if c.Dir == "" {
		return nil, errors.New("spool: no directory to watch")
	}
	if c.Hold < 0 {
		return nil, fmt.Errorf("spool: hold %d is negative", c.Hold)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("spool: find %s: %w", c.Dir, err)
	}
	c.Dir = dir
	folder, err := Path(dir, c.Spool)
	if err != nil {
		return nil, err
	}
	if c.Hold == 0 {
		c.Hold = Share(1)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = silent{}
	}
	s := &Spool{
		config: c, folder: folder, sys: sys,
		entries: map[string]*entry{}, idle: map[string]time.Time{}, told: map[way]bool{}, plain: map[uint64]bool{},
		histories: newHistories(), torn: map[string][]hls.Version{}, alarm: time.NewTimer(time.Hour),
	}
	s.alarm.Stop()
	if fi, err := os.Stat(dir); err == nil {
		s.device, _ = openfile.Identity(fi)
	}
	switch s.recovered, err = s.begin(true); {
	case err == nil:
	case isInUse(err):
		return nil, fmt.Errorf("open the spool: %w", err)
	default:
		s.trouble("open", "", err)
	}
	return s, nil
}

func isInUse(err error) bool {
	_, ok := errors.AsType[*InUseError](err)
	return ok
}

// begin opens the spool folder, and takes in what lies there before anything is pinned in it, if it is to.
func (s *Spool) begin(recover bool) (recovered []hls.File, err error) {
	b, err := openBase(s.config.Dir, s.folder, s.sys.user())
	if err != nil {
		return nil, err
	}
	if recover {
		recovered = s.recover(b)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = b
	return recovered, nil
}

// Close ends the use of the spool, once it has copied what is only held open. Pins that are not released stay on disk
// for the next process; Release removes none of them any more, Open of their Sources fails unless their file is open.
// Nothing may be pinned afterwards. Run must have returned. Calling Close again does nothing.
func (s *Spool) Close() {
	s.mu.Lock()
	s.retry = time.Time{} // it is the last chance
	s.mu.Unlock()
	s.secure(nil, s.sys.now().Add(pause))
	if s.notes != nil {
		s.notes.end()
	}
	if s.tapes != nil {
		s.tapes.end()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	for _, b := range append(s.former, s.base) {
		if b != nil {
			b.close()
		}
	}
}

// Folder returns the absolute path of the spool folder, whether it is there or not.
func (s *Spool) Folder() string { return s.folder }

// Recovered returns what Open found of an earlier process, in the order of their modification times: facts
// like those of the watcher, with State Settled and Found true, and behind them those of files that are not whole any more, with
// State Lost. Whoever calls it releases their Sources; each call returns the same ones.
func (s *Spool) Recovered() []hls.File { return s.recovered }

// Used returns the number of pins on disk and the sum of their sizes in bytes.
func (s *Spool) Used() (files int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files, s.bytes
}

// Pin pins the finished file f, which was opened at name, slash-separated and relative to the watched
// directory; v is its fingerprint. If ok, the Source, which is an hls.Keeper, holds the bytes, and f
// belongs to the Spool. If not, f still belongs to the caller, who keeps it open in its own way: the
// bytes do not survive this process.
//
// Pin takes some microseconds and does not wait for the disk; a small file that it copies takes a few more. The caller
// must not pin what it has not found to be finished.
func (s *Spool) Pin(name string, f *os.File, v hls.Version) (src hls.Source, ok bool) {
	pin, err := pinName(name, v)
	if err != nil {
		return s.heldOpen(name, v, err)
	}
	e, b := s.enter(pin, name)
	if e == nil {
		s.config.Observer.Pinned(hls.PinnedOpen)
		return nil, false
	}
	rewritten, room := s.rewritten(name, f, v), s.makeRoom()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := s.take(e, b, original{file: f, dir: s.config.Dir, path: name, Version: v}, rewritten, room); err != nil {
		s.leave(e)
		return s.heldOpen(name, v, err)
	}
	return &source{spool: s, entry: e, version: v}, true
}

// take takes over the open file of o, for e. If there is room for it it waits, unless its bytes may be written again. An error
// leaves the file to the caller, who holds the mu of e.
func (s *Spool) take(e *entry, b *base, o original, rewritten, room bool) error {
	switch {
	case e.use.outside(): // the same bytes once more
	case e.base == b:
		s.config.Observer.Pinned(e.way)
	case e.base == nil && room && !rewritten:
		s.wait(e, o.file, o.Version)
		return nil
	default:
		e.since = s.sys.now()
		err := s.lay(e, b, o, rewritten)
		switch {
		case err == nil:
		case room && onlyThisFile(err) && !errors.Is(err, errChanged) && !isForeign(err):
			e.own, e.way = o.Version, hls.PinnedOpen
			s.hold(e, o.file, copies)
			s.rest(e, err)
			return nil
		default:
			return err
		}
	}
	if e.file == nil && e.own == o.Version && room {
		s.hold(e, o.file, spare)
	} else {
		_ = o.file.Close()
	}
	return nil
}

// heldOpen is the end of a Pin that failed.
func (s *Spool) heldOpen(name string, v hls.Version, err error) (hls.Source, bool) {
	s.config.Observer.Pinned(hls.PinnedOpen)
	switch {
	case errors.Is(err, errChanged): // which the receiver of the fact will find out
	case errors.Is(err, errPath), errors.Is(err, errName), onlyThisFile(err):
		s.tell(v.Device, hls.PinnedOpen, name, err)
	default:
		s.trouble("pin", name, err)
	}
	return nil, false
}

// enter returns the entry of a pin with one more user, and the base to put it in; nil while nothing can
// be pinned.
func (s *Spool) enter(pin, name string) (*entry, *base) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.base == nil || s.sys.now().Before(s.retry) {
		return nil, nil
	}
	e := s.entries[pin]
	if e == nil {
		e = &entry{path: name, pin: pin}
		s.entries[pin] = e
	}
	e.users++
	return e, s.base
}

// lay puts the pin e of o on disk. The caller holds the mu of e.
func (s *Spool) lay(e *entry, b *base, o original, rewritten bool) error {
	if e.base != nil { // it lies in a spool folder that was moved or removed
		s.lift(e)
	}
	e.aim()
	own, way, err := s.put(b, o, e.where(), rewritten)
	if err != nil && e.named {
		e.named = false // keep tells what is wrong there
		own, way, err = s.put(b, o, e.where(), rewritten)
	}
	if err != nil {
		return err
	}
	s.laid(e, b, own, way)
	if !hls.Classify(o.path).IsPlaylist() { // of which the way says nothing of the others
		s.tell(o.Device, way, o.path, nil)
	}
	return nil
}

// laid notes that a pin lies on disk. The caller holds the mu of e.
func (s *Spool) laid(e *entry, b *base, own hls.Version, way string) {
	e.base, e.own, e.way, e.durable, e.recorded = b, own, way, false, false
	s.mu.Lock()
	s.files++
	s.bytes += own.Size
	recovered := s.warned != 0
	s.warned = 0
	s.mu.Unlock()
	if recovered {
		s.config.Logger.Info("spool works again", "spool", s.folder)
	}
	s.config.Observer.Pinned(way)
	if e.keep {
		s.keep(e)
	}
}

// leave takes one user from e and removes the pin after the last. The caller holds the mu of e.
func (s *Spool) leave(e *entry) {
	s.mu.Lock()
	e.users--
	last, keeps := e.users == 0, s.closed
	s.mu.Unlock()
	if !last {
		return
	}
	s.let(e)
	if e.base != nil && !keeps {
		s.lift(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.users == 0 { // nobody pinned it again meanwhile
		delete(s.entries, e.pin)
	}
}

// lift removes a pin from the disk. The caller holds the mu of e.
func (s *Spool) lift(e *entry) {
	err := e.base.root.Remove(filepath.FromSlash(e.where()))
	s.mu.Lock()
	s.files--
	s.bytes -= e.own.Size
	s.idle[path.Dir(e.where())] = s.sys.now()
	s.mu.Unlock()
	e.base = nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.trouble("release", e.path, err)
	}
}

// keep moves a pin to where those lie that a playlist named. The caller holds the mu of e.
func (s *Spool) keep(e *entry) {
	if e.base == nil || e.aimed() || s.isClosed() {
		return
	}
	from, to := e.where(), named+"/"+e.pin+foldersName(e.pin, e.folders)
	err := e.base.inFolder(path.Dir(to), func(*os.File) error {
		return e.base.root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
	})
	switch {
	case errors.Is(err, os.ErrNotExist): // somebody emptied the spool; there is nothing to keep
	case isForeign(err):
		s.tell(e.own.Device, "unnamed", e.path, err)
	case err != nil:
		s.trouble("keep", e.path, err)
	default:
		e.aim()
		e.recorded = false
		s.mu.Lock()
		defer s.mu.Unlock()
		s.idle[path.Dir(from)] = s.sys.now()
	}
}

// touch gives a linked pin the name of its new modification time, and one that is to be copied, too. The caller holds
// the mu of e.
func (s *Spool) touch(e *entry, modTime int64) {
	linked := e.base != nil && e.way == hls.PinnedByLink
	if !linked && !e.use.outside() || e.own.ModTime == modTime {
		return
	}
	e.own.ModTime = modTime
	s.mu.Lock()
	defer s.mu.Unlock()
	s.histories.touch(e.path, modTime)
	pin, err := pinName(e.path, e.own)
	if err != nil || s.closed || s.entries[pin] != nil {
		return // without its name the next Open drops it
	}
	from, before := e.where(), e.pin
	e.pin = pin
	if linked {
		if err := e.base.root.Rename(filepath.FromSlash(from), filepath.FromSlash(e.where())); err != nil {
			e.pin = before
			return
		}
	}
	e.recorded = false
	delete(s.entries, before)
	s.entries[pin] = e
}

func (s *Spool) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

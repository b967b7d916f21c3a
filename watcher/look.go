package watcher

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// errEmpty is why a segment without a byte is refused. Whoever closed it, no packager meant it: one makes a file long
// before it has something to write, and a loss of power may leave nothing but the name.
var errEmpty = errors.New("a segment is never empty")

// view is a file as one look found it.
type view struct {
	file    *os.File
	version hls.Version
	writer  writer
	content []byte // of a playlist
	stale   bool   // nothing is new
}

// look finds out whether f is finished and reports it if so; else it sets the alarm for the next look.
func (r *run) look(f *file) {
	r.calm(f)
	if f.silent || f.refused == refusedName {
		return
	}
	v, err := r.view(f)
	if err != nil {
		r.unreadable(f, err)
		return
	}
	if v.stale {
		f.closedAs, f.attempt = v.version, 0
		_ = v.file.Close()
		return
	}
	f.failures = 0
	now := time.Now()
	if v.version != f.seen {
		f.seen, f.since = v.version, now
	}
	if f.closedAs != (hls.Version{}) && f.closedAs != v.version {
		f.closed, f.renamed = false, false
	}
	d := decide(sight{
		exact:   r.exact(f.in),
		closed:  f.closed,
		renamed: f.renamed,
		scanned: f.scanned,
		born:    f.born,
		empty:   v.version.Size == 0,
		writer:  v.writer,
		quiet:   now.Sub(f.since),
		attempt: f.attempt,
	}, r.config.Settle)
	if v.writer == some {
		f.metOpen = true
		f.attempt++
	} else if f.closed {
		f.closedAs = v.version
	}
	if d.evidence != "" {
		r.settled(f, v, d.evidence)
		return
	}
	switch reach := f.reach(v); {
	case reach == longEnough:
		r.growing(f, v)
	default:
		r.pin(f, v.file)
		if reach == tooShort && (d.again == 0 || d.again > rangePoll) {
			d.again = rangePoll
		}
	}
	if d.again > 0 {
		r.wait(f, d.again, d.retry)
	}
}

// view opens f and asks who writes to it. The fingerprint is taken before and after the question: if it
// is the same, the answer is about these bytes; if not, somebody is writing.
func (r *run) view(f *file) (view, error) {
	file := r.takePin(f)
	if file == nil {
		var err error
		if file, err = r.open(f.path()); err != nil {
			return view{}, err
		}
	}
	v, err := r.examine(f, file)
	if err != nil {
		_ = file.Close()
		return view{}, err
	}
	return v, nil
}

// examine is view for an open file.
func (r *run) examine(f *file, file *os.File) (view, error) {
	version, err := fingerprint(file)
	if err != nil {
		return view{}, err
	}
	v := view{file: file, version: version}
	fresh := f.closed && f.closedAs == hls.Version{}
	if !f.news(version) && !(fresh && f.kind.IsPlaylist()) {
		v.stale = true
		return v, nil
	}
	complete := true
	if f.kind.IsPlaylist() {
		if v.content, complete, err = readPlaylist(file, version.Size); err != nil {
			return view{}, err
		}
	}
	v.writer = r.sys.probe(file)
	after, err := fingerprint(file)
	if err != nil {
		return view{}, err
	}
	if after != version || !complete {
		v.version, v.writer = after, some
	}
	return v, nil
}

// open opens a file below the directory. Where descriptors are short it lets go of held files.
func (r *run) open(path string) (*os.File, error) {
	if r.root == nil {
		return nil, fs.ErrNotExist
	}
	file, err := r.sys.openRegular(r.root, filepath.FromSlash(path))
	for range 8 {
		if !tooManyFiles(err) || !r.held.letGo() {
			break
		}
		file, err = r.sys.openRegular(r.root, filepath.FromSlash(path))
	}
	return file, err
}

// unreadable deals with a file that cannot be opened.
func (r *run) unreadable(f *file, err error) {
	mode, irregular := irregularMode(err)
	switch {
	case absent(err) && !irregular && !errors.Is(err, errRestless):
		r.removeFile(f)
	case irregular && mode.IsDir():
		r.removeFile(f)
		r.folderCame(f.in, f.name)
	case irregular:
		r.refuseIrregular(f, mode)
	case errors.Is(err, fs.ErrPermission):
		r.refuse(f, refusedPermission, hls.Version{}, err)
	case ofMachine(err):
		r.later(f, err)
	default:
		r.warn(f, "unreadable for now", err)
		r.wait(f, lastRetry, false)
	}
}

// later looks at f again in a while, as the machine did not let it be looked at.
func (r *run) later(f *file, err error) {
	r.tellTrouble(f.path(), err)
	r.wait(f, again(f.failures), false)
	f.failures++
}

// settled reports f, of which v is finished. It takes over v.file.
func (r *run) settled(f *file, v view, evidence string) {
	if v.version.Size == 0 && (f.kind == hls.Media || f.kind == hls.Subtitle) {
		_ = v.file.Close()
		r.refuse(f, refusedEmpty, v.version, errEmpty)
		return
	}
	fact := hls.File{
		Path:    f.path(),
		State:   hls.Settled,
		Kind:    f.kind,
		Version: v.version,
		Seen:    time.Now(),
		Found:   f.scanned && !f.metOpen && !f.born,
	}
	f.attempt, f.born = 0, false
	if f.kind.IsPlaylist() {
		if !r.parse(f, v, &fact) {
			_ = v.file.Close()
			return
		}
		r.grow(fact.Path, fact.Playlist)
		if first := r.predecessor(fact); first != nil {
			_ = v.file.Close()
			f.sum = [32]byte{}
			r.wait(f, pause(first.attempt), false) // as long as that waits for its next probe
			return
		}
		fact.Source = r.listSource(fact, v.file)
	} else {
		fact.Growth = f.grown(v.version)
		f.source = r.source(fact, v.file)
		fact.Source = f.source
	}
	f.reported, f.touched, f.forced, f.refused = v.version, 0, false, ""
	r.push(fact)
	r.config.Observer.Settled(fact.Kind.String(), evidence)
}

// wait sets the alarm for the next look at f.
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
}

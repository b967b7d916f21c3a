package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/hls"
)

// catcher reads what inotify tells of, as soon as it can, for a Recorder. Its run owns it.
type catcher struct {
	dir     string
	inotify int
	over    *os.File // can be read once the recording is over
	folders map[int32]string
	// last is what was found under a playlist's name when it was last finished.
	last    map[string]identity
	catches chan catch
}

// catch is one finished file. Its fields are exported for gob, which carries it from process to process.
type catch struct {
	Path    string
	Content []byte
	Missed  bool
	At      time.Time
	Growing []growing
}

// growing is a file that is still being written, up to where a playlist names it.
type growing struct {
	Path    string
	Content []byte
}

// identity tells the bytes that lie under a name from others.
type identity struct {
	inode   uint64
	modTime unix.Timespec
}

// newCatcher watches dir until over can be read.
func newCatcher(dir string, over *os.File) (*catcher, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("start inotify: %w", err)
	}
	c := &catcher{
		dir: dir, inotify: fd, over: over, folders: map[int32]string{}, last: map[string]identity{},
		catches: make(chan catch, 1<<14),
	}
	if err := c.watch("."); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// close frees what newCatcher took.
func (c *catcher) close() { _ = unix.Close(c.inotify) } // it was only read

// run reads until the recording is over and there is nothing left to read, and closes catches.
func (c *catcher) run() error {
	defer close(c.catches)
	runtime.LockOSThread() // and never unlocked: the thread ends with its priority
	// Without it the judge competes with the judged, also where all else runs when nobody needs the machine (SCHED_IDLE). Who may not
	// have it is late more often.
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: -10}, 0)
	wait := []unix.PollFd{{Fd: int32(c.inotify), Events: unix.POLLIN}, {Fd: int32(c.over.Fd()), Events: unix.POLLIN}}
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(c.inotify, buf)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if wait[1].Revents != 0 {
				return nil
			}
			if _, err := unix.Poll(wait, -1); err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("wait for inotify: %w", err)
			}
		case err != nil:
			return fmt.Errorf("read inotify: %w", err)
		default:
			if err := c.handle(buf[:n]); err != nil {
				return err
			}
		}
	}
}

// watch begins with the watch and looks at what is there after it: a packager writes the first file of
// a new folder before anybody can know of the folder.
func (c *catcher) watch(folder string) error {
	wd, err := unix.InotifyAddWatch(c.inotify, filepath.Join(c.dir, folder),
		unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_CREATE|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW)
	if errors.Is(err, unix.ENOENT) && folder != "." {
		return nil // gone again
	}
	if err != nil {
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	c.folders[int32(wd)] = folder
	entries, err := os.ReadDir(filepath.Join(c.dir, folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	var lists []string
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		switch {
		case e.IsDir() && !hidden(e.Name()):
			if err := c.watch(name); err != nil {
				return err
			}
		case !e.Type().IsRegular() || c.written(name):
		case hls.Classify(name).IsPlaylist():
			lists = append(lists, name) // after what they name
		default:
			c.finished(name, false)
		}
	}
	for _, name := range lists {
		c.finished(name, false)
	}
	return nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (c *catcher) handle(buf []byte) error {
	for len(buf) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(buf))
		mask := binary.NativeEndian.Uint32(buf[4:])
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[12:]))
		name := string(bytes.TrimRight(buf[unix.SizeofInotifyEvent:size], "\x00"))
		buf = buf[size:]
		folder, known := c.folders[wd]
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			return errors.New("inotify queue overflowed: the record has holes")
		case mask&unix.IN_IGNORED != 0:
			delete(c.folders, wd)
		case !known || name == "":
		case mask&unix.IN_ISDIR != 0:
			if !hidden(name) && mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
				if err := c.watch(path.Join(folder, name)); err != nil {
					return err
				}
			}
		case mask&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0:
			c.finished(path.Join(folder, name), true)
		}
	}
	return nil
}

// finished reads a file that was closed or moved to its name, as an event says or a scan found.
func (c *catcher) finished(name string, event bool) {
	kind := hls.Classify(name)
	if kind == hls.Temporary {
		return
	}
	content, id, ok := c.read(name, -1)
	// A playlist finished twice, and the same both times: it was the second one already when the first was read. Or
	// it was opened and closed and nothing was written, as hlssink2 does.
	before, known := c.last[name]
	outrun := event && known && ok && id == before
	if event && kind.IsPlaylist() {
		c.last[name] = id
	}
	if kind.IsPlaylist() && ok && !isPlaylist(name, content) {
		return
	}
	if outrun {
		c.catches <- catch{Path: name, Missed: true, At: time.Now()}
	}
	found := catch{Path: name, Content: content, Missed: !ok, At: time.Now()}
	if kind.IsPlaylist() && ok {
		found.Growing = c.growing(name, content)
	}
	c.catches <- found
}

// isPlaylist reports whether content is a playlist of that name, and not what one is before it is written.
func isPlaylist(name string, content []byte) bool {
	if hls.Classify(name) != hls.Manifest {
		return bytes.HasPrefix(content, []byte("#EXTM3U"))
	}
	_, err := hls.ParseFile(name, content, hls.ParseOptions{})
	return err == nil
}

// growing returns the files that are still being written, as far as the playlist names them and they are there.
func (c *catcher) growing(list string, content []byte) []growing {
	parsed, err := hls.ParseFile(list, content, hls.ParseOptions{})
	if err != nil {
		return nil
	}
	reach := make(map[string]int64)
	for _, ref := range parsed.References {
		if at, target := (hls.Site{}).Resolve(list, ref.URI); target == hls.Local && ref.Length > 0 {
			reach[at] = max(reach[at], ref.Offset+ref.Length)
		}
	}
	var all []growing
	for name, need := range reach {
		if !c.written(name) {
			continue
		}
		// What is named before it is written (ffmpeg of 2018) may be there by the next playlist, which names more again.
		if prefix, _, ok := c.read(name, need); ok && len(prefix) > 0 {
			all = append(all, growing{name, prefix})
		}
	}
	return all
}

// read returns the file's bytes, at most limit unless that is negative, and whether they are one version.
func (c *catcher) read(name string, limit int64) (content []byte, id identity, ok bool) {
	f, err := c.open(name)
	if err != nil {
		return nil, identity{}, false
	}
	defer func() { _ = f.Close() }() // it was only read
	var before, after unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &before); err != nil || before.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, identity{}, false
	}
	id = identity{before.Ino, before.Mtim}
	if limit >= 0 {
		content, err = io.ReadAll(io.LimitReader(f, limit))
		return content, id, err == nil
	}
	if content, err = io.ReadAll(f); err != nil {
		return nil, id, false
	}
	err = unix.Fstat(int(f.Fd()), &after)
	same := err == nil && after.Size == before.Size && after.Mtim == before.Mtim && int64(len(content)) == after.Size
	return content, id, same
}

func (c *catcher) open(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(c.dir, filepath.FromSlash(name)), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// written reports whether somebody has the file open for writing: the kernel then refuses a read lease.
func (c *catcher) written(name string) bool {
	f, err := c.open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // gives the lease back
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}

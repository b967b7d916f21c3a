package spool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

const (
	// stored is the file in the spool folder that says what was stored.
	stored = "stored"
	// maxNotes bounds it, in bytes: about half a million files. What is behind that is not noted.
	maxNotes = 64 << 20
	// notesSlack is by how much it may grow to more than twice what it had when it was last written again, in bytes.
	notesSlack = 1 << 20
	// maxWaiting bounds how many notes wait to be written, should the disk stand still.
	maxWaiting = 1 << 16
	// maxNote bounds one note, in bytes.
	maxNote = 8 << 10
	// notesKept is for how long notes of an earlier process are kept that nobody asks for.
	notesKept = 10 * time.Minute
	// restTime is how old the last change of a file is to be, so that another one is sure to have another time, which kernels
	// keep in steps of 10 ms at most; coarseRest is for file systems that keep whole seconds.
	restTime, coarseRest = 20 * time.Millisecond, 2 * time.Second
)

// Notes remember over a restart which bytes of which file were stored: an append-only file in the spool folder, one line a file,
// each with a sum of its own. They are a cache. What is lost of them, torn, of another destination, foreign (ForeignError), or about a
// file that changed since costs that the file is read and compared; whether it did, its change time tells (st_ctime), which
// no writer can set. Without one, as on other systems than Linux, nothing is noted. They are safe for concurrent use;
// nothing of them waits for the disk but Spool.Notes, Run and Close.
type Notes struct {
	spool  *Spool
	header string

	mu      sync.Mutex
	known   map[string]noted // of an earlier process; nil once nobody asks
	waiting []note           // to be written, the oldest first

	// What is below is used by Run, and then by Close.
	base      *base     // in which it is written; nil before the first note
	file      *os.File  // nil if it cannot be written to
	size      int64     // of the file
	compacted int64     // its size when it was last written again
	until     time.Time // when known is dropped
	retry     time.Time // before it nothing is written
	warned    bool      // that it cannot be
}

// noted is what a note says of a file.
type noted struct {
	version hls.Version
	changed int64 // the change time of its inode, in nanoseconds since the Unix epoch
	etag    string
	sure    bool // the file was seen to be as it was
}

// note is one that waits to be written.
type note struct {
	path string
	noted
	at time.Time // when the file was stored and no link to it was left
}

// Notes returns what is remembered of the files stored at a destination, of which the text is compared with what the process
// before said. Call it once, before Run.
func (s *Spool) Notes(destination string) *Notes {
	n := &Notes{spool: s, header: fmt.Sprintf("hlsship stored 1 %q\n", destination), until: s.sys.now().Add(notesKept)}
	s.mu.Lock()
	b := s.base
	s.notes = n
	s.mu.Unlock()
	if b != nil {
		n.load(b)
	}
	return n
}

// Known returns the ETag under which an earlier process stored the file, "" if that is not known, if it is another version, or if it
// was not seen to be Unchanged. Each note is told once.
func (n *Notes) Known(path string, v hls.Version) (etag string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, ok := n.known[path]
	if !ok {
		return ""
	}
	delete(n.known, path)
	if !known.sure || known.version != v {
		return ""
	}
	return known.etag
}

// Unchanged reports whether the path is that of a file which an earlier process stored, and which is as it was then, change time and
// all: fi is what the path means now. It is to be asked before Known is, and knows nothing after that.
func (n *Notes) Unchanged(path string, fi fs.FileInfo) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was, ok := n.known[path]
	if !ok {
		return false
	}
	now := noted{version: openfile.VersionOf(fi), changed: n.spool.sys.changed(fi)}
	sure := fi.Mode().IsRegular() && was.same(now)
	if sure != was.sure {
		was.sure, was.version.Device = sure, now.version.Device
		n.known[path] = was
	}
	return sure
}

// Stored notes that the file is stored, within a second or two. Call it when nothing is left of its Source, since a pin that is removed
// changes the file's change time.
func (n *Notes) Stored(path string, v hls.Version, etag string) {
	if !goodPath(path) || etag == "" || strings.ContainsFunc(etag, func(r rune) bool { return r <= ' ' }) || len(path)+len(etag) > maxNote/2 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting) < maxWaiting {
		n.waiting = append(n.waiting, note{path, noted{version: v, etag: etag}, n.spool.sys.now()})
	}
}

// load takes in what is noted. Whether the files are still what they were is found out when somebody looks at them anyway: to look
// at those of a long stream takes a tenth of a second.
func (n *Notes) load(b *base) {
	s := n.spool
	known := map[string]noted{}
	n.warn(n.read(b, func(_ int64, _ []byte, path string, was noted) error {
		known[path] = was // the last one holds
		return nil
	}))
	if len(known) > 0 {
		s.config.Logger.Info("remembers what is stored", "spool", s.folder, "files", len(known))
		n.known = known
	}
}

// same reports whether the file is as it was when it was noted. A device may have another number after a boot.
func (was noted) same(now noted) bool {
	v := was.version
	v.Device = now.version.Device
	return v == now.version && was.changed == now.changed && now.changed != 0
}

// look returns what a file is now. No link is followed.
func (s *Spool) look(dir *os.Root, path string) (now noted, ok bool) {
	fi, err := dir.Lstat(filepath.FromSlash(path))
	if err != nil || !fi.Mode().IsRegular() {
		return now, false
	}
	return noted{version: openfile.VersionOf(fi), changed: s.sys.changed(fi)}, true
}

// read calls f with each note and the line that it is, which begins at that offset. It skips what is torn, and has nothing to say of
// another destination.
func (n *Notes) read(b *base, f func(offset int64, line []byte, path string, was noted) error) error {
	file, err := b.file(stored, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	r := bufio.NewReaderSize(io.LimitReader(file, maxNotes), maxNote)
	offset, skips := int64(0), false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		at := offset
		offset += int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && !first:
			skips = true // up to its end
			continue
		case errors.Is(err, io.EOF): // what is left was not written to its end
			return nil
		case first && (err != nil || string(line) != n.header):
			return nil
		case err != nil:
			return err
		}
		path, was, ok := parseNote(line)
		if ok && !first && !skips {
			if err := f(at, line, path, was); err != nil {
				return err
			}
		}
		skips = false
	}
}

// appendNote appends the line of a note: a sum of what follows it, the fingerprint without the device, change time, ETag and path.
func appendNote(line []byte, path string, was noted) []byte {
	text := fmt.Appendf(nil, "%x %d %d %d %s %s", was.version.Inode, was.version.Size, was.version.ModTime, was.changed, was.etag, path)
	return fmt.Appendf(line, "%08x %s\n", crc32.Checksum(text, castagnoli()), text)
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// parseNote is the inverse of appendNote.
func parseNote(line []byte) (path string, was noted, ok bool) {
	sum, text, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || len(sum) != 8 || uint32(want) != crc32.Checksum(text, castagnoli()) {
		return "", was, false
	}
	parts := strings.SplitN(string(text), " ", 6)
	if len(parts) != 6 || !goodPath(parts[5]) || parts[4] == "" {
		return "", was, false
	}
	inode, err1 := strconv.ParseUint(parts[0], 16, 64)
	size, err2 := strconv.ParseInt(parts[1], 10, 64)
	modTime, err3 := strconv.ParseInt(parts[2], 10, 64)
	changed, err4 := strconv.ParseInt(parts[3], 10, 64)
	was = noted{version: hls.Version{Inode: inode, Size: size, ModTime: modTime}, changed: changed, etag: strings.Clone(parts[4])}
	return strings.Clone(parts[5]), was, errors.Join(err1, err2, err3, err4) == nil
}

// write writes down what waits. What was changed since it was stored is not noted, nor what may be changed without showing it.
func (n *Notes) write() {
	s := n.spool
	now := s.sys.now()
	n.mu.Lock()
	if n.known != nil && now.After(n.until) {
		n.known = nil
	}
	s.mu.Lock()
	b := s.base
	s.mu.Unlock()
	waiting := n.waiting
	if len(waiting) == 0 || b == nil || now.Before(n.retry) {
		n.mu.Unlock()
		return
	}
	n.waiting = nil
	n.mu.Unlock()
	if err := n.append(b, waiting); err != nil {
		n.retry = now.Add(pause)
		n.close()
		n.warn(err)
	}
}

// end writes down what waits, once it has rested, and closes the file.
func (n *Notes) end() {
	n.mu.Lock()
	waits := len(n.waiting) > 0
	n.mu.Unlock()
	if waits {
		<-time.NewTimer(restTime).C
		n.write()
	}
	n.close()
}

// append appends notes to the file of a spool folder.
func (n *Notes) append(b *base, waiting []note) error {
	s := n.spool
	dir, err := os.OpenRoot(s.config.Dir)
	if err != nil {
		return nil // the files are gone with it
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	if n.base != b || n.file == nil {
		if err := n.rewrite(b, dir); err != nil {
			return err
		}
	}
	var lines []byte
	var early []note
	for _, one := range waiting {
		now, ok := s.look(dir, one.path)
		rest := restTime
		if now.changed%int64(time.Second) == 0 {
			rest = coarseRest
		}
		switch {
		case !ok, now.changed == 0, now.version != one.version, now.changed > one.at.UnixNano():
		case s.sys.now().Sub(time.Unix(0, now.changed)) < rest:
			early = append(early, one)
		default:
			now.etag = one.etag
			lines = appendNote(lines, one.path, now)
		}
	}
	n.mu.Lock()
	n.waiting = append(early, n.waiting...)
	n.mu.Unlock()
	if n.size+int64(len(lines)) > min(2*n.compacted+notesSlack, maxNotes) {
		if err := n.rewrite(b, dir); err != nil {
			return err
		}
	}
	if len(lines) == 0 || n.size+int64(len(lines)) > maxNotes {
		return nil
	}
	written, err := n.file.Write(lines)
	n.size += int64(written)
	return err
}

// rewrite writes the file again, with the last note of each file that is still what it was.
func (n *Notes) rewrite(b *base, dir *os.Root) error {
	n.close()
	size := len(n.header)
	file, err := b.replace(stored, n.spool.sys.sync, func(w *bufio.Writer) error {
		_, _ = w.WriteString(n.header) // Flush tells
		last := map[uint64]int64{}     // where the last note of each file begins, by a sum of its path
		seed := maphash.MakeSeed()
		err := n.read(b, func(offset int64, _ []byte, path string, _ noted) error {
			last[maphash.String(seed, path)] = offset
			return nil
		})
		if err != nil {
			return err
		}
		return n.read(b, func(offset int64, line []byte, path string, was noted) error {
			if last[maphash.String(seed, path)] != offset {
				return nil
			}
			if now, ok := n.spool.look(dir, path); !ok || !was.same(now) {
				return nil
			}
			written, err := w.Write(line)
			size += written
			return err
		})
	})
	if err != nil {
		return err
	}
	n.base, n.file, n.size, n.compacted = b, file, int64(size), int64(size)
	return nil
}

// warn tells the log, once, that nothing is noted.
func (n *Notes) warn(err error) {
	if err == nil || n.warned {
		return
	}
	n.warned = true
	n.spool.config.Logger.Warn("it cannot be noted what is stored; the next start reads and compares it", "spool", n.spool.folder,
		"err", err, "cure", cure(err))
}

// close closes the file.
func (n *Notes) close() {
	if n.file != nil {
		_ = n.file.Close() // its lines are a cache
		n.file = nil
	}
}

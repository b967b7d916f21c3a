package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// original is a finished file of the watched directory.
type original struct {
	file *os.File
	dir  string // the watched directory
	path string // slash-separated, below dir, when it was opened
	hls.Version
	needed func() bool // whether a copy is still wanted; nil if it is until it is made
}

// system is what the spool asks of the kernel; tests replace parts of it.
type system struct {
	link  func(o original, to *os.File, name string) error
	clone func(to, file *os.File) error
	copy  func(to *os.File, o original) error
	room  func(folder string) (bytes int64, ok bool)
	sync  func(*os.File) error
	born  func(*os.File) int64
	// changed is when anything of the inode was changed last, in nanoseconds since the Unix epoch; 0 if that is not known.
	changed func(fs.FileInfo) int64
	now     func() time.Time
	user    func() int
}

func kernel() system {
	return system{link: link, clone: clone, copy: copyBytes, room: room, sync: (*os.File).Sync, born: born, changed: changed, now: time.Now, user: os.Geteuid}
}

// copyStep is how many bytes are copied until it is asked whether the copy is still needed.
const copyStep = 16 << 20

// errNotNeeded says that a file was released while it was copied.
var errNotNeeded = errors.New("the copy is not needed any more")

// copyBytes is the last way to fill a copy. It takes as many bytes as the file had: one that grows is not finished.
func copyBytes(to *os.File, o original) error {
	for at := int64(0); at < o.Size; at += copyStep {
		if o.needed != nil && !o.needed() {
			return errNotNeeded
		}
		if _, err := io.Copy(to, io.NewSectionReader(o.file, at, min(copyStep, o.Size-at))); err != nil {
			return err
		}
	}
	return nil
}

// smallFile is the size, in bytes, up to which a file that may be written again in place is copied even if
// nobody asked for copies. It takes less time than storing it, and it is what init sections and keys need:
// ffmpeg (-hls_fmp4_init_resend) writes the init section again a tenth of a millisecond after each
// playlist that names it, so that it would never be whole when it is stored.
const smallFile = 64 << 10

// errNoReflinks says that a file system was asked for a reflink before, and had none.
var errNoReflinks = errors.New("the file system has no reflinks")

// put makes a pin of o at the path to of the spool folder. It returns the fingerprint of what lies there
// and the way that was taken. The error is that of the spool folder, or of all ways if they fail for this
// file only (onlyThisFile).
func (s *Spool) put(b *base, o original, to string, rewritten bool) (hls.Version, string, error) {
	var all error
	ways := ways(o, rewritten)
	for i, way := range ways {
		var own hls.Version
		var err error
		switch way {
		case hls.PinnedByLink:
			own, err = s.putLink(b, o, to)
		case hls.PinnedByReflink:
			own, err = s.putReflink(b, o, to)
		case hls.PinnedByCopy:
			own, err = s.putCopy(b, o, to, s.sys.copy)
		}
		if err == nil {
			return own, way, nil
		}
		err = fmt.Errorf("%s: %w", way, err)
		linkNext := i+1 < len(ways) && ways[i+1] == hls.PinnedByLink // which takes no room
		if isForeign(err) || !onlyThisFile(err) && !(linkNext && isFull(err)) {
			return hls.Version{}, "", err
		}
		all = errors.Join(all, err)
	}
	return hls.Version{}, "", all
}

// ways returns the ways to pin o, in the order in which they are tried. A playlist that is linked for as long as an outage
// lasts would tell: GIO (hlssink2) replaces a file by a rename, but writes one that has two names in place.
func ways(o original, rewritten bool) []string {
	small := o.Size <= smallFile
	if small && hls.Classify(o.path).IsPlaylist() {
		return []string{hls.PinnedByCopy, hls.PinnedByLink}
	}
	switch {
	case rewritten && small:
		return []string{hls.PinnedByReflink, hls.PinnedByCopy, hls.PinnedByLink}
	case rewritten:
		return []string{hls.PinnedByReflink}
	}
	return []string{hls.PinnedByLink, hls.PinnedByReflink}
}

// onlyThisFile reports whether err speaks of the file that was to be pinned, or of its folder in the spool, so that another
// way may do and the next file may be pinned.
func onlyThisFile(err error) bool {
	return isForeign(err) || errors.Is(err, errNameless) || errors.Is(err, errNoReflinks) || errors.Is(err, errChanged) ||
		errors.Is(err, errNotNeeded) || errors.Is(err, errTooLarge) || thisFile(err)
}

// errNameless says that the packager removed the file already, so that it cannot be linked.
var errNameless = errors.New("the file has no name left")

func (s *Spool) putLink(b *base, o original, to string) (hls.Version, error) {
	err := b.inFolder(path.Dir(to), func(folder *os.File) error {
		err := s.sys.link(o, folder, path.Base(to))
		if errors.Is(err, fs.ErrNotExist) {
			// Either the file or the folder lost its name.
			if _, gone := b.root.Lstat(filepath.FromSlash(path.Dir(to))); gone == nil {
				return errNameless
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return hls.Version{}, err
	}
	fi, err := b.root.Lstat(filepath.FromSlash(to))
	if err != nil {
		return hls.Version{}, err
	}
	if own := openfile.VersionOf(fi); fi.Mode().IsRegular() && own == o.Version {
		return own, nil
	}
	// Rewritten in this moment or, where it was linked by name, another file.
	_ = b.root.Remove(filepath.FromSlash(to)) // what stays is dropped by the next Open
	return hls.Version{}, errChanged
}

func (s *Spool) putReflink(b *base, o original, to string) (hls.Version, error) {
	if s.hasNoReflinks(o.Device) {
		return hls.Version{}, errNoReflinks
	}
	own, err := s.putCopy(b, o, to, func(to *os.File, o original) error { return s.sys.clone(to, o.file) })
	if err != nil && cannotClone(err) {
		s.noteNoReflinks(o.Device)
		err = fmt.Errorf("%w (%w)", errNoReflinks, err)
	}
	return own, err
}

// putCopy makes a file filled by fill, with the size and the time of o.
func (s *Spool) putCopy(b *base, o original, to string, fill func(to *os.File, o original) error) (hls.Version, error) {
	from, own, err := s.makeCopy(b, o, fill)
	if err == nil {
		err = b.place(from, to)
	}
	if err != nil {
		return hls.Version{}, err
	}
	return own, nil
}

// makeCopy is the first half of putCopy. What it makes lies at from, until it is placed or removed.
func (s *Spool) makeCopy(b *base, o original, fill func(to *os.File, o original) error) (from string, own hls.Version, err error) {
	var file *os.File
	for {
		from = filepath.FromSlash(part + "/" + strconv.FormatUint(s.serial.Add(1), 10))
		file, err = b.root.OpenFile(from, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) { // that of an earlier process, or foreign
			break
		}
	}
	if err != nil {
		return "", hls.Version{}, err
	}
	if own, err = s.fill(b, o, file, from, fill); err != nil {
		_ = b.root.Remove(from) // what stays is removed by the next Open
		return "", hls.Version{}, err
	}
	return from, own, nil
}

// place moves a copy to its place, or removes it.
func (b *base) place(from, to string) error {
	err := b.inFolder(path.Dir(to), func(*os.File) error { return b.root.Rename(from, filepath.FromSlash(to)) })
	if err != nil {
		_ = b.root.Remove(from) // what stays is removed by the next Open
	}
	return err
}

// fill writes o into file, which lies at name, closes it, and returns its fingerprint.
func (s *Spool) fill(b *base, o original, file *os.File, name string, fill func(to *os.File, o original) error) (hls.Version, error) {
	err := fill(file, o)
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return hls.Version{}, err
	}
	modTime := time.Unix(0, o.ModTime)
	if err := b.root.Chtimes(name, modTime, modTime); err != nil {
		return hls.Version{}, err
	}
	if after, err := openfile.Version(o.file); err != nil || after != o.Version {
		return hls.Version{}, errors.Join(errChanged, err)
	}
	fi, err := b.root.Lstat(name)
	if err != nil {
		return hls.Version{}, err
	}
	own := openfile.VersionOf(fi)
	if own.Size != o.Size || own.ModTime != o.ModTime {
		return hls.Version{}, fmt.Errorf("its file system does not keep size or time: %w", errors.ErrUnsupported)
	}
	return own, nil
}

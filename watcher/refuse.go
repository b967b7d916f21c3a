package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// maxDepth is how many folders below the directory may lie within one another. Packagers make four at most, and every look
// at a file costs as many steps as it lies deep.
const maxDepth = 64

// maxWarnings bounds the lines about refused files in the log; all are counted.
const maxWarnings = 1000

// notRegular is the error of opening something that is not a regular file.
type notRegular struct {
	path string
	mode fs.FileMode
	id   fileID
}

func (e *notRegular) Error() string {
	return fmt.Sprintf("%s is no regular file (%s)", e.path, e.mode.Type())
}

// irregularMode returns the mode in err if err says that something is not a regular file.
func irregularMode(err error) (fs.FileMode, bool) {
	if e, ok := errors.AsType[*notRegular](err); ok {
		return e.mode, true
	}
	return 0, false
}

// errRestless is the error of opening a file whose name means another one each time.
var errRestless = errors.New("its name keeps changing hands")

// maxRestless is how many looks in a row meet that until the log is told.
const maxRestless = 20

// regular returns what is at a name if that is a regular file.
func (s *system) regular(root *os.Root, name string) (fs.FileInfo, error) {
	fi, err := s.lstat(root, name)
	if err == nil && !fi.Mode().IsRegular() {
		return nil, &notRegular{path: name, mode: fi.Mode(), id: idOf(fi)}
	}
	return fi, err
}

// openRegular opens a regular file for reading. It looks before it opens, since opening a FIFO or a
// device has effects, and again afterwards, since the name may have changed hands: what it returns is
// the regular file that it saw. Links are not followed.
func (s *system) openRegular(root *os.Root, name string) (*os.File, error) {
	for range 4 {
		before, err := s.regular(root, name)
		if err != nil {
			return nil, err
		}
		file, err := s.open(root, name, openfile.Flags)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		after, err := file.Stat()
		if err == nil && os.SameFile(before, after) {
			return file, nil
		}
		_ = file.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, errRestless
}

// refuse counts f as one that is not reported, once for each of its versions, and warns once.
func (r *run) refuse(f *file, reason string, v hls.Version, err error) {
	r.calm(f)
	r.letClose(f)
	if f.told.refused == reason && f.told.refusedAs == v {
		return
	}
	f.told.refused, f.told.refusedAs = reason, v
	oneLine := reason == hls.RefusedDeep || reason == hls.RefusedLong
	if !oneLine || !r.summed[reason] {
		r.warn(f, reason, err)
	}
	r.summed[reason] = oneLine
	r.config.Observer.Refused(reason)
}

// refuseDeep is refuse for a folder that lies too deep, with all that is below it.
func (r *run) refuseDeep(in *folder, name string) {
	f := r.newFile(in, name)
	f.silent = true
	r.refuse(f, hls.RefusedDeep, hls.Version{}, fmt.Errorf("the folder lies more than %d below the directory", maxDepth))
}

// refuseLong is refuse for a file whose path is longer than Config.LongestPath, and reports whether it is.
func (r *run) refuseLong(f *file) bool {
	n := len(f.path())
	if r.config.LongestPath == 0 || n <= r.config.LongestPath {
		return false
	}
	r.refuse(f, hls.RefusedLong, hls.Version{}, fmt.Errorf("the path has %d bytes, and a key has room for %d", n, r.config.LongestPath))
	return true
}

// remedy says what to do about a file that is refused, or left alone for now.
func remedy(reason string) string {
	switch reason {
	case hls.RefusedLink:
		return "links are never followed: have the packager write the file itself, mount the folder there (mount --bind), or run hlsship on the folder that the link means"
	case hls.RefusedIrregular:
		return "have the packager write a regular file, or keep this out with --exclude"
	case hls.RefusedName:
		return "a name must be UTF-8 without control characters to become a URL: have the packager write another one"
	case hls.RefusedPlaylist:
		return "have the packager write a whole playlist that begins with #EXTM3U, or keep this out with --exclude; it is read again when it changes"
	case hls.RefusedPermission:
		return "have the packager make files and folders that this user may read (umask 022, or 027 and a group of both), or run hlsship as its user; they are shipped as soon as they may be read"
	case hls.RefusedEmpty:
		return "its packager was stopped or the disk lost its bytes: have the packager write it again, or remove it"
	case hls.RefusedTorn:
		return "its bytes are lost: have the packager write it again, or remove it"
	case hls.RefusedSize:
		return "have the packager shorten it; if that is its right size, raise --memory-budget"
	case hls.RefusedDeep:
		return "have the packager write further up"
	case hls.RefusedLong:
		return "have the packager write shorter names, or shorten the prefix of the destination"
	}
	return "two writers replace it by turns: see who writes it; it is looked at again"
}

// warn logs that f is not shipped, once for each name.
func (r *run) warn(f *file, reason string, err error) {
	if f.warned {
		return
	}
	f.warned = true
	r.warnings++
	switch {
	case r.warnings < maxWarnings:
		r.config.Logger.Warn("file is not shipped", "path", printable(f.path()), "reason", reason, "err", err, "cure", remedy(reason))
	case r.warnings == maxWarnings:
		r.config.Logger.Warn("too many files are not shipped, further ones are only counted", "reason", reason)
	}
}

// refuseIrregular is refuse for what is neither a file nor a folder.
func (r *run) refuseIrregular(f *file, mode fs.FileMode) {
	reason := hls.RefusedIrregular
	if mode&fs.ModeSymlink != 0 {
		reason = hls.RefusedLink
	}
	r.refuse(f, reason, hls.Version{}, &notRegular{path: printable(f.path()), mode: mode})
}

// printable returns a path as it may stand in a log.
func printable(path string) string {
	if goodName(path) {
		return path
	}
	return strconv.QuoteToASCII(path)
}

package spool

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// maxName is the longest name of a file, in bytes, on the file systems of our time.
const maxName = 255

// maxDepth bounds how deep a pinned file lies below the watched directory.
const maxDepth = 64

// Why a file cannot have a pin, whatever the file system can do.
var (
	errName    = errors.New("its name leaves no room for size, time and inode")
	errPath    = errors.New("no file of that path is shipped")
	errChanged = errors.New("it changed meanwhile")
)

// pinName returns the name that a pin of v has below settled or named: the original's path with the
// fingerprint behind it. The device is no part of it: its number may be another after a boot.
func pinName(name string, v hls.Version) (string, error) {
	if !goodPath(name) || v.Size < 0 {
		return "", errPath
	}
	long := name + "@" + strconv.FormatInt(v.Size, 10) +
		"-" + strconv.FormatUint(uint64(v.ModTime), 16) + "-" + strconv.FormatUint(v.Inode, 16)
	if len(long)-strings.LastIndexByte(long, '/')-1 > maxName {
		return "", errName
	}
	return long, nil
}

// Pinnable reports whether the name of a file leaves room for a pin, unless something else is in the way of it.
func Pinnable(name string, fi fs.FileInfo) bool {
	_, err := pinName(name, openfile.VersionOf(fi))
	return !errors.Is(err, errName)
}

// parsePin is the inverse of pinName, but for the device. It accepts exactly what pinName makes.
func parsePin(pin string) (name string, v hls.Version, ok bool) {
	at := strings.LastIndexByte(pin, '@')
	if at < 0 {
		return "", v, false
	}
	parts := strings.Split(pin[at+1:], "-")
	if len(parts) != 3 {
		return "", v, false
	}
	size, err1 := strconv.ParseInt(parts[0], 10, 64)
	modTime, err2 := strconv.ParseUint(parts[1], 16, 64)
	inode, err3 := strconv.ParseUint(parts[2], 16, 64)
	v = hls.Version{Inode: inode, Size: size, ModTime: int64(modTime)}
	again, err4 := pinName(pin[:at], v)
	if errors.Join(err1, err2, err3, err4) != nil || again != pin {
		return "", hls.Version{}, false
	}
	return pin[:at], v, true
}

// goodPath reports whether a file of that path may be a fact with a Source: a clean path below the watched
// directory, in UTF-8 without control characters, of no temporary file.
func goodPath(name string) bool {
	if !fs.ValidPath(name) || name == "." || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return false
	}
	if strings.Count(name, "/") >= maxDepth || strings.Contains(name, `\`) && os.PathSeparator == '\\' {
		return false
	}
	return hls.Classify(name) != hls.Temporary
}

package hls

import (
	"crypto/sha256"
	"io"
	"time"
)

// State tells what a File fact says about a file.
type State uint8

const (
	// Settled: the file is finished; its bytes are those of Version.
	Settled State = iota + 1
	// Growing: a writer appends to the file for as long as the stream lasts. Its first Version.Size bytes are
	// finished, since a playlist on disk names byte ranges up to there, and stay as they are.
	Growing
	// Gone: no file of that name is left in the directory. Bytes that were settled before stay
	// readable through the Source of the fact that said so.
	Gone
	// Lost: an earlier process kept bytes that were finished under this name until they were stored, and they are gone (Spooled). What
	// the store has under the name is older. Source is nil.
	Lost
)

// String returns "settled", "growing", "gone" or "lost".
func (s State) String() string {
	switch s {
	case Settled:
		return "settled"
	case Growing:
		return "growing"
	case Gone:
		return "gone"
	case Lost:
		return "lost"
	}
	return "unknown"
}

// Version is the fingerprint of a file's bytes. Two files of one name with equal Versions hold the
// same bytes. The change time is no part of it: a hard link, an unlink and a rename change it and
// leave the bytes alone. Versions are comparable with ==. The zero Version is that of no file.
type Version struct {
	// Device and Inode identify the file on this machine; both are 0 where the platform has none.
	Device, Inode uint64
	// Size is in bytes.
	Size int64
	// ModTime is the modification time in nanoseconds since the Unix epoch, by the file system's clock.
	ModTime int64
}

// Sum is the SHA-256 of a file's bytes. The zero Sum is that of bytes that nobody read.
type Sum [sha256.Size]byte

// MaxSummed is how long a file is at most, in bytes, for the watcher to make its Sum: as long as an initialization section is, or a
// key. Packagers write these again with the same bytes, some of them with every playlist.
const MaxSummed = 16 << 10

// File is a fact about one file of the watched directory. The watcher makes it, nobody changes it
// afterwards, and it may be shared between goroutines.
type File struct {
	// Path is slash-separated and relative to the watched directory: "hi/seg_1.ts".
	Path string
	// State says whether the file is finished, grows or is gone. All fields below but Moved are zero when it is gone.
	State State
	// Moved says of a playlist that is gone that its file got another name within moments after it was first reported under
	// this one: the other is what it was meant to have.
	Moved bool
	// Kind is what Classify and, for a playlist, Parse say of it.
	Kind Kind
	// Version is the fingerprint of the finished bytes, taken after Source held them. Of a Growing file Size
	// counts the finished ones alone.
	Version Version
	// Sum says of a finished file of MaxSummed bytes or less which they are; zero if that is not known, and for playlists.
	Sum Sum
	// Growth is not 0 for a Growing file and for the fact that says that it is finished: facts of one path with
	// the same Growth tell of the same bytes, and the later ones of more of them.
	Growth uint64
	// Seen is when the watcher learnt that the file is finished, by this machine's clock.
	Seen time.Time
	// Found is true for a file that was met at rest by a scan (start, overflow, new folder, timer)
	// and false for one whose completion was witnessed. A found file may be older than it looks.
	Found bool
	// Named is true for a file that comes from the spool of an earlier process in which a playlist had
	// named it: it is to be shipped although nothing on disk may name it any more.
	Named bool
	// Folders are those of the keys under which that process was to store it, as it kept it: see Keeper. nil if that is not known.
	Folders []string
	// Spooled is true for all that comes from the spool of an earlier process. Of a playlist, which that could not
	// publish, the directory may have a newer version.
	Spooled bool
	// Source holds the bytes. Whoever receives the fact releases it. It is nil for playlists, unless it keeps them for
	// the next process (Keeper).
	Source Source
	// Content is a playlist's text, read once; nil for everything else. It must not be changed.
	Content []byte
	// Playlist is what Content names; nil for everything else.
	Playlist *Playlist
	// Share is the memory that Content and Playlist take. Whoever receives the fact releases it. It is nil where nobody
	// counts.
	Share *Share
}

// Source keeps the bytes of one Version readable, even after the file's name is gone.
// Its methods are safe for concurrent use.
type Source interface {
	// Open returns a new independent reader of the bytes. The error wraps fs.ErrNotExist when they
	// are out of reach for ever: the file was removed and could not be held, or Release was called.
	Open() (Reader, error)
	// Release lets go of the bytes once the last open Reader is closed. Calling it again does nothing.
	Release()
}

// Keeper is a Source whose bytes can outlive the process: without Release they are there after a
// restart, however this one ended.
type Keeper interface {
	Source
	// Keep says that a playlist named the bytes, so that they are shipped after a restart although nothing
	// on disk names them any more (File.Named). folder stands before their path in the key that they get: that of a session, with its
	// slash (SessionOf), or OwnFolder; empty where there are no sessions. It is called once for each key, is cheap and never fails: what
	// cannot be kept is found at rest like any other file.
	Keep(folder string)
}

// Reader reads the bytes of a Source. It is owned by one goroutine, except that ReadAt may be called
// concurrently. The caller closes it.
type Reader interface {
	io.ReaderAt
	io.Closer
	// Version returns the fingerprint as it is now. If it differs from the File's, somebody changed
	// the bytes in place and what was read is void. That of a Growing file stays the same while the file is
	// no shorter.
	Version() (Version, error)
}

// Finished returns when the bytes of f were finished, by the clock of their file system; zero if that is not known.
func (f File) Finished() time.Time {
	if f.Version.ModTime <= 0 {
		return time.Time{}
	}
	return time.Unix(0, f.Version.ModTime)
}

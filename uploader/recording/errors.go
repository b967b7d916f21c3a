package recording

import "errors"

var (
	// ErrVersion is returned for a chunk of a format that this version of hlsship does not know: a newer one reads it.
	ErrVersion = errors.New("an index of another version")
	// ErrFormat is returned for what is no chunk.
	ErrFormat = errors.New("not a chunk of an index")
	// ErrTruncated is returned for a chunk whose end is missing.
	ErrTruncated = errors.New("the chunk has no end")
	// ErrTooLarge is returned for more entries, or a longer list, than any player takes.
	ErrTooLarge = errors.New("the recording is too large")
	// ErrEmpty is returned by Recording.Close if no entry can be listed.
	ErrEmpty = errors.New("nothing is recorded")
)

package uploader

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Where an ETag does not tell bytes apart, times do: that of a file with the one that was kept when it was stored, which are
// by one clock, or with when it was stored, which is by another.

// clockMargin is what a file and an object must be apart for the one to count as older. Info.Modified is a bound already; this is
// for a PUT whose process was killed with the last bytes on their way, for clocks that are being set right, and for file
// systems that keep time in steps.
const clockMargin = 2 * time.Second

// finished is when the bytes of f were, by the clock of their file system.
func finished(f hls.File) time.Time {
	if f.Version.ModTime <= 0 {
		return time.Time{}
	}
	return time.Unix(0, f.Version.ModTime)
}

// holds reports whether the object, which is as long as f, surely has the bytes of f, which was at rest when the process
// began. Times in whole seconds are those of a packager or a file system that knows no others: within one of them a
// name may have come back.
func (i Info) holds(f hls.File) bool {
	switch {
	case !f.Found:
		return false
	case i.Finished.IsZero():
		return i.later(f)
	case i.Finished.UnixNano() != f.Version.ModTime:
		return false
	}
	return i.Finished.Nanosecond() != 0 || i.later(f)
}

// later reports whether the object was surely stored after f was finished.
func (i Info) later(f hls.File) bool {
	return !i.Modified.IsZero() && i.Modified.Add(-clockMargin).UnixNano() > f.Version.ModTime
}

package uploader

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

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

// holds reports whether the object, which is as long as f, has the bytes of f, which was at rest when the process began. Only
// when they were finished tells, by the one clock that both times are of: that of the store may be ahead by hours, this
// machine's may have been set since, and most segments are stored too soon after they were finished for either.
func (i Info) holds(f hls.File) bool {
	return f.Found && !i.Finished.IsZero() && i.Finished.Equal(finished(f))
}

// earlier reports whether the object was surely stored before f was finished. Info.Modified is earlier than it was by as much as
// clockMargin, or more.
func (i Info) earlier(f hls.File) bool {
	return !i.Modified.IsZero() && i.Modified.Add(2*clockMargin).UnixNano() < f.Version.ModTime
}

// later reports whether the object was surely stored after f was finished.
func (i Info) later(f hls.File) bool {
	return !i.Modified.IsZero() && i.Modified.Add(-clockMargin).UnixNano() > f.Version.ModTime
}

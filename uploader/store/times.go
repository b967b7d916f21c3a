package store

import (
	"crypto/fips140"
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/hex"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// ClockMargin is what a file and an object must be apart for the one to count as older. Info.Modified is a bound already; this is
// for a PUT whose process was killed with the last bytes on their way, for clocks that are being set right, and for file
// systems that keep time in steps.
const ClockMargin = 2 * time.Second

// Holds reports whether the object, which is as long as f, has the bytes of f, which was at rest when the process began. Only
// when they were finished tells, by the one clock that both times are of: that of the store may be ahead by hours, this
// machine's may have been set since, and most segments are stored too soon after they were finished for either.
func (i Info) Holds(f hls.File) bool {
	return f.Found && !i.Finished.IsZero() && i.Finished.Equal(f.Finished())
}

// Earlier reports whether the object was surely stored before f was finished. Info.Modified is earlier than it was by as much as
// ClockMargin, or more.
func (i Info) Earlier(f hls.File) bool {
	return !i.Modified.IsZero() && i.Modified.Add(2*ClockMargin).UnixNano() < f.Version.ModTime
}

// Later reports whether the object was surely stored after f was finished.
func (i Info) Later(f hls.File) bool {
	return !i.Modified.IsZero() && i.Modified.Add(-ClockMargin).UnixNano() > f.Version.ModTime
}

// IsMD5 reports whether an ETag can be compared with bytes: it has the form of an MD5, which is what a single PUT leaves on most
// stores, and this process may make one (GODEBUG=fips140=only).
func IsMD5(etag string) bool {
	sum, err := hex.DecodeString(etag)
	return err == nil && len(sum) == md5.Size && !fips140.Enforced()
}

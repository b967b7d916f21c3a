package watcher

import (
	"bytes"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// A packager may keep its playlist open for as long as the stream lasts, and write each version over the one before. No close
// tells that one is finished. Nor does anything where the kernel does not hear of the writer, and there a playlist changes too
// soon to be quiet for Config.Settle. It is then read as it stands, and counts if it has the same bytes at two looks, ends with
// a line that is complete, and names something.

// standingText is what a playlist said when it was read as it stood.
type standingText struct {
	sum [32]byte
	at  time.Time // when it was read first
}

// standing is how an edition is read that is not known to be finished. The zero value is for one that is.
type standing struct {
	stands bool
	stood  [32]byte // it counts if these are its bytes
	began  time.Time
}

// maxUnclosed bounds the lines in the log about playlists that stay open.
const maxUnclosed = 100

// unfinishedFor returns for how long looks have met the playlist unfinished.
func (q *reading) unfinishedFor(now time.Time) time.Duration {
	if q.unfinished.IsZero() {
		return 0
	}
	return now.Sub(q.unfinished)
}

// stand has a playlist read as it stands. It takes s.file and s.place over, or leaves them.
func (r *run) stand(s *sighting) {
	f, now := s.f, time.Now()
	r.tellOpen(f, now)
	if len(f.read.editions) > 0 {
		return
	}
	how := standing{stands: true, began: now}
	if now.Sub(f.read.stood.at) >= r.pace(f.read.target) {
		how.stood = f.read.stood.sum
	}
	r.edition(s, f.fact(s, s.signs), hls.ByQuiet, how)
}

// stillOpen has a playlist of which nothing is new looked at again, if its writer has it open: nothing else tells of changes.
func (r *run) stillOpen(f *file, again bool) {
	switch {
	case f.read.unfinished.IsZero() || again:
	case r.exact(f.in):
		r.wait(f, r.pace(f.read.target), false)
	default: // writes are announced there, or the folder is listed often
		f.read.unfinished = time.Time{}
	}
}

// tellOpen logs once that a playlist stays open, where a close is to be expected.
func (r *run) tellOpen(f *file, now time.Time) {
	if f.read.warned || !r.exact(f.in) || r.unclosed == maxUnclosed {
		return
	}
	f.read.warned = true
	r.unclosed++
	r.config.Logger.Warn("playlist stays open for writing, it is read as it stands", "path", printable(f.path()),
		"open_for", now.Sub(f.read.unfinished).Round(time.Millisecond),
		"cure", "have its writer close each version, or write a temporary file and rename it")
}

// learn takes in what an edition said, whether it counts or not.
func (q *reading) learn(e *edition) {
	if e.stands && q.stood.sum != e.sum {
		q.stood = standingText{e.sum, e.began}
	}
	switch list := e.fact.Playlist; {
	case list == nil:
	case list.Ended:
		q.target = 0
	default:
		q.target = list.TargetDuration
	}
}

// whole reports whether a text may be all of a playlist, as far as its end tells. That of a manifest is no XML before its end.
func whole(fact hls.File, text []byte) bool {
	if fact.Playlist == nil || len(fact.Playlist.References) == 0 {
		return false
	}
	if fact.Kind == hls.Manifest {
		return true
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		return false
	}
	text = bytes.TrimSpace(text)
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	return !bytes.HasPrefix(last, []byte("#EXTINF")) && !bytes.HasPrefix(last, []byte("#EXT-X-STREAM-INF")) &&
		!bytes.HasPrefix(last, []byte("#EXT-X-BYTERANGE"))
}

package recorder

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// list is a media playlist of the directory. This file alone writes it.
type list struct {
	path    string
	heard   time.Time // when its last version was finished
	ended   bool      // that has EXT-X-ENDLIST
	target  time.Duration
	session string // in which its next segment goes; empty if that is not known yet
}

// hear takes in that its packager wrote a version.
func (l *list) hear(f *hls.File) {
	if f.Seen.After(l.heard) {
		l.heard = f.Seen
	}
	l.ended, l.target = f.Playlist.Ended, min(f.Playlist.TargetDuration, time.Minute)
}

// goOn takes in where it goes on.
func (l *list) goOn(x *session.Listing) { l.session = x.Session }

// silentAt returns when its packager counts as silent.
func (l *list) silentAt(end time.Duration) time.Time { return l.heard.Add(max(end, 3*l.target)) }

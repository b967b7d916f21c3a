package watcher

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// writer is the answer to the question whether anybody has a file open for writing.
type writer uint8

const (
	unknown writer = iota // the kernel does not tell us
	none
	some
)

// Repeating a probe that met a writer. The first pause is firstRetry, each further one twice as long,
// up to lastRetry.
const (
	firstRetry = time.Millisecond
	lastRetry  = 250 * time.Millisecond
	// closeTries covers the 10 s that a slow disk may need to flush a file within its close. After them
	// somebody else has the file open, whose close will be an event.
	closeTries = 48
	// scanTries covers a close that was announced before the folder was watched.
	scanTries = 9
)

// sight is what is known of a file at one look. It is all that decide needs.
type sight struct {
	// noted: an earlier process saw it finished, and nothing changed it since.
	noted bool
	// exact: the kernel announces closes in this folder.
	exact bool
	// closed: the close of exactly these bytes was seen, under this name or the one before.
	closed bool
	// renamed: the file came to this name by a rename from another watched name.
	renamed bool
	// scanned: a scan met the file, so that events about it may have come before the folder was watched.
	scanned bool
	// created: the last event was that the name was created, which the kernel announces before it counts the creator as a
	// writer, so that a probe of an empty file proves nothing.
	created bool
	// born: its creation was witnessed in a folder that announces closes, so that its own will be announced.
	born bool
	// empty: its size is 0.
	empty bool
	// writer is what the probe said.
	writer writer
	// quiet is for how long size and modification time have been the same.
	quiet time.Duration
	// attempt counts the looks before this one that met a writer, since the last event.
	attempt int
	// playlist: it is a playlist, which was met unfinished first so long ago; pace is the time from one look at it to the next.
	playlist   bool
	unfinished time.Duration
	pace       time.Duration
}

// verdict is what decide makes of a sight: evidence if the file is settled; else when to look again,
// where 0 leaves it to the next event or scan. retry says that the look is a repeated probe, which is
// worth waiting for at the end. stands says that a playlist is to be read as it stands: nothing tells that it is finished, and
// its writer may never close it.
type verdict struct {
	evidence string
	again    time.Duration
	retry    bool
	stands   bool
}

// decide tells whether a file is finished. It is the one place where evidence is weighed.
func decide(s sight, settle time.Duration) verdict {
	v := weigh(s, settle)
	if !s.playlist || v.evidence != "" || v.retry {
		return v
	}
	v.stands = s.unfinished >= s.pace && !s.empty
	if v.again == 0 || v.again > s.pace {
		v.again = s.pace
	}
	return v
}

// weigh is decide for what a writer closes when it is finished.
func weigh(s sight, settle time.Duration) verdict {
	switch {
	case s.noted:
		return verdict{evidence: hls.ByNote}
	case s.created && s.empty:
		return verdict{again: settle}
	case s.writer == some:
		return decideOpen(s, settle)
	case s.closed && s.renamed:
		return verdict{evidence: hls.ByRename}
	case s.closed:
		return verdict{evidence: hls.ByClose}
	case s.writer == none && !s.empty:
		return verdict{evidence: hls.ByLease}
	case s.exact && s.writer == unknown && s.born:
		// Only quiet could be had, and a pause in writing looks the same; the close is sure to come.
		return verdict{}
	case s.quiet >= settle:
		return verdict{evidence: hls.ByQuiet}
	}
	return verdict{again: settle - s.quiet}
}

// decideOpen is decide for a file that somebody has open for writing.
func decideOpen(s sight, settle time.Duration) verdict {
	switch {
	case !s.exact:
		return verdict{again: settle}
	case s.closed && s.attempt < closeTries, s.scanned && s.attempt < scanTries:
		return verdict{again: pause(s.attempt), retry: true}
	}
	return verdict{}
}

// pause returns the time to wait after attempt (counted from 0) met a writer.
func pause(attempt int) time.Duration {
	if attempt > 7 {
		return lastRetry
	}
	return firstRetry << attempt
}

package plan

import "time"

// Does a reference of a playlist mean the bytes that its name has now? Names come back: a packager restarts and writes over what it
// wrote before, an earlier process leaves playlists, a clock is set back. All that is weighed for that is weighed here, without
// effects, so that it can be asked twice, and to explain.

// sight is what is known when a reference is looked at. It holds values only.
type sight struct {
	now    time.Time
	settle time.Duration // Config.Settle
	met    time.Time     // when all that lay in the directory at the start is known at the latest

	reference referenceSight
	list      listSight
	bytes     bytesSight
}

// referenceSight is how a playlist names a file.
type referenceSight struct {
	media   bool       // a segment, not a key or an init section
	strict  strictness // how it gates
	rebinds bool       // the bytes that it meant are lost: it takes others only if no newer version of the playlist does
}

// listSight is the version of the playlist.
type listSight struct {
	seen      time.Time     // when it was
	modified  int64         // by the clock of the files
	met       bool          // it was met at rest
	inherited bool          // an earlier process kept it
	prior     bool          // an earlier process published it
	newest    bool          // there is no newer one
	fresh     time.Time     // when the youngest media were finished that it took
	target    time.Duration // its target duration
}

// bytesSight is what the name has.
type bytesSight struct {
	state     bytesState
	seen      time.Time // when they were finished
	modified  int64     // by the clock of the files
	found     bool      // they were met at rest
	spooled   bool      // an earlier process had them
	witnessed bool      // their completion was seen
	hollow    bool      // there is no byte in what cannot be empty
	replaces  bool      // they were met at rest, and the store holds others
	backward  bool      // they are older than the segment that the playlist lists before them
	vetted    bool      // they were waited for because of that
	older     bool      // they may be of the packager's run before
	trusted   bool      // this run took them although they are old
}

// bytesState is whether there are any.
type bytesState uint8

const (
	bytesSettled bytesState = iota // the name has them
	bytesAsked                     // they are being compared with those stored
	bytesLost                      // the newest are lost
	bytesGone                      // the name left the directory
	bytesNone                      // there is no finished file
)

// verdict says what follows.
type verdict struct {
	means   bool      // the reference means the bytes
	again   time.Time // else when to ask again; zero for not before something happens
	why     string    // why it does not mean them, in words; empty if it does, or if there are none
	rebind  bool      // from now on the reference takes bytes only if no newer version of the playlist does
	early   bool      // the playlist was seen just now: nobody says yet that the bytes are of another run
	vetted  bool      // the bytes stayed although they are older than the segment before them
	old     bool      // the bytes were waited for in vain: the run means them, and lists old files
	excused bool      // the reference gates no more
	ask     bool      // the store is asked whether it holds the name
	look    bool      // the watcher is asked to look at the name
}

// softWait is how long a manifest waits for a soft reference whose file is not there, and a playlist for other bytes than
// old ones. The packager may have finished them already: a playlist that is replaced within milliseconds may be heard
// of before the file.
const softWait = 250 * time.Millisecond

// judge reports what a reference means.
func judge(s sight) verdict {
	if s.bytes.state != bytesSettled {
		return s.none()
	}
	vetted, at := s.bytes.vetted, s.list.seen.Add(softWait)
	if !vetted && !s.bytes.found && s.bytes.backward {
		if s.now.Before(at) {
			return verdict{again: at, early: true, why: "older than the segment before it"}
		}
		vetted = true
	}
	v := s.settled()
	v.vetted = vetted
	return v
}

// settled judges bytes that are no reason to wait a moment.
func (s sight) settled() verdict {
	switch {
	case s.bytes.hollow:
		return verdict{why: "empty"}
	case s.list.inherited && !s.bytes.spooled && s.bytes.modified > s.list.modified:
		return verdict{why: "younger than the playlist, which an earlier process kept"}
	case s.reference.strict == hint:
		return verdict{means: s.bytes.seen.After(s.list.seen) || s.bytes.modified > s.list.modified}
	case s.reference.strict.free():
		return verdict{means: true}
	}
	var v verdict
	v.rebind = s.younger() || s.list.met && !s.list.prior && s.bytes.replaces
	if v.rebind || s.reference.rebinds {
		if !s.list.newest {
			v.why = "others than it meant, and there is a newer version of the playlist"
			return v
		}
		if at := s.bytes.seen.Add(s.settle); s.now.Before(at) {
			v.again, v.why = at, "others than it meant"
			return v
		}
	}
	if !s.bytes.older || s.bytes.trusted {
		v.means = true
		return v
	}
	if at := s.patience(); s.now.Before(at) {
		v.again, v.why = at, "perhaps of the packager's run before"
		return v
	}
	v.means, v.old = true, true
	return v
}

// younger reports whether the playlist was met at rest and the bytes are younger, so that they may have replaced what it meant.
func (s sight) younger() bool {
	return s.list.met && (s.bytes.modified > s.list.modified || s.bytes.witnessed && s.bytes.seen.After(s.list.seen))
}

// patience returns until when a reference of a restarted stream waits for new bytes. Keys and init sections are
// often kept over a restart; a media segment of the old run is hardly ever meant, so that it waits long
// enough for a packager that names segments before it writes them. When new bytes come for the playlist, those of its other names are
// to come as well.
func (s sight) patience() time.Time {
	since, wait := s.list.seen, s.settle
	if s.list.fresh.After(since) {
		since = s.list.fresh
	}
	if s.reference.media {
		wait = max(wait, 3*s.list.target)
	}
	return since.Add(wait)
}

// none judges a name without finished bytes: a soft reference is let go after a moment; for any other the store is asked if the file was
// deleted, or if the playlist was met at rest so that the file may have been there before; the watcher is asked to look if the name
// stays missing. After a start the files that were there may have to be quiet for Settle before they are heard of, from when the scan
// met them.
func (s sight) none() verdict {
	if s.reference.strict == soft && s.bytes.state != bytesAsked {
		at := s.list.seen.Add(softWait)
		if s.list.met || s.list.seen.Before(s.met) {
			if at = s.list.seen.Add(max(softWait, s.settle)); at.Before(s.met) {
				at = s.met
			}
		}
		if s.now.Before(at) {
			return verdict{again: at}
		}
		return verdict{excused: true}
	}
	at := s.list.seen.Add(s.settle)
	switch {
	case s.reference.strict.free(), s.bytes.state == bytesLost, s.bytes.state == bytesAsked:
		return verdict{}
	case s.bytes.state == bytesGone:
		return verdict{ask: true}
	case s.now.Before(at):
		return verdict{again: at}
	}
	return verdict{ask: s.list.met, look: true}
}

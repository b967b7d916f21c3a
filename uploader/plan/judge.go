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
	seen     time.Time     // when it was
	modified int64         // by the clock of the files
	origin   origin        // where it comes from
	prior    bool          // an earlier process published it
	newest   bool          // there is no newer one
	replaced time.Time     // when a newer one was seen; zero if none was
	fresh    time.Time     // when the youngest bytes were finished that it took
	target   time.Duration // its target duration
}

// bytesSight is what the name has.
type bytesSight struct {
	state    bytesState
	seen     time.Time // when they were finished
	modified int64     // by the clock of the files
	origin   origin    // where they come from
	growing  bool      // they are not finished
	replaces bool      // they were met at rest, and the store holds others
	order    bytesOrder
	run      bytesRun
}

// bytesState is whether there are any.
type bytesState uint8

const (
	bytesSettled bytesState = iota // the name has them
	bytesEmpty                     // there is no byte in what cannot be empty
	bytesAsked                     // they are being compared with those stored
	bytesLost                      // the newest are lost
	bytesGone                      // the name left the directory
	bytesNone                      // there is no finished file
)

// bytesOrder is how old they are beside those of the segment that the playlist lists before them.
type bytesOrder uint8

const (
	inOrder  bytesOrder = iota // not older
	backward                   // older
	vetted                     // older, and they were waited for because of that
)

// bytesRun is of which run of the packager they are.
type bytesRun uint8

const (
	sameRun   bytesRun = iota // of the playlist's
	runBefore                 // perhaps of the one before
	trusted                   // so, and the playlist's run took them all the same
)

// ruling is what judge decides about a reference.
type ruling uint8

const (
	undecided   ruling = iota // it waits for other bytes, or for these to be finished
	tooEarly                  // so, and the playlist was seen just now: nobody says yet that the bytes are of another run
	accepted                  // it means the bytes
	acceptedOld               // it does, and others were waited for in vain: the run lists old files
	letGo                     // it gates no more
)

// verdict says what follows.
type verdict struct {
	ruling
	again  time.Time // while it waits: when to ask again; zero for not before something happens
	why    string    // why it does not mean the bytes, in words; empty if it does, or if there are none
	rebind bool      // from now on the reference takes bytes only if no newer version of the playlist does
	vetted bool      // the bytes stayed although they are older than the segment before them
	ask    bool      // the store is asked whether it holds the name
	look   bool      // the watcher is asked to look at the name
}

// means reports whether the reference means the bytes.
func (r ruling) means() bool { return r == accepted || r == acceptedOld }

// softWait is how long a manifest waits for a soft reference whose file is not there, and a playlist for other bytes than
// old ones. The packager may have finished them already: a playlist that is replaced within milliseconds may be heard
// of before the file.
const softWait = 250 * time.Millisecond

// judge reports what a reference means.
func judge(s *sight) verdict {
	if s.bytes.state > bytesEmpty {
		return s.none()
	}
	wait := s.bytes.order == backward && !s.bytes.origin.met()
	if at := s.list.seen.Add(softWait); wait && s.now.Before(at) {
		return verdict{ruling: tooEarly, again: at, why: "older than the segment before it"}
	}
	v := s.settled()
	v.vetted = wait
	return v
}

// settled judges bytes that are no reason to wait a moment.
func (s *sight) settled() verdict {
	switch {
	case s.bytes.state == bytesEmpty:
		return verdict{why: "empty"}
	case s.list.origin.inherited() && !(s.bytes.origin.inherited() && s.reference.media) && s.bytes.modified > s.list.modified:
		return verdict{why: "younger than the playlist, which an earlier process kept"}
	case s.reference.strict == hint:
		if s.bytes.seen.After(s.list.seen) || s.bytes.modified > s.list.modified {
			return verdict{ruling: accepted}
		}
		return verdict{}
	case s.reference.strict.free():
		return verdict{ruling: accepted}
	}
	var v verdict
	v.rebind = s.younger() || s.list.origin.met() && !s.list.prior && s.bytes.replaces
	if v.rebind || s.reference.rebinds {
		if !s.list.newest && !s.stood() {
			v.why = "others than it meant, and there is a newer version of the playlist"
			return v
		}
		if at := s.bytes.seen.Add(s.settle); s.now.Before(at) {
			v.again, v.why = at, "others than it meant"
			return v
		}
	}
	if s.bytes.run != runBefore {
		v.ruling = accepted
		return v
	}
	if at := s.patience(); s.now.Before(at) {
		v.again, v.why = at, "perhaps of the packager's run before"
		return v
	}
	v.ruling = acceptedOld
	return v
}

// stood reports whether the playlist was the newest for Settle beside the bytes: then it means them also if that is asked later, as a slow
// store tells late what it holds.
func (s *sight) stood() bool {
	since := s.list.seen
	if s.bytes.seen.After(since) {
		since = s.bytes.seen
	}
	return !s.list.replaced.IsZero() && !s.list.replaced.Before(since.Add(s.settle))
}

// younger reports whether the playlist was met at rest and the bytes are younger, so that they may have replaced what it meant.
func (s *sight) younger() bool {
	return s.list.origin.met() && (s.bytes.modified > s.list.modified || s.bytes.witnessed() && s.bytes.seen.After(s.list.seen))
}

// witnessed reports whether their completion was seen.
func (b *bytesSight) witnessed() bool { return b.origin == seen && !b.growing }

// patience returns until when a reference of a restarted stream waits for new bytes. Keys and init sections are
// often kept over a restart; a media segment of the old run is hardly ever meant, so that it waits long
// enough for a packager that names segments before it writes them. When new bytes come for the playlist, those of its other names are
// to come as well.
func (s *sight) patience() time.Time {
	since, wait := s.list.seen, s.settle
	if s.list.fresh.After(since) {
		since = s.list.fresh
	}
	if s.reference.media {
		wait = max(wait, 3*s.list.target)
	}
	return since.Add(wait)
}

// none judges a name without finished bytes: a soft reference is let go after a moment; for any other the watcher is asked to look if the
// name stays missing, and the store if it is not there. What is there and not finished, as its writer has it open or nobody may read it,
// is what the playlist means, or came later: then the store's bytes are none of it. After a start the files that were there may have to be
// quiet for Settle before they are heard of, from when the scan met them.
func (s *sight) none() verdict {
	if s.reference.strict == soft && s.bytes.state != bytesAsked {
		at := s.list.seen.Add(softWait)
		if s.list.origin.met() || s.list.seen.Before(s.met) {
			if at = s.list.seen.Add(max(softWait, s.settle)); at.Before(s.met) {
				at = s.met
			}
		}
		if s.now.Before(at) {
			return verdict{again: at}
		}
		return verdict{ruling: letGo}
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
	return verdict{look: true}
}

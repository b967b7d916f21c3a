package disk

import "time"

// Entry is what the directory has under one path. The zero value knows nothing. One goroutine owns it.
type Entry struct {
	newest    *Version  // the newest version that is finished; nil if none is known
	candidate *Version  // a newer one, whose bytes are being compared with those stored; nil if none is
	recalled  *Version  // these bytes, which nobody else has, while the store is asked for them; nil if it is not
	unsettled time.Time // since when there are other bytes than those stored, if they were finished again and again meanwhile
	gone      bool      // the path left the directory
	lost      bool      // its newest bytes are, so that what the store holds is older and means nothing
	looked    bool      // the watcher was asked to look at it
}

// Newest returns the newest version that is finished; nil if none is known.
func (e *Entry) Newest() *Version { return e.newest }

// Candidate returns a newer version, whose bytes are being compared with those stored; nil if none is.
func (e *Entry) Candidate() *Version { return e.candidate }

// Recalled returns bytes that nobody else has, while the store is asked for them; nil if it is not.
func (e *Entry) Recalled() *Version { return e.recalled }

// Unsettled returns since when there are other bytes than those stored.
func (e *Entry) Unsettled() time.Time { return e.unsettled }

// Gone reports whether the path left the directory.
func (e *Entry) Gone() bool { return e.gone }

// Lost reports whether its newest bytes are lost, so that what the store holds is older and means nothing.
func (e *Entry) Lost() bool { return e.lost }

// Known reports whether there are any finished bytes, compared or not.
func (e *Entry) Known() bool { return e.newest != nil || e.candidate != nil }

// Appear notes that a file is reported. What comes from an earlier process alone is gone until the directory turns out to have it.
func (e *Entry) Appear(spooled bool) {
	e.gone = spooled && (e.gone || !e.Known())
	e.looked = false
}

// Depart notes that the path left the directory.
func (e *Entry) Depart() { e.gone = true }

// Look notes that the watcher is to look at the path, and reports whether it was not asked before.
func (e *Entry) Look() (news bool) {
	news, e.looked = !e.looked, true
	return news
}

// LookAgain notes that whatever the watcher saw is of no use.
func (e *Entry) LookAgain() { e.looked = false }

// Consider makes v the candidate, and returns the one before it; nil for none.
func (e *Entry) Consider(v *Version) *Version {
	old := e.candidate
	e.candidate = v
	return old
}

// Decided notes that there is no candidate any more.
func (e *Entry) Decided() { e.candidate = nil }

// Adopt makes v the newest version. The one before it was stored, if that is so.
func (e *Entry) Adopt(v *Version, stored bool) {
	if e.unsettled.IsZero() || stored {
		e.unsettled = v.File.Seen
	}
	e.newest, e.lost, e.recalled = v, false, nil
}

// Grow makes v the newest version, which has the bytes of the one before it and more.
func (e *Entry) Grow(v *Version) { e.newest, e.lost, e.recalled = v, false, nil }

// Discard forgets the newest version.
func (e *Entry) Discard() { e.newest = nil }

// Lose says whether the newest bytes are lost.
func (e *Entry) Lose(lost bool) { e.lost = lost }

// Recall notes that the store is asked for v, which nobody else has.
func (e *Entry) Recall(v *Version) { e.recalled = v }

// Answered returns what the store was asked for, which it is no longer; nil for nothing.
func (e *Entry) Answered() *Version {
	v := e.recalled
	e.recalled = nil
	return v
}

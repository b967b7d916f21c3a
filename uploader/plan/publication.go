package plan

import (
	"slices"
	"time"
)

// publication is which version of one playlist the store has, as far as the Plan knows it, and what is under way. What flies is in
// doubt. This file alone writes it.
type publication struct {
	published *snapshot // what the store holds; nil for nothing, or for what cannot be parsed
	// doubt are the versions whose PUT began and is not known to have failed or been replaced: each may be the published one.
	doubt    []*snapshot
	lands    time.Time // until when a PUT that ended without success may still arrive; zero for never
	flying   *snapshot // whose PUT is under way; nil if none is
	alone    bool      // the PUT that began last was the first for its version since it is in doubt
	outdated bool      // what flying means was superseded meanwhile
	fetching bool      // the published version is being read back
}

// doubts reports whether s may be published although nobody knows.
func (u *publication) doubts(s *snapshot) bool { return slices.Contains(u.doubt, s) }

// requested reports whether a request for the playlist is under way.
func (u *publication) requested() bool { return u.flying != nil || u.fetching }

// launch notes that a PUT of s begins.
func (u *publication) launch(s *snapshot) {
	u.flying, u.alone = s, !u.doubts(s)
	if u.alone {
		u.doubt = append(u.doubt, s)
	}
}

// outdate notes that what flies means bytes that were superseded.
func (u *publication) outdate() { u.outdated = true }

// landed notes that the PUT ended, and reports whether what it was about is outdated.
func (u *publication) landed() (outdated bool) {
	outdated, u.outdated, u.flying = u.outdated, false, nil
	return outdated
}

// adrift notes until when the PUT that ended may still arrive.
func (u *publication) adrift(until time.Time) { u.lands = until }

// unsettled reports whether a version is in doubt that may still arrive.
func (u *publication) unsettled(now time.Time) bool { return len(u.doubt) > 0 && now.Before(u.lands) }

// notStored notes that s was surely not stored by the PUT that ended, and reports whether it is in doubt no more. What an earlier PUT
// for it may have done it may do yet.
func (u *publication) notStored(s *snapshot) bool {
	i := slices.Index(u.doubt, s)
	if i < 0 || !u.alone {
		return false
	}
	u.doubt = slices.Delete(u.doubt, i, i+1)
	return true
}

// certain notes that it is known what the store has, and returns what might have been published until now.
func (u *publication) certain() (doubt []*snapshot) {
	doubt, u.doubt = u.doubt, nil
	return doubt
}

// show notes that s is published, nil for nothing, and returns what was.
func (u *publication) show(s *snapshot) (old *snapshot) {
	old, u.published = u.published, s
	return old
}

// fetch notes that the published version is being read back, and fetched that it was.
func (u *publication) fetch() { u.fetching = true }

func (u *publication) fetched() { u.fetching = false }

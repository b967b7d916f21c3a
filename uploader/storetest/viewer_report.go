package storetest

import (
	"fmt"
	"slices"
	"time"
)

// Counts is how much a Viewer was told of and judged.
type Counts struct {
	// Finished and Listed count what the packager finished, Changes those of the store.
	Finished, Listed, Changes int
	// Publications counts the playlist bytes that a viewer could see appear; Unsafe those of them that
	// broke a rule at that moment.
	Publications, Unsafe int
}

// Listing is one finished version of a playlist and what became of it.
type Listing struct {
	// Path is the playlist's, Number counts its versions from 1.
	Path   string
	Number int
	// Listed is when the packager finished it.
	Listed time.Time
	// Published is when it was first seen in the store, Passed when it or a later one was; zero if never.
	Published, Passed time.Time
	// Unsafe is true when a publication of it broke a rule at that moment.
	Unsafe bool
}

// Violations returns the promises broken so far, in the order in which they were judged. Changes of the
// store that still wait for an explanation (Grace) are not among them.
func (v *Viewer) Violations() []Violation {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain(time.Now(), false)
	all := make([]Violation, len(v.accusations))
	for i, a := range v.accusations {
		all[i] = a.Violation
		all[i].Doubtful = v.doubts(a)
	}
	return all
}

// Counts returns how much was seen so far.
func (v *Viewer) Counts() Counts {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain(time.Now(), false)
	return v.counts
}

// Listings returns every version of every playlist that the packager finished, by playlist in the order
// of their first listing. A version equal to the one before in bytes and meaning is none of its own.
func (v *Viewer) Listings() []Listing {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain(time.Now(), false)
	var all []Listing
	for _, p := range v.playlists {
		for _, e := range p.entries {
			all = append(all, Listing{Path: p.file.path, Number: e.index + 1, Listed: e.listed,
				Published: e.published, Passed: e.passed, Unsafe: e.unsafe})
		}
	}
	return all
}

// Published returns the number, as in Listing, of the version of the playlist that the store shows; ok is
// false when it shows none that the packager finished.
func (v *Viewer) Published(path string) (number int, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain(time.Now(), false)
	f := v.files[path]
	if f == nil || f.list == nil || f.list.shown == nil {
		return 0, false
	}
	return f.list.shown.index + 1, true
}

// Standing reports RuleEdgeStandsStill for every playlist of which a version newer than the published
// one has had all it names stored for longer than limit. It is right only when the store answered all
// that time, so that nothing but the uploader can have held the playlist back; the caller knows. A
// version is reported once.
func (v *Viewer) Standing(now time.Time, limit time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain(now, false)
	for _, p := range v.playlists {
		for i := len(p.entries) - 1; i >= max(p.ahead(), p.beyond); i-- {
			e := p.entries[i]
			if p.file.lost || e.ready.IsZero() || now.Sub(e.ready) <= limit || e.unanswered() {
				continue
			}
			if !e.reported {
				e.reported = true
				v.report(RuleEdgeStandsStill, p.file, nil, now, fmt.Sprintf("could show version %d since %s and shows %s",
					e.index+1, e.ready.Format("15:04:05.000"), p.showing()))
			}
			break
		}
	}
}

// Finale is called when the packager has ended and the uploader says that it is done. It judges what
// still waits and reports, first, RuleUnpublished for every playlist of which the newest version that can
// be published is not. A version cannot when it names what was never finished, what is Lost or Unanswered, or, unless
// it is the newest, bytes that others have replaced. And, second, RuleUnstored for every file of which
// the newest bytes that any version ever meant were finished and are not stored, be it that the playlist
// has long dropped them: they may be missing only when they are Lost, when later bytes of the name are
// there, when the published playlist needs the older ones, or when they were there and others removed them.
func (v *Viewer) Finale() {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	v.drain(now, true)
	for _, p := range v.playlists {
		goal := v.goal(p, now)
		if goal == nil || p.file.lost {
			continue
		}
		if p.shown == nil || p.shown.index < goal.index && !(p.shown.digest == goal.digest && v.whole(goal, now)) {
			v.report(RuleUnpublished, p.file, nil, now, fmt.Sprintf("could show version %d in the end and shows %s", goal.index+1, p.showing()))
		}
	}
	var named []*file
	for _, f := range v.files {
		if len(f.namers) > 0 && !f.isPlaylist() && !f.lost {
			named = append(named, f)
		}
	}
	slices.SortFunc(named, compareTimes)
	for _, f := range named {
		if n := f.newestNeeded(); n != unbound && !v.kept(f, n) && !f.hadServed(n) {
			v.report(RuleUnstored, f, nil, now, fmt.Sprintf("was finished and named as version %d, and the store holds %s", n+1, f.stored.describe()))
		}
	}
}

// compareTimes orders files by when they were finished first, then by name.
func compareTimes(a, b *file) int {
	if len(a.versions) > 0 && len(b.versions) > 0 {
		if c := a.versions[0].at.Compare(b.versions[0].at); c != 0 {
			return c
		}
	}
	if a.path < b.path {
		return -1
	}
	return 1
}

// goal returns p's newest entry that can be published; nil if none can, as of playlists that wait for each other.
func (v *Viewer) goal(p *playlist, now time.Time) *entry {
	if p.asked {
		return nil
	}
	p.asked = true
	defer func() { p.asked = false }()
	for i := len(p.entries) - 1; i >= p.beyond; i-- {
		if e := p.entries[i]; v.possible(e, now) {
			return e
		}
	}
	return nil
}

// possible reports whether all that e needs can be stored. Bytes that were replaced may be out of reach;
// the newest meaning takes later ones in their place, after Settle.
func (v *Viewer) possible(e *entry, now time.Time) bool {
	if e.unanswered() {
		return false
	}
	for i := range e.refs {
		r := &e.refs[i]
		switch f := r.file; {
		case !r.waited() || v.holds(e, r, now):
		case r.playlist:
			if f.list == nil || v.goal(f.list, now) == nil {
				return false
			}
		case r.version == unbound, f.lost:
			return false
		case f.versions[r.version].growing && (r.whole || f.versions[r.version].size < r.need):
			return false
		case f.current != r.version && !v.means(e, r, f.current, now):
			return false
		}
	}
	return true
}

// unanswered reports whether e waits for a file that is Unanswered.
func (e *entry) unanswered() bool {
	return slices.ContainsFunc(e.refs, func(r ref) bool { return r.file.unanswered && r.waited() })
}

// newestNeeded returns the version finished last of those that a playlist means; unbound if there is none.
// What only preload hints and gaps name is not asked for.
func (f *file) newestNeeded() int {
	newest := unbound
	for i := range f.versions {
		if f.versions[i].needed && (newest == unbound || f.versions[i].order > f.versions[newest].order) {
			newest = i
		}
	}
	return newest
}

// hadServed reports whether version n of f or later bytes were stored, and removed by others.
func (f *file) hadServed(n int) bool {
	return f.served != unbound && f.versions[f.served].order >= f.versions[n].order
}

// kept reports whether the store holds version n of f, later bytes, or what a published playlist needs.
func (v *Viewer) kept(f *file, n int) bool {
	o := f.stored
	switch {
	case !o.present || o.unread:
		return o.present
	case o.version == unbound:
		return false
	case o.version == n:
		// How much of a file that grew is needed is for the playlists to say.
		return f.versions[n].content != nil || o.size == f.versions[n].size
	case f.versions[o.version].order > f.versions[n].order:
		return true
	}
	for _, p := range f.namers {
		if p.shown == nil {
			continue
		}
		if r := p.shown.ref(f); r != nil && r.gates && r.version == o.version {
			return true
		}
	}
	return false
}

func (p *playlist) showing() string {
	if p.shown == nil {
		return "none"
	}
	return fmt.Sprintf("version %d", p.shown.index+1)
}

package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Rule is a promise as a viewer sees it broken.
type Rule string

// The rules that a Viewer judges by, each with the reason why it accuses nobody wrongly.
const (
	// RulePlaylistFirst: a published playlist names something that is not stored, or not as far as its
	// byte ranges reach. Local references alone count; those marked EXT-X-GAP, preload hints and rendition reports
	// do not, nor segments that a DASH manifest counts by its times alone and that were not finished when it was, nor
	// ranges past the end of the finished file, which no upload could serve. Of playlists, on whatever line and
	// in whatever playlist they are named, any version will do. The playlist was the uploader's to hold back, and
	// nothing asks it to remove an object.
	RulePlaylistFirst Rule = "playlist first"
	// RuleTornPlaylist: a playlist is stored with bytes that the packager never finished. It may publish
	// what was finished and nothing else.
	RuleTornPlaylist Rule = "torn playlist"
	// RuleOlderPlaylist: a publication goes back to an older version. Bytes that were listed more than
	// once may be any of their listings that is not before the one published last, so that A, B, A is a
	// way forward; what comes next need only be newer than the oldest that they can be.
	RuleOlderPlaylist Rule = "older playlist"
	// RuleHalfSegment: an object other than a playlist is stored with bytes that were never finished
	// under this name, a temporary name included.
	RuleHalfSegment Rule = "half segment"
	// RuleWrongVersion: a published playlist means other bytes of a name than the store holds: those of
	// an earlier run, mostly. It means what was finished when it was listed. What took its place later is
	// accepted after Settle while no newer playlist was listed, since the packager's own directory then
	// shows that pair too.
	RuleWrongVersion Rule = "wrong version"
	// RuleOverwritten: an object is overwritten whose old bytes the published playlist needs. A packager
	// that uses its names again makes that unavoidable, so it is right once a later playlist means the new
	// bytes and waits for nothing but such overwrites, or under RuleWrongVersion's exception. A right that
	// was once given holds until the next publication: the PUT was under way.
	RuleOverwritten Rule = "overwritten"
	// RuleEdgeStandsStill: see Standing.
	RuleEdgeStandsStill Rule = "live edge stands still"
	// RuleNeverNamed: an object is stored with bytes that no playlist listed until then means.
	RuleNeverNamed Rule = "never named"
	// RuleUnpublished: see Finale.
	RuleUnpublished Rule = "unpublished"
	// RuleUnstored: see Finale.
	RuleUnstored Rule = "unstored"
)

// Violation is one broken promise.
type Violation struct {
	// Rule is the promise.
	Rule Rule
	// Key is the object's, or the playlist's that names it.
	Key string
	// Detail tells what happened to Key, as the rest of a sentence.
	Detail string
	// At is when the store changed.
	At time.Time
	// Doubtful is true if it may follow from what Missed told, so that it is no proof.
	Doubtful bool
}

// String returns a line of the incident report: "12:00:04.250 playlist first: live/index.m3u8 was
// published and names live/seg7.ts, which is not stored".
func (b Violation) String() string {
	return b.At.Format("15:04:05.000") + " " + string(b.Rule) + ": " + b.Key + " " + b.Detail
}

// Changed tells that the object key now holds content. It is called after every change of the store, in
// their order. content may be used again afterwards.
func (v *Viewer) Changed(key string, content []byte) {
	c := change{sum: sha256.Sum256(content), content: content}
	c.object = state{present: true, version: unbound, size: int64(len(content))}
	v.changed(key, c)
}

// ChangedUnread tells that the object key now holds bytes that nobody looked at: its content is taken
// for good, what it is named by and when it came are judged.
func (v *Viewer) ChangedUnread(key string) {
	v.changed(key, change{object: state{present: true, unread: true, version: unbound}})
}

// Removed tells that somebody deleted the object key, which the uploader never does. What the newest playlists name
// has to be stored again, so that they can be published; what had been stored and is named no more has not.
func (v *Viewer) Removed(key string) { v.changed(key, change{object: state{version: unbound}}) }

func (v *Viewer) changed(key string, c change) {
	at, ours := strings.CutPrefix(key, v.prefix)
	if !ours {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counts.Changes++
	c.at = time.Now()
	c.file = v.file(at)
	if v.Grace > 0 {
		c.content = bytes.Clone(c.content)
	}
	v.waiting = append(v.waiting, c)
	v.drain(c.at, false)
}

func (v *Viewer) judge(c *change) {
	f := c.file
	switch {
	case f.isPlaylist() && !c.object.unread && c.object.present:
		v.publish(c)
	case f.isPlaylist() && !c.object.present && f.list != nil:
		f.list.show(nil)
		f.list.outlive()
		fallthrough
	default:
		v.store(c)
	}
	for _, p := range f.namers {
		v.refresh(p, f, c.at)
	}
}

// store judges a change of what is no playlist, and the presence of what is one.
func (v *Viewer) store(c *change) {
	f, o := c.file, c.object
	switch {
	case !o.present:
	case o.unread:
		if !v.AllowUnnamed && len(f.namers) == 0 && !f.isPlaylist() {
			v.report(RuleNeverNamed, f, nil, c.at, "was stored, but no playlist has named it")
		}
	default:
		o.version = f.find(c.sum, c.content)
		if o.version == unbound {
			v.report(RuleHalfSegment, f, nil, c.at, fmt.Sprintf("was stored with %d bytes that were never finished under this name", o.size))
		} else if !v.named(f, o.version, c.at) {
			v.report(RuleNeverNamed, f, nil, c.at, fmt.Sprintf("was stored with version %d, but no playlist has meant it", o.version+1))
		}
	}
	before := f.stored
	if !o.present && before.present && before.version != unbound {
		f.served = before.version
	}
	if !o.present && !before.present {
		return
	}
	for _, p := range f.namers {
		if p.shown == nil {
			continue
		}
		r := p.shown.ref(f)
		if r == nil || !r.gates {
			continue
		}
		f.stored = before
		for _, e := range p.entries[p.shown.index+1:] {
			v.license(p, e, c.at) // time alone may have given the right
		}
		was := p.serves(v, r, c.at)
		f.stored = o
		if p.serves(v, r, c.at) {
			continue
		}
		rule, what := v.fault(r)
		if was && o.present {
			rule, what = RuleOverwritten, "needs "+v.wanted(r)+", which was overwritten with "+o.describe()
		}
		v.report(rule, p.file, r.file, c.at, "is published and "+what)
	}
	f.stored = o
}

// publish judges a playlist's new bytes.
func (v *Viewer) publish(c *change) {
	f, p := c.file, c.file.list
	f.stored = c.object
	if p == nil {
		v.publication(false)
		v.report(RuleTornPlaylist, f, nil, c.at, "was published, but the packager never listed it")
		return
	}
	if p.shown != nil && p.shown.digest == c.sum {
		return // stored once more: nothing that a viewer could see has changed
	}
	e, least := v.candidate(p, c)
	safe := e != nil
	if !safe {
		e = p.find(c.sum, 0)
		least = e
	}
	switch {
	case e == nil:
		p.show(nil)
		v.publication(false)
		v.report(RuleTornPlaylist, f, nil, c.at, fmt.Sprintf("was published with %d bytes that the packager never finished", c.object.size))
		return
	case !safe:
		v.report(RuleOlderPlaylist, f, nil, c.at, fmt.Sprintf("went back from version %d to version %d", p.reached+1, e.index+1))
	}
	for i := range e.refs {
		r := &e.refs[i]
		if r.waited() && !v.holds(e, r, c.at) {
			safe = false
			rule, what := v.fault(r)
			v.report(rule, f, r.file, c.at, "was published and "+what)
		}
	}
	v.publication(safe)
	e.unsafe = e.unsafe || !safe
	p.advance(e, c.at)
	p.reached = least.index
	v.refresh(p, nil, c.at)
}

// candidate returns the entry as which the new bytes are to be read, nil if they would be a step back: of
// those with these bytes the newest of which everything is stored, or else the newest. least is the
// oldest that the uploader may have meant.
func (v *Viewer) candidate(p *playlist, c *change) (e, least *entry) {
	whole := false
	for i := len(p.entries) - 1; i >= max(0, p.reached); i-- {
		o := p.entries[i]
		if o.digest != c.sum {
			continue
		}
		least = o
		if e == nil {
			e = o
		}
		if !whole && v.whole(o, c.at) {
			e, whole = o, true
		}
	}
	return e, least
}

// advance makes e what the store shows.
func (p *playlist) advance(e *entry, now time.Time) {
	p.show(e)
	if e.published.IsZero() {
		e.published = now
	}
	for i := e.index; i >= 0 && p.entries[i].passed.IsZero(); i-- {
		p.entries[i].passed = now
	}
}

func (p *playlist) show(e *entry) {
	p.shown, p.licences, p.contested = e, nil, false
	if e == nil {
		return
	}
	for i := range e.refs {
		r := &e.refs[i]
		p.contested = p.contested || !r.playlist && r.file.current != r.version
	}
}

// find returns the newest entry from index on with these bytes, nil if none has.
func (p *playlist) find(sum digest, from int) *entry {
	for i := len(p.entries) - 1; i >= from; i-- {
		if p.entries[i].digest == sum {
			return p.entries[i]
		}
	}
	return nil
}

// refresh brings up to date what follows from a change of f (nil: of p itself): which entries are ready,
// which one the store shows, and what may be overwritten.
func (v *Viewer) refresh(p *playlist, f *file, now time.Time) {
	for i := len(p.entries) - 1; i >= p.ahead(); i-- {
		e := p.entries[i]
		if f != nil && e.ref(f) == nil {
			continue
		}
		if !v.whole(e, now) {
			e.ready = time.Time{}
			continue
		}
		if e.ready.IsZero() {
			e.ready = now
		}
		if p.shown != nil && p.shown.digest == e.digest {
			p.advance(e, now) // the same text, listed anew, has come true in the store
			break
		}
	}
	if p.shown == nil || !p.contested {
		return
	}
	for _, e := range p.entries[p.shown.index+1:] {
		v.license(p, e, now)
	}
}

// ahead returns the index of the first entry that would be news to a viewer.
func (p *playlist) ahead() int {
	if p.shown != nil {
		return p.shown.index + 1
	}
	return max(0, p.reached)
}

// license gives the right to overwrite what e waits for, if it waits for nothing but overwrites. What has stood
// for Settle while e was the newest may be taken for what e means, whether or not the store holds the bytes
// before it.
func (v *Viewer) license(p *playlist, e *entry, now time.Time) {
	given := len(p.licences)
	for i := range e.refs {
		r := &e.refs[i]
		held := v.holds(e, r, now)
		if held && r.gates && !r.playlist && r.file.current > r.file.stored.version && v.means(e, r, r.file.current, now) {
			p.licences = append(p.licences, licence{r.file, e})
		}
		if !r.gates || held && r.other == unbound {
			continue // a reference that may mean either bytes may also change its mind
		}
		needed := p.shown.ref(r.file)
		overwrite := !r.playlist && r.version != unbound && r.file.stored.present && needed != nil && needed.gates
		if !held && !overwrite {
			p.licences = p.licences[:given]
			return
		}
		if l := (licence{r.file, e}); overwrite && !slices.Contains(p.licences, l) {
			p.licences = append(p.licences, l)
		}
	}
}

// serves reports whether the store holds what the shown entry means by r, or what a licence was given for.
func (p *playlist) serves(v *Viewer, r *ref, now time.Time) bool {
	if v.holds(p.shown, r, now) {
		return true
	}
	for _, l := range p.licences {
		if l.file == r.file && v.holds(l.entry, l.entry.ref(r.file), now) {
			return true
		}
	}
	return false
}

// whole reports whether all that e needs is stored.
func (v *Viewer) whole(e *entry, now time.Time) bool {
	for i := range e.refs {
		if r := &e.refs[i]; r.waited() && !v.holds(e, r, now) {
			return false
		}
	}
	return true
}

// holds reports whether the store holds what e means by r.
func (v *Viewer) holds(e *entry, r *ref, now time.Time) bool {
	o := &r.file.stored
	if !o.present || r.playlist || o.unread {
		return o.present
	}
	if o.version == unbound || !v.means(e, r, o.version, now) {
		return false
	}
	n := &r.file.versions[o.version]
	if n.growing {
		return !r.whole && o.size >= r.need
	}
	if r.whole {
		return o.size == n.size
	}
	return o.size >= min(r.need, n.size)
}

// means reports whether version n of r's file is what e means by it: the version bound to r, or one that
// has stood for Settle while e was the newest. A reference that waits for the next bytes, which a player
// in the packager's own directory would not, takes the old ones after Settle too: nobody can know that
// others are to come.
func (v *Viewer) means(e *entry, r *ref, n int, now time.Time) bool {
	if n == r.version || n == r.other {
		return true
	}
	if !e.surpassed.IsZero() && e.surpassed.Before(now) {
		now = e.surpassed
	}
	if r.version == unbound {
		return n == r.file.current && now.Sub(e.listed) >= v.settled()
	}
	f := r.file
	return f.versions[n].order > f.versions[r.version].order && now.Sub(f.versions[n].at) >= v.settled()
}

// named reports whether any playlist listed so far means version n of f.
func (v *Viewer) named(f *file, n int, now time.Time) bool {
	if v.AllowUnnamed || f.versions[n].named {
		return true
	}
	for _, p := range f.namers {
		for i := len(p.entries) - 1; i >= 0; i-- {
			e := p.entries[i]
			if r := e.ref(f); r != nil && v.means(e, r, n, now) {
				return true
			}
			if !e.surpassed.IsZero() && e.surpassed.Sub(f.versions[n].at) < v.settled() {
				break // older ones were surpassed even earlier
			}
		}
	}
	return false
}

// fault says what is wrong with the object that r means.
func (v *Viewer) fault(r *ref) (Rule, string) {
	o := &r.file.stored
	key := v.prefix + r.file.path
	switch {
	case !o.present:
		return RulePlaylistFirst, "names " + key + ", which is not stored"
	case o.version == r.version && o.version != unbound:
		return RulePlaylistFirst, fmt.Sprintf("names %s up to byte %d, of which %d are stored", key, r.need, o.size)
	}
	return RuleWrongVersion, "means " + v.wanted(r) + ", but the store holds " + o.describe()
}

func (v *Viewer) wanted(r *ref) string {
	if r.version == unbound {
		return v.prefix + r.file.path + " as it will be finished next"
	}
	return fmt.Sprintf("version %d of %s", r.version+1, v.prefix+r.file.path)
}

func (o state) describe() string {
	switch {
	case !o.present:
		return "nothing"
	case o.unread:
		return "bytes that nobody looked at"
	}
	if o.version == unbound {
		return fmt.Sprintf("%d bytes that were never finished", o.size)
	}
	return fmt.Sprintf("version %d (%d bytes)", o.version+1, o.size)
}

func (f *file) isPlaylist() bool { return f.list != nil || hls.Classify(f.path).IsPlaylist() }

func (v *Viewer) publication(safe bool) {
	v.counts.Publications++
	if !safe {
		v.counts.Unsafe++
	}
}

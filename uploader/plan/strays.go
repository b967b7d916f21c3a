package plan

import (
	"math"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// maxStrays and strayTime bound how many finished files are kept, and how long, although nothing names them and
// they are deleted.
const (
	maxStrays = 256
	strayTime = time.Minute
)

// strays are finished files that no playlist names yet. Those deleted meanwhile are kept for a while, as a
// playlist may still name them, and so are those of which bytes may still arrive in the store; those found at rest may have been named
// while nobody looked.
type strays struct {
	deleted []deletion
	left    []*object                     // init sections and keys of an earlier process, whose playlists come later
	found   map[string]map[uint64]*object // by sequence and number
	odd     map[*object]bool              // those found that have no number
	reminders
	scanning bool // the directory was not looked through yet; see Scanned
}

// deletion is a file that was deleted before anything named it, or that nothing names any more.
type deletion struct {
	object *object
	at     time.Time
}

func newStrays(scanning bool) strays {
	return strays{scanning: scanning, found: make(map[string]map[uint64]*object), odd: make(map[*object]bool)}
}

// add takes in a file that nothing names.
func (s *strays) add(o *object) {
	if !o.disk.Newest().File.Found || !o.isMedia() {
		return
	}
	key, n, ok := hls.Serial(o.path)
	if !ok {
		s.odd[o] = true
		return
	}
	if s.found[key] == nil {
		s.found[key] = make(map[uint64]*object)
	}
	s.found[key][n] = o
}

// forget takes out what is known no longer, is stored, or is shipped: something names it, or an earlier process knew that something did.
func (s *strays) forget(o *object) {
	if len(s.found)+len(s.odd) == 0 {
		return
	}
	key, n, ok := hls.Serial(o.path)
	switch found := s.found[key]; {
	case !ok:
		delete(s.odd, o)
	case found[n] == o:
		if delete(found, n); len(found) == 0 {
			delete(s.found, key)
		}
	}
}

// gone notes that o was deleted.
func (s *strays) gone(o *object, now time.Time) { s.deleted = append(s.deleted, deletion{o, now}) }

// holds reports whether o is kept for a playlist to come.
func (s *strays) holds(o *object) bool {
	return slices.ContainsFunc(s.deleted, func(d deletion) bool { return d.object == o })
}

// leave keeps o, which an earlier process left, until its playlists were heard of.
func (s *strays) leave(o *object) {
	if !slices.Contains(s.left, o) {
		s.left = append(s.left, o)
	}
}

// excess takes those out that are kept no longer. met is when all that was there at the start was heard of.
func (s *strays) excess(now, met time.Time) []*object {
	var old []*object
	if len(s.left) > 0 && !now.Before(met) {
		old, s.left = s.left, nil
	}
	for len(s.deleted) > maxStrays || len(s.deleted) > 0 && now.Sub(s.deleted[0].at) >= strayTime {
		old = append(old, s.deleted[0].object)
		s.deleted = s.deleted[1:]
	}
	return old
}

// recall ships what was found at rest and is very likely to have been named while nobody looked: of the sequences of segments that snap names,
// what pick takes out of those found, below the first that is named. It returns how many segments there are. A version that an earlier
// process kept has none: that process saw what came and went beside it.
func (s *strays) recall(p *Plan, snap *snapshot, pick func(row, map[uint64]*object) []*object) (segments int) {
	if len(s.found) == 0 || snap.origin.inherited() {
		return 0
	}
	for key, row := range p.rows(snap) {
		found := s.found[key]
		row.step = max(row.step, 1)
		all := pick(row, found)
		for _, o := range slices.Backward(all) { // oldest first
			p.wantLater(o, o.disk.Newest(), snap.list.stream)
		}
		segments += len(all)
		if len(found) == 0 {
			delete(s.found, key)
		}
	}
	return segments
}

// unbroken takes an unbroken row out of found, directly below r, each older than the one behind it. Where the first of r is not
// there, or not finished, as some packagers name segments before they are, the row is older than the next one that is, or than the playlist
// if none is.
func (p *Plan) unbroken(r row, found map[uint64]*object) (all []*object) {
	if r.seen {
		return nil
	}
	for n, newer := r.low-r.step, r.at; n < r.low; n -= r.step { // until it would fall below 0
		name := r.name(n)
		o := p.objects[name]
		at, ok := p.continuous.finished(name) // perhaps for the session of an earlier process, which kept it
		if o != nil && o.disk.Newest() != nil {
			at, ok = o.disk.Newest().File.Version.ModTime, true
		}
		if !ok || at > newer {
			break
		}
		if newer = at; o != nil && found[n] == o && o.stray() {
			all = append(all, o)
		}
		delete(found, n)
	}
	return all
}

// row is the part of a sequence that a playlist names.
type row struct {
	low, last uint64
	step      uint64 // from one number to the next, 0 if there is but one
	place     int    // in the playlist, of the last
	apart     int    // how far those are from one another that tell the step, as others may stand between
	first     string // the path of the number low
	seen      bool   // an earlier process published the first, and saw what came before it
	oldest    uint64 // the lowest number that is finished
	at        int64  // when that was, or the playlist if none is: what is before the row was finished until then
}

// name returns the path of another number in the sequence.
func (r row) name(n uint64) string { return hls.Renumbered(r.first, n) }

// rows returns the sequences of which s names media. Once the directory was looked through, they need be neither there nor finished.
func (p *Plan) rows(s *snapshot) map[string]row {
	all, place := make(map[string]row), 0
	for i := range s.binds {
		b := &s.binds[i]
		if b.obj.isMedia() {
			place++
		}
		v := b.ver
		if v == nil {
			v = b.obj.disk.Newest()
		}
		finished := v != nil && v.File.State == hls.Settled
		key, n, ok := hls.Serial(b.obj.path)
		if !ok || b.free() || !b.obj.isMedia() || p.strays.scanning && (b.ver == nil || !finished) {
			continue
		}
		r, known := all[key]
		if !known {
			r.oldest, r.at = math.MaxUint64, s.file.Version.ModTime
		}
		if !known || n < r.low {
			r.low, r.first = n, b.obj.path
			r.seen = b.obj.fixed && v == nil && b.obj.disk.Gone()
		}
		if finished && n < r.oldest {
			r.oldest, r.at = n, v.File.Version.ModTime
		}
		if known && n > r.last {
			r.tell(n-r.last, place-r.place)
		}
		r.last, r.place = n, place
		all[key] = r
	}
	return all
}

// tell takes in that two numbers of the row differ by so much, and stand so far from one another in the playlist: an advertisement may
// have the place of a segment. Those that stand closest tell the step.
func (r *row) tell(step uint64, apart int) {
	if n := uint64(apart); step%n == 0 { //nolint:gosec // it is positive
		step /= n
	}
	if r.step == 0 || apart < r.apart || apart == r.apart && step < r.step {
		r.step, r.apart = step, apart
	}
}

// Unnamed returns how many media files that were found at rest nothing names and the store is not known to have, and one of them; none
// before all that was there at the start was heard of and the store was listed: a playlist may be met after what it names, and an earlier
// process may have stored what is named no more.
func (p *Plan) Unnamed() (n int, example string) {
	s := &p.strays
	if s.scanning || !p.bucket.Listed() || p.now.Before(p.met()) {
		return 0, ""
	}
	for o := range s.odd {
		n, example = len(s.odd), o.path
		break
	}
	for _, row := range s.found {
		n += len(row)
		for _, o := range row {
			example = o.path
			break
		}
	}
	return n, example
}

// Scanned notes that all that lay in the directory was heard of: what was named while nobody looked is recalled once more, and
// what the spool alone had, and has no more, is lost, as is what came and went while nobody looked.
func (p *Plan) Scanned() {
	p.strays.scanning = false
	for _, v := range slices.Clone(p.unpinned.versions) {
		if o := p.objects[v.File.Path]; o.disk.Gone() {
			p.perish(o)
		}
	}
	for _, l := range p.lists {
		if s := l.last; s != nil && !s.over() {
			l.recall(p.strays.recall(p, s, p.unbroken))
		}
		p.looked(l)
	}
	p.heedReminders()
}

package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Changed tells that the object key now holds content. It is called after every change of the store, in their order.
func (a *Audience) Changed(key string, content []byte) {
	at, ours := strings.CutPrefix(key, a.prefix)
	if !ours {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if folder, path, _ := Split(at); folder != "" {
		a.stored(at, folder, path, content)
	} else if p := a.shows[at]; p != nil {
		a.published(p, content)
	}
	a.refresh()
}

// Removed tells that somebody deleted the object key. What players remember of it stays.
func (a *Audience) Removed(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := strings.TrimPrefix(key, a.prefix)
	if o := a.objects[at]; o != nil {
		o.there = false
	}
	if p := a.shows[at]; p != nil {
		if p.there = false; p.unsure {
			p.anew()
		}
	}
	a.refresh()
}

// stored judges a change of an object in a session.
func (a *Audience) stored(at, folder, path string, content []byte) {
	s := a.source(path)
	o := a.objects[at]
	if o != nil && !bytes.Equal(o.content, content) && !bytes.HasPrefix(content, o.content) {
		a.accuse(RuleImmutable, at, "had %.40q and has %.40q", o.content, content)
	}
	o = &kept{content: bytes.Clone(content), there: true, source: s, folder: folder, version: s.find(content)}
	a.objects[at], s.objects[at] = o, o
	if o.version < 0 {
		a.accuse(RuleHalfSegment, at, "was stored with %d bytes that were never finished under this name", len(content))
		return
	}
	v := &s.versions[o.version]
	a.outlive(s, v)
	if !a.AllowUnnamed && !slices.ContainsFunc(slices.Collect(maps.Keys(v.runs)), func(run int) bool { return s.named[run] }) {
		a.accuse(RuleNeverNamed, at, "was stored, but no playlist of its run has named it")
	}
	run, marked := v.mark()
	if was, ok := a.folders[folder]; marked && ok && was != run {
		a.accuse(RuleFolder, at, "is of run %d, and the folder has run %d", run, was)
	} else if marked {
		a.folders[folder] = run
	}
}

// outlive notes that the newest bytes of an init section or key, which have stood for Settle, may be of a run whose newest playlist is older: a
// packager writes those again at the end of a stream, and nothing tells them from the ones of the next run.
func (a *Audience) outlive(s *source, v *edited) {
	if v != &s.versions[len(s.versions)-1] || time.Since(v.at) < a.Settle {
		return
	}
	for _, p := range a.shows {
		if n := len(p.listings); n > 0 && p.listings[n-1].at.Before(v.at) && slices.Contains(p.listings[n-1].others, s.path) {
			v.runs[p.listings[n-1].run] = true
		}
	}
}

// mark returns the run that alone has such bytes.
func (v *edited) mark() (run int, ok bool) {
	for run = range v.runs {
		return run, len(v.runs) == 1
	}
	return 0, false
}

// runOf returns that of a published segment, -1 if its bytes do not tell.
func (a *Audience) runOf(list string, s *seen) int {
	if o := a.objects[a.path(list, s.uri)]; o != nil && o.version >= 0 {
		if run, ok := o.source.versions[o.version].mark(); ok {
			return run
		}
		if run, ok := a.folders[o.folder]; ok {
			return run
		}
	}
	return -1
}

// counted returns the packager's number of a published segment; ok is false if it is not known.
func (a *Audience) counted(p *show, s *seen, run int) (n uint64, ok bool) {
	key := a.listed(p, s, run)
	if key.path == "" || a.source(key.path).repeats {
		return 0, false
	}
	n, ok = p.numbers[key]
	return n, ok
}

// listed returns a published segment as the packager lists it.
func (a *Audience) listed(p *show, s *seen, run int) listed {
	_, at, _ := Split(a.path(p.path, s.uri))
	return listed{run, at, s.window}
}

// published judges the new bytes of a playlist.
func (a *Audience) published(p *show, content []byte) {
	text, err := read(content)
	if err != nil {
		a.accuse(RuleTornPlaylist, p.path, "was published, and no player reads it: %v", err)
		return
	}
	if p.shown != nil && text.whole && len(text.scenes) > 0 && len(p.shown.scenes) > 0 && a.runOf(p.path, &p.shown.scenes[0]) < a.runOf(p.path, &text.scenes[0]) {
		p.anew()
	}
	p.there, p.unsure = true, false
	a.judgeNumbers(p, text)
	for i := range text.scenes {
		s := &text.scenes[i]
		a.judgeReferences(p, s)
		if i > 0 {
			a.judgeNeighbours(p, &text.scenes[i-1], s)
		}
		run := a.runOf(p.path, s)
		if run < 0 {
			continue
		}
		folder, _, _ := Split(a.path(p.path, s.uri))
		if _, ok := p.seams[run]; !ok {
			n, _ := a.counted(p, s, run)
			p.seams[run] = seam{s.discontinuity, n, folder}
		}
		if home := p.homes[run]; a.Steady && home != "" && home != folder {
			a.accuse(RuleFolder, p.path, "has run %d in %s and in %s", run, home, folder)
		}
		p.homes[run] = folder
	}
	if text.ended {
		a.judgeEnd(p)
	}
	p.shown = text
	for i := len(p.listings) - 1; i >= 0; i-- {
		if a.contains(p, p.listings[i]) {
			if l := p.listings[i]; l.published.IsZero() {
				l.published = time.Now()
			}
			for ; i >= 0; i-- {
				if p.listings[i].passed.IsZero() {
					p.listings[i].passed = time.Now()
				}
			}
		}
	}
}

// anew has players begin anew: another run of what is watched from its beginning, an EVENT or VOD, is a list at its place, as is one of an
// uploader that knows of none before.
func (p *show) anew() {
	p.shown, p.last, p.ended = nil, 0, false
	clear(p.memory)
	clear(p.known)
	clear(p.seams)
}

// judgeNumbers judges the numbers of a playlist by all that were ever seen.
func (a *Audience) judgeNumbers(p *show, text *program) {
	if before := p.shown; before != nil {
		if text.first < before.first {
			a.accuse(RuleNumbers, p.path, "begins with %d and began with %d", text.first, before.first)
		}
		if text.base < before.base {
			a.accuse(RuleDiscontinuity, p.path, "counts discontinuities from %d and counted from %d", text.base, before.base)
		}
		if end := text.first + uint64(len(text.scenes)); p.any && end < p.last+1 {
			a.accuse(RuleNumbers, p.path, "ends before %d and ended with %d", end, p.last)
		}
		if text.first > p.last+1 && len(text.scenes) > 0 {
			last := p.memory[p.last]
			was, is := a.runOf(p.path, &last), a.runOf(p.path, &text.scenes[0])
			m, known := a.counted(p, &last, was)
			n, too := a.counted(p, &text.scenes[0], is)
			passed := n - m
			if was != is { // versions of which the PUT may have come through listed those
				passed = p.passed(was, is, m, n)
			}
			if was >= 0 && is >= 0 && known && too && text.first-p.last > max(passed, a.between(p, &last, &text.scenes[0], is)) {
				a.accuse(RuleNumbers, p.path, "passes over the numbers between %d and %d", p.last, text.first)
			}
		}
	}
	for _, s := range text.scenes {
		key := s.uri + " " + s.window
		_, at, _ := Split(a.path(p.path, s.uri))
		if old, ok := p.memory[s.number]; ok {
			if old.uri != s.uri || old.window != s.window {
				a.accuse(RuleNumbers, p.path, "has %s as number %d, which was %s", s.uri, s.number, old.uri)
			}
			if old.discontinuity != s.discontinuity {
				a.accuse(RuleDiscontinuity, p.path, "has %s (%d) behind %d discontinuities, which were %d", s.uri, s.number, s.discontinuity, old.discontinuity)
			}
		} else if n, ok := p.known[key]; ok && at != "" && !a.source(at).repeats {
			a.accuse(RuleNumbers, p.path, "has %s as number %d, which had %d", s.uri, s.number, n)
		}
		if before, ok := p.memory[s.number-1]; ok && before.discontinuity > s.discontinuity {
			a.accuse(RuleDiscontinuity, p.path, "has number %d behind %d discontinuities, and the one before behind %d", s.number, s.discontinuity, before.discontinuity)
		}
		p.memory[s.number], p.known[key] = s, s.number
		p.last, p.any = max(p.last, s.number), true
	}
}

// judgeReferences judges whether what a segment needs is stored.
func (a *Audience) judgeReferences(p *show, s *seen) {
	run := a.runOf(p.path, s)
	for i, uri := range []string{s.uri, s.init, s.key} {
		at := a.path(p.path, uri)
		if uri == "" || at == "" || i == 0 && s.gap {
			continue
		}
		o := a.objects[at]
		folder, path, _ := Split(at)
		switch {
		case folder == "":
			a.accuse(RulePlaylistFirst, p.path, "names %s, which is in no folder", at)
		case o == nil || !o.there:
			a.accuse(RulePlaylistFirst, p.path, "was published and names %s, which is not stored", at)
		case o.version < 0:
		default:
			v := &o.source.versions[o.version]
			if n := int64(len(o.content)); i == 0 && n < min(s.end, int64(len(v.content))) || s.window == "" && n < int64(len(v.content)) {
				a.accuse(RulePlaylistFirst, p.path, "was published and names %s, of which %d bytes are stored", at, n)
			}
			if i > 0 && run >= 0 && !v.runs[run] {
				a.accuse(RuleWrongVersion, p.path, "was published and has %s, of run %d, be read with %s of other runs (%.40q)", s.uri, run, path, v.content)
			}
		}
	}
}

// judgeNeighbours judges what is between two segments.
func (a *Audience) judgeNeighbours(p *show, b, s *seen) {
	was, is := a.runOf(p.path, b), a.runOf(p.path, s)
	if was < 0 || is < 0 {
		return
	}
	m, known := a.counted(p, b, was)
	n, too := a.counted(p, s, is)
	breaks := b.discontinuity != s.discontinuity
	switch what := fmt.Sprintf("%s (%d) and %s", b.uri, b.number, s.uri); {
	case is < was:
		a.accuse(RuleWrongVersion, p.path, "goes back from run %d to run %d between %s", was, is, what)
	case is > was && !breaks:
		a.accuse(RuleDiscontinuity, p.path, "has no discontinuity between %s, of runs %d and %d", what, was, is)
	case is > was || !known || !too:
	case n <= m && a.Steady:
		a.accuse(RuleNumbers, p.path, "goes back in run %d between %s", is, what)
	case n > m+1 && !breaks:
		a.accuse(RuleDiscontinuity, p.path, "has no discontinuity at the hole between %s", what)
	case n == m+1 && breaks && a.Steady && !p.breaks[a.listed(p, s, is)] && !slices.ContainsFunc(p.cuts, func(c cut) bool { return c.run == is && c.number == n }):
		p.cuts = append(p.cuts, cut{is, n, what, time.Now()})
	}
}

// judgeEnd judges whether the end may be shown.
func (a *Audience) judgeEnd(p *show) {
	for i := len(p.listings) - 1; i >= 0; i-- {
		l := p.listings[i]
		if !l.ended {
			continue
		}
		if i <= p.met || i == 0 || !a.drained.IsZero() {
			return
		}
		if since := time.Since(l.at); since < a.EndDelay {
			a.accuse(RuleEnd, p.path, "has ended %v after its packager did", since)
		}
		if next := i + 1; next < len(p.listings) && p.listings[next].at.Sub(l.at) < a.EndDelay {
			a.accuse(RuleEnd, p.path, "has ended, and its packager had gone on %v after it did", p.listings[next].at.Sub(l.at))
		}
		return
	}
	a.accuse(RuleEnd, p.path, "has ended, as no packager's has")
}

// holds reports whether a session has what a listing means by a path, as far as the byte given.
func (a *Audience) holds(path string, run int, end int64) bool {
	for _, o := range a.source(path).objects {
		if !o.there || o.version < 0 {
			continue
		}
		if v := &o.source.versions[o.version]; v.runs[run] && int64(len(o.content)) >= end && (end > 0 || len(o.content) == len(v.content)) {
			return true
		}
	}
	return false
}

// came reports whether the packager finished what a run means by a path.
func (a *Audience) came(path string, run int) bool {
	s := a.sources[path]
	return s != nil && slices.ContainsFunc(s.versions, func(v edited) bool { return v.runs[run] })
}

// contains reports whether what is shown has the last segment of a listing that came.
func (a *Audience) contains(p *show, l *listing) bool {
	for i := len(l.scenes) - 1; i >= 0; i-- {
		if l.paths[i] == "" || l.scenes[i].gap || !a.holds(l.paths[i], l.run, l.scenes[i].end) {
			continue
		}
		for k := range p.shown.scenes {
			s := &p.shown.scenes[k]
			_, at, _ := Split(a.path(p.path, s.uri))
			if o := a.objects[a.path(p.path, s.uri)]; at == l.paths[i] && s.window == l.scenes[i].window && o != nil && o.version >= 0 && o.source.versions[o.version].runs[l.run] {
				return true
			}
		}
		return false
	}
	return false
}

// refresh finds out since when each listing can be shown.
func (a *Audience) refresh() {
	now := time.Now()
	for _, p := range a.shows {
		for i := len(p.listings) - 1; i >= p.beyond; i-- {
			l := p.listings[i]
			if !l.passed.IsZero() {
				break
			}
			l.ready, l.rest = since(l.ready, now, a.whole(l, false)), since(l.rest, now, a.whole(l, true))
		}
	}
}

// since returns since when something holds, which did so since then; zero if it does not, or did not.
func since(then, now time.Time, holds bool) time.Time {
	switch {
	case !holds:
		return time.Time{}
	case then.IsZero():
		return now
	}
	return then
}

// whole reports whether all is stored that a listing needs, with holes as far as something was never finished.
func (a *Audience) whole(l *listing, holes bool) bool {
	some := false
	for i, at := range l.paths {
		if at == "" || l.scenes[i].gap {
			continue
		}
		if holes && !a.came(at, l.run) {
			continue
		}
		if some = true; !a.holds(at, l.run, l.scenes[i].end) {
			return false
		}
	}
	for _, at := range l.others {
		if !slices.Contains(l.paths, at) && !a.holds(at, l.run, 0) {
			return false
		}
	}
	return some
}

// Standing reports RuleEdgeStandsStill for every playlist of which a version newer than the published one has had all it names
// stored for longer than limit, or all but what was waited for too long. It is right only when the store answered all that time. Settle more
// have the first versions, as the multivariant playlist may be about to come, behind its renditions, whose runs are in one folder, and one in which
// a name comes back, which may mean bytes that are about to come.
func (a *Audience) Standing(now time.Time, limit time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.shows {
		for i := len(p.listings) - 1; i >= p.beyond; i-- {
			l := p.listings[i]
			if !l.passed.IsZero() {
				break
			}
			wait := limit
			if l.at.Sub(p.listings[0].at) < a.Settle || slices.ContainsFunc(l.paths, func(at string) bool { return a.sources[at] != nil && a.sources[at].repeats }) {
				wait += a.Settle
			}
			late := !l.ready.IsZero() && now.Sub(l.ready) > wait
			if n := len(l.first); !late && n > 0 && i == len(p.listings)-1 && a.GiveUp > 0 {
				late = !l.rest.IsZero() && now.Sub(slices.MaxFunc(l.first, time.Time.Compare)) > a.GiveUp+a.Settle+limit && now.Sub(l.rest) > limit
			}
			if late && !l.reported && !a.isLost(l) {
				l.reported = true
				a.accuse(RuleEdgeStandsStill, p.path, "could show version %d of its packager, listed %v ago", i+1, now.Sub(l.at).Round(time.Millisecond))
				break
			}
		}
	}
}

// isLost reports whether anything that a listing needs is lost.
func (a *Audience) isLost(l *listing) bool {
	return slices.ContainsFunc(slices.Concat(l.paths, l.others), func(at string) bool { return a.sources[at] != nil && a.sources[at].lost })
}

// Finale is called when the packager has ended and the uploader says that it is done. It reports what is not published, not ended or not
// stored in the end, and playlists of a stream that count differently.
//
// Where it is not Steady, a playlist may show a run only from a later segment on, or take up what the uploader took for another run: then those are
// compared alone that begin it with the same segment in the same folder.
func (a *Audience) Finale(stream func(list string) string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.shows {
		l := p.listings[len(p.listings)-1]
		switch {
		case p.beyond == len(p.listings): // all of it was thrown away
		case a.isLost(l) || a.sources[p.path] != nil && a.sources[p.path].lost:
		case p.shown == nil && a.whole(l, true), p.shown != nil && l.passed.IsZero() && a.whole(l, true):
			a.accuse(RuleUnpublished, p.path, "could show its newest version in the end")
		case p.shown != nil && !l.passed.IsZero() && l.ended != p.shown.ended:
			a.accuse(RuleEnd, p.path, "has ended: %v, and that of its packager: %v", p.shown.ended, l.ended)
		}
		a.judgeCuts(p, stream)
		for _, other := range a.shows {
			if other.path >= p.path || stream(other.path) != stream(p.path) {
				continue
			}
			for run, n := range p.seams {
				if m, ok := other.seams[run]; ok && m.discontinuity != n.discontinuity && (a.Steady || m.number == n.number && m.folder == n.folder) {
					a.accuse(RuleDiscontinuity, p.path, "begins run %d behind %d discontinuities, and %s behind %d", run, n.discontinuity, other.path, m.discontinuity)
				}
			}
		}
	}
	for _, s := range a.sources {
		for i := len(s.versions) - 1; i >= 0 && !s.lost; i-- {
			if !s.versions[i].needed {
				continue
			}
			if !a.has(s, i) {
				a.accuse(RuleUnstored, s.path, "was finished and named (%.40q), and is stored nowhere", s.versions[i].content)
			}
			break
		}
	}
}

// has reports whether version i of s is stored.
func (a *Audience) has(s *source, i int) bool {
	for _, o := range s.objects {
		if o.there && o.version == i {
			return true
		}
	}
	return false
}

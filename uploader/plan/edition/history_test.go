package edition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// viewer is a player with a memory, of one rendition, and what is published of it.
type viewer struct {
	name    string
	e       *Edition
	numbers map[string]uint64 // of each segment
	names   map[uint64]string
	breaks  map[string]uint64
	first   uint64
	base    uint64
	session int          // of what is published
	blind   bool         // it has published nothing since it was killed
	seen    int          // how many shots of it were in a version that was published
	undated map[int]bool // sessions that were over when they were first seen
}

// scene is what all renditions of a stream share.
type scene struct {
	t       *testing.T
	takes   []take
	gaps    bool
	loose   bool // nobody could know how often the timeline broke
	views   []*viewer
	session int
	runs    []int // of each session
	number  uint64
	plain   int // versions that were published as they are
	log     strings.Builder
}

func (s *scene) fail(format string, args ...any) {
	s.t.Helper()
	steps := strings.SplitAfter(s.log.String(), "=====\n")
	s.t.Fatalf(format+"\n%s", append(args, strings.Join(steps[max(0, len(steps)-3):], ""))...)
}

// play has a packager's history published, two renditions of it, and looks at each version.
func play(t *testing.T, data []byte) (plain int) {
	d := &dice{data}
	s := &scene{t: t, takes: roll(d), gaps: d.one(4)}
	for _, name := range []string{"x-", "y-"} {
		s.views = append(s.views, &viewer{name: name, numbers: map[string]uint64{}, names: map[uint64]string{}, breaks: map[string]uint64{}, undated: map[int]bool{}, session: -1})
	}
	for r := range s.takes {
		k := &s.takes[r]
		s.open(r)
		missed := d.one(6)
		for to := 1 + d.up(3); ; to += 1 + d.up(3) {
			to = min(to, len(k.shots))
			if s.kill(d); s.astray(r, to) {
				s.open(r)
			}
			for i, v := range s.views {
				if i > 0 && (missed || to < len(k.shots) && d.one(3)) {
					continue // it is late
				}
				s.publish(v, r, to, d)
			}
			if to == len(k.shots) {
				break
			}
		}
	}
	for id, n := range s.views[0].breaks {
		if m, ok := s.views[1].breaks[id]; ok && n != m && !s.loose {
			s.fail("discontinuity number of %s: %d and %d", id, n, m)
		}
	}
	return s.plain
}

// open begins a session, as a caller does.
func (s *scene) open(r int) {
	s.session, s.runs, s.number = len(s.runs), append(s.runs, r), 0
	for _, v := range s.views {
		if v.e.Len() > 0 {
			s.number = max(s.number, v.e.Discontinuity()+1)
		}
	}
}

// kill has the caller forget all but what is published, now and then.
func (s *scene) kill(d *dice) {
	if !d.one(5) {
		return
	}
	for _, v := range s.views {
		if v.e != nil {
			v.e, v.blind = resume(s.t, string(v.e.Text())), true
		}
	}
}

// astray reports whether a rendition of which nobody remembers more than what is published lists nothing of it.
func (s *scene) astray(r, to int) bool {
	for _, v := range s.views {
		if !v.blind || v.session != s.session {
			continue
		}
		if ver, c, _ := s.version(v, r, to, false); !v.e.Follows(ver, c) {
			return true
		}
	}
	return false
}

// version returns what the packager writes, and what a caller decides about it.
func (s *scene) version(v *viewer, r, to int, ended bool) (*Version, Choices, *hls.Playlist) {
	k := &s.takes[r]
	text, from := k.write(v.name, to, ended)
	ver, list := read(s.t, text)
	folder := fmt.Sprintf("r%d/", s.session)
	return ver, Choices{
		Run: folder, Folder: func(int) string { return folder }, Discontinuity: s.number, Gaps: s.gaps,
		Hole:  func(i int) bool { return k.shots[from+i].hole },
		Begun: func(i int) time.Time { return k.shots[from+i].begun },
	}, list
}

func (s *scene) publish(v *viewer, r, to int, d *dice) {
	k := &s.takes[r]
	ver, c, list := s.version(v, r, to, to == len(k.shots) && d.one(2))
	c.HoldEnd = d.one(2)
	from := to - ver.Len()
	fmt.Fprintf(&s.log, "--- %s run %d to %d:\n%s", v.name, r, to, ver.text)
	e, err := v.e.Next(ver, c)
	if errors.Is(err, ErrEmpty) {
		for i := range ver.Len() {
			if !c.Hole(i) || s.gaps {
				s.fail("nothing to list")
			}
		}
		return
	}
	if err != nil {
		s.fail("%v", err)
	}
	fmt.Fprintf(&s.log, "--> \n%s", e.Text())
	seen := v.seen
	if v.session != s.session {
		seen = 0
	}
	for i := seen; i < from; i++ { // what it passed over
		s.loose = s.loose || k.shots[i].hole || k.shots[i].breaks && (!k.counts || seen == 0)
	}
	if v.session != s.session && from > 0 {
		s.loose = s.loose || k.shots[from].hole || k.shots[from].breaks
	}
	if last := e.Segment(e.Len() - 1).Segment; last >= 0 {
		v.seen = from + last + 1
	}
	if v.session != s.session && (v.e.Len() == 0 || k.event) && ver.ended {
		v.undated[s.session] = true
	}
	s.agree(v, e, ver, c)
	s.look(v, e, k, from)
	s.untouched(e, ver, c)
	s.named(e, list, c)
	v.e, v.session, v.blind = e, s.session, false
	s.log.WriteString("=====\n")
}

// agree checks that the same is published once more, and by who knows nothing but what is published.
func (s *scene) agree(v *viewer, e *Edition, ver *Version, c Choices) {
	again := map[string]*Edition{"again": e, "again, resumed": resume(s.t, string(e.Text()))}
	if v.e != nil {
		if r := resume(s.t, string(v.e.Text())); r.Follows(ver, c) == v.e.Follows(ver, c) {
			again["resumed"] = r
		}
	}
	for what, before := range again {
		got, err := before.Next(ver, c)
		if err != nil {
			s.fail("%s: %v", what, err)
		}
		if string(got.Text()) != string(e.Text()) {
			s.fail("%s:\n%s", what, got.Text())
		}
	}
}

// look has the viewer look at what is published of a version that begins with shot from.
func (s *scene) look(v *viewer, e *Edition, k *take, from int) {
	all, base, err := listen(string(e.Text()))
	if err != nil {
		s.fail("%v", err)
	}
	if len(all) == 0 || len(all) != e.Len() || len(all) < e.Len() {
		s.fail("%d segments heard, %d published", len(all), e.Len())
	}
	if k.event && v.session != s.session {
		v.first, v.base = 0, 0
		clear(v.numbers)
		clear(v.names)
		clear(v.breaks)
	}
	if all[0].number < v.first || base < v.base {
		s.fail("from number %d, %d to %d, %d", v.first, v.base, all[0].number, base)
	}
	v.first, v.base = all[0].number, base
	for i, h := range all {
		p := e.Segment(i)
		session, shown := s.find(v, h)
		id := fmt.Sprintf("%d/%d", session, shown)
		now := &s.takes[s.runs[session]]
		shot := now.shots[shown]
		if p.Number != h.number || p.Discontinuity != h.discontinuity || p.URI != h.uri || p.Gap != h.gap || p.Segment >= 0 && p.Segment != shown-from {
			s.fail("%+v is told as %+v", h, p)
		}
		if n, ok := v.numbers[id]; ok && n != h.number || v.names[h.number] != "" && v.names[h.number] != id {
			s.fail("number %d of %s was that of %s, and %d", h.number, id, v.names[h.number], n)
		}
		if n, ok := v.breaks[id]; ok && n != h.discontinuity {
			s.fail("discontinuity number %d of %s was %d", h.discontinuity, id, n)
		}
		v.numbers[id], v.names[h.number], v.breaks[id] = h.number, id, h.discontinuity
		s.hear(v, h, session, now, shown)
		if i > 0 {
			before, last := s.find(v, all[i-1])
			if before > session || before == session && last >= shown {
				s.fail("%s is listed behind %s", h.uri, all[i-1].uri)
			}
			if broke := h.discontinuity > all[i-1].discontinuity; broke != (before < session || last+1 < shown || shot.breaks) {
				s.fail("%s behind %s: a discontinuity is %v", h.uri, all[i-1].uri, broke)
			}
		}
	}
	if e.Seam() && e.Kept() == 0 && s.number <= v.e.Discontinuity()+1 && !k.maps && !strings.Contains(string(v.e.Text()), "{$") && (!k.counts || from == 0) {
		s.fail("no old segment at the seam")
	}
}

// find returns the session and the shot of a segment.
func (s *scene) find(v *viewer, h heard) (session, shown int) {
	name := strings.Replace(h.uri, "{$v}/", "", 1)
	if _, err := fmt.Sscanf(name, "r%d/", &session); err != nil {
		s.fail("%s has no folder", h.uri)
	}
	_, name, ok := strings.Cut(name, v.name)
	if !ok {
		s.fail("%s is another rendition's", h.uri)
	}
	if n, err := fmt.Sscanf(name, "all%d.ts", &shown); n == 1 && err == nil {
		return session, 3*shown + int(h.offset/each)
	}
	fmt.Sscanf(name, "%d.ts", &shown)
	return session, shown
}

// hear checks what is said of one segment.
func (s *scene) hear(v *viewer, h heard, session int, k *take, shown int) {
	shot := k.shots[shown]
	if h.length != shot.length || h.gap != shot.hole || k.ranges > 0 && h.size != each {
		s.fail("%+v is not %+v", h, shot)
	}
	if off := h.at.Sub(shot.begun).Abs(); k.dates < 2 && !(h.at.IsZero() && v.undated[session]) && off > time.Millisecond {
		s.fail("%s is said to be of %v, and is of %v", h.uri, h.at, shot.begun)
	}
	if h.gap {
		return
	}
	folder := fmt.Sprintf("r%d/", session)
	if k.define != "" {
		folder += "{$v}/"
	}
	folder += v.name
	var key, iv, in string
	if shot.key > 0 {
		key, iv = fmt.Sprintf("%s.key%d", folder, shot.key), fmt.Sprintf("%032x", k.number+uint64(shown))
		if k.keys == 2 {
			iv = fmt.Sprintf("%032x", 7*shot.key)
		}
	}
	if shot.in > 0 {
		in = fmt.Sprintf("%s.init%d", folder, shot.in)
	}
	if h.key != key || h.iv != iv || h.initMap != in {
		s.fail("%s: key %q, IV %s, map %q; want %q, %s, %q", h.uri, h.key, h.iv, h.initMap, key, iv, in)
	}
}

// untouched checks that the packager's bytes come through where nothing is to be added.
func (s *scene) untouched(e *Edition, ver *Version, c Choices) {
	if e.Kept() > 0 || e.Len() != ver.Len() || strings.Contains(string(e.Text()), "## hlsship") || ver.ended && c.HoldEnd || e.base != ver.base && !ver.states(discontinuitySequence) {
		return
	}
	for i := range e.Len() {
		if p := e.Segment(i); p.Number != ver.first+uint64(p.Segment) || p.Gap {
			return
		}
	}
	if e.base != ver.base {
		return
	}
	list, err := hls.Parse(e.Text())
	if err != nil {
		s.fail("%v", err)
	}
	folder := c.Folder(0)
	got := string(TakeOut(e.Text(), list.References, func(uri string) int {
		if !strings.HasPrefix(uri, folder) {
			s.fail("%s has no folder", uri)
		}
		return len(folder)
	}))
	plain := func(text string, tags ...string) string {
		lines := strings.SplitAfter(text, "\n")
		return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
			return slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(l, tag) })
		}), "")
	}
	tags := []string{"#EXT-X-PROGRAM-DATE-TIME"}
	if !ver.states(discontinuitySequence) {
		tags = append(tags, "#EXT-X-DISCONTINUITY-SEQUENCE:0")
	}
	if plain(got, tags...) != plain(string(ver.text), tags[:1]...) {
		s.fail("taken back:\n%s", got)
	}
	s.plain++
}

// named checks that the text names what it is said to name: of the Version's references those that are not omitted, and nothing beside them that is
// not of older segments.
func (s *scene) named(e *Edition, list *hls.Playlist, c Choices) {
	got, err := hls.Parse(e.Text())
	if err != nil {
		s.fail("%v", err)
	}
	there, asked := map[string]bool{}, map[string]bool{}
	for _, r := range got.References {
		there[r.URI] = there[r.URI] || !r.Gap
	}
	omitted := e.Omitted()
	for i, r := range list.References {
		if len(omitted) > 0 && omitted[0] == i {
			omitted = omitted[1:]
			continue
		}
		if !there[c.Folder(i)+r.URI] {
			s.fail("%s is not named", r.URI)
		}
		asked[c.Folder(i)+r.URI] = true
	}
	for uri, named := range there {
		if named && !asked[uri] && e.Kept() == 0 {
			s.fail("%s is named", uri)
		}
	}
}

func TestHistories(t *testing.T) {
	t.Parallel()
	plain := 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		data := make([]byte, 100+random.IntN(400))
		for i := range data {
			data[i] = byte(random.IntN(256))
		}
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) { plain += play(t, data) })
		if !ok {
			return
		}
	}
	if plain < 300 {
		t.Errorf("%d versions were published as they are", plain)
	}
}

func FuzzEdition(f *testing.F) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 2))
		data := make([]byte, 200)
		for i := range data {
			data[i] = byte(random.IntN(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { play(t, data) })
}

package recording

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

var histories = flag.Int("histories", 300, "how many random runs of packagers are recorded")

// played is what a viewer plays of one segment.
type played struct {
	uri, window, key, iv, init, length string
	breaks, cue                        bool
}

// play goes through a closing list as a player does, and reads nothing by the means of this package.
func play(t *testing.T, text string) (all []played, dates map[int]string, ads map[string]string) {
	t.Helper()
	var now played
	dates, ads = map[int]string{}, map[string]string{}
	number, key, iv, init := 0, "", "", ""
	for _, l := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(l, ":")
		switch name {
		case "#EXT-X-MEDIA-SEQUENCE":
			fmt.Sscan(value, &number)
		case "#EXT-X-DISCONTINUITY":
			now.breaks = true
		case "#EXT-X-KEY":
			key, _ = hls.Attribute(value, "URI")
			iv, _ = hls.Attribute(value, "IV")
		case "#EXT-X-MAP":
			uri, _ := hls.Attribute(value, "URI")
			if key != "" || uri == init {
				t.Fatalf("a map that is encrypted or stated again: %s in\n%s", l, text)
			}
			init = uri
		case "#EXT-X-BYTERANGE":
			now.window = value
		case "#EXTINF":
			now.length = value
		case "#EXT-X-CUE":
			now.cue = true
		case "#EXT-X-PROGRAM-DATE-TIME":
			dates[len(all)] = value
		case "#EXT-X-DATERANGE":
			id, _ := hls.Attribute(value, "ID")
			if _, ok := ads[id]; ok {
				t.Fatalf("date range %s is listed twice in\n%s", id, text)
			}
			ads[id], _ = hls.Attribute(value, "DURATION")
		default:
			if l == "" || l[0] == '#' {
				continue
			}
			now.uri, now.key, now.init = l, key, init
			if now.iv = iv; key != "" && iv == "" {
				now.iv = fmt.Sprintf("0x%032x", number+len(all))
			}
			all, now = append(all, now), played{}
		}
	}
	return all, dates, ads
}

// witness is a viewer who watched every version: what should be recorded.
type witness struct {
	*packager
	seen, dated map[int]bool
	ads         map[string]string
}

// watch takes in the version whose last shot is to-1.
func (w *witness) watch(to int) {
	from := w.from(to)
	for i := from; i < to; i++ {
		if w.shots[i].state == Elsewhere {
			continue
		}
		w.seen[i] = true
		w.dated[i] = w.dated[i] || w.shots[i].dated || w.headDates && i == from
	}
}

// want returns what a player is to play.
func (w *witness) want(stored func(string, int64) bool) (all []played, shots []int) {
	before := -2
	for i, s := range w.shots {
		if !w.seen[i] || s.state != Bound || !stored(w.path(i), 0) {
			continue
		}
		uri, offset := w.uri(i)
		x := played{uri: s.folder + uri, length: fmt.Sprintf("%.3f,", s.length.Seconds()), breaks: s.breaks || len(all) > 0 && i != before+1, cue: s.cue}
		if w.ranges > 0 {
			x.window = fmt.Sprintf("%d@%d", each, offset)
		}
		if s.key > 0 {
			x.key, x.iv = fmt.Sprintf("%d.key", s.key), fmt.Sprintf("0x%032x", w.number+i)
			if w.ivs {
				x.iv = fmt.Sprintf("0x%032x", 7*s.key)
			}
		}
		if s.in > 0 {
			x.init = fmt.Sprintf("init%d.mp4", s.in)
		}
		all, shots, before = append(all, x), append(shots, i), i
	}
	return all, shots
}

// recorder is a process that records, and what outlives it.
type recorder struct {
	t       *testing.T
	track   *Track
	chunks  [][]byte
	restart int
}

func (r *recorder) store() {
	for {
		n, text := r.track.Chunk()
		if text == nil {
			return
		}
		if n != len(r.chunks) {
			r.t.Fatalf("chunk %d behind %d", n, len(r.chunks))
		}
		r.chunks = append(r.chunks, text)
	}
}

// die ends the process and begins another one, which finds the chunks and the journal.
func (r *recorder) die() {
	r.restart++
	journal := r.track.Rest()
	r.track = &Track{}
	for i, text := range r.chunks {
		if err := r.track.Resume(i, text); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, text := range journal {
		if err := r.track.Restore(text); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestHistories records random runs, with restarts at any point.
func TestHistories(t *testing.T) {
	t.Parallel()
	for seed := range *histories {
		if !t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { history(t, rand.New(rand.NewPCG(uint64(seed), 1))) }) {
			return
		}
	}
}

func history(t *testing.T, r *rand.Rand) {
	p := roll(r)
	w := &witness{p, map[int]bool{}, map[int]bool{}, map[string]string{}}
	rec := &recorder{t: t, track: &Track{}}
	for to := 1; to <= len(p.shots); to++ {
		if one(r, 15) {
			continue // a version that nobody saw
		}
		w.watch(to)
		v := version(t, p.write(to))
		from := p.from(to)
		rec.track.Observe(v, Facts{
			Binding: func(i int) Binding {
				if s := p.shots[from+i]; s.state != Elsewhere && to-(from+i) <= s.late {
					return Waiting
				}
				return p.shots[from+i].state
			},
			Folder: func(ref int) string {
				for i := range v.Len() {
					if v.Reference(i) == ref {
						return p.shots[from+i].folder
					}
				}
				return ""
			},
			Done: func(i int) time.Time { return p.shots[from+i].begun.Add(p.shots[from+i].length) },
		})
		for i := range to { // what became of those that no version lists any more
			if s := p.shots[i]; i < from && w.seen[i] && s.late > 0 && to-i > s.late && to-i <= s.late+16 {
				rec.track.Bind(uint64(p.number+i), s.state, s.folder, s.begun)
			}
		}
		if one(r, 12) {
			rec.store()
		}
		if one(r, 20) {
			rec.die()
		}
	}
	for i, s := range p.shots {
		if w.seen[i] && s.late > 0 && s.state != Elsewhere {
			rec.track.Bind(uint64(p.number+i), s.state, s.folder, s.begun)
		}
	}
	rec.track.End()
	rec.store()
	rec.check(w)
}

// check closes what was recorded.
func (r *recorder) check(w *witness) {
	t := r.t
	reel := New("v0/index.m3u8")
	for i, text := range r.chunks {
		add(t, reel, text)
		if i%3 == 0 {
			add(t, reel, text)
		}
	}
	lost := map[string]bool{}
	for i, s := range w.shots {
		lost[w.path(i)] = lost[w.path(i)] || s.lost
	}
	stored := func(path string, _ int64) bool { return !lost[path] }
	want, shots := w.want(stored)
	out, err := reel.Close(Choices{Stored: stored})
	if len(want) == 0 {
		if err == nil {
			t.Fatalf("nothing was to be recorded, but\n%s", out.Text)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if list, err := hls.Parse(out.Text); err != nil || list.Segments != len(want) || !list.Ended {
		t.Fatalf("%v in\n%s", err, out.Text)
	}
	got, dates, ads := play(t, string(out.Text))
	if !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("segment %d\n got %+v\nwant %+v\nin\n%s\nof\n%s", i, got[i], want[i], out.Text, joined(r.chunks))
			}
		}
		t.Fatalf("%d segments, want %d, in\n%s", len(got), len(want), out.Text)
	}
	for k, i := range shots {
		date, ok := dates[k]
		if should := w.shots[i].begun.Format("2006-01-02T15:04:05.000Z07:00"); ok && date != should || !ok && w.dated[i] {
			t.Fatalf("segment %d is dated %q, want %q, in\n%s", k, date, should, out.Text)
		}
	}
	for i, s := range w.shots[:shots[len(shots)-1]+1] {
		for _, l := range s.ads {
			if id, _ := hls.Attribute(strings.TrimPrefix(l, dateRange), "ID"); w.seen[i] && len(ads) > 0 {
				if _, ok := ads[id]; !ok {
					t.Fatalf("no date range %s in\n%s\nof\n%s", id, out.Text, joined(r.chunks))
				}
			}
		}
	}
	if again, err := reel.Close(Choices{Stored: stored}); err != nil || string(again.Text) != string(out.Text) || !Extends(again.Text, out.Text) {
		t.Fatalf("the second time %v", err)
	}
	if from, err := ReadClosed(out.Text, "v0/index.m3u8"); err != nil || from.Len() != len(want) {
		t.Fatalf("read back: %v", err)
	}
}

func joined(chunks [][]byte) string {
	var b strings.Builder
	for _, c := range chunks {
		b.Write(c)
	}
	return b.String()
}

package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// start is a directory in which a packager went on while nobody looked: the segments from 0 to last, of which a process before
// published the list of those up to published. The packager goes on while the directory is looked through.
type start struct {
	*desk
	dice            *rand.Rand
	published, last int
	losses          []Loss
	put             map[string]bool
}

const startWindow = 3

func (s *start) text(last int) string {
	var names []string
	for n := max(0, last-startWindow+1); n <= last; n++ {
		names = append(names, fmt.Sprintf("s%d.ts", n))
	}
	return playlistText(max(0, last-startWindow+1), false, names...)
}

// serve has the store answer some of what it is asked, or all of it.
func (s *start) serve(all bool) {
	for range 50 {
		e := s.plan.Advance(s.now, Requests)
		s.losses = append(s.losses, e.Losses...)
		for _, j := range slices.Clone(e.Jobs) {
			s.under[fmt.Sprint(j.ID)] = j
		}
		if len(s.under) == 0 {
			return
		}
		for key, j := range s.under {
			if !all && s.dice.IntN(3) > 0 {
				continue
			}
			delete(s.under, key)
			s.report(j, s.reply(j))
		}
		if !all {
			return
		}
	}
}

// reply is what the store says: it has what the process before stored, and what was stored since.
func (s *start) reply(j Job) Outcome {
	n := -1
	_, _ = fmt.Sscanf(j.Path, "s%d.ts", &n)
	switch {
	case j.Op == PutMedia:
		s.put[j.Path] = true
	case j.Op == Fetch:
		text := s.text(s.published)
		return Outcome{Result: Done, ETag: "list", Content: []byte(text), Playlist: s.list("x.m3u8", text, false).Playlist}
	case j.Op == Compare && n > s.published && !s.put[j.Path]:
		return Outcome{Result: Absent}
	case j.Op == Compare || j.Op == PutPlaylist:
	}
	return Outcome{Result: Done, ETag: "etag of " + j.Path}
}

// goOn has the packager finish another segment, and the list with it.
func (s *start) goOn() {
	s.last++
	s.tick(time.Second)
	s.media(fmt.Sprintf("s%d.ts", s.last))
	s.playlist("x.m3u8", s.text(s.last))
}

// TestStartInAnyOrder: what came while nobody looked is stored and not called lost, in whichever order directory, spool and store tell of
// it, and however the packager goes on meanwhile.
func TestStartInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		dice := rand.New(rand.NewPCG(seed, 0))
		s := &start{desk: newDesk(t, Config{Scanning: true}), dice: dice, published: 2 + dice.IntN(6), put: map[string]bool{}}
		s.last = s.published + dice.IntN(8)
		if dice.IntN(2) == 0 {
			s.plan.Remember(s.list("x.m3u8", s.text(s.published), true))
		}
		found := make([]hls.File, 0, s.last+2)
		for n := range s.last + 1 {
			f := s.file(fmt.Sprintf("s%d.ts", n))
			f.Found = true
			found = append(found, f)
		}
		found = append(found, s.list("x.m3u8", s.text(s.last), true))
		if dice.IntN(2) == 0 {
			dice.Shuffle(len(found), func(i, k int) { found[i], found[k] = found[k], found[i] })
		}
		first := s.last
		live := dice.IntN(4)
		for _, f := range found {
			if f.Playlist != nil {
				f = s.list(f.Path, s.text(s.last), true) // it is read now
			}
			if s.plan.Observe(f); dice.IntN(6) == 0 && live > 0 {
				s.goOn()
				live--
			}
			if dice.IntN(2) == 0 {
				s.serve(false)
			}
		}
		s.plan.Scanned()
		for range 3 {
			s.serve(true)
			s.goOn()
		}
		s.serve(true)
		s.tick(time.Minute)
		s.serve(true)
		for _, l := range s.losses {
			t.Errorf("seed %d: published to %d, at rest to %d: %+v", seed, s.published, first, l)
		}
		for n := s.published + 1; n <= s.last; n++ {
			if name := fmt.Sprintf("s%d.ts", n); !s.put[name] {
				t.Errorf("seed %d: published to %d, at rest to %d: %s is not stored", seed, s.published, first, name)
			}
		}
		if t.Failed() {
			return
		}
	}
}

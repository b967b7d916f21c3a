package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// passing is a packager's stream whose store answers from the beginning on, or after a while.
type passing struct {
	*outage
	silent bool
}

// wait lets time pass.
func (p *passing) wait(dt time.Duration) {
	if p.silent {
		p.fail(dt)
	} else {
		p.serve(dt)
	}
}

// lists has a playlist list segments, of which one number is the first.
func (p *passing) lists(playlist string, first int, names ...string) {
	p.playlist(playlist, playlistText(first, false, names...))
}

// listsThem is lists with those from one number to another.
func (p *passing) listsThem(playlist, of string, first, last int) {
	var names []string
	for i := first; i <= last; i++ {
		names = append(names, fmt.Sprintf("%s%d.ts", of, i))
	}
	p.lists(playlist, first, names...)
}

// result says what is stored, with the sessions in the order in which they were opened.
func (p *passing) result() (all []string) {
	number := map[string]string{}
	for key := range p.stored {
		folder, _ := hls.SessionOf(key)
		number[folder] = ""
	}
	for i, folder := range slices.SortedFunc(maps.Keys(number), func(a, b string) int {
		return strings.Compare(strings.Trim(a, "/"), strings.Trim(b, "/"))
	}) {
		number[folder] = fmt.Sprint("session ", i)
	}
	for key, v := range p.stored {
		folder, name := hls.SessionOf(key)
		all = append(all, fmt.Sprintf("%s %s: inode %d", number[folder], name, v.Inode))
	}
	slices.Sort(all)
	return all
}

// TestContinuousStartInAnOutageTellsRunsApart: whatever a packager does while nobody says what is published, it is in the same folders as if that
// had been said at once.
func TestContinuousStartInAnOutageTellsRunsApart(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(p *passing){
		"segments are named before they are written": func(p *passing) {
			for range 3 {
				p.media("s0.ts")
				p.lists("x.m3u8", 0, "s0.ts", "s1.ts")
				p.wait(20 * time.Millisecond)
				p.media("s1.ts")
				p.wait(3 * time.Second)
			}
		},
		"a segment that is named never comes, and its name does": func(p *passing) {
			p.media("s0.ts")
			p.lists("x.m3u8", 0, "s0.ts", "s1.ts")
			p.wait(3 * time.Second)
			p.media("s0.ts")
			p.lists("x.m3u8", 0, "s0.ts")
			p.wait(time.Second)
			p.media("s1.ts")
			p.lists("x.m3u8", 0, "s0.ts", "s1.ts")
			p.wait(time.Second)
		},
		"segments are deleted before the next run writes them": func(p *passing) {
			for run := range 2 {
				for i := range 4 {
					p.media(fmt.Sprintf("s%d.ts", i))
					p.listsThem("x.m3u8", "s", max(0, i-1), i)
					if p.wait(time.Second); run == 0 && i > 1 {
						p.gone(fmt.Sprintf("s%d.ts", i-2))
					}
				}
			}
		},
		"renditions begin again one after the other": func(p *passing) {
			p.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\ny.m3u8\n")
			for range 3 {
				for i := range 2 {
					for _, of := range []string{"y", "x"} {
						p.media(fmt.Sprintf("%s%d.ts", of, i))
						p.listsThem(of+".m3u8", of, 0, i)
						p.wait(500 * time.Millisecond)
					}
				}
			}
		},
		"a manifest names the same segments": func(p *passing) {
			p.manifest("x.mpd", `<MPD type="static"><Period><AdaptationSet><Representation id="0" bandwidth="1"><BaseURL>s0.ts</BaseURL></Representation></AdaptationSet></Period></MPD>`, false)
			for range 2 {
				p.media("s0.ts")
				p.lists("x.m3u8", 0, "s0.ts")
				p.wait(time.Second)
				p.media("s1.ts")
				p.lists("x.m3u8", 0, "s0.ts", "s1.ts")
				p.wait(time.Second)
			}
		},
		"the directory is looked through again": func(p *passing) {
			for run := range 3 {
				if run < 2 {
					p.media("s0.ts", "s1.ts")
					p.lists("x.m3u8", 0, "s0.ts", "s1.ts")
				} else {
					p.found("s0.ts")
					p.found("s1.ts")
					p.atRest("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
				}
				p.wait(time.Second)
			}
		},
		"one more list names the same segments": func(p *passing) {
			for range 2 {
				for i := range 2 {
					p.media(fmt.Sprintf("s%d.ts", i))
					p.listsThem("x.m3u8", "s", 0, i)
					p.listsThem("y.m3u8", "s", 0, i)
					p.wait(time.Second)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var results [2][]string
			for i, silent := range []bool{false, true} {
				p := &passing{&outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}, silent}
				p.plan.Scanned()
				play(p)
				p.wait(15 * time.Second)
				p.serve(time.Minute)
				results[i] = p.result()
				for _, what := range p.lost {
					if folder, _ := hls.SessionOf(what); folder != "" {
						t.Errorf("lost %s", what)
					}
				}
			}
			if !slices.Equal(results[0], results[1]) {
				t.Errorf("the store answers:\n\t%s\nit does not:\n\t%s", strings.Join(results[0], "\n\t"), strings.Join(results[1], "\n\t"))
			}
		})
	}
}

// TestContinuousStartInAnOutageListsWithdrawnSegments: a segment that a list takes out again is listed again at once, whether or not anything was
// published meanwhile: its name is none that came back.
func TestContinuousStartInAnOutageListsWithdrawnSegments(t *testing.T) {
	t.Parallel()
	p := &passing{&outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}, true}
	p.plan.Scanned()
	for i := range 6 {
		p.media(fmt.Sprintf("s%d.ts", i))
		p.listsThem("x.m3u8", "s", max(0, i-2), i)
		p.wait(3 * time.Second)
	}
	p.listsThem("x.m3u8", "s", 2, 4)
	p.serve(1500 * time.Millisecond)
	if text := p.texts["x.m3u8"]; !strings.Contains(text, "s2.ts") || !strings.Contains(text, "s4.ts") {
		t.Errorf("published %q", text)
	}
}

// TestContinuousStartInAnOutageListsWhatIsDeletedByThen: files may be stored, and deleted by their packager, before it is known what is published of
// the list that names them. It is published all the same.
func TestContinuousStartInAnOutageListsWhatIsDeletedByThen(t *testing.T) {
	t.Parallel()
	p := &passing{&outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}, true}
	p.plan.Scanned()
	p.media("k.key", "s0.ts")
	p.playlist("x.m3u8", playlistText(0, true, `#EXT-X-KEY:METHOD=AES-128,URI="k.key",IV=0x1`, "s0.ts"))
	p.wait(5 * time.Second)
	p.gone("k.key")
	p.gone("s0.ts")
	p.wait(10 * time.Second)
	for range 100 {
		for _, j := range slices.Clone(p.plan.Advance(p.now, Requests).Jobs) {
			if o := p.do(j); j.Op != Fetch {
				p.report(j, o)
			} else {
				p.report(j, Outcome{Result: Failed, RetryIn: time.Second})
			}
		}
		p.tick(100 * time.Millisecond)
	}
	if !p.stores("k.key") || !p.stores("s0.ts") {
		t.Fatalf("stored %v", p.result())
	}
	p.serve(20 * time.Second)
	if text := p.texts["x.m3u8"]; !strings.Contains(text, "s0.ts") {
		t.Errorf("published %q", text)
	}
}

// TestContinuousStartWhoseEvidenceDoesNotCome: a store may go silent when it has said what is published, and before it says whether the directory
// has that. What is finished meanwhile has keys and is counted after a while, as it is of a store that says nothing at all.
func TestContinuousStartWhoseEvidenceDoesNotCome(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{})
	s.encodes(0, 5)
	next := s.again()
	next.rest(3, 5)
	for _, j := range slices.Clone(next.plan.Advance(next.now, Requests).Jobs) {
		next.report(j, next.do(j)) // what is published
	}
	o := &outage{stage: next, sources: map[string]*held{}}
	o.encodes(6, 40)
	if left := o.plan.Unshipped(); len(left) < 35 {
		t.Errorf("%d files are unshipped, want 35: %v", len(left), left)
	}
	o.serve(time.Minute)
	for i := 6; i <= 40; i++ {
		if !o.stores(o.file(i)) {
			t.Errorf("%s is not stored", o.file(i))
		}
	}
}

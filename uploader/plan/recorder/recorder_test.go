package recorder

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
)

// one and two are sessions.
const one, two = "20270115T080000Z", "20270115T080100Z"

// deck is a Recorder with a clock.
type deck struct {
	*testing.T
	*Recorder
	now     time.Time
	foreign bool // another process opened the sessions
}

func newDeck(t *testing.T) *deck {
	return &deck{T: t, Recorder: New(Config{End: time.Minute}), now: time.Unix(1_800_000_000, 0)}
}

// lists has a packager list that many segments, all of which are known, in a session. It says how many of the last are missing yet.
func (d *deck) lists(path, in string, segments, awaited int, ended bool) {
	d.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n")
	for i := range segments {
		fmt.Fprintf(&text, "#EXTINF:2,\ns%d.ts\n", i)
	}
	if ended {
		text.WriteString("#EXT-X-ENDLIST\n")
	}
	list, err := hls.Parse([]byte(text.String()))
	if err != nil {
		d.Fatal(err)
	}
	version, err := edition.Read([]byte(text.String()), list)
	if err != nil {
		d.Fatal(err)
	}
	d.Heard(&hls.File{Path: path, State: hls.Settled, Kind: list.Kind, Seen: d.now, Playlist: list})
	l := session.Listing{Playlist: path, Text: version, Seen: d.now, Ended: ended, Session: in, Places: make([]session.Place, len(list.References))}
	for i := range segments {
		p := session.Place{Session: in, Path: fmt.Sprintf("s%d.ts", i), Fate: session.Known, Done: d.now}
		if i >= segments-awaited {
			p.Fate = session.Awaited
		}
		l.Places[version.Reference(i)] = p
	}
	d.Listed(l, d.opened)
}

func (d *deck) opened(string) bool { return !d.foreign }

// does answers all that is to be done as a store does that lacks nothing, and returns where it went.
func (d *deck) does(a Answer) (paths []string) {
	for {
		t, ok := d.Next(d.now, func(bool) bool { return true })
		if !ok {
			return paths
		}
		paths = append(paths, t.Path)
		out := a
		if t.Op == SealAll && a.Result == Done {
			var files []recording.File
			for _, name := range []string{"a.m3u8", "master.m3u8", recording.SessionSummary} {
				files = append(files, recording.File{Path: name})
			}
			out.Seal = &recording.Seal{Files: files, Summary: recording.Summary{Lists: []recording.ListSummary{{Path: "a.m3u8"}}}}
		}
		d.Report(t, out, d.now)
	}
}

// TestWhenASessionIsOver: and why, by what its lists do.
func TestWhenASessionIsOver(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		act  func(d *deck)
		why  recording.Reason // empty if it is not
	}{
		{"a list goes on", func(d *deck) { d.lists("a.m3u8", one, 3, 0, false) }, ""},
		{"its list ended", func(d *deck) { d.lists("a.m3u8", one, 3, 0, true) }, recording.Ended},
		{"one of two lists ended", func(d *deck) { d.lists("a.m3u8", one, 3, 0, true); d.lists("b.m3u8", one, 3, 0, false) }, ""},
		{"its list goes on elsewhere", func(d *deck) { d.lists("a.m3u8", one, 3, 0, false); d.lists("a.m3u8", two, 1, 0, false) }, recording.NewRun},
		{"one of two lists goes on elsewhere", func(d *deck) {
			d.lists("a.m3u8", one, 3, 0, false)
			d.lists("b.m3u8", one, 3, 0, false)
			d.lists("a.m3u8", two, 1, 0, false)
		}, ""},
		{"its packager is silent", func(d *deck) { d.lists("a.m3u8", one, 3, 0, false); d.now = d.now.Add(time.Minute) }, recording.Silent},
		{"its packager pauses", func(d *deck) { d.lists("a.m3u8", one, 3, 0, false); d.now = d.now.Add(59 * time.Second) }, ""},
		{"the process ends", func(d *deck) { d.lists("a.m3u8", one, 3, 0, false); d.Drain() }, recording.Drained},
		{"it ended and a segment may come", func(d *deck) { d.lists("a.m3u8", one, 3, 1, true) }, ""},
		{"it ended and a segment came", func(d *deck) {
			d.lists("a.m3u8", one, 3, 1, true)
			d.Given(one+"/s2.ts", 9, false, d.now, d.opened)
		}, recording.Ended},
		{"it ended and a segment never comes", func(d *deck) { d.lists("a.m3u8", one, 3, 1, true); d.now = d.now.Add(time.Minute) }, recording.Ended},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			tt.act(d)
			d.tick(d.now)
			s := d.sessions[one]
			if d.decide(s); s.round.active != (tt.why != "") || s.round.why != tt.why {
				t.Errorf("closed %v, as %q, want %q", s.round.active, s.round.why, tt.why)
			}
		})
	}
}

// TestInWhichOrderThingsAreStored: the index, then what closes the session, each once; nothing while the store is out of reach.
func TestInWhichOrderThingsAreStored(t *testing.T) {
	t.Parallel()
	whole := []string{one + "/.index/a.m3u8/000000", one + "/session.json", one + "/a.m3u8", one + "/master.m3u8", one + "/session.json"}
	for _, tt := range []struct {
		name   string
		answer Answer
		want   []string
	}{
		{"all is well", Answer{Result: Done}, whole},
		{"the store is out of reach", Answer{Result: Failed, Again: time.Unix(1_900_000_000, 0)}, whole[:1]},
		{"nothing can be listed", Answer{Result: Empty}, whole[:2]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			d.lists("a.m3u8", one, 3, 0, true)
			if got := d.does(tt.answer); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := d.does(tt.answer); len(got) > 0 {
				t.Errorf("once more: %q", got)
			}
		})
	}
}

// TestWhatAClosingListWaitsFor: what is on its way is waited for, however it ends.
func TestWhatAClosingListWaitsFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		end   func(d *deck)
		waits bool
		seals int // more of them
	}{
		{"it is on its way", func(*deck) {}, true, 0},
		{"it is stored", func(d *deck) { d.Stored(one+"/s2.ts", 9) }, false, 0},
		{"less of it is stored", func(d *deck) { d.Stored(one+"/s2.ts", 4) }, true, 0},
		{"it is lost", func(d *deck) { d.Lost(one+"/s2.ts", 0) }, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			d.Given(one+"/s2.ts", 9, false, d.now, d.opened)
			d.lists("a.m3u8", one, 3, 0, true)
			d.does(Answer{Result: Done, Named: []string{"s2.ts"}})
			tt.end(d)
			got := d.does(Answer{Result: Done})
			seals := max(0, strings.Count(strings.Join(got, " "), "session.json")-1)
			if waits := len(got) == 0; waits != tt.waits || seals != tt.seals {
				t.Errorf("waits %v, sealed %d times more: %q", waits, seals, got)
			}
		})
	}
}

// TestSessionsAreBounded: whoever has sessions opened by the thousand has the oldest dropped, and is told how many were not closed.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]bool{"they are closed": true, "they are not closed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			const many = 3 * maxSessions
			for i := range many {
				d.lists("a.m3u8", fmt.Sprintf("S%04d", i), 1, 0, false)
				if d.now = d.now.Add(time.Second); closes {
					d.does(Answer{Result: Done})
				}
			}
			dropped := 0
			for _, n := range d.Take() {
				if n.Dropped > 0 {
					if dropped++; n.State != state.RecordingBroken || n.Dropped != dropped {
						t.Fatalf("%+v", n)
					}
				}
			}
			if want := many - maxSessions; closes && dropped > 0 || !closes && dropped != want || len(d.sessions) > maxSessions {
				t.Errorf("%d are dropped, %d remembered", dropped, len(d.sessions))
			}
			if d.sessions[fmt.Sprintf("S%04d", many-1)] == nil {
				t.Error("the one in which the list goes on is dropped")
			}
		})
	}
}

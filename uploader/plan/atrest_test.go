package plan

import (
	"slices"
	"testing"
	"time"
)

// atRest is a playlist that was met at rest.
func (d *desk) atRest(name, text string) { d.plan.Observe(d.list(name, text, true)) }

// TestBytesReplacedWhileNobodyLooked: a file that was met at rest, and is not what the store holds under its name, may be younger
// than the playlist that was met beside it, whatever the clock says by which both were written. Such a playlist takes it only if no
// newer one comes within Settle.
func TestBytesReplacedWhileNobodyLooked(t *testing.T) {
	t.Parallel()
	const init = `#EXT-X-MAP:URI="i.mp4"`
	different := Outcome{Result: Different, ETag: "before"}
	same := func(d *desk, names ...string) {
		for _, n := range names {
			d.answer("compare "+n, Outcome{Result: Done, ETag: n})
		}
	}
	for name, play := range map[string]func(d *desk){
		"an init section": func(d *desk) {
			d.found("i.mp4") // by its time it is older than the playlist
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, init, "s1.ts"))
			d.stored(playlistText(0, false, init, "s0.ts"), d.now)
			d.want("compare i.mp4", "compare s1.ts")
			d.absent("compare s1.ts")
			d.answer("compare i.mp4", different)
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want()
			d.tick(2 * time.Second)
			d.want("put i.mp4")
			d.done("put i.mp4")
			d.want("publish x.m3u8")
		},
		"a segment": func(d *desk) {
			d.found("s1.ts")
			d.found("s2.ts")
			d.atRest("x.m3u8", playlistText(1, false, "s1.ts", "s2.ts"))
			d.stored(playlistText(0, false, "s0.ts", "s1.ts"), d.now)
			d.want("compare s1.ts", "compare s2.ts")
			d.answer("compare s1.ts", different)
			d.absent("compare s2.ts")
			d.want("put s2.ts")
			d.done("put s2.ts")
			d.want()
			d.tick(2 * time.Second)
			d.want("put s1.ts")
		},
		"a segment that no published playlist names": func(d *desk) {
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, "s1.ts"))
			d.stored(playlistText(0, false, "s0.ts"), d.now)
			d.want("compare s1.ts")
			d.answer("compare s1.ts", different)
			d.want("put s1.ts") // nobody needs the old bytes
			d.done("put s1.ts")
			d.want()
			d.tick(2 * time.Second)
			d.want("publish x.m3u8")
		},
		"heard of when it is known what is published": func(d *desk) {
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, init, "s1.ts"))
			d.stored(playlistText(0, false, init, "s0.ts"), d.now)
			d.want("compare s1.ts")
			same(d, "s1.ts")
			d.aged("i.mp4", time.Hour)
			d.want("compare i.mp4")
			d.answer("compare i.mp4", different)
			d.want()
			d.tick(2 * time.Second)
			d.want("put i.mp4")
		},
		"a newer playlist means it": func(d *desk) {
			d.found("i.mp4")
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, init, "s1.ts"))
			d.stored(playlistText(0, false, init, "s0.ts"), d.now)
			d.want("compare i.mp4", "compare s1.ts")
			d.media("s2.ts")
			d.playlist("x.m3u8", playlistText(2, false, init, "s2.ts"))
			same(d, "s1.ts")
			d.answer("compare i.mp4", different)
			d.want("put s2.ts") // the one at rest is true no more, and the store's init section is needed until then
			d.done("put s2.ts")
			d.want("put i.mp4")
			d.done("put i.mp4")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
		},
		"the published text, and its bytes are compared before that is read back": func(d *desk) {
			text := playlistText(0, false, "s0.ts")
			f := d.file("s0.ts")
			f.Found = true
			d.plan.Observe(f)
			d.atRest("x.m3u8", text)
			d.want("fetch x.m3u8")
			d.playlist("y.m3u8", playlistText(0, false, "s0.ts", "never.ts")) // whose stream may compare it
			d.fresh("y.m3u8")
			d.tick(time.Second)
			d.want("compare s0.ts")
			d.answer("compare s0.ts", different)
			d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "x", Content: []byte(text), Playlist: d.list("x.m3u8", text, true).Playlist})
			d.want()
			d.tick(time.Second)
			d.want("put s0.ts")
			d.done("put s0.ts")
			d.want()
			if names := d.plan.Unshipped(); len(names) != 1 || names[0] != "y.m3u8" {
				d.t.Errorf("still to be shipped: %q", names)
			}
		},
		"a newer playlist that waits comes later": func(d *desk) {
			d.found("i.mp4")
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, init, "s1.ts"))
			d.stored(playlistText(0, false, init, "s0.ts"), d.now)
			d.want("compare i.mp4", "compare s1.ts")
			same(d, "s1.ts")
			d.answer("compare i.mp4", different)
			d.want()
			d.tick(2 * time.Second)
			d.want("put i.mp4")
			d.playlist("x.m3u8", playlistText(1, false, init, "s1.ts", "never.ts"))
			d.done("put i.mp4")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
		},
		"the same bytes wait for nothing": func(d *desk) {
			d.found("i.mp4")
			d.found("s1.ts")
			d.atRest("x.m3u8", playlistText(1, false, init, "s1.ts"))
			d.stored(playlistText(0, false, init, "s0.ts"), d.now)
			d.want("compare i.mp4", "compare s1.ts")
			same(d, "i.mp4")
			d.absent("compare s1.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("publish x.m3u8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newDesk(t, Config{}))
		})
	}
}

// TestStoreThatTellsLate: a playlist that was met at rest was the newest for Settle beside other bytes than the store holds, which the store
// tells later than a newer version came that names what never comes. Late or not, it means them; a version that was newer before says no.
func TestStoreThatTellsLate(t *testing.T) {
	t.Parallel()
	different := Outcome{Result: Different, ETag: "before"}
	for object, lines := range map[string][]string{
		"s0.ts":  {"s0.ts"},
		"i.mp4":  {`#EXT-X-MAP:URI="i.mp4"`, "a.ts"},
		"0.key":  {`#EXT-X-KEY:METHOD=AES-128,URI="0.key"`, "a.ts"},
		"s0.vtt": {"s0.vtt"},
	} {
		for when, newer := range map[string]time.Duration{"after": 2 * time.Second, "long after": 10 * time.Second, "before": 2*time.Second - 1} {
			t.Run(object+", a newer version comes "+when, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{})
				list := func(seq int, more ...string) string { return playlistText(seq, false, slices.Concat(lines, more)...) }
				d.found(object)
				if slices.Contains(lines, "a.ts") {
					d.found("a.ts")
				}
				d.atRest("x.m3u8", list(0))
				d.tick(newer)
				d.playlist("x.m3u8", list(0, "never.ts"))
				d.tick(time.Second)
				d.stored(list(7), d.now)
				began, put, published := d.now, false, false
				for d.now.Sub(began) < 10*time.Second {
					for _, j := range d.jobs() {
						switch {
						case j.Op == Compare && j.Path == object:
							d.tick(time.Second)
							d.report(j, different)
						case j.Op == Compare && j.Path == "never.ts":
							d.report(j, Outcome{Result: Absent})
						default:
							put = put || j.Op == PutMedia && j.Path == object
							published = published || j.Op == PutPlaylist
							d.report(j, Outcome{Result: Done})
						}
					}
					d.allMissing()
					d.tick(100 * time.Millisecond)
				}
				if want := when != "before"; put != want || published != want {
					t.Errorf("the bytes were sent: %t, the playlist: %t, want %t", put, published, want)
				}
			})
		}
	}
}

// TestBytesThatNobodyListed: what was met at rest under the name of a segment of the published playlist, and is younger than that,
// is of a run to come. It is stored when a playlist names it, and until then nothing waits for it but a warning.
func TestBytesThatNobodyListed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ended  bool
		answer Outcome
		put    bool
	}{
		"other bytes":  {false, Outcome{Result: Different, ETag: "before"}, false},
		"the same":     {false, Outcome{Result: Done, ETag: "before"}, false},
		"a correction": {true, Outcome{Result: Different, ETag: "before"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			text := playlistText(0, test.ended, "s0.ts")
			d.atRest("x.m3u8", text)
			d.found("s0.ts")
			d.stored(text, d.now)
			d.want("compare s0.ts")
			d.answer("compare s0.ts", test.answer)
			d.tick(time.Minute)
			if !test.put {
				d.want()
			} else {
				d.want("put s0.ts")
				d.done("put s0.ts")
			}
			if names := d.plan.Unshipped(); len(names) > 0 {
				t.Errorf("still to be shipped: %q", names)
			}
			if w := d.plan.Blocked(); (len(w) == 1 && w[0].Reason == "unlisted") != (test.answer.Result == Different && !test.ended) {
				t.Errorf("blocked: %+v", w)
			}
		})
	}
}

// TestPlanOverwritesWhatWasMetAtRest: which of two was finished first, a playlist or the new bytes of a name in it, nobody saw if a
// scan met both. Their times do not tell: clocks are set back, and files are copied with their times.
func TestPlanOverwritesWhatWasMetAtRest(t *testing.T) {
	t.Parallel()
	initSection := func(ended bool, names ...string) string {
		return playlistText(0, ended, append([]string{`#EXT-X-MAP:URI="init.mp4"`}, names...)...)
	}
	for kind, test := range map[string]struct {
		name      string
		old, next string // what is published, and what was met
	}{
		"init section":      {"init.mp4", initSection(false, "a.ts"), initSection(true, "a.ts")},
		"segment of a ring": {"a.ts", playlistText(0, false, "a.ts", "b.ts"), playlistText(1, true, "b.ts", "a.ts")},
		"key":               {"0.key", playlistText(0, false, `#EXT-X-KEY:METHOD=AES-128,URI="0.key"`, "a.ts"), playlistText(0, true, `#EXT-X-KEY:METHOD=AES-128,URI="0.key"`, "a.ts")},
	} {
		begin := func(t *testing.T) *desk {
			d := newDesk(t, Config{Settle: 2 * time.Second})
			for _, name := range []string{"init.mp4", "0.key", "a.ts", "b.ts"} {
				if name != test.name {
					d.found(name)
				}
			}
			d.found(test.name) // its time is before that of the playlist, which is all that is known
			d.atRest("x.m3u8", test.next)
			d.stored(test.old, d.now.Add(-time.Hour))
			for range 3 {
				for _, j := range d.plan.Next(d.now) {
					switch {
					case j.Op != Compare:
						t.Fatalf("%v %s, while nobody knows what the playlist means", j.Op, j.Path)
					case j.Path == test.name:
						d.report(j, Outcome{Result: Different, ETag: "old"})
					default:
						d.report(j, Outcome{Result: Done, ETag: "same"})
					}
				}
			}
			return d
		}
		t.Run(kind+" waits until nothing newer comes", func(t *testing.T) {
			t.Parallel()
			d := begin(t)
			d.tick(2*time.Second - time.Millisecond)
			d.want()
			d.tick(time.Millisecond)
			d.want("put " + test.name)
			d.done("put " + test.name)
			d.want("publish x.m3u8")
		})
		t.Run(kind+" goes with a newer playlist at once", func(t *testing.T) {
			t.Parallel()
			d := begin(t)
			d.tick(time.Second)
			d.media("new.ts")
			d.playlist("x.m3u8", test.next+"#EXTINF:2,\nnew.ts\n")
			d.want("put new.ts")
			d.tick(10 * time.Second) // the one before has no say any more
			d.want()
			d.done("put new.ts")
			d.want("put " + test.name)
			d.done("put " + test.name)
			d.want("publish x.m3u8")
		})
	}
}

// TestTheStoresBytesOfAFileThatIsOpen: a playlist was met at rest, and a file that it names is there and never reported, as its writer has
// it open or nobody may read it. What the store has under its name is of a run before.
func TestTheStoresBytesOfAFileThatIsOpen(t *testing.T) {
	t.Parallel()
	const init = `#EXT-X-MAP:URI="all.ts"`
	for name, meet := range map[string]func(d *desk){
		"with ranges":     func(d *desk) { d.atRest("x.m3u8", rangesText("all.ts", 100)) },
		"a segment":       func(d *desk) { d.atRest("x.m3u8", playlistText(0, false, "all.ts")) },
		"an init section": func(d *desk) { d.media("s0.ts"); d.atRest("x.m3u8", playlistText(0, false, init, "s0.ts")) },
		"of a playlist that an earlier process kept": func(d *desk) { d.leaves("x.m3u8", playlistText(0, false, "all.ts"), true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			meet(d)
			published := false
			ship := func() {
				for range 20 {
					for _, j := range d.plan.Next(d.now) {
						published = published || j.Op == PutPlaylist
						answer := map[Op]Outcome{
							Compare: {Result: Present, ETag: "of a run before", Size: 1000}, PutMedia: {Result: Done, ETag: "m"},
							PutPlaylist: {Result: Done, ETag: "p"}, Fetch: {Result: Absent},
						}[j.Op]
						if j.Op == Compare && j.File.Source != nil {
							answer = Outcome{Result: Absent}
						}
						d.report(j, answer)
					}
					d.tick(500 * time.Millisecond)
				}
			}
			ship()
			if published {
				t.Error("published, with what the store has of a run before")
			}
			if looks := d.plan.Looks(); !slices.Equal(looks, []string{"all.ts"}) {
				t.Errorf("to be looked at: %q", looks)
			}
			d.gone("all.ts") // after all: nobody has other bytes
			if ship(); !published {
				t.Errorf("not published: %+v", d.plan.Blocked())
			}
		})
	}
}

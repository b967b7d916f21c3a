package plan

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// summed is a file of which the watcher read the bytes.
func (d *desk) summed(name, content string) hls.File {
	f := d.file(name)
	f.Sum = sha256.Sum256([]byte(content))
	return f
}

// TestPlanKnowsWhatIsWrittenAgain: an init section or key that is written again with the same bytes holds up nothing, whatever became
// of it meanwhile; with other bytes it does, as they may be of the next run.
func TestPlanKnowsWhatIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		put := "put " + name
		write := func(d *desk, content string) { d.plan.Observe(d.summed(name, content)) }
		for what, play := range map[string]func(d *desk, next string){
			"before anything is sent": func(d *desk, next string) {
				write(d, next)
			},
			"while it is sent": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.done(put)
			},
			"and the bytes that are sent are void": func(d *desk, next string) {
				d.want(put)
				d.answer(put, Outcome{Result: Void})
				if looks := d.plan.Looks(); len(looks) != 1 {
					t.Errorf("looks: got %q, want one", looks)
				}
				write(d, next)
			},
			"before it is known that they are void": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.answer(put, Outcome{Result: Void})
			},
			"and the first source is gone": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.answer(put, Outcome{Result: Gone})
			},
			"when it is stored": func(d *desk, next string) {
				d.want(put)
				d.done(put)
				write(d, next)
			},
		} {
			for _, next := range []string{"one", "another"} {
				t.Run(name+" "+what+", with "+next, func(t *testing.T) {
					t.Parallel()
					d := newDesk(t, Config{})
					write(d, "one")
					d.playlist("x.m3u8", playlistText(0, false, line))
					d.fresh("x.m3u8")
					play(d, next)
					published := false
					d.absorb(func(j Job) { published = published || j.Op == PutPlaylist })
					if want := next == "one" || what == "when it is stored" || what == "while it is sent"; published != want {
						t.Errorf("published at once: %v, want %v", published, want)
					}
				})
			}
		}
	}
}

// TestPlanTakesTheLastOfWhatIsWrittenAgain: the bytes of before come back while others are compared with what is stored. They are what
// the name has now.
func TestPlanTakesTheLastOfWhatIsWrittenAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.plan.Observe(d.summed("i.mp4", "one"))
	d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="i.mp4"`))
	d.fresh("x.m3u8")
	d.want("put i.mp4")
	d.done("put i.mp4")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.plan.Observe(d.summed("i.mp4", "another"))
	last := d.summed("i.mp4", "one")
	d.plan.Observe(last)
	d.absorb(func(Job) {})
	if v := d.plan.objects["i.mp4"].disk.Newest(); v.File.Version != last.Version {
		t.Errorf("newest: %+v, want %+v", v.File.Version, last.Version)
	}
}

// TestPlanKnowsTheSameBytes: an init section or key that is written anew with the bytes that it had is what playlists meant before, also
// where the ETag does not tell, or the answer to the PUT was lost.
func TestPlanKnowsTheSameBytes(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "0.key": `#EXT-X-KEY:METHOD=AES-128,URI="0.key"`} {
		list := func(d *desk, names ...string) {
			d.playlist("x.m3u8", playlistText(0, false, append([]string{line}, names...)...))
		}
		write := func(d *desk, content string) { d.plan.Observe(d.summed(name, content)) }
		published := func(t *testing.T) *desk {
			d := newDesk(t, Config{})
			write(d, "one")
			d.media("s0.ts")
			list(d, "s0.ts")
			d.fresh("x.m3u8")
			d.want("put "+name, "put s0.ts")
			d.answer("put "+name, Outcome{Result: Done, ETag: "opaque-1"})
			d.done("put s0.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			return d
		}
		// other has the packager begin anew with other bytes, a playlist that means them, and an answer that is lost. Then it writes them
		// once more, and a playlist that names what never comes.
		other := func(t *testing.T, next string) *desk {
			d := published(t)
			write(d, "two")
			d.want("compare " + name)
			d.answer("compare "+name, Outcome{Result: Different, ETag: "opaque-1"})
			d.media("s1.ts")
			list(d, "s0.ts", "s1.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("put " + name)
			d.answer("put "+name, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			list(d, "s0.ts", "s1.ts", "s2.ts")
			write(d, next)
			d.tick(time.Second)
			return d
		}
		shows := func(t *testing.T, d *desk) {
			d.want("publish x.m3u8")
			if text := string(d.under["publish x.m3u8"].File.Content); !strings.Contains(text, "s1.ts") || strings.Contains(text, "s2.ts") {
				t.Errorf("published %q", text)
			}
		}
		for what, test := range map[string]func(t *testing.T){
			"stored already": func(t *testing.T) {
				d := published(t)
				d.media("s1.ts")
				write(d, "one")
				list(d, "s0.ts", "s1.ts")
				d.want("put s1.ts")
				d.done("put s1.ts")
				d.want("publish x.m3u8")
			},
			"others": func(t *testing.T) {
				d := published(t)
				d.media("s1.ts")
				write(d, "two")
				d.want("compare " + name)
				d.answer("compare "+name, Outcome{Result: Different, ETag: "opaque-1"})
				list(d, "s0.ts", "s1.ts")
				d.want("put s1.ts")
				d.done("put s1.ts")
				d.want("put " + name)
			},
			"sent, and the answer was lost": func(t *testing.T) {
				d := other(t, "two")
				d.want("put " + name)
				d.done("put " + name)
				shows(t, d)
			},
			"sent, and others came since": func(t *testing.T) {
				d := other(t, "three")
				d.want("compare " + name)
				d.answer("compare "+name, Outcome{Result: Different, ETag: "opaque-2"})
				d.want()
			},
		} {
			t.Run(name+" "+what, func(t *testing.T) { t.Parallel(); test(t) })
		}
	}
}

// TestPlanPublishesWhatIsRewrittenAgainAndAgain: a packager that writes its init section or key in place behind every playlist, with the
// same bytes and faster than Settle, so that each PUT of it is void, is published all the same while it does so.
func TestPlanPublishesWhatIsRewrittenAgainAndAgain(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Settle: 2 * time.Second})
			d.plan.Observe(d.summed(name, "one"))
			lines := []string{line}
			for i := range 5 {
				segment := fmt.Sprintf("s%d.ts", i)
				d.media(segment)
				lines = append(lines, segment)
				d.playlist("x.m3u8", playlistText(0, false, lines...))
				if i == 0 {
					d.fresh("x.m3u8")
					d.want("put "+name, "put s0.ts")
					d.answer("put "+name, Outcome{Result: Void})
					d.plan.Observe(d.summed(name, "one"))
					d.want("put " + name)
					d.done("put " + name)
				} else {
					d.plan.Observe(d.summed(name, "one"))
					d.want("put " + segment)
				}
				d.done("put " + segment)
				d.want("publish x.m3u8")
				d.done("publish x.m3u8")
				d.tick(time.Second)
			}
		})
	}
}

// TestPlanKnowsWhatAnEarlierProcessLeft: what came from the spool, whose bytes nobody read, and then turned out to be in the directory is
// known when it is written again.
func TestPlanKnowsWhatAnEarlierProcessLeft(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		for _, next := range []string{"one", "another"} {
			t.Run(name+" with "+next, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{})
				known := d.summed(name, "one")
				known.Found = true
				spooled := known
				spooled.Sum, spooled.Named, spooled.Spooled = hls.Sum{}, true, true
				d.plan.Observe(spooled)
				d.plan.Observe(known)
				d.playlist("x.m3u8", playlistText(0, false, line))
				d.fresh("x.m3u8")
				d.want("compare " + name)
				d.absent("compare " + name)
				d.plan.Observe(d.summed(name, next))
				published := false
				d.absorb(func(j Job) { published = published || j.Op == PutPlaylist })
				if want := next == "one"; published != want {
					t.Errorf("published at once: %v, want %v", published, want)
				}
			})
		}
	}
}

// TestNothingOlderThanWhatIsInDoubt: the answer to the PUT of a playlist was lost, and the next one for it is rejected. It may still arrive,
// and the version before it, which could go up, would go over it.
func TestNothingOlderThanWhatIsInDoubt(t *testing.T) {
	t.Parallel()
	lost := Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second, Unclear: true}
	for name, test := range map[string]struct{ unconditional, inspected bool }{
		"with conditions": {}, "without": {unconditional: true},
		"with, read back meanwhile": {inspected: true}, "without, read back meanwhile": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Unconditional: test.unconditional})
			all, texts := []string{"a.ts", "b.ts", "c.ts"}, []string(nil)
			d.media(all...)
			for n := range all {
				texts = append(texts, playlistText(0, false, all[:n+1]...))
				d.playlist("x.m3u8", texts[n])
				if n == 0 {
					d.fresh("x.m3u8")
				}
				d.want("put " + all[n])
				d.done("put " + all[n])
				d.tick(time.Second)
				d.want("publish x.m3u8")
				if n == 0 {
					d.done("publish x.m3u8")
				} else {
					d.answer("publish x.m3u8", lost)
				}
			}
			fetched := func() { // neither had arrived
				first, _ := hls.Parse([]byte(texts[0]))
				d.want("fetch x.m3u8")
				d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: d.plan.lists["x.m3u8"].cell.ETag(), Content: []byte(texts[0]), Playlist: first})
			}
			if d.tick(time.Second); test.inspected {
				d.plan.Inspect()
				fetched()
			}
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Permanent})
			fetched()
			d.want()
			d.waits(RejectedDelay, "publish x.m3u8")
			if got := string(d.under["publish x.m3u8"].File.Content); got != texts[2] {
				t.Errorf("published %q", got)
			}
		})
	}
}

package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// desk drives a Plan by hand: facts in, jobs out, answers in.
type desk struct {
	t      *testing.T
	plan   *auditor
	health health // of the store, as the answers show it
	now    time.Time
	inode  uint64
	mtime  int64
	under  map[string]Job // jobs under way, by "op path"
}

func newDesk(t *testing.T, c Config) *desk {
	d := &desk{t: t, plan: &auditor{Plan: New(c), t: t}, now: time.Unix(1000, 0), under: map[string]Job{}}
	d.plan.tick(d.now.Add(-time.Minute))
	d.plan.EndSurvey(false) // a store that cannot be listed is asked
	return d
}

// paper is a source whose bytes are not needed.
type paper struct{}

func (paper) Open() (hls.Reader, error) { return nil, errors.New("not read here") }
func (paper) Release()                  {}

func (d *desk) tick(dt time.Duration) { d.now = d.now.Add(dt) }

func (d *desk) version(size int64) hls.Version {
	d.inode++
	d.mtime += int64(time.Millisecond)
	return hls.Version{Device: 1, Inode: d.inode, Size: size, ModTime: d.mtime}
}

func (d *desk) file(name string) hls.File {
	return hls.File{Path: name, State: hls.Settled, Kind: hls.Classify(name), Version: d.version(100), Seen: d.now, Source: paper{}}
}

func (d *desk) media(names ...string) {
	for _, n := range names {
		d.plan.Observe(d.file(n))
	}
}

// empty is a file that was truncated and closed.
func (d *desk) empty(name string) {
	f := d.file(name)
	f.Version.Size = 0
	d.plan.Observe(f)
}

func (d *desk) found(name string) {
	f := d.file(name)
	f.Found = true
	d.plan.Observe(f)
}

func (d *desk) gone(name string) { d.plan.Observe(hls.File{Path: name, State: hls.Gone}) }

// missing has the watcher look at the names that it is asked for, which must be these: nothing is there.
func (d *desk) missing(names ...string) {
	d.t.Helper()
	looks := d.plan.Looks()
	if !slices.Equal(looks, names) {
		d.t.Fatalf("to be looked at: %q, want %q", looks, names)
	}
	d.plan.out.Looks = looks
	d.allMissing()
}

// allMissing has the watcher say that nothing is there that it is asked for.
func (d *desk) allMissing() {
	for _, name := range d.plan.Looks() {
		d.gone(name)
	}
}

// playlistText makes a media playlist whose first number is seq.
func playlistText(seq int, ended bool, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", seq)
	for _, l := range lines {
		if strings.HasPrefix(l, "#") {
			b.WriteString(l + "\n")
		} else {
			b.WriteString("#EXTINF:2,\n" + l + "\n")
		}
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// TestWrittenAgainWhileCompared: bytes that are being compared with those stored, and that no playlist names any more, give way to
// newer ones, whatever the comparison says.
func TestWrittenAgainWhileCompared(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]Outcome{
		"others": {Result: Different, ETag: "old"}, "the same": {Result: Done, ETag: "old"}, "none": {Result: Absent}, "no answer": {Result: Failed, Kind: store.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("s0.ts", "s1.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
			d.fresh("x.m3u8")
			d.want("put s0.ts")
			d.done("put s0.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.playlist("x.m3u8", playlistText(1, false, "s1.ts"))
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("publish x.m3u8")
			d.media("s0.ts") // while it is still exposed
			d.want("compare s0.ts")
			d.done("publish x.m3u8")
			d.media("s0.ts")
			newest := d.plan.seq
			d.playlist("x.m3u8", playlistText(2, false, "s1.ts", "s0.ts"))
			d.answer("compare s0.ts", answer)
			for range 5 {
				for _, j := range d.plan.Next(d.now) {
					switch {
					case j.Op == PutMedia && d.plan.errands.byID[j.ID].version.ID < newest:
						t.Error("the bytes that were written over are sent")
					case j.Op == Compare:
						d.report(j, Outcome{Result: Different, ETag: "old"})
					default:
						d.report(j, Outcome{Result: Done})
					}
				}
				d.tick(3 * time.Second)
			}
			if o := d.plan.objects["s0.ts"]; o.cell.Ours() == nil || o.cell.Ours().ID < newest {
				t.Errorf("stored: %+v, want version %d or newer", o.cell.Ours(), newest)
			}
		})
	}
}

func (d *desk) playlist(name, text string) { d.plan.Observe(d.list(name, text, false)) }

// list is a finished playlist, met at rest or not.
func (d *desk) list(name, text string, found bool) hls.File {
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		d.t.Fatalf("parse %s: %v", name, err)
	}
	return hls.File{
		Path: name, State: hls.Settled, Kind: pl.Kind, Version: d.version(int64(len(text))),
		Seen: d.now, Found: found, Content: []byte(text), Playlist: pl,
	}
}

// want checks that exactly these jobs come out now: "put a.ts", "publish x.m3u8", "compare a.ts", "fetch x.m3u8".
func (d *desk) want(names ...string) {
	d.t.Helper()
	var got []string
	for _, j := range d.plan.Next(d.now) {
		name := map[Op]string{PutMedia: "put", PutPlaylist: "publish", Compare: "compare", Fetch: "fetch"}[j.Op] + " " + j.Path
		if _, twice := d.under[name]; twice {
			d.t.Fatalf("%s is under way already", name)
		}
		d.under[name] = j
		got = append(got, name)
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		d.t.Fatalf("jobs: got %q, want %q", got, names)
	}
}

func (d *desk) answer(name string, o Outcome) {
	d.t.Helper()
	j, ok := d.under[name]
	if !ok {
		d.t.Fatalf("%s is not under way", name)
	}
	delete(d.under, name)
	o.At = d.now
	tell(d.plan, &d.health, j, o)
}

// health is what the uploader tells the Plan of its store, as far as the Plan takes it in.
type health struct {
	names   []string // whose requests failed since it did what it was asked, at most two
	refused bool     // since then it refused something until somebody mends it
}

// tell has p and the health of its store take in how a job ended, as the uploader does.
func tell(p *auditor, h *health, j Job, o Outcome) {
	several, refused := false, false
	switch o.Result {
	case Done, Different, Present, Absent:
		if !j.Local() {
			several, refused = len(h.names) > 1, h.refused
			*h = health{}
		}
	case Failed:
		if o.Kind != store.Transient && o.Kind != store.Alarm {
			break
		}
		h.refused = h.refused || o.Kind == store.Alarm
		if len(h.names) < 2 && !slices.Contains(h.names, j.Path) {
			h.names = append(h.names, j.Path)
		}
	case Void, Gone, Cancelled:
	}
	p.Failing(len(h.names) > 0)
	if several {
		p.Recover(o.At)
	}
	if refused {
		p.Inspect()
	}
	p.Report(j.ID, o)
}

func (d *desk) done(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.answer(n, Outcome{Result: Done, ETag: fmt.Sprintf("etag-%d", d.plan.next())})
	}
}

func (d *desk) absent(names ...string) {
	d.t.Helper()
	for _, n := range names {
		d.answer(n, Outcome{Result: Absent})
	}
}

// fresh has the store say that nothing is published under name.
func (d *desk) fresh(name string) {
	d.t.Helper()
	d.want("fetch " + name)
	d.absent("fetch " + name)
}

func TestPlanShipsWhatIsNamedAndSettled(t *testing.T) {
	t.Parallel()
	tests := map[string]func(d *desk){
		"segment first": func(d *desk) {
			d.media("a.ts")
			d.want()
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.want()
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
		},
		"playlist first": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.want()
			d.media("a.ts")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"what nothing names stays": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.media("b.ts", "a.ts")
			d.want("put a.ts")
		},
		"multivariant waits for its playlists": func(d *desk) {
			d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/x.m3u8\n")
			d.want("fetch master.m3u8")
			d.absent("fetch master.m3u8")
			d.want("fetch v0/x.m3u8") // as there is no file of it
			d.absent("fetch v0/x.m3u8")
			d.want()
			d.media("v0/a.ts")
			d.playlist("v0/x.m3u8", playlistText(0, false, "a.ts"))
			d.want("put v0/a.ts")
			d.done("put v0/a.ts")
			d.want("publish v0/x.m3u8")
			d.done("publish v0/x.m3u8")
			d.want("publish master.m3u8")
		},
		"multivariant does not wait for a playlist that is stored": func(d *desk) {
			d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/x.m3u8\n")
			d.want("fetch master.m3u8")
			d.absent("fetch master.m3u8")
			d.want("fetch v0/x.m3u8")
			d.done("fetch v0/x.m3u8")
			d.want("publish master.m3u8")
		},
		"newest true snapshot goes, and none older after it": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.media("a.ts", "b.ts", "c.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts"))
			d.want("put a.ts", "put b.ts", "put c.ts")
			d.done("put a.ts", "put b.ts")
			d.want("publish x.m3u8")
			if n := strings.Count(string(d.under["publish x.m3u8"].File.Content), ".ts"); n != 2 {
				d.t.Errorf("published version names %d segments, want 2", n)
			}
			d.done("put c.ts")
			d.want() // one PUT a key at a time
			d.done("publish x.m3u8")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
		},
		"identical playlist is no news": func(d *desk) {
			d.media("a.ts")
			for range 2 {
				d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			}
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.want()
		},
		"deleted segment is shipped all the same": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, true, "a.ts"))
			d.gone("a.ts")
			d.gone("x.m3u8")
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
		},
		"void segment is looked at again": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.answer("put a.ts", Outcome{Result: Void})
			if got := d.plan.Looks(); !slices.Equal(got, []string{"a.ts"}) {
				d.t.Fatalf("looks %q", got)
			}
			d.want()
			d.media("a.ts")
			d.tick(2 * time.Second) // it may belong to a playlist to come
			d.want("put a.ts")
		},
		"an empty init section or key is not what is meant": func(d *desk) {
			d.empty("init.mp4")
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`, `#EXT-X-KEY:METHOD=AES-128,URI="0.key"`))
			d.empty("0.key")
			d.fresh("x.m3u8")
			d.want()
			d.tick(time.Hour)
			d.want()
			d.media("init.mp4", "0.key")
			d.want("put 0.key", "put init.mp4")
			d.done("put 0.key", "put init.mp4")
			d.want("publish x.m3u8")
		},
		"gap and hint gate nothing": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "#EXT-X-GAP", "no.ts", `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="next.ts"`))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"a name outside holds the playlist": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "../../etc/passwd"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want()
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "outside" || w[0].Name != "../../etc/passwd" {
				d.t.Errorf("blocked: %+v", w)
			}
		},
		"a list of advertisements outside gates nothing": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-DATERANGE:ID="ad",START-DATE="2026-01-31T12:00:00Z",X-ASSET-LIST="../ads/list"`))
			d.fresh("x.m3u8")
			d.want("publish x.m3u8")
		},
		"foreign URLs gate nothing": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "https://cdn.example/a.ts"))
			d.fresh("x.m3u8")
			d.want("publish x.m3u8")
		},
		"rejected file holds the playlist and is named": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.answer("put a.ts", Outcome{Result: Failed, Kind: store.Permanent})
			d.want()
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "rejected" || w[0].Name != "a.ts" {
				d.t.Errorf("blocked: %+v", w)
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{}))
		})
	}
}

func TestPlanRetries(t *testing.T) {
	t.Parallel()
	t.Run("each after its delay", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.media("a.ts", "b.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts", "put b.ts")
		d.answer("put a.ts", Outcome{Result: Failed, RetryIn: time.Second})
		d.want()
		if at, ok := d.plan.Wake(); !ok || !at.Equal(d.now.Add(time.Second)) {
			t.Errorf("wake at %v, want in a second", at)
		}
		d.tick(500 * time.Millisecond)
		d.done("put b.ts") // one name that fails alone is its own trouble
		d.want()
		d.tick(500 * time.Millisecond)
		d.want("put a.ts")
		if n := d.under["put a.ts"].Attempt; n != 1 {
			t.Errorf("attempt %d, want 1", n)
		}
		d.done("put a.ts")
		d.want("publish x.m3u8")
		d.answer("publish x.m3u8", Outcome{Result: Failed, RetryIn: time.Second})
		d.want()
		d.tick(time.Second)
		d.want("publish x.m3u8")
	})
	t.Run("all at once when the store is back", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.media("a.ts", "b.ts", "c.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts", "put b.ts", "put c.ts")
		d.answer("put a.ts", Outcome{Result: Failed, RetryIn: time.Hour})
		d.answer("put b.ts", Outcome{Result: Failed, RetryIn: time.Second})
		d.answer("put c.ts", Outcome{Result: Failed, RetryIn: time.Hour})
		d.tick(time.Second)
		d.want("put b.ts")
		d.done("put b.ts")
		d.want("put a.ts", "put c.ts")
	})
}

func TestPlanConditions(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("a.ts", "b.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.fresh("x.m3u8")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	if j := d.under["publish x.m3u8"]; !j.IfAbsent || j.IfMatch != "" {
		t.Errorf("first condition: %+v", j)
	}
	d.answer("publish x.m3u8", Outcome{Result: Done, ETag: "one"})
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
	d.want("put b.ts")
	d.done("put b.ts")
	d.want("publish x.m3u8")
	if j := d.under["publish x.m3u8"]; j.IfAbsent || j.IfMatch != "one" {
		t.Errorf("second condition: %+v", j)
	}
	// Somebody else wrote it: look, adopt, decide again.
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
	d.want("fetch x.m3u8")
	d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "two", Content: []byte("#EXTM3U\n"), Playlist: &hls.Playlist{Kind: hls.MediaPlaylist}})
	d.want("publish x.m3u8")
	if j := d.under["publish x.m3u8"]; j.IfMatch != "two" {
		t.Errorf("third condition: %+v", j)
	}
	// The answer was lost, but the PUT was not.
	d.answer("publish x.m3u8", Outcome{Result: Failed, RetryIn: time.Second})
	d.tick(time.Second)
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
	d.want("fetch x.m3u8")
	d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "three", Content: d.plan.lists["x.m3u8"].last.text.content, Playlist: &hls.Playlist{}})
	d.want()
}

func TestPlanConditionsUnsupported(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("a.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.fresh("x.m3u8")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Unsupported})
	d.want("publish x.m3u8")
	if j := d.under["publish x.m3u8"]; j.IfAbsent || j.IfMatch != "" {
		t.Errorf("condition: %+v", j)
	}
}

func TestPlanRestart(t *testing.T) {
	t.Parallel()
	// The old run is published: it names s0 and s1. Then s0 comes back with other bytes.
	setup := func(t *testing.T) *desk {
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("s0.ts", "s1.ts")
		d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
		d.fresh("x.m3u8")
		d.want("put s0.ts", "put s1.ts")
		d.done("put s0.ts", "put s1.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.want()
		d.tick(10 * time.Second)
		return d
	}
	t.Run("new bytes wait for the playlist that names them", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.media("s0.ts")
		d.want("compare s0.ts")
		d.answer("compare s0.ts", Outcome{Result: Different, ETag: "old"})
		d.want()
		d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		d.want("put s0.ts")
		d.done("put s0.ts")
		d.want("publish x.m3u8")
	})
	t.Run("an init section rewritten before the playlist is published", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("init.mp4", "s0.m4s")
		d.playlist("x.m3u8", playlistText(0, true, `#EXT-X-MAP:URI="init.mp4"`, "s0.m4s"))
		d.fresh("x.m3u8")
		d.want("put init.mp4", "put s0.m4s")
		d.done("put init.mp4", "put s0.m4s")
		d.want("publish x.m3u8")
		d.media("init.mp4") // Shaka Packager, at the end of the stream
		d.want("compare init.mp4")
		d.answer("compare init.mp4", Outcome{Result: Different, ETag: "old"})
		d.want()
		d.done("publish x.m3u8")
		d.want()
		if d.plan.Finished() {
			t.Error("finished, and the newest bytes are not stored")
		}
		d.tick(2 * time.Second)
		d.want("put init.mp4")
		d.done("put init.mp4")
		d.want()
		if !d.plan.Finished() {
			t.Error("not finished, though everything is stored")
		}
	})
	t.Run("an init section rewritten with the same bytes while it is stored", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("init.mp4", "s0.m4s")
		d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`, "s0.m4s"))
		d.fresh("x.m3u8")
		d.want("put init.mp4", "put s0.m4s")
		d.media("init.mp4") // ffmpeg -hls_fmp4_init_resend, as soon as the playlist named it
		d.want()
		d.done("put init.mp4", "put s0.m4s")
		d.want("compare init.mp4", "publish x.m3u8")
		d.answer("compare init.mp4", Outcome{Result: Done, ETag: "same"})
		d.done("publish x.m3u8")
		d.want()
	})
	t.Run("stale bytes do not satisfy the new run", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		d.want()
		d.tick(14 * time.Millisecond)
		d.media("s0.ts")
		d.want("compare s0.ts")
		d.answer("compare s0.ts", Outcome{Result: Different, ETag: "old"})
		d.want("put s0.ts")
		d.done("put s0.ts")
		d.want("publish x.m3u8")
	})
	t.Run("other segments go first, the overwrite last", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.media("init.mp4", "s0.ts")
		d.want("compare s0.ts")
		d.answer("compare s0.ts", Outcome{Result: Different, ETag: "old"})
		d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`, "s0.ts"))
		d.want("put init.mp4")
		d.done("put init.mp4")
		d.want("put s0.ts")
		d.done("put s0.ts")
		d.want("publish x.m3u8")
	})
	t.Run("the same bytes cost no PUT", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.media("s0.ts")
		d.want("compare s0.ts")
		d.done("compare s0.ts")
		d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		d.want("publish x.m3u8")
	})
	t.Run("without a new playlist a segment stays as it is", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.media("s1.ts")
		d.want("compare s1.ts")
		d.answer("compare s1.ts", Outcome{Result: Different, ETag: "old"})
		d.want()
		d.tick(time.Hour)
		d.want()
	})
	t.Run("without a new playlist an init section follows after settle", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("init.mp4")
		d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`))
		d.fresh("x.m3u8")
		d.want("put init.mp4")
		d.done("put init.mp4")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.media("init.mp4")
		d.want("compare init.mp4")
		d.answer("compare init.mp4", Outcome{Result: Different, ETag: "old"})
		d.want()
		d.tick(2 * time.Second)
		d.want("put init.mp4")
	})
	t.Run("an init section that a killed packager left empty replaces none", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("init.mp4")
		d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`))
		d.fresh("x.m3u8")
		d.want("put init.mp4")
		d.done("put init.mp4")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.empty("init.mp4")
		d.want("compare init.mp4")
		d.answer("compare init.mp4", Outcome{Result: Different, ETag: "old"})
		d.want()
		d.tick(time.Hour)
		d.want()
		d.media("init.mp4")
		d.want("compare init.mp4")
		d.answer("compare init.mp4", Outcome{Result: Different, ETag: "old"})
		d.tick(2 * time.Second)
		d.want("put init.mp4")
	})
	t.Run("kept bytes are good after settle", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		d.want()
		d.tick(6 * time.Second) // three target durations
		d.want("publish x.m3u8")
	})
}

func TestPlanStart(t *testing.T) {
	t.Parallel()
	t.Run("the published version is known again", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		text := playlistText(0, false, "a.ts")
		d.found("a.ts")
		d.playlist("x.m3u8", text)
		d.want("fetch x.m3u8")
		pl, _ := hls.Parse([]byte(text))
		d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "e", Content: []byte(text), Playlist: pl})
		d.want("compare a.ts")
		d.done("compare a.ts")
		d.want()
	})
	t.Run("a name that was deleted is asked for", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{Settle: 2 * time.Second})
		d.media("b.ts")
		pl, _ := hls.Parse([]byte(playlistText(0, false, "a.ts", "b.ts")))
		d.plan.Observe(hls.File{Path: "x.m3u8", State: hls.Settled, Kind: hls.MediaPlaylist, Found: true, Version: d.version(9), Seen: d.now, Content: []byte("1"), Playlist: pl})
		d.fresh("x.m3u8")
		d.want("put b.ts")
		d.done("put b.ts")
		d.tick(2 * time.Second)
		d.want()
		d.missing("a.ts")
		d.want("compare a.ts")
		d.answer("compare a.ts", Outcome{Result: Present, ETag: "a"})
		d.want("publish x.m3u8")
	})
	t.Run("a segment older than the one before it is of an earlier run", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.found("b.ts")
		d.media("a.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts")
		d.done("put a.ts")
		d.media("b.ts")
		d.want()
		d.tick(2 * time.Second) // as b.ts may belong to the next playlist
		d.want("put b.ts")
		d.done("put b.ts")
		d.want("publish x.m3u8")
	})
	t.Run("unless it stays", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.found("b.ts")
		d.media("a.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts")
		d.done("put a.ts")
		d.tick(6 * time.Second)
		d.want("compare b.ts")
		d.absent("compare b.ts")
		d.want("put b.ts")
		d.done("put b.ts")
		d.want("publish x.m3u8")
	})
	t.Run("what turns up late is older than what the directory has", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		old := d.file("a.ts")
		old.Found, old.Named = true, true
		d.found("a.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
		d.fresh("x.m3u8")
		d.want("compare a.ts")
		d.plan.ObserveLate(old)
		d.absent("compare a.ts")
		d.want("put a.ts")
		if f := d.under["put a.ts"].File; f.Version == old.Version {
			t.Error("the older bytes are shipped")
		}
		d.done("put a.ts")
		d.want("publish x.m3u8")
		if l := d.plan.Losses(); len(l) != 1 || l[0].Reason != "superseded" {
			t.Errorf("losses: %+v, want the older bytes", l)
		}
	})
	t.Run("older neighbours are found beside an init section of their extension", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.media("init.m4s")
		d.found("a9.m4s")
		d.media("a10.m4s")
		d.playlist("x.m3u8", playlistText(10, false, `#EXT-X-MAP:URI="init.m4s"`, "a10.m4s"))
		d.want("fetch x.m3u8", "compare a9.m4s")
	})
	t.Run("older neighbours are shipped as backlog", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{})
		d.found("s8.ts")
		d.found("s9.ts")
		d.media("s10.ts")
		d.found("s11.ts") // younger than what is named: perhaps half of a killed packager's last
		d.playlist("x.m3u8", playlistText(10, false, "s10.ts"))
		d.want("fetch x.m3u8", "compare s8.ts", "compare s9.ts")
		d.absent("fetch x.m3u8", "compare s8.ts", "compare s9.ts")
		d.want("put s10.ts") // with nothing beside it
		d.done("put s10.ts")
		d.want("publish x.m3u8", "put s8.ts", "put s9.ts")
	})
}

// listed are the objects of a listing, whose keys are those of info.
func listed(info ...store.Info) []Listed {
	var all []Listed
	for _, i := range info {
		all = append(all, Listed{Key: Key(i.Key), Info: i})
	}
	return all
}

func TestPlanSurvey(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("0a", 16)
	begin := func(t *testing.T) *desk {
		d := newDesk(t, Config{})
		d.plan.BeginSurvey()
		for i := range 5 {
			d.found(fmt.Sprintf("s%d.ts", i))
		}
		d.media("s5.ts")
		d.playlist("x.m3u8", playlistText(5, false, "s5.ts"))
		d.fresh("x.m3u8")
		d.want("put s5.ts") // the live edge does not wait for the listing
		d.done("put s5.ts")
		d.want("publish x.m3u8")
		if n := d.plan.Questions(); n != 5 {
			t.Fatalf("%d files are in question, want 5", n)
		}
		d.plan.BeginSurvey()
		return d
	}
	t.Run("page by page", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		if n := d.plan.Survey(listed(store.Info{Key: "other.ts", Size: 1}, store.Info{Key: "s1.ts", Size: 100, ETag: sum}, store.Info{Key: "s5.ts", Size: 7, ETag: sum})); n != 1 {
			t.Errorf("%d were in question, want s1.ts alone", n)
		}
		d.want("compare s1.ts")
		if j := d.under["compare s1.ts"]; !j.Local() {
			t.Error("the ETag of s1.ts is known and yet asked for")
		}
		d.done("compare s1.ts")
		d.want()
		d.plan.Survey(listed(
			store.Info{Key: "s2.ts", Size: 99, ETag: sum}, store.Info{Key: "s4.ts", Size: 100, ETag: "kms-1", Modified: time.Unix(100, 0)},
		))
		d.want("put s2.ts", "compare s4.ts")
		if j := d.under["compare s4.ts"]; j.Local() {
			t.Error("the listing leaves a doubt of s4.ts, and yet it is not asked for")
		}
		d.plan.EndSurvey(true)
		d.want("put s0.ts", "put s3.ts")
		d.answer("compare s4.ts", Outcome{Result: Different, ETag: "kms-1"})
		d.done("put s0.ts", "put s2.ts", "put s3.ts")
		d.want("put s4.ts")
	})
	t.Run("what comes while it is made is asked for", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		d.found("r9.ts") // its page may have passed
		d.playlist("y.m3u8", playlistText(9, false, "s5.ts", "r10.ts"))
		d.media("r10.ts")
		d.plan.EndSurvey(true)
		d.want("fetch y.m3u8", "compare r9.ts", "put s0.ts", "put s1.ts", "put s2.ts", "put s3.ts") // no more at a time
		if j := d.under["compare r9.ts"]; j.Local() {
			t.Error("r9.ts is not asked for")
		}
		d.absent("fetch y.m3u8")
		d.done("put s0.ts", "put s1.ts", "put s2.ts", "put s3.ts")
		d.want("put r10.ts", "put s4.ts")
		d.done("put r10.ts")
		d.want("publish y.m3u8")
	})
	t.Run("one that cannot be made", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		d.plan.EndSurvey(false)
		d.want("compare s0.ts", "compare s1.ts", "compare s2.ts", "compare s3.ts")
	})
	t.Run("one of a bucket that vanished", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		d.plan.vanish()
		if n := d.plan.Survey(listed(store.Info{Key: "s1.ts", Size: 100, ETag: sum})); n != 0 || d.plan.objects["s1.ts"].cell.ETag() != "" {
			t.Error("the listing of a bucket that vanished is believed")
		}
		d.plan.EndSurvey(true)
		if n := d.plan.Questions(); n != 6 {
			t.Errorf("%d files are in question after all, want all 6", n)
		}
	})
}

func TestPlanForgets(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Snapshots: 8})
	d.playlist("x.m3u8", playlistText(0, false))
	d.fresh("x.m3u8")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	for i := range 2000 {
		name := fmt.Sprintf("s%d.ts", i)
		d.media(name, fmt.Sprintf("placeholder%d.ts", i))
		d.gone(fmt.Sprintf("placeholder%d.ts", i))
		d.playlist("x.m3u8", playlistText(i, false, name))
		d.want("put " + name)
		d.done("put " + name)
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		if i > 0 {
			d.gone(fmt.Sprintf("s%d.ts", i-1))
		}
		d.tick(2 * time.Second)
		d.plan.Released()
	}
	if n := len(d.plan.objects); n > maxStrays+10 {
		t.Errorf("%d objects are remembered after 2000 segments", n)
	}
	d.gone("x.m3u8")
	d.want()
	if len(d.plan.lists) != 0 {
		t.Errorf("%d playlists are remembered after all are gone", len(d.plan.lists))
	}
	states := d.plan.changedStreams(nil, d.now, true)
	if len(states) == 0 || !states[len(states)-1].Forgotten {
		t.Errorf("stream is not forgotten: %+v", states)
	}
}

func TestPlanBoundsSnapshots(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Snapshots: 8})
	for i := range 100 {
		name := fmt.Sprintf("s%d.ts", i)
		d.media(name)
		d.playlist("x.m3u8", playlistText(i, i == 50, name))
	}
	l := d.plan.lists["x.m3u8"]
	if len(l.pending) != 8 {
		t.Fatalf("%d snapshots kept, want 8", len(l.pending))
	}
	if first := l.pending[0].file.Playlist.MediaSequence; first != 0 {
		t.Errorf("oldest kept begins at %d, want 0", first)
	}
	if last := l.pending[7].file.Playlist.MediaSequence; last != 99 {
		t.Errorf("newest kept begins at %d, want 99", last)
	}
	if !slices.ContainsFunc(l.pending, func(s *snapshot) bool { return s.file.Playlist.Ended }) {
		t.Error("the ended version was dropped for room")
	}
}

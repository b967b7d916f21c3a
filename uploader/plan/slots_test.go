package plan

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// jobs returns the jobs that are allowed now.
func (d *desk) jobs() []Job { return d.plan.Next(d.now) }

// report ends a job.
func (d *desk) report(j Job, o Outcome) {
	o.At = d.now
	if o.Result == Done && o.ETag == "" {
		o.ETag = fmt.Sprintf("etag-%d", d.plan.next())
	}
	tell(d.plan, &d.health, j, o)
}

// absorb answers the jobs that are allowed now and those that follow, until there are none, oldest first: nothing is
// published, and everything can be stored. It returns how many were under way at once, and calls see before each is
// answered.
func (d *desk) absorb(see func(j Job)) (most int) {
	var under []Job
	for {
		under = append(under, d.jobs()...)
		if most = max(most, len(under)); len(under) == 0 {
			return most
		}
		j := under[0]
		under = under[1:]
		see(j)
		out := Outcome{Result: Done}
		switch {
		case j.Op == Fetch:
			out.Result = Absent
		case j.Op == Compare && (j.File.Source == nil || j.ETag == "" && !j.File.Found):
			out.Result = Absent
		case j.Op == Compare:
			out.Result = Different
		}
		d.report(j, out)
	}
}

// TestRequestsAreBounded: whatever begins at once, and of whatever kind, at most Workers requests are under way, and everything
// goes up in the end.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	const workers = 8
	for name, begin := range map[string]func(d *desk) (published int){
		"a start with many playlists": func(d *desk) int {
			for i := range 100 {
				d.media(fmt.Sprintf("s%d/a.ts", i))
				d.playlist(fmt.Sprintf("s%d/x.m3u8", i), playlistText(0, false, "a.ts"))
			}
			return 100
		},
		"many playlists in one folder": func(d *desk) int {
			for i := range 100 {
				d.media(fmt.Sprintf("s%d_a.ts", i))
				d.playlist(fmt.Sprintf("s%d.m3u8", i), playlistText(0, false, fmt.Sprintf("s%d_a.ts", i)))
			}
			return 100
		},
		"a multivariant playlist of playlists that are not there": func(d *desk) int {
			var b strings.Builder
			b.WriteString("#EXTM3U\n")
			for i := range 1000 {
				fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=1\nv%d.m3u8\n", i)
			}
			d.playlist("m.m3u8", b.String())
			return 0
		},
		"multivariant playlists that name each other's": func(d *desk) int {
			for i := range 50 {
				text := "#EXTM3U\n"
				for k := range 50 {
					text += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=1\nm%d.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nnone%d.m3u8\n", (i+k)%50, k)
				}
				d.playlist(fmt.Sprintf("m%d.m3u8", i), text)
			}
			return 0
		},
		"many segments that are there and that nobody knows the store to have": func(d *desk) int {
			var names []string
			for i := range 200 {
				names = append(names, fmt.Sprintf("%03d.ts", i))
				d.found(names[i])
			}
			f := d.file("x.m3u8")
			text := playlistText(0, true, names...)
			f.Content, f.Found = []byte(text), true
			f.Playlist, _ = hls.Parse(f.Content)
			f.Kind = f.Playlist.Kind
			d.plan.Observe(f)
			return 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Workers: workers})
			want, published := begin(d), 0
			for range 3 {
				if most := d.absorb(func(j Job) {
					if j.Op == PutPlaylist {
						published++
					}
				}); most > workers {
					t.Errorf("%d requests at once, with %d workers", most, workers)
				}
				d.tick(10 * time.Second)
			}
			if published != want {
				t.Errorf("%d playlists published, want %d", published, want)
			}
			if !d.plan.Finished() {
				t.Error("not finished")
			}
		})
	}
}

// burst returns the names of that many segments.
func burst(segments int) []string {
	names := make([]string, segments)
	for i := range names {
		names[i] = fmt.Sprintf("b%d.ts", i)
	}
	return names
}

// TestStreamsShare: who has much to ship, or waits for what never comes, does not delay a stream that has little. All of
// them lie in one folder.
func TestStreamsShare(t *testing.T) {
	t.Parallel()
	const workers, segments = 4, 500
	for name, begin := range map[string]func(d *desk){
		"a burst of small segments": func(d *desk) {
			names := burst(segments)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, true, names...))
		},
		"a burst that ends with the other stream's segment": func(d *desk) {
			names := burst(segments)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, true, append(names, "a.ts")...))
		},
		"a burst that begins with the other stream's segment": func(d *desk) {
			names := burst(segments)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, true, append([]string{"a.ts"}, names...)...))
		},
		"a burst of another folder that names the other stream's segment": func(d *desk) {
			names := burst(segments)
			d.media(names...)
			d.playlist("c/b.m3u8", playlistText(0, true, strings.Split("../"+strings.Join(append(names, "a.ts"), ",../"), ",")...))
		},
		"very many playlists that name the other stream's segment": func(d *desk) {
			for i := range segments {
				names := []string{fmt.Sprintf("b%d.ts", i), fmt.Sprintf("b%d.m4s", i), fmt.Sprintf("b%d.aac", i)}
				d.media(names...)
				d.playlist(fmt.Sprintf("b%d.m3u8", i), playlistText(0, false, append(names, "a.ts")...))
			}
		},
		"a multivariant playlist of playlists that are not there": func(d *desk) {
			text := "#EXTM3U\n"
			for i := range segments {
				text += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=1\nv%d.m3u8\n", i)
			}
			d.playlist("b.m3u8", text)
		},
		"very many playlists": func(d *desk) {
			for i := range segments {
				d.playlist(fmt.Sprintf("b%d.m3u8", i), playlistText(0, false, "never.ts"))
			}
		},
		"segments that the store is asked for": func(d *desk) {
			names := burst(segments)
			d.media(names...)
			for _, n := range names {
				d.gone(n)
			}
			d.playlist("b.m3u8", playlistText(0, true, names...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Workers: workers})
			begin(d)
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			steps, published := 0, 0
			d.absorb(func(j Job) {
				d.tick(20 * time.Millisecond)
				steps++
				if j.Path == "x.m3u8" && j.Op == PutPlaylist {
					published = steps
				}
			})
			if published == 0 || published > 20*workers {
				t.Errorf("published after %d of %d requests", published, steps)
			}
		})
	}
}

// TestStalledStreamsLeaveRoom: streams whose requests end never have a few slots, and others go on with the rest.
func TestStalledStreamsLeaveRoom(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Workers: 16})
	ship := func(name string) {
		names := []string{name + "/0.ts", name + "/1.ts", name + "/2.ts", name + "/3.ts", name + "/4.ts", name + "/5.ts"}
		d.media(names...)
		d.playlist(name+"/x.m3u8", playlistText(0, true, "0.ts", "1.ts", "2.ts", "3.ts", "4.ts", "5.ts"))
	}
	for _, name := range []string{"s0", "s1", "s2"} {
		ship(name)
	}
	for _, j := range d.jobs() { // the PUTs that follow are never answered
		d.report(j, Outcome{Result: Absent})
	}
	if n := len(d.jobs()); n == 0 || n > 12 {
		t.Fatalf("%d requests stall", n)
	}
	ship("good")
	published := false
	d.absorb(func(j Job) { published = published || j.Op == PutPlaylist && j.Path == "good/x.m3u8" })
	if !published {
		t.Error("the good stream is not published")
	}
}

// TestStalledStreamsHoldNobodysFiles: files that another stream names as well go up though all requests of that one stall.
func TestStalledStreamsHoldNobodysFiles(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{"named last": "s0.ts s1.ts s2.ts s3.ts s4.ts a.ts", "named first": "a.ts s0.ts s1.ts s2.ts s3.ts s4.ts"} {
		for _, other := range []string{"s.m3u8", "s/s.m3u8"} {
			t.Run(name+" by "+other, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{Workers: 16})
				d.media("s0.ts", "s1.ts", "s2.ts", "s3.ts", "s4.ts")
				names := strings.Fields(list)
				if path.Dir(other) != "." {
					for i := range names {
						names[i] = "../" + names[i]
					}
				}
				d.playlist(other, playlistText(0, false, names...))
				for _, j := range d.jobs() { // the PUTs that follow are never answered
					d.report(j, Outcome{Result: Absent})
				}
				if n := len(d.jobs()); n == 0 {
					t.Fatal("nothing stalls")
				}
				d.media("a.ts")
				d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
				published := false
				d.absorb(func(j Job) { published = published || j.Op == PutPlaylist && j.Path == "x.m3u8" })
				if !published {
					t.Error("the good stream is not published")
				}
			})
		}
	}
}

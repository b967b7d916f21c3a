package watcher

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// rewrites puts another text into an open file, as a packager does that never closes it.
func rewrites(t *testing.T, f *os.File, text string) {
	t.Helper()
	check(t, f.Truncate(0))
	_, err := f.WriteAt([]byte(text), 0)
	check(t, err)
}

// counted has every probe leave a token.
func counted(probe func(*os.File) writer, probes chan<- struct{}) option {
	return withProbe(func(f *os.File) writer {
		select {
		case probes <- struct{}{}:
		default:
		}
		return probe(f)
	})
}

// TestPlaylistThatIsNeverClosed has a writer keep each kind of playlist open for as long as the stream lasts.
func TestPlaylistThatIsNeverClosed(t *testing.T) {
	t.Parallel()
	list := func(i int) string { return playlist(fmt.Sprintf("seg_%d.ts", i)) }
	mpd := func(i int) string {
		return fmt.Sprintf(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet><Representation id="a" bandwidth="1">`+
			`<BaseURL>seg_%d.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`, i)
	}
	for _, c := range []struct {
		name, path string
		text       func(i int) string
		probe      func(*os.File) writer
		met        bool // it is open before anybody looks
	}{
		{"media playlist", "live.m3u8", list, probeWriter, false},
		{"media playlist of another user", "live.m3u8", list, cannotTell, false},
		{"multivariant playlist", "master.m3u8", func(i int) string {
			return fmt.Sprintf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n%d/live.m3u8\n", i)
		}, probeWriter, false},
		{"manifest", "live.mpd", mpd, probeWriter, false},
		{"met open at the start", "live.m3u8", list, probeWriter, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newWatch(t, t.TempDir(), nil, withProbe(c.probe))
			var f *os.File
			if c.met {
				f = x.open(c.path)
				rewrites(t, f, c.text(0))
			}
			x.run()
			x.scanned("start", 1)
			if !c.met {
				f = x.open(c.path)
			}
			for i := range 3 {
				rewrites(t, f, c.text(i))
				x.settled(c.path, c.text(i))
			}
			x.evidence("quiet", 3)
			if log := x.log.String(); strings.Count(log, "stays open") != 1 || !strings.Contains(log, "rename it") {
				t.Errorf("log:\n%s", log)
			}
			rewrites(t, f, c.text(9))
			check(t, f.Close())
			x.settled(c.path, c.text(9))
			if got := x.obs.got(); got[hls.ByClose] != 1 {
				t.Errorf("evidence %v, want one close", got)
			}
		})
	}
}

// TestTornPlaylistThatIsOpen leaves an open playlist half written for many looks, and never sees it reported.
func TestTornPlaylistThatIsOpen(t *testing.T) {
	t.Parallel()
	whole := playlist("a.ts", "b.ts")
	for name, half := range map[string]string{
		"nothing":           "",
		"no beginning":      "#EXTINF:1.0,\na.ts\n",
		"header only":       "#EXTM3U\n#EXT-X-TARGETDURATION:1\n",
		"within a line":     strings.TrimSuffix(whole, "ts\n"),
		"after a duration":  strings.TrimSuffix(whole, "b.ts\n"),
		"after a byterange": playlist("a.ts") + "#EXTINF:1.0,\n#EXT-X-BYTERANGE:1@0\n",
		"zeros":             strings.Repeat("\x00", len(whole)),
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, known before %v", name, known), func(t *testing.T) {
				t.Parallel()
				probes := make(chan struct{}, 1000)
				x := start(t, nil, counted(probeWriter, probes))
				f := x.open("live.m3u8")
				if known {
					rewrites(t, f, playlist("a.ts"))
					x.settled("live.m3u8", playlist("a.ts"))
				}
				rewrites(t, f, half)
				for len(probes) > 0 {
					<-probes
				}
				for range 6 {
					select {
					case <-probes:
					case <-time.After(patient):
						t.Fatal("it is not looked at any more")
					}
				}
				rewrites(t, f, whole)
				x.settled("live.m3u8", whole)
				if len(x.obs.refused) > 0 {
					t.Errorf("refused %v", x.obs.refused)
				}
			})
		}
	}
}

// TestWarningsAboutOpenPlaylistsAreBounded has somebody open many.
func TestWarningsAboutOpenPlaylistsAreBounded(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	const n = maxUnclosed + 20
	for i := range n {
		name := fmt.Sprintf("%d.m3u8", i)
		rewrites(t, x.open(name), playlist(name+".ts"))
	}
	for range n {
		x.next()
	}
	if got := strings.Count(x.log.String(), "stays open"); got != maxUnclosed {
		t.Errorf("%d lines, want %d", got, maxUnclosed)
	}
}

//go:build linux

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifestAttacks are texts that are small and make much.
func manifestAttacks() []hostile {
	return []hostile{
		{"timeline that repeats", 4, 2800 * time.Millisecond, func(w *intruder, n int) error {
			return w.put(fmt.Sprintf("m%d.mpd", n%9), dashTemplate(fmt.Sprintf(`media="%d/$Number$"`, n), `<S d="1" r="999999"/>`))
		}},
		{"wide numbers", 4, 2800 * time.Millisecond, func(w *intruder, n int) error {
			width := []int{250, 9_999, 9_999_999}[n%3]
			return w.put("wide.mpd", dashTemplate(fmt.Sprintf(`media="$Number%%0%dd$$Time%%0%dd$"`, width, width), fmt.Sprintf(`<S d="%d" r="99999"/>`, n+1)))
		}},
		{"list that all inherit", 4, 4 * time.Second, func(w *intruder, n int) error {
			size := 2_000 + n%20_000
			return w.put("list.mpd", "<MPD><Period><SegmentList><SegmentTimeline>"+strings.Repeat(`<S d="1"/>`, size)+
				"</SegmentTimeline></SegmentList><AdaptationSet>"+strings.Repeat("<Representation/>", size)+"</AdaptationSet></Period></MPD>")
		}},
		{"addresses that all inherit", 2, 4 * time.Second, func(w *intruder, n int) error {
			size := 2_000 + n
			return w.put("base.mpd", "<MPD>"+strings.Repeat("<BaseURL>a/</BaseURL>", size)+"<Period>"+strings.Repeat("<BaseURL>b/</BaseURL>", size)+
				"<AdaptationSet>"+strings.Repeat(`<Representation><BaseURL>c.mp4</BaseURL></Representation>`, size)+"</AdaptationSet></Period></MPD>")
		}},
		{"deep elements", 4, 4 * time.Second, func(w *intruder, n int) error {
			return w.put("deep.mpd", "<MPD>"+strings.Repeat("<Period>", 50_000+n)+strings.Repeat("</Period>", 50_000+n)+"</MPD>")
		}},
		{"entities", 2, 4 * time.Second, func(w *intruder, n int) error {
			return w.put("entity.mpd", fmt.Sprintf(`<!DOCTYPE m [<!ENTITY a "%s"><!ENTITY b SYSTEM "file://%s/secret.ts">]><MPD><BaseURL>&a;&b;%d</BaseURL></MPD>`,
				strings.Repeat("&a;", 100), w.Outside, n))
		}},
	}
}

func dashTemplate(attributes, timeline string) string {
	return `<MPD type="dynamic"><Period><AdaptationSet><SegmentTemplate ` + attributes + `><SegmentTimeline>` + timeline +
		`</SegmentTimeline></SegmentTemplate><Representation id="1"/><Representation id="2"/></AdaptationSet></Period></MPD>`
}

// playlistAttacks are playlists that are long, many, or name what is not there.
func playlistAttacks() []hostile {
	return []hostile{
		{"event without an end", 4, 4 * time.Second, func(w *intruder, n int) error {
			const step = 200
			if n == 0 {
				if err := w.put("e.ts", "segment of an event"); err != nil {
					return err
				}
			}
			text := strings.Builder{}
			text.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:EVENT\n")
			for i := range (n + 1) * step {
				fmt.Fprintf(&text, "#EXTINF:2,\n%s?%d\n", w.name("e.ts"), i)
			}
			return w.put("event.m3u8", text.String())
		}},
		{"event that waits", 4, 4 * time.Second, func(w *intruder, n int) error {
			return w.put("waits.m3u8", media(series(w.name("never"), 0, (n+1)*300)...))
		}},
		{"one large playlist under many names", 2, 6 * time.Second, func(w *intruder, n int) error {
			if n == 0 {
				return w.put("large.m3u8", "#EXTM3U\n#"+strings.Repeat("large playlist. ", 31<<20/16)+"\n")
			}
			return os.Link(w.path("large.m3u8"), w.path(fmt.Sprintf("large%d.m3u8", n)))
		}},
		{"multivariant playlist of thousands", 4, 8 * time.Second, func(w *intruder, n int) error {
			text := strings.Builder{}
			text.WriteString("#EXTM3U\n")
			for i := range 5_000 {
				fmt.Fprintf(&text, "#EXT-X-STREAM-INF:BANDWIDTH=1\nv%d-%d.m3u8\n", n, i)
			}
			return w.put("all.m3u8", text.String())
		}},
		{"ever new names", 8, time.Second, func(w *intruder, n int) error {
			return w.put(fmt.Sprintf("l%d.m3u8", n%200), media(fmt.Sprintf("new%d.ts", n)))
		}},
		{"playlists that name each other", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			one, other := fmt.Sprintf("a%d.m3u8", n%50), fmt.Sprintf("b%d.m3u8", n%50)
			if err := w.put(one, multivariant(w.name(other), w.name(one))); err != nil {
				return err
			}
			return w.put(other, multivariant(w.name(one)))
		}},
		{"playlists on segments' lines", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			return w.put(fmt.Sprintf("chain%d.m3u8", n%100), media(w.name(fmt.Sprintf("chain%d.m3u8", (n+1)%100)), "x.mpd"))
		}},
		{"names from outside", 4, 2 * time.Second, func(w *intruder, n int) error {
			return w.put("out.m3u8", media([]string{
				"../../../../../../etc/passwd", "%2e%2e/%2e%2e/secret.ts", "/etc/passwd", "file:///etc/passwd", w.Outside + "/secret.ts",
				"../.hlsship/lock", ".hlsship/began", "a//b.ts", "a%2fb.ts", "%00.ts",
			}[n%10]))
		}},
		{"segments of the honest stream", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			names := series("honest-", n*4, 40)
			if w.prefix == "" {
				names = append(series("../honest/", n*4, 40), series("../honest-", n*4, 40)...)
			}
			return w.put(fmt.Sprintf("theirs%d.m3u8", n%100), media(names...))
		}},
		{"numbers", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			if err := w.put("n.ts", fmt.Sprint("segment ", n/3)); err != nil {
				return err
			}
			sequence := []string{"0", "4000000000", "18446744073709551615", "-1", fmt.Sprint(n * 1_000_000), "1"}[n%6]
			return w.put("numbers.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:"+[]string{"864000", "99999999999999999999", "0"}[n%3]+"\n#EXT-X-MEDIA-SEQUENCE:"+sequence+
				"\n#EXTINF:9999999999,\n#EXT-X-BYTERANGE:9223372036854775807@9223372036854775807\n"+w.name("n.ts")+"\n#EXTINF:2,\n"+w.name("n.ts")+"\n")
		}},
		{"variables that double", 4, 2 * time.Second, func(w *intruder, n int) error {
			text := strings.Builder{}
			fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME=\"a0\",VALUE=\"%d-0123456789\"\n", n)
			for i := range 40 {
				fmt.Fprintf(&text, "#EXT-X-DEFINE:NAME=\"a%d\",VALUE=\"{$a%d}{$a%d}\"\n", i+1, i, i)
			}
			return w.put("double.m3u8", text.String()+"#EXTINF:2,\n{$a40}.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"{$a39}\"\n")
		}},
		{"many small segments at once", 2, 16 * time.Second, func(w *intruder, n int) error {
			const burst = 300
			names := series(w.name("s"), n*burst, burst)
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(w.dir, name), []byte(name), 0o666); err != nil {
					return err
				}
			}
			for _, old := range series(w.name("s"), (n-1)*burst, burst) {
				if err := fine(os.Remove(filepath.Join(w.dir, old)), fs.ErrNotExist); err != nil {
					return err
				}
			}
			return w.put("burst.m3u8", media(names...))
		}},
		{"rewritten in place", 4, 1200 * time.Millisecond, func(w *intruder, n int) error {
			list := media(w.name("t.ts"))
			for name, content := range map[string]string{"t.ts": strings.Repeat("t", 10_000+n%100), "t.m3u8": list} {
				f, err := os.OpenFile(w.path(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o666)
				if err != nil {
					return err
				}
				w.hold(f, 4)
				if _, err := f.WriteString(content[:len(content)*(n%4+1)/4]); err != nil {
					return err
				}
			}
			return fine(os.Truncate(w.path("t.ts"), int64(n%3)*100), fs.ErrNotExist)
		}},
	}
}

// series returns names of segments.
func series(prefix string, from, count int) []string {
	var names []string
	for i := max(from, 0); i < from+count; i++ {
		names = append(names, fmt.Sprintf("%s%d.ts", prefix, i))
	}
	return names
}

// media returns a media playlist.
func media(names ...string) string {
	return "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + strings.Join(names, "\n#EXTINF:2,\n") + "\n"
}

// multivariant returns a multivariant playlist.
func multivariant(names ...string) string {
	return "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + strings.Join(names, "\n#EXT-X-STREAM-INF:BANDWIDTH=1\n") + "\n"
}

// serverAttacks are connections to the HTTP server.
func serverAttacks() []hostile {
	return []hostile{
		{"idle connections", 4, time.Second, func(w *intruder, _ int) error {
			for range 20 {
				c, err := w.dial()
				if err != nil {
					return err
				}
				if _, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
					_ = c.Close()
					continue // it was refused
				}
				w.hold(c, 400)
			}
			return nil
		}},
		{"slow requests", 4, time.Second, func(w *intruder, _ int) error {
			for _, c := range w.open {
				if f, ok := c.(interface{ Write([]byte) (int, error) }); ok {
					_, _ = f.Write([]byte("G")) // it may have been closed
				}
			}
			c, err := w.dial()
			if err != nil {
				return err
			}
			w.hold(c, 100)
			return nil
		}},
	}
}

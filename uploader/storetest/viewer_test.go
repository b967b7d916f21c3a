package storetest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stage is a Viewer with words for what packagers and uploaders do. Content of a file is one word.
type stage struct {
	*Viewer
}

func (s stage) finish(files ...string) {
	for _, f := range files {
		name, content, _ := strings.Cut(f, "=")
		s.Finished(name, []byte(content))
	}
}

func (s stage) put(files ...string) {
	for _, f := range files {
		name, content, _ := strings.Cut(f, "=")
		s.Changed("live/"+name, []byte(content))
	}
}

func (s stage) publish(name, text string) { s.Changed("live/"+name, []byte(text)) }

func (s stage) list(name, text string, next ...string) { s.Listed(name, []byte(text), next...) }

// ship finishes, lists and stores in the order that is always right.
func (s stage) ship(text string, files ...string) {
	s.finish(files...)
	s.list("index.m3u8", text)
	s.put(files...)
	s.publish("index.m3u8", text)
}

// media returns a media playlist of these lines; a line without # is a segment's.
func media(lines ...string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:1\n")
	for _, l := range lines {
		if !strings.HasPrefix(l, "#") {
			b.WriteString("#EXTINF:1,\n")
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

func multivariant(names ...string) string {
	text := "#EXTM3U\n"
	for _, n := range names {
		text += "#EXT-X-STREAM-INF:BANDWIDTH=300000\n" + n + "\n"
	}
	return text
}

const (
	initMap = `#EXT-X-MAP:URI="init.mp4"`
	endlist = "#EXT-X-ENDLIST"
)

func seq(n int) string { return fmt.Sprintf("#EXT-X-MEDIA-SEQUENCE:%d", n) }

type scene struct {
	name string
	play func(s stage)
	want []Rule
}

func playScenes(t *testing.T, scenes []scene) {
	t.Helper()
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := NewViewer("live/")
				c.play(stage{v})
				got := v.Violations()
				var rules []Rule
				for _, b := range got {
					rules = append(rules, b.Rule)
				}
				if fmt.Sprint(rules) != fmt.Sprint(c.want) {
					t.Errorf("got %v, want %v", rules, c.want)
					for _, b := range got {
						t.Log(b)
					}
				}
			})
		})
	}
}

func TestViewerPlaylistFirst(t *testing.T) {
	t.Parallel()
	playScenes(t, []scene{
		{"segment after its playlist", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts"))
			s.publish("index.m3u8", media("a.ts"))
			s.put("a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"segment before its playlist", func(s stage) { s.ship(media("a.ts"), "a.ts=1") }, nil},
		{"init section missing", func(s stage) {
			s.finish("a.m4s=1", "init.mp4=i")
			s.list("index.m3u8", media(initMap, "a.m4s"))
			s.put("a.m4s=1")
			s.publish("index.m3u8", media(initMap, "a.m4s"))
		}, []Rule{RulePlaylistFirst}},
		{"key missing", func(s stage) {
			text := media(`#EXT-X-KEY:METHOD=AES-128,URI="k.key"`, "a.ts")
			s.finish("a.ts=1", "k.key=k")
			s.list("index.m3u8", text)
			s.put("a.ts=1")
			s.publish("index.m3u8", text)
		}, []Rule{RulePlaylistFirst}},
		{"key elsewhere", func(s stage) {
			s.ship(media(`#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/k"`, "a.ts"), "a.ts=1")
		}, nil},
		{"named segment removed", func(s stage) {
			s.ship(media("a.ts"), "a.ts=1")
			s.Removed("live/a.ts")
		}, []Rule{RulePlaylistFirst}},
		{"dropped segment removed", func(s stage) {
			s.ship(media("a.ts"), "a.ts=1")
			s.ship(media(seq(1), "b.ts"), "b.ts=2")
			s.Removed("live/a.ts")
		}, nil},
		{"gap and preload hint not stored", func(s stage) {
			s.ship(media("#EXT-X-GAP", "gone.ts", "a.ts", `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="b.ts"`), "a.ts=1")
		}, nil},
		{"multivariant before its media playlist", func(s stage) {
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.publish("main.m3u8", multivariant("index.m3u8"))
			s.ship(media("a.ts"), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"multivariant after any version of its media playlist", func(s stage) {
			s.ship(media("a.ts"), "a.ts=1")
			s.list("index.m3u8", media("a.ts", "b.ts"))
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.publish("main.m3u8", multivariant("index.m3u8"))
		}, nil},
		{"media playlist removed under its multivariant", func(s stage) {
			s.ship(media("a.ts"), "a.ts=1")
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.publish("main.m3u8", multivariant("index.m3u8"))
			s.Removed("live/index.m3u8")
		}, []Rule{RulePlaylistFirst}},
		{"rendition reports name one another", func(s stage) {
			s.ship(media("a.ts", `#EXT-X-RENDITION-REPORT:URI="lo.m3u8"`), "a.ts=1")
		}, nil},
		{"range not stored yet", func(s stage) {
			text := media("#EXT-X-BYTERANGE:2@2", "all.ts")
			s.Grown("all.ts", []byte("1122"))
			s.list("index.m3u8", text)
			s.put("all.ts=112")
			s.publish("index.m3u8", text)
		}, []Rule{RulePlaylistFirst}},
		{"range stored while the file grows", func(s stage) {
			one, two := media("#EXT-X-BYTERANGE:2@0", "all.ts"), media("#EXT-X-BYTERANGE:2@0", "all.ts", "#EXT-X-BYTERANGE:2@2", "all.ts")
			s.Grown("all.ts", []byte("11"))
			s.list("index.m3u8", one)
			s.put("all.ts=11")
			s.publish("index.m3u8", one)
			s.Grown("all.ts", []byte("1122"))
			s.list("index.m3u8", two)
			s.put("all.ts=1122")
			s.publish("index.m3u8", two)
			s.Finished("all.ts", []byte("112233"))
			s.put("all.ts=112233")
			s.Finale()
		}, nil},
		{"two lists of a file that grows, and the one is behind", func(s stage) {
			one, two := media("#EXT-X-BYTERANGE:2@0", "all.ts"), media("#EXT-X-BYTERANGE:2@0", "all.ts", "#EXT-X-BYTERANGE:2@2", "all.ts")
			s.Grown("all.ts", []byte("1122"))
			s.list("index.m3u8", two)
			s.Grown("all.ts", []byte("11"))
			s.list("behind.m3u8", one)
			s.put("all.ts=1122")
			s.publish("behind.m3u8", one)
			s.publish("index.m3u8", two)
			s.Finale()
		}, nil},
		{"growing object shrinks below a range", func(s stage) {
			two := media("#EXT-X-BYTERANGE:4@0", "all.ts")
			s.Grown("all.ts", []byte("1122"))
			s.list("index.m3u8", two)
			s.put("all.ts=1122")
			s.publish("index.m3u8", two)
			s.put("all.ts=11")
		}, []Rule{RuleOverwritten}},
		{"range past the end for ever", func(s stage) {
			s.ship(media("#EXT-X-BYTERANGE:100@50", "a.ts"), "a.ts=short")
		}, nil},
		{"other prefixes are ignored", func(s stage) {
			s.Changed("elsewhere/index.m3u8", []byte(media("a.ts")))
		}, nil},
	})
}

func TestViewerPlaylistBytes(t *testing.T) {
	t.Parallel()
	a, b := media("a.ts"), media("a.ts", "b.ts")
	playScenes(t, []scene{
		{"half a playlist", func(s stage) {
			s.ship(a, "a.ts=1")
			s.publish("index.m3u8", a[:len(a)-2])
		}, []Rule{RuleTornPlaylist}},
		{"a playlist rewritten by the uploader", func(s stage) {
			s.ship(a, "a.ts=1")
			s.publish("index.m3u8", a+endlist)
		}, []Rule{RuleTornPlaylist}},
		{"a playlist that was never listed", func(s stage) {
			s.finish("a.ts=1")
			s.AllowUnnamed = true
			s.put("a.ts=1")
			s.publish("index.m3u8", a)
		}, []Rule{RuleTornPlaylist}},
		{"an empty playlist", func(s stage) {
			s.list("index.m3u8", "")
			s.publish("index.m3u8", "")
		}, []Rule{RuleTornPlaylist}},
		{"CRLF and no final newline", func(s stage) { s.ship("#EXTM3U\r\n#EXTINF:1,\r\na.ts", "a.ts=1") }, nil},
		{"back to the version before", func(s stage) {
			s.ship(a, "a.ts=1")
			s.ship(b, "b.ts=2")
			s.publish("index.m3u8", a)
		}, []Rule{RuleOlderPlaylist}},
		{"back by way of nothing", func(s stage) {
			s.ship(a, "a.ts=1")
			s.ship(b, "b.ts=2")
			s.Removed("live/index.m3u8")
			s.publish("index.m3u8", a)
		}, []Rule{RuleOlderPlaylist}},
		{"a version skipped", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			s.ship(media("b.ts", "c.ts"), "c.ts=3")
		}, nil},
		{"the same bytes once more", func(s stage) {
			s.ship(a, "a.ts=1")
			s.publish("index.m3u8", a)
		}, nil},
		{"bytes that were listed before and again", func(s stage) {
			s.ship(a, "a.ts=1")
			s.ship(b, "b.ts=2")
			s.list("index.m3u8", a)
			s.publish("index.m3u8", a)
		}, nil},
	})
}

func TestViewerSegmentBytes(t *testing.T) {
	t.Parallel()
	playScenes(t, []scene{
		{"half a segment", func(s stage) {
			s.finish("a.ts=whole")
			s.list("index.m3u8", media("a.ts"))
			s.put("a.ts=who")
			s.publish("index.m3u8", media("a.ts"))
		}, []Rule{RuleHalfSegment, RuleWrongVersion}},
		{"a temporary file", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts"))
			s.put("a.ts.tmp=1")
		}, []Rule{RuleHalfSegment}},
		{"a temporary playlist", func(s stage) {
			s.list("index.m3u8", media("a.ts"))
			s.publish("index.m3u8.tmp", media("a.ts"))
		}, []Rule{RuleHalfSegment}},
		{"a segment before any playlist names it", func(s stage) {
			s.finish("a.ts=1")
			s.put("a.ts=1")
			s.list("index.m3u8", media("a.ts"))
		}, []Rule{RuleNeverNamed}},
		{"a segment that was named before it was finished", func(s stage) {
			s.list("index.m3u8", media("a.ts"))
			s.finish("a.ts=1")
			s.put("a.ts=1")
		}, nil},
		{"a segment that was dropped long ago", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts"))
			s.list("index.m3u8", media(seq(1), "b.ts"))
			s.put("a.ts=1")
		}, nil},
		{"what a killed packager left under a name of the past", func(s stage) {
			s.ship(media("a.ts"), "a.ts=1")
			s.ship(media(seq(1), "b.ts"), "b.ts=2")
			s.finish("a.ts=half")
			time.Sleep(time.Hour)
			s.put("a.ts=half")
		}, []Rule{RuleNeverNamed}},
		{"unnamed but allowed", func(s stage) {
			s.AllowUnnamed = true
			s.finish("thumb.jpg=1")
			s.put("thumb.jpg=1")
		}, nil},
		{"unread and unnamed", func(s stage) { s.ChangedUnread("live/a.ts") }, []Rule{RuleNeverNamed}},
		{"unread and named", func(s stage) {
			s.list("index.m3u8", media("a.ts"))
			s.ChangedUnread("live/a.ts")
			s.publish("index.m3u8", media("a.ts"))
		}, nil},
	})
}

func TestViewerEnd(t *testing.T) {
	t.Parallel()
	a, b := media("a.ts"), media("a.ts", "b.ts")
	playScenes(t, []scene{
		{"ready and not published", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Standing(time.Now(), 4*time.Second)
		}, []Rule{RuleEdgeStandsStill}},
		{"ready for less than the limit", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			time.Sleep(5 * time.Second)
			s.put("b.ts=2")
			time.Sleep(4 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
		}, nil},
		{"not ready", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			time.Sleep(time.Hour)
			s.Standing(time.Now(), 4*time.Second)
		}, nil},
		{"an older one was ready, a newer one is published", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			s.ship(media("b.ts", "c.ts"), "c.ts=3")
			time.Sleep(time.Hour)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"multivariant ready and not published", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("main.m3u8", multivariant("index.m3u8"))
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
		}, []Rule{RuleEdgeStandsStill}},
		{"last playlist not published", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("index.m3u8", a+endlist)
			s.Finale()
		}, []Rule{RuleUnpublished}},
		{"last playlist names what never came", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("index.m3u8", b)
			s.Finale()
		}, nil},
		{"last playlist names what was lost", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.Lost("b.ts")
			s.Finale()
		}, nil},
		{"a segment that was dropped was never stored", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.ship(media(seq(1), "b.ts"), "b.ts=2")
			s.Finale()
		}, []Rule{RuleUnstored}},
		{"a lost segment was never stored", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.ship(media(seq(1), "b.ts"), "b.ts=2")
			s.Lost("a.ts")
			s.Finale()
		}, nil},
		{"a segment that others removed and nothing names any more", func(s stage) {
			s.ship(a, "a.ts=1")
			s.ship(media(seq(1), "b.ts"), "b.ts=2")
			s.Removed("live/a.ts")
			s.Finale()
		}, nil},
		{"a bucket that is empty and stays so", func(s stage) {
			s.ship(a, "a.ts=1")
			s.Removed("live/index.m3u8")
			s.Removed("live/a.ts")
			s.Finale()
		}, []Rule{RuleUnpublished}},
		{"a bucket that is empty and a segment that is deleted here too", func(s stage) {
			s.ship(a, "a.ts=1")
			s.Removed("live/index.m3u8")
			s.Removed("live/a.ts")
			s.Deleted("a.ts")
			s.Finale()
		}, nil},
		{"a bucket that is empty and a playlist that is deleted here too", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.publish("main.m3u8", multivariant("index.m3u8"))
			s.Removed("live/main.m3u8")
			s.Removed("live/index.m3u8")
			s.Deleted("main.m3u8")
			s.publish("index.m3u8", a)
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"deleted here, of which the newest version was never there", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			s.Removed("live/index.m3u8")
			s.Deleted("index.m3u8")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"a bucket that is empty and a newer version that cannot be", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.Removed("live/index.m3u8")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"a bucket that is empty, and a newer version comes that cannot be", func(s stage) {
			s.ship(a, "a.ts=1")
			s.Removed("live/index.m3u8")
			s.list("index.m3u8", media("a.ts", "never.ts"))
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"a bucket that is empty, and a newer version comes that can be", func(s stage) {
			s.ship(a, "a.ts=1")
			s.Removed("live/index.m3u8")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"a bucket that is empty, and two newer versions of which one can be", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.list("index.m3u8", media("b.ts", "never.ts"))
			s.Removed("live/index.m3u8")
			s.put("b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"deleted here and written again", func(s stage) {
			s.ship(a, "a.ts=1")
			s.Removed("live/index.m3u8")
			s.Deleted("index.m3u8")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.put("b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"a media playlist that is deleted, and the one that names it", func(s stage) {
			s.ship(a, "a.ts=1")
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.publish("main.m3u8", multivariant("index.m3u8"))
			s.Removed("live/main.m3u8")
			s.Removed("live/index.m3u8")
			s.Deleted("index.m3u8")
			s.Finale()
		}, nil},
		{"older than the newest when the uploader began anew", func(s stage) {
			s.finish("a.ts=1", "b.ts=2")
			s.list("index.m3u8", a)
			s.list("index.m3u8", media("a.ts", "b.ts", "never.ts"))
			s.Restarted()
			s.put("a.ts=1", "b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"older than the newest when the uploader began anew, over what is published", func(s stage) {
			s.ship(a, "a.ts=1")
			s.finish("b.ts=2")
			s.list("index.m3u8", b)
			s.list("index.m3u8", media("b.ts", "never.ts"))
			s.Restarted()
			s.put("b.ts=2")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"the newest when the uploader began anew", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.Restarted()
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"the newest when the uploader began anew, and a newer one within settle", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.Restarted()
			time.Sleep(DefaultSettle - 1)
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"the newest when the uploader began anew, and a newer one later", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.Restarted()
			time.Sleep(DefaultSettle)
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"the newest when the uploader began anew, which heard late of it, and a newer one when it might have settled", func(s stage) {
			s.Late = 100 * time.Millisecond
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.Restarted()
			time.Sleep(DefaultSettle + s.Late - 1)
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, nil},
		{"so, and a newer one later", func(s stage) {
			s.Late = 100 * time.Millisecond
			s.finish("a.ts=1")
			s.list("index.m3u8", a)
			s.Restarted()
			time.Sleep(DefaultSettle + s.Late)
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"the second after the uploader began anew", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts", "never.ts"))
			s.Restarted()
			s.list("index.m3u8", a)
			s.list("index.m3u8", media("a.ts", "never.ts", "nor.ts"))
			s.put("a.ts=1")
			time.Sleep(5 * time.Second)
			s.Standing(time.Now(), 4*time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"never named, never stored", func(s stage) {
			s.finish("x.ts=0")
			s.ship(a, "a.ts=1")
			s.Finale()
		}, nil},
		{"multivariant of media playlists that cannot be", func(s stage) {
			s.list("main.m3u8", multivariant("index.m3u8"))
			s.list("index.m3u8", a)
			s.Finale()
		}, nil},
	})
}

func TestViewerGrace(t *testing.T) {
	t.Parallel()
	text := media("a.ts")
	late := func(wait time.Duration) func(s stage) {
		return func(s stage) {
			s.Grace = 500 * time.Millisecond
			s.put("a.ts=1")
			s.publish("index.m3u8", text)
			time.Sleep(wait)
			s.finish("a.ts=1")
			s.list("index.m3u8", text)
			s.Finale()
		}
	}
	playScenes(t, []scene{
		{"the truth comes a moment late", late(100 * time.Millisecond), nil},
		{"the truth comes too late", late(time.Second), []Rule{RuleHalfSegment, RuleTornPlaylist, RuleUnpublished, RuleUnstored}},
		{"the truth never comes", func(s stage) {
			s.Grace = 500 * time.Millisecond
			s.ship(text, "a.ts=1")
			s.put("a.ts=2")
			if got := s.Violations(); len(got) > 0 {
				s.Lost("judged before its time") // makes nothing right; the want below fails
				s.Removed("live/a.ts")
			}
			time.Sleep(500 * time.Millisecond)
		}, []Rule{RuleHalfSegment, RuleOverwritten}},
		{"named milliseconds before the new bytes, the old are shown", func(s stage) {
			s.Grace = 500 * time.Millisecond
			s.ship(media("a.ts", endlist), "a.ts=1")
			time.Sleep(time.Second)
			s.list("index.m3u8", text)
			time.Sleep(14 * time.Millisecond)
			s.finish("a.ts=2")
			s.put("a.ts=2")
			s.publish("index.m3u8", text)
			s.Finale()
		}, nil},
		{"another run grows to the bytes of the one before, told late", regrows(100*time.Millisecond, "1122"), nil},
		{"another run begins with the bytes of the one before, told late", regrows(100*time.Millisecond, "11"), nil},
		{"the bytes of the run before, and nothing is told in time", regrows(time.Second, "1122"), []Rule{RuleOverwritten, RuleTornPlaylist, RuleUnpublished, RuleUnstored}},
		{"bytes that come back, told late", func(s stage) {
			s.Grace = 500 * time.Millisecond
			s.ship(media("a.ts", "# run 1"), "a.ts=1")
			s.ship(media("a.ts", "# run 2"), "a.ts=2")
			time.Sleep(time.Second)
			s.put("a.ts=1")
			s.publish("index.m3u8", text)
			time.Sleep(100 * time.Millisecond)
			s.finish("a.ts=1")
			s.list("index.m3u8", text)
			s.Finale()
		}, nil},
	})
}

// regrows has a run that was killed written over by one with the same bytes, which the store holds as far as size goes before that is told,
// by wait.
func regrows(wait time.Duration, size string) func(s stage) {
	list := func(run, count int) string {
		lines := []string{fmt.Sprintf("# run %d", run)}
		for n := range count {
			lines = append(lines, fmt.Sprintf("#EXT-X-BYTERANGE:2@%d", 2*n), "all.ts")
		}
		return media(lines...)
	}
	return func(s stage) {
		s.Grace = 500 * time.Millisecond
		s.Grown("all.ts", []byte("1122"))
		s.list("index.m3u8", list(1, 2))
		s.put("all.ts=1122")
		s.publish("index.m3u8", list(1, 2))
		s.Finished("all.ts", []byte("1122"))
		time.Sleep(time.Second)
		if size == "1122" {
			s.Grown("all.ts", []byte("11"))
			s.list("index.m3u8", list(2, 1))
			s.put("all.ts=11")
			s.publish("index.m3u8", list(2, 1))
		}
		s.put("all.ts=" + size)
		s.publish("index.m3u8", list(2, len(size)/2))
		time.Sleep(wait)
		s.Grown("all.ts", []byte(size))
		s.list("index.m3u8", list(2, len(size)/2))
		s.Finale()
	}
}

// What a benchmark and a model test read of a run.
func TestViewerListings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := stage{NewViewer("live/")}
		s.ship(media("a.ts"), "a.ts=1")
		s.finish("b.ts=2")
		s.list("index.m3u8", media("a.ts", "b.ts"))
		time.Sleep(time.Second)
		s.finish("c.ts=3")
		s.list("index.m3u8", media("b.ts", "c.ts"))
		s.put("c.ts=3")
		time.Sleep(time.Second)
		s.publish("index.m3u8", media("b.ts", "c.ts"))
		after := func(d int) time.Time { return start.Add(time.Duration(d) * time.Second) }
		want := []Listing{
			{Path: "index.m3u8", Number: 1, Listed: after(0), Published: after(0), Passed: after(0)},
			{Path: "index.m3u8", Number: 2, Listed: after(0), Passed: after(2)},
			{Path: "index.m3u8", Number: 3, Listed: after(1), Published: after(2), Passed: after(2), Unsafe: true},
		}
		if got := s.Listings(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if got, want := s.Counts(), (Counts{Finished: 3, Listed: 3, Changes: 4, Publications: 2, Unsafe: 1}); got != want {
			t.Errorf("counts: got %+v, want %+v", got, want)
		}
		if n, ok := s.Published("index.m3u8"); n != 3 || !ok {
			t.Errorf("published: got %d, %t, want 3, true", n, ok)
		}
		line := "playlist first: live/index.m3u8 was published and names live/b.ts, which is not stored"
		if got := fmt.Sprint(s.Violations()); !strings.Contains(got, line) {
			t.Errorf("got %s, want %s", got, line)
		}
	})
}

// BenchmarkViewer is a run of 300 segments with an honest uploader that is six playlists late.
func BenchmarkViewer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := stage{NewViewer("live/")}
		for i := range 300 {
			name := fmt.Sprintf("seg%d.ts", i)
			s.finish(name + "=x")
			s.list("index.m3u8", window(i))
			if late := i - 6; late >= 0 {
				s.put(fmt.Sprintf("seg%d.ts=x", late))
				s.publish("index.m3u8", window(late))
			}
		}
		if got := s.Violations(); len(got) > 0 {
			b.Fatal(got[0])
		}
	}
}

// window returns the playlist of the six segments up to last.
func window(last int) string {
	first := max(0, last-5)
	lines := []string{seq(first)}
	for i := first; i <= last; i++ {
		lines = append(lines, fmt.Sprintf("seg%d.ts", i))
	}
	return media(lines...)
}

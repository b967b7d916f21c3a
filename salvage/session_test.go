package salvage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

func TestLive(t *testing.T) {
	t.Parallel()
	const other = "20261130T020000Z"
	list := func(end string, sessions ...string) string {
		text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
		for i, s := range sessions {
			text += fmt.Sprintf("#EXTINF:2,\n../%s/v0/%d.ts\n", s, i)
		}
		return text + end
	}
	const ended = "#EXT-X-ENDLIST\n"
	for _, tt := range []struct {
		name, published string
		age, media      time.Duration // 0 for what the store does not date
		want            string
	}{
		{"the last one of a list", list("", other, session), 3 * time.Second, time.Hour, "v0/i.m3u8 goes on in it and was published 3s ago"},
		{"the one before", list("", session, other), 3 * time.Second, time.Hour, ""},
		{"a list that ended", list(ended, session), 3 * time.Second, time.Hour, ""},
		{"a list that is silent", list("", session), 65 * time.Second, time.Hour, ""},
		{"a list that is about to be", list("", session), 63 * time.Second, time.Hour, "v0/i.m3u8 goes on in it and was published 1m3s ago"},
		{"a list without a date", list("", session), 0, time.Hour, "v0/i.m3u8 goes on in it, and the store does not say since when it is silent"},
		{"media that came a moment ago", list(ended, session), time.Hour, 2 * time.Second, "its newest file was stored 2s ago"},
		{"a multivariant playlist", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n../" + session + "/i.m3u8\n", time.Second, time.Hour, ""},
		{"a clock that is ahead", list("", session), -time.Minute, time.Hour, "v0/i.m3u8 goes on in it and was published 0s ago"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := func(age time.Duration) (x time.Time) {
				if age == 0 {
					return x
				}
				return now().Add(-age)
			}
			s := New(session)
			for _, path := range []string{"v0/0.ts", "session.json", ".index/v0/i.m3u8/000000"} {
				modified := now() // of what another one stored who closes sessions
				if path == "v0/0.ts" {
					modified = at(tt.media)
				}
				if err := s.Listed(path, store.Info{Size: 1, Modified: modified}); err != nil {
					t.Fatal(err)
				}
			}
			p, err := ReadPublished("v0/i.m3u8", []byte(tt.published), at(tt.age))
			if err != nil {
				t.Fatal(err)
			}
			s.Heard(p)
			if got := s.Live(now(), time.Minute); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	list := func(names ...string) string {
		text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
		for _, n := range names {
			text += "#EXTINF:2,\n" + n + ".ts\n"
		}
		return text + "#EXT-X-ENDLIST\n"
	}
	const master, pruned = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb.m3u8\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"
	summary := func(when, segments string) string {
		return `{"version": 1, "why": "drain", "when": "` + when + `", "segments": ` + segments + `}`
	}
	for _, tt := range []struct {
		name  string
		files []string // path, what is to be stored, what is
		want  string
	}{
		{"nothing is there", []string{"a.m3u8", list("0"), "", "m.m3u8", master, "", "session.json", summary("2026-11-30T01:00:00Z", "1"), ""}, "put put put"},
		{"all is there", []string{"a.m3u8", list("0"), list("0"), "m.m3u8", master, master, "session.json", summary("2026-11-30T01:00:00Z", "1"), summary("2026-11-30T02:00:00Z", "1")}, "keep keep keep"},
		{"it became longer", []string{"a.m3u8", list("0", "1"), list("0"), "m.m3u8", master, pruned, "session.json", summary("2026-11-30T01:00:00Z", "2"), summary("2026-11-30T02:00:00Z", "1")}, "replace replace replace"},
		{"less is known now", []string{"a.m3u8", list("1"), list("0", "1"), "m.m3u8", pruned, master, "session.json", summary("2026-11-30T01:00:00Z", "1"), summary("2026-11-30T02:00:00Z", "2")}, "keep keep keep"},
		{"something else is there", []string{"a.m3u8", list("0"), list("9")}, "refuse"},
		{"no list is there", []string{"a.m3u8", list("0"), "x"}, "refuse"},
		{"the summary says something else", []string{"a.m3u8", list("0"), list("0"), "session.json", summary("2026-11-30T01:00:00Z", "1"), summary("2026-11-30T02:00:00Z", "3")}, "keep replace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var j Judge
			var acts []string
			for i := 0; i < len(tt.files); i += 3 {
				var is []byte
				if tt.files[i+2] != "" {
					is = []byte(tt.files[i+2])
				}
				acts = append(acts, string(j.Act(recording.File{Path: tt.files[i], Text: []byte(tt.files[i+1])}, is)))
			}
			if got := strings.Join(acts, " "); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestNewerIndex(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a chunk": "#EXTM3U\n## hlsship index 2\n#EXTINF:2,\na.ts\n##end 1\n", "a bundle": "## hlsship chunks 2 0 1\n"} {
		s := New(session)
		if err := s.Listed(".index/a.m3u8/000001", store.Info{Size: 1}); err != nil {
			t.Fatal(err)
		}
		if err := s.Read(s.Chunks()[0], []byte(text)); !errors.Is(err, recording.ErrVersion) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestStrangeNames: what stands in the name of a chunk may lead anywhere.
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	s := New(session)
	for _, list := range []string{"../../x.m3u8", "/x.m3u8", "a//x.m3u8", "a/../x.m3u8", ".index/x.m3u8", "session.json", "./x.m3u8", "x.ts", "v0/good.m3u8"} {
		if err := s.Listed(".index/"+list+"/000000", store.Info{Size: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Chunks(); len(got) != 1 || got[0] != ".index/v0/good.m3u8/000000" {
		t.Errorf("got %q", got)
	}
}

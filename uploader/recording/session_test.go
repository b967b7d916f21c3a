package recording

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// lists records so many segments of two seconds of each list, by its path: "v0/i.m3u8 10" and, of one that begins 4 s later, "v0/i.m3u8 8 4".
func lists(t *testing.T, all ...string) map[string]*Recording {
	t.Helper()
	out := make(map[string]*Recording)
	for _, one := range all {
		var path string
		var n, late int
		if _, err := fmt.Sscanf(one+" 0", "%s %d %d", &path, &n, &late); err != nil {
			t.Fatal(err)
		}
		segments := []string{"#EXT-X-PROGRAM-DATE-TIME:" + at(late).Format(time.RFC3339)}
		for i := range n {
			segments = append(segments, seg(fmt.Sprintf("%d.ts", i)))
		}
		out[path] = recorded(t, path, Facts{}, text(0, segments...))
	}
	return out
}

func variant(uri string, attributes ...string) string {
	return "#EXT-X-STREAM-INF:" + strings.Join(append([]string{"BANDWIDTH=1"}, attributes...), ",") + "\n" + uri + "\n"
}

func group(kind, name, uri string) string {
	return fmt.Sprintf("#EXT-X-MEDIA:TYPE=%s,GROUP-ID=%q,NAME=%q,URI=%q\n", kind, name, uri, uri)
}

func TestSession(t *testing.T) {
	t.Parallel()
	const audio, video = `AUDIO="a"`, `VIDEO="v"`
	for _, tt := range []struct {
		name    string
		lists   []string // with how many segments each
		masters map[string]string
		lost    string // what is not stored has this in its path
		want    string // the files
		lengths string // the segments of the lists that are closed
		text    string // of master.m3u8, if it is not as it was
		without string
		refused string
	}{
		{
			name: "two renditions", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 10"}, masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + variant("v1/i.m3u8")},
			want: "v0/i.m3u8 v1/i.m3u8 master.m3u8 session.json", lengths: "10 10",
		},
		{
			name: "one that is cut at both ends", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 7 4"}, masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + variant("v1/i.m3u8")},
			want: "v0/i.m3u8 v1/i.m3u8 master.m3u8 session.json", lengths: "7 7",
		},
		{
			name: "what nothing connects is not cut", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 7 4"},
			want: "v0/i.m3u8 v1/i.m3u8 session.json", lengths: "10 7",
		},
		{
			name: "audio alone", lists: []string{"radio.m3u8 3"},
			want: "radio.m3u8 session.json", lengths: "3",
		},
		{
			name: "several multivariants", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 10", "v2/i.m3u8 8"},
			masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + variant("v1/i.m3u8"), "d/low.m3u8": variant("../v1/i.m3u8") + variant("../v2/i.m3u8")},
			want:    "v0/i.m3u8 v1/i.m3u8 v2/i.m3u8 d/low.m3u8 master.m3u8 session.json", lengths: "8 8 8",
		},
		{
			name: "a rendition of which nothing is stored", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 10"}, masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + "#EXT-X-X:1\n" + variant("v1/i.m3u8")}, lost: "v1/",
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: variant("v0/i.m3u8") + "#EXT-X-X:1\n", without: "v1/i.m3u8",
		},
		{
			name: "a rendition that was not recorded, and one of another host", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": variant("v1/i.m3u8") + variant("https://backup/v0/i.m3u8") + variant("/v0/i.m3u8") + variant("../v0/i.m3u8") + variant("v0/i.m3u8")},
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: variant("v0/i.m3u8"), without: "../v0/i.m3u8 /v0/i.m3u8 https://backup/v0/i.m3u8 v1/i.m3u8",
		},
		{
			name: "a group of audio of which nothing is stored", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 10", "a/i.m3u8 10"}, masters: map[string]string{"master.m3u8": group("AUDIO", "a", "a/i.m3u8") + variant("v0/i.m3u8", audio) + variant("v1/i.m3u8")}, lost: "a/",
			want: "v0/i.m3u8 v1/i.m3u8 master.m3u8 session.json", lengths: "10 10", text: variant("v1/i.m3u8"), without: "a/i.m3u8 v0/i.m3u8",
		},
		{
			name: "a group with another rendition", lists: []string{"v0/i.m3u8 10", "a/i.m3u8 10", "b/i.m3u8 10"}, masters: map[string]string{"master.m3u8": group("AUDIO", "a", "a/i.m3u8") + group("AUDIO", "a", "b/i.m3u8") + variant("v0/i.m3u8", audio)}, lost: "a/",
			want: "b/i.m3u8 v0/i.m3u8 master.m3u8 session.json", lengths: "10 10", text: group("AUDIO", "a", "b/i.m3u8") + variant("v0/i.m3u8", audio), without: "a/i.m3u8",
		},
		{
			name: "a group without a list of its own", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x"` + "\n" + variant("v0/i.m3u8", audio)},
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10",
		},
		{
			name: "subtitles of which nothing is stored", lists: []string{"v0/i.m3u8 10", "s/i.m3u8 9"}, masters: map[string]string{"master.m3u8": group("SUBTITLES", "s", "s/i.m3u8") + variant("v0/i.m3u8", `SUBTITLES="s"`, `CODECS="avc1,mp4a"`)}, lost: "s/",
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: variant("v0/i.m3u8", `CODECS="avc1,mp4a"`), without: "s/i.m3u8",
		},
		{
			name: "no variant at all", lists: []string{"v0/i.m3u8 10", "a/i.m3u8 10"}, masters: map[string]string{"master.m3u8": group("AUDIO", "a", "a/i.m3u8") + variant("v0/i.m3u8", audio)}, lost: "a/",
			want: "v0/i.m3u8 session.json", lengths: "10", refused: "master.m3u8 has no variant that can be played: outside the folder of the session",
		},
		{
			name: "I-frames of which nothing is stored", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"v0/f.m3u8\"\n"},
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: variant("v0/i.m3u8"), without: "v0/f.m3u8",
		},
		{
			name: "I-frames of a group of video that is gone", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": group("VIDEO", "v", "w/i.m3u8") + variant("v0/i.m3u8") + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,VIDEO=\"v\",URI=\"v0/i.m3u8\"\n" + variant("v0/i.m3u8", video)},
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: variant("v0/i.m3u8"), without: "v0/i.m3u8 w/i.m3u8",
		},
		{
			name: "a rendition that died early is set aside", lists: []string{"v0/i.m3u8 10", "v1/i.m3u8 2"}, masters: map[string]string{"master.m3u8": variant("v0/i.m3u8") + variant("v1/i.m3u8")},
			want: "v0/i.m3u8 v1/i.m3u8 master.m3u8 session.json", lengths: "10 2", text: variant("v0/i.m3u8"), without: "v1/i.m3u8",
		},
		{
			name: "an audio without which nothing plays is not", lists: []string{"v0/i.m3u8 10", "a/i.m3u8 2"}, masters: map[string]string{"master.m3u8": group("AUDIO", "a", "a/i.m3u8") + variant("v0/i.m3u8", audio)},
			want: "a/i.m3u8 v0/i.m3u8 master.m3u8 session.json", lengths: "2 2",
		},
		{
			name: "what is no multivariant", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": "#EXTINF:2,\n0.ts\n"},
			want: "v0/i.m3u8 session.json", lengths: "10", refused: "master.m3u8 is no multivariant playlist: outside the folder of the session",
		},
		{
			name: "one that names nothing", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": "#EXT-X-STREAM-INF:BANDWIDTH=1\n"},
			want: "v0/i.m3u8 session.json", lengths: "10", refused: "master.m3u8 has no variant that can be played: outside the folder of the session",
		},
		{
			name: "lines that end with CR and LF", lists: []string{"v0/i.m3u8 10"}, masters: map[string]string{"master.m3u8": strings.ReplaceAll(variant("v1/i.m3u8")+variant("v0/i.m3u8"), "\n", "\r\n")},
			want: "v0/i.m3u8 master.m3u8 session.json", lengths: "10", text: strings.ReplaceAll(variant("v0/i.m3u8"), "\n", "\r\n"), without: "v1/i.m3u8",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Session{Name: "20261130T010203Z", Lists: Reels(lists(t, tt.lists...)), Masters: map[string][]byte{}, Why: Ended, At: at(9), Bytes: 77}
			for path, text := range tt.masters {
				s.Masters[path] = []byte("#EXTM3U\n" + text)
			}
			s.Stored = func(path string, _ int64) bool { return tt.lost == "" || !strings.HasPrefix(path, tt.lost) }
			seal, err := s.Close()
			if err != nil {
				t.Fatal(err)
			}
			var names, lengths []string
			for _, f := range seal.Files {
				if names = append(names, f.Path); f.Path == "master.m3u8" {
					want := tt.text
					if want == "" {
						want = tt.masters[f.Path]
					}
					if string(f.Text) != "#EXTM3U\n"+want {
						t.Errorf("got\n%s\nwant\n%s", f.Text, want)
					}
				}
			}
			for _, l := range seal.Summary.Lists {
				if l.Segments > 0 {
					lengths = append(lengths, fmt.Sprint(l.Segments))
				}
			}
			if strings.Join(names, " ") != tt.want || strings.Join(lengths, " ") != tt.lengths {
				t.Errorf("got %q of %q", names, lengths)
			}
			for _, m := range seal.Summary.Multivariants {
				if strings.Join(m.Without, " ") != tt.without || m.Refused != tt.refused {
					t.Errorf("got %+v", m)
				}
			}
			again := s
			again.At = at(50)
			other, err := again.Close()
			if err != nil || !slices.EqualFunc(other.Files[:len(names)-1], seal.Files[:len(names)-1], func(a, b File) bool { return a.Path == b.Path && string(a.Text) == string(b.Text) }) {
				t.Errorf("the second time %v: %q", err, other.Files)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s := Session{
		Name: "20261130T010203Z", Lists: Reels(lists(t, "v0/i.m3u8 10", "v1/i.m3u8 7 4", "s.m3u8 4")), Why: Recovered, At: at(59), Bytes: 4711,
		Masters: map[string][]byte{"master.m3u8": []byte("#EXTM3U\n" + variant("v0/i.m3u8") + variant("v1/i.m3u8"))},
		Stored: func(path string, _ int64) bool {
			return path != "v0/4.ts" && path != "v0/9.ts" && !strings.HasPrefix(path, "0") && path != "1.ts" && path != "2.ts" && path != "3.ts"
		},
	}
	seal, err := s.Close()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "session": "20261130T010203Z",
  "why": "recover",
  "when": "2026-11-30T01:02:59Z",
  "begins": "2026-11-30T01:02:04Z",
  "duration": 14,
  "segments": 13,
  "holes": 1,
  "missing": 6,
  "bytes": 4711,
  "lists": [
    {
      "path": "s.m3u8",
      "segments": 0,
      "duration": 0,
      "missing": 4,
      "holes": 0,
      "head": 0,
      "tail": 0,
      "refused": "nothing is recorded"
    },
    {
      "path": "v0/i.m3u8",
      "segments": 6,
      "duration": 12,
      "missing": 2,
      "holes": 1,
      "head": 4,
      "tail": 0
    },
    {
      "path": "v1/i.m3u8",
      "segments": 7,
      "duration": 14,
      "missing": 0,
      "holes": 0,
      "head": 0,
      "tail": 0
    }
  ],
  "multivariants": [
    {
      "path": "master.m3u8"
    }
  ]
}
`
	got := string(seal.Files[len(seal.Files)-1].Text)
	if got != want {
		t.Errorf("got\n%s", got)
	}
	var back Summary
	if err := json.Unmarshal([]byte(got), &back); err != nil || back.Why != Recovered {
		t.Errorf("%+v, %v", back, err)
	}
	s.Stored = func(string, int64) bool { return false }
	if _, err := s.Close(); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
}

// TestListThatIsTooLarge: the others are closed, and the multivariant does without it.
func TestListThatIsTooLarge(t *testing.T) {
	t.Parallel()
	all := lists(t, "v0/i.m3u8 2")
	var track Track
	long := strings.Repeat("x", 15<<10)
	for i := range 2300 {
		track.Observe(version(t, text(i, seg(fmt.Sprint(long, i, ".ts")))), Facts{})
	}
	all["v1/i.m3u8"] = finished(t, "v1/i.m3u8", &track)
	s := Session{Lists: Reels(all), Masters: map[string][]byte{"m.m3u8": []byte("#EXTM3U\n" + variant("v0/i.m3u8") + variant("v1/i.m3u8"))}}
	seal, err := s.Close()
	if err != nil || len(seal.Files) != 3 || !strings.HasPrefix(seal.Summary.Lists[1].Refused, ErrTooLarge.Error()) || !slices.Equal(seal.Summary.Multivariants[0].Without, []string{"v1/i.m3u8"}) {
		t.Errorf("%v: %+v", err, seal)
	}
}

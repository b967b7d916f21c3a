package salvage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

const session = "20261130T010203Z"

// now is when sessions are closed here, an hour after all that was stored.
func now() time.Time { return time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC) }

// bucket is what stands below a prefix.
type bucket map[string]string

// recovered closes the session of a bucket as recover does, and returns what it would store and what becomes of it.
func (b bucket) recovered(t testing.TB) (*Closing, []Act, error) {
	t.Helper()
	s := New(session)
	for _, path := range slices.Sorted(maps.Keys(b)) {
		if in, ok := strings.CutPrefix(path, session+"/"); ok {
			if err := s.Listed(in, store.Info{Size: int64(len(b[path])), ETag: fmt.Sprint(len(b[path])), Modified: now().Add(-time.Hour)}); err != nil {
				t.Fatal(err)
			}
		} else if p, err := ReadPublished(path, []byte(b[path]), now().Add(-time.Hour)); err == nil {
			s.Heard(p)
		}
	}
	if why := s.Live(now(), time.Minute); why != "" {
		t.Fatalf("it is live: %s", why)
	}
	for paths := s.Chunks(); len(paths) > 0; paths = s.Chunks() {
		for _, path := range paths {
			if err := s.Read(path, []byte(b[session+"/"+path])); err != nil {
				return nil, nil, err
			}
		}
	}
	c, err := s.Close(now())
	if err != nil {
		return nil, nil, err
	}
	var judge Judge
	var acts []Act
	for _, f := range c.Files {
		var is []byte
		if _, ok := c.Stored(f.Path); ok {
			is = []byte(b[session+"/"+f.Path])
			if is == nil {
				is = []byte{}
			}
		}
		acts = append(acts, judge.Act(f, is))
	}
	return c, acts, nil
}

// check closes a session, and looks at what that makes.
func (b bucket) check(t testing.TB) {
	t.Helper()
	c, acts, err := b.recovered(t)
	if err != nil {
		return
	}
	listed := make(map[string]bool)
	for _, f := range c.Files {
		if _, _, chunk := recording.ParseChunkName(f.Path); chunk || f.Path == recording.SessionSummary {
			continue
		}
		list, err := hls.Parse(f.Text)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", f.Path, err, f.Text)
		}
		listed[f.Path] = true
		if list.Kind != hls.MultivariantPlaylist {
			if !list.Ended || list.Segments == 0 {
				t.Fatalf("%s has %d segments:\n%s", f.Path, list.Segments, f.Text)
			}
			if v, err := edition.Read(f.Text, list); err != nil || v.Len() != list.Segments {
				t.Fatalf("%s: %v in\n%s", f.Path, err, f.Text)
			}
		}
		for _, r := range list.References {
			path, target := hls.Site{}.Resolve(f.Path, r.URI)
			switch {
			case r.Gap || r.Hint || r.Optional || r.Unresolved || target != hls.Local:
			case list.Kind == hls.MultivariantPlaylist && r.Kind.IsPlaylist():
				if !listed[path] {
					t.Fatalf("%s names %s, which is not closed, in\n%s", f.Path, path, f.Text)
				}
			case list.Kind != hls.MultivariantPlaylist && isBytes(r, f.Text) && len(b[session+"/"+path]) == 0:
				t.Fatalf("%s names %s, which is not stored, in\n%s", f.Path, path, f.Text)
			}
		}
	}
	if slices.Contains(acts, Refuse) {
		return
	}
	b.interrupted(t, c, acts)
	after := maps.Clone(b)
	for _, f := range c.Files {
		after[session+"/"+f.Path] = string(f.Text)
	}
	again, kept, err := after.recovered(t)
	if err != nil {
		t.Fatalf("the second time: %v", err)
	}
	for i, act := range kept {
		if act != Keep {
			t.Fatalf("the second time %s of %s:\n%s\nbefore:\n%s", act, again.Files[i].Path, again.Files[i].Text, after[session+"/"+again.Files[i].Path])
		}
	}
}

// interrupted has whoever closes a session killed after each of his PUTs, and other runs published by the time at which somebody else closes it: he
// can, what is listed stays listed, and a third one has nothing to do.
func (b bucket) interrupted(t testing.TB, c *Closing, acts []Act) {
	t.Helper()
	killed := maps.Clone(b)
	for path := range b {
		if !strings.HasPrefix(path, session+"/") {
			delete(killed, path)
		}
	}
	for i, f := range c.Files {
		if acts[i] == Keep {
			continue
		}
		killed[session+"/"+f.Path] = string(f.Text)
		next := maps.Clone(killed)
		second, acts, err := next.recovered(t)
		if errors.Is(err, ErrUnlisted) || errors.Is(err, recording.ErrEmpty) {
			continue // the published lists alone knew what is in it: it had no index
		}
		if err != nil {
			t.Fatalf("killed behind %s: %v", f.Path, err)
		}
		for k, act := range acts {
			was := next[session+"/"+second.Files[k].Path]
			if act == Refuse {
				t.Fatalf("killed behind %s, which refuses %s:\n%s\nfor\n%s", f.Path, second.Files[k].Path, second.Files[k].Text, was)
			}
			if act != Keep {
				next[session+"/"+second.Files[k].Path] = string(second.Files[k].Text)
			}
		}
		for path, text := range killed {
			list, err := hls.Parse([]byte(text))
			if err == nil && list.Ended && !recording.Covers([]byte(next[path]), []byte(text)) {
				t.Fatalf("killed behind %s, %s lists less:\n%s\nthan\n%s", f.Path, path, next[path], text)
			}
		}
		third, acts, err := next.recovered(t)
		if err != nil {
			t.Fatalf("killed behind %s, the third time: %v", f.Path, err)
		}
		for k, act := range acts {
			if act != Keep {
				t.Fatalf("killed behind %s, the third time %s of %s:\n%s\nbefore:\n%s", f.Path, act, third.Files[k].Path, third.Files[k].Text, next[session+"/"+third.Files[k].Path])
			}
		}
	}
}

// isBytes reports whether a reference is a segment, a key or a map, and none of what unknown tags name.
func isBytes(r hls.Reference, text []byte) bool {
	line := text[:r.Span.Offset]
	line = line[strings.LastIndexByte(string(line), '\n')+1:]
	return len(line) == 0 || strings.HasPrefix(string(line), "#EXT-X-KEY:") || strings.HasPrefix(string(line), "#EXT-X-MAP:")
}

// dice are the bytes of a fuzzer, one for each decision.
type dice struct{ data []byte }

func (d *dice) n(of int) int {
	if len(d.data) == 0 {
		return 0
	}
	x := int(d.data[0]) % of
	d.data = d.data[1:]
	return x
}

func (d *dice) rest(most int) string {
	n := min(d.n(256), most, len(d.data))
	text := string(d.data[:n])
	d.data = d.data[n:]
	return text
}

// roll makes up a bucket: a run of some lists, chunks of which are lost or broken, and what is published at its end.
func (d *dice) roll() bucket {
	b := bucket{}
	var variants string
	for i := range 1 + d.n(3) {
		path := []string{"index.m3u8", "v0/index.m3u8", "a/b/x.m3u8"}[i]
		variants += "#EXT-X-STREAM-INF:BANDWIDTH=1\n" + path + "\n"
		d.run(b, path)
	}
	switch d.n(5) {
	case 1:
		b["master.m3u8"] = "#EXTM3U\n" + variants
	case 2:
		b[session+"/.index/master.m3u8/000000"] = "#EXTM3U\n" + variants
	case 3:
		b[session+"/master.m3u8"] = "#EXTM3U\n" + variants + d.rest(64)
	case 4:
		b["d/master.m3u8"] = "#EXTM3U\n" + strings.ReplaceAll(variants, "\n", "\n../") + d.rest(64)
	}
	for range d.n(4) {
		b[session+"/"+d.path()] = d.rest(200)
	}
	return b
}

// path makes up a name in the folder of the session.
func (d *dice) path() string {
	return []string{".index/v0/index.m3u8/000001", ".index/z.m3u8/000000", "v0/index.m3u8", "session.json", "v0/s7.ts", "master.m3u8", "x.m3u8", "k"}[d.n(8)]
}

// run makes up the run of one list.
func (d *dice) run(b bucket, path string) {
	var track recording.Track
	folder := path[:strings.LastIndexByte(path, '/')+1]
	up := strings.Repeat("../", strings.Count(folder, "/"))
	window, first, n := 1+d.n(6), d.n(12), 1+d.n(40)
	tags := []string{"", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00Z\n", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", "#EXT-X-MAP:URI=\"m.mp4\"\n", "#EXT-X-GAP\n", "#EXT-X-DISCONTINUITY\n", "#EXT-X-BYTERANGE:1@0\n"}
	tag := make([]string, n)
	for i := range n {
		tag[i] = tags[d.n(len(tags)*3)%len(tags)*(i%2)]
		if d.n(9) > 0 {
			b[session+"/"+folder+fmt.Sprintf("s%d.ts", first+i)] = "bytes"
		}
	}
	b[session+"/"+folder+"k"], b[session+"/"+folder+"m.mp4"] = "key", "map"
	text := func(to int, before string) string {
		var w strings.Builder
		from := max(0, to-window)
		fmt.Fprintf(&w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first+from)
		for i := from; i < to; i++ {
			fmt.Fprintf(&w, "%s#EXTINF:2,\n%ss%d.ts\n", strings.ReplaceAll(tag[i], `URI="`, `URI="`+before), before, first+i)
		}
		return w.String()
	}
	for to := 1; to <= n; to++ {
		if d.n(10) == 9 {
			continue
		}
		if list, err := hls.Parse([]byte(text(to, ""))); err == nil {
			if v, err := edition.Read([]byte(text(to, "")), list); err == nil {
				track.Observe(v, recording.Facts{Done: func(i int) time.Time { return now().Add(time.Duration(2*int(v.Number(i))-7200) * time.Second) }})
			}
		}
		if d.n(7) == 6 {
			d.store(b, path, &track)
		}
	}
	if d.n(2) == 0 {
		track.End()
		d.store(b, path, &track)
	}
	if d.n(3) > 0 {
		b[path] = text(n, up+session+"/"+folder) + []string{"", "#EXT-X-ENDLIST\n"}[d.n(2)]
	}
}

// store stores the chunks that there are, or loses one.
func (d *dice) store(b bucket, path string, track *recording.Track) {
	for n, text := track.Chunk(); text != nil; n, text = track.Chunk() {
		switch d.n(16) {
		case 15:
		case 14:
			b[session+"/"+recording.ChunkName(path, n)] = string(text[:len(text)/2])
		default:
			b[session+"/"+recording.ChunkName(path, n)] = string(text)
		}
	}
}

// FuzzRecover closes sessions of random buckets: what it makes parses, names only what is stored, and is the same the second time.
func FuzzRecover(f *testing.F) {
	f.Add([]byte{})
	for i := range 40 {
		seed := make([]byte, 400)
		for k := range seed {
			seed[k] = byte((k*k*(2*i+3) + k*(i*7+1) + i) >> 2)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := dice{data}
		d.roll().check(t)
	})
}

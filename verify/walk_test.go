package verify

import (
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// place is a bucket and a directory that hold the same stream, until a case changes them.
type place struct {
	objects map[string]thing
	files   map[string]thing
	// late are keys that only the second listing has.
	late []string
	// sums says that the store tells checksums, etags that its ETags are MD5 sums.
	sums, etags bool
}

// thing is an object or a file.
type thing struct {
	text        string
	at          time.Time
	contentType string
	cache       string
}

// now is when the walks of this test look; long is long before.
func now() time.Time  { return time.Unix(2_000_000, 0) }
func long() time.Time { return now().Add(-time.Hour) }

const list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2.0,\ns7.ts\n#EXTINF:2.0,\ns8.ts\n"

func etagOf(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// healthy is a stream with a multivariant playlist, stored with the headers of served.
func healthy() *place {
	p := &place{objects: map[string]thing{}, files: map[string]thing{}, etags: true}
	for path, text := range map[string]string{
		"master.m3u8":  "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/live.m3u8\n",
		"v/live.m3u8":  list,
		"v/s7.ts":      "seven",
		"v/s8.ts":      "eight!",
		"v/s6.ts":      "six, which nothing names",
		"v/whole.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:10@0\nw.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:5\nw.ts\n#EXT-X-ENDLIST\n",
		"v/w.ts":       "123456789012345",
	} {
		p.files[path] = thing{text: text, at: long()}
		kind := "segment 6"
		if IsPlaylist(path) {
			kind = "playlist"
		}
		p.objects[path] = thing{text: text, at: long(), contentType: "type of " + path[strings.LastIndexByte(path, '.'):], cache: kind}
	}
	return p
}

func served(path string, _ hls.Kind, pl *hls.Playlist) (string, []string) {
	contentType := "type of " + path[strings.LastIndexByte(path, '.'):]
	if pl != nil {
		return contentType, []string{"playlist"}
	}
	return contentType, []string{"segment *", "growing"}
}

func (p *place) info(path string) store.Info {
	o := p.objects[path]
	etag := etagOf(o.text)
	if !p.etags {
		etag = etagOf("salt" + o.text)
	}
	return store.Info{Key: "live/" + path, Size: int64(len(o.text)), ETag: etag, Finished: o.at}
}

func (p *place) head(path string) Head {
	o := p.objects[path]
	h := Head{ContentType: o.contentType, CacheControl: o.cache}
	if p.sums {
		h.CRC32C = "sum of " + o.text
	}
	return h
}

// report walks over p as the command does.
func (p *place) report(t *testing.T) Report {
	t.Helper()
	site, err := hls.NewSite("", "live/")
	if err != nil {
		t.Fatal(err)
	}
	w := New(Config{Prefix: "live/", Site: site, Served: served})
	for path, f := range p.files {
		if IsPlaylist(path) {
			w.Playlist(path, Disk{Size: int64(len(f.text)), Written: f.at, Text: []byte(f.text)})
		}
	}
	for path := range p.objects {
		if !slices.Contains(p.late, path) {
			w.Listed(p.info(path))
		}
	}
	for all := w.Unread(); len(all) > 0; all = w.Unread() {
		for _, path := range all {
			if o, ok := p.objects[path]; ok {
				w.Read(path, []byte(o.text), p.info(path), p.head(path))
			} else {
				w.Gone(path)
			}
		}
	}
	for path := range p.objects {
		w.Listed(p.info(path))
	}
	for _, path := range w.Named() {
		if _, ok := p.objects[path]; ok {
			w.Headed(path, p.info(path), p.head(path))
		}
	}
	for _, path := range w.Named() {
		f, ok := p.files[path]
		if !ok {
			continue
		}
		d := Disk{Size: int64(len(f.text)), Written: f.at}
		withMD5, withCRC := w.WantsSums(path, d.Size)
		if withMD5 {
			d.MD5 = etagOf(f.text)
		}
		if withCRC {
			d.CRC32C = "sum of " + f.text
		}
		w.OnDisk(path, d)
	}
	return w.Report(now())
}

// change replaces some of an object or file.
func change(in map[string]thing, path string, by func(*thing)) {
	one := in[path]
	by(&one)
	in[path] = one
}

func text(s string) func(*thing) { return func(o *thing) { o.text = s } }

func TestFaults(t *testing.T) {
	t.Parallel()
	later := func(s string) func(*thing) { return func(o *thing) { o.text, o.at = s, o.at.Add(time.Minute) } }
	justNow := func(s string) func(*thing) { return func(o *thing) { o.text, o.at = s, now().Add(-time.Second) } }
	next := strings.ReplaceAll(strings.ReplaceAll(list, "s8.ts", "s9.ts"), "s7.ts", "s8.ts")
	next = strings.Replace(next, "SEQUENCE:7", "SEQUENCE:8", 1)
	for name, tt := range map[string]struct {
		change func(p *place)
		want   string // ID and path, a "~" behind it for Young
	}{
		"healthy":                        {func(*place) {}, ""},
		"nothing on disk":                {func(p *place) { clear(p.files) }, ""},
		"only a sum tells, and is right": {func(p *place) { p.etags, p.sums = false, true }, ""},
		"nothing tells":                  {func(p *place) { p.etags = false; change(p.objects, "v/s7.ts", text("SEVEN")) }, ""},
		"a segment is stored meanwhile":  {func(p *place) { p.late = []string{"v/s8.ts"} }, ""},
		"a playlist is stored meanwhile": {func(p *place) { p.late = []string{"v/live.m3u8"} }, ""},
		"missing segment":                {func(p *place) { delete(p.objects, "v/s7.ts") }, "missing v/s7.ts"},
		"missing, and gone from disk":    {func(p *place) { delete(p.objects, "v/s7.ts"); delete(p.files, "v/s7.ts") }, "missing v/s7.ts"},
		"missing, but written just now":  {func(p *place) { delete(p.objects, "v/s7.ts"); change(p.files, "v/s7.ts", justNow("seven")) }, "missing v/s7.ts~"},
		"missing playlist":               {func(p *place) { delete(p.objects, "v/live.m3u8") }, "missing v/live.m3u8"},
		"playlist that nothing names":    {func(p *place) { delete(p.objects, "master.m3u8") }, "unpublished master.m3u8"},
		"wrong bytes":                    {func(p *place) { change(p.objects, "v/s7.ts", text("SEVEN")) }, "bytes v/s7.ts"},
		"wrong bytes, which only a sum tells": {func(p *place) {
			p.etags, p.sums = false, true
			change(p.objects, "v/s7.ts", text("SEVEN"))
		}, "bytes v/s7.ts"},
		"wrong bytes under a range": {func(p *place) { change(p.objects, "v/w.ts", text("12345678901234x")) }, "bytes v/w.ts"},
		"longer than on disk":       {func(p *place) { change(p.objects, "v/s7.ts", text("seven, and more")) }, "bytes v/s7.ts"},
		"truncated":                 {func(p *place) { change(p.objects, "v/s8.ts", text("eig")) }, "truncated v/s8.ts"},
		"truncated, but written just now": {func(p *place) {
			change(p.objects, "v/s8.ts", text("eig"))
			change(p.files, "v/s8.ts", justNow("eight!"))
		}, "truncated v/s8.ts~"},
		"empty":                            {func(p *place) { change(p.objects, "v/s8.ts", text("")) }, "empty v/s8.ts"},
		"range beyond the end":             {func(p *place) { change(p.objects, "v/w.ts", text("12345678901234")) }, "range v/w.ts"},
		"what is listed of a growing file": {func(p *place) { change(p.files, "v/w.ts", text("1234567890123456789")) }, ""},
		"older playlist":                   {func(p *place) { change(p.files, "v/live.m3u8", later(next)) }, "stale v/live.m3u8"},
		"older multivariant playlist": {func(p *place) {
			change(p.files, "master.m3u8", later("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv/live.m3u8\n"))
		}, "stale master.m3u8"},
		"older, and the time is not known": {func(p *place) {
			change(p.files, "v/live.m3u8", text(next))
			change(p.objects, "v/live.m3u8", func(o *thing) { o.at = time.Time{} })
		}, "stale v/live.m3u8"},
		"older, but written just now": {func(p *place) { change(p.files, "v/live.m3u8", justNow(next)) }, "stale v/live.m3u8~"},
		"newer playlist": {func(p *place) {
			change(p.objects, "v/live.m3u8", later(next))
			p.objects["v/s9.ts"] = thing{"nine", long(), "type of .ts", "growing"}
		}, ""},
		"another text of the same time": {func(p *place) { change(p.objects, "v/live.m3u8", text(list+"# by hand\n")) }, "bytes v/live.m3u8"},
		"other numbers": {func(p *place) {
			change(p.objects, "v/live.m3u8", later(strings.Replace(list, "SEQUENCE:7", "SEQUENCE:9", 1)))
		}, "sequence v/live.m3u8"},
		"wrong type":                  {func(p *place) { change(p.objects, "v/s7.ts", func(o *thing) { o.contentType = "text/plain" }) }, "header v/s7.ts"},
		"wrong cache control":         {func(p *place) { change(p.objects, "v/s7.ts", func(o *thing) { o.cache = "no-store" }) }, "header v/s7.ts"},
		"no number":                   {func(p *place) { change(p.objects, "v/s7.ts", func(o *thing) { o.cache = "segment x" }) }, "header v/s7.ts"},
		"playlist without its header": {func(p *place) { change(p.objects, "master.m3u8", func(o *thing) { o.cache = "" }) }, "header master.m3u8"},
		"no playlist":                 {func(p *place) { p.objects["x.m3u8"] = thing{text: "<html>"} }, "malformed x.m3u8"},
		"a name that leads out": {func(p *place) {
			p.objects["x.m3u8"] = thing{"#EXTM3U\n#EXTINF:1,\n../../a.ts\n", long(), "type of .m3u8", "playlist"}
		}, "unresolvable x.m3u8"},
		"a segment that is too long": {func(p *place) {
			p.objects["x.m3u8"] = thing{"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.6,\nv/s7.ts\n", long(), "type of .m3u8", "playlist"}
		}, "duration x.m3u8"},
		"a segment without a duration": {func(p *place) {
			p.objects["x.m3u8"] = thing{"#EXTM3U\n#EXT-X-TARGETDURATION:2\nv/s7.ts\n", long(), "type of .m3u8", "playlist"}
		}, "duration x.m3u8"},
		"a segment that is rounded": {func(p *place) {
			p.objects["x.m3u8"] = thing{"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.4,\nv/s7.ts\n", long(), "type of .m3u8", "playlist"}
		}, ""},
		"a hole that is marked as such": {func(p *place) {
			p.objects["x.m3u8"] = thing{"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-GAP\n#EXTINF:2,\nnone.ts\n", long(), "type of .m3u8", "playlist"}
		}, ""},
		"a playlist that is half written on disk": {func(p *place) { p.files["x.m3u8"] = thing{text: "", at: long()} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := healthy()
			tt.change(p)
			r := p.report(t)
			var got []string
			for _, f := range r.Faults {
				one := f.ID + " " + strings.TrimPrefix(f.Key, "live/")
				if f.Young {
					one += "~"
				}
				got = append(got, one)
				if f.Found == "" || f.Cure == "" {
					t.Errorf("%s does not say what is the case, or what to do", one)
				}
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q: %+v", got, tt.want, r.Faults)
			}
			if strings.HasSuffix(tt.want, "~") != r.Young() || r.Young() && r.Settled().Total() != 0 || r.Settled().Total() != len(r.Settled().Faults) {
				t.Errorf("young %v, settled %+v", r.Young(), r.Settled())
			}
		})
	}
}

// TestCounts says how much was compared, so that what was not is no secret.
func TestCounts(t *testing.T) {
	t.Parallel()
	p := healthy()
	if r := p.report(t); r.Playlists != 3 || r.Ended != 1 || r.Files != 3 || r.Sized != 6 || r.Summed != 6 || r.Headed != 6 || r.ForeignETags {
		t.Errorf("healthy: %+v", r)
	}
	p.etags = false
	if r := p.report(t); r.Sized != 6 || r.Summed != 3 || !r.ForeignETags {
		t.Errorf("ETags that are no sums: %+v", r)
	}
}

// TestMany is about more faults than anybody reads: they are counted, and what is on its way hides none.
func TestMany(t *testing.T) {
	t.Parallel()
	p := healthy()
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
	for i := range 3 * MostFaults {
		name := fmt.Sprintf("m%03d.ts", i)
		b.WriteString("#EXTINF:2,\n" + name + "\n")
		if i < 2*MostFaults {
			p.files[name] = thing{text: "x", at: now()}
		}
	}
	p.objects["m.m3u8"] = thing{b.String(), long(), "type of .m3u8", "playlist"}
	r := p.report(t)
	if len(r.Faults) != MostFaults || r.Faults[0].Young || r.Total() != 3*MostFaults || !r.Young() {
		t.Errorf("%d faults listed, counts %v, young %v", len(r.Faults), r.Counts, r.Young())
	}
	if r = r.Settled(); r.Counts[Missing] != MostFaults || len(r.Faults) != MostFaults || r.Young() {
		t.Errorf("settled: %d faults listed, counts %v", len(r.Faults), r.Counts)
	}
}

func TestRenumbered(t *testing.T) {
	t.Parallel()
	of := func(names ...string) (all []segment) {
		for _, one := range names {
			all = append(all, segment{uri: one})
		}
		return all
	}
	for name, tt := range map[string]struct {
		one, other        []segment
		first, otherFirst uint64
		want              bool
	}{
		"a window that slid":          {of("b", "c"), of("a", "b"), 2, 1, false},
		"other numbers":               {of("b", "c"), of("a", "b"), 3, 1, true},
		"a slate that is there twice": {of("b", "b"), of("a", "b"), 3, 1, false},
		"nothing in common":           {of("x"), of("a"), 3, 1, false},
	} {
		if _, _, _, got := renumbered(tt.one, tt.other, tt.first, tt.otherFirst); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestContinuous: a playlist that goes on over the restarts of its packager has other text and other numbers than the one on disk, and its
// files are those of several runs.
func TestContinuous(t *testing.T) {
	t.Parallel()
	p := healthy()
	edited := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:90\n#EXTINF:2,\n../20261130T010203Z/v/s9.ts\n## hlsship: new run\n#EXT-X-DISCONTINUITY\n" +
		"#EXTINF:2,\n../20261130T020304Z/v/s7.ts\n#EXTINF:2,\n../20261130T020304Z/v/s8.ts\n"
	o := p.objects["v/live.m3u8"]
	o.text = edited
	p.objects["v/live.m3u8"] = o
	for path, text := range map[string]string{"20261130T010203Z/v/s9.ts": "of the run before", "20261130T020304Z/v/s7.ts": "seven", "20261130T020304Z/v/s8.ts": "eight!"} {
		p.objects[path] = thing{text: text, at: long(), contentType: "type of .ts", cache: "segment 6"}
	}
	if r := p.report(t); len(r.Faults) > 0 {
		t.Errorf("faults of a healthy bucket: %+v", r.Faults)
	}
	f := p.files["v/live.m3u8"]
	f.at = long().Add(time.Minute)
	p.files["v/live.m3u8"] = f
	if r := p.report(t); len(r.Faults) != 1 || r.Faults[0].ID != Stale {
		t.Errorf("faults of a list that is old: %+v, want one of %s", r.Faults, Stale)
	}
	delete(p.objects, "20261130T020304Z/v/s7.ts")
	if r := p.report(t); len(r.Faults) != 2 {
		t.Errorf("faults: %+v, want a missing segment as well", r.Faults)
	}
}

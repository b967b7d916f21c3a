package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestWhatWaitsToBeMeantIsKept: what a playlist names and does not mean yet is kept for the next process. Should this one be killed, or end,
// no playlist may name it any more that the next one finds.
func TestWhatWaitsToBeMeantIsKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path string
		size int64
		seen bool // its completion was
		play func(d *desk, file hls.File)
		want bool
	}{
		"an old file among the segments of another run": {"s1.ts", 9, false, func(d *desk, file hls.File) {
			d.plan.Observe(file)
			d.media("s0.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
		}, true},
		"an old file after a restart": {"ads/8.ts", 9, false, func(d *desk, file hls.File) {
			d.found("ads/7.ts")
			d.plan.Observe(file)
			d.media("s0.ts")
			d.playlist("x.m3u8", playlistText(9, false, "ads/7.ts", "s0.ts"))
			d.tick(time.Second)
			d.media("s1.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s1.ts", "ads/8.ts"))
		}, true},
		"older than the segment before it": {"s1.ts", 9, true, func(d *desk, file hls.File) {
			d.plan.Observe(file)
			d.media("s0.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
		}, true},
		"younger than a playlist met beside it": {"init.mp4", 9, false, func(d *desk, file hls.File) {
			d.atRest("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`, "s0.ts"))
			file.Version.ModTime = d.version(0).ModTime
			d.plan.Observe(file)
		}, true},
		"named by nobody": {"b.ts", 9, false, func(d *desk, file hls.File) {
			d.plan.Observe(file)
			d.media("s2.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s2.ts"))
		}, false},
		"an init section without bytes": {"init.mp4", 0, false, func(d *desk, file hls.File) {
			d.plan.Observe(file)
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="init.mp4"`, "s0.ts"))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.plan.began = d.now
			source := &leaf{}
			file := d.file(test.path)
			file.Version.Size, file.Found, file.Source = test.size, !test.seen, source
			test.play(d, file)
			if d.settle(); source.kept != test.want {
				t.Errorf("kept: %v, want %v", source.kept, test.want)
			}
			if o := d.plan.objects[test.path]; o.disk.Newest().Wanted() {
				t.Error("it is shipped already")
			}
			if left := slices.Contains(d.plan.Abandon(), hls.Source(source)); left == test.want {
				t.Errorf("given up in the end: %v", left)
			}
		})
	}
}

// TestWhatAnEarlierProcessNamedIsShipped: the version of a playlist that an earlier process could not publish names files that were finished
// when nobody looked, or were waited for. The directory has another version, which names them no more.
func TestWhatAnEarlierProcessNamedIsShipped(t *testing.T) {
	t.Parallel()
	const now = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:90\n#EXTINF:2,\ns90.ts\n"
	segments := playlistText(7, false, "s7.ts", "s8.ts")
	type act func(d *desk, old hls.File)
	remembered := func(d *desk, old hls.File) {
		d.plan.Remember(old)
		d.plan.Observe(d.list(old.Path, now, true))
	}
	late := func(d *desk, old hls.File) {
		d.plan.Observe(d.list(old.Path, now, true))
		old.Spooled = true
		d.plan.ObserveLate(old)
	}
	for name, test := range map[string]struct {
		text, file string
		before     bool // the file is heard of before the playlists
		hears      act
		scan       bool
		want       bool
	}{
		"a segment finished since":      {segments, "s8.ts", false, remembered, false, true},
		"a segment that waited":         {segments, "s8.ts", true, remembered, false, true},
		"heard of by a scan":            {segments, "s8.ts", false, remembered, true, true},
		"an old advertisement":          {playlistText(7, false, "s7.ts", "ads/spot.ts"), "ads/spot.ts", true, remembered, true, true},
		"an init section":               {playlistText(7, false, `#EXT-X-MAP:URI="i2.mp4"`, "s7.ts"), "i2.mp4", false, remembered, false, true},
		"turned up late":                {segments, "s8.ts", true, late, false, true},
		"turned up late, before a scan": {segments, "s8.ts", false, late, true, true},
		"named by nobody":               {segments, "s9.ts", true, remembered, false, false},
		"left out":                      {playlistText(7, false, "s7.ts", "#EXT-X-GAP", "s8.ts"), "s8.ts", true, remembered, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Scanning: test.scan})
			d.plan.began = d.now
			d.found("s90.ts")
			old := d.list("x.m3u8", test.text, true)
			if test.before {
				d.found(test.file)
			}
			test.hears(d, old)
			if !test.before {
				d.found(test.file)
			}
			if test.scan {
				d.plan.Scanned()
			}
			var put []string
			for range 20 {
				for _, j := range slices.Clone(d.plan.Advance(d.now, Requests).Jobs) {
					if j.Op == PutMedia {
						put = append(put, j.Path)
					}
					d.report(j, map[Op]Outcome{
						Compare: {Result: Absent}, Fetch: {Result: Absent}, PutMedia: {Result: Done, ETag: "m"}, PutPlaylist: {Result: Done, ETag: "p"},
					}[j.Op])
				}
				d.tick(500 * time.Millisecond)
			}
			want := []string{"s90.ts"}
			if test.want {
				want = append(want, test.file)
			}
			slices.Sort(want)
			slices.Sort(put)
			if fmt.Sprint(put) != fmt.Sprint(want) {
				t.Errorf("put: %q, want %q", put, want)
			}
		})
	}
}

// TestRemindersLetGoOfTheirMemory: whether they were heeded or not.
func TestRemindersLetGoOfTheirMemory(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(d *desk){
		"heeded":    func(d *desk) { d.plan.Scanned() },
		"given up":  func(d *desk) { d.plan.Abandon() },
		"never due": func(d *desk) { d.plan.Close(d.now) },
	} {
		account := hls.NewAccount(1 << 20)
		d := newDesk(t, Config{Scanning: true, Memory: account})
		for _, hears := range []func(hls.File){d.plan.Remember, d.plan.Observe} {
			f := d.list("x.m3u8", playlistText(7, false, "s7.ts"), true)
			f.Share, _ = account.Take(1000)
			f.Spooled = true
			hears(f)
			d.plan.Observe(d.list("x.m3u8", playlistText(8, false, "s8.ts"), true))
		}
		if used := account.Used(); used < 2000 {
			t.Errorf("%s: %d bytes are taken, want both versions", name, used)
		}
		if end(d); account.Used() >= 1000 {
			t.Errorf("%s: %d bytes are taken", name, account.Used())
		}
	}
}

// TestWhatWaitsToBeMeantIsSentAgain: what a newer version means, and an older one waits for, is sent once more when its bytes changed under
// the request and are written again.
func TestWhatWaitsToBeMeantIsSentAgain(t *testing.T) {
	t.Parallel()
	for path, tag := range map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		d := newDesk(t, Config{})
		d.plan.began = d.now
		d.atRest("x.m3u8", playlistText(0, false, tag, "s0.ts"))
		d.fresh("x.m3u8")
		written := func() {
			f := d.file(path)
			f.Sum = hls.Sum{1}
			d.plan.Observe(f)
		}
		d.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts", "s1.ts"))
		d.want()
		written()
		d.want("put " + path)
		d.answer("put "+path, Outcome{Result: Void})
		d.want()
		written()
		d.want("put " + path)
	}
}

package uploader_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// field is what packagers and those around them were reported to do, beyond what every packager does. Its zero value is
// nothing of it.
type field struct {
	ads       int           // so many advertisements, a month old, stand in the place of every fourth segment
	back      time.Duration // how far the clock of those who write is set back …
	backFrom  int           // … from this run on
	backMedia bool          // media alone: they are copied with their times, and the playlist is made here
	outside   bool          // playlists name what other servers have
	withdraws bool          // segments are taken out of the playlist that named them, and named again
	corrects  bool          // the last segment of a list that has ended is replaced
	leftovers bool          // files of others lie in the folders
	hole      int           // this segment of a run never comes; 0 for none
	standby   int           // from this segment of a run on another encoder writes the playlists; 0 for none
}

const (
	adAge    = 30 * 24 * time.Hour
	adEvery  = 4
	strayAge = time.Hour
)

func randomField(rng *rand.Rand, p *packager) (f field) {
	one := func(in int) bool { return rng.IntN(in) == 0 }
	if one(2) {
		return f
	}
	f.outside, f.leftovers = one(4), one(3)
	if one(3) {
		f.back, f.backFrom, f.backMedia = time.Duration(rng.Int64N(int64(2*time.Hour))), rng.IntN(2), one(3)
	}
	if p.single || p.dash || p.parts > 0 || p.ring > 0 || p.nameFirst || p.staleNames {
		return f
	}
	if one(3) {
		f.ads = 1 + rng.IntN(3)
	}
	f.withdraws = one(4)
	f.corrects = p.endlist && p.runs == 1 && !p.clean && one(3)
	if one(4) {
		f.hole = 1 + rng.IntN(p.segments)
	}
	// Under a list that has ended, what comes again under its names counts as a correction.
	if one(4) && (p.runs == 1 || !p.endlist) {
		f.standby = 1 + rng.IntN(p.segments)
	}
	return f
}

// ad returns the advertisement that stands in the place of segment n, "" for none.
func (f field) ad(n int) string {
	if f.ads == 0 || n%adEvery != adEvery-1 {
		return ""
	}
	return fmt.Sprintf("ads/ad%d.ts", n/adEvery%f.ads)
}

// prepare writes what is there before the first run.
func (p *packager) prepare() {
	for i := range p.ads {
		p.place(fmt.Sprintf("ads/ad%d.ts", i), adAge+time.Duration(i)*time.Minute)
	}
	if !p.leftovers {
		return
	}
	for r := range p.renditions {
		for i, name := range []string{"raw-take7.ts", "seg-board-3.ts", "segment.ts", "0.ts", "init-of-others.mp4"} {
			name = p.base(r) + name
			p.disk.place(name, []byte("of others: "+name), strayAge-time.Duration(i)*time.Minute)
		}
	}
}

// place writes a finished file that is older than it should be, and tells the viewer.
func (p *packager) place(name string, age time.Duration) {
	content := p.bytes(name)
	p.log("placed %s", name)
	p.viewer.Finished(name, content)
	p.disk.place(name, content, age)
}

// absent reports whether segment n of a run that began with start is no file of the packager's.
func (p *packager) absent(n, start int) bool {
	return p.ad(n) != "" || p.hole > 0 && n == start+p.hole
}

// second writes the other encoder's segment n.
func (p *packager) second(run int, base string, n int) {
	if p.standby > 0 && p.ad(n) == "" {
		p.finish(base+other+fmt.Sprint(n)+".ts", p.bytes(fmt.Sprintf("run %d other segment %d of %s", run, n, base)))
	}
}

// other begins the names of the other encoder's segments.
const other = "b_"

// listed is the URI of segment n in the playlist that ends with segment last; up is the way to the segments' folder.
func (p *packager) listed(base, up string, n, last, start int) string {
	if ad := p.ad(n); ad != "" {
		if p.address != "" {
			return p.address + ad
		}
		if up == "" {
			return strings.Repeat("../", strings.Count(base, "/")) + ad
		}
		return "../" + ad
	}
	if p.standby > 0 && last >= start+p.standby {
		return up + strings.TrimPrefix(base[strings.LastIndex(base, "/")+1:]+other+fmt.Sprint(n)+".ts", "/")
	}
	name := p.name(base, n)
	return up + name[strings.LastIndex(name, "/")+1:]
}

// afterwards does to segment n, which is listed, what is done in the field.
func (p *packager) afterwards(base string, n, start int) {
	few := (p.scene == lingers || p.outside) && n-start < 3 // it might be the first playlist of another run
	if !p.withdraws || n == start || few || p.rng.IntN(3) > 0 {
		return
	}
	p.pause(p.segment / 4)
	p.index(base, start, n-1, false)
	p.pause(p.segment / 4)
	if p.scene == lingers {
		time.Sleep(2 * p.segment)
	}
	p.index(base, start, n, false)
}

// correct replaces the last segment of a list that has ended.
func (p *packager) correct(base string, n, start int) {
	if !p.corrects || p.absent(n, start) || p.standby > 0 {
		return
	}
	time.Sleep(5 * time.Second)
	p.finish(p.name(base, n), p.bytes("corrected segment of "+base))
}

// place writes a file whose modification time is an age ago.
func (d *disk) place(name string, content []byte, age time.Duration) {
	d.mu.Lock()
	d.inodes++
	d.names[name] = &inode{number: d.inodes, content: content, mtime: time.Now().Add(-age).UnixNano()}
	d.mu.Unlock()
	d.event(name)
}

// setBack sets the clock of those who write back.
func (d *disk) setBack(by time.Duration, mediaOnly bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back, d.backMedia = by, mediaOnly
}

// clock is the modification time of what is written to name now. The caller holds mu.
func (d *disk) clock(name string) int64 {
	if d.backMedia && hls.Classify(name).IsPlaylist() {
		return time.Now().UnixNano()
	}
	return time.Now().Add(-d.back).UnixNano()
}

// TestOldFilesCostNoLatency: a live list with advertisements, slates or files of a library is published as soon as one without.
func TestOldFilesCostNoLatency(t *testing.T) {
	t.Parallel()
	const count, every = 60, 50 * time.Millisecond
	latency := func(t *testing.T, listed func(n int) string) (mean time.Duration) {
		m := storetest.NewMemory()
		m.Latency = func(string, string, int64) time.Duration { return every }
		s := play(t, m, m, 0, program(count, listed))
		var sum time.Duration
		listings := s.viewer.Listings()
		for _, l := range listings[count/4:] { // once it is known that there are old files among the new ones
			sum += l.Published.Sub(l.Listed)
		}
		return sum / time.Duration(len(listings)-count/4)
	}
	library := func(n int) string { return fmt.Sprintf("lib/%d.ts", n*37%101) }
	for name, test := range map[string]struct {
		listed func(n int) string
		asks   time.Duration // what it takes to ask whether a file that was there at the start is stored
	}{
		"advertisements":                   {func(n int) string { return field{ads: 3}.ad(n) }, 0},
		"one slate again and again":        {func(n int) string { return []string{"", "slate.ts"}[n%2] }, 0},
		"a library in an order of its own": {library, every},
		"and with live segments":           {func(n int) string { return []string{"", library(n), ""}[n%3] }, every / 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				without := latency(t, func(int) string { return "" })
				if with := latency(t, test.listed); with > without+without/20+test.asks {
					t.Errorf("published after %v, and after %v without", with, without)
				}
			})
		})
	}
}

// program is a live list of segments of 2 s, of which some are old files.
func program(count int, listed func(n int) string) production {
	return func(d *disk, v *storetest.Viewer) (write func()) {
		names := make([]string, count)
		for i := range names {
			if names[i] = listed(i); names[i] != "" && !d.has(names[i]) {
				content := []byte("an old file: " + names[i])
				v.Finished(names[i], content)
				d.place(names[i], content, time.Duration(1+i*i%17)*time.Hour)
			}
		}
		return func() { writeProgram(d, v, names) }
	}
}

func writeProgram(d *disk, v *storetest.Viewer, names []string) {
	const window = 5
	for i := range names {
		if names[i] == "" {
			names[i] = fmt.Sprintf("seg%d.ts", i)
			v.Finished(names[i], []byte(names[i]))
			d.write(names[i], []byte(names[i]), false)
		}
		from := max(0, i-window+1)
		text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\n%s\n", from, strings.Join(names[from:i+1], "\n#EXTINF:2,\n"))
		v.Listed("x.m3u8", []byte(text))
		d.write("x.m3u8", []byte(text), false)
		time.Sleep(2 * time.Second)
	}
}

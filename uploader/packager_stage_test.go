package uploader_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// packager is what writes the directory: several renditions, run after run, in one of the ways that
// packagers have.
type packager struct {
	disk   *disk
	viewer oracle
	rng    *rand.Rand
	log    func(format string, args ...any)
	began  time.Time // of the run

	folder      string // of the renditions; "" for all in one
	renditions  int
	window      int           // segments listed
	keep        int           // segments kept behind the window before they are deleted; -1 for ever
	segment     time.Duration // target duration
	runs        int
	segments    int // a run
	initSection bool
	initResend  bool // rewritten after each playlist
	initChanges bool // with other bytes on each run
	key         bool
	master      bool
	masterFirst bool
	renames     bool // segments come by rename: never in place
	nameFirst   bool // the playlist names a segment before it is finished
	staleNames  bool // after a restart, names stand for the next bytes for a moment
	numbersOn   bool // a restart goes on counting
	ring        int  // names are used again after so many; 0 for never
	endlist     bool
	clean       bool   // everything is deleted at the end
	dated       bool   // playlists of different runs have different texts
	single      bool   // all segments of a run are ranges of one file that grows
	dash        bool   // a manifest names the same segments
	template    bool   // by their numbers, of which its times tell
	mapInside   bool   // the init section is the beginning of the single file
	elsewhere   bool   // a playlist of another folder names the same segments
	parts       int    // ranges of a segment that are listed while it grows; 0 for none
	large       bool   // a single file begins with more than the least part of a multipart upload
	address     string // of the directory, to which names are written in full; "" for relative names
	event       bool   // it lists all segments of a run, and deletes none
	rewrites    bool   // some segments are written anew in place before they are listed
	field
	rare
	refusal *refusal // of a scene
	final   bool     // what is listed is the last

	all    []byte         // of a single file
	ranges map[int][2]int // offset and length of each segment in it
	ready  []int          // lengths of the parts of the segment that grows
}

func randomPackager(rng *rand.Rand, d *disk, v oracle) *packager {
	coin := func() bool { return rng.IntN(2) == 0 }
	p := &packager{
		disk: d, viewer: v, rng: rng,
		renditions: 1 + rng.IntN(3), window: 2 + rng.IntN(5), keep: rng.IntN(4) - 1,
		segment: time.Duration(1+rng.IntN(4)) * time.Second, runs: 1 + rng.IntN(3), segments: 3 + rng.IntN(10),
		initSection: coin(), initResend: rng.IntN(4) == 0, initChanges: coin(), key: rng.IntN(4) == 0,
		master: coin(), masterFirst: coin(), renames: coin(), nameFirst: rng.IntN(3) == 0, staleNames: rng.IntN(3) == 0,
		numbersOn: coin(), endlist: coin(), clean: rng.IntN(4) == 0, dated: coin(),
	}
	if p.dash = rng.IntN(6) == 0; p.dash {
		p.nameFirst, p.staleNames = false, false
	}
	if coin() {
		p.folder = "v"
	}
	if p.single = !p.dash && rng.IntN(8) == 0; p.single {
		// What is stored between the emptying of the store and its discovery, and deleted here, counts as lost.
		p.renames, p.nameFirst, p.staleNames, p.clean, p.keep = false, false, false, false, -1
	} else if rng.IntN(4) == 0 {
		p.ring = p.window + 2 + rng.IntN(3)
	}
	p.modes(coin)
	return p
}

// modes picks what goes along with the ways above.
func (p *packager) modes(coin func() bool) {
	p.elsewhere, p.template = p.rng.IntN(5) == 0, coin()
	if p.single {
		p.mapInside, p.dash = coin(), coin()
		if p.mapInside {
			p.initSection = false
		}
		p.large = p.rng.IntN(50) == 0
	} else if p.rng.IntN(6) == 0 {
		p.parts, p.renames, p.nameFirst, p.staleNames = 1+p.rng.IntN(3), false, false, false
	}
	p.rewrites = p.rng.IntN(6) == 0 && !p.single && !p.dash && p.parts == 0
	// Where names come back, playlists of several folders that name the same files may wait for one another, and so
	// may those of parts.
	p.elsewhere = p.elsewhere && p.namesOnce()
	if p.parts > 0 && !p.namesOnce() {
		p.parts = 0
	}
	if p.event = p.ring == 0 && p.rng.IntN(5) == 0; p.event {
		p.window, p.keep, p.clean = 1000, -1, false
	}
}

// lists is how many playlists there are in the end.
func (p *packager) lists() int {
	n := 1
	if p.dash {
		n++
	}
	if p.elsewhere {
		n++
	}
	if n *= p.renditions; p.master {
		n++
	}
	return n
}

func (p *packager) String() string {
	s := fmt.Sprintf("%+v", *p)
	return s[strings.Index(s, "folder"):]
}

// finish writes a finished file and tells the viewer.
func (p *packager) finish(name string, content []byte) {
	p.log("finished %s: %.40q", name, content)
	p.viewer.Finished(name, content)
	p.disk.write(name, content, !p.renames)
}

func (p *packager) list(name, text string, next ...string) {
	p.log("listed %s: %.320q", name, text)
	if p.final && p.refusal != nil {
		p.refusal.ends(name, text)
	}
	p.viewer.Listed(name, []byte(text), next...)
	p.disk.named(name, []byte(text))
	p.disk.write(name, []byte(text), p.rng.IntN(4) == 0)
}

func (p *packager) pause(most time.Duration) {
	time.Sleep(time.Duration(p.rng.Int64N(int64(most) + 1)))
}

// run plays all runs out.
func (p *packager) run() {
	first := make([]int, p.renditions)
	seeds := make([]uint64, p.renditions)
	for r := range seeds {
		seeds[r] = p.rng.Uint64()
	}
	p.prepare()
	for run := range p.runs {
		p.disk.forget()
		p.viewer.Begins(p.course(run))
		if run >= p.backFrom {
			p.disk.setBack(p.back, p.backMedia)
		}
		if p.master && p.masterFirst {
			p.writeMaster()
		}
		var renditions sync.WaitGroup
		for r := range p.renditions {
			renditions.Go(func() {
				start := p.first
				if p.numbersOn && run > 0 {
					start = first[r]
				}
				one := *p
				one.began = time.Now()
				one.rng = rand.New(rand.NewPCG(seeds[r], uint64(run)))
				first[r] = one.rendition(run, r, start)
			})
		}
		if p.master && !p.masterFirst {
			p.pause(3 * p.segment)
			p.writeMaster()
		}
		renditions.Wait()
		time.Sleep(100 * time.Millisecond) // no process is gone and back before anybody looks
		p.pause(3 * time.Second)
	}
	if p.refusal != nil {
		time.Sleep(30 * time.Second)
	}
	if p.disk.wasEmptied() {
		p.repeat()
	}
	if p.clean {
		time.Sleep(time.Second) // a watcher looks within a moment
		p.disk.mu.Lock()
		names := slices.Sorted(maps.Keys(p.disk.names))
		p.disk.mu.Unlock()
		for _, name := range names {
			p.disk.remove(name)
		}
	}
}

// repeat writes every media playlist once more, as a new version that means the same: where nothing is published any
// more nobody would notice that the store was emptied.
func (p *packager) repeat() {
	for _, name := range p.disk.lists() {
		if path.Base(name) == "master.m3u8" {
			continue
		}
		p.disk.mu.Lock()
		text := string(p.disk.names[name].content)
		p.disk.mu.Unlock()
		again := "# once more\n"
		if path.Ext(name) == ".mpd" {
			again = "<!-- once more -->"
		}
		p.list(name, text+again)
	}
}

func (p *packager) base(r int) string {
	if p.folder == "" {
		return fmt.Sprintf("r%d_", r)
	}
	return fmt.Sprintf("%s%d/", p.folder, r)
}

func (p *packager) writeMaster() {
	var b strings.Builder
	b.WriteString("#EXTM3U\n")
	for r := range p.renditions {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d\n%sindex.m3u8\n", r+1, p.base(r))
	}
	p.list("master.m3u8", b.String())
}

func (p *packager) bytes(what string) []byte {
	return []byte(what + strings.Repeat(".", p.rng.IntN(200)))
}

// rendition plays one rendition of one run out and returns the next segment's number.
func (p *packager) rendition(run, r, start int) int {
	base := p.base(r)
	initName, keyName := base+"init.mp4", base+"k.key"
	initBytes := []byte("init of " + base)
	if p.initChanges {
		initBytes = fmt.Appendf(nil, "init of %s run %d", base, run)
	}
	if p.scene == relapses {
		p.key = run == 1
	} else if p.key && run == 0 {
		p.finish(keyName, p.bytes("key"))
	}
	if p.initSection {
		if !p.renames {
			p.disk.truncate(initName)
			p.pause(p.segment)
		}
		p.finish(initName, initBytes)
	}
	n := start
	p.all, p.ranges = nil, map[int][2]int{}
	if p.single {
		p.disk.truncate(base + "all.ts")
	}
	if head := slices.Clone(initBytes); p.mapInside || p.large {
		if p.large {
			head = append(head, make([]byte, 5<<20)...)
		}
		p.grow(base, -1, head)
	}
	for i := range p.segments {
		n, p.final = start+i, i == p.segments-1 && !p.endlist
		time.Sleep(p.segment - p.segment/8)
		p.pause(p.segment / 4)
		p.step(run, base, n, start, run > 0 && !p.numbersOn && i == 0 && p.ring == 0)
		if p.initSection && p.initResend {
			if !p.renames {
				p.disk.truncate(initName)
			}
			p.finish(initName, initBytes)
		}
	}
	p.relapse(base, start, n)
	if p.final = true; p.endlist {
		p.index(base, start, n, true)
		p.correct(base, n, start)
	}
	if p.single {
		p.finish(base+"all.ts", p.all)
	}
	return n + 1
}

// index writes the playlists that end with segment n.
func (p *packager) index(base string, start, n int, ended bool, next ...string) {
	p.list(base+"index.m3u8", p.text(base, "", start, n, ended), next...)
	if p.elsewhere {
		p.pause(10 * time.Millisecond)
		up := "../" + base[:strings.LastIndex(base, "/")+1]
		p.list("also/"+strings.TrimSuffix(base, "/")+".m3u8", p.text(base, up, start, n, ended), next...)
	}
	if p.dash && !ended {
		p.pause(10 * time.Millisecond)
		p.list(base+"stream.mpd", p.manifest(base, start, n))
	}
}

// grow writes segment n behind those before it.
func (p *packager) grow(base string, n int, content []byte) {
	p.ranges[n] = [2]int{len(p.all), len(content)}
	p.all = append(p.all, content...)
	p.log("grown %sall.ts to %d", base, len(p.all))
	p.viewer.Grown(base+"all.ts", p.all)
	p.disk.append(base+"all.ts", content)
}

// step writes segment n and the playlist that names it.
func (p *packager) step(run int, base string, n, start int, restarted bool) {
	name := p.name(base, n)
	content := p.bytes(fmt.Sprintf("run %d segment %d of %s", run, n, base))
	p.second(run, base, n)
	switch {
	case p.brief:
		p.dies(base, name, n, start, content)
	case p.absent(n, start):
		p.index(base, start, n, false)
	case p.single:
		p.grow(base, n, content)
		p.pause(10 * time.Millisecond)
		p.index(base, start, n, false)
	case p.staleNames && restarted, p.nameFirst && !p.names(name):
		p.index(base, start, n, false, name)
		p.pause(20 * time.Millisecond)
		p.finish(name, content)
	case p.parts > 0:
		p.low(base, name, n, start, content)
	default:
		if !p.renames {
			p.disk.truncate(name)
			p.pause(50 * time.Millisecond)
		}
		p.finish(name, content)
		if p.rewrites && p.rng.IntN(3) == 0 {
			p.pause(20 * time.Millisecond)
			p.finish(name, append([]byte("again "), content...))
		}
		p.pause(10 * time.Millisecond)
		p.index(base, start, n, false)
		p.afterwards(base, n, start)
	}
	p.lateKey(base, n, start)
	p.stray(run, base, n, start)
	if old := n - p.window - p.keep; p.keep >= 0 && old >= start && p.ring == 0 {
		p.disk.remove(p.name(base, old))
	}
}

// low writes segment n in parts, each of which is listed before the next is there.
func (p *packager) low(base, name string, n, start int, content []byte) {
	p.disk.truncate(name)
	size := len(content) / (p.parts + 1)
	for i := range p.parts {
		p.disk.append(name, content[i*size:(i+1)*size])
		p.ready = append(p.ready, size)
		p.viewer.Grown(name, content[:(i+1)*size])
		p.log("part of %s up to %d", name, (i+1)*size)
		p.pause(10 * time.Millisecond)
		p.index(base, start, n-1, false)
		p.pause(p.segment / 4)
	}
	p.ready = append(p.ready, len(content)-p.parts*size)
	p.finish(name, content)
	p.index(base, start, n, false)
	p.ready = nil
}

// names reports whether the directory has a file of that name already.
func (p *packager) names(name string) bool {
	return p.disk.has(name)
}

func (p *packager) name(base string, n int) string {
	if p.ring > 0 {
		n %= p.ring
	}
	return fmt.Sprintf("%sseg%d.ts", base, n)
}

// manifest is the DASH manifest that ends with segment n.
func (p *packager) manifest(base string, start, n int) string {
	if p.template && p.namesOnce() { // what is counted by the clock is not protected from other bytes
		return p.numbers(base, start, n)
	}
	from := max(start, n-p.window+1)
	var b strings.Builder
	fmt.Fprintf(&b, `<MPD type="dynamic" availabilityStartTime=%q><Period start="PT0S"><AdaptationSet><Representation id="0" bandwidth="1"><BaseURL>%s</BaseURL><SegmentList timescale="1" duration="%d" startNumber="%d">`,
		p.began.UTC().Format(time.RFC3339Nano), p.baseURL(base), int(p.segment.Seconds()), from)
	if p.initSection {
		fmt.Fprintf(&b, "<Initialization sourceURL=%q/>", path.Base(base+"init.mp4"))
	}
	for i := from; i <= n; i++ {
		if at := p.ranges[i]; p.single {
			fmt.Fprintf(&b, `<SegmentURL media=%q mediaRange="%d-%d"/>`, path.Base(base+"all.ts"), at[0], at[0]+at[1]-1)
		} else {
			fmt.Fprintf(&b, "<SegmentURL media=%q/>", path.Base(p.name(base, i)))
		}
	}
	b.WriteString("</SegmentList></Representation></AdaptationSet></Period></MPD>")
	return b.String()
}

// baseURL is the BaseURL of a manifest in the folder of base.
func (p *packager) baseURL(base string) string {
	if p.address == "" {
		return ""
	}
	return p.address + base[:strings.LastIndex(base, "/")+1]
}

// numbers is the DASH manifest whose times say that the segments up to n are complete.
func (p *packager) numbers(base string, start, n int) string {
	seconds := int(p.segment.Seconds())
	return fmt.Sprintf(`<MPD type="dynamic" availabilityStartTime=%q publishTime=%q timeShiftBufferDepth="PT%dS" minimumUpdatePeriod="PT%dS">`+
		`<Period start="PT0S"><AdaptationSet><Representation id="0" bandwidth="1"><SegmentTemplate timescale="1" duration="%d" startNumber="%d" media="%s$Number$.ts"/>`+
		`</Representation></AdaptationSet></Period></MPD>`, p.began.UTC().Format(time.RFC3339Nano),
		p.began.Add(time.Duration(n-start+1)*p.segment).UTC().Format(time.RFC3339Nano), seconds*p.window, seconds, seconds, start,
		strings.TrimSuffix(path.Base(p.name(base, 0)), "0.ts"))
}

// text is the playlist that ends with segment n; up is the way to the folder of what it names.
func (p *packager) text(base, up string, start, n int, ended bool) string {
	from := max(start, n-p.window+1)
	if p.address != "" {
		up = p.address + base[:strings.LastIndex(base, "/")+1]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", int(p.segment.Seconds()), from)
	if p.dated {
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", p.began.Format(time.RFC3339Nano))
	}
	if p.key {
		fmt.Fprintf(&b, "#EXT-X-KEY:METHOD=AES-128,URI=%q\n", up+path.Base(base+"k.key"))
	}
	if p.initSection {
		fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q\n", up+path.Base(base+"init.mp4"))
	}
	if p.mapInside {
		fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q,BYTERANGE=\"%d@0\"\n", up+path.Base(base+"all.ts"), p.ranges[-1][1])
	}
	for i := from; i <= n; i++ {
		fmt.Fprintf(&b, "#EXTINF:%d,\n", int(p.segment.Seconds()))
		if at := p.ranges[i]; p.single {
			fmt.Fprintf(&b, "#EXT-X-BYTERANGE:%d@%d\n%s\n", at[1], at[0], up+path.Base(base+"all.ts"))
		} else {
			fmt.Fprintf(&b, "%s\n", p.listed(base, up, i, n, start))
		}
	}
	if len(p.ready) > 0 {
		grows := n // all of it is there, or it is the next
		if len(p.ready) <= p.parts {
			grows++
		}
		end := 0
		for _, size := range p.ready {
			fmt.Fprintf(&b, "#EXT-X-PART:DURATION=1,URI=%q,BYTERANGE=\"%d@%d\"\n", up+path.Base(p.name(base, grows)), size, end)
			end += size
		}
		fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=%q,BYTERANGE-START=%d\n", up+path.Base(p.name(base, grows)), end)
	}
	if p.outside {
		b.WriteString("#EXTINF:1,\nhttps://ads.example.net/" + path.Base(base) + "seg0.ts\n")
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

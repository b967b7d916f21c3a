package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// FuzzPlan lets bytes decide which facts come and how jobs end, at a store that holds bytes and answers of them as stores do.
// Whatever they are: one request a name is under way, a playlist goes up only when all it names is stored with the bytes that it
// means and never goes back, and once the store answers everything ends. The length says whether there is a budget, and whether playlists go on.
func FuzzPlan(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x40\x80\x81\x82\x83\xc0\xc1"))
	f.Add([]byte("\x00\x40\x80\x80\x80\x01\x41\x80\x80\x00\x42\x80\x80\x80"))
	f.Add([]byte("\x40\x41\x42\x43\x00\x01\x02\x03\x84\x85\x86\x87\xc8\x88\x98\xa8"))
	f.Add([]byte("\x06\x74\x01\x80\x80\x02\x75\x80\x76\x03\x80\x77\x80\xc0\xc2"))
	f.Add([]byte("0000b0Z00000020009000001Z000C0C222Cr(\xfeX#B"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 400 {
			return
		}
		budget := int64(len(script)%2) * 350 // with one or without
		config := Config{Workers: 3, Snapshots: 4, Budget: budget}
		if len(script)/2%6 == 0 { // as that of none of those that were found before
			config.Continuous = &session.Config{EndDelay: time.Duration(len(script)%3) * time.Second}
		}
		z := &fuzzer{
			desk: newDesk(t, config), store: map[string]string{}, shown: map[string]uint64{},
			named: map[string][]hls.Reference{}, texts: map[string]string{}, bytes: map[hls.Version]string{}, files: map[string]hls.File{},
		}
		for _, b := range script {
			z.step(b)
			z.collect()
		}
		z.end()
	})
}

type fuzzer struct {
	*desk
	order   []Job             // under way, oldest first
	store   map[string]string // the bytes of each object
	shown   map[string]uint64
	seq     int
	written int
	bytes   map[hls.Version]string     // of the files that were finished
	files   map[string]hls.File        // on disk, but for playlists
	named   map[string][]hls.Reference // what a playlist's text names
	texts   map[string]string          // on disk, by playlist
}

// write has a file be finished, with other bytes than before or with the same.
func (z *fuzzer) write(f hls.File, same bool) {
	if !same {
		z.written++
	}
	z.bytes[f.Version] = fmt.Sprint("bytes ", z.written)
	z.plan.Observe(f)
}

// etag is the ETag of what the store holds under a name, "" for nothing.
func (z *fuzzer) etag(name string) string {
	content, there := z.store[name]
	if !there {
		return ""
	}
	return "of " + content
}

// playlist is desk.playlist, and keeps what it was told.
func (z *fuzzer) playlist(name, text string) {
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		z.t.Fatal(err)
	}
	z.named[text], z.texts[name] = pl.References, text
	z.desk.playlist(name, text)
}

// yield has a playlist give up the memory of one of its versions.
func (z *fuzzer) yield(name string) {
	if l := z.plan.lists[name]; l != nil && len(l.pending) > 0 {
		z.plan.Yield(name, l.pending[z.seq%len(l.pending)].seq)
	}
}

// step reads two bits as what happens and six as to what.
func (z *fuzzer) step(b byte) {
	arg := int(b & 0x3f)
	name := fmt.Sprintf("s%d.ts", arg%6)
	if arg%7 == 6 {
		name = "init.mp4"
	}
	z.tick(time.Duration(arg) * 50 * time.Millisecond)
	switch b >> 6 {
	case 0:
		if arg >= 56 {
			z.gone(name)
			delete(z.files, name)
		} else {
			f := z.file(name)
			f.Found = arg >= 48
			z.files[name] = f
			z.write(f, arg%4 == 3)
		}
	case 1:
		z.list(arg)
	case 2:
		z.finish(arg, Done)
	default:
		z.finish(arg/8, []Result{Void, Failed, Different, Absent, Gone, Cancelled, Present, Failed}[arg%8])
	}
}

func (z *fuzzer) list(arg int) {
	switch {
	case arg >= 62:
		z.yield("x.m3u8")
	case arg >= 60:
		z.gone("x.m3u8")
		delete(z.texts, "x.m3u8")
	case arg >= 52 && arg < 56:
		z.counted(arg)
	case arg == 59:
		text, name := playlistText(z.seq, true, fmt.Sprintf("s%d.ts", z.seq%6)), "y.m3u8"
		z.named[text] = []hls.Reference{{URI: fmt.Sprintf("s%d.ts", z.seq%6)}}
		z.leaves(name, text, true)
	case arg >= 56:
		z.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\ny.m3u8\n")
	default:
		z.seq++
		if arg >= 40 {
			z.seq = 0
		}
		names := []string{`#EXT-X-MAP:URI="init.mp4"`, fmt.Sprintf("s%d.ts", arg%6), fmt.Sprintf("s%d.ts", (arg+1)%6)}
		z.playlist([]string{"x.m3u8", "y.m3u8"}[arg/8%2], playlistText(z.seq, arg%13 == 0, names...))
	}
}

// counted lists a manifest that counts one segment and has another to come.
func (z *fuzzer) counted(arg int) {
	z.seq++
	soft, hint := fmt.Sprintf("s%d.ts", (z.seq+arg)%6), fmt.Sprintf("s%d.ts", (z.seq+arg+1)%6)
	text := fmt.Sprint(z.seq, soft, hint)
	z.named[text] = []hls.Reference{
		{URI: "init.mp4", Kind: hls.Init}, {URI: soft, Kind: hls.Media, Soft: true}, {URI: hint, Kind: hls.Media, Hint: true},
	}
	z.plan.Observe(hls.File{
		Path: "z.mpd", State: hls.Settled, Kind: hls.Manifest, Version: z.version(1), Seen: z.now, Found: arg == 55,
		Content: []byte(text), Playlist: &hls.Playlist{Kind: hls.Manifest, MediaSequence: uint64(z.seq), Segments: 1, References: z.named[text]}, //nolint:gosec // it is not negative
	})
}

// busy checks that what is under way is what is taken to be.
func (z *fuzzer) busy() {
	if busy := z.plan.schedule.Busy(); busy != len(z.order) {
		z.t.Fatalf("%d requests are counted, and %d are under way", busy, len(z.order))
	}
}

// collect takes the jobs that are allowed now and checks each.
func (z *fuzzer) collect() {
	defer z.busy()
	for _, s := range z.plan.Released() {
		s.Release()
	}
	for _, name := range z.plan.Looks() {
		if text, there := z.texts[name]; there {
			z.playlist(name, text)
		} else if f, there := z.files[name]; there {
			z.plan.Observe(f)
		} else if !hls.Classify(name).IsPlaylist() {
			z.gone(name)
		}
	}
	for _, j := range z.plan.Next(z.now) {
		for _, other := range z.order {
			if other.Path == j.Path && z.plan.errands.byID[j.ID].question == 0 && z.plan.errands.byID[other.ID].question == 0 {
				z.t.Fatalf("%v and %v of %s are under way together", other.Op, j.Op, j.Path)
			}
		}
		switch j.Op {
		case PutPlaylist:
			z.checkPlaylist(j)
		case PutMedia, Compare, Fetch:
		}
		z.order = append(z.order, j)
	}
}

func (z *fuzzer) checkPlaylist(j Job) {
	if z.plan.errands.byID[j.ID].snapshot.seq < z.shown[j.Path] {
		z.t.Fatalf("%s goes back from %d to %d, from %q to %q", j.Path, z.shown[j.Path], z.plan.errands.byID[j.ID].snapshot.seq, z.store[j.Path], j.File.Content)
	}
	free := map[string]bool{}
	for _, b := range z.plan.errands.byID[j.ID].snapshot.binds {
		free[b.obj.path] = b.free()
		if held := z.store[b.obj.path]; !b.free() && b.ver.File.State == hls.Settled && held != z.bytes[b.ver.File.Version] {
			z.t.Fatalf("%s goes up and means %q by %s, and the store holds %q", j.Path, z.bytes[b.ver.File.Version], b.obj.path, held)
		}
		if b.strict == optional {
			z.t.Fatalf("%s goes up, and %s gates as it must not: %+v", j.Path, b.obj.path, b)
		}
	}
	named, known := z.named[string(j.File.Content)]
	if !known && z.plan.continuous.edits(j.Path) {
		named, known = j.File.Playlist.References, true
	}
	if !known {
		z.t.Fatalf("%s goes up with a text that nobody wrote: %q", j.Path, j.File.Content)
	}
	for _, ref := range named {
		if free[ref.URI] {
			continue
		}
		name, target := hls.Site{}.Resolve(j.Path, ref.URI)
		if target == hls.Local && z.etag(name) == "" {
			z.t.Fatalf("%s goes up and names %s, which is not stored", j.Path, name)
		}
		for _, other := range z.order {
			if other.Path == name && other.Op == PutMedia {
				z.t.Fatalf("%s goes up while %s is being overwritten", j.Path, name)
			}
		}
	}
}

// finish ends one of the jobs under way.
func (z *fuzzer) finish(which int, r Result) {
	if len(z.order) == 0 {
		return
	}
	which %= len(z.order)
	j := z.order[which]
	z.order = append(z.order[:which:which], z.order[which+1:]...)
	out := Outcome{Result: r, At: z.now, RetryIn: time.Second}
	turn := which + int(z.now.UnixMilli()/50)
	switch {
	case r == Failed:
		out.Kind = []store.ErrorKind{store.Transient, store.Alarm, store.Precondition, store.Unsupported, store.Permanent}[turn%5]
		out.Asked = time.Duration(turn%3) * 30 * time.Second
		if sends := j.Op == PutMedia || j.Op == PutPlaylist; sends && out.Kind == store.Transient && turn%2 == 0 && z.holds(j) {
			z.put(j) // and only the answer was lost
		}
	case r == Cancelled, (r == Void || r == Gone) && j.File.Source != nil && (j.Op == PutMedia || j.Op == Compare):
	default:
		out = z.answer(j, out)
	}
	tell(z.plan, &z.health, j, out)
}

// holds reports whether the condition of a PUT holds.
func (z *fuzzer) holds(j Job) bool {
	etag := z.etag(j.Path)
	return !(j.IfAbsent && etag != "") && (j.IfMatch == "" || j.IfMatch == etag)
}

// put stores what a job sends.
func (z *fuzzer) put(j Job) {
	if j.Op == PutMedia {
		z.store[j.Path] = z.bytes[j.File.Version]
		return
	}
	z.store[j.Path] = string(j.File.Content)
	z.shown[j.Path] = z.plan.errands.byID[j.ID].snapshot.seq
}

// answer has the store do what a job asks for.
func (z *fuzzer) answer(j Job, out Outcome) Outcome {
	held, there := z.store[j.Path]
	out.Result = Done
	switch {
	case j.Op == PutMedia || j.Op == PutPlaylist:
		if !z.holds(j) {
			out.Result, out.Kind = Failed, store.Precondition
			return out
		}
		z.put(j)
	case !there:
		out.Result = Absent
	case j.Op == Fetch:
		out.Content = []byte(held)
		out.Playlist = &hls.Playlist{Kind: hls.Manifest, References: z.named[held]}
		if pl, err := hls.Parse(out.Content); err == nil {
			out.Playlist = pl
		}
	case j.File.Source == nil && z.plan.errands.byID[j.ID].version == nil:
		out.Result = Present
	case held != z.bytes[j.File.Version]:
		out.Result = Different
	}
	out.ETag = z.etag(j.Path)
	return out
}

// end has the store answer everything from now on: all work ends, and no name is under way for ever.
func (z *fuzzer) end() {
	for range 2000 {
		z.collect()
		switch at, ok := z.plan.Wake(); {
		case len(z.order) > 0:
			z.finish(0, Done)
		case ok:
			z.now = at
		case !z.plan.Finished():
			z.t.Fatal("nothing is under way, nothing is to come, and yet the plan is not finished")
		default:
			return
		}
	}
	z.t.Fatalf("still %d jobs under way after 2000 steps; blocked: %+v", len(z.order), z.plan.Blocked())
}

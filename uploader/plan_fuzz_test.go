package uploader

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// FuzzPlan lets bytes decide which facts come and how jobs end. Whatever they are: one request a name is under way,
// a playlist goes up only when all it names is stored and never goes back, and once the store answers
// everything ends.
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
		z := &fuzzer{
			desk: newDesk(t, PlanConfig{Workers: 3, Snapshots: 4, Budget: budget}), files: map[string]hls.File{}, stored: map[string]bool{}, shown: map[string]uint64{},
			named: map[string][]hls.Reference{}, texts: map[string]string{},
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
	order  []Job               // under way, oldest first
	files  map[string]hls.File // on disk, but for playlists
	stored map[string]bool     // names in the store, playlists included
	shown  map[string]uint64
	seq    int
	named  map[string][]hls.Reference // what a playlist's text names
	texts  map[string]string          // on disk, by playlist
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
			z.plan.Observe(f)
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

// books checks what the Plan keeps of each playlist.
func (z *fuzzer) books() {
	for name, l := range z.plan.lists {
		if l.goal != nil && !slices.Contains(l.pending, l.goal) {
			z.t.Fatalf("the goal of %s is not pending", name)
		}
		if len(l.pending) > 0 && l.last == nil {
			z.t.Fatalf("versions of %s are pending, and there is no last one", name)
		}
		if !slices.IsSortedFunc(l.pending, func(a, b *snapshot) int { return cmp.Compare(a.seq, b.seq) }) {
			z.t.Fatalf("the pending versions of %s are out of order", name)
		}
	}
	bytes := int64(0)
	for _, v := range z.plan.unpinned.versions {
		bytes += v.size()
		if o := z.plan.objects[v.file.Path]; o == nil || o.newest != v || v.counted || v.refused || v.unpinned == "" || o.gone {
			z.t.Fatalf("%s has no pin, and is not to be shipped: %+v", v.file.Path, v)
		}
	}
	if bytes != z.plan.unpinned.bytes {
		z.t.Fatalf("%d bytes without a pin are counted, and there are %d", z.plan.unpinned.bytes, bytes)
	}
	if busy := z.plan.slots.busy(); busy != len(z.order) {
		z.t.Fatalf("%d requests are counted, and %d are under way", busy, len(z.order))
	}
}

// collect takes the jobs that are allowed now and checks each.
func (z *fuzzer) collect() {
	defer z.books()
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
			if other.Path == j.Path {
				z.t.Fatalf("%v and %v of %s are under way together", other.Op, j.Op, j.Path)
			}
		}
		switch j.Op {
		case PutPlaylist:
			z.checkPlaylist(j)
		case PutMedia:
			z.stored[j.Path] = true // or was: what is certain is that something is there once the PUT succeeds
		case Compare, Fetch:
		}
		z.order = append(z.order, j)
	}
}

func (z *fuzzer) checkPlaylist(j Job) {
	if j.snapshot.seq < z.shown[j.Path] {
		z.t.Fatalf("%s goes back from %d to %d", j.Path, z.shown[j.Path], j.snapshot.seq)
	}
	free := map[string]bool{}
	for _, b := range j.snapshot.binds {
		free[b.obj.path] = b.free
		if b.free && !b.soft && !b.hint || !b.free && b.hint {
			z.t.Fatalf("%s goes up, and %s gates as it must not: %+v", j.Path, b.obj.path, b)
		}
	}
	named, known := z.named[string(j.File.Content)]
	if !known {
		z.t.Fatalf("%s goes up with a text that nobody wrote: %q", j.Path, j.File.Content)
	}
	for _, ref := range named {
		if free[ref.URI] {
			continue
		}
		name, target := hls.Resolve(j.Path, ref.URI)
		if target == hls.Local && !z.stored[name] {
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
	out := Outcome{Result: z.sensible(j, r), At: z.now, ETag: fmt.Sprintf("e%d", z.plan.next()), RetryIn: time.Second}
	if out.Result == Failed {
		turn := which + int(z.now.UnixMilli()/50)
		out.Kind = []ErrorKind{Transient, Alarm, Precondition, Unsupported, Permanent}[turn%5]
		out.Asked = time.Duration(turn%3) * 30 * time.Second
	}
	if out.Result == Done || out.Result == Present || out.Result == Different {
		z.stored[j.Path] = true
	}
	if out.Result == Done && j.Op == PutPlaylist {
		z.shown[j.Path] = j.snapshot.seq
	}
	if out.Result == Done && j.Op == Fetch {
		out.Content, out.Playlist = []byte("#EXTM3U\n"), &hls.Playlist{Kind: hls.MediaPlaylist}
	}
	z.plan.Report(j, out)
}

// sensible is r if a job of that kind can end so, else something that it can.
func (z *fuzzer) sensible(j Job, r Result) Result {
	possible := map[Op][]Result{
		PutMedia:    {Done, Void, Gone, Failed, Cancelled},
		PutPlaylist: {Done, Failed, Cancelled},
		Compare:     {Done, Different, Absent, Void, Gone, Failed, Cancelled},
		Fetch:       {Done, Absent, Failed, Cancelled},
	}[j.Op]
	if j.Op == Compare && j.File.Source == nil {
		possible = []Result{Present, Absent, Failed}
	}
	for _, p := range possible {
		if p == r {
			return r
		}
	}
	return possible[0]
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

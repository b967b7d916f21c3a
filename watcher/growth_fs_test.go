package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// ranges is a media playlist of one file, whose segments end at the bytes given.
func ranges(name string, ends ...int) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:1\n")
	from := 0
	for _, end := range ends {
		fmt.Fprintf(&b, "#EXTINF:1.0,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", end-from, from, name)
		from = end
	}
	return b.String()
}

// grown returns the next fact and checks that it says that path grows and has these bytes.
func (x *watch) grown(path, bytes string) hls.File {
	x.t.Helper()
	f := x.next()
	if f.Path != path || f.State != hls.Growing {
		x.t.Fatalf("got %s %s, want %s growing", f.Path, f.State, path)
	}
	r, err := f.Source.Open()
	check(x.t, err)
	defer func() { check(x.t, r.Close()) }()
	got := make([]byte, f.Version.Size)
	_, err = r.ReadAt(got, 0)
	check(x.t, err)
	if v, err := r.Version(); err != nil || v != f.Version || string(got) != bytes {
		x.t.Fatalf("%s: got %q, version %v, %v; want %q, %v", path, got, v, err, bytes, f.Version)
	}
	return f
}

func TestGrowingFile(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	all := x.open("all.ts")
	put := func(text string) {
		t.Helper()
		_, err := all.WriteString(text)
		check(t, err)
	}
	list := func(ends ...int) {
		t.Helper()
		x.write("x.m3u8.tmp", ranges("all.ts", ends...))
		x.rename("x.m3u8.tmp", "x.m3u8")
	}

	put("aaaabbbbcc") // of which a part is buffered behind the range
	list(4)
	first := x.grown("all.ts", "aaaa")
	x.settled("x.m3u8", ranges("all.ts", 4))
	list(4, 8)
	second := x.grown("all.ts", "aaaabbbb")
	x.settled("x.m3u8", ranges("all.ts", 4, 8))
	if first.Growth == 0 || second.Growth != first.Growth {
		t.Errorf("growth %d after %d, want the same", second.Growth, first.Growth)
	}

	list(4, 8, 14) // before the bytes are there, as ffmpeg of 2018 does
	x.settled("x.m3u8", ranges("all.ts", 4, 8, 14))
	put("cccc")
	x.grown("all.ts", "aaaabbbbcccccc")

	x.w.Look("all.ts") // whoever asks has lost the bytes
	x.grown("all.ts", "aaaabbbbcccccc")

	put("tail")
	check(t, all.Close())
	whole := x.settled("all.ts", "aaaabbbbcccccctail")
	if whole.Growth != first.Growth {
		t.Errorf("growth %d at the end, want %d", whole.Growth, first.Growth)
	}
	list(4, 8, 14, 99) // past the end for ever
	x.settled("x.m3u8", ranges("all.ts", 4, 8, 14, 99))
	x.barrier()
	if got := x.obs.got()["range"]; got != 4 {
		t.Errorf("%d facts of ranges, want 4", got)
	}
}

// TestGrowingFileBeginsAnew truncates a file that grew, and lets another take its name.
func TestGrowingFileBeginsAnew(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	all := x.open("all.ts")
	_, err := all.WriteString("aaaabbbb")
	check(t, err)
	x.write("x.m3u8", ranges("all.ts", 8))
	old := x.grown("all.ts", "aaaabbbb")
	x.settled("x.m3u8", ranges("all.ts", 8))

	check(t, all.Truncate(0)) // by another process than the one that wrote it, as far as the kernel tells
	_, err = all.WriteAt([]byte("cccc"), 0)
	check(t, err)
	r, err := old.Source.Open()
	check(t, err)
	if v, err := r.Version(); err != nil || v == old.Version {
		t.Errorf("version %v, %v after the file was truncated, want another than %v", v, err, old.Version)
	}
	_, err = all.WriteAt([]byte("cccccccccc"), 0)
	check(t, err)
	if v, err := r.Version(); err != nil || v == old.Version {
		t.Errorf("version %v, %v when another run wrote more, want another than %v", v, err, old.Version)
	}
	check(t, all.Truncate(4))
	check(t, r.Close())
	x.write("x.m3u8", ranges("all.ts", 4))
	anew := x.grown("all.ts", "cccc")
	x.settled("x.m3u8", ranges("all.ts", 4))
	if anew.Growth == old.Growth {
		t.Error("the growth is the same, want another")
	}

	check(t, os.Remove(x.path("all.ts")))
	x.gone("all.ts")
	other := x.open("all.ts")
	_, err = other.WriteString("ddddd")
	check(t, err)
	x.write("x.m3u8", ranges("all.ts", 5))
	if f := x.grown("all.ts", "ddddd"); f.Growth == anew.Growth {
		t.Error("the growth is the same for another file")
	}
}

// TestGrowingFileAtStart finds a stream under way.
func TestGrowingFileAtStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all, err := os.Create(dir + "/all.ts")
	check(t, err)
	defer func() { check(t, all.Close()) }()
	_, err = all.WriteString("aaaabbbb")
	check(t, err)
	check(t, os.WriteFile(dir+"/x.m3u8", []byte(ranges("all.ts", 4)), 0o644))
	x := newWatch(t, dir, nil)
	x.run()
	x.grown("all.ts", "aaaa")
	x.settled("x.m3u8", ranges("all.ts", 4))
}

// TestStopReportsGrowingFiles has playlists find out that they name files by ranges which are looked at after them and have other
// bytes than before. All of it is reported at the end, which comes at once.
func TestStopReportsGrowingFiles(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{"one": {"a.ts"}, "two, each of a playlist": {"a.ts", "b.ts"}} {
		t.Run("closed as it is looked at, "+name, func(t *testing.T) {
			t.Parallel()
			testClosedAsLookedAt(t, files)
		})
	}
	t.Run("gone before", func(t *testing.T) {
		t.Parallel()
		x := start(t, nil)
		x.place("a.ts", "before")
		x.settled("a.ts", "before")
		check(t, os.Remove(x.path("a.ts")))
		x.gone("a.ts")
		_, err := x.open("a.ts").WriteString("aaaabbbb")
		check(t, err)
		x.place("x.m3u8", ranges("a.ts", 8))
		x.obs.until(t, "the range", func(r *recorder) bool { return r.evidence[hls.ByRange] == 1 })
		if got := paths(x.stop()); !slices.Equal(got, []string{"a.ts", "x.m3u8"}) {
			t.Errorf("got %v", got)
		}
	})
}

// testClosedAsLookedAt has files of an earlier run be written anew, and closed while they are looked at as playlists name them.
func testClosedAsLookedAt(t *testing.T, files []string) {
	var mu sync.Mutex
	open := make(map[string]*os.File) // of the files whose playlists are looked at; guarded by mu
	writers := make(map[string]*os.File)
	var met sync.WaitGroup
	met.Add(len(files))
	closed := make(chan struct{}, len(files))
	x := start(t, nil, withProbe(func(f *os.File) writer {
		name := filepath.Base(f.Name())
		mu.Lock()
		defer mu.Unlock()
		if w := writers[strings.TrimSuffix(name, ".m3u8")]; strings.HasSuffix(name, ".m3u8") && open[w.Name()] == nil {
			open[w.Name()] = w
			mu.Unlock()
			met.Done()
			met.Wait() // each has its place
			mu.Lock()
			return none
		}
		w := open[f.Name()]
		if w == nil {
			return probeWriter(f)
		}
		if err := w.Close(); err == nil {
			closed <- struct{}{}
		}
		return none
	}))
	var want []string
	for _, name := range files {
		x.place(name, "before")
		x.settled(name, "before")
		f := x.open(name)
		_, err := f.WriteString("aaaabbbb")
		check(t, err)
		mu.Lock()
		writers[name] = f
		mu.Unlock()
		want = append(want, name, name+".m3u8")
	}
	for _, name := range files {
		x.place(name+".m3u8", ranges(name, 8))
	}
	for range files {
		<-closed
	}
	if got := paths(x.stop()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

package watcher

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

func TestCloseSettles(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.open("seg_1.ts")
	for range 10 {
		_, err := f.WriteString(strings.Repeat("x", 188))
		check(t, err)
	}
	check(t, f.Close())
	fact := x.settled("seg_1.ts", strings.Repeat("x", 1880))
	if fact.Found || fact.Kind != hls.Media || time.Since(fact.Seen) > patient {
		t.Errorf("got %+v", fact)
	}
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported again: %v", paths(rest))
	}
}

func TestOpenFileIsNotReported(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	// The first half of a segment, its close by a second descriptor, a scan: none makes it whole.
	f := x.open("seg_1.ts")
	_, err := f.WriteString("half")
	check(t, err)
	second := x.open("seg_1.ts", os.O_WRONLY)
	check(t, second.Close())
	x.barrier()
	_, err = f.WriteString(" and half")
	check(t, err)
	check(t, f.Close())
	x.settled("seg_1.ts", "half and half")
}

func TestTruncatedInPlaceBeforeTheLook(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	x.run()
	x.scanned("start", 1)
	// Close and reopen at once: whether the look comes before or after, only whole bytes are reported.
	for i := range 50 {
		x.write("seg.ts", strings.Repeat("a", 1000+i))
		f := x.open("seg.ts")
		_, err := f.WriteString("half")
		check(t, err)
		x.barrierIgnoring(t, func(fact hls.File) {
			if n := len(read0(fact)); n != 1000+i && n != 0 {
				t.Errorf("got %d bytes, want %d", n, 1000+i)
			}
		})
		_, err = f.WriteString(strings.Repeat("b", 2000))
		check(t, err)
		check(t, f.Close())
		fact := x.next()
		if n := fact.Version.Size; n != 2004 {
			t.Fatalf("got %d bytes, want 2004", n)
		}
		check(t, os.Remove(x.path("seg.ts")))
		x.gone("seg.ts")
	}
}

// barrierIgnoring is barrier, with a look at the facts before it.
func (x *watch) barrierIgnoring(t *testing.T, each func(hls.File)) {
	t.Helper()
	x.marks++
	name := "barrier_" + strings.Repeat("y", x.marks) + ".ts"
	x.write(name, "barrier")
	for f := x.next(); f.Path != name; f = x.next() {
		each(f)
	}
}

// sourceVersion returns the version that the Source of f has now.
func sourceVersion(t *testing.T, f hls.File) hls.Version {
	t.Helper()
	r, err := f.Source.Open()
	check(t, err)
	v, err := r.Version()
	check(t, err)
	check(t, r.Close())
	return v
}

// read0 returns the bytes of a fact, none if they changed since.
func read0(f hls.File) []byte {
	r, err := f.Source.Open()
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	b := make([]byte, f.Version.Size)
	n, _ := r.ReadAt(b, 0)
	if v, err := r.Version(); err != nil || v != f.Version {
		return nil
	}
	return b[:n]
}

// TestPlaylistFollowsWhatItNames closes a file under a name that was reported, and lists it before a probe can tell that
// its writer is out.
func TestPlaylistFollowsWhatItNames(t *testing.T) {
	t.Parallel()
	var busy atomic.Bool
	x := start(t, nil, withProbe(func(f *os.File) writer {
		if busy.Load() && filepath.Base(f.Name()) == "0.ts" {
			return some
		}
		return none
	}))
	x.write("0.ts", "zero")
	x.settled("0.ts", "zero")
	busy.Store(true)
	x.write("0.ts", "three")
	x.write("x.m3u8", playlist("0.ts"))
	x.barrier()
	busy.Store(false)
	x.settled("0.ts", "three")
	x.settled("x.m3u8", playlist("0.ts"))
}

func TestRenameSettles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		probe func(*os.File) writer
	}{
		{"lease", probeWriter},
		{"without leases", cannotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, func(c *Config) { c.Settle = time.Hour }, withProbe(c.probe))
			x.write("seg_1.ts.tmp", "one")
			x.rename("seg_1.ts.tmp", "seg_1.ts")
			x.settled("seg_1.ts", "one")
			// A chain of names, and a file that comes back to its first one.
			x.write("a.tmp", "two")
			x.rename("a.tmp", "b.tmp")
			x.rename("b.tmp", "a.tmp")
			x.rename("a.tmp", "seg_2.ts")
			x.settled("seg_2.ts", "two")
			// Over an existing name.
			x.write("a.tmp", "three")
			x.rename("a.tmp", "seg_1.ts")
			x.settled("seg_1.ts", "three")
			x.evidence("rename", 3)
		})
	}
}

func TestRenameOfReported(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	// ffmpeg's second_level_segment_size: closed under a placeholder's name.
	x.write("seg_0000_00000000.ts", "bytes")
	x.settled("seg_0000_00000000.ts", "bytes")
	x.rename("seg_0000_00000000.ts", "seg_0000_00043052.ts")
	x.both("seg_0000_00000000.ts", "seg_0000_00043052.ts", "bytes")
	if got := x.obs.got(); got["rename"] != 1 {
		t.Errorf("evidence: got %v, want one rename", got)
	}
}

func TestRenameBeforeClose(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	// GIO (hlssink2): the old name is opened and closed untouched, the new bytes are renamed over it
	// while still open, and closed afterwards.
	x.write("playlist.m3u8", playlist("a.ts"))
	x.settled("playlist.m3u8", playlist("a.ts"))
	check(t, x.open("playlist.m3u8", os.O_WRONLY|os.O_CREATE).Close())
	f := x.open(".goutputstream-PSONZ3")
	_, err := f.WriteString(playlist("a.ts", "b.ts"))
	check(t, err)
	x.rename(".goutputstream-PSONZ3", "playlist.m3u8")
	x.barrier()
	check(t, f.Close())
	x.settled("playlist.m3u8", playlist("a.ts", "b.ts"))
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported again: %v", paths(rest))
	}
}

func TestMovedInFromElsewhere(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	outside := filepath.Join(filepath.Dir(x.dir), filepath.Base(x.dir)+"-elsewhere")
	check(t, os.WriteFile(outside, []byte(playlist("a.ts")), 0o644))
	check(t, os.Rename(outside, x.path("video.m3u8")))
	f := x.settled("video.m3u8", playlist("a.ts"))
	if f.Found {
		t.Error("found, though its arrival was seen")
	}
	x.evidence("lease", 1)
}

func TestMetByScan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, evidence string
		options        []option
	}{
		{"lease", "lease", nil},
		{"cannot tell", "quiet", []option{withProbe(cannotTell)}},
		{"no closes", "lease", []option{withoutCloses}},
		{"nothing at all", "quiet", []option{withoutCloses, withProbe(cannotTell)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newWatch(t, t.TempDir(), nil, c.options...)
			x.write("seg_1.ts", "one")
			x.run()
			if f := x.settled("seg_1.ts", "one"); !f.Found {
				t.Error("not found, though a scan met it")
			}
			x.evidence(c.evidence, 1)
		})
	}
}

func TestQuietRuleOnWrites(t *testing.T) {
	t.Parallel()
	x := start(t, nil, withoutCloses, withProbe(cannotTell))
	x.obs.until(t, "fallback", func(r *recorder) bool { return r.folders == 1 && !r.exact })
	f := x.open("seg_1.ts")
	_, err := f.WriteString("bytes")
	check(t, err)
	x.settled("seg_1.ts", "bytes")
	_, err = f.WriteString(" and more")
	check(t, err)
	x.settled("seg_1.ts", "bytes and more")
	x.evidence("quiet", 2)
}

func TestOpenFileFoundByScan(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	f := x.open("seg_1.ts")
	_, err := f.WriteString("half")
	check(t, err)
	x.run()
	x.scanned("start", 1)
	x.barrier()
	check(t, f.Close())
	if fact := x.settled("seg_1.ts", "half"); fact.Found {
		t.Error("found at rest, though it was open")
	}
}

func TestWitnessedFileWaitsForItsClose(t *testing.T) {
	t.Parallel()
	// Nobody can tell of writers, and the packager pauses for longer than Settle.
	x := start(t, func(c *Config) { c.Settle = time.Millisecond }, withProbe(cannotTell))
	f := x.open("stream_01.vtt")
	x.barrier()
	x.barrier()
	_, err := f.WriteString("WEBVTT")
	check(t, err)
	check(t, f.Close())
	x.settled("stream_01.vtt", "WEBVTT")
}

func TestTornFile(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), func(c *Config) {
		c.Torn = func(path string, v hls.Version) bool { return strings.HasPrefix(path, "torn") && v.Size == 4 }
	})
	x.write("torn.ts", "half")
	x.write("torn.m3u8", "#EXT")
	x.write("whole.ts", "whole")
	x.run()
	x.settled("whole.ts", "whole")
	x.obs.until(t, "refusal", func(r *recorder) bool { return r.refused[hls.RefusedTorn] == 2 })
	x.write("torn.ts", "written anew")
	x.settled("torn.ts", "written anew")
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	x.write("found.ts", "")
	x.run()
	refused := func(n int) {
		t.Helper()
		x.obs.until(t, "refusal", func(r *recorder) bool { return r.refused[hls.RefusedEmpty] == n })
	}
	refused(1)
	x.write("closed.ts", "")
	refused(2)
	x.write("renamed.vtt.tmp", "")
	x.rename("renamed.vtt.tmp", "renamed.vtt")
	refused(3)
	x.write("whole.m4s", "whole")
	x.settled("whole.m4s", "whole")
	x.write("whole.m4s", "") // as a packager that begins anew and is killed
	refused(4)
	x.w.Look("found.ts") // whoever asks is told no more
	x.barrier()
	refused(4)
	for name, kind := range map[string]hls.Kind{"init.mp4": hls.Init, "0.key": hls.Key, "notes": hls.Other} {
		x.write(name, "") // that nothing was written is for others to judge
		if f := x.settled(name, ""); f.Kind != kind {
			t.Errorf("%s is %v", name, f.Kind)
		}
	}
	for _, name := range []string{"found.ts", "closed.ts", "renamed.vtt", "whole.m4s"} {
		x.write(name, "bytes")
		x.settled(name, "bytes")
	}
	if log := x.log.String(); strings.Count(log, "reason=empty") != 4 || !strings.Contains(log, "cure=") {
		t.Errorf("log:\n%s", log)
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.write("seg_1.ts", "one")
	x.settled("seg_1.ts", "one")
	check(t, x.open("seg_1.ts", os.O_WRONLY).Close()) // a close by somebody who wrote nothing
	check(t, os.Chmod(x.path("seg_1.ts"), 0o600))
	check(t, os.Link(x.path("seg_1.ts"), x.path("link.ts")))
	x.settled("link.ts", "one")
	x.barrier()
	x.write("seg_1.ts", "two")
	x.settled("seg_1.ts", "two")
}

func TestModificationTimeSetBackward(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.write("0.key", "0123456789abcdef")
	f := x.settled("0.key", "0123456789abcdef")
	x.barrier()
	back := time.Unix(time.Now().Unix()-1, 0)
	check(t, os.Chtimes(x.path("0.key"), back, back))
	for sourceVersion(t, f) != f.Version { // it becomes the same version to the Source, too
		x.barrier()
	}
	// The same size and that very modification time after a close: other bytes.
	g := x.open("0.key")
	_, err := g.WriteString("fedcba9876543210")
	check(t, err)
	check(t, os.Chtimes(x.path("0.key"), back, back))
	check(t, g.Close())
	x.settled("0.key", "fedcba9876543210")
}

func TestLookReportsAfresh(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.write("seg_1.ts", "one")
	x.settled("seg_1.ts", "one")
	x.w.Look("seg_1.ts")
	x.settled("seg_1.ts", "one")
	x.write("index.m3u8", playlist("seg_1.ts"))
	x.settled("index.m3u8", playlist("seg_1.ts"))
	x.w.Look("index.m3u8")
	x.settled("index.m3u8", playlist("seg_1.ts"))
	x.w.Look("missing.ts")
	x.gone("missing.ts")
	x.w.Look("no/such/folder.ts")
	x.gone("no/such/folder.ts")
	x.w.Look("../" + filepath.Base(x.dir) + "/seg_1.ts")
	x.w.Look("/etc/passwd")
	x.w.Look(".hlsship")
	x.gone(".hlsship")
	x.barrier()
}

func TestWritesCostNoEvents(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	before := x.w.events.Load()
	f := x.open("seg.ts")
	for range 10000 {
		_, err := f.Write(make([]byte, 188))
		check(t, err)
	}
	check(t, f.Close())
	x.settled("seg.ts", strings.Repeat("\x00", 1880000))
	x.barrier()
	if got := x.w.events.Load() - before; got > 4 { // two each for the segment and the barrier
		t.Errorf("10,000 writes made %d events, want at most 4", got)
	}
}

func TestKilledWriter(t *testing.T) {
	t.Parallel()
	// The kernel closes what a killed packager had open: the half segment is settled, and it is for the
	// plan to see that nothing names it. The next run truncates and writes it anew.
	x := start(t, nil)
	cmd := exec.Command(os.Args[0], "1", "1048576")
	cmd.Env = append(os.Environ(), childVariable+"="+x.dir)
	check(t, cmd.Start())
	for deadline := time.Now().Add(patient); ; {
		if fi, err := os.Stat(x.path("seg_0.ts")); err == nil && fi.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the packager wrote nothing")
		}
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	half := x.next()
	if half.Path != "seg_0.ts" || half.Version.Size == 0 {
		t.Fatalf("got %s with %d bytes", half.Path, half.Version.Size)
	}
	x.write("seg_0.ts", "whole")
	whole := x.settled("seg_0.ts", "whole")
	if whole.Version == half.Version {
		t.Error("the versions are the same")
	}
	r, err := half.Source.Open()
	check(t, err)
	defer func() { check(t, r.Close()) }()
	if v, err := r.Version(); err != nil || v == half.Version {
		t.Errorf("version of the half one: got %v, %v, want another", v, err)
	}
}

// TestSmallFilesAreSummed: what packagers write again with the same bytes is told by them.
func TestSmallFilesAreSummed(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	long := strings.Repeat("x", hls.MaxSummed+1)
	for name, tt := range map[string]struct {
		content string
		want    hls.Sum
	}{
		"init.mp4": {"init", sha256.Sum256([]byte("init"))},
		"k.key":    {long[1:], sha256.Sum256([]byte(long[1:]))},
		"a.m4s":    {long, hls.Sum{}},
	} {
		for _, inPlace := range []bool{true, false} {
			if inPlace {
				x.write(name, tt.content)
			} else {
				x.write("t.tmp", tt.content)
				x.rename("t.tmp", name)
			}
			if f := x.settled(name, tt.content); f.Sum != tt.want {
				t.Errorf("%s, in place %v: %x, want %x", name, inPlace, f.Sum, tt.want)
			}
		}
	}
}

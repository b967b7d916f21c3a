package storetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// record runs a Recorder of dir. seen yields a path for every file told to the viewer; stop
// ends the recording and waits for it.
func record(t *testing.T, dir string, v *Viewer, saw func(path string, content []byte)) (r *Recorder, seen <-chan string, stop func()) {
	t.Helper()
	r = NewRecorder(dir, v)
	told := make(chan string, 1024)
	r.Saw = func(path string, content []byte) {
		if saw != nil {
			saw(path, content)
		}
		told <- path
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("recorder: %v", err)
		}
	}
	t.Cleanup(stop)
	select {
	case <-r.Ready():
	case <-time.After(10 * time.Second):
		t.Fatal("recorder is not ready")
	}
	return r, told, stop
}

// await waits for want and passes over others: one file may be seen twice, by the scan of its folder and
// by its event, or by two events of which the first was read late.
func await(t *testing.T, seen <-chan string, want string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case got := <-seen:
			if got == want {
				return
			}
		case <-deadline:
			t.Fatalf("never saw %s", want)
		}
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRecorderSeesWhatIsFinished(t *testing.T) {
	t.Parallel()
	v := NewViewer("")
	v.Grace = time.Minute
	dir := t.TempDir()
	r, seen, stop := record(t, dir, v, nil)
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }

	write(t, at("a.ts"), "one")
	await(t, seen, "a.ts")
	write(t, at("index.m3u8"), "") // truncated by a writer in place
	write(t, at("index.m3u8.tmp"), media("a.ts"))
	if err := os.Rename(at("index.m3u8.tmp"), at("index.m3u8")); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "index.m3u8")

	// A folder that is filled before anybody can watch it.
	if err := os.MkdirAll(at("2026/11"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, at("2026/11/b.ts"), "two")
	await(t, seen, "2026/11/b.ts")

	// A name that comes back with other bytes.
	if err := os.Remove(at("a.ts")); err != nil {
		t.Fatal(err)
	}
	write(t, at("a.ts"), "three")
	await(t, seen, "a.ts")

	v.Changed("a.ts", []byte("one"))
	v.Changed("index.m3u8", []byte(media("a.ts")))
	stop()
	for _, f := range r.Files() {
		if f.Missed && f.Path == "index.m3u8" {
			continue // the empty one had made room for the other before anybody looked
		}
		if f.Missed || hls.Classify(f.Path) == hls.Temporary || f.Size == 0 {
			t.Errorf("recorded %+v", f)
		}
	}
	if got := v.files["a.ts"].versions; len(got) != 2 || got[1].size != int64(len("three")) {
		t.Errorf("a.ts: got %+v, want two versions", got)
	}
	if n, ok := v.Published("index.m3u8"); n != 1 || !ok {
		t.Errorf("published: got %d, %t, want 1, true", n, ok)
	}
}

func TestRecorderSeesAFileGrow(t *testing.T) {
	t.Parallel()
	v := NewViewer("")
	dir := t.TempDir()
	_, seen, stop := record(t, dir, v, nil)
	growing, err := os.Create(filepath.Join(dir, "all.ts"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := growing.WriteString("1122"); err != nil {
		t.Fatal(err)
	}
	text := media("#EXT-X-BYTERANGE:2@0", "all.ts")
	write(t, filepath.Join(dir, "index.m3u8"), text)
	await(t, seen, "index.m3u8")
	v.Changed("all.ts", []byte("11"))
	v.Changed("index.m3u8", []byte(text))
	if err := growing.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "all.ts")
	stop()
	v.Finale()
	for _, b := range v.Violations() {
		t.Error(b)
	}
}

// TestRecorderBesideFfmpeg ships what ffmpeg writes in the right order, judged by what was recorded.
func TestRecorderBesideFfmpeg(t *testing.T) {
	t.Parallel()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg")
	}
	for _, c := range []struct {
		name, args             string
		runs, segments, listed int
	}{
		{"delete_segments", "-hls_flags delete_segments -hls_delete_threshold 1 index.m3u8", 1, 3, 3},
		{"single_file", "-hls_flags single_file index.m3u8", 1, 1, 3},
		{"fmp4 started twice", "-hls_segment_type fmp4 -hls_segment_filename seg%d.m4s index.m3u8", 2, 4, 5},
		{"two renditions in folders", "-map 0 -map 0 -var_stream_map v:0,name:hi_v:1,name:lo -master_pl_name main.m3u8 %v/index.m3u8", 1, 6, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := NewViewer("live/")
			v.Grace = time.Minute
			finished := make(map[string][]byte)
			dir := t.TempDir()
			r, _, stop := record(t, dir, v, func(path string, content []byte) {
				finished[path] = content
				if !hls.Classify(path).IsPlaylist() {
					return
				}
				parsed, err := hls.Parse(content)
				if err != nil {
					t.Errorf("parse %s: %v", path, err)
					return
				}
				for _, ref := range parsed.References {
					name, _ := hls.Site{}.Resolve(path, ref.URI)
					stored := finished[name]
					if ref.Kind.IsPlaylist() {
						continue // ffmpeg writes the multivariant playlist last
					}
					if stored == nil && ref.Length > 0 {
						prefix, err := os.ReadFile(filepath.Join(dir, name))
						if err != nil || int64(len(prefix)) < ref.Offset+ref.Length {
							t.Errorf("%s is shorter than named: %v", name, err)
							continue
						}
						stored = prefix[:ref.Offset+ref.Length]
					}
					v.Changed("live/"+name, stored)
				}
				v.Changed("live/"+path, content)
			})
			args := strings.Fields("-hide_banner -loglevel error -re -f lavfi -i testsrc=size=160x90:rate=10 -t 3 " +
				"-c:v libx264 -preset ultrafast -threads 1 -g 10 -f hls -hls_time 1 -hls_list_size 2 " + c.args)
			for i, arg := range args {
				if strings.HasPrefix(arg, "v:0") {
					args[i] = strings.ReplaceAll(arg, "_", " ")
				}
			}
			for run := range c.runs {
				if run > 0 { // other bytes under the same names
					args[slices.Index(args, "-i")+1] = "testsrc2=size=160x90:rate=10"
				}
				cmd := exec.CommandContext(t.Context(), ffmpeg, args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("ffmpeg: %v: %s", err, out)
				}
			}
			stop()
			v.Finale()
			for _, b := range v.Violations() {
				t.Error(b)
			}
			var segments []string
			for _, f := range r.Files() {
				if f.Missed {
					t.Errorf("missed %s", f.Path)
				}
				if !hls.Classify(f.Path).IsPlaylist() && !slices.Contains(segments, f.Path) {
					segments = append(segments, f.Path)
				}
			}
			if len(segments) != c.segments {
				t.Errorf("segments: got %v, want %d", segments, c.segments)
			}
			if got := v.Counts().Publications; got < c.listed {
				t.Errorf("publications: got %d, want %d at least", got, c.listed)
			}
		})
	}
}

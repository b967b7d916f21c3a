package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
)

// startDemo runs the demo with a temporary folder of its own and returns the page's address. path, if
// not empty, replaces the search path.
func startDemo(t *testing.T, path string, args ...string) (p *process, temp, address string) {
	t.Helper()
	temp = t.TempDir()
	env := []string{"TMPDIR=" + temp}
	if path != "" {
		env = append(env, "PATH="+path)
	}
	p = startIn(t, env, append([]string{"demo", "--log-level", "info"}, args...)...)
	return p, temp, p.says(t, `Watch it at (http://\S+)`)[1]
}

// stopDemo stops it as Ctrl-C does and checks that nothing is left.
func stopDemo(t *testing.T, p *process, temp string) {
	t.Helper()
	p.signal(t, syscall.SIGINT)
	p.exits(t, exitDone)
	left, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("%s is left behind", e.Name())
	}
	for _, pid := range processesNaming(t, temp) {
		t.Errorf("process %d is left behind", pid)
	}
	if !strings.Contains(p.output(), "Stopped. ") {
		t.Errorf("the last word is missing:\n%s", p.output())
	}
}

// processesNaming returns the processes with text in their arguments. Without a /proc it knows none.
func processesNaming(t *testing.T, text string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(line), text) {
			continue // it ended meanwhile, or it is another one
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/cmdline", &pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDemoWithoutFFmpeg(t *testing.T) {
	t.Parallel()
	p, temp, address := startDemo(t, t.TempDir())
	p.says(t, "playlist published")
	for path, want := range map[string]string{
		"": "<title>hlsship demo</title>", "page.js": "hlsErrors", "page.css": "--accent", "hls.light.min.js": "Hls",
		"figures.json": `"source":"clip"`, "live/live.m3u8": "/clip00000.ts\n",
	} {
		if body := fetch(t, address+path); !strings.Contains(body, want) {
			t.Errorf("/%s lacks %q: %.200s", path, want, body)
		}
	}
	want, err := clipFiles.ReadFile("clip/clip0.ts")
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile(`(?m)^\S+/clip00000\.ts$`).FindString(fetch(t, address+"live/live.m3u8"))
	if fetch(t, address+"live/"+first) != string(want) {
		t.Error("the first segment does not come out of the bucket as it went in")
	}
	if !strings.Contains(p.output(), "There is no ffmpeg here") {
		t.Errorf("nothing is said of the missing ffmpeg:\n%s", p.output())
	}
	stopDemo(t, p, temp)
}

func TestDemoWithBrokenFFmpeg(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	script := "#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(bin, "ffmpeg"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p, temp, address := startDemo(t, bin)
	p.says(t, `ffmpeg ended \(exit status 3: Unknown encoder libx264\), so the embedded clip goes on`)
	p.says(t, "playlist published")
	if figures := fetch(t, address+"figures.json"); !strings.Contains(figures, "Unknown encoder") {
		t.Errorf("the page is not told: %s", figures)
	}
	stopDemo(t, p, temp)
}

// TestDemoFFmpegDies kills ffmpeg while the stream is on; the clip goes on with the next number.
func TestDemoFFmpegDies(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	p, temp, address := startDemo(t, "")
	p.says(t, "playlist published")
	pids := processesNaming(t, temp)
	if len(pids) != 1 {
		t.Fatalf("%d processes write into the folder, want ffmpeg alone", len(pids))
	}
	kill(t, pids[0])
	p.says(t, `ffmpeg ended \(signal: killed\), so the embedded clip goes on`)
	first := p.says(t, `segment stored.* key=live/\w+/clip(\d+).ts`)[1]
	p.says(t, "playlist published")
	text := fetch(t, address+"live/live.m3u8")
	if !regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:0*[1-9]\d*\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n`).MatchString(text) || strings.Contains(first, "00000") {
		t.Errorf("the clip does not go on after ffmpeg's numbers: clip%s, %q", first, text)
	}
	stopDemo(t, p, temp)
}

func TestDemoUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"argument": {"demo", "more"}, "level": {"demo", "--log-level", "loud"}, "flag": {"demo", "--no-ffmpge"},
	} {
		var errs strings.Builder
		p := program{stdout: io.Discard, stderr: &errs}
		if code := p.runs(t.Context(), args...); code != exitUsage {
			t.Errorf("%s: exit code %d, want %d: %s", name, code, exitUsage, &errs)
		}
	}
}

// TestBucketIsGuarded writes into the bucket as another page of the browser would.
func TestBucketIsGuarded(t *testing.T) {
	t.Parallel()
	b, err := newBucket("OURKEY")
	if err != nil {
		t.Fatal(err)
	}
	page := newPage(newFigures(metrics.New("", "").Channel("", "").Uploader(), time.Now()), b, make(chan struct{}, 1))
	ask := func(method, path, authorization string) int {
		r := httptest.NewRequest(method, path, strings.NewReader("x"))
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Length", "1")
		w := httptest.NewRecorder()
		page.http.Handler.ServeHTTP(w, r)
		return w.Code
	}
	if got := ask(http.MethodPut, "/demo/live/x.ts", ""); got != http.StatusForbidden {
		t.Errorf("an unsigned PUT answers %d, want 403", got)
	}
	if got := ask(http.MethodPut, "/demo/live/x.ts", "AWS4-HMAC-SHA256 Credential=OURKEY/2026/us-east-1/s3/aws4_request"); got != http.StatusOK {
		t.Errorf("a signed PUT answers %d, want 200", got)
	}
	if got := ask(http.MethodGet, "/live/x.ts", ""); got != http.StatusOK {
		t.Errorf("a GET of the player answers %d, want 200", got)
	}
	if got := ask(http.MethodPut, "/live/x.ts", ""); got < 400 {
		t.Errorf("a PUT below /live answers %d", got)
	}
}

func TestBucketIsSwept(t *testing.T) {
	t.Parallel()
	b, err := newBucket("k")
	if err != nil {
		t.Fatal(err)
	}
	put := func(key, text string) {
		if _, err := b.backend.PutObject(demoBucket, key, map[string]string{}, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	put("live/old.ts", "a")
	put("live/listed.ts", "b")
	put("live/live.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nlisted.ts\n")
	if err := b.remove(time.Now().Add(-time.Hour)); err != nil || b.text("live/old.ts") != "a" {
		t.Errorf("a young object was removed (%v)", err)
	}
	if err := b.remove(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if b.text("live/old.ts") != "" {
		t.Error("an old object was kept")
	}
	if b.text("live/listed.ts") != "b" || b.text("live/live.m3u8") == "" {
		t.Error("the playlist, or what it names, was removed")
	}
}

// TestClipPlaylist plays the clip for a while and follows it as a player would: numbers never fall, and
// each segment keeps its number and its discontinuity sequence for as long as it is listed.
func TestClipPlaylist(t *testing.T) {
	t.Parallel()
	c := clip{first: 7, discontinuities: 1}
	known := map[string]string{}
	for n := range uint64(50) {
		text := c.playlist(n)
		p, err := hls.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if last, ok := p.LastSequence(); !ok || last != 7+n {
			t.Fatalf("after segment %d the last number is %d", n, last)
		}
		if p.Segments > clipWindow {
			t.Fatalf("%d segments are listed", p.Segments)
		}
		number, cuts := p.MediaSequence, p.DiscontinuitySequence
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			switch {
			case line == "#EXT-X-DISCONTINUITY":
				cuts++
			case strings.HasSuffix(line, ".ts"):
				place := fmt.Sprintf("number %d, discontinuity sequence %d", number, cuts)
				if was, ok := known[line]; ok && was != place {
					t.Fatalf("%s was %s and is %s", line, was, place)
				}
				known[line] = place
				number++
			}
		}
	}
	if got, want := known["clip00047.ts"], "number 47, discontinuity sequence 5"; got != want {
		t.Errorf("segment 40 is %s, want %s", got, want)
	}
}

// TestFigures follows two segments to the published playlist that makes them playable.
func TestFigures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFigures(metrics.New("", "").Channel("", "").Uploader(), time.Now())
		time.Sleep(time.Second)
		f.Stored("live", "segment", 100, 30*time.Millisecond)
		time.Sleep(10 * time.Millisecond)
		f.Stored("live", "segment", 100, 5*time.Millisecond)
		f.Stored("live", "key", 16, 5*time.Millisecond)
		f.Stored("live", "segment", 100, 0) // found at rest: nobody knows when it was finished
		time.Sleep(20 * time.Millisecond)
		if got := f.snapshot(time.Now()); len(got.Chart) != 0 {
			t.Errorf("latencies %v before anything is playable", got.Chart)
		}
		f.Published("live", "playlist", time.Millisecond)
		f.Published("live", "playlist", time.Millisecond)
		got := f.snapshot(time.Now())
		if fmt.Sprint(got.Chart) != "[60 25]" || got.Last != 25 || got.Median != 25 || got.P99 != 60 || got.Worst != 60 {
			t.Errorf("latencies are %v, last %v, median %v, 99 %% %v, worst %v", got.Chart, got.Last, got.Median, got.P99, got.Worst)
		}
		if got.Segments != 3 || got.Bytes != 300 || got.Playlists != 2 || got.Uptime != 1.03 {
			t.Errorf("figures are %+v", got)
		}
		for range 2 * keptSamples {
			f.Stored("live", "segment", 1, time.Millisecond)
			f.Published("live", "playlist", time.Millisecond)
		}
		if got := f.snapshot(time.Now()); len(f.samples) != keptSamples || len(got.Chart) != shownSamples || got.Worst != 1 {
			t.Errorf("%d samples kept, %d shown, worst %v", len(f.samples), len(got.Chart), got.Worst)
		}
	})
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// placeInFilm is where a player went.
type placeInFilm struct {
	At, Duration float64
	Ended        bool
}

// TestRecordingsPlay: hls.js goes to the beginning, the middle and the end of recordings and clips, and switches renditions.
func TestRecordingsPlay(t *testing.T) {
	page := browser(t)
	for name, arguments := range packings() {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, arguments...)
			if name == "aes-128" {
				r.encrypt(t, "live.m3u8")
			}
			r.ship(t, 0, 5)
			open := r.clips(t, "--from", "9s", "--to", "25s", "--name", "open")
			r.recovers(t, exitDone)
			clip := r.clips(t, "--from", "9s", "--to", "25s", "--name", "goal")
			for i, l := range open.Lists {
				if a, b := untimed(r.stored(t, pathIn(l.URL))), untimed(r.stored(t, pathIn(clip.Lists[i].URL))); a != b {
					t.Errorf("while the session was open\n%s\nand closed\n%s", a, b)
				}
			}
			play := "live.m3u8"
			if r.master != "" {
				play = "master.m3u8"
			}
			server := r.served(t)
			if err := chromedp.Do(page, chromedp.Navigate(server+"play.html")); err != nil {
				t.Fatal(err)
			}
			in := server + "live/live/" + recordedSession + "/"
			for _, one := range []struct {
				name, url string
				length    float64
			}{{"recording", in + play, recordedLength}, {"clip", in + path.Base(clip.Play), 18}} {
				if err := chromedp.Do(page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`play(%q, %q)`, one.name, one.url))); err != nil {
					t.Fatal(err)
				}
				screened(t, page, one.name)
				for _, part := range []float64{0.5, 1, 0} {
					from, err := chromedp.Run(page, chromedp.Evaluate[float64](fmt.Sprintf(`seek(%q, %g)`, one.name, part)))
					if err != nil {
						t.Fatal(err)
					}
					at, err := chromedp.Run(page, chromedp.PollFunction[placeInFilm](`(name, from) => went(name, from)`, chromedp.WithPollingArgs(one.name, from),
						chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(deadline)))
					if err != nil {
						now, _ := chromedp.Run(page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, one.name)))
						t.Fatalf("%s does not play behind %g s: %v: %+v", one.name, from, err, now)
					}
					if at.Duration < one.length-recordedSegment || at.Duration > one.length+recordedSegment {
						t.Errorf("%s is %g s long, want %g s", one.name, at.Duration, one.length)
					}
				}
				if r.master != "" {
					switches(t, page, one.name)
				}
				now, err := chromedp.Run(page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, one.name)))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range now.Errors {
					if e.Fatal {
						t.Errorf("%s: %+v", one.name, e)
					}
				}
				if name == "aes-128" && now.Keys == 0 {
					t.Errorf("%s was played without a key", one.name)
				}
			}
		})
	}
}

// pathIn returns the path in the folder of the session.
func pathIn(url string) string {
	_, in, _ := strings.Cut(url, recordedSession+"/")
	return in
}

// untimed returns a clip without its times, which an index knows of each segment, and a closing list of the first one alone.
func untimed(text string) string {
	return regexp.MustCompile(`(?m)^(##|#EXT-X-START).*\n`).ReplaceAllString(text, "")
}

// screened waits until a player has begun.
func screened(t *testing.T, page context.Context, name string) {
	t.Helper()
	_, err := chromedp.Run(page, chromedp.PollFunction[screening](`(name) => played(name, 0.5)`, chromedp.WithPollingArgs(name),
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(deadline)))
	if err != nil {
		now, _ := chromedp.Run(page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, name)))
		t.Fatalf("%s does not begin: %v: %+v", name, err, now)
	}
}

// switches has a player show each rendition in turn.
func switches(t *testing.T, page context.Context, name string) {
	t.Helper()
	seen := map[string]bool{}
	for level := range 2 {
		if err := chromedp.Do(page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`turn(%q, %d)`, name, level))); err != nil {
			t.Fatal(err)
		}
		url, err := chromedp.Run(page, chromedp.PollFunction[string](`(name, level) => shows(name, level)`, chromedp.WithPollingArgs(name, level),
			chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(deadline)))
		if err != nil {
			t.Fatalf("%s does not turn to rendition %d: %v", name, level, err)
		}
		seen[url] = true
	}
	if len(seen) != 2 {
		t.Errorf("%s has the renditions %v", name, seen)
	}
}

// TestRecoverRun: hlsship ships a live packager in continuous mode, and both are killed. What was published is recovered, beside a run that goes on.
func TestRecoverRun(t *testing.T) {
	ffmpeg, found := findFFmpeg()
	if !found {
		t.Skip("ffmpeg is not installed")
	}
	r := &recordedRun{shippedStream: bareBucket(t)}
	pack := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10", "-c:v", "libx264",
			"-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1", "-g", "10", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_filename", "v/s%d.ts", "-hls_flags", "temp_file", "v/live.m3u8")
		cmd.Dir = r.dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	if err := os.Mkdir(filepath.Join(r.dir, "v"), 0o755); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"run", r.dir, "s3://" + r.gateway.Bucket + "/live", "--http-listen", "off", "--playlists", "continuous"}
	p := startIn(t, r.env(), arguments...)
	packager := pack()
	for range 6 {
		p.says(t, `msg="playlist published"`)
	}
	if live := r.recovers(t, exitDone, "--dry-run").Channels[0].Sessions; len(live) != 1 || live[0].State != stateLive {
		t.Errorf("got %+v", live)
	}
	p.signal(t, syscall.SIGKILL)
	_ = packager.Process.Kill()
	_ = packager.Wait()
	r.ages(t, time.Hour)
	all := r.recovers(t, exitDone).Channels[0].Sessions
	if len(all) != 1 || all[0].State != stateClosed || all[0].Joined < 6 || all[0].Summary.Holes > 0 {
		t.Fatalf("got %+v", all)
	}
	url := r.served(t) + "live/live/" + all[0].Session + "/v/live.m3u8"
	got := playsFor(t, url)
	if want := time.Duration(all[0].Summary.Duration * float64(time.Second)); (got - want).Abs() > time.Second {
		t.Errorf("it is %v long, and its list %v", got, want)
	}
	// The next run: the one that is closed stays closed, and this one is live.
	p = startIn(t, r.env(), arguments...)
	packager = pack()
	for range 3 {
		p.says(t, `msg="playlist published"`)
	}
	again := r.recovers(t, exitDone).Channels[0].Sessions
	if len(again) != 1 || again[0].State != stateLive || again[0].Session == all[0].Session {
		t.Errorf("got %+v", again)
	}
	if closed := r.recovers(t, exitDone, all[0].Session).Channels[0].Sessions; closed[0].State != stateUnchanged {
		t.Errorf("got %+v", closed)
	}
	_ = packager.Process.Kill()
	_ = packager.Wait()
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	if now := playsFor(t, url); now != got {
		t.Errorf("it is %v long now", now)
	}
}

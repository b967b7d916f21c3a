package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser opens a headless Chromium of the size of a laptop's screen.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("plays in real time")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("Chromium is not installed")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1440, 810),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options, chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeTab() // waits for the browser to end
		stop()
	})
	return ctx
}

// plays waits until the page's video is that many seconds further than from.
func plays(t *testing.T, ctx context.Context, from, seconds float64, limit time.Duration) float64 {
	t.Helper()
	const script = `(from, seconds) => { const v = document.querySelector("video"); return v.currentTime >= from + seconds && v.currentTime }`
	at, err := chromedp.Run(ctx, chromedp.PollFunction[float64](script, chromedp.WithPollingArgs(from, seconds),
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(limit)))
	if err != nil {
		t.Fatalf("no %v s of playback within %v: %v; errors of the player: %+v", seconds, limit, err, playerErrors(t, ctx))
	}
	return at
}

// playerError is an entry of window.hlsErrors.
type playerError struct {
	Details string `json:"details"`
	Fatal   bool   `json:"fatal"`
}

func playerErrors(t *testing.T, ctx context.Context) []playerError {
	t.Helper()
	all, err := chromedp.Run(ctx, chromedp.Evaluate[[]playerError](`window.hlsErrors`))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// screenshot keeps what the page looks like in dist, for whoever wants to see it.
func screenshot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join("..", "..", "dist")
	if err := os.MkdirAll(dist, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dist, name), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDemoPlays watches the demo with a real player: it begins within 10 s, and for 15 s it neither
// stalls nor fails.
func TestDemoPlays(t *testing.T) {
	tests := []struct {
		name, picture string
		args          []string
		// kill ends ffmpeg once playback has begun. The gap until the clip goes on may stall the player,
		// but must not end it.
		kill bool
		// press has the page kill the packager, which starts over at 0: the player goes on.
		press bool
	}{
		{name: "ffmpeg", picture: "demo.png"},
		{name: "embedded clip", picture: "demo-clip.png", args: []string{"--no-ffmpeg"}},
		{name: "ffmpeg dies", picture: "demo-died.png", kill: true},
		{name: "the packager starts over at 0", picture: "demo-killed.png", args: []string{"--no-ffmpeg"}, press: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := browser(t)
			if _, err := exec.LookPath("ffmpeg"); err != nil && tt.args == nil {
				t.Skip("ffmpeg is not installed")
			}
			p, temp, address := startDemo(t, "", tt.args...)
			if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
				t.Fatal(err)
			}
			begun := plays(t, ctx, 0, 0.1, 10*time.Second)
			if tt.kill {
				for _, pid := range processesNaming(t, temp) {
					kill(t, pid)
				}
			}
			if tt.press {
				if err := chromedp.Do(ctx, chromedp.Click("#kill")); err != nil {
					t.Fatal(err)
				}
				p.says(t, "The packager was killed, and starts over at 0.")
			}
			start := time.Now()
			plays(t, ctx, begun, 15, 25*time.Second)
			seen, took := playerErrors(t, ctx), time.Since(start)
			t.Logf("15 s of the stream took %v; errors of the player: %+v", took, seen)
			stalls := 0
			for _, e := range seen {
				if e.Fatal {
					t.Errorf("the player reports %+v", e)
				}
				if e.Details == "bufferStalledError" {
					stalls++
				}
			}
			// A busy machine may hold ffmpeg, hlsship or Chromium up for a moment, once.
			if !tt.kill && !tt.press && (stalls > 1 || stalls > 0 && took > 16*time.Second) {
				t.Errorf("the player stalled %d times", stalls)
			}
			if text := fetch(t, address+"live/live.m3u8"); tt.press && strings.Contains(text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n") && !strings.Contains(text, "#EXT-X-DISCONTINUITY\n") {
				t.Errorf("no other run is in the playlist:\n%s", text)
			}
			screenshot(t, ctx, tt.picture)
			stopDemo(t, p, temp)
		})
	}
}

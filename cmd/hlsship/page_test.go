package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/state"
)

// troubles has a channel told of streams in every state, of which names are as hostile as a packager can make them.
func troubles(m *metrics.Metrics, streams int) {
	now := time.Now()
	c := m.Channel("sport", "/srv/hls/sport to s3://bucket/live/sport")
	m.Channel("news", "/srv/hls/news to s3://bucket/live/news")
	m.State("sport", state.Channel{Name: "sport", State: state.Running, Since: now})
	m.State("news", state.Channel{
		Name: "news", State: state.Restarting, Since: now, Failures: 4, Again: now.Add(8 * time.Second),
		Error: "spool /srv/hls/news/.hlsship: in use by process 4711", Cure: "end that process; it is tried again by itself",
	})
	w, u := c.Watcher(), c.Uploader()
	w.Scanned("start", 10, time.Second)
	w.Watching(4, true)
	left := state.Seconds(42)
	u.Queue(12, state.Backlog{Files: 2100, Bytes: 41 << 20, Rate: 50, Left: &left})
	u.Reserve(state.Reserve{Waiting: 41 << 20, Budget: 20 << 30, Rate: 4e5})
	u.Store(state.Store{State: state.Unreachable, Since: now.Add(-3 * time.Minute), Tries: 81, Cure: "see whether the store runs, and whether a firewall is in the way",
		Error: "put live/sport/hi/seg41.ts: dial tcp 192.0.2.7:9000: connect: connection refused"})
	u.Failed(state.Failure{At: now, Count: 14, Stream: "hi", Key: "live/sport/hi/seg41.ts", Op: "put", Kind: "transient",
		Error: "put live/sport/hi/seg41.ts: 503 SlowDown: reduce your request rate (request id 4442587FB7D0A2F9)", Cure: "nothing if it passes"})
	decisions := []state.Decision{{At: now, What: "version finished", Why: "segments 12 to 17"}, {At: now, What: "declined", Name: "never.ts", Why: "older than the segment before it", More: 3}}
	u.Stream(state.Stream{Name: "<img src=x onerror=alert(1)>" + strings.Repeat("long", 30), State: state.Held, Since: now.Add(-46 * time.Second), Playlist: "x/live.m3u8",
		WaitsFor: "x/<script>alert(2)</script>.ts", Reason: "missing", Cure: "the playlist names a file that is neither finished in the directory nor in the bucket",
		Target: 2, Versions: 3, WaitingSince: now.Add(-46 * time.Second), Newest: now, Decisions: decisions})
	u.Stream(state.Stream{Name: "lo", State: state.Stalled, Since: now.Add(-62 * time.Second), Playlist: "lo/live.m3u8", Target: 2, Newest: now.Add(-62 * time.Second), Published: now.Add(-62 * time.Second)})
	u.Stream(state.Stream{Name: "mid", State: state.Behind, Since: now.Add(-20 * time.Second), Playlist: "mid/live.m3u8", Target: 2, WaitingSince: now.Add(-20 * time.Second), Newest: now,
		Backlog: state.Backlog{Files: 12, Bytes: 3 << 20, Rate: 2, Left: &left}, Reason: "uploading", WaitsFor: "mid/7.ts", Cure: "the file is being uploaded"})
	u.Stream(state.Stream{Name: "vod", State: state.Ended, Since: now.Add(-time.Hour), Playlist: "vod/live.m3u8", Target: 6})
	for i := range streams {
		name := fmt.Sprintf("cam%02d", i)
		u.Stream(state.Stream{Name: name, State: state.Live, Since: now.Add(-time.Hour), Playlist: name + "/live.m3u8", Target: 2, Newest: now, Published: now})
		u.Stored(name, "segment", 400_000, 30*time.Millisecond)
		u.Attempted("put", "segment", "ok", 400_000, 25*time.Millisecond)
	}
}

// TestStatusPageInABrowser looks at the page as people do: it says the worst in its title, it fits every screen, names are text and
// nothing else, and what was opened stays open while it goes on.
func TestStatusPageInABrowser(t *testing.T) {
	ctx := browser(t)
	m := metrics.New("1.2.3", "abc")
	troubles(m, 46)
	server := metrics.NewServer(m, slog.New(slog.DiscardHandler))
	address, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(serving) }()
	defer func() {
		stop()
		<-done
	}()
	said := complaints(t, ctx)
	for _, size := range []struct{ width, height int64 }{{1280, 900}, {768, 1024}, {360, 780}} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d %s", size.width, scheme), func(t *testing.T) {
				show(t, ctx, "http://"+address.String()+"/", size.width, size.height, scheme)
				if size.width == 768 {
					evaluate(t, ctx, `document.querySelector("#streams details").open = true`)
					holdsSoon(t, ctx, `document.querySelector("#streams .decisions li") !== null`)
				}
				screenshot(t, ctx, fmt.Sprintf("status-%d-%s.png", size.width, scheme))
				evaluate(t, ctx, `(window.scrollTo(0, document.getElementById("streams-title").offsetTop), true)`)
				screenshot(t, ctx, fmt.Sprintf("status-%d-%s-streams.png", size.width, scheme))
			})
		}
	}
	if text := said.String(); text != "" {
		t.Errorf("the console says %s", text)
	}
	t.Run("goes on", func(t *testing.T) {
		evaluate(t, ctx, `document.querySelector("#streams details").open = true`)
		holdsSoon(t, ctx, `document.querySelector("#streams .decisions li") !== null`)
		for state, script := range map[string]string{
			"held":        `document.querySelector("#streams .more a").href.endsWith("#hlsshipplaylistheld")`,
			"restarting":  `[...document.querySelectorAll(".trouble a")].some((a) => a.href.endsWith("#hlsshipchannelfails") && !a.closest("p").hidden)`,
			"unreachable": `[...document.querySelectorAll(".trouble a")].some((a) => a.href.endsWith("#hlsshipstoreunreachable") && !a.closest("p").hidden)`,
			"running":     `[...document.querySelectorAll(".trouble")].some((p) => p.hidden)`,
		} {
			if !evaluate(t, ctx, script) {
				t.Errorf("what is %s has no link to the runbook, or what is well has one", state)
			}
		}
		m.Channel("news", "")
		m.State("news", state.Channel{Name: "news", State: state.Running})
		m.Channel("sport", "/srv/hls/sport to s3://bucket/live/sport")
		m.Channel("sport", "").Uploader().Stream(state.Stream{Name: "lo", State: state.Held, WaitsFor: "a.ts", Reason: "missing"})
		holdsSoon(t, ctx, `document.title.startsWith("⚠ held")`)
		screenshot(t, ctx, "status-open.png")
		stop()
		holdsSoon(t, ctx, `document.title.startsWith("⚠ hlsship does not answer")`)
	})
}

// show opens the page on a screen of that size, and checks that it is whole.
func show(t *testing.T, ctx context.Context, url string, width, height int64, scheme string) {
	t.Helper()
	screen(t, ctx, width, height, scheme)
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	holdsSoon(t, ctx, `document.title.startsWith("⚠ 1 of 2 restarting")`)
	holdsSoon(t, ctx, `document.querySelectorAll("#streams > li").length === 50`)
	for name, script := range map[string]string{
		"nothing is wider than the screen":       `document.documentElement.scrollWidth <= window.innerWidth`,
		"no name becomes a part of the page":     `document.querySelectorAll("main img, li script").length === 0`,
		"the worst stream is the first":          `document.querySelector("#streams .badge").textContent.includes("held")`,
		"columns are wider than a letter":        `[...document.querySelectorAll(".streams .name")].every((n) => n.getBoundingClientRect().width > 90)`,
		"every control has a name":               `[...document.querySelectorAll("input")].every((n) => n.labels.length > 0)`,
		"each stream is reached by the keyboard": `[...document.querySelectorAll("summary")].every((n) => n.tabIndex >= 0)`,
	} {
		if !evaluate(t, ctx, script) {
			t.Errorf("not so: %s", name)
		}
	}
}

// evaluate returns whether the script holds on the page.
func evaluate(t *testing.T, ctx context.Context, script string) bool {
	t.Helper()
	ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return ok
}

// holdsSoon waits until the script holds on the page.
func holdsSoon(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
		if ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so within 30 s (%v)", script, err)
		}
	}
}

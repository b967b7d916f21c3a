package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// playing is how many viewers play in the browser, following how many only read, so that the first of them to
	// ask is less than a tenth.
	playing, following = 5, 15
	// rounding is by how much nginx, which counts whole seconds, may keep an answer for longer than max-age, and
	// loaded by how much a busy machine may be late.
	rounding, tardy = time.Second, time.Second
)

// evening is a stream, hlsship, a store that can be away, nginx before it, and viewers.
type evening struct {
	dir       string
	shop      *shop
	front     *storetest.FrontServer
	program   *process
	page      context.Context
	followers []*follower
	// from and until are those of the outage.
	from, until time.Time
}

func newEvening(t *testing.T, page context.Context) *evening {
	t.Helper()
	gateway := storetest.Gateway(t)
	e := &evening{dir: t.TempDir(), page: page, shop: openShop(t, gateway)}
	e.front = storetest.Front(t, e.shop.URL, gateway.Bucket)
	e.program = startIn(t, []string{
		"HLSSHIP_ENDPOINT=" + e.shop.URL, "AWS_ACCESS_KEY_ID=" + gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + gateway.SecretKey,
	}, "run", "--http-listen", "off", e.dir, "s3://"+gateway.Bucket+"/tv")
	e.program.ships(t)
	e.pack(t)
	for range openings {
		e.program.says(t, `msg="playlist published"`)
	}
	server := httptest.NewServer(http.FileServer(http.Dir("testdata/hlsjs")))
	t.Cleanup(server.Close)
	if err := chromedp.Do(page, chromedp.Navigate(server.URL+"/play.html")); err != nil {
		t.Fatal(err)
	}
	return e
}

// pack starts ffmpeg, which goes on until the test ends.
func (e *evening) pack(t *testing.T) {
	t.Helper()
	ffmpeg, _ := findFFmpeg()
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin",
		"-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
		"-threads", "1", "-g", "20", "-b:v", "100k", "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_flags", "delete_segments", "live.m3u8")
	var complaint bytes.Buffer
	cmd.Dir, cmd.Stderr = e.dir, &complaint
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err == nil || complaint.Len() > 0 {
			t.Errorf("ffmpeg: %v: %s", err, complaint.String())
		}
	})
}

func viewer(n int) string { return fmt.Sprintf("viewer %d", n) }

// run has all viewers watch for twice the time half, with an outage between.
func (e *evening) run(t *testing.T, half, outage time.Duration) {
	t.Helper()
	playlist := e.front.URL + "/tv/live.m3u8"
	transport := &http.Transport{MaxIdleConnsPerHost: following}
	defer transport.CloseIdleConnections()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var crowd sync.WaitGroup
	for n := range following {
		f := &follower{}
		e.followers = append(e.followers, f)
		crowd.Go(func() {
			f.follow(ctx, &http.Client{Transport: transport}, playlist, time.Duration(n)*time.Second/following)
		})
	}
	for n := range playing {
		if err := chromedp.Do(e.page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`play(%q, %q)`, viewer(n), playlist))); err != nil {
			t.Fatal(err)
		}
	}
	pass := func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-t.Context().Done():
		}
	}
	pass(half)
	e.from = time.Now()
	e.shop.close(true)
	pass(outage)
	e.shop.close(false)
	e.until = time.Now()
	e.playsOn(t)
	pass(time.Until(e.until.Add(half)))
	leave()
	crowd.Wait()
	e.program.signal(t, syscall.SIGTERM)
	e.program.exits(t, exitDone)
}

// playsOn waits until every viewer in the browser has played some more.
func (e *evening) playsOn(t *testing.T) {
	t.Helper()
	var viewers sync.WaitGroup
	for n := range playing {
		viewers.Go(func() {
			const script = `(name) => played(name, 4)`
			if _, err := chromedp.Run(e.page, chromedp.Evaluate[float64](fmt.Sprintf(`window.restart(%q)`, viewer(n)))); err != nil {
				t.Error(err)
				return
			}
			_, err := chromedp.Run(e.page, chromedp.PollFunction[screening](script, chromedp.WithPollingArgs(viewer(n)),
				chromedp.WithPollingInterval(200*time.Millisecond), chromedp.WithPollingTimeout(deadline)))
			if err != nil {
				now, also := chromedp.Run(e.page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, viewer(n))))
				t.Errorf("%s does not play on after the outage: %v; it is at %+v, %v", viewer(n), err, now, also)
			}
		})
	}
	viewers.Wait()
}

// excused says that the outage, or what nginx kept of it, may show at a time.
func (e *evening) excused(at time.Time) bool {
	return at.After(e.from) && at.Before(e.until.Add(2*rounding+tardy))
}

// sights returns the playlists that the viewers in the browser got.
func (e *evening) sights(t *testing.T) []sight {
	t.Helper()
	var all []sight
	for n := range playing {
		reloads, err := chromedp.Run(e.page, chromedp.Evaluate[[]struct {
			Asked, Came float64
			Last        int
		}](fmt.Sprintf(`reloads(%q)`, viewer(n))))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range reloads {
			all = append(all, sight{time.UnixMicro(int64(1e3 * r.Asked)), time.UnixMicro(int64(1e3 * r.Came)), r.Last})
		}
	}
	return all
}

// judgeAge fails if a playlist was outdated for longer than its max-age lets a cache keep it; further is what another
// cache on the way may add.
func (e *evening) judgeAge(t *testing.T, who string, all []sight, promised, further time.Duration) {
	t.Helper()
	var ages []time.Duration
	for _, seen := range all {
		if e.excused(seen.came) {
			continue
		}
		asked, came := e.shop.outdated(seen)
		ages = append(ages, came)
		if limit := promised + rounding + further + tardy; asked > limit {
			t.Errorf("%s: a playlist had been outdated for %v when it was asked for, more than %v", who, asked, limit)
		}
	}
	if promised == 0 || len(ages) == 0 {
		t.Fatalf("%s: %d playlists, max-age %v", who, len(ages), promised)
	}
	slices.Sort(ages)
	t.Logf("%s: %d playlists; half of them outdated for at most %v on arrival, 99 %% for %v, all for %v; max-age is %v",
		who, len(ages), ages[len(ages)/2], ages[len(ages)*99/100], ages[len(ages)-1], promised)
}

// judgeLog fails if nginx ever answered with anything but what was asked for, except for segments that it could not
// have in the outage, or if it asked the store for more than a tenth of the segments.
func (e *evening) judgeLog(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(e.front.Log)
	if err != nil {
		t.Fatal(err)
	}
	hits, segments, answers := 0, 0, map[string]int{}
	for line := range strings.Lines(string(text)) {
		var entry struct {
			At             float64
			Status         int
			Cache, URI     string
			Method, Store  string
			Seconds, Bytes float64
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		kind := path.Ext(entry.URI)
		if kind == "" {
			continue // the test asks whether nginx is there
		}
		answers[fmt.Sprintf("%s %d %s", kind, entry.Status, entry.Cache)]++
		at := time.UnixMilli(int64(1e3 * entry.At))
		fine := entry.Status == http.StatusOK || entry.Status == http.StatusNotModified || entry.Status == http.StatusNoContent
		failed := kind == ".ts" && entry.Status >= http.StatusInternalServerError && e.excused(at)
		if !fine && !failed {
			t.Errorf("nginx answers %s", line)
		}
		if kind == ".ts" && entry.Method == http.MethodGet {
			segments++
			if entry.Cache == "HIT" {
				hits++
			}
		}
	}
	rate := 100 * float64(hits) / float64(max(1, segments))
	t.Logf("nginx: %d of %d requests for segments hit the cache, %.1f %%; all answers: %v", hits, segments, rate, answers)
	if rate <= 90 {
		t.Errorf("%.1f %% of the requests for segments hit the cache, want more than 90 %%", rate)
	}
	most := 0
	for _, times := range e.shop.sold {
		most = max(most, times)
	}
	t.Logf("store: %d segments were fetched, each at most %d times", len(e.shop.sold), most)
}

// judgeViewers fails if a player or follower met with anything that the outage does not explain.
func (e *evening) judgeViewers(t *testing.T) {
	t.Helper()
	for n := range playing {
		s, err := chromedp.Run(e.page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, viewer(n))))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", viewer(n), s)
		for _, err := range s.Errors {
			if err.Fatal || strings.HasPrefix(err.Details, "manifest") {
				t.Errorf("%s reports %+v", viewer(n), err)
			}
		}
	}
	for n, f := range e.followers {
		for _, failure := range f.failures {
			if !e.excused(failure.at) || strings.Contains(failure.text, ".m3u8") {
				t.Errorf("follower %d: %s", n, failure.text)
			}
		}
	}
}

// TestFront plays a live stream from behind nginx, with an outage of the store in the middle: nothing that is missing
// is ever asked for, segments come from the cache, and playlists are as fresh as their headers promise.
func TestFront(t *testing.T) {
	page := browser(t)
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	half, outage := 12*time.Second, 6*time.Second
	if minutes := flag.Lookup("front.minutes").Value.(flag.Getter).Get().(float64); minutes > 0 {
		outage = 20 * time.Second
		half = (time.Duration(minutes*float64(time.Minute)) - outage) / 2
	}
	e := newEvening(t, page)
	e.run(t, half, outage)
	var all []sight
	for _, f := range e.followers {
		all = append(all, f.sights...)
	}
	promised := e.followers[0].promised
	e.judgeAge(t, "followers", all, promised, 0)
	// A browser begins to count anew, as nginx does not say how old an answer is.
	e.judgeAge(t, "viewers", e.sights(t), promised, promised)
	e.judgeLog(t)
	e.judgeViewers(t)
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// A packager that is restarted writes so many segments a run, one at each pace, and lists some of them.
const (
	restarts, segmentsARun, segmentsListed = 5, 8, 6
	segmentPace                            = 400 * time.Millisecond
)

// title is what a playlist says of a segment, and what the segment consists of.
func title(run, segment int) string { return fmt.Sprintf("run %d segment %d", run, segment) }

func bodyOf(title string) string { return strings.Repeat(title+"\n", 500) }

// packAgain plays a packager that is restarted, each time under the same names.
func packAgain(t *testing.T, dir string) {
	t.Helper()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			t.Error(err)
		}
	}
	pace := time.NewTicker(segmentPace)
	defer pace.Stop()
	for run := range restarts + 1 {
		for last := range segmentsARun {
			select {
			case <-pace.C:
			case <-t.Context().Done():
				return
			}
			write(fmt.Sprintf("s%d.ts", last), bodyOf(title(run, last)))
			first := max(0, last-segmentsListed+1)
			text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
			for n := first; n <= last; n++ {
				text += fmt.Sprintf("#EXTINF:0.4,%s\ns%d.ts\n", title(run, n), n)
			}
			write("live.m3u8", text)
		}
	}
}

// checker is a viewer that compares each segment with what its playlist says of it.
type checker struct {
	follower
	runs         map[string]bool // that the playlists listed
	wrong        []string        // segments that were not what the playlist says
	cacheControl string          // of a segment
}

// read reads the stream until ctx ends.
func (r *checker) read(ctx context.Context, client *http.Client, playlist string) {
	listed := regexp.MustCompile(`#EXTINF:[\d.]+,((run \d+) segment \d+)\n(?:#.*\n)*([^#\n]+)\n`)
	had := map[string]bool{}
	tick := time.NewTicker(segmentPace / 2)
	defer tick.Stop()
	for {
		_, text := r.get(ctx, client, playlist)
		for _, m := range listed.FindAllStringSubmatch(text, -1) {
			title, run, uri := m[1], m[2], m[3]
			if had[title] {
				continue
			}
			header, body := r.get(ctx, client, strings.TrimSuffix(playlist, "live.m3u8")+uri)
			if header == nil {
				continue
			}
			had[title], r.runs[run], r.cacheControl = true, true, header.Get("Cache-Control")
			r.segments++
			if body != bodyOf(title) {
				r.wrong = append(r.wrong, fmt.Sprintf("%s, which is %s, is %.17q", uri, title, body))
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// TestFrontRestarts restarts a packager five times under the same names behind nginx, which keeps segments for a day or
// longer. No reader of the continuous playlist gets a byte of another run than its playlist says; readers of the exact one do,
// or the test would prove nothing.
func TestFrontRestarts(t *testing.T) {
	if testing.Short() {
		t.Skip("plays in real time")
	}
	t.Parallel()
	gateway := storetest.Gateway(t)
	shop, dir := openShop(t, gateway), t.TempDir()
	front := storetest.Front(t, shop.URL, gateway.Bucket)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var crowd sync.WaitGroup
	readers, programs := map[string][]*checker{}, []*process{}
	for manner, day := range map[string]string{"continuous": "", "exact": "segment=public, max-age=86400"} {
		args := []string{"run", "--http-listen", "off", "--playlists", manner, "--spool-dir", t.TempDir(), dir, "s3://" + gateway.Bucket + "/" + manner}
		if day != "" {
			args = append(args, "--cache-control", day)
		}
		program := startIn(t, []string{
			"HLSSHIP_ENDPOINT=" + shop.URL, "AWS_ACCESS_KEY_ID=" + gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + gateway.SecretKey,
		}, args...)
		program.ships(t)
		programs = append(programs, program)
		for range 3 {
			r := &checker{runs: map[string]bool{}}
			readers[manner] = append(readers[manner], r)
			crowd.Go(func() { r.read(ctx, &http.Client{Transport: transport}, front.URL+"/"+manner+"/live.m3u8") })
		}
	}
	packAgain(t, dir)
	for _, program := range programs { // all is published when it ends
		program.signal(t, syscall.SIGTERM)
		program.exits(t, exitDone)
	}
	leave()
	crowd.Wait()
	wrong := 0
	for n, r := range readers["continuous"] {
		t.Logf("continuous, reader %d: %d segments of %d runs, %s", n, r.segments, len(r.runs), r.cacheControl)
		if len(r.runs) != restarts+1 || r.segments < (restarts+1)*segmentsARun/2 {
			t.Errorf("reader %d saw %d segments of the runs %v, want most of %d", n, r.segments, r.runs, restarts+1)
		}
		if len(r.wrong) > 0 {
			t.Errorf("reader %d got\n%s", n, strings.Join(r.wrong, "\n"))
		}
		if !strings.Contains(r.cacheControl, "immutable") {
			t.Errorf("segments have Cache-Control %q, want them immutable", r.cacheControl)
		}
	}
	for n, r := range readers["exact"] {
		t.Logf("exact, reader %d: %d segments of %d runs, %d of them of another", n, r.segments, len(r.runs), len(r.wrong))
		wrong += len(r.wrong)
	}
	if wrong == 0 {
		t.Error("no reader of the exact playlist got another run's bytes, so that nginx kept nothing and the test proves nothing")
	}
}

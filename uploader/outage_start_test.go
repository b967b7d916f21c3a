package uploader_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// boot is a machine that starts while its store is out of reach: a packager writes on for the whole time, and deletes what its lists have
// no more.
type boot struct {
	count   int // segments, of two seconds each
	window  int // how many a list has; 0 for all
	runs    int // of the packager, which uses its names again
	lists   []string
	outage  time.Duration // from the beginning on
	kill    time.Duration // when hlsship is killed and started again; 0 for never
	written map[string]bool
}

// TestRunContinuousFromAnOutageOn: what was finished while nobody could say what is published is stored once somebody can, however long
// that took, and the list goes on.
func TestRunContinuousFromAnOutageOn(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]boot{
		"two minutes":         {count: 90, window: 5, runs: 1, lists: []string{"x.m3u8"}, outage: 2 * time.Minute},
		"an hour":             {count: 1830, window: 5, runs: 1, lists: []string{"x.m3u8"}, outage: time.Hour},
		"a window of one":     {count: 330, window: 1, runs: 1, lists: []string{"x.m3u8"}, outage: 10 * time.Minute},
		"two lists":           {count: 330, window: 6, runs: 1, lists: []string{"x.m3u8", "y.m3u8"}, outage: 10 * time.Minute},
		"all are listed":      {count: 330, runs: 1, lists: []string{"x.m3u8"}, outage: 10 * time.Minute},
		"three runs":          {count: 110, window: 5, runs: 3, lists: []string{"x.m3u8"}, outage: 9 * time.Minute},
		"hlsship is killed":   {count: 330, window: 5, runs: 1, lists: []string{"x.m3u8"}, outage: 10 * time.Minute, kill: 5 * time.Minute},
		"killed, three runs":  {count: 110, window: 5, runs: 3, lists: []string{"x.m3u8"}, outage: 9 * time.Minute, kill: 5 * time.Minute},
		"killed at its end":   {count: 330, window: 5, runs: 1, lists: []string{"x.m3u8"}, outage: 10 * time.Minute, kill: 10*time.Minute - time.Second},
		"killed, a day's one": {count: 330, runs: 1, lists: []string{"x.m3u8"}, outage: 10 * time.Minute, kill: 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { b.play(t) })
		})
	}
}

func (b boot) play(t *testing.T) {
	m := storetest.NewMemory()
	m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
	faults := storetest.NewFaults(m)
	time.AfterFunc(b.outage, faults.Inject(storetest.Incident{Fault: storetest.Outage()}))
	d := newDisk()
	d.unseen, d.perished = func(string) {}, func(string) {}
	b.written = map[string]bool{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		time.Sleep(time.Millisecond)
		for run := range b.runs {
			b.encode(d, run)
		}
		time.Sleep(15 * time.Second)
	}()
	var log bytes.Buffer
	if b.kill > 0 {
		ctx, kill := context.WithTimeout(t.Context(), b.kill)
		_ = b.ship(ctx, t, d, faults, &log, ended)
		kill()
		time.Sleep(time.Second)
	}
	if err := b.ship(t.Context(), t, d, faults, &log, ended); err != nil {
		t.Error(err)
	}
	<-ended
	b.judge(t, m.Contents(), log.String())
}

// encode is one run of the packager.
func (b boot) encode(d *disk, run int) {
	for i := range b.count {
		name := fmt.Sprintf("seg%d.ts", i)
		content := fmt.Sprintf("%s of run %d", name, run)
		b.written[content] = true
		d.write(name, []byte(content), false)
		first := 0
		if b.window > 0 {
			first = max(0, i+1-b.window)
		}
		var text strings.Builder
		fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for n := first; n <= i; n++ {
			fmt.Fprintf(&text, "#EXTINF:2,\nseg%d.ts\n", n)
		}
		for _, list := range b.lists {
			d.write(list, []byte(text.String()), false)
		}
		if old := i - b.window - 1; b.window > 0 && old >= 0 {
			d.remove(fmt.Sprintf("seg%d.ts", old))
		}
		time.Sleep(2 * time.Second)
	}
}

// ship is one process, which drains when the packager has ended.
func (b boot) ship(ctx context.Context, t *testing.T, d *disk, s *storetest.Faults, log *bytes.Buffer, ended <-chan struct{}) error {
	t.Helper()
	d.leave()
	facts, looks := make(chan hls.File), make(chan string, 4096)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	up, err := uploader.New(uploader.Config{
		Store: s, Prefix: "live/", Conditional: true, Look: func(n string) { looks <- n }, Recovered: d.recover(ctx),
		Continuous: &uploader.Continuous{EndDelay: 10 * time.Second}, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	go d.watch(ctx, watching, newDice(), facts, looks)
	go func() {
		select {
		case <-ended:
		case <-watching.Done():
		}
		stop()
	}()
	return up.Run(ctx, facts)
}

// judge checks that all is stored, each run in a folder of its own, and what the lists have in the end.
func (b boot) judge(t *testing.T, contents map[string][]byte, log string) {
	t.Helper()
	folders := map[string]string{} // of the runs
	for key, content := range contents {
		delete(b.written, string(content))
		folder, _, _ := storetest.Split(strings.TrimPrefix(key, "live/"))
		if _, run, ok := strings.Cut(string(content), " of run "); ok {
			if folder == "" {
				t.Errorf("%s is in no session", key)
			}
			if of := folders[run]; of != "" && of != folder {
				t.Errorf("run %s is in %s and in %s", run, of, folder)
			}
			folders[run] = folder
		}
	}
	if missing := len(b.written); missing > 0 {
		t.Errorf("%d segments are missing, such as %v", missing, anyOf(b.written))
	}
	for _, list := range b.lists {
		last := fmt.Sprintf("%sseg%d.ts", folders[fmt.Sprint(b.runs-1)], b.count-1)
		if text := string(contents["live/"+list]); !strings.Contains(text, last) {
			t.Errorf("%s does not have %s: %.600s", list, last, text)
		}
	}
	if t.Failed() {
		t.Logf("%.3000s", log)
	}
}

// anyOf returns one of a set.
func anyOf(set map[string]bool) string {
	for x := range set {
		return x
	}
	return ""
}

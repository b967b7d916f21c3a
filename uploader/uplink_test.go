package uploader_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// line is a store at the end of an uplink of a fixed rate, which all PUTs share in small pieces.
type line struct {
	store.Store
	rate  float64 // bytes a second
	piece int     // bytes sent at a time; 0 for 4 KiB
	stall int64   // each stall-th PUT stands still for 8 s; 0 for none

	mu   sync.Mutex
	free time.Time // when the line has sent all that it took
	puts int64
}

// Put sends the body before the store sees any of it.
func (l *line) Put(ctx context.Context, o store.Object) (string, error) {
	l.mu.Lock()
	l.puts++
	stalls := l.stall > 0 && l.puts%l.stall == 0
	l.mu.Unlock()
	piece := make([]byte, cmp.Or(l.piece, 4<<10))
	for off := int64(0); off < o.Size; off += int64(len(piece)) {
		n, err := o.Body.ReadAt(piece[:min(int64(len(piece)), o.Size-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		wait := l.take(n)
		if stalls {
			wait, stalls = wait+8*time.Second, false
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return l.Store.Put(ctx, o)
}

// take returns how long the next n bytes take.
func (l *line) take(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	return l.free.Sub(now)
}

// stream returns what writes a live stream of count segments into a disk, each of size bytes and 2 s, with a window of
// five listed in each of the lists and as many kept behind it.
func stream(count, size int, slowFrom int, lists ...string) production {
	return func(d *disk, v *storetest.Viewer) (write func()) {
		return func() { broadcast(d, v, count, size, slowFrom, lists) }
	}
}

// production puts files into a disk that are there from the beginning, and returns what writes the others.
type production func(d *disk, v *storetest.Viewer) (write func())

func broadcast(d *disk, v *storetest.Viewer, count, size int, slowFrom int, lists []string) {
	const window = 5
	for i := range count {
		name := fmt.Sprintf("seg%d.ts", i)
		content := []byte(name + strings.Repeat("x", size))
		if i >= slowFrom {
			content = content[:size/10]
		}
		v.Finished(name, content)
		d.write(name, content, false)
		var b strings.Builder
		from := max(0, i-window+1)
		fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", from)
		for n := from; n <= i; n++ {
			fmt.Fprintf(&b, "#EXTINF:2,\nseg%d.ts\n", n)
		}
		for _, list := range lists {
			v.Listed(list, []byte(b.String()))
			d.write(list, []byte(b.String()), false)
		}
		if old := i - 2*window; old >= 0 {
			d.remove(fmt.Sprintf("seg%d.ts", old))
		}
		time.Sleep(2 * time.Second)
	}
}

// show is one stream shipped through store, and what a viewer saw of its edge.
type show struct {
	viewer *storetest.Viewer
	edges  []time.Time // when each newer playlist was published
	start  time.Time
	log    bytes.Buffer
}

// says checks how often the log has a line.
func (s *show) says(t *testing.T, line string, want int) {
	t.Helper()
	if got := strings.Count(s.log.String(), line); got != want {
		t.Errorf("the log has %d lines %q, want %d", got, line, want)
	}
}

// play produces and ships until everything is stored.
func play(t *testing.T, m *storetest.Memory, store store.Store, maxLag time.Duration, produce production) *show {
	t.Helper()
	s := &show{viewer: storetest.NewViewer("live/"), start: time.Now()}
	m.OnChange = func(key string, content []byte) {
		s.viewer.Changed(key, content)
		if key == "live/x.m3u8" {
			s.edges = append(s.edges, time.Now())
		}
	}
	d := newDisk()
	d.unseen = s.viewer.Lost
	write := produce(d, s.viewer)
	facts, looks := make(chan hls.File), make(chan string, 1024)
	watching, stop := context.WithCancel(t.Context())
	defer stop()
	go d.watch(t.Context(), watching, newDice(), facts, looks)
	go func() {
		time.Sleep(time.Millisecond)
		write()
		stop()
	}()
	up, err := uploader.New(uploader.Config{
		Store: store, Prefix: "live/", Conditional: true, Look: func(n string) { looks <- n }, MaxLag: maxLag,
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Run(t.Context(), facts); err != nil {
		t.Error(err)
	}
	s.viewer.Finale()
	for _, v := range s.viewer.Violations() {
		t.Error(v)
	}
	return s
}

// standstill is the longest time in which no newer playlist was published, from the first one to end.
func (s *show) standstill(end time.Time) (longest time.Duration) {
	for i, at := range s.edges {
		next := end
		if i+1 < len(s.edges) && s.edges[i+1].Before(end) {
			next = s.edges[i+1]
		}
		if at.Before(end) {
			longest = max(longest, next.Sub(at))
		}
	}
	return longest
}

// lag is the longest time from a playlist's listing to its publication, or that of a newer one.
func (s *show) lag() (longest time.Duration) {
	for _, l := range s.viewer.Listings() {
		if l.Path == "x.m3u8" && !l.Passed.IsZero() {
			longest = max(longest, l.Passed.Sub(l.Listed))
		}
	}
	return longest
}

// TestRunOnASlowUplink ships at 70 % of the stream's rate for two minutes, after which the stream slows down. About
// each fiftieth PUT stands still for 8 s, or none does. A second playlist of the same segments makes no difference.
func TestRunOnASlowUplink(t *testing.T) {
	t.Parallel()
	type slow struct {
		each   int64
		lists  string
		maxLag time.Duration
	}
	var tests []slow
	for _, maxLag := range []time.Duration{15 * time.Second, 0} {
		tests = append(tests, slow{0, "x.m3u8 iframes.m3u8", maxLag}, slow{50, "x.m3u8 iframes.m3u8", maxLag})
		for _, each := range []int64{0, 37, 43, 48, 50, 52, 57, 61} {
			tests = append(tests, slow{each, "x.m3u8", maxLag})
		}
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("stall=%d %s %v", tt.each, tt.lists, tt.maxLag), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const size, window = 100_000, 10 * time.Second
				m := storetest.NewMemory()
				m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
				l := &line{Store: m, rate: 0.7 * size / 2, stall: tt.each}
				s := play(t, m, l, tt.maxLag, stream(180, size, 60, strings.Fields(tt.lists)...))
				most := 15*time.Second + window
				if tt.maxLag == 0 && tt.each > 0 {
					most = 4*time.Second + 8*time.Second + window*10/7 + 2*time.Second // until it is noticed, the standstill, the window, a segment
				}
				if got := s.lag(); got > most {
					t.Errorf("the live edge lagged %v, want at most %v", got, most)
				}
				if got := s.standstill(s.start.Add(6 * time.Minute)); got > 2*window {
					t.Errorf("the live edge stood still for %v, want at most two windows", got)
				}
				if tt.maxLag > 0 {
					s.says(t, "uplink is slower than the stream", 1)
					s.says(t, "live edge has caught up", 1)
				}
			})
		})
	}
}

// TestRunLongOutage is ten minutes without a store, while the packager deletes what it wrote.
func TestRunLongOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		m.Latency = func(string, string, int64) time.Duration { return 50 * time.Millisecond }
		faults := storetest.NewFaults(m)
		var lift func()
		time.AfterFunc(30*time.Second, func() { lift = faults.Inject(storetest.Incident{Fault: storetest.Stall()}) })
		var back time.Time
		time.AfterFunc(630*time.Second, func() { lift(); back = time.Now() })
		s := play(t, m, faults, 0, stream(400, 1000, 400, "x.m3u8"))
		s.says(t, "uplink is slower than the stream", 0)
		for _, at := range s.edges {
			if at.After(back) {
				if took := at.Sub(back); took > 2*time.Second+400*time.Millisecond {
					t.Errorf("the first playlist came %v after the outage, want within 2s and the transfer of a window", took)
				}
				return
			}
		}
		t.Error("no playlist was published after the outage")
	})
}

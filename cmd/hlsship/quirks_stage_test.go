package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// quirkSegment is how long a segment of the made stream is, quirkWindow how many its playlist names; a segment that
	// left the playlist is deleted two later.
	quirkSegment = 200 * time.Millisecond
	quirkWindow  = 6
	// quirkPrefix stands before every key.
	quirkPrefix = "live/"
)

// quirky is a made stream of small segments on its way through the whole program, in this process, to a store of
// quirks, and a viewer that judges every change of that store.
type quirky struct {
	t      *testing.T
	dir    string
	viewer *storetest.Viewer
	log    *storetest.Output

	began time.Time
	// stop drains the program and ends returns how that went; cut ends it at once.
	stop, cut context.CancelFunc
	ends      chan error
	// quit ends the packager, which closes packed.
	quit, packed chan struct{}
	last         time.Time // when it wrote its last playlist
}

// onQuirks starts the program and then the packager, on a store of quirks.
func onQuirks(t *testing.T, server *storetest.Server) *quirky {
	t.Helper()
	viewer := storetest.NewViewer(quirkPrefix)
	server.Memory.OnChange = func(key string, content []byte) {
		if content == nil {
			viewer.Removed(key)
		} else {
			viewer.Changed(key, content)
		}
	}
	return newQuirky(t, viewer, &storetest.GatewayServer{Endpoint: server.URL, Region: "us-east-1", Bucket: server.Bucket, AccessKey: testAccess, SecretKey: testSecret})
}

// newQuirky starts the program and then the packager. Whoever calls it tells the viewer what changes at the place.
func newQuirky(t *testing.T, viewer *storetest.Viewer, place *storetest.GatewayServer) *quirky {
	t.Helper()
	q := &quirky{
		t: t, dir: t.TempDir(), viewer: viewer, log: &storetest.Output{},
		ends: make(chan error, 1), quit: make(chan struct{}), packed: make(chan struct{}),
	}
	c, err := load(given(map[string]string{
		nameDir: q.dir, nameDestination: "s3://" + place.Bucket + "/" + strings.TrimSuffix(quirkPrefix, "/"), nameEndpoint: place.Endpoint,
		nameRegion: place.Region, nameHTTPListen: "off",
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	c.started = time.Now()
	f := newFleet(c, build{version: "test"}, slog.New(slog.NewTextHandler(q.log, nil)), metrics.New("test", "test"))
	f.credentials = s3.Credentials{AccessKey: place.AccessKey, SecretKey: s3.Secret(place.SecretKey)}
	f.supervisor = newSupervisor("")
	hard, cut := context.WithCancel(context.Background())
	soft, stop := context.WithCancel(hard)
	q.stop, q.cut = stop, cut
	go func() { q.ends <- f.run(hard, soft) }()
	select {
	case <-f.supervisor.began:
	case <-time.After(deadline):
		cut()
		t.Fatalf("the program does not begin:\n%s", q.log)
	}
	q.began = time.Now()
	t.Cleanup(func() {
		q.packs()
		cut()
		<-q.packed
	})
	go q.pack()
	return q
}

// packs tells the packager to end.
func (q *quirky) packs() {
	select {
	case <-q.quit:
	default:
		close(q.quit)
	}
}

// pack is the packager. It tells the viewer of everything before it does it, so that nobody hears of it earlier.
func (q *quirky) pack() {
	defer close(q.packed)
	tick := time.NewTicker(quirkSegment)
	defer tick.Stop()
	for n := 0; ; n++ {
		name := quirkName(n)
		q.write(name, bytes.Repeat(fmt.Appendf(nil, "segment %d ", n), 200+137*(n%7)), q.viewer.Finished)
		over := false
		select {
		case <-q.quit:
			over = true
		default:
		}
		q.write("live.m3u8", quirkPlaylist(n, over), func(path string, content []byte) { q.viewer.Listed(path, content) })
		if q.last = time.Now(); over {
			return
		}
		if old := n - quirkWindow - 2; old >= 0 {
			q.viewer.Deleted(quirkName(old))
			if err := os.Remove(filepath.Join(q.dir, quirkName(old))); err != nil {
				q.t.Error(err)
			}
		}
		<-tick.C
	}
}

func quirkName(n int) string { return fmt.Sprintf("seg%05d.ts", n) }

// quirkPlaylist is the one that names segment n last.
func quirkPlaylist(n int, over bool) []byte {
	first := max(0, n-quirkWindow+1)
	var b bytes.Buffer
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	for i := first; i <= n; i++ {
		fmt.Fprintf(&b, "#EXTINF:%.3f,\n%s\n", quirkSegment.Seconds(), quirkName(i))
	}
	if over {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.Bytes()
}

// write finishes a file, under a temporary name.
func (q *quirky) write(name string, content []byte, tell func(string, []byte)) {
	path := filepath.Join(q.dir, name)
	if err := os.WriteFile(path+".tmp", content, 0o600); err != nil {
		q.t.Error(err)
	}
	tell(name, content)
	if err := os.Rename(path+".tmp", path); err != nil {
		q.t.Error(err)
	}
}

// soon asks, several times a second, whether it is so, and reports whether that came before the time.
func soon(limit time.Time, so func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(limit) {
			return false
		}
		<-tick.C
	}
	return true
}

// pass lets time pass.
func pass(d time.Duration) { <-time.After(d) }

// current reports whether a version was published that was listed after since, or shortly before.
func (q *quirky) current(since time.Time) bool {
	return slices.ContainsFunc(q.viewer.Listings(), func(l storetest.Listing) bool {
		return !l.Published.IsZero() && l.Published.After(since) && l.Listed.After(since.Add(-2*quirkSegment))
	})
}

// stood returns the longest time within from and to in which nothing was published.
func (q *quirky) stood(from, to time.Time) time.Duration {
	at := []time.Time{from, to}
	for _, l := range q.viewer.Listings() {
		if l.Published.After(from) && l.Published.Before(to) {
			at = append(at, l.Published)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	longest := time.Duration(0)
	for i := range at[1:] {
		longest = max(longest, at[i+1].Sub(at[i]))
	}
	return longest
}

// finish ends the packager, then the program as an operator does, and judges the whole stream.
func (q *quirky) finish() {
	t := q.t
	t.Helper()
	q.packs()
	<-q.packed
	q.stop()
	select {
	case err := <-q.ends:
		if err != nil {
			t.Errorf("the program: %v", err)
		}
	case <-time.After(deadline):
		q.cut()
		t.Error("the program does not end")
	}
	q.viewer.Finale()
	for _, v := range q.viewer.Violations() {
		t.Error(v)
	}
	if c := q.viewer.Counts(); c.Publications == 0 {
		t.Error("nothing was published")
	}
}

//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// livePrefix stands before every key.
	livePrefix = "live/channel 1/"
	// standingLimit is how long a version may wait though all it names is stored. It takes milliseconds.
	standingLimit = 3 * time.Second
	// grace is by how much the recorder may be late. It is less than the packager needs to come back to a
	// name that its last playlist named.
	grace = 3 * time.Second
	// settled is how long new bytes of a name stand, by the recorder's clock, before the program may take them for what an older
	// playlist means. On a busy machine the program hears later than the recorder of the playlist that ends this time.
	settled = storetest.DefaultSettle - 500*time.Millisecond
)

// live is one stream on its way: a directory, a recorder of it, and a store that a viewer watches.
type live struct {
	dir     string
	how     manner
	viewer  *storetest.Viewer
	gateway *storetest.GatewayServer
	proxy   *storetest.Proxy
	url     string // of the proxy
	// seen is told every file that the recorder saw finished.
	seen chan string
	// excused is what need not be stored in the end: it was stored once, or was given up for the budget.
	excused map[string]bool
	// stretched is true when segments may be longer than they should, as the packager could not write.
	stretched bool
	// refused counts the requests of an outage.
	refused atomic.Int64
	// closeStore ends the proxy and checks that it saw everything, stopRecorder likewise.
	closeStore, stopRecorder func(t *testing.T)
	court
	// history is what is judged once all is over, if the program's playlists are continuous; nil if they are exact. unsteady is true if the
	// program is killed too, or names come back within a run.
	history  *storetest.Record
	unsteady bool
	// remembered are the playlists that the audience judged, and broken the rules that it saw broken.
	remembered []storetest.Listing
	broken     []storetest.Violation

	mu        sync.Mutex
	limit     time.Duration       // see standingLimit
	down      bool                // the store refuses everything
	unjudged  bool                // the live edge is not judged until more than published was published
	published int                 // see unjudged
	notBefore time.Time           // the live edge is not judged earlier
	finished  map[string][]byte   // the last bytes of each file
	mentions  map[string]hls.Kind // what playlists named, and the playlists
	names     map[string][]string // what the last version of each playlist names
	meant     map[string][][]byte // the bytes that the last version that named a file can mean
	ranged    map[string]bool     // of what byte ranges are named
	headers   map[string][]string // Content-Type and Cache-Control of the PUTs, by path
	starts    int                 // how many times the packager has started
	prints    map[[sha256.Size]byte][]int
	discarded bool   // the disk was thrown away
	recovery  string // what recover said last
}

func newLive(t *testing.T) *live {
	t.Helper()
	return newLiveIn(t, t.TempDir(), storetest.NewViewer(livePrefix), exactly)
}

// newLiveIn has the packager write to the directory dir and the viewer judge, or an audience if playlists are continuous.
func newLiveIn(t *testing.T, dir string, viewer *storetest.Viewer, m manner) *live {
	t.Helper()
	l := &live{
		history: m.history(),
		dir:     dir, how: m, viewer: viewer, gateway: storetest.Gateway(t), seen: make(chan string, 10000), limit: standingLimit,
		finished: map[string][]byte{}, mentions: map[string]hls.Kind{}, headers: map[string][]string{},
		names: map[string][]string{}, meant: map[string][][]byte{}, ranged: map[string]bool{},
	}
	l.viewer.Grace, l.viewer.Settle = grace, settled
	l.openStore(t)
	l.record(t)
	return l
}

// openStore puts the proxy before the gateway and the outage before the proxy.
func (l *live) openStore(t *testing.T) {
	t.Helper()
	proxy, err := storetest.NewProxy(l.gateway, l.viewer)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Record = l.history
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.refuses(r) {
			l.refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	l.proxy, l.url = proxy, server.URL
	l.closeStore = func(t *testing.T) {
		t.Helper()
		server.Close()
		proxy.Close()
		if err := proxy.Err(); err != nil {
			t.Errorf("proxy: %v", err)
		}
	}
	t.Cleanup(server.Close)
}

// refuses notes the headers of a PUT and says whether there is an outage.
func (l *live) refuses(r *http.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if path, ours := pathOf(r.URL.Path[len("/")+len(l.gateway.Bucket):]); ours && r.Method == http.MethodPut {
		line := r.Header.Get("Content-Type") + "; " + r.Header.Get("Cache-Control")
		if !slices.Contains(l.headers[path], line) {
			l.headers[path] = append(l.headers[path], line)
		}
	}
	return l.down
}

// slow makes each PUT take the delay. A version may then wait for the PUT before it as well as its own.
func (l *live) slow(delay time.Duration) {
	l.proxy.SetDelay(delay)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = standingLimit + 2*delay
}

// interrupt begins a time in which nothing can be published, so that the live edge is not judged. In an
// outage the store refuses everything.
func (l *live) interrupt(outage bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.unjudged, l.published = outage, true, math.MaxInt
}

// resume ends it. The live edge is judged again once it has moved.
func (l *live) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.published = false, l.publications()
}

// record runs the recorder.
func (l *live) record(t *testing.T) {
	t.Helper()
	recorder := storetest.NewRecorder(l.dir, l.viewer)
	recorder.Record = l.history
	recorder.Saw, recorder.Process = l.saw, func() *exec.Cmd { return recorderProcess(t, l.dir) }
	recorder.Missed = func(path string) {
		l.misses(path)
		l.seen <- path
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- recorder.Run(ctx) }()
	l.stopRecorder = func(t *testing.T) {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("recorder: %v", err)
		}
	}
	t.Cleanup(cancel)
	select {
	case <-recorder.Ready():
	case err := <-done:
		t.Fatalf("recorder: %v", err)
	case <-time.After(deadline):
		t.Fatal("the recorder is not ready")
	}
}

// recorderProcess runs TestMain as the recorder of a directory.
func recorderProcess(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "HLSSHIP_TEST_RECORDER="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// saw is called by the recorder for every finished file.
func (l *live) saw(path string, content []byte) {
	l.mu.Lock()
	content = bytes.Clone(content)
	l.finished[path] = content
	if l.how == recorded {
		l.print(content)
	}
	if hls.Classify(path).IsPlaylist() {
		l.mention(path, content)
	} else {
		l.mean(path, content)
	}
	l.unjudged = l.unjudged && l.publications() <= l.published
	judged, limit := !l.unjudged && !time.Now().Before(l.notBefore), l.limit
	l.mu.Unlock()
	if judged {
		l.viewer.Standing(time.Now(), limit)
		l.history.Standing(limit)
	}
	l.seen <- path
}

// print notes that a start of the packager made these bytes.
func (l *live) print(content []byte) {
	sum := sha256.Sum256(content)
	if l.prints == nil {
		l.prints = map[[sha256.Size]byte][]int{}
	}
	if !slices.Contains(l.prints[sum], l.starts) {
		l.prints[sum] = append(l.prints[sum], l.starts)
	}
}

func (l *live) mention(path string, content []byte) {
	playlist, err := hls.ParseFile(path, content, hls.ParseOptions{})
	if err != nil {
		return
	}
	l.mentions[path] = playlist.Kind
	l.names[path] = nil
	l.meant[path] = [][]byte{content}
	for _, ref := range playlist.References {
		at, target := l.viewer.Site.Resolve(path, ref.URI)
		if target != hls.Local {
			continue
		}
		l.mentions[at] = ref.Kind
		l.ranged[at] = l.ranged[at] || ref.Length > 0
		l.names[path] = append(l.names[path], at)
		if last, finished := l.finished[at]; !ref.Kind.IsPlaylist() {
			l.meant[at] = nil
			if finished {
				l.meant[at] = [][]byte{last}
			}
		}
	}
}

// mean notes new bytes of a file that a playlist names now. What is finished under a name that only
// older playlists gave, half a segment of a packager that was stopped, nobody means.
func (l *live) mean(path string, content []byte) {
	for _, names := range l.names {
		if slices.Contains(names, path) {
			l.meant[path] = append(l.meant[path], content)
			return
		}
	}
}

// recorded returns the last bytes of a file that were finished.
func (l *live) recorded(path string) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished[path]
}

// named returns the paths of a kind that any playlist ever named, sorted.
func (l *live) named(kind hls.Kind) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for path, k := range l.mentions {
		if k == kind {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// ship starts the program and returns once it is at work.
func (l *live) ship(t *testing.T) *process {
	t.Helper()
	p := l.launch(t)
	p.ships(t)
	return p
}

// launch starts the program with further arguments.
func (l *live) launch(t *testing.T, args ...string) *process {
	t.Helper()
	args = append(append([]string{"run", "--http-listen", "off"}, l.how.args()...), args...)
	l.history.Restarted()
	return startIn(t, []string{
		"HLSSHIP_ENDPOINT=" + l.url, "AWS_ACCESS_KEY_ID=" + l.gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + l.gateway.SecretKey,
	}, append(args, l.dir, fmt.Sprintf("s3://%s/%s", l.gateway.Bucket, livePrefix[:len(livePrefix)-1]))...)
}

// packager is a running ffmpeg.
type packager struct {
	cmd       *exec.Cmd
	complaint *bytes.Buffer
}

// packager starts ffmpeg, which writes a cheap picture in real time with a key frame each second; args are
// those of its HLS output.
func (l *live) packager(t *testing.T, picture string, seconds int, args ...string) *packager {
	t.Helper()
	path, found := findFFmpeg()
	if !found {
		t.Fatal("ffmpeg is not installed")
	}
	whole := []string{
		"-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture + "=size=320x180:rate=10",
		"-t", strconv.Itoa(seconds),
	}
	if slices.Contains(args, "-var_stream_map") {
		whole = append(whole, "-map", "0:v")
	}
	whole = append(whole, "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "10", "-b:v", "200k", "-f", "hls", "-hls_time", "1")
	p := &packager{cmd: exec.CommandContext(t.Context(), path, append(whole, args...)...), complaint: &bytes.Buffer{}}
	p.cmd.Dir, p.cmd.Stderr = l.dir, p.complaint
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// ends waits until the stream is over.
func (p *packager) ends(t *testing.T) {
	t.Helper()
	hung := time.AfterFunc(liveSeconds*time.Second+2*deadline, func() { _ = p.cmd.Process.Kill() })
	defer hung.Stop()
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, p.complaint)
	}
}

// kill gives ffmpeg no time for a last word.
func (p *packager) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err == nil {
		t.Error("ffmpeg was killed and says that it ended well")
	}
}

// finish stops the program as an operator does, and has the whole stream judged.
func (l *live) finish(t *testing.T, p *process) {
	t.Helper()
	l.end(t, p)
	l.judge(t, p)
}

// end stops the program as an operator does, then the recorder and the store. Nothing happens afterwards.
func (l *live) end(t *testing.T, p *process) {
	t.Helper()
	p.ships(t) // a program that has hardly begun does not know of signals
	l.history.Drained()
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	l.stopRecorder(t)
	l.closeStore(t)
	l.viewer.Finale()
}

// judge has the whole stream looked at. What is wrong with it verdict says.
func (l *live) judge(t *testing.T, p *process) {
	t.Helper()
	l.program = p
	for _, v := range l.viewer.Violations() {
		l.accuse(v.Doubtful, "%s", v)
	}
	l.remember(t)
	t.Logf("%d files finished, %d versions listed, %d published", l.viewer.Counts().Finished, len(l.listings()), l.publications())
	if l.publications() == 0 {
		t.Error("nothing was published")
	}
	l.compare(t)
}

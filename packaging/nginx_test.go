package packaging_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// bucket is an origin of nginx whose objects change as a test wants.
type bucket struct {
	mu      sync.Mutex
	objects map[string]object // by path
	asked   []*http.Request
	away    bool          // the connection is closed without an answer
	broken  int           // the status of every answer, if not 0
	slow    chan struct{} // answers wait for it, if not nil
}

type object struct{ content, cacheControl string }

func (b *bucket) put(path, content, cacheControl string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects["/live"+path] = object{content, cacheControl}
}

func (b *bucket) fail(away bool, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away, b.broken = away, status
}

// requests are those that came so far.
func (b *bucket) requests() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.asked = append(b.asked, r)
	o, found := b.objects[r.URL.Path]
	away, broken, slow := b.away, b.broken, b.slow
	b.mu.Unlock()
	if slow != nil {
		<-slow
	}
	switch {
	case away:
		panic(http.ErrAbortHandler)
	case broken != 0:
		w.WriteHeader(broken)
	case !found:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Cache-Control", o.cacheControl)
		w.Header().Set("Content-Type", "video/mp2t")
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		}
		w.Header().Set("Vary", "Origin")
		w.Header().Set("Access-Control-Allow-Origin", "https://another.example.com")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(o.content))
	}
}

// front is nginx before a bucket.
type front struct {
	*bucket
	url    string
	client *http.Client
}

func newFront(t *testing.T) *front {
	t.Helper()
	b := &bucket{objects: map[string]object{}}
	origin := httptest.NewServer(b)
	t.Cleanup(origin.Close)
	f := storetest.Front(t, origin.URL, "live")
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &front{b, f.URL, &http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// answer is what a viewer gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; headers are pairs of names and values.
func (f *front) ask(t *testing.T, method, path string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := f.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// gets fails unless a path is answered so.
func (f *front) gets(t *testing.T, path string, status int, body string) {
	t.Helper()
	if a := f.ask(t, http.MethodGet, path); a.status != status || status == http.StatusOK && a.body != body {
		t.Errorf("%s is answered with %d %q, want %d %q", path, a.status, a.body, status, body)
	}
}

// within asks until a path has the body, and fails if that takes longer than 3 s.
func (f *front) within(t *testing.T, path, body string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		a := f.ask(t, http.MethodGet, path)
		if a.status == http.StatusOK && a.body == body {
			return
		}
		if time.Since(begun) > 3*time.Second {
			t.Fatalf("after 3 s %s is still answered with %d %q, want %q", path, a.status, a.body, body)
		}
	}
}

// stays asks until the store was asked, in vain, and fails unless every answer is the body all the same.
func (f *front) stays(t *testing.T, path, body string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	before := len(f.requests())
	for limit := time.Now().Add(20 * time.Second); len(f.requests()) == before; <-tick.C {
		f.gets(t, path, http.StatusOK, body)
		if time.Now().After(limit) {
			t.Fatalf("%s was never asked for again", path)
		}
	}
}

// cost fails unless so many requests reached the bucket.
func (f *front) cost(t *testing.T, want int) {
	t.Helper()
	if all := f.requests(); len(all) != want {
		var list strings.Builder
		for _, r := range all {
			fmt.Fprintf(&list, "\n%s %s", r.Method, r.URL)
		}
		t.Errorf("%d requests reached the bucket, want %d:%s", len(all), want, list.String())
	}
}

const (
	aDay    = "public, max-age=86400"
	aSecond = "public, max-age=1"
)

// TestNginx asks a real nginx with hls.conf for what the page about it promises.
func TestNginx(t *testing.T) {
	tests := []struct {
		name string
		run  func(*testing.T, *front)
	}{
		{"a segment is fetched once, by its path alone", func(t *testing.T, f *front) {
			f.put("/a b/ü?1.ts", "segment", aDay)
			for _, query := range []string{"", "?", "?token=1", "?acl", "?versionId=2&x"} {
				f.gets(t, "/a%20b/%C3%BC%3F1.ts"+query, 200, "segment")
			}
			f.cost(t, 1)
			if r := f.requests()[0]; r.URL.RawQuery != "" {
				t.Errorf("the store was asked for ?%s", r.URL.RawQuery)
			}
		}},
		{"many viewers at once are one request", manyViewers},
		{"who asks too early spoils a second or two", func(t *testing.T, f *front) {
			f.gets(t, "/9.ts", 404, "")
			f.put("/9.ts", "segment", aDay)
			f.within(t, "/9.ts", "segment")
		}},
		{"a refusal is kept as shortly", func(t *testing.T, f *front) {
			f.put("/9.ts", "segment", aDay)
			f.fail(false, 403)
			f.gets(t, "/9.ts", 403, "")
			f.gets(t, "/9.ts", 403, "")
			f.fail(false, 0)
			f.within(t, "/9.ts", "segment")
		}},
		{"a playlist that was missing is there at once", func(t *testing.T, f *front) {
			f.gets(t, "/live.m3u8", 404, "")
			f.put("/live.m3u8", "new", aSecond)
			f.gets(t, "/live.m3u8", 200, "new")
		}},
		{"a playlist is as fresh as its header says", func(t *testing.T, f *front) {
			f.put("/live.m3u8", "old", aSecond)
			f.gets(t, "/live.m3u8", 200, "old")
			f.put("/live.m3u8", "new", aSecond)
			f.within(t, "/live.m3u8", "new")
		}},
		{"a key is never kept", func(t *testing.T, f *front) {
			f.put("/live.key", "key", "private, no-store")
			f.put("/secret", "key", "private, no-store")
			for _, path := range []string{"/live.key", "/live.key", "/secret", "/secret"} {
				f.gets(t, path, 200, "key")
			}
			f.cost(t, 4)
		}},
		{"ranges of a file that grows", growingRanges},
		{"the store is away", storeAway},
		{"pages of every origin may play", everyOrigin},
		{"playlists are compressed for those who can", compressed},
		{"nobody writes, lists or signs", nobodyWrites},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, newFront(t))
		})
	}
}

func manyViewers(t *testing.T, f *front) {
	f.put("/1.ts", "segment", aDay)
	answers := make(chan struct{})
	f.mu.Lock()
	f.slow = answers
	f.mu.Unlock()
	var viewers sync.WaitGroup
	for range 20 {
		viewers.Go(func() { f.gets(t, "/1.ts", 200, "segment") })
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(20 * time.Second); len(f.requests()) == 0 && time.Now().Before(limit); <-tick.C {
	}
	close(answers)
	viewers.Wait()
	f.cost(t, 1)
}

func growingRanges(t *testing.T, f *front) {
	get := func(span string, status int, body, place string) {
		t.Helper()
		a := f.ask(t, http.MethodGet, "/all.mp4", "Range", "bytes="+span)
		if a.status != status || a.body != body && status == http.StatusPartialContent || a.header.Get("Content-Range") != place {
			t.Errorf("%s is answered with %d %q %q, want %d %q %q", span, a.status, a.body, a.header.Get("Content-Range"), status, body, place)
		}
	}
	f.put("/all.mp4", "01234567", aSecond)
	get("0-3", 206, "0123", "bytes 0-3/8")
	get("4-7", 206, "4567", "bytes 4-7/8")
	// What is named next is there at once, however fresh the ranges before it are.
	f.put("/all.mp4", "0123456789ab", aSecond)
	get("8-11", 206, "89ab", "bytes 8-11/12")
	before := len(f.requests())
	f.put("/old.mp4", "0123456789ab", aDay)
	for range 3 {
		if a := f.ask(t, http.MethodGet, "/old.mp4", "Range", "bytes=2-3"); a.status != 206 || a.body != "23" {
			t.Errorf("a range is answered with %d %q", a.status, a.body)
		}
	}
	f.cost(t, before+1)
	// A download that goes on only if the object is still the same one is not answered from another's range.
	if a := f.ask(t, http.MethodGet, "/old.mp4", "Range", "bytes=2-3", "If-Range", `"another"`); a.status != 200 || a.body != "0123456789ab" {
		t.Errorf("If-Range is answered with %d %q", a.status, a.body)
	}
}

func storeAway(t *testing.T, f *front) {
	f.put("/live.m3u8", "old", aSecond)
	f.put("/1.ts", "segment", aDay)
	f.gets(t, "/live.m3u8", 200, "old")
	f.gets(t, "/1.ts", 200, "segment")
	for _, status := range []int{0, 500, 503, 429} {
		f.fail(status == 0, status)
		f.stays(t, "/live.m3u8", "old")
		f.gets(t, "/1.ts", 200, "segment")
	}
	f.fail(true, 0)
	f.gets(t, "/2.ts", 502, "")
	f.fail(false, 0)
	f.put("/live.m3u8", "new", aSecond)
	f.put("/2.ts", "segment", aDay)
	f.within(t, "/live.m3u8", "new")
	f.within(t, "/2.ts", "segment")
}

func everyOrigin(t *testing.T, f *front) {
	f.put("/1.ts", "segment", aDay)
	for _, path := range []string{"/1.ts", "/missing.ts", "/missing.m3u8"} {
		for _, origin := range []string{"https://a.example.com", "https://b.example.com"} {
			a := f.ask(t, http.MethodGet, path, "Origin", origin)
			if got := a.header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, []string{"*"}) || a.header.Get("Vary") != "" {
				t.Errorf("%s is answered with Access-Control-Allow-Origin %q, Vary %q", path, got, a.header.Get("Vary"))
			}
		}
	}
	f.cost(t, 3+1) // the missing playlist is asked for again
	a := f.ask(t, http.MethodOptions, "/1.ts", "Origin", "https://a.example.com",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range")
	if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Headers") != "Range" {
		t.Errorf("a preflight is answered with %d %v", a.status, a.header)
	}
}

func compressed(t *testing.T, f *front) {
	playlist := strings.Repeat("#EXTINF:2.0,\nsegment.ts\n", 50)
	f.put("/live.m3u8", playlist, aDay)
	f.gets(t, "/live.m3u8", 200, playlist)
	a := f.ask(t, http.MethodGet, "/live.m3u8", "Accept-Encoding", "gzip")
	if a.header.Get("Content-Encoding") != "gzip" || a.header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("a playlist comes with %v", a.header)
	}
	r, err := gzip.NewReader(bytes.NewReader([]byte(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != playlist {
		t.Errorf("%v; unpacked it is %q", err, text)
	}
	f.cost(t, 1)
}

func nobodyWrites(t *testing.T, f *front) {
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPut, "/1.ts", 405}, {http.MethodDelete, "/1.ts", 405}, {http.MethodPost, "/1.ts", 405},
		{http.MethodGet, "/", 404}, {http.MethodGet, "//", 404}, {http.MethodGet, "/x/..", 404}, {http.MethodGet, "/?list-type=2", 404},
	} {
		if a := f.ask(t, r.method, r.path); a.status != r.status {
			t.Errorf("%s %s is answered with %d, want %d", r.method, r.path, a.status, r.status)
		}
	}
	f.cost(t, 0)
	f.ask(t, http.MethodGet, "/%2e%2e/other/1.ts", "Authorization", "Bearer x", "Cookie", "x=y", "Origin", "https://a.example.com")
	f.ask(t, http.MethodGet, "/other/x%0Ay", "Authorization", "Bearer x")
	for _, r := range f.requests() {
		if !strings.HasPrefix(r.URL.Path, "/live/") {
			t.Errorf("the store was asked for %q", r.URL.Path)
		}
		for _, name := range []string{"Authorization", "Cookie", "Origin", "Accept-Encoding"} {
			if got := r.Header.Get(name); got != "" {
				t.Errorf("the store was sent %s: %s", name, got)
			}
		}
	}
}

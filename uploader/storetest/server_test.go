package storetest

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// TestQuirksAreRows keeps the table in order: each row has a name of its own, a cure and a finding that can be looked
// for, and says something that can be wrong.
func TestQuirksAreRows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, q := range Quirks() {
		if q.Name == "" || seen[q.Name] || q.Play == nil {
			t.Errorf("%q: no name of its own, or nothing to play", q.Name)
		}
		seen[q.Name] = true
		for _, pattern := range []string{q.Cure, q.Finding, q.Level} {
			if _, err := regexp.Compile(pattern); err != nil {
				t.Errorf("%s: %v", q.Name, err)
			}
		}
		if q.Refused && (q.Cure == "" || q.Lasts == 0) {
			t.Errorf("%s: it keeps everything out, and has no cure or no end", q.Name)
		}
		if q.Finding != "" && q.Level == "" {
			t.Errorf("%s: a finding without a level", q.Name)
		}
		if q.Lasts < 0 || q.Still < 0 || q.Lasts > 0 && q.Conforms {
			t.Errorf("%s: what passes is no store to hold the contract against", q.Name)
		}
	}
	if q := QuirkOf("weak ETags"); q.Name != "weak ETags" {
		t.Errorf("got %q", q.Name)
	}
}

// ask sends a request as a client of S3 does, but for the signature, and returns status, headers and body.
func ask(t *testing.T, s *Server, method, path, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "as if it were signed")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text)
}

// TestServerRefuses keeps the Server as strict as Amazon's store is where hlsship relies on it.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	s := Serve(t)
	if status, _, _ := ask(t, s, "PUT", "/live/a", "one"); status != 200 {
		t.Fatalf("got %d", status)
	}
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		want                     int
	}{
		{"unsigned", "GET", "/live/a", "", []string{"Authorization", ""}, 403},
		{"another bucket", "PUT", "/other/a", "x", nil, 404},
		{"missing", "GET", "/live/none", "", nil, 404},
		{"wrong MD5", "PUT", "/live/b", "x", []string{"Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400},
		{"wrong CRC32C", "PUT", "/live/b", "x", []string{"X-Amz-Checksum-Crc32c", "AAAAAA=="}, 400},
		{"there already", "PUT", "/live/a", "x", []string{"If-None-Match", "*"}, 412},
		{"another ETag", "PUT", "/live/a", "x", []string{"If-Match", `"0"`}, 412},
		{"no such upload", "PUT", "/live/a?partNumber=1&uploadId=none", "x", nil, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if status, _, text := ask(t, s, tt.method, tt.path, tt.body, tt.headers...); status != tt.want {
				t.Errorf("got %d %s, want %d", status, text, tt.want)
			}
		})
	}
}

// TestServerTakesSignedChunks uploads as minio-go does by itself over plain HTTP: in chunks, each with a signature.
func TestServerTakesSignedChunks(t *testing.T) {
	t.Parallel()
	s := Serve(t)
	client, err := minio.New(strings.TrimPrefix(s.URL, "http://"), &minio.Options{Creds: credentials.NewStaticV4("a", "b", ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("chunked "), 40_000)
	if _, err := client.PutObject(t.Context(), s.Bucket, "a", bytes.NewReader(want), int64(len(want)), minio.PutObjectOptions{DisableMultipart: true}); err != nil {
		t.Fatal(err)
	}
	if got := s.Memory.Contents()["a"]; !bytes.Equal(got, want) {
		t.Errorf("got %d bytes %.60q, want %d", len(got), got, len(want))
	}
}

// TestQuirksBeginAndEnd has one of them come and go.
func TestQuirksBeginAndEnd(t *testing.T) {
	t.Parallel()
	s := Serve(t)
	end := s.Begin(QuirkOf("PUT is denied"))
	if status, _, _ := ask(t, s, "PUT", "/live/a", "x"); status != 403 {
		t.Errorf("got %d, want 403", status)
	}
	end()
	if status, _, _ := ask(t, s, "PUT", "/live/a", "x"); status != 200 {
		t.Errorf("got %d, want 200", status)
	}
	if n := s.Requests()["put"]; n != 2 {
		t.Errorf("got %d PUTs, want 2", n)
	}
}

// TestPlays looks at answers that only a few requests can show.
func TestPlays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		quirk  string
		asks   int
		status []int
		path   string
	}{
		{"one 503 with Retry-After 60, for a segment", 3, []int{503, 200, 200}, "/live/a.ts"},
		{"one 503 with Retry-After 60, for a playlist", 3, []int{200, 200, 200}, "/live/a.ts"},
		{"one 503 with Retry-After 60, for a playlist", 2, []int{503, 200}, "/live/a.m3u8"},
		{"503 for one PUT of four", 5, []int{200, 200, 200, 503, 200}, "/live/a.ts"},
		{"answers that are lost", 5, []int{200, 200, 200, 200, 0}, "/live/a.ts"},
		{"one write of a key a second", 2, []int{200, 429}, "/live/a.m3u8"},
		{"PUT is answered 201", 1, []int{201}, "/live/a.ts"},
		{"307 for two seconds", 1, []int{307}, "/live/a.ts"},
	} {
		t.Run(tt.quirk+tt.path, func(t *testing.T) {
			t.Parallel()
			s := Serve(t, QuirkOf(tt.quirk))
			for i := range tt.asks {
				if status, _, _ := ask(t, s, "PUT", tt.path, "x"); status != tt.status[i] {
					t.Errorf("request %d: got %d, want %d", i+1, status, tt.status[i])
				}
			}
			if got := string(s.Memory.Contents()[strings.TrimPrefix(tt.path, "/live/")]); tt.asks > 1 && got != "x" {
				t.Errorf("stored %q", got)
			}
		})
	}
}

// TestStoreClock has all that is said of the time be by one clock, which is not ours.
func TestStoreClock(t *testing.T) {
	t.Parallel()
	s := Serve(t, QuirkOf("the store's clock is an hour ahead"))
	ask(t, s, "PUT", "/live/a", "x")
	_, h, _ := ask(t, s, "GET", "/live/a", "")
	for _, name := range []string{"Date", "Last-Modified"} {
		if at, err := http.ParseTime(h.Get(name)); err != nil || time.Until(at) < 50*time.Minute {
			t.Errorf("%s: %q", name, h.Get(name))
		}
	}
	if _, _, list := ask(t, s, "GET", "/live?list-type=2", ""); !strings.Contains(list, time.Now().Add(time.Hour).UTC().Format("T15:")) &&
		!strings.Contains(list, time.Now().Add(50*time.Minute).UTC().Format("T15:")) {
		t.Errorf("the listing is by another clock: %s", list)
	}
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// edition is a version of a live playlist: the sequence number of its last segment, and its segments.
type edition struct {
	last     int
	segments []string
}

func readEdition(text string) edition {
	e := edition{last: -1}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if number, found := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); found {
			first, _ := strconv.Atoi(number) // ffmpeg's is one
			e.last += first
		}
		if line != "" && line[0] != '#' {
			e.segments = append(e.segments, line)
			e.last++
		}
	}
	return e
}

// publication is when the store had an edition.
type publication struct {
	at   time.Time
	last int
}

// shop is a store that can be away, before a real one. It notes the playlists that it is given and the segments
// that it is asked for.
type shop struct {
	*httptest.Server

	mu           sync.Mutex
	away         bool
	publications []publication
	sold         map[string]int // GETs of each segment that were answered with it
}

// openShop puts the shop before a gateway whose bucket everybody may read.
func openShop(t *testing.T, gateway *storetest.GatewayServer) *shop {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := minio.New(strings.TrimPrefix(gateway.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(gateway.AccessKey, gateway.SecretKey, ""), Region: gateway.Region,
		BucketLookup: minio.BucketLookupPath, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` +
		gateway.Bucket + `/*"}]}`
	if err := client.SetBucketPolicy(t.Context(), gateway.Bucket, policy); err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(gateway.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{sold: map[string]int{}}
	reverse := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // which is signed
		},
		Transport: transport, ModifyResponse: s.note,
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		away := s.away
		s.mu.Unlock()
		if away {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		if r.Method == http.MethodPut && path.Ext(r.URL.Path) == ".m3u8" {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client is gone
			}
			r.Body = io.NopCloser(bytes.NewReader(text))
			r = r.WithContext(context.WithValue(r.Context(), editionKey{}, readEdition(string(text))))
		}
		reverse.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Server.Close)
	return s
}

// editionKey is that of an edition in the context of its PUT.
type editionKey struct{}

// note is called with each answer of the gateway.
func (s *shop) note(resp *http.Response) error {
	if resp.StatusCode/100 != 2 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ours := resp.Request.Context().Value(editionKey{}).(edition); ours {
		s.publications = append(s.publications, publication{time.Now(), e.last})
	}
	if resp.Request.Method == http.MethodGet && path.Ext(resp.Request.URL.Path) == ".ts" {
		s.sold[resp.Request.URL.Path]++
	}
	return nil
}

// close begins an outage, or ends it.
func (s *shop) close(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// sight is a media playlist that a viewer got.
type sight struct {
	asked, came time.Time
	last        int
}

// outdated returns for how long there had been a newer edition when the viewer asked, and when it had its answer.
func (s *shop) outdated(seen sight) (asked, came time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.publications {
		if p.last > seen.last {
			return max(0, seen.asked.Sub(p.at)), max(0, seen.came.Sub(p.at))
		}
	}
	return 0, 0
}

// follower is a viewer without a picture: it reads the playlist once a second and each new segment once.
type follower struct {
	sights []sight
	// promised is the max-age of the playlists.
	promised time.Duration
	segments int
	failures []failure
}

// failure is an answer without what was asked for.
type failure struct {
	at   time.Time
	text string
}

// follow reads the stream at a URL until ctx ends. The first look is after the delay.
func (f *follower) follow(ctx context.Context, client *http.Client, playlist string, delay time.Duration) {
	base, _, _ := strings.Cut(playlist, "live.m3u8")
	had := map[string]bool{}
	begin := time.NewTimer(delay)
	defer begin.Stop()
	select {
	case <-begin.C:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		asked := time.Now()
		header, text := f.get(ctx, client, playlist)
		if header != nil {
			e := readEdition(text)
			f.sights = append(f.sights, sight{asked, time.Now(), e.last})
			f.promised = maxAge(header)
			for _, name := range e.segments[max(0, len(e.segments)-3):] {
				if had[name] {
					continue
				}
				if header, _ := f.get(ctx, client, base+name); header != nil {
					had[name] = true
					f.segments++
				}
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// maxAge returns that of a Cache-Control.
func maxAge(header http.Header) time.Duration {
	m := regexp.MustCompile(`max-age=(\d+)`).FindStringSubmatch(header.Get("Cache-Control"))
	if m == nil {
		return 0
	}
	seconds, _ := strconv.Atoi(m[1]) // of digits
	return time.Duration(seconds) * time.Second
}

// get returns an answer, or notes why there is none.
func (f *follower) get(ctx context.Context, client *http.Client, url string) (http.Header, string) {
	fail := func(what any) {
		if ctx.Err() == nil {
			f.failures = append(f.failures, failure{time.Now(), fmt.Sprintf("%s: %v", path.Base(url), what)})
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		fail(err)
		return nil, ""
	}
	resp, err := client.Do(req)
	if err != nil {
		fail(err)
		return nil, ""
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || len(body) == 0 {
		fail(fmt.Sprintf("%s, %d bytes, %v", resp.Status, len(body), err))
		return nil, ""
	}
	return resp.Header, string(body)
}

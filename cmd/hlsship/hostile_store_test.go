//go:build linux

package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // ETag
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	hostileBucket = "bucket"
	// hostileDelay is how long a request takes.
	hostileDelay = 50 * time.Millisecond
	// outsideMark is in every file that lies outside the watched directories.
	outsideMark = "nothing outside the directory may be stored"
	// bulky is the size from which bytes are judged and then dropped, as the store is in memory.
	bulky = 256 << 10
)

// judgedStore is an S3 server in memory that looks at all that it is given. The viewer knows what the honest streams
// mean, and is told of them alone.
type judgedStore struct {
	url    string
	viewer *storetest.Viewer
	s3     http.Handler
	begun  *regexp.Regexp // the part of a prefix that {start} became

	mu     sync.Mutex
	keys   map[string]bool
	bulk   map[string]bulk
	puts   int
	lists  int // hostile playlists
	starts map[string]bool
	faults []string
}

// bulk is an object of which the store keeps no bytes.
type bulk struct {
	size int
	etag string
	at   time.Time
}

func openJudgedStore(t *testing.T) *judgedStore {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(hostileBucket); err != nil {
		t.Fatal(err)
	}
	s := &judgedStore{
		viewer: storetest.NewViewer("live/"), s3: gofakes3.New(backend).Server(), begun: regexp.MustCompile(`\d{8}T\d{6}Z/`),
		keys: map[string]bool{}, bulk: map[string]bulk{}, starts: map[string]bool{},
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// ServeHTTP answers S3 requests. They take a time, and PUTs happen one after the other.
func (s *judgedStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, isObject := strings.CutPrefix(r.URL.Path, "/"+hostileBucket+"/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	select {
	case <-time.After(hostileDelay):
	case <-r.Context().Done():
		return
	}
	if r.Method != http.MethodPut || !isObject {
		s.mu.Lock()
		b, found := s.bulk[key]
		s.mu.Unlock()
		if !found {
			s.s3.ServeHTTP(w, r)
			return
		}
		w.Header().Set("ETag", b.etag)
		w.Header().Set("Last-Modified", b.at.UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", strconv.Itoa(b.size))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	s.judge(key, body)
	if len(body) < bulky {
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.s3.ServeHTTP(w, r)
		return
	}
	sum := md5.Sum(body) //nolint:gosec // ETag
	b := bulk{size: len(body), etag: `"` + hex.EncodeToString(sum[:]) + `"`, at: time.Now()}
	s.bulk[key] = b
	w.Header().Set("ETag", b.etag)
}

// judge looks at an object. mu is held.
func (s *judgedStore) judge(key string, body []byte) {
	if bytes.Contains(body, []byte(outsideMark)) {
		s.fault("%s is stored with bytes from outside the directory", key)
	}
	if start := s.begun.FindString(key); start != "" {
		s.starts[start] = true
		key = strings.Replace(key, start, "", 1)
	}
	s.keys[key] = true
	if strings.Contains(key, "/honest") {
		s.viewer.Changed(key, body)
		return
	}
	if hls.Classify(key).IsPlaylist() && len(body) < bulky {
		s.judgeHostile(key, body)
	}
}

// judgeHostile asks of a hostile playlist what a player would: that all is there which it names.
func (s *judgedStore) judgeHostile(key string, body []byte) {
	s.lists++
	channel, at := s.channelOf(key)
	playlist, err := hls.ParseFile(at, body, hls.ParseOptions{})
	if err != nil {
		s.fault("%s is stored and is no playlist: %v", key, err)
		return
	}
	site, _ := hls.NewSite("", channel+"/") // of no URL, so that nothing is wrong with it
	for _, ref := range playlist.References {
		named, target := site.Resolve(at, ref.URI)
		switch {
		case ref.Hint, ref.Gap, ref.Soft, target == hls.Elsewhere, named == at:
		case target == hls.Outside, ref.Unresolved:
			s.fault("%s is stored and names %q, which nobody can have stored", key, ref.URI)
			return
		case !s.keys[path.Join(channel, named)]:
			s.fault("%s is stored and names %q, which is not", key, named)
			return
		}
	}
}

// channelOf splits a key into the prefix of its channel and the path below the directory.
func (s *judgedStore) channelOf(key string) (channel, at string) {
	parts := strings.SplitN(key, "/", 3)
	return strings.Join(parts[:2], "/"), parts[2]
}

func (s *judgedStore) fault(format string, args ...any) {
	const most = 20
	if len(s.faults) < most {
		s.faults = append(s.faults, fmt.Sprintf(format, args...))
	}
}

package s3

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
)

// shelf is an S3 server in virtual time: it keeps what is PUT, says that there was nothing before, and when a key came.
type shelf struct {
	sent atomic.Int64 // bytes that came

	mu      sync.Mutex
	arrived map[string]time.Time
}

func (s *shelf) serve(_ int, c net.Conn) {
	in := bufio.NewReader(wire{c, &s.sent})
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		switch {
		case r.Method == http.MethodPut:
			s.mu.Lock()
			s.arrived[path.Base(r.URL.Path)] = time.Now()
			s.mu.Unlock()
			stored(c, body)
		case r.URL.Query().Has("list-type"):
			answerXML(c, "200 OK", "<ListBucketResult></ListBucketResult>")
		default:
			answerXML(c, "404 Not Found", "<Error><Code>NoSuchKey</Code></Error>")
		}
	}
}

func answerXML(c net.Conn, status, doc string) {
	doc = `<?xml version="1.0"?>` + doc
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s", status, len(doc), doc)
}

// at returns when name came last.
func (s *shelf) at(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[name]
}

// count returns how many names with that prefix came.
func (s *shelf) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.arrived {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// bytesOf is an hls.Source and an hls.Reader of bytes in memory.
type bytesOf struct {
	*bytes.Reader
	version hls.Version
}

func (b bytesOf) Open() (hls.Reader, error)     { return b, nil }
func (b bytesOf) Version() (hls.Version, error) { return b.version, nil }
func (b bytesOf) Release()                      {}
func (b bytesOf) Close() error                  { return nil }

// media is the fact of a finished segment.
func media(name string, number uint64, size int) hls.File {
	v := hls.Version{Inode: number, Size: int64(size), ModTime: time.Now().UnixNano()}
	return hls.File{
		Path: name, State: hls.Settled, Kind: hls.Media, Version: v, Seen: time.Now(),
		Source: bytesOf{bytes.NewReader(bytes.Repeat([]byte{byte(number)}, size)), v},
	}
}

// TestBacklogLeavesTheLiveEdgeItsShare ships two live streams, which take 91 % of the limit, beside 300 segments that
// an earlier process left: the live edge is as current as if there were none, backlog goes down by what is left, and the
// limit holds.
func TestBacklogLeavesTheLiveEdgeItsShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate, size, late, live = 44_000, 40_000, 300, 160
		server := &shelf{arrived: map[string]time.Time{}}
		s := pipes(t, server.serve)
		s.uplink = newLimiter(rate)
		var behind []hls.File
		for i := range late {
			f := media(fmt.Sprintf("hi/old%d.ts", i), uint64(i+1), size)
			f.Named = true
			behind = append(behind, f)
		}
		up, err := uploader.New(uploader.Config{Store: s, Conditional: true, Recovered: behind})
		if err != nil {
			t.Fatal(err)
		}
		facts := make(chan hls.File)
		var lags []time.Duration
		begin := time.Now()
		go func() {
			defer close(facts)
			for i := range live {
				start := time.Now()
				for k, stream := range []string{"hi", "lo"} {
					facts <- media(fmt.Sprintf("%s/%s%d.ts", stream, stream, i), uint64(1000*(k+1)+i), size)
					facts <- playlistOf(t, stream, i)
				}
				time.Sleep(2 * time.Second)
				for _, stream := range []string{"hi", "lo"} {
					at := server.at(stream + ".m3u8")
					if at.Before(start) {
						t.Errorf("segment %d of %s is not published after 2 s", i, stream)
						continue
					}
					lags = append(lags, at.Sub(start))
				}
				if i == live/2 {
					left := rate*time.Since(begin).Seconds() - 2*size*(live/2+1)
					near(t, "backlog half way", float64(server.count("old")), left/size, 25)
				}
			}
		}()
		if err := up.Run(t.Context(), facts); err != nil {
			t.Error(err)
		}
		if n := server.count("old"); n != late {
			t.Errorf("%d of the backlog came, want %d", n, late)
		}
		if worst := slices.Max(lags); worst > 1950*time.Millisecond {
			t.Errorf("the live edge lagged up to %v, want the 1.82 s that two segments take and little more", worst)
		}
		if got, most := server.sent.Load(), int64(1.04*rate*time.Since(begin).Seconds()); got > most {
			t.Errorf("%d bytes were sent, want at most %d: the limit and the heads", got, most)
		}
		s.transport.base.CloseIdleConnections()
	})
}

// playlistOf is the fact of a media playlist whose newest segment is the i-th.
func playlistOf(t *testing.T, stream string, i int) hls.File {
	t.Helper()
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\n%s%d.ts\n", i, stream, i)
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		t.Error(err)
	}
	return hls.File{
		Path: stream + "/" + stream + ".m3u8", State: hls.Settled, Kind: pl.Kind, Seen: time.Now(),
		Content: []byte(text), Playlist: pl, Version: hls.Version{Inode: 1 << 20, Size: int64(len(text)), ModTime: time.Now().UnixNano()},
	}
}

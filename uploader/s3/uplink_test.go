package s3

import (
	"bufio"
	"bytes"
	"context"
	"errors"
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
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/uplink"
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
		var behind []hls.File
		for i := range late {
			f := media(fmt.Sprintf("hi/old%d.ts", i), uint64(i+1), size)
			f.Named = true
			behind = append(behind, f)
		}
		up, err := uploader.New(uploader.Config{Store: uplink.New(rate).Limit(s), Conditional: true, Recovered: behind})
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

// near fails unless got is want within a tolerance of percent.
func near(t *testing.T, what string, got, want float64, percent float64) {
	t.Helper()
	if got < want*(1-percent/100) || got > want*(1+percent/100) {
		t.Errorf("%s: got %v, want %v within %v %%", what, got, want, percent)
	}
}

// wire counts what a server reads.
type wire struct {
	net.Conn
	bytes *atomic.Int64
}

func (w wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.bytes.Add(int64(n))
	return n, err
}

// limited opens a store whose uplink is limited to rate, over a network that counts.
func limited(t *testing.T, rate int64, sent *atomic.Int64) (limited store.Store, s *Store) {
	t.Helper()
	s = pipes(t, func(_ int, c net.Conn) {
		in := bufio.NewReader(wire{c, sent})
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			stored(c, body)
		}
	})
	return uplink.New(rate).Limit(s), s
}

// TestUplinkLimitOnTheWire has the real client send: its bytes leave evenly at the rate, and however long they take
// that way it is no stall.
func TestUplinkLimitOnTheWire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate, puts, size = 50_000, 4, 500_000
		var sent atomic.Int64
		line, s := limited(t, rate, &sent)
		start := time.Now()
		var waiting atomic.Int64
		var all sync.WaitGroup
		for i := range puts {
			all.Go(func() {
				o := segment(fmt.Sprintf("%d/a.ts", i), string(make([]byte, size)))
				o.Waits = func(begin bool) {
					if begin {
						waiting.Add(1)
					} else {
						waiting.Add(-1)
					}
				}
				if i > 0 {
					o.Priority = store.Backlog // which the first one keeps waiting for its whole 10 s
				}
				if _, err := line.Put(t.Context(), o); err != nil {
					t.Error(err)
				}
			})
		}
		for range 38 {
			before := sent.Load()
			time.Sleep(time.Second)
			near(t, "bytes on the wire in a second", float64(sent.Load()-before), rate, 16) // two pieces and a head
			if n := waiting.Load(); n < 0 || n > puts {
				t.Fatalf("%d wait", n)
			}
		}
		all.Wait()
		near(t, "seconds for all", time.Since(start).Seconds(), puts*size/rate, 2)
		near(t, "bytes in all", float64(sent.Load()), puts*size, 1)
		if waiting.Load() != 0 {
			t.Errorf("%d wait for ever", waiting.Load())
		}
		s.transport.base.CloseIdleConnections()
	})
}

// TestUplinkLimitLetsStallsBe: a connection that takes nothing ends its attempt as without a limit, one that waits for
// its share does not, and to give up while waiting takes no time.
func TestUplinkLimitLetsStallsBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := pipes(t, func(_ int, c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, 20<<10)
			<-t.Context().Done()
		})
		start := time.Now()
		slow := uplink.New(2000).Limit(s) // a piece takes two seconds
		_, err := slow.Put(t.Context(), segment("a.ts", string(make([]byte, 250<<10))))
		if _, ok := errors.AsType[*stallError](err); !ok {
			t.Errorf("got %v, want a stall", err)
		}
		// What is granted until the server stops reading takes four pieces' time, about 8 s.
		near(t, "seconds until the stall", time.Since(start).Seconds(), (8*time.Second + DefaultStall).Seconds(), 15)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s = pipes(t, func(_ int, c net.Conn) { untilClosed(c) })
		start = time.Now()
		slow = uplink.New(100).Limit(s) // a piece takes 41 s
		_, err = slow.Put(ctx, segment("a.ts", string(make([]byte, 250<<10))))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v, want the caller's end", err, time.Since(start))
		}
	})
}

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// client is a kind of player.
type client struct {
	name string
	// kind is what testdata/players/watch.mjs calls it; empty for a process.
	kind string
	// command plays the URL. It writes its pictures into the file, or to its standard output if fifo is false.
	command func(url, file string) []string
	fifo    bool
	// grain is for how long a picture may stand for other reasons than the stream's.
	grain time.Duration
	// version tells it; empty if the player is not installed.
	version func(ctx context.Context) string
}

// busy is for how long a picture may stand because the machine has other things to do.
const busy = 3 * time.Second

// unbuffered is for how long a picture stands in a player that shows a segment as soon as it is there, while none is written for pause.
const unbuffered = pause + cutTime

// clients returns all players, in the order of the table.
func clients() []client {
	page := func(name, kind string, version func(context.Context) string) client {
		return client{name: name, kind: kind, grain: busy, version: version}
	}
	program := func(c client, program string, arguments ...string) client {
		c.grain += busy
		c.version = func(ctx context.Context) string {
			path, found := playerProgram(program)
			if !found {
				return ""
			}
			output, err := exec.CommandContext(ctx, path, arguments...).Output()
			if err != nil {
				return ""
			}
			return versionIn(strings.ReplaceAll(string(output), program, ""))
		}
		return c
	}
	return []client{
		page("hls.js", "hlsjs", func(context.Context) string { return versionOfHLSJS() }),
		page("hls.js with [ten lines](#ten-lines-for-hlsjs)", "recovering", func(context.Context) string { return versionOfHLSJS() }),
		page("Shaka Player", "shaka", npmVersion("shaka-player")),
		page("video.js", "videojs", npmVersion("video.js")),
		page("Chromium's own", "chromium", func(ctx context.Context) string {
			output, err := exec.CommandContext(ctx, "chromium", "--version").Output()
			if err != nil {
				return ""
			}
			return versionIn(string(output))
		}),
		program(client{name: "ffmpeg", grain: unbuffered, command: func(url, _ string) []string {
			return []string{
				"ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-i", url, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "yuv420p",
				"-vsync", "passthrough", "-flush_packets", "1", "-",
			}
		}}, "ffmpeg", "-version"),
		program(client{name: "GStreamer", command: func(url, _ string) []string {
			return strings.Fields("gst-launch-1.0 -q uridecodebin3 name=d uri=" + url + " d. ! queue ! videoconvert ! videoscale ! video/x-raw,format=I420,width=160,height=96" +
				" ! fdsink fd=1 sync=true d. ! queue ! audioconvert ! fakesink sync=true")
		}}, "gst-launch-1.0", "--version"),
		program(client{name: "VLC", fifo: true, command: func(url, file string) []string {
			return []string{"vlc-live", "-I", "dummy", "--no-color", "--play-and-exit", "--aout=adummy", "--vout=yuv", "--yuv-yuv4mpeg2", "--yuv-file=" + file, url}
		}}, "vlc-live", "--version"),
	}
}

// playersHome is where .ci/players puts what is no package of the system.
func playersHome() string { return filepath.Join(filepath.Dir(packagerHome()), "players") }

// playerProgram returns where a program is.
func playerProgram(name string) (path string, found bool) {
	for _, candidate := range []string{filepath.Join(playersHome(), "bin", name), name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, true
		}
	}
	return "", false
}

// npmVersion tells the version of a package of npm.
func npmVersion(name string) func(context.Context) string {
	return func(context.Context) string {
		text, err := os.ReadFile(filepath.Join(playersHome(), "node_modules", name, "package.json"))
		if err != nil {
			return ""
		}
		_, after, _ := bytes.Cut(text, []byte(`"version":`))
		return versionIn(string(after))
	}
}

// versionOfHLSJS reads that of the player beside the tests.
func versionOfHLSJS() string {
	text, err := os.ReadFile(filepath.Join("testdata", "hlsjs", "README"))
	if err != nil {
		return ""
	}
	return versionIn(string(text))
}

// audience is a number of players that watch a bucket at the same time.
type audience struct {
	url    string // of what shows the bucket
	page   context.Context
	begun  time.Time
	inPage []string
	seats  map[string]*seat
	// refused is true while playlists are answered with 503, as a cache does that serves nothing stale.
	refused atomic.Bool
}

// seat is a player that is a process.
type seat struct {
	cmd        *exec.Cmd
	complaints storetest.Output
	ended      chan struct{}
	close      func() // what it writes to

	mu       sync.Mutex
	glimpses []glimpse
}

// openAudience shows the bucket: the keys below /bucket/NAME/ for the player of that name, so that no two of them share what a
// browser keeps. page may be nil if no player needs one.
func openAudience(t *testing.T, page context.Context, gateway *storetest.GatewayServer) *audience {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	bucket, err := minio.NewCore(strings.TrimPrefix(gateway.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(gateway.AccessKey, gateway.SecretKey, ""), Region: gateway.Region,
		BucketLookup: minio.BucketLookupPath, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &audience{page: page, seats: map[string]*seat{}}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("testdata/players")))
	mux.Handle("/hlsjs/", http.StripPrefix("/hlsjs/", http.FileServer(http.Dir("testdata/hlsjs"))))
	mux.Handle("/npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir(filepath.Join(playersHome(), "node_modules")))))
	mux.HandleFunc("GET /bucket/{player}/{key...}", func(w http.ResponseWriter, r *http.Request) {
		if a.refused.Load() && path.Ext(r.URL.Path) == ".m3u8" {
			http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
			return
		}
		deliver(w, r, bucket, gateway.Bucket, r.PathValue("key"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.url = server.URL
	if page != nil {
		if err := chromedp.Do(page, chromedp.Navigate(server.URL+"/watch.html"), chromedp.WaitReady("body")); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// watch seats a player before the multivariant playlist of that manner. All are seated at the same time.
func (a *audience) watch(t *testing.T, manner string, c client) {
	t.Helper()
	name := manner + " " + c.name
	if a.begun.IsZero() {
		a.begun = time.Now()
	}
	playlist := fmt.Sprintf("%s/bucket/%s/%s/master.m3u8", a.url, url.PathEscape(c.name), manner)
	if c.kind != "" {
		a.inPage = append(a.inPage, name)
		if err := chromedp.Do(a.page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`watch(%q, %q, %q)`, name, c.kind, playlist))); err != nil {
			t.Fatal(err)
		}
		return
	}
	s := &seat{ended: make(chan struct{})}
	a.seats[name] = s
	pictures, file := s.screen(t, c)
	command := c.command(playlist, file)
	player, _ := playerProgram(command[0])
	s.cmd = exec.CommandContext(t.Context(), player, command[1:]...)
	s.cmd.Stderr, s.cmd.WaitDelay = &s.complaints, time.Second
	var reader io.Reader = pictures
	if !c.fifo {
		output, err := s.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		reader = output
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		s.look(bufio.NewReader(reader), c.fifo, a.begun)
	}()
	go func() {
		defer close(s.ended)
		if !c.fifo {
			<-read // before Wait, which closes the pipe
		}
		_ = s.cmd.Wait() // how it ended is seen in its state
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		<-s.ended
		s.close()
		<-read
	})
}

// screen opens the file that a player writes into, if it does. It is open for both, so that a player may close it and open it
// again.
func (s *seat) screen(t *testing.T, c client) (*os.File, string) {
	t.Helper()
	s.close = func() {}
	if !c.fifo {
		return nil, ""
	}
	name := filepath.Join(t.TempDir(), "pictures")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.close = func() { _ = file.Close() } // it was only read
	return file, name
}

// look notes each new picture until there are no more. With headers, a line of text goes before each.
func (s *seat) look(pictures *bufio.Reader, headers bool, begun time.Time) {
	picture := make([]byte, pictureBytes)
	last := glimpse{}
	for {
		for headers {
			line, err := pictures.ReadBytes('\n')
			if err != nil {
				return
			}
			if bytes.HasSuffix(line, []byte("FRAME\n")) {
				break
			}
		}
		if _, err := io.ReadFull(pictures, picture); err != nil {
			return
		}
		g := glimpse{at: time.Since(begun)}
		g.run, g.frame = readPicture(picture)
		if g.run == last.run && g.frame == last.frame {
			continue
		}
		last = g
		s.mu.Lock()
		s.glimpses = append(s.glimpses, g)
		s.mu.Unlock()
	}
}

// viewing is what the player showed until now.
func (s *seat) viewing() viewing {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := viewing{glimpses: append([]glimpse(nil), s.glimpses...)}
	if lines := strings.Split(strings.TrimSpace(s.complaints.String()), "\n"); len(lines) > 0 {
		v.why = lines[len(lines)-1]
	}
	select {
	case <-s.ended:
		v.end = dead
		if s.cmd.ProcessState.Success() {
			v.end = ended
		}
	default:
	}
	return v
}

// viewings returns what every player showed until now, by name.
func (a *audience) viewings(t *testing.T) (all map[string]viewing, over time.Duration) {
	t.Helper()
	all, over = map[string]viewing{}, time.Since(a.begun)
	for name, s := range a.seats {
		all[name] = s.viewing()
	}
	for _, name := range a.inPage {
		seen, err := chromedp.Run(a.page, chromedp.Evaluate[struct {
			Glimpses []struct{ At, Code int64 }
			End, Why string
		}](fmt.Sprintf(`seen(%q)`, name)))
		if err != nil {
			t.Fatal(err)
		}
		v := viewing{end: seen.End, why: seen.Why}
		for _, g := range seen.Glimpses {
			v.glimpses = append(v.glimpses, glimpse{time.UnixMilli(g.At).Sub(a.begun), int(g.Code >> 12), int(g.Code & 0xfff)})
		}
		all[name] = v
	}
	return all, over
}

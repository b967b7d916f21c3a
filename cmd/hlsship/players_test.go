package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// playedSeconds is how much of each stream is played, while the stream is live.
const playedSeconds = 8

// form is one way to pack a stream.
type form struct {
	// name is the folder of the stream.
	name string
	// entry is the playlist that the player is given, media the one of its video.
	entry, media string
	// args are those of ffmpeg's output.
	args []string
	// audio and subtitles are true for streams that have them in playlists of their own, encrypted for those
	// that need a key.
	audio, subtitles, encrypted bool
}

// forms returns the ways of packing that are played. folder is for what ffmpeg reads.
func forms(folder string) []form {
	sound := []string{"-map", "0:v", "-map", "1:a"}
	window := []string{"-hls_list_size", "6", "-hls_flags", "delete_segments"}
	// With a window ffmpeg lets EXT-X-MEDIA-SEQUENCE stay 0 in this mode, so that players get lost.
	growing := []string{"-hls_list_size", "0", "-hls_flags", "single_file"}
	all := []form{
		{name: "ts", args: slices.Concat(sound, window)},
		{name: "fmp4", args: slices.Concat(sound, window, []string{"-hls_segment_type", "fmp4"})},
		{name: "aes", args: slices.Concat(sound, window, []string{"-hls_key_info_file", filepath.Join(folder, "keyinfo")}), encrypted: true},
		{
			name: "groups", entry: "master.m3u8", media: "hi.m3u8", audio: true, subtitles: true,
			args: append([]string{
				"-map", "0:v", "-map", "0:v", "-map", "1:a", "-map", "2:s", "-b:v:1", "50k", "-master_pl_name", "master.m3u8", "-var_stream_map",
				"v:0,agroup:sound,s:0,sgroup:subtitles,name:hi v:1,agroup:sound,name:lo a:0,agroup:sound,default:yes,name:en",
			}, window...),
		},
		{name: "single_file", args: slices.Concat(sound, growing)},
		{name: "single_file_fmp4", args: slices.Concat(sound, growing, []string{"-hls_segment_type", "fmp4"})},
	}
	for i := range all {
		if f := &all[i]; f.entry == "" {
			f.entry, f.media = "index.m3u8", "index.m3u8"
		}
	}
	return all
}

// theatre is a directory of live streams, the program that ships it, and a page that plays the bucket.
type theatre struct {
	dir, inputs string
	program     *process
	page        context.Context
	// close ends the program as an operator does.
	close func(t *testing.T)

	mu        sync.Mutex
	published map[string]int           // versions of each playlist
	awaited   map[string]chan struct{} // closed once a playlist has been published so often
	answers   map[string][]string      // requests of the player, with the status, by stream
}

// openings is how many versions of a stream's playlist are published before it is played.
const openings = 3

func newTheatre(t *testing.T, page context.Context) *theatre {
	t.Helper()
	x := &theatre{
		dir: t.TempDir(), inputs: t.TempDir(), page: page, published: map[string]int{}, awaited: map[string]chan struct{}{}, answers: map[string][]string{},
	}
	for _, f := range forms(x.inputs) {
		x.awaited[f.name+"/"+f.media] = make(chan struct{})
	}
	x.writeInputs(t)
	gateway := storetest.Gateway(t)
	x.program = startIn(t, []string{
		"HLSSHIP_ENDPOINT=" + gateway.Endpoint, "AWS_ACCESS_KEY_ID=" + gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + gateway.SecretKey,
	}, "run", "--http-listen", "off", x.dir, "s3://"+gateway.Bucket)
	x.program.ships(t)
	listening := make(chan struct{}) // closed once nobody listens any more
	go func() {
		defer close(listening)
		x.listen()
	}()
	x.close = func(t *testing.T) {
		t.Helper()
		x.program.signal(t, syscall.SIGTERM)
		x.program.exits(t, exitDone)
		<-listening
	}
	x.open(t, gateway)
	return x
}

// writeInputs makes what ffmpeg reads: a cue a second, and a key beside the stream that it is for.
func (x *theatre) writeInputs(t *testing.T) {
	t.Helper()
	var cues strings.Builder
	for n := range 2 * int(deadline/time.Second) {
		at := time.Unix(int64(n), 0).UTC()
		fmt.Fprintf(&cues, "%d\n%s,100 --> %s,900\nsecond %d\n\n", n+1, at.Format(time.TimeOnly), at.Format(time.TimeOnly), n)
	}
	key := filepath.Join(x.dir, "aes", "stream.key")
	for path, text := range map[string]string{
		filepath.Join(x.inputs, "cues.srt"): cues.String(),
		filepath.Join(x.inputs, "keyinfo"):  "stream.key\n" + key + "\n",
		key:                                 "sixteen byte key",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// listen counts what the program publishes, until it ends.
func (x *theatre) listen() {
	published := regexp.MustCompile(`msg="playlist published" key=(\S+)`)
	for {
		select {
		case line := <-x.program.lines:
			m := published.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			x.mu.Lock()
			x.published[m[1]]++
			if opened := x.awaited[m[1]]; opened != nil && x.published[m[1]] == openings {
				close(opened)
			}
			x.mu.Unlock()
		case <-x.program.ended:
			return
		}
	}
}

// open shows the page and, below /bucket/, the bucket.
func (x *theatre) open(t *testing.T, gateway *storetest.GatewayServer) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := minio.NewCore(strings.TrimPrefix(gateway.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(gateway.AccessKey, gateway.SecretKey, ""), Region: gateway.Region,
		BucketLookup: minio.BucketLookupPath, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("testdata/hlsjs")))
	mux.HandleFunc("GET /bucket/{key...}", func(w http.ResponseWriter, r *http.Request) {
		key := r.PathValue("key")
		status := deliver(w, r, client, gateway.Bucket, key)
		stream, _, _ := strings.Cut(key, "/")
		x.mu.Lock()
		defer x.mu.Unlock()
		x.answers[stream] = append(x.answers[stream], fmt.Sprintf("%d %s", status, key))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if err := chromedp.Do(x.page, chromedp.Navigate(server.URL+"/play.html")); err != nil {
		t.Fatal(err)
	}
}

// deliver answers with an object, or the range of it that is asked for, as a server in front of the bucket
// does. It returns the status.
func deliver(w http.ResponseWriter, r *http.Request, client *minio.Core, bucket, key string) int {
	var options minio.GetObjectOptions
	status := http.StatusOK
	if span := r.Header.Get("Range"); span != "" {
		options.Set("Range", span)
		status = http.StatusPartialContent
	}
	object, _, header, err := client.GetObject(r.Context(), bucket, key, options)
	if err != nil {
		status = max(minio.ToErrorResponse(err).StatusCode, http.StatusBadRequest)
		http.Error(w, err.Error(), status)
		return status
	}
	defer func() { _ = object.Close() }() // it was only read
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Range", "Cache-Control", "Etag"} {
		if value := header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(status)
	_, _ = io.Copy(w, object) // a player that left is none of our business
	return status
}

// packager starts ffmpeg on a stream. It goes on until the test ends.
func (x *theatre) packager(t *testing.T, f form) {
	t.Helper()
	path, _ := findFFmpeg()
	args := []string{"-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10",
		"-re", "-f", "lavfi", "-i", "sine=sample_rate=44100", "-re", "-i", filepath.Join(x.inputs, "cues.srt")}
	args = append(args, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1", "-g", "10", "-b:v", "100k", "-c:a", "aac",
		"-c:s", "webvtt", "-f", "hls", "-hls_time", "1")
	args = append(args, f.args...)
	name := "index.m3u8"
	if f.entry != f.media {
		name = "%v.m3u8"
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, name)...)
	var complaint bytes.Buffer
	cmd.Dir, cmd.Stderr = filepath.Join(x.dir, f.name), &complaint
	if err := os.MkdirAll(cmd.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var killed *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &killed) || complaint.Len() > 0 {
			t.Errorf("ffmpeg: %v: %s", err, complaint.String())
		}
	})
}

// screening is what a player noticed of a stream.
type screening struct {
	At, Played, Frames, Sound float64
	Live                      bool
	Levels, Cues, Keys        int
	Loaded                    map[string]int
	Errors                    []struct {
		Type, Details, Reason string
		Fatal                 bool
	}
}

// play plays a stream and returns what the player noticed once it has played for playedSeconds, and found
// the subtitles if there are any.
func (x *theatre) play(t *testing.T, f form) screening {
	t.Helper()
	select {
	case <-x.awaited[f.name+"/"+f.media]:
	case <-time.After(deadline):
		t.Fatalf("%s was not published %d times:\n%s", f.name, openings, x.program.output())
	}
	if err := chromedp.Do(x.page, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`play(%q, %q)`, f.name, "/bucket/"+f.name+"/"+f.entry))); err != nil {
		t.Fatal(err)
	}
	const script = `(name, seconds, cues) => { const s = played(name, seconds); return s && s.cues >= cues && s }`
	cues := 0
	if f.subtitles {
		cues = 1
	}
	seen, err := chromedp.Run(x.page, chromedp.PollFunction[screening](script, chromedp.WithPollingArgs(f.name, playedSeconds, cues),
		chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(deadline)))
	if err != nil {
		now, also := chromedp.Run(x.page, chromedp.Evaluate[screening](fmt.Sprintf(`state(%q)`, f.name)))
		x.mu.Lock()
		defer x.mu.Unlock()
		t.Fatalf("%v; the player is at %+v, %v; it asked for\n%s", err, now, also, strings.Join(x.answers[f.name], "\n"))
	}
	return seen
}

// judge checks what a player noticed.
func (x *theatre) judge(t *testing.T, f form, seen screening) {
	t.Helper()
	t.Logf("%+v", seen)
	if !seen.Live {
		t.Error("the stream was over before it was played, so that nothing live was tested")
	}
	if seen.Frames < playedSeconds || seen.Sound == 0 {
		t.Errorf("%v frames and %v bytes of sound were decoded", seen.Frames, seen.Sound)
	}
	for _, e := range seen.Errors {
		// A player that is short of data, or gives up a request to switch variants, goes on.
		harmless := strings.HasPrefix(e.Details, "buffer") || strings.HasSuffix(strings.ToLower(e.Details), "aborted")
		if e.Fatal || !harmless {
			t.Errorf("the player reports %+v", e)
		}
	}
	if (seen.Loaded["audio"] > 0) != f.audio || (seen.Loaded["subtitle"] > 0) != f.subtitles || seen.Loaded["main"] == 0 {
		t.Errorf("loaded %v", seen.Loaded)
	}
	if f.entry != f.media && seen.Levels != 2 {
		t.Errorf("%d variants, want 2", seen.Levels)
	}
	if (seen.Keys > 0) != f.encrypted {
		t.Errorf("%d keys were loaded", seen.Keys)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, answer := range x.answers[f.name] {
		if !strings.HasPrefix(answer, "20") {
			t.Errorf("the bucket answers %s", answer)
		}
	}
}

// TestPlayers plays what is in the bucket while it is live, in every form that ffmpeg packs, with hls.js in
// headless Chromium. All streams are played at the same time.
func TestPlayers(t *testing.T) {
	page := browser(t)
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	x := newTheatre(t, page)
	var streams sync.WaitGroup
	for _, f := range forms(x.inputs) {
		streams.Go(func() {
			t.Run(f.name, func(t *testing.T) {
				x.packager(t, f)
				x.judge(t, f, x.play(t, f))
			})
		})
	}
	streams.Wait()
	x.close(t)
}
